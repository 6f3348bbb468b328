import type { Audit, VaultCoverage } from "../audit";
import { batchId } from "../commitment";
import type { Plan } from "../vault/vault";
import { without } from "../vault/without";
import { typeOf } from "./chain-clocks";
import { actsByBatch } from "./matters";
import { isOfRegistry, type AuditedVault, type PlanOnChain } from "./vault-portion";
import { compared, threadsFor, type ComparingWith } from "./vault-threads";

/** What is compared: a vault with its location can be read by other threads too. */
export interface VaultComparison extends Omit<ComparingWith, "registry"> {
  /** Threads that compare; 0: none but this one. Default: one for each processor, four at most, for vaults that are
   * worth it. What is found is the same, and in the same order. */
  readonly threads?: number;
  /** Batches are compared together until they have so many records: whole batches, so one may have more. */
  readonly portion?: number;
  readonly onProgress?: (records: number) => void;
}

const PORTION = 8_192;

/**
 * Compares an agency's vault with the registry that an audit has rebuilt: each batch's leaves, root, manifest and
 * header, each record's commitment and leaf, and which batches one has and the other lacks. Reports through the audit.
 *
 * @throws CreditAnchorError `audit.thread` if a thread ends before its answer: then nothing is said of the vault.
 */
export async function compareVault(audit: Audit, comparison: VaultComparison): Promise<VaultCoverage> {
  const { vault, onProgress = () => {} } = comparison;
  const { findings, state } = audit;
  const registry = { chainId: state.chainId, address: state.registry };
  const acts = actsByBatch(state);
  const present = new Set<bigint>();
  const signers = new Set<string>();
  const unfinished = new Set<string>();
  const done = { batches: 0, records: 0, recomputed: 0 };

  /** What the chain tells of a batch; takes note of it too. */
  function onChain(whole: Plan): PlanOnChain {
    // Its signed transaction may hold every leaf.
    const plan = without(whole, "signed");
    const { header } = plan;
    if (!isOfRegistry(plan, registry) || header === undefined) {
      if (isOfRegistry(plan, registry)) unfinished.add(content(plan));
      return { plan, batch: undefined, typeHash: undefined };
    }
    const id = BigInt(batchId(header.agencyId, header.sequence));
    present.add(id);
    signers.add(header.operator.toLowerCase());
    const typeHash = state.types.get(header.typeId)?.typeHash;
    const batch = state.batches.get(id);
    if (batch === undefined) return { plan, batch, typeHash };
    const { words, headerHash } = batch;
    const { agencyId, anchoredAt } = batch.header;
    const told = { recordType: typeOf(state, batch), acts: acts.get(id) ?? [] };
    return { plan, batch: { id, agencyId, anchoredAt, words, headerHash, ...told }, typeHash };
  }

  const portions = portionsOf(vault, comparison.portion ?? PORTION, onChain);
  const [first, second] = [portions.next(), portions.next()];
  const all = function* (): Generator<readonly PlanOnChain[]> {
    for (const { value, done } of [first, second]) if (done !== true) yield value;
    yield* portions;
  };
  // Starting threads for a single portion takes longer than they save.
  const threads = comparison.threads ?? (second.done === true ? 0 : threadsFor(comparison));
  for await (const found of compared(all(), { ...comparison, registry }, threads)) {
    for (const { code, message, where, expected, found: seen } of found.differences)
      findings.differ(code, message, where, expected, seen);
    for (const { code, message, count } of found.notChecked) findings.notChecked(code, message, count);
    for (const { batchId: id, leaves } of found.leaves) audit.leaves(id, leaves);
    audit.clocks.add(found.clocks);
    for (const [id, counted] of found.published) audit.published(id, counted);
    done.batches += found.done.batches;
    done.records += found.done.records;
    done.recomputed += found.done.recomputed;
    onProgress(done.records);
  }
  reportMissing(audit, present, signers, unfinished);
  audit.vaults.push(done);
  return done;
}

/** Each is read when it is wanted, and no state of the database is held meanwhile. */
function* portionsOf(
  vault: AuditedVault,
  most: number,
  onChain: (plan: Plan) => PlanOnChain,
): Generator<readonly PlanOnChain[]> {
  for (let next = 0; ;) {
    const portion: PlanOnChain[] = [];
    let records = 0;
    for (const plan of vault.plans(next)) {
      portion.push(onChain(plan));
      next = plan.number + 1;
      records += plan.size;
      if (records >= most) break;
    }
    if (portion.length === 0) return;
    yield portion;
  }
}

function reportMissing(
  { findings, state }: Audit,
  present: ReadonlySet<bigint>,
  signers: ReadonlySet<string>,
  unfinished: ReadonlySet<string>,
): void {
  const agencies = new Set([...present].map((id) => Number(id >> 32n)));
  for (const { id, header, block, transaction } of state.batches.values()) {
    if (present.has(id) || !agencies.has(header.agencyId)) continue;
    // Interrupted after sending: the chain has it, and the vault has still to take note.
    if (unfinished.has(content(header))) continue;
    if (signers.has(header.operator))
      findings.differ("vault.missing", "an operator of this vault anchored a batch that the vault lacks", {
        batchId: String(id),
        agencyId: header.agencyId,
        block,
        transaction,
      });
    else
      findings.notChecked(
        "vault.other-operator",
        "batches of the agency by operators whose batches this vault does not keep",
      );
  }
}

/** What a batch is made of: the random bytes in its manifest make this unique. */
function content({ root, manifestHash }: { readonly root: string; readonly manifestHash: string }): string {
  return `${root} ${manifestHash}`;
}
