import { concat, equalBytes, fromHex, refusal, toHex } from "../bytes";
import { contentOf, INTEGER, members, OCTETS, oidOf, readDer, SEQUENCE, timeOf, type DerValue } from "./der";

/** Object identifiers, as hex of their contents. */
export const OIDS = {
  signedData: "2a864886f70d010702",
  timestampInfo: "2a864886f70d0109100104",
  sha256: "608648016503040201",
} as const;

/** A TimeStampToken of RFC 3161, as far as it says what was stamped and when; who signed it is another question. */
export interface TimestampToken {
  /** SHA-256 of what was stamped; undefined: another hash was stamped. */
  readonly imprint: Uint8Array | undefined;
  /** Seconds since 1970. */
  readonly time: number;
  readonly serial: string;
  /** DER of TSTInfo: what the authority's signature covers. */
  readonly info: Uint8Array;
  /** Members of the SignedData around it. */
  readonly signedData: readonly DerValue[];
}

/** Context tags. */
const tagged = (number: number): number => 0xa0 + number;

/** @throws `der.invalid`, `timestamp.invalid` */
export function readTimestamp(token: Uint8Array): TimestampToken {
  const [kind, wrapped] = members(readDer(token));
  if (oidOf(kind) !== OIDS.signedData) throw invalid();
  const signedData = members(members(wrapped, tagged(0))[0]);
  const [infoKind, wrappedInfo] = members(signedData[2]);
  if (oidOf(infoKind) !== OIDS.timestampInfo) throw invalid();
  const info = contentOf(members(wrappedInfo, tagged(0))[0], OCTETS);
  const [version, , imprint, serial, time] = members(readDer(info));
  if (toHex(contentOf(version, INTEGER)) !== "0x01") throw invalid();
  const [algorithm, digest] = members(imprint);
  const isSha256 = oidOf(members(algorithm)[0]) === OIDS.sha256;
  return {
    imprint: isSha256 ? contentOf(digest, OCTETS) : undefined,
    time: timeOf(time),
    serial: toHex(contentOf(serial, INTEGER)),
    info,
    signedData,
  };
}

/**
 * The token in an authority's answer, or the token itself.
 * @throws `der.invalid`, `timestamp.refused` if the authority gave none, `timestamp.invalid`
 */
export function tokenOf(answer: Uint8Array): Uint8Array {
  const outer = readDer(answer);
  const [first, token] = members(outer);
  if (first?.tag !== SEQUENCE) {
    readTimestamp(answer);
    return outer.encoding;
  }
  const status = toHex(contentOf(members(first)[0], INTEGER));
  if (token === undefined || (status !== "0x00" && status !== "0x01"))
    throw refusal("timestamp.refused", "", "the authority refused: its answer holds no time stamp");
  readTimestamp(token.encoding);
  return token.encoding;
}

/** A TimeStampReq for a SHA-256 digest, DER: asks for the authority's certificate too. */
export function timestampQuery(digest: Uint8Array): Uint8Array {
  const beforeDigest = fromHex("0x30390201013031300d060960864801650304020105000420");
  return concat(beforeDigest, digest, fromHex("0x0101ff"));
}

/** Whether it is over this digest. */
export function stamps({ imprint }: TimestampToken, digest: Uint8Array): boolean {
  return imprint !== undefined && equalBytes(imprint, digest);
}

function invalid(): Error {
  return refusal("timestamp.invalid", "", "this is no time stamp of RFC 3161");
}
