import { canonical } from "../canonical";
import { CreditAnchorError, type Fault } from "../errors";
import { isObject, type JsonObject, type JsonValue } from "../json";
import { pointer } from "../bytes";
import { CHECK_NAMES } from "./checks";
import { checkNumbers, checkReferenceCycles, checkSchema, isTexts } from "./check-schema";
import { columnForm } from "./columns";
import { fieldKind } from "./schema";

/** The member that holds what this project adds to JSON Schema, of the document and of each field. */
export const ANNOTATION = "x-credit-anchor";
export const SCHEMA_URI = "https://json-schema.org/draft/2020-12/schema";
export const MAX_FIELDS = 255;
export const MAX_FIELD_NAME = 64;

const TOP = new Set([
  ..."$schema title description type additionalProperties properties required $defs".split(" "),
  ANNOTATION,
]);
const TYPE_MEMBERS = new Set(
  "format formatVersion name naturalKey issuer personal mustShow inForceUntil ignoredColumns".split(" "),
);
const FIELD_MEMBERS = new Set("sensitivity aliases check normalise".split(" "));
const SENSITIVITIES = new Set(["P0", "P1", "P2", "P3"]);
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

function checkField(document: JsonObject, name: string, schema: JsonObject, faults: Fault[]): void {
  const say = (code: string, message: string, ...more: (string | number)[]): void => {
    faults.push({ path: pointer(["properties", name, ...more]), code, message });
  };
  if (!["type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf"].some((key) => key in schema)) {
    say("field.untyped", "says nothing of what the field holds: give it a type");
  }
  if (allowsNull(schema))
    say("field.null", "a field may not be null: leave it out of “required” and it may be absent");

  const annotation = schema[ANNOTATION];
  if (!isObject(annotation)) {
    say("field.annotation", 'is missing: {"sensitivity": "P0", "P1", "P2" or "P3"} at least', ANNOTATION);
    return;
  }
  for (const key of Object.keys(annotation)) {
    if (!FIELD_MEMBERS.has(key))
      say("field.annotation", `unknown: known are ${[...FIELD_MEMBERS].join(", ")}`, ANNOTATION, key);
  }
  if (!SENSITIVITIES.has(annotation["sensitivity"] as string)) {
    say(
      "field.sensitivity",
      "must be P0 (public), P1 (public for legal persons), P2 (personal) or P3 (stays in the agency)",
      ANNOTATION,
      "sensitivity",
    );
  }
  const kind = fieldKind(document, schema);
  const normalise = annotation["normalise"];
  if (normalise !== undefined && (normalise !== "code" || kind !== "text")) {
    say("field.normalise", "can only be “code”, on a text field", ANNOTATION, "normalise");
  }
  checkAliasShapes(annotation["aliases"], kind === "integer", say);
  checkCheck(document, annotation["check"], kind === "text", say);
}

type Say = (code: string, message: string, ...more: (string | number)[]) => void;

function checkAliasShapes(aliases: JsonValue | undefined, isInteger: boolean, say: Say): void {
  if (aliases === undefined) return;
  if (!Array.isArray(aliases)) return say("field.aliases", "is a list", ANNOTATION, "aliases");
  (aliases as JsonValue[]).forEach((alias, i) => {
    const at = [ANNOTATION, "aliases", i] as const;
    if (typeof alias === "string") {
      if (columnForm(alias) === "") say("field.aliases", "is empty", ...at);
      return;
    }
    if (
      !isObject(alias) ||
      typeof alias["name"] !== "string" ||
      columnForm(alias["name"]) === "" ||
      Object.keys(alias).length !== 2
    ) {
      return say("field.aliases", 'is a name, or {"name": …, "decimals": …}', ...at);
    }
    const decimals = alias["decimals"];
    if (!Number.isSafeInteger(decimals) || (decimals as number) < 1 || (decimals as number) > 15) {
      say("field.decimals", "is a whole number from 1 to 15", ...at, "decimals");
    } else if (!isInteger) say("field.decimals", "only an integer field can be scaled", ...at, "decimals");
  });
}

