/**
 * A chain to try things on, with everything deployed: `npm run sandbox -- [--port N] [--home DIR] [--fresh] [--json]`.
 */
import { join, relative } from "node:path";

import { complain } from "./support/complain";
import { readSandboxArguments, sandboxHelp } from "./support/sandbox-arguments";
import { type Sandbox, sampleFiles, startSandbox } from "./support/sandbox";

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
    `  ${from("second-operator.key")}  key of a second operator of ${home}, for CREDIT_ANCHOR_PRIVATE_KEY:`,
    "    erasing takes two",
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
  const args = readSandboxArguments(process.argv.slice(2));
  if (args === undefined) {
    console.log(sandboxHelp);
    return 0;
  }
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
  const sandbox = await startSandbox({ ...args, samples: true });
  if (args.json) {
    const { rpcUrl, chainId, registry, accessManager, dir, homes, deployment, secondOperator } = sandbox;
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
      secondOperator,
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
