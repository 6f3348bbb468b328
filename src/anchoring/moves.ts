import { counted } from "../counted";
import type { Receipt } from "../chain";
import { batchId, type Header } from "../commitment";
import { CreditAnchorError } from "../errors";
import { decodeSpans, encodePositions, indexesOf } from "../positions";
import {
  broadcast,
  type Call,
  dataOf,
  gasLimitIn,
  notMined,
  registryCall,
  signCall,
  watch,
} from "../registry";
import { RegistryRefusal } from "../registry-errors";
import { isPaused, readActing, readAgency, Standing, statusesOf } from "../registry-views";
import { delay } from "../rpc";
import type { Move, SignedTransaction } from "../vault/vault";
import { lookAgain } from "./history";
import { checkReadiness } from "./preflight";
import type { Session } from "./session";
import { registryInterface } from "../interfaces";

/** Moves under way at once. They do not depend on each other, so they share blocks. */
const WINDOW = 16;

/** A move whose transaction comes to nothing so often is given up. */
const MOST_ATTEMPTS = 12;

/** Of a status byte: which status, erased for ever or not. */
const STATUS = 7;
export const ERASED = 8;

/** The function that makes a move, and what it makes of a status byte: from which ones, and which it leads to. */
interface Kind {
  /** Possible also for a suspended agency, and while the registry is paused. */
  readonly always: boolean;
  readonly event: "StatusChanged" | "RecordsSuperseded" | "MarksSet" | "MarksCleared";
  /** Of a byte that is not erased. */
  readonly isPossible: (byte: number, marks: number) => boolean;
  readonly isMade: (byte: number, marks: number) => boolean;
  readonly after: (byte: number, marks: number) => number;
}

const statusKind = (to: number, from: readonly number[], always = false): Kind => ({
  always,
  event: to === 1 ? "RecordsSuperseded" : "StatusChanged",
  isPossible: (byte) => from.includes(byte & STATUS),
  isMade: (byte) => (byte & STATUS) === to,
  after: (byte) => (byte & ~STATUS) | to,
});

const kinds: Readonly<Record<Move["kind"], Kind>> = {
  supersede: statusKind(1, [0, 3]),
  withdraw: statusKind(2, [0, 1, 3], true),
  repair: statusKind(3, [0]),
  revokeRepair: statusKind(0, [3]),
  setMarks: {
    always: true,
    event: "MarksSet",
    isPossible: (byte, marks) => (byte & marks) !== marks,
    isMade: (byte, marks) => (byte & marks) === marks,
    after: (byte, marks) => byte | marks,
  },
  clearMarks: {
    always: true,
    event: "MarksCleared",
    isPossible: (byte, marks) => (byte & marks) !== 0,
    isMade: (byte, marks) => (byte & marks) === 0,
    after: (byte, marks) => byte & ~marks,
  },
};

/** What a move would do to a record with this status byte: it can be made, is made already, or is impossible. */
export function moveOn(
  { kind, marks = 0 }: Pick<Move, "kind" | "marks">,
  byte: number,
): "possible" | "made" | "impossible" {
  const { isPossible, isMade } = kinds[kind];
  if (isMade(byte, marks)) return "made";
  return (byte & ERASED) === 0 && isPossible(byte, marks) ? "possible" : "impossible";
}

/** What a move makes of a status byte. */
export function statusAfterMove(byte: number, { kind, marks = 0 }: Pick<Move, "kind" | "marks">): number {
  return kinds[kind].after(byte, marks);
}

/** Whether a move is possible also for a suspended agency, and while the registry is paused. */
export function isAlwaysAllowed(kind: Move["kind"]): boolean {
  return kinds[kind].always;
}

/**
 * Tells the chain about some of the status moves that the vault holds for it.
 *
 * @returns false if none can be made now.
 */
