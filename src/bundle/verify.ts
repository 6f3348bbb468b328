import { fromHex, toHex } from "../bytes";
import { manifestHash, typeHash } from "../commitment";
import { portableHashes, type Hashes } from "../hashes";
import { loadType, type RecordType } from "../types/record-type";
import { failed, notChecked, passed, timeText, type Check, type Verdict } from "../verdict";
import { unreadable, verify, type VerifyRequest } from "../verify";
import { authorshipOf } from "./anchoring-call";
import { readBlockHeader, receiptShows } from "./block";
import { bundleDigest, readBundle, sealDigest, type Bundle } from "./file";
import { signerOfBytes } from "./signature";
import { checkCheckpoints, checkSignOffs } from "./statements";
import { readTimestamp, stamps, type TimestampToken } from "./timestamp";
import { readTransaction, type SignedTransaction } from "./transaction";
import { valueInTrie } from "./trie";

/** What is checked of a bundle besides the record in it, in the order in which it is told. */
export const BUNDLE_CHECK_NAMES = [
  "type document",
  "manifest",
  "transaction",
  "signature",
  "receipt",
  "block",
  "code",
  "deployment",
  "checkpoints",
  "sign-offs",
  "seal",
  "time stamp",
] as const;
export type BundleCheckName = (typeof BUNDLE_CHECK_NAMES)[number];
export type BundleCheck = Check<BundleCheckName>;

export interface BundleVerdict extends Verdict {
  /** Null: the file could not be read. */
  readonly bundle: {
    readonly checks: readonly BundleCheck[];
    /** SHA-256 of what a time stamp is over, hex. */
    readonly digest: string;
  } | null;
}

export interface VerifyBundleRequest extends Omit<VerifyRequest, "evidence"> {
  /** Text of a bundle, or what a JSON parser made of it. */
  readonly bundle: unknown;
  /** Looks whether a time stamp was made by an authority that the verifier trusts; left out: nobody looks. */
  readonly authority?: ((token: Uint8Array) => AuthorityAnswer) | undefined;
}

/** Who made a time stamp. */
export type AuthorityAnswer =
  | { readonly result: "trusted"; readonly name: string }
  | { readonly result: "wrong" | "unknown"; readonly why: string };

/**
 * Verifies a bundle: the record in it as {@link verify} does, and every piece of evidence around it. Exit status and
 * verdict are those of the record; a piece that is false makes it 1. What is not there is not checked, and lowers
 * nothing. Pure, and never throws on a bundle of any kind.
 */
export function verifyBundle(request: VerifyBundleRequest, hashes: Hashes = portableHashes): BundleVerdict {
  const { bundle, faults } = readBundle(request.bundle);
  if (bundle === undefined) return { ...unreadable(faults), bundle: null };
  const own = typeInBundle(bundle, hashes);
  const verdict = verify(
    {
      ...request,
      evidence: bundle.evidence,
      types: [...(request.types ?? []), ...(own === undefined ? [] : [own])],
    },
    hashes,
  );
  const checks = checkParts(bundle, request, verdict, hashes);
  const isFalse = checks.some(({ result }) => result === "failed");
  return {
    ...verdict,
    exitStatus: isFalse ? 1 : verdict.exitStatus,
    bundle: { checks, digest: toHex(bundleDigest(bundle, hashes)) },
  };
}

/** The type in the bundle, if it is the record's: then the record can be checked and read by it. */
export function typeInBundle({ typeDocument, evidence }: Bundle, hashes: Hashes): RecordType | undefined {
  const document = typeDocument ?? evidence.record.typeDocument;
  if (document === undefined) return undefined;
  try {
    const type = loadType(document, hashes);
    return toHex(type.typeHash) === evidence.record.typeHash ? type : undefined;
  } catch {
    return undefined;
  }
}

function checkParts(
  bundle: Bundle,
  request: VerifyBundleRequest,
  verdict: Verdict,
  hashes: Hashes,
): BundleCheck[] {
  const transaction = openTransaction(bundle, hashes);
  return [
    checkTypeDocument(bundle, hashes),
    checkManifest(bundle, hashes),
    checkTransaction(bundle, transaction),
    checkSignature(bundle, transaction, hashes),
    checkReceipt(bundle, hashes),
    checkBlock(bundle, hashes),
    checkCode(bundle, request, verdict),
    checkDeployment(bundle),
    checkCheckpoints(bundle, hashes),
    checkSignOffs(bundle, hashes),
    checkSeal(bundle, hashes),
    checkTimestamp(bundle, request, hashes),
  ];
}

function checkTypeDocument({ evidence, typeDocument }: Bundle, hashes: Hashes): BundleCheck {
  const documents = [evidence.record.typeDocument, typeDocument].filter((one) => one !== undefined);
  if (documents.length === 0)
    return notChecked("type document", "type-document.absent", "the bundle holds none");
  return documents.every((one) => toHex(typeHash(one, hashes)) === evidence.record.typeHash)
    ? passed("type document", "type-document.known", "it is the one that the record's type hash names")
    : failed("type document", "type-document.differs", "it is not the one that the record's type hash names");
}

