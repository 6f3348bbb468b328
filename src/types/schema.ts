/** Checks one value against the schema of its field. */
import { type OutputUnit, type Schema, dereference, format, validate } from "@cfworker/json-schema";
import type { Fault } from "../errors";
import { type JsonObject, type JsonValue, setMember } from "../json";

/** How the text of a CSV cell becomes a value. */
export type FieldKind = "text" | "integer" | "boolean" | "json";

/** All faults of a value; `path` is the JSON pointer of the value. */
export type FieldValidator = (value: JsonValue, path: string) => readonly Fault[];

const NO_FAULTS: readonly Fault[] = Object.freeze([]);

const NOTES = new Set(["title", "description", "$comment", "examples", "deprecated", "x-credit-anchor"]);

/** Every keyword of draft 2020-12 that a field may use: what the interpreter evaluates, and notes. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  ...NOTES,
  ..."$ref type enum const minLength maxLength pattern format minimum maximum exclusiveMinimum".split(" "),
  ..."exclusiveMaximum multipleOf items prefixItems minItems maxItems uniqueItems contains".split(" "),
  ..."minContains maxContains properties required additionalProperties patternProperties".split(" "),
  ..."minProperties maxProperties propertyNames dependentRequired dependentSchemas".split(" "),
  ..."allOf anyOf oneOf not if then else".split(" "),
]);

/** Formats whose check is exact enough to rely on. */
export const FORMATS: ReadonlySet<string> = new Set([
  ..."date time date-time duration email hostname ipv4 ipv6 uri uri-reference uuid".split(" "),
]);

/** The schema that a field's `$ref` leads to, if its schema is nothing but a `$ref` and notes. */
function resolve(root: JsonObject, schema: JsonObject): JsonObject {
  let current = schema;
  for (let hops = 0; hops < 64 && typeof current["$ref"] === "string"; hops++) {
    if (Object.keys(current).some((key) => key !== "$ref" && !NOTES.has(key))) break;
    const target = lookUp(root, current["$ref"]);
    if (target === undefined) break;
    current = target;
  }
  return current;
}

/** Target of a reference within the document, like `#/$defs/money`. */
export function lookUp(root: JsonObject, reference: string): JsonObject | undefined {
  if (!reference.startsWith("#/$defs/")) return undefined;
  let node: JsonValue | undefined = root;
  for (const part of reference.slice(2).split("/")) {
    let name: string;
    try {
      name = decodeURIComponent(part).replace(/~1/g, "/").replace(/~0/g, "~");
    } catch {
      return undefined;
    }
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, name)) return undefined;
    node = (node as JsonObject)[name];
  }
  return typeof node === "object" && node !== null && !Array.isArray(node) ? (node as JsonObject) : undefined;
}

/** Text if nothing but text can pass, integer likewise; JSON when the schema allows several kinds or structures. */
export function fieldKind(root: JsonObject, schema: JsonObject): FieldKind {
  const target = resolve(root, schema);
  if (target["type"] === "string") return "text";
  if (target["type"] === "integer") return "integer";
  if (target["type"] === "boolean") return "boolean";
  if (target["type"] !== undefined) return "json";
  const values = Array.isArray(target["enum"]) ? target["enum"] : "const" in target ? [target["const"]] : [];
  if (values.length === 0) return "json";
  if (values.every((value) => typeof value === "string")) return "text";
  return values.every((value) => typeof value === "number") ? "integer" : "json";
}

/**
 * Prepares the check of one field: closures for the simple keywords of text, integers and booleans (a million rows
 * pass here), the interpreter for the rest. Both give the same answer; a property test shows it.
 */
export function compileField(root: JsonObject, name: string): FieldValidator {
  const schema = resolve(root, (root["properties"] as Record<string, JsonObject>)[name] as JsonObject);
  return compileSimple(schema) ?? compileWithLibrary(root, name);
}

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

/** Keywords that only hand down to others, which report the fault themselves. */
const HAND_DOWN = new Set(
  "$ref properties items prefixItems allOf patternProperties dependentSchemas false".split(" "),
);

/** The interpreter: no code is generated, so it runs under a strict content policy. */
export function compileWithLibrary(root: JsonObject, name: string): FieldValidator {
  // A copy: dereferencing adds members to the schema, and annotations are not schemas.
  const copy = withoutNotes({
    $defs: root["$defs"] ?? {},
    properties: root["properties"] ?? {},
  }) as JsonObject;
  const lookup = dereference(copy as Schema);
  const schema = (copy["properties"] as Record<string, JsonObject>)[name] as Schema;
  const known = declaredNames(root, new Set<string>());
  return (value, path) => {
    if (
      value === undefined ||
      typeof value === "bigint" ||
      typeof value === "function" ||
      typeof value === "symbol"
    ) {
      return [{ path, code: "schema.type", message: "is no JSON value" }];
    }
    const { valid, errors } = validate(value, schema, "2020-12", lookup, false);
    if (valid) return NO_FAULTS;
    const seen = new Set<string>();
    const faults: Fault[] = [];
    for (const error of errors) {
      if (HAND_DOWN.has(error.keyword) && errors.length > 1) continue;
      const fault = {
        path: path + safeLocation(error, known),
        code: `schema.${error.keyword === "false" ? "not-allowed" : error.keyword}`,
        message: `does not meet “${error.keyword}” of the record type`,
      };
      const id = `${fault.path} ${fault.code}`;
      if (!seen.has(id)) faults.push(fault);
      seen.add(id);
      if (faults.length >= 20) break;
    }
    return faults;
  };
}

/** Where in the value, with names that the schema does not declare masked: they are part of somebody's data. */
function safeLocation(error: OutputUnit, known: ReadonlySet<string>): string {
  const parts = error.instanceLocation.split("/").slice(1);
  return parts
    .map((part) => {
      const name = part.replace(/~1/g, "/").replace(/~0/g, "~");
      return `/${/^[0-9]{1,6}$/.test(part) || known.has(name) ? part : "*"}`;
    })
    .join("");
}

function declaredNames(node: JsonValue, names: Set<string>): Set<string> {
  if (Array.isArray(node)) node.forEach((item) => declaredNames(item as JsonValue, names));
  else if (typeof node === "object" && node !== null) {
    for (const [key, value] of Object.entries(node)) {
      if (key === "properties" && typeof value === "object" && value !== null) {
        Object.keys(value).forEach((name) => names.add(name));
      }
      declaredNames(value as JsonValue, names);
    }
  }
  return names;
}

/** A copy without our annotations, whose members the interpreter would take for schemas. */
function withoutNotes(node: JsonValue): JsonValue {
  if (Array.isArray(node)) return node.map((item) => withoutNotes(item as JsonValue));
  if (typeof node !== "object" || node === null) return node;
  const copy: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(node)) {
    if (key !== "x-credit-anchor") setMember(copy, key, withoutNotes(value as JsonValue));
  }
  return copy;
}
