/**
 * A chain to try things on, with everything deployed: `npm run sandbox -- [--port N] [--home DIR] [--fresh] [--json]`.
 */
import { join, relative } from "node:path";
import { parseArgs } from "node:util";

import { CreditAnchorError } from "../src/errors";
import { complain } from "./support/complain";
import { type Sandbox, sampleFiles, startSandbox } from "./support/sandbox";

const help = `npm run sandbox -- [--port N] [--home DIR] [--fresh] [--json]

Starts a local chain with everything deployed, the shipped record types admitted, and homes that open without a prompt:
DIR/ndrc, DIR/market-regulator, DIR/tax, DIR/court. Prints how to use them and runs until it is stopped (Ctrl-C).
The chain lives in this process: when it stops, everything anchored on it is gone.

  --port N    port on 127.0.0.1, 0 takes a free one (default 8545)
  --home DIR  folder for the homes (default ./sandbox-homes)
  --fresh     replace the homes of an earlier sandbox, whose chain is gone
  --json      when ready, print one line of JSON instead of the explanation
  --help      this text`;

interface Arguments {
  readonly port: number;
  readonly home: string;
  readonly fresh: boolean;
  readonly json: boolean;
}

function readArguments(args: string[]): Arguments | undefined {
  const options = {
    port: { type: "string", default: "8545" },
    home: { type: "string", default: "sandbox-homes" },
    fresh: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  } as const;
  const usage = (message: string): CreditAnchorError =>
    new CreditAnchorError("usage", message, { hint: "npm run sandbox -- --help" });
  let values;
  try {
    values = parseArgs({ args, options }).values;
  } catch (error) {
    throw usage((error as Error).message.split("\n")[0]!);
  }
  if (values.help) return undefined;
  if (!/^[0-9]{1,5}$/.test(values.port) || Number(values.port) > 65_535)
    throw usage("--port takes a number from 0 to 65535");
  if (values.home === "") throw usage("--home takes a folder");
  return { ...values, port: Number(values.port) };
}

/** Paths as one would type them in the same folder. */
function story({ rpcUrl, chainId, registry, dir }: Sandbox): string[] {
  const from = (name: string): string => {
    const path = relative(process.cwd(), join(dir, name));
    return path.startsWith("..") ? join(dir, name) : path;
  };
  const home = from("market-regulator");
  const { file, type } = sampleFiles["market-regulator"];
  return [
    `Sandbox ready: chain ${chainId} at ${rpcUrl}, registry ${registry}`,
    "",
    "FOR TRYING ONLY. The homes open without a prompt: their passphrase lies beside the keys and protects nothing.",
    `  ${from("ndrc")}              admits agencies and types, suspends, pauses: all roles`,
    `  ${home}  an agency, already admitted`,
    `  ${from("tax")}               another`,
    `  ${from("court")}             another`,
    "",
    "In another shell, in this folder:",
    `  npx credit-anchor anchor ${from(`samples/${file}`)} --type ${type} --home ${home}`,
    `  npx credit-anchor batches --home ${home}`,
    `  npx credit-anchor receipt --batch $(npx credit-anchor batches --json --home ${home} | node -p 'JSON.parse(fs.readFileSync(0))[0].id') --index 0 --out receipt.json --home ${home}`,
    `  npx credit-anchor verify receipt.json --home ${from("court")}`,
    "",
    "Ctrl-C stops it. The chain and what is anchored on it are then gone; start again with --fresh.",
  ];
}

async function main(): Promise<number> {
  const args = readArguments(process.argv.slice(2));
  if (args === undefined) {
    console.log(help);
    return 0;
  }
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
  const sandbox = await startSandbox({ ...args, samples: true });
  if (args.json) {
    const { rpcUrl, chainId, registry, accessManager, dir, homes, deployment } = sandbox;
    const ready = {
      event: "ready",
      pid: process.pid,
      rpcUrl,
      chainId,
      registry,
      accessManager,
      dir,
      homes,
      deployment,
    };
    console.log(JSON.stringify(ready));
  } else for (const line of story(sandbox)) console.log(line);
  await stopped;
  await sandbox.stop();
  if (!args.json) console.log("\nStopped: this chain is gone.");
  return 0;
}

if (require.main === module)
  main().then(
    (status) => process.exit(status),
    (error: unknown) => process.exit(complain(error)),
  );

export { startSandbox };
