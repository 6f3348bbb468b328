import type { Batch } from "../batch";
import {
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
  SAME_DRAFT,
  type SealedRows,
  SECRET_AT,
} from "./layout";
import type { Position } from "./vault";

/** A batch being filled, in memory only: what is here and not yet committed is lost in a crash, and read again. */
export class BatchDraft {
  count = 0;
  readonly fixed: Uint8Array;
  readonly numbers: Uint32Array;
  payloadBytes = 0;
  /** Payloads, one after the other; none crosses from one block to the next. Kept for the next batch. */
  readonly #blocks: Uint8Array[] = [];
  readonly #blockOf: Uint32Array;
  readonly #startOf: Uint32Array;
  #block = 0;
  #filled = 0;
  /** Latest row of each record key; the key's bytes as text. */
  readonly #rowOfKey = new Map<string, number>();

  constructor(readonly capacity: number) {
    this.fixed = new Uint8Array(capacity * FIXED);
    this.numbers = new Uint32Array(capacity * NUMBERS);
    this.#blockOf = new Uint32Array(capacity);
    this.#startOf = new Uint32Array(capacity);
  }

  /** The latest row with this record key, if any. */
  find(key: Uint8Array): number | undefined {
    return this.#rowOfKey.get(keyText(key));
  }

  /** Copies one row. The caller makes sure that there is room. */
  append(rows: SealedRows, row: number): void {
    const length = rows.numbers[row * NUMBERS + LENGTH]!;
    const offset = rows.numbers[row * NUMBERS + OFFSET]!;
    const block = this.#blockWithRoom(length);
    this.fixed.set(rows.fixed.subarray(row * FIXED, (row + 1) * FIXED), this.count * FIXED);
    this.numbers.set(rows.numbers.subarray(row * NUMBERS, (row + 1) * NUMBERS), this.count * NUMBERS);
    block.set(rows.payloads.subarray(offset, offset + length), this.#filled);
    this.#blockOf[this.count] = this.#block;
    this.#startOf[this.count] = this.#filled;
    this.#filled += length;
    this.#rowOfKey.set(keyText(fixedAt(rows, row, KEY_AT)), this.count);
    this.payloadBytes += length;
    this.count++;
  }

  /** The encrypted payload of a row; a view. */
  payload(row: number): Uint8Array {
    const start = this.#startOf[row]!;
    return this.#blocks[this.#blockOf[row]!]!.subarray(start, start + this.numbers[row * NUMBERS + LENGTH]!);
  }

  /** Forgets all rows, keeping the memory. The secrets are overwritten. */
  clear(): void {
    for (let row = 0; row < this.count; row++) fixedAt(this, row, SECRET_AT).fill(0);
    this.count = 0;
    this.payloadBytes = 0;
    this.#block = 0;
    this.#filled = 0;
    this.#rowOfKey.clear();
  }

  /** The leaves in the order of the rows, 32 bytes each. */
  leaves(): Uint8Array {
    const leaves = new Uint8Array(this.count * HASH);
    for (let row = 0; row < this.count; row++) leaves.set(fixedAt(this, row, LEAF_AT), row * HASH);
    return leaves;
  }

  /**
   * The latest row of every record key, nearly in the order of the keys: so the database touches each of its pages once.
   */
  latestRows(): Uint32Array {
    const sortable = new Float64Array(this.#rowOfKey.size);
    let at = 0;
    for (const row of this.#rowOfKey.values()) {
      const key = fixedAt(this, row, KEY_AT);
      const start = ((key[0]! * 256 + key[1]!) * 256 + key[2]!) * 256 + key[3]!;
      sortable[at++] = start * MAX_ROWS + row;
    }
    return Uint32Array.from(sortable.sort(), (value) => value % MAX_ROWS);
  }

  #blockWithRoom(length: number): Uint8Array {
    for (;;) {
      const block = this.#blocks[this.#block];
      if (block !== undefined && this.#filled + length <= block.length) return block;
      if (block === undefined || this.#filled === 0) {
        const made = new Uint8Array(Math.max(BLOCK, length));
        this.#blocks[this.#block] = made;
        return made;
      }
      this.#block++;
      this.#filled = 0;
    }
  }
}

const BLOCK = 2 ** 20;

/** Rows a draft may have at most: what {@link BatchDraft.latestRows} leaves room for. */
export const MAX_ROWS = 2 ** 20;

/** A draft whose rows have their places in the tree. */
export interface SortedBatch {
  readonly rows: BatchDraft;
  readonly size: number;
  /** Row of each leaf index. */
  readonly order: Uint32Array;
  /** Leaf index of each row. */
  readonly indexOfRow: Uint32Array;
  /** 32 bytes each, strictly ascending. */
  readonly leaves: Uint8Array;
}

/** @param tree Built of {@link BatchDraft.leaves} by `buildBatch`. */
export function sortedBatch(rows: BatchDraft, tree: Pick<Batch, "size" | "order" | "tree">): SortedBatch {
  const indexOfRow = new Uint32Array(tree.size);
  tree.order.forEach((row, index) => (indexOfRow[row] = index));
  return { rows, size: tree.size, order: tree.order, indexOfRow, leaves: tree.tree.levels[0]! };
}

/** Where the version before the one in this row is, if there is one; `plan` is the number this batch gets. */
export function earlierOf(batch: SortedBatch, row: number, plan: number): Position | undefined {
  const { numbers } = batch.rows;
  const earlier = numbers[row * NUMBERS + EARLIER_PLAN]!;
  const index = numbers[row * NUMBERS + EARLIER_INDEX]!;
  if (earlier === NONE) return undefined;
  return earlier === SAME_DRAFT ? { plan, index: batch.indexOfRow[index]! } : { plan: earlier, index };
}

function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, 16).toString("latin1");
}
