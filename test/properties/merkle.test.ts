import { expect } from "chai";
import fc from "fast-check";
import { concat, fromHex, toHex } from "../../src/bytes";
import { loadFastHashes } from "../../src/fast-hashes";
import type { Hashes } from "../../src/hashes";
import * as m from "../../src/merkle";
import { treeProof, treeRoot } from "../support/oracle";
import { RUNS } from "../support/runs";
import { sortedLeaves } from "../support/samples";

const LARGEST = 4097;
const leaves = sortedLeaves(LARGEST);
const flat = concat(...leaves.map((leaf) => fromHex(leaf)));
const aroundPowers = [9, 10, 11, 12].flatMap((k) => [2 ** k - 1, 2 ** k, 2 ** k + 1]);

describe("trees of every size", () => {
  let hashes: Hashes;
  before(async () => (hashes = await loadFastHashes()));
  const build = (size: number): m.MerkleTree => m.buildTree(flat.slice(0, 32 * size), hashes.keccak256);

  it("from 1 to 300 have the oracle's root", () => {
    for (let size = 1; size <= 300; size++)
      expect(toHex(m.treeRoot(build(size))), `${size}`).to.equal(treeRoot(leaves.slice(0, size)));
  });

  it("around powers of two up to 2^12 have the oracle's root, and its proofs at the edges", () => {
    for (const size of aroundPowers) {
      const own = leaves.slice(0, size);
      const tree = build(size);
      expect(toHex(m.treeRoot(tree)), `${size}`).to.equal(treeRoot(own));
      for (const index of [0, size - 1])
        expect(m.treeProof(tree, index).map(toHex), `${index} of ${size}`).to.deep.equal(
          treeProof(index, own),
        );
    }
  });

  it("from 1 to 300 prove every leaf at its index", () => {
    for (let size = 1; size <= 300; size++) {
      const tree = build(size);
      const root = m.treeRoot(tree);
      for (let index = 0; index < size; index++) {
        const proof = m.treeProof(tree, index);
        // Tens of thousands of cases: an expectation for each would take longer than what it looks at.
        if (proof.length !== m.proofLength(index, size)) expect.fail(`length of proof ${index} of ${size}`);
        const proved = m.verifyProof(m.treeLeaf(tree, index), index, size, proof, root, hashes.keccak256);
        if (!proved) expect.fail(`${index} of ${size} is not proved`);
      }
    }
  });

  it("from 1 to 40 prove no leaf at any other index", () => {
    for (let size = 1; size <= 40; size++) {
      const tree = build(size);
      const root = m.treeRoot(tree);
      for (let index = 0; index < size; index++)
        for (let other = 0; other < size + 3; other++) {
          if (other === index) continue;
          const proof = m.treeProof(tree, index);
          const proved = m.verifyProof(m.treeLeaf(tree, index), other, size, proof, root, hashes.keccak256);
          if (proved) expect.fail(`${index} is proved at ${other} of ${size}`);
        }
    }
  });

  it("give the oracle's proof for any leaf, which proves neither another index, leaf nor root", () => {
    const places = fc
      .integer({ min: 2, max: 300 })
      .chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1), fc.nat(size - 1), fc.nat(255)));
    fc.assert(
      fc.property(places, ([size, index, other, bit]) => {
        const tree = build(size);
        const root = m.treeRoot(tree);
        const leaf = m.treeLeaf(tree, index);
        const proof = m.treeProof(tree, index);
        const flipped = (hash: Uint8Array): Uint8Array => {
          const copy = hash.slice();
          copy[bit >> 3]! ^= 1 << (bit & 7);
          return copy;
        };
        const proves = (l: Uint8Array, i: number, r: Uint8Array): boolean =>
          m.verifyProof(l, i, size, proof, r, hashes.keccak256);
        expect(proof.map(toHex)).to.deep.equal(treeProof(index, leaves.slice(0, size)));
        expect(proves(leaf, index, root)).to.equal(true);
        expect(proves(flipped(leaf), index, root)).to.equal(false);
        expect(proves(leaf, index, flipped(root))).to.equal(false);
        if (other !== index) expect(proves(leaf, other, root)).to.equal(false);
      }),
      RUNS,
    );
  });

  it("lead a proof of any hashes to exactly one root or none, as the length says", () => {
    const uint32 = fc.integer({ min: 1, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(uint32, uint32, fc.nat(33), (a, b, length) => {
        const [size, index] = a > b ? [a, b] : [b + 1 > 2 ** 32 - 1 ? b : b + 1, a - 1];
        const hash = fromHex(leaves[0]!);
        const root = m.rootOfProof(hash, index, size, Array<Uint8Array>(length).fill(hash), hashes.keccak256);
        expect(root !== null).to.equal(m.proofLength(index, size) === length);
      }),
      RUNS,
    );
  });
});
