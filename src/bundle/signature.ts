import { secp256k1 } from "@noble/curves/secp256k1";
import { concat, refusal, toHex, utf8 } from "../bytes";
import type { Hashes } from "../hashes";
import { encodeRlp, uintBytes } from "./rlp";

/**
 * Address of the key that signed a digest.
 *
 * @param r Without leading zeros or with them.
 * @param s In the lower half, as chains demand: a signature has one form.
 * @throws `signature.invalid`
 */
export function signerOf(digest: Uint8Array, r: bigint, s: bigint, parity: number, hashes: Hashes): string {
  try {
    const signature = new secp256k1.Signature(r, s).addRecoveryBit(parity);
    if (signature.hasHighS()) throw invalid();
    const key = signature.recoverPublicKey(digest).toRawBytes(false);
    return toHex(hashes.keccak256(key.subarray(1)).subarray(12));
  } catch {
    throw invalid();
  }
}

/** The same for 65 bytes: r, s, and v of 27 or 28. @throws `signature.invalid` */
export function signerOfBytes(digest: Uint8Array, signature: Uint8Array, hashes: Hashes): string {
  const v = signature[64];
  if (signature.length !== 65 || (v !== 27 && v !== 28)) throw invalid();
  return signerOf(
    digest,
    uintOf(signature.subarray(0, 32)),
    uintOf(signature.subarray(32, 64)),
    v - 27,
    hashes,
  );
}

function uintOf(bytes: Uint8Array): bigint {
  return BigInt(toHex(bytes));
}

function invalid(): Error {
  return refusal("signature.invalid", "", "this is no signature of anybody");
}

/** Typed data of EIP-712: who asks for the signature, and where it counts. */
export interface TypedDomain {
  readonly name: string;
  readonly version: string;
  readonly chainId: number;
  readonly verifyingContract: Uint8Array;
}

/**
 * Digest of EIP-712.
 *
 * @param type As in `Mail(address from,bytes32 text)`.
 * @param words 32 bytes a member: the value itself, or the hash of one of dynamic length.
 */
export function typedDigest(
  { name, version, chainId, verifyingContract }: TypedDomain,
  type: string,
  words: readonly Uint8Array[],
  { keccak256 }: Hashes,
): Uint8Array {
  const domain = keccak256(
    concat(
      keccak256(utf8("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")),
      keccak256(utf8(name)),
      keccak256(utf8(version)),
      word(uintBytes(chainId)),
      word(verifyingContract),
    ),
  );
  return keccak256(
    concat(Uint8Array.of(0x19, 1), domain, keccak256(concat(keccak256(utf8(type)), ...words))),
  );
}

/** To the right of 32 bytes, as numbers and addresses stand in ABI encodings. */
export function word(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(32);
  padded.set(bytes, 32 - bytes.length);
  return padded;
}

/** Address of the contract that an account creates with its `nonce`-th creation. */
export function createdAddress(creator: Uint8Array, nonce: number, { keccak256 }: Hashes): Uint8Array {
  return keccak256(encodeRlp([creator, uintBytes(nonce)])).slice(12);
}
