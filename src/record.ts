/**
 * Unknown input to a record, or everything that is wrong with it.
 *
 * Faults name the field and say what is wrong; they never quote a value, because values are about people.
 */
import { CreditAnchorError, type Fault } from "./errors";
import { isObject, type JsonValue, parseJson, setMember } from "./json";
import { checkNamed, warnNamed } from "./types/checks";
import { type Column, columnForm, nearestName } from "./types/columns";
import { dateForm, type Formed, isWellFormed, scaledInteger, textForm } from "./types/forms";
import { codeForm } from "./types/identifiers";
import { type Condition, type Field, missingField, type RecordType } from "./types/record-type";

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

export interface RecordOptions {
  /** The agency's own code: the issuer of every record must be this one. */
  readonly issuerCode?: string;
}

/** Which field each column of a CSV file fills; made once for a file by {@link columnPlan}. */
export interface ColumnPlan {
  readonly type: RecordType;
  /** A field, a column that is left out (`ignored`), or one without a name, which must be empty. */
  readonly columns: readonly (Column | "ignored" | "unnamed")[];
  readonly options: RecordOptions;
  /** Value for the issuer's field of every row when the file has no column for it. */
  readonly issuer: string | undefined;
}

export type ColumnPlanResult =
  | { readonly ok: true; readonly plan: ColumnPlan; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

/** Names of columns in messages are cut here; they are the file's, not ours. */
const QUOTED = 64;

/**
 * Finds the field of each column. What is wrong with the header is said here once, not again for every row: unknown
 * columns (with the known name that comes nearest), two columns for one field, required fields without a column.
 *
 * A file without a column for the issuer gets `options.issuerCode` there, with a warning: files of the older data
 * standard have no such column.
 */
export function columnPlan(
  type: RecordType,
  header: readonly string[],
  options: RecordOptions = {},
): ColumnPlanResult {
  const faults: Fault[] = [];
  const warnings: Fault[] = [];
  const taken = new Map<Field, string>();
  const columns = header.map((name, i): ColumnPlan["columns"][number] => {
    const form = columnForm(name.replace(/^\ufeff/, ""));
    if (form === "") return "unnamed";
    const path = `column ${i + 1}`;
    if (type.ignoredColumns.has(form)) {
      warnings.push({ path, code: "column.ignored", message: "is not part of the record and left out" });
      return "ignored";
    }
    const column = type.columns.get(form);
    if (column === undefined) {
      faults.push({ path, code: "column.unknown", message: unknownName(type, name) });
      return "ignored";
    }
    const other = taken.get(column.field);
    if (other === undefined) taken.set(column.field, path);
    else
      faults.push({ path, code: "column.repeated", message: `fills ${column.field.name}, as ${other} does` });
    return column;
  });
  if (taken.size === 0) {
    // The first line may be data: nothing of it is quoted.
    const message =
      "no column of this record type in the first line: is the header missing, or the delimiter another?";
    return { ok: false, faults: [{ path: "header", code: "header.missing", message }], warnings: [] };
  }

  let issuer: string | undefined;
  for (const field of type.fields) {
    if (!field.required || taken.has(field)) continue;
    if (field.name === type.issuer && options.issuerCode !== undefined) {
      issuer = options.issuerCode;
      taken.set(field, "own code");
      const message = "no column: taken from the agency's own code";
      warnings.push({ path: field.path, code: "column.issuer-assumed", message });
    } else
      faults.push({ path: field.path, code: "column.missing", message: `needs a column: ${namesOf(field)}` });
  }
  for (const names of type.naturalKey) {
    const fields = names.map((name) => type.field(name) as Field);
    if (fields.some((field) => taken.has(field) || field.required)) continue;
    faults.push({
      path: (fields[0] as Field).path,
      code: "column.missing",
      message: `needs a column for ${anyOf(names)}`,
    });
  }
  return faults.length > 0
    ? { ok: false, faults, warnings }
    : { ok: true, plan: { type, columns, options, issuer }, warnings };
}

function namesOf(field: Field): string {
  return [field.name, ...field.aliases.map((alias) => alias.name)].slice(0, 4).join(", ");
}

function anyOf(names: readonly string[]): string {
  return names.length === 1 ? (names[0] as string) : `one of ${names.join(", ")}`;
}

function unknownName(type: RecordType, name: string): string {
  const known = type.fields.flatMap((field) => [field.name, ...field.aliases.map((alias) => alias.name)]);
  const near = nearestName(name, known);
  const shown = JSON.stringify(name.length > QUOTED ? `${name.slice(0, QUOTED)}…` : name);
  return `${shown} is no column of ${type.name}${near === undefined ? "" : `; did you mean ${near}?`}`;
}

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
  for (const name of Object.keys(row)) {
    const column = memberColumn(type, name);
    if (column === "ignored") continue;
    if (column === undefined) {
      faults.push({ path: "", code: "field.unknown", message: unknownName(type, name) });
      continue;
    }
    const { field } = column;
    if (seen.has(field)) {
      faults.push({
        path: field.path,
        code: "field.repeated",
        message: "is given twice under different names",
      });
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
  for (const name of Object.keys(row)) {
    const column = memberColumn(type, name);
    if (column === undefined || column === "ignored" || !parts.has(column.field.name))
      faults.push({
        path: "",
        code: "key.not-part",
        message: `a member is not part of the natural key, which is ${type.naturalKey.map(anyOf).join(", ")}`,
      });
    else slots[column.field.index] = memberValue(column, row[name], faults);
  }
  const keyValues = type.naturalKey.map((names) => {
    const [only] = names;
    if (names.length === 1 && slots[type.field(only!)!.index] === undefined)
      faults.push({ path: type.field(only!)!.path, code: "key.missing", message: `${only} is needed` });
    return keyValue(type, names, slots, faults);
  });
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

/** Marks a field whose value was refused, so that it is not called missing as well. */
const REFUSED = Symbol("refused");
const NULL_REFUSED = "null is refused: leave the field out if there is no value";
type Slot = JsonValue | typeof REFUSED | undefined;

function emptyValues(type: RecordType): Slot[] {
  return new Array<Slot>(type.fields.length).fill(undefined);
}

/** Value of a CSV cell; undefined if there is nothing in it. */
function cellValue(column: Column, cell: string, faults: Fault[]): Slot {
  const { field, decimals } = column;
  switch (field.kind) {
    case "text":
      return textValue(field, cell, true, faults);
    case "integer": {
      if (cell.trim() === "") return undefined;
      return formed(field, scaledInteger(cell, decimals), faults);
    }
    case "boolean": {
      const word = cell.trim().toLowerCase();
      if (word === "") return undefined;
      if (word === "true" || word === "false") return checked(field, word === "true", faults);
      return refuse(field, "boolean.form", "true or false is expected", faults);
    }
    case "json": {
      if (cell.trim() === "") return undefined;
      let value: JsonValue;
      try {
        value = parseJson(cell);
      } catch (error) {
        if (!(error instanceof CreditAnchorError)) throw error;
        return refuse(field, "json.form", "the cell must hold JSON text", faults);
      }
      return jsonValue(field, value, faults);
    }
  }
}

/** Value of a member of an object. */
function memberValue(column: Column, value: unknown, faults: Fault[]): Slot {
  const { field, decimals } = column;
  if (value === null || value === undefined) {
    return refuse(field, "field.null", NULL_REFUSED, faults);
  }
  if (field.kind === "text" && typeof value === "string") return textValue(field, value, false, faults);
  if (field.kind === "integer" && decimals > 0) {
    if (typeof value === "string") return formed(field, scaledInteger(value, decimals), faults);
    if (Number.isSafeInteger(value)) return formed(field, scaledInteger(String(value), decimals), faults);
    return refuse(field, "decimal.type", "a decimal number as text is expected under this name", faults);
  }
  return jsonValue(field, value, faults);
}

function textValue(field: Field, text: string, emptyIsAbsent: boolean, faults: Fault[]): Slot {
  const form = textForm(text);
  if (!("value" in form)) return refuse(field, form.code, form.message, faults);
  if (form.value === "" && emptyIsAbsent) return undefined;
  if (field.check === "date") return formed(field, dateForm(form.value), faults);
  const value = field.isCode ? codeForm(form.value) : form.value;
  // A code of nothing but hyphens.
  if (value === "" && emptyIsAbsent)
    return refuse(field, "text.empty", "has no characters that count", faults);
  return checked(field, value, faults);
}

/** A value that is JSON already: plain, whole numbers, text in NFC. */
function jsonValue(field: Field, value: unknown, faults: Fault[]): Slot {
  const before = faults.length;
  const plain = plainJson(value, field.path, faults, 0);
  if (faults.length > before) return REFUSED;
  return plain === null ? refuse(field, "field.null", NULL_REFUSED, faults) : checked(field, plain, faults);
}

function plainJson(value: unknown, path: string, faults: Fault[], depth: number): JsonValue {
  const say = (code: string, message: string): null => {
    faults.push({ path, code, message });
    return null;
  };
  if (typeof value === "string") {
    const form = textForm(value, true);
    return "value" in form ? form.value : say(form.code, form.message);
  }
  if (typeof value === "number") {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return value;
    return say("number.not-integer", "whole numbers below 2^53 only: give others as text");
  }
  if (typeof value === "boolean" || value === null) return value;
  if (typeof value !== "object") return say("value.not-json", "is no JSON value");
  // One level less than canonical JSON allows: the record is an object itself.
  if (depth >= 60) return say("value.depth", "has too many levels of lists and objects");
  // Names inside a value are the record's data: a fault below them stands at the field.
  if (Array.isArray(value)) return value.map((item) => plainJson(item, path, faults, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    return say("value.not-json", "is no plain JSON value");
  const copy: Record<string, JsonValue> = {};
  for (const [name, member] of Object.entries(value)) {
    if (!isWellFormed(name) || name.normalize("NFC") !== name)
      say("value.name", "has a member whose name is not in NFC");
    setMember(copy, name, plainJson(member, path, faults, depth + 1));
  }
  return copy;
}

function formed(field: Field, form: Formed<JsonValue>, faults: Fault[]): Slot {
  return "value" in form
    ? checked(field, form.value, faults)
    : refuse(field, form.code, form.message, faults);
}

function checked(field: Field, value: JsonValue, faults: Fault[]): Slot {
  const found = field.validate(value);
  if (found.length === 0) return value;
  faults.push(...found);
  return REFUSED;
}

function refuse(field: Field, code: string, message: string, faults: Fault[]): typeof REFUSED {
  faults.push({ path: field.path, code, message });
  return REFUSED;
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
