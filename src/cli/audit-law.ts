import type { ClockFinding, ClockFound, ClocksReport, KeyUse } from "../audit";
import type { Span } from "../positions";
import { count, counted } from "../counted";
import { timeForPeople } from "./output";

const FINDINGS_SHOWN = 50;
const PLACES_SHOWN = 3;
const SPANS_SHOWN = 3;

/** Keys that somebody else may have used, and when. */
export function keyLines(keys: readonly KeyUse[]): string[] {
  return keys.flatMap(({ agencyId, operator, compromise }) => {
    if (compromise === null) return [];
    const { since, revokedAt, declaredAt, batches, entries } = compromise;
    return [
      `compromised ${operator} of agency ${agencyId}: in doubt from ${timeForPeople(since)} until it was revoked ${timeForPeople(revokedAt)}, declared ${timeForPeople(declaredAt)}; ${counted(batches.length, "batch", "batches")}, ${counted(entries.length, "move")}`,
    ];
  });
}

/** Time limits that were missed, shortly. */
export function clockLines(clocks: ClocksReport | null): string[] {
  if (clocks === null) return [];
  const { on, findings, judged } = clocks;
  const total = judged.reduce(
    (sum, { kept, late, overdue, early, running, unknown }) =>
      sum + kept + late + overdue + early + running + unknown,
    0,
  );
  const records = findings.reduce((sum, finding) => sum + finding.records, 0);
  return [
    `clocks     ${count(total)} judged as of ${on}: ${counted(records, "time limit")} missed${findings.some(({ onlyIf }) => onlyIf.length > 0) ? ", or perhaps missed" : ""}`,
    ...findings.slice(0, FINDINGS_SHOWN).map(tellFinding),
    ...(findings.length > FINDINGS_SHOWN
      ? [
          `           … and ${count(findings.length - FINDINGS_SHOWN)} more (all of them with --json or --out)`,
        ]
      : []),
  ];
}

function tellFinding(finding: ClockFinding): string {
  const { code, what, places, records, article, policy, certainty, due, happened, days, onlyIf } = finding;
  const shown = places.slice(0, PLACES_SHOWN).map(placeText).join("; ");
  const place =
    places.length === 1
      ? shown
      : `${counted(records, "record")} (${shown}${places.length > PLACES_SHOWN ? "; …" : ""})`;
  const by = code === "clock.early" ? "before" : "after";
  const done = happened === null ? "not yet" : happened;
  const doubt = certainty === "sure" ? "" : `, ${certainty}`;
  const condition = onlyIf.length === 0 ? "" : `, only if ${onlyIf.join(" and ")}`;
  return `           ${code === "clock.early" ? "early" : code === "clock.late" ? "late" : "overdue"}: ${place}: ${what}: due ${due}, ${done}, ${counted(days, "day")} ${by}; ${article} (${policy}${doubt})${condition}`;
}

function placeText({ where, positions }: ClockFound): string {
  const records = positions.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const shown = positions.slice(0, SPANS_SHOWN).map(spanText).join(", ");
  const told =
    records === 1
      ? `index ${shown}`
      : `${counted(records, "record")} (${shown}${positions.length > SPANS_SHOWN ? ", …" : ""})`;
  return `batch ${where.batchId}, ${told}`;
}

function spanText({ first, last }: Span): string {
  return first === last ? String(first) : `${first} to ${last}`;
}
