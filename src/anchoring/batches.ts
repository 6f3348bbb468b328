import { counted } from "../counted";
import { toHex } from "../bytes";
import type { Receipt } from "../chain";
import { batchId, domain, headerHash, leafHash, previousOf } from "../commitment";
import { CreditAnchorError } from "../errors";
import { portableHashes } from "../hashes";
import { buildTree, treeRoot } from "../merkle";
import {
  broadcast,
  type Call,
  gasLimitIn,
  notMined,
  registryCall,
  requireEvent,
  type Sending,
  signCall,
  type SignOptions,
  watch,
} from "../registry";
import { RegistryRefusal } from "../registry-errors";
import { type Agency, type AnchoredBatch, batchOf, headerHashOf } from "../registry-views";
import { delay } from "../rpc";
import type { Plan, SignedTransaction } from "../vault/vault";
import { lookAgain, recordAnchored, reopen, syncHistory } from "./history";
import { holds } from "./unknown";
import { checkPlan } from "./preflight";
import type { Session } from "./session";

/** A batch whose transaction is mined and reverts so often, each time after a rehearsal that did not, is given up. */
const MOST_FAILURES = 12;

/**
 * Brings one batch onto the chain, from wherever it stands. Looks first, sends only if it is not there, then looks
 * again: each step may be the last before a crash, and each may be taken twice.
 */
export async function settleBatch(session: Session, number: number): Promise<void> {
  const { registry, vault, patience } = session;
  const deadline = Date.now() + patience.giveUpMs;
  let failures = 0;
  await registry.chain.checkChainId();
  await checkType(session, vault.plan(number));
  for (;;) {
    const agency = await syncHistory(session);
    const plan = vault.plan(number);
    if (plan.status === "anchored" || plan.status === "final") return;
    const signed = await usable(session, plan, agency);
    if (signed === "failed" || signed === "contradiction") {
      failures += 1;
      if (failures > MOST_FAILURES)
        throw signed === "failed" ? keepsFailing(plan) : contradiction(session, plan);
      session.known = undefined;
      await pause(session, failures);
      continue;
    }
    if (Date.now() > deadline) throw notMined(describe(plan), signed?.hash ?? "none", patience.giveUpMs);
    const transaction = signed ?? (await signFor(session, plan, agency));
    if (transaction === undefined) await pause(session, 1);
    else if (await sendAndWait(session, vault.plan(number), transaction)) return;
  }
}

async function checkType(session: Session, plan: Plan): Promise<void> {
  const { checkedTypes, registry, settings } = session;
  await checkPlan(registry, settings.agencyId, plan, checkedTypes.has(plan.typeId));
  checkedTypes.add(plan.typeId);
}

/**
 * The transaction that was signed for a batch, if it can still do it; `failed` if it was mined and reverted. What
 * cannot be mined any more is forgotten, so that the batch is signed anew.
 */
async function usable(
  session: Session,
  plan: Plan,
  agency: Agency,
): Promise<SignedTransaction | undefined | "failed" | "contradiction"> {
  const { chain } = session.registry;
  const { slot, signed } = plan;
  if (slot === undefined || signed === undefined) return undefined;
  if (slot.sequence !== agency.batchCount || slot.previous !== agency.lastBatch) {
    reopen(session, plan, "the history it was signed for has changed");
    return undefined;
  }
  const receipt = await chain.receipt(signed.hash);
  if (receipt?.succeeded === true) {
    // Mined after the history was read; or the node says two things at once. Looking again decides.
    return "contradiction";
  }
  if (receipt !== undefined) {
    if (receipt.gasUsed >= gasLimitIn(signed)) session.gasFactor = Math.min(session.gasFactor * 2, 16);
    session.vault.recordUnsigned(plan.number);
    return "failed";
  }
  if ((await chain.nonce(signed.from)) <= signed.nonce) return signed;
  session.vault.recordUnsigned(plan.number);
  // Mined by now, or replaced by another transaction of this key: the next look at the history tells.
  return "failed";
}

/** Signs a batch for the next place of the history, and stores that before anybody hears of it. */
async function signFor(
  session: Session,
  plan: Plan,
  agency: Agency,
  options: SignOptions = {},
): Promise<SignedTransaction | undefined> {
  const { registry, signer, settings, vault, gasFactor } = session;
  const call = anchorCall(session, plan, agency.lastBatch);
  let signed: SignedTransaction;
  try {
    signed = await signCall(registry, signer, call, { fees: settings.fees, gasFactor, ...options });
  } catch (error) {
    if (!(error instanceof RegistryRefusal) || error.errorName !== "StalePrevious") throw error;
    session.known = undefined;
    return undefined;
  }
  const slot = { sequence: agency.batchCount, previous: agency.lastBatch };
  if (plan.status === "sent") vault.recordUnsigned(plan.number);
  vault.recordSigned(plan.number, slot, signed);
  session.report({ kind: "signed", plan: plan.number, sequence: slot.sequence, size: plan.size });
  return signed;
}

