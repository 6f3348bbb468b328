import { expect } from "chai";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import {
  AGENCY,
  FAR_FUTURE,
  KEY_COMMITMENT,
  MANIFEST,
  NO_BATCH,
  TYPE,
  batchIdOf,
  headerOf,
  nextEntry,
  useWorld,
} from "../support/registry";
import * as oracle from "../support/oracle";

/** 2026-12-01T00:00:00.999Z in milliseconds: what some permissioned chains give as block time. */
const MILLISECONDS = 1_796_083_200_999;
const SECONDS = Math.floor(MILLISECONDS / 1_000);

describe("a chain that counts milliseconds", () => {
  const world = useWorld();

  it("has everything stored and said in seconds", async () => {
    const { registry, registrar, administrator, operator, stranger } = world();
    await time.setNextBlockTimestamp(MILLISECONDS);
    const code = ethers.encodeBytes32String("91110000000000003C");
    await registry.connect(registrar).admitAgency(code, stranger.address, KEY_COMMITMENT);
    expect((await registry.agency(3)).admittedAt).to.equal(SECONDS);

    await time.setNextBlockTimestamp(MILLISECONDS + 1_000);
    await registry
      .connect(registrar)
      .admitType(ethers.id("type"), ethers.encodeBytes32String("test.third"), false);
    expect((await registry.recordType(3)).admittedAt).to.equal(SECONDS + 1);

    await time.setNextBlockTimestamp(MILLISECONDS + 2_000);
    const anchored = registry
      .connect(operator)
      .anchorRoot(AGENCY, TYPE, NO_BATCH, 1, ethers.id("root"), MANIFEST);
    const header = await headerOf(registry, anchored);
    expect(header.anchoredAt).to.equal(SECONDS + 2);
    expect(await registry.headerHashOf(batchIdOf(header))).to.equal(oracle.headerHash(header));

    await time.setNextBlockTimestamp(MILLISECONDS + 3_000);
    let entry = await nextEntry(registry);
    await expect(registry.connect(administrator).setOperator(AGENCY, stranger.address, 3, 0, SECONDS + 5))
      .to.emit(registry, "OperatorAdded")
      .withArgs(AGENCY, stranger.address, 3, SECONDS + 3, SECONDS + 5, entry);

    await time.setNextBlockTimestamp(MILLISECONDS + 4_000);
    await registry.connect(administrator).revokeOperator(AGENCY, operator.address);
    expect((await registry.operator(AGENCY, operator.address)).validUntil).to.equal(SECONDS + 4);

    await time.setNextBlockTimestamp(MILLISECONDS + 4_500);
    entry = await nextEntry(registry);
    await expect(registry.connect(administrator).declareCompromised(AGENCY, operator.address, SECONDS + 5))
      .to.emit(registry, "OperatorCompromised")
      .withArgs(AGENCY, operator.address, SECONDS + 5, entry);
  });

  it("compares validity in seconds", async () => {
    const { registry, administrator, stranger } = world();
    await time.setNextBlockTimestamp(MILLISECONDS);
    await registry
      .connect(administrator)
      .setOperator(AGENCY, stranger.address, 3, SECONDS + 10, SECONDS + 20);
    const anchor = () =>
      registry.connect(stranger).anchorRoot(AGENCY, TYPE, NO_BATCH, 1, ethers.id("root"), MANIFEST);
    await time.setNextBlockTimestamp((SECONDS + 10) * 1_000 - 1);
    await expect(anchor())
      .to.be.revertedWithCustomError(registry, "OperatorNotYetValid")
      .withArgs(AGENCY, stranger.address, SECONDS + 10);
    await time.setNextBlockTimestamp((SECONDS + 20) * 1_000);
    await expect(anchor())
      .to.be.revertedWithCustomError(registry, "OperatorExpired")
      .withArgs(AGENCY, stranger.address, SECONDS + 20);
    await registry.connect(administrator).setOperator(AGENCY, stranger.address, 3, SECONDS + 30, FAR_FUTURE);
    await time.setNextBlockTimestamp((SECONDS + 30) * 1_000);
    await expect(anchor()).to.emit(registry, "BatchAnchored");
  });

  it("is told by the block time alone, up to the year 5138 in seconds", async () => {
    const { registry, registrar, stranger } = world();
    const admit = async (code: string): Promise<bigint> => {
      await registry
        .connect(registrar)
        .admitAgency(ethers.encodeBytes32String(code), stranger.address, KEY_COMMITMENT);
      return (await registry.agency(await registry.agencyCount())).admittedAt;
    };
    await time.setNextBlockTimestamp(100_000_000_000);
    expect(await admit("LAST-IN-SECONDS"), "the last that is read as seconds").to.equal(100_000_000_000n);
    await time.setNextBlockTimestamp(100_000_000_001);
    expect(await admit("FIRST-IN-MILLISECONDS"), "the first that is not").to.equal(100_000_000n);
  });
});
