import { CreditAnchorError } from "./errors";

const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Thirty-two zero bytes: the `previous` of a first version. Never write to it. */
export const ZERO_32 = new Uint8Array(32);

/** An error about one place of an input. `path` is a JSON pointer; the message never quotes the value. */
export function refusal(code: string, path: string, message: string): CreditAnchorError {
  return new CreditAnchorError(code, path === "" ? message : `${path}: ${message}`, {
    faults: [{ path, code, message }],
  });
}

/** JSON pointer (RFC 6901) of a list of member names and indexes. */
export function pointer(segments: readonly (string | number)[]): string {
  let text = "";
  for (const segment of segments) text += `/${String(segment).replace(/~/g, "~0").replace(/\//g, "~1")}`;
  return text;
}

/** Lower-case hex with `0x`. */
export function toHex(bytes: Uint8Array): string {
  expectBytes(bytes, undefined, "bytes");
  let text = "0x";
  for (let i = 0; i < bytes.length; i++) text += HEX_OF_BYTE[bytes[i]!]!;
  return text;
}

/** Whether a value is lower-case hex with `0x`, of so many bytes if a length is given. */
export function isHex(value: unknown, length?: number): value is string {
  if (typeof value !== "string" || value.length < 2 || value.length % 2 !== 0) return false;
  if (length !== undefined && value.length !== 2 + 2 * length) return false;
  if (value.charCodeAt(0) !== 0x30 || value.charCodeAt(1) !== 0x78) return false;
  for (let i = 2; i < value.length; i++) if (nibble(value.charCodeAt(i)) < 0) return false;
  return true;
}

/**
 * Bytes of lower-case hex with `0x`. Upper case is refused: a file has one spelling.
 * @throws `hex.invalid` naming `path`.
 */
export function fromHex(text: string, length?: number, path = ""): Uint8Array {
  if (!isHex(text, length)) {
    const size = length === undefined ? "bytes" : `${length} bytes`;
    throw refusal("hex.invalid", path, `must be ${size} in lower-case hex with 0x in front`);
  }
  const bytes = new Uint8Array((text.length - 2) / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = (nibble(text.charCodeAt(2 + 2 * i)) << 4) | nibble(text.charCodeAt(3 + 2 * i));
  return bytes;
}

function nibble(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}

/**
 * The value itself if it is a `Uint8Array` of that length.
 * @throws `bytes.invalid` naming `path`.
 */
export function expectBytes(value: unknown, length: number | undefined, path: string): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length))
    throw refusal("bytes.invalid", path, `must be ${length ?? "some"} bytes in a Uint8Array`);
  return value;
}

/**
 * The value itself if it is an integer from `minimum` to `maximum`.
 * @throws `integer.invalid` naming `path`.
 */
export function expectInteger(value: unknown, minimum: number, maximum: number, path: string): number {
  if (!isInteger(value, minimum, maximum))
    throw refusal("integer.invalid", path, `must be an integer from ${minimum} to ${maximum}`);
  return value;
}

/** Whether a value is an integer from `minimum` to `maximum`; -0 is not. */
export function isInteger(value: unknown, minimum: number, maximum: number): value is number {
  return (
    Number.isSafeInteger(value) &&
    !Object.is(value, -0) &&
    (value as number) >= minimum &&
    (value as number) <= maximum
  );
}

/** One after the other, in a new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += expectBytes(part, undefined, "parts").length;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Negative, zero or positive: lexicographic order of unsigned bytes. Not in constant time: for public values only. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  expectBytes(a, undefined, "a");
  expectBytes(b, undefined, "b");
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) === 0;
}

/** Writes an unsigned integer below 2^53 as `width` big-endian bytes at `offset`. */
export function writeUint(target: Uint8Array, offset: number, width: number, value: number): void {
  let rest = value;
  for (let i = offset + width - 1; i >= offset; i--) {
    target[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/**
 * UTF-8 of a text.
 * @throws `text.lone-surrogate`: half a character has no UTF-8.
 */
export function utf8(text: string, path = ""): Uint8Array {
  if (typeof text !== "string") throw refusal("text.invalid", path, "must be text");
  const bytes = new Uint8Array(text.length * 3);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdfff) {
      const code = text.codePointAt(i++)!;
      if (code < 0x10000 || unit >= 0xdc00)
        throw refusal("text.lone-surrogate", path, "has half of a surrogate pair");
      at = writeCodePoint(bytes, at, code);
    } else at = writeCodePoint(bytes, at, unit);
  }
  return bytes.slice(0, at);
}

/** Writes the UTF-8 of a code point at `offset`; returns the end. The room must be there: up to four bytes. */
export function writeCodePoint(target: Uint8Array, offset: number, code: number): number {
  let at = offset;
  if (code < 0x80) target[at++] = code;
  else if (code < 0x800) {
    target[at++] = 0xc0 | (code >> 6);
    target[at++] = 0x80 | (code & 0x3f);
  } else if (code < 0x10000) {
    target[at++] = 0xe0 | (code >> 12);
    target[at++] = 0x80 | ((code >> 6) & 0x3f);
    target[at++] = 0x80 | (code & 0x3f);
  } else {
    target[at++] = 0xf0 | (code >> 18);
    target[at++] = 0x80 | ((code >> 12) & 0x3f);
    target[at++] = 0x80 | ((code >> 6) & 0x3f);
    target[at++] = 0x80 | (code & 0x3f);
  }
  return at;
}