function checkManifest({ evidence, manifest }: Bundle, hashes: Hashes): BundleCheck {
  if (manifest === undefined)
    return notChecked("manifest", "manifest.absent", "the bundle holds none: the agency keeps it");
  const { batch, record } = evidence;
  if (toHex(manifestHash(manifest, hashes)) !== batch.manifestHash)
    return failed("manifest", "manifest.differs", "it is not the one whose hash was anchored");
  if (
    manifest["type"] !== record.type ||
    manifest["typeHash"] !== record.typeHash ||
    manifest["size"] !== batch.size
  )
    return failed("manifest", "manifest.contradicts", "it tells of another type or size than the batch has");
  return passed("manifest", "manifest.anchored", "it is the one whose hash was anchored");
}

function openTransaction({ anchoring }: Bundle, hashes: Hashes): SignedTransaction | Error | undefined {
  if (anchoring === undefined) return undefined;
  try {
    return readTransaction(fromHex(anchoring.transaction), hashes);
  } catch (error) {
    return error as Error;
  }
}

function checkTransaction(
  { evidence }: Bundle,
  transaction: SignedTransaction | Error | undefined,
): BundleCheck {
  if (transaction === undefined)
    return notChecked("transaction", "transaction.absent", "the bundle holds none");
  if (transaction instanceof Error)
    return failed("transaction", "transaction.unreadable", transaction.message);
  return toHex(transaction.hash) === evidence.transaction.hash
    ? passed("transaction", "transaction.named", `it is ${evidence.transaction.hash}`)
    : failed("transaction", "transaction.differs", "it is not the one that the receipt names");
}

/** The agency's signature: whoever signed the anchoring signed the root and the hash of the manifest. */
function checkSignature(
  { evidence }: Bundle,
  transaction: SignedTransaction | Error | undefined,
  hashes: Hashes,
): BundleCheck {
  if (transaction === undefined || transaction instanceof Error)
    return notChecked("signature", "signature.no-transaction", "needs the transaction");
  const authorship = authorshipOf(transaction, evidence, hashes);
  const { operator } = evidence.batch;
  switch (authorship.by) {
    case "transaction":
      return passed("signature", "signature.operator", `operator ${operator} signed batch and manifest hash`);
    case "relay":
      return passed(
        "signature",
        "signature.relayed",
        `operator ${operator} signed batch and manifest hash; ${transaction.from} sent them`,
      );
    case "contract":
      return notChecked(
        "signature",
        "signature.contract",
        "the operator is a contract, or acted through one: only the chain knows what it agreed to",
      );
    case "nobody":
      return failed(
        "signature",
        "signature.other",
        `the transaction does not show the batch: ${authorship.why}`,
      );
  }
}

function checkReceipt({ evidence, anchoring }: Bundle, hashes: Hashes): BundleCheck {
  if (anchoring === undefined) return notChecked("receipt", "receipt.absent", "the bundle holds none");
  try {
    return receiptShows(fromHex(anchoring.receipt), evidence, hashes)
      ? passed(
          "receipt",
          "receipt.event",
          "the transaction succeeded, with the registry's event of this batch",
        )
      : failed(
          "receipt",
          "receipt.no-event",
          "the receipt does not show that the registry anchored this batch",
        );
  } catch {
    return failed("receipt", "receipt.unreadable", "this is no receipt of a transaction");
  }
}

/** A block timestamp above this is in milliseconds, docs/format.md. */
const LARGEST_SECONDS = 100_000_000_000n;

function checkBlock({ evidence, anchoring }: Bundle, hashes: Hashes): BundleCheck {
  const block = anchoring?.block;
  if (anchoring === undefined || block === undefined)
    return notChecked(
      "block",
      "block.absent",
      "the bundle holds none: only the chain shows where it was mined",
    );
  const wrong = (code: string, message: string): BundleCheck => failed("block", `block.${code}`, message);
  const { blockNumber, blockHash } = evidence.transaction;
  const bytes = fromHex(block.header);
  if (toHex(hashes.keccak256(bytes)) !== blockHash)
    return wrong("hash", "it is not the one that the receipt names");
  try {
    const header = readBlockHeader(bytes);
    const time = header.timestamp > LARGEST_SECONDS ? header.timestamp / 1000n : header.timestamp;
    if (header.number !== BigInt(blockNumber)) return wrong("number", "it has another number");
    if (time !== BigInt(evidence.batch.anchoredAt))
      return wrong("time", "it is of another time than the batch");
    const isAt = (root: Uint8Array, nodes: readonly string[], value: string): boolean =>
      toHex(
        valueInTrie(
          root,
          block.index,
          nodes.map((node) => fromHex(node)),
          hashes,
        ),
      ) === value;
    if (!isAt(header.transactionsRoot, block.transactionProof, anchoring.transaction))
      return wrong("transaction", "it has another transaction in this place");
    if (!isAt(header.receiptsRoot, block.receiptProof, anchoring.receipt))
      return wrong("receipt", "it has another receipt in this place");
  } catch {
    return wrong("proof", "the proofs do not lead from its header to transaction and receipt");
  }
  return passed(
    "block",
    "block.proved",
    `transaction and event are in block ${blockNumber}: who knows that ${blockHash} is a block of the chain knows the anchor`,
  );
}

