import { isAscii, isUtf8 } from "node:buffer";
import { CreditAnchorError } from "../errors";

export type Encoding = "utf-8" | "gb18030";
export const ENCODINGS: readonly Encoding[] = ["utf-8", "gb18030"];

const LINE_FEED = 0x0a;

/** A mark at the beginning of a file and how many bytes it takes. */
export interface Mark {
  readonly encoding: Encoding;
  readonly bytes: number;
}

/**
 * The byte-order mark of a file, if it has one.
 * @throws `input.utf-16` for UTF-16, with a mark or recognisable by its zero bytes.
 */
export function readMark(start: Uint8Array): Mark | undefined {
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return { encoding: "utf-8", bytes: 3 };
  if (start[0] === 0x84 && start[1] === 0x31 && start[2] === 0x95 && start[3] === 0x33) {
    return { encoding: "gb18030", bytes: 4 };
  }
  const zeros = start.subarray(0, 512).filter((byte) => byte === 0).length;
  const isMarked = (start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff);
  if (!isMarked && zeros < 8) return undefined;
  throw new CreditAnchorError("input.utf-16", "the file is in UTF-16 or is no text", {
    hint: "save it as “CSV UTF-8”",
  });
}

/** So many bytes beyond ASCII, valid as UTF-8, are no accident: hardly any GB18030 text of six characters is. */
const NO_ACCIDENT = 12;

/**
 * Finds out in one pass over the bytes of a file whether it is UTF-8 or GB18030.
 *
 * Works on whole lines, so no character is ever cut: neither encoding has the byte of a line feed inside a character.
 */
export class EncodingDetector {
  private readonly gb = new TextDecoder("gb18030", { fatal: true });
  private line = 1;
  /** First lines that are not valid in each encoding. */
  private readonly bad: Partial<Record<Encoding, number>> = {};
  /** A line that is certainly UTF-8: then the file is, or it is a mixture. */
  private certain: number | undefined;

  /** Takes a block of whole lines. */
  push(block: Uint8Array): void {
    if (!isAscii(block)) this.examine(block);
    this.line += countLines(block);
  }

  private examine(block: Uint8Array): void {
    if (isUtf8(block)) {
      if (this.certain === undefined && isNoAccident(block)) this.certain = this.line;
    } else {
      this.bad["utf-8"] ??= this.line + findLine(block, (line) => !isUtf8(line));
      if (this.certain === undefined) {
        const found = findLine(block, (line) => isUtf8(line) && isNoAccident(line));
        if (found !== -1) this.certain = this.line + found;
      }
    }
    if (this.certain === undefined && this.bad.gb18030 === undefined && !this.isGb(block)) {
      this.bad.gb18030 = this.line + findLine(block, (line) => !this.isGb(line));
    }
  }

  /**
   * @returns what the bytes so far are.
   * @throws `input.encoding` naming a line if they are neither, or a mixture.
   */
  result(): Encoding {
    const { "utf-8": utf8, gb18030 } = this.bad;
    if (utf8 === undefined) return "utf-8";
    if (this.certain === undefined && gb18030 === undefined) return "gb18030";
    const what =
      this.certain === undefined
        ? `the file is neither UTF-8 (line ${utf8} is not) nor GB18030 (line ${gb18030} is not)`
        : `the file mixes encodings: line ${utf8} is not UTF-8, and others (from line ${this.certain}) are`;
    throw new CreditAnchorError("input.encoding", what, {
      hint: "repair the lines, or name the encoding (utf-8 or gb18030): then only rows that do not fit are rejected",
    });
  }

  private isGb(block: Uint8Array): boolean {
    try {
      this.gb.decode(block);
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * A decoder for blocks of whole lines. Bytes that are no character become U+FFFD, which later rejects the value they
 * are in.
 */
export function lineDecoder(encoding: Encoding): (block: Uint8Array) => string {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  return (block) => decoder.decode(block);
}

function isNoAccident(bytes: Uint8Array): boolean {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! >= 0x80 && ++count >= NO_ACCIDENT) return true;
  return false;
}

/** Number (from 0) of the first line that meets a condition, or -1. */
function findLine(block: Uint8Array, condition: (line: Uint8Array) => boolean): number {
  let start = 0;
  for (let line = 0; ; line++) {
    const end = block.indexOf(LINE_FEED, start);
    if (condition(block.subarray(start, end === -1 ? block.length : end))) return line;
    if (end === -1) return -1;
    start = end + 1;
  }
}

function countLines(block: Uint8Array): number {
  let lines = 0;
  for (let at = block.indexOf(LINE_FEED); at !== -1; at = block.indexOf(LINE_FEED, at + 1)) lines++;
  return lines;
}
