import { readFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import * as iconv from "iconv-lite";
import { type CreditRecord, readRecord } from "../../src/record";
import { openInput, rowReader } from "../../src/input";
import {
  EXAMPLE_RESIDENT_IDS,
  sampleAgencies,
  sampleAgencyCode,
  sampleBytes,
  type SampleOptions,
  TWELVE_FIELDS,
  writeSample,
} from "../../src/samples";
import { encodeGb18030 } from "../../src/samples/gb18030";
import { checkType, loadType, shippedTypes } from "../../src/types";
import { checkUscc } from "../../src/types/identifiers";

const agencyCode = sampleAgencyCode(1);
const GOOD: SampleOptions = { type: "cn.penalty", rows: 400, agencyCode, persons: 0.3 };

async function recordsOf(options: SampleOptions): Promise<CreditRecord[]> {
  const input = await openInput(oneBlock(sampleBytes(options).bytes));
  const reader = rowReader(shippedTypes().get(options.type)!, input.header, { issuerCode: agencyCode });
  const records: CreditRecord[] = [];
  for await (const rows of input.rows()) {
    for (const row of rows) {
      const result = reader.read(row);
      if (!result.ok) throw new Error(`row ${row.row}: ${JSON.stringify(result.faults)}`);
      expect(result.warnings).to.deep.equal([]);
      records.push(result.record);
    }
  }
  return records;
}

async function* oneBlock(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe("sample files", () => {
  for (const type of ["cn.penalty", "cn.licence"] as const) {
    for (const columns of ["codes", "titles", "names"] as const) {
      it(`of ${type} under ${columns} hold records without fault or warning, each with a key of its own`, async () => {
        const records = await recordsOf({ ...GOOD, type, columns });
        expect(records).to.have.length(400);
        expect(new Set(records.map(({ keyValues }) => JSON.stringify(keyValues))).size).to.equal(400);
        expect(records.filter(({ personal }) => personal).length).to.be.within(60, 180);
      });
    }
  }

  it("say the same in every format and encoding", async () => {
    const csv = await recordsOf(GOOD);
    for (const change of [
      { format: "ndjson" },
      { encoding: "gb18030" },
      { encoding: "utf-8-bom" },
      { columns: "titles" },
    ] as const) {
      expect(await recordsOf({ ...GOOD, ...change })).to.deep.equal(csv);
    }
  });

  it("depend on the seed and on nothing else", () => {
    expect(sampleBytes(GOOD)).to.deep.equal(sampleBytes({ ...GOOD, seed: 1 }));
    expect(sampleBytes({ ...GOOD, seed: 2 }).bytes).not.to.deep.equal(sampleBytes(GOOD).bytes);
    const longer = Buffer.from(sampleBytes({ ...GOOD, rows: 500 }).bytes);
    const shorter = Buffer.from(sampleBytes(GOOD).bytes);
    expect(longer.subarray(0, shorter.length).equals(shorter)).to.equal(true);
  });

  it("have a next version in which exactly the announced rows differ, under the same keys", async () => {
    const { sample } = sampleBytes({ ...GOOD, changed: 0.1 });
    expect(sample.changed.length).to.be.within(20, 70);
    const before = await recordsOf(GOOD);
    const after = await recordsOf({ ...GOOD, changed: 0.1 });
    expect(after.map(({ keyValues }) => keyValues)).to.deep.equal(before.map(({ keyValues }) => keyValues));
    const differ = after.flatMap((record, i) =>
      JSON.stringify(record.values) === JSON.stringify(before[i]!.values) ? [] : [i + 1],
    );
    expect(differ).to.deep.equal(sample.changed);
  });

  it("hold no resident ID but the two that the standard prints", async () => {
    for (const { values } of await recordsOf({ ...GOOD, rows: 2000 })) {
      const id = values["partyIdNumber"];
      if (id !== undefined) expect(EXAMPLE_RESIDENT_IDS).to.include(id);
    }
  });

  it("hold no code of an organisation that exists: all organisation codes are of the invented series", async () => {
    for (const { values } of await recordsOf(GOOD)) {
      for (const field of ["partyUscc", "agencyCode", "sourceCode"]) {
        const code = values[field];
        if (code !== undefined) expect((code as string).slice(8, 10)).to.equal("XN");
      }
    }
    for (const { code } of sampleAgencies) expect(checkUscc(code)).to.equal(undefined);
    expect(new Set(sampleAgencies.map(({ code }) => code)).size).to.equal(sampleAgencies.length);
  });

  it("of twelve fields have twelve columns, also when rows are bad", async () => {
    const records = await recordsOf({ ...GOOD, fields: TWELVE_FIELDS });
    for (const { values } of records) expect(TWELVE_FIELDS).to.include.members(Object.keys(values));
    const { sample } = sampleBytes({ ...GOOD, fields: TWELVE_FIELDS, bad: 0.5 });
    for (const { path } of sample.bad) expect(TWELVE_FIELDS).to.include(path.slice(1));
  });

  it("are written to disk as they are made in memory", async () => {
    const folder = mkdtempSync(join(tmpdir(), "credit-anchor-samples-"));
    const path = join(folder, "sample.csv");
    const options = { ...GOOD, rows: 1234, bad: 0.1 };
    const sample = await writeSample(path, options);
    expect({ bytes: readFileSync(path), sample }).to.deep.equal({
      ...sampleBytes(options),
      bytes: Buffer.from(sampleBytes(options).bytes),
    });
    rmSync(folder, { recursive: true });
  });
});

describe("encodeGb18030", () => {
  it("agrees with another implementation on every character of one or two bytes", () => {
    let text = "";
    for (let code = 0x20; code < 0xe000; code++) {
      const character = String.fromCharCode(code);
      if (code < 0xd800 && iconv.encode(character, "gb18030").length <= 2) text += character;
    }
    expect(text.length).to.be.greaterThan(20_000);
    expect(Buffer.from(encodeGb18030(text))).to.deep.equal(iconv.encode(text, "gb18030"));
  });

  it("refuses characters of four bytes", () => expect(() => encodeGb18030("𠮷")).to.throw(RangeError));
});

describe("the example of a type that has nothing to do with China", () => {
  const document: unknown = JSON.parse(readFileSync("examples/types/procurement-award.json", "utf8"));

  it("is a type without fault", () => expect(checkType(document)).to.deep.equal([]));

  it("reads its example file, nested values and all", async () => {
    const input = await openInput("examples/data/procurement-awards.ndjson");
    const reader = rowReader(loadType(document), input.header);
    const records: unknown[] = [];
    for await (const rows of input.rows()) {
      for (const row of rows) {
        const result = reader.read(row);
        if (!result.ok) throw new Error(JSON.stringify(result.faults));
        records.push(result.record.keyValues);
      }
    }
    expect(records).to.deep.equal([
      ["ocds-xn0001-2024-roads-17", "A1"],
      ["ocds-xn0001-2024-roads-17", "A2"],
      ["ocds-xn0001-2024-school-3", "A1"],
    ]);
  });

  it("refuses an amount with a fraction inside a nested value", () => {
    const award = JSON.parse(
      readFileSync("examples/data/procurement-awards.ndjson", "utf8").split("\n")[0]!,
    ) as Record<string, unknown>;
    const result = readRecord(loadType(document), { ...award, value: { minorUnits: 0.5, currency: "XTS" } });
    expect(result.ok ? [] : result.faults.map(({ path, code }) => `${path} ${code}`)).to.deep.equal([
      "/value number.not-integer",
    ]);
  });
});