function checkCode(
  { codeHash }: Bundle,
  { facts, trust }: VerifyBundleRequest,
  verdict: Verdict,
): BundleCheck {
  if (codeHash === undefined) return notChecked("code", "code.absent", "the bundle names none");
  const anchored = verdict.checks.some(({ name, result }) => name === "anchor" && result === "passed");
  if (anchored && facts?.registryCodeHash !== undefined)
    return facts.registryCodeHash === codeHash
      ? passed("code", "code.on-chain", "the contract at the registry's address has this code")
      : failed("code", "code.differs", "the contract at the registry's address has other code");
  const { chainId, registry } = verdict.subject!;
  const trusted = trust.find((one) => one.chainId === chainId && one.address.toLowerCase() === registry);
  if (trusted?.codeHash === undefined)
    return notChecked("code", "code.open", "needs the chain, or a registry that you trust by its code");
  return trusted.codeHash === codeHash
    ? passed("code", "code.trusted", "it is the code that you trust")
    : failed("code", "code.untrusted", "it is not the code that you trust");
}

/** What else stands in the record is told, not proved: compiler, source and deployer are checked against source and chain. */
function checkDeployment({ deployment, evidence, codeHash }: Bundle): BundleCheck {
  if (deployment === undefined)
    return notChecked("deployment", "deployment.absent", "the bundle holds no record");
  const { registry, transaction } = evidence;
  const isOfRegistry =
    deployment["format"] === "credit-anchor/deployment" &&
    deployment["formatVersion"] === 1 &&
    deployment["contract"] === "CreditRegistry" &&
    deployment["chainId"] === registry.chainId &&
    deployment["address"] === registry.address;
  if (!isOfRegistry) return failed("deployment", "deployment.other", "it is no record of this registry");
  const since = deployment["blockNumber"];
  if (typeof since !== "number" || since > transaction.blockNumber)
    return failed("deployment", "deployment.later", "by it the registry was not there yet");
  if (codeHash !== undefined && deployment["codeHash"] !== codeHash)
    return failed("deployment", "deployment.code", "it names other code than the bundle");
  return passed("deployment", "deployment.registry", "it tells of this registry and this code");
}

function checkSeal(bundle: Bundle, hashes: Hashes): BundleCheck {
  const { seal, evidence } = bundle;
  if (seal === undefined) return notChecked("seal", "seal.absent", "nobody signed the bundle as a whole");
  try {
    const signer = signerOfBytes(sealDigest(bundle, hashes), fromHex(seal.signature, 65), hashes);
    if (signer === seal.signer) {
      const who = signer === evidence.batch.operator ? ", the operator that anchored the batch" : "";
      return passed("seal", "seal.signed", `everything in the bundle was signed by ${signer}${who}`);
    }
  } catch {
    // Told below.
  }
  return failed("seal", "seal.broken", "something in the bundle was changed after it was signed");
}

/** Seconds by which an authority's clock and a chain's may differ. */
const CLOCK_TOLERANCE = 900;

/** RFC 3161: the bundle, and so all of its evidence, was there at a time that somebody else vouches for. */
function checkTimestamp(bundle: Bundle, { authority }: VerifyBundleRequest, hashes: Hashes): BundleCheck {
  if (bundle.timestamp === undefined)
    return notChecked("time stamp", "timestamp.absent", "the bundle holds none");
  const wrong = (code: string, message: string): BundleCheck =>
    failed("time stamp", `timestamp.${code}`, message);
  const token = fromHex(bundle.timestamp);
  let stamp: TimestampToken;
  try {
    stamp = readTimestamp(token);
  } catch {
    return wrong("unreadable", "it is no time stamp of RFC 3161");
  }
  if (!stamps(stamp, bundleDigest(bundle, hashes))) return wrong("other", "it is not over this bundle");
  if (stamp.time + CLOCK_TOLERANCE < bundle.evidence.batch.anchoredAt)
    return wrong("early", "it is older than the anchoring that it is over");
  const what = `over this bundle, ${timeText(stamp.time)}`;
  const answer = authority?.(token);
  if (answer === undefined)
    return notChecked(
      "time stamp",
      "timestamp.authority",
      `${what}; whose it is was not checked, for want of an authority that you trust`,
    );
  if (answer.result === "trusted")
    return passed("time stamp", "timestamp.trusted", `${what}, by ${answer.name}`);
  return answer.result === "wrong"
    ? wrong("untrusted", answer.why)
    : notChecked("time stamp", "timestamp.unknown", `${what}; ${answer.why}`);
}
