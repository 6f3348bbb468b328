import { pointer } from "../bytes";
import type { Fault } from "../errors";
import { isObject, type JsonObject, type JsonValue } from "../json";
import { isTexts } from "./check-schema";
import { CHECK_NAMES } from "./checks";
import { columnForm } from "./columns";
import { fieldKind } from "./schema";

/** The member that holds what this project adds to JSON Schema, of the document and of each field. */
export const ANNOTATION = "x-credit-anchor";

const FIELD_MEMBERS = new Set("sensitivity aliases check normalise".split(" "));

const SENSITIVITIES = new Set(["P0", "P1", "P2", "P3"]);

/** Notes a fault at a place below the one under examination. */
export type Say = (code: string, message: string, ...more: (string | number)[]) => void;

/** Everything wrong with one field that its schema alone does not show. */
export function checkField(document: JsonObject, name: string, schema: JsonObject, faults: Fault[]): void {
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
export function conditionFault(document: JsonObject, condition: JsonValue | undefined): string | undefined {
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
