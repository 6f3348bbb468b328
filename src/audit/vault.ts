import type { Audit, VaultCoverage } from "../audit";
import { equalBytes, fromHex, toHex } from "../bytes";
import {
  batchId,
  headerHash,
  leafHash,
  manifestHash,
  recordSealer,
  typeHash,
  type LeafPlace,
  type RecordSealer,
} from "../commitment";
import { CreditAnchorError } from "../errors";
import type { Hashes } from "../hashes";
import { isObject, parseJson, type JsonObject } from "../json";
import { buildTree, treeRoot } from "../merkle";
import type { Plan, StoredRecord, VaultReader } from "../vault/vault";
import type { Where } from "./differences";
import { ERASED, statusAt } from "./moves";
import type { BatchState } from "./state";
import type { VaultClocks } from "./vault-clocks";

/** What a vault has to answer; {@link VaultReader} does. */
export type AuditedVault = Pick<
  VaultReader,
  "plans" | "leaves" | "entry" | "read" | "latest" | "typeDocument"
>;

export interface VaultComparison {
  readonly vault: AuditedVault;
  readonly hashes: Hashes;
  /** Whether to decrypt every record and compute it again; needs the passphrase. */
  readonly records: boolean;
  /** Judges the time limits of the records that are opened. */
  readonly clocks?: VaultClocks;
  readonly onProgress?: (records: number) => void;
}

/**
 * Compares an agency's vault with the registry that an audit has rebuilt: each batch's leaves, root, manifest and
 * header, each record's commitment and leaf, and which batches one has and the other lacks. Reports through the audit.
 */
export function compareVault(audit: Audit, comparison: VaultComparison): VaultCoverage {
  const { vault, hashes, onProgress = () => {} } = comparison;
  const { findings, state } = audit;
  const present = new Set<bigint>();
  const signers = new Set<string>();
  const unfinished = new Set<string>();
  const done = { batches: 0, records: 0, recomputed: 0 };

  for (const plan of vault.plans()) {
    if (plan.registry.chainId !== state.chainId || plan.registry.address.toLowerCase() !== state.registry) {
      findings.notChecked("vault.other-registry", "batches in the vault for another registry");
      continue;
    }
    if (plan.header === undefined) {
      findings.notChecked("vault.pending", "batches in the vault that are not known to be anchored yet");
      unfinished.add(content(plan));
      continue;
    }
    const id = batchId(plan.header.agencyId, plan.header.sequence);
    const where: Where = { batchId: id, agencyId: plan.agencyId };
    present.add(BigInt(id));
    signers.add(plan.header.operator.toLowerCase());
    const batch = state.batches.get(BigInt(id));
    compareHeader(audit, plan, batch, where, hashes);
    const leaves = leavesOf(audit, plan, vault, where, hashes);
    if (leaves !== undefined) {
      if (batch !== undefined) audit.leaves(batch.id, leaves);
      compareRecords(audit, plan, batch, leaves, comparison, where, done, onProgress);
    }
    done.batches++;
    onProgress(done.records);
  }
  reportMissing(audit, present, signers, unfinished);
  audit.vaults.push(done);
  return done;
}

function compareHeader(
  audit: Audit,
  plan: Plan,
  batch: BatchState | undefined,
  where: Where,
  hashes: Hashes,
): void {
  const { findings, state } = audit;
  if (batch === undefined)
    findings.differ(
      "vault.not-on-chain",
      "the vault holds this batch as anchored, the chain has none such",
      where,
    );
  else if (toHex(headerHash(plan.header!, hashes)) !== batch.headerHash)
    findings.differ(
      "vault.header",
      "the vault holds another header of this batch than the chain",
      where,
      batch.headerHash,
      toHex(headerHash(plan.header!, hashes)),
    );
  if (plan.root !== plan.header!.root || plan.size !== plan.header!.size)
    findings.differ(
      "vault.plan",
      "the batch as planned has another root or size than as anchored",
      where,
      plan.root,
      plan.header!.root,
    );
  const manifest = isObject(plan.manifest)
    ? toHex(manifestHash(plan.manifest as JsonObject, hashes))
    : undefined;
  if (manifest !== plan.header!.manifestHash)
    findings.differ(
      "vault.manifest",
      "the manifest is not the one whose hash is anchored",
      where,
      plan.header!.manifestHash,
      manifest,
    );
  const type = state.types.get(plan.header!.typeId);
  if (type?.typeHash !== plan.typeHash)
    findings.differ(
      "vault.type",
      "the vault made this batch of another type than the chain says",
      where,
      type?.typeHash,
      plan.typeHash,
    );
}

function leavesOf(
  { findings }: Audit,
  plan: Plan,
  vault: AuditedVault,
  where: Where,
  hashes: Hashes,
): Uint8Array | undefined {
  const leaves = reading(() => vault.leaves(plan.number));
  if (leaves instanceof CreditAnchorError) {
    findings.differ("vault.damaged", `the leaves of the batch cannot be read: ${leaves.message}`, where);
    return undefined;
  }
  const root = toHex(treeRoot(buildTree(leaves, hashes.keccak256)));
  if (root !== plan.root)
    findings.differ("vault.root", "the leaves in the vault lead to another root", where, plan.root, root);
  return leaves;
}

