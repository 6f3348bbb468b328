import { expect } from "chai";
import { concat, fromHex, toHex } from "../../src/bytes";
import * as c from "../../src/commitment";
import { loadFastHashes } from "../../src/fast-hashes";
import { portableHashes } from "../../src/hashes";
import type { JsonObject, JsonValue } from "../../src/json";
import type { OracleHeader } from "../support/oracle";
import { bytesOf } from "../support/samples";
import { loadVectors } from "../support/vectors";

interface Corpus {
  typeHash: { document: JsonObject; fields: string[]; hash: string };
  salts: { secret: string; count: number; salts: string[] }[];
  fieldDigests: { salt: string; name: string; value: JsonValue; digest: string }[];
  commitments: {
    typeHash: string;
    previous: string;
    record: Record<string, JsonValue>;
    secret: string;
    commitment: string;
  }[];
  recordKeys: { agencyKey: string; agencyCode: string; type: string; values: JsonValue[]; key: string }[];
  domains: { chainId: number; registry: string; domain: string }[];
  leaves: {
    domain: string;
    agencyId: number;
    typeId: number;
    key: string;
    version: number;
    commitment: string;
    leaf: string;
  }[];
  headers: { header: OracleHeader; hash: string; batchId: string }[];
  manifests: { manifest: JsonObject; hash: string }[];
  keyCommitments: { agencyKey: string; hash: string }[];
  evidenceHashes: { random: string; sha256: string; hash: string }[];
}

const corpus = loadVectors<Corpus>("commitments");
const keyForms = loadVectors<{ groups: { form: string; texts: string[] }[] }>("key-forms");
const secret = fromHex(corpus.salts[0]!.secret);
const codeOf = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("formulas of format 1", () => {
  it("give the type hash of the corpus, whatever the order in which members were written", () => {
    const { document, hash } = corpus.typeHash;
    expect(toHex(c.typeHash(document))).to.equal(hash);
    const reversed = Object.fromEntries(Object.entries(document).reverse());
    expect(toHex(c.typeHash(reversed))).to.equal(hash);
  });

  it("give the salts of the corpus", () => {
    for (const { secret, count, salts } of corpus.salts)
      expect(toHex(c.recordSalts(fromHex(secret), count))).to.equal(
        toHex(concat(...salts.map((s) => fromHex(s)))),
      );
  });

  it("give the field digests of the corpus", () => {
    for (const { salt, name, value, digest } of corpus.fieldDigests)
      expect(toHex(c.fieldDigest(fromHex(salt), name, value)), name).to.equal(digest);
  });

  for (const [kind, load] of [
    ["portable", () => Promise.resolve(portableHashes)],
    ["fast", loadFastHashes],
  ] as const)
    it(`give the commitments of the corpus, field by field and sealed at once, with ${kind} hashes`, async () => {
      const hashes = await load();
      const { fields } = corpus.typeHash;
      const seal = c.recordSealer(fromHex(corpus.typeHash.hash), fields, hashes);
      for (const { typeHash, previous, record, secret, commitment } of corpus.commitments) {
        const salts = c.recordSalts(fromHex(secret), fields.length, hashes);
        const digests = fields.map((name, i) =>
          c.fieldDigest(salts.slice(16 * i, 16 * i + 16), name, record[name] ?? null, hashes),
        );
        const whole = c.commitment(fromHex(typeHash), fromHex(previous), concat(...digests), hashes);
        expect(toHex(whole)).to.equal(commitment);
        expect(toHex(seal(record, fromHex(secret), fromHex(previous)))).to.equal(commitment);
      }
    });

  it("give the record keys of the corpus", () => {
    for (const { agencyKey, agencyCode, type, values, key } of corpus.recordKeys)
      expect(toHex(c.recordKey(fromHex(agencyKey), agencyCode, type, values))).to.equal(key);
  });

  it("give the domains and leaves of the corpus", () => {
    for (const { chainId, registry, domain } of corpus.domains)
      expect(toHex(c.domain(chainId, registry))).to.equal(domain);
    for (const { domain, agencyId, typeId, key, version, commitment, leaf } of corpus.leaves) {
      const place = { domain: fromHex(domain), agencyId, typeId };
      expect(toHex(c.leafHash(place, fromHex(key), version, fromHex(commitment)))).to.equal(leaf);
    }
  });

  it("give the header hashes and batch ids of the corpus, there and back", () => {
    for (const { header, hash, batchId } of corpus.headers) {
      expect(toHex(c.headerHash(header))).to.equal(hash);
      expect(c.previousOf(header)).to.equal(hash.slice(0, 42));
      expect(c.batchId(header.agencyId, header.sequence)).to.equal(batchId);
      expect(c.parseBatchId(batchId)).to.deep.equal({ agencyId: header.agencyId, sequence: header.sequence });
    }
  });

  it("give the hashes of manifests, agency keys and evidence of the corpus", () => {
    for (const { manifest, hash } of corpus.manifests) expect(toHex(c.manifestHash(manifest))).to.equal(hash);
    for (const { agencyKey, hash } of corpus.keyCommitments)
      expect(toHex(c.keyCommitment(fromHex(agencyKey)))).to.equal(hash);
    for (const { random, sha256, hash } of corpus.evidenceHashes)
      expect(toHex(c.evidenceHash(fromHex(random), fromHex(sha256)))).to.equal(hash);
  });
});

