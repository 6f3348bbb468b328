import { randomBytes } from "node:crypto";

import { buildBatch, type Provenance } from "./batch";
import { equalBytes, toHex } from "./bytes";
import { domain } from "./commitment";
import { CreditAnchorError } from "./errors";
import type { Hashes } from "./hashes";
import { isObject, parseJson } from "./json";
import { BatchDraft, MAX_ROWS } from "./vault/draft";
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
} from "./vault/layout";
import type { RejectedRows } from "./vault/rejected-rows";
import {
  type Before,
  ChunkBuilder,
  type InputRow,
  type KnownRecords,
  RowSealer,
  type SealContext,
  type SealedChunk,
} from "./vault/seal-rows";
import type { Mode, Plan } from "./vault/vault";
import type { LmdbVault, PlanTarget } from "./vault/writer";

/** Records in a batch unless the user says otherwise. */
export const defaultBatchSize: Readonly<Record<Mode, number>> = { root: 65_536, leaves: 1_000, direct: 1 };

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

export interface IngestOptions {
  readonly vault: LmdbVault;
  readonly target: PlanTarget;
  readonly agencyKey: Uint8Array;
  /** Under which the agency was first admitted. */
  readonly agencyCode: string;
  /** About the input file, for the manifest. */
  readonly source: Omit<Provenance["source"], "firstRow" | "lastRow">;
  /** Rows in the order of the file, in portions of a few hundred. */
  readonly rows: AsyncIterable<readonly InputRow[]>;
  readonly hashes: Hashes;
  /** Default {@link defaultBatchSize}; 1 in mode direct. */
  readonly batchSize?: number;
  readonly rejected: RejectedRows;
  /** After every portion of rows. */
  readonly onProgress?: (counts: Readonly<IngestCounts>) => void;
}

/**
 * Plans batches of the rows that are new or changed: yields each batch when it is on disk, returns the counts.
 *
 * What is yielded survives any crash; what is not is found again by reading the file again, because rows that the vault
 * has already are `unchanged`. A record that comes several times in one file becomes several versions, in that order.
 *
 * @throws CreditAnchorError `ingest.batch-size`, `ingest.personal-type`, and what reading and writing throw.
 */
export async function* ingest(options: IngestOptions): AsyncGenerator<Plan, IngestCounts> {
  const planner = new Planner(options, checkedBatchSize(options));
  const sealer = new RowSealer(sealContext(options));
  const { vault } = options;
  const known: KnownRecords = {
    find: (key) => vault.find(key),
    read: (place, key) => vault.readKnown(place, key),
  };
  try {
    for await (const rows of options.rows) yield* planner.add(sealer.sealRows(rows, known), sealer, known);
    yield* planner.finish();
  } finally {
    options.rejected.close();
  }
  return planner.counts;
}

function checkedBatchSize({ batchSize, target }: IngestOptions): number {
  const size = batchSize ?? defaultBatchSize[target.mode];
  if (!Number.isInteger(size) || size < 1 || size > MAX_ROWS)
    throw new CreditAnchorError("ingest.batch-size", `a batch has 1 to ${MAX_ROWS} records`);
  if (target.mode === "direct" && size !== 1)
    throw new CreditAnchorError("ingest.batch-size", "in mode direct every record is a batch of its own");
  if (target.mode === "direct" && target.type.personal === true)
    throw new CreditAnchorError("ingest.personal-type", `${target.type.name} is about natural persons`, {
      hint: "anchor it in mode root or leaves",
    });
  return size;
}

function sealContext({ target, agencyKey, agencyCode, hashes }: IngestOptions): SealContext {
  const { registry, agencyId, typeId, type, mode } = target;
  const place = { domain: domain(registry.chainId, registry.address, hashes), agencyId, typeId };
  return { type, place, mode, agencyKey, agencyCode, hashes };
}

const zeroCounts = (): IngestCounts => ({
  read: 0,
  accepted: 0,
  newVersions: 0,
  unchanged: 0,
  rejected: 0,
  warnings: 0,
});

/** Fills one draft after another and commits them. */
class Planner {
  readonly counts = zeroCounts();
  /** Since the last batch. */
  #since = zeroCounts();
  #firstRow = 1;
  #lastRow = 0;
  readonly #draft: BatchDraft;
  readonly #started = new Date().toISOString();

  constructor(
    readonly options: IngestOptions,
    readonly batchSize: number,
  ) {
    this.#draft = new BatchDraft(batchSize);
  }

