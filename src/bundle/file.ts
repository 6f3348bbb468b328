import { canonical } from "../canonical";
import { CreditAnchorError, type Fault } from "../errors";
import { evidenceText, readEvidence, type Evidence } from "../evidence";
import { fromHex } from "../bytes";
import type { Hashes } from "../hashes";
import { isObject, MAX_DEPTH, parseJson, type JsonObject, type JsonValue } from "../json";
import { bytes, document, fault, hex, integer, list, object, text, UINT53 } from "../shape";
import { typedDigest } from "./signature";

export const BUNDLE_FORMAT = "credit-anchor/bundle";

/** What the chain has of the anchoring, so that it can be checked without a node. Hex with `0x`. */
export interface Anchoring {
  /** The signed transaction, as it was sent. */
  readonly transaction: string;
  /** Its receipt, as blocks hash it. */
  readonly receipt: string;
  /** Left out where the chain's blocks have no hash that can be computed again. */
  readonly block?: {
    /** The header, as its hash is computed. */
    readonly header: string;
    /** Position of the transaction in the block. */
    readonly index: number;
    /** Nodes from the header's `transactionsRoot` to the transaction. */
    readonly transactionProof: readonly string[];
    /** Nodes from the header's `receiptsRoot` to the receipt. */
    readonly receiptProof: readonly string[];
  };
}

/**
 * Everything about one record that a court may ask for (Online Litigation Rules 2021, articles 16 to 19), in one file. It
 * shows no more fields than the receipt or presentation in it, and nothing in it is trusted for being there.
 */
export interface Bundle {
  readonly format: typeof BUNDLE_FORMAT;
  readonly formatVersion: 1;
  /** Program and version that put it together: what it says of itself. */
  readonly tool: string;
  /** Seconds since 1970, by the clock of whoever put it together. */
  readonly madeAt: number;
  readonly evidence: Evidence;
  /** Left out if the evidence holds it. */
  readonly typeDocument?: JsonObject;
  /** How the batch came to be; for auditors and courts only. */
  readonly manifest?: JsonObject;
  readonly anchoring?: Anchoring;
  /** Keccak-256 of the code at the registry's address, as a node answered. */
  readonly codeHash?: string;
  /** Deployment record of the registry. */
  readonly deployment?: JsonObject;
  /** Where others signed that the registry stood, afterwards. */
  readonly checkpoints?: readonly JsonObject[];
  /** Reports on the registry with their auditors' signed statements. */
  readonly signedReports?: readonly JsonObject[];
  /** Somebody's signature over everything above: {@link sealDigest}. */
  readonly seal?: { readonly signer: string; readonly signature: string };
  /** TimeStampToken of RFC 3161, DER, over {@link bundleDigest}. */
  readonly timestamp?: string;
}

const DEPTH = MAX_DEPTH + 12;

const proof = list(bytes, 1, 64);

const BUNDLE = object(
  {
    format: text,
    formatVersion: integer(1, 1),
    tool: text,
    madeAt: integer(0, UINT53),
    evidence: document,
    typeDocument: document,
    manifest: document,
    anchoring: object(
      {
        transaction: bytes,
        receipt: bytes,
        block: object({
          header: bytes,
          index: integer(0, 2 ** 32 - 1),
          transactionProof: proof,
          receiptProof: proof,
        }),
      },
      ["block"],
    ),
    codeHash: hex(32),
    deployment: document,
    checkpoints: list(document, 1, 64),
    signedReports: list(document, 1, 16),
    seal: object({ signer: hex(20), signature: hex(65) }),
    timestamp: bytes,
  },
  [
    "typeDocument",
    "manifest",
    "anchoring",
    "codeHash",
    "deployment",
    "checkpoints",
    "signedReports",
    "seal",
    "timestamp",
  ],
);

export type ReadBundle =
  | { readonly bundle: Bundle; readonly faults: readonly [] }
  | { readonly bundle: undefined; readonly faults: readonly Fault[] };

