import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import type { ContractTransactionResponse } from "ethers";
import { ethers } from "hardhat";
import type { OracleHeader } from "../support/oracle";
import {
  AGENCY,
  ERASED,
  EVIDENCE,
  FAR_FUTURE,
  Mark,
  OTHER_AGENCY,
  Permission,
  REASON,
  Status,
  anchorBatch,
  batchIdOf,
  spans,
  useWorld,
  type World,
} from "../support/registry";

const LEAF = spans(0);

/** Every status byte that a record can come to, marks apart, and how. */
const froms = {
  Active: { byte: Status.Active, path: [] },
  Superseded: { byte: Status.Superseded, path: ["supersede"] },
  Withdrawn: { byte: Status.Withdrawn, path: ["withdraw"] },
  Repaired: { byte: Status.Repaired, path: ["repair"] },
  "Active, Erased": { byte: Status.Active | ERASED, path: ["erase"] },
  "Superseded, Erased": { byte: Status.Superseded | ERASED, path: ["supersede", "erase"] },
  "Withdrawn, Erased": { byte: Status.Withdrawn | ERASED, path: ["withdraw", "erase"] },
  "Repaired, Erased": { byte: Status.Repaired | ERASED, path: ["repair", "erase"] },
} as const;
type From = keyof typeof froms;

type Call = (
  world: World,
  header: OracleHeader,
  actor: HardhatEthersSigner,
) => Promise<ContractTransactionResponse>;

/** Every move there is, as a call on leaf 0. */
const moves: Record<string, Call> = {
  supersede: ({ registry }, header, actor) =>
    registry.connect(actor).supersede(header, LEAF, [ethers.id("successor")], REASON, EVIDENCE),
  withdraw: ({ registry }, header, actor) => registry.connect(actor).withdraw(header, LEAF, REASON, EVIDENCE),
  repair: ({ registry }, header, actor) => registry.connect(actor).repair(header, LEAF, REASON, EVIDENCE),
  revokeRepair: ({ registry }, header, actor) =>
    registry.connect(actor).revokeRepair(header, LEAF, REASON, EVIDENCE),
  erase: async ({ registry, colleague }, header, actor) => {
    await registry.connect(colleague).proposeErasure(header, LEAF, REASON, EVIDENCE);
    return registry.connect(actor).confirmErasure(header, LEAF, REASON, EVIDENCE);
  },
};

/**
 * The whole table, from × to. `yes` is allowed to an operator of the agency and refused to everybody else; everything
 * else is refused to all.
 */
const table: Record<From, Record<keyof typeof moves, "yes" | "no">> = {
  Active: { supersede: "yes", withdraw: "yes", repair: "yes", revokeRepair: "no", erase: "yes" },
  Superseded: { supersede: "no", withdraw: "yes", repair: "no", revokeRepair: "no", erase: "yes" },
  Withdrawn: { supersede: "no", withdraw: "no", repair: "no", revokeRepair: "no", erase: "yes" },
  Repaired: { supersede: "yes", withdraw: "yes", repair: "no", revokeRepair: "yes", erase: "yes" },
  "Active, Erased": { supersede: "no", withdraw: "no", repair: "no", revokeRepair: "no", erase: "no" },
  "Superseded, Erased": { supersede: "no", withdraw: "no", repair: "no", revokeRepair: "no", erase: "no" },
  "Withdrawn, Erased": { supersede: "no", withdraw: "no", repair: "no", revokeRepair: "no", erase: "no" },
  "Repaired, Erased": { supersede: "no", withdraw: "no", repair: "no", revokeRepair: "no", erase: "no" },
};
const targets: Record<string, number> = {
  supersede: Status.Superseded,
  withdraw: Status.Withdrawn,
  repair: Status.Repaired,
  revokeRepair: Status.Active,
};

/** Actors, and what each may do with marks: 0 is nothing. */
const outsiders = ["otherOperator", "administrator", "arbiter", "registrar", "guardian", "stranger"] as const;

