/**
 * Records named in bulk: rows of a CSV or NDJSON file, each a receipt, a place (batch and index), or a natural key.
 */
import { CreditAnchorError, type Fault } from "../errors";
import { openInput, type InputRow } from "../input";
import type { JsonObject } from "../json";
import { readEvidence, type Evidence } from "../receipt";
import { expectEvidence } from "./present";

/** How one row, or the options of a command, name a record. */
export type Reference =
  | { readonly by: "key"; readonly key: JsonObject }
  | { readonly by: "place"; readonly batch: string; readonly index: number }
  | { readonly by: "receipt"; readonly evidence: Evidence };

/** A row of the file: 1 is the first after the header. */
export interface NamedRow {
  readonly row: number;
  readonly reference?: Reference;
  readonly faults?: readonly Fault[];
}

/**
 * @throws {CreditAnchorError} `input.…` when the file as a whole cannot be read; what is wrong with one row is told
 * with it.
 */
export async function* readReferences(file: string): AsyncGenerator<NamedRow> {
  const input = await openInput(file);
  try {
    for await (const rows of input.rows())
      for (const row of rows) yield { row: row.row, ...readRow(row, input.header) };
  } finally {
    await input.close();
  }
}

function readRow(row: InputRow, header: readonly string[] | undefined): Omit<NamedRow, "row"> {
  if (row.kind === "fault") return { faults: [row.fault] };
  if (row.kind === "object") return referenceOf(row.value);
  const cells = row.cells.map((cell, i) => [header![i] ?? "", cell.trim()] as const);
  return referenceOf(Object.fromEntries(cells.filter(([, cell]) => cell !== "")));
}

function referenceOf(value: JsonObject): Omit<NamedRow, "row"> {
  try {
    if (String(value["format"]).startsWith("credit-anchor/")) return { reference: fromReceipt(value) };
    const names = Object.keys(value);
    if (names.length === 1 && names[0] === "receipt")
      return { reference: { by: "receipt", evidence: expectEvidence(String(value["receipt"])) } };
    if (names.length === 2 && names.includes("batch") && names.includes("index"))
      return { reference: fromPlace(String(value["batch"]), String(value["index"])) };
    return { reference: { by: "key", key: value } };
  } catch (error) {
    return { faults: faultsOf(error) };
  }
}

function fromReceipt(value: JsonObject): Reference {
  const { evidence, faults } = readEvidence(JSON.stringify(value));
  if (evidence !== undefined) return { by: "receipt", evidence };
  throw new CreditAnchorError("evidence.invalid", "is no receipt or presentation that can be used", {
    faults,
  });
}

function fromPlace(batch: string, index: string): Reference {
  if (/^[1-9][0-9]{0,19}$/.test(batch) && /^(0|[1-9][0-9]{0,9})$/.test(index))
    return { by: "place", batch, index: Number(index) };
  throw new CreditAnchorError("record.place", "batch and index are whole numbers");
}

/** What is wrong with one row; anything that is not about the row is thrown on. */
export function faultsOf(error: unknown): readonly Fault[] {
  if (!(error instanceof CreditAnchorError) || error.exitStatus === 70) throw error;
  if (error.faults.length > 0) return error.faults;
  const message = error.hint === undefined ? error.message : `${error.message}; ${error.hint}`;
  return [{ path: "", code: error.code, message }];
}

/** What the options of a command name. */
export function optionReference(options: {
  readonly key: JsonObject | undefined;
  readonly receipt: string | undefined;
  readonly batch: string | undefined;
  readonly index: number | undefined;
}): Reference {
  if (options.key !== undefined) return { by: "key", key: options.key };
  if (options.receipt !== undefined) return { by: "receipt", evidence: expectEvidence(options.receipt) };
  return { by: "place", batch: options.batch!, index: options.index! };
}
