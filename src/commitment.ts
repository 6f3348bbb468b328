import {
  concat,
  expectBytes,
  expectInteger,
  fromHex,
  refusal,
  toHex,
  utf8,
  writeUint,
  ZERO_32,
} from "./bytes";
import { CanonicalWriter, canonical, withWriter } from "./canonical";
import { portableHashes, type Hashes } from "./hashes";
import { isObject, MAX_DEPTH, type JsonObject, type JsonValue } from "./json";

/** Every formula of format 1 (docs/format.md). The first byte of each hashed string says what it is. */
const LEAF = 0x00;
const COMMITMENT = 0x02;
const FIELD = 0x03;
const MANIFEST = 0x04;
const AGENCY_KEY = 0x05;
const TYPE = 0x06;
const EVIDENCE = 0x07;

const HASH = 32;
const SALT = 16;
const UINT32 = 2 ** 32 - 1;

/** Fields that a record type may have at most. */
export const MAX_FIELDS = 255;

/** What the chain knows of a batch; hashes and addresses in lower-case hex, `anchoredAt` in seconds. */
export interface Header {
  /** Of the header: 1. */
  readonly format: number;
  readonly agencyId: number;
  readonly typeId: number;
  readonly sequence: number;
  readonly size: number;
  readonly anchoredAt: number;
  /** 20 bytes. */
  readonly operator: string;
  /** First 20 bytes of the header hash of the agency's batch before this one, zero for the first. */
  readonly previous: string;
  readonly root: string;
  readonly manifestHash: string;
}

/** `H(0x06 ‖ JCS(type document))` */
export function typeHash(document: JsonObject, hashes: Hashes = portableHashes): Uint8Array {
  if (!isObject(document)) throw refusal("type.not-object", "", "a type document must be an object");
  return tagged(TYPE, [canonical(document)], hashes);
}

/**
 * `SHAKE256("credit-anchor/v1/salts" ‖ secret)`, 16 bytes for each of `count` fields, one after the other.
 * @param secret the record secret: 32 random bytes of this version of this record and no other.
 */
export function recordSalts(secret: Uint8Array, count: number, hashes: Hashes = portableHashes): Uint8Array {
  expectBytes(secret, HASH, "secret");
  expectInteger(count, 1, MAX_FIELDS, "count");
  return hashes.shake256(concat(SALTS_LABEL, secret), SALT * count);
}
const SALTS_LABEL = utf8("credit-anchor/v1/salts");

/** `H(0x03 ‖ salt ‖ JCS([name, value]))`, with a value of null for a field that the record does not have. */
export function fieldDigest(
  salt: Uint8Array,
  name: string,
  value: JsonValue,
  hashes: Hashes = portableHashes,
): Uint8Array {
  expectBytes(salt, SALT, "salt");
  if (typeof name !== "string") throw refusal("field.name", "", "a field's name must be text");
  // The list around name and value, which is not written as one, is a level too.
  return withWriter((writer) => {
    writer.byte(FIELD);
    writer.raw(salt);
    writer.byte(0x5b);
    writer.value(name);
    writer.byte(0x2c);
    writer.value(value);
    writer.byte(0x5d);
    return hashes.keccak256(writer.bytes());
  }, MAX_DEPTH - 1);
}

/**
 * `H(0x02 ‖ typeHash ‖ previous ‖ d_1 ‖ … ‖ d_n)`
 * @param previous commitment of the version before; 32 zero bytes for version 1.
 * @param digests field digests in the type's order, one after the other.
 */
export function commitment(
  typeHash: Uint8Array,
  previous: Uint8Array,
  digests: Uint8Array,
  hashes: Hashes = portableHashes,
): Uint8Array {
  expectBytes(typeHash, HASH, "typeHash");
  expectBytes(previous, HASH, "previous");
  const length = expectBytes(digests, undefined, "digests").length;
  if (length === 0 || length % HASH !== 0 || length > HASH * MAX_FIELDS)
    throw refusal("bytes.invalid", "digests", "must be 32 bytes a field, for 1 to 255 fields");
  return tagged(COMMITMENT, [typeHash, previous, digests], hashes);
}

