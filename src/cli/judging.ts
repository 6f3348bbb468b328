/**
 * An act on a record before the law: what a clock says of it.
 */
import { batchId } from "../commitment";
import type { Fault } from "../errors";
import { type Clock, dateInChina, otherClass, type PolicySet, type RecordFacts } from "../policy";
import type { Registry } from "../registry-views";
import type { Plan } from "../vault/vault";
import { usage } from "./options";
import { counted } from "../counted";

/** Today in China: by the chain's clock or this machine's, whichever is ahead (a quiet chain's last block is old). */
export async function todayOf({ chain }: Registry): Promise<string> {
  const mined = (await chain.block("latest"))?.time ?? 0;
  return dateInChina(Math.max(mined, Math.floor(Date.now() / 1000)));
}

/**
 * Of a day that an option tells: what happened cannot lie ahead, and no clock is asked about such a day.
 * @throws {CreditAnchorError} `usage`
 */
export function expectHappened(option: string, day: string | undefined, today: string): void {
  if (day !== undefined && day > today)
    throw usage(
      `${option} ${day} is still to come: in China today is ${today}`,
      `give the day on which it happened, ${today} at the latest`,
    );
}

/** What a clock said of an act, for people and for programs; without anything of the record but dates. */
export interface Judgement {
  /** The act is refused. */
  readonly refused?: Pick<Fault, "code" | "message">;
  readonly hint?: string;
  /** The act goes on, and this is told. */
  readonly flag?: Flag;
  /** Versions of the policies that decided. */
  readonly policies: readonly string[];
}

export interface Flag {
  readonly code: string;
  /** What was done, in short: `decided 2026-03-02, anchored 2026-04-01, due 2026-03-11`. */
  readonly what: string;
  /** That, with article and arithmetic. */
  readonly message: string;
  /** The law it is flagged by; all of these null where no law has to say that something is wrong. */
  readonly policy: string | null;
  readonly article: string | null;
  readonly certainty: string | null;
  readonly from: Clock["from"] | null;
  readonly due: string | null;
  readonly arithmetic: readonly string[];
}

/** A decision of a day that is still to come: a wrong date, or an announcement and no decision. */
export function flagOfFuture(decided: string, today: string): Flag {
  const what = `decided ${decided}, anchored ${today}`;
  const law = { policy: null, article: null, certainty: null, from: null, due: null, arithmetic: [] };
  return { code: "anchor.decided-later", what, message: `${what}: that day is still to come`, ...law };
}

/** The class that was stated is not the one that the record itself tells; `undefined`: it is, or it tells none. */
export function flagOfClass(policies: PolicySet, facts: RecordFacts, today: string): Flag | undefined {
  const clock = otherClass(policies, facts, today);
  if (clock === undefined) return undefined;
  const own = clock.class ?? clock.possible.map(({ class: name }) => name).join(" or ");
  return flagOf("class.differs", `class ${facts.class} stated, by the record itself ${own}`, clock);
}

/** An act against its clock. */
export function flagOf(code: string, what: string, clock: Clock): Flag {
  const { policy, article, certainty, from, due, arithmetic } = clock;
  return {
    code,
    what,
    message: `${what}: ${clockText(clock)}`,
    policy,
    article,
    certainty,
    from,
    due: due ?? null,
    arithmetic,
  };
}

/** A flag on several records. */
export interface FlagOnRecords extends Flag {
  readonly records: number;
  /** Of the file that names them, from 1; null: see `firstAt`. */
  readonly firstRow: number | null;
  /** Where the first is, if its row is not known. */
  readonly firstAt?: string;
}

/** What is wrong, or may be, by code. */
const FLAGGED: Readonly<Record<string, string>> = {
  "anchor.late": "anchored after the limit",
  "anchor.decided-later": "decided on a day that is still to come",
  "class.differs": "of another class by the record itself than was stated",
  "mark.early": "marked repair-pending before repair is possible",
  "mark.early-unknown": "marked repair-pending, perhaps before repair is possible",
  "withdraw.late": "withdrawn after the limit",
  "withdraw.limit-unknown": "withdrawn, by a limit that cannot be counted yet",
};

/** One line for each kind of flag and each article: how many records, and the first of them. */
export function flagLines(flags: readonly FlagOnRecords[]): string[] {
  const kinds = new Map<string, FlagOnRecords[]>();
  for (const flag of flags) {
    const kind = `${flag.code} ${flag.policy} ${flag.article}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), flag]);
  }
  const lines = [...kinds.values()].map((alike) => {
    const first = alike.reduce((a, b) => ((b.firstRow ?? Infinity) < (a.firstRow ?? Infinity) ? b : a));
    const { code, article, policy, certainty, firstRow, firstAt, what } = first;
    const records = alike.reduce((sum, flag) => sum + flag.records, 0);
    const doubt = certainty === "sure" ? "" : `, ${certainty}`;
    const law = article === null ? "" : `, ${article} (${policy}${doubt})`;
    const where = firstRow === null ? (firstAt ?? "") : `in row ${firstRow}`;
    return `flagged: ${counted(records, "record")} ${FLAGGED[code] ?? code}${law}; first ${where}: ${what}`;
  });
  return lines.length === 0
    ? []
    : [...lines, "         --json tells the arithmetic of each day, credit-anchor due what falls due"];
}

/** Article, certainty and arithmetic in one line. */
export function clockText({ title, article, policy, certainty, arithmetic, note }: Clock): string {
  const doubt = certainty === "sure" ? "" : `, ${certainty}`;
  const more = note === undefined ? "" : `; ${note}`;
  return `${title}, ${article} (${policy}${doubt}); ${arithmetic.join("; ")}${more}`;
}

/** `record 3 of batch 4294967296`. */
export function placeText(plan: Plan, index: number): string {
  const id = plan.slot === undefined ? `plan ${plan.number}` : batchId(plan.agencyId, plan.slot.sequence);
  return `record ${index} of batch ${id}`;
}
