import { expect } from "chai";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import type { OracleHeader } from "../support/oracle";
import {
  AGENCY,
  ERASED,
  EVIDENCE,
  Permission,
  REASON,
  Status,
  anchorBatch,
  batchIdOf,
  nextEntry,
  spans,
  useWorld,
} from "../support/registry";

const POSITIONS = spans(2, [5, 7]);

function proposalOf(
  header: OracleHeader,
  positions: string = POSITIONS,
  reason: number = REASON,
  evidence: string = EVIDENCE,
): string {
  return ethers.keccak256(
    ethers.AbiCoder.defaultAbiCoder().encode(
      ["uint64", "bytes", "uint16", "bytes32"],
      [batchIdOf(header), positions, reason, evidence],
    ),
  );
}

describe("erasure", () => {
  const world = useWorld();

  it("is proposed by one operator: an event, and nothing changes yet", async () => {
    const here = world();
    const { registry, operator } = here;
    const { header } = await anchorBatch(here, 10);
    const as = registry.connect(operator);
    expect(await as.proposeErasure.staticCall(header, POSITIONS, REASON, EVIDENCE)).to.equal(
      proposalOf(header),
    );
    const entry = await nextEntry(registry);
    await expect(as.proposeErasure(header, POSITIONS, REASON, EVIDENCE))
      .to.emit(registry, "ErasureProposed")
      .withArgs(batchIdOf(header), proposalOf(header), operator.address, entry);
    expect(await registry.statusWord(batchIdOf(header), 0)).to.equal(0);
  });

  it("is confirmed by another operator, and then stands for ever", async () => {
    const here = world();
    const { registry, operator, colleague, arbiter } = here;
    const { header } = await anchorBatch(here, 10);
    await registry.connect(operator).setMarks(header, spans(5), 16, REASON, EVIDENCE);
    await registry.connect(operator).proposeErasure(header, POSITIONS, REASON, EVIDENCE);
    const entry = await nextEntry(registry);
    await expect(registry.connect(colleague).confirmErasure(header, POSITIONS, REASON, EVIDENCE))
      .to.emit(registry, "RecordsErased")
      .withArgs(batchIdOf(header), operator.address, colleague.address, POSITIONS, REASON, EVIDENCE, entry);
    for (let index = 0; index < 10; index++)
      expect(await registry.statusOf(batchIdOf(header), index), `leaf ${index}`).to.equal(
        [2, 5, 6, 7].includes(index) ? ERASED | (index === 5 ? 16 : 0) : 0,
      );
    await expect(registry.connect(operator).withdraw(header, spans(2), REASON, EVIDENCE))
      .to.be.revertedWithCustomError(registry, "MoveNotAllowed")
      .withArgs(2, ERASED, Status.Withdrawn);
    await expect(registry.connect(arbiter).arbiterSetMarks(header, spans(2), 128, REASON, EVIDENCE))
      .to.be.revertedWithCustomError(registry, "MarksUnchanged")
      .withArgs(2, ERASED);
    await expect(registry.connect(arbiter).arbiterClearMarks(header, spans(5), 16, REASON, EVIDENCE))
      .to.be.revertedWithCustomError(registry, "MarksUnchanged")
      .withArgs(5, ERASED | 16);
  });

  it("is not proposed twice, by anybody, while the first is entitled", async () => {
    const here = world();
    const { registry, operator, colleague } = here;
    const { header } = await anchorBatch(here, 10);
    await registry.connect(operator).proposeErasure(header, POSITIONS, REASON, EVIDENCE);
    for (const caller of [operator, colleague])
      await expect(registry.connect(caller).proposeErasure(header, POSITIONS, REASON, EVIDENCE))
        .to.be.revertedWithCustomError(registry, "ErasureAlreadyProposed")
        .withArgs(proposalOf(header), operator.address);
  });

  it("is not confirmed by the operator that proposed", async () => {
    const here = world();
    const { registry, operator } = here;
    const { header } = await anchorBatch(here, 10);
    await registry.connect(operator).proposeErasure(header, POSITIONS, REASON, EVIDENCE);
    await expect(registry.connect(operator).confirmErasure(header, POSITIONS, REASON, EVIDENCE))
      .to.be.revertedWithCustomError(registry, "SecondOperatorNeeded")
      .withArgs(operator.address);
  });

  it("is confirmed with exactly the arguments that were proposed", async () => {
    const here = world();
    const { registry, operator, colleague } = here;
    const { header } = await anchorBatch(here, 10);
    const { header: other } = await anchorBatch(here, 11);
    await registry.connect(operator).proposeErasure(header, POSITIONS, REASON, EVIDENCE);
    for (const [batch, positions, reason, evidence] of [
      [other, POSITIONS, REASON, EVIDENCE],
      [header, spans(2, [5, 8]), REASON, EVIDENCE],
      [header, POSITIONS, REASON + 1, EVIDENCE],
      [header, POSITIONS, REASON, ethers.id("other evidence")],
    ] as const)
      await expect(registry.connect(colleague).confirmErasure(batch, positions, reason, evidence))
        .to.be.revertedWithCustomError(registry, "ErasureNotProposed")
        .withArgs(proposalOf(batch, positions, reason, evidence));
  });

  it("is confirmed once; proposed again it finds the records erased", async () => {
    const here = world();
    const { registry, operator, colleague } = here;
    const { header } = await anchorBatch(here, 10);
    await registry.connect(operator).proposeErasure(header, POSITIONS, REASON, EVIDENCE);
    await registry.connect(colleague).confirmErasure(header, POSITIONS, REASON, EVIDENCE);
    await expect(registry.connect(colleague).confirmErasure(header, POSITIONS, REASON, EVIDENCE))
      .to.be.revertedWithCustomError(registry, "ErasureNotProposed")
      .withArgs(proposalOf(header));
    await registry.connect(operator).proposeErasure(header, POSITIONS, REASON, EVIDENCE);
    await expect(registry.connect(colleague).confirmErasure(header, POSITIONS, REASON, EVIDENCE))
      .to.be.revertedWithCustomError(registry, "AlreadyErased")
      .withArgs(2);
  });

  it("is proposed of erased records without effect: it is never confirmed, not for the others in it either", async () => {
    const here = world();
    const { registry, operator, colleague } = here;
    const { header } = await anchorBatch(here, 10);
    await registry.connect(operator).proposeErasure(header, spans(5), REASON, EVIDENCE);
    await registry.connect(colleague).confirmErasure(header, spans(5), REASON, EVIDENCE);
    const word = await registry.statusWord(batchIdOf(header), 0);
    for (const positions of [spans(5), spans([4, 6])]) {
      await registry.connect(operator).proposeErasure(header, positions, REASON, EVIDENCE);
      await expect(registry.connect(colleague).confirmErasure(header, positions, REASON, EVIDENCE))
        .to.be.revertedWithCustomError(registry, "AlreadyErased")
        .withArgs(5);
    }
    expect(await registry.statusWord(batchIdOf(header), 0)).to.equal(word);
    await registry.connect(operator).proposeErasure(header, spans(4, 6), REASON, EVIDENCE);
    await registry.connect(colleague).confirmErasure(header, spans(4, 6), REASON, EVIDENCE);
  });

  describe("after the one who proposed", () => {
    const now = time.latest;
    const cases = {
      "was revoked": { error: "OperatorIsRevoked", args: [] as number[] },
      "lost the permission": { error: "PermissionMissing", args: [Permission.status] },
      "has expired": { error: "OperatorExpired", args: null },
      "is not valid any more until later": { error: "OperatorNotYetValid", args: null },
    } as const;

    for (const [what, { error, args }] of Object.entries(cases)) {
      it(`${what}, is not confirmed, and can be proposed anew by another`, async () => {
        const here = world();
        const { registry, administrator, operator, colleague, clerk } = here;
        const { header } = await anchorBatch(here, 10);
        await registry.connect(operator).proposeErasure(header, POSITIONS, REASON, EVIDENCE);
        const as = registry.connect(administrator);
        let bound = 0;
        if (what === "was revoked") await as.revokeOperator(AGENCY, operator.address);
        if (what === "lost the permission")
          await as.setOperator(AGENCY, operator.address, Permission.anchor, 0, 4_000_000_000);
        if (what === "has expired") {
          bound = (await now()) + 50;
          await as.setOperator(AGENCY, operator.address, 3, 0, bound);
          await time.increase(100);
        }
        if (what === "is not valid any more until later") {
          bound = (await now()) + 5_000;
          await as.setOperator(AGENCY, operator.address, 3, bound, 4_000_000_000);
        }
        await expect(registry.connect(colleague).confirmErasure(header, POSITIONS, REASON, EVIDENCE))
          .to.be.revertedWithCustomError(registry, error)
          .withArgs(AGENCY, operator.address, ...(args ?? [bound]));
        const entry = await nextEntry(registry);
        await expect(registry.connect(colleague).proposeErasure(header, POSITIONS, REASON, EVIDENCE))
          .to.emit(registry, "ErasureProposed")
          .withArgs(batchIdOf(header), proposalOf(header), colleague.address, entry);
        await registry.connect(clerk).confirmErasure(header, POSITIONS, REASON, EVIDENCE);
        expect(await registry.statusOf(batchIdOf(header), 2)).to.equal(ERASED);
      });
    }
  });
});
