import { expect } from "chai";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import type { ContractTransactionResponse } from "ethers";
import { ethers } from "hardhat";
import * as oracle from "../support/oracle";
import {
  AGENCY,
  FAR_FUTURE,
  MANIFEST,
  NO_AGENCY,
  NO_BATCH,
  OTHER_AGENCY,
  PERSONAL_TYPE,
  Permission,
  REASON,
  Standing,
  TYPE,
  ZERO,
  batchIdOf,
  fixNextTime,
  headerOf,
  nextEntry,
  previousOf,
  testRecords,
  useWorld,
  type World,
} from "../support/registry";

const ROOT = ethers.id("root");
const KEY = ethers.id("key");
const COMMITMENT = ethers.id("commitment");
const LEAVES = ["0x" + "11".repeat(32), "0x" + "22".repeat(32), "0x" + "33".repeat(32)];

interface Call {
  agencyId?: number;
  typeId?: number;
  previous?: string;
}

/** Every way to anchor, by the same few arguments. */
const modes: Record<
  string,
  (world: World, caller: HardhatEthersSigner, call?: Call) => Promise<ContractTransactionResponse>
> = {
  anchorRoot: ({ registry }, caller, { agencyId = AGENCY, typeId = TYPE, previous = NO_BATCH } = {}) =>
    registry.connect(caller).anchorRoot(agencyId, typeId, previous, 1_000, ROOT, MANIFEST),
  anchorLeaves: ({ registry }, caller, { agencyId = AGENCY, typeId = TYPE, previous = NO_BATCH } = {}) =>
    registry.connect(caller).anchorLeaves(agencyId, typeId, previous, LEAVES, MANIFEST),
  anchorRecord: ({ registry }, caller, { agencyId = AGENCY, typeId = TYPE, previous = NO_BATCH } = {}) =>
    registry.connect(caller).anchorRecord(agencyId, typeId, previous, KEY, 1, COMMITMENT, MANIFEST),
};