export async function settleMoves(session: Session, which: "all" | "always" = "all"): Promise<boolean> {
  const ready = (await eligible(session)).filter((move) => which === "all" || isAlwaysAllowed(move.kind));
  if (ready.length === 0) return false;
  await checkMover(session, ready);
  for (let at = 0; at < ready.length; at += WINDOW) {
    const flying: { move: Move; signed: SignedTransaction }[] = [];
    for (const move of ready.slice(at, at + WINDOW)) {
      const signed = await launch(session, session.vault.move(move.id), flying.at(-1)?.signed);
      if (signed !== undefined) flying.push({ move, signed });
    }
    for (const { move, signed } of flying) await land(session, session.vault.move(move.id), signed);
  }
  return true;
}

/** Moves whose batches are anchored. Those come first that a suspended agency or a paused registry does not stop. */
export async function eligible(session: Session): Promise<Move[]> {
  const { vault, registry, settings, minedMoves } = session;
  const mined = new Set(minedMoves.map((move) => move.id));
  const anchored = new Map<number, boolean>();
  const isAnchored = (plan: number): boolean => {
    if (!anchored.has(plan)) anchored.set(plan, ["anchored", "final"].includes(vault.plan(plan).status));
    return anchored.get(plan)!;
  };
  const open = vault
    .unfinishedMoves()
    .filter((move) => !mined.has(move.id) && isAnchored(move.plan) && isAnchored(move.after));
  if (open.length === 0) return open;
  const first = open.filter((move) => isAlwaysAllowed(move.kind));
  const others = open.filter((move) => !isAlwaysAllowed(move.kind));
  if (session.what === "all") return [...first, ...others];
  const agency = await readAgency(registry, settings.agencyId);
  const acting = agency === undefined ? undefined : await readActing(registry, agency);
  const stopped = acting?.standing !== Standing.active || (await isPaused(registry));
  session.summary.movesWaiting = stopped ? others.length : 0;
  return stopped ? first : [...first, ...others];
}

async function checkMover({ registry, settings, signer }: Session, moves: readonly Move[]): Promise<void> {
  await checkReadiness(registry, {
    agencyId: settings.agencyId,
    account: signer.address,
    permissions: 2,
    withdrawing: isAlwaysAllowed(moves[0]!.kind),
    fees: settings.fees,
  });
}

/** A transaction under way that makes the move; undefined if the move is made, or has to be looked at again later. */
async function launch(
  session: Session,
  first: Move,
  before: SignedTransaction | undefined,
): Promise<SignedTransaction | undefined> {
  const { registry, vault } = session;
  for (let move = first; ; move = vault.move(first.id)) {
    countAttempt(session, move);
    let signed = await stillUsable(session, move);
    if (signed === "mined") return undefined;
    signed ??= await signMove(session, move, before);
    if (signed === undefined) return undefined;
    const sending = await broadcast(registry, signed, describe(move));
    if (sending === "accepted") {
      vault.recordMoveSent(move.id);
      session.report({ kind: "move-sent", move: move.id, size: move.positions.length });
      return signed;
    }
    if (sending === "underpriced") await replace(session, move, signed);
    else if (sending === "nonce-gap") vault.recordMoveUnsigned(move.id);
    await delay(registry.chain.pollMs, session.signal);
  }
}

function countAttempt({ trouble, patience }: Session, move: Move): void {
  const known = trouble.get(move.id) ?? { since: Date.now(), attempts: 0 };
  known.attempts += 1;
  trouble.set(move.id, known);
  const hash = move.signed?.hash ?? "none";
  if (known.attempts > MOST_ATTEMPTS || Date.now() - known.since > patience.giveUpMs)
    throw notMined(describe(move), hash, Date.now() - known.since);
}

/** The transaction that was signed for a move, if it can still make it. */
async function stillUsable(session: Session, move: Move): Promise<SignedTransaction | "mined" | undefined> {
  const { chain } = session.registry;
  const { signed } = move;
  if (signed === undefined) return undefined;
  const spent = (await chain.nonce(signed.from)) > signed.nonce;
  // In this order: a receipt that is missing after the nonce was spent will never come.
  const receipt = await chain.receipt(signed.hash);
  if (receipt?.succeeded === true) {
    mined(session, move, receipt);
    return "mined";
  }
  if (receipt === undefined && !spent) return signed;
  if (receipt !== undefined && receipt.gasUsed >= gasLimitIn(signed))
    session.gasFactor = Math.min(session.gasFactor * 2, 16);
  session.vault.recordMoveUnsigned(move.id);
  return undefined;
}

