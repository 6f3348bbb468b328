import type { ClockFound, ClocksReport, KeyUse } from "../audit";
import type { Span } from "../positions";
import { count, counted } from "../counted";
import { missedGroups, sizeOf, type MissedGroup } from "../report/missed";
import { timeForPeople } from "./output";

/** A line each: the verdict below them has to be found. */
const GROUPS_SHOWN = 8;
const PLACES_SHOWN = 2;
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

/** Time limits that were missed: a line for each rule, agency and type of record. */
export function clockLines(clocks: ClocksReport | null): string[] {
  if (clocks === null) return [];
  const { on, findings, judged } = clocks;
  const total = judged.reduce(
    (sum, { kept, late, overdue, early, running, unknown }) =>
      sum + kept + late + overdue + early + running + unknown,
    0,
  );
  const records = findings.reduce((sum, finding) => sum + finding.records, 0);
  const groups = missedGroups(clocks);
  return [
    `clocks     ${count(total)} judged as of ${on}: ${counted(records, "time limit")} missed${findings.some(({ onlyIf }) => onlyIf.length > 0) ? ", or perhaps missed" : ""}`,
    ...groups.slice(0, GROUPS_SHOWN).map(tellGroup),
    ...(groups.length > GROUPS_SHOWN
      ? [`           … and of ${count(groups.length - GROUPS_SHOWN)} more rules, agencies or types`]
      : []),
    ...(findings.length > Math.min(groups.length, GROUPS_SHOWN)
      ? ["           every due date and place: with --json or --out"]
      : []),
  ];
}

function tellGroup({
  worst,
  agencyId,
  records,
  dues,
  oldestDue,
  latestDue,
  places,
  onlyIf,
}: MissedGroup): string {
  const { code, what, recordType, article, policy, certainty, due, happened, days } = worst;
  const whose = agencyId === undefined ? "" : ` of agency ${agencyId}`;
  const shown = places.slice(0, PLACES_SHOWN).map(placeText).join("; ");
  const by = code === "clock.early" ? "before" : "after";
  const day = `due ${due}, ${happened ?? "not yet"}, ${counted(days, "day")} ${by}`;
  const when =
    dues === 1 ? day : `${count(dues)} due dates from ${oldestDue} to ${latestDue}; the worst ${day}`;
  const doubt = certainty === "sure" ? "" : `, ${certainty}`;
  const condition = onlyIf.length === 0 ? "" : `, only if ${onlyIf.join(" and ")}`;
  return (
    `           ${code === "clock.early" ? "early" : code === "clock.late" ? "late" : "overdue"}: ` +
    `${counted(records, "record")}${whose}, ${recordType}: ${what}: ${when} ` +
    `(${shown}${places.length > PLACES_SHOWN ? "; …" : ""}); ${article} (${policy}${doubt})${condition}`
  );
}

function placeText({ where, positions }: ClockFound): string {
  const records = sizeOf(positions);
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