describe("batches", () => {
  const world = useWorld();

  for (const [mode, anchor] of Object.entries(modes))
    describe(`${mode}: who, when, where`, () => {
      it("is refused while the registry is paused", async () => {
        const here = world();
        await here.registry.connect(here.guardian).pause(REASON);
        await expect(anchor(here, here.operator)).to.be.revertedWithCustomError(
          here.registry,
          "RegistryPaused",
        );
      });

      for (const typeId of [0, 3, 2 ** 32 - 1])
        it(`is refused for type ${typeId}, which was never admitted`, async () => {
          const here = world();
          await expect(anchor(here, here.operator, { typeId }))
            .to.be.revertedWithCustomError(here.registry, "UnknownType")
            .withArgs(typeId);
        });

      it("is refused for an agency that does not exist", async () => {
        const here = world();
        await expect(anchor(here, here.operator, { agencyId: NO_AGENCY }))
          .to.be.revertedWithCustomError(here.registry, "UnknownAgency")
          .withArgs(NO_AGENCY);
      });

      it("is refused for a suspended agency", async () => {
        const here = world();
        await here.registry.connect(here.guardian).suspendAgency(AGENCY, REASON);
        await expect(anchor(here, here.operator))
          .to.be.revertedWithCustomError(here.registry, "WrongStanding")
          .withArgs(AGENCY, Standing.Suspended);
      });

      it("is refused for a closed agency", async () => {
        const here = world();
        await here.registry.connect(here.registrar).closeAgency(AGENCY, REASON);
        await expect(anchor(here, here.operator))
          .to.be.revertedWithCustomError(here.registry, "WrongStanding")
          .withArgs(AGENCY, Standing.Closed);
      });

      for (const who of ["stranger", "administrator", "otherOperator", "registrar", "deployer"] as const)
        it(`is refused to the ${who}`, async () => {
          const here = world();
          await expect(anchor(here, here[who]))
            .to.be.revertedWithCustomError(here.registry, "NotOperator")
            .withArgs(AGENCY, here[who].address);
        });

      it("is refused to an operator that was revoked", async () => {
        const here = world();
        const { registry, administrator, operator } = here;
        await registry.connect(administrator).revokeOperator(AGENCY, operator.address);
        await expect(anchor(here, operator))
          .to.be.revertedWithCustomError(registry, "OperatorIsRevoked")
          .withArgs(AGENCY, operator.address);
      });

      it("is refused one second before an operator's validity, and works at its first", async () => {
        const here = world();
        const { registry, administrator, stranger } = here;
        const from = (await time.latest()) + 100;
        await registry.connect(administrator).setOperator(AGENCY, stranger.address, 3, from, FAR_FUTURE);
        await time.setNextBlockTimestamp(from - 1);
        await expect(anchor(here, stranger))
          .to.be.revertedWithCustomError(registry, "OperatorNotYetValid")
          .withArgs(AGENCY, stranger.address, from);
        await time.setNextBlockTimestamp(from);
        await expect(anchor(here, stranger)).to.emit(registry, "BatchAnchored");
      });

      it("works in the last second of an operator's validity, and is refused in the next", async () => {
        const here = world();
        const { registry, administrator, stranger } = here;
        const until = (await time.latest()) + 100;
        await registry.connect(administrator).setOperator(AGENCY, stranger.address, 3, 0, until);
        await time.setNextBlockTimestamp(until - 1);
        await expect(anchor(here, stranger)).to.emit(registry, "BatchAnchored");
        await time.setNextBlockTimestamp(until);
        await expect(anchor(here, stranger))
          .to.be.revertedWithCustomError(registry, "OperatorExpired")
          .withArgs(AGENCY, stranger.address, until);
      });

      it("is refused to an operator that may only change statuses", async () => {
        const here = world();
        await expect(anchor(here, here.clerk))
          .to.be.revertedWithCustomError(here.registry, "PermissionMissing")
          .withArgs(AGENCY, here.clerk.address, Permission.anchor);
      });

      it("works for an operator that may only anchor", async () => {
        const here = world();
        await expect(anchor(here, here.anchorer)).to.emit(here.registry, "BatchAnchored");
      });

      it("is refused on any batch but the agency's last", async () => {
        const here = world();
        const { registry, operator } = here;
        const first = await headerOf(registry, modes["anchorRoot"]!(here, operator));
        const last = await previousOf(registry);
        expect(last).to.equal(oracle.headerHash(first).slice(0, 42));
        for (const previous of [NO_BATCH, ethers.id("elsewhere").slice(0, 42)])
          await expect(anchor(here, operator, { previous }))
            .to.be.revertedWithCustomError(registry, "StalePrevious")
            .withArgs(AGENCY, last, previous);
        await expect(anchor(here, operator, { previous: last })).to.emit(registry, "BatchAnchored");
      });

      it("returns the id of the batch", async () => {
        const { registry, operator } = world();
        const id = batchIdOf({ agencyId: AGENCY, sequence: 0 });
        const asOperator = registry.connect(operator);
        const calls: Record<string, () => Promise<bigint>> = {
          anchorRoot: () => asOperator.anchorRoot.staticCall(AGENCY, TYPE, NO_BATCH, 1, ROOT, MANIFEST),
          anchorLeaves: () => asOperator.anchorLeaves.staticCall(AGENCY, TYPE, NO_BATCH, LEAVES, MANIFEST),
          anchorRecord: () =>
            asOperator.anchorRecord.staticCall(AGENCY, TYPE, NO_BATCH, KEY, 1, COMMITMENT, MANIFEST),
        };
        expect(await calls[mode]!()).to.equal(id);
      });
    });

  describe("anchorRoot", () => {
    it("is refused for a batch of no leaves", async () => {
      const { registry, operator } = world();
      await expect(
        registry.connect(operator).anchorRoot(AGENCY, TYPE, NO_BATCH, 0, ROOT, MANIFEST),
      ).to.be.revertedWithCustomError(registry, "EmptyBatch");
    });

    it("is refused without a root", async () => {
      const { registry, operator } = world();
      await expect(
        registry.connect(operator).anchorRoot(AGENCY, TYPE, NO_BATCH, 1, ZERO, MANIFEST),
      ).to.be.revertedWithCustomError(registry, "MissingRoot");
    });

    it("anchors: event, header hash, and the agency's chain of batches", async () => {
      const { registry, operator, colleague } = world();
      let previous = NO_BATCH;
      for (const [sequence, size, caller, typeId] of [
        [0, 1, operator, TYPE],
        [1, 2 ** 32 - 1, colleague, PERSONAL_TYPE],
        [2, 65_536, operator, TYPE],
      ] as const) {
        const entry = await nextEntry(registry);
        const anchoredAt = await fixNextTime();
        const batchId = batchIdOf({ agencyId: AGENCY, sequence });
        await expect(
          registry.connect(caller).anchorRoot(AGENCY, typeId, previous, size, ROOT, MANIFEST),
          `batch ${sequence}`,
        )
          .to.emit(registry, "BatchAnchored")
          .withArgs(batchId, typeId, caller.address, size, anchoredAt, previous, ROOT, MANIFEST, entry);
        const hash = oracle.headerHash({
          format: 1,
          agencyId: AGENCY,
          typeId,
          sequence,
          size,
          anchoredAt,
          operator: caller.address,
          previous,
          root: ROOT,
          manifestHash: MANIFEST,
        });
        expect(await registry.headerHashOf(batchId)).to.equal(hash);
        const agency = await registry.agency(AGENCY);
        expect(agency.batchCount).to.equal(sequence + 1);
        expect(agency.lastBatch, "first 20 bytes of the header hash").to.equal(hash.slice(0, 42));
        expect(agency.standing, "in the same slot").to.equal(Standing.Active);
        previous = agency.lastBatch;
      }
      const other = await registry.agency(OTHER_AGENCY);
      expect([other.batchCount, other.lastBatch], "the other's").to.deep.equal([0n, NO_BATCH]);
    });

    it("accepts the same call once", async () => {
      const here = world();
      const { registry, operator } = here;
      await modes["anchorRoot"]!(here, operator);
      const last = await previousOf(registry);
      await expect(modes["anchorRoot"]!(here, operator))
        .to.be.revertedWithCustomError(registry, "StalePrevious")
        .withArgs(AGENCY, last, NO_BATCH);
      expect((await registry.agency(AGENCY)).batchCount).to.equal(1);
    });

    it("allows a manifest hash of zero", async () => {
      const { registry, operator } = world();
      await expect(registry.connect(operator).anchorRoot(AGENCY, TYPE, NO_BATCH, 1, ROOT, ZERO)).to.emit(
        registry,
        "BatchAnchored",
      );
    });

    it("headers of batches that do not exist hash to zero", async () => {
      const { registry } = world();
      expect(await registry.headerHashOf(batchIdOf({ agencyId: AGENCY, sequence: 0 }))).to.equal(ZERO);
      expect(await registry.headerHashOf(0)).to.equal(ZERO);
    });
  });

  describe("anchorLeaves", () => {
    it("is refused without leaves", async () => {
      const { registry, operator } = world();
      await expect(
        registry.connect(operator).anchorLeaves(AGENCY, TYPE, NO_BATCH, [], MANIFEST),
      ).to.be.revertedWithCustomError(registry, "EmptyBatch");
    });

    for (const [what, order, index] of [
      ["two equal leaves", [0, 1, 1, 2], 2],
      ["a first pair the wrong way round", [1, 0, 2], 1],
      ["a last leaf out of order", [0, 2, 1], 2],
    ] as const)
      it(`is refused for ${what}`, async () => {
        const { registry, operator } = world();
        const leaves = order.map((i) => LEAVES[i]!);
        await expect(registry.connect(operator).anchorLeaves(AGENCY, TYPE, NO_BATCH, leaves, MANIFEST))
          .to.be.revertedWithCustomError(registry, "LeavesOutOfOrder")
          .withArgs(index);
      });

    it("anchors the tree of RFC 9162 for every size from 1 to 70", async () => {
      const { registry, operator, domain } = world();
      let previous = NO_BATCH;
      for (let size = 1; size <= 70; size++) {
        const leaves = testRecords(domain, size).map(({ leaf }) => leaf);
        const anchored = registry.connect(operator).anchorLeaves(AGENCY, TYPE, previous, leaves, MANIFEST);
        const header = await headerOf(registry, anchored);
        expect(header.root, `root of ${size}`).to.equal(oracle.treeRoot(leaves));
        expect(header.size).to.equal(size);
        previous = oracle.headerHash(header).slice(0, 42);
        expect(await registry.headerHashOf(batchIdOf(header))).to.equal(oracle.headerHash(header));
      }
    });

    it("says everything in its event", async () => {
      const { registry, operator } = world();
      const entry = await nextEntry(registry);
      const anchoredAt = await fixNextTime();
      await expect(registry.connect(operator).anchorLeaves(AGENCY, TYPE, NO_BATCH, LEAVES, MANIFEST))
        .to.emit(registry, "BatchAnchored")
        .withArgs(
          batchIdOf({ agencyId: AGENCY, sequence: 0 }),
          TYPE,
          operator.address,
          LEAVES.length,
          anchoredAt,
          NO_BATCH,
          oracle.treeRoot(LEAVES),
          MANIFEST,
          entry,
        );
    });
  });

  it("the domain names this chain and this registry", async () => {
    const { registry, domain } = world();
    expect(await registry.domain()).to.equal(domain);
  });
});
