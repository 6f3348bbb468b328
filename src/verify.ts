import { expectInteger, refusal, toHex } from "./bytes";
import { batchId } from "./commitment";
import type { Fault } from "./errors";
import { readEvidence, type Evidence } from "./evidence";
import { portableHashes, type Hashes } from "./hashes";
import { isObject } from "./json";
import { leafOf } from "./receipt";
import type { RecordType } from "./types/record-type";
import {
  CHECK_NAMES,
  conclude,
  failed,
  notChecked,
  NOT_YET,
  passed,
  type Check,
  type Subject,
  type Verdict,
} from "./verdict";
import { checkProof, checkType, findType } from "./verify-evidence";
import {
  checkAnchor,
  checkFreshness,
  checkIssuer,
  checkStatus,
  isAnchoredBy,
  type ChainFacts,
  type Policy,
  type TrustedRegistry,
} from "./verify-facts";

export * from "./verdict";
export * from "./verify-history";
export { toldOf, type Told } from "./verify-told";
export { factsAsOf, parseStatus, type ChainFacts, type Policy, type TrustedRegistry } from "./verify-facts";

export interface VerifyRequest {
  /** Text of a receipt or presentation, or what a JSON parser made of it. */
  readonly evidence: unknown;
  /** Record types the verifier has; else the document in the receipt is used, if its hash is right. */
  readonly types?: readonly RecordType[];
  /** Left out: offline. */
  readonly facts?: ChainFacts | undefined;
  readonly trust: readonly TrustedRegistry[];
  readonly policy: Policy;
}

/**
 * Does the evidence satisfy trust and policy, given what the chain said? Pure: no network, no clock. Never throws on
 * evidence of any kind.
 * @throws `verify.request` when it is called wrongly.
 */
export function verify(request: VerifyRequest, hashes: Hashes = portableHashes): Verdict {
  expectRequest(request);
  const { facts, trust, policy, types = [] } = request;
  const { evidence, faults } = readEvidence(request.evidence);
  if (evidence === undefined) return unreadable(faults);
  const leaf = leafOf(evidence, hashes);
  const found = findType(evidence, types, hashes);

  const format = passed("format", "format.known", `${evidence.format} version ${evidence.formatVersion}`);
  const [integrity, inclusion] = checkProof(evidence, leaf, hashes);
  const anchored = checkAnchor(evidence, trust, facts, hashes);
  const type = checkType(evidence, found, anchored.result === "passed" ? facts : undefined);
  // What the chain says of a batch says something about this record only if the record is in that batch.
  const stands = [integrity, inclusion, anchored].every(({ result }) => result === "passed");
  const known = stands ? facts : undefined;
  const isLater = known !== undefined && !isAnchoredBy(policy.asOf, evidence, known);
  const anchor = isLater ? notYet("anchor") : anchored;
  const issuer = isLater ? notYet("issuer") : checkIssuer(evidence, found.type, known, policy.asOf);
  const status = checkStatus(evidence, found.type, known, policy);
  const freshness = checkFreshness(known, policy);

  const checks = [format, type, integrity, inclusion, anchor, issuer, status.check, freshness];
  return conclude(checks, status.inForce, status.status, subjectOf(evidence, leaf));
}

/** Of a moment before the record was anchored. */
function notYet(name: "anchor" | "issuer"): Check {
  return notChecked(name, `${name}${NOT_YET}`, "not anchored yet then");
}

function expectRequest(request: unknown): void {
  const { trust, policy, facts, types = [] } = (isObject(request) ? request : {}) as Record<string, unknown>;
  const isTrusted = (item: unknown): boolean =>
    isObject(item) && typeof item["address"] === "string" && typeof item["chainId"] === "number";
  const isAsked = isList(trust, isTrusted) && isList(types, isObject) && isObject(policy);
  const isAnswered = facts === undefined || (isObject(facts) && isObject(facts["block"]));
  if (!isAsked || !isAnswered)
    throw refusal(
      "verify.request",
      "",
      "verification needs a list of trusted registries, a policy, facts or none",
    );
}

/** Stops at the first wrong element: a list may claim to be of any length. */
function isList(value: unknown, isElement: (element: unknown) => boolean): boolean {
  if (!Array.isArray(value)) return false;
  for (let i = 0; i < value.length; i++) if (!isElement(value[i])) return false;
  return true;
}

export function unreadable(faults: readonly Fault[]): Verdict {
  const first = faults[0]!;
  const code = first.code === "format.unsupported" ? first.code : "format.invalid";
  const format: Check = { ...failed("format", code, `${first.path} ${first.message}`.trim()), faults };
  const others = CHECK_NAMES.slice(1).map((name) =>
    notChecked(name, `${name}.unread`, "the file could not be read"),
  );
  return conclude([format, ...others], null, null, null);
}

function subjectOf({ registry, batch, record }: Evidence, leaf: Uint8Array): Subject {
  return {
    chainId: registry.chainId,
    registry: registry.address,
    agencyId: batch.agencyId,
    batchId: batchId(batch.agencyId, batch.sequence),
    index: record.index,
    type: record.type,
    key: record.key,
    version: record.version,
    leaf: toHex(leaf),
    anchoredAt: batch.anchoredAt,
  };
}

/** The calendar date in UTC+8 of a time in seconds since 1970, up to the year 9999. */
export function dateInChina(seconds: number): string {
  const whole = typeof seconds === "number" ? Math.floor(seconds) : seconds;
  return new Date((expectInteger(whole, 0, 253402271999 - 8 * 3600, "seconds") + 8 * 3600) * 1000)
    .toISOString()
    .slice(0, 10);
}
