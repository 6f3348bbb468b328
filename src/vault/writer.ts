import { toHex, ZERO_32 } from "../bytes";
import type { Batch } from "../batch";
import type { Header } from "../commitment";
import { CreditAnchorError } from "../errors";
import type { RecordType } from "../types";
import { removeOrphans, writeBatchFiles } from "./batch-files";
import { ACCEPTED_HISTORY, encodeLatest, findLatest, latestKey, type StoredPlan, transact } from "./database";
import { type BatchDraft, earlierOf, sortedBatch, type SortedBatch } from "./draft";
import { fixedAt, KEY_AT, LEAF_AT } from "./layout";
import type { Lock } from "./lock";
import { LmdbVaultReader, type ReadContext } from "./reader";
import type {
  Hex,
  Mode,
  Move,
  NewMove,
  Plan,
  PlanStatus,
  Position,
  SignedTransaction,
  Slot,
  TransactionPlace,
  Vault,
} from "./vault";
import { without } from "./without";

/** What a batch is planned for. */
export interface PlanTarget {
  readonly registry: { readonly chainId: number; readonly address: Hex };
  readonly agencyId: number;
  readonly typeId: number;
  readonly type: RecordType;
  readonly mode: Mode;
  /** See {@link Plan.policies}. */
  readonly policies?: readonly string[];
  /** See {@link Plan.class}. */
  readonly class?: string;
  /** Why its records take the place of earlier ones; otherwise: because they are newer. */
  readonly supersession?: Supersession;
}

export interface Supersession {
  readonly reason: number;
  readonly evidenceHash: Hex;
  /** The version of a record with another key whose place the only record of the batch takes; nothing may follow it. */
  readonly replaces?: Position;
}

/** Positions that one call moves at most. */
export const POSITIONS_PER_MOVE = 256;
/** Of a supersession by a newer version, unless more was said. */
const NEWER_VERSION: Supersession = { reason: 0, evidenceHash: toHex(ZERO_32) };

export class LmdbVault extends LmdbVaultReader implements Vault {
  constructor(
    context: ReadContext,
    readonly lock: Lock,
  ) {
    super(context);
    removeOrphans(context.folder, (plan) => context.database.plans.get(plan)?.files);
  }

