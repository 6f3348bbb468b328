import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { toHex } from "../bytes";
import { CreditAnchorError, type Fault } from "../errors";
import type { JsonObject } from "../json";
import { wholeLines } from "./blocks";
import { CsvSplitter, guessDelimiter } from "./csv";
import { type Encoding, EncodingDetector, lineDecoder, readMark } from "./encoding";
import { LineSplitter, type Unnumbered } from "./ndjson";

export type Format = "csv" | "ndjson";

/**
 * One row of a file. `row` counts rows of data from 1 (the header is none, blank lines are none); `line` is the line
 * of the file on which it begins, from 1.
 */
export type InputRow =
  | { readonly kind: "cells"; readonly row: number; readonly line: number; readonly cells: readonly string[] }
  | { readonly kind: "object"; readonly row: number; readonly line: number; readonly value: JsonObject }
  | { readonly kind: "fault"; readonly row: number; readonly line: number; readonly fault: Fault };

export interface InputOptions {
  /** Found out from the first character if left out. */
  readonly format?: Format | "auto";
  /** Found out from the whole file if left out; from its beginning if it is a stream. */
  readonly encoding?: Encoding | "auto";
  /** One character. Found out from the first line if left out. */
  readonly delimiter?: string;
}

/** An opened file of records, to be read once. */
export interface Input {
  readonly format: Format;
  readonly encoding: Encoding;
  /** Of CSV files. */
  readonly delimiter: string | undefined;
  /** Names of the columns of a CSV file; undefined for NDJSON. */
  readonly header: readonly string[] | undefined;
  /** All rows, some hundreds at a time; memory does not grow with the file. May be called once. */
  rows(): AsyncGenerator<readonly InputRow[]>;
  /**
   * SHA-256 (hex) and length of the whole file.
   * @throws `input.not-read` before the last row was read.
   */
  digest(): { readonly sha256: string; readonly bytes: number };
  /** Lets go of the file when not all rows are wanted. */
  close(): Promise<void>;
}

const READ_SIZE = 256 * 1024;
/** Of a stream, which cannot be read twice, so much is looked at to find the encoding. */
const STREAM_SAMPLE = 1024 * 1024;

/**
 * Opens a CSV file (UTF-8 with or without byte-order mark, or GB18030, with a header line) or an NDJSON file (one
 * object a line).
 *
 * @param source path, or a stream of bytes.
 * @throws `input.not-found`, `input.empty`, `input.utf-16`, `input.encoding`, `input.json-array`, `input.header`,
 * `input.delimiter`; while reading `input.row-too-long`, `input.line-too-long`, `input.changed`.
 */