/** Commits to records of one type: see {@link recordSealer}. */
export type RecordSealer = (
  values: Readonly<Record<string, JsonValue>>,
  secret: Uint8Array,
  previous?: Uint8Array,
) => Uint8Array;

/**
 * A function from the values of a record to its commitment, for the loop over millions of records: it reuses its
 * buffers, so it must not be shared between threads. Does what {@link recordSalts}, {@link fieldDigest} and
 * {@link commitment} say, without copying.
 *
 * The function throws `record.unknown-field` for a member that is no field, `canonical.…` for a value without a
 * canonical form; an absent field counts as null.
 *
 * @param fieldNames in the type's order: ascending by UTF-16 code units.
 */
export function recordSealer(
  typeHash: Uint8Array,
  fieldNames: readonly string[],
  hashes: Hashes = portableHashes,
): RecordSealer {
  const isList = Array.isArray(fieldNames) && fieldNames.length > 0 && fieldNames.length <= MAX_FIELDS;
  const names: readonly string[] = isList ? [...fieldNames] : [];
  const prefixes = names.map(fieldPrefix);
  if (!isList || names.some((name, i) => i > 0 && !(names[i - 1]! < name)))
    throw refusal("type.field-order", "", "needs 1 to 255 field names, each greater than the one before");
  const writer = new CanonicalWriter();
  const input = new Uint8Array(1 + 2 * HASH + HASH * names.length);
  input[0] = COMMITMENT;
  input.set(expectBytes(typeHash, HASH, "typeHash"), 1);

  return (values, secret, previous = ZERO_32) => {
    if (!isObject(values)) throw refusal("record.not-object", "", "a record must be an object");
    input.set(expectBytes(previous, HASH, "previous"), 1 + HASH);
    const salts = recordSalts(secret, names.length, hashes);
    let present = 0;
    for (let i = 0; i < names.length; i++) {
      const has = Object.hasOwn(values, names[i]!);
      if (has) present++;
      writer.reset();
      writer.byte(FIELD);
      writer.raw(salts, SALT * i, SALT * (i + 1));
      writer.raw(prefixes[i]!);
      writer.value(has ? values[names[i]!] : null);
      writer.byte(0x5d);
      input.set(hashes.keccak256(writer.bytes()), 1 + HASH * (2 + i));
    }
    if (Object.keys(values).length !== present) throw unknownField(values, names);
    return hashes.keccak256(input);
  };
}

function unknownField(values: Readonly<Record<string, JsonValue>>, names: readonly string[]): Error {
  const stranger = Object.keys(values).find((name) => !names.includes(name));
  return refusal("record.unknown-field", `/${stranger ?? ""}`, "is not a field of the record's type");
}

/** The canonical beginning of `[name, value]`: everything before the value. */
function fieldPrefix(name: string): Uint8Array {
  if (typeof name !== "string") throw refusal("field.name", "", "a field's name must be text");
  return concat(utf8("["), canonical(name), utf8(","));
}

/**
 * `HMAC-SHA-256(agency key, JCS(["credit-anchor/v1/key", agency code, type name, v_1, …]))`: the same for every version
 * of a record, and meaningless to whoever has not the agency key.
 *
 * @param agencyCode the code under which the agency was first admitted.
 * @param keyValues the values of the natural key in annotated order; texts are brought into {@link keyForm} here.
 * @throws `key.value` for a value that is neither text, integer nor boolean, `key.empty` for a text of nothing but space.
 */
