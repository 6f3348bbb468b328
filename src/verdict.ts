import type { Fault } from "./errors";

/** The checks, in the order in which they are made and told. */
export const CHECK_NAMES = [
  "format",
  "type",
  "integrity",
  "inclusion",
  "anchor",
  "issuer",
  "status",
  "freshness",
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/** One check: what came of it, why as a stable code, and in a sentence that quotes no value of the record. */
export interface Check<N extends string = CheckName> {
  readonly name: N;
  readonly result: "passed" | "failed" | "not-checked";
  readonly code: string;
  readonly message: string;
  readonly faults?: readonly Fault[];
}

/** Status byte of the registry, spelt out. */
export interface RecordStatus {
  readonly status: "Active" | "Superseded" | "Withdrawn" | "Repaired";
  readonly erased: boolean;
  readonly marks: readonly ("Disputed" | "UnderReview" | "RepairPending" | "Masked")[];
}

/** In words, `Active, Disputed`. What is erased is that alone: which status it had before tells its history. */
export function statusText({ status, erased, marks }: RecordStatus): string {
  return [erased ? "Erased" : status, ...marks].join(", ");
}

export interface Verdict {
  /** 1: a check failed; 2: type, anchor, issuer or status was not checked; 3: not in force; 0: none of these. */
  readonly exitStatus: 0 | 1 | 2 | 3;
  readonly checks: readonly Check[];
  /** Null: not known. */
  readonly inForce: boolean | null;
  /** As read from the chain, null if not read. */
  readonly status: RecordStatus | null;
  /** What the evidence claims to be about; null if it could not be read. */
  readonly subject: Subject | null;
}

export interface Subject {
  readonly chainId: number;
  readonly registry: string;
  readonly agencyId: number;
  readonly batchId: string;
  readonly index: number;
  readonly type: string;
  readonly key: string;
  readonly version: number;
  /** Rebuilt from the fields. */
  readonly leaf: string;
  readonly anchoredAt: number;
}

const REQUIRED: readonly CheckName[] = ["type", "anchor", "issuer", "status"];

/** The end of the codes of checks as of a moment before the record was anchored: that is an answer, not a gap. */
export const NOT_YET = ".not-yet";

/** The verdict that follows from its checks. */
export function conclude(
  checks: readonly Check[],
  inForce: boolean | null,
  status: RecordStatus | null,
  subject: Subject | null,
): Verdict {
  const missing = checks.some(
    ({ name, result, code }) =>
      result === "not-checked" && REQUIRED.includes(name) && !code.endsWith(NOT_YET),
  );
  const anyFailed = checks.some(({ result }) => result === "failed");
  const exitStatus = anyFailed ? 1 : missing ? 2 : inForce === true ? 0 : 3;
  return { exitStatus, checks, inForce, status, subject };
}

/** Verdicts on several files as one. */
export interface CombinedVerdict {
  /** The worst, in the order 1, 2, 3, then 0; 1 also for equivocation. */
  readonly exitStatus: 0 | 1 | 2 | 3;
  /** Pairs of positions: one agency anchored two different contents as the same version of the same record. */
  readonly equivocations: readonly (readonly [number, number])[];
}

/** The worst of several verdicts, and contradictions between them. */
export function combine(verdicts: readonly Verdict[]): CombinedVerdict {
  const equivocations = findEquivocations(verdicts);
  const exits = new Set(verdicts.map(({ exitStatus }) => exitStatus));
  const worst = ([1, 2, 3] as const).find((exit) => exits.has(exit)) ?? 0;
  return { exitStatus: equivocations.length > 0 ? 1 : worst, equivocations };
}

function findEquivocations(verdicts: readonly Verdict[]): [number, number][] {
  const pairs: [number, number][] = [];
  const first = new Map<string, number>();
  verdicts.forEach(({ subject, checks }, i) => {
    // Anybody can write a file that contradicts another: only what was found anchored accuses an agency.
    const proved = ["integrity", "inclusion", "anchor"].every((name) => hasPassed(checks, name));
    if (subject === null || !proved) return;
    const { chainId, registry, agencyId, key, version } = subject;
    const name = [chainId, registry, agencyId, key, version].join();
    const other = first.get(name);
    if (other === undefined) first.set(name, i);
    else if (verdicts[other]!.subject!.leaf !== subject.leaf) pairs.push([other, i]);
  });
  return pairs;
}

function hasPassed(checks: readonly Check[], name: string): boolean {
  return checks.some((check) => check.name === name && check.result === "passed");
}

export function passed<N extends string>(name: N, code: string, message: string): Check<N> {
  return { name, result: "passed", code, message };
}

export function failed<N extends string>(name: N, code: string, message: string): Check<N> {
  return { name, result: "failed", code, message };
}

export function notChecked<N extends string>(name: N, code: string, message: string): Check<N> {
  return { name, result: "not-checked", code, message };
}

/** Seconds since 1970 as `2026-01-31T08:00:00Z`. */
export function timeText(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? `at ${seconds} seconds` : time.toISOString().replace(".000", "");
}
