import { randomFillSync } from "node:crypto";

import { equalBytes, ZERO_32 } from "../bytes";
import { CanonicalWriter } from "../canonical";
import { leafHash, type LeafPlace, recordKey, type RecordSealer, recordSealer } from "../commitment";
import { CreditAnchorError, type Fault } from "../errors";
import type { Hashes } from "../hashes";
import type { JsonValue } from "../json";
import type { InputRow, RowReader } from "../input";
import type { CreditRecord } from "../record";
import type { RecordType } from "../types";
import {
  COMMITMENT_AT,
  EARLIER_INDEX,
  EARLIER_PLAN,
  FIXED,
  fixedAt,
  HASH,
  KEY_AT,
  LEAF_AT,
  LENGTH,
  NONE,
  NUMBERS,
  OFFSET,
  PREVIOUS_AT,
  SECRET_AT,
  type SealedRows,
  VERSION,
} from "../vault/layout";
import { type PayloadCipher, payloadCipher, TAG } from "../vault/sealing";
import type { LmdbVaultReader } from "../vault/reader";
import type { Hex, Mode, Position, StoredRecord } from "../vault/vault";

/** What does not change from row to row. */
export interface SealContext {
  readonly type: RecordType;
  readonly place: LeafPlace;
  readonly mode: Mode;
  readonly agencyKey: Uint8Array;
  /** Under which the agency was first admitted. */
  readonly agencyCode: string;
  /** Of the file whose rows are sealed; 32 bytes in hex. */
  readonly sha256: Hex;
  /** Rejects rows of records that the vault does not have, or that it has. */
  readonly only?: "known" | "new" | undefined;
  readonly hashes: Hashes;
}

/** What sealing asks of the vault. */
export type KnownRecords = Pick<LmdbVaultReader, "find" | "readKnown" | "source" | "entry" | "isDestroyed">;

/** Rows that came through, in their order, and what was said about the others. */
export interface SealedChunk extends SealedRows {
  /**
   * Of each row: 1 if the vault has exactly this already. Such a row has a key, the latest version as the one before,
   * and where its content is: the plan in `OFFSET`, the index in `LENGTH`.
   */
  readonly unchanged: Uint8Array;
  /** Of each row: its number in the file. */
  readonly rowNumbers: Float64Array;
  /** Of each row of a new record: when it was decided, as the number YYYYMMDD; 0: it does not say, or is not new. */
  readonly decidedOn: Uint32Array;
  readonly rejected: readonly { readonly row: number; readonly faults: readonly Fault[] }[];
  readonly warnings: readonly { readonly row: number; readonly faults: readonly Fault[] }[];
}

/** The version before the one to be sealed. */
export interface Before {
  readonly version: number;
  readonly commitment: Uint8Array;
  /** `NONE`, `SAME_DRAFT`, or the plan. */
  readonly plan: number;
  readonly index: number;
}

const FIRST: Before = { version: 0, commitment: ZERO_32, plan: NONE, index: 0 };

/** Turns records into rows of a batch. Reuses its buffers, so it belongs to one thread. */
export class RowSealer {
  readonly cipher: PayloadCipher;
  readonly #writer = new CanonicalWriter();
  readonly #commit: RecordSealer;

  constructor(readonly context: SealContext) {
    this.cipher = payloadCipher(context.hashes);
    const names = context.type.fields.map((field) => field.name);
    this.#commit = recordSealer(context.type.typeHash, names, context.hashes);
  }

