import { pointer } from "../bytes";
import type { Fault } from "../errors";
import { isObject, type JsonObject, type JsonValue } from "../json";
import { FORMATS, KEYWORDS, lookUp } from "./schema";

type Path = readonly (string | number)[];

/** Members whose value is a schema, a list of schemas, or an object of schemas. */
const ONE = new Set("items contains additionalProperties propertyNames not if then else".split(" "));
const LIST = new Set("prefixItems allOf anyOf oneOf".split(" "));
const MAP = new Set("properties patternProperties dependentSchemas".split(" "));
/** Members that apply to the same value, so that a reference through them alone would never end. */
const IN_PLACE = new Set("allOf anyOf oneOf not if then else dependentSchemas".split(" "));

const COUNTS = new Set(
  "minLength maxLength minItems maxItems minContains maxContains minProperties maxProperties".split(" "),
);
const LIMITS = new Set("minimum maximum exclusiveMinimum exclusiveMaximum".split(" "));
const TYPES = new Set("string integer boolean object array null".split(" "));

/** Everything wrong with a schema inside a type document, as far as this project supports JSON Schema. */
export function checkSchema(root: JsonObject, schema: JsonValue, path: Path, faults: Fault[]): void {
  if (typeof schema === "boolean") return;
  const say = (code: string, message: string, ...more: (string | number)[]): void => {
    faults.push({ path: pointer([...path, ...more]), code, message });
  };
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    say("schema.not-schema", "a schema is an object, or true or false");
    return;
  }
  for (const [key, value] of Object.entries(schema as JsonObject)) {
    if (!KEYWORDS.has(key)) {
      say("schema.keyword", unsupported(key), key);
      continue;
    }
    if (ONE.has(key)) checkSchema(root, value, [...path, key], faults);
    else if (LIST.has(key)) {
      if (!Array.isArray(value) || value.length === 0)
        say("schema.shape", "is a list of at least one schema", key);
      else value.forEach((item, i) => checkSchema(root, item as JsonValue, [...path, key, i], faults));
    } else if (MAP.has(key)) {
      if (!isObject(value)) say("schema.shape", "is an object of schemas", key);
      else
        for (const [name, item] of Object.entries(value))
          checkSchema(root, item, [...path, key, name], faults);
      if (key === "patternProperties" && isObject(value)) {
        for (const name of Object.keys(value)) checkPattern(name, [...path, key, name], faults);
      }
    } else if (COUNTS.has(key)) {
      if (!Number.isSafeInteger(value) || (value as number) < 0)
        say("schema.shape", "is a whole number from 0", key);
    } else if (LIMITS.has(key)) {
      if (typeof value !== "number") say("schema.shape", "is a whole number", key);
    } else checkKeyword(root, key, value, path, faults);
  }
}

function checkKeyword(root: JsonObject, key: string, value: JsonValue, path: Path, faults: Fault[]): void {
  const say = (code: string, message: string): void => {
    faults.push({ path: pointer([...path, key]), code, message });
  };
  switch (key) {
    case "type": {
      const types = Array.isArray(value) ? (value as JsonValue[]) : [value];
      if (types.includes("number")) {
        say(
          "schema.number",
          "numbers with a fraction have more than one reading: use integer in a small unit, or text",
        );
      } else if (types.length === 0 || !types.every((type) => TYPES.has(type as string))) {
        say("schema.type", "is one or several of string, integer, boolean, object, array, null");
      }
      return;
    }
    case "enum":
      if (!Array.isArray(value) || value.length === 0) say("schema.shape", "is a list of at least one value");
      return;
    case "pattern":
      if (typeof value !== "string") say("schema.shape", "is a regular expression as text");
      else checkPattern(value, [...path, key], faults);
      return;
    case "format":
      if (typeof value !== "string" || !FORMATS.has(value)) {
        say("schema.format", `unknown format: known are ${[...FORMATS].join(", ")}`);
      }
      return;
    case "multipleOf":
      if (!Number.isSafeInteger(value) || (value as number) < 1)
        say("schema.shape", "is a whole number from 1");
      return;
    case "required":
      if (!isTexts(value)) say("schema.shape", "is a list of names");
      return;
    case "dependentRequired":
      if (!isObject(value) || !Object.values(value).every(isTexts))
        say("schema.shape", "is an object of lists of names");
      return;
    case "uniqueItems":
      if (typeof value !== "boolean") say("schema.shape", "is true or false");
      return;
    case "$ref":
      if (typeof value !== "string" || lookUp(root, value) === undefined) {
        say(
          "schema.ref",
          "leads nowhere: only references inside the document are followed, like #/$defs/name",
        );
      }
      return;
    default:
      return;
  }
}

