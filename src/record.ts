/**
 * Unknown input to a record, or everything that is wrong with it.
 *
 * Faults name the field and say what is wrong; they never quote a value, because values are about people.
 */
import { anyOf, type ColumnPlan, type RecordOptions, unknownName } from "./column-plan";
import type { Fault } from "./errors";
import { isObject, type JsonValue } from "./json";
import { cellValue, memberValue, REFUSED, type Slot } from "./record-values";
import { checkNamed, warnNamed } from "./types/checks";
import { type Column, columnForm } from "./types/columns";
import { isWellFormed } from "./types/forms";
import { type Condition, type Field, missingField, type RecordType } from "./types/record-type";

export { columnPlan, type ColumnPlan, type ColumnPlanResult, type RecordOptions } from "./column-plan";

/** One record: what is committed to, what its key is made of, and whether it is about a natural person. */
export interface CreditRecord {
  /** Fields that are present, in the type's order. Absent ones are absent, never null. */
  readonly values: Readonly<Record<string, JsonValue>>;
  /** Values of the natural key in annotated order, as in `values`: the record key normalises them. */
  readonly keyValues: readonly JsonValue[];
  readonly personal: boolean;
}

/** `warnings` are doubts that do not reject the row, in the shape of faults. */
export type RecordResult =
  | { readonly ok: true; readonly record: CreditRecord; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

const GIVEN_TWICE = "is given twice under different names";

/** Reads one row of a CSV file: text cells in the order of the header. An empty cell is an absent field. */
export function readCells(plan: ColumnPlan, cells: readonly string[]): RecordResult {
  const { columns, type } = plan;
  if (cells.length !== columns.length) {
    const message = `has ${cells.length} cells where the header has ${columns.length}`;
    return { ok: false, faults: [{ path: "", code: "row.ragged", message }], warnings: [] };
  }
  const values = emptyValues(type);
  const faults: Fault[] = [];
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as ColumnPlan["columns"][number];
    const cell = cells[i] as string;
    if (cell === "" || column === "ignored") continue;
    if (column === "unnamed") {
      if (cell.trim() === "") continue;
      faults.push({ path: `column ${i + 1}`, code: "column.unnamed", message: "has a value but no name" });
      continue;
    }
    const value = cellValue(column, cell, faults);
    if (value !== undefined) values[column.field.index] = value;
  }
  if (plan.issuer !== undefined) values[(type.field(type.issuer as string) as Field).index] = plan.issuer;
  return finish(type, values, faults, plan.options);
}

/**
 * Reads one object, like a line of NDJSON. Members may have any name that a column may have. Numbers must be whole;
 * amounts with a fraction come as text under an alias that says its unit. Null is refused: leave the member out.
 */
export function readRecord(
  type: RecordType,
  row: Readonly<Record<string, unknown>>,
  options: RecordOptions = {},
): RecordResult {
  if (!isObject(row)) {
    const message = "a record is an object with a member for each field";
    return { ok: false, faults: [{ path: "", code: "row.not-object", message }], warnings: [] };
  }
  const values = emptyValues(type);
  const faults: Fault[] = [];
  const seen = new Set<Field>();
  for (const [i, name] of Object.keys(row).entries()) {
    const column = memberColumn(type, name);
    if (column === "ignored") continue;
    if (column === undefined) {
      faults.push({ path: "", code: "field.unknown", message: unknownName(type, name, `member ${i + 1}`) });
      continue;
    }
    const { field } = column;
    if (seen.has(field)) {
      faults.push({ path: field.path, code: "field.repeated", message: GIVEN_TWICE });
      continue;
    }
    seen.add(field);
    const value = memberValue(column, row[name], faults);
    if (value !== undefined) values[field.index] = value;
  }
  return finish(type, values, faults, options);
}

/** The natural key alone, as {@link readRecord} would find it in a record. */
export type KeyResult =
  | { readonly ok: true; readonly keyValues: readonly JsonValue[] }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/**
 * Reads the fields of the natural key, to look a record up. Names and values as {@link readRecord} takes them; a member
 * that is no part of the key is a fault, so that nobody believes it was compared.
 */
export function readKey(type: RecordType, row: Readonly<Record<string, unknown>>): KeyResult {
  const slots = emptyValues(type);
  const faults: Fault[] = [];
  const parts = new Set(type.naturalKey.flat());
  for (const name of Object.keys(isObject(row) ? row : {})) {
    const column = memberColumn(type, name);
    if (column === undefined || column === "ignored" || !parts.has(column.field.name)) {
      const message = `a member is not part of the natural key, which is ${type.naturalKey.map(anyOf).join(", ")}`;
      faults.push({ path: "", code: "key.not-part", message });
    } else if (slots[column.field.index] !== undefined) {
      faults.push({ path: column.field.path, code: "field.repeated", message: GIVEN_TWICE });
    } else slots[column.field.index] = memberValue(column, row[name], faults);
  }
  for (const names of type.naturalKey) {
    const field = type.field(names[0] as string) as Field;
    if (names.length > 1 || slots[field.index] !== undefined) continue;
    faults.push({ path: field.path, code: "key.missing", message: `${field.name} is needed` });
  }
  const keyValues = type.naturalKey.map((names) => keyValue(type, names, slots, faults));
  return faults.length > 0 ? { ok: false, faults } : { ok: true, keyValues };
}