  /**
   * Makes a full draft a planned batch: files first, then everything that refers to them in one transaction. A crash in
   * between leaves files that the next opening removes.
   *
   * @param batch Built by `buildBatch` of the draft's leaves.
   * @throws CreditAnchorError `home.full`, `home.unwritable`, `home.lock-lost`, `vault.locked`; nothing is planned then.
   */
  commitBatch(draft: BatchDraft, batch: Batch, target: PlanTarget): Plan {
    const { database, folder, secretsKey } = this.context;
    if (secretsKey === undefined)
      throw new CreditAnchorError("vault.locked", "planning needs the passphrase of the home folder");
    const sorted = sortedBatch(draft, batch);
    const number = this.#next(database.plans);
    const files = writeBatchFiles(folder, number, sorted, secretsKey);
    const typeHash = toHex(target.type.typeHash);
    const plan: StoredPlan = {
      number,
      status: "planned",
      registry: target.registry,
      agencyId: target.agencyId,
      type: target.type.name,
      typeId: target.typeId,
      typeHash,
      mode: target.mode,
      size: sorted.size,
      root: toHex(batch.root),
      manifestHash: toHex(batch.manifestHash),
      manifest: batch.manifest,
      plannedAt: new Date().toISOString(),
      ...(target.policies === undefined ? {} : { policies: target.policies }),
      ...(target.class === undefined ? {} : { class: target.class }),
      files,
    };
    this.#write(() => {
      database.plans.putSync(number, plan);
      database.openPlans.putSync(number, 1);
      if (!database.types.doesExist(typeHash)) database.types.putSync(typeHash, target.type.document);
      this.#indexRecords(sorted, number, target.mode === "direct");
      // A direct batch supersedes the version before in the same call.
      const why = target.supersession ?? NEWER_VERSION;
      if (target.mode !== "direct")
        for (const move of supersessions(sorted, number, why)) this.#addMove(move);
      if (why.replaces !== undefined) this.#replace(why.replaces, sorted, number, why);
    });
    return this.plan(number);
  }

  recordSigned(number: number, slot: Slot, signed: SignedTransaction): Plan {
    return this.#change(number, ["planned", "signed"], (plan) => ({
      ...unsigned(plan),
      status: "signed",
      slot,
      signed,
      signedAt: now(),
    }));
  }

  recordSent(number: number): Plan {
    return this.#change(number, ["signed", "sent"], (plan) => ({
      ...plan,
      status: "sent",
      sentAt: plan.sentAt ?? now(),
    }));
  }

  recordAnchored(number: number, header: Header, transaction: TransactionPlace): Plan {
    return this.#change(number, ["signed", "sent", "anchored"], (plan) => {
      const slot = { sequence: header.sequence, previous: header.previous };
      return { ...plan, status: "anchored", slot, header, transaction, anchoredAt: now() };
    });
  }

  recordFinal(number: number): Plan {
    return this.#change(number, ["anchored"], (plan) => ({ ...plan, status: "final", finalAt: now() }));
  }

  recordUnsigned(number: number): Plan {
    return this.#change(number, ["signed", "sent", "anchored"], (plan) => ({
      ...unsigned(plan),
      status: "planned",
    }));
  }

  acceptHistory(lastBatch: Hex): void {
    this.#write(() => this.context.database.env.putSync(ACCEPTED_HISTORY, lastBatch));
  }

  planMove(move: NewMove): Move {
    return this.planMoves([move])[0]!;
  }

  planMoves(moves: readonly NewMove[], ended: readonly Uint8Array[] = []): Move[] {
    return this.#write(() => {
      const open = new Set<string>();
      for (const key of ended) {
        if (findLatest(this.context.database, key)?.ended === false) open.add(toHex(key));
        this.#putEnded(key, true);
      }
      return moves.map((move) => this.#addMove(move, move.kind === "withdraw" ? open : undefined));
    });
  }

  dropMoves(ids: readonly number[]): void {
    const { moves, openMoves } = this.context.database;
    this.#write(() => {
      for (const id of ids) {
        const { plan, ends, status } = this.move(id);
        if (status !== "planned") throw wrongStatus(`status move ${id}`, status, ["planned"]);
        for (const index of ends ?? []) this.#putEnded(this.entry(plan, index).key, false);
        moves.removeSync(id);
        openMoves.removeSync(id);
      }
    });
  }

  recordMoveSigned(id: number, signed: SignedTransaction): Move {
    return this.#changeMove(id, ["planned", "signed", "sent"], (move) => ({
      ...move,
      status: "signed",
      signed,
    }));
  }

  recordMoveSent(id: number): Move {
    return this.#changeMove(id, ["signed", "sent"], (move) => ({ ...move, status: "sent" }));
  }

  recordMoveDone(id: number, transaction?: TransactionPlace): Move {
    return this.#changeMove(id, ["planned", "signed", "sent", "done"], (move) => ({
      ...without(move, "transaction"),
      status: "done",
      ...(transaction === undefined ? {} : { transaction }),
    }));
  }

  recordMoveUnsigned(id: number): Move {
    return this.#changeMove(id, ["signed", "sent", "done"], (move) => ({
      ...without(move, "signed", "transaction"),
      status: "planned",
    }));
  }

  markEnded(keys: readonly Uint8Array[]): void {
    this.#setEnded(keys, true);
  }

  unmarkEnded(keys: readonly Uint8Array[]): void {
    this.#setEnded(keys, false);
  }

  destroy(plan: number, indexes: readonly number[]): void {
    this.#write(() => {
      for (const index of indexes) this.entry(plan, index);
      this.files(plan).destroy(indexes);
    });
  }

  override async close(): Promise<void> {
    this.lock.release();
    await super.close();
  }

  /** One transaction that is refused when the lock went to another process meanwhile. */
  #write<T>(change: () => T): T {
    return transact(this.context.database, () => {
      this.lock.check();
      return change();
    });
  }

  #change(number: number, from: readonly PlanStatus[], next: (plan: StoredPlan) => StoredPlan): Plan {
    const { plans, openPlans, sequences } = this.context.database;
    this.#write(() => {
      const before = this.stored(number);
      if (!from.includes(before.status)) throw wrongStatus(`batch ${number}`, before.status, from);
      const after = next(before);
      if (
        before.slot !== undefined &&
        before.slot.sequence !== after.slot?.sequence &&
        sequences.get(before.slot.sequence) === number
      )
        sequences.removeSync(before.slot.sequence);
      if (after.slot !== undefined) sequences.putSync(after.slot.sequence, number);
      plans.putSync(number, after);
      if (after.status === "final") openPlans.removeSync(number);
    });
    return this.plan(number);
  }

  #changeMove(id: number, from: readonly Move["status"][], next: (move: Move) => Move): Move {
    const { moves, openMoves } = this.context.database;
    this.#write(() => {
      const before = this.move(id);
      if (!from.includes(before.status)) throw wrongStatus(`status move ${id}`, before.status, from);
      const after = next(before);
      moves.putSync(id, after);
      if (after.status === "done") openMoves.removeSync(id);
      else openMoves.putSync(id, 1);
    });
    return this.move(id);
  }

  /** @param open keys of records that were open until now, of which it ends those whose latest version it moves */
  #addMove(move: NewMove, open: ReadonlySet<string> = new Set()): Move {
    const { moves, openMoves } = this.context.database;
    const ascending = move.positions.every((position, i) => i === 0 || position > move.positions[i - 1]!);
    if (!ascending || move.positions.length === 0 || move.positions.length > POSITIONS_PER_MOVE)
      throw new CreditAnchorError("vault.positions", "positions must ascend, and be 1 to 256", {
        exitStatus: 70,
      });
    const ends = open.size === 0 ? [] : move.positions.filter((index) => this.#ends(move.plan, index, open));
    const added: Move = {
      ...move,
      ...(ends.length === 0 ? {} : { ends }),
      id: this.#next(moves),
      status: "planned",
    };
    moves.putSync(added.id, added);
    openMoves.putSync(added.id, 1);
    return added;
  }

  #ends(plan: number, index: number, open: ReadonlySet<string>): boolean {
    const { key } = this.entry(plan, index);
    const latest = findLatest(this.context.database, key);
    return open.has(toHex(key)) && latest?.plan === plan && latest.index === index;
  }

  #indexRecords({ rows, indexOfRow }: SortedBatch, plan: number, direct: boolean): void {
    const { latest } = this.context.database;
    const value = Buffer.alloc(9);
    for (const row of rows.latestRows()) {
      const place = { plan, index: indexOfRow[row]!, ended: false, direct };
      latest.putSync(latestKey(fixedAt(rows, row, KEY_AT)), encodeLatest(place, value));
    }
  }

  #setEnded(keys: readonly Uint8Array[], ended: boolean): void {
    this.#write(() => {
      for (const key of keys) this.#putEnded(key, ended);
    });
  }

  #putEnded(key: Uint8Array, ended: boolean): void {
    const { database } = this.context;
    const found = findLatest(database, key);
    if (found !== undefined)
      database.latest.putSync(latestKey(key), encodeLatest({ ...found, ended }, Buffer.alloc(9)));
  }

  /** One record takes the place of another, whose key was wrong. */
  #replace(old: Position, batch: SortedBatch, plan: number, why: Supersession): void {
    if (batch.size !== 1)
      throw new CreditAnchorError("vault.replaces", "one record takes the place of one other", {
        exitStatus: 70,
      });
    const successor = {
      position: old.index,
      successor: toHex(fixedAt(batch.rows, batch.order[0]!, LEAF_AT)),
    };
    for (const move of supersedeMoves(old.plan, plan, [successor], why)) this.#addMove(move);
    this.#putEnded(this.entry(old.plan, old.index).key, true);
  }

  /** The number after the last one. */
  #next(table: { getKeys(options: { reverse: boolean; limit: number }): Iterable<number> }): number {
    for (const last of table.getKeys({ reverse: true, limit: 1 })) return last + 1;
    return 0;
  }
}

