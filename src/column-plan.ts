import type { Fault } from "./errors";
import { type Column, columnForm, nearestName } from "./types/columns";
import type { Field, RecordType } from "./types/record-type";

export interface RecordOptions {
  /** The agency's own code: the issuer of every record must be this one. */
  readonly issuerCode?: string;
}

/** Which field each column of a CSV file fills; made once for a file by {@link columnPlan}. */
export interface ColumnPlan {
  readonly type: RecordType;
  /** A field, a column that is left out (`ignored`), or one without a name, which must be empty. */
  readonly columns: readonly (Column | "ignored" | "unnamed")[];
  readonly options: RecordOptions;
  /** Value for the issuer's field of every row when the file has no column for it. */
  readonly issuer: string | undefined;
}

export type ColumnPlanResult =
  | { readonly ok: true; readonly plan: ColumnPlan; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

/** Names of columns in messages are cut here; they are the file's, not ours. */
const QUOTED = 64;

/**
 * Finds the field of each column. What is wrong with the header is said here once, not again for every row: unknown
 * columns (with the known name that comes nearest), two columns for one field, required fields without a column.
 *
 * A file without a column for the issuer gets `options.issuerCode` there, with a warning: files of the older data
 * standard have no such column.
 */
export function columnPlan(
  type: RecordType,
  header: readonly string[],
  options: RecordOptions = {},
): ColumnPlanResult {
  const faults: Fault[] = [];
  const warnings: Fault[] = [];
  const taken = new Map<Field, string>();
  const columns = header.map((name, i): ColumnPlan["columns"][number] => {
    const form = columnForm(name.replace(/^\ufeff/, ""));
    if (form === "") return "unnamed";
    const path = `column ${i + 1}`;
    if (type.ignoredColumns.has(form)) {
      warnings.push({ path, code: "column.ignored", message: "is not part of the record and left out" });
      return "ignored";
    }
    const column = type.columns.get(form);
    if (column === undefined) {
      faults.push({ path, code: "column.unknown", message: unknownName(type, name) });
      return "ignored";
    }
    const other = taken.get(column.field);
    if (other === undefined) taken.set(column.field, path);
    else
      faults.push({ path, code: "column.repeated", message: `fills ${column.field.name}, as ${other} does` });
    return column;
  });
  if (taken.size === 0) {
    // The first line may be data: nothing of it is quoted.
    const message =
      "no column of this record type in the first line: is the header missing, or the delimiter another?";
    return { ok: false, faults: [{ path: "header", code: "header.missing", message }], warnings: [] };
  }

  let issuer: string | undefined;
  for (const field of type.fields) {
    if (!field.required || taken.has(field)) continue;
    if (field.name === type.issuer && options.issuerCode !== undefined) {
      issuer = options.issuerCode;
      taken.set(field, "own code");
      const message = "no column: taken from the agency's own code";
      warnings.push({ path: field.path, code: "column.issuer-assumed", message });
    } else
      faults.push({ path: field.path, code: "column.missing", message: `needs a column: ${namesOf(field)}` });
  }
  for (const names of type.naturalKey) {
    const fields = names.map((name) => type.field(name) as Field);
    if (fields.some((field) => taken.has(field) || field.required)) continue;
    faults.push({
      path: (fields[0] as Field).path,
      code: "column.missing",
      message: `needs a column for ${anyOf(names)}`,
    });
  }
  return faults.length > 0
    ? { ok: false, faults, warnings }
    : { ok: true, plan: { type, columns, options, issuer }, warnings };
}

function namesOf(field: Field): string {
  return [field.name, ...field.aliases.map((alias) => alias.name)].slice(0, 4).join(", ");
}

/** A part of the natural key in words. */
export function anyOf(names: readonly string[]): string {
  return names.length === 1 ? (names[0] as string) : `one of ${names.join(", ")}`;
}

/** Names that programs give: no room for a document number or the like. */
const TECHNICAL = /^(?!.*[0-9]{6})[a-z0-9_]{1,40}$/;

/**
 * What is said of a column or member that the type does not have: it is named, cut, with the nearest known name.
 *
 * @param place Said instead of a name that may be data: one that is neither near a known one nor {@link TECHNICAL}. The
 * names of a header are the same for a whole file; those of members may be different in every row.
 */
export function unknownName(type: RecordType, name: string, place?: string): string {
  const known = type.fields.flatMap((field) => [field.name, ...field.aliases.map((alias) => alias.name)]);
  const near = nearestName(name, known);
  const quoted = JSON.stringify(name.length > QUOTED ? `${name.slice(0, QUOTED)}…` : name);
  const shown = place === undefined || near !== undefined || TECHNICAL.test(name) ? quoted : place;
  return `${shown} is no column of ${type.name}${near === undefined ? "" : `; did you mean ${near}?`}`;
}