function checkCheck(document: JsonObject, check: JsonValue | undefined, isText: boolean, say: Say): void {
  if (check === undefined) return;
  const name = isObject(check) ? check["name"] : check;
  if (!(CHECK_NAMES as readonly JsonValue[]).includes(name as string)) {
    say("field.check", `unknown: known are ${CHECK_NAMES.join(", ")}`, ANNOTATION, "check");
  } else if (!isText) say("field.check", "only a text field can be checked", ANNOTATION, "check");
  if (!isObject(check)) return;
  if (Object.keys(check).some((key) => key !== "name" && key !== "when")) {
    say("field.check", 'is a name, or {"name": …, "when": {"field": …, "values": […]}}', ANNOTATION, "check");
  }
  const fault = conditionFault(document, check["when"]);
  if (fault !== undefined) say("field.check", fault, ANNOTATION, "check", "when");
}

/** What is wrong with `{field, values}`, in words. */
function conditionFault(document: JsonObject, condition: JsonValue | undefined): string | undefined {
  if (!isObject(condition) || Object.keys(condition).sort().join() !== "field,values") {
    return 'is {"field": name, "values": [text, …]}';
  }
  const { field, values } = condition;
  const properties = document["properties"];
  if (typeof field !== "string" || !isObject(properties) || !Object.hasOwn(properties, field))
    return "names no field";
  if (!isTexts(values) || values.length === 0) return "needs a list of at least one text in “values”";
  const schema = properties[field];
  if (!isObject(schema) || fieldKind(document, schema) !== "text")
    return "names a field that does not hold text";
  const allowed = schema["enum"];
  if (Array.isArray(allowed) && !values.every((value) => allowed.includes(value))) {
    return "has a value that the field can never have";
  }
  return undefined;
}