/** The call that anchors a batch on top of `previous`. */
export function anchorCall(session: Session, plan: Plan, previous: string): Call {
  const { registry, vault, settings } = session;
  const { agencyId, typeId, manifestHash, number } = plan;
  const what = describe(plan);
  if (plan.mode === "direct") {
    const { key, version, commitment } = vault.entry(number, 0);
    const place = { domain: domain(registry.chain.chainId, registry.address), agencyId, typeId };
    requireRoot(plan, leafHash(place, key, version, commitment));
    const record = [toHex(key), version, toHex(commitment)];
    return registryCall(
      registry,
      "anchorRecord",
      [agencyId, typeId, previous, ...record, manifestHash],
      what,
    );
  }
  if (plan.mode === "leaves" && settings.rootOnly !== true) {
    const bytes = vault.leaves(number);
    requireRoot(plan, treeRoot(buildTree(bytes, portableHashes.keccak256)));
    const leaves = Array.from({ length: plan.size }, (_, i) => toHex(bytes.subarray(32 * i, 32 * (i + 1))));
    return registryCall(registry, "anchorLeaves", [agencyId, typeId, previous, leaves, manifestHash], what);
  }
  const root = [plan.size, plan.root, manifestHash];
  return registryCall(registry, "anchorRoot", [agencyId, typeId, previous, ...root], what);
}

/** What is anchored cannot be taken back: the content is compared with the root it was planned with. */
function requireRoot(plan: Plan, root: Uint8Array): void {
  if (toHex(root) === plan.root) return;
  throw new CreditAnchorError(
    "vault.damaged",
    `the leaves of batch ${plan.number} do not give the root it was planned with`,
    {
      hint: "restore the vault from a copy; nothing was sent",
      exitStatus: 70,
    },
  );
}

function describe(plan: Plan): string {
  return `anchor batch ${plan.number} (${counted(plan.size, "record")} of ${plan.type})`;
}

/** Whether the batch is anchored now. Otherwise something happened that the next look at the chain explains. */
async function sendAndWait(session: Session, plan: Plan, signed: SignedTransaction): Promise<boolean> {
  const { registry, vault, settings, patience, signal } = session;
  const sending: Sending = await broadcast(registry, signed, describe(plan));
  if (sending === "underpriced") return outbid(session, plan, signed);
  if (sending === "nonce-gap") {
    // The transactions before it are lost: this one would wait for ever.
    vault.recordUnsigned(plan.number);
    return false;
  }
  if (sending !== "accepted") return false;
  if (plan.status === "signed") {
    vault.recordSent(plan.number);
    session.report({ kind: "sent", plan: plan.number, sequence: plan.slot!.sequence, size: plan.size });
  }
  const outcome = await watch(registry, signed, { fees: settings.fees, patience, signal });
  if (outcome.kind === "stuck") return outbid(session, vault.plan(plan.number), signed);
  if (outcome.kind !== "mined" || !outcome.receipt.succeeded) return false;
  const batch = await proved(session, plan, signed, outcome.receipt);
  if (batch === undefined) return false;
  const { transactionHash: hash, blockNumber, blockHash } = batch;
  recordAnchored(session, plan, batch.header, { hash, blockNumber, blockHash });
  session.known = previousOf(batch.header);
  session.unfinal.push(plan.number);
  return true;
}

/** The same batch for the same place, with the same nonce if that is still free, for higher fees. */
async function outbid(session: Session, plan: Plan, signed: SignedTransaction): Promise<false> {
  const { chain } = session.registry;
  const agency = await syncHistory(session);
  const { status, slot } = session.vault.plan(plan.number);
  if (status === "anchored" || slot?.previous !== agency.lastBatch) return false;
  const next = await chain.nonce(signed.from, "pending");
  const options = next < signed.nonce ? { nonce: next } : { nonce: signed.nonce, replaces: signed };
  await signFor(session, session.vault.plan(plan.number), agency, options);
  await pause(session, 1);
  return false;
}

/**
 * What a receipt says, if the registry agrees: the event by emitter, topic and every argument, and the hash of the
 * header it describes.
 *
 * @returns undefined if the registry has nothing at this place: the block was reorganised away meanwhile.
 * @throws {CreditAnchorError} `registry.no-effect`, `registry.contradiction` if the node contradicts itself.
 */
