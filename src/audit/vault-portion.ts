/** A portion of a vault, compared with what the chain tells of its batches: on whatever thread, always the same. */
import type { Timeliness, VaultCoverage } from "../audit";
import { equalBytes, fromHex, toHex } from "../bytes";
import {
  batchId,
  domain,
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
import type { Entry, Plan, StoredRecord, VaultReader } from "../vault/vault";
import { startClocks, type ClockTally } from "./clocks";
import { startFindings, type Difference, type Findings, type NotChecked, type Where } from "./differences";
import { ERASED, statusAt } from "./moves";
import { noClocks, type ClockedBatch, type ClockNotes, type VaultClocks } from "./vault-clocks";

/** What a vault has to answer; {@link VaultReader} does. */
export type AuditedVault = Pick<
  VaultReader,
  "plans" | "plan" | "leaves" | "entry" | "read" | "latest" | "typeDocument" | "moves"
>;

/** A batch of the vault, and what the chain tells of it. Plain data: it is sent to other threads. */
export interface PlanOnChain {
  readonly plan: Omit<Plan, "signed">;
  /** Undefined: the chain has no such batch. */
  readonly batch: (ClockedBatch & { readonly headerHash: string }) | undefined;
  /** Of the type that the batch was anchored with; undefined: the chain has no such type. */
  readonly typeHash: string | undefined;
}

/** What was found in a portion. Plain data. */
export interface PortionFound {
  readonly differences: readonly Difference[];
  readonly notChecked: readonly NotChecked[];
  /** Of those batches whose leaves can be read, to be compared with what the chain says of them. */
  readonly leaves: readonly { readonly batchId: bigint; readonly leaves: Uint8Array }[];
  readonly done: VaultCoverage;
  readonly clocks: ClockTally;
  readonly published: ReadonlyMap<bigint, Pick<Timeliness, "onTime" | "late">>;
}

export interface PortionContext {
  readonly vault: AuditedVault;
  /** Address in lower-case hex. */
  readonly registry: { readonly chainId: number; readonly address: string };
  readonly hashes: Hashes;
  /** Whether to decrypt every record and compute it again; needs the passphrase. */
  readonly records: boolean;
  /** Judges the time limits of the records that are opened. */
  readonly clocks: VaultClocks | undefined;
}

export function isOfRegistry({ registry }: Pick<Plan, "registry">, of: PortionContext["registry"]): boolean {
  return registry.chainId === of.chainId && registry.address.toLowerCase() === of.address;
}

/** Compares portions: see {@link compareVault}. It keeps buffers, so it belongs to one thread. */
export function portionComparer(context: PortionContext): (portion: readonly PlanOnChain[]) => PortionFound {
  const { registry, hashes } = context;
  const place = domain(registry.chainId, registry.address, hashes);
  return (portion) => {
    const findings = startFindings();
    const published = new Map<bigint, { onTime: number; late: number }>();
    const notes: ClockNotes = {
      findings,
      clocks: startClocks(findings),
      published: (id, onTime, records) => {
        const known = published.get(id) ?? { onTime: 0, late: 0 };
        known[onTime ? "onTime" : "late"] += records;
        published.set(id, known);
      },
    };
    const done = { batches: 0, records: 0, recomputed: 0 };
    const leaves: { batchId: bigint; leaves: Uint8Array }[] = [];
    for (const item of portion) {
      const found = comparePlan({ ...context, domain: place, findings, notes, done }, item);
      if (found !== undefined && item.batch !== undefined)
        leaves.push({ batchId: item.batch.id, leaves: found });
    }
    const { differences } = findings;
    return {
      differences,
      notChecked: findings.unchecked(),
      leaves,
      done,
      clocks: notes.clocks.tally(),
      published,
    };
  };
}

interface Comparing extends PortionContext {
  readonly domain: Uint8Array;
  readonly findings: Findings;
  readonly notes: ClockNotes;
  readonly done: { batches: number; records: number; recomputed: number };
}

/** @returns the batch's leaves, if it is one to compare and they can be read. */
function comparePlan(comparing: Comparing, item: PlanOnChain): Uint8Array | undefined {
  const { findings, done, registry } = comparing;
  const { plan } = item;
  if (!isOfRegistry(plan, registry)) {
    findings.notChecked("vault.other-registry", "batches in the vault for another registry");
    return undefined;
  }
  if (plan.header === undefined) {
    findings.notChecked("vault.pending", "batches in the vault that are not known to be anchored yet");
    return undefined;
  }
  const where: Where = {
    batchId: batchId(plan.header.agencyId, plan.header.sequence),
    agencyId: plan.agencyId,
  };
  compareHeader(comparing, item, where);
  const leaves = leavesOf(comparing, item, where);
  if (leaves !== undefined) compareRecords(comparing, item, leaves, where);
  done.batches++;
  return leaves;
}

function compareHeader(
  { findings, hashes }: Comparing,
  { plan, batch, typeHash: typeOnChain }: PlanOnChain,
  where: Where,
): void {
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
  if (typeOnChain !== plan.typeHash)
    findings.differ(
      "vault.type",
      "the vault made this batch of another type than the chain says",
      where,
      typeOnChain,
      plan.typeHash,
    );
}

function leavesOf(
  { findings, vault, hashes }: Comparing,
  { plan }: PlanOnChain,
  where: Where,
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
  comparing: Comparing,
  { plan, batch }: PlanOnChain,
  leaves: Uint8Array,
  where: Where,
): void {
  const { vault, hashes, findings, done } = comparing;
  const place: LeafPlace = { domain: comparing.domain, agencyId: plan.agencyId, typeId: plan.typeId };
  const sealer = sealerOf(comparing, plan, where);
  if (!comparing.records)
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
    // Before other versions are looked up: the vault still has this record at hand.
    const opened = comparing.records && sealer !== undefined ? open(vault, entry) : undefined;
    compareVersions(comparing, entry, at);
    if (opened !== undefined) {
      const isErased = batch === undefined ? undefined : (statusAt(batch.words, index) & ERASED) !== 0;
      recompute(comparing, opened, sealer!, isErased, batch, at, where);
    }
    done.records++;
  }
  comparing.clocks?.endBatch();
}

