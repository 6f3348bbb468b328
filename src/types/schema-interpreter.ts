import { dereference, type OutputUnit, type Schema, validate } from "@cfworker/json-schema";
import type { Fault } from "../errors";
import { type JsonObject, type JsonValue, setMember } from "../json";
import { type FieldValidator, NO_FAULTS } from "./schema-simple";

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