/** Whether null could pass, as far as it can be seen without trying. */
function allowsNull(schema: JsonObject): boolean {
  const type = schema["type"];
  if (type === "null" || (Array.isArray(type) && type.includes("null"))) return true;
  if (type !== undefined) return false;
  return schema["const"] === null || (Array.isArray(schema["enum"]) && schema["enum"].includes(null));
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

function checkAnnotation(document: JsonObject, fields: Map<string, JsonObject>, faults: Fault[]): void {
  const say = (code: string, message: string, ...more: (string | number)[]): void => {
    faults.push({ path: pointer([ANNOTATION, ...more]), code, message });
  };
  const annotation = document[ANNOTATION];
  if (!isObject(annotation)) {
    say(
      "type.annotation",
      "is missing: an object with format, formatVersion, name, naturalKey and personal at least",
    );
    return;
  }
  for (const key of Object.keys(annotation)) {
    if (!TYPE_MEMBERS.has(key))
      say("type.annotation", `unknown: known are ${[...TYPE_MEMBERS].join(", ")}`, key);
  }
  if (annotation["format"] !== "credit-anchor/type")
    say("type.format", "must be “credit-anchor/type”", "format");
  if (annotation["formatVersion"] !== 1)
    say("type.format", "must be 1: this version of the program knows no other", "formatVersion");
  const name = annotation["name"];
  if (typeof name !== "string" || !/^[a-z0-9.-]{1,31}$/.test(name)) {
    say("type.name", "has 1 to 31 characters out of a-z, 0-9, point and hyphen, as on chain", "name");
  }
  const required = new Set(isTexts(document["required"]) ? document["required"] : []);
  checkNaturalKey(document, annotation["naturalKey"], fields, required, say);

  const issuer = annotation["issuer"];
  if (issuer !== undefined) {
    const field = typeof issuer === "string" ? fields.get(issuer) : undefined;
    if (field === undefined) say("field.unknown", "names no field", "issuer");
    else if (!required.has(issuer as string) || fieldKind(document, field) !== "text") {
      say("type.issuer", "must name a required text field", "issuer");
    }
  }
  const personal = annotation["personal"];
  if (typeof personal !== "boolean") {
    const fault = conditionFault(document, personal);
    if (fault !== undefined)
      say("type.personal", `is true, false, or a condition; the condition ${fault}`, "personal");
  }
  checkShown(annotation, fields, say);
  const ignored = annotation["ignoredColumns"];
  if (ignored === undefined) return;
  if (!isTexts(ignored)) return say("type.shape", "is a list of names of columns", "ignoredColumns");
  const columns = columnForms(fields);
  ignored.forEach((column, i) => {
    if (columns.has(columnForm(column))) say("column.collision", "is a name of a field", "ignoredColumns", i);
  });
}

function columnForms(fields: Map<string, JsonObject>): Set<string> {
  const forms = new Set<string>();
  for (const [name, schema] of fields) {
    forms.add(columnForm(name));
    const annotation = schema[ANNOTATION];
    const aliases = isObject(annotation) && Array.isArray(annotation["aliases"]) ? annotation["aliases"] : [];
    for (const alias of aliases as JsonValue[]) {
      const text = isObject(alias) ? alias["name"] : alias;
      if (typeof text === "string") forms.add(columnForm(text));
    }
  }
  return forms;
}

function checkNaturalKey(
  document: JsonObject,
  key: JsonValue | undefined,
  fields: Map<string, JsonObject>,
  required: Set<string>,
  say: Say,
): void {
  if (!Array.isArray(key) || key.length === 0) {
    return say(
      "type.natural-key",
      "is a list of fields (or of lists of alternatives) that tell records apart",
      "naturalKey",
    );
  }
  const seen = new Set<string>();
  (key as JsonValue[]).forEach((item, i) => {
    const names = typeof item === "string" ? [item] : item;
    if (!isTexts(names) || names.length === 0) {
      return say("type.natural-key", "is the name of a field, or a list of names", "naturalKey", i);
    }
    for (const name of names) {
      const field = fields.get(name);
      if (field === undefined) say("field.unknown", "names no field", "naturalKey", i);
      else if (seen.has(name))
        say("field.repeated", "names a field that the key already has", "naturalKey", i);
      else if (!["text", "integer"].includes(fieldKind(document, field))) {
        say("type.natural-key", "names a field that is neither text nor integer", "naturalKey", i);
      }
      seen.add(name);
    }
    if (names.length === 1 && fields.has(names[0] as string) && !required.has(names[0] as string)) {
      say(
        "type.natural-key",
        "names an optional field: make it required or give alternatives",
        "naturalKey",
        i,
      );
    }
  });
}

function checkShown(annotation: JsonObject, fields: Map<string, JsonObject>, say: Say): void {
  const shown = annotation["mustShow"];
  if (shown !== undefined && !isTexts(shown)) say("type.shape", "is a list of names of fields", "mustShow");
  const mustShow = isTexts(shown) ? shown : [];
  mustShow.forEach((name, i) => {
    const own = fields.get(name)?.[ANNOTATION];
    if (!fields.has(name)) say("field.unknown", "names no field", "mustShow", i);
    else if (isObject(own) && (own["sensitivity"] === "P2" || own["sensitivity"] === "P3")) {
      say("type.must-show", "a field that must be shown cannot be P2 or P3", "mustShow", i);
    }
  });
  const until = annotation["inForceUntil"];
  if (until === undefined) return;
  if (!isTexts(until)) return say("type.shape", "is a list of names of fields", "inForceUntil");
  until.forEach((name, i) => {
    const own = fields.get(name)?.[ANNOTATION];
    if (!fields.has(name)) say("field.unknown", "names no field", "inForceUntil", i);
    else if (!isObject(own) || own["check"] !== "date") {
      say("type.in-force", "names a field without the check “date”", "inForceUntil", i);
    } else if (!mustShow.includes(name)) {
      say(
        "type.in-force",
        "must be in mustShow too, or a holder could hide that the record has ended",
        "inForceUntil",
        i,
      );
    }
  });
}