/** Signs a move, or what is left of it, and stores that before anybody hears of it. Undefined if nothing is left. */
async function signMove(
  session: Session,
  move: Move,
  before: SignedTransaction | undefined,
): Promise<SignedTransaction | undefined> {
  const { registry, signer, settings, vault, gasFactor } = session;
  const pending = await registry.chain.nonce(signer.address, "pending");
  const nonce = Math.max(pending, (before?.nonce ?? -1) + 1);
  const options = { fees: settings.fees, nonce, gasFactor };
  const signed = await prepareMove(session, move, (call) => signCall(registry, signer, call, options));
  if (signed === undefined) return undefined;
  vault.recordMoveSigned(move.id, signed);
  session.report({ kind: "move-signed", move: move.id, size: move.positions.length });
  return signed;
}

/**
 * Signs a move, or what is left of it, in whatever way.
 *
 * @param sign Rehearses, and is refused what the registry would refuse.
 * @returns Undefined if nothing is left, or the batch has to be looked for again.
 */
export async function prepareMove<T>(
  session: Session,
  move: Move,
  sign: (call: Call) => Promise<T>,
): Promise<T | undefined> {
  const header = session.vault.plan(move.plan).header;
  if (header === undefined) return undefined;
  try {
    return await sign(moveCall(session, move, header, move.positions));
  } catch (error) {
    if (!(error instanceof RegistryRefusal)) throw error;
    if (error.errorName === "UnknownBatch") {
      // The batch changed its block, and so its header: a reorganisation.
      await lookAgain(session);
      return undefined;
    }
    if (!["MoveNotAllowed", "MarksUnchanged", "AlreadyErased"].includes(error.errorName)) throw error;
    const left = await positionsLeft(session, move, header);
    if (left.length === 0) {
      await foundMoved(session, move);
      return undefined;
    }
    return sign(moveCall(session, move, header, left));
  }
}

/** By an earlier transaction of ours that was outbid and mined all the same, or overtaken by other moves. */
async function foundMoved(session: Session, move: Move): Promise<void> {
  const block = await session.registry.chain.block("latest");
  if (block === undefined) return;
  const place = { blockNumber: block.number, blockHash: block.hash };
  session.minedMoves.push({ id: move.id, size: 0, place });
  session.report({ kind: "moved", move: move.id, size: 0 });
}

/** Positions that the chain does not show as moved yet, and that can be. */
async function positionsLeft(session: Session, move: Move, header: Header): Promise<number[]> {
  const statuses = await statusesOf(session.registry, header.agencyId, header.sequence, move.positions);
  const left = move.positions.filter((_, i) => moveOn(move, statuses[i]!) === "possible");
  const lost = statuses.filter((byte) => moveOn(move, byte) === "impossible");
  if (lost.length > 0) {
    const id = batchId(header.agencyId, header.sequence);
    const message = `no ${move.kind} for ${counted(lost.length, "record")} of batch ${id}: ended or moved otherwise meanwhile`;
    session.report({ kind: "notice", code: "anchoring.move-overtaken", message });
  }
  return left;
}

function moveCall({ registry }: Session, move: Move, header: Header, positions: readonly number[]): Call {
  const more =
    move.kind === "supersede"
      ? [positions.map((position) => successorOf(move, position))]
      : move.marks === undefined
        ? []
        : [move.marks];
  return registryCall(
    registry,
    move.kind,
    [header, encodePositions(positions), ...more, move.reason, move.evidenceHash],
    describe(move),
  );
}

function successorOf(move: Move, position: number): string {
  return move.successors![move.positions.indexOf(position)]!;
}

function describe(move: Move): string {
  return `${move.kind} ${counted(move.positions.length, "record")} (status move ${move.id})`;
}