describe("headerHash", () => {
  it("depends on every member", () => {
    const { header, hash } = corpus.headers[2]!;
    for (const [name, value] of Object.entries(header)) {
      const other =
        typeof value === "number" ? value + 1 : `${value.slice(0, -1)}${value.endsWith("0") ? "1" : "0"}`;
      expect(toHex(c.headerHash({ ...header, [name]: other })), name).not.to.equal(hash);
    }
  });

  it("refuses what does not fit its word", () => {
    const { header } = corpus.headers[2]!;
    for (const [name, value] of [
      ["format", 65536],
      ["size", 2 ** 32],
      ["agencyId", -1],
      ["sequence", 1.5],
      ["anchoredAt", 2 ** 53],
      ["operator", "0x00"],
      ["previous", header.root],
      ["root", header.previous],
      ["root", header.root.toUpperCase()],
    ] as const)
      expect(
        codeOf(() => c.headerHash({ ...header, [name]: value })),
        name,
      ).to.match(/^(integer|hex)\.invalid$/);
  });
});

describe("recordSealer", () => {
  const names = ["a", "b", "toString"];
  const seal = c.recordSealer(fromHex(bytesOf("type")), names);

  it("tells an absent field from every value but null", () => {
    const absent = seal({}, secret);
    expect(seal({ a: null }, secret)).to.deep.equal(absent);
    for (const value of ["", 0, false, "null", [], {}])
      expect(seal({ a: value }, secret)).not.to.deep.equal(absent);
  });

  it("does not take inherited members for fields", () => {
    expect(seal({ a: 1 }, secret)).to.deep.equal(seal(Object.assign(Object.create(null), { a: 1 }), secret));
    expect(seal({ toString: 1 } as never, secret)).not.to.deep.equal(seal({}, secret));
  });

  it("depends on values, names, secret, previous and type, and on which field has which value", () => {
    const base = toHex(seal({ a: 1, b: 2 }, secret));
    const others = [
      seal({ a: 2, b: 1 }, secret),
      seal({ a: 1, b: 2 }, fromHex(bytesOf("another secret"))),
      seal({ a: 1, b: 2 }, secret, fromHex(bytesOf("previous"))),
      c.recordSealer(fromHex(bytesOf("another type")), names)({ a: 1, b: 2 }, secret),
      c.recordSealer(fromHex(bytesOf("type")), ["a", "b", "valueOf"])({ a: 1, b: 2 }, secret),
    ].map(toHex);
    expect(new Set([base, ...others])).to.have.length(6);
  });

  it("refuses members that are no fields, and names them", () => {
    expect(() => seal({ a: 1, c: 2 }, secret))
      .to.throw("/c: is not a field")
      .with.property("code", "record.unknown-field");
  });

  it("refuses values without a canonical form, and works on", () => {
    const good = seal({ a: 1 }, secret);
    for (const value of [undefined, 0.5, -0, new Date(), 1n, "\ud800", [undefined]])
      expect(() => seal({ a: 1, b: value as JsonValue }, secret))
        .to.throw()
        .with.property("name", "CreditAnchorError");
    expect(seal({ a: 1 }, secret)).to.deep.equal(good);
  });

  it("refuses field names that are no set in order", () => {
    const type = fromHex(bytesOf("type"));
    for (const bad of [[], ["b", "a"], ["a", "a"], Array.from({ length: 256 }, (_, i) => String(1000 + i))])
      expect(
        codeOf(() => c.recordSealer(type, bad)),
        String(bad.length),
      ).to.equal("type.field-order");
    expect(() => c.recordSealer(type, bytesNames(255))).not.to.throw();
  });
});

const bytesNames = (count: number): string[] => Array.from({ length: count }, (_, i) => String(1000 + i));

describe("commitment", () => {
  it("cannot be taken for a field digest, a leaf, a node or any other hash of the same bytes", () => {
    const data = Array.from({ length: 8 }, (_, tag) => concat(Uint8Array.of(tag), fromHex(bytesOf("same"))));
    expect(new Set(data.map((bytes) => toHex(portableHashes.keccak256(bytes))))).to.have.length(8);
    // Equal inputs behind different tags, in the functions themselves:
    const [a, b] = [fromHex(bytesOf("a")), fromHex(bytesOf("b"))];
    const hashes = [c.evidenceHash(a, b), c.commitment(a, b, a), c.keyCommitment(a)].map(toHex);
    expect(new Set(hashes)).to.have.length(3);
  });

  it("takes 1 to 255 field digests", () => {
    const hash = fromHex(bytesOf("x"));
    for (const length of [0, 31, 33, 32 * 256])
      expect(codeOf(() => c.commitment(hash, hash, new Uint8Array(length)))).to.equal("bytes.invalid");
    expect(c.commitment(hash, hash, new Uint8Array(32 * 255))).to.have.length(32);
  });
});

