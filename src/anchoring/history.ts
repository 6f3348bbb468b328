import { previousOf } from "../commitment";
import type { Header } from "../commitment";
import { CreditAnchorError } from "../errors";
import { foreseen } from "../registry-errors";
import { type Agency, type AnchoredBatch, batchAt, readAgency } from "../registry-views";
import { delay, throwIfCancelled } from "../rpc";
import type { Plan } from "../vault/vault";
import type { Session } from "./session";
import { holds, ownAt, refuseUnknown, type Unknown, unknownIn, unknownText } from "./unknown";

/**
 * Where the agency's history on the chain and the vault are brought together.
 *
 * Each batch names the header hash of the one before, so `lastBatch` stands for the whole history, and a call that
 * states it is accepted in exactly this history or nowhere. What is compared here up to some `lastBatch` therefore
 * stays compared: a batch that is not in this history and is signed on top of it cannot be anchored twice, whatever
 * reorganises, and whoever else anchors.
 */

/**
 * Reads the agency and makes the vault agree with its history: batches found there become `anchored`, batches that are
 * there no longer, and such whose place was taken, become `planned` again.
 */
export async function syncHistory(session: Session): Promise<Agency> {
  const { agency, past } = await readPast(session);
  if (agency.lastBatch === session.known) return agency;
  await compare(session, agency, past);
  session.known = agency.lastBatch;
  return agency;
}

/** The agency, and its history as {@link walk} has it; nothing of it if all is known. */
async function readPast(
  session: Session,
): Promise<{ readonly agency: Agency; readonly past: readonly AnchoredBatch[] }> {
  const { registry, settings, signal } = session;
  for (let attempt = 1; ; attempt++) {
    const agency = await readAgency(registry, settings.agencyId);
    if (agency === undefined) throw foreseen("UnknownAgency", { agencyId: settings.agencyId });
    if (agency.lastBatch === session.known) return { agency, past: [] };
    requireFinalBatches(session, agency);
    const past = await walk(session, agency);
    if (past !== undefined) return { agency, past };
    if (attempt === 30)
      throw new CreditAnchorError(
        "chain.unstable",
        "the agency's history on the chain changes faster than it can be read",
        {
          hint: "the node contradicts itself or the chain reorganises without end: try again later, or another node",
          exitStatus: 70,
        },
      );
    await delay(registry.chain.pollMs, signal);
  }
}

/** {@link syncHistory} that believes nothing about batches that are not final. */
export async function lookAgain(session: Session): Promise<void> {
  session.known = undefined;
  session.floor = undefined;
  session.distrust = true;
  await syncHistory(session);
  session.distrust = false;
}

/**
 * The history from the newest batch back to what is known; undefined if it changed meanwhile.
 *
 * Only what is final ends it, never a time: batches of a vault go onto the chain in their order, so none that is not
 * final can be further back than a final one, whereas this machine's clock and the chain's may be far apart.
 */
async function walk(session: Session, agency: Agency): Promise<AnchoredBatch[] | undefined> {
  const { registry, settings, signal } = session;
  const head = await registry.chain.blockNumber();
  const lowest = lowestSlot(session);
  const past: AnchoredBatch[] = [];
  let expected = agency.lastBatch;
  let floor: string | undefined;
  let newest: number | undefined;
  for (let sequence = agency.batchCount - 1; sequence >= 0 && expected !== session.floor; sequence--) {
    throwIfCancelled(signal);
    const own = ownAt(session, sequence);
    const isOwn = own?.header !== undefined && previousOf(own.header) === expected;
    if (own?.status === "final" && !isOwn) throw finalLost(own);
    const ask = session.distrust && own?.status !== "final";
    let batch = ask ? undefined : isOwn ? placeOf(own) : session.foreign.get(expected);
    // Twice the depth, for its place may be older than the last reorganisation.
    let settled = batch !== undefined && batch.blockNumber + 2 * settings.finalityBlocks + 10 <= head;
    if (batch === undefined) {
      batch = await batchAt(registry, agency.id, sequence, newest);
      if (batch === undefined || previousOf(batch.header) !== expected) return undefined;
      session.foreign.set(expected, batch);
      settled = batch.blockNumber + settings.finalityBlocks <= head;
    }
    past.push(batch);
    if (settled) floor ??= expected;
    if (own?.status === "final" && sequence < lowest) break;
    newest = batch.blockNumber;
    expected = batch.header.previous;
  }
  session.floor = floor ?? session.floor;
  return past;
}

/** The lowest place that was signed for and is not final: what became of it has to be looked at. */
function lowestSlot({ vault }: Session): number {
  let lowest = Infinity;
  for (const { slot } of vault.unfinishedPlans()) lowest = Math.min(lowest, slot?.sequence ?? Infinity);
  return lowest;
}

function placeOf(plan: Plan): AnchoredBatch {
  const { hash, blockNumber, blockHash } = plan.transaction!;
  return { header: plan.header!, transactionHash: hash, blockNumber, blockHash };
}

