import { isInteger, toHex } from "./bytes";
import { batchId, headerHash } from "./commitment";
import { isShown, type Evidence } from "./evidence";
import type { Hashes } from "./hashes";
import type { JsonValue } from "./json";
import type { RecordType } from "./types/record-type";
import {
  failed,
  NOT_YET,
  notChecked,
  passed,
  statusText,
  timeText,
  type Check,
  type RecordStatus,
} from "./verdict";
import {
  entitledAt,
  happenedBy,
  standingAfter,
  statusAfter,
  type FactsHistory,
  type Moment,
} from "./verify-history";

/** The checks that need what the chain said, and whom the verifier trusts. */

/** A registry that the verifier trusts: from a deployment record, settings or a flag, never from the receipt. */
export interface TrustedRegistry {
  readonly chainId: number;
  readonly address: string;
  /** Keccak-256 of the code at the address; compared when known. */
  readonly codeHash?: string;
}

/** What the chain said about one receipt, all read at one block. Hashes and addresses in hex, times in seconds. */
export interface ChainFacts {
  readonly chainId: number;
  /** The registry that was asked. */
  readonly registry: string;
  readonly registryCodePresent: boolean;
  readonly registryCodeHash?: string;
  readonly block: { readonly number: number; readonly hash: string; readonly time: number };
  /** `headerHashOf` the receipt's batch id; null if the registry has no such batch. */
  readonly headerHash: string | null;
  /** `statusOf` the receipt's batch id and index. */
  readonly statusByte: number;
  /** The batch's agency; null if there is none of that id. */
  readonly agency: { readonly code: string; readonly standing: "Active" | "Suspended" | "Closed" } | null;
  /** The header's operator as an operator of that agency; null if it never was one. */
  readonly operator: {
    readonly permissions: number;
    readonly validFrom: number;
    readonly validUntil: number;
    /** Zero if never declared. */
    readonly compromisedSince: number;
    readonly revoked: boolean;
  } | null;
  /** Of the header's `typeId`; null if there is no such type. */
  readonly typeHash: string | null;
  /** How many independent nodes said the same. */
  readonly sources: number;
  /** What the events tell, if they were read. */
  readonly history?: FactsHistory;
  /**
   * The transaction of the receipt, if it was looked up: where it was mined and whether the registry's `BatchAnchored`
   * of this batch is among its events; null if the node does not know it.
   */
  readonly transaction?: {
    readonly blockNumber: number;
    readonly blockHash: string;
    readonly anchoredBatch: boolean;
  } | null;
}

/** What the verifier demands. */
export interface Policy {
  /** The day to judge by, `YYYY-MM-DD` in UTC+8: {@link dateInChina}. */
  readonly today: string;
  /** Seconds since 1970, for the age of the facts. */
  readonly now?: number;
  /** Seconds that the block of the facts may be old. */
  readonly maximumAge?: number;
  /** Judge by what had happened then, instead of by what the chain says now. Needs the history in the facts. */
  readonly asOf?: Moment;
}

/** What the chain would have said at a moment of the past: status and standing, by its events. */
export function factsAsOf(facts: ChainFacts, agencyId: number, moment: Moment): ChainFacts {
  const { history, agency } = facts;
  if (history === undefined) return facts;
  const agencies = history.agencies.filter((event) => happenedBy(moment, event));
  return {
    ...facts,
    statusByte: statusAfter(history.record.filter((event) => happenedBy(moment, event))),
    agency: agency && { ...agency, standing: standingAfter(agencies, agencyId) },
  };
}

/** The last day of a record without end, as sources write it. */
const LONG_TERM = "2099-12-31";
/** Seconds by which a chain's clock may be ahead of ours. */
const CLOCK_TOLERANCE = 900;

