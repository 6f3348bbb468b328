import { expect } from "chai";
import { mine } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import { deployManager } from "../../src/deployment";
import { roleIds } from "../../src/roles";
import type { ISignOffs, SignOffs } from "../../typechain-types";
import { anchorBatch, fields, REASON, timeOf, useWorld, ZERO } from "../support/registry";
import { deploySafe } from "../support/safe";

const REPORT = ethers.id("report");
const Outcome = { NoDifference: 0, NotAllCompared: 1, Differences: 2 } as const;

describe("sign-offs", () => {
  const world = useWorld();
  let signOffs: SignOffs;

  beforeEach(async () => {
    const { manager, registry, stranger } = world();
    // The stranger, for making it takes no role.
    const made = await ethers.deployContract("SignOffs", [await registry.getAddress()], stranger);
    await manager.grantRole(roleIds.auditor, stranger.address, 0);
    signOffs = made as unknown as SignOffs;
  });

  /** What an auditor would state that looked at the latest block. */
  async function statement(
    changes: Partial<ISignOffs.StatementStruct> = {},
  ): Promise<ISignOffs.StatementStruct> {
    const { manager, registry } = world();
    const { count: journalLength, head: journalHead } = await registry.journal();
    const { count: rolesLength, head: rolesHead } = await manager.journal();
    const block = (await ethers.provider.getBlock("latest"))!;
    return {
      journalLength,
      journalHead,
      rolesLength,
      rolesHead,
      blockNumber: block.number,
      blockHash: block.hash!,
      reportHash: REPORT,
      outcome: Outcome.NoDifference,
      ...changes,
    };
  }

  it("is about one registry and begins without a statement", async () => {
    expect(await signOffs.registry()).to.equal(await world().registry.getAddress());
    expect(await signOffs.count()).to.equal(0n);
    await expect(signOffs.at(0)).to.be.revertedWithCustomError(signOffs, "NoSuchStatement").withArgs(0);
  });

  it("keeps every statement as it was made", async () => {
    const { stranger } = world();
    const made: { stated: ISignOffs.StatementStruct; time: number }[] = [];
    for (const outcome of Object.values(Outcome)) {
      const stated = await statement({ outcome, reportHash: ethers.id(`report ${outcome}`) });
      expect(await signOffs.signOff.staticCall(stated)).to.equal(BigInt(outcome));
      const sent = signOffs.signOff(stated);
      await expect(sent)
        .to.emit(signOffs, "SignedOff")
        .withArgs(outcome, stranger.address, stated.reportHash, Object.values(stated));
      made.push({ stated, time: await timeOf(sent) });
    }
    expect(await signOffs.count()).to.equal(3n);
    for (const [index, { stated, time }] of made.entries()) {
      const { auditor, signedAt, statement: kept } = await signOffs.at(index);
      expect({ auditor, signedAt }).to.deep.equal({ auditor: stranger.address, signedAt: BigInt(time) });
      expect(fields(kept)).to.deep.equal(
        Object.fromEntries(
          Object.entries(stated).map(([name, value]) => [
            name,
            typeof value === "number" ? BigInt(value) : value,
          ]),
        ),
      );
    }
  });

  it("takes a head of the past on trust, and of the present only the right one", async () => {
    const here = world();
    const past = await statement();
    await anchorBatch(here, 1);
    await here.manager.grantRole(roleIds.arbiter, here.stranger.address, 0);
    const present = await statement();
    await signOffs.signOff({ ...past, journalHead: ethers.dataSlice(REPORT, 0, 28), rolesHead: REPORT });
    await expect(signOffs.signOff({ ...present, journalHead: past.journalHead }))
      .to.be.revertedWithCustomError(signOffs, "JournalHeadDiffers")
      .withArgs(past.journalHead, present.journalHead);
    await expect(signOffs.signOff({ ...present, rolesHead: past.rolesHead }))
      .to.be.revertedWithCustomError(signOffs, "RolesHeadDiffers")
      .withArgs(past.rolesHead, present.rolesHead);
    await signOffs.signOff(present);
    expect(await signOffs.count()).to.equal(2n);
  });

  it("refuses a journal longer than it is", async () => {
    const { count } = await world().registry.journal();
    await expect(signOffs.signOff(await statement({ journalLength: count + 1n })))
      .to.be.revertedWithCustomError(signOffs, "JournalNotSoLong")
      .withArgs(count + 1n, count);
  });

  it("refuses a journal of roles longer than it is", async () => {
    const { count } = await world().manager.journal();
    await expect(signOffs.signOff(await statement({ rolesLength: count + 1n })))
      .to.be.revertedWithCustomError(signOffs, "RolesNotSoLong")
      .withArgs(count + 1n, count);
  });

  it("takes a statement that says nothing of roles, and no head without a length", async () => {
    await expect(signOffs.signOff(await statement({ rolesLength: 0, rolesHead: REPORT })))
      .to.be.revertedWithCustomError(signOffs, "RolesHeadDiffers")
      .withArgs(REPORT, ZERO);
    await signOffs.signOff(await statement({ rolesLength: 0, rolesHead: ZERO }));
  });

  it("refuses a block that is not made", async () => {
    const next = (await ethers.provider.getBlockNumber()) + 1;
    await expect(signOffs.signOff(await statement({ blockNumber: next + 1 })))
      .to.be.revertedWithCustomError(signOffs, "BlockNotMade")
      .withArgs(next + 1, next);
  });

  it("refuses another hash of a block that the chain knows, and cannot tell of an old one", async () => {
    const { blockHash, blockNumber } = await statement();
    const wrong = { blockNumber, blockHash: REPORT };
    for (const blocks of [0, 254]) {
      await mine(blocks);
      await expect(signOffs.signOff(await statement(wrong)))
        .to.be.revertedWithCustomError(signOffs, "BlockHashDiffers")
        .withArgs(REPORT, blockHash);
    }
    await mine(1);
    await signOffs.signOff(await statement(wrong));
  });

  it("refuses a statement without a report", async () => {
    await expect(signOffs.signOff(await statement({ reportHash: ZERO }))).to.be.revertedWithCustomError(
      signOffs,
      "MissingReport",
    );
  });

  it("refuses an outcome that has no meaning", async () => {
    await expect(signOffs.signOff(await statement({ outcome: 3 }))).to.be.revertedWithoutReason();
  });

  describe("are an auditor's only", () => {
    it("not of other roles, not of one whose role was revoked", async () => {
      const { manager, stranger, registrar, deployer } = world();
      for (const who of [registrar, deployer])
        await expect(signOffs.connect(who).signOff(await statement()))
          .to.be.revertedWithCustomError(signOffs, "NotAuditor")
          .withArgs(who.address);
      await signOffs.signOff(await statement());
      await manager.revokeRole(roleIds.auditor, stranger.address);
      await expect(signOffs.signOff(await statement()))
        .to.be.revertedWithCustomError(signOffs, "NotAuditor")
        .withArgs(stranger.address);
      expect(await signOffs.count()).to.equal(1n);
    });

    it("by the registry's present authority", async () => {
      const { manager, registry, deployer, registrar, stranger } = world();
      const next = await deployManager(deployer);
      await manager.updateAuthority(await registry.getAddress(), await next.getAddress());
      await expect(signOffs.signOff(await statement()))
        .to.be.revertedWithCustomError(signOffs, "NotAuditor")
        .withArgs(stranger.address);
      await next.grantRole(roleIds.auditor, registrar.address, 0);
      const { count: rolesLength, head: rolesHead } = await next.journal();
      await signOffs.connect(registrar).signOff(await statement({ rolesLength, rolesHead }));
    });

    it("paused or not, with a delay of the role or without", async () => {
      const { manager, registry, guardian, stranger } = world();
      await registry.connect(guardian).pause(REASON);
      await manager.grantRole(roleIds.auditor, stranger.address, 86_400);
      await manager.setTargetClosed(await signOffs.getAddress(), true);
      await signOffs.signOff(await statement());
    });

    it("of a multisig too: two of three owners sign off", async () => {
      const { manager } = world();
      const owners = (await ethers.getSigners()).slice(16, 19);
      const safe = await deploySafe(owners, 2);
      await manager.grantRole(roleIds.auditor, safe.address, 0);
      const data = signOffs.interface.encodeFunctionData("signOff", [await statement()]);
      const target = await signOffs.getAddress();
      await expect(safe.execute(target, data, owners.slice(0, 1))).to.be.revertedWith("GS020");
      await safe.execute(target, data, owners.slice(0, 2));
      expect((await signOffs.at(0)).auditor).to.equal(safe.address);
    });
  });
});
