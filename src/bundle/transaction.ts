import { concat, refusal, toHex } from "../bytes";
import type { Hashes } from "../hashes";
import { decodeRlpList, encodeRlp, rlpBytes, rlpUint, uintBytes, type RlpItem } from "./rlp";
import { signerOf } from "./signature";

/** A transaction as its signer made it. */
export interface SignedTransaction {
  readonly hash: Uint8Array;
  /** Undefined: signed without one (before EIP-155). */
  readonly chainId: bigint | undefined;
  /** Who signed it: recovered from the signature. */
  readonly from: string;
  /** Undefined where it creates a contract. */
  readonly to: string | undefined;
  readonly data: Uint8Array;
}

/** Where chain id, target, data and signature stand in each kind. */
const LAYOUTS: Readonly<Record<number, { readonly length: number; readonly to: number }>> = {
  1: { length: 11, to: 4 },
  2: { length: 12, to: 5 },
};

/**
 * Reads a signed transaction: without type, or of type 1 (EIP-2930) or 2 (EIP-1559), and no other.
 * @throws `transaction.kind`, `rlp.invalid`, `signature.invalid`
 */
export function readTransaction(raw: Uint8Array, hashes: Hashes): SignedTransaction {
  const kind = raw[0] ?? 0xff;
  const hash = hashes.keccak256(raw);
  if (kind >= 0xc0) return { hash, ...readUntyped(decodeRlpList(raw), hashes) };
  const layout = LAYOUTS[kind];
  if (layout === undefined)
    throw refusal("transaction.kind", "", "a transaction of a kind that this program does not know");
  const items = decodeRlpList(raw.subarray(1));
  if (items.length !== layout.length) throw malformed();
  const unsigned = items.slice(0, -3);
  const parity = rlpUint(items.at(-3));
  if (parity > 1n) throw malformed();
  const digest = hashes.keccak256(concat(raw.subarray(0, 1), encodeRlp(unsigned)));
  return {
    hash,
    chainId: rlpUint(items[0]),
    from: signer(digest, items, Number(parity), hashes),
    ...target(items, layout.to),
  };
}

function readUntyped(items: readonly RlpItem[], hashes: Hashes): Omit<SignedTransaction, "hash"> {
  if (items.length !== 9) throw malformed();
  const v = rlpUint(items[6]);
  const isOld = v === 27n || v === 28n;
  if (!isOld && v < 35n) throw malformed();
  const chainId = isOld ? undefined : (v - 35n) / 2n;
  const parity = isOld ? v - 27n : (v - 35n) % 2n;
  const content = items.slice(0, 6);
  const place = chainId === undefined ? [] : [uintBytes(chainId), uintBytes(0), uintBytes(0)];
  const digest = hashes.keccak256(encodeRlp([...content, ...place]));
  return { chainId, from: signer(digest, items, Number(parity), hashes), ...target(items, 3) };
}

function signer(digest: Uint8Array, items: readonly RlpItem[], parity: number, hashes: Hashes): string {
  return signerOf(digest, rlpUint(items.at(-2)), rlpUint(items.at(-1)), parity, hashes);
}

function target(items: readonly RlpItem[], at: number): Pick<SignedTransaction, "to" | "data"> {
  const to = rlpBytes(items[at]);
  if (to.length !== 20 && to.length !== 0) throw malformed();
  return { to: to.length === 0 ? undefined : toHex(to), data: rlpBytes(items[at + 2]) };
}

function malformed(): Error {
  return refusal("transaction.invalid", "", "a transaction with other parts than its kind has");
}
