import { dateInChina } from "../policy/dates";
import { ERASED, STATUS_BITS } from "./moves";
import { type BatchState, type RegistryState } from "./state";
import { labelText } from "../foreign-text";

/** Lengths of the periods in which an audit counts. */
export const PERIODS = ["month", "quarter", "day"] as const;
export type Period = (typeof PERIODS)[number];

/** How many records have each status now; a record has one of the first four, and any of the others besides. */
export interface StatusCounts {
  active: number;
  superseded: number;
  withdrawn: number;
  repaired: number;
  erased: number;
  disputed: number;
  underReview: number;
  repairPending: number;
  masked: number;
}

/** How many records were anchored within the time that the law leaves for their publication. */
export interface Timeliness {
  onTime: number;
  late: number;
  /** No vault at hand, or the record has no such limit, or it cannot be told. */
  notKnown: number;
}

/** What was counted of some batches. */
export interface Counts {
  batches: number;
  /** Records that the headers of the batches claim. */
  records: number;
  /** Records of batches whose leaves were at hand: so many there are, and not only claimed. */
  proven: number;
  /** Batches anchored by an operator later declared compromised, since a time before they were anchored. */
  flagged: number;
  statuses: StatusCounts;
  timeliness: Timeliness;
}

export interface PeriodCoverage extends Readonly<Counts> {
  /** `2026-04`, `2026-Q2` or `2026-04-30`: by the date in China on which the batches were anchored. */
  readonly period: string;
}

export interface TypeCoverage extends Readonly<Counts> {
  readonly typeId: number;
  readonly name: string;
  /** Periods in which something was anchored, in the order of time. */
  readonly periods: readonly PeriodCoverage[];
}

export interface AgencyCoverage extends Readonly<Counts> {
  readonly agencyId: number;
  readonly code: string;
  readonly standing: string;
  /** Its batches are numbered without a gap, and each builds on the one before. */
  readonly withoutGap: boolean;
  readonly types: readonly TypeCoverage[];
}

export interface Coverage extends Readonly<Counts> {
  readonly events: number;
  readonly views: number;
  /** Batches whose leaves were at hand, so that size, order and root are proved and not only claimed. */
  readonly batchesWithLeaves: number;
  readonly supersessions: number;
  /** The batches counted in {@link Counts.flagged}. */
  readonly flaggedBatches: readonly string[];
  /** How long the periods are. */
  readonly period: Period;
  readonly agencies: readonly AgencyCoverage[];
}

/** What coverage is told besides the registry itself. */
export interface Covered {
  readonly events: number;
  readonly views: number;
  readonly withLeaves: ReadonlySet<bigint>;
  /** Of batches whose records were judged: how many were anchored in time, and how many late. */
  readonly timeliness: ReadonlyMap<bigint, { readonly onTime: number; readonly late: number }>;
  /** Agencies whose batches are not one chain without a gap. */
  readonly broken: ReadonlySet<number>;
  readonly period: Period;
}

/** Counts all batches once; what is kept grows with agencies, types and periods only, not with batches. */
export function coverage(state: RegistryState, covered: Covered): Coverage {
  const whole = nothing();
  const flaggedBatches: string[] = [];
  const agencies = new Map<number, { counts: Counts; types: Map<number, Map<string, Counts>> }>();
  for (const { id } of state.agencies.values()) agencies.set(id, { counts: nothing(), types: new Map() });
  for (const batch of state.batches.values()) {
    const { agencyId, typeId, anchoredAt } = batch.header;
    const counts = countsOf(batch, covered);
    if (batch.flagged) flaggedBatches.push(String(batch.id));
    add(whole, counts);
    const agency = agencies.get(agencyId)!;
    add(agency.counts, counts);
    const periods = entry(agency.types, typeId, () => new Map<string, Counts>());
    add(entry(periods, periodOf(anchoredAt, covered.period), nothing), counts);
  }
  return {
    events: covered.events,
    views: covered.views,
    ...whole,
    batchesWithLeaves: covered.withLeaves.size,
    supersessions: state.successions.length,
    flaggedBatches,
    period: covered.period,
    agencies: [...state.agencies.values()].map(({ id: agencyId, code, standing }) => {
      const { counts, types } = agencies.get(agencyId)!;
      return {
        agencyId,
        code: labelText(code),
        standing,
        withoutGap: !covered.broken.has(agencyId),
        ...counts,
        types: [...types].map(([typeId, periods]) => ({
          typeId,
          name: labelText(state.types.get(typeId)?.name ?? "0x"),
          ...total(periods.values()),
          periods: [...periods]
            .map(([period, some]) => ({ period, ...some }))
            .sort((a, b) => (a.period < b.period ? -1 : 1)),
        })),
      };
    }),
  };
}