  /**
   * Checks rows against the vault and seals those that are new or changed.
   *
   * The vault may change before the rows are used: the user compares each row's version before with what is latest then.
   */
  sealRows(rows: readonly InputRow[], reader: Pick<RowReader, "read">, known: KnownRecords): ChunkBuilder {
    const chunk = new ChunkBuilder(rows.length);
    const secrets = new Uint8Array(rows.length * HASH);
    randomFillSync(secrets);
    for (const input of rows) {
      const { row } = input;
      const result = reader.read(input);
      if (result.warnings.length > 0) chunk.warnings.push({ row, faults: result.warnings });
      if (!result.ok) {
        chunk.rejected.push({ row, faults: result.faults });
        continue;
      }
      chunk.rowNumbers[chunk.count] = row;
      try {
        this.#sealRow(
          result.record,
          known,
          secrets.subarray(chunk.count * HASH, (chunk.count + 1) * HASH),
          chunk,
          row,
        );
      } catch (error) {
        if (!(error instanceof CreditAnchorError) || error.faults.length === 0) throw error;
        chunk.rejected.push({ row, faults: error.faults });
      }
    }
    return chunk;
  }

  #sealRow(
    record: CreditRecord,
    known: KnownRecords,
    secret: Uint8Array,
    chunk: ChunkBuilder,
    row: number,
  ): void {
    const { agencyKey, agencyCode, type, mode, only, hashes } = this.context;
    if (mode === "direct" && record.personal)
      throw rejection("record.personal", "is about a natural person: anchor it in mode root or leaves");
    const key = recordKey(agencyKey, agencyCode, type.name, record.keyValues, hashes);
    const payload = this.#canonical(record.values);
    const found = known.find(key);
    if (found === undefined) {
      if (only === "known")
        throw rejection("record.unknown", "is of no record of this home: anchor it first");
      this.seal(record.values, payload, key, FIRST, secret, chunk);
      chunk.decidedOn[chunk.count - 1] = compactDate(record.values["decidedOn"]);
      return;
    }
    if (only === "new")
      throw rejection("record.known", "is of a record that this home has already: its key is no new one");
    if (found.ended) throw rejection(recordEnded.code, recordEnded.message);
    if (found.direct !== (mode === "direct"))
      throw rejection(
        "record.mode",
        found.direct
          ? "was anchored in mode direct: stay with it"
          : "was not anchored in mode direct: it cannot be now",
      );
    const before = known.readKnown(found, key);
    const same = this.#sameVersion(before, payload, known, row);
    if (same !== undefined) return chunk.addUnchanged(key, found, same);
    this.#refuseErased(before, known, row);
    this.seal(record.values, payload, key, before, secret, chunk);
  }

  /**
   * The version that this row is already, if any: the latest, or, when an earlier run has planned this very row and
   * then later rows of the same record, one of those that these later rows replaced. Without the second a file that
   * has a record with two contents would add both again whenever it is read.
   *
   * Plans of the current run end before this row, so they never lead further back.
   */
  #sameVersion(
    latest: StoredRecord,
    payload: Uint8Array,
    known: KnownRecords,
    row: number,
  ): Position | undefined {
    const { type, sha256 } = this.context;
    for (let version = latest; ; version = known.readKnown(version.earlier!, latest.key)) {
      const source = known.source(version.plan);
      // The same content under another version of its type is another version of the record.
      const sameType = equalBytes(source.typeHash, type.typeHash);
      if (sameType && equalBytes(version.payload, payload)) return version;
      const rowWasPlanned = sameType && source.sha256 === sha256 && source.lastRow >= row;
      const { earlier } = version;
      if (!rowWasPlanned || earlier === undefined || known.isDestroyed(earlier.plan, earlier.index))
        return undefined;
    }
  }

  /**
   * Refuses a row that an earlier run planned, when a version that came of that file is erased: what it said cannot be
   * compared any more, and must not come back unnoticed.
   */
  #refuseErased(latest: StoredRecord, known: KnownRecords, row: number): void {
    for (let place = latest.earlier; place !== undefined;) {
      const source = known.source(place.plan);
      if (
        source.sha256 === this.context.sha256 &&
        source.lastRow >= row &&
        known.isDestroyed(place.plan, place.index)
      )
        throw rejection("record.version-erased", "was read before, and that version of the record is erased");
      place = known.entry(place.plan, place.index).earlier;
    }
  }

  /** A view that the next call overwrites. */
  #canonical(values: CreditRecord["values"]): Uint8Array {
    this.#writer.reset();
    this.#writer.value(values);
    return this.#writer.bytes();
  }

  /**
   * Adds one version of a record.
   * @param payload Canonical form of the values.
   * @param secret 32 random bytes, used for nothing else ever.
   */
  seal(
    values: Readonly<Record<string, JsonValue>>,
    payload: Uint8Array,
    key: Uint8Array,
    before: Before,
    secret: Uint8Array,
    chunk: ChunkBuilder,
  ): void {
    const commitment = this.#commit(values, secret, before.commitment);
    const version = before.version + 1;
    const leaf = leafHash(this.context.place, key, version, commitment, this.context.hashes);
    const row = chunk.add(before, version, payload.length + TAG);
    chunk.set(row, LEAF_AT, leaf);
    chunk.set(row, KEY_AT, key);
    chunk.set(row, COMMITMENT_AT, commitment);
    chunk.set(row, PREVIOUS_AT, before.commitment);
    chunk.set(row, SECRET_AT, secret);
    this.cipher.seal(
      secret,
      key,
      version,
      payload,
      chunk.payloads,
      chunk.payloadBytes - payload.length - TAG,
    );
  }
}

