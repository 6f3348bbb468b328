/**
 * Legal time limits that were not kept, or ran out. They say what an agency did, not what the chain says: the chain is
 * right about them, so they are no differences.
 */
import { codeWords, dayNumber, type Clock } from "../policy";
import type { Span } from "../positions";
import type { Findings, Where } from "./differences";

/** Records of one batch of which something was found. */
export interface ClockFound {
  /** Batch and first position; and of the act that ended the clock, or began it, where it is. */
  readonly where: Where;
  readonly positions: readonly Span[];
}

/**
 * A time limit that was missed, for all records of which the very same holds: a million that were published too late
 * share a few hundred days, and how each was counted is told once. No value of a record in it.
 */
export interface ClockFinding {
  /** It happened after its limit; it has not happened, and the limit is over; it happened before it was allowed. */
  readonly code: "clock.late" | "clock.overdue" | "clock.early";
  /** Code of the policy's rule: `publication.limit`, `repair.minimum`. */
  readonly clock: string;
  /** {@link clock} in words. */
  readonly what: string;
  readonly places: readonly ClockFound[];
  /** In all places. */
  readonly records: number;
  readonly recordType: string;
  /** Version that decides: `ndrc-order-36@1`. */
  readonly policy: string;
  readonly title: string;
  readonly authority: string;
  readonly article: string;
  readonly certainty: Clock["certainty"];
  readonly note: string | undefined;
  readonly from: Clock["from"];
  /** Last day of a limit, first day of a minimum. */
  readonly due: string;
  /** When it happened; null: not up to {@link ClocksReport.on}. */
  readonly happened: string | null;
  /** Days after (or before) {@link due} on which it happened, or that have gone by. */
  readonly days: number;
  readonly arithmetic: readonly string[];
  /** What has to be so for this to hold, and the evidence at hand does not tell; empty: it holds. */
  readonly onlyIf: readonly string[];
  /** `chain`: days are those of the blocks. `vault`: the agency's own facts, and the days of the blocks of its acts. */
  readonly evidence: "chain" | "vault";
}

/** How often clocks of one kind stood how. */
export interface ClockCount {
  readonly agencyId: number;
  readonly recordType: string;
  readonly clock: string;
  readonly kept: number;
  readonly late: number;
  readonly overdue: number;
  readonly early: number;
  readonly running: number;
  /** It depends on a class or a holiday table that is not known. */
  readonly unknown: number;
}

/** What the law's time limits say of what was audited. */
export interface ClocksReport {
  /** The date in China of the block everything was read at: what is overdue is so on this day. */
  readonly on: string;
  /** Versions of the policies that decided. */
  readonly policies: readonly string[];
  readonly judged: readonly ClockCount[];
  readonly findings: readonly ClockFinding[];
}

/** The record a clock runs for. */
export interface ClockPlace {
  readonly agencyId: number;
  readonly recordType: string;
  /** Of the batch, and of the act if there was one. */
  readonly where: Where;
  readonly evidence: ClockFinding["evidence"];
  /** Conditions that hold for the whole clock. */
  readonly onlyIf?: readonly string[];
}

/** Collects clocks; findings of which the very same holds become one with several places. */
export interface ClockBook {
  /** @param on the day of the answer; of a minimum the day on which the thing was done. */
  note(clock: Clock, place: ClockPlace, indexes: readonly number[], on: string): void;
  /** Positions whose clocks a vault told: better than what the chain tells of them. */
  readonly told: Map<bigint, Set<number>>;
  /** All that was noted so far: plain data, so that it can be sent to another thread. */
  tally(): ClockTally;
  /** Adds what another book noted: the same as noting it here, in its order. */
  add(tally: ClockTally): void;
  report(on: string): ClocksReport;
}

/** What a {@link ClockBook} noted. */
export interface ClockTally {
  readonly counts: ReadonlyMap<string, Readonly<ClockCount>>;
  readonly found: ReadonlyMap<string, Found>;
  readonly policies: ReadonlySet<string>;
  readonly told: ReadonlyMap<bigint, ReadonlySet<number>>;
}

/** A finding and its places, each by what tells it from others. */
interface Found {
  readonly finding: Missed;
  readonly places: Map<string, { readonly where: Where; readonly indexes: number[] }>;
}

type States = Pick<ClockCount, "kept" | "late" | "overdue" | "early" | "running" | "unknown">;

type Counting = Omit<ClockCount, keyof States> & { -readonly [state in keyof States]: number };

const STATES: readonly (keyof States)[] = ["kept", "late", "overdue", "early", "running", "unknown"];

/** How a clock's own word for its state is counted. A minimum is noted for something that was done. */
const COUNTED: Readonly<Record<Clock["state"], keyof States>> = {
  kept: "kept",
  late: "late",
  overdue: "overdue",
  running: "running",
  reached: "kept",
  waiting: "early",
  over: "unknown",
  unknown: "unknown",
};

