/** What events of the registry tell about a record, the agency that anchored it and its key; and the same in the past. */

/** One thing that happened to a record after it was anchored. */
export interface RecordEvent {
  readonly event: "StatusChanged" | "RecordsSuperseded" | "MarksSet" | "MarksCleared" | "RecordsErased";
  /** Seconds since 1970. */
  readonly time: number;
  readonly blockNumber: number;
  readonly transactionHash: string;
  /** Number of the journal entry. */
  readonly entry: number;
  readonly actor: string;
  readonly reason: number;
  readonly evidenceHash: string;
  /** Of StatusChanged: Active, Withdrawn or Repaired. */
  readonly status?: string;
  /** Of MarksSet and MarksCleared: the bits. */
  readonly marks?: number;
  /** Of RecordsSuperseded: leaf hash of the version that took its place. */
  readonly successor?: string;
  /** Of RecordsErased: the first of the two operators. */
  readonly proposer?: string;
}

/** One thing that happened to the agency that anchored, or to one that acts for it. */
export interface AgencyEvent {
  readonly event: "AgencySuspended" | "AgencyReinstated" | "AgencyClosed" | "AgencySucceeded";
  readonly agencyId: number;
  readonly time: number;
  readonly blockNumber: number;
  readonly reason: number;
  /** Of AgencySucceeded. */
  readonly successor?: number;
}

/** One thing that happened to the key that anchored. */
export interface KeyEvent {
  readonly event: "OperatorAdded" | "OperatorRevoked" | "OperatorCompromised";
  /** Whose operator it is. */
  readonly agencyId: number;
  readonly time: number;
  readonly blockNumber: number;
  /** Of OperatorAdded: 1 anchor, 2 status, 3 both. */
  readonly permissions?: number;
  /** Of OperatorAdded, seconds: first of validity, and first after it. */
  readonly validFrom?: number;
  readonly validUntil?: number;
  /** Of OperatorCompromised: since when the key may have been in other hands. */
  readonly since?: number;
}

/** Events in the chain's order, up to the block of the facts; by the logs of one node. */
export interface FactsHistory {
  readonly record: readonly RecordEvent[];
  readonly agencies: readonly AgencyEvent[];
  readonly key: readonly KeyEvent[];
}

/** A moment to judge by: everything up to this second, and, if a block is named, no later block. */
export interface Moment {
  /** Seconds since 1970, included. */
  readonly time: number;
  readonly block?: number;
}

/** Whether something of the chain had happened by then. */
export function happenedBy(
  moment: Moment,
  { time, blockNumber }: { readonly time: number; readonly blockNumber: number },
): boolean {
  return time <= moment.time && (moment.block === undefined || blockNumber <= moment.block);
}

const STATUS_BITS: Readonly<Record<string, number>> = { Active: 0, Superseded: 1, Withdrawn: 2, Repaired: 3 };
const STATUS_MASK = 7;
const ERASED = 8;

/** The status byte to which events lead from Active. */
export function statusAfter(events: readonly RecordEvent[]): number {
  return events.reduce((byte, event) => {
    switch (event.event) {
      case "StatusChanged":
        return (byte & ~STATUS_MASK) | (STATUS_BITS[event.status ?? ""] ?? STATUS_MASK);
      case "RecordsSuperseded":
        return (byte & ~STATUS_MASK) | STATUS_BITS["Superseded"]!;
      case "MarksSet":
        return byte | event.marks!;
      case "MarksCleared":
        return byte & ~event.marks!;
      case "RecordsErased":
        return byte | ERASED;
    }
  }, 0);
}

const STANDING_AFTER = {
  AgencySuspended: "Suspended",
  AgencyReinstated: "Active",
  AgencyClosed: "Closed",
  AgencySucceeded: "Closed",
} as const;

/** How an agency stood after its events. */
export function standingAfter(
  events: readonly AgencyEvent[],
  agencyId: number,
): "Active" | "Suspended" | "Closed" {
  const last = events.filter((event) => event.agencyId === agencyId).at(-1);
  return last === undefined ? "Active" : STANDING_AFTER[last.event];
}

/** An agency and those that acted for it one after another: its successor, that one's successor, and so on. */
export function successorsOf(events: readonly AgencyEvent[], agencyId: number): number[] {
  const line = [agencyId];
  for (const { event, agencyId: id, successor } of events)
    if (event === "AgencySucceeded" && id === line.at(-1) && successor !== undefined) line.push(successor);
  return line;
}

/** The time for which a key may act. */
export interface Entitlement {
  /** Whose operator it was. */
  readonly agencyId: number;
  readonly validFrom: number;
  readonly validUntil: number;
}

const ANCHOR = 1;

/**
 * Whether the key was an operator who may anchor for the agency, or for the one that acted for it, at a time.
 * What happened in the same second counts in favour: two events of one second have no order that a time can tell.
 *
 * @returns What entitled it; undefined if the events show nothing that did.
 */
export function entitledAt(history: FactsHistory, agencyId: number, time: number): Entitlement | undefined {
  const before = history.agencies.filter((event) => event.time <= time);
  for (const id of successorsOf(before, agencyId)) {
    let entitled: Entitlement | undefined;
    for (const event of history.key) {
      if (event.agencyId !== id || event.time > time) continue;
      const { validFrom = 0, validUntil = 0, permissions = 0 } = event;
      if (event.event === "OperatorAdded")
        entitled =
          (permissions & ANCHOR) !== 0 && validFrom <= time && time < validUntil
            ? { agencyId: id, validFrom, validUntil }
            : entitled !== undefined && event.time === time
              ? entitled
              : undefined;
      else if (event.event === "OperatorRevoked" && event.time < time) entitled = undefined;
    }
    if (entitled !== undefined) return entitled;
  }
  return undefined;
}
