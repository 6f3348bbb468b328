import { expect } from "chai";
import { concat, fromHex, toHex } from "../../src/bytes";
import { portableHashes } from "../../src/hashes";
import * as m from "../../src/merkle";
import { digests, treeProof } from "../support/oracle";
import { loadVectors } from "../support/vectors";

const { keccak256, sha256 } = portableHashes;
const { leaves, trees } = loadVectors<{
  leaves: string[];
  trees: { size: number; root: string; proofs: { index: number; proof: string[] }[] }[];
}>("trees");
const { rfc6962 } = loadVectors<{ rfc6962: { inputs: string[]; roots: string[] } }>("published");

const flat = (hashes: readonly string[]): Uint8Array => concat(...hashes.map((hash) => fromHex(hash)));
const all = (hashes: readonly string[]): Uint8Array[] => hashes.map((hash) => fromHex(hash));

describe("a tree", () => {
  for (const { size, root, proofs } of trees)
    it(`of ${size} leaves has the root and the proofs of the corpus`, () => {
      const tree = m.buildTree(flat(leaves.slice(0, size)), keccak256);
      expect(tree.size).to.equal(size);
      expect(toHex(m.treeRoot(tree))).to.equal(root);
      for (const { index, proof } of proofs) {
        expect(m.treeProof(tree, index).map(toHex)).to.deep.equal(proof);
        expect(m.proofLength(index, size)).to.equal(proof.length);
        expect(
          m.verifyProof(m.treeLeaf(tree, index), index, size, all(proof), fromHex(root), keccak256),
        ).to.equal(true);
      }
    });

  it("with SHA-256 is the tree of Certificate Transparency", () => {
    const hashed = rfc6962.inputs.map((input) => toHex(sha256(concat(Uint8Array.of(0), fromHex(input)))));
    rfc6962.roots.forEach((root, i) => {
      const own = hashed.slice(0, i + 1);
      const tree = m.buildTree(flat(own), sha256);
      expect(toHex(m.treeRoot(tree))).to.equal(root);
      own.forEach((leaf, index) => {
        const proof = m.treeProof(tree, index);
        expect(proof.map(toHex)).to.deep.equal(treeProof(index, own, digests.sha256));
        expect(m.verifyProof(fromHex(leaf), index, own.length, proof, fromHex(root), sha256)).to.equal(true);
      });
    });
  });

  it("is not changed by who changes a root, leaf or proof it handed out", () => {
    const tree = m.buildTree(flat(leaves.slice(0, 5)), keccak256);
    const root = m.treeRoot(tree);
    m.treeRoot(tree).fill(0);
    m.treeLeaf(tree, 0).fill(0);
    for (const hash of m.treeProof(tree, 2)) hash.fill(0);
    expect(m.treeRoot(m.buildTree(tree.levels[0]!, keccak256))).to.deep.equal(root);
    expect(m.treeRoot(tree)).to.deep.equal(root);
  });

  it("needs a leaf, and 32 bytes for each", () => {
    expect(() => m.buildTree(new Uint8Array(0), keccak256))
      .to.throw()
      .with.property("code", "merkle.empty");
    for (const length of [1, 31, 33])
      expect(() => m.buildTree(new Uint8Array(length), keccak256))
        .to.throw()
        .with.property("code", "bytes.invalid");
  });

  it("has no leaf and no proof outside its size", () => {
    const tree = m.buildTree(flat(leaves.slice(0, 5)), keccak256);
    for (const index of [-1, 5, 0.5, NaN, 2 ** 32])
      for (const read of [m.treeLeaf, m.treeProof])
        expect(() => read(tree, index))
          .to.throw()
          .with.property("code", "integer.invalid");
  });
});

