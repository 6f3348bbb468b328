import { expect } from "chai";
import { statSync } from "node:fs";
import { join } from "node:path";

import type { Header } from "../../src/commitment";
import { portableHashes } from "../../src/hashes";
import type { Home } from "../../src/home";
import { openReader } from "../../src/vault/open";
import type { NewMove, Plan, SignedTransaction, Slot, TransactionPlace } from "../../src/vault/vault";
import type { LmdbVault } from "../../src/vault/writer";
import { failure } from "../support/failure";
import { harbourHome, permit, permits, plan, removeFolders } from "../support/homes";
import { bytesOf } from "../support/samples";

const slot = (sequence: number): Slot => ({ sequence, previous: bytesOf(`previous ${sequence}`, 20) });
const signed = (nonce: number): SignedTransaction => ({
  raw: bytesOf(`raw ${nonce}`, 100),
  hash: bytesOf(`hash ${nonce}`),
  nonce,
  from: bytesOf("operator", 20),
});
const place = (blockNumber: number): TransactionPlace => ({
  hash: bytesOf("transaction"),
  blockNumber,
  blockHash: bytesOf(`block ${blockNumber}`),
});
const headerOf = (batch: Plan, { sequence, previous }: Slot): Header => ({
  format: 1,
  agencyId: batch.agencyId,
  typeId: batch.typeId,
  sequence,
  size: batch.size,
  anchoredAt: 1_780_000_000,
  operator: bytesOf("operator", 20),
  previous,
  root: batch.root,
  manifestHash: batch.manifestHash,
});