/** Columns of member names as they were met: every row of a file has the same few. */
const metNames = new WeakMap<RecordType, Map<string, Column | "ignored" | undefined>>();
const MOST_NAMES = 1024;

function memberColumn(type: RecordType, name: string): Column | "ignored" | undefined {
  let met = metNames.get(type);
  if (met === undefined) metNames.set(type, (met = new Map()));
  let column = met.get(name);
  if (column !== undefined || met.has(name)) return column;
  const form = isWellFormed(name) ? columnForm(name) : "";
  column = type.ignoredColumns.has(form) ? "ignored" : type.columns.get(form);
  if (met.size < MOST_NAMES) met.set(name, column);
  return column;
}

function emptyValues(type: RecordType): Slot[] {
  return new Array<Slot>(type.fields.length).fill(undefined);
}

/** Everything that needs more than one field. */
function finish(type: RecordType, slots: Slot[], faults: Fault[], options: RecordOptions): RecordResult {
  const warnings: Fault[] = [];
  const values: Record<string, JsonValue> = {};
  for (const field of type.fields) {
    const value = slots[field.index];
    if (value === undefined) {
      if (field.required) faults.push(missingField(field));
      continue;
    }
    if (value === REFUSED) continue;
    values[field.name] = value;
    if (field.check !== undefined) checkIdentifier(type, field, value as string, slots, faults, warnings);
  }
  const issuer = type.issuer === undefined ? undefined : values[type.issuer];
  if (issuer !== undefined && options.issuerCode !== undefined && issuer !== options.issuerCode) {
    const path = (type.field(type.issuer as string) as Field).path;
    faults.push({
      path,
      code: "issuer.foreign",
      message: "is not the code of this agency: an agency anchors its own records",
    });
  }
  const keyValues = type.naturalKey.map((names) => keyValue(type, names, slots, faults));
  if (faults.length > 0) return { ok: false, faults, warnings };
  return { ok: true, record: { values, keyValues, personal: isPersonal(type, values) }, warnings };
}

function checkIdentifier(
  type: RecordType,
  field: Field,
  value: string,
  slots: readonly Slot[],
  faults: Fault[],
  warnings: Fault[],
): void {
  const check = field.check as NonNullable<Field["check"]>;
  if (field.checkWhen !== undefined) {
    if (!holds(type, field.checkWhen, slots)) return;
    const fault = checkNamed(check, value);
    if (fault !== undefined) {
      faults.push({ path: field.path, ...fault });
      return;
    }
  }
  const warning = warnNamed(check, value);
  if (warning !== undefined) warnings.push({ path: field.path, ...warning });
}

/** A condition holds for its values, and when its field is absent: then the stricter reading counts. */
function holds(type: RecordType, condition: Condition, slots: readonly Slot[]): boolean {
  const value = slots[(type.field(condition.field) as Field).index];
  return value === undefined || condition.values.includes(value as string);
}

function keyValue(
  type: RecordType,
  names: readonly string[],
  slots: readonly Slot[],
  faults: Fault[],
): JsonValue {
  for (const name of names) {
    const field = type.field(name) as Field;
    const value = slots[field.index];
    if (value === undefined) continue;
    if (value === REFUSED) return null;
    if (value === "")
      faults.push({ path: field.path, code: "key.empty", message: "is part of the natural key and empty" });
    return value;
  }
  if (names.length > 1) {
    const path = (type.field(names[0] as string) as Field).path;
    const message = `${anyOf(names)} is needed to tell this record from others`;
    faults.push({ path, code: "key.missing", message });
  }
  return null;
}

/**
 * Whether a record is about a natural person: always or never, as the type says; or it meets the type's condition; or
 * one of its USCCs begins with 92, an individual business. When the condition's field is absent, only another USCC in
 * the natural key, which then is that of a legal person, makes it impersonal.
 */
function isPersonal(type: RecordType, values: Readonly<Record<string, JsonValue>>): boolean {
  const { personal } = type;
  if (typeof personal === "boolean") return personal;
  let hasLegalPerson = false;
  const parties = type.naturalKey.flat();
  for (const field of type.fields) {
    const value = field.check === "uscc" && field.name !== type.issuer ? values[field.name] : undefined;
    if (typeof value !== "string") continue;
    if (value.startsWith("92")) return true;
    hasLegalPerson ||= parties.includes(field.name);
  }
  const value = values[personal.field];
  return value === undefined ? !hasLegalPerson : personal.values.includes(value as string);
}
