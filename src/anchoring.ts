import { CreditAnchorError } from "./errors";
import { delegate, type Delegated, type Delegation } from "./anchoring/delegate";
import { finaliseBatches, settleBatch } from "./anchoring/batches";
import { findUnknown, syncHistory } from "./anchoring/history";
import { finaliseMoves, settleMoves } from "./anchoring/moves";
import { checkPlan, checkReadiness } from "./anchoring/preflight";
import {
  type AnchoringOptions,
  type AnchoringSettings,
  type AnchoringSummary,
  openSession,
  type Session,
} from "./anchoring/session";
import { refuseUnknown, type Unknown } from "./anchoring/unknown";
import type { TransactionSigner } from "./registry";
import type { Registry } from "./registry-views";
import { delay, throwIfCancelled } from "./rpc";
import type { Vault, VaultReader } from "./vault/vault";

export {
  confirmParts,
  type ErasurePart,
  notErased,
  POSITIONS_PER_ERASURE,
  proposeParts,
  rehearseParts,
  signErasures,
  versionsOf,
} from "./anchoring/erase";
export type { Delegated, Delegation } from "./anchoring/delegate";
export { checkReadiness, type Intent } from "./anchoring/preflight";
export { type Unknown, unknownText, WAY_OUT } from "./anchoring/unknown";
export type {
  AnchoringOptions,
  AnchoringPatience,
  AnchoringProgress,
  AnchoringSettings,
  AnchoringSummary,
} from "./anchoring/session";

/** What is looked at, to tell {@link Unknown} batches. */
export interface AnchoringLook {
  readonly vault: VaultReader;
  readonly registry: Registry;
  /** Address that signs; undefined: only the keys of the settings count. */
  readonly account?: string | undefined;
  readonly settings: AnchoringSettings;
  readonly signal?: AbortSignal;
}

/** Batches of the agency that the vault does not have, back to the newest that is final in it. Changes nothing. */
export async function unknownBatches({ account, ...look }: AnchoringLook): Promise<Unknown> {
  // What only looks writes nothing.
  const session = openSession({ ...look, vault: look.vault as Vault, signer: neverSigning(account ?? "") });
  try {
    return await findUnknown(session);
  } catch (error) {
    throw await blameWrongChain(session, error);
  }
}

/**
 * Before anything new is planned: whether this home is the newest copy of itself. Changes nothing.
 *
 * @throws {CreditAnchorError} `anchoring.unknown-batches` unless they are accepted.
 */
export async function requireNewestCopy(look: AnchoringLook): Promise<void> {
  if (look.settings.acceptUnknown !== true) refuseUnknown(await unknownBatches(look));
}

/** Anchoring under way beside something that goes on planning. */
export interface Anchoring {
  /** Says that there may be something new to do. */
  kick(): void;
  /** Why anchoring stopped before it was asked to; planning may go on, nothing of it is lost. */
  readonly failure: unknown;
  /**
   * Says that nothing new will come, and waits until everything is anchored and final.
   * @throws what stopped anchoring.
   */
  finish(): Promise<AnchoringSummary>;
}

/**
 * Anchors what the vault holds planned, brings forward what earlier runs left, and tells the chain about the status
 * moves that follow. It can be stopped at any point, by force too: the next run continues.
 *
 * Batches of an agency go one after another, because each names the one before; planning goes on meanwhile.
 */
export function startAnchoring(options: AnchoringOptions): Anchoring {
  const session = openSession(options);
  let finishing = false;
  let wake: (() => void) | undefined;
  let failure: unknown;
  const kick = (): void => wake?.();
  const more = async (ms: number): Promise<boolean> => {
    if (finishing) return false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      options.signal?.addEventListener("abort", wake, { once: true });
    });
    wake = undefined;
    return true;
  };
  const running = drive(session, more).catch((error: unknown) => {
    failure = error;
  });
  return {
    kick,
    get failure() {
      return failure;
    },
    finish: async () => {
      finishing = true;
      kick();
      await running;
      if (failure !== undefined) throw failure;
      return session.summary;
    },
  };
}

/** {@link startAnchoring} for what is planned already. */
export function anchorPending(options: AnchoringOptions): Promise<AnchoringSummary> {
  return startAnchoring(options).finish();
}

/**
 * Signs for others to send what the chain does not have yet, and records what it has: what was signed before and sent
 * meanwhile is found, and becomes anchored and final. Sends nothing.
 */
