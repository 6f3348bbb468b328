/**
 * The status bytes of records: what the chain has now, or what a home without a node knows.
 */
import { ERASED, statusAfterMove } from "../anchoring/moves";
import { statusesOf, type Registry } from "../registry-views";
import type { Position, VaultReader } from "../vault/vault";

/** A word of statuses is asked for once. */
export function statusReader(
  registry: Registry,
  vault: Pick<VaultReader, "plan">,
): (at: Position) => Promise<number> {
  const words = new Map<string, readonly number[]>();
  return async ({ plan, index }) => {
    const word = `${plan} ${index >>> 5}`;
    let statuses = words.get(word);
    if (statuses === undefined) {
      const { agencyId, sequence } = vault.plan(plan).header!;
      const first = index & ~31;
      const all = Array.from({ length: 32 }, (_, i) => first + i);
      words.set(word, (statuses = await statusesOf(registry, agencyId, sequence, all)));
    }
    return statuses[index & 31]!;
  };
}

/**
 * Without a node: statuses by the moves of this home that are done. What others did since, the arbiter or another home,
 * is not known here; the registry refuses then what it does not allow.
 *
 * @param assumed marks that others are taken to have set where this home did not clear them: whoever wants them cleared
 * has seen them somewhere, and is not told "so already" by a home that cannot know
 */
export function knownStatuses(vault: VaultReader, assumed = 0): (at: Position) => Promise<number> {
  const moves = [...vault.moves()].filter(({ status }) => status === "done");
  return async ({ plan, index }) =>
    moves
      .filter((move) => move.plan === plan && move.positions.includes(index))
      .reduce(statusAfterMove, vault.isDestroyed(plan, index) ? ERASED : assumed);
}
