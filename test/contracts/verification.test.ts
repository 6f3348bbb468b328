import { expect } from "chai";
import { ethers } from "hardhat";
import * as oracle from "../support/oracle";
import type { OracleHeader } from "../support/oracle";
import {
  AGENCY,
  EVIDENCE,
  MANIFEST,
  Mark,
  NO_BATCH,
  OTHER_AGENCY,
  REASON,
  Standing,
  Status,
  TYPE,
  ZERO,
  anchorBatch,
  fields,
  fixNextTime,
  headerOf,
  previousOf,
  spans,
  testRecord,
  useWorld,
  type TestRecord,
} from "../support/registry";

const Outcome = {
  Anchored: 0n,
  UnsupportedFormat: 1n,
  UnknownHeader: 2n,
  IndexOutOfRange: 3n,
  WrongProof: 4n,
} as const;

interface Evidence {
  header: OracleHeader;
  key: string;
  version: number;
  commitment: string;
  index: number;
  proof: string[];
}

describe("verify", () => {
  const world = useWorld();

  async function verdictOn({ header, key, version, commitment, index, proof }: Evidence) {
    const { registry } = world();
    const verdict = await registry.verify(header, key, version, commitment, index, proof);
    return fields(verdict);
  }

  async function expectRefused(evidence: Evidence, outcome: keyof typeof Outcome, label = ""): Promise<void> {
    expect(await verdictOn(evidence), label).to.deep.equal({
      outcome: Outcome[outcome],
      status: 0n,
      standing: 0n,
      actingAgency: 0n,
      operatorCompromisedSince: 0n,
      leaf: ZERO,
    });
  }

  function evidenceOf(
    { header, records, leaves }: { header: OracleHeader; records: TestRecord[]; leaves: string[] },
    index: number,
  ): Evidence {
    const { key, version, commitment } = records[index]!;
    return { header, key, version, commitment, index, proof: oracle.treeProof(index, leaves) };
  }

  it("finds every leaf of batches of every size from 1 to 20", async () => {
    for (let size = 1; size <= 20; size++) {
      const batch = await anchorBatch(world(), size);
      for (let index = 0; index < size; index++)
        expect(await verdictOn(evidenceOf(batch, index)), `leaf ${index} of ${size}`).to.deep.equal({
          outcome: Outcome.Anchored,
          status: 0n,
          standing: Standing.Active,
          actingAgency: BigInt(AGENCY),
          operatorCompromisedSince: 0n,
          leaf: batch.leaves[index],
        });
    }
  });

  it("finds a direct record, whose proof is empty", async () => {
    const { registry, operator, domain } = world();
    const { key, version, commitment, leaf } = testRecord(domain, "direct");
    const header = await headerOf(
      registry,
      registry.connect(operator).anchorRecord(AGENCY, TYPE, NO_BATCH, key, 1, commitment, MANIFEST),
    );
    const { outcome, leaf: found } = await verdictOn({
      header,
      key,
      version,
      commitment,
      index: 0,
      proof: [],
    });
    expect([outcome, found]).to.deep.equal([Outcome.Anchored, leaf]);
  });

  it("says the status with all marks, the standing, and since when the operator's key is suspect", async () => {
    const here = world();
    const { registry, operator, guardian, administrator } = here;
    const batch = await anchorBatch(here, 11);
    await registry.connect(operator).setMarks(batch.header, spans(4), Mark.UnderReview, REASON, EVIDENCE);
    await registry.connect(operator).withdraw(batch.header, spans(4), REASON, EVIDENCE);
    await registry.connect(guardian).suspendAgency(AGENCY, REASON);
    const since = (await fixNextTime()) - 5;
    await registry.connect(administrator).declareCompromised(AGENCY, operator.address, since);
    expect(await verdictOn(evidenceOf(batch, 4))).to.deep.equal({
      outcome: Outcome.Anchored,
      status: BigInt(Status.Withdrawn | Mark.UnderReview),
      standing: Standing.Suspended,
      actingAgency: BigInt(AGENCY),
      operatorCompromisedSince: BigInt(since),
      leaf: batch.leaves[4],
    });
    expect((await verdictOn(evidenceOf(batch, 5))).status, "of its neighbour").to.equal(0);
  });

  it("goes on answering while the registry is paused and after the agency is closed", async () => {
    const here = world();
    const batch = await anchorBatch(here, 3);
    await here.registry.connect(here.guardian).pause(REASON);
    await here.registry.connect(here.registrar).closeAgency(AGENCY, REASON);
    const verdict = await verdictOn(evidenceOf(batch, 1));
    expect([verdict.outcome, verdict.standing]).to.deep.equal([Outcome.Anchored, Standing.Closed]);
  });

  describe("with one thing changed", () => {
    /** Leaf 6 of 11: its proof has nodes on both sides. */
    async function valid(): Promise<Evidence> {
      return evidenceOf(await anchorBatch(world(), 11), 6);
    }

    it("refuses another record key, version or commitment", async () => {
      const evidence = await valid();
      await expectRefused({ ...evidence, key: ethers.id("x") }, "WrongProof", "key");
      await expectRefused({ ...evidence, key: ZERO }, "WrongProof", "no key");
      for (const version of [0, 2, 2 ** 32 - 1])
        await expectRefused({ ...evidence, version }, "WrongProof", `version ${version}`);
      await expectRefused({ ...evidence, commitment: ethers.id("x") }, "WrongProof", "commitment");
    });

    it("refuses every other index", async () => {
      const evidence = await valid();
      for (let index = 0; index < 11; index++)
        if (index !== evidence.index)
          await expectRefused({ ...evidence, index }, "WrongProof", `index ${index}`);
      for (const index of [11, 12, 64, 2 ** 32 - 1])
        await expectRefused({ ...evidence, index }, "IndexOutOfRange", `index ${index}`);
    });

    it("refuses a proof that is too short, too long, empty, or of absurd length", async () => {
      const evidence = await valid();
      const { proof } = evidence;
      for (const [label, other] of [
        ["without its first", proof.slice(1)],
        ["without its last", proof.slice(0, -1)],
        ["empty", []],
        ["one more at the end", [...proof, proof[0]!]],
        ["one more at the front", [proof[0]!, ...proof]],
        ["a zero more", [...proof, ZERO]],
        ["2,000 hashes", Array<string>(2_000).fill(proof[0]!)],
        ["the proof and 2,000 hashes", [...proof, ...Array<string>(2_000).fill(ZERO)]],
      ] as const)
        await expectRefused({ ...evidence, proof: [...other] }, "WrongProof", label);
    });

    it("refuses a proof with any two hashes swapped, or any one altered", async () => {
      const evidence = await valid();
      const { proof } = evidence;
      for (let i = 0; i < proof.length; i++) {
        const altered = [...proof];
        altered[i] = ethers.id("altered");
        await expectRefused({ ...evidence, proof: altered }, "WrongProof", `hash ${i}`);
        for (let j = 0; j < i; j++) {
          const swapped = [...proof];
          [swapped[i], swapped[j]] = [swapped[j]!, swapped[i]!];
          await expectRefused({ ...evidence, proof: swapped }, "WrongProof", `hashes ${j} and ${i}`);
        }
      }
    });

    it("refuses a header with any field changed", async () => {
      const evidence = await valid();
      const { header } = evidence;
      const changes: Record<keyof OracleHeader, (string | number)[]> = {
        format: [],
        agencyId: [0, OTHER_AGENCY, 3],
        typeId: [0, 2],
        sequence: [1, 2 ** 32 - 1],
        size: [0, 10, 12, 7],
        anchoredAt: [header.anchoredAt - 1, header.anchoredAt + 1, 0],
        operator: [world().colleague.address, ethers.ZeroAddress],
        previous: [ethers.id("x").slice(0, 42)],
        root: [ZERO, ethers.id("x")],
        manifestHash: [ZERO],
      };
      for (const [field, values] of Object.entries(changes))
        for (const value of values)
          await expectRefused(
            { ...evidence, header: { ...header, [field]: value } },
            "UnknownHeader",
            `${field} ${value}`,
          );
    });

    it("refuses a format it does not know, whatever else is right", async () => {
      const evidence = await valid();
      for (const format of [0, 2, 65_535])
        await expectRefused(
          { ...evidence, header: { ...evidence.header, format } },
          "UnsupportedFormat",
          `format ${format}`,
        );
    });

    it("refuses a header of zeros", async () => {
      const evidence = await valid();
      const header: OracleHeader = {
        format: 1,
        agencyId: 0,
        typeId: 0,
        sequence: 0,
        size: 0,
        anchoredAt: 0,
        operator: ethers.ZeroAddress,
        previous: NO_BATCH,
        root: ZERO,
        manifestHash: ZERO,
      };
      await expectRefused({ ...evidence, header, index: 0, proof: [] }, "UnknownHeader");
    });

    it("refuses the header of the agency's other batch", async () => {
      const here = world();
      const first = await anchorBatch(here, 11);
      const second = await anchorBatch(here, 12);
      await expectRefused({ ...evidenceOf(first, 6), header: second.header }, "WrongProof");
    });
  });

  describe("whose leaf it is", () => {
    /** Anchors a root for an agency and a type as if it were theirs. */
    async function anchored(agencyId: number, typeId: number, size: number, root: string) {
      const { registry, operator, otherOperator } = world();
      const caller = agencyId === AGENCY ? operator : otherOperator;
      return headerOf(
        registry,
        registry
          .connect(caller)
          .anchorRoot(agencyId, typeId, await previousOf(registry, agencyId), size, root, MANIFEST),
      );
    }

    it("an honest leaf is not another agency's that anchored the same root", async () => {
      const batch = await anchorBatch(world(), 11);
      const copied = await anchored(OTHER_AGENCY, TYPE, 11, batch.header.root);
      for (let index = 0; index < 11; index++)
        await expectRefused({ ...evidenceOf(batch, index), header: copied }, "WrongProof", `leaf ${index}`);
      const { outcome } = await verdictOn(evidenceOf(batch, 6));
      expect(outcome, "and still is its own agency's").to.equal(Outcome.Anchored);
    });

    it("a leaf of one type is not a leaf of another", async () => {
      const batch = await anchorBatch(world(), 11);
      const copied = await anchored(AGENCY, 2, 11, batch.header.root);
      await expectRefused({ ...evidenceOf(batch, 6), header: copied }, "WrongProof");
    });

    for (const [what, foreign] of [
      ["another chain", async (registry: string) => oracle.domain(1, registry)],
      ["another registry", async () => oracle.domain(31_337, "0x" + "ab".repeat(20))],
    ] as const)
      it(`a leaf of ${what} is refused, also under a root that holds it`, async () => {
        const { registry } = world();
        const record = testRecord(await foreign(await registry.getAddress()), "foreign");
        const header = await anchored(AGENCY, TYPE, 1, record.leaf);
        await expectRefused({ header, ...record, index: 0, proof: [] }, "WrongProof");
        const { domain } = world();
        const own = testRecord(domain, "foreign");
        const honest = await anchored(AGENCY, TYPE, 1, own.leaf);
        const { outcome } = await verdictOn({ header: honest, ...own, index: 0, proof: [] });
        expect(outcome, "with this chain and registry it passes").to.equal(Outcome.Anchored);
      });
  });
});