describe("vault", () => {
  let home: Home;
  let vault: LmdbVault;

  beforeEach(async () => {
    home = await harbourHome();
    vault = await home.writeVault({ command: "test" });
  });
  afterEach(() => vault.close());
  after(removeFolders);

  /** Closes and opens the vault: what is seen afterwards was on disk. */
  const reopen = async (): Promise<void> => {
    await vault.close();
    vault = await home.writeVault({ command: "test" });
  };

  describe("a batch", () => {
    let batch: Plan;
    beforeEach(async () => {
      await plan(vault, permits(0, 5));
      batch = vault.plan(0);
    });

    it("goes from planned to final, each step on disk", async () => {
      const steps: [string, () => Plan][] = [
        ["signed", () => vault.recordSigned(0, slot(4), signed(9))],
        ["sent", () => vault.recordSent(0)],
        ["anchored", () => vault.recordAnchored(0, headerOf(batch, slot(4)), place(100))],
        ["final", () => vault.recordFinal(0)],
      ];
      for (const [status, step] of steps) {
        const after = step();
        expect(after.status).to.equal(status);
        await reopen();
        expect(vault.plan(0)).to.deep.equal(after);
        expect(vault.planAt(4)).to.deep.equal(after);
        expect(vault.unfinishedPlans()).to.deep.equal(status === "final" ? [] : [after]);
      }
      const final = vault.plan(0);
      expect(final.slot).to.deep.equal(slot(4));
      expect(final.signed).to.deep.equal(signed(9));
      expect(final.header).to.deep.equal(headerOf(batch, slot(4)));
      expect(final.transaction).to.deep.equal(place(100));
      for (const time of [final.plannedAt, final.signedAt, final.sentAt, final.anchoredAt, final.finalAt])
        expect(time).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    });

    it("may be signed anew for another slot, which frees the first", () => {
      vault.recordSigned(0, slot(4), signed(9));
      vault.recordSent(0);
      vault.recordUnsigned(0);
      expect(vault.plan(0)).to.deep.equal(batch);
      expect(vault.planAt(4)).to.equal(undefined);
      vault.recordSigned(0, slot(5), signed(10));
      const again = vault.recordSigned(0, slot(6), signed(11));
      expect([again.slot, again.signed]).to.deep.equal([slot(6), signed(11)]);
      expect([vault.planAt(5), vault.planAt(6)]).to.deep.equal([undefined, again]);
    });

    it("may be anchored again in another block, or go back to planned, after a reorganisation", () => {
      vault.recordSigned(0, slot(4), signed(9));
      vault.recordAnchored(0, headerOf(batch, slot(4)), place(100));
      const moved = vault.recordAnchored(0, headerOf(batch, slot(4)), place(101));
      expect(moved.transaction).to.deep.equal(place(101));
      expect(vault.recordUnsigned(0)).to.deep.equal(batch);
      expect(vault.unfinishedPlans()).to.deep.equal([batch]);
    });

    it("leaves a slot alone that meanwhile belongs to another batch", async () => {
      await plan(vault, permits(5, 6));
      vault.recordSigned(0, slot(4), signed(9));
      vault.recordSigned(1, slot(4), signed(10));
      vault.recordUnsigned(0);
      expect(vault.planAt(4)!.number).to.equal(1);
    });

    it("refuses every step from a status where it does not start", async () => {
      await plan(vault, permits(5, 30), { batchSize: 1 });
      const steps: Record<string, (number: number) => Plan> = {
        signed: (number) => vault.recordSigned(number, slot(number), signed(number)),
        sent: (number) => vault.recordSent(number),
        anchored: (number) =>
          vault.recordAnchored(number, headerOf(vault.plan(number), slot(number)), place(1)),
        final: (number) => vault.recordFinal(number),
        planned: (number) => vault.recordUnsigned(number),
      };
      const ways: Record<string, string[]> = {
        planned: [],
        signed: ["signed"],
        sent: ["signed", "sent"],
        anchored: ["signed", "anchored"],
        final: ["signed", "anchored", "final"],
      };
      const allowed: Record<string, string[]> = {
        planned: ["signed"],
        signed: ["signed", "sent", "anchored", "planned"],
        sent: ["sent", "anchored", "planned"],
        anchored: ["anchored", "final", "planned"],
        final: [],
      };
      let number = 1;
      for (const [from, way] of Object.entries(ways)) {
        for (const [to, step] of Object.entries(steps)) {
          for (const before of way) steps[before]!(number);
          const start = vault.plan(number);
          expect(start.status).to.equal(from);
          if (allowed[from]!.includes(to)) expect(step(number).status, `${from} to ${to}`).to.equal(to);
          else {
            expect((await failure(() => step(number))).code, `${from} to ${to}`).to.equal(
              "vault.wrong-status",
            );
            expect(vault.plan(number)).to.deep.equal(start);
          }
          number++;
        }
      }
    });

    it("is refused with a clear error when there is none of this number", async () => {
      expect((await failure(() => vault.plan(1))).code).to.equal("vault.no-plan");
      expect((await failure(() => vault.recordSent(1))).code).to.equal("vault.no-plan");
      expect((await failure(() => vault.read(1, 0))).code).to.equal("vault.no-plan");
      for (const index of [-1, 5, 0.5, NaN])
        expect((await failure(() => vault.read(0, index))).code, `${index}`).to.equal("vault.no-record");
    });

    it("is read back record by record, in leaf order", () => {
      const records = [...vault.readAll(0)];
      expect(records.map((record) => record.index)).to.deep.equal([0, 1, 2, 3, 4]);
      const numbers = records.map(
        (record) =>
          (JSON.parse(new TextDecoder().decode(record.payload)) as { permitNumber: string }).permitNumber,
      );
      expect(numbers.sort()).to.deep.equal(["P-0", "P-1", "P-2", "P-3", "P-4"]);
      for (const record of records) expect(vault.read(0, record.index)).to.deep.equal(record);
    });

    it("keeps the type document it was made of", () => {
      expect((vault.typeDocument(batch.typeHash)!["x-credit-anchor"] as { name: string }).name).to.equal(
        batch.type,
      );
      expect(vault.typeDocument(bytesOf("other type"))).to.equal(undefined);
    });
  });

  it("lists batches from any number on", async () => {
    await plan(vault, permits(0, 5), { batchSize: 1 });
    expect([...vault.plans()].map((batch) => batch.number)).to.deep.equal([0, 1, 2, 3, 4]);
    expect([...vault.plans(3)].map((batch) => batch.number)).to.deep.equal([3, 4]);
  });

  describe("a status move", () => {
    const move: NewMove = {
      kind: "withdraw",
      plan: 0,
      after: 0,
      positions: [1, 3],
      reason: 7,
      evidenceHash: bytesOf("evidence"),
    };
    beforeEach(() => plan(vault, permits(0, 5)));

    it("goes from planned to done, each step on disk", async () => {
      const planned = vault.planMove(move);
      expect(planned).to.deep.equal({ ...move, id: 0, status: "planned" });
      const steps = [
        () => vault.recordMoveSigned(0, signed(1)),
        () => vault.recordMoveSent(0),
        () => vault.recordMoveDone(0, place(5)),
      ];
      for (const step of steps) {
        const after = step();
        await reopen();
        expect(vault.move(0)).to.deep.equal(after);
        expect(vault.unfinishedMoves()).to.deep.equal(after.status === "done" ? [] : [after]);
      }
      expect(vault.move(0).transaction).to.deep.equal(place(5));
      expect(vault.recordMoveUnsigned(0)).to.deep.equal(planned);
      expect(vault.unfinishedMoves()).to.deep.equal([planned]);
    });

    it("is forgotten while no transaction carries it, and its record goes on", async () => {
      const { key } = vault.entry(0, 1);
      const [first, second] = vault.planMoves([move, { ...move, positions: [2] }], [key]);
      expect(vault.latest(key)!.ended).to.equal(true);
      vault.recordMoveSigned(second!.id, signed(1));
      expect((await failure(() => vault.dropMoves([first!.id, second!.id]))).code).to.equal(
        "vault.wrong-status",
      );
      expect(vault.unfinishedMoves()).to.have.length(2);
      vault.dropMoves([first!.id]);
      await reopen();
      expect(vault.unfinishedMoves().map(({ id }) => id)).to.deep.equal([second!.id]);
      expect(vault.latest(key)!.ended).to.equal(false);
    });

    it("that is forgotten opens nothing that something else had ended, an older version's never the record", async () => {
      const { key } = vault.entry(0, 1);
      const [first] = vault.planMoves([move], [key]);
      const [again] = vault.planMoves([move], [key]);
      vault.dropMoves([again!.id]);
      expect(vault.latest(key)!.ended, "the first still ends it").to.equal(true);
      vault.dropMoves([first!.id]);
      expect(vault.latest(key)!.ended).to.equal(false);
      vault.markEnded([key]);
      const [late] = vault.planMoves([move], [key]);
      const [older] = vault.planMoves([move]);
      vault.dropMoves([late!.id, older!.id]);
      await reopen();
      expect(vault.latest(key)!.ended, "it was ended before").to.equal(true);
    });

    it("may be done by a transaction of somebody else", () => {
      vault.planMove(move);
      expect(vault.recordMoveDone(0).status).to.equal("done");
      expect([...vault.moves({ status: "done" })]).to.have.length(1);
      expect([...vault.moves({ status: "planned" })]).to.have.length(0);
    });

    it("is refused when its positions do not ascend, or are none or too many", async () => {
      for (const positions of [[], [3, 1], [1, 1], Array.from({ length: 257 }, (_, i) => i)])
        expect((await failure(() => vault.planMove({ ...move, positions }))).code).to.equal(
          "vault.positions",
        );
      expect(vault.unfinishedMoves()).to.deep.equal([]);
    });

    it("is refused from a status where a step does not start", async () => {
      vault.planMove(move);
      expect((await failure(() => vault.recordMoveSent(0))).code).to.equal("vault.wrong-status");
      expect((await failure(() => vault.recordMoveUnsigned(0))).code).to.equal("vault.wrong-status");
      expect((await failure(() => vault.recordMoveSent(1))).code).to.equal("vault.no-move");
    });
  });

  describe("a reader", () => {
    it("sees batches without the passphrase, and records only with it", async () => {
      await plan(vault, permits(0, 3));
      const reader = await home.readVault();
      expect([...reader.plans()]).to.deep.equal([...vault.plans()]);
      expect(reader.entry(0, 1)).to.deep.equal(vault.entry(0, 1));
      expect((await failure(() => reader.read(0, 1))).code).to.equal("vault.locked");
      await reader.close();
      const opened = await home.readVault({ decrypt: true });
      expect(opened.read(0, 1)).to.deep.equal(vault.read(0, 1));
      await opened.close();
    });

    it("that lets go of what it read does not make the database grow", async () => {
      await plan(vault, permits(0, 5));
      const { key } = vault.entry(0, 0);
      const { folder, secretsKey } = vault.location();
      const reader = openReader(folder, { secretsKey, hashes: portableHashes });
      const file = join(folder, "index", "data.mdb");
      const before = statSync(file).size;
      // Without a pause in which the reader would let go by itself.
      for (let i = 0; i < 200; i++) {
        reader.latest(key);
        reader.releaseState();
        vault.markEnded([key]);
      }
      expect(statSync(file).size - before).to.be.lessThan(400_000);
      await reader.close();
    });

    it("follows what the writer does, and stays when the writer closes", async () => {
      const reader = await home.readVault();
      await plan(vault, permits(0, 3));
      expect(reader.plan(0).size).to.equal(3);
      vault.recordSigned(0, slot(0), signed(0));
      // A reader looks at one state of the database until the next turn of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(reader.plan(0).status).to.equal("signed");
      await reopen();
      expect(reader.plan(0).status).to.equal("signed");
      await reader.close();
    });
  });

  it("keeps what a batch says about older versions when newer ones come", async () => {
    await plan(vault, [permit(1)]);
    const first = vault.read(0, 0);
    await plan(vault, [permit(1, 1)]);
    expect(vault.read(0, 0)).to.deep.equal(first);
    expect(vault.latest(first.key)!.plan).to.equal(1);
  });
});
