import { expect } from "chai";
import * as fc from "fast-check";
import { dateForm, scaledInteger, textForm } from "../../src/types/forms";

const numRuns = Number(process.env["PROPERTY_RUNS"] ?? 100);

describe("scaledInteger", () => {
  for (const [text, decimals, value] of [
    ["0.2", 6, 200_000],
    ["0.000001", 6, 1],
    ["1", 6, 1_000_000],
    ["0", 6, 0],
    ["0.0", 6, 0],
    ["-0", 6, 0],
    ["-1.5", 6, -1_500_000],
    ["007", 0, 7],
    ["12.3400000000", 6, 12_340_000],
    ["１２．３４", 2, 1234],
    [" 5 ", 2, 500],
    ["9007199254.740991", 6, Number.MAX_SAFE_INTEGER],
    ["9007199254740991", 0, Number.MAX_SAFE_INTEGER],
  ] as const) {
    it(`reads ${JSON.stringify(text)} with ${decimals} decimals as ${value}`, () => {
      expect(scaledInteger(text, decimals)).to.deep.equal({ value });
    });
  }

  for (const [text, decimals, code] of [
    ["0.0000001", 6, "decimal.precision"],
    ["1.5", 0, "integer.fraction"],
    ["9007199254.740992", 6, "integer.overflow"],
    ["9007199254740992", 0, "integer.overflow"],
    ["99999999999999999999999999", 0, "integer.overflow"],
    ["1,000.5", 6, "decimal.form"],
    ["1e3", 6, "decimal.form"],
    ["+1", 6, "decimal.form"],
    [".5", 6, "decimal.form"],
    ["5.", 6, "decimal.form"],
    ["0x10", 0, "integer.form"],
    ["--1", 0, "integer.form"],
    ["2万元", 6, "decimal.form"],
    ["NaN", 0, "integer.form"],
    ["", 0, "integer.form"],
    ["1.2.3", 6, "decimal.form"],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} with ${decimals} decimals: ${code}`, () => {
      expect(scaledInteger(text, decimals)).to.include({ code });
    });
  }

  it("is exact: printing the integer with the point moved and reading it gives the integer", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(12), fc.nat(4), (value, decimals, zeros) => {
        const digits = String(Math.abs(value)).padStart(decimals + 1, "0");
        const at = digits.length - decimals;
        const text = `${value < 0 ? "-" : ""}${digits.slice(0, at)}.${digits.slice(at)}${"0".repeat(zeros + 1)}`;
        const read = scaledInteger(text, decimals);
        expect(read).to.deep.equal({ value: Object.is(value, -0) ? 0 : value });
        expect(Object.is((read as { value: number }).value, -0)).to.equal(false);
      }),
      { numRuns: numRuns * 5 },
    );
  });
});

describe("dateForm", () => {
  for (const text of [
    "2019-01-05",
    "2019/01/05",
    "2019/1/5",
    "2019-1-5",
    "2019.1.5",
    "20190105",
    "2019年1月5日",
    "2019/1/5 0:00",
    "2019-01-05 00:00:00",
    "2019-01-05T00:00:00.000",
    "2019-01-05T00:00:00+08:00",
    "２０１９／１／５",
    " 2019/1/5 ",
  ]) {
    it(`reads ${text} as 2019-01-05`, () => expect(dateForm(text)).to.deep.equal({ value: "2019-01-05" }));
  }

  for (const [text, code] of [
    ["2019-02-29", "date.impossible"],
    ["2019/13/1", "date.impossible"],
    ["20190431", "date.impossible"],
    ["0000-01-01", "date.impossible"],
    ["2019/0/5", "date.impossible"],
    ["2019-01/05", "date.form"],
    ["05/01/2019", "date.form"],
    ["19-01-05", "date.form"],
    ["2019-01", "date.form"],
    ["2019", "date.form"],
    ["43470", "date.serial"],
    ["2019-01-05 08:30", "date.time"],
    ["2019-01-05T00:00:00Z", "date.time"],
    ["2019-01-05T00:00:00+09:00", "date.time"],
    ["长期", "date.form"],
  ] as const) {
    it(`refuses ${text}: ${code}`, () => {
      const form = dateForm(text);
      expect(form).to.include({ code });
      expect(form).not.to.have.property("value");
    });
  }

  it("finds the same day in every way of writing it, or refuses it in every way", () => {
    const pad = (n: number): string => String(n).padStart(2, "0");
    fc.assert(
      fc.property(
        fc.integer({ min: 1900, max: 2100 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 31 }),
        (y, m, d) => {
          const writings = [
            `${y}-${pad(m)}-${pad(d)}`,
            `${y}/${m}/${d}`,
            `${y}${pad(m)}${pad(d)}`,
            `${y}年${m}月${d}日`,
          ];
          const exists = d <= new Date(Date.UTC(y, m, 0)).getUTCDate();
          for (const text of writings) {
            if (exists) expect(dateForm(text)).to.deep.equal({ value: writings[0] });
            else expect(dateForm(text)).to.include({ code: "date.impossible" });
          }
        },
      ),
      { numRuns },
    );
  });
});

describe("textForm", () => {
  for (const [text, value] of [
    ["  示例 有限公司\t", "示例 有限公司"],
    ["\u3000示例\u200b", "示例"],
    ["first\r\nsecond\rthird", "first\nsecond\nthird"],
    ["e\u0301", "é"],
    ["\u212b", "Å"],
    ["\uac00\u11a8", "\uac01"],
    ["𠮷野家", "𠮷野家"],
    ["", ""],
  ] as const) {
    it(`makes ${JSON.stringify(text)} ${JSON.stringify(value)}`, () => {
      expect(textForm(text)).to.deep.equal({ value });
    });
  }

  for (const [text, code] of [
    ["a\0b", "text.control"],
    ["a\u001bb", "text.control"],
    ["a\u0085b", "text.control"],
    ["a\u200bb", "text.invisible"],
    ["a\u202eb", "text.invisible"],
    ["a\ufeffb", "text.invisible"],
    ["a\ufffdb", "text.replacement"],
    ["a\ud800b", "text.surrogate"],
    ["\udc00\ud800", "text.surrogate"],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}: ${code}`, () => expect(textForm(text)).to.include({ code }));
  }

  it("gives text in NFC without white space around, or refuses; and changes nothing when applied twice", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(..." \t\r\n\u0000aé\u0301中𠮷（\u3000\u302a\u200b\ud800".split("")),
        }),
        (text) => {
          const form = textForm(text);
          if (!("value" in form)) return;
          expect(form.value).to.equal(form.value.normalize("NFC"));
          expect(form.value).to.equal(form.value.trim());
          expect(form.value).not.to.match(/[\0-\x08\r]/);
          expect(textForm(form.value)).to.deep.equal(form);
        },
      ),
      { numRuns: numRuns * 5 },
    );
  });
});
