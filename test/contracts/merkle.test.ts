import { expect } from "chai";
import fc from "fast-check";
import { ethers } from "hardhat";
import type { RecordHashHarness } from "../../typechain-types";
import * as oracle from "../support/oracle";
import { RUNS } from "../support/runs";

const leavesOf = (size: number): string[] =>
  Array.from({ length: size }, (_, i) => ethers.id(`leaf ${i}`)).sort();

describe("Merkle trees in the contract", () => {
  let harness: RecordHashHarness;
  before(async () => {
    harness = await (await ethers.getContractFactory("RecordHashHarness")).deploy();
  });

  /** A node that is not a leaf: leaves `from` to `to - 1`, and the way from it to the root. */
  interface InnerNode {
    hash: string;
    from: number;
    to: number;
    proof: string[];
  }

  /** Every inner node of the tree, by the RFC's own recursion. */
  function innerNodes(leaves: string[], from = 0, above: string[] = []): InnerNode[] {
    if (leaves.length === 1) return [];
    let k = 1;
    while (2 * k < leaves.length) k *= 2;
    const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
    return [
      { hash: oracle.treeRoot(leaves), from, to: from + leaves.length, proof: above },
      ...innerNodes(left, from, [oracle.treeRoot(right), ...above]),
      ...innerNodes(right, from + k, [oracle.treeRoot(left), ...above]),
    ];
  }

  it("have the root that the RFC defines, for every size from 1 to 130", async () => {
    for (let size = 1; size <= 130; size++) {
      const leaves = leavesOf(size);
      expect(await harness.sortedRoot(leaves), `size ${size}`).to.equal(oracle.treeRoot(leaves));
    }
  });

  it("admit every leaf by its proof, for every size from 1 to 40", async () => {
    for (let size = 1; size <= 40; size++) {
      const leaves = leavesOf(size);
      const root = oracle.treeRoot(leaves);
      for (let index = 0; index < size; index++)
        expect(
          await harness.includes(leaves[index]!, index, size, root, oracle.treeProof(index, leaves)),
          `leaf ${index} of ${size}`,
        ).to.be.true;
    }
  });

  it("refuse every inner node offered as a leaf, at every index, for every size from 2 to 20", async () => {
    for (let size = 2; size <= 20; size++) {
      const leaves = leavesOf(size);
      const root = oracle.treeRoot(leaves);
      const nodes = innerNodes(leaves);
      expect(nodes).to.have.length(size - 1);
      for (const { hash, proof } of nodes)
        for (let index = 0; index < size; index++)
          expect(await harness.includes(hash, index, size, root, proof), `${size}, ${index}`).to.be.false;
    }
  });

  it("refuse a proof under every other size that gives it another length", async () => {
    const leaves = leavesOf(11);
    const proof = oracle.treeProof(10, leaves);
    for (const size of [0, 1, 9, 10, 12, 16, 17, 2 ** 32 - 1])
      expect(await harness.includes(leaves[10]!, 10, size, oracle.treeRoot(leaves), proof), `${size}`).to.be
        .false;
  });

  it("refuse everything in a tree of size 0", async () => {
    expect(await harness.includes(ethers.id("leaf"), 0, 0, ethers.id("leaf"), [])).to.be.false;
  });

  it("refuse any proof after any one change", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 300 }),
        fc.nat(),
        fc.nat(),
        fc.constantFrom("leaf", "index", "root", "longer", "shorter", "altered"),
        async (size, place, other, change) => {
          const leaves = leavesOf(size);
          const index = place % size;
          const right = { leaf: leaves[index]!, index, root: oracle.treeRoot(leaves) };
          const proof = oracle.treeProof(index, leaves);
          expect(await harness.includes(right.leaf, index, size, right.root, proof), "as it is").to.be.true;
          const wrong = { ...right, proof: [...proof] };
          if (change === "leaf") wrong.leaf = ethers.id(`other ${other}`);
          if (change === "index") wrong.index = (index + 1 + (other % (size - 1))) % size;
          if (change === "root") wrong.root = ethers.id(`other ${other}`);
          if (change === "longer") wrong.proof.splice(other % (proof.length + 1), 0, ethers.id("more"));
          if (change === "shorter") wrong.proof.splice(other % proof.length, 1);
          if (change === "altered") wrong.proof[other % proof.length] = ethers.id(`other ${other}`);
          expect(
            await harness.includes(wrong.leaf, wrong.index, size, wrong.root, wrong.proof),
            `${change} changed`,
          ).to.be.false;
        },
      ),
      RUNS,
    );
  });
});
