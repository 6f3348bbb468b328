import { concat, refusal } from "../bytes";

/** Recursive length prefix, the encoding of transactions, receipts and blocks on EVM chains: bytes, or lists of such. */
export type RlpItem = Uint8Array | readonly RlpItem[];

/** Lists within lists of anything that a chain hashes; a guard against deeper nonsense. */
const MAX_LEVELS = 16;

export function encodeRlp(item: RlpItem): Uint8Array {
  if (item instanceof Uint8Array)
    return item.length === 1 && item[0]! < 0x80 ? item : concat(prefix(0x80, item.length), item);
  const content = concat(...item.map(encodeRlp));
  return concat(prefix(0xc0, content.length), content);
}

function prefix(base: number, length: number): Uint8Array {
  if (length < 56) return Uint8Array.of(base + length);
  const digits = uintBytes(length);
  return concat(Uint8Array.of(base + 55 + digits.length), digits);
}

/** An unsigned integer as RLP has it: big-endian without leading zeros, nothing for zero. */
export function uintBytes(value: bigint | number): Uint8Array {
  const digits = BigInt(value).toString(16);
  if (digits === "0") return new Uint8Array(0);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return Uint8Array.from({ length: even.length / 2 }, (_, i) => parseInt(even.slice(2 * i, 2 * i + 2), 16));
}

/**
 * The item that the bytes encode in the one way there is: shortest lengths, nothing after it.
 * @throws `rlp.invalid`
 */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  const { item, end } = readItem(bytes, 0, bytes.length, 0);
  if (end !== bytes.length) throw invalid("goes on after the item");
  return item;
}

/** The same for bytes that have to be a list. @throws `rlp.invalid` */
export function decodeRlpList(bytes: Uint8Array): readonly RlpItem[] {
  const item = decodeRlp(bytes);
  if (item instanceof Uint8Array) throw invalid("is no list");
  return item;
}

function readItem(
  bytes: Uint8Array,
  at: number,
  limit: number,
  level: number,
): { readonly item: RlpItem; readonly end: number } {
  const first = at < limit ? bytes[at]! : undefined;
  if (first === undefined) throw invalid("ends too early");
  if (level > MAX_LEVELS) throw invalid("has too many lists within lists");
  if (first < 0x80) return { item: bytes.subarray(at, at + 1), end: at + 1 };
  const isList = first >= 0xc0;
  const short = first - (isList ? 0xc0 : 0x80);
  const width = Math.max(0, short - 55);
  const start = at + 1 + width;
  const length = width === 0 ? short : readLength(bytes, at + 1, start, limit);
  const end = start + length;
  if (end > limit) throw invalid("ends too early");
  if (!isList) {
    if (length === 1 && bytes[start]! < 0x80) throw invalid("does not have the shortest form");
    return { item: bytes.subarray(start, end), end };
  }
  const items: RlpItem[] = [];
  for (let next = start; next < end;) {
    const read = readItem(bytes, next, end, level + 1);
    items.push(read.item);
    next = read.end;
  }
  return { item: items, end };
}

function readLength(bytes: Uint8Array, from: number, to: number, limit: number): number {
  if (to > limit || to - from > 6) throw invalid("ends too early");
  let length = 0;
  for (let i = from; i < to; i++) length = length * 256 + bytes[i]!;
  if (bytes[from] === 0 || length < 56) throw invalid("does not have the shortest form");
  return length;
}

/** The bytes of an item. @throws `rlp.invalid` for a list, or for another length. */
export function rlpBytes(item: RlpItem | undefined, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array) || (length !== undefined && item.length !== length))
    throw invalid("has an item of another kind or length");
  return item;
}

/** A non-negative integer without leading zeros. @throws `rlp.invalid` */
export function rlpUint(item: RlpItem | undefined): bigint {
  const bytes = rlpBytes(item);
  if (bytes[0] === 0 || bytes.length > 32) throw invalid("has an integer that is not in its shortest form");
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
}

function invalid(what: string): Error {
  return refusal("rlp.invalid", "", `RLP ${what}`);
}
