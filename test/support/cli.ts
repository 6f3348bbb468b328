import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { dist, ensureBuilt } from "./build";

const root = join(__dirname, "..", "..");
/** The compiled command. */
export const CLI = join(dist, "src", "cli", "main.js");

/** What a command came to. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Added to an environment that holds nothing but PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Starts `credit-anchor` as a user would; without a terminal. */
export function start(
  args: readonly string[],
  options: RunOptions = {},
): { child: ChildProcess; ended: Promise<Ran> } {
  ensureBuilt();
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: options.cwd ?? root,
    env: { PATH: process.env.PATH, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<Ran>((resolve) =>
    child.once("close", (status) => resolve({ status, stdout, stderr })),
  );
  return { child, ended };
}

/** Runs `credit-anchor` to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return start(args, options).ended;
}

/** Runs it and expects a status. @throws Error with everything it said otherwise. */
export async function expectRun(
  status: number,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const ran = await run(args, options);
  if (ran.status !== status)
    throw new Error(
      `credit-anchor ${args.join(" ")}: status ${ran.status}, expected ${status}\n${ran.stdout}\n${ran.stderr}`,
    );
  return ran;
}

/** Runs it with --json, expects a status and that stdout is one JSON document. */
export async function json<T = Record<string, unknown>>(
  args: readonly string[],
  options: RunOptions & { readonly status?: number } = {},
): Promise<T> {
  const { stdout } = await expectRun(options.status ?? 0, [...args, "--json"], options);
  return JSON.parse(stdout) as T;
}
