/**
 * An act on a record before the law: what a clock says of it.
 */
import { batchId } from "../commitment";
import type { Fault } from "../errors";
import { type Clock, dateInChina } from "../policy";
import type { Registry } from "../registry-views";
import type { Plan } from "../vault/vault";
import { usage } from "./options";

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
  readonly message: string;
  readonly policy: string;
  readonly article: string;
  readonly certainty: string;
  readonly from: Clock["from"];
  readonly due: string | null;
  readonly arithmetic: readonly string[];
}

/** An act against its clock. */
export function flagOf(code: string, what: string, clock: Clock): Flag {
  const { policy, article, certainty, from, due, arithmetic } = clock;
  return {
    code,
    message: `${what}: ${clockText(clock)}`,
    policy,
    article,
    certainty,
    from,
    due: due ?? null,
    arithmetic,
  };
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
