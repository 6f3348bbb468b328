import { expect } from "chai";
import type { Contract, ContractFactory } from "ethers";
import { ethers } from "hardhat";
import type { OracleHeader } from "../support/oracle";
import { CHAIN_ID } from "../support/samples";
import { loadVectors } from "../support/vectors";

interface Formulas {
  domains: { chainId: number; registry: string; domain: string }[];
  leaves: Record<"domain" | "key" | "commitment" | "leaf", string>[] &
    Record<"agencyId" | "typeId" | "version", number>[];
  headers: { header: OracleHeader; hash: string }[];
}

const formulas = loadVectors<Formulas>("commitments");
const { leaves, trees } = loadVectors<{
  leaves: string[];
  trees: { size: number; root: string; proofs: { index: number; proof: string[] }[] }[];
}>("trees");

describe("the contracts' libraries on the corpus of vectors", () => {
  let harness: Contract;
  before(async () => {
    const factory: ContractFactory = await ethers.getContractFactory("RecordHashHarness");
    harness = (await factory.deploy()) as Contract;
  });
  const call = (name: string, ...args: unknown[]): Promise<unknown> =>
    harness.getFunction(name).staticCall(...args);

  it("give its domains on this chain", async () => {
    const here = formulas.domains.filter(({ chainId }) => chainId === CHAIN_ID);
    expect(here).to.have.length.greaterThan(0);
    for (const { registry, domain } of here) expect(await call("domain", registry)).to.equal(domain);
  });

  it("give its leaves", async () => {
    for (const { domain, agencyId, typeId, key, version, commitment, leaf } of formulas.leaves)
      expect(await call("leaf", domain, agencyId, typeId, key, version, commitment)).to.equal(leaf);
  });

  it("give its header hashes", async () => {
    for (const { header, hash } of formulas.headers) expect(await call("headerHash", header)).to.equal(hash);
  });

  for (const { size, root, proofs } of trees)
    it(`give the root and accept the proofs of its tree of ${size}`, async () => {
      expect(await call("sortedRoot", leaves.slice(0, size))).to.equal(root);
      for (const { index, proof } of proofs) {
        const includes = (i: number, p: string[], n = size, r = root): Promise<unknown> =>
          call("includes", leaves[index], i, n, r, p);
        expect(await includes(index, proof), `${index}`).to.equal(true);
        expect(await includes(index + 1, proof), "another index").to.equal(false);
        expect(await includes(index, [...proof, root]), "too long").to.equal(false);
        if (proof.length > 0) expect(await includes(index, proof.slice(1)), "too short").to.equal(false);
        expect(await includes(index, proof, size, leaves[99]), "another root").to.equal(false);
        expect(await includes(size, proof), "outside").to.equal(false);
      }
    });
});