describe("a proof, with one thing changed, proves nothing", () => {
  const size = 11;
  const tree = m.buildTree(flat(leaves.slice(0, size)), keccak256);
  const root = m.treeRoot(tree);
  for (let index = 0; index < size; index++) {
    const leaf = m.treeLeaf(tree, index);
    const proof = m.treeProof(tree, index);
    const verify = (changes: {
      leaf?: Uint8Array;
      index?: number;
      size?: number;
      proof?: Uint8Array[];
      root?: Uint8Array;
    }): boolean => {
      const v = { leaf, index, size, proof, root, ...changes };
      return m.verifyProof(v.leaf, v.index, v.size, v.proof, v.root, keccak256);
    };

    it(`leaf ${index}: index, leaf, root, a hash, an order, a length`, () => {
      expect(verify({})).to.equal(true);
      for (let other = 0; other < 20; other++)
        if (other !== index) expect(verify({ index: other }), `${other}`).to.equal(false);
      expect(verify({ leaf: m.treeLeaf(tree, (index + 1) % size) })).to.equal(false);
      expect(verify({ root: leaf })).to.equal(false);
      proof.forEach((hash, i) => {
        const flipped = hash.slice();
        flipped[31]! ^= 1;
        expect(verify({ proof: proof.map((old, k) => (k === i ? flipped : old)) })).to.equal(false);
        expect(verify({ proof: proof.filter((_, k) => k !== i) }), "one left out").to.equal(false);
        expect(verify({ proof: [...proof.slice(0, i), hash, ...proof.slice(i)] }), "one twice").to.equal(
          false,
        );
        if (i > 0) {
          const swapped = [...proof];
          [swapped[i - 1], swapped[i]] = [swapped[i]!, swapped[i - 1]!];
          expect(verify({ proof: swapped }), "two swapped").to.equal(false);
        }
      });
      expect(verify({ proof: [] })).to.equal(false);
      expect(verify({ proof: [...proof, root] })).to.equal(false);
      expect(verify({ proof: [leaf, ...proof] })).to.equal(false);
    });

    it(`leaf ${index}: no size under which its proof has another length`, () => {
      for (let other = 0; other < 70; other++)
        if (other <= index || m.proofLength(index, other) !== proof.length)
          expect(verify({ size: other }), `size ${other}`).to.equal(false);
    });
  }

  it("no inner node passes for a leaf, at any index, with any end of a proof, under any size", () => {
    for (const level of tree.levels.slice(1, -1))
      for (let at = 0; at < level.length; at += 32) {
        const node = level.slice(at, at + 32);
        if (toHex(node) === toHex(m.treeLeaf(tree, size - 1))) continue; // a last leaf that went up unchanged
        for (let index = 0; index < size; index++) {
          const proof = m.treeProof(tree, index);
          for (let skip = 0; skip <= proof.length; skip++)
            expect(verifyAt(node, index, proof.slice(skip))).to.equal(false);
        }
      }
    function verifyAt(node: Uint8Array, index: number, proof: Uint8Array[]): boolean {
      return m.verifyProof(node, index, size, proof, root, keccak256);
    }
  });

  it("a root is the proof of itself only in a tree of one", () => {
    expect(m.verifyProof(root, 0, 1, [], root, keccak256)).to.equal(true);
    expect(m.verifyProof(root, 0, 2, [], root, keccak256)).to.equal(false);
    expect(m.verifyProof(root, 1, 1, [], root, keccak256)).to.equal(false);
    expect(m.verifyProof(root, 0, 0, [], root, keccak256)).to.equal(false);
  });
});

describe("rootOfProof at the largest sizes", () => {
  const hash = fromHex(leaves[0]!);
  const size = 2 ** 32 - 1;

  it("follows 32 levels without losing a bit", () => {
    for (const index of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, size - 2, size - 1]) {
      const length = m.proofLength(index, size);
      expect(
        m.rootOfProof(hash, index, size, Array<Uint8Array>(length).fill(hash), keccak256),
        `${index}`,
      ).not.to.equal(null);
      expect(m.rootOfProof(hash, index, size, Array<Uint8Array>(length - 1).fill(hash), keccak256)).to.equal(
        null,
      );
      expect(m.rootOfProof(hash, index, size, Array<Uint8Array>(length + 1).fill(hash), keccak256)).to.equal(
        null,
      );
    }
    expect(m.rootOfProof(hash, size, size, [], keccak256)).to.equal(null);
  });
});

describe("firstOutOfOrder", () => {
  const sorted = leaves.slice(0, 6);

  it("finds the first leaf that is not greater than the one before, equal ones too", () => {
    expect(m.firstOutOfOrder(flat(sorted))).to.equal(-1);
    expect(m.firstOutOfOrder(flat(sorted.slice(0, 1)))).to.equal(-1);
    for (let i = 1; i < sorted.length; i++) {
      const swapped = [...sorted];
      [swapped[i - 1], swapped[i]] = [swapped[i]!, swapped[i - 1]!];
      expect(m.firstOutOfOrder(flat(swapped))).to.equal(i);
      expect(m.firstOutOfOrder(flat([...sorted.slice(0, i), ...sorted.slice(i - 1)]))).to.equal(i);
    }
  });

  it("compares unsigned bytes down to the last", () => {
    const [low, high] = [new Uint8Array(32), new Uint8Array(32)];
    high[31] = 0x80;
    low[31] = 0x7f;
    expect(m.firstOutOfOrder(concat(low, high))).to.equal(-1);
    expect(m.firstOutOfOrder(concat(high, low))).to.equal(1);
  });
});
