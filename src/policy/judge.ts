/** A record and its clocks: which periods run for it, where they end, and how they stand on a date. */
import { CreditAnchorError, type Fault } from "../errors";
import type { JsonValue } from "../json";
import type { Certainty } from "./check";
import { classOf } from "./classes";
import { dayNumber } from "./dates";
import { endOfPeriod, periodText } from "./period";
import { type EventName, type Kind, type Policy, policyRef, type Rule } from "./policy";
import { policiesOn, policyByRef, type PolicySet } from "./set";

/** What is known of a record when its clocks are read. Nothing of it goes into a message but dates and the class. */
export interface RecordFacts {
  readonly recordType: string;
  /** Dates in China of what happened. */
  readonly events: Readonly<Partial<Record<EventName, string>>>;
  /** The class of severity, when the agency states it. */
  readonly class?: string | undefined;
  /** The class that was stated of it before; counts where the policy knows such a class. */
  readonly keptClass?: string | undefined;
  /** The record's fields, from which the class may follow. */
  readonly values?: Readonly<Record<string, JsonValue | undefined>> | undefined;
  /** What the record was judged under, from {@link policiesOf}; without it: what was in force when it was decided. */
  readonly policies?: readonly string[] | undefined;
  /** Codes of limits whose extension was taken. */
  readonly extended?: readonly string[] | undefined;
}

/**
 * Of a minimum: `waiting`, `reached`. Of a maximum: `running`, `over`. Of a limit: `running`, `overdue`, `kept`, `late`.
 * `unknown`: it depends on the class, which is not known, or on a holiday table that is missing.
 */
export type ClockState = "waiting" | "reached" | "running" | "over" | "overdue" | "kept" | "late" | "unknown";

/** Where a clock ends if the record is of a class. */
export interface Possibility {
  readonly class: string;
  /** `null`: the policy sets no such period for the class. */
  readonly due: string | null;
  readonly arithmetic: readonly string[];
  /** Of the rule for this class. */
  readonly note: string | undefined;
}

export interface Clock {
  /** `repair.minimum`, `publicity.maximum`, `publication.limit`, `withdrawal.limit`, `objection.mark`, … */
  readonly code: string;
  readonly kind: Kind;
  /** Version that decides: `ndrc-order-36@1`. */
  readonly policy: string;
  readonly title: string;
  readonly authority: string;
  readonly article: string;
  readonly certainty: Certainty;
  readonly note: string | undefined;
  readonly from: { readonly event: EventName; readonly date: string };
  /** The class of the record, if the period depends on it and it is known. */
  readonly class: string | undefined;
  /**
   * Of a minimum the first day on which the thing may be done; of a maximum and a limit the last day. Undefined: not
   * known, see {@link possible} and {@link fault}.
   */
  readonly due: string | undefined;
  /** Ends by class, the mildest first, when the class is not known. */
  readonly possible: readonly Possibility[];
  /** The longer limit that holds in a case the policy names. */
  readonly extension:
    | {
        readonly when: string;
        readonly due: string;
        readonly arithmetic: readonly string[];
        readonly taken: boolean;
      }
    | undefined;
  /** How it was counted, line by line. */
  readonly arithmetic: readonly string[];
  /** Of a limit: what has to happen, any one of these, and when the first did. */
  readonly until: { readonly events: readonly EventName[]; readonly date: string | undefined } | undefined;
  readonly state: ClockState;
  /** Why the end is not known: a holiday table is missing. */
  readonly fault: Fault | undefined;
}

/** A rule that holds for a record, and the policy it stands in. */
interface Holding {
  readonly policy: Policy;
  readonly rules: readonly Rule[];
}

/**
 * Every clock that runs or ran for a record, in the order of the policies.
 * A missing holiday table is the {@link Clock.fault} of the clock that needs it.
 *
 * @param on the date in China for which the answer holds
 * @param counts tells the rules of the clocks that are asked for; all of them unless told otherwise
 * @throws `policy.class-unknown` when the stated class is none of the policy's, `policy.version-missing`, `date.…`
 */
export function judge(
  set: PolicySet,
  facts: RecordFacts,
  on: string,
  counts: (rule: Rule) => boolean = () => true,
): Clock[] {
  dayNumber(on);
  const asked = holdings(set, facts).filter(({ rules }) => rules.every(counts));
  return asked.map((holding) => {
    try {
      return clock(set, facts, holding, on);
    } catch (error) {
      if (!(error instanceof CreditAnchorError) || error.code !== "calendar.year-missing") throw error;
      return clockWithoutEnd(facts, holding, error);
    }
  });
}

