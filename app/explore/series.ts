import type { BatchState } from "../../src/audit/state";

export type Unit = "day" | "week" | "month";

/** Records anchored in one period, by agency. */
export interface Period {
  /** First day, `YYYY-MM-DD` in UTC+8. */
  readonly start: string;
  readonly byAgency: ReadonlyMap<number, number>;
  readonly total: number;
}

export interface Series {
  readonly unit: Unit;
  /** Without a gap, the first period with records to the last. */
  readonly periods: readonly Period[];
}

const DAY = 86_400;
const MOST_BARS = 45;

/** First day of the period that a time in seconds falls into, in UTC+8: weeks begin on Monday. */
export function periodOf(seconds: number, unit: Unit): string {
  const days = Math.floor((seconds + 8 * 3600) / DAY);
  if (unit === "day") return dayText(days);
  // 1970-01-01 was a Thursday.
  if (unit === "week") return dayText(days - ((days + 3) % 7));
  return `${dayText(days).slice(0, 7)}-01`;
}

function dayText(days: number): string {
  return new Date(days * DAY * 1000).toISOString().slice(0, 10);
}

function after(start: string, unit: Unit): string {
  const [year, month, day] = start.split("-").map(Number) as [number, number, number];
  const next =
    unit === "month" ? Date.UTC(year, month, 1) : Date.UTC(year, month - 1, day + (unit === "week" ? 7 : 1));
  return new Date(next).toISOString().slice(0, 10);
}

/** Records anchored over time, in the finest unit that gives no more bars than fit. */
export function seriesOf(batches: readonly Pick<BatchState, "header">[]): Series {
  for (const unit of ["day", "week", "month"] as const) {
    const periods = periodsOf(batches, unit);
    if (periods.length <= MOST_BARS || unit === "month") return { unit, periods };
  }
  throw new RangeError("unreachable");
}

function periodsOf(batches: readonly Pick<BatchState, "header">[], unit: Unit): Period[] {
  const sums = new Map<string, Map<number, number>>();
  let first = "9999";
  let last = "0000";
  for (const { header } of batches) {
    const start = periodOf(header.anchoredAt, unit);
    if (start < first) first = start;
    if (start > last) last = start;
    const byAgency = sums.get(start) ?? new Map<number, number>();
    byAgency.set(header.agencyId, (byAgency.get(header.agencyId) ?? 0) + header.size);
    sums.set(start, byAgency);
  }
  const periods: Period[] = [];
  for (let start = first; start <= last; start = after(start, unit)) {
    const byAgency = sums.get(start) ?? new Map<number, number>();
    periods.push({ start, byAgency, total: [...byAgency.values()].reduce((a, b) => a + b, 0) });
  }
  return periods;
}

/** Round steps for an axis up to `most`: 0, 200, 400, … */
export function ticks(most: number): number[] {
  if (most <= 0) return [0];
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    1,
    [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough)!,
  );
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
}