/** Did the registry that the verifier trusts anchor this very batch? */
export function checkAnchor(
  { registry, batch, transaction }: Evidence,
  trust: readonly TrustedRegistry[],
  facts: ChainFacts | undefined,
  hashes: Hashes,
): Check {
  const open = (code: string, message: string): Check => notChecked("anchor", `anchor.${code}`, message);
  if (trust.length === 0) return open("no-trust", "no trusted registry was given");
  const trusted = trust.find(
    ({ chainId, address }) => chainId === registry.chainId && address.toLowerCase() === registry.address,
  );
  if (trusted === undefined)
    return failed("anchor", "anchor.untrusted", "the registry it names is not one that you trust");
  if (facts === undefined) return open("offline", "the chain was not asked");
  if (facts.chainId !== registry.chainId)
    return open(
      "other-chain",
      `the node serves chain ${facts.chainId}, the registry is on ${registry.chainId}`,
    );
  if (facts.registry.toLowerCase() !== registry.address)
    return open("other-registry", "another registry was asked");
  if (!facts.registryCodePresent)
    return open("no-contract", "the node knows no contract at the registry's address");
  if (trusted.codeHash !== undefined && trusted.codeHash !== facts.registryCodeHash)
    return open("other-code", "the contract at the registry's address is not the one that you trust");
  if (facts.headerHash === null) return failed("anchor", "anchor.no-batch", "the registry has no such batch");
  if (facts.headerHash !== toHex(headerHash(batch, hashes)))
    return failed("anchor", "anchor.header", "the registry anchored this batch with other contents");
  const seen = facts.transaction ?? undefined;
  if (
    seen !== undefined &&
    (!seen.anchoredBatch ||
      seen.blockNumber !== transaction.blockNumber ||
      seen.blockHash !== transaction.blockHash)
  )
    return failed(
      "anchor",
      "anchor.transaction",
      "the transaction or block it names did not anchor this batch",
    );
  return passed(
    "anchor",
    "anchor.found",
    `batch ${batchId(batch.agencyId, batch.sequence)}, anchored ${timeText(batch.anchoredAt)}`,
  );
}

/** Is the agency that anchored it the one that the record names, and was its key its own? */
export function checkIssuer(
  { record, batch }: Evidence,
  type: RecordType | undefined,
  facts: ChainFacts | undefined,
  asOf: Moment | undefined,
): Check {
  const open = (code: string, message: string): Check => notChecked("issuer", `issuer.${code}`, message);
  if (facts === undefined) return open("no-anchor", "needs an anchor that was found");
  if (type === undefined) return open("no-type", "needs the record type");
  const { agency, operator } = asOf === undefined ? facts : factsAsOf(facts, batch.agencyId, asOf);
  if (agency === null) return failed("issuer", "issuer.unknown-agency", "the registry has no such agency");
  if (type.issuer !== undefined) {
    const field = record.fields.find(({ name }) => name === type.issuer);
    if (field === undefined || !isShown(field)) return open("hidden", `field ${type.issuer} is hidden`);
    if (field.value !== agency.code)
      return failed(
        "issuer",
        "issuer.differs",
        `field ${type.issuer} is not the code of the agency that anchored it`,
      );
  }
  // What a key anchored while it may have been stolen is neither proved nor disproved: a human has to decide.
  const since = operator?.compromisedSince ?? 0;
  if (since > 0 && batch.anchoredAt >= since)
    return open(
      "operator-compromised",
      `the operator's key was declared compromised since ${timeText(since)}`,
    );
  const standing =
    agency.standing === "Active"
      ? ""
      : `, which ${asOf === undefined ? "is" : "was"} ${agency.standing.toLowerCase()} ${asOf === undefined ? "now" : "then"}`;
  if (facts.history === undefined)
    return passed("issuer", "issuer.agency", `anchored by agency ${agency.code}${standing}`);
  // The registry lets nobody else anchor: a node whose events do not show it leaves some out.
  if (entitledAt(facts.history, batch.agencyId, batch.anchoredAt) === undefined)
    return open("key-history", "the node's events do not show that the key was entitled when it anchored");
  return passed(
    "issuer",
    "issuer.agency",
    `anchored by agency ${agency.code}${standing}, with a key that was entitled then`,
  );
}

export interface StatusResult {
  readonly check: Check;
  readonly inForce: boolean | null;
  readonly status: RecordStatus | null;
}

