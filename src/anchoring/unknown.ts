import { counted } from "../counted";
import { batchId, type Header, previousOf } from "../commitment";
import { CreditAnchorError } from "../errors";
import type { AnchoredBatch, Registry } from "../registry-views";
import type { Plan, VaultReader } from "../vault/vault";

/**
 * Batches of an agency's history that a vault does not have. Another operator's are in another home of the agency, and
 * nothing is wrong. Those of this home's own keys tell that it is an older copy, or that a key is used in two homes: what
 * it reads in again would be anchored a second time under the same version.
 */
export interface Unknown {
  /** Of this home's keys, newest first. */
  readonly own: readonly Header[];
  /** Of others. */
  readonly others: number;
}

/** What is compared with a history. */
export interface Comparison {
  readonly vault: VaultReader;
  readonly registry: Registry;
  /** Addresses that this home signs with, or did; lower case. Those that its vault names count besides. */
  readonly keys: readonly string[];
}

/** @param past Newest first. What was accepted, and all before it, is not looked at. */
export function unknownIn(compared: Comparison, past: readonly AnchoredBatch[]): Unknown {
  const { vault } = compared;
  const accepted = vault.acceptedHistory();
  const end = past.findIndex(({ header }) => previousOf(header) === accepted);
  const planned = new Map(vault.unfinishedPlans().map((plan) => [plan.manifestHash, plan]));
  const isKnown = (header: Header): boolean => {
    const plan = planned.get(header.manifestHash);
    return (plan !== undefined && holds(plan, header)) || hasAt(compared, header);
  };
  const unknown = past
    .slice(0, end === -1 ? undefined : end)
    .map(({ header }) => header)
    .filter((header) => !isKnown(header));
  if (unknown.length === 0) return { own: [], others: 0 };
  const keys = new Set([...compared.keys, ...signersOf(compared)]);
  const own = unknown.filter(({ operator }) => keys.has(operator));
  return { own, others: unknown.length - own.length };
}

/** Whether an anchored batch is this plan: everything that the plan decides. */
export function holds(plan: Plan, header: Header): boolean {
  return (
    header.format === 1 &&
    header.agencyId === plan.agencyId &&
    header.typeId === plan.typeId &&
    header.size === plan.size &&
    header.root === plan.root &&
    header.manifestHash === plan.manifestHash
  );
}

/** The vault's batch at a place; a vault can hold batches of a registry that was left behind, too. */
export function ownAt({ vault, registry }: Omit<Comparison, "keys">, sequence: number): Plan | undefined {
  const plan = vault.planAt(sequence);
  return plan !== undefined && isOf(registry, plan) ? plan : undefined;
}

function isOf(registry: Registry, plan: Plan): boolean {
  return plan.registry.address === registry.address && plan.registry.chainId === registry.chain.chainId;
}

function hasAt(compared: Comparison, { sequence, manifestHash }: Header): boolean {
  return ownAt(compared, sequence)?.manifestHash === manifestHash;
}

/** Read once for a vault that is open: what is signed meanwhile is signed by a key of the home. */
const signers = new WeakMap<VaultReader, ReadonlySet<string>>();

/** Who anchored what the vault has: keys that the environment gave are not among the home's. */
function signersOf({ vault, registry }: Comparison): ReadonlySet<string> {
  const known = signers.get(vault);
  if (known !== undefined) return known;
  const found = new Set<string>();
  for (const plan of vault.plans())
    if (isOf(registry, plan))
      for (const key of [plan.header?.operator, plan.signed?.from]) if (key !== undefined) found.add(key);
  signers.set(vault, found);
  return found;
}

/** What is to be said of them: how many, by whom, and which is the newest. */
export function unknownText({ own }: Unknown): string {
  const [newest] = own;
  const signers = [...new Set(own.map(({ operator }) => operator))];
  return (
    `this vault lacks ${counted(own.length, "batch", "batches")} of its agency that a key of this home anchored ` +
    `(${signers.join(", ")}), the newest ${batchId(newest!.agencyId, newest!.sequence)} at place ${newest!.sequence} of the ` +
    "agency's history: the home is an older copy, or the key is used in another home"
  );
}

export const WAY_OUT =
  "restore the newest copy of the home, then run audit. If another home anchored them on purpose, with records of its own, " +
  "say so once with --accept-unknown-batches (anchor, resume, erase and the moves take it)";

/** @throws {CreditAnchorError} `anchoring.unknown-batches` */
export function refuseUnknown(unknown: Unknown): void {
  if (unknown.own.length === 0) return;
  throw new CreditAnchorError(
    "anchoring.unknown-batches",
    `${unknownText(unknown)}. Its records could be anchored a second time under the same version: nothing was sent`,
    { hint: WAY_OUT },
  );
}
