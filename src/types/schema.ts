/** Checks one value against the schema of its field. */
import type { JsonObject, JsonValue } from "../json";
import { compileWithLibrary } from "./schema-interpreter";
import { compileSimple, type FieldValidator, NOTES } from "./schema-simple";

/** How the text of a CSV cell becomes a value. */
export type FieldKind = "text" | "integer" | "boolean" | "json";

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