async function replace(session: Session, move: Move, signed: SignedTransaction): Promise<void> {
  const { registry, signer, settings, vault } = session;
  const call = { to: registry.address, data: dataOf(signed), what: describe(move) };
  const options = { fees: settings.fees, nonce: signed.nonce, replaces: signed };
  try {
    vault.recordMoveSigned(move.id, await signCall(registry, signer, call, options));
  } catch (error) {
    // It would be refused now: mined meanwhile, or overtaken. The next look tells.
    if (!(error instanceof RegistryRefusal)) throw error;
  }
}

/** Waits for a move under way, and checks what it did. */
async function land(session: Session, move: Move, signed: SignedTransaction): Promise<void> {
  const { registry, settings, patience, signal } = session;
  const outcome = await watch(registry, signed, { fees: settings.fees, patience, signal });
  if (outcome.kind === "mined" && outcome.receipt.succeeded) mined(session, move, outcome.receipt);
  else if (outcome.kind === "stuck") await replace(session, move, signed);
  // Anything else: the next round looks at it from the beginning.
}

function mined(session: Session, move: Move, receipt: Receipt): void {
  requireMove(session, move, receipt);
  const { transactionHash: hash, blockNumber, blockHash } = receipt;
  const size = move.positions.length;
  session.minedMoves.push({ id: move.id, size, place: { hash, blockNumber, blockHash } });
  session.trouble.delete(move.id);
  session.summary.moved += size;
  session.report({ kind: "moved", move: move.id, size });
}

/** @throws {CreditAnchorError} `registry.no-effect` unless the receipt shows this move, of its records and no others. */
function requireMove({ registry, vault, signer }: Session, move: Move, receipt: Receipt): void {
  // The key may have changed since it was signed.
  const actor = move.signed?.from ?? signer.address;
  const header = vault.plan(move.plan).header!;
  const { event: name, isMade } = kinds[move.kind];
  const { topicHash } = registryInterface.getEvent(name);
  for (const log of receipt.logs) {
    if (log.address !== registry.address || log.topics[0] !== topicHash) continue;
    const fields = registryInterface.decodeEventLog(name, log.data, [...log.topics]);
    const positions = [...indexesOf(decodeSpans(String(fields.positions)))];
    const successors = (fields.successors as string[] | undefined) ?? [];
    if (
      String(fields.batchId) === batchId(header.agencyId, header.sequence) &&
      String(fields.actor).toLowerCase() === actor.toLowerCase() &&
      Number(fields.reason) === move.reason &&
      fields.evidenceHash === move.evidenceHash &&
      positions.every((position) => move.positions.includes(position)) &&
      (move.kind === "supersede"
        ? positions.every((position, i) => successors[i] === successorOf(move, position))
        : move.marks === undefined
          ? isMade(Number(fields.status), 0)
          : Number(fields.marks) === move.marks)
    )
      return;
  }
  throw new CreditAnchorError(
    "registry.no-effect",
    `the receipt of transaction ${receipt.transactionHash} does not show that the registry made status move ${move.id}`,
    { hint: "the node may be lying: nothing was recorded; ask another node", exitStatus: 70 },
  );
}

/** Records as done what is deep enough and still in the chain; what is not there any more is made again. */
export async function finaliseMoves(session: Session, head: number): Promise<void> {
  const { registry, vault, settings } = session;
  const blocks = new Map<number, string | undefined>();
  const waiting: typeof session.minedMoves = [];
  for (const move of session.minedMoves) {
    const { id, place, size } = move;
    if (place.blockNumber + settings.finalityBlocks > head) {
      waiting.push(move);
      continue;
    }
    if (!blocks.has(place.blockNumber))
      blocks.set(place.blockNumber, (await registry.chain.block(place.blockNumber))?.hash);
    if (blocks.get(place.blockNumber) === place.blockHash) {
      const { hash, blockNumber, blockHash } = place;
      vault.recordMoveDone(id, hash === undefined ? undefined : { hash, blockNumber, blockHash });
      session.report({ kind: "move-final", move: id, size });
    } else {
      // Not among the mined ones any more, it is looked at like one that was sent.
      session.summary.moved -= size;
      session.report({ kind: "move-reopened", move: id, size });
    }
  }
  session.minedMoves = waiting;
}
