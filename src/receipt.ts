import { equalBytes, expectBytes, fromHex, refusal, toHex, ZERO_32 } from "./bytes";
import { commitment, domain, fieldDigest, leafHash, recordSalts, type Header } from "./commitment";
import { CreditAnchorError } from "./errors";
import {
  expectEvidence,
  expectMadeEvidence,
  isShown,
  PRESENTATION_FORMAT,
  RECEIPT_FORMAT,
  type Evidence,
  type EvidenceField,
  type HiddenField,
} from "./evidence";
import { portableHashes, type Hashes } from "./hashes";
import { isObject, type JsonValue } from "./json";
import { rootOfProof } from "./merkle";
import type { RecordType } from "./types/record-type";

export * from "./evidence";

/** What the vault knows of one version of a record. */
export interface ReceiptInput {
  readonly registry: Evidence["registry"];
  readonly batch: Header;
  readonly transaction: Evidence["transaction"];
  readonly type: RecordType;
  readonly key: Uint8Array;
  readonly version: number;
  /** Commitment of the version before; left out for version 1. */
  readonly previous?: Uint8Array;
  readonly index: number;
  /** Absent fields are absent. */
  readonly values: Readonly<Record<string, JsonValue>>;
  readonly secret: Uint8Array;
  readonly proof: readonly Uint8Array[];
  /** Fields to show besides those that the type always shows: see {@link defaultShow}. */
  readonly show: readonly string[];
  /** For types that verifiers do not have. */
  readonly embedType?: boolean;
}

/**
 * The receipt of one version of a record. It is checked before it is handed out: its proof leads to the batch's root.
 *
 * @throws `receipt.unknown-field` listing the possible names; `evidence.invalid` for parts of the wrong shape;
 * `receipt.self-check` if what the vault holds does not fit together.
 */
export function makeReceipt(input: ReceiptInput, hashes: Hashes = portableHashes): Evidence {
  const { type, values, proof } = input;
  if (!isObject(values) || !Array.isArray(proof) || proof.length > 32)
    throw refusal("receipt.input", "", "a receipt needs an object of values and a list of up to 32 hashes");
  const names = type.fields.map((field) => field.name);
  const shown = new Set([...knownFields(input.show, names), ...type.mustShow]);
  knownFields(Object.keys(values), names);
  const salts = recordSalts(input.secret, names.length, hashes);
  const digests = new Uint8Array(32 * names.length);
  const fields = names.map((name, i): EvidenceField => {
    const value = Object.hasOwn(values, name) ? values[name]! : null;
    const salt = salts.subarray(16 * i, 16 * (i + 1));
    const digest = fieldDigest(salt, name, value, hashes);
    digests.set(digest, 32 * i);
    return shown.has(name) ? { name, value, salt: toHex(salt) } : { name, digest: toHex(digest) };
  });
  const siblings = Array.from(proof as readonly Uint8Array[], (hash, i) =>
    expectBytes(hash, 32, `proof/${i}`),
  );
  const receipt: Evidence = {
    format: RECEIPT_FORMAT,
    formatVersion: 1,
    registry: input.registry,
    batch: input.batch,
    transaction: input.transaction,
    record: {
      type: type.name,
      typeHash: toHex(type.typeHash),
      key: toHex(expectBytes(input.key, 32, "key")),
      version: input.version,
      previous: toHex(expectBytes(input.previous ?? ZERO_32, 32, "previous")),
      index: input.index,
      fields,
      ...(input.embedType === true ? { typeDocument: type.document } : {}),
    },
    proof: siblings.map(toHex),
  };
  expectMadeEvidence(receipt);
  const leaf = leafOfDigests(receipt, digests, hashes);
  const root = rootOfProof(leaf, input.index, input.batch.size, siblings, hashes.keccak256);
  if (root === null || !equalBytes(root, fromHex(input.batch.root, 32)))
    throw new CreditAnchorError(
      "receipt.self-check",
      "the record and its proof do not lead to the batch's root",
      {
        hint: "run `credit-anchor audit`: the vault does not hold what was anchored",
        exitStatus: 70,
      },
    );
  return receipt;
}

