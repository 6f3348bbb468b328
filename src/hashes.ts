import { hmac } from "@noble/hashes/hmac";
import { sha256 } from "@noble/hashes/sha2";
import { keccak_256, shake256 } from "@noble/hashes/sha3";

/**
 * The hash functions everything rests on, injected so that a browser and a server run the same code.
 *
 * An implementation must not keep `data` (callers reuse the array) and must return an array of its own.
 */
export interface Hashes {
  /** Keccak-256 with the padding of 2011, as on every EVM chain: not SHA3-256 of FIPS 202. */
  keccak256(data: Uint8Array): Uint8Array;
  /** FIPS 180-4. */
  sha256(data: Uint8Array): Uint8Array;
  /** FIPS 202, `length` bytes of output. */
  shake256(data: Uint8Array, length: number): Uint8Array;
  /** RFC 2104 with SHA-256. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
}

/** In plain JavaScript, for any environment, strict content policies included. Node has {@link loadFastHashes}. */
export const portableHashes: Hashes = {
  keccak256: (data) => keccak_256(data),
  sha256: (data) => sha256(data),
  shake256: (data, length) => shake256(data, { dkLen: length }),
  hmacSha256: (key, data) => hmac(sha256, key, data),
};