export async function signPending(
  options: Omit<AnchoringOptions, "signer">,
  delegation: Delegation,
): Promise<{ readonly signed: Delegated; readonly summary: AnchoringSummary }> {
  const { operator } = delegation;
  const session = openSession({ ...options, signer: neverSigning(operator) });
  let signed: Delegated = { calls: [], records: 0, moved: 0, batchesWaiting: 0 };
  await drive(
    session,
    async () => false,
    async () => {
      if (session.state === "new") {
        await begin(session);
        session.state = "begun";
        signed = await delegate(session, delegation);
      }
      await finalise(session);
      return false;
    },
  );
  return { signed, summary: session.summary };
}

/** Of what sends nothing. */
function neverSigning(address: string): TransactionSigner {
  const sign = (): never => {
    throw new TypeError("nothing is sent here");
  };
  return { address, sign };
}

/**
 * @param more Waits for something new; false when nothing new will come.
 * @param act Does what can be done now; false if there was nothing.
 */
async function drive(
  session: Session,
  more: (ms: number) => Promise<boolean>,
  act: (session: Session) => Promise<boolean> = step,
): Promise<void> {
  const { registry, signal, summary } = session;
  try {
    for (;;) {
      throwIfCancelled(signal);
      if (await act(session)) continue;
      const waiting = session.unfinal.length + session.minedMoves.length > 0;
      if (await more(waiting ? registry.chain.pollMs : 1_000)) continue;
      if (!waiting || !(await anotherBlock(session))) break;
    }
  } catch (error) {
    throw await blameWrongChain(session, error);
  }
  summary.awaitingFinality = session.unfinal.length;
  summary.movesAwaitingFinality = session.minedMoves.length;
}

/** One batch, or else the status moves that can be made. False if there is nothing to do now. */
async function step(session: Session): Promise<boolean> {
  const { registry, settings, signer } = session;
  if (session.state === "new") {
    if (!hasWork(session)) return false;
    await begin(session);
    session.state = "begun";
  }
  await finalise(session);
  // Once, and first: a suspended agency may still withdraw and mark, and must not be kept from it by batches that wait.
  if (session.state === "begun") {
    session.state = "withdrawn";
    if (await settleMoves(session, "always")) return true;
  }
  const next = nextBatch(session);
  if (next === undefined) return settleMoves(session);
  if (session.state !== "ready") {
    const { agencyId, fees } = settings;
    await checkReadiness(registry, { agencyId, account: signer.address, permissions: 1, fees });
    session.state = "ready";
  }
  await settleBatch(session, next);
  return true;
}

function hasWork({ vault, what }: Session): boolean {
  return (what === "all" && vault.unfinishedPlans().length > 0) || vault.unfinishedMoves().length > 0;
}

/** Finds out what became of everything that earlier runs left. */
async function begin(session: Session): Promise<void> {
  const { registry, vault, settings } = session;
  await registry.chain.checkChainId();
  for (const plan of vault.unfinishedPlans()) await checkPlan(registry, settings.agencyId, plan, true);
  await syncHistory(session);
}

/** Number of the first batch that is not anchored. */
function nextBatch(session: Session): number | undefined {
  if (session.what === "moves") return undefined;
  for (const plan of session.vault.plans(session.cursor)) {
    session.cursor = plan.number;
    if (plan.status !== "anchored" && plan.status !== "final") return plan.number;
  }
  return undefined;
}

async function finalise(session: Session): Promise<void> {
  if (session.unfinal.length === 0 && session.minedMoves.length === 0) return;
  const head = await session.registry.chain.blockNumber();
  await finaliseBatches(session, head);
  await finaliseMoves(session, head);
}

/** Waits for a new block. False if the chain makes none: one that mines on demand would be waited for in vain. */
async function anotherBlock({ registry, patience, signal }: Session): Promise<boolean> {
  const { chain } = registry;
  const head = await chain.blockNumber();
  for (const end = Date.now() + patience.finalityMs; Date.now() < end;) {
    await delay(chain.pollMs, signal);
    if ((await chain.blockNumber()) !== head) return true;
  }
  return false;
}

/** What looks like a broken registry often is the right registry asked for on the wrong chain. */
async function blameWrongChain({ registry }: Session, error: unknown): Promise<unknown> {
  if (error instanceof CreditAnchorError && error.code.startsWith("registry."))
    try {
      await registry.chain.checkChainId();
    } catch (cause) {
      if (cause instanceof CreditAnchorError && cause.code === "chain.wrong-chain") return cause;
    }
  return error;
}
