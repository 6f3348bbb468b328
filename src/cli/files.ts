/**
 * Files named on the command line.
 */
import {
  accessSync,
  constants,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { CreditAnchorError } from "../errors";
import { writeWhole } from "../home/files";

/** Larger than any file that is read whole: a receipt, a type, a deployment record. */
const LARGEST = 16 * 1024 * 1024;

/**
 * Text of a file, whole.
 * @throws {CreditAnchorError} `file.…` when there is no such file, or it cannot be read, or is a folder, or too large.
 */
export function readText(file: string): string {
  return Buffer.from(readBytes(file)).toString("utf8");
}

/**
 * Refuses a name under which {@link writeOwnFile} would not write: before work that would be for nothing.
 *
 * @param inputs Files that must survive.
 * @throws {CreditAnchorError} `file.exists` when something else than a file of credit-anchor would be lost.
 */
export function expectWritable(file: string, inputs: readonly string[] = []): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isDirectory())
    throw new CreditAnchorError("file.folder", `${file} is a folder, and a file name is needed`);
  const sameAs = inputs.find((input) => realpathSync(input) === realpathSync(file));
  if (sameAs !== undefined)
    throw new CreditAnchorError("file.exists", `${file} is the input: it would be lost`, {
      hint: "name another file with --out",
    });
  if (!isOwn(file))
    throw new CreditAnchorError("file.exists", `${file} exists and is not a file of credit-anchor`, {
      hint: "name another file, or remove it first",
    });
}

/**
 * Writes a file of this program so that either the old or the whole new content is there, mode 0600.
 *
 * @param inputs Files that must survive: never written over.
 * @throws {CreditAnchorError} `file.exists` when something else than a file of credit-anchor would be lost.
 */
export function writeOwnFile(file: string, content: string, inputs: readonly string[] = []): void {
  expectWritable(file, inputs);
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.part`);
  try {
    writeWhole(file, temporary, content);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new CreditAnchorError("file.unwritable", `${file} cannot be written (${code})`, {
      cause,
      exitStatus: code === "ENOSPC" ? 70 : 64,
    });
  }
}

/**
 * Refuses a name that is taken, also by a file of credit-anchor: what is signed is evidence, and a later one does not
 * replace it. Before the work that would be for nothing.
 *
 * @param what is to be written: `a checkpoint`.
 * @throws {CreditAnchorError} `file.exists`
 */
export function expectNewFile(file: string, what: string): void {
  expectWritable(file);
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return;
  throw new CreditAnchorError(
    "file.exists",
    `${file} exists, and ${what} is never written over another file`,
    {
      hint: "name a new file, or move the old one away",
    },
  );
}

/** Writes what was signed to a new file, whole or not at all, mode 0600. @throws {CreditAnchorError} `file.…` */
export function writeEvidence(file: string, content: string, what: string): void {
  expectNewFile(file, what);
  writeOwnFile(file, content);
}

/** Writes a file of somebody else's format, mode 0600. @throws {CreditAnchorError} `file.exists` rather than write over one. */
export function writeNewFile(file: string, content: Uint8Array): void {
  try {
    writeFileSync(file, content, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    if (code === "EEXIST")
      throw new CreditAnchorError("file.exists", `${file} exists already`, { hint: "name another file" });
    throw new CreditAnchorError("file.unwritable", `${file} cannot be written (${code})`, { cause });
  }
}

/**
 * Every file of this program begins with its format, a calendar with the program that made it, a page with what it is;
 * in canonical JSON the format stands where the alphabet puts it.
 */
const OWN =
  /^(\s*\{\s*"format"\s*:\s*"credit-anchor\/|BEGIN:VCALENDAR\r\nVERSION:2\.0\r\nPRODID:-\/\/credit-anchor\/\/|<!doctype html><!-- credit-anchor\/)/;

function isOwn(file: string): boolean {
  try {
    const text = readFileSync(file, "utf8");
    if (OWN.test(text.slice(0, 200))) return true;
    const { format } = JSON.parse(text) as { format?: unknown };
    return typeof format === "string" && format.startsWith("credit-anchor/");
  } catch {
    return false;
  }
}

function expectThere(file: string): Stats {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new CreditAnchorError("file.missing", `${file}: no such file`);
  if (found.isDirectory())
    throw new CreditAnchorError("file.folder", `${file} is a folder, and a file is needed`);
  return found;
}

/** Bytes of a small file. @throws {CreditAnchorError} `file.…` */
export function readBytes(file: string): Uint8Array {
  const found = expectThere(file);
  if (found.size > LARGEST)
    throw new CreditAnchorError("file.too-large", `${file} is larger than ${LARGEST / 1024 / 1024} MiB`);
  try {
    return new Uint8Array(readFileSync(file));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new CreditAnchorError("file.unreadable", `${file} cannot be read (${code})`, { cause });
  }
}

/** The name of a file that is there and readable. @throws {CreditAnchorError} `file.…` */
export function expectFile(file: string): string {
  expectThere(file);
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    throw new CreditAnchorError("file.unreadable", `${file} cannot be read`, { cause });
  }
  return file;
}