async function proved(
  session: Session,
  plan: Plan,
  signed: SignedTransaction,
  receipt: Receipt,
): Promise<AnchoredBatch | undefined> {
  const { registry, vault } = session;
  const slot = plan.slot!;
  const id = batchId(plan.agencyId, slot.sequence);
  const fields = requireEvent(
    registry,
    receipt,
    "BatchAnchored",
    {
      batchId: id,
      typeId: plan.typeId,
      operator: signed.from,
      size: plan.size,
      previous: slot.previous,
      root: plan.root,
      manifestHash: plan.manifestHash,
    },
    ["anchoredAt"],
  );
  if (plan.mode === "direct") {
    const { key: recordKey, version, commitment } = vault.entry(plan.number, 0);
    const record = { batchId: id, recordKey, version, commitment };
    // Which version it superseded depends on what became of that one; the status of its leaf tells.
    requireEvent(registry, receipt, "RecordAnchored", record, ["superseded"]);
  }
  const batch = receipt.logs
    .map((log) => batchOf(registry, log))
    .find(
      (found) =>
        found !== undefined &&
        holds(plan, found.header) &&
        found.header.anchoredAt === Number(fields.anchoredAt),
    );
  await registry.chain.checkChainId();
  const expected = toHex(headerHash(batch!.header));
  // Behind a load balancer the state may come a little later than the receipt.
  for (let attempt = 1; attempt <= 10; attempt++) {
    const stored = await headerHashOf(registry, plan.agencyId, slot.sequence);
    if (stored === expected) {
      const { transactionHash, blockNumber, blockHash } = receipt;
      return { header: batch!.header, transactionHash, blockNumber, blockHash };
    }
    if ((await registry.chain.receipt(signed.hash))?.blockHash !== receipt.blockHash) return undefined;
    await delay(registry.chain.pollMs, session.signal);
  }
  throw contradiction(session, plan);
}

function contradiction({ registry }: Session, plan: Plan): CreditAnchorError {
  const id = batchId(plan.agencyId, plan.slot!.sequence);
  return new CreditAnchorError(
    "registry.contradiction",
    `node ${registry.chain.node} gives a receipt for batch ${id} that the registry's own state contradicts`,
    { hint: "nothing was recorded: use another node, then run resume", exitStatus: 70 },
  );
}

/**
 * Makes `final` what is deep enough and still in the chain; what is not there any more is looked for again.
 *
 * @param head Number of the newest block.
 */
export async function finaliseBatches(session: Session, head: number): Promise<void> {
  const { registry, vault, settings } = session;
  while (session.unfinal.length > 0) {
    const plan = vault.plan(session.unfinal[0]!);
    const { hash, blockNumber, blockHash } = plan.transaction!;
    if (blockNumber + settings.finalityBlocks > head) return;
    const block = await registry.chain.block(blockNumber);
    if (block === undefined) return;
    if (block.hash === blockHash) {
      const stored = await headerHashOf(registry, plan.agencyId, plan.slot!.sequence);
      if (stored !== toHex(headerHash(plan.header!))) return lookAgain(session);
      vault.recordFinal(plan.number);
      session.unfinal.shift();
      session.summary.final += 1;
      session.report({ kind: "final", plan: plan.number, sequence: plan.slot!.sequence, size: plan.size });
      continue;
    }
    const receipt = await registry.chain.receipt(hash);
    const batch = receipt?.logs
      .map((log) => batchOf(registry, log))
      .find((found) => found && holds(plan, found.header));
    if (
      receipt?.succeeded !== true ||
      batch === undefined ||
      previousOf(batch.header) !== previousOf(plan.header!)
    )
      return lookAgain(session);
    if (receipt.blockHash === blockHash) return;
    recordAnchored(session, plan, batch.header, {
      hash,
      blockNumber: receipt.blockNumber,
      blockHash: receipt.blockHash,
    });
  }
}

/** Waits a little, by chance a little more: of two operators who collide one comes first. */
async function pause(session: Session, times: number): Promise<void> {
  const { pollMs } = session.registry.chain;
  await delay(pollMs * Math.min(times, 10) * (0.5 + Math.random()), session.signal);
}

function keepsFailing(plan: Plan): CreditAnchorError {
  return new CreditAnchorError(
    "anchoring.keeps-failing",
    `the transaction that is to ${describe(plan)} is mined and reverts, although its rehearsal passes`,
    {
      hint: "the node's state may be behind its blocks: try another node. The batch is safe and still planned",
      exitStatus: 70,
    },
  );
}
