import { createHash, verify, X509Certificate } from "node:crypto";
import { equalBytes } from "./bytes";
import type { AuthorityAnswer } from "./bundle";
import {
  contentOf,
  INTEGER,
  members,
  OCTETS,
  oidOf,
  readDer,
  SEQUENCE,
  SET,
  type DerValue,
} from "./bundle/der";
import { OIDS, readTimestamp, type TimestampToken } from "./bundle/timestamp";

/** Hash functions by the object identifiers that signatures name, as hex. */
const HASHES: Readonly<Record<string, string>> = {
  [OIDS.sha256]: "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
  "2b0e03021a": "sha1",
};
/** Signatures by a key of RSA (PKCS #1 1.5) or of an elliptic curve; others are told, not guessed. */
const SIGNATURES = /^(2a864886f70d0101(01|05|0b|0c|0d)|2a8648ce3d04(01|030[2-4]))$/;

const CONTENT_TYPE = "2a864886f70d010903";
const MESSAGE_DIGEST = "2a864886f70d010904";
const SIGNING_CERTIFICATE = "2a864886f70d010910020c";
const SIGNING_CERTIFICATE_V2 = "2a864886f70d010910022f";
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const ISSUERS_AT_MOST = 8;

/** The certificates of a PEM file, or of one in DER. @throws Error that says nothing of the content */
export function certificatesOf(file: Uint8Array): X509Certificate[] {
  const text = Buffer.from(file).toString("latin1");
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  return (blocks ?? [file]).map((one) => new X509Certificate(one));
}

/**
 * Did an authority that the verifier trusts make this time stamp? RFC 3161, section 2.4.2, and RFC 5652: the signature
 * over the attributes, the attributes over the content, the certificate that the attributes name, its purpose, and its
 * issuers up to one that is trusted, each in force when the stamp was made. Whether one was revoked is not asked.
 */
export function authorityOf(token: Uint8Array, trusted: readonly X509Certificate[]): AuthorityAnswer {
  try {
    const stamp = readTimestamp(token);
    const given = certificatesIn(stamp);
    const signerInfo = members(members(stamp.signedData.at(-1), SET)[0]);
    const signer = [...given, ...trusted].find((one) => isNamedBy(one, signerInfo[1]));
    if (signer === undefined) return wrong("the certificate of the authority that signed it is not at hand");
    const [digestKind, attributes, signatureKind, signature] = signerInfo.slice(2);
    const hash = HASHES[oidOf(members(digestKind)[0])];
    if (hash === undefined || !SIGNATURES.test(oidOf(members(signatureKind)[0])))
      return { result: "unknown", why: "its signature is of a kind that this program does not know" };
    if (!attributesHold(attributes, stamp, signer, hash))
      return wrong("its attributes are about something else");
    // Signed as a SET, sent under a tag of its own.
    const signed = Buffer.from(attributes!.encoding);
    signed[0] = SET;
    if (!verify(hash, signed, signer.publicKey, contentOf(signature, OCTETS)))
      return wrong("the signature is not that of the authority");
    if (!(signer.keyUsage as readonly string[] | undefined)?.includes(TIME_STAMPING))
      return wrong("the certificate is not one for time stamps");
    const problem = pathProblem(signer, given, trusted, stamp.time * 1000);
    return problem === undefined ? { result: "trusted", name: nameOf(signer) } : wrong(problem);
  } catch {
    return wrong("it cannot be read");
  }
}

const wrong = (why: string): AuthorityAnswer => ({ result: "wrong", why });

function certificatesIn({ signedData }: TimestampToken): X509Certificate[] {
  const list = signedData.find(({ tag }) => tag === 0xa0);
  if (list === undefined) return [];
  return members(list, 0xa0)
    .filter(({ tag }) => tag === SEQUENCE)
    .map(({ encoding }) => new X509Certificate(encoding));
}

/** By issuer and serial number. */
function isNamedBy(certificate: X509Certificate, sid: DerValue | undefined): boolean {
  const [issuer, serial] = members(sid);
  const body = members(members(readDer(certificate.raw))[0]);
  const at = body[0]!.tag === 0xa0 ? 1 : 0;
  return (
    equalBytes(contentOf(body[at], INTEGER), contentOf(serial, INTEGER)) &&
    equalBytes(body[at + 2]!.encoding, issuer!.encoding)
  );
}

function attributesHold(
  attributes: DerValue | undefined,
  { info }: TimestampToken,
  signer: X509Certificate,
  hash: string,
): boolean {
  const found = new Map(
    members(attributes, 0xa0).map((attribute) => {
      const [kind, values] = members(attribute);
      return [oidOf(kind), members(values, SET)[0]] as const;
    }),
  );
  const digest = found.get(MESSAGE_DIGEST);
  const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
  return (
    oidOf(found.get(CONTENT_TYPE)) === OIDS.timestampInfo &&
    same(contentOf(digest, OCTETS), createHash(hash).update(info).digest()) &&
    namesCertificate(found, signer)
  );
}

/** RFC 5035: the attribute that binds the signature to one certificate. */
function namesCertificate(
  found: ReadonlyMap<string, DerValue | undefined>,
  { raw }: X509Certificate,
): boolean {
  const isNewer = found.has(SIGNING_CERTIFICATE_V2);
  const attribute = found.get(isNewer ? SIGNING_CERTIFICATE_V2 : SIGNING_CERTIFICATE);
  const id = members(members(members(attribute)[0])[0]);
  const isNamed = id[0]?.tag === SEQUENCE;
  const hash = !isNewer ? "sha1" : isNamed ? HASHES[oidOf(members(id[0])[0])] : "sha256";
  if (hash === undefined) return false;
  return Buffer.compare(contentOf(id[isNamed ? 1 : 0], OCTETS), createHash(hash).update(raw).digest()) === 0;
}

/** Why no way leads from the certificate to a trusted one, or undefined if one does. */
function pathProblem(
  signer: X509Certificate,
  given: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  time: number,
): string | undefined {
  let at = signer;
  for (let step = 0; step < ISSUERS_AT_MOST; step++) {
    if (time < Date.parse(at.validFrom) || time > Date.parse(at.validTo))
      return "a certificate was not in force when the time stamp was made";
    if (trusted.some(({ fingerprint256 }) => fingerprint256 === at.fingerprint256)) return undefined;
    const issues = (one: X509Certificate): boolean =>
      one.ca && at.checkIssued(one) && at.verify(one.publicKey);
    const issuer = trusted.find(issues) ?? given.find(issues);
    if (issuer === undefined) break;
    at = issuer;
  }
  return "no certificate that you trust stands behind the authority";
}

function nameOf({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject.split("\n").join(", ");
}
