import { pointer } from "../bytes";
import type { Fault } from "../errors";
import { isObject, type JsonObject, type JsonValue } from "../json";
import { ANNOTATION, conditionFault, type Say } from "./check-field";
import { isTexts } from "./check-schema";
import { columnForm } from "./columns";
import { fieldKind } from "./schema";

const TYPE_MEMBERS = new Set(
  "format formatVersion name naturalKey issuer personal mustShow inForceUntil ignoredColumns".split(" "),
);

/** Everything wrong with what a type document says about its type as a whole. */
export function checkAnnotation(
  document: JsonObject,
  fields: Map<string, JsonObject>,
  faults: Fault[],
): void {
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
