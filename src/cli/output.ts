/**
 * What a verb prints and where: the result on stdout, everything else on stderr.
 */
import { CreditAnchorError, ExitStatus } from "../errors";
import { printableText } from "../foreign-text";

/** The two streams, and how to write on them. */
export interface Io {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
  /** A line for the reader, beside the result: on stderr, never with --quiet. */
  note(line: string): void;
  /** Progress of something long. See {@link Progress}. */
  progress(): Progress;
}

/** Progress on stderr: one line that is rewritten on a terminal, a plain line every few seconds elsewhere. */
export interface Progress {
  /** Cheap: may be called for every batch. The line is built only when it is shown. */
  update(line: () => string): void;
  /** Ends the line; further updates start a new one. */
  end(): void;
}

const TERMINAL_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 5_000;

/**
 * Lines as people may see them. Everything for people goes through here: names and texts of a receipt, a node or a file
 * are somebody else's, and may be meant for the terminal. Of such characters U+FFFD is left; one line stays one line.
 */
export function printable(lines: readonly string[]): string {
  return lines.map((line) => `${printableText(line)}\n`).join("");
}

/** Writes on the real streams of the process. */
export function processIo(options: { json: boolean; quiet: boolean; debug: boolean }): Io {
  return {
    ...options,
    note: (line) => {
      if (!options.quiet) process.stderr.write(printable([line]));
    },
    progress: () => (options.quiet ? silentProgress : streamProgress(process.stderr)),
  };
}

const silentProgress: Progress = { update: () => undefined, end: () => undefined };

/** Exported for its test. */
export function streamProgress(
  stream: { write(text: string): unknown; isTTY?: boolean; columns?: number },
  now: () => number = Date.now,
): Progress {
  const terminal = stream.isTTY === true;
  const interval = terminal ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS;
  let shownAt = terminal ? -Infinity : now();
  let open = false;
  return {
    update: (line) => {
      if (now() - shownAt < interval) return;
      shownAt = now();
      const text = printable([line()]).slice(0, -1);
      if (terminal) stream.write(`\r\u001b[K${text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
      else stream.write(`${text}\n`);
      open = terminal;
    },
    end: () => {
      if (open) stream.write("\r\u001b[K");
      open = false;
    },
  };
}

/** JSON for programs: two spaces, a bigint as its decimal digits; what steers terminals is escaped. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item),
    2,
  );
  return escaped(text);
}

/** A JSON document as lines for stdout: the same document for whoever parses it. */
export function jsonLines(document: string): string[] {
  return escaped(document.trimEnd()).split("\n");
}

function escaped(json: string): string {
  return json.replace(ESCAPED_TOO, (character) =>
    Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
      .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

/** JSON leaves these as they are; they stand in texts only. The line breaks between them are our own. */
const ESCAPED_TOO = /[\u007f-\u009f\p{Cf}\u2028\u2029]/gu;

/** An error as `--json` prints it. */
export function errorJson(error: CreditAnchorError): unknown {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.faults.length === 0 ? {} : { faults: error.faults }),
    },
  };
}

const FAULTS_SHOWN = 20;

/** An error as people read it. */
export function errorLines(error: CreditAnchorError): string[] {
  const lines = [`credit-anchor: ${error.message}`];
  // A single fault usually is the message itself.
  const faults = error.faults.filter(
    (fault) => error.faults.length > 1 || !error.message.includes(fault.message),
  );
  for (const fault of faults.slice(0, FAULTS_SHOWN))
    lines.push(`  ${fault.path === "" ? "/" : fault.path}: ${fault.message} [${fault.code}]`);
  if (faults.length > FAULTS_SHOWN)
    lines.push(`  … and ${faults.length - FAULTS_SHOWN} more (all of them with --json)`);
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  return lines;
}

/** Whatever was thrown, as the one error of the project. A defect of ours becomes `internal`. */
export function asError(thrown: unknown): CreditAnchorError {
  if (thrown instanceof CreditAnchorError) return thrown;
  const known = systemError(thrown);
  if (known !== undefined) return known;
  // The message of an unknown error may quote anything: it is shown with --debug only.
  return new CreditAnchorError(
    "internal",
    "something went wrong that should not: a defect of credit-anchor",
    {
      hint: "run it again with --debug for the details; report them with the command and `credit-anchor --version`",
      cause: thrown,
      exitStatus: ExitStatus.internal,
    },
  );
}

function systemError(thrown: unknown): CreditAnchorError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code, path } = thrown as NodeJS.ErrnoException;
  const said = code === undefined ? undefined : systemMessages[code];
  if (code === undefined || said === undefined) return undefined;
  const internal = code === "ENOSPC" || code === "EIO" || code === "EMFILE";
  return new CreditAnchorError(`file.${code.toLowerCase()}`, path === undefined ? said : `${path}: ${said}`, {
    cause: thrown,
    exitStatus: internal ? ExitStatus.internal : ExitStatus.usage,
  });
}

const systemMessages: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EISDIR: "is a folder, and a file is needed",
  ENOTDIR: "is a file, and a folder is needed",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  EEXIST: "exists already",
  ENOSPC: "no space left on the disk",
  EIO: "the disk reported an error",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
};

/** Columns, two spaces apart. `rows` hold cells; the first may be a heading. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    });
  return rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat(widths[column]! - displayWidth(cell)))
      .join("  ")
      .trimEnd(),
  );
}

/** Chinese characters take two columns of a terminal. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
        character,
      )
        ? 2
        : 1;
  return width;
}

/** 20000 fen -> `200.00 元`. Exact, also beyond 2^53. */
export function fenForPeople(fen: number | bigint): string {
  const value = BigInt(fen);
  const digits = (value < 0n ? -value : value).toString().padStart(3, "0");
  const yuan = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${value < 0n ? "-" : ""}${yuan}.${digits.slice(-2)} 元`;
}

export { timeForPeople } from "../time-words";

/** 3_725_000 ms -> `1 h 2 min 5 s`. */
export function durationForPeople(milliseconds: number): string {
  if (milliseconds < 10_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  return parts
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}