/** How records of this batch's type are committed to; undefined after reporting that the type is not at hand. */
function sealerOf(
  { findings, vault, hashes }: Comparing,
  plan: PlanOnChain["plan"],
  where: Where,
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

function open(vault: AuditedVault, { plan, index }: Entry): StoredRecord | CreditAnchorError {
  return reading(() => vault.read(plan, index));
}

function recompute(
  { findings, done, clocks, notes }: Comparing,
  record: StoredRecord | CreditAnchorError,
  seal: RecordSealer,
  isErased: boolean | undefined,
  batch: ClockedBatch | undefined,
  at: Where,
  where: Where,
): void {
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
          at,
        );
    } else findings.differ("vault.damaged", `a record cannot be read: ${record.message}`, at);
    return;
  }
  if (isErased === true)
    findings.differ("vault.not-erased", "the chain says Erased, and the vault can still read the record", at);
  done.recomputed++;
  const values = reading(() => valuesOf(record));
  const found =
    values instanceof CreditAnchorError
      ? values
      : reading(() => seal(values, record.secret, record.previous));
  if (found instanceof CreditAnchorError || !equalBytes(found, record.commitment))
    findings.differ("vault.commitment", "the record's content and secret lead to another commitment", at);
  if (batch === undefined || clocks === undefined) return;
  if (values instanceof CreditAnchorError) noClocks(findings, values);
  else clocks.judge(record, values, batch, where, notes);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function valuesOf({ payload, plan, index }: StoredRecord): JsonObject {
  let text: string;
  try {
    text = UTF8.decode(payload);
  } catch (cause) {
    throw new CreditAnchorError("vault.damaged", `record ${index} of batch ${plan} is no text`, { cause });
  }
  const values = parseJson(text);
  if (isObject(values)) return values;
  throw new CreditAnchorError("vault.damaged", `record ${index} of batch ${plan} is no object`);
}

/**
 * Versions of one record form one chain that ends in the latest. So two versions with one number cannot both be in a
 * vault: one of them would not be met on the way back from the latest.
 */
function compareVersions({ findings, vault }: Comparing, own: Entry, where: Where): void {
  const chain = reading(() => {
    if (own.earlier !== undefined) {
      const before = vault.entry(own.earlier.plan, own.earlier.index);
      if (
        before.version !== own.version - 1 ||
        !equalBytes(before.key, own.key) ||
        !equalBytes(before.commitment, own.previous)
      )
        return "vault.versions";
    } else if (own.version !== 1) return "vault.versions";
    let at: Entry | undefined = vault.latest(own.key);
    while (at !== undefined && at.version > own.version && at.earlier !== undefined)
      at = vault.entry(at.earlier.plan, at.earlier.index);
    return at?.plan === own.plan && at.index === own.index ? undefined : "vault.equivocation";
  });
  if (chain === undefined) return;
  if (chain instanceof CreditAnchorError)
    findings.differ("vault.damaged", `a record's other versions cannot be read: ${chain.message}`, where);
  else if (chain === "vault.versions")
    findings.differ(chain, "the version before is not what this version says it is", where);
  else findings.differ(chain, "two versions with one number: the record's chain does not lead here", where);
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
