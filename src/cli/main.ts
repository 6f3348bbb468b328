#!/usr/bin/env node
/**
 * The command `credit-anchor`: finds the verb, runs it, prints what it hands back, and exits with its status.
 */
import { CommanderError } from "commander";
import { CreditAnchorError } from "../errors";
import { asError, errorJson, errorLines, printable, processIo, toJson } from "./output";
import { buildProgram, commanderError, type Globals, type Parsed } from "./program";
import { loadVerbs } from "./verbs";
import { packageVersion } from "./version";

/** Exit status of a process that was interrupted by Ctrl-C, as shells count. */
const INTERRUPTED = 130;

async function main(argv: readonly string[]): Promise<number> {
  let parsed: Parsed | undefined;
  let printed = "";
  try {
    const program = buildProgram(
      loadVerbs(firstWord(argv)),
      packageVersion(),
      (found) => (parsed = found),
      (text) => (printed += text),
    );
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    const complaint = error instanceof CommanderError ? commanderError(error) : asError(error);
    if (complaint !== undefined)
      return fail(complaint, { json: argv.includes("--json"), debug: argv.includes("--debug") });
  }
  if (parsed === undefined) {
    await print(printed);
    return 0;
  }
  return runVerb(parsed);
}

/** The first word that is neither an option nor the value of one understood before the verb. */
function firstWord(argv: readonly string[]): string | undefined {
  return argv.find((word, i) => !word.startsWith("-") && argv[i - 1] !== "--home");
}

async function runVerb({ verb, args, options, globals }: Parsed): Promise<number> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => {
    if (interrupt.signal.aborted) process.exit(INTERRUPTED);
    interrupt.abort();
    process.stderr.write("\ncredit-anchor: stopping after this step; once more stops at once\n");
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  const io = processIo(globals);
  try {
    const outcome = await verb.run({ args, options, home: globals.home, io, signal: interrupt.signal });
    const document = toJson(outcome.json);
    const json = outcome.line === true ? JSON.stringify(JSON.parse(document)) : document;
    await print(globals.json ? `${json}\n` : printable(outcome.text));
    return outcome.exitStatus ?? 0;
  } catch (error) {
    if (interrupt.signal.aborted) return fail(interruption(error), globals, INTERRUPTED);
    return fail(asError(error), globals);
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}

function interruption(error: unknown): CreditAnchorError {
  const known = asError(error);
  // Something else may have gone wrong at the same moment: that matters more than the interrupt.
  if (known.code !== "cancelled" && known.code !== "interrupted") return known;
  return new CreditAnchorError("interrupted", "interrupted", {
    hint: known.hint ?? "nothing is lost; run the same command again to continue",
    exitStatus: 70,
  });
}

/** Prints an error where it belongs and returns the exit status. */
async function fail(
  error: CreditAnchorError,
  { json, debug }: Pick<Globals, "json" | "debug">,
  exitStatus: number = error.exitStatus,
): Promise<number> {
  if (debug) process.stderr.write(printable(stackOf(error).split("\n")));
  if (json) await print(`${toJson(errorJson(error))}\n`);
  else process.stderr.write(printable(errorLines(error)));
  return exitStatus;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined
    ? String(error.stack)
    : `${error.stack}\ncaused by ${stackOf(error.cause)}`;
}

/** Resolves when the reader has taken all of it; a pipe takes 64 KiB at once. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

// Whoever reads us may stop reading (`credit-anchor audit | head`): that is not an error of ours.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? (process.exitCode ?? 0) : 70);
  });

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    process.stderr.write(printable(errorLines(asError(error))));
    process.exit(70);
  },
);
