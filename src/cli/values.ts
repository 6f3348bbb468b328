/**
 * Values of a receipt, for its holder's eyes.
 */
import { LONG_TERM, valueText } from "../formats";
import type { JsonValue } from "../json";
import { isShown, type Evidence } from "../receipt";
import type { RecordType } from "../types";
import { columns, fenForPeople } from "./output";

/** Shown fields that the record has, one a line, with their titles; how many are hidden. */
export function valueLines({ record }: Evidence, type: RecordType | undefined): string[] {
  const shown = record.fields.filter(isShown);
  const present = shown.filter(({ value }) => value !== null);
  const hidden = record.fields.length - shown.length;
  return [
    ...columns(present.map(({ name, value }) => [name, valueForPeople(name, value), titleOf(name, type)])),
    ...(hidden === 0 ? [] : [`(${hidden} fields are hidden)`]),
  ];
}

function titleOf(name: string, type: RecordType | undefined): string {
  const title = type?.field(name)?.schema["title"];
  return typeof title === "string" ? title : "";
}

/** A field whose name ends in `Fen` is money. */
export function valueForPeople(name: string, value: JsonValue): string {
  if (typeof value === "number" && name.endsWith("Fen")) return fenForPeople(value);
  if (value === LONG_TERM) return `${LONG_TERM} (long-term)`;
  // A receipt may come from anybody: nothing in it reaches the terminal as a control sequence.
  return valueText(value);
}
