import { CreditAnchorError, type Fault } from "../errors";
import { columnPlan, readCells, readRecord, type RecordOptions, type RecordResult } from "../record";
import type { RecordType } from "../types/record-type";
import type { Input, InputRow } from "./input";

/** Reads the rows of one file as records of one type. */
export interface RowReader {
  /** Doubts about the header as a whole. */
  readonly warnings: readonly Fault[];
  read(row: InputRow): RecordResult;
}

/**
 * Prepares reading: finds the field of each column.
 *
 * @param header of {@link Input.header}; undefined for NDJSON.
 * @throws `input.header` with everything that is wrong with the header of a CSV file.
 */
export function rowReader(type: RecordType, header: Input["header"], options: RecordOptions = {}): RowReader {
  const planned = header === undefined ? undefined : columnPlan(type, header, options);
  if (planned?.ok === false) {
    throw new CreditAnchorError("input.header", "the columns do not fit the record type", {
      faults: planned.faults,
      hint: "docs/record-types.md lists the names that columns may have",
    });
  }
  return {
    warnings: planned?.warnings ?? [],
    read(row) {
      if (row.kind === "fault") return { ok: false, faults: [row.fault], warnings: [] };
      if (row.kind === "object") return readRecord(type, row.value, options);
      if (planned === undefined) throw new TypeError("cells need a header");
      return readCells(planned.plan, row.cells);
    },
  };
}
