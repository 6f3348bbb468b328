import type { RecordType } from "./record-type";
import { loadType } from "./record-type";
import licence from "./shipped/cn.licence.json";
import penalty from "./shipped/cn.penalty.json";

/** Documents of the record types that come with the program, by name. */
export const shippedDocuments: Readonly<Record<string, unknown>> = {
  "cn.licence": licence,
  "cn.penalty": penalty,
};

let loaded: ReadonlyMap<string, RecordType> | undefined;

/** The record types that come with the program, by name; loaded at the first call. */
export function shippedTypes(): ReadonlyMap<string, RecordType> {
  return (loaded ??= new Map(
    Object.entries(shippedDocuments).map(([name, document]) => [name, loadType(document)]),
  ));
}