  *add(chunk: SealedChunk, sealer: RowSealer, known: KnownRecords): Generator<Plan> {
    this.options.rejected.add(chunk.rejected);
    this.#count({ warnings: chunk.warnings.length });
    let rejected = 0;
    for (let row = 0; row < chunk.count; row++) {
      const number = chunk.rowNumbers[row]!;
      for (; rejected < chunk.rejected.length && chunk.rejected[rejected]!.row < number; rejected++)
        this.#countRow(chunk.rejected[rejected]!.row, { rejected: 1 });
      this.#countRow(number, this.#addRow(chunk, row, sealer, known));
      if (this.#draft.count === this.batchSize || this.#draft.payloadBytes >= MAX_PAYLOAD_BYTES)
        yield this.#commit();
    }
    for (; rejected < chunk.rejected.length; rejected++)
      this.#countRow(chunk.rejected[rejected]!.row, { rejected: 1 });
    this.options.onProgress?.(this.counts);
  }

  *finish(): Generator<Plan> {
    if (this.#draft.count > 0) yield this.#commit();
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
  #addRow(chunk: SealedChunk, row: number, sealer: RowSealer, known: KnownRecords): Partial<IngestCounts> {
    const key = fixedAt(chunk, row, KEY_AT);
    const plan = chunk.numbers[row * NUMBERS + EARLIER_PLAN]!;
    const index = chunk.numbers[row * NUMBERS + EARLIER_INDEX]!;
    const inDraft = this.#draft.find(key);
    const inVault = inDraft === undefined ? known.find(key) : undefined;
    const current =
      inDraft === undefined && (inVault?.plan ?? NONE) === plan && (inVault?.index ?? 0) === index;
    if (!current) return this.#addAgain(chunk, row, inDraft, sealer, known);
    if (chunk.unchanged[row] === 1) return { unchanged: 1 };
    this.#draft.append(chunk, row);
    return { accepted: 1, newVersions: plan === NONE ? 0 : 1 };
  }

  /** A newer version came since the row was sealed: the same file has the record twice. */
  #addAgain(
    chunk: SealedChunk,
    row: number,
    inDraft: number | undefined,
    sealer: RowSealer,
    known: KnownRecords,
  ): Partial<IngestCounts> {
    const key = fixedAt(chunk, row, KEY_AT).slice();
    const payload = this.#payload(chunk, row, key, sealer, known);
    const [before, beforePayload] =
      inDraft === undefined ? this.#latestInVault(key, known) : this.#latestInDraft(inDraft, key, sealer);
    if (equalBytes(payload, beforePayload)) return { unchanged: 1 };
    const values = parseJson(new TextDecoder().decode(payload));
    if (!isObject(values)) throw new Error("a payload is no object");
    const again = new ChunkBuilder(1);
    sealer.seal(values, payload, key, before, new Uint8Array(randomBytes(32)), again);
    this.#draft.append(again, 0);
    return { accepted: 1, newVersions: 1 };
  }

  /** The content of a row that was sealed or found unchanged. */
  #payload(
    chunk: SealedChunk,
    row: number,
    key: Uint8Array,
    sealer: RowSealer,
    known: KnownRecords,
  ): Uint8Array {
    const at = row * NUMBERS;
    const plan = chunk.numbers[at + EARLIER_PLAN]!;
    if (chunk.unchanged[row] === 1)
      return known.read({ plan, index: chunk.numbers[at + EARLIER_INDEX]! }, key).payload;
    const offset = chunk.numbers[at + OFFSET]!;
    const sealed = chunk.payloads.subarray(offset, offset + chunk.numbers[at + LENGTH]!);
    return opened(sealer, fixedAt(chunk, row, SECRET_AT), key, chunk.numbers[at + VERSION]!, sealed);
  }

  #latestInDraft(row: number, key: Uint8Array, sealer: RowSealer): [Before, Uint8Array] {
    const draft = this.#draft;
    const version = draft.numbers[row * NUMBERS + VERSION]!;
    const commitment = fixedAt(draft, row, COMMITMENT_AT).slice();
    const payload = opened(sealer, fixedAt(draft, row, SECRET_AT), key, version, draft.payload(row));
    return [{ version, commitment, plan: SAME_DRAFT, index: row }, payload];
  }

  #latestInVault(key: Uint8Array, known: KnownRecords): [Before, Uint8Array] {
    const place = known.find(key);
    if (place === undefined) throw new Error("a record vanished from the vault");
    const record = known.read(place, key);
    return [record, record.payload];
  }

  #commit(): Plan {
    const { options } = this;
    const { type } = options.target;
    const { read, accepted, unchanged, rejected } = this.#since;
    const provenance: Provenance = {
      agencyCode: options.agencyCode,
      type: type.name,
      typeHash: toHex(type.typeHash),
      source: { ...options.source, firstRow: this.#firstRow, lastRow: this.#lastRow },
      counts: { read, accepted, unchanged, rejected },
      times: { started: this.#started, planned: new Date().toISOString() },
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
