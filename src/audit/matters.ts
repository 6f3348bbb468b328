/** What became of single records, as far as a time limit of law runs from it or ends with it. */
import { dateInChina, type RecordFacts } from "../policy";
import { QUASHED } from "../reasons";
import type { Where } from "./differences";
import { Mark, Status, type Move } from "./moves";
import type { RegistryState, StatusAct } from "./state";

type Dates = Readonly<Record<string, string>>;

/** An act on a record: of the chain, with what the agency keeps with it, or one that has not reached the chain. */
export interface Happening {
  readonly move: Move;
  readonly reason: number;
  readonly where: Where;
  /** The date in China of its block; undefined: the chain has no such act. */
  readonly day: string | undefined;
  /** When what led to it happened, by the names of the policies' events, if the agency's vault tells. */
  readonly dates?: Dates | undefined;
}

/** One objection, one application for repair, one withdrawal: the events its clocks are judged by. */
export interface Matter {
  readonly events: RecordFacts["events"];
  /** Of the act that ended it; else of the one that began it. */
  readonly where: Where;
}

/** What happened to one record. */
export interface Matters {
  readonly matters: readonly Matter[];
  /** Repairs, with the day of the block. */
  readonly repairs: readonly { readonly day: string; readonly where: Where }[];
  /** Withdrawals because the decision is gone, of which nobody told since when. */
  readonly undated: number;
}

export function actsByBatch({ statusActs }: RegistryState): Map<bigint, StatusAct[]> {
  const acts = new Map<bigint, StatusAct[]>();
  for (const act of statusActs) {
    const known = acts.get(act.batchId);
    if (known === undefined) acts.set(act.batchId, [act]);
    else known.push(act);
  }
  return acts;
}

export function happeningOf(act: StatusAct, dates?: Dates): Happening {
  const { move, reason, where } = act;
  return { move, reason, where, day: dateInChina(act.time), dates };
}

/**
 * @param happenings of one version of a record, in the order of the chain. Where a vault tells no dates, an objection
 * and an application were received on the day they were marked, and decided on the day the mark was cleared.
 */
export function mattersOf(happenings: readonly Happening[]): Matters {
  const matters: Matter[] = [];
  const repairs: { day: string; where: Where }[] = [];
  let undated = 0;
  let objection: Matter | undefined;
  let application: Matter | undefined;

  function end(
    matter: Matter | undefined,
    name: "objection-decided" | "repair-decided",
    by: Happening,
  ): void {
    const decided = by.dates?.[name] ?? by.day;
    if (matter !== undefined && decided !== undefined)
      matters.push({ events: { ...matter.events, [name]: decided }, where: by.where });
  }

  for (const happening of happenings) {
    const { move, day, dates = {}, where, reason } = happening;
    const marks = move.kind === "set" || move.kind === "clear" ? move.marks : 0;
    const repaired = move.kind === "status" && move.to === Status.repaired;
    if (move.kind === "set") {
      if ((marks & Mark.disputed) !== 0) {
        const received = dates["objection-received"] ?? day;
        const marked = day === undefined ? {} : { "objection-marked": day };
        objection =
          received === undefined
            ? undefined
            : { events: { "objection-received": received, ...marked }, where };
      }
      if ((marks & Mark.repairPending) !== 0) {
        const applied = dates["repair-applied"] ?? day;
        application = applied === undefined ? undefined : { events: { "repair-applied": applied }, where };
      }
    }
    // What is not on the chain begins a matter, and ends none.
    if (day === undefined && move.kind !== "set") {
      if (dates["quashed"] !== undefined) matters.push({ events: { quashed: dates["quashed"] }, where });
      continue;
    }
    if (move.kind === "clear" && (marks & Mark.disputed) !== 0) {
      end(objection, "objection-decided", happening);
      objection = undefined;
    }
    if (repaired || (move.kind === "clear" && (marks & Mark.repairPending) !== 0)) {
      end(application, "repair-decided", happening);
      application = undefined;
    }
    if (repaired) repairs.push({ day: day!, where });
    if (move.kind === "status" && move.to === Status.withdrawn) {
      const { quashed } = dates;
      if (quashed !== undefined) matters.push({ events: { quashed, withdrawn: day! }, where });
      else if (QUASHED.includes(reason)) undated++;
    }
    // Nothing moves on an erased record any more: what was open stays as it was.
    if (move.kind === "erase") objection = application = undefined;
  }
  for (const open of [objection, application]) if (open !== undefined) matters.push(open);
  return { matters, repairs, undated };
}