export function recordKey(
  agencyKey: Uint8Array,
  agencyCode: string,
  typeName: string,
  keyValues: readonly JsonValue[],
  hashes: Hashes = portableHashes,
): Uint8Array {
  expectBytes(agencyKey, HASH, "agencyKey");
  if (typeof agencyCode !== "string" || agencyCode === "" || typeof typeName !== "string" || typeName === "")
    throw refusal("key.names", "", "a record key needs the agency's code and the type's name");
  if (!Array.isArray(keyValues) || keyValues.length === 0 || keyValues.length > MAX_FIELDS)
    throw refusal("key.empty", "", "a record key needs 1 to 255 values");
  const values = Array.from(keyValues as readonly JsonValue[], keyValue);
  return hashes.hmacSha256(agencyKey, canonical(["credit-anchor/v1/key", agencyCode, typeName, ...values]));
}

function keyValue(value: JsonValue, position: number): JsonValue {
  const path = `/${position}`;
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "string") throw refusal("key.value", path, "must be text, an integer or a boolean");
  const form = keyForm(value, path);
  if (form === "") throw refusal("key.empty", path, "has no characters that count in a key");
  return form;
}

const OPENING = /[\u3010\u3016[(\u3014\u3008\u300a{]/gu;
const CLOSING = /[\u3011\u3017\])\u3015\u3009\u300b}]/gu;

/**
 * The form of a text in natural keys, so that one document number written in several ways is one record: NFC; full
 * width to ASCII; all brackets to 〔〕; no white space; a-z to A-Z; NFC again. Applying it twice changes nothing.
 * @throws `text.lone-surrogate`
 */
export function keyForm(text: string, path = ""): string {
  if (typeof text === "string" && /^[0-9A-Z-]*$/.test(text)) return text;
  utf8(text, path); // refuses what has no UTF-8
  return text
    .normalize("NFC")
    .replace(/[\uff01-\uff5e]/gu, (character) => String.fromCharCode(character.charCodeAt(0) - 0xfee0))
    .replace(OPENING, "\u3014")
    .replace(CLOSING, "\u3015")
    .replace(/\p{White_Space}/gu, "")
    .replace(/[a-z]/g, (letter) => letter.toUpperCase())
    .normalize("NFC");
}

/** `H(abi.encode(H("credit-anchor/v1"), chainId, registry))`: what ties a leaf to one registry on one chain. */
export function domain(chainId: number, registry: string, hashes: Hashes = portableHashes): Uint8Array {
  const name = hashes.keccak256(utf8("credit-anchor/v1"));
  return hashes.keccak256(
    concat(name, uintWord(chainId, Number.MAX_SAFE_INTEGER, "chainId"), addressWord(registry, "registry")),
  );
}

/** Where a version of a record stands. */
export interface LeafPlace {
  /** {@link domain} */
  readonly domain: Uint8Array;
  readonly agencyId: number;
  readonly typeId: number;
}

/** `H(0x00 ‖ DOMAIN ‖ uint32 agencyId ‖ uint32 typeId ‖ K ‖ uint32 version ‖ C)` */
export function leafHash(
  place: LeafPlace,
  key: Uint8Array,
  version: number,
  commitment: Uint8Array,
  hashes: Hashes = portableHashes,
): Uint8Array {
  if (!isObject(place)) throw refusal("leaf.place", "", "a leaf needs a domain, an agency and a type");
  const input = new Uint8Array(1 + HASH + 4 + 4 + HASH + 4 + HASH);
  input[0] = LEAF;
  input.set(expectBytes(place.domain, HASH, "domain"), 1);
  writeUint(input, 33, 4, expectInteger(place.agencyId, 1, UINT32, "agencyId"));
  writeUint(input, 37, 4, expectInteger(place.typeId, 1, UINT32, "typeId"));
  input.set(expectBytes(key, HASH, "key"), 41);
  writeUint(input, 73, 4, expectInteger(version, 1, UINT32, "version"));
  input.set(expectBytes(commitment, HASH, "commitment"), 77);
  return hashes.keccak256(input);
}

/** `H(0x04 ‖ JCS(manifest))` */
export function manifestHash(manifest: JsonObject, hashes: Hashes = portableHashes): Uint8Array {
  if (!isObject(manifest)) throw refusal("manifest.not-object", "", "a manifest must be an object");
  return tagged(MANIFEST, [canonical(manifest)], hashes);
}