/** The fields a receipt shows unless told otherwise: P0, and P1 unless the record is about a natural person. */
export function defaultShow(type: RecordType, personal: boolean): string[] {
  return type.fields
    .filter(({ sensitivity }) => sensitivity === "P0" || (sensitivity === "P1" && !personal))
    .map(({ name }) => name);
}

/**
 * The same evidence with no more fields shown than asked for and those that the type always shows.
 *
 * @param show names of fields; each must be shown in `evidence`.
 * @throws `present.unknown-field`, `present.hidden-field` with the possible names; `evidence.…` for a broken receipt.
 */
export function present(
  evidence: Evidence,
  type: RecordType,
  show: readonly string[],
  hashes: Hashes = portableHashes,
): Evidence {
  const source = expectEvidence(evidence);
  const { record } = source;
  if (toHex(type.typeHash) !== record.typeHash)
    throw refusal(
      "present.type",
      "/record/typeHash",
      "is the hash of another record type than the one given",
    );
  const asked = new Set(
    knownFields(
      show,
      type.fields.map((field) => field.name),
    ),
  );
  const visible = record.fields.filter(isShown).map((field) => field.name);
  for (const name of asked)
    if (!visible.includes(name))
      throw fieldError("present.hidden-field", name, "is hidden in this receipt; it shows", visible);
  const stays = new Set([...asked, ...type.mustShow]);
  return {
    ...source,
    format: PRESENTATION_FORMAT,
    record: {
      ...record,
      fields: record.fields.map((field) => (stays.has(field.name) ? field : hideField(field, hashes))),
    },
  };
}

function hideField(field: EvidenceField, hashes: Hashes): HiddenField {
  return isShown(field) ? { name: field.name, digest: toHex(digestOf(field, hashes)) } : field;
}

function knownFields(names: readonly string[], known: readonly string[]): readonly string[] {
  if (!Array.isArray(names)) throw refusal("receipt.fields", "", "the names of fields must be a list");
  for (const name of names as readonly unknown[])
    if (typeof name !== "string" || !known.includes(name))
      throw fieldError(
        "receipt.unknown-field",
        typeof name === "string" ? name : "",
        "is no field of the record's type; it has",
        known,
      );
  return names;
}

function fieldError(
  code: string,
  name: string,
  message: string,
  possible: readonly string[],
): CreditAnchorError {
  return refusal(code, `/${name}`, `${message} ${possible.join(", ") || "none"}`);
}

/** Field digest of a shown or hidden field, 32 bytes. */
export function digestOf(field: EvidenceField, hashes: Hashes = portableHashes): Uint8Array {
  if (!isShown(field)) return fromHex(field.digest, 32);
  return fieldDigest(fromHex(field.salt, 16), field.name, field.value, hashes);
}

/** The leaf that the evidence's record makes under its registry, agency and type: rebuilt from the fields, 32 bytes. */
export function leafOf(evidence: Evidence, hashes: Hashes = portableHashes): Uint8Array {
  const { fields } = evidence.record;
  const digests = new Uint8Array(32 * fields.length);
  fields.forEach((field, i) => digests.set(digestOf(field, hashes), 32 * i));
  return leafOfDigests(evidence, digests, hashes);
}

function leafOfDigests(
  { record, batch, registry }: Evidence,
  digests: Uint8Array,
  hashes: Hashes,
): Uint8Array {
  const sealed = commitment(fromHex(record.typeHash, 32), fromHex(record.previous, 32), digests, hashes);
  const place = {
    domain: domain(registry.chainId, registry.address, hashes),
    agencyId: batch.agencyId,
    typeId: batch.typeId,
  };
  return leafHash(place, fromHex(record.key, 32), record.version, sealed, hashes);
}
