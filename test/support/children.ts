import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

export interface Child {
  readonly process: ChildProcess;
  /** Lines of stdout so far, parsed. */
  readonly said: Record<string, unknown>[];
  readonly stderr: () => string;
  /** Resolves with the n-th line that has this member, or rejects when the process ends without it. */
  until(member: string, n?: number): Promise<Record<string, unknown>>;
  /** Exit status, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

const root = join(__dirname, "..", "..");

/** Runs a TypeScript file of `test/support` as a process of its own; `wrap` puts a shell command around it. */
export function startChild(
  script: string,
  args: readonly string[],
  wrap?: (command: string) => string,
): Child {
  const command = [
    process.execPath,
    "-r",
    "ts-node/register/transpile-only",
    join(__dirname, script),
    ...args,
  ];
  const options = { cwd: root, stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"] };
  const child =
    wrap === undefined
      ? spawn(command[0]!, command.slice(1), options)
      : spawn("bash", ["-c", wrap(command.map((word) => `'${word}'`).join(" "))], options);
  const said: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  let rest = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) said.push(JSON.parse(line) as Record<string, unknown>);
    for (const look of waiting) look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.on("close", (status, signal) => {
      resolve(signal ?? status ?? -1);
      for (const look of waiting) look();
    }),
  );
  const isEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    process: child,
    said,
    stderr: () => errors,
    ended,
    until: (member, n = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = said.filter((one) => member in one)[n - 1];
          if (line === undefined && !isEnded()) return;
          waiting.delete(look);
          if (line === undefined) reject(new Error(`ended without saying ${member}: ${errors}`));
          else resolve(line);
        };
        waiting.add(look);
        look();
      }),
  };
}