function compareRecords(
  audit: Audit,
  plan: Plan,
  batch: BatchState | undefined,
  leaves: Uint8Array,
  comparison: VaultComparison,
  where: Where,
  done: { records: number; recomputed: number },
  onProgress: (records: number) => void,
): void {
  const { vault, hashes } = comparison;
  const { findings } = audit;
  const place: LeafPlace = { domain: audit.state.domain, agencyId: plan.agencyId, typeId: plan.typeId };
  const sealer = sealerOf(audit, plan, vault, where, hashes);
  if (!comparison.records)
    findings.notChecked("vault.content", "batches whose records were not opened, for want of the passphrase");

  for (let index = 0; index < plan.size; index++) {
    const at = { ...where, index };
    const entry = reading(() => vault.entry(plan.number, index));
    if (entry instanceof CreditAnchorError) {
      findings.differ("vault.damaged", `a record cannot be read: ${entry.message}`, at);
      continue;
    }
    const leaf = leafHash(place, entry.key, entry.version, entry.commitment, hashes);
    if (!equalBytes(leaf, leaves.subarray(32 * index, 32 * index + 32)))
      findings.differ("vault.leaf", "the leaf is not that of the record's key, version and commitment", at);
    compareVersions(audit, plan.number, index, vault, at);
    const isErased = batch === undefined ? undefined : (statusAt(batch.words, index) & ERASED) !== 0;
    const record =
      comparison.records && sealer !== undefined
        ? recompute(audit, plan, index, vault, sealer, isErased, at)
        : undefined;
    if (record !== undefined) {
      done.recomputed++;
      if (batch !== undefined) comparison.clocks?.judge(record, batch, where);
    }
    if (++done.records % 1_000 === 0) onProgress(done.records);
  }
}

/** How records of this batch's type are committed to; undefined after reporting that the type is not at hand. */
function sealerOf(
  { findings }: Audit,
  plan: Plan,
  vault: AuditedVault,
  where: Where,
  hashes: Hashes,
): RecordSealer | undefined {
  const document = vault.typeDocument(plan.typeHash);
  if (document === undefined || toHex(typeHash(document, hashes)) !== plan.typeHash) {
    findings.differ(
      "vault.type-document",
      "the type document of this batch is missing or changed",
      where,
      plan.typeHash,
    );
    return undefined;
  }
  const { properties } = document;
  if (!isObject(properties)) return undefined;
  return recordSealer(fromHex(plan.typeHash, 32), Object.keys(properties).sort(), hashes);
}

function recompute(
  { findings }: Audit,
  plan: Plan,
  index: number,
  vault: AuditedVault,
  seal: RecordSealer,
  isErased: boolean | undefined,
  where: Where,
): StoredRecord | undefined {
  const record = reading(() => vault.read(plan.number, index));
  if (record instanceof CreditAnchorError) {
    if (record.code === "vault.erased") {
      findings.notChecked(
        "vault.erased",
        "records whose content and secret were destroyed: only their leaf remains",
      );
      if (isErased === false)
        findings.differ(
          "vault.destroyed",
          "content and secret were destroyed, and the chain does not say that two operators erased the record",
          where,
        );
    } else findings.differ("vault.damaged", `a record cannot be read: ${record.message}`, where);
    return undefined;
  }
  if (isErased === true)
    findings.differ(
      "vault.not-erased",
      "the chain says Erased, and the vault can still read the record",
      where,
    );
  const found = reading(() => sealed(record, seal));
  if (found instanceof CreditAnchorError || !equalBytes(found, record.commitment))
    findings.differ("vault.commitment", "the record's content and secret lead to another commitment", where);
  return record;
}

function sealed(record: StoredRecord, seal: RecordSealer): Uint8Array {
  const values = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(record.payload));
  if (!isObject(values)) throw new CreditAnchorError("vault.damaged", "not an object");
  return seal(values, record.secret, record.previous);
}

/**
 * Versions of one record form one chain that ends in the latest. So two versions with one number cannot both be in a
 * vault: one of them would not be met on the way back from the latest.
 */
function compareVersions(
  { findings }: Audit,
  plan: number,
  index: number,
  vault: AuditedVault,
  where: Where,
): void {
  const chain = reading(() => {
    const own = vault.entry(plan, index);
    if (own.earlier !== undefined) {
      const before = vault.entry(own.earlier.plan, own.earlier.index);
      if (
        before.version !== own.version - 1 ||
        !equalBytes(before.key, own.key) ||
        !equalBytes(before.commitment, own.previous)
      )
        return "vault.versions";
    } else if (own.version !== 1) return "vault.versions";
    let at = vault.latest(own.key) as ReturnType<AuditedVault["entry"]> | undefined;
    while (at !== undefined && at.version > own.version && at.earlier !== undefined)
      at = vault.entry(at.earlier.plan, at.earlier.index);
    return at?.plan === plan && at.index === index ? undefined : "vault.equivocation";
  });
  if (chain === undefined) return;
  if (chain instanceof CreditAnchorError)
    findings.differ("vault.damaged", `a record's other versions cannot be read: ${chain.message}`, where);
  else if (chain === "vault.versions")
    findings.differ(chain, "the version before is not what this version says it is", where);
  else findings.differ(chain, "two versions with one number: the record's chain does not lead here", where);
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

/** The value, or the error that kept it from being read. */
function reading<T>(read: () => T): T | CreditAnchorError {
  try {
    return read();
  } catch (error) {
    if (error instanceof CreditAnchorError) return error;
    throw error;
  }
}
