import { isInteger } from "./bytes";
import { canonical, MAX_CANONICAL_BYTES } from "./canonical";
import { MAX_FIELDS, type Header } from "./commitment";
import { CreditAnchorError, type Fault } from "./errors";
import { kindOf } from "./file-kinds";
import { isObject, MAX_DEPTH, parseJson, type JsonObject, type JsonValue } from "./json";
import {
  anything,
  document,
  fault,
  hex,
  integer,
  list,
  object,
  text,
  UINT32,
  UINT53,
  type Shape,
} from "./shape";

export const RECEIPT_FORMAT = "credit-anchor/receipt";
export const PRESENTATION_FORMAT = "credit-anchor/presentation";

/** A field that can be read: its digest follows from name, value and salt (16 bytes in hex). */
export interface ShownField {
  readonly name: string;
  readonly value: JsonValue;
  readonly salt: string;
}

/** A field of which only the digest (32 bytes in hex) is there. */
export interface HiddenField {
  readonly name: string;
  readonly digest: string;
}

export type EvidenceField = ShownField | HiddenField;

/**
 * A receipt, what the holder keeps, or a presentation, the same with fields hidden. Bytes are lower-case hex with `0x`.
 * Nothing in it is trusted for being there: {@link verify} checks it against a registry that the verifier chose.
 */
export interface Evidence {
  readonly format: typeof RECEIPT_FORMAT | typeof PRESENTATION_FORMAT;
  readonly formatVersion: 1;
  readonly registry: { readonly chainId: number; readonly address: string };
  readonly batch: Header;
  /** Where to look. Not part of what is proved: the header hash on chain is. */
  readonly transaction: { readonly hash: string; readonly blockNumber: number; readonly blockHash: string };
  readonly record: {
    readonly type: string;
    readonly typeHash: string;
    readonly key: string;
    readonly version: number;
    /** Commitment of the version before, 32 zero bytes for version 1. */
    readonly previous: string;
    readonly index: number;
    /** All fields of the type, in its order. */
    readonly fields: readonly EvidenceField[];
    /** For types that are not shipped with the verifier. */
    readonly typeDocument?: JsonObject;
  };
  /** From the leaf's sibling to the root's child. */
  readonly proof: readonly string[];
}

export function isShown(field: EvidenceField): field is ShownField {
  return "salt" in field;
}

/** A field's value may have as many levels as a record may; the receipt puts some more around it. */
const EVIDENCE_DEPTH = MAX_DEPTH + 8;

/** What a text turned out to be: evidence, or everything that is wrong with it. */
export type ReadEvidence =
  | { readonly evidence: Evidence; readonly faults: readonly [] }
  | { readonly evidence: undefined; readonly faults: readonly Fault[] };

/**
 * Reads a receipt or presentation. Nothing is repaired or ignored: unknown members, upper-case hex, wrong lengths and
 * integers out of range are faults, all of them reported. A format or version that this program does not know gives the
 * one fault `format.unsupported`. Never throws.
 */
export function parseEvidence(text: string): ReadEvidence {
  try {
    return checkEvidence(parseJson(text, { maxDepth: EVIDENCE_DEPTH }));
  } catch (error) {
    return { evidence: undefined, faults: faultsOf(error) };
  }
}

/** The same for text or for a value that somebody else read. Never throws. */
export function readEvidence(value: unknown): ReadEvidence {
  return typeof value === "string" ? parseEvidence(value) : readPlain(value, value);
}

/** @param doubtful The part of the value that may be anything. */
function readPlain(doubtful: unknown, value: unknown): ReadEvidence {
  try {
    canonical(doubtful, { maxDepth: EVIDENCE_DEPTH }); // refuses whatever is not plain data
    return checkEvidence(value as JsonValue);
  } catch (error) {
    return { evidence: undefined, faults: faultsOf(error) };
  }
}

/**
 * The same, for callers that cannot go on without.
 * @throws `evidence.invalid` with all faults.
 */
export function expectEvidence(value: unknown): Evidence {
  return usable(readEvidence(value));
}

/**
 * The same for evidence that was put together a moment ago, of values that have digests: those are plain data.
 * @throws `evidence.invalid` with all faults.
 */
export function expectMadeEvidence(evidence: Evidence): Evidence {
  const { registry, batch, transaction, record } = evidence;
  return usable(readPlain({ registry, batch, transaction, document: record.typeDocument ?? null }, evidence));
}

function usable({ evidence, faults }: ReadEvidence): Evidence {
  if (evidence !== undefined) return evidence;
  throw new CreditAnchorError("evidence.invalid", "this is no receipt or presentation that can be used", {
    faults,
  });
}

function faultsOf(error: unknown): readonly Fault[] {
  if (error instanceof CreditAnchorError) return error.faults;
  return [{ path: "", code: "evidence.unreadable", message: "cannot be read" }];
}
function checkEvidence(value: JsonValue): ReadEvidence {
  const faults = formatFaults(value);
  if (faults.length === 0) EVIDENCE(value, "", faults);
  if (faults.length > 0) return { evidence: undefined, faults };
  return { evidence: value as unknown as Evidence, faults: [] };
}

