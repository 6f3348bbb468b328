import { expect } from "chai";
import { compareBytes, concat, fromHex, toHex } from "../../src/bytes";
import { buildBatch, makeManifest, sortLeaves, type Provenance } from "../../src/batch";
import { portableHashes } from "../../src/hashes";
import { treeLeaf } from "../../src/merkle";
import { manifestHash, treeRoot } from "../support/oracle";
import { bytesOf, MANIFEST, sortedLeaves } from "../support/samples";

const leaves = sortedLeaves(50);
const shuffled = leaves.map((_, i) => leaves[(i * 17 + 3) % 50]!);
const flat = (hashes: readonly string[]): Uint8Array => concat(...hashes.map((hash) => fromHex(hash)));
const random = fromHex(bytesOf("manifest random"));
const { agencyCode, type, typeHash, source, counts, times } = MANIFEST as unknown as Provenance;
const provenance: Provenance = { agencyCode, type, typeHash, source, counts, times };

describe("buildBatch", () => {
  const batch = buildBatch(flat(shuffled), provenance, random);

  it("has the root of the sorted leaves, whatever order they came in", () => {
    expect(toHex(batch.root)).to.equal(treeRoot(leaves));
    expect(batch.size).to.equal(50);
    const same = buildBatch(flat([...shuffled].reverse()), provenance, random);
    expect(same.root).to.deep.equal(batch.root);
  });

  it("tells for each leaf where it stood", () => {
    batch.order.forEach((position, i) => {
      expect(toHex(treeLeaf(batch.tree, i))).to.equal(shuffled[position]);
      expect(shuffled[position]).to.equal(leaves[i]);
    });
  });

  it("leaves what it was given as it was", () => {
    const given = flat(shuffled);
    buildBatch(given, provenance, random);
    expect(given).to.deep.equal(flat(shuffled));
  });

  it("has a manifest that says how it came to be, and its hash", () => {
    expect(batch.manifest).to.deep.equal({ ...MANIFEST, size: 50 });
    expect(toHex(batch.manifestHash)).to.equal(manifestHash({ ...MANIFEST, size: 50 }));
  });

  it("is the same tree under another hash function, if asked", () => {
    const hashes = { ...portableHashes, keccak256: portableHashes.sha256 };
    expect(toHex(buildBatch(flat(leaves), provenance, random, hashes).root)).not.to.equal(treeRoot(leaves));
  });

  it("takes a single leaf", () => {
    expect(toHex(buildBatch(flat([leaves[7]!]), provenance, random).root)).to.equal(leaves[7]);
  });

  it("refuses a leaf twice, naming both positions, wherever they stand", () => {
    for (const [first, second] of [
      [0, 1],
      [0, 49],
      [20, 33],
    ] as const) {
      const given = [...shuffled];
      given[second] = given[first]!;
      expect(() => buildBatch(flat(given), provenance, random))
        .to.throw(`leaves/${second}: is the same version of the same record as leaf ${first}`)
        .with.property("code", "batch.duplicate-leaf");
    }
  });

  it("refuses no leaves, and half of one", () => {
    expect(() => buildBatch(new Uint8Array(0), provenance, random))
      .to.throw()
      .with.property("code", "merkle.empty");
    expect(() => buildBatch(new Uint8Array(33), provenance, random))
      .to.throw()
      .with.property("code", "bytes.invalid");
  });
});

describe("sortLeaves", () => {
  it("compares all 32 bytes of leaves that begin alike", () => {
    const alike = Array.from({ length: 40 }, (_, i) => {
      const leaf = new Uint8Array(32).fill(0xfe);
      leaf[31 - (i % 32)]! = i;
      leaf[30]! = 200 - i;
      return leaf;
    });
    const sorted = sortLeaves(concat(...alike)).leaves;
    const expected = concat(...[...alike].sort(compareBytes));
    expect(sorted).to.deep.equal(expected);
  });
});

describe("makeManifest", () => {
  const broken = (changes: object): unknown => {
    try {
      return makeManifest({ ...provenance, ...changes }, 1, random);
    } catch (error) {
      return (error as { faults: readonly { path: string }[] }).faults[0]!.path;
    }
  };

  it("refuses what is missing or has the wrong shape, naming it", () => {
    expect(broken({ agencyCode: "" })).to.equal("/agencyCode");
    expect(broken({ type: undefined })).to.equal("/type");
    expect(broken({ typeHash: typeHash.toUpperCase() })).to.equal("/typeHash");
    for (const [name, value] of Object.entries({
      system: 1,
      collector: "",
      sha256: "0x",
      bytes: -1,
      firstRow: 0.5,
      lastRow: "1",
    }))
      expect(broken({ source: { ...source, [name]: value } })).to.equal(`/source/${name}`);
    for (const name of Object.keys(counts))
      expect(broken({ counts: { ...counts, [name]: NaN } })).to.equal(`/counts/${name}`);
    for (const time of ["2026-01-31", "2026-13-31T08:00:00Z", "2026-01-31T08:00:00+08:00", 0])
      expect(broken({ times: { ...times, planned: time } })).to.equal("/times/planned");
    const supersession = { reason: 1, evidenceHash: typeHash };
    expect(makeManifest({ ...provenance, supersession }, 1, random)["supersession"]).to.deep.equal(
      supersession,
    );
    for (const [name, value] of Object.entries({ reason: 0x10000, evidenceHash: "0x" }))
      expect(broken({ supersession: { ...supersession, [name]: value } })).to.equal(`/supersession/${name}`);
    expect(broken({ supersession: 1 })).to.equal("/supersession");
    expect(() => makeManifest(provenance, 0, random)).to.throw("/size");
    expect(() => makeManifest(provenance, 1, random.slice(1))).to.throw("/random");
  });
});
