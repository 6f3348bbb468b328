import { statSync } from "node:fs";
import { join } from "node:path";

import type { Evidence } from "../../src/receipt";
import { sampleAgencies, type SampleOptions, writeSample } from "../../src/samples";
import { type SampleCells, sampleCells } from "../../src/samples/rows";

/** The files of the demo, as agencies would have them. */
export interface DemoFiles {
  readonly descriptions: readonly string[];
  /** Rows of penalties.csv with one thing wrong each. */
  readonly badRows: number;
  /** Records that differ in licences-corrected.csv. */
  readonly correctedRows: number;
  /** Natural key of a licence that stays as it is. */
  readonly kept: string;
  /** Natural key of a penalty of the tax office with a fine. */
  readonly fined: string;
}

const agency = (name: string): { agencyCode: string; agencyName: string } => {
  const { code, title } = sampleAgencies.find((one) => one.name === name)!;
  return { agencyCode: code, agencyName: title };
};

const files = {
  "penalties.csv": {
    ...agency("market-regulator"),
    ...{
      type: "cn.penalty",
      rows: 5_000,
      seed: 1,
      format: "csv",
      encoding: "gb18030",
      columns: "titles",
      bad: 0.002,
    },
  },
  "licences.csv": {
    ...agency("market-regulator"),
    ...{ type: "cn.licence", rows: 3_000, seed: 2, format: "csv", encoding: "utf-8", columns: "codes" },
  },
  "licences-corrected.csv": {
    ...agency("market-regulator"),
    ...{
      type: "cn.licence",
      rows: 3_000,
      seed: 2,
      format: "csv",
      encoding: "utf-8",
      columns: "codes",
      changed: 0.01,
    },
  },
  "tax-penalties.ndjson": {
    ...agency("tax"),
    ...{ type: "cn.penalty", rows: 2_000, seed: 3, format: "ndjson", encoding: "utf-8", columns: "names" },
  },
} satisfies Record<string, SampleOptions>;

const PERSONS = 0.02;

/** Writes the files and picks the records that the story is about. All are the same in every run. */
export async function writeDemoFiles(folder: string): Promise<DemoFiles> {
  const descriptions: string[] = [];
  const samples = new Map<string, Awaited<ReturnType<typeof writeSample>>>();
  for (const [name, options] of Object.entries(files)) {
    samples.set(name, await writeSample(join(folder, name), { ...options, persons: PERSONS }));
    const size = `${Math.round(statSync(join(folder, name)).size / 1024).toLocaleString("en")} KiB`;
    const rows = options.rows.toLocaleString("en");
    descriptions.push(
      `${name.padEnd(23)} ${rows} rows  ${size.padStart(9)}  ${options.format}, ${options.encoding}`,
    );
  }
  const changed = samples.get("licences-corrected.csv")!.changed;
  const isChanged = (index: number): boolean => changed.includes(index + 1);
  const permanent = (cells: SampleCells): boolean => cells["validUntil"] === "2099/12/31";
  return {
    descriptions,
    badRows: samples.get("penalties.csv")!.bad.length,
    correctedRows: changed.length,
    kept: keyOf("licences.csv", (cells, index) => permanent(cells) && !isChanged(index)),
    fined: keyOf("tax-penalties.ndjson", (cells) => cells["fineFen"] !== undefined),
  };
}

/** Natural key of the first record about an enterprise that is wanted, as `--key` takes it. */
function keyOf(name: keyof typeof files, wanted: (cells: SampleCells, index: number) => boolean): string {
  const { type, seed, rows, agencyCode, agencyName } = files[name];
  for (let index = 0; index < rows; index++) {
    const cells = sampleCells({
      type,
      seed,
      index,
      agencyCode,
      agencyName,
      persons: PERSONS,
      naturalPersons: true,
    });
    const { documentNumber = "", partyUscc = "" } = cells;
    const isPlain = /^示.〔\d+〕\d+号$/.test(documentNumber) && partyUscc.startsWith("91");
    if (isPlain && wanted(cells, index)) return JSON.stringify({ documentNumber, partyUscc });
  }
  throw new Error(`${name} has no such record`);
}

/** A receipt with one thing changed. */
export interface Forgery {
  readonly file: string;
  readonly story: string;
  readonly evidence: Evidence;
  /** Which check must catch it. */
  readonly caughtBy: string;
}

/** What a forger would try with the receipt of a fine, and with the receipt of another agency. */
export function forgeries(fine: Evidence, other: Evidence): Forgery[] {
  const change = (alter: (copy: Mutable<Evidence>) => void): Evidence => {
    const copy = structuredClone(fine) as Mutable<Evidence>;
    alter(copy);
    return copy;
  };
  const { index } = fine.record;
  return [
    {
      file: "smaller-fine.json",
      story: "a smaller fine",
      evidence: change(({ record }) => {
        record.fields = record.fields.map((field) =>
          field.name === "fineFen" ? { ...field, value: 100 } : field,
        );
      }),
      caughtBy: "integrity",
    },
    {
      file: "another-place.json",
      story: "another place in the batch",
      evidence: change(({ record }) => (record.index = index === 0 ? 1 : index - 1)),
      caughtBy: "inclusion",
    },
    {
      file: "inner-node.json",
      story: "a proof that starts one level up, as if an inner node were a record",
      evidence: change((copy) => {
        copy.proof = copy.proof.slice(1);
        copy.record.index = index >> 1;
      }),
      caughtBy: "inclusion",
    },
    {
      file: "another-agency.json",
      story: "the batch of another agency",
      evidence: change((copy) => {
        copy.batch = other.batch;
        copy.transaction = other.transaction;
      }),
      caughtBy: "inclusion",
    },
    {
      file: "backdated.json",
      story: "anchored a year earlier than it was",
      evidence: change(
        (copy) => (copy.batch = { ...copy.batch, anchoredAt: copy.batch.anchoredAt - 365 * 86_400 }),
      ),
      caughtBy: "anchor",
    },
    {
      file: "another-registry.json",
      story: "a registry of the forger's own",
      evidence: change((copy) => (copy.registry = { ...copy.registry, address: `0x${"be".repeat(20)}` })),
      caughtBy: "anchor",
    },
  ];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };
