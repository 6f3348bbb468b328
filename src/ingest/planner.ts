import { randomBytes } from "node:crypto";

import { buildBatch, type Provenance } from "../batch";
import { equalBytes, toHex } from "../bytes";
import type { Hashes } from "../hashes";
import { isObject, parseJson } from "../json";
import { BatchDraft } from "../vault/draft";
import {
  COMMITMENT_AT,
  EARLIER_INDEX,
  EARLIER_PLAN,
  fixedAt,
  KEY_AT,
  LENGTH,
  NONE,
  NUMBERS,
  OFFSET,
  SAME_DRAFT,
  SECRET_AT,
  VERSION,
} from "../vault/layout";
import type { Plan } from "../vault/vault";
import type { LmdbVault, PlanTarget } from "../vault/writer";
import type { RejectedRows } from "./rejected-rows";
import { type Before, ChunkBuilder, type RowSealer, type SealedChunk } from "./seal-rows";

/** A batch is also full when its records take so many bytes: memory must not grow with their size. */
const MAX_PAYLOAD_BYTES = 64 * 2 ** 20;

/** What became of the rows so far. `read` is the sum of accepted, unchanged and rejected. */
export interface IngestCounts {
  read: number;
  /** In a planned batch, or about to be. */
  accepted: number;
  /** Of the accepted: versions of records the vault had already. */
  newVersions: number;
  /** The vault had exactly this. */
  unchanged: number;
  rejected: number;
  /** Rows with doubts that did not reject them. */
  warnings: number;
}

export interface PlannerOptions {
  readonly vault: LmdbVault;
  readonly target: PlanTarget;
  readonly agencyCode: string;
  readonly source: Omit<Provenance["source"], "firstRow" | "lastRow">;
  readonly batchSize: number;
  readonly rejected: RejectedRows;
  /** Seals again what the file has several times. */
  readonly sealer: RowSealer;
  readonly hashes: Hashes;
}

const zeroCounts = (): IngestCounts => ({
  read: 0,
  accepted: 0,
  newVersions: 0,
  unchanged: 0,
  rejected: 0,
  warnings: 0,
});

/** New records that were decided on one day. */
export interface Decided {
  records: number;
  /** Of the file, from 1. */
  readonly firstRow: number;
}

/** Fills one draft after another and commits them. */
export class Planner {
  readonly counts = zeroCounts();
  /** Rows with a warning of each code. */
  readonly warningCodes: Record<string, number> = {};
  /** New records by the date of their decision, YYYYMMDD; 0: without one. */
  readonly decidedOn = new Map<number, Decided>();
  /** Since the last batch. */
  #since = zeroCounts();
  #firstRow = 1;
  #lastRow = 0;
  readonly #draft: BatchDraft;
  readonly #started = new Date().toISOString();

  constructor(readonly options: PlannerOptions) {
    this.#draft = new BatchDraft(options.batchSize);
  }

  *add(chunk: SealedChunk): Generator<Plan> {
    this.options.rejected.add(chunk.rejected);
    this.#countWarnings(chunk.warnings);
    let rejected = 0;
    for (let row = 0; row < chunk.count; row++) {
      const number = chunk.rowNumbers[row]!;
      for (; rejected < chunk.rejected.length && chunk.rejected[rejected]!.row < number; rejected++)
        this.#countRow(chunk.rejected[rejected]!.row, { rejected: 1 });
      this.#countRow(number, this.#addRow(chunk, row));
      if (this.#draft.count === this.options.batchSize || this.#draft.payloadBytes >= MAX_PAYLOAD_BYTES)
        yield this.#commit();
    }
    for (; rejected < chunk.rejected.length; rejected++)
      this.#countRow(chunk.rejected[rejected]!.row, { rejected: 1 });
  }

  *finish(): Generator<Plan> {
    if (this.#draft.count > 0) yield this.#commit();
  }

  #countWarnings(warnings: SealedChunk["warnings"]): void {
    this.#count({ warnings: warnings.length });
    for (const { faults } of warnings)
      for (const code of new Set(faults.map((fault) => fault.code)))
        this.warningCodes[code] = (this.warningCodes[code] ?? 0) + 1;
  }

  #countRow(row: number, outcome: Partial<IngestCounts>): void {
    this.#count({ read: 1, ...outcome });
    this.#lastRow = row;
  }

  #count(more: Partial<IngestCounts>): void {
    for (const [name, by] of Object.entries(more) as [keyof IngestCounts, number][]) {
      this.counts[name] += by;
      this.#since[name] += by;
    }
  }

  /** @returns What to count. */
  #addRow(chunk: SealedChunk, row: number): Partial<IngestCounts> {
    const key = fixedAt(chunk, row, KEY_AT);
    const plan = chunk.numbers[row * NUMBERS + EARLIER_PLAN]!;
    const index = chunk.numbers[row * NUMBERS + EARLIER_INDEX]!;
    const inDraft = this.#draft.find(key);
    const inVault = inDraft === undefined ? this.options.vault.find(key) : undefined;
    const current =
      inDraft === undefined && (inVault?.plan ?? NONE) === plan && (inVault?.index ?? 0) === index;
    if (!current) return this.#addAgain(chunk, row, inDraft);
    if (chunk.unchanged[row] === 1) return { unchanged: 1 };
    this.#draft.append(chunk, row);
    if (plan === NONE) {
      const day = chunk.decidedOn[row]!;
      const known = this.decidedOn.get(day);
      if (known === undefined) this.decidedOn.set(day, { records: 1, firstRow: chunk.rowNumbers[row]! });
      else known.records++;
    }
    return { accepted: 1, newVersions: plan === NONE ? 0 : 1 };
  }

  /** A newer version came since the row was sealed: the same file has the record twice. */
  #addAgain(chunk: SealedChunk, row: number, inDraft: number | undefined): Partial<IngestCounts> {
    const key = fixedAt(chunk, row, KEY_AT).slice();
    const payload = this.#payload(chunk, row, key);
    const [before, beforePayload] =
      inDraft === undefined ? this.#latestInVault(key) : this.#latestInDraft(inDraft, key);
    if (equalBytes(payload, beforePayload)) return { unchanged: 1 };
    const values = parseJson(new TextDecoder().decode(payload));
    if (!isObject(values)) throw new Error("a payload is no object");
    const again = new ChunkBuilder(1);
    this.options.sealer.seal(values, payload, key, before, new Uint8Array(randomBytes(32)), again);
    this.#draft.append(again, 0);
    return { accepted: 1, newVersions: 1 };
  }

  /** The content of a row that was sealed or found unchanged. */
  #payload(chunk: SealedChunk, row: number, key: Uint8Array): Uint8Array {
    const at = row * NUMBERS;
    const offset = chunk.numbers[at + OFFSET]!;
    const length = chunk.numbers[at + LENGTH]!;
    if (chunk.unchanged[row] === 1)
      return this.options.vault.readKnown({ plan: offset, index: length }, key).payload;
    const sealed = chunk.payloads.subarray(offset, offset + length);
    return opened(
      this.options.sealer,
      fixedAt(chunk, row, SECRET_AT),
      key,
      chunk.numbers[at + VERSION]!,
      sealed,
    );
  }

  #latestInDraft(row: number, key: Uint8Array): [Before, Uint8Array] {
    const draft = this.#draft;
    const version = draft.numbers[row * NUMBERS + VERSION]!;
    const commitment = fixedAt(draft, row, COMMITMENT_AT).slice();
    const payload = opened(
      this.options.sealer,
      fixedAt(draft, row, SECRET_AT),
      key,
      version,
      draft.payload(row),
    );
    return [{ version, commitment, plan: SAME_DRAFT, index: row }, payload];
  }

  #latestInVault(key: Uint8Array): [Before, Uint8Array] {
    const place = this.options.vault.find(key);
    if (place === undefined) throw new Error("a record vanished from the vault");
    const record = this.options.vault.readKnown(place, key);
    return [record, record.payload];
  }

  #commit(): Plan {
    const { options } = this;
    const { type, mode, supersession } = options.target;
    const { read, accepted, unchanged, rejected } = this.#since;
    const provenance: Provenance = {
      agencyCode: options.agencyCode,
      type: type.name,
      typeHash: toHex(type.typeHash),
      source: { ...options.source, firstRow: this.#firstRow, lastRow: this.#lastRow },
      counts: { read, accepted, unchanged, rejected },
      times: { started: this.#started, planned: new Date().toISOString() },
      // In the other modes a move of its own carries it on the chain.
      ...(mode !== "direct" || supersession === undefined
        ? {}
        : { supersession: { reason: supersession.reason, evidenceHash: supersession.evidenceHash } }),
    };
    const random = new Uint8Array(randomBytes(32));
    const batch = buildBatch(this.#draft.leaves(), provenance, random, options.hashes);
    const plan = options.vault.commitBatch(this.#draft, batch, options.target);
    this.#draft.clear();
    this.#since = zeroCounts();
    this.#firstRow = this.#lastRow + 1;
    return plan;
  }
}

/** Decrypts what was sealed a moment ago. */
function opened(
  sealer: RowSealer,
  secret: Uint8Array,
  key: Uint8Array,
  version: number,
  sealed: Uint8Array,
): Uint8Array {
  const payload = sealer.cipher.open(secret, key, version, sealed);
  if (payload === undefined) throw new Error("a payload that was just sealed does not open");
  return payload;
}
