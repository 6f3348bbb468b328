import { format } from "@cfworker/json-schema";
import type { Fault } from "../errors";
import type { JsonObject, JsonValue } from "../json";

/** All faults of a value; `path` is the JSON pointer of the value. */
export type FieldValidator = (value: JsonValue, path: string) => readonly Fault[];

export const NO_FAULTS: readonly Fault[] = Object.freeze([]);

/** Keywords that say nothing about values. */
export const NOTES: ReadonlySet<string> = new Set([
  "title",
  "description",
  "$comment",
  "examples",
  "deprecated",
  "x-credit-anchor",
]);

const SIMPLE = new Set(
  "type enum const minLength maxLength pattern format minimum maximum exclusiveMinimum exclusiveMaximum".split(
    " ",
  ),
);

type Check = (value: JsonValue) => { code: string; message: string } | undefined;

/** A validator for a scalar schema, or `undefined` if it says more than the simple keywords. */
export function compileSimple(schema: JsonObject): FieldValidator | undefined {
  if (!Object.keys(schema).every((key) => SIMPLE.has(key) || NOTES.has(key))) return undefined;
  const type = schema["type"];
  if (type !== undefined && type !== "string" && type !== "integer" && type !== "boolean") return undefined;
  const checks: Check[] = [];
  const push = (code: string, message: string, passes: (value: JsonValue) => boolean): void => {
    checks.push((value) => (passes(value) ? undefined : { code, message }));
  };

  if (type === "string") push("schema.type", "text is expected", (v) => typeof v === "string");
  if (type === "integer") push("schema.type", "a whole number is expected", (v) => Number.isInteger(v));
  if (type === "boolean") push("schema.type", "true or false is expected", (v) => typeof v === "boolean");

  const values = Array.isArray(schema["enum"]) ? schema["enum"] : undefined;
  if (values !== undefined) {
    if (!values.every(isScalar)) return undefined;
    const allowed = new Set(values);
    push("schema.enum", "is not one of the values that the record type allows", (v) => allowed.has(v));
  }
  if ("const" in schema) {
    const only = schema["const"] as JsonValue;
    if (!isScalar(only)) return undefined;
    push("schema.const", "is not the one value that the record type allows", (v) => v === only);
  }

  const { minLength, maxLength, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (typeof minLength === "number") {
    push(
      "schema.minLength",
      `has fewer than ${minLength} characters`,
      (v) => typeof v !== "string" || codePoints(v) >= minLength,
    );
  }
  if (typeof maxLength === "number") {
    push(
      "schema.maxLength",
      `has more than ${maxLength} characters`,
      (v) => typeof v !== "string" || v.length <= maxLength || codePoints(v) <= maxLength,
    );
  }
  if (typeof schema["pattern"] === "string") {
    const pattern = new RegExp(schema["pattern"], "u");
    push(
      "schema.pattern",
      "does not have the form that the record type demands",
      (v) => typeof v !== "string" || pattern.test(v),
    );
  }
  if (typeof schema["format"] === "string") {
    const formatName = schema["format"];
    const isOfFormat = format[formatName];
    if (isOfFormat === undefined) return undefined;
    push(
      "schema.format",
      `is not of the form “${formatName}”`,
      (v) => typeof v !== "string" || isOfFormat(v),
    );
  }
  const bound = (
    limit: JsonValue | undefined,
    code: string,
    words: string,
    passes: (v: number, limit: number) => boolean,
  ): void => {
    if (typeof limit !== "number") return;
    push(code, `is ${words} ${limit}`, (v) => typeof v !== "number" || passes(v, limit));
  };
  bound(minimum, "schema.minimum", "less than", (v, limit) => v >= limit);
  bound(maximum, "schema.maximum", "more than", (v, limit) => v <= limit);
  bound(exclusiveMinimum, "schema.exclusiveMinimum", "not more than", (v, limit) => v > limit);
  bound(exclusiveMaximum, "schema.exclusiveMaximum", "not less than", (v, limit) => v < limit);

  return (value, path) => {
    let faults: Fault[] | undefined;
    for (const check of checks) {
      const fault = check(value);
      if (fault === undefined) continue;
      (faults ??= []).push({ path, ...fault });
      // The other keywords say nothing about a value of the wrong type.
      if (fault.code === "schema.type") break;
    }
    return faults ?? NO_FAULTS;
  };
}

const isScalar = (value: JsonValue): boolean => typeof value !== "object" || value === null;

/** Length as JSON Schema counts it. */
function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(i + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      count--;
      i++;
    }
  }
  return count;
}
