import { expect } from "chai";
import type { CreditAnchorError } from "../../src/errors";
import { MAX_DEPTH, parseJson } from "../../src/json";
import { loadVectors } from "../support/vectors";

const { canonical, refused } = loadVectors<{
  canonical: { text: string }[];
  refused: { text: string; code: string; path: string }[];
}>("canonical");
const { rfc8785 } = loadVectors<{ rfc8785: { refused: typeof refused } }>("published");

function refusalOf(text: string, options?: { maxDepth?: number }): CreditAnchorError {
  try {
    parseJson(text, options);
  } catch (error) {
    return error as CreditAnchorError;
  }
  throw new Error("accepted");
}

describe("parseJson", () => {
  it("reads what the engine's parser reads, alike", () => {
    for (const { text } of canonical) expect(parseJson(text)).to.deep.equal(JSON.parse(text));
  });

  for (const { text, code, path } of [...refused, ...rfc8785.refused])
    it(`refuses ${JSON.stringify(text).slice(0, 60)}: ${code}`, () => {
      const error = refusalOf(text);
      expect(error.name).to.equal("CreditAnchorError");
      expect(error.faults).to.have.length(1);
      expect(error.faults[0]).to.include({ code, path });
      expect(error.code).to.equal(code);
    });

  it("says where in the text it stopped, and never quotes it", () => {
    const error = refusalOf('{"name":"SECRET",\n "amount":12345.67}');
    expect(error.message).to.equal(
      "/amount: is not an integer; decimals are written as text (at character 34)",
    );
    for (const text of [
      '{"a":"SECRET","a":"SECRET"}',
      '["SECRET\u0000"]',
      '["SECRET" "SECRET"]',
      '"SECRET\\ud800"',
    ])
      expect(JSON.stringify(refusalOf(text).faults) + refusalOf(text).message).not.to.include("SECRET");
  });

  it("makes __proto__ a member like every other", () => {
    const value = parseJson('{"__proto__":{"polluted":1},"a":{"__proto__":null}}') as Record<string, object>;
    expect(Object.keys(value)).to.deep.equal(["__proto__", "a"]);
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
    expect((value as { polluted?: unknown }).polluted).to.equal(undefined);
    expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
  });

  it("accepts members named like inherited ones, once", () => {
    expect(parseJson('{"toString":1,"constructor":2}')).to.deep.equal({ toString: 1, constructor: 2 });
    expect(refusalOf('{"toString":1,"toString":2}').code).to.equal("json.duplicate-name");
  });

  it("counts levels of lists and objects up to the limit given", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(() => parseJson(nested(MAX_DEPTH))).not.to.throw();
    expect(refusalOf(nested(MAX_DEPTH + 1)).code).to.equal("json.depth");
    expect(() => parseJson(nested(3), { maxDepth: 3 })).not.to.throw();
    expect(refusalOf(nested(4), { maxDepth: 3 }).code).to.equal("json.depth");
    expect(() => parseJson(`[${"[],".repeat(1000)}[]]`, { maxDepth: 2 }), "width is no depth").not.to.throw();
    expect(refusalOf("[".repeat(1_000_000)).code).to.equal("json.depth");
  });

  it("takes a very long text and a very long list", () => {
    const long = "好".repeat(3_000_000);
    expect(parseJson(JSON.stringify(long))).to.equal(long);
    expect(parseJson(`[${"1,".repeat(200_000)}1]`)).to.have.length(200_001);
  });

  it("refuses what is no text", () => {
    for (const value of [undefined, null, 1, {}, [], new String("1"), Symbol("x"), 1n])
      expect(() => parseJson(value as string))
        .to.throw()
        .with.property("code", "json.not-text");
  });
});