/** In which period a moment lies, by the calendar of China. A time that no calendar knows is `beyond` all periods. */
export function periodOf(seconds: number, period: Period): string {
  // 9999-12-31 in China: a node may claim any time.
  if (!(seconds >= 0 && seconds < 253_402_272_000)) return "beyond";
  const date = dateInChina(seconds);
  switch (period) {
    case "day":
      return date;
    case "month":
      return date.slice(0, 7);
    case "quarter":
      return `${date.slice(0, 4)}-Q${Math.ceil(Number(date.slice(5, 7)) / 3)}`;
  }
}

function countsOf(batch: BatchState, { withLeaves, timeliness }: Covered): Counts {
  const { size, root } = batch.header;
  // Of a direct batch that contradicts itself nothing is proven.
  const proven =
    withLeaves.has(batch.id) && (batch.leaf === undefined || (size === 1 && batch.leaf === root));
  const { onTime, late } = timeliness.get(batch.id) ?? { onTime: 0, late: 0 };
  return {
    batches: 1,
    records: size,
    proven: proven ? size : 0,
    flagged: batch.flagged ? 1 : 0,
    statuses: statusesOf(batch),
    timeliness: { onTime, late, notKnown: size - onTime - late },
  };
}

function statusesOf({ header, words }: BatchState): StatusCounts {
  const counts = nothing().statuses;
  counts.active = header.size;
  for (const word of words.values())
    for (const status of word) {
      if (status === 0) continue;
      const name = STATUS_NAMES[status & STATUS_BITS];
      if (name !== undefined) {
        counts.active--;
        counts[name]++;
      }
      if ((status & ERASED) !== 0) counts.erased++;
      MARKS.forEach((mark, i) => {
        if ((status & (16 << i)) !== 0) counts[mark]++;
      });
    }
  return counts;
}

const STATUS_NAMES: readonly ("superseded" | "withdrawn" | "repaired" | undefined)[] = [
  undefined,
  "superseded",
  "withdrawn",
  "repaired",
];
const MARKS = ["disputed", "underReview", "repairPending", "masked"] as const;

function nothing(): Counts {
  return {
    batches: 0,
    records: 0,
    proven: 0,
    flagged: 0,
    statuses: {
      active: 0,
      superseded: 0,
      withdrawn: 0,
      repaired: 0,
      erased: 0,
      disputed: 0,
      underReview: 0,
      repairPending: 0,
      masked: 0,
    },
    timeliness: { onTime: 0, late: 0, notKnown: 0 },
  };
}

function add(sum: Counts, { statuses, timeliness, ...plain }: Counts): void {
  addEach<"batches" | "records" | "proven" | "flagged">(sum, plain);
  addEach(sum.statuses, statuses);
  addEach(sum.timeliness, timeliness);
}

function addEach<K extends string>(sum: Record<K, number>, more: Readonly<Record<K, number>>): void {
  for (const key of Object.keys(more) as K[]) sum[key] += more[key];
}

function total(all: Iterable<Counts>): Counts {
  const sum = nothing();
  for (const counts of all) add(sum, counts);
  return sum;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
