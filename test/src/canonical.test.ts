import { expect } from "chai";
import { toHex, utf8 } from "../../src/bytes";
import { CanonicalWriter, canonical } from "../../src/canonical";
import type { CreditAnchorError } from "../../src/errors";
import { parseJson } from "../../src/json";
import { loadVectors } from "../support/vectors";

const vectors = loadVectors<{ canonical: { text: string; utf8: string }[] }>("canonical");
const { rfc8785 } = loadVectors<{
  rfc8785: { canonical: { name: string; text: string; canonical: string }[] };
}>("published");

function refusalOf(value: unknown): CreditAnchorError {
  try {
    canonical(value);
  } catch (error) {
    return error as CreditAnchorError;
  }
  throw new Error("accepted");
}

describe("canonical", () => {
  for (const each of rfc8785.canonical)
    it(`writes RFC 8785: ${each.name}`, () => {
      expect(canonical(parseJson(each.text))).to.deep.equal(utf8(each.canonical));
    });

  it("writes the bytes of the corpus", () => {
    for (const { text, utf8 } of vectors.canonical)
      expect(toHex(canonical(parseJson(text))), text).to.equal(utf8);
  });

  it("takes objects without a prototype, and __proto__ for a member like every other", () => {
    expect(canonical(Object.assign(Object.create(null), { b: 1, a: 2 }))).to.deep.equal(
      utf8('{"a":2,"b":1}'),
    );
    expect(canonical(parseJson('{"__proto__":{"a":1}}'))).to.deep.equal(utf8('{"__proto__":{"a":1}}'));
    expect(canonical({ toJSON: "text" })).to.deep.equal(utf8('{"toJSON":"text"}'));
  });

  const cycle: unknown[] = [];
  cycle.push({ again: cycle });
  const refusals: [string, unknown, string, string][] = [
    ["undefined", undefined, "canonical.no-json", ""],
    ["an undefined member", { a: undefined }, "canonical.no-json", "/a"],
    ["an undefined element", [1, undefined], "canonical.no-json", "/1"],
    ["a function", { a: () => 1 }, "canonical.no-json", "/a"],
    ["a symbol", [Symbol("x")], "canonical.no-json", "/0"],
    ["a bigint", { a: [1n] }, "canonical.no-json", "/a/0"],
    ["NaN", { a: NaN }, "canonical.not-integer", "/a"],
    ["Infinity", -Infinity, "canonical.not-integer", ""],
    ["a float", [0.1], "canonical.not-integer", "/0"],
    ["an unsafe integer", 2 ** 53, "canonical.not-integer", ""],
    ["an unsafe negative integer", -(2 ** 53), "canonical.not-integer", ""],
    ["-0", { a: -0 }, "canonical.negative-zero", "/a"],
    ["a high surrogate alone", ["x\ud800"], "canonical.lone-surrogate", "/0"],
    ["a low surrogate alone", "\udc00x", "canonical.lone-surrogate", ""],
    ["surrogates in the wrong order", "\udc00\ud800", "canonical.lone-surrogate", ""],
    ["half a character in a name", { "\ud800": 1 }, "canonical.lone-surrogate", "/\ud800"],
    ["a date", { a: new Date(0) }, "canonical.not-plain", "/a"],
    ["a map", new Map([["a", 1]]), "canonical.not-plain", ""],
    ["a set", new Set([1]), "canonical.not-plain", ""],
    ["a regular expression", /a/, "canonical.not-plain", ""],
    ["bytes", Uint8Array.of(1), "canonical.not-plain", ""],
    ["a number object", new Number(1), "canonical.not-plain", ""],
    ["a text object", new String("a"), "canonical.not-plain", ""],
    ["a promise", Promise.resolve(1), "canonical.not-plain", ""],
    [
      "an instance of a class",
      new (class Money {
        amount = 1;
      })(),
      "canonical.not-plain",
      "",
    ],
    ["an object that inherits members", Object.create({ a: 1 }), "canonical.not-plain", ""],
    ["a list of a class", new (class List extends Array {})(), "canonical.not-plain", ""],
    ["a list with a hole", [1, , 3], "canonical.list", ""],
    ["a list that is longer than its elements", new Array(3), "canonical.list", ""],
    ["a list with an extra member", Object.assign([1], { a: 1 }), "canonical.list", ""],
    ["a hole and an extra member together", Object.assign([1, , 3], { a: 1 }), "canonical.member", ""],
    ["toJSON", { toJSON: () => 1 }, "canonical.no-json", "/toJSON"],
    ["a computed member", { get a() { return 1; } }, "canonical.member", ""], // prettier-ignore
    ["a hidden member", Object.defineProperty({}, "a", { value: 1 }), "canonical.member", ""],
    ["a member named by a symbol", { [Symbol("a")]: 1 }, "canonical.member", ""],
    ["a cycle", cycle, "canonical.depth", "/0/again".repeat(32)],
  ];
  for (const [name, value, code, path] of refusals)
    it(`refuses ${name}, and names the place`, () => {
      expect(refusalOf(value).faults[0]).to.include({ code, path });
    });

  it("runs no code of what it reads", () => {
    let runs = 0;
    const spy = { get a() { return ++runs; }, toJSON() { return ++runs; }, toString() { return String(++runs); } }; // prettier-ignore
    refusalOf(spy);
    refusalOf([spy]);
    expect(runs).to.equal(0);
  });

  it("refuses a proxy that will not be read", () => {
    const proxy = new Proxy({}, { ownKeys: () => { throw new TypeError("no"); } }); // prettier-ignore
    expect(refusalOf({ a: proxy }).faults[0]).to.include({ code: "canonical.unreadable", path: "/a" });
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    expect(refusalOf([revoked.proxy]).faults[0]).to.include({ code: "canonical.unreadable", path: "/0" });
  });

  it("is not mixed up when reading a proxy runs it again", () => {
    const proxy = new Proxy({ a: 1 }, { ownKeys: (target) => (canonical({ b: [2] }), Reflect.ownKeys(target)) }); // prettier-ignore
    expect(new TextDecoder().decode(canonical(["x", proxy]))).to.equal('["x",{"a":1}]');
  });

  it("gives up on values that share parts and unfold without end", () => {
    let bomb: unknown = ["0123456789".repeat(100)];
    for (let i = 0; i < 60; i++) bomb = [bomb, bomb];
    expect(refusalOf(bomb).code).to.equal("canonical.too-large");
  });

  const limit = 2 ** 24;
  const sized: [string, (bytes: number) => unknown][] = [
    ["a text", (bytes) => "x".repeat(bytes - 2)],
    ["texts", (bytes) => ["x".repeat(1000), "x".repeat(bytes - 1007)]],
    ["numbers", (bytes) => numbers(bytes)],
    ["empty lists", (bytes) => lists(bytes)],
  ];
  function numbers(bytes: number): unknown {
    // `1234567,` is 8 bytes; the brackets replace the last comma and add one.
    const all = new Array<number>(Math.floor((bytes - 1) / 8)).fill(1234567);
    const rest = bytes - 1 - 8 * all.length;
    return rest === 0 ? all : [...all.slice(1), 10 ** (6 + rest)];
  }
  function lists(bytes: number): unknown {
    const all = new Array<unknown>(Math.floor((bytes - 1) / 3)).fill([]);
    const rest = bytes - 1 - 3 * all.length;
    return rest === 0 ? all : [...all.slice(1), 10 ** (1 + rest)];
  }
  for (const [what, make] of sized)
    it(`takes 2^24 bytes and not one more: ${what}`, () => {
      expect(canonical(make(limit))).to.have.length(limit);
      expect(refusalOf(make(limit + 1)).code).to.equal("canonical.too-large");
    });

  it("never quotes the value", () => {
    for (const value of [["SECRET", undefined], { a: "SECRET", b: 0.5 }, "SECRET\ud800"])
      expect(JSON.stringify(refusalOf(value).faults)).not.to.include("SECRET");
  });
});

describe("CanonicalWriter", () => {
  it("writes one value after the other into one buffer, raw bytes between", () => {
    const writer = new CanonicalWriter();
    writer.byte(7);
    writer.raw(Uint8Array.of(8, 9));
    writer.value({ b: [1], a: "x" });
    expect(writer.bytes()).to.deep.equal(new Uint8Array([7, 8, 9, ...utf8('{"a":"x","b":[1]}')]));
    writer.reset();
    writer.value(null);
    expect(writer.bytes()).to.deep.equal(utf8("null"));
  });

  it("grows at every length of its buffer, and can be used again after a refusal", () => {
    const writer = new CanonicalWriter();
    for (let length = 1000; length < 1100; length++) {
      writer.reset();
      for (let i = 0; i < length; i++) writer.byte(1);
      writer.value("é");
      expect(writer.bytes()).to.have.length(length + 4);
    }
    expect(() => writer.value({ a: [undefined] })).to.throw();
    writer.reset();
    expect(() => writer.value([undefined])).to.throw("/0: is undefined");
  });
});