describe("the table of moves", () => {
  const world = useWorld();

  async function recordIn(from: From): Promise<OracleHeader> {
    const here = world();
    const { header } = await anchorBatch(here, 1);
    for (const step of froms[from].path) await moves[step]!(here, header, here.operator);
    expect(await here.registry.statusOf(batchIdOf(header), 0)).to.equal(froms[from].byte);
    return header;
  }

  for (const from of Object.keys(froms) as From[])
    for (const [name, move] of Object.entries(moves)) {
      const allowed = table[from][name] === "yes";
      it(`${from}: ${name} is ${allowed ? "allowed to" : "refused, even to"} the agency`, async () => {
        const here = world();
        const { registry, operator } = here;
        const header = await recordIn(from);
        const before = froms[from].byte;
        const status = async (): Promise<bigint> => registry.statusOf(batchIdOf(header), 0);
        if (allowed) {
          await (await move(here, header, operator)).wait();
          expect(await status()).to.equal(name === "erase" ? before | ERASED : targets[name]);
          return;
        }
        if (name === "erase")
          await expect(move(here, header, operator))
            .to.be.revertedWithCustomError(registry, "AlreadyErased")
            .withArgs(0);
        else
          await expect(move(here, header, operator))
            .to.be.revertedWithCustomError(registry, "MoveNotAllowed")
            .withArgs(0, before, targets[name]);
        expect(await status(), "unchanged").to.equal(before);
      });

      if (allowed)
        it(`${from}: ${name} is refused to everybody else`, async () => {
          const here = world();
          const { registry } = here;
          const header = await recordIn(from);
          for (const who of outsiders)
            if (name === "erase")
              await expect(
                registry.connect(here[who]).proposeErasure(header, LEAF, REASON, EVIDENCE),
                who,
              ).to.be.revertedWithCustomError(registry, "NotOperator");
            else
              await expect(move(here, header, here[who]), who).to.be.revertedWithCustomError(
                registry,
                "NotOperator",
              );
          expect(await registry.statusOf(batchIdOf(header), 0)).to.equal(froms[from].byte);
        });
    }

  for (const from of Object.keys(froms) as From[])
    for (const [mark, bit] of Object.entries(Mark)) {
      const erased = (froms[from].byte & ERASED) !== 0;
      it(`${from}: ${mark} is ${erased ? "refused to" : "set and cleared by"} those who may`, async () => {
        const { registry, operator, arbiter } = world();
        const header = await recordIn(from);
        const before = froms[from].byte;
        const status = async (): Promise<bigint> => registry.statusOf(batchIdOf(header), 0);
        const actors = [
          ["arbiterSetMarks", "arbiterClearMarks", arbiter],
          ...(mark === "Masked" ? [] : [["setMarks", "clearMarks", operator] as const]),
        ] as const;
        for (const [set, clear, actor] of actors) {
          const as = registry.connect(actor);
          await expect(as[clear](header, LEAF, bit, REASON, EVIDENCE), "nothing to clear")
            .to.be.revertedWithCustomError(registry, "MarksUnchanged")
            .withArgs(0, before);
          if (erased) {
            await expect(as[set](header, LEAF, bit, REASON, EVIDENCE))
              .to.be.revertedWithCustomError(registry, "MarksUnchanged")
              .withArgs(0, before);
            continue;
          }
          await as[set](header, LEAF, bit, REASON, EVIDENCE);
          expect(await status()).to.equal(before | bit);
          await expect(as[set](header, LEAF, bit, REASON, EVIDENCE), "nothing to set")
            .to.be.revertedWithCustomError(registry, "MarksUnchanged")
            .withArgs(0, before | bit);
          await as[clear](header, LEAF, bit, REASON, EVIDENCE);
          expect(await status()).to.equal(before);
        }
        if (mark === "Masked")
          for (const name of ["setMarks", "clearMarks"] as const)
            await expect(registry.connect(operator)[name](header, LEAF, bit, REASON, EVIDENCE))
              .to.be.revertedWithCustomError(registry, "MarksNotAllowed")
              .withArgs(bit);
      });
    }

  it("marks are refused to everybody who is neither the agency nor the arbiter", async () => {
    const here = world();
    const { registry } = here;
    const header = await recordIn("Active");
    for (const who of outsiders) {
      const as = registry.connect(here[who]);
      for (const name of ["setMarks", "clearMarks"] as const)
        await expect(as[name](header, LEAF, Mark.Disputed, REASON, EVIDENCE), who)
          .to.be.revertedWithCustomError(registry, "NotOperator")
          .withArgs(1, here[who].address);
      if (who !== "arbiter")
        for (const name of ["arbiterSetMarks", "arbiterClearMarks"] as const)
          await expect(as[name](header, LEAF, Mark.Disputed, REASON, EVIDENCE), who)
            .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
            .withArgs(here[who].address);
    }
  });

  describe("of a succeeded agency's records", () => {
    /** The other agency takes over; its second operator, whom an erasure needs, is the stranger. */
    async function succeed(): Promise<World> {
      const here = world();
      const { registry, registrar, administrator, otherAdministrator, stranger } = here;
      const asOther = registry.connect(otherAdministrator);
      await asOther.setOperator(OTHER_AGENCY, stranger.address, Permission.both, 0, FAR_FUTURE);
      await registry.connect(administrator).nameSuccessor(AGENCY, OTHER_AGENCY);
      await asOther.acceptSuccession(AGENCY, OTHER_AGENCY);
      await registry.connect(registrar).succeedAgency(AGENCY, OTHER_AGENCY, REASON);
      return { ...here, colleague: stranger };
    }

    for (const from of Object.keys(froms) as From[])
      for (const [name, move] of Object.entries(moves)) {
        const allowed = table[from][name] === "yes";
        it(`${from}: ${name} is ${allowed ? "the successor's and not" : "refused to the successor, and to"} the old operator's`, async () => {
          const header = await recordIn(from);
          const here = await succeed();
          const { registry, operator, otherOperator } = here;
          const before = froms[from].byte;
          const status = async (): Promise<bigint> => registry.statusOf(batchIdOf(header), 0);
          const old =
            name === "erase"
              ? registry.connect(operator).proposeErasure(header, LEAF, REASON, EVIDENCE)
              : move(here, header, operator);
          await expect(old)
            .to.be.revertedWithCustomError(registry, "NotOperator")
            .withArgs(OTHER_AGENCY, operator.address);
          expect(await status(), "unchanged").to.equal(before);
          if (!allowed) {
            await expect(move(here, header, otherOperator)).to.be.revertedWithCustomError(
              registry,
              name === "erase" ? "AlreadyErased" : "MoveNotAllowed",
            );
            expect(await status(), "unchanged").to.equal(before);
            return;
          }
          await move(here, header, otherOperator);
          expect(await status()).to.equal(name === "erase" ? before | ERASED : targets[name]);
        });
      }

    it("marks are set and cleared by the successor, Masked apart, and not by the old operator", async () => {
      const header = await recordIn("Active");
      const { registry, operator, otherOperator } = await succeed();
      const as = registry.connect(otherOperator);
      for (const [mark, bit] of Object.entries(Mark)) {
        if (mark === "Masked") {
          for (const name of ["setMarks", "clearMarks"] as const)
            await expect(as[name](header, LEAF, bit, REASON, EVIDENCE))
              .to.be.revertedWithCustomError(registry, "MarksNotAllowed")
              .withArgs(bit);
          continue;
        }
        await as.setMarks(header, LEAF, bit, REASON, EVIDENCE);
        expect(await registry.statusOf(batchIdOf(header), 0), mark).to.equal(bit);
        for (const name of ["setMarks", "clearMarks"] as const)
          await expect(registry.connect(operator)[name](header, LEAF, bit, REASON, EVIDENCE))
            .to.be.revertedWithCustomError(registry, "NotOperator")
            .withArgs(OTHER_AGENCY, operator.address);
        await as.clearMarks(header, LEAF, bit, REASON, EVIDENCE);
        expect(await registry.statusOf(batchIdOf(header), 0), mark).to.equal(0);
      }
    });
  });

  it("every move keeps the marks that are set", async () => {
    const here = world();
    const { registry, operator, arbiter } = here;
    for (const from of Object.keys(froms) as From[])
      for (const [name, move] of Object.entries(moves)) {
        if (table[from][name] !== "yes") continue;
        const header = await recordIn(from);
        await registry.connect(arbiter).arbiterSetMarks(header, LEAF, 0xf0, REASON, EVIDENCE);
        await move(here, header, operator);
        expect(await registry.statusOf(batchIdOf(header), 0), `${from}: ${name}`).to.equal(
          0xf0 | (name === "erase" ? froms[from].byte | ERASED : targets[name]!),
        );
      }
  });
});
