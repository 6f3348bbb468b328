import { expect } from "chai";
import { ethers } from "hardhat";
import {
  AGENCY,
  AGENCY_CODE,
  FAR_FUTURE,
  KEY_COMMITMENT,
  NO_AGENCY,
  NO_BATCH,
  OTHER_AGENCY,
  Permission,
  REASON,
  Standing,
  fields,
  fixNextTime,
  nextEntry,
  timeOf,
  useWorld,
  ZERO,
} from "../support/registry";

const NEW_CODE = ethers.encodeBytes32String("91110000000000003C");
const label = (hex: string): string => "0x" + hex.padEnd(64, "0");

describe("agencies", () => {
  const world = useWorld();

  describe("admitAgency", () => {
    it("is refused while the registry is paused", async () => {
      const { registry, registrar, guardian, stranger } = world();
      await registry.connect(guardian).pause(REASON);
      await expect(
        registry.connect(registrar).admitAgency(NEW_CODE, stranger.address, KEY_COMMITMENT),
      ).to.be.revertedWithCustomError(registry, "RegistryPaused");
    });

    for (const [what, code] of [
      ["is empty", ZERO],
      ["has 32 characters", "0x" + "41".repeat(32)],
      ["begins with a zero byte", label("004142")],
      ["has a gap", label("410042")],
      ["holds a space", label("412042")],
      ["holds a control character", label("411f42")],
      ["holds DEL", label("417f42")],
      ["is not ASCII", label("e4b8ad")],
    ] as const)
      it(`is refused for a code that ${what}`, async () => {
        const { registry, registrar, stranger } = world();
        await expect(registry.connect(registrar).admitAgency(code, stranger.address, KEY_COMMITMENT))
          .to.be.revertedWithCustomError(registry, "InvalidAgencyCode")
          .withArgs(code);
      });

    for (const [what, code] of [
      ["one character", label("21")],
      ["31 characters", "0x" + "7e".repeat(31) + "00"],
    ] as const)
      it(`accepts a code of ${what}`, async () => {
        const { registry, registrar, stranger } = world();
        await registry.connect(registrar).admitAgency(code, stranger.address, KEY_COMMITMENT);
        expect(await registry.agencyIdOf(code)).to.equal(3);
      });

    it("is refused for a code that has been admitted", async () => {
      const { registry, registrar, stranger } = world();
      await expect(registry.connect(registrar).admitAgency(AGENCY_CODE, stranger.address, KEY_COMMITMENT))
        .to.be.revertedWithCustomError(registry, "AgencyCodeTaken")
        .withArgs(AGENCY_CODE, AGENCY);
    });

    it("is refused without an administrator", async () => {
      const { registry, registrar } = world();
      await expect(registry.connect(registrar).admitAgency(NEW_CODE, ethers.ZeroAddress, KEY_COMMITMENT))
        .to.be.revertedWithCustomError(registry, "InvalidAddress")
        .withArgs(ethers.ZeroAddress);
    });

    it("is refused without a key commitment", async () => {
      const { registry, registrar, stranger } = world();
      await expect(
        registry.connect(registrar).admitAgency(NEW_CODE, stranger.address, ZERO),
      ).to.be.revertedWithCustomError(registry, "MissingKeyCommitment");
    });

    it("admits an active agency with the next id and nothing anchored", async () => {
      const { registry, registrar, stranger } = world();
      const entry = await nextEntry(registry);
      const admitted = registry.connect(registrar).admitAgency(NEW_CODE, stranger.address, KEY_COMMITMENT);
      await expect(admitted)
        .to.emit(registry, "AgencyAdmitted")
        .withArgs(3, NEW_CODE, stranger.address, KEY_COMMITMENT, entry);
      expect(await registry.agencyCount()).to.equal(3);
      expect(await registry.agencyIdOf(NEW_CODE)).to.equal(3);
      expect(fields(await registry.agency(3))).to.deep.equal({
        code: NEW_CODE,
        keyCommitment: KEY_COMMITMENT,
        administrator: stranger.address,
        pendingAdministrator: ethers.ZeroAddress,
        admittedAt: BigInt(await timeOf(admitted)),
        standing: Standing.Active,
        batchCount: 0n,
        lastBatch: NO_BATCH,
        successor: 0n,
      });
    });

    it("returns the id", async () => {
      const { registry, registrar, stranger } = world();
      const asRegistrar = registry.connect(registrar);
      expect(await asRegistrar.admitAgency.staticCall(NEW_CODE, stranger.address, KEY_COMMITMENT)).to.equal(
        3,
      );
    });

    it("leaves an agency that does not exist all zero", async () => {
      const { registry } = world();
      expect(await registry.agencyIdOf(NEW_CODE)).to.equal(0);
      expect((await registry.agency(NO_AGENCY)).standing).to.equal(Standing.None);
    });
  });

  describe("standing", () => {
    const moves = ["suspendAgency", "reinstateAgency", "closeAgency"] as const;
    const callers = {
      suspendAgency: "guardian",
      reinstateAgency: "registrar",
      closeAgency: "registrar",
    } as const;
    const events = {
      suspendAgency: "AgencySuspended",
      reinstateAgency: "AgencyReinstated",
      closeAgency: "AgencyClosed",
    } as const;
    const reach = {
      Active: [],
      Suspended: ["suspendAgency"],
      Closed: ["closeAgency"],
    } as const;
    const results: Record<(typeof moves)[number], Partial<Record<keyof typeof reach, bigint>>> = {
      suspendAgency: { Active: Standing.Suspended },
      reinstateAgency: { Suspended: Standing.Active },
      closeAgency: { Active: Standing.Closed, Suspended: Standing.Closed },
    };
    for (const move of moves) {
      it(`${move} is refused for an agency that does not exist`, async () => {
        const here = world();
        await expect(here.registry.connect(here[callers[move]])[move](NO_AGENCY, REASON))
          .to.be.revertedWithCustomError(here.registry, "UnknownAgency")
          .withArgs(NO_AGENCY);
      });
      for (const from of ["Active", "Suspended", "Closed"] as const) {
        const result = results[move][from];
        it(`${move} ${result === undefined ? "is refused" : "works"} when ${from}`, async () => {
          const here = world();
          const { registry } = here;
          for (const step of reach[from]) await registry.connect(here[callers[step]])[step](AGENCY, REASON);
          const actor = here[callers[move]];
          const entry = await nextEntry(registry);
          const call = registry.connect(actor)[move](AGENCY, REASON);
          if (result === undefined)
            await expect(call)
              .to.be.revertedWithCustomError(registry, "WrongStanding")
              .withArgs(AGENCY, Standing[from]);
          else
            await expect(call).to.emit(registry, events[move]).withArgs(AGENCY, REASON, actor.address, entry);
          expect((await registry.agency(AGENCY)).standing).to.equal(result ?? Standing[from]);
          expect((await registry.agency(OTHER_AGENCY)).standing, "the other's").to.equal(Standing.Active);
        });
      }
    }

    it("keeps what was anchored when it changes", async () => {
      const { registry, registrar, guardian, operator } = world();
      await registry.connect(operator).anchorRoot(AGENCY, 1, NO_BATCH, 1, ethers.id("root"), ZERO);
      const { lastBatch } = await registry.agency(AGENCY);
      await registry.connect(guardian).suspendAgency(AGENCY, REASON);
      await registry.connect(registrar).reinstateAgency(AGENCY, REASON);
      const after = await registry.agency(AGENCY);
      expect([after.batchCount, after.lastBatch]).to.deep.equal([1n, lastBatch]);
    });
  });

  describe("administrator", () => {
    it("nobody is named for an agency that does not exist", async () => {
      const { registry, administrator, stranger } = world();
      await expect(registry.connect(administrator).nameAdministrator(NO_AGENCY, stranger.address))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(NO_AGENCY);
    });

    it("nobody is named, and nobody accepts, for a closed agency", async () => {
      const { registry, registrar, administrator, stranger } = world();
      await registry.connect(administrator).nameAdministrator(AGENCY, stranger.address);
      await registry.connect(registrar).closeAgency(AGENCY, REASON);
      await expect(registry.connect(administrator).nameAdministrator(AGENCY, stranger.address))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(AGENCY, Standing.Closed);
      await expect(registry.connect(stranger).acceptAdministration(AGENCY))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(AGENCY, Standing.Closed);
    });

    for (const who of ["otherAdministrator", "operator", "registrar", "deployer"] as const)
      it(`is not named by the ${who}`, async () => {
        const { registry, [who]: caller, stranger } = world();
        await expect(registry.connect(caller).nameAdministrator(AGENCY, stranger.address))
          .to.be.revertedWithCustomError(registry, "NotAdministrator")
          .withArgs(AGENCY, caller.address);
      });

    it("changes in two steps, and the old one is nothing more", async () => {
      const { registry, administrator, stranger } = world();
      let entry = await nextEntry(registry);
      await expect(registry.connect(administrator).nameAdministrator(AGENCY, stranger.address))
        .to.emit(registry, "AdministratorNamed")
        .withArgs(AGENCY, stranger.address, entry);
      let agency = await registry.agency(AGENCY);
      expect(agency.administrator, "still the old one").to.equal(administrator.address);
      expect(agency.pendingAdministrator).to.equal(stranger.address);
      entry = await nextEntry(registry);
      await expect(registry.connect(stranger).acceptAdministration(AGENCY))
        .to.emit(registry, "AdministratorChanged")
        .withArgs(AGENCY, stranger.address, entry);
      agency = await registry.agency(AGENCY);
      expect(agency.administrator).to.equal(stranger.address);
      expect(agency.pendingAdministrator, "nobody is named any more").to.equal(ethers.ZeroAddress);
      expect(agency.code).to.equal(AGENCY_CODE);
      await expect(registry.connect(administrator).nameAdministrator(AGENCY, administrator.address))
        .to.be.revertedWithCustomError(registry, "NotAdministrator")
        .withArgs(AGENCY, administrator.address);
      await expect(registry.connect(stranger).acceptAdministration(AGENCY), "twice")
        .to.be.revertedWithCustomError(registry, "NotPendingAdministrator")
        .withArgs(AGENCY, stranger.address);
    });

    it("is accepted only by the account that was named, in the agency that named it", async () => {
      const { registry, administrator, stranger, operator } = world();
      await registry.connect(administrator).nameAdministrator(AGENCY, stranger.address);
      for (const [caller, agencyId] of [
        [operator, AGENCY],
        [administrator, AGENCY],
        [stranger, OTHER_AGENCY],
      ] as const)
        await expect(registry.connect(caller).acceptAdministration(agencyId))
          .to.be.revertedWithCustomError(registry, "NotPendingAdministrator")
          .withArgs(agencyId, caller.address);
      await expect(registry.connect(stranger).acceptAdministration(NO_AGENCY))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(NO_AGENCY);
    });

    it("a name is taken back by naming zero", async () => {
      const { registry, administrator, stranger } = world();
      await registry.connect(administrator).nameAdministrator(AGENCY, stranger.address);
      await registry.connect(administrator).nameAdministrator(AGENCY, ethers.ZeroAddress);
      await expect(registry.connect(stranger).acceptAdministration(AGENCY))
        .to.be.revertedWithCustomError(registry, "NotPendingAdministrator")
        .withArgs(AGENCY, stranger.address);
    });

    it("changes while the agency is suspended and the registry paused", async () => {
      const { registry, guardian, administrator, stranger } = world();
      await registry.connect(guardian).suspendAgency(AGENCY, REASON);
      await registry.connect(guardian).pause(REASON);
      await registry.connect(administrator).nameAdministrator(AGENCY, stranger.address);
      await registry.connect(stranger).acceptAdministration(AGENCY);
      expect((await registry.agency(AGENCY)).administrator).to.equal(stranger.address);
    });
  });

  describe("setOperator", () => {
    it("is refused for an agency that does not exist", async () => {
      const { registry, administrator, stranger } = world();
      await expect(registry.connect(administrator).setOperator(NO_AGENCY, stranger.address, 3, 0, FAR_FUTURE))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(NO_AGENCY);
    });

    it("is refused for a closed agency", async () => {
      const { registry, registrar, administrator, stranger } = world();
      await registry.connect(registrar).closeAgency(AGENCY, REASON);
      await expect(registry.connect(administrator).setOperator(AGENCY, stranger.address, 3, 0, FAR_FUTURE))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(AGENCY, Standing.Closed);
    });

    for (const who of ["otherAdministrator", "operator", "registrar", "deployer", "stranger"] as const)
      it(`is refused to the ${who}`, async () => {
        const { registry, [who]: caller, stranger } = world();
        await expect(registry.connect(caller).setOperator(AGENCY, stranger.address, 3, 0, FAR_FUTURE))
          .to.be.revertedWithCustomError(registry, "NotAdministrator")
          .withArgs(AGENCY, caller.address);
      });

    it("is refused for the zero address", async () => {
      const { registry, administrator } = world();
      await expect(registry.connect(administrator).setOperator(AGENCY, ethers.ZeroAddress, 3, 0, FAR_FUTURE))
        .to.be.revertedWithCustomError(registry, "InvalidAddress")
        .withArgs(ethers.ZeroAddress);
    });

    for (const permissions of [0, 4, 7, 255])
      it(`is refused for permissions ${permissions}`, async () => {
        const { registry, administrator, stranger } = world();
        await expect(
          registry.connect(administrator).setOperator(AGENCY, stranger.address, permissions, 0, FAR_FUTURE),
        )
          .to.be.revertedWithCustomError(registry, "InvalidPermissions")
          .withArgs(permissions);
      });

    for (const [what, from, until] of [
      ["ends now", 0, 0],
      ["ended", 0, -1],
      ["ends when it begins", 100, 100],
      ["ends before it begins", 100, 99],
    ] as const)
      it(`is refused for a validity that ${what}`, async () => {
        const { registry, administrator, stranger } = world();
        const now = await fixNextTime();
        const [validFrom, validUntil] = [from === 0 ? 0 : now + from, now + until];
        await expect(
          registry.connect(administrator).setOperator(AGENCY, stranger.address, 3, validFrom, validUntil),
        )
          .to.be.revertedWithCustomError(registry, "InvalidValidity")
          .withArgs(Math.max(validFrom, now), validUntil, now);
      });

    it("is refused for an operator that was revoked", async () => {
      const { registry, administrator, operator } = world();
      await registry.connect(administrator).revokeOperator(AGENCY, operator.address);
      await expect(registry.connect(administrator).setOperator(AGENCY, operator.address, 3, 0, FAR_FUTURE))
        .to.be.revertedWithCustomError(registry, "OperatorIsRevoked")
        .withArgs(AGENCY, operator.address);
    });

    it("adds an operator whose validity begins now at the earliest", async () => {
      const { registry, administrator, stranger } = world();
      const now = await fixNextTime();
      const entry = await nextEntry(registry);
      await expect(
        registry.connect(administrator).setOperator(AGENCY, stranger.address, Permission.status, 5, now + 1),
      )
        .to.emit(registry, "OperatorAdded")
        .withArgs(AGENCY, stranger.address, Permission.status, now, now + 1, entry);
      expect(fields(await registry.operator(AGENCY, stranger.address))).to.deep.equal({
        permissions: BigInt(Permission.status),
        validFrom: BigInt(now),
        validUntil: BigInt(now + 1),
        compromisedSince: 0n,
        revoked: false,
      });
      expect((await registry.operator(OTHER_AGENCY, stranger.address)).permissions, "elsewhere").to.equal(0);
    });

    it("adds one whose validity begins later, and changes one, paused and suspended", async () => {
      const { registry, administrator, guardian, operator } = world();
      await registry.connect(guardian).pause(REASON);
      await registry.connect(guardian).suspendAgency(AGENCY, REASON);
      const now = await fixNextTime();
      const entry = await nextEntry(registry);
      await expect(
        registry
          .connect(administrator)
          .setOperator(AGENCY, operator.address, Permission.anchor, now + 50, now + 60),
      )
        .to.emit(registry, "OperatorAdded")
        .withArgs(AGENCY, operator.address, Permission.anchor, now + 50, now + 60, entry);
      const after = await registry.operator(AGENCY, operator.address);
      expect([after.permissions, after.validFrom, after.validUntil]).to.deep.equal(
        [Permission.anchor, now + 50, now + 60].map(BigInt),
      );
    });
  });

  describe("revokeOperator", () => {
    it("is refused for an agency that does not exist", async () => {
      const { registry, operator } = world();
      await expect(registry.connect(operator).revokeOperator(NO_AGENCY, operator.address))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(NO_AGENCY);
    });

    for (const who of ["otherAdministrator", "colleague", "registrar"] as const)
      it(`is refused to the ${who}`, async () => {
        const { registry, [who]: caller, operator } = world();
        await expect(registry.connect(caller).revokeOperator(AGENCY, operator.address))
          .to.be.revertedWithCustomError(registry, "NotAdministrator")
          .withArgs(AGENCY, caller.address);
      });

    it("is refused for an account that never was an operator of this agency", async () => {
      const { registry, administrator, otherOperator, stranger } = world();
      for (const [caller, account] of [
        [administrator, otherOperator],
        [stranger, stranger],
      ] as const)
        await expect(registry.connect(caller).revokeOperator(AGENCY, account.address))
          .to.be.revertedWithCustomError(registry, "NotOperator")
          .withArgs(AGENCY, account.address);
    });

    it("is refused the second time", async () => {
      const { registry, administrator, operator } = world();
      await registry.connect(administrator).revokeOperator(AGENCY, operator.address);
      await expect(registry.connect(administrator).revokeOperator(AGENCY, operator.address))
        .to.be.revertedWithCustomError(registry, "OperatorIsRevoked")
        .withArgs(AGENCY, operator.address);
    });

    for (const who of ["administrator", "operator"] as const)
      it(`ends the validity at once, called by the ${who}, paused and suspended`, async () => {
        const { registry, guardian, [who]: caller, operator } = world();
        await registry.connect(guardian).pause(REASON);
        await registry.connect(guardian).suspendAgency(AGENCY, REASON);
        const before = await registry.operator(AGENCY, operator.address);
        const now = await fixNextTime();
        const entry = await nextEntry(registry);
        await expect(registry.connect(caller).revokeOperator(AGENCY, operator.address))
          .to.emit(registry, "OperatorRevoked")
          .withArgs(AGENCY, operator.address, entry);
        expect(fields(await registry.operator(AGENCY, operator.address))).to.deep.equal({
          ...fields(before),
          validUntil: BigInt(now),
          revoked: true,
        });
      });

    it("of one that has expired keeps the time when it did, also for a closed agency", async () => {
      const { registry, registrar, administrator, stranger } = world();
      const now = await fixNextTime();
      await registry.connect(administrator).setOperator(AGENCY, stranger.address, 3, 0, now + 5);
      await registry.connect(registrar).closeAgency(AGENCY, REASON);
      await fixNextTime(100);
      await registry.connect(administrator).revokeOperator(AGENCY, stranger.address);
      const after = await registry.operator(AGENCY, stranger.address);
      expect([after.validUntil, after.revoked]).to.deep.equal([BigInt(now + 5), true]);
    });
  });

  describe("declareCompromised", () => {
    it("is refused for an agency that does not exist", async () => {
      const { registry, administrator, operator } = world();
      await expect(registry.connect(administrator).declareCompromised(NO_AGENCY, operator.address, 1))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(NO_AGENCY);
    });

    for (const who of ["otherAdministrator", "operator", "registrar"] as const)
      it(`is refused to the ${who}`, async () => {
        const { registry, [who]: caller, operator } = world();
        await expect(registry.connect(caller).declareCompromised(AGENCY, operator.address, 1))
          .to.be.revertedWithCustomError(registry, "NotAdministrator")
          .withArgs(AGENCY, caller.address);
      });

    it("is refused for an account that never was an operator of this agency", async () => {
      const { registry, administrator, otherOperator } = world();
      await expect(registry.connect(administrator).declareCompromised(AGENCY, otherOperator.address, 1))
        .to.be.revertedWithCustomError(registry, "NotOperator")
        .withArgs(AGENCY, otherOperator.address);
    });

    it("is refused for no time and for the future", async () => {
      const { registry, administrator, operator } = world();
      for (const since of ["never", "later"]) {
        const now = await fixNextTime();
        const value = since === "never" ? 0 : now + 1;
        await expect(registry.connect(administrator).declareCompromised(AGENCY, operator.address, value))
          .to.be.revertedWithCustomError(registry, "InvalidCompromiseTime")
          .withArgs(value, now);
      }
    });

    it("is refused for a time that is not before the one declared earlier", async () => {
      const { registry, administrator, operator } = world();
      await registry.connect(administrator).declareCompromised(AGENCY, operator.address, 1_000);
      for (const since of [1_000, 1_001])
        await expect(registry.connect(administrator).declareCompromised(AGENCY, operator.address, since))
          .to.be.revertedWithCustomError(registry, "InvalidCompromiseTime")
          .withArgs(since, 999);
    });

    it("revokes the operator and records since when, also as of now", async () => {
      const { registry, administrator, guardian, operator } = world();
      await registry.connect(guardian).pause(REASON);
      const before = await registry.operator(AGENCY, operator.address);
      const now = await fixNextTime();
      const entry = await nextEntry(registry);
      const declared = registry.connect(administrator).declareCompromised(AGENCY, operator.address, now);
      await expect(declared).to.emit(registry, "OperatorRevoked").withArgs(AGENCY, operator.address, entry);
      await expect(declared)
        .to.emit(registry, "OperatorCompromised")
        .withArgs(AGENCY, operator.address, now, entry + 1n);
      expect(fields(await registry.operator(AGENCY, operator.address))).to.deep.equal({
        ...fields(before),
        validUntil: BigInt(now),
        compromisedSince: BigInt(now),
        revoked: true,
      });
    });

    it("of an operator that is revoked already moves the suspicion back and revokes nothing again", async () => {
      const { registry, registrar, administrator, operator } = world();
      await registry.connect(administrator).revokeOperator(AGENCY, operator.address);
      const { validUntil } = await registry.operator(AGENCY, operator.address);
      await registry.connect(registrar).closeAgency(AGENCY, REASON);
      for (const since of [1_000, 999]) {
        const entry = await nextEntry(registry);
        const declared = registry.connect(administrator).declareCompromised(AGENCY, operator.address, since);
        await expect(declared)
          .to.emit(registry, "OperatorCompromised")
          .withArgs(AGENCY, operator.address, since, entry);
        await expect(declared).not.to.emit(registry, "OperatorRevoked");
      }
      const after = await registry.operator(AGENCY, operator.address);
      expect([after.compromisedSince, after.validUntil]).to.deep.equal([999n, validUntil]);
    });
  });
});
