import { pointer } from "../bytes";
import { CreditAnchorError, type Fault } from "../errors";
import { type Hashes, portableHashes } from "../hashes";
import type { JsonObject, JsonValue } from "../json";
import { typeHash } from "../commitment";
import { ANNOTATION, checkType } from "./check-type";
import { type Column, columnForm } from "./columns";
import { checkNamed, type CheckName } from "./checks";
import { compileField, fieldKind, type FieldKind } from "./schema";

/**
 * Who may see a field. P0: public. P1: public when the subject is a legal person. P2: personal data. P3: does not leave
 * the agency. P2 and P3 are hidden in receipts unless asked for.
 */
export type Sensitivity = "P0" | "P1" | "P2" | "P3";

/** True for records whose `field` has one of the `values`. */
export interface Condition {
  readonly field: string;
  readonly values: readonly string[];
}

/** One field of a record type. */
export interface Field {
  readonly name: string;
  /** Place in {@link RecordType.fields}, from 0. */
  readonly index: number;
  readonly required: boolean;
  readonly sensitivity: Sensitivity;
  /** Other names of its column, in the order of the document. */
  readonly aliases: readonly { readonly name: string; readonly decimals: number }[];
  /** How the text of a CSV cell is read: as it is, as an integer, as true/false, or as JSON. */
  readonly kind: FieldKind;
  /** Whether text is a code: full-width characters become ASCII, spaces and hyphens go, letters become capitals. */
  readonly isCode: boolean;
  readonly check: CheckName | undefined;
  /** The check holds only for records that meet it, and for those where its field is absent. */
  readonly checkWhen: Condition | undefined;
  readonly schema: JsonObject;
  /** JSON pointer of the field in a record. */
  readonly path: string;
  /** {@link RecordType.validateField} for a value that is present. */
  validate(value: JsonValue): readonly Fault[];
}

/** A record type, loaded and ready to check values. */
export interface RecordType {
  /** For example `cn.penalty`; the name on chain. */
  readonly name: string;
  readonly document: JsonObject;
  /** 32 bytes: `keccak256(0x06 ‖ JCS(document))`. */
  readonly typeHash: Uint8Array;
  /** In the order in which their digests enter the commitment: names sorted by UTF-16 code units. */
  readonly fields: readonly Field[];
  field(name: string): Field | undefined;
  /** Each item lists alternatives: the first one present in a record is the value of that part of its key. */
  readonly naturalKey: readonly (readonly string[])[];
  /** The field that holds the code of the agency whose record it is. */
  readonly issuer: string | undefined;
  /** Whether every record is about a natural person, or which ones are. */
  readonly personal: boolean | Condition;
  /** Fields that no presentation may hide. */
  readonly mustShow: readonly string[];
  /** Date fields: the first one present is the last day on which the record is in force; none: no end is known. */
  readonly inForceUntil: readonly string[];
  /** Columns of source systems that are accepted and left out, in {@link columnForm}. */
  readonly ignoredColumns: ReadonlySet<string>;
  /** All columns by {@link columnForm} of their name. */
  readonly columns: ReadonlyMap<string, Column>;
  /**
   * Everything wrong with a value that a record claims for a field: schema, and form and check digit of an identifier.
   * `null` stands for an absent field. Checks that depend on another field ({@link Field.checkWhen}) are left out.
   */
  validateField(name: string, value: JsonValue): readonly Fault[];
}

const NO_FAULTS: readonly Fault[] = Object.freeze([]);

/**
 * Loads a type document that {@link checkType} finds nothing wrong with.
 *
 * @throws `type.invalid` with all faults. Keeps a reference to `document`: do not change it afterwards.
 */
export function loadType(document: unknown, hashes: Hashes = portableHashes): RecordType {
  const faults = checkType(document);
  if (faults.length > 0) {
    throw new CreditAnchorError("type.invalid", "the record type cannot be used", {
      faults,
      hint: "credit-anchor type check FILE says what to change",
    });
  }
  const root = document as JsonObject;
  const annotation = root[ANNOTATION] as JsonObject;
  const properties = root["properties"] as Record<string, JsonObject>;
  const required = new Set((root["required"] ?? []) as string[]);
  const fields = Object.keys(properties)
    .sort()
    .map((name, index) => readField(root, name, index, required.has(name)));
  const byName = new Map(fields.map((field) => [field.name, field]));

  return {
    name: annotation["name"] as string,
    document: root,
    typeHash: typeHash(root, hashes),
    fields,
    field: (name) => byName.get(name),
    naturalKey: (annotation["naturalKey"] as (string | string[])[]).map((item) =>
      typeof item === "string" ? [item] : item,
    ),
    issuer: annotation["issuer"] as string | undefined,
    personal: annotation["personal"] as boolean | (JsonObject & Condition),
    mustShow: (annotation["mustShow"] ?? []) as string[],
    inForceUntil: (annotation["inForceUntil"] ?? []) as string[],
    ignoredColumns: new Set(((annotation["ignoredColumns"] ?? []) as string[]).map(columnForm)),
    columns: readColumns(fields),
    validateField(name, value) {
      const field = byName.get(name);
      if (field === undefined) {
        return [
          { path: pointer([name]), code: "field.unknown", message: "the record type has no such field" },
        ];
      }
      if (value !== null) return field.validate(value);
      return field.required ? [missingField(field)] : NO_FAULTS;
    },
  };
}

/** The fault of a required field that is absent. */
export function missingField(field: Field): Fault {
  return { path: field.path, code: "field.missing", message: "a required field is missing" };
}

function readField(root: JsonObject, name: string, index: number, required: boolean): Field {
  const schema = (root["properties"] as Record<string, JsonObject>)[name] as JsonObject;
  const annotation = schema[ANNOTATION] as JsonObject;
  const check = annotation["check"] as string | JsonObject | undefined;
  const checkWhen = typeof check === "object" ? (check["when"] as unknown as Condition) : undefined;
  const path = pointer([name]);
  const bySchema = compileField(root, name);
  const checkName = (typeof check === "object" ? check["name"] : check) as CheckName | undefined;
  return {
    name,
    index,
    required,
    sensitivity: annotation["sensitivity"] as Sensitivity,
    aliases: ((annotation["aliases"] ?? []) as (string | { name: string; decimals: number })[]).map(
      (alias) =>
        typeof alias === "string"
          ? { name: alias, decimals: 0 }
          : { name: alias.name, decimals: alias.decimals },
    ),
    kind: fieldKind(root, schema),
    isCode: annotation["normalise"] === "code" || (checkName !== undefined && checkName !== "date"),
    check: checkName,
    checkWhen,
    schema,
    path,
    validate(value) {
      const found = bySchema(value, path);
      if (found.length > 0 || checkName === undefined || checkWhen !== undefined) return found;
      const fault = checkNamed(checkName, value as string);
      return fault === undefined ? NO_FAULTS : [{ path, ...fault }];
    },
  };
}

function readColumns(fields: readonly Field[]): ReadonlyMap<string, Column> {
  const columns = new Map<string, Column>();
  for (const field of fields) {
    columns.set(columnForm(field.name), { field, decimals: 0 });
    for (const { name, decimals } of field.aliases) columns.set(columnForm(name), { field, decimals });
  }
  return columns;
}
