import { expect } from "chai";
import fc from "fast-check";
import { toHex } from "../../src/bytes";
import { canonical } from "../../src/canonical";
import { keyForm } from "../../src/commitment";
import { parseJson, type JsonValue } from "../../src/json";
import * as oracle from "../support/oracle";
import { RUNS } from "../support/runs";

const text = fc.string({ unit: "grapheme" });
const anyText = fc.oneof(text, fc.string({ unit: "binary" }));
const integer = fc.oneof(fc.integer(), fc.maxSafeInteger()).map((value) => (value === 0 ? 0 : value));
const { value: jsonValue } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    integer,
    text,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(text, tie("value"), { maxKeys: 6, noNullPrototype: true }),
  ),
}));

const utf8Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

describe("canonical form", () => {
  it("read again is the value", () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(parseJson(utf8Of(canonical(value)))).to.deep.equal(value);
      }),
      RUNS,
    );
  });

  it("is the oracle's, and its own canonical form", () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const bytes = canonical(value);
        expect(utf8Of(bytes)).to.equal(oracle.jcs(value as never));
        expect(canonical(parseJson(utf8Of(bytes)))).to.deep.equal(bytes);
      }),
      RUNS,
    );
  });

  it("does not depend on the order of members nor on how JSON was spaced", () => {
    const reversed = (value: JsonValue): JsonValue => {
      if (typeof value !== "object" || value === null) return value;
      if (Array.isArray(value)) return (value as JsonValue[]).map(reversed);
      const members = Object.entries(value).reverse();
      return Object.fromEntries(members.map(([name, part]) => [name, reversed(part)]));
    };
    fc.assert(
      fc.property(jsonValue, (value) => {
        const other = parseJson(JSON.stringify(reversed(value), null, " \t"));
        expect(toHex(canonical(other))).to.equal(toHex(canonical(value)));
      }),
      RUNS,
    );
  });

  it("of two different values are different", () => {
    fc.assert(
      fc.property(jsonValue, jsonValue, (a, b) => {
        const same = utf8Of(canonical(a)) === utf8Of(canonical(b));
        expect(same).to.equal(oracle.jcs(a as never) === oracle.jcs(b as never));
      }),
      RUNS,
    );
  });

  it("exists for exactly the texts without half characters", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(text, fc.constantFrom("\ud800", "\udfff", "\udbff", "\udc00")) }),
        (value) => {
          const whole = !/\p{Cs}/u.test(value);
          let isAccepted = true;
          try {
            canonical(value);
          } catch {
            isAccepted = false;
          }
          expect(isAccepted).to.equal(whole);
        },
      ),
      RUNS,
    );
  });
});

describe("the strict parser", () => {
  it("accepts nothing that the engine's parser refuses, and reads what both accept alike", () => {
    const pieces = fc.constantFrom(
      ...'{}[]:,"\\-01289.eE tfn'.split(""),
      "true",
      "null",
      '"a"',
      '"b":',
      "\\u00e9",
      "[]",
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 12 }).map((all) => all.join("")),
        (candidate) => {
          let ours: unknown;
          try {
            ours = parseJson(candidate);
          } catch {
            return;
          }
          expect(ours).to.deep.equal(JSON.parse(candidate));
        },
      ),
      { numRuns: 20 * RUNS.numRuns },
    );
  });
});

describe("key form", () => {
  it("is the oracle's, and stays what it is when applied again", () => {
    const hard = fc.constantFrom(
      "ａ",
      "Ａ",
      "\u0301",
      "\u030a",
      "（",
      "〈",
      "\u2329",
      "\u3000",
      "\u212b",
      "e",
      " ",
      "ﾊﾞ",
      "\u0344",
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.oneof(hard, text) }), (value) => {
        const form = keyForm(value);
        expect(form).to.equal(oracle.keyForm(value));
        expect(keyForm(form)).to.equal(form);
      }),
      { numRuns: 5 * RUNS.numRuns },
    );
  });

  it("ignores how a text was composed", () => {
    fc.assert(
      fc.property(anyText, (value) => {
        fc.pre(!/\p{Cs}/u.test(value));
        expect(keyForm(value.normalize("NFD"))).to.equal(keyForm(value));
      }),
      RUNS,
    );
  });
});
