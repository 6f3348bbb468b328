/** The law's time limits as far as the chain alone tells: marks that stand too long, or stood. */
import {
  judge,
  NATIONAL,
  type Clock,
  type EventName,
  type PolicySet,
  type RecordFacts,
  type Rule,
} from "../policy";
import { indexesOf } from "../positions";
import type { ClockBook, ClockPlace } from "./clocks";
import type { Findings } from "./differences";
import { actsByBatch, happeningOf, mattersOf } from "./matters";
import { Mark, statusAt } from "./moves";
import { type BatchState, type RegistryState, type StatusAct } from "./state";
import { labelText } from "../foreign-text";

/** What happens to a record that chain or vault would tell of; nobody keeps that an objection was handed on, say. */
const EVIDENT: readonly EventName[] = [
  "published",
  "withdrawn",
  "objection-marked",
  "objection-decided",
  "repair-decided",
];

/** By what rules records are judged of which only the chain tells. */
export interface ChainRules {
  readonly policies: PolicySet;
  /** Whose rules an agency follows; undefined: nobody knows, and every authority's clock is possible. */
  readonly authoritiesOf: (agencyId: number) => readonly string[] | undefined;
}

/** Judges every record on which something happened and of which no vault told. @param on date in China */
export function judgeChain(
  state: RegistryState,
  book: ClockBook,
  findings: Findings,
  rules: ChainRules,
  on: string,
): void {
  const acts = actsByBatch(state);
  for (const batch of state.batches.values()) {
    const recordType = typeOf(state, batch);
    if (!book.told.has(batch.id) && isPublished(rules.policies, recordType))
      findings.notChecked(
        "clock.publication",
        "batches of decisions that must be published in time: when that time began only their agency's vault tells",
      );
    for (const [history, indexes] of histories(batch, acts.get(batch.id) ?? [], book))
      judgeHistory(batch, recordType, history, indexes, { book, findings, rules, on });
  }
}

/** Positions of which the same acts are told, so that each history is judged once. */
function histories(
  batch: BatchState,
  acts: readonly StatusAct[],
  book: ClockBook,
): Map<readonly StatusAct[], number[]> {
  const told = book.told.get(batch.id);
  const numbers = new Map<number, string>();
  acts.forEach((act, n) => {
    for (const index of indexesOf(act.spans))
      if (told?.has(index) !== true) numbers.set(index, `${numbers.get(index) ?? ""}${n} `);
  });
  const groups = new Map<string, number[]>();
  for (const [index, key] of numbers) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  }
  return new Map(
    [...groups].map(([key, indexes]) => [
      key
        .trim()
        .split(" ")
        .map((n) => acts[Number(n)]!),
      indexes,
    ]),
  );
}

interface Judging {
  readonly book: ClockBook;
  readonly findings: Findings;
  readonly rules: ChainRules;
  readonly on: string;
}

function judgeHistory(
  batch: BatchState,
  recordType: string,
  history: readonly StatusAct[],
  indexes: readonly number[],
  { book, findings, rules, on }: Judging,
): void {
  const { matters, repairs, undated } = mattersOf(history.map((act) => happeningOf(act)));
  const { agencyId } = batch.header;
  const authorities = rules.authoritiesOf(agencyId);
  for (const matter of matters) {
    const facts = { recordType, events: matter.events };
    for (const { clock, onlyIf } of clocksOf(rules.policies, authorities, facts, on)) {
      const place: ClockPlace = { agencyId, recordType, where: matter.where, evidence: "chain", onlyIf };
      book.note(clock, place, indexes, on);
    }
  }
  if (repairs.length > 0)
    findings.notChecked(
      "clock.repair",
      "repairs that are allowed only some time after the decision: its date only their agency's vault tells",
      repairs.length * indexes.length,
    );
  noteUndated(findings, undated * indexes.length);
  const standing = indexes.filter((index) => (statusAt(batch.words, index) & Mark.underReview) !== 0);
  noteReviews(findings, standing.length);
}

export function noteUndated(findings: Findings, count: number): void {
  if (count > 0)
    findings.notChecked(
      "clock.withdrawal",
      "withdrawals because the decision no longer stands: since when, and so when they were due, nobody told",
      count,
    );
}

export function noteReviews(findings: Findings, count: number): void {
  if (count > 0)
    findings.notChecked(
      "clock.review",
      "records marked as under review: no rule sets a time for that mark",
      count,
    );
}

/** The limits of a matter that the evidence can decide; of several authorities' each with the condition that it holds. */
function clocksOf(
  set: PolicySet,
  authorities: readonly string[] | undefined,
  facts: RecordFacts,
  on: string,
): { clock: Clock; onlyIf: string[] }[] {
  const limits = (names: readonly string[]): Clock[] =>
    evidentLimits(
      { ...set, authorities: [...names.filter((name) => name !== NATIONAL), NATIONAL] },
      facts,
      on,
    );
  if (authorities !== undefined) return limits(authorities).map((clock) => ({ clock, onlyIf: [] }));
  const all = [...new Set(set.policies.map(({ authority }) => authority))].filter(
    (name) => name !== NATIONAL,
  );
  const found = new Map<string, { clock: Clock; times: number }>();
  for (const clock of all.flatMap((authority) => limits([authority]))) {
    const key = `${clock.policy} ${clock.code}`;
    found.set(key, { clock, times: (found.get(key)?.times ?? 0) + 1 });
  }
  return [...found.values()].map(({ clock, times }) => ({
    clock,
    onlyIf: times === all.length ? [] : [`the agency follows the rules of ${clock.authority}`],
  }));
}

/** Limits whose keeping chain or vault would show. */
export function evidentLimits(set: PolicySet, facts: RecordFacts, on: string): Clock[] {
  return judge(set, facts, on, isEvident);
}

/** Whether {@link evidentLimits} depend on nothing of a record but its type, its days and the policies that decide. */
export function limitsNeedNoClass({ policies }: PolicySet): boolean {
  return policies.every(({ rules }) => rules.every((rule) => !isEvident(rule) || rule.class === undefined));
}

function isEvident({ kind, until }: Rule): boolean {
  return kind === "limit" && until.every((event) => EVIDENT.includes(event));
}

function isPublished(set: PolicySet, recordType: string): boolean {
  return set.policies.some(({ rules }) =>
    rules.some(
      ({ code, recordTypes }) => code === "publication.limit" && recordTypes?.includes(recordType) !== false,
    ),
  );
}

export function typeOf(state: RegistryState, batch: BatchState): string {
  return labelText(state.types.get(batch.header.typeId)?.name ?? "0x");
}