/**
 * The clock of one code, such as `repair.minimum`; undefined when no policy sets one for the record.
 * @throws what {@link judge} throws, and `calendar.year-missing`
 */
export function clockOf(set: PolicySet, facts: RecordFacts, code: string, on: string): Clock | undefined {
  dayNumber(on);
  const holding = holdings(set, facts).find(({ rules }) => rules[0]!.code === code);
  return holding === undefined ? undefined : clock(set, facts, holding, on);
}

/** From when on credit repair may be granted. State `reached`: now. */
export const minimumRepairDate = (set: PolicySet, facts: RecordFacts, on: string): Clock | undefined =>
  clockOf(set, facts, "repair.minimum", on);

/**
 * The first clock that would count by another class, had none been stated: what the record itself says differs.
 * A policy that does not know the stated class says nothing about it.
 */
export function otherClass(set: PolicySet, facts: RecordFacts, on: string): Clock | undefined {
  const { class: stated } = facts;
  if (stated === undefined) return undefined;
  const byItself = judge(set, { ...facts, class: undefined, keptClass: undefined }, on);
  return byItself.find(({ policy, class: own, possible }) => {
    if (!policyByRef(set, policy).classes.some(({ name }) => name === stated)) return false;
    if (own !== undefined) return own !== stated;
    return possible.length > 0 && possible.every(({ class: name }) => name !== stated);
  });
}

/** The versions a record is judged under, to be kept with it: {@link RecordFacts.policies}. */
export function policiesOf(set: PolicySet, facts: RecordFacts): string[] {
  if (facts.policies !== undefined) return [...facts.policies];
  const { decided } = facts.events;
  if (decided === undefined) return [];
  dayNumber(decided);
  return set.authorities.flatMap((authority) => policiesOn(set, authority, decided).map(policyRef));
}

/**
 * What a record's fields say of its clocks.
 * @param values the record: its `decidedOn` is the date of the decision
 */
export function factsOf(
  recordType: string,
  values: Readonly<Record<string, JsonValue | undefined>>,
  rest: Omit<RecordFacts, "recordType" | "values" | "events"> & {
    readonly events?: RecordFacts["events"];
  } = {},
): RecordFacts {
  const decided = values["decidedOn"];
  return {
    ...rest,
    recordType,
    values,
    events: { ...(typeof decided === "string" ? { decided } : {}), ...rest.events },
  };
}

/** By code: the rules of the first authority that has any for the record at the date of their event. */
function holdings(set: PolicySet, facts: RecordFacts): Holding[] {
  const found = new Map<string, Holding>();
  const pinned = facts.policies?.map((ref) => policyByRef(set, ref));
  for (const date of Object.values(facts.events)) if (date !== undefined) dayNumber(date);
  for (const authority of set.authorities)
    for (const event of Object.keys(facts.events) as EventName[]) {
      const date = facts.events[event];
      if (date === undefined) continue;
      const policies =
        event === "decided" && pinned !== undefined
          ? pinned.filter((policy) => policy.authority === authority)
          : policiesOn(set, authority, date);
      for (const policy of policies) {
        const rules = policy.rules.filter((rule) => rule.from === event && holdsFor(policy, rule, facts));
        for (const { code } of rules)
          if (!found.has(code))
            found.set(code, { policy, rules: rules.filter((rule) => rule.code === code) });
      }
    }
  return [...found.values()];
}

function holdsFor(policy: Policy, { recordTypes, kind }: Rule, { recordType }: RecordFacts): boolean {
  if (recordTypes !== undefined && !recordTypes.includes(recordType)) return false;
  return kind === "limit" || !policy.positiveTypes.includes(recordType);
}

function clock(set: PolicySet, facts: RecordFacts, holding: Holding, on: string): Clock {
  const { rules } = holding;
  const classed = rules.filter((rule) => rule.class !== undefined);
  if (classed.length === 0) return finish(set, facts, holding, rules[0]!, on);

  const { possible, arithmetic } = classOf(holding.policy, facts);
  const ends = possible.map((name) => {
    const rule = rules.find((item) => item.class === name);
    if (rule === undefined)
      return { class: name, due: null, arithmetic: [`class ${name}: no such period`], note: undefined, rule };
    const end = endOfPeriod(eventDate(facts, rule.from), rule.period, rule.kind, set.calendar);
    return { class: name, due: end.date, arithmetic: end.arithmetic, note: rule.note, rule };
  });
  const first = ends[0]!;
  if (ends.length === 1) {
    const { rule } = first;
    if (rule === undefined)
      return { ...undecided(facts, holding, on, [first]), class: first.class, arithmetic };
    const sure = finish(set, facts, holding, rule, on);
    return { ...sure, class: first.class, arithmetic: [...arithmetic, ...sure.arithmetic] };
  }
  const open = undecided(facts, holding, on, ends);
  const lines = ends.map((end) => {
    const period = end.rule === undefined ? "no such period" : periodText(end.rule.period);
    return `if the class is ${end.class}: ${period}${end.due === null ? "" : `, ${end.due}`}`;
  });
  return { ...open, arithmetic: [...arithmetic, ...lines] };
}