/** What file is it, and of which version? Asked first, because all else depends on the answer. */
function formatFaults(value: JsonValue): Fault[] {
  if (!isObject(value) || typeof value["format"] !== "string")
    return [fault("/format", "evidence.not-evidence", "is no receipt or presentation: it names no format")];
  const known = value["format"] === RECEIPT_FORMAT || value["format"] === PRESENTATION_FORMAT;
  const other = known ? undefined : kindOf(value["format"]);
  if (other !== undefined)
    return [fault("/format", "evidence.not-evidence", `is that of ${other.is}: ${other.use}`)];
  if (!known) return [unsupported("/format", "is a format that this program does not know")];
  if (value["formatVersion"] !== 1)
    return [unsupported("/formatVersion", "is a version that this program does not know")];
  const batch = value["batch"];
  if (isObject(batch) && isInteger(batch["format"], 2, 2 ** 16 - 1))
    return [unsupported("/batch/format", "is a header format that this program does not know")];
  return [];
}

function unsupported(path: string, message: string): Fault {
  return fault(path, "format.unsupported", `${message}; a newer one may`);
}

const typeName: Shape = (value, path, faults) => {
  if (typeof value !== "string" || !/^[a-z0-9.-]{1,31}$/.test(value))
    faults.push(fault(path, "evidence.type-name", "must be 1 to 31 of a-z, 0-9, dot and hyphen"));
};

const SHOWN = object({ name: text, value: anything, salt: hex(16) });
const HIDDEN = object({ name: text, digest: hex(32) });

const field: Shape = (value, path, faults) => {
  const isHidden = isObject(value) && Object.hasOwn(value, "digest");
  (isHidden ? HIDDEN : SHOWN)(value, path, faults);
  if (!isHidden && faults.length === 0) hasDigest(value as unknown as ShownField, path, faults);
};

/** A value with too many levels or bytes has no digest. */
function hasDigest({ name, value }: ShownField, path: string, faults: Fault[]): void {
  const isFlat = typeof value !== "object" || value === null;
  if (isFlat && name.length + String(value).length < MAX_CANONICAL_BYTES / 8) return;
  try {
    canonical([name, value]);
  } catch (error) {
    for (const { code, message } of faultsOf(error)) faults.push(fault(path, code, message));
  }
}

export const EVIDENCE = object({
  format: text,
  formatVersion: integer(1, 1),
  registry: object({ chainId: integer(1, UINT53), address: hex(20) }),
  batch: object({
    format: integer(1, 1),
    agencyId: integer(1, UINT32),
    typeId: integer(1, UINT32),
    sequence: integer(0, UINT32),
    size: integer(1, UINT32),
    anchoredAt: integer(0, UINT53),
    operator: hex(20),
    previous: hex(20),
    root: hex(32),
    manifestHash: hex(32),
  }),
  transaction: object({ hash: hex(32), blockNumber: integer(0, UINT53), blockHash: hex(32) }),
  record: object(
    {
      type: typeName,
      typeHash: hex(32),
      key: hex(32),
      version: integer(1, UINT32),
      previous: hex(32),
      index: integer(0, UINT32 - 1),
      fields: list(field, 1, MAX_FIELDS),
      typeDocument: document,
    },
    ["typeDocument"],
  ),
  proof: list(hex(32), 0, 32),
});

/**
 * The file: JSON with members in the documented order, two spaces, a line feed at the end.
 * @throws `evidence.invalid` with all faults, rather than write a file that nobody can read.
 */
export function serialize(evidence: Evidence): string {
  return evidenceText(expectEvidence(evidence));
}

/** The file of evidence that was made or checked a moment ago. */
export function evidenceText(evidence: Evidence): string {
  const { registry, batch, transaction, record } = evidence;
  const ordered: Evidence = {
    format: evidence.format,
    formatVersion: evidence.formatVersion,
    registry: { chainId: registry.chainId, address: registry.address },
    batch: {
      format: batch.format,
      agencyId: batch.agencyId,
      typeId: batch.typeId,
      sequence: batch.sequence,
      size: batch.size,
      anchoredAt: batch.anchoredAt,
      operator: batch.operator,
      previous: batch.previous,
      root: batch.root,
      manifestHash: batch.manifestHash,
    },
    transaction: {
      hash: transaction.hash,
      blockNumber: transaction.blockNumber,
      blockHash: transaction.blockHash,
    },
    record: {
      type: record.type,
      typeHash: record.typeHash,
      key: record.key,
      version: record.version,
      previous: record.previous,
      index: record.index,
      fields: record.fields.map((field) =>
        isShown(field)
          ? { name: field.name, value: field.value, salt: field.salt }
          : { name: field.name, digest: field.digest },
      ),
      ...(record.typeDocument === undefined ? {} : { typeDocument: record.typeDocument }),
    },
    proof: evidence.proof,
  };
  return `${JSON.stringify(ordered, null, 2)}\n`;
}
