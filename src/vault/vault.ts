import type { Header } from "../commitment";
import type { JsonObject } from "../json";

/** Lower-case `0x…`. */
export type Hex = string;

/** How a batch is anchored, see `ICreditRegistry`. */
export type Mode = "root" | "leaves" | "direct";

/**
 * Where a batch stands, and what is lost if everything stops there: nothing, in each of them.
 *
 * - `planned`: records, secrets and root are on disk; the chain knows nothing.
 * - `signed`: a transaction for one slot of the agency's history is signed and stored, perhaps broadcast.
 * - `sent`: a node has accepted it.
 * - `anchored`: it is in a block; header and block are known. A reorganisation can still take it back.
 * - `final`: as many blocks lie on top as the network's setting asks for. Receipts are given from here on.
 */
export type PlanStatus = "planned" | "signed" | "sent" | "anchored" | "final";

/** Where in the agency's history a signed batch goes. */
export interface Slot {
  readonly sequence: number;
  /** 20 bytes: the agency's `lastBatch` this batch builds on. */
  readonly previous: Hex;
}

export interface SignedTransaction {
  readonly raw: Hex;
  readonly hash: Hex;
  readonly nonce: number;
  /** Address that signed. */
  readonly from: Hex;
}

/** Where a transaction was mined. */
export interface TransactionPlace {
  readonly hash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
}

/** A batch in the vault. `number` is local to this vault (0, 1, … in the order of planning) and is never public. */
export interface Plan {
  readonly number: number;
  readonly status: PlanStatus;
  /** The registry whose address is part of every leaf: it can be anchored there and nowhere else. */
  readonly registry: { readonly chainId: number; readonly address: Hex };
  readonly agencyId: number;
  readonly type: string;
  readonly typeId: number;
  readonly typeHash: Hex;
  readonly mode: Mode;
  readonly size: number;
  readonly root: Hex;
  readonly manifestHash: Hex;
  /** The manifest document whose hash is anchored; for auditors and courts only. */
  readonly manifest: JsonObject;
  /** From `signed` on. */
  readonly slot?: Slot;
  /** From `signed` on. */
  readonly signed?: SignedTransaction;
  /** From `anchored` on. */
  readonly header?: Header;
  /** From `anchored` on. */
  readonly transaction?: TransactionPlace;
  /** ISO 8601, by this machine's clock. */
  readonly plannedAt: string;
  /** Versions of all policies the home judged by then: of these its records keep what held when they were decided. */
  readonly policies?: readonly string[];
  /** The class of its records before the law, where it was stated. */
  readonly class?: string;
  readonly signedAt?: string;
  readonly sentAt?: string;
  readonly anchoredAt?: string;
  readonly finalAt?: string;
}

/** Where a version of a record is. */
export interface Position {
  /** Number of the plan. */
  readonly plan: number;
  /** Leaf index in the batch. */
  readonly index: number;
}

/** One version of a record without its content: needs no passphrase. */
export interface Entry extends Position {
  readonly leaf: Uint8Array;
  readonly key: Uint8Array;
  readonly version: number;
  readonly commitment: Uint8Array;
  /** Commitment of the version before; 32 zero bytes for version 1. */
  readonly previous: Uint8Array;
  /** Where the version before is; absent for version 1. */
  readonly earlier?: Position;
}

/** The latest version of a record. */
export interface Latest extends Entry {
  /** Set when the record was withdrawn or erased: no version may follow. */
  readonly ended: boolean;
  readonly mode: Mode;
}

/** One version of a record, decrypted. */
export interface StoredRecord extends Entry {
  /** Record secret: every salt derives from it. Never print it. */
  readonly secret: Uint8Array;
  /** Canonical JSON of the record, as committed. */
  readonly payload: Uint8Array;
}

/**
 * A status move of records of one batch that the chain has still to be told, or was told.
 * `planned` → `signed` → `sent` → `done`.
 */
export interface Move {
  readonly id: number;
  readonly kind: "supersede" | "withdraw" | "repair" | "revokeRepair" | "setMarks" | "clearMarks";
  readonly status: "planned" | "signed" | "sent" | "done";
  /** Batch whose leaves move. */
  readonly plan: number;
  /** The move may be sent only after this batch is anchored (for `supersede`, the one with the successors). */
  readonly after: number;
  /** Leaf indexes, strictly ascending, at most 256. */
  readonly positions: readonly number[];
  /** For `supersede`: leaf hash of the successor of each position. */
  readonly successors?: readonly Hex[];
  /** For `setMarks` and `clearMarks`: bits 4 to 7 of the status byte. */
  readonly marks?: number;
  readonly reason: number;
  readonly evidenceHash: Hex;
  /** When what led to the move happened, `YYYY-MM-DD` in China, by the names of the policies' events. */
  readonly dates?: Readonly<Record<string, string>>;
  /** Versions of the policies that its records were judged under for it. */
  readonly policies?: readonly string[];
  /** The class of its records before the law, where it was stated for it. */
  readonly class?: string;
  /** Of its positions those whose record was open until this move was planned: open again if it is forgotten. */
  readonly ends?: readonly number[];
  readonly signed?: SignedTransaction;
  readonly transaction?: TransactionPlace;
}

