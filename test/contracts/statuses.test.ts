import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import type { ContractTransactionResponse } from "ethers";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import * as oracle from "../support/oracle";
import type { OracleHeader } from "../support/oracle";
import {
  AGENCY,
  ERASED,
  EVIDENCE,
  FAR_FUTURE,
  MANIFEST,
  Mark,
  NO_BATCH,
  OTHER_AGENCY,
  Permission,
  REASON,
  Standing,
  Status,
  TYPE,
  ZERO,
  anchorBatch,
  batchIdOf,
  headerOf,
  nextEntry,
  spans,
  useWorld,
  type World,
} from "../support/registry";

type Move = (
  world: World,
  caller: HardhatEthersSigner,
  header: OracleHeader,
  positions: string,
) => Promise<ContractTransactionResponse>;

const count = (positions: string): number => {
  let total = 0;
  for (let at = 2; at + 16 <= positions.length; at += 16)
    total += parseInt(positions.slice(at + 8, at + 16), 16) - parseInt(positions.slice(at, at + 8), 16) + 1;
  return total;
};
const successors = (positions: string): string[] =>
  Array.from({ length: Math.max(0, count(positions)) }, (_, i) => ethers.id(`successor ${i}`));

/** Every call of an operator that changes statuses. */
const agencyMoves: Record<string, Move> = {
  withdraw: ({ registry }, caller, header, positions) =>
    registry.connect(caller).withdraw(header, positions, REASON, EVIDENCE),
  repair: ({ registry }, caller, header, positions) =>
    registry.connect(caller).repair(header, positions, REASON, EVIDENCE),
  revokeRepair: ({ registry }, caller, header, positions) =>
    registry.connect(caller).revokeRepair(header, positions, REASON, EVIDENCE),
  supersede: ({ registry }, caller, header, positions) =>
    registry.connect(caller).supersede(header, positions, successors(positions), REASON, EVIDENCE),
  setMarks: ({ registry }, caller, header, positions) =>
    registry.connect(caller).setMarks(header, positions, Mark.Disputed, REASON, EVIDENCE),
  clearMarks: ({ registry }, caller, header, positions) =>
    registry.connect(caller).clearMarks(header, positions, Mark.Disputed, REASON, EVIDENCE),
  proposeErasure: ({ registry }, caller, header, positions) =>
    registry.connect(caller).proposeErasure(header, positions, REASON, EVIDENCE),
  confirmErasure: ({ registry }, caller, header, positions) =>
    registry.connect(caller).confirmErasure(header, positions, REASON, EVIDENCE),
};
const arbiterMoves: Record<string, Move> = {
  arbiterSetMarks: ({ registry, arbiter }, _, header, positions) =>
    registry.connect(arbiter).arbiterSetMarks(header, positions, Mark.Masked, REASON, EVIDENCE),
  arbiterClearMarks: ({ registry, arbiter }, _, header, positions) =>
    registry.connect(arbiter).arbiterClearMarks(header, positions, Mark.Masked, REASON, EVIDENCE),
};
/** What goes on while the agency is suspended or the registry paused. */
const keeping = ["withdraw", "setMarks", "clearMarks"];