export function startClocks(findings: Findings): ClockBook {
  const counts = new Map<string, Counting>();
  const found = new Map<string, Found>();
  const policies = new Set<string>();
  const told = new Map<bigint, Set<number>>();

  function counting({ agencyId, recordType, clock }: Omit<Counting, keyof States>): Counting {
    const key = `${agencyId} ${recordType} ${clock}`;
    const known = counts.get(key) ?? {
      ...{ agencyId, recordType, clock },
      ...{ kept: 0, late: 0, overdue: 0, early: 0, running: 0, unknown: 0 },
    };
    counts.set(key, known);
    return known;
  }

  function count(clock: Clock, { agencyId, recordType }: ClockPlace, records: number): void {
    counting({ agencyId, recordType, clock: clock.code })[COUNTED[clock.state]] += records;
  }

  function foundAt(key: string, finding: Missed, at: string, where: Where): number[] {
    const known: Found = found.get(key) ?? { finding, places: new Map() };
    found.set(key, known);
    const there = known.places.get(at) ?? { where, indexes: [] };
    known.places.set(at, there);
    return there.indexes;
  }

  return {
    told,
    tally: () => ({ counts, found, policies, told }),
    add: (tally) => {
      for (const theirs of tally.counts.values()) {
        const own = counting(theirs);
        for (const state of STATES) own[state] += theirs[state];
      }
      for (const [key, { finding, places }] of tally.found)
        for (const [at, { where, indexes }] of places) {
          const own = foundAt(key, finding, at, where);
          for (const index of indexes) own.push(index);
        }
      for (const policy of tally.policies) policies.add(policy);
      for (const [batch, indexes] of tally.told) {
        const own = told.get(batch);
        if (own === undefined) told.set(batch, new Set(indexes));
        else for (const index of indexes) own.add(index);
      }
    },
    note: (clock, place, indexes, on) => {
      const { fault } = clock;
      policies.add(clock.policy);
      // A clock that may be another authority's is not counted: there are several for one matter.
      if ((place.onlyIf ?? []).length === 0) count(clock, place, indexes.length);
      if (fault !== undefined) findings.notChecked("clock.no-end", fault.message, indexes.length);
      for (const finding of findingsOf(clock, place, on)) {
        const own = foundAt(JSON.stringify(finding), finding, JSON.stringify(place.where), place.where);
        for (const index of indexes) own.push(index);
      }
    },
    report: (on) => ({
      on,
      policies: [...policies].sort(),
      judged: [...counts.values()],
      findings: [...found.values()].map(({ finding, places }) => ({
        ...finding,
        places: [...places.values()].map(({ where, indexes }) => {
          const positions = spansOf(indexes.sort((a, b) => a - b));
          return { where: { ...where, index: positions[0]!.first }, positions };
        }),
        records: [...places.values()].reduce((sum, { indexes }) => sum + indexes.length, 0),
      })),
    }),
  };
}

type Missed = Omit<ClockFinding, "places" | "records">;

/** A clock that was missed; of one whose end depends on the class, each end that was. */
function findingsOf(clock: Clock, place: ClockPlace, on: string): Missed[] {
  const { code, kind, policy, title, authority, article, certainty, note, from, extension } = clock;
  if (kind === "maximum") return [];
  const done = kind === "minimum" ? on : clock.until?.date;
  const happened = done !== undefined && done <= on ? done : null;
  const day = happened ?? on;
  const ends =
    clock.due === undefined
      ? clock.possible.map(({ class: name, ...end }) => ({ ...end, onlyIf: [`its class is ${name}`] }))
      : [{ due: clock.due, arithmetic: clock.arithmetic, onlyIf: [] }];
  return ends.flatMap(({ due, arithmetic, onlyIf }) => {
    if (due === null || (kind === "minimum" ? day >= due : day <= due)) return [];
    const mayBeLonger = extension !== undefined && !extension.taken && day <= extension.due;
    return [
      {
        code: kind === "minimum" ? "clock.early" : happened === null ? "clock.overdue" : "clock.late",
        clock: code,
        what: codeWords(code),
        recordType: place.recordType,
        ...{ policy, title, authority, article, certainty, note, from, due, happened },
        days: Math.abs(dayNumber(day) - dayNumber(due)),
        arithmetic,
        onlyIf: [
          ...(place.onlyIf ?? []),
          ...onlyIf,
          ...(mayBeLonger ? [`not extended to ${extension.due} (${extension.when})`] : []),
        ],
        evidence: place.evidence,
      },
    ];
  });
}

/** @param indexes ascending */
function spansOf(indexes: readonly number[]): Span[] {
  const spans: { first: number; last: number }[] = [];
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index <= last.last + 1) last.last = index;
    else spans.push({ first: index, last: index });
  }
  return spans;
}