/** What became of the record, and is it in force? */
export function checkStatus(
  evidence: Evidence,
  type: RecordType | undefined,
  facts: ChainFacts | undefined,
  policy: Policy,
): StatusResult {
  const open = (code: string, message: string, status: RecordStatus | null = null): StatusResult => {
    return { check: notChecked("status", `status.${code}`, message), inForce: null, status };
  };
  if (facts === undefined) return open("no-anchor", "needs an anchor that was found");
  const { asOf } = policy;
  const { history } = facts;
  if (asOf !== undefined && history === undefined)
    return open("no-history", "what it was on a past day needs the registry's events");
  // The events lead to the answer of the registry, or one of the two is not true.
  if (history !== undefined && statusAfter(history.record) !== facts.statusByte)
    return open("history-differs", "the node's events lead to another status than the one it answers");
  if (!isAnchoredBy(asOf, evidence, facts))
    return {
      check: passed("status", `status${NOT_YET}`, "not in force: it was not anchored yet"),
      inForce: false,
      status: null,
    };
  const status = parseStatus(
    (asOf === undefined ? facts : factsAsOf(facts, evidence.batch.agencyId, asOf)).statusByte,
  );
  if (status === null) return open("unknown", "the registry gave a status that this program does not know");
  if (type === undefined) return open("no-type", "needs the record type, for its dates", status);
  const end = endOf(evidence, type);
  if (end === null) return open("no-date", "the date until which it is in force cannot be read", status);
  if (!isDate(policy.today)) return open("no-today", "the day to judge by must be like 2026-01-31", status);

  const reason = notInForce(status, end, policy.today);
  const text = `${statusText(status)}${reason === undefined ? ", in force" : `, not in force: ${reason.message}`}`;
  const check = passed("status", `status.${reason?.code ?? "in-force"}`, text);
  return { check, inForce: reason === undefined, status };
}

/** Whether the record was anchored by a moment of the past; without one: now. */
export function isAnchoredBy(
  moment: Moment | undefined,
  { batch }: Evidence,
  { transaction }: ChainFacts,
): boolean {
  // The block that the evidence names counts only as far as the chain knows the transaction; the time is in the header.
  const at = { time: batch.anchoredAt, blockNumber: transaction?.blockNumber ?? 0 };
  return moment === undefined || happenedBy(moment, at);
}

function notInForce(
  status: RecordStatus,
  end: string,
  today: string,
): { code: string; message: string } | undefined {
  if (status.erased) return { code: "erased", message: "payload and secrets were destroyed" };
  if (status.status === "Superseded")
    // A successor is told by its leaf alone, which shows nobody whose version it is.
    return {
      code: "superseded",
      message: "a newer version, or a record with another key, took its place",
    };
  if (status.status === "Withdrawn") return { code: "withdrawn", message: "the agency withdrew it" };
  if (status.status === "Repaired") return { code: "repaired", message: "the subject's credit was repaired" };
  if (status.marks.includes("Masked")) return { code: "masked", message: "it is masked for the time being" };
  if (end < today) return { code: "expired", message: "its last day has passed" };
  return undefined;
}

/** Last day in force: the first date present; {@link FOREVER} if there is none; null if it is hidden or no date. */
function endOf({ record }: Evidence, type: RecordType): string | null {
  for (const name of type.inForceUntil) {
    const field = record.fields.find((candidate) => candidate.name === name);
    if (field === undefined || !isShown(field)) return null;
    if (field.value === null) continue;
    if (!isDate(field.value)) return null;
    return field.value === LONG_TERM ? FOREVER : field.value;
  }
  return FOREVER;
}
const FOREVER = "9999-12-31";

function isDate(value: JsonValue): value is string {
  return typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value);
}

const STATUSES = ["Active", "Superseded", "Withdrawn", "Repaired"] as const;
const MARKS = ["Disputed", "UnderReview", "RepairPending", "Masked"] as const;

/** A status byte of the registry, or null if it has a value that format 1 does not know. */
export function parseStatus(byte: number): RecordStatus | null {
  const status = isInteger(byte, 0, 255) ? STATUSES[byte & 7] : undefined;
  if (status === undefined) return null;
  return { status, erased: (byte & 8) !== 0, marks: MARKS.filter((_, i) => (byte & (16 << i)) !== 0) };
}

/** How old is what the chain said? */
export function checkFreshness(facts: ChainFacts | undefined, policy: Policy): Check {
  if (facts === undefined)
    return notChecked("freshness", "freshness.no-anchor", "needs an anchor that was found");
  const sources = facts.sources > 1 ? `${facts.sources} sources agree` : "single source";
  const asOf = `as of block ${facts.block.number}, ${timeText(facts.block.time)} (${sources})`;
  if (policy.maximumAge === undefined || policy.now === undefined)
    return notChecked("freshness", "freshness.no-limit", `${asOf}; no greatest age was demanded`);
  const age = policy.now - facts.block.time;
  if (age < -CLOCK_TOLERANCE)
    return notChecked("freshness", "freshness.clock", `${asOf}: ahead of this computer's clock`);
  if (age > policy.maximumAge)
    return failed("freshness", "freshness.old", `${asOf}: older than ${policy.maximumAge} seconds`);
  return passed("freshness", "freshness.recent", asOf);
}
