/**
 * Missed time limits as people read them: a finding stands for one due date, and a year of them for one rule fills a book.
 * Here each rule, agency and type of record is one line. report.json has every finding.
 */
import type { ClockFinding, ClockFound, ClocksReport } from "../audit";
import type { Span } from "../positions";

/** What one agency missed of one rule with records of one type. */
export interface MissedGroup {
  /** The finding that is worst, by its days: for what all of the group share. */
  readonly worst: ClockFinding;
  /** Undefined: the findings do not say whose batch it was. */
  readonly agencyId: string | undefined;
  readonly records: number;
  /** Distinct due dates. */
  readonly dues: number;
  readonly oldestDue: string;
  readonly latestDue: string;
  /** Places of the worst first. */
  readonly places: readonly ClockFound[];
  /** Conditions, with `…` for dates in which they differ. */
  readonly onlyIf: readonly string[];
}

/** Those that hold without a condition first, then those with the most records. */
export function missedGroups({ findings }: ClocksReport): MissedGroup[] {
  const groups = new Map<string, { agencyId: string | undefined; parts: Part[] }>();
  for (const finding of findings)
    for (const [agencyId, places] of byAgency(finding.places)) {
      const { code, clock, policy, article, recordType, certainty, evidence, onlyIf } = finding;
      const shared = [code, clock, policy, article, recordType, certainty, evidence, onlyIf.map(undated)];
      const key = JSON.stringify([agencyId ?? null, ...shared]);
      const group = groups.get(key) ?? { agencyId, parts: [] };
      groups.set(key, group);
      group.parts.push({ finding, places });
    }
  return [...groups.values()]
    .map(groupOf)
    .sort((a, b) => a.onlyIf.length - b.onlyIf.length || b.records - a.records);
}

/** How many records some spans hold. */
export function sizeOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

interface Part {
  readonly finding: ClockFinding;
  readonly places: readonly ClockFound[];
}

function groupOf({ agencyId, parts }: { agencyId: string | undefined; parts: readonly Part[] }): MissedGroup {
  const ordered = [...parts].sort((a, b) => b.finding.days - a.finding.days);
  const worst = ordered[0]!.finding;
  const dues = [...new Set(parts.map(({ finding }) => finding.due))].sort();
  const places = ordered.flatMap((part) => part.places);
  const isOne = parts.every(({ finding }) => String(finding.onlyIf) === String(worst.onlyIf));
  return {
    ...{ worst, agencyId, places },
    records: places.reduce((sum, { positions }) => sum + sizeOf(positions), 0),
    dues: dues.length,
    oldestDue: dues[0]!,
    latestDue: dues.at(-1)!,
    onlyIf: isOne ? worst.onlyIf : worst.onlyIf.map(undated),
  };
}

/** One finding may be of batches of several agencies. */
function byAgency(places: readonly ClockFound[]): Map<string | undefined, ClockFound[]> {
  const agencies = new Map<string | undefined, ClockFound[]>();
  for (const place of places) {
    const { batchId = "" } = place.where;
    const agencyId = /^\d{1,20}$/.test(batchId) ? String(BigInt(batchId) >> 32n) : undefined;
    const known = agencies.get(agencyId);
    if (known === undefined) agencies.set(agencyId, [place]);
    else known.push(place);
  }
  return agencies;
}

function undated(condition: string): string {
  return condition.replace(/\d{4}-\d{2}-\d{2}/g, "…");
}
