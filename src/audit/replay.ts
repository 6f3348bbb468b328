import type { Hashes } from "../hashes";
import type { Findings } from "./differences";
import type { RestrictedFunction } from "../roles";
import type { JournalEvent } from "./journal";
import type { BatchState, RegistryState } from "./state";

/** What the registry's rules are applied with. */
export interface Replay {
  readonly state: RegistryState;
  readonly findings: Findings;
  readonly hashes: Hashes;
}

/** A field of at most 32 bits. */
export function number(event: JournalEvent, name: string): number {
  return event.values[name] as number;
}

/** A wider field. */
export function big(event: JournalEvent, name: string): bigint {
  return event.values[name] as bigint;
}

/** A field that is an address, a hash or bytes. */
export function text(event: JournalEvent, name: string): string {
  return event.values[name] as string;
}

export function refuseWhilePaused({ state, findings }: Replay, event: JournalEvent): void {
  if (state.paused)
    findings.differ("registry.paused", `${event.name} while the registry was paused`, event.where);
}

/** Notes that the actor of an event needed a role: one that may call one of these functions. */
export function noteRestricted(
  { state }: Replay,
  event: JournalEvent,
  ...functions: readonly RestrictedFunction[]
): void {
  const { time, log, where } = event;
  state.restrictedActs.push({
    functions,
    actor: text(event, "actor"),
    authority: state.authority,
    time,
    log,
    where,
  });
}

/** The batch an event names, or undefined after reporting that there is none. */
export function batchOf({ state, findings }: Replay, event: JournalEvent): BatchState | undefined {
  const id = big(event, "batchId");
  const batch = state.batches.get(id);
  if (batch === undefined)
    findings.differ("batch.unknown", "an event about a batch that was never anchored", {
      ...event.where,
      batchId: String(id),
    });
  return batch;
}
