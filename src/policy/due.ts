/** What falls due for many records, soonest first. */
import type { Fault } from "../errors";
import { dayNumber } from "./dates";
import { type Clock, type ClockState, judge, type RecordFacts } from "./judge";
import type { PolicySet } from "./set";

/** A record by what is no personal data: its record key, or where it is anchored. */
export interface DueRecord {
  /** 32 bytes in hex. */
  readonly recordKey: string;
  /** Id of the batch, and the place in it. */
  readonly batch: string;
  readonly index: number;
  readonly facts: RecordFacts;
}

/** A record, as others find it. */
type Place = Pick<DueItem, "recordKey" | "recordType" | "batch" | "index">;

export interface DueItem {
  readonly recordKey: string;
  readonly recordType: string;
  readonly batch: string;
  readonly index: number;
  readonly code: string;
  /** {@link Clock.code} in words. */
  readonly what: string;
  /** Of a period until which one waits, the day on which it is over. */
  readonly due: string;
  /** Negative: so many days ago. */
  readonly daysLeft: number;
  /** `waiting`, `running` or `overdue`. */
  readonly state: ClockState;
  /** The class it holds for, if it depends on the class. */
  readonly class: string | undefined;
  /** The record's class is not known; it may be the one of this item. */
  readonly onlyIf: boolean;
  /** A longer limit that can be taken. */
  readonly extension: { readonly when: string; readonly due: string } | undefined;
  readonly from: Clock["from"];
  readonly policy: string;
  readonly title: string;
  readonly article: string;
  readonly certainty: Clock["certainty"];
  readonly note: string | undefined;
  readonly arithmetic: readonly string[];
}

/** A clock whose end cannot be told. */
export interface DueFault {
  readonly recordKey: string;
  readonly code: string;
  readonly fault: Fault;
}

const WORDS: Readonly<Record<string, string>> = {
  "repair.minimum": "repair becomes possible",
  "repair.acceptance": "say whether the repair is taken up",
  "repair.decision": "decide the repair",
  "repair.result": "give the result of the repair",
  "publicity.maximum": "last day of publicity",
  "publication.limit": "publish the decision",
  "withdrawal.limit": "withdraw the record",
  "objection.mark": "mark the record as disputed",
  "objection.forwarding": "forward the objection to the source",
  "objection.source-decision": "decide the objection as the source",
  "objection.decision": "decide the objection",
  "complaint.decision": "decide the complaint",
  "retention.maximum": "last day of retention",
};

/** A code of a clock in words; codes of own policies stay as they are. */
export function codeWords(code: string): string {
  return WORDS[code] ?? code;
}

/**
 * Everything that is still to come or overdue on a date, soonest first: limits that nobody has kept, publicity and
 * retention that run, repair that becomes possible. For a record whose class is not known, every possible date.
 *
 * @param options.until leaves out what falls due after this date
 */
export function dueList(
  set: PolicySet,
  records: Iterable<DueRecord>,
  on: string,
  options: { readonly until?: string | undefined } = {},
): { readonly items: DueItem[]; readonly faults: DueFault[] } {
  const items: DueItem[] = [];
  const faults: DueFault[] = [];
  for (const { recordKey, batch, index, facts } of records)
    for (const clock of judge(set, facts, on)) {
      if (clock.fault !== undefined) faults.push({ recordKey, code: clock.code, fault: clock.fault });
      else items.push(...dueOf({ recordKey, recordType: facts.recordType, batch, index }, clock, on));
    }
  const { until } = options;
  const shown = until === undefined ? items : items.filter(({ due }) => due <= until);
  return { items: shown.sort(soonestFirst), faults };
}

function dueOf(place: Place, clock: Clock, on: string): DueItem[] {
  const { code, kind, from, policy, title, article, certainty, note, extension } = clock;
  const item = (
    due: string,
    state: ClockState,
    rest: Pick<DueItem, "class" | "onlyIf" | "arithmetic" | "note">,
  ): DueItem[] => {
    if (state !== "waiting" && state !== "running" && state !== "overdue") return [];
    const daysLeft = dayNumber(due) - dayNumber(on);
    const what = codeWords(code);
    const longer =
      extension === undefined || extension.taken ? undefined : { when: extension.when, due: extension.due };
    const same = { ...place, code, what, from, policy, title, article, certainty };
    return [{ ...same, due, daysLeft, state, extension: longer, ...rest }];
  };
  if (clock.due !== undefined)
    return item(clock.due, clock.state, {
      class: clock.class,
      onlyIf: false,
      arithmetic: clock.arithmetic,
      note,
    });
  return clock.possible.flatMap(({ class: name, due, arithmetic, note: ofClass }) => {
    if (due === null) return [];
    const open = kind === "minimum" ? on < due : on <= due;
    const state = open ? (kind === "minimum" ? "waiting" : "running") : kind === "limit" ? "overdue" : "over";
    return item(due, state, { class: name, onlyIf: true, arithmetic, note: ofClass });
  });
}

function soonestFirst(a: DueItem, b: DueItem): number {
  return (
    compare(a.due, b.due) ||
    compare(a.recordKey, b.recordKey) ||
    compare(a.code, b.code) ||
    compare(a.class ?? "", b.class ?? "")
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