/** Reads a bundle, as strictly as {@link readEvidence} reads a receipt. Never throws. */
export function readBundle(value: unknown): ReadBundle {
  try {
    if (typeof value === "string") return checkBundle(parseJson(value, { maxDepth: DEPTH }));
    canonical(value, { maxDepth: DEPTH }); // refuses whatever is not plain data
    return checkBundle(value as JsonValue);
  } catch (error) {
    const faults = error instanceof CreditAnchorError ? error.faults : [];
    return {
      bundle: undefined,
      faults: faults.length > 0 ? faults : [fault("", "evidence.unreadable", "cannot be read")],
    };
  }
}

function checkBundle(value: JsonValue): ReadBundle {
  const refused = (faults: readonly Fault[]): ReadBundle => ({ bundle: undefined, faults });
  if (!isObject(value) || value["format"] !== BUNDLE_FORMAT)
    return refused([fault("/format", "bundle.not-bundle", "is no evidence bundle")]);
  if (value["formatVersion"] !== 1)
    return refused([
      fault(
        "/formatVersion",
        "format.unsupported",
        "is a version that this program does not know; a newer one may",
      ),
    ]);
  const faults: Fault[] = [];
  BUNDLE(value, "", faults);
  if (faults.length > 0) return refused(faults);
  const inside = readEvidence(value["evidence"]).faults;
  if (inside.length > 0) return refused(inside.map((one) => ({ ...one, path: `/evidence${one.path}` })));
  return { bundle: value as unknown as Bundle, faults: [] };
}

/** Whether a text is meant to be a bundle; says nothing about whether it is a good one. */
export function isBundleText(content: string): boolean {
  try {
    const value = parseJson(content, { maxDepth: DEPTH });
    return isObject(value) && value["format"] === BUNDLE_FORMAT;
  } catch {
    return false;
  }
}

/** The file: JSON with members in the documented order, two spaces, a line feed at the end. */
export function bundleText(bundle: Bundle): string {
  const { evidence, typeDocument, manifest, anchoring, codeHash, deployment, seal, timestamp } = bundle;
  const { checkpoints, signedReports } = bundle;
  const ordered = {
    format: bundle.format,
    formatVersion: bundle.formatVersion,
    tool: bundle.tool,
    madeAt: bundle.madeAt,
    evidence: JSON.parse(evidenceText(evidence)) as JsonObject,
    typeDocument,
    manifest,
    anchoring: anchoring && {
      transaction: anchoring.transaction,
      receipt: anchoring.receipt,
      block: anchoring.block && {
        header: anchoring.block.header,
        index: anchoring.block.index,
        transactionProof: anchoring.block.transactionProof,
        receiptProof: anchoring.block.receiptProof,
      },
    },
    codeHash,
    deployment,
    checkpoints,
    signedReports,
    seal: seal && { signer: seal.signer, signature: seal.signature },
    timestamp,
  };
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

/** What a time stamp is over: SHA-256 of the canonical form of everything but the time stamp itself. */
export function bundleDigest(bundle: Bundle, hashes: Hashes): Uint8Array {
  return digestWithout(["timestamp"], bundle, hashes);
}

function digestWithout(names: readonly string[], bundle: Bundle, hashes: Hashes): Uint8Array {
  const content = Object.fromEntries(Object.entries(bundle).filter(([name]) => !names.includes(name)));
  return hashes.sha256(canonical(content, { maxDepth: DEPTH }));
}

/**
 * What a seal signs, by EIP-712: `Bundle(bytes32 sha256)` under the domain "credit-anchor bundle", version "1", chain and
 * registry; `sha256` is that of the canonical form of everything but seal and time stamp.
 */
export function sealDigest(bundle: Bundle, hashes: Hashes): Uint8Array {
  const { chainId, address } = bundle.evidence.registry;
  const domain = {
    name: "credit-anchor bundle",
    version: "1",
    chainId,
    verifyingContract: fromHex(address, 20),
  };
  return typedDigest(
    domain,
    "Bundle(bytes32 sha256)",
    [digestWithout(["seal", "timestamp"], bundle, hashes)],
    hashes,
  );
}
