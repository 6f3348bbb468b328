import { expect } from "chai";
import { parse } from "csv-parse/sync";
import * as fc from "fast-check";
import { type CsvRow, CsvSplitter, guessDelimiter, MAX_ROW } from "../../src/input/csv";

const numRuns = Number(process.env["PROPERTY_RUNS"] ?? 100);

/** All rows of a text given in pieces. */
function split(pieces: readonly string[], delimiter = ","): CsvRow[] {
  const splitter = new CsvSplitter(delimiter);
  return [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.end()];
}

const cells = (rows: readonly CsvRow[]): unknown[] =>
  rows.map((row) => ("cells" in row ? row.cells : row.fault.code));

describe("CsvSplitter", () => {
  for (const [what, text, expected] of [
    [
      "plain cells",
      "a,b\nc,d\n",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "a last line without line feed",
      "a,b\nc,d",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "line ends of Windows",
      "a,b\r\nc,d\r\n",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "empty cells",
      ",\na,,\n",
      [
        ["", ""],
        ["a", "", ""],
      ],
    ],
    ["blank lines, which are no rows", "\n\r\na\n\n\nb\n\n", [["a"], ["b"]]],
    ["quoted cells with delimiter, line feed and quote", '"a,1","b\nc","d""e"\n', [["a,1", "b\nc", 'd"e']]],
    ["quoted cells with line ends of Windows", '"a","b\r\nc"\r\n"d"\r\n', [["a", "b\r\nc"], ["d"]]],
    ["empty quoted cells", '"",""\n""\n', [["", ""], [""]]],
    ["a cell of nothing but a quote", '""""\n', [['"']]],
    ["a quote within a cell that did not begin with one", 'a"b,5" pipe\n', [['a"b', '5" pipe']]],
    ["spaces around cells, which belong to them", " a , b \n", [[" a ", " b "]]],
    ["a quoted cell at the very end", 'a,"b"', [["a", "b"]]],
    [
      "rows of different lengths, which the reader refuses",
      "a,b\nc\nd,e,f\n",
      [["a", "b"], ["c"], ["d", "e", "f"]],
    ],
    ["a return within a line, which is text", "a\rb,c\n", [["a\rb", "c"]]],
    ["nothing", "", []],
  ] as const) {
    it(`reads ${what}`, () => expect(cells(split([text]))).to.deep.equal(expected));
  }

  it("rejects a cell that goes on after its closing quote, and goes on with the next line", () => {
    const rows = split(['x,y\na,"b"c\nd,e\n']);
    expect(cells(rows)).to.deep.equal([["x", "y"], "row.quote", ["d", "e"]]);
    expect(rows.map(({ line }) => line)).to.deep.equal([1, 2, 3]);
  });

  it("takes nothing for a row that stood inside quotes when those turn out to be broken", () => {
    const rows = split(['x,y\na,"b\nforged,row\n"c,d\ne,f\n']);
    expect(cells(rows)).to.deep.equal([["x", "y"], "row.quote", ["e", "f"]]);
    const fault = rows[1] as { fault: { message: string } };
    expect(fault.fault.message).to.include("lines 2 to 4").and.not.to.include("forged");
  });

  it("rejects all that follows a quote that is never closed, and says where it was opened", () => {
    const rows = split(['x,y\na,b\nc,"d\ne,f\n']);
    expect(cells(rows)).to.deep.equal([["x", "y"], ["a", "b"], "row.quote-open"]);
    expect(rows[2]).to.have.property("line", 3);
    expect((rows[2] as { fault: { message: string } }).fault.message).to.include("lines 3 to 4");
  });

  it("stops at a row that outgrows every row, instead of filling the memory", () => {
    const splitter = new CsvSplitter(",");
    splitter.push('x,y\na,"');
    const pushMuch = (): void => {
      for (let i = 0; i < 40; i++) splitter.push("b,c\n".repeat(10_000));
    };
    expect(pushMuch).to.throw().with.property("code", "input.row-too-long");
    expect(pushMuch).to.throw(/line 2 has more than/);
    expect(() => split(["x".repeat(MAX_ROW + 1)]))
      .to.throw()
      .with.property("code", "input.row-too-long");
  });

  it("counts lines, also those inside quotes and blank ones", () => {
    const rows = split(['a\n\n"b\nc"\nd\n"e\n\nf"\n\ng']);
    expect(rows.map(({ line }) => line)).to.deep.equal([1, 3, 5, 6, 10]);
  });

  it("reads the same rows wherever the text is cut, for every cut", () => {
    const text = 'a,"b ""x"""\r\n"c\r\nd",e\r\n\r\nf,"g"h\r\ni,"j"\r\n"l"\rm\nn\n,"k\n';
    const whole = split([text]);
    for (let i = 0; i <= text.length; i++) {
      for (const j of [i, i + 1, i + 2]) {
        expect(split([text.slice(0, i), text.slice(i, j), text.slice(j)]), `cut at ${i}, ${j}`).to.deep.equal(
          whole,
        );
      }
    }
  });

  it("reads what csv-parse reads, from every table that is written by the rules", () => {
    const cell = fc.string({
      unit: fc.constantFrom("a", "示", ",", '"', "\n", "\r\n", " ", ";"),
      maxLength: 6,
    });
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
    const options = fc.record({
      lineEnd: fc.constantFrom("\n", "\r\n"),
      quoteAll: fc.boolean(),
      last: fc.boolean(),
    });
    fc.assert(
      fc.property(table, options, fc.nat(60), (rows, { lineEnd, quoteAll, last }, cut) => {
        const write = (text: string): string =>
          quoteAll || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
        const text = rows.map((row) => row.map(write).join(",")).join(lineEnd) + (last ? lineEnd : "");
        const ours = cells(split([text.slice(0, cut), text.slice(cut)]));
        expect(ours).to.deep.equal(rows);
        const theirs: unknown = parse(text, {
          relax_column_count: true,
          skip_empty_lines: true,
          record_delimiter: lineEnd,
        });
        expect(ours).to.deep.equal(theirs);
      }),
      { numRuns: numRuns * 5 },
    );
  });

  it("never throws and never loses the rest, whatever the text", () => {
    const text = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r"), maxLength: 30 });
    fc.assert(
      fc.property(text, fc.nat(30), (broken, cut) => {
        const rows = split([broken.slice(0, cut), broken.slice(cut)]);
        expect(rows).to.deep.equal(split([broken]));
        for (let i = 1; i < rows.length; i++) expect(rows[i]!.line).to.be.greaterThan(rows[i - 1]!.line);
      }),
      { numRuns: numRuns * 5 },
    );
  });
});

describe("guessDelimiter", () => {
  for (const [line, delimiter] of [
    ["a,b,c", ","],
    ["a;b;c", ";"],
    ["a\tb\tc", "\t"],
    ["a|b|c", "|"],
    ['"a;b;c;d",e,f', ","],
    ["a", ","],
    ["", ","],
  ] as const) {
    it(`finds ${JSON.stringify(delimiter)} in ${JSON.stringify(line)}`, () => {
      expect(guessDelimiter(line)).to.equal(delimiter);
    });
  }
});