describe("keyForm", () => {
  for (const { form, texts } of keyForms.groups)
    it(`gives ${JSON.stringify(form)} for ${texts.length} spellings, and for itself`, () => {
      for (const text of [...texts, form]) expect(c.keyForm(text), JSON.stringify(text)).to.equal(form);
    });

  it("keeps different document numbers different", () => {
    const numbers = [
      "发改财金〔2015〕12号",
      "发改财金〔2015〕21号",
      "发改财金〔2015〕1２3号",
      "2015",
      "〔2015〕",
    ];
    expect(new Set(numbers.map((text) => c.keyForm(text)))).to.have.length(numbers.length);
  });

  it("refuses half characters", () => {
    expect(codeOf(() => c.keyForm("x\ud800"))).to.equal("text.lone-surrogate");
  });
});

describe("recordKey", () => {
  const key = fromHex(bytesOf("agency key"));
  const make = (values: unknown, code = "A", type = "t"): unknown =>
    codeOf(() => toHex(c.recordKey(key, code, type, values as JsonValue[])));

  it("is the same for spellings of one key and differs in everything else", () => {
    expect(make(["Ａ（1）", 1])).to.equal(make(["a [1] ", 1]));
    const all = [
      make(["x"]),
      make(["x", "x"]),
      make(["xx"]),
      make([1]),
      make(["1"]),
      make([true]),
      make(["TRUE"]),
    ];
    all.push(make(["x"], "B"), make(["x"], "A", "u"), make(["X", "Y"]), make(["Y", "X"]));
    expect(new Set(all)).to.have.length(all.length);
    expect(c.recordKey(fromHex(bytesOf("another key")), "A", "t", ["x"])).not.to.deep.equal(
      fromHex(make(["x"]) as string),
    );
  });

  it("refuses keys of nothing, and values that are no plain text or integer", () => {
    expect(make([])).to.equal("key.empty");
    for (const value of ["", " ", "\u3000\t"]) expect(make(["x", value])).to.equal("key.empty");
    for (const value of [null, undefined, [], {}, ["x"], Symbol("x"), 1n])
      expect(make([value])).to.equal("key.value");
    for (const value of [0.5, NaN, 2 ** 53, -0]) expect(make([value])).to.match(/^canonical\./);
    expect(make("x")).to.equal("key.empty");
    expect(make(["x"], "")).to.equal("key.names");
  });
});

describe("leafHash", () => {
  it("names chain, registry, agency, type, key, version and commitment: change one and the leaf is another", () => {
    const place = { domain: c.domain(1, bytesOf("r", 20)), agencyId: 1, typeId: 2 };
    const [key, sealed] = [fromHex(bytesOf("k")), fromHex(bytesOf("c"))];
    const leaves = [
      c.leafHash(place, key, 1, sealed),
      c.leafHash({ ...place, domain: c.domain(2, bytesOf("r", 20)) }, key, 1, sealed),
      c.leafHash({ ...place, domain: c.domain(1, bytesOf("s", 20)) }, key, 1, sealed),
      c.leafHash({ ...place, agencyId: 2 }, key, 1, sealed),
      c.leafHash({ ...place, typeId: 1 }, key, 1, sealed),
      c.leafHash(place, sealed, 1, sealed),
      c.leafHash(place, key, 2, sealed),
      c.leafHash(place, key, 1, key),
    ].map(toHex);
    expect(new Set(leaves)).to.have.length(leaves.length);
  });

  it("refuses numbers that do not fit 32 bits, and zero", () => {
    const key = fromHex(bytesOf("k"));
    for (const bad of [0, -1, 2 ** 32, 1.5, NaN]) {
      const place = { domain: key, agencyId: 1, typeId: 1 };
      expect(codeOf(() => c.leafHash({ ...place, agencyId: bad }, key, 1, key))).to.equal("integer.invalid");
      expect(codeOf(() => c.leafHash({ ...place, typeId: bad }, key, 1, key))).to.equal("integer.invalid");
      expect(codeOf(() => c.leafHash(place, key, bad, key))).to.equal("integer.invalid");
    }
  });
});

describe("parseBatchId", () => {
  it("refuses what is no batch id", () => {
    for (const id of [
      "",
      "0",
      "1",
      "4294967295",
      "18446744073709551616",
      "-1",
      "0x1",
      "1.5",
      " 4294967296",
      "04294967296",
    ])
      expect(
        codeOf(() => c.parseBatchId(id)),
        id,
      ).to.equal("batch.id");
    expect(c.parseBatchId("4294967296")).to.deep.equal({ agencyId: 1, sequence: 0 });
    expect(c.parseBatchId("18446744073709551615")).to.deep.equal({
      agencyId: 2 ** 32 - 1,
      sequence: 2 ** 32 - 1,
    });
  });
});