/** A move as it is planned. */
export type NewMove = Omit<Move, "id" | "status" | "ends" | "signed" | "transaction">;

/** What anybody who may read the home can do; needs no lock and, but for `read` and `readAll`, no passphrase. */
export interface VaultReader {
  /** The latest version of the record with this key (32 bytes). */
  latest(key: Uint8Array): Latest | undefined;

  /** @throws CreditAnchorError `vault.no-plan` */
  plan(number: number): Plan;
  /** All batches in the order of planning, lazily. */
  plans(from?: number): Iterable<Plan>;
  /** Those that are not final, in the order of planning. */
  unfinishedPlans(): Plan[];
  /** The batch that is signed for, or anchored at, this sequence of the agency. */
  planAt(sequence: number): Plan | undefined;

  /** The `lastBatch` up to which batches that this vault does not have were accepted; undefined: none were. */
  acceptedHistory(): Hex | undefined;

  /** Without decrypting. @throws CreditAnchorError `vault.no-record`, `vault.damaged` */
  entry(plan: number, index: number): Entry;
  /** All leaves of a batch, ascending, 32 bytes each. Compare their root with the plan's before relying on them. */
  leaves(plan: number): Uint8Array;
  /** Merkle proof of one leaf, from its sibling to the root; the tree is built once and kept for the last few batches. */
  proof(plan: number, index: number): Uint8Array[];

  /**
   * Decrypts one version.
   * @throws CreditAnchorError `vault.locked` without passphrase, `vault.erased` when the secret was destroyed,
   * `vault.damaged` with file and position when the bytes are not those written.
   */
  read(plan: number, index: number): StoredRecord;
  /** All records of a batch in leaf order, one at a time; memory does not grow with the batch. */
  readAll(plan: number): Iterable<StoredRecord>;

  /**
   * Whether the secret of a version was destroyed: its content cannot be read any more.
   * @throws CreditAnchorError `vault.no-record`, `vault.damaged`
   */
  isDestroyed(plan: number, index: number): boolean;
  /** The files that hold what {@link Vault.destroy} destroys, relative to the vault's folder. */
  contentFiles(plan: number): string[];

  /** The type document with this hash that a batch of this vault was made of. */
  typeDocument(typeHash: Hex): JsonObject | undefined;

  moves(filter?: { status?: Move["status"] }): Iterable<Move>;
  /** Those that are not done, in the order of planning. */
  unfinishedMoves(): Move[];
  /** @throws CreditAnchorError `vault.no-move` */
  move(id: number): Move;

  close(): Promise<void>;
}

/**
 * The vault opened by the one process that holds the home's lock. Every change is on disk when the call returns, and
 * is refused with `home.lock-lost` if another process has taken the lock over meanwhile.
 *
 * Changes of state throw `vault.wrong-status` (a defect of the caller) unless the plan is where the move starts.
 */
export interface Vault extends VaultReader {
  /** `planned` or `signed` → `signed`: this transaction for this slot will be sent. Call before broadcasting. */
  recordSigned(plan: number, slot: Slot, signed: SignedTransaction): Plan;
  /** `signed` or `sent` → `sent`. */
  recordSent(plan: number): Plan;
  /** `signed`, `sent` or `anchored` → `anchored` (again, after a reorganisation, with another block). */
  recordAnchored(plan: number, header: Header, transaction: TransactionPlace): Plan;
  /** `anchored` → `final`. */
  recordFinal(plan: number): Plan;
  /** `signed`, `sent` or `anchored` → `planned`: the slot went to another batch, or a reorganisation took it back. */
  recordUnsigned(plan: number): Plan;

  /** What this vault does not have of the history up to this `lastBatch` is accepted from now on. */
  acceptHistory(lastBatch: Hex): void;

  planMove(move: NewMove): Move;
  /** All of them or none; `ended`: keys of records that no version may follow from now on. */
  planMoves(moves: readonly NewMove[], ended?: readonly Uint8Array[]): Move[];
  /**
   * Forgets moves that are `planned`: no transaction carries them. Records that one of them ended, and nothing else had
   * ended before, may have versions again.
   * @throws {CreditAnchorError} `vault.wrong-status` for any other, and then none is forgotten.
   */
  dropMoves(ids: readonly number[]): void;
  /** `planned`, `signed` or `sent` → `signed`. */
  recordMoveSigned(id: number, signed: SignedTransaction): Move;
  /** `signed` or `sent` → `sent`. */
  recordMoveSent(id: number): Move;
  /** Any → `done`; the transaction is absent when the chain shows the move done by somebody else's. */
  recordMoveDone(id: number, transaction?: TransactionPlace): Move;
  /** `signed`, `sent` or `done` → `planned`. */
  recordMoveUnsigned(id: number): Move;

  /** Marks records as ended (withdrawn, erased): no version may follow. Unknown keys are ignored. */
  markEnded(keys: readonly Uint8Array[]): void;
  /** Undoes `markEnded`, after a reorganisation. */
  unmarkEnded(keys: readonly Uint8Array[]): void;

  /**
   * Destroys secret and content of versions of records, for ever: only leaf, key, commitment and place remain. On disk
   * when it returns; a crash leaves some of them destroyed, and doing it again destroys the rest.
   */
  destroy(plan: number, indexes: readonly number[]): void;
}