async function compare(session: Session, agency: Agency, past: readonly AnchoredBatch[]): Promise<void> {
  const { vault } = session;
  const byManifest = new Map(past.map((batch) => [batch.header.manifestHash, batch]));
  const firstSeen = agency.batchCount - past.length;
  for (const plan of vault.unfinishedPlans()) {
    const batch = byManifest.get(plan.manifestHash);
    if (batch !== undefined && holds(plan, batch.header)) await adopt(session, plan, batch);
    // Nothing is known about a place that was not looked at.
    else if (plan.slot === undefined || plan.slot.sequence < firstSeen) continue;
    else if (plan.status === "anchored") reopen(session, plan, "a reorganisation of the chain took it back");
    else if (plan.slot.sequence < agency.batchCount)
      reopen(session, plan, "another operator of the agency was faster");
  }
  judgeUnknown(session, agency, past);
  const unfinished = vault.unfinishedPlans();
  session.unfinal = unfinished
    .filter((plan) => plan.status === "anchored")
    .sort((a, b) => a.slot!.sequence - b.slot!.sequence)
    .map((plan) => plan.number);
  session.cursor = unfinished.find((plan) => plan.status !== "anchored")?.number ?? session.cursor;
}

/** What this home's keys anchored without its knowledge stops everything, unless that was accepted. */
function judgeUnknown(session: Session, agency: Agency, past: readonly AnchoredBatch[]): void {
  const unknown = unknownIn(session, past);
  if (unknown.own.length === 0) return;
  if (session.settings.acceptUnknown !== true) refuseUnknown(unknown);
  session.vault.acceptHistory(agency.lastBatch);
  session.report({
    kind: "notice",
    code: "anchoring.unknown-accepted",
    message: `${unknownText(unknown)}. They are accepted, and not asked about again`,
  });
}

/**
 * Looks, without changing anything, for batches that this home should know: before something new is planned on top.
 *
 * @throws {CreditAnchorError} `anchoring.final-lost`, `chain.…`
 */
export async function findUnknown(session: Session): Promise<Unknown> {
  return unknownIn(session, (await readPast(session)).past);
}

/** Records that the chain has a batch, where and when, unless exactly this is recorded. */
async function adopt(session: Session, plan: Plan, batch: AnchoredBatch): Promise<void> {
  const { vault, registry } = session;
  const { header, transactionHash: hash, blockNumber, blockHash } = batch;
  const unmoved = plan.transaction?.hash === hash && plan.transaction.blockHash === blockHash;
  if (plan.status === "anchored" && unmoved && previousOf(plan.header!) === previousOf(header)) return;
  if (plan.status === "planned") {
    // Signed by a process whose last steps this vault does not know: a copy restored from a backup, say.
    const transaction = await registry.chain.transaction(hash);
    const { sequence, previous } = header;
    const signed = { raw: "0x", hash, nonce: transaction?.nonce ?? 0, from: header.operator };
    vault.recordSigned(plan.number, { sequence, previous }, signed);
  }
  recordAnchored(session, plan, header, { hash, blockNumber, blockHash });
}

export function recordAnchored(
  session: Session,
  plan: Plan,
  header: Header,
  place: { readonly hash: string; readonly blockNumber: number; readonly blockHash: string },
): void {
  session.vault.recordAnchored(plan.number, header, place);
  if (plan.status !== "anchored") {
    session.summary.batches += 1;
    session.summary.records += plan.size;
  }
  session.report({ kind: "anchored", plan: plan.number, sequence: header.sequence, size: plan.size });
}

/** Takes a batch back to `planned`: it will be signed anew, on top of a history that was compared. */
export function reopen(session: Session, plan: Plan, why: string): void {
  session.vault.recordUnsigned(plan.number);
  if (plan.status === "anchored") {
    session.summary.batches -= 1;
    session.summary.records -= plan.size;
  }
  session.cursor = Math.min(session.cursor, plan.number);
  session.unfinal = session.unfinal.filter((number) => number !== plan.number);
  const sequence = plan.slot?.sequence ?? 0;
  session.report({ kind: "reopened", plan: plan.number, sequence, size: plan.size });
  const message = `batch ${plan.number} lost its place ${sequence} in the agency's history and is anchored anew: ${why}`;
  session.report({ kind: "notice", code: "anchoring.reopened", message });
}

/** @throws {CreditAnchorError} `anchoring.final-lost` if the history is shorter than what was final once. */
function requireFinalBatches(session: Session, agency: Agency): void {
  const beyond = ownAt(session, agency.batchCount);
  if (beyond?.status === "final") throw finalLost(beyond);
}

function finalLost(plan: Plan): CreditAnchorError {
  return new CreditAnchorError(
    "anchoring.final-lost",
    `batch ${plan.number} was final at place ${plan.slot!.sequence} of the agency's history, and the chain has something else there`,
    {
      hint: "the chain was reset, or reorganised deeper than the home's finalityBlocks, or the node lies: find out before going on",
      exitStatus: 70,
    },
  );
}
