import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

import { writeUint } from "../bytes";
import type { Hashes } from "../hashes";

// How content is encrypted in a home (docs/format.md). Nothing of this is on chain or in a receipt.

const PAYLOAD_LABEL = new TextEncoder().encode("credit-anchor/v1/payload");
const ZERO_NONCE = new Uint8Array(12);
/** Bytes that encryption adds to a payload. */
export const TAG = 16;

/** Encrypts and decrypts payloads; reuses its buffers, so it belongs to one thread. */
export interface PayloadCipher {
  /**
   * Appends ciphertext and tag at `offset`.
   * @returns The end.
   */
  seal(
    secret: Uint8Array,
    key: Uint8Array,
    version: number,
    payload: Uint8Array,
    into: Uint8Array,
    offset: number,
  ): number;
  /** Undefined when anything differs from what was sealed. */
  open(secret: Uint8Array, key: Uint8Array, version: number, sealed: Uint8Array): Uint8Array | undefined;
}

/**
 * AES-256-GCM under `SHAKE256("credit-anchor/v1/payload" ‖ record secret, 32 bytes)`, associated data `K ‖ uint32 version`.
 * The nonce is zero, which is sound because the key encrypts one payload in its life: a secret is never used again.
 */
export function payloadCipher(hashes: Hashes): PayloadCipher {
  const material = new Uint8Array(PAYLOAD_LABEL.length + 32);
  material.set(PAYLOAD_LABEL);
  const context = new Uint8Array(36);
  const prepare = (secret: Uint8Array, key: Uint8Array, version: number): Uint8Array => {
    material.set(secret, PAYLOAD_LABEL.length);
    context.set(key);
    writeUint(context, 32, 4, version);
    return hashes.shake256(material, 32);
  };
  return {
    seal(secret, key, version, payload, into, offset) {
      const cipher = createCipheriv("aes-256-gcm", prepare(secret, key, version), ZERO_NONCE);
      cipher.setAAD(context);
      into.set(cipher.update(payload), offset);
      cipher.final();
      into.set(cipher.getAuthTag(), offset + payload.length);
      return offset + payload.length + TAG;
    },
    open(secret, key, version, sealed) {
      if (sealed.length < TAG) return undefined;
      const decipher = createDecipheriv("aes-256-gcm", prepare(secret, key, version), ZERO_NONCE);
      decipher.setAAD(context);
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
      const payload = decipher.update(sealed.subarray(0, sealed.length - TAG));
      try {
        decipher.final();
      } catch {
        return undefined;
      }
      return new Uint8Array(payload.buffer, payload.byteOffset, payload.length);
    },
  };
}

/** Key of one file of secrets. */
export function secretsFileKey(secretsKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return createHmac("sha256", secretsKey).update(salt).digest();
}

/**
 * Encrypts or decrypts slots of the key store, 32 bytes each, from slot `first` on: AES-256-CTR under the key of the
 * file, the counter being twice the slot. Not authenticated by itself: a changed secret does not open its payload.
 */
export function cryptSecrets(fileKey: Uint8Array, first: number, slots: Uint8Array): Uint8Array {
  const counter = new Uint8Array(16);
  writeUint(counter, 8, 8, first * 2);
  const crypted = createCipheriv("aes-256-ctr", fileKey, counter).update(slots);
  return new Uint8Array(crypted.buffer, crypted.byteOffset, crypted.length);
}
