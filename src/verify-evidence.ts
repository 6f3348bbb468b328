import { equalBytes, fromHex, toHex } from "./bytes";
import { typeHash } from "./commitment";
import { CreditAnchorError } from "./errors";
import { isShown, type Evidence } from "./evidence";
import type { Hashes } from "./hashes";
import { proofLength, rootOfProof } from "./merkle";
import { loadType, type RecordType } from "./types/record-type";
import { failed, notChecked, passed, type Check } from "./verdict";
import type { ChainFacts } from "./verify-facts";

/** The checks that need nothing but the file and its record type. */

/** The record type, or why there is none. */
export interface FoundType {
  readonly type?: RecordType;
  readonly problem?: Check;
}

/** The type by its hash: one of the verifier's, or the one in the receipt. */
export function findType({ record }: Evidence, types: readonly RecordType[], hashes: Hashes): FoundType {
  const ours = types.find((type) => toHex(type.typeHash) === record.typeHash);
  if (record.typeDocument === undefined) {
    if (ours !== undefined) return { type: ours };
    return { problem: notChecked("type", "type.unknown", "no document of this record type is at hand") };
  }
  try {
    // Also if it is not needed: a false document in a true receipt would mislead whoever reads the fields by it.
    const type = ours ?? loadType(record.typeDocument, hashes);
    if (toHex(typeHash(record.typeDocument, hashes)) === record.typeHash) return { type };
    return { problem: failed("type", "type.document-differs", "the type document inside has another hash") };
  } catch (error) {
    const faults = error instanceof CreditAnchorError ? error.faults : [];
    return {
      problem: { ...failed("type", "type.document-invalid", "the type document inside is unusable"), faults },
    };
  }
}

/**
 * Is the type known, and the record one of it?
 * @param facts what the chain says of the header's type; only of a header that was found on chain.
 */
export function checkType({ record }: Evidence, found: FoundType, facts: ChainFacts | undefined): Check {
  if (facts !== undefined && facts.typeHash !== record.typeHash)
    return failed("type", "type.not-admitted", "the registry admitted another type under this number");
  const { type } = found;
  if (type === undefined) return found.problem!;
  if (type.name !== record.type)
    return failed("type", "type.name", "the type's document gives it another name");
  const names = type.fields.map(({ name }) => name);
  if (names.length !== record.fields.length || record.fields.some(({ name }, i) => name !== names[i]))
    return failed("type", "type.fields", "the fields are not those of the type, each once and in its order");
  const hidden = record.fields.find((field) => !isShown(field) && type.mustShow.includes(field.name));
  if (hidden !== undefined)
    return failed(
      "type",
      "type.must-show",
      `field ${hidden.name} decides about the record and must not be hidden`,
    );
  const faults = record.fields.filter(isShown).flatMap(({ name, value }) => type.validateField(name, value));
  if (faults.length > 0)
    return { ...failed("type", "type.value", `${faults[0]!.path} ${faults[0]!.message}`), faults };
  return passed("type", "type.known", `a record of type ${type.name}`);
}

/**
 * A hash cannot tell whether a value, the position or the proof was changed: then integrity and inclusion both fail.
 * What is wrong by its shape alone is told apart.
 */
export function checkProof(evidence: Evidence, leaf: Uint8Array, hashes: Hashes): [Check, Check] {
  const { record, batch } = evidence;
  const integrity = checkIntegrity(evidence);
  if (record.index >= batch.size)
    return [integrity, failed("inclusion", "inclusion.index", "the batch has no record at this position")];
  const expected = proofLength(record.index, batch.size);
  if (evidence.proof.length !== expected) {
    const message = `the proof must have ${expected} hashes for this position and batch size`;
    return [integrity, failed("inclusion", "inclusion.proof-length", message)];
  }
  const proof = evidence.proof.map((hash) => fromHex(hash, 32));
  const root = rootOfProof(leaf, record.index, batch.size, proof, hashes.keccak256);
  if (root !== null && equalBytes(root, fromHex(batch.root, 32)))
    return [
      integrity,
      passed("inclusion", "inclusion.proved", `record ${record.index} of ${batch.size} in its batch`),
    ];
  return [
    integrity.result === "failed"
      ? integrity
      : failed("integrity", "integrity.altered", "the record, its place or its proof was altered"),
    failed("inclusion", "inclusion.root", "record and proof do not lead to the batch's root"),
  ];
}

function checkIntegrity({ record, batch }: Evidence): Check {
  if ((record.version === 1) !== /^0x0+$/.test(record.previous))
    return failed("integrity", "integrity.version", "version 1, and no other, has no version before it");
  if ((batch.sequence === 0) !== /^0x0+$/.test(batch.previous))
    return failed(
      "integrity",
      "integrity.sequence",
      "an agency's first batch, and no other, has none before it",
    );
  return passed("integrity", "integrity.intact", "values, salts and digests make the leaf that was anchored");
}