/** `H(0x05 ‖ agency key)`: on chain, binds the agency to the key of its record keys. */
export function keyCommitment(agencyKey: Uint8Array, hashes: Hashes = portableHashes): Uint8Array {
  return tagged(AGENCY_KEY, [expectBytes(agencyKey, HASH, "agencyKey")], hashes);
}

/**
 * `H(0x07 ‖ random ‖ SHA-256 of the evidence file)`
 * @param random 32 bytes, kept with the evidence: without them a guessable file could be recognised on chain.
 */
export function evidenceHash(
  random: Uint8Array,
  fileSha256: Uint8Array,
  hashes: Hashes = portableHashes,
): Uint8Array {
  return tagged(
    EVIDENCE,
    [expectBytes(random, HASH, "random"), expectBytes(fileSha256, HASH, "fileSha256")],
    hashes,
  );
}

/** `H(abi.encode(H("credit-anchor/header/1"), every field in order))`: the one word the chain stores for a batch. */
export function headerHash(header: Header, hashes: Hashes = portableHashes): Uint8Array {
  if (!isObject(header)) throw refusal("header.not-object", "", "a header must be an object");
  const previous = new Uint8Array(HASH);
  previous.set(fromHex(header.previous, 20, "previous"));
  return hashes.keccak256(
    concat(
      hashes.keccak256(utf8("credit-anchor/header/1")),
      uintWord(header.format, 2 ** 16 - 1, "format"),
      uintWord(header.agencyId, UINT32, "agencyId"),
      uintWord(header.typeId, UINT32, "typeId"),
      uintWord(header.sequence, UINT32, "sequence"),
      uintWord(header.size, UINT32, "size"),
      uintWord(header.anchoredAt, Number.MAX_SAFE_INTEGER, "anchoredAt"),
      addressWord(header.operator, "operator"),
      previous,
      fromHex(header.root, HASH, "root"),
      fromHex(header.manifestHash, HASH, "manifestHash"),
    ),
  );
}

/** What the next batch of the agency has to state as its `previous`: the first 20 bytes of the header hash, in hex. */
export function previousOf(header: Header, hashes: Hashes = portableHashes): string {
  return toHex(headerHash(header, hashes).subarray(0, 20));
}

/** `agencyId · 2^32 + sequence` in decimal. */
export function batchId(agencyId: number, sequence: number): string {
  expectInteger(agencyId, 1, UINT32, "agencyId");
  expectInteger(sequence, 0, UINT32, "sequence");
  return String(BigInt(agencyId) * 2n ** 32n + BigInt(sequence));
}

/**
 * The two halves of a batch id.
 * @throws `batch.id`
 */
export function parseBatchId(id: string): { agencyId: number; sequence: number } {
  const number = typeof id === "string" && /^[1-9][0-9]{0,19}$/.test(id) ? BigInt(id) : 0n;
  const agencyId = Number(number >> 32n);
  if (agencyId < 1 || agencyId > UINT32)
    throw refusal(
      "batch.id",
      "",
      `a batch id is a decimal number of 4294967296 or more, agency · 2^32 + sequence; not ${shown(id)}`,
    );
  return { agencyId, sequence: Number(number & 0xffffffffn) };
}

/** Ids come from files too. */
function shown(id: unknown): string {
  return typeof id === "string" ? JSON.stringify(id.slice(0, 24)) : `a ${typeof id}`;
}

function tagged(tag: number, parts: readonly Uint8Array[], hashes: Hashes): Uint8Array {
  return hashes.keccak256(concat(Uint8Array.of(tag), ...parts));
}

/** A word of `abi.encode`: 32 bytes, big-endian. */
function uintWord(value: number, maximum: number, path: string): Uint8Array {
  const word = new Uint8Array(HASH);
  writeUint(word, 24, 8, expectInteger(value, 0, maximum, path));
  return word;
}

function addressWord(address: string, path: string): Uint8Array {
  const word = new Uint8Array(HASH);
  word.set(fromHex(address, 20, path), 12);
  return word;
}
