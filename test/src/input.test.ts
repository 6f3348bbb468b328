import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import * as fc from "fast-check";
import * as iconv from "iconv-lite";
import type { CreditAnchorError } from "../../src/errors";
import { type Input, type InputOptions, type InputRow, openInput, rowReader } from "../../src/input";
import { wholeLines } from "../../src/input/blocks";
import { sampleAgencyCode, sampleBytes } from "../../src/samples";
import { shippedTypes } from "../../src/types";

const numRuns = Number(process.env["PROPERTY_RUNS"] ?? 100);

let folder = "";
before(() => (folder = mkdtempSync(join(tmpdir(), "credit-anchor-input-"))));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: string | Uint8Array): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, content);
  return path;
}

async function* stream(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function all(input: Input): Promise<InputRow[]> {
  const rows: InputRow[] = [];
  for await (const some of input.rows()) rows.push(...some);
  return rows;
}

async function cellsOf(
  source: string | AsyncIterable<Uint8Array>,
  options?: InputOptions,
): Promise<unknown[]> {
  const input = await openInput(source, options);
  return (await all(input)).map((row) =>
    row.kind === "cells" ? row.cells : row.kind === "object" ? row.value : row.fault.code,
  );
}

async function refusal(work: () => Promise<unknown>): Promise<CreditAnchorError> {
  try {
    await work();
  } catch (error) {
    return error as CreditAnchorError;
  }
  throw new Error("accepted");
}

const TEXT = "名称,文号\n示例公司,示罚〔2024〕1号\n虚构商店,示罚【2024】2号\n";
const ROWS = [
  ["示例公司", "示罚〔2024〕1号"],
  ["虚构商店", "示罚【2024】2号"],
];
const BOM = Uint8Array.of(0xef, 0xbb, 0xbf);

describe("openInput", () => {
  for (const [what, bytes, encoding] of [
    ["UTF-8", Buffer.from(TEXT), "utf-8"],
    ["UTF-8 with a byte-order mark", Buffer.concat([BOM, Buffer.from(TEXT)]), "utf-8"],
    ["GB18030", iconv.encode(TEXT, "gb18030"), "gb18030"],
    [
      "GB18030 with a byte-order mark",
      Buffer.concat([Uint8Array.of(0x84, 0x31, 0x95, 0x33), iconv.encode(TEXT, "gb18030")]),
      "gb18030",
    ],
  ] as const) {
    it(`reads ${what} and finds the encoding out`, async () => {
      const input = await openInput(file(bytes));
      expect(input).to.include({ encoding, format: "csv", delimiter: "," });
      expect(input.header).to.deep.equal(["名称", "文号"]);
      expect((await all(input)).map((row) => (row as { cells: unknown }).cells)).to.deep.equal(ROWS);
    });

    it(`reads ${what} from a stream, too, in pieces of any size`, async () => {
      for (const size of [1, 2, 3, 7, 64, 4096])
        expect(await cellsOf(stream(bytes, size))).to.deep.equal(ROWS);
    });
  }

  it("gives SHA-256 and length of the file as it is, after the last row and not before", async () => {
    const bytes = Buffer.concat([BOM, Buffer.from(TEXT)]);
    const input = await openInput(file(bytes));
    expect(() => input.digest())
      .to.throw()
      .with.property("code", "input.not-read");
    await all(input);
    expect(input.digest()).to.deep.equal({
      sha256: `0x${createHash("sha256").update(bytes).digest("hex")}`,
      bytes: bytes.length,
    });
  });

  it("numbers rows without header and blank lines, and says the line where each begins", async () => {
    const input = await openInput(file('a,b\n1,2\n\n"3\n",4\n5,6\n'));
    expect((await all(input)).map(({ row, line }) => [row, line])).to.deep.equal([
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
  });

  it("makes a broken row that row's fault, and reads the others", async () => {
    expect(await cellsOf(file('a,b\n1,2\n"3"x,4\n5,6\n'))).to.deep.equal([
      ["1", "2"],
      "row.quote",
      ["5", "6"],
    ]);
  });

  for (const [what, content, code] of [
    ["an empty file", "", "input.empty"],
    ["a file of nothing but a byte-order mark", BOM, "input.empty"],
    ["a file of blank lines", "\n \n\r\n".repeat(3).replaceAll(" ", ""), "input.empty"],
    [
      "UTF-16 with a mark",
      Buffer.concat([Uint8Array.of(0xff, 0xfe), Buffer.from(TEXT, "utf16le")]),
      "input.utf-16",
    ],
    ["UTF-16 without a mark", Buffer.from("name,number\nx,y\n", "utf16le"), "input.utf-16"],
    ["a JSON array", '[\n{"a":1},\n{"a":2}\n]', "input.json-array"],
    ["a header with broken quotes", '"a"b,c\n1,2\n', "input.header"],
    [
      "bytes that are neither UTF-8 nor GB18030",
      Buffer.concat([iconv.encode(TEXT, "gb18030"), Uint8Array.of(0xff, 0xff, 0x0a)]),
      "input.encoding",
    ],
    [
      "a mixture of UTF-8 and GB18030",
      Buffer.concat([Buffer.from(TEXT), iconv.encode(TEXT, "gb18030")]),
      "input.encoding",
    ],
    [
      "a mixture of GB18030 and UTF-8",
      Buffer.concat([iconv.encode(TEXT, "gb18030"), Buffer.from(TEXT)]),
      "input.encoding",
    ],
  ] as const) {
    it(`refuses ${what}: ${code}`, async () => {
      const error = await refusal(() => openInput(file(content)));
      expect(error.code).to.equal(code);
      expect(error.exitStatus).to.equal(64);
    });
  }

  it("is not taken in by UTF-8 that is valid GB18030 as well, when other lines are GB18030 alone", async () => {
    const both = Buffer.from("中文中文中文\n");
    expect(() => new TextDecoder("gb18030", { fatal: true }).decode(both)).not.to.throw();
    const error = await refusal(() => openInput(file(Buffer.concat([iconv.encode(TEXT, "gb18030"), both]))));
    expect(error.code).to.equal("input.encoding");
    expect(error.message).to.include("mixes encodings: line 1 is not UTF-8, and others (from line 4) are");
  });

  it("names the lines that do not fit an encoding, and the way out", async () => {
    const bytes = Buffer.concat([iconv.encode(TEXT, "gb18030"), Uint8Array.of(0xff, 0x0a)]);
    const error = await refusal(() => openInput(file(bytes)));
    expect(error.message).to.include("line 1 is not").and.to.include("line 4 is not");
    expect(error.hint).to.include("name the encoding");
  });

  it("with a given encoding, lets only the values with broken bytes be rejected", async () => {
    const bytes = Buffer.concat([
      Buffer.from("a,b\n1,2\n"),
      Uint8Array.of(0xff, 0x2c, 0x33, 0x0a),
      Buffer.from("4,5\n"),
    ]);
    expect(await cellsOf(file(bytes), { encoding: "utf-8" })).to.deep.equal([
      ["1", "2"],
      ["\ufffd", "3"],
      ["4", "5"],
    ]);
  });

  it("keeps a byte-order mark inside the file, wherever the bytes are cut, so that its value is rejected", async () => {
    const bytes = Buffer.concat([BOM, Buffer.from("a\n1\n"), BOM, Buffer.from("2\n")]);
    for (let size = 1; size < 12; size++) {
      expect(await cellsOf(stream(bytes, size), { encoding: "utf-8" })).to.deep.equal([["1"], ["\ufeff2"]]);
    }
  });

  it("refuses an encoding that the byte-order mark contradicts", async () => {
    const path = file(Buffer.concat([BOM, Buffer.from(TEXT)]));
    expect((await refusal(() => openInput(path, { encoding: "gb18030" }))).code).to.equal("input.encoding");
  });

  it("refuses a file that is not there, and a directory", async () => {
    expect((await refusal(() => openInput(join(folder, "nothing")))).code).to.equal("input.not-found");
    expect((await refusal(() => openInput(folder))).code).to.equal("input.not-file");
  });

  it("notices a file that changes while it is read", async () => {
    const path = file(TEXT.repeat(20_000));
    const input = await openInput(path);
    appendFileSync(path, "x,y\n");
    expect((await refusal(() => all(input))).code).to.equal("input.changed");
    expect(() => input.digest()).to.throw();
  });

  it("reads the rows once", async () => {
    const input = await openInput(file(TEXT));
    await all(input);
    expect((await refusal(() => all(input))).code).to.equal("input.read-twice");
  });

  it("reads a header without rows as no rows", async () => {
    expect(await cellsOf(file("a,b\n"))).to.deep.equal([]);
    expect(await cellsOf(file("a,b"))).to.deep.equal([]);
  });

  it("finds the delimiter, and takes a given one", async () => {
    expect(await cellsOf(file("a;b\n1,5;2\n"))).to.deep.equal([["1,5", "2"]]);
    expect(await cellsOf(file("a,x;b\n1;2\n"), { delimiter: ";" })).to.deep.equal([["1", "2"]]);
    expect((await refusal(() => openInput(file(TEXT), { delimiter: ",," }))).code).to.equal(
      "input.delimiter",
    );
  });

  describe("of NDJSON", () => {
    it("reads one object a line, in both encodings, blank lines left out", async () => {
      const text = '{"名称":"示例"}\n\n{"名称":"虚构"}';
      for (const encoding of ["utf-8", "gb18030"]) {
        const input = await openInput(file(iconv.encode(text, encoding)));
        expect(input).to.include({ format: "ndjson", encoding, header: undefined });
        expect(await all(input)).to.deep.equal([
          { kind: "object", row: 1, line: 1, value: { 名称: "示例" } },
          { kind: "object", row: 2, line: 3, value: { 名称: "虚构" } },
        ]);
      }
    });

    it("makes a line that is no object of one reading that line's fault, without quoting it", async () => {
      const lines = [
        '{"a":1}',
        '{"a":1,"a":2}',
        '{"a":0.5}',
        "{",
        "[1]",
        '"SECRET"',
        '{"SECRET":1.5}',
        '{"a":2}',
      ];
      const input = await openInput(file(lines.join("\n")));
      const rows = await all(input);
      expect(rows.map((row) => (row.kind === "fault" ? row.fault.code : "object"))).to.deep.equal([
        "object",
        "json.duplicate-name",
        "json.not-integer",
        "json.incomplete",
        "row.not-object",
        "row.not-object",
        "json.not-integer",
        "object",
      ]);
      expect(JSON.stringify(rows)).not.to.include("SECRET");
    });
  });

  it("reads the same text whatever the encoding and wherever the bytes are cut", async () => {
    // Characters of one, two, three and four bytes, in either encoding.
    const cell = fc.string({
      unit: fc.constantFrom("a", "é", "示", "〔", "𠮷", "€", "\u3000"),
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(cell, { minLength: 1, maxLength: 8 }),
        fc.constantFrom("utf-8", "gb18030"),
        async (lines, encoding) => {
          const bytes = iconv.encode(`x\n${lines.map((line) => `_${line}`).join("\n")}\n`, encoding);
          for (let size = 1; size <= Math.min(bytes.length, 9); size++) {
            const read = await cellsOf(stream(bytes, size), { encoding: encoding as "utf-8" });
            expect(read).to.deep.equal(lines.map((line) => [`_${line}`]));
          }
        },
      ),
      { numRuns: Math.ceil(numRuns / 4) },
    );
  });
});

describe("wholeLines", () => {
  it("stops at a line that outgrows every line", async () => {
    const drain = async (): Promise<void> => {
      expect(await wholeLines(stream(Buffer.alloc(9 * 2 ** 20, "x"), 2 ** 16)).next()).to.have.property(
        "done",
        true,
      );
    };
    expect((await refusal(drain)).code).to.equal("input.line-too-long");
  });
});

describe("rowReader", () => {
  const agencyCode = sampleAgencyCode(1);

  for (const options of [
    { type: "cn.penalty", format: "csv", encoding: "gb18030", columns: "titles" },
    { type: "cn.licence", format: "csv", encoding: "utf-8-bom", columns: "codes" },
    { type: "cn.penalty", format: "ndjson", encoding: "utf-8", columns: "names" },
  ] as const) {
    it(`finds exactly the faults that were put into a ${options.type} file (${options.format}, ${options.encoding})`, async () => {
      const { bytes, sample } = sampleBytes({
        ...options,
        rows: 1500,
        seed: 3,
        agencyCode,
        bad: 0.1,
        persons: 0.2,
      });
      const input = await openInput(file(bytes));
      const reader = rowReader(shippedTypes().get(options.type)!, input.header, { issuerCode: agencyCode });
      const found: unknown[] = [];
      for (const row of await all(input)) {
        const result = reader.read(row);
        if (result.ok) continue;
        for (const { path, code } of result.faults) found.push({ row: row.row, path, code });
      }
      expect(found).to.deep.equal(sample.bad.map(({ row, path, code }) => ({ row, path, code })));
      expect(found.length).to.be.greaterThan(100);
    });
  }

  it("says at once what is wrong with a header", async () => {
    const input = await openInput(file(TEXT));
    expect(() => rowReader(shippedTypes().get("cn.penalty")!, input.header))
      .to.throw()
      .with.property("code", "input.header");
    await input.close();
  });
});
