import type { Evidence } from "./evidence";
import type { Verdict } from "./verdict";
import type { ChainFacts, Policy } from "./verify-facts";
import {
  entitledAt,
  happenedBy,
  standingAfter,
  successorsOf,
  type AgencyEvent,
  type Entitlement,
  type KeyEvent,
  type RecordEvent,
} from "./verify-history";

/** What the chain told about a record that was found on it. */
export interface Told {
  readonly history: readonly RecordEvent[];
  readonly agency: {
    readonly id: number;
    readonly code: string;
    readonly standing: string;
    readonly events: readonly AgencyEvent[];
    /** The agency that acts for it now; itself unless it was succeeded. */
    readonly actingAgency: number;
  };
  readonly key: {
    readonly address: string;
    /** What entitled it when it anchored; null if the events show nothing. */
    readonly entitled: Entitlement | null;
    /** By the moment that was asked for. */
    readonly revoked: boolean;
    readonly compromisedSince: number | null;
    readonly events: readonly KeyEvent[];
  };
}

/** Undefined where the record was not found on chain, or its history was not read. */
export function toldOf(
  { checks }: Verdict,
  facts: ChainFacts | undefined,
  evidence: Evidence | undefined,
  { asOf }: Policy,
): Told | undefined {
  const stands = ["integrity", "inclusion", "anchor"].every((name) =>
    checks.some((check) => check.name === name && check.result === "passed"),
  );
  const { history, agency, operator } = facts ?? {};
  if (!stands || evidence === undefined || history === undefined || !agency) return undefined;
  const { batch } = evidence;
  const upTo = <E extends { readonly time: number; readonly blockNumber: number }>(
    events: readonly E[],
  ): E[] => events.filter((event) => asOf === undefined || happenedBy(asOf, event));
  const agencies = upTo(history.agencies);
  const line = successorsOf(agencies, batch.agencyId);
  return {
    history: upTo(history.record),
    agency: {
      id: batch.agencyId,
      code: agency.code,
      standing: standingAfter(agencies, batch.agencyId),
      events: agencies,
      actingAgency: line.at(-1)!,
    },
    key: {
      address: batch.operator,
      entitled: entitledAt(history, batch.agencyId, batch.anchoredAt) ?? null,
      revoked:
        asOf === undefined
          ? (operator?.revoked ?? false)
          : upTo(history.key).some(({ event }) => event === "OperatorRevoked"),
      compromisedSince: operator?.compromisedSince || null,
      events: history.key.filter(
        (event) =>
          line.includes(event.agencyId) &&
          // What is known today about a stolen key counts for past days too.
          (asOf === undefined || happenedBy(asOf, event) || event.event === "OperatorCompromised"),
      ),
    },
  };
}
