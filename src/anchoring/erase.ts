import { counted } from "../counted";
import { batchId } from "../commitment";
import { CreditAnchorError } from "../errors";
import { rehearse } from "../registry";
import { type Actor, confirmErasure, erasureCall, type Places, proposeErasure } from "../registry-admin";
import { RegistryRefusal } from "../registry-errors";
import { erasureNonce, type SignedCall, signForRelay } from "../registry-relay";
import { type Registry, statusesOf } from "../registry-views";
import { delay } from "../rpc";
import type { Delegation } from "./delegate";
import type { Position, Vault, VaultReader } from "../vault/vault";

/** Positions that one call erases at most. */
export const POSITIONS_PER_ERASURE = 256;

const ERASED = 8;
/** A chain that makes no block for so long is not waited for. */
const NO_BLOCK_MS = 60_000;

/** Versions of one batch that are erased together, and the number of their batch in the vault. */
export interface ErasurePart extends Places {
  readonly plan: number;
}

/** All versions of the record that has a version at this place, the latest first. */
export function versionsOf(vault: VaultReader, place: Position): Position[] {
  const versions: Position[] = [];
  const latest = vault.latest(vault.entry(place.plan, place.index).key);
  for (let at: Position | undefined = latest; at !== undefined; at = vault.entry(at.plan, at.index).earlier)
    versions.push({ plan: at.plan, index: at.index });
  return versions;
}

/** Which leaves of a batch the chain does not show as erased. */
export async function notErased(
  { registry }: Pick<Actor, "registry">,
  { header, indexes }: Pick<Places, "header" | "indexes">,
): Promise<number[]> {
  const statuses = await statusesOf(registry, header.agencyId, header.sequence, indexes);
  return indexes.filter((_, i) => (statuses[i]! & ERASED) === 0);
}

/**
 * First step: one operator proposes. Nothing is destroyed. Can be repeated.
 * @returns How many parts were sent; the others are erased or proposed already.
 */
export async function proposeParts(actor: Actor, parts: readonly Places[]): Promise<number> {
  let sent = 0;
  for (const part of parts) {
    if ((await notErased(actor, part)).length === 0) continue;
    if (!(await proposeErasure(actor, part)).already) sent++;
  }
  return sent;
}

export interface Confirmation {
  readonly vault: Vault;
  readonly finalityBlocks: number;
  /** Called when everything is destroyed and before the chain is told. */
  readonly onDestroyed: () => void;
  /** Return when the erasure is mined. */
  readonly untilAnchored: boolean;
  /** Sends nothing: signs for others what the chain does not have, and is given it. */
  readonly signOnly?: {
    readonly delegation: Delegation;
    readonly onSigned: (calls: readonly SignedCall[]) => void;
  };
}

/**
 * Second step, by another operator: rehearses the confirmation, ends the records, destroys secrets and content, and only
 * then tells the chain: so `Erased` is never said of what can still be read. Stopped at any point, it is repeated: what is
 * destroyed stays destroyed, what the chain has is not sent again.
 *
 * @returns Whether the erasure is final.
 * @throws {RegistryRefusal} before anything is destroyed, unless the chain changes meanwhile.
 */
export async function confirmParts(
  actor: Actor,
  parts: readonly ErasurePart[],
  { vault, finalityBlocks, onDestroyed, untilAnchored, signOnly }: Confirmation,
): Promise<boolean> {
  await rehearseParts(actor, parts);
  for (const { plan, indexes } of parts) {
    vault.markEnded(latestKeys(vault, plan, indexes));
    vault.destroy(plan, indexes);
  }
  onDestroyed();
  if (signOnly !== undefined) {
    const calls = await signErasures(actor.registry, signOnly.delegation, "confirmErasure", parts);
    signOnly.onSigned(calls);
    if (calls.length > 0) return false;
  }
  let block = 0;
  for (const part of parts) block = Math.max(block, await confirmPart(actor, part));
  if (untilAnchored && finalityBlocks > 0) return false;
  if (!(await isDeep(actor, block + finalityBlocks))) return false;
  for (const part of parts) await requireErased(actor, part);
  return true;
}

/** Whether the chain would accept a confirmation of everything that is not erased yet. */
export async function rehearseParts(actor: Actor, parts: readonly Places[]): Promise<void> {
  for (const part of parts)
    if ((await notErased(actor, part)).length > 0)
      await rehearse(actor.registry, actor.signer, erasureCall(actor.registry, "confirmErasure", part));
}

/**
 * Signs a step of an erasure for others to send; what the chain has already is left out. Signing again is harmless.
 *
 * @throws {RegistryRefusal} of what registry or relay would refuse.
 */
export async function signErasures(
  registry: Registry,
  { operator, deadline, relay, signer }: Delegation,
  step: "proposeErasure" | "confirmErasure",
  parts: readonly Places[],
): Promise<SignedCall[]> {
  const calls: SignedCall[] = [];
  for (const part of parts) {
    if ((await notErased({ registry }, part)).length === 0) continue;
    const call = erasureCall(registry, step, part).data;
    const { agencyId } = part.header;
    try {
      const relayed = { operator, agencyId, call, nonce: erasureNonce(call), deadline };
      calls.push(await signForRelay(registry, relay, signer, relayed));
    } catch (error) {
      const isProposed =
        step === "proposeErasure" &&
        error instanceof RegistryRefusal &&
        ["ErasureAlreadyProposed", "NonceUsed"].includes(error.errorName);
      if (!isProposed) throw error;
    }
  }
  return calls;
}

/** Keys of the records whose latest version is among these. */
function latestKeys(vault: Vault, plan: number, indexes: readonly number[]): Uint8Array[] {
  return indexes.flatMap((index) => {
    const { key } = vault.entry(plan, index);
    const latest = vault.latest(key);
    return latest?.plan === plan && latest.index === index ? [key] : [];
  });
}

/** @returns The block that has it; that of now, if somebody's earlier transaction had done it. */
async function confirmPart(actor: Actor, part: Places): Promise<number> {
  const { chain } = actor.registry;
  if ((await notErased(actor, part)).length > 0)
    try {
      const { transaction } = await confirmErasure(actor, part);
      const receipt = await chain.receipt(transaction!);
      if (receipt !== undefined) return receipt.blockNumber;
    } catch (error) {
      // An earlier run may have sent it, and been stopped before it was mined.
      if (!(error instanceof RegistryRefusal) || (await notErased(actor, part)).length > 0) throw error;
    }
  return chain.blockNumber();
}

/** Waits until the chain has a block; false if it stops making any. */
async function isDeep({ registry: { chain }, settings }: Actor, block: number): Promise<boolean> {
  let head = await chain.blockNumber();
  for (let since = Date.now(); head < block;) {
    await delay(chain.pollMs, settings?.signal);
    const next = await chain.blockNumber();
    if (next !== head) since = Date.now();
    else if (Date.now() - since > NO_BLOCK_MS) return false;
    head = next;
  }
  return true;
}

async function requireErased(actor: Actor, part: Places): Promise<void> {
  const left = await notErased(actor, part);
  if (left.length === 0) return;
  throw new CreditAnchorError(
    "erase.taken-back",
    `of batch ${batchId(part.header.agencyId, part.header.sequence)} ${counted(left.length, "record")} destroyed here and not erased on the chain: blocks were replaced`,
    { hint: "run the same command again; if the proposal went too, propose again first", exitStatus: 70 },
  );
}
