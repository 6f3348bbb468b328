/**
 * How a command is told which records it is about, and why: the same options for every verb that moves or erases.
 */
import { parseReason } from "../reasons";
import { batchOption, indexOption } from "./acts";
import { expectFile } from "./files";
import { checkSelector } from "./find-record";
import { jsonObject, text, usage, type OptionValues } from "./options";

/** Which records: one by key, receipt or place, or many by a file. */
export const recordOptions = {
  key: jsonObject("--key <json>", 'natural key of the record: \'{"documentNumber": "…", …}\''),
  type: text("--type <name>", "record type, where records of several types have the key"),
  receipt: text("--receipt <file>", "receipt of the record"),
  batch: batchOption(),
  index: indexOption(),
  file: text(
    "--file <file>",
    "many records: CSV or NDJSON of natural keys, of receipts, or of the columns batch and index",
  ),
};

/** @throws {CreditAnchorError} `usage` unless one record is named in one way, or a file of many. */
export function checkNamed(options: OptionValues<typeof recordOptions>): void {
  if (options.file === undefined) return checkSelector(options);
  const { key, receipt, batch, index } = options;
  if ([key, receipt, batch, index].some((word) => word !== undefined))
    throw usage("--file names the records: no other record can be named beside it");
  expectFile(options.file);
}

/** `--reason`, which a verb demands. */
export function requireReason(reason: string | undefined): number {
  if (reason !== undefined) return parseReason(reason);
  throw usage("--reason is missing", "say why, with a name or a number; docs/format.md lists them");
}