describe("statuses", () => {
  const world = useWorld();

  /** Brings leaf 0 where a call on it is allowed. */
  async function prepare(move: string, header: OracleHeader): Promise<void> {
    const { registry, operator, colleague, arbiter } = world();
    const as = registry.connect(operator);
    if (move === "revokeRepair") await as.repair(header, spans(0), REASON, EVIDENCE);
    if (move === "clearMarks") await as.setMarks(header, spans(0), Mark.Disputed, REASON, EVIDENCE);
    if (move === "arbiterClearMarks")
      await registry.connect(arbiter).arbiterSetMarks(header, spans(0), Mark.Masked, REASON, EVIDENCE);
    if (move === "confirmErasure")
      await registry.connect(colleague).proposeErasure(header, spans(0), REASON, EVIDENCE);
  }

  for (const [name, move] of Object.entries({ ...agencyMoves, ...arbiterMoves }))
    describe(`${name}: which batch, which leaves`, () => {
      it("is refused when any field of the header is another", async () => {
        const here = world();
        const { header } = await anchorBatch(here, 40);
        const changes: Partial<OracleHeader>[] = [
          { format: 2 },
          { agencyId: OTHER_AGENCY },
          { typeId: 2 },
          { sequence: 1 },
          { size: 41 },
          { anchoredAt: header.anchoredAt + 1 },
          { operator: here.stranger.address },
          { previous: ethers.id("x").slice(0, 42) },
          { root: ethers.id("x") },
          { manifestHash: ethers.id("x") },
        ];
        expect(changes, "one for each field").to.have.length(Object.keys(header).length);
        for (const change of changes) {
          const other = { ...header, ...change };
          await expect(move(here, here.operator, other, spans(0)), JSON.stringify(change))
            .to.be.revertedWithCustomError(here.registry, "UnknownBatch")
            .withArgs(batchIdOf(other), oracle.headerHash(other));
        }
      });

      if (name !== "confirmErasure")
        for (const [what, positions, error, args] of [
          ["no positions", "0x", "InvalidPositions", [0]],
          ["half a span", "0x00000000", "InvalidPositions", [4]],
          ["a span and a byte", "0x000000000000000000", "InvalidPositions", [9]],
          ["a span that ends before it begins", spans([5, 4]), "PositionsOutOfOrder", [4]],
          ["the same leaf twice", spans(3, 3), "PositionsOutOfOrder", [3]],
          ["descending leaves", spans(3, 2), "PositionsOutOfOrder", [2]],
          ["overlapping spans", spans([0, 3], [3, 9]), "PositionsOutOfOrder", [3]],
          ["a leaf that is not in the batch", spans(40), "PositionOutOfRange", [40, 40]],
          ["a span that leaves the batch", spans([39, 40]), "PositionOutOfRange", [40, 40]],
          ["the last index there could be", spans(2 ** 32 - 1), "PositionOutOfRange", [2 ** 32 - 1, 40]],
        ] as const)
          it(`is refused for ${what}`, async () => {
            const here = world();
            const { header } = await anchorBatch(here, 40);
            await prepare(name, header);
            if (name === "revokeRepair")
              await here.registry.connect(here.operator).repair(header, spans([1, 39]), REASON, EVIDENCE);
            if (name === "clearMarks")
              await here.registry
                .connect(here.operator)
                .setMarks(header, spans([1, 39]), Mark.Disputed, REASON, EVIDENCE);
            if (name === "arbiterClearMarks")
              await here.registry
                .connect(here.arbiter)
                .arbiterSetMarks(header, spans([1, 39]), Mark.Masked, REASON, EVIDENCE);
            await expect(move(here, here.operator, header, positions))
              .to.be.revertedWithCustomError(here.registry, error)
              .withArgs(...args);
          });
    });

  for (const [name, move] of Object.entries(agencyMoves))
    describe(`${name}: who and when`, () => {
      for (const who of ["stranger", "administrator", "otherOperator", "arbiter", "registrar"] as const)
        it(`is refused to the ${who}`, async () => {
          const here = world();
          const { header } = await anchorBatch(here, 1);
          await prepare(name, header);
          await expect(move(here, here[who], header, spans(0)))
            .to.be.revertedWithCustomError(here.registry, "NotOperator")
            .withArgs(AGENCY, here[who].address);
        });

      it("is refused to an operator that may only anchor", async () => {
        const here = world();
        const { header } = await anchorBatch(here, 1);
        await prepare(name, header);
        await expect(move(here, here.anchorer, header, spans(0)))
          .to.be.revertedWithCustomError(here.registry, "PermissionMissing")
          .withArgs(AGENCY, here.anchorer.address, Permission.status);
      });

      it("is refused to an operator that was revoked, expired, or is not yet valid", async () => {
        const here = world();
        const { registry, administrator, clerk, stranger, otherOperator } = here;
        const { header } = await anchorBatch(here, 1);
        await prepare(name, header);
        const as = registry.connect(administrator);
        const now = await time.latest();
        await as.setOperator(AGENCY, stranger.address, 3, 0, now + 50);
        await as.setOperator(AGENCY, otherOperator.address, 3, now + 1_000, FAR_FUTURE);
        await as.revokeOperator(AGENCY, clerk.address);
        await time.increase(100);
        await expect(move(here, clerk, header, spans(0)))
          .to.be.revertedWithCustomError(registry, "OperatorIsRevoked")
          .withArgs(AGENCY, clerk.address);
        await expect(move(here, stranger, header, spans(0)))
          .to.be.revertedWithCustomError(registry, "OperatorExpired")
          .withArgs(AGENCY, stranger.address, now + 50);
        await expect(move(here, otherOperator, header, spans(0)))
          .to.be.revertedWithCustomError(registry, "OperatorNotYetValid")
          .withArgs(AGENCY, otherOperator.address, now + 1_000);
      });

      it("works for an operator that may only change statuses", async () => {
        const here = world();
        const { header } = await anchorBatch(here, 1);
        await prepare(name, header);
        await (await move(here, here.clerk, header, spans(0))).wait();
      });

      it("is refused for a closed agency", async () => {
        const here = world();
        const { header } = await anchorBatch(here, 1);
        await prepare(name, header);
        await here.registry.connect(here.registrar).closeAgency(AGENCY, REASON);
        await expect(move(here, here.operator, header, spans(0)))
          .to.be.revertedWithCustomError(here.registry, "WrongStanding")
          .withArgs(AGENCY, Standing.Closed);
      });

      it(`${keeping.includes(name) ? "works" : "is refused"} while the agency is suspended`, async () => {
        const here = world();
        const { header } = await anchorBatch(here, 1);
        await prepare(name, header);
        await here.registry.connect(here.guardian).suspendAgency(AGENCY, REASON);
        const call = move(here, here.operator, header, spans(0));
        if (keeping.includes(name)) await (await call).wait();
        else
          await expect(call)
            .to.be.revertedWithCustomError(here.registry, "WrongStanding")
            .withArgs(AGENCY, Standing.Suspended);
      });

      it(`${keeping.includes(name) ? "works" : "is refused"} while the registry is paused`, async () => {
        const here = world();
        const { header } = await anchorBatch(here, 1);
        await prepare(name, header);
        await here.registry.connect(here.guardian).pause(REASON);
        const call = move(here, here.operator, header, spans(0));
        if (keeping.includes(name)) await (await call).wait();
        else await expect(call).to.be.revertedWithCustomError(here.registry, "RegistryPaused");
      });
    });

  for (const [name, move] of Object.entries(arbiterMoves))
    it(`${name} works while paused, on records of a suspended and of a closed agency`, async () => {
      const here = world();
      const { header } = await anchorBatch(here, 2);
      const { registry, guardian, registrar } = here;
      await registry.connect(guardian).suspendAgency(AGENCY, REASON);
      await registry.connect(guardian).pause(REASON);
      await prepare(name, header);
      await (await move(here, here.operator, header, spans(0))).wait();
      await registry.connect(registrar).closeAgency(AGENCY, REASON);
      if (name === "arbiterClearMarks") await prepare(name, header);
      await (await move(here, here.operator, header, spans(name === "arbiterClearMarks" ? 0 : 1))).wait();
    });

  describe("events and bytes", () => {
    const positions = spans([1, 2], 33);

    for (const [name, prior, status] of [
      ["withdraw", [], Status.Withdrawn],
      ["repair", [], Status.Repaired],
      ["revokeRepair", ["repair"], Status.Active],
    ] as const)
      it(`${name} says everything and changes exactly its leaves`, async () => {
        const here = world();
        const { registry, operator } = here;
        const { header } = await anchorBatch(here, 70);
        for (const each of prior) await agencyMoves[each]!(here, operator, header, positions);
        const entry = await nextEntry(registry);
        await expect(agencyMoves[name]!(here, operator, header, positions))
          .to.emit(registry, "StatusChanged")
          .withArgs(batchIdOf(header), status, operator.address, positions, REASON, EVIDENCE, entry);
        for (let index = 0; index < 70; index++)
          expect(await registry.statusOf(batchIdOf(header), index), `leaf ${index}`).to.equal(
            [1, 2, 33].includes(index) ? status : Status.Active,
          );
      });

    it("supersede names a successor for each position", async () => {
      const here = world();
      const { registry, operator } = here;
      const { header } = await anchorBatch(here, 70);
      const entry = await nextEntry(registry);
      await expect(agencyMoves["supersede"]!(here, operator, header, positions))
        .to.emit(registry, "RecordsSuperseded")
        .withArgs(
          batchIdOf(header),
          operator.address,
          positions,
          successors(positions),
          REASON,
          EVIDENCE,
          entry,
        );
      expect(await registry.statusWord(batchIdOf(header), 0)).to.equal(0x010100n);
      expect(await registry.statusWord(batchIdOf(header), 1)).to.equal(0x0100n);
    });

    it("supersede is refused with too few or too many successors", async () => {
      const here = world();
      const { registry, operator } = here;
      const { header } = await anchorBatch(here, 70);
      for (const given of [0, 2, 4])
        await expect(
          registry
            .connect(operator)
            .supersede(header, positions, Array<string>(given).fill(EVIDENCE), REASON, EVIDENCE),
        )
          .to.be.revertedWithCustomError(registry, "SuccessorsMismatch")
          .withArgs(3, given);
    });

    for (const [place, position] of [
      [0, 1],
      [1, 2],
      [2, 33],
    ] as const)
      it(`supersede is refused without a successor for leaf ${position}`, async () => {
        const here = world();
        const { registry, operator } = here;
        const { header } = await anchorBatch(here, 70);
        const list = successors(positions);
        list[place] = ZERO;
        await expect(registry.connect(operator).supersede(header, positions, list, REASON, EVIDENCE))
          .to.be.revertedWithCustomError(registry, "MissingSuccessor")
          .withArgs(position);
      });

    for (const [set, clear, who, marks] of [
      ["setMarks", "clearMarks", "operator", Mark.Disputed],
      ["setMarks", "clearMarks", "operator", Mark.UnderReview],
      ["setMarks", "clearMarks", "operator", Mark.RepairPending],
      ["setMarks", "clearMarks", "operator", 0x70],
      ["arbiterSetMarks", "arbiterClearMarks", "arbiter", Mark.Disputed],
      ["arbiterSetMarks", "arbiterClearMarks", "arbiter", Mark.Masked],
      ["arbiterSetMarks", "arbiterClearMarks", "arbiter", 0xf0],
    ] as const)
      it(`${set} and ${clear} say everything and change exactly marks ${marks} of their leaves`, async () => {
        const here = world();
        const { registry } = here;
        const { header } = await anchorBatch(here, 70);
        const actor = here[who];
        let entry = await nextEntry(registry);
        await expect(registry.connect(actor)[set](header, positions, marks, REASON, EVIDENCE))
          .to.emit(registry, "MarksSet")
          .withArgs(batchIdOf(header), marks, actor.address, positions, REASON, EVIDENCE, entry);
        const word = (byte: number): bigint => (BigInt(byte) << 8n) | (BigInt(byte) << 16n);
        expect(await registry.statusWord(batchIdOf(header), 0)).to.equal(word(marks));
        expect(await registry.statusWord(batchIdOf(header), 1)).to.equal(BigInt(marks) << 8n);
        expect(await registry.statusWord(batchIdOf(header), 2)).to.equal(0);
        entry = await nextEntry(registry);
        await expect(registry.connect(actor)[clear](header, positions, marks, REASON, EVIDENCE))
          .to.emit(registry, "MarksCleared")
          .withArgs(batchIdOf(header), marks, actor.address, positions, REASON, EVIDENCE, entry);
        expect(await registry.statusWord(batchIdOf(header), 0)).to.equal(0);
        expect(await registry.statusWord(batchIdOf(header), 1)).to.equal(0);
      });

    it("setting a mark beside another keeps it, and clearing one of two keeps the other", async () => {
      const here = world();
      const { registry, operator } = here;
      const { header } = await anchorBatch(here, 1);
      const as = registry.connect(operator);
      await as.setMarks(header, spans(0), Mark.Disputed, REASON, EVIDENCE);
      await as.setMarks(header, spans(0), Mark.Disputed | Mark.UnderReview, REASON, EVIDENCE);
      expect(await registry.statusOf(batchIdOf(header), 0)).to.equal(Mark.Disputed | Mark.UnderReview);
      await as.clearMarks(header, spans(0), Mark.Disputed | Mark.RepairPending, REASON, EVIDENCE);
      expect(await registry.statusOf(batchIdOf(header), 0)).to.equal(Mark.UnderReview);
    });

    it("no mark, reserved bits, the erased bit and status bits are nobody's to set or clear", async () => {
      const here = world();
      const { registry, operator, arbiter } = here;
      const { header } = await anchorBatch(here, 1);
      for (const marks of [0, 1, 2, 4, ERASED, Mark.Disputed | 4, Mark.Disputed | ERASED, 0xff])
        for (const call of [
          () => registry.connect(operator).setMarks(header, spans(0), marks, REASON, EVIDENCE),
          () => registry.connect(operator).clearMarks(header, spans(0), marks, REASON, EVIDENCE),
          () => registry.connect(arbiter).arbiterSetMarks(header, spans(0), marks, REASON, EVIDENCE),
          () => registry.connect(arbiter).arbiterClearMarks(header, spans(0), marks, REASON, EVIDENCE),
        ])
          await expect(call()).to.be.revertedWithCustomError(registry, "MarksNotAllowed").withArgs(marks);
    });

    it("an agency neither masks nor unmasks", async () => {
      const here = world();
      const { registry, operator, arbiter } = here;
      const { header } = await anchorBatch(here, 1);
      await registry.connect(arbiter).arbiterSetMarks(header, spans(0), Mark.Masked, REASON, EVIDENCE);
      for (const marks of [Mark.Masked, Mark.Masked | Mark.Disputed])
        for (const call of [
          () => registry.connect(operator).setMarks(header, spans(0), marks, REASON, EVIDENCE),
          () => registry.connect(operator).clearMarks(header, spans(0), marks, REASON, EVIDENCE),
        ])
          await expect(call()).to.be.revertedWithCustomError(registry, "MarksNotAllowed").withArgs(marks);
    });

    it("a call that one position refuses changes none, and names the first that refuses", async () => {
      const here = world();
      const { registry, operator } = here;
      const { header } = await anchorBatch(here, 200);
      const as = registry.connect(operator);
      await as.withdraw(header, spans(64, 131), REASON, EVIDENCE);
      await expect(as.repair(header, spans([0, 199]), REASON, EVIDENCE))
        .to.be.revertedWithCustomError(registry, "MoveNotAllowed")
        .withArgs(64, Status.Withdrawn, Status.Repaired);
      await expect(as.repair(header, spans([0, 63], [65, 199]), REASON, EVIDENCE))
        .to.be.revertedWithCustomError(registry, "MoveNotAllowed")
        .withArgs(131, Status.Withdrawn, Status.Repaired);
      for (let word = 0; word < 7; word++)
        expect(await registry.statusWord(batchIdOf(header), word)).to.equal(
          word === 2 ? 0x02n : word === 4 ? 0x02n << 24n : 0n,
        );
    });

    it("spans at every edge of a word change exactly their leaves", async () => {
      const here = world();
      const { registry, operator } = here;
      const { header } = await anchorBatch(here, 130);
      for (const [first, last] of [
        [0, 0],
        [31, 31],
        [32, 32],
        [0, 31],
        [31, 32],
        [32, 63],
        [1, 62],
        [0, 64],
        [5, 129],
        [0, 129],
        [96, 129],
        [129, 129],
      ] as const) {
        const as = registry.connect(operator);
        await as.setMarks(header, spans([first, last]), Mark.Disputed, REASON, EVIDENCE);
        for (let word = 0; word < 6; word++) {
          let expected = 0n;
          for (let lane = 0; lane < 32; lane++)
            if (32 * word + lane >= first && 32 * word + lane <= last)
              expected |= BigInt(Mark.Disputed) << BigInt(8 * lane);
          expect(await registry.statusWord(batchIdOf(header), word), `${first}-${last}, ${word}`).to.equal(
            expected,
          );
        }
        await as.clearMarks(header, spans([first, last]), Mark.Disputed, REASON, EVIDENCE);
      }
    });

    it("the last leaf of the largest batch there can be has a status of its own", async () => {
      const { registry, operator } = world();
      const size = 2 ** 32 - 1;
      const header = await headerOf(
        registry,
        registry.connect(operator).anchorRoot(AGENCY, TYPE, NO_BATCH, size, ethers.id("root"), MANIFEST),
      );
      const as = registry.connect(operator);
      await as.repair(header, spans(size - 1), REASON, EVIDENCE);
      expect(await registry.statusOf(batchIdOf(header), size - 1)).to.equal(Status.Repaired);
      expect(await registry.statusOf(batchIdOf(header), 0)).to.equal(Status.Active);
      await expect(as.repair(header, spans(size), REASON, EVIDENCE))
        .to.be.revertedWithCustomError(registry, "PositionOutOfRange")
        .withArgs(size, size);
    });

    it("statuses of batches and leaves that do not exist are zero", async () => {
      const { registry } = world();
      expect(await registry.statusOf(12_345, 17)).to.equal(0);
      expect(await registry.statusWord(2n ** 64n - 1n, 2 ** 32 - 1)).to.equal(0);
    });
  });
});
