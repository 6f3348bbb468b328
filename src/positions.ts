import { CreditAnchorError } from "./errors";

/** Leaf indexes `first` to `last`, both included. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

const spanBytes = 8;
const lastIndex = 2 ** 32 - 1;

/**
 * Leaf indexes as the registry takes them: spans of neighbours, eight bytes each, first and last index as big-endian
 * uint32.
 *
 * @param indexes strictly ascending, 0 to 2^32 - 1, at least one
 * @returns `0x` and lower-case hex; the shortest encoding, so equal sets have equal encodings
 * @throws CreditAnchorError `positions.invalid`
 */
export function encodePositions(indexes: readonly number[]): string {
  if (indexes.length === 0) throw invalid("no positions");
  const spans: { first: number; last: number }[] = [];
  for (const index of indexes) {
    const span = spans.at(-1);
    if (!Number.isInteger(index) || index < 0 || index > lastIndex) throw invalid("not a leaf index");
    if (span !== undefined && index <= span.last) throw invalid("positions are not strictly ascending");
    if (span !== undefined && index === span.last + 1) span.last = index;
    else spans.push({ first: index, last: index });
  }
  return encodeSpans(spans);
}

/** Spans as the registry takes them, unchecked. See {@link encodePositions}. */
export function encodeSpans(spans: readonly Span[]): string {
  return "0x" + spans.map(({ first, last }) => uint32Hex(first) + uint32Hex(last)).join("");
}

/**
 * The spans in what a call or an event carries. Spans rather than indexes: eight bytes can name four billion leaves.
 *
 * @param positions `0x` and hex
 * @returns in strictly ascending order
 * @throws CreditAnchorError `positions.invalid` if the registry would have refused them
 */
export function decodeSpans(positions: string): Span[] {
  if (!/^0x([0-9a-fA-F]{16})+$/.test(positions)) throw invalid("not a positive multiple of eight bytes");
  const spans: Span[] = [];
  for (let at = 2; at < positions.length; at += 2 * spanBytes) {
    const first = parseInt(positions.slice(at, at + 8), 16);
    const last = parseInt(positions.slice(at + 8, at + 16), 16);
    if (last < first || first <= (spans.at(-1)?.last ?? -1))
      throw invalid("spans are not strictly ascending");
    spans.push({ first, last });
  }
  return spans;
}

/** All indexes in the spans, one after another, without holding them in memory. */
export function* indexesOf(spans: readonly Span[]): Generator<number> {
  for (const { first, last } of spans) for (let index = first; index <= last; index++) yield index;
}

function uint32Hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

function invalid(what: string): CreditAnchorError {
  return new CreditAnchorError("positions.invalid", `Positions of a status change: ${what}.`);
}
