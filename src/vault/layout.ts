/**
 * The flat form in which versions of records travel: from the workers that make them to the draft of a batch and on to
 * its files. Nothing here is an object a record, for there are millions.
 */
export interface SealedRows {
  count: number;
  /** {@link FIXED} bytes a row: leaf, key, commitment, previous, secret. */
  readonly fixed: Uint8Array;
  /** {@link NUMBERS} a row: version, offset and length of the payload, plan and index of the version before. */
  readonly numbers: Uint32Array;
  /** Encrypted payloads. */
  readonly payloads: Uint8Array;
}

export const HASH = 32;
export const FIXED = 5 * HASH;
export const LEAF_AT = 0;
export const KEY_AT = HASH;
export const COMMITMENT_AT = 2 * HASH;
export const PREVIOUS_AT = 3 * HASH;
export const SECRET_AT = 4 * HASH;

export const NUMBERS = 5;
export const VERSION = 0;
export const OFFSET = 1;
export const LENGTH = 2;
export const EARLIER_PLAN = 3;
export const EARLIER_INDEX = 4;

/** In `EARLIER_PLAN`: there is no version before. */
export const NONE = 0xffffffff;
/** In `EARLIER_PLAN`: the version before is in the same draft, and `EARLIER_INDEX` is its row there. */
export const SAME_DRAFT = 0xfffffffe;

/** The 32 bytes of one column of one row; a view, not a copy. */
export function fixedAt(rows: Pick<SealedRows, "fixed">, row: number, column: number): Uint8Array {
  const at = row * FIXED + column;
  return rows.fixed.subarray(at, at + HASH);
}
