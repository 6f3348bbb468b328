import { expect } from "chai";
import fc from "fast-check";
import { CreditAnchorError } from "../../src/errors";
import { decodeSpans, encodePositions, encodeSpans, indexesOf } from "../../src/positions";
import { RUNS } from "../support/runs";

const LAST = 2 ** 32 - 1;

function expectRefused(call: () => unknown): void {
  expect(call).to.throw(CreditAnchorError).with.property("code", "positions.invalid");
}

describe("positions", () => {
  it("of neighbours are one span", () => {
    expect(encodePositions([3, 4, 5])).to.equal("0x0000000300000005");
    expect(encodePositions([3, 5])).to.equal("0x00000003000000030000000500000005");
    expect(encodePositions([0, LAST - 1, LAST])).to.equal("0x0000000000000000fffffffeffffffff");
  });

  it("come back as they went in", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { minLength: 1 }), (indexes) => {
        const sorted = [...indexes].sort((a, b) => a - b);
        const encoded = encodePositions(sorted);
        expect([...indexesOf(decodeSpans(encoded))]).to.deep.equal(sorted);
        expect(encodeSpans(decodeSpans(encoded)), "the shortest encoding").to.equal(encoded);
      }),
      RUNS,
    );
  });

  for (const [what, indexes] of [
    ["none", []],
    ["the same twice", [3, 3]],
    ["descending ones", [3, 2]],
    ["a negative one", [-1]],
    ["a fraction", [0.5]],
    ["one too large", [LAST + 1]],
    ["what is no number", [Number.NaN]],
  ] as const)
    it(`are not encoded for ${what}`, () => expectRefused(() => encodePositions(indexes)));

  for (const [what, text] of [
    ["nothing", "0x"],
    ["half a span", "0x00000000"],
    ["a byte too many", "0x000000000000000000"],
    ["no hex", "0x000000000000000g"],
    ["no prefix", "0000000000000000"],
    ["a span that ends before it begins", "0x0000000500000004"],
    ["overlapping spans", "0x00000000000000030000000300000009"],
    ["descending spans", "0x00000005000000050000000300000003"],
  ] as const)
    it(`are not decoded from ${what}`, () => expectRefused(() => decodeSpans(text)));

  it("of four billion leaves are not unfolded by decoding", () => {
    const all = decodeSpans(encodeSpans([{ first: 0, last: LAST }]));
    expect(all).to.deep.equal([{ first: 0, last: LAST }]);
    expect(indexesOf(all).next().value).to.equal(0);
  });
});