function unsupported(key: string): string {
  if (key === "default") return "default values are not filled in, an absent field is absent: remove it";
  if (key === "$id" || key === "$anchor" || key === "$defs" || key === "definitions") {
    return "is supported only as $defs at the top, without $id and $anchor";
  }
  return "is not a keyword of JSON Schema draft 2020-12 that is supported here";
}

/**
 * A pattern must compile, and must not be of the commonest kind that takes for ever on hostile text: a repetition
 * without bound inside another. (Not a proof of speed: whoever admits a type should read its patterns.)
 */
export function checkPattern(pattern: string, path: Path, faults: Fault[]): void {
  try {
    new RegExp(pattern, "u");
  } catch {
    faults.push({
      path: pointer(path),
      code: "schema.pattern",
      message: "is not a regular expression (flag u)",
    });
    return;
  }
  if (hasNestedRepetition(pattern)) {
    faults.push({
      path: pointer(path),
      code: "schema.pattern-slow",
      message: "repeats without bound what itself repeats without bound: bound one of them, like {0,64}",
    });
  }
}

/** Whether a group that holds an unbounded repetition is itself repeated without bound. */
function hasNestedRepetition(pattern: string): boolean {
  const groups: boolean[] = [];
  let repeats = false;
  let closed = false;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i];
    if (c === "\\") {
      i++;
      closed = false;
    } else if (c === "[") {
      while (++i < pattern.length && pattern[i] !== "]") if (pattern[i] === "\\") i++;
      closed = false;
    } else if (c === "(") {
      groups.push(repeats);
      repeats = false;
      closed = false;
    } else if (c === ")") {
      closed = repeats;
      repeats = (groups.pop() ?? false) || repeats;
    } else if (c === "*" || c === "+" || /^\{[0-9]+,\}/.test(pattern.slice(i, i + 12))) {
      if (closed) return true;
      repeats = true;
      closed = false;
    } else closed = false;
  }
  return false;
}

/** Faults for references that lead back to themselves without going down into a value. */
export function checkReferenceCycles(root: JsonObject, faults: Fault[]): void {
  const definitions = root["$defs"];
  if (!isObject(definitions)) return;
  for (const name of Object.keys(definitions)) {
    if (reaches(root, definitions[name], definitions[name], new Set())) {
      faults.push({
        path: pointer(["$defs", name]),
        code: "schema.ref-cycle",
        message: "refers to itself without end",
      });
    }
  }
}

function reaches(root: JsonObject, node: JsonValue | undefined, goal: unknown, seen: Set<unknown>): boolean {
  if (!isObject(node) || seen.has(node)) return false;
  seen.add(node);
  for (const [key, value] of Object.entries(node)) {
    let next: JsonValue[] = [];
    if (key === "$ref" && typeof value === "string") next = [lookUp(root, value) ?? null];
    else if (IN_PLACE.has(key))
      next = Array.isArray(value) ? [...(value as JsonValue[])] : childSchemas(key, value);
    for (const schema of next) if (schema === goal || reaches(root, schema, goal, seen)) return true;
  }
  return false;
}

function childSchemas(key: string, value: JsonValue): JsonValue[] {
  return key === "dependentSchemas" && isObject(value) ? Object.values(value) : [value];
}

/** Fault for every number in the document that canonical JSON refuses. */
export function checkNumbers(node: JsonValue, path: Path, faults: Fault[]): void {
  if (typeof node === "number" && (!Number.isSafeInteger(node) || Object.is(node, -0))) {
    faults.push({
      path: pointer(path),
      code: "schema.number",
      message: "a whole number below 2^53 is expected",
    });
  } else if (Array.isArray(node))
    node.forEach((item, i) => checkNumbers(item as JsonValue, [...path, i], faults));
  else if (isObject(node)) for (const [k, v] of Object.entries(node)) checkNumbers(v, [...path, k], faults);
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
