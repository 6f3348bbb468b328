import { refusal, toHex } from "../bytes";

/** One value in DER: its tag, its content, and its whole encoding. */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly encoding: Uint8Array;
}

export const INTEGER = 0x02;
export const OCTETS = 0x04;
export const OID = 0x06;
export const SEQUENCE = 0x30;
export const SET = 0x31;
const GENERALIZED_TIME = 0x18;

/** The one value that the bytes are. @throws `der.invalid` */
export function readDer(bytes: Uint8Array): DerValue {
  const [value, ...more] = readAll(bytes);
  if (value === undefined || more.length > 0) throw invalid();
  return value;
}

/** The values within a list, which must have the given tag. @throws `der.invalid` */
export function members(value: DerValue | undefined, tag: number = SEQUENCE): readonly DerValue[] {
  return readAll(contentOf(value, tag));
}

/** Content of a value of that tag. @throws `der.invalid` */
export function contentOf(value: DerValue | undefined, tag: number): Uint8Array {
  if (value?.tag !== tag) throw invalid();
  return value.content;
}

function readAll(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!;
    const first = bytes[at + 1];
    // Tags above 30, and lengths without end, do not occur in what is read here.
    if (first === undefined || (tag & 0x1f) === 0x1f || first === 0x80 || first > 0x84) throw invalid();
    const width = first < 0x80 ? 0 : first - 0x80;
    const start = at + 2 + width;
    let length = width === 0 ? first : 0;
    for (let i = at + 2; i < start; i++) length = length * 256 + (bytes[i] ?? NaN);
    const end = start + length;
    if (!(end <= bytes.length) || (width > 0 && length < (width === 1 ? 0x80 : 256 ** (width - 1))))
      throw invalid();
    values.push({ tag, content: bytes.subarray(start, end), encoding: bytes.subarray(at, end) });
    at = end;
  }
  return values;
}

/** An object identifier as hex of its content, which is enough to compare. @throws `der.invalid` */
export function oidOf(value: DerValue | undefined): string {
  return toHex(contentOf(value, OID)).slice(2);
}

/** Seconds since 1970 of a GeneralizedTime in UTC, fractions cut off. @throws `der.invalid` */
export function timeOf(value: DerValue | undefined): number {
  const text = String.fromCharCode(...contentOf(value, GENERALIZED_TIME));
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/.exec(text);
  if (parts === null) throw invalid();
  const [, year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time)) throw invalid();
  return time / 1000;
}

function invalid(): Error {
  return refusal("der.invalid", "", "this is not DER of what it should be");
}
