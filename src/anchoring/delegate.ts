import type { Move, Plan } from "../vault/vault";
import { RegistryRefusal } from "../registry-errors";
import {
  type DigestSigner,
  findRelayed,
  moveNonce,
  NO_NONCE,
  type RelayedCall,
  type SignedCall,
  signForRelay,
} from "../registry-relay";
import { anchorCall } from "./batches";
import { syncHistory } from "./history";
import { eligible, isAlwaysAllowed, prepareMove } from "./moves";
import { checkPlan, checkReadiness } from "./preflight";
import type { Session } from "./session";

/** Who signs for whom, and until when it may be sent. */
export interface Delegation {
  readonly signer: DigestSigner;
  /** The operator: the signer's address, or a contract wallet that accepts its signature. */
  readonly operator: string;
  /** The registry's relay. */
  readonly relay: string;
  /** Seconds. */
  readonly deadline: number;
}

export interface Delegated {
  readonly calls: readonly SignedCall[];
  /** Records in the batch that was signed; 0 if none was. */
  readonly records: number;
  /** Records whose status moves were signed. */
  readonly moved: number;
  /** Batches that can be signed only when the one before is anchored: its place is part of what is signed. */
  readonly batchesWaiting: number;
}

/** An agency of which others anchor while we sign: how often the newest state is read again. */
const MOST_ATTEMPTS = 5;

/**
 * Signs what the vault holds for the chain, for others to send: the status moves of anchored batches, and the first batch
 * that is not anchored. Nothing is sent, and the vault keeps nothing of it: signing again is harmless, because each call is
 * accepted once.
 */
export async function delegate(session: Session, delegation: Delegation): Promise<Delegated> {
  const { registry, settings, what } = session;
  const calls: SignedCall[] = [];
  let moved = 0;
  const moves = await eligible(session);
  if (moves.length > 0) await ready(session, delegation, 2, isAlwaysAllowed(moves[0]!.kind));
  for (const move of moves) {
    const signed = await signMove(session, delegation, move);
    if (signed === undefined) continue;
    calls.push(signed);
    moved += move.positions.length;
  }
  const open = what === "moves" ? [] : session.vault.unfinishedPlans().filter(isOpen);
  const [next] = open;
  if (next !== undefined) {
    await ready(session, delegation, 1);
    await checkPlan(registry, settings.agencyId, next, false);
    calls.push(await signBatch(session, delegation, next));
  }
  return { calls, records: next?.size ?? 0, moved, batchesWaiting: Math.max(0, open.length - 1) };
}

const isOpen = ({ status }: Plan): boolean => status !== "anchored" && status !== "final";

function ready(
  { registry, settings }: Session,
  { operator: account }: Delegation,
  permissions: number,
  withdrawing = false,
): Promise<unknown> {
  return checkReadiness(registry, {
    agencyId: settings.agencyId,
    account,
    permissions,
    withdrawing,
    pays: false,
  });
}

function signs(
  { settings }: Session,
  { operator, deadline }: Delegation,
  call: string,
  nonce: string,
): RelayedCall {
  return { operator, agencyId: settings.agencyId, call, nonce, deadline };
}

/** Undefined if the move is made: then that is recorded. */
async function signMove(
  session: Session,
  delegation: Delegation,
  move: Move,
): Promise<SignedCall | undefined> {
  const { registry } = session;
  const { relay, signer } = delegation;
  return prepareMove(session, move, async ({ data }) => {
    const call = signs(session, delegation, data, moveNonce(move.id, data));
    try {
      return await signForRelay(registry, relay, signer, call);
    } catch (error) {
      if (!(error instanceof RegistryRefusal) || error.errorName !== "NonceUsed") throw error;
      // Signed by an earlier run and sent meanwhile, whatever became of the records since; or else taken back.
      const place = await findRelayed(registry, relay, call);
      if (place === undefined) throw error;
      const size = move.positions.length;
      session.minedMoves.push({ id: move.id, size, place });
      session.summary.moved += size;
      session.report({ kind: "moved", move: move.id, size });
      return undefined;
    }
  });
}

async function signBatch(session: Session, delegation: Delegation, plan: Plan): Promise<SignedCall> {
  const { registry } = session;
  for (let attempt = 1; ; attempt++) {
    const { lastBatch } = await syncHistory(session);
    const call = signs(session, delegation, anchorCall(session, plan, lastBatch).data, NO_NONCE);
    try {
      return await signForRelay(registry, delegation.relay, delegation.signer, call);
    } catch (error) {
      const isStale = error instanceof RegistryRefusal && error.errorName === "StalePrevious";
      if (!isStale || attempt === MOST_ATTEMPTS) throw error;
      session.known = undefined;
    }
  }
}
