import { expect } from "chai";
import { takeSnapshot, time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import {
  AGENCY,
  EVIDENCE,
  FAR_FUTURE,
  KEY_COMMITMENT,
  MANIFEST,
  NO_AGENCY,
  OTHER_AGENCY,
  Permission,
  REASON,
  Standing,
  Status,
  TYPE,
  anchorBatch,
  batchIdOf,
  fields,
  headerOf,
  nextEntry,
  previousOf,
  spans,
  testRecord,
  useWorld,
} from "../support/registry";

describe("succession", () => {
  const world = useWorld();

  /** A third agency, administered and operated by the stranger. */
  async function admitThird(): Promise<number> {
    const { registry, registrar, stranger } = world();
    const code = ethers.encodeBytes32String("91110000000000003C");
    await registry.connect(registrar).admitAgency(code, stranger.address, KEY_COMMITMENT);
    await registry.connect(stranger).setOperator(NO_AGENCY, stranger.address, Permission.both, 0, FAR_FUTURE);
    return NO_AGENCY;
  }

  async function consent(agencyId = AGENCY, successor = OTHER_AGENCY): Promise<void> {
    const { registry, administrator, otherAdministrator } = world();
    await registry.connect(administrator).nameSuccessor(agencyId, successor);
    await registry.connect(otherAdministrator).acceptSuccession(agencyId, successor);
  }

  /** The other agency acts for the first. */
  async function succeed(): Promise<void> {
    const { registry, registrar } = world();
    await consent();
    await registry.connect(registrar).succeedAgency(AGENCY, OTHER_AGENCY, REASON);
  }

  describe("nameSuccessor", () => {
    it("is for the administrator of an agency that is not closed", async () => {
      const { registry, otherAdministrator, registrar, administrator } = world();
      await expect(registry.connect(otherAdministrator).nameSuccessor(AGENCY, OTHER_AGENCY))
        .to.be.revertedWithCustomError(registry, "NotAdministrator")
        .withArgs(AGENCY, otherAdministrator.address);
      await registry.connect(registrar).closeAgency(AGENCY, REASON);
      await expect(registry.connect(administrator).nameSuccessor(AGENCY, OTHER_AGENCY))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(AGENCY, Standing.Closed);
    });

    it("names another agency, which is active", async () => {
      const { registry, administrator, guardian } = world();
      const as = registry.connect(administrator);
      await expect(as.nameSuccessor(AGENCY, AGENCY))
        .to.be.revertedWithCustomError(registry, "InvalidSuccessor")
        .withArgs(AGENCY, AGENCY);
      await expect(as.nameSuccessor(AGENCY, NO_AGENCY))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(NO_AGENCY);
      await registry.connect(guardian).suspendAgency(OTHER_AGENCY, REASON);
      await expect(as.nameSuccessor(AGENCY, OTHER_AGENCY))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(OTHER_AGENCY, Standing.Suspended);
    });

    it("is told, changes nothing yet, and is taken back by zero", async () => {
      const { registry, administrator } = world();
      const as = registry.connect(administrator);
      await expect(as.nameSuccessor(AGENCY, OTHER_AGENCY))
        .to.emit(registry, "SuccessorNamed")
        .withArgs(AGENCY, OTHER_AGENCY, (await nextEntry(registry)) - 0n);
      expect(fields(await registry.succession(AGENCY, OTHER_AGENCY))).to.deep.equal({
        named: true,
        accepted: false,
      });
      expect(await registry.actingAgency(AGENCY)).to.equal(AGENCY);
      await as.nameSuccessor(AGENCY, 0);
      expect((await registry.succession(AGENCY, OTHER_AGENCY)).named).to.equal(false);
      expect((await registry.succession(AGENCY, 0)).named).to.equal(false);
    });
  });

  describe("acceptSuccession", () => {
    it("is for the administrator of an active successor", async () => {
      const { registry, administrator, otherAdministrator, guardian } = world();
      await expect(registry.connect(administrator).acceptSuccession(AGENCY, OTHER_AGENCY))
        .to.be.revertedWithCustomError(registry, "NotAdministrator")
        .withArgs(OTHER_AGENCY, administrator.address);
      const as = registry.connect(otherAdministrator);
      await expect(as.acceptSuccession(OTHER_AGENCY, OTHER_AGENCY))
        .to.be.revertedWithCustomError(registry, "InvalidSuccessor")
        .withArgs(OTHER_AGENCY, OTHER_AGENCY);
      await expect(as.acceptSuccession(NO_AGENCY, OTHER_AGENCY))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(NO_AGENCY);
      await registry.connect(guardian).suspendAgency(OTHER_AGENCY, REASON);
      await expect(as.acceptSuccession(AGENCY, OTHER_AGENCY))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(OTHER_AGENCY, Standing.Suspended);
    });

    it("is told; consents of several candidates stand beside each other", async () => {
      const { registry, otherAdministrator, stranger } = world();
      const third = await admitThird();
      const entry = await nextEntry(registry);
      await expect(registry.connect(otherAdministrator).acceptSuccession(AGENCY, OTHER_AGENCY))
        .to.emit(registry, "SuccessionAccepted")
        .withArgs(AGENCY, OTHER_AGENCY, entry);
      await registry.connect(stranger).acceptSuccession(AGENCY, third);
      expect((await registry.succession(AGENCY, OTHER_AGENCY)).accepted).to.equal(true);
      expect((await registry.succession(AGENCY, third)).accepted).to.equal(true);
    });
  });

  describe("declineSucceeding", () => {
    it("takes the consent back, is told, and can be followed by another consent", async () => {
      const { registry, registrar, otherAdministrator } = world();
      await consent();
      const entry = await nextEntry(registry);
      await expect(registry.connect(otherAdministrator).declineSucceeding(AGENCY, OTHER_AGENCY))
        .to.emit(registry, "SuccessionDeclined")
        .withArgs(AGENCY, OTHER_AGENCY, entry);
      expect(fields(await registry.succession(AGENCY, OTHER_AGENCY))).to.deep.equal({
        named: true,
        accepted: false,
      });
      const succession = () => registry.connect(registrar).succeedAgency(AGENCY, OTHER_AGENCY, REASON);
      await expect(succession())
        .to.be.revertedWithCustomError(registry, "SuccessionNotAccepted")
        .withArgs(AGENCY, OTHER_AGENCY);
      await registry.connect(otherAdministrator).acceptSuccession(AGENCY, OTHER_AGENCY);
      await succession();
    });

    it("is for the administrator of the successor, suspended or not, closed no more", async () => {
      const { registry, registrar, guardian, administrator, otherAdministrator } = world();
      await consent();
      await expect(registry.connect(administrator).declineSucceeding(AGENCY, OTHER_AGENCY))
        .to.be.revertedWithCustomError(registry, "NotAdministrator")
        .withArgs(OTHER_AGENCY, administrator.address);
      await registry.connect(guardian).suspendAgency(OTHER_AGENCY, REASON);
      const as = registry.connect(otherAdministrator);
      await as.declineSucceeding(AGENCY, OTHER_AGENCY);
      await registry.connect(registrar).closeAgency(OTHER_AGENCY, REASON);
      await expect(as.declineSucceeding(AGENCY, OTHER_AGENCY))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(OTHER_AGENCY, Standing.Closed);
      await expect(as.declineSucceeding(AGENCY, NO_AGENCY))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(NO_AGENCY);
    });

    it("takes back what was given only, and only until it was used", async () => {
      const { registry, otherAdministrator, stranger } = world();
      const third = await admitThird();
      await registry.connect(stranger).acceptSuccession(AGENCY, third);
      const as = registry.connect(otherAdministrator);
      await expect(as.declineSucceeding(AGENCY, OTHER_AGENCY))
        .to.be.revertedWithCustomError(registry, "SuccessionNotAccepted")
        .withArgs(AGENCY, OTHER_AGENCY);
      await expect(as.declineSucceeding(99, OTHER_AGENCY))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(99);
      expect((await registry.succession(AGENCY, third)).accepted).to.equal(true);
      await succeed();
      for (const [caller, successor] of [
        [otherAdministrator, OTHER_AGENCY],
        [stranger, third],
      ] as const)
        await expect(registry.connect(caller).declineSucceeding(AGENCY, successor))
          .to.be.revertedWithCustomError(registry, "AlreadySucceeded")
          .withArgs(AGENCY, OTHER_AGENCY);
    });
  });

  describe("succeedAgency", () => {
    it("needs the consent of both", async () => {
      const { registry, registrar, administrator, otherAdministrator } = world();
      const as = registry.connect(registrar);
      await expect(as.succeedAgency(AGENCY, OTHER_AGENCY, REASON))
        .to.be.revertedWithCustomError(registry, "SuccessorNotNamed")
        .withArgs(AGENCY, OTHER_AGENCY);
      await registry.connect(administrator).nameSuccessor(AGENCY, OTHER_AGENCY);
      await expect(as.succeedAgency(AGENCY, OTHER_AGENCY, REASON))
        .to.be.revertedWithCustomError(registry, "SuccessionNotAccepted")
        .withArgs(AGENCY, OTHER_AGENCY);
      await registry.connect(otherAdministrator).acceptSuccession(AGENCY, OTHER_AGENCY);
      await as.succeedAgency(AGENCY, OTHER_AGENCY, REASON);
    });

    it("refuses zero, which nobody named", async () => {
      const { registry, registrar } = world();
      await expect(registry.connect(registrar).succeedAgency(AGENCY, 0, REASON))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(0);
    });

    it("closes the agency for ever and says who acts for it", async () => {
      const { registry, registrar } = world();
      await consent();
      const entry = await nextEntry(registry);
      await expect(registry.connect(registrar).succeedAgency(AGENCY, OTHER_AGENCY, REASON))
        .to.emit(registry, "AgencySucceeded")
        .withArgs(AGENCY, OTHER_AGENCY, REASON, registrar.address, entry);
      const { standing, successor } = await registry.agency(AGENCY);
      expect([standing, successor]).to.deep.equal([Standing.Closed, BigInt(OTHER_AGENCY)]);
      expect(await registry.actingAgency(AGENCY)).to.equal(OTHER_AGENCY);
      expect(await registry.actingAgency(OTHER_AGENCY)).to.equal(OTHER_AGENCY);
      expect(await registry.actingAgency(0)).to.equal(0);
      await expect(registry.connect(registrar).succeedAgency(AGENCY, OTHER_AGENCY, REASON))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(AGENCY, Standing.Closed);
    });

    it("refuses a successor that was suspended after it consented", async () => {
      const { registry, registrar, guardian } = world();
      await consent();
      await registry.connect(guardian).suspendAgency(OTHER_AGENCY, REASON);
      await expect(registry.connect(registrar).succeedAgency(AGENCY, OTHER_AGENCY, REASON))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(OTHER_AGENCY, Standing.Suspended);
    });
  });

  describe("succeedWithoutConsent", () => {
    it("needs the successor's consent only, also for an agency that is closed already", async () => {
      const { registry, registrar, recoverer, otherAdministrator } = world();
      await registry.connect(registrar).closeAgency(AGENCY, REASON);
      const as = registry.connect(recoverer);
      await expect(as.succeedWithoutConsent(AGENCY, OTHER_AGENCY, REASON))
        .to.be.revertedWithCustomError(registry, "SuccessionNotAccepted")
        .withArgs(AGENCY, OTHER_AGENCY);
      await registry.connect(otherAdministrator).acceptSuccession(AGENCY, OTHER_AGENCY);
      const entry = await nextEntry(registry);
      await expect(as.succeedWithoutConsent(AGENCY, OTHER_AGENCY, REASON))
        .to.emit(registry, "AgencySucceeded")
        .withArgs(AGENCY, OTHER_AGENCY, REASON, recoverer.address, entry);
    });

    it("happens once, and to an agency that exists", async () => {
      const { registry, recoverer, stranger } = world();
      const third = await admitThird();
      await succeed();
      const as = registry.connect(recoverer);
      await expect(as.succeedWithoutConsent(AGENCY, third, REASON))
        .to.be.revertedWithCustomError(registry, "AlreadySucceeded")
        .withArgs(AGENCY, OTHER_AGENCY);
      await expect(registry.connect(stranger).acceptSuccession(AGENCY, third))
        .to.be.revertedWithCustomError(registry, "AlreadySucceeded")
        .withArgs(AGENCY, OTHER_AGENCY);
      await expect(as.succeedWithoutConsent(99, third, REASON))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(99);
    });

    it("cannot make a circle: who was succeeded is closed, and what is closed succeeds nobody", async () => {
      const { registry, recoverer, otherAdministrator } = world();
      await succeed();
      await expect(registry.connect(recoverer).succeedWithoutConsent(OTHER_AGENCY, AGENCY, REASON))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(AGENCY, Standing.Closed);
      await expect(registry.connect(otherAdministrator).nameSuccessor(OTHER_AGENCY, AGENCY))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(AGENCY, Standing.Closed);
    });
  });

  describe("afterwards", () => {
    it("the successor's operators anchor under the old id, and the old ones no more", async () => {
      const here = world();
      const { registry, operator, otherOperator, domain } = here;
      const { header } = await anchorBatch(here, 3);
      await succeed();
      const previous = await previousOf(registry);
      const { leaf } = testRecord(domain, "after");
      await expect(registry.connect(operator).anchorRoot(AGENCY, TYPE, previous, 1, leaf, MANIFEST))
        .to.be.revertedWithCustomError(registry, "NotOperator")
        .withArgs(OTHER_AGENCY, operator.address);
      const next = await headerOf(
        registry,
        registry.connect(otherOperator).anchorRoot(AGENCY, TYPE, previous, 1, leaf, MANIFEST),
      );
      expect(next).to.include({
        agencyId: AGENCY,
        sequence: header.sequence + 1,
        operator: otherOperator.address,
      });
    });

    it("the successor's operators act from the first second of their validity to the last", async () => {
      const here = world();
      const { registry, otherAdministrator, stranger } = here;
      const { header } = await anchorBatch(here, 4);
      await succeed();
      const from = (await time.latest()) + 1000;
      const until = from + 100;
      await registry
        .connect(otherAdministrator)
        .setOperator(OTHER_AGENCY, stranger.address, Permission.both, from, until);
      const as = registry.connect(stranger);
      const previous = await previousOf(registry);
      const acts = [
        () => as.withdraw(header, spans(0), REASON, EVIDENCE),
        () => as.anchorRoot(AGENCY, TYPE, previous, 1, EVIDENCE, MANIFEST),
      ];
      for (const act of acts) {
        const before = await takeSnapshot();
        await time.setNextBlockTimestamp(from - 1);
        await expect(act())
          .to.be.revertedWithCustomError(registry, "OperatorNotYetValid")
          .withArgs(OTHER_AGENCY, stranger.address, from);
        await time.setNextBlockTimestamp(from);
        await act();
        await before.restore();
        await time.setNextBlockTimestamp(until - 1);
        await act();
        await before.restore();
        await time.setNextBlockTimestamp(until);
        await expect(act())
          .to.be.revertedWithCustomError(registry, "OperatorExpired")
          .withArgs(OTHER_AGENCY, stranger.address, until);
        await before.restore();
      }
    });

    it("the successor moves old records, the old operators do not", async () => {
      const here = world();
      const { registry, operator, otherOperator, arbiter } = here;
      const { header } = await anchorBatch(here, 3);
      await succeed();
      for (const name of ["withdraw", "repair"] as const)
        await expect(registry.connect(operator)[name](header, spans(0), REASON, EVIDENCE))
          .to.be.revertedWithCustomError(registry, "NotOperator")
          .withArgs(OTHER_AGENCY, operator.address);
      const as = registry.connect(otherOperator);
      await as.withdraw(header, spans(0), REASON, EVIDENCE);
      await as.repair(header, spans(1), REASON, EVIDENCE);
      await as.setMarks(header, spans(2), 16, REASON, EVIDENCE);
      await registry.connect(arbiter).arbiterSetMarks(header, spans(2), 128, REASON, EVIDENCE);
      const word = await registry.statusWord(batchIdOf(header), 0);
      expect([0n, 8n, 16n].map((shift) => (word >> shift) & 0xffn)).to.deep.equal([
        BigInt(Status.Withdrawn),
        BigInt(Status.Repaired),
        144n,
      ]);
    });

    it("erasures take two operators of the successor", async () => {
      const here = world();
      const { registry, operator, otherOperator, otherAdministrator, stranger } = here;
      const { header } = await anchorBatch(here, 1);
      const args = [header, spans(0), REASON, EVIDENCE] as const;
      await registry.connect(operator).proposeErasure(...args);
      await succeed();
      // Who proposed is nobody now: the successor proposes again.
      await expect(registry.connect(otherOperator).confirmErasure(...args))
        .to.be.revertedWithCustomError(registry, "NotOperator")
        .withArgs(OTHER_AGENCY, operator.address);
      await registry.connect(otherOperator).proposeErasure(...args);
      await registry
        .connect(otherAdministrator)
        .setOperator(OTHER_AGENCY, stranger.address, Permission.both, 0, FAR_FUTURE);
      await registry.connect(stranger).confirmErasure(...args);
      expect(await registry.statusOf(batchIdOf(header), 0)).to.equal(8);
    });

    it("versions of direct records go on where they were", async () => {
      const { registry, operator, otherOperator, domain } = world();
      const first = testRecord(domain, "direct");
      const second = testRecord(domain, "direct", { version: 2 });
      await registry
        .connect(operator)
        .anchorRecord(AGENCY, TYPE, await previousOf(registry), first.key, 1, first.commitment, MANIFEST);
      await succeed();
      await registry
        .connect(otherOperator)
        .anchorRecord(AGENCY, TYPE, await previousOf(registry), second.key, 2, second.commitment, MANIFEST);
      const latest = await registry.latest(AGENCY, first.key);
      expect([latest.version, latest.status]).to.deep.equal([2n, 0n]);
      expect(await registry.statusOf(BigInt(AGENCY) << 32n, 0)).to.equal(Status.Superseded);
    });

    it("a suspended successor withdraws for the old agency, and anchors nothing for it", async () => {
      const here = world();
      const { registry, otherOperator, guardian } = here;
      const { header } = await anchorBatch(here, 1);
      await succeed();
      await registry.connect(guardian).suspendAgency(OTHER_AGENCY, REASON);
      const as = registry.connect(otherOperator);
      await expect(as.anchorRoot(AGENCY, TYPE, await previousOf(registry), 1, EVIDENCE, MANIFEST))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(OTHER_AGENCY, Standing.Suspended);
      await as.withdraw(header, spans(0), REASON, EVIDENCE);
    });

    it("a chain of successors leads to the last, and old keys stay accountable", async () => {
      const here = world();
      const { registry, operator, otherOperator, otherAdministrator, administrator } = here;
      const { registrar, stranger } = here;
      const { header, records } = await anchorBatch(here, 1);
      const third = await admitThird();
      await succeed();
      await registry.connect(otherAdministrator).nameSuccessor(OTHER_AGENCY, third);
      await registry.connect(stranger).acceptSuccession(OTHER_AGENCY, third);
      await registry.connect(registrar).succeedAgency(OTHER_AGENCY, third, REASON);
      expect(await registry.actingAgency(AGENCY)).to.equal(third);
      await expect(registry.connect(otherOperator).withdraw(header, spans(0), REASON, EVIDENCE))
        .to.be.revertedWithCustomError(registry, "NotOperator")
        .withArgs(third, otherOperator.address);
      await registry.connect(stranger).withdraw(header, spans(0), REASON, EVIDENCE);
      // The last successor's administrator keeps the old keys; the agency's own, and the one between, no more.
      const since = Number(header.anchoredAt);
      for (const former of [administrator, otherAdministrator]) {
        const as = registry.connect(former);
        // One after the other: a call that is refused before anybody waits for it fails the test.
        for (const call of [
          () => as.revokeOperator(AGENCY, operator.address),
          () => as.declareCompromised(AGENCY, operator.address, since),
        ])
          await expect(call())
            .to.be.revertedWithCustomError(registry, "NotAdministrator")
            .withArgs(third, former.address);
      }
      await registry.connect(stranger).revokeOperator(AGENCY, operator.address);
      await registry.connect(stranger).declareCompromised(AGENCY, operator.address, since);
      const { key, version, commitment } = records[0]!;
      const verdict = await registry.verify(header, key, version, commitment, 0, []);
      expect(fields(verdict)).to.deep.include({
        standing: Standing.Closed,
        actingAgency: BigInt(third),
        operatorCompromisedSince: BigInt(since),
      });
    });

    it("of two declarations about one key of two agencies the earliest counts", async () => {
      const here = world();
      const { registry, operator, otherAdministrator } = here;
      const { header, records } = await anchorBatch(here, 1);
      await registry
        .connect(otherAdministrator)
        .setOperator(OTHER_AGENCY, operator.address, Permission.both, 0, FAR_FUTURE);
      await succeed();
      const { key, version, commitment } = records[0]!;
      const since = async (): Promise<bigint> =>
        (await registry.verify(header, key, version, commitment, 0, [])).operatorCompromisedSince;
      await registry.connect(otherAdministrator).declareCompromised(OTHER_AGENCY, operator.address, 2000);
      expect(await since()).to.equal(2000n);
      await registry.connect(otherAdministrator).declareCompromised(AGENCY, operator.address, 3000);
      expect(await since()).to.equal(2000n);
      await registry.connect(otherAdministrator).declareCompromised(AGENCY, operator.address, 1000);
      expect(await since()).to.equal(1000n);
    });
  });

  describe("recoverAdministrator", () => {
    it("replaces the administrator and whoever was named", async () => {
      const { registry, recoverer, administrator, otherOperator, stranger } = world();
      await registry.connect(administrator).nameAdministrator(AGENCY, otherOperator.address);
      const entry = await nextEntry(registry);
      await expect(registry.connect(recoverer).recoverAdministrator(AGENCY, stranger.address, REASON))
        .to.emit(registry, "AdministratorRecovered")
        .withArgs(AGENCY, stranger.address, REASON, recoverer.address, entry);
      const agency = await registry.agency(AGENCY);
      expect([agency.administrator, agency.pendingAdministrator]).to.deep.equal([
        stranger.address,
        ethers.ZeroAddress,
      ]);
      await expect(registry.connect(otherOperator).acceptAdministration(AGENCY))
        .to.be.revertedWithCustomError(registry, "NotPendingAdministrator")
        .withArgs(AGENCY, otherOperator.address);
    });

    it("gives a closed agency somebody who keeps its keys", async () => {
      const here = world();
      const { registry, recoverer, registrar, administrator, operator, stranger } = here;
      const { header } = await anchorBatch(here, 1);
      await registry.connect(registrar).closeAgency(AGENCY, REASON);
      await registry.connect(recoverer).recoverAdministrator(AGENCY, stranger.address, REASON);
      const since = Number(header.anchoredAt);
      await expect(registry.connect(administrator).declareCompromised(AGENCY, operator.address, since))
        .to.be.revertedWithCustomError(registry, "NotAdministrator")
        .withArgs(AGENCY, administrator.address);
      await registry.connect(stranger).declareCompromised(AGENCY, operator.address, since);
      await expect(registry.connect(stranger).setOperator(AGENCY, stranger.address, 1, 0, FAR_FUTURE))
        .to.be.revertedWithCustomError(registry, "WrongStanding")
        .withArgs(AGENCY, Standing.Closed);
    });

    it("refuses nobody, and an agency that was succeeded or does not exist", async () => {
      const { registry, recoverer, stranger } = world();
      const as = registry.connect(recoverer);
      await expect(as.recoverAdministrator(AGENCY, ethers.ZeroAddress, REASON))
        .to.be.revertedWithCustomError(registry, "InvalidAddress")
        .withArgs(ethers.ZeroAddress);
      await expect(as.recoverAdministrator(NO_AGENCY, stranger.address, REASON))
        .to.be.revertedWithCustomError(registry, "UnknownAgency")
        .withArgs(NO_AGENCY);
      await succeed();
      await expect(as.recoverAdministrator(AGENCY, stranger.address, REASON))
        .to.be.revertedWithCustomError(registry, "AlreadySucceeded")
        .withArgs(AGENCY, OTHER_AGENCY);
    });
  });

  describe("nameRegistrySuccessor", () => {
    it("names a contract once, and changes nothing else", async () => {
      const here = world();
      const { registry, manager, governor } = here;
      const successor = await manager.getAddress();
      expect(await registry.registrySuccessor()).to.equal(ethers.ZeroAddress);
      const entry = await nextEntry(registry);
      await expect(registry.connect(governor).nameRegistrySuccessor(successor))
        .to.emit(registry, "RegistrySucceeded")
        .withArgs(successor, governor.address, entry);
      expect(await registry.registrySuccessor()).to.equal(successor);
      await expect(registry.connect(governor).nameRegistrySuccessor(successor))
        .to.be.revertedWithCustomError(registry, "RegistryAlreadySucceeded")
        .withArgs(successor);
      await anchorBatch(here, 1);
    });

    it("refuses itself and what is no contract", async () => {
      const { registry, governor, stranger } = world();
      for (const address of [await registry.getAddress(), stranger.address, ethers.ZeroAddress])
        await expect(registry.connect(governor).nameRegistrySuccessor(address))
          .to.be.revertedWithCustomError(registry, "InvalidAddress")
          .withArgs(address);
    });
  });
});
