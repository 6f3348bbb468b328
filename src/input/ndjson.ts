import { CreditAnchorError, type Fault } from "../errors";
import { isObject, type JsonObject, parseJson } from "../json";

/** A row of any file that has no number yet. */
export type Unnumbered =
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly value: JsonObject }
  | { readonly line: number; readonly fault: Fault };

/** NDJSON: one object a line, blank lines left out. */
export class LineSplitter {
  private line = 0;

  /** Takes whole lines. */
  push(text: string): Unnumbered[] {
    const rows: Unnumbered[] = [];
    let start = 0;
    while (start < text.length) {
      const feed = text.indexOf("\n", start);
      const end = feed === -1 ? text.length : feed;
      this.line++;
      const line = text.slice(start, end);
      if (line.trim() !== "") rows.push(this.parse(line));
      start = end + 1;
    }
    return rows;
  }

  end(): Unnumbered[] {
    return [];
  }

  private parse(text: string): Unnumbered {
    const { line } = this;
    try {
      const value = parseJson(text);
      if (isObject(value)) return { line, value };
      return { line, fault: { path: "", code: "row.not-object", message: "a line holds one object" } };
    } catch (error) {
      if (!(error instanceof CreditAnchorError)) throw error;
      // The path may hold names out of the data; the code and the place in the line are enough.
      return { line, fault: { path: "", code: error.code, message: messageWithoutPath(error) } };
    }
  }
}

function messageWithoutPath(error: CreditAnchorError): string {
  return error.faults[0]?.message ?? "is not JSON";
}