/** A clock whose end depends on a class that is not known. All possible ends may still agree. */
function undecided(
  facts: RecordFacts,
  holding: Holding,
  on: string,
  ends: readonly (Possibility & { readonly rule: Rule | undefined })[],
): Clock {
  const rule = ends.find((end) => end.rule !== undefined)?.rule ?? holding.rules[0]!;
  const dues = new Set(ends.map(({ due }) => due));
  const due = dues.size === 1 ? (ends[0]!.due ?? undefined) : undefined;
  const states = new Set(
    ends.map((end) => (end.due === null ? noPeriod(rule.kind) : stateOf(rule, facts, end.due, on))),
  );
  return {
    ...base(facts, holding, rule),
    due,
    possible:
      ends.length === 1
        ? []
        : ends.map(({ class: name, due: last, arithmetic, note }) => ({
            ...{ class: name, due: last, arithmetic },
            note,
          })),
    // What is said of one class is not said of the others.
    note: ends.every(({ note }) => note === rule.note) ? rule.note : undefined,
    arithmetic: [],
    state: states.size === 1 ? [...states][0]! : "unknown",
  };
}

/** How a clock stands that a class does not have: nothing to wait for, no end. */
function noPeriod(kind: Kind): ClockState {
  return kind === "minimum" ? "reached" : "running";
}

function finish(set: PolicySet, facts: RecordFacts, holding: Holding, rule: Rule, on: string): Clock {
  const from = eventDate(facts, rule.from);
  const end = endOfPeriod(from, rule.period, rule.kind, set.calendar);
  const longer =
    rule.extension === undefined
      ? undefined
      : endOfPeriod(from, rule.extension.period, rule.kind, set.calendar);
  const taken = longer !== undefined && facts.extended?.includes(rule.code) === true;
  return {
    ...base(facts, holding, rule),
    due: taken ? longer.date : end.date,
    extension:
      longer === undefined
        ? undefined
        : { when: rule.extension!.when, due: longer.date, arithmetic: longer.arithmetic, taken },
    arithmetic: taken ? longer.arithmetic : end.arithmetic,
    state: stateOf(rule, facts, taken ? longer.date : end.date, on),
  };
}

function clockWithoutEnd(facts: RecordFacts, holding: Holding, error: CreditAnchorError): Clock {
  const message = error.hint === undefined ? error.message : `${error.message}; ${error.hint}`;
  return { ...base(facts, holding, holding.rules[0]!), fault: { path: "", code: error.code, message } };
}

function base(facts: RecordFacts, { policy }: Holding, rule: Rule): Clock {
  return {
    code: rule.code,
    kind: rule.kind,
    policy: policyRef(policy),
    title: policy.title,
    authority: policy.authority,
    article: rule.article,
    certainty: rule.certainty,
    note: rule.note,
    from: { event: rule.from, date: eventDate(facts, rule.from) },
    class: undefined,
    due: undefined,
    possible: [],
    extension: undefined,
    arithmetic: [],
    until: rule.kind === "limit" ? { events: rule.until, date: doneOn(rule, facts) } : undefined,
    state: "unknown",
    fault: undefined,
  };
}

function stateOf(rule: Rule, facts: RecordFacts, due: string, on: string): ClockState {
  const { kind } = rule;
  if (kind === "minimum") return on >= due ? "reached" : "waiting";
  if (kind === "maximum") return on > due ? "over" : "running";
  const done = doneOn(rule, facts);
  // What happens later than the date of the answer has not happened yet.
  if (done !== undefined && done <= on) return done > due ? "late" : "kept";
  return on > due ? "overdue" : "running";
}

function doneOn({ until }: Rule, facts: RecordFacts): string | undefined {
  return until.flatMap((event) => facts.events[event] ?? []).sort()[0];
}

function eventDate(facts: RecordFacts, event: EventName): string {
  return facts.events[event]!;
}
