import { parseArgs } from "node:util";

import { CreditAnchorError } from "../../src/errors";

export const sandboxHelp = `npm run sandbox -- [--port N] [--home DIR] [--fresh] [--json]

Starts a local chain with everything deployed, the shipped record types admitted, and homes that open without a prompt:
DIR/ndrc, DIR/market-regulator, DIR/tax, DIR/court. Prints how to use them and runs until it is stopped (Ctrl-C).
The chain lives in this process: when it stops, everything anchored on it is gone.

  --port N    port on 127.0.0.1, 0 takes a free one (default 8545)
  --home DIR  folder for the homes (default ./sandbox-homes)
  --fresh     replace the homes of an earlier sandbox, whose chain is gone
  --json      when ready, print one line of JSON instead of the explanation
  --help      this text`;

export interface SandboxArguments {
  readonly port: number;
  readonly home: string;
  readonly fresh: boolean;
  readonly json: boolean;
}

/** @returns Undefined: asked for help. @throws {CreditAnchorError} `usage`. */
export function readSandboxArguments(args: string[]): SandboxArguments | undefined {
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
