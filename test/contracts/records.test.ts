import { expect } from "chai";
import { ethers } from "hardhat";
import * as oracle from "../support/oracle";
import {
  AGENCY,
  ERASED,
  EVIDENCE,
  MANIFEST,
  Mark,
  NO_BATCH,
  OTHER_AGENCY,
  PERSONAL_TYPE,
  REASON,
  Status,
  TYPE,
  ZERO,
  batchIdOf,
  fields,
  fixNextTime,
  headerOf,
  nextEntry,
  previousOf,
  spans,
  testRecord,
  useWorld,
} from "../support/registry";

describe("direct records", () => {
  const world = useWorld();
  const first = spans(0);

  /** Anchors the next version of a record and returns its header. */
  async function anchorVersion(version: number, name = "direct") {
    const { registry, operator, domain } = world();
    const record = testRecord(domain, name, { version });
    const anchored = registry
      .connect(operator)
      .anchorRecord(
        AGENCY,
        TYPE,
        await previousOf(registry),
        record.key,
        version,
        record.commitment,
        MANIFEST,
      );
    return { record, anchored, header: await headerOf(registry, anchored) };
  }

  it("are refused for a personal type", async () => {
    const { registry, operator } = world();
    await expect(
      registry
        .connect(operator)
        .anchorRecord(AGENCY, PERSONAL_TYPE, NO_BATCH, ethers.id("k"), 1, ethers.id("c"), MANIFEST),
    )
      .to.be.revertedWithCustomError(registry, "PersonalType")
      .withArgs(PERSONAL_TYPE);
  });

  it("are refused without a record key", async () => {
    const { registry, operator } = world();
    await expect(
      registry.connect(operator).anchorRecord(AGENCY, TYPE, NO_BATCH, ZERO, 1, ethers.id("c"), MANIFEST),
    ).to.be.revertedWithCustomError(registry, "MissingRecordKey");
  });

  it("are refused without a commitment", async () => {
    const { registry, operator } = world();
    await expect(
      registry.connect(operator).anchorRecord(AGENCY, TYPE, NO_BATCH, ethers.id("k"), 1, ZERO, MANIFEST),
    ).to.be.revertedWithCustomError(registry, "MissingCommitment");
  });

  for (const [have, given] of [
    [0, 0],
    [0, 2],
    [2, 2],
    [2, 1],
    [2, 4],
    [2, 0],
  ] as const)
    it(`with ${have} versions refuse version ${given}`, async () => {
      const { registry, operator, domain } = world();
      for (let version = 1; version <= have; version++) await anchorVersion(version);
      const { key } = testRecord(domain, "direct");
      const previous = await previousOf(registry);
      await expect(
        registry.connect(operator).anchorRecord(AGENCY, TYPE, previous, key, given, ethers.id("c"), MANIFEST),
      )
        .to.be.revertedWithCustomError(registry, "WrongVersion")
        .withArgs(key, have + 1, given);
    });

  it("in their first version supersede nothing", async () => {
    const { registry, operator, domain } = world();
    const record = testRecord(domain, "direct");
    const entry = await nextEntry(registry);
    const anchoredAt = await fixNextTime();
    const batchId = batchIdOf({ agencyId: AGENCY, sequence: 0 });
    const anchored = registry
      .connect(operator)
      .anchorRecord(AGENCY, TYPE, NO_BATCH, record.key, 1, record.commitment, MANIFEST);
    await expect(anchored, "a batch of one, whose root is the leaf")
      .to.emit(registry, "BatchAnchored")
      .withArgs(batchId, TYPE, operator.address, 1, anchoredAt, NO_BATCH, record.leaf, MANIFEST, entry);
    await expect(anchored)
      .to.emit(registry, "RecordAnchored")
      .withArgs(batchId, record.key, 1, record.commitment, 0, entry + 1n);
    expect(await registry.headerHashOf(batchId)).to.equal(
      oracle.headerHash(await headerOf(registry, anchored)),
    );
    expect(fields(await registry.latest(AGENCY, record.key))).to.deep.equal({
      batchId,
      version: 1n,
      status: 0n,
    });
  });

  it("in their next version supersede the last one in the same call", async () => {
    const { registry, operator, domain } = world();
    const { header } = await anchorVersion(1);
    const record = testRecord(domain, "direct", { version: 2 });
    const previous = await previousOf(registry);
    const entry = await nextEntry(registry);
    const batchId = batchIdOf({ agencyId: AGENCY, sequence: 1 });
    const anchored = registry
      .connect(operator)
      .anchorRecord(AGENCY, TYPE, previous, record.key, 2, record.commitment, MANIFEST);
    await expect(anchored)
      .to.emit(registry, "RecordAnchored")
      .withArgs(batchId, record.key, 2, record.commitment, batchIdOf(header), entry + 1n);
    await expect(anchored).not.to.emit(registry, "RecordsSuperseded");
    expect(await registry.statusOf(batchIdOf(header), 0), "the version before").to.equal(Status.Superseded);
    expect(fields(await registry.latest(AGENCY, record.key))).to.deep.equal({
      batchId,
      version: 2n,
      status: 0n,
    });
  });

  it("in their next version are refused to an operator that may only anchor", async () => {
    const { registry, anchorer, domain } = world();
    await anchorVersion(1);
    const next = testRecord(domain, "direct", { version: 2 });
    const call = async (version: number) =>
      registry
        .connect(anchorer)
        .anchorRecord(AGENCY, TYPE, await previousOf(registry), next.key, version, next.commitment, MANIFEST);
    await expect(call(2))
      .to.be.revertedWithCustomError(registry, "PermissionMissing")
      .withArgs(AGENCY, anchorer.address, 3);
  });

  it("supersede a repaired version, and keep its marks", async () => {
    const { registry, operator } = world();
    const { header } = await anchorVersion(1);
    await registry.connect(operator).repair(header, first, REASON, EVIDENCE);
    await registry.connect(operator).setMarks(header, first, Mark.Disputed, REASON, EVIDENCE);
    await anchorVersion(2);
    expect(await registry.statusOf(batchIdOf(header), 0)).to.equal(Status.Superseded | Mark.Disputed);
  });

  it("leave a version alone that the agency superseded before", async () => {
    const { registry, operator, domain } = world();
    const { header } = await anchorVersion(1);
    const { leaf } = testRecord(domain, "direct", { version: 2 });
    await registry.connect(operator).supersede(header, first, [leaf], REASON, EVIDENCE);
    const { record, anchored, header: next } = await anchorVersion(2);
    await expect(anchored)
      .to.emit(registry, "RecordAnchored")
      .withArgs(batchIdOf(next), record.key, 2, record.commitment, 0, (await nextEntry(registry)) - 1n);
    expect(await registry.statusOf(batchIdOf(header), 0)).to.equal(Status.Superseded);
  });

  it("that were withdrawn have ended", async () => {
    const { registry, operator } = world();
    const { header, record } = await anchorVersion(1);
    await registry.connect(operator).withdraw(header, first, REASON, EVIDENCE);
    await registry.connect(operator).setMarks(header, first, Mark.Disputed, REASON, EVIDENCE);
    const previous = await previousOf(registry);
    await expect(
      registry
        .connect(operator)
        .anchorRecord(AGENCY, TYPE, previous, record.key, 2, ethers.id("c"), MANIFEST),
    )
      .to.be.revertedWithCustomError(registry, "RecordEnded")
      .withArgs(record.key, Status.Withdrawn | Mark.Disputed);
    expect((await registry.latest(AGENCY, record.key)).status, "others can see it").to.equal(
      Status.Withdrawn | Mark.Disputed,
    );
  });

  it("that were erased have ended", async () => {
    const { registry, operator, colleague } = world();
    const { header, record } = await anchorVersion(1);
    await registry.connect(operator).proposeErasure(header, first, REASON, EVIDENCE);
    await registry.connect(colleague).confirmErasure(header, first, REASON, EVIDENCE);
    const previous = await previousOf(registry);
    await expect(
      registry
        .connect(operator)
        .anchorRecord(AGENCY, TYPE, previous, record.key, 2, ethers.id("c"), MANIFEST),
    )
      .to.be.revertedWithCustomError(registry, "RecordEnded")
      .withArgs(record.key, ERASED);
  });

  it("of two agencies under one key have nothing to do with each other", async () => {
    const { registry, otherOperator } = world();
    const { record, header } = await anchorVersion(1);
    await registry
      .connect(otherOperator)
      .anchorRecord(OTHER_AGENCY, TYPE, NO_BATCH, record.key, 1, record.commitment, MANIFEST);
    expect((await registry.latest(AGENCY, record.key)).batchId).to.equal(batchIdOf(header));
    expect((await registry.latest(OTHER_AGENCY, record.key)).batchId).to.equal(
      batchIdOf({ agencyId: OTHER_AGENCY, sequence: 0 }),
    );
    expect(await registry.statusOf(batchIdOf(header), 0)).to.equal(Status.Active);
  });

  it("that were never anchored are all zero", async () => {
    const { registry } = world();
    expect(fields(await registry.latest(AGENCY, ethers.id("nothing")))).to.deep.equal({
      batchId: 0n,
      version: 0n,
      status: 0n,
    });
  });
});
