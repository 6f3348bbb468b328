import { toHex } from "../bytes";
import type { BundleCheck, BundleVerdict } from "../bundle";
import type { Evidence } from "../receipt";
import type { RecordType } from "../types";
import { NOT_YET, type Check, type Moment, type Told, type Verdict } from "../verify";
import { historyLines } from "./history-lines";
import { count, counted } from "../counted";
import { timeForPeople } from "./output";
import { valueLines } from "./values";

/** What `verify` tells people. */

function toldLines({ history, agency, key }: Told, { batch }: Evidence): string[] {
  const { entitled } = key;
  return [
    ...historyLines(batch, history).map((line) => `  ${line}`),
    `  agency     ${agency.code}, ${agency.standing}${agency.actingAgency === agency.id ? "" : `; agency ${agency.actingAgency} acts for it`}`,
    entitled === null
      ? `  key        ${key.address}: nothing shows that it was entitled`
      : `  key        ${key.address}, entitled from ${timeForPeople(entitled.validFrom)} until ${timeForPeople(entitled.validUntil)}${key.revoked ? ", revoked since" : ""}${key.compromisedSince === null ? "" : `, compromised since ${timeForPeople(key.compromisedSince)}`}`,
  ];
}

const signs: Readonly<Record<Check["result"], string>> = { passed: "✓", failed: "✗", "not-checked": "–" };

export function report(
  file: string,
  verdict: Verdict | BundleVerdict,
  evidence: Evidence | undefined,
  types: readonly RecordType[],
  withValues: boolean,
  told: Told | undefined,
): string[] {
  const lines = [file];
  for (const { name, result, message, faults } of verdict.checks) {
    lines.push(`  ${signs[result]} ${name.padEnd(9)}  ${message}`);
    for (const fault of (faults ?? []).slice(0, 10))
      lines.push(`      ${fault.path || "/"}: ${fault.message}`);
  }
  const parts = "bundle" in verdict ? verdict.bundle : null;
  if (parts !== null) lines.push("  the bundle", ...bundleLines(parts.checks));
  const { subject } = verdict;
  if (subject !== null && evidence !== undefined) {
    const type = types.find(({ typeHash }) => toHex(typeHash) === evidence.record.typeHash);
    if (withValues) lines.push(...valueLines(evidence, type).map((line) => `  ${line}`));
    const title = type?.document["title"];
    const what = typeof title === "string" ? `${subject.type} (${title})` : subject.type;
    const isAnchored = ["inclusion", "anchor"].every((name) =>
      verdict.checks.some((check) => check.name === name && check.result === "passed"),
    );
    const when = isLater(verdict)
      ? "not yet anchored then"
      : `${isAnchored ? "anchored" : "said to be of"} ${timeForPeople(subject.anchoredAt)}`;
    lines.push(
      `  ${what}, version ${subject.version}, index ${subject.index} of batch ${subject.batchId}, ${when}`,
    );
  }
  if (told !== undefined && evidence !== undefined) lines.push(...toldLines(told, evidence));
  lines.push(`  ${sentence(verdict)}`, "");
  return lines;
}

/** The checks of the evidence around a record. */
export function bundleLines(checks: readonly BundleCheck[]): string[] {
  return checks.map(({ name, result, message }) => `  ${signs[result]} ${name.padEnd(13)}  ${message}`);
}

/** As of a moment before the record was anchored. */
function isLater({ checks }: Verdict | BundleVerdict): boolean {
  return checks.some(({ name, code }) => name === "anchor" && code === `anchor${NOT_YET}`);
}

/** The moment that verdicts hold for. */
export function momentText({ time, block }: Moment): string {
  return `as of ${block === undefined ? "" : `block ${block}, `}${timeForPeople(time)}`;
}

/** Checks without which a verdict is undecided. */
const REQUIRED = ["type", "anchor", "issuer", "status"];

/** The verdict in one sentence. */
function sentence(verdict: Verdict | BundleVerdict): string {
  const { exitStatus, checks } = verdict;
  const parts = "bundle" in verdict ? (verdict.bundle?.checks ?? []) : [];
  const names = (result: Check["result"], among?: readonly string[]): string =>
    [...checks, ...parts]
      .filter((check) => check.result === result && among?.includes(check.name) !== false)
      .map(({ name }) => name)
      .join(", ");
  switch (exitStatus) {
    case 1:
      return `NOT GENUINE: ${names("failed")} failed`;
    case 2:
      return `UNDECIDED: nothing failed, but these could not be checked: ${names("not-checked", REQUIRED)}`;
    case 3:
      return isLater(verdict) ? "NOT YET ANCHORED THEN" : "GENUINE, BUT NOT IN FORCE";
    case 0:
      return "GENUINE AND IN FORCE";
  }
}

export function summary(verdicts: readonly Verdict[]): string[] {
  if (verdicts.length < 2) return [];
  const [inForce, notGenuine, undecided, notInForce] = [0, 1, 2, 3].map((exit) =>
    count(verdicts.filter(({ exitStatus }) => exitStatus === exit).length),
  );
  return [
    `${counted(verdicts.length, "file")}: ${inForce} genuine and in force, ${notInForce} not in force, ${undecided} undecided, ${notGenuine} not genuine`,
  ];
}
