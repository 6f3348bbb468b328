/** Status of a leaf: bits 0-2 of its status byte. */
export const Status = { active: 0, superseded: 1, withdrawn: 2, repaired: 3 } as const;
export const ERASED = 0x08;
/** Marks: bits 4-7 of the status byte. */
export const Mark = { disputed: 0x10, underReview: 0x20, repairPending: 0x40, masked: 0x80 } as const;
/** Marks that an agency may set; the fourth, Masked, is the arbiter's. */
export const AGENCY_MARKS = 0x70;

export const STATUS_BITS = 0x07;

/** What an event does to each of its positions. */
export type Move =
  | { readonly kind: "status"; readonly to: number }
  | { readonly kind: "set" | "clear"; readonly marks: number }
  | { readonly kind: "erase" };

/** From which statuses each status can be reached; nothing else ever happens to a record. */
const SOURCES: ReadonlyMap<number, readonly number[]> = new Map([
  [Status.superseded, [Status.active, Status.repaired]],
  [Status.withdrawn, [Status.active, Status.repaired, Status.superseded]],
  [Status.repaired, [Status.active]],
  [Status.active, [Status.repaired]],
]);

/** The status byte after a move, or undefined if the move is not allowed from there. */
export function moved(current: number, move: Move): number | undefined {
  if ((current & ERASED) !== 0) return undefined;
  switch (move.kind) {
    case "status":
      if (SOURCES.get(move.to)?.includes(current & STATUS_BITS) !== true) return undefined;
      return (current & ~STATUS_BITS) | move.to;
    case "set":
      return (current & move.marks) === move.marks ? undefined : current | move.marks;
    case "clear":
      return (current & move.marks) === 0 ? undefined : current & ~move.marks;
    case "erase":
      return current | ERASED;
  }
}

/** What the byte becomes when an event says so although it is not allowed: the chain's word, to go on from. */
export function forced(current: number, move: Move): number {
  switch (move.kind) {
    case "status":
      return (current & ~STATUS_BITS) | move.to;
    case "set":
      return current | move.marks;
    case "clear":
      return current & ~move.marks;
    case "erase":
      return current | ERASED;
  }
}

/** Status bytes of one batch, by word of 32; words that no event touched are absent and all zero. */
export type StatusWords = Map<number, Uint8Array>;

export function statusAt(words: StatusWords, index: number): number {
  return words.get(index >>> 5)?.[index & 31] ?? 0;
}

export function setStatus(words: StatusWords, index: number, status: number): void {
  let word = words.get(index >>> 5);
  if (word === undefined) words.set(index >>> 5, (word = new Uint8Array(32)));
  word[index & 31] = status;
}

/** The word as the contract stores it: the first leaf in the lowest byte. */
export function wordValue(word: Uint8Array): bigint {
  let value = 0n;
  for (let lane = 31; lane >= 0; lane--) value = (value << 8n) | BigInt(word[lane]!);
  return value;
}

const NAMES = ["Active", "Superseded", "Withdrawn", "Repaired"];
const MARKS = ["Disputed", "UnderReview", "RepairPending", "Masked"];

/** A status byte in words: `Active`, `Repaired+Disputed`, `Withdrawn+Erased`. */
export function statusName(status: number): string {
  const names = [NAMES[status & 7] ?? `status ${status & 7}`];
  if ((status & ERASED) !== 0) names.push("Erased");
  MARKS.forEach((mark, i) => {
    if ((status & (16 << i)) !== 0) names.push(mark);
  });
  return names.join("+");
}