/** As it was before it was signed for any slot. */
function unsigned(plan: StoredPlan): Omit<StoredPlan, "status"> {
  const later = ["slot", "signed", "header", "transaction", "signedAt", "sentAt", "anchoredAt"] as const;
  return without(plan, "status", ...later);
}

interface Succession {
  readonly position: number;
  readonly successor: Hex;
}

/** The moves that tell the chain which versions this batch replaces, by batch of the versions replaced. */
function supersessions(batch: SortedBatch, plan: number, why: Supersession): NewMove[] {
  const byPlan = new Map<number, Succession[]>();
  for (let row = 0; row < batch.size; row++) {
    const earlier = earlierOf(batch, row, plan);
    if (earlier === undefined) continue;
    const list = byPlan.get(earlier.plan) ?? [];
    list.push({ position: earlier.index, successor: toHex(fixedAt(batch.rows, row, LEAF_AT)) });
    byPlan.set(earlier.plan, list);
  }
  return [...byPlan]
    .sort(([a], [b]) => a - b)
    .flatMap(([old, list]) =>
      supersedeMoves(
        old,
        plan,
        list.sort((a, b) => a.position - b.position),
        why,
      ),
    );
}

/** Of records of one batch by records of another, as many calls as it takes. */
function supersedeMoves(
  old: number,
  after: number,
  list: readonly Succession[],
  { reason, evidenceHash }: Supersession,
): NewMove[] {
  const moves: NewMove[] = [];
  for (let at = 0; at < list.length; at += POSITIONS_PER_MOVE) {
    const part = list.slice(at, at + POSITIONS_PER_MOVE);
    moves.push({
      kind: "supersede",
      plan: old,
      after,
      positions: part.map((item) => item.position),
      successors: part.map((item) => item.successor),
      reason,
      evidenceHash,
    });
  }
  return moves;
}

function wrongStatus(what: string, status: string, from: readonly string[]): CreditAnchorError {
  return new CreditAnchorError(
    "vault.wrong-status",
    `${what} is ${status}; it has to be ${from.join(" or ")}`,
    {
      exitStatus: 70,
    },
  );
}

function now(): string {
  return new Date().toISOString();
}