/** `2026-04-01` as 20260401. */
function compactDate(value: JsonValue | undefined): number {
  return typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) ? Number(value.replaceAll("-", "")) : 0;
}

/** What is said of a row of a record that was withdrawn, erased, or replaced under another key. */
export const recordEnded: Fault = {
  path: "",
  code: "record.ended",
  message: "was withdrawn or erased: no version may follow",
};

function rejection(code: string, message: string): CreditAnchorError {
  return new CreditAnchorError(code, message, { faults: [{ path: "", code, message }] });
}

/** A chunk while it is filled. */
export class ChunkBuilder implements SealedChunk {
  count = 0;
  payloadBytes = 0;
  readonly fixed: Uint8Array;
  readonly numbers: Uint32Array;
  payloads: Uint8Array;
  readonly unchanged: Uint8Array;
  readonly rowNumbers: Float64Array;
  readonly decidedOn: Uint32Array;
  readonly rejected: { row: number; faults: readonly Fault[] }[] = [];
  readonly warnings: { row: number; faults: readonly Fault[] }[] = [];

  constructor(capacity: number) {
    this.fixed = new Uint8Array(capacity * FIXED);
    this.numbers = new Uint32Array(capacity * NUMBERS);
    this.payloads = new Uint8Array(capacity * 768);
    this.unchanged = new Uint8Array(capacity);
    this.rowNumbers = new Float64Array(capacity);
    this.decidedOn = new Uint32Array(capacity);
  }

  /** A row with room for its payload. */
  add(before: Pick<Before, "plan" | "index">, version: number, length: number): number {
    if (this.payloadBytes + length > this.payloads.length) {
      const larger = new Uint8Array(Math.max(this.payloadBytes + length, this.payloads.length * 2));
      larger.set(this.payloads.subarray(0, this.payloadBytes));
      this.payloads = larger;
    }
    const row = this.count++;
    const at = row * NUMBERS;
    this.numbers[at + VERSION] = version;
    this.numbers[at + OFFSET] = this.payloadBytes;
    this.numbers[at + LENGTH] = length;
    this.numbers[at + EARLIER_PLAN] = before.plan;
    this.numbers[at + EARLIER_INDEX] = before.index;
    this.payloadBytes += length;
    return row;
  }

  /** @param same The version that has the row's content. */
  addUnchanged(key: Uint8Array, latest: Position, same: Position): void {
    const row = this.add(latest, 0, 0);
    this.numbers[row * NUMBERS + OFFSET] = same.plan;
    this.numbers[row * NUMBERS + LENGTH] = same.index;
    this.set(row, KEY_AT, key);
    this.unchanged[row] = 1;
  }

  set(row: number, column: number, bytes: Uint8Array): void {
    fixedAt(this, row, column).set(bytes);
  }

  /** Without what only building needs: for another thread. */
  plain(): SealedChunk {
    const { count, fixed, numbers, payloads, unchanged, rowNumbers, decidedOn, rejected, warnings } = this;
    return { count, fixed, numbers, payloads, unchanged, rowNumbers, decidedOn, rejected, warnings };
  }
}
