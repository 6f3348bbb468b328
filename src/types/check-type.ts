import { canonical } from "../canonical";
import { CreditAnchorError, type Fault } from "../errors";
import { isObject, type JsonObject, type JsonValue } from "../json";
import { pointer } from "../bytes";
import { checkAnnotation } from "./check-annotation";
import { ANNOTATION, checkField } from "./check-field";
import { checkNumbers, checkReferenceCycles, checkSchema, isTexts } from "./check-schema";
import { columnForm } from "./columns";

export { ANNOTATION };
export const SCHEMA_URI = "https://json-schema.org/draft/2020-12/schema";
export const MAX_FIELDS = 255;
export const MAX_FIELD_NAME = 64;

const TOP = new Set([
  ..."$schema title description type additionalProperties properties required $defs".split(" "),
  ANNOTATION,
]);
const COMPOSITION = new Set(
  "allOf anyOf oneOf not if then else $ref patternProperties dependentSchemas unevaluatedProperties".split(
    " ",
  ),
);

/**
 * Everything wrong with a record type document, each fault with its JSON pointer. An empty list: {@link loadType} takes it.
 */
export function checkType(document: unknown): Fault[] {
  const faults: Fault[] = [];
  if (!isObject(document)) {
    return [{ path: "", code: "type.not-object", message: "a record type is a JSON object" }];
  }
  try {
    // First of all, so that everything below meets plain JSON only.
    canonical(withoutNumbers(document));
  } catch (error) {
    if (error instanceof CreditAnchorError) return [...error.faults];
    return [{ path: "", code: "type.not-json", message: "is not plain JSON" }];
  }
  checkNumbers(document, [], faults);
  checkTop(document, faults);
  const fields = new Map<string, JsonObject>();
  checkProperties(document, fields, faults);
  if (isObject(document["$defs"])) {
    for (const [name, schema] of Object.entries(document["$defs"])) {
      checkSchema(document, schema, ["$defs", name], faults);
    }
    checkReferenceCycles(document, faults);
  }
  checkAnnotation(document, fields, faults);
  return faults;
}

/** Numbers are reported one by one, with words that fit; the rest of the document is judged by the canonical form. */
function withoutNumbers(node: unknown, depth = 0): unknown {
  if (typeof node === "number") return 0;
  if (depth > 64 || typeof node !== "object" || node === null) return node;
  const prototype: unknown = Object.getPrototypeOf(node);
  if (Array.isArray(node)) return node.map((item) => withoutNumbers(item, depth + 1));
  if (prototype !== Object.prototype && prototype !== null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, withoutNumbers(value, depth + 1)]),
  );
}

function checkTop(document: JsonObject, faults: Fault[]): void {
  const say = (key: string, code: string, message: string): void => {
    faults.push({ path: pointer([key]), code, message });
  };
  for (const key of Object.keys(document)) {
    if (COMPOSITION.has(key)) {
      say(
        key,
        "type.composition",
        "is not allowed at the top: which fields a record has must not depend on values",
      );
    } else if (!TOP.has(key)) say(key, "type.keyword", `unknown here: allowed are ${[...TOP].join(", ")}`);
  }
  if (document["$schema"] !== SCHEMA_URI) say("$schema", "type.dialect", `must be ${SCHEMA_URI}`);
  if (document["type"] !== "object") say("type", "type.type", "must be “object”");
  if (document["additionalProperties"] !== false) {
    say(
      "additionalProperties",
      "type.open",
      "must be false: a record has the fields of its type and no others",
    );
  }
  for (const key of ["title", "description"]) {
    if (document[key] !== undefined && typeof document[key] !== "string") say(key, "type.shape", "is text");
  }
  if (document["$defs"] !== undefined && !isObject(document["$defs"]))
    say("$defs", "type.shape", "is an object of schemas");
}

function checkProperties(document: JsonObject, fields: Map<string, JsonObject>, faults: Fault[]): void {
  const properties = document["properties"];
  if (!isObject(properties) || Object.keys(properties).length === 0) {
    faults.push({
      path: "/properties",
      code: "type.no-fields",
      message: "must be an object with at least one field",
    });
    return;
  }
  const names = Object.keys(properties);
  if (names.length > MAX_FIELDS) {
    faults.push({
      path: "/properties",
      code: "type.too-many",
      message: `has more than ${MAX_FIELDS} fields`,
    });
  }
  for (const name of names) {
    const path = pointer(["properties", name]);
    const schema = properties[name];
    if (name === "__proto__" || name === ANNOTATION || !isName(name)) {
      faults.push({
        path,
        code: "field.name",
        message: `a field's name has 1 to ${MAX_FIELD_NAME} characters (NFC), no white space or control characters`,
      });
    } else if (!isObject(schema)) {
      faults.push({
        path,
        code: "field.schema",
        message: "must be an object that says what the field may hold",
      });
    } else {
      fields.set(name, schema);
      checkSchema(document, schema, ["properties", name], faults);
      checkField(document, name, schema, faults);
    }
  }
  checkRequired(document["required"], fields, faults);
  checkColumns(fields, faults);
}

function isName(name: string): boolean {
  return (
    name.length >= 1 &&
    name.length <= MAX_FIELD_NAME &&
    !/[\s\p{Cc}\p{Cf}]/u.test(name) &&
    name.normalize("NFC") === name
  );
}

function checkRequired(
  required: JsonValue | undefined,
  fields: Map<string, JsonObject>,
  faults: Fault[],
): void {
  if (required === undefined) return;
  if (!isTexts(required)) {
    faults.push({ path: "/required", code: "type.shape", message: "is a list of names of fields" });
    return;
  }
  required.forEach((name, i) => {
    if (!fields.has(name))
      faults.push({ path: `/required/${i}`, code: "field.unknown", message: "names no field" });
    else if (required.indexOf(name) !== i) {
      faults.push({ path: `/required/${i}`, code: "field.repeated", message: "is named twice" });
    }
  });
}

/** Two columns that would be taken for each other. */
function checkColumns(fields: Map<string, JsonObject>, faults: Fault[]): void {
  const taken = new Map<string, string>();
  const claim = (name: string, owner: string, path: string): void => {
    const form = columnForm(name);
    const other = taken.get(form);
    if (other === undefined) taken.set(form, owner);
    else if (other === owner) {
      faults.push({ path, code: "column.repeated", message: "repeats another name of the same field" });
    } else faults.push({ path, code: "column.collision", message: `is also a name of the field ${other}` });
  };
  for (const name of fields.keys()) claim(name, name, pointer(["properties", name]));
  for (const [name, schema] of fields) {
    const annotation = schema[ANNOTATION];
    const aliases = isObject(annotation) && Array.isArray(annotation["aliases"]) ? annotation["aliases"] : [];
    (aliases as JsonValue[]).forEach((alias, i) => {
      const text = isObject(alias) ? alias["name"] : alias;
      if (typeof text === "string")
        claim(text, name, pointer(["properties", name, ANNOTATION, "aliases", i]));
    });
  }
}
