/**
 * One cell or member to the value of its field, in the form in which a record holds it, or its faults.
 */
import { CreditAnchorError, type Fault } from "./errors";
import { type JsonValue, parseJson, setMember } from "./json";
import type { Column } from "./types/columns";
import { dateForm, type Formed, isWellFormed, scaledInteger, textForm } from "./types/forms";
import { codeForm } from "./types/identifiers";
import type { Field } from "./types/record-type";

/** Marks a field whose value was refused, so that it is not called missing as well. */
export const REFUSED = Symbol("refused");
const NULL_REFUSED = "null is refused: leave the field out if there is no value";
/** Value of a field while a row is read; undefined: absent. */
export type Slot = JsonValue | typeof REFUSED | undefined;

/** Value of a CSV cell; undefined if there is nothing in it. */
export function cellValue(column: Column, cell: string, faults: Fault[]): Slot {
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
export function memberValue(column: Column, value: unknown, faults: Fault[]): Slot {
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
