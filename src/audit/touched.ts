import type { Where } from "./differences";
import type { JournalEvent } from "./journal";

/**
 * When events last told of a batch, an agency or a type: what the registry answered about it at a later block still holds.
 */
export interface Touches {
  note(event: JournalEvent): void;
  /** Number of the block; -1: never; infinite for what is about the registry as a whole. */
  of(where: Where): number;
}

export function startTouches(): Touches {
  const batches = new Map<string, number>();
  const agencies = new Map<number, number>();
  const types = new Map<number, number>();
  return {
    note: ({ values, log: { blockNumber } }) => {
      const { batchId, agencyId, successor, typeId } = values;
      if (batchId !== undefined) batches.set(String(batchId), blockNumber);
      // A batch of a type leaves the type as it is.
      else if (typeId !== undefined) types.set(Number(typeId), blockNumber);
      const concerned = [
        agencyId,
        successor,
        batchId === undefined ? undefined : BigInt(batchId as bigint) >> 32n,
      ];
      for (const agency of concerned) if (agency !== undefined) agencies.set(Number(agency), blockNumber);
    },
    of: ({ batchId, agencyId, typeId }) => {
      if (batchId !== undefined) return batches.get(batchId) ?? -1;
      if (agencyId !== undefined) return agencies.get(agencyId) ?? -1;
      return typeId === undefined ? Infinity : (types.get(typeId) ?? -1);
    },
  };
}
