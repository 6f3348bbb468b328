import { CreditAnchorError, type Fault } from "../errors";

/** One row of a CSV file as it stands in it: text cells, or why it is no row. Lines are counted from 1. */
export type CsvRow =
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly fault: Fault };

/** A row may have so many characters; a quote that is never closed is noticed here instead of at the end of memory. */
export const MAX_ROW = 1024 * 1024;

const QUOTE = 0x22;
const NEW_LINE = 0x0a;
const RETURN = 0x0d;

/**
 * Splits CSV text into rows: RFC 4180 with any one-character delimiter, LF or CRLF, blank lines left out.
 *
 * A quote inside a cell that did not begin with one is an ordinary character. A cell that goes on after its closing
 * quote has two readings: all lines from its row's first to the one where that is seen are one faulty row. Nothing in
 * between is taken for a row, because it stood inside quotes.
 *
 * (Written here rather than taken from a library because every row passes: it is faster than the libraries, its
 * messages do not quote cells, and one broken row does not end the run. The tests compare it with csv-parse.)
 */
export class CsvSplitter {
  private text = "";
  private at = 0;
  /** Position of the next quote at or after `at`; -1 if the text has none; -2 if not looked for. */
  private quote = -2;
  /** Number of the line that begins at `at`. */
  private line = 1;

  constructor(private readonly delimiter: string) {}

  /** Takes more text and returns the rows that are complete now. */
  push(more: string): CsvRow[] {
    this.text = this.at === this.text.length ? more : this.text.slice(this.at) + more;
    this.at = 0;
    this.quote = -2;
    return this.drain(false);
  }

  /** Returns what is left when the file has ended. */
  end(): CsvRow[] {
    return this.drain(true);
  }

  private drain(isEnd: boolean): CsvRow[] {
    const rows: CsvRow[] = [];
    const { text, delimiter } = this;
    while (this.at < text.length) {
      if (this.quote !== -1 && this.quote < this.at) this.quote = text.indexOf('"', this.at);
      let end = text.indexOf("\n", this.at);
      if (end === -1) {
        if (!isEnd && !(this.quote >= 0)) break;
        end = text.length;
      }
      if (this.quote === -1 || this.quote > end) {
        if (end === text.length && !isEnd) break;
        const stop = end > this.at && text.charCodeAt(end - 1) === RETURN ? end - 1 : end;
        if (stop > this.at) rows.push({ line: this.line, cells: text.slice(this.at, stop).split(delimiter) });
        this.line++;
        this.at = end + 1;
      } else {
        const row = this.quoted(isEnd);
        if (row === undefined) break;
        rows.push(row);
      }
    }
    if (this.at > text.length) this.at = text.length;
    if (text.length - this.at > MAX_ROW) throw this.tooLong();
    return rows;
  }

  /** A row with a quote somewhere; undefined if more text is needed to tell where it ends. */
  private quoted(isEnd: boolean): CsvRow | undefined {
    const { text, delimiter, line } = this;
    const cells: string[] = [];
    let at = this.at;
    for (;;) {
      if (text.charCodeAt(at) !== QUOTE) {
        const end = this.plainEnd(at);
        if (end === text.length && !isEnd) return undefined;
        const atDelimiter = text.startsWith(delimiter, end) && end < text.length;
        cells.push(
          text.slice(at, !atDelimiter && end > at && text.charCodeAt(end - 1) === RETURN ? end - 1 : end),
        );
        at = end + 1;
        if (atDelimiter) continue;
        return this.finish(at, { line, cells });
      }
      let close = text.indexOf('"', at + 1);
      let escaped = false;
      while (close !== -1 && text.charCodeAt(close + 1) === QUOTE) {
        escaped = true;
        close = text.indexOf('"', close + 2);
      }
      if (close === -1 || (close + 1 === text.length && !isEnd)) {
        if (!isEnd) return undefined;
        if (close === -1)
          return this.broken(text.length, "row.quote-open", "has a quote that is never closed");
      }
      const cell = text.slice(at + 1, close);
      cells.push(escaped ? cell.replaceAll('""', '"') : cell);
      at = close + 1;
      if (at >= text.length) return this.finish(at, { line, cells });
      const next = text.charCodeAt(at);
      if (text.startsWith(delimiter, at)) {
        at++;
        continue;
      }
      if (next === NEW_LINE) return this.finish(at + 1, { line, cells });
      if (next === RETURN) {
        if (at + 1 === text.length && !isEnd) return undefined;
        if (at + 1 === text.length || text.charCodeAt(at + 1) === NEW_LINE)
          return this.finish(at + 2, { line, cells });
      }
      const lineEnd = text.indexOf("\n", at);
      if (lineEnd === -1 && !isEnd) return undefined;
      return this.broken(
        lineEnd === -1 ? text.length : lineEnd + 1,
        "row.quote",
        "goes on after the closing quote of a cell: quotes inside a cell are doubled",
      );
    }
  }

  /** End of a cell without quotes: the position of the delimiter or line feed after it. */
  private plainEnd(from: number): number {
    const { text, delimiter } = this;
    const separator = text.indexOf(delimiter, from);
    const newLine = text.indexOf("\n", from);
    const end = separator === -1 ? newLine : newLine === -1 ? separator : Math.min(separator, newLine);
    return end === -1 ? text.length : end;
  }

  private finish(next: number, row: CsvRow): CsvRow {
    for (let i = this.text.indexOf("\n", this.at); i !== -1 && i < next; i = this.text.indexOf("\n", i + 1))
      this.line++;
    this.at = next;
    return row;
  }

  private broken(next: number, code: string, message: string): CsvRow {
    const first = this.line;
    const row = this.finish(next, { line: first, cells: [] });
    const last = next >= this.text.length && !this.text.endsWith("\n") ? this.line : this.line - 1;
    const where = last > first ? `, lines ${first} to ${last},` : "";
    return { line: row.line, fault: { path: "", code, message: `the row${where} ${message}` } };
  }

  private tooLong(): CreditAnchorError {
    return new CreditAnchorError(
      "input.row-too-long",
      `the row that begins at line ${this.line} has more than ${MAX_ROW} characters`,
      { hint: "look for a quote that is opened and never closed in that line" },
    );
  }
}

/** The delimiter that occurs most often outside quotes in the first line: comma, semicolon, tab or bar. */
export function guessDelimiter(firstLine: string): string {
  const bare = firstLine.replace(/"[^"]*"/g, "");
  let best = ",";
  let most = 0;
  for (const delimiter of [",", "\t", ";", "|"]) {
    const count = bare.split(delimiter).length - 1;
    if (count > most) [best, most] = [delimiter, count];
  }
  return best;
}