export async function openInput(
  source: string | AsyncIterable<Uint8Array>,
  options: InputOptions = {},
): Promise<Input> {
  if (options.delimiter !== undefined && !/^[^"\r\n]$/.test(options.delimiter)) {
    throw new CreditAnchorError("input.delimiter", "a delimiter is one character, no quote and no line end");
  }
  const known = options.encoding === "auto" ? undefined : options.encoding;
  const before = typeof source === "string" ? await fileState(source) : undefined;
  const scanned = typeof source === "string" && known === undefined ? await scanEncoding(source) : known;
  const bytes = typeof source === "string" ? createReadStream(source, { highWaterMark: READ_SIZE }) : source;
  return new OpenedInput(bytes, scanned, options).start(async () => {
    if (typeof source !== "string") return;
    const after = await fileState(source);
    if (after === before) return;
    throw new CreditAnchorError("input.changed", "the file was changed while it was read", {
      hint: "nothing is lost: run the same command again when the file is complete",
    });
  });
}

async function fileState(path: string): Promise<string> {
  try {
    const state = await stat(path);
    if (state.isDirectory()) throw new CreditAnchorError("input.not-file", `${path} is a directory`);
    return `${state.size} ${state.mtimeMs} ${state.ino}`;
  } catch (error) {
    if (error instanceof CreditAnchorError) throw error;
    throw new CreditAnchorError(
      "input.not-found",
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`,
      { cause: error, hint: "name a CSV or NDJSON file that is there and that you may read" },
    );
  }
}

/** Reads the whole file once. */
async function scanEncoding(path: string): Promise<Encoding | undefined> {
  const detector = new EncodingDetector();
  let first = true;
  for await (const block of wholeLines(createReadStream(path, { highWaterMark: READ_SIZE }))) {
    const mark = first ? readMark(block) : undefined;
    if (mark !== undefined) return mark.encoding;
    first = false;
    detector.push(block);
  }
  return detector.result();
}

class OpenedInput implements Input {
  format: Format = "csv";
  encoding: Encoding = "utf-8";
  delimiter: string | undefined;
  header: readonly string[] | undefined;

  private readonly hash: Hash = createHash("sha256");
  private length = 0;
  private isRead = false;
  private isStarted = false;
  private readonly blocks: AsyncGenerator<Uint8Array>;
  /** Blocks that were read to find out what the file is. */
  private readonly ahead: Uint8Array[] = [];
  private decode: (block: Uint8Array) => string = () => "";
  private splitter: CsvSplitter | LineSplitter = new LineSplitter();
  private readonly waiting: InputRow[] = [];
  private row = 0;
  private whenRead: () => Promise<void> = async () => {};

  constructor(
    source: AsyncIterable<Uint8Array>,
    private readonly known: Encoding | undefined,
    private readonly options: InputOptions,
  ) {
    this.blocks = wholeLines(this.counted(source));
  }

  private async *counted(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.hash.update(chunk);
      this.length += chunk.length;
      yield chunk;
    }
  }

  /** Reads as far as the header. */
  async start(whenRead: () => Promise<void>): Promise<this> {
    this.whenRead = whenRead;
    try {
      await this.readStart();
      return this;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  private async readStart(): Promise<void> {
    await this.readAhead();
    const mark = this.ahead[0] === undefined ? undefined : readMark(this.ahead[0]);
    if (mark !== undefined) {
      if (
        this.options.encoding !== undefined &&
        this.options.encoding !== "auto" &&
        this.options.encoding !== mark.encoding
      ) {
        throw new CreditAnchorError("input.encoding", `the file's byte-order mark says ${mark.encoding}`, {
          hint: `say ${mark.encoding}, or leave the encoding to be found out`,
        });
      }
      this.ahead[0] = (this.ahead[0] as Uint8Array).subarray(mark.bytes);
    }
    this.encoding = mark?.encoding ?? this.known ?? this.detectAhead();
    this.decode = lineDecoder(this.encoding);

    const text = this.ahead.map(this.decode).join("");
    this.ahead.length = 0;
    const start = text.trimStart();
    if (start === "" && !(await this.hasMore())) {
      throw new CreditAnchorError("input.empty", "the file is empty");
    }
    const format = this.options.format ?? "auto";
    this.format = format === "auto" ? (start.startsWith("{") ? "ndjson" : "csv") : format;
    if (start.startsWith("[") && this.format !== "csv") throw jsonArray();
    if (format === "auto" && /^\[\s*[{\]]/.test(start)) throw jsonArray();
    if (this.format === "csv") await this.readHeader(text);
    else this.waiting.push(...this.number((this.splitter as LineSplitter).push(text)));
  }

  /** Enough blocks to decide on encoding and format. */
  private async readAhead(): Promise<void> {
    let size = 0;
    const wanted = this.known === undefined ? STREAM_SAMPLE : 1;
    while (size < wanted) {
      const { value, done } = await this.blocks.next();
      if (done === true) return;
      this.ahead.push(value);
      size += value.length;
    }
  }

  private detectAhead(): Encoding {
    const detector = new EncodingDetector();
    for (const block of this.ahead) detector.push(block);
    return detector.result();
  }

  private async hasMore(): Promise<boolean> {
    const { value, done } = await this.blocks.next();
    if (done === true) return false;
    this.ahead.push(value);
    return true;
  }

  private async readHeader(text: string): Promise<void> {
    this.delimiter = this.options.delimiter ?? guessDelimiter(text.trimStart().split("\n", 1)[0] as string);
    const splitter = new CsvSplitter(this.delimiter);
    this.splitter = splitter;
    let rows = splitter.push(text);
    while (rows.length === 0) {
      const block = this.ahead.shift() ?? (await this.blocks.next()).value;
      if (block === undefined) {
        rows = splitter.end();
        break;
      }
      rows = splitter.push(this.decode(block));
    }
    const [header, ...rest] = rows;
    if (header === undefined) throw new CreditAnchorError("input.empty", "the file is empty");
    if ("fault" in header) {
      throw new CreditAnchorError("input.header", "the header cannot be read", { faults: [header.fault] });
    }
    this.header = header.cells.map((cell) => cell.trim());
    this.waiting.push(...this.number(rest));
  }

  async *rows(): AsyncGenerator<readonly InputRow[]> {
    if (this.isStarted)
      throw new CreditAnchorError("input.read-twice", "the rows can be read once", { exitStatus: 70 });
    this.isStarted = true;
    if (this.waiting.length > 0) yield this.waiting.splice(0);
    for (const block of this.ahead.splice(0)) yield this.number(this.splitter.push(this.decode(block)));
    for await (const block of this.blocks) {
      const rows = this.number(this.splitter.push(this.decode(block)));
      if (rows.length > 0) yield rows;
    }
    const rows = this.number(this.splitter.end());
    if (rows.length > 0) yield rows;
    await this.whenRead();
    this.isRead = true;
  }

  /** Gives rows their numbers. */
  private number(rows: readonly Unnumbered[]): InputRow[] {
    return rows.map((row): InputRow => {
      const { line } = row;
      this.row++;
      if ("cells" in row) return { kind: "cells", row: this.row, line, cells: row.cells };
      if ("value" in row) return { kind: "object", row: this.row, line, value: row.value };
      return { kind: "fault", row: this.row, line, fault: row.fault };
    });
  }

  digest(): { sha256: string; bytes: number } {
    if (!this.isRead) {
      throw new CreditAnchorError("input.not-read", "the file has no digest before its last row is read", {
        exitStatus: 70,
      });
    }
    return { sha256: toHex(this.hash.copy().digest()), bytes: this.length };
  }

  async close(): Promise<void> {
    await this.blocks.return(undefined);
  }
}

function jsonArray(): CreditAnchorError {
  return new CreditAnchorError("input.json-array", "the file is one JSON array", {
    hint: "write one object a line (NDJSON), without brackets around and commas between",
  });
}
