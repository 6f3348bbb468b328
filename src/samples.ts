/**
 * Synthetic files of credit records for demo, sandbox, tests and benchmarks: seeded, valid in every check digit,
 * obviously invented.
 */
import { open } from "node:fs/promises";
import { badKinds } from "./samples/bad";
import { encodeGb18030 } from "./samples/gb18030";
import { Random } from "./samples/random";
import { amendedCells, type SampleCells, sampleCells, type SampleTypeName } from "./samples/rows";
import { shippedTypes } from "./types";

export {
  EXAMPLE_RESIDENT_IDS,
  sampleAgencies,
  sampleAgencyCode,
  sampleOrganisationCode,
  type SampleAgency,
  sampleUscc,
} from "./samples/codes";
export { type SampleTypeName } from "./samples/rows";

export interface SampleOptions {
  readonly type: SampleTypeName;
  readonly rows: number;
  /** A whole number; the same seed gives the same file. Default 1. */
  readonly seed?: number;
  /** Code of the agency whose records they are. */
  readonly agencyCode: string;
  readonly agencyName?: string;
  readonly format?: "csv" | "ndjson";
  readonly encoding?: "utf-8" | "utf-8-bom" | "gb18030";
  /** Names of columns: field codes (`CF_WSH`), Chinese titles, or English names. Default codes. */
  readonly columns?: "codes" | "titles" | "names";
  /** Only these fields; default all that samples have. The fields of the natural key must be among them. */
  readonly fields?: readonly string[];
  /** Share of rows about natural persons and individual businesses. Default 0.02. */
  readonly persons?: number;
  /** Share of rows that carry another content than in the file with `changed: 0`: their next version. */
  readonly changed?: number;
  /** Year of every decision, for a file whose records are in force: last year's. Default: the years 2021 to 2024. */
  readonly year?: number;
  /** Share of rows with one thing wrong. A bad row takes the place of a good one. */
  readonly bad?: number;
}

/** What a reader must say about a bad row. */
export interface ExpectedFault {
  /** From 1, as in a report of rejected rows. */
  readonly row: number;
  readonly kind: string;
  readonly path: string;
  readonly code: string;
}

export interface Sample {
  readonly rows: number;
  /** Rows that differ from the file with `changed: 0`, from 1. */
  readonly changed: readonly number[];
  readonly bad: readonly ExpectedFault[];
}

/** Twelve fields of a penalty: the file that speed is measured on. */
export const TWELVE_FIELDS: readonly string[] =
  "agencyCode agencyName documentNumber partyName partyCategory partyUscc violation facts penaltyKind fineFen decidedOn publicityEndsOn".split(
    " ",
  );

/** Writes a sample file and says what is in it. Memory does not grow with the number of rows. */
export async function writeSample(path: string, options: SampleOptions): Promise<Sample> {
  const file = await open(path, "w");
  try {
    const sample = { rows: options.rows, changed: [] as number[], bad: [] as ExpectedFault[] };
    for (const block of sampleBlocks(options, sample)) await file.write(block);
    return sample;
  } finally {
    await file.close();
  }
}

/** The same file as bytes in memory. */
export function sampleBytes(options: SampleOptions): { bytes: Uint8Array; sample: Sample } {
  const sample = { rows: options.rows, changed: [] as number[], bad: [] as ExpectedFault[] };
  return { bytes: Buffer.concat([...sampleBlocks(options, sample)]), sample };
}

const BLOCK_ROWS = 500;

function* sampleBlocks(
  options: SampleOptions,
  sample: { changed: number[]; bad: ExpectedFault[] },
): Generator<Uint8Array> {
  const columns = sampleColumns(options);
  const isCsv = options.format !== "ndjson";
  const encode = options.encoding === "gb18030" ? encodeGb18030 : (text: string) => Buffer.from(text, "utf8");
  if (options.encoding === "utf-8-bom") yield Uint8Array.of(0xef, 0xbb, 0xbf);
  let text = isCsv ? csvLine(columns.map(({ column }) => column)) : "";
  for (let index = 0; index < options.rows; index++) {
    const cells = rowCells(options, index, sample);
    text += isCsv ? csvLine(columns.map(({ field }) => cells[field] ?? "")) : jsonLine(columns, cells);
    if (index % BLOCK_ROWS !== BLOCK_ROWS - 1) continue;
    yield encode(text);
    text = "";
  }
  yield encode(text);
}

function rowCells(
  options: SampleOptions,
  index: number,
  sample: { changed: number[]; bad: ExpectedFault[] },
): SampleCells {
  const { type, seed = 1, agencyCode, agencyName = "示例机关（虚构）", persons = 0.02 } = options;
  const fate = new Random(seed, index, 2);
  const isBad = fate.fraction() < (options.bad ?? 0);
  const naturalPersons = options.fields?.includes("partyIdNumber") ?? true;
  // Bad rows are about enterprises, so that the one thing wrong is the only one.
  const cells = sampleCells({
    type,
    seed,
    index,
    agencyCode,
    agencyName,
    persons: isBad ? 0 : persons,
    naturalPersons,
    year: options.year,
  });
  if (isBad) {
    const kind = new Random(seed, index, 3).pick(kindsFor(options));
    sample.bad.push({ row: index + 1, kind: kind.name, path: kind.path, code: kind.code });
    return kind.spoil(cells);
  }
  if (new Random(seed, index, 4).fraction() >= (options.changed ?? 0)) return cells;
  sample.changed.push(index + 1);
  return amendedCells(cells, type);
}

/** Kinds of faults in fields that the file has. */
function kindsFor(options: SampleOptions): ReturnType<typeof badKinds> {
  const { fields } = options;
  const kinds = badKinds(options.type);
  return fields === undefined ? kinds : kinds.filter(({ path }) => fields.includes(path.slice(1)));
}

interface SampleColumn {
  readonly field: string;
  readonly column: string;
}

/** Fields that samples never fill. */
const UNUSED = new Set(
  `caseName penaltyKindSecond severity sourceStatus divisionCode useScope projectName licenceAffected
  partyRegistrationNumber partyOrganisationCode partyTaxNumber partyInstitutionNumber partySocialNumber`.split(
    /\s+/,
  ),
);

function sampleColumns(options: SampleOptions): SampleColumn[] {
  const type = shippedTypes().get(options.type);
  if (type === undefined) throw new RangeError(`no samples of type ${options.type}`);
  return type.fields
    .filter(({ name }) => (options.fields === undefined ? !UNUSED.has(name) : options.fields.includes(name)))
    .map(({ name, aliases }) => {
      const isAmount = name.endsWith("Fen");
      const code = aliases[0]?.name ?? name;
      const title = aliases.find(
        (alias) => /[^\0-\x7f]/.test(alias.name) && (!isAmount || alias.decimals === 6),
      );
      // The field's own name takes fen, and samples hold 万元.
      if (options.columns === "names" && !isAmount) return { field: name, column: name };
      return { field: name, column: options.columns === "titles" ? (title?.name ?? code) : code };
    });
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\n`;
}

function jsonLine(columns: readonly SampleColumn[], cells: SampleCells): string {
  const members = columns
    .filter(({ field }) => cells[field] !== undefined)
    .map(({ field, column }) => `${JSON.stringify(column)}:${JSON.stringify(cells[field])}`);
  return `{${members.join(",")}}\n`;
}
