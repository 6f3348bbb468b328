import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

import { dist, ensureBuilt } from "./build";

/** What the sandbox says with --json when it is ready. */
export interface Ready {
  readonly event: "ready";
  readonly pid: number;
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly registry: string;
  readonly accessManager: string;
  readonly dir: string;
  readonly homes: Readonly<Record<"ndrc" | "market-regulator" | "tax" | "court", string>>;
  readonly deployment: string;
  readonly secondOperator: { readonly address: string; readonly keyFile: string };
}

/** A sandbox in a process of its own. */
export interface SandboxProcess {
  readonly ready: Ready;
  readonly child: ChildProcess;
  /** Exit status after SIGTERM or what is given. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const running = new Set<ChildProcess>();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Starts the compiled script; `ended` resolves with its exit status and words if it ends by itself. */
export function spawnSandbox(args: readonly string[]): {
  child: ChildProcess;
  ended: Promise<{ status: number | null; text: string }>;
  firstLine: Promise<string>;
} {
  ensureBuilt();
  const child = spawn(process.execPath, [join(dist, "scripts", "sandbox.js"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let text = "";
  const firstLine = new Promise<string>((resolve) =>
    child.stdout.on("data", (data: Buffer) => {
      text += data.toString();
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    }),
  );
  child.stderr.on("data", (data: Buffer) => (text += data.toString()));
  const ended = new Promise<{ status: number | null; text: string }>((resolve) =>
    child.once("close", (status) => {
      running.delete(child);
      resolve({ status, text });
    }),
  );
  return { child, ended, firstLine };
}

/** Starts a sandbox on a free port and waits until it is ready. */
export async function startSandboxProcess(dir: string, ...args: string[]): Promise<SandboxProcess> {
  const { child, ended, firstLine } = spawnSandbox(["--port", "0", "--home", dir, "--json", ...args]);
  const first = await Promise.race([firstLine, ended]);
  if (typeof first !== "string") throw new Error(`the sandbox ended with ${first.status}: ${first.text}`);
  return {
    ready: JSON.parse(first) as Ready,
    child,
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      return (await ended).status;
    },
  };
}
