import { RECONCILIATION_FAULTS, type Audit, type Reconciliation, type ReconciliationFault } from "./audit";
import { ERASED, Status, STATUS_BITS, statusAt } from "./audit/moves";
import { equalBytes } from "./bytes";
import { CanonicalWriter } from "./canonical";
import { batchId, recordKey } from "./commitment";
import type { Fault } from "./errors";
import type { Hashes } from "./hashes";
import type { FaultyRow } from "./ingest/rejected-rows";
import type { Input, RowReader } from "./input";
import type { CreditRecord } from "./record";
import type { RecordType } from "./types";
import type { Latest, Plan, Position, VaultReader } from "./vault/vault";

export interface ReconcileRequest {
  readonly input: Input;
  readonly reader: Pick<RowReader, "read">;
  readonly type: RecordType;
  /** Opened with the passphrase: contents are compared. */
  readonly vault: Pick<VaultReader, "latest" | "entry" | "read" | "isDestroyed" | "plan" | "plans">;
  readonly agencyKey: Uint8Array;
  readonly agencyCode: string;
  readonly hashes: Hashes;
  /** Takes down rows and what is wrong with them. */
  readonly tell: (row: FaultyRow) => void;
  readonly onProgress?: (rows: number) => void;
}

/**
 * Compares a file of the agency's own system with what the agency anchored: rows without a record, with other content, or
 * of records that have ended, and records without a row. Tells row numbers and places, never a value; memory does not grow
 * with the file but for one bit for each record of the vault. Reports through the audit.
 */
export async function reconcile(audit: Audit, request: ReconcileRequest): Promise<Reconciliation> {
  const { input, reader, type, onProgress = () => {} } = request;
  const records = new Records(audit, request);
  const faults = Object.fromEntries(Object.keys(RECONCILIATION_FAULTS).map((name) => [name, 0])) as Record<
    ReconciliationFault,
    number
  >;
  let rows = 0;
  let same = 0;
  const tell = (kind: ReconciliationFault, more: readonly Fault[] = []): readonly Fault[] => {
    faults[kind]++;
    return [{ path: "", code: `source.${kind}`, message: RECONCILIATION_FAULTS[kind] }, ...more];
  };
  for await (const some of input.rows()) {
    for (const one of some) {
      rows++;
      const result = reader.read(one);
      const found = result.ok ? records.judge(result.record) : (["invalid"] as const);
      if (found.length === 0) same++;
      else
        request.tell({
          row: one.row,
          faults: found.flatMap((kind) => tell(kind, result.ok ? [] : result.faults)),
        });
    }
    onProgress(rows);
  }
  for (const place of records.withoutRow()) request.tell({ ...place, faults: tell("extra") });
  for (const [kind, number] of Object.entries(faults))
    if (number > 0)
      audit.findings.differ(
        `source.${kind}`,
        `rows or records: ${RECONCILIATION_FAULTS[kind as ReconciliationFault]}`,
        {},
        0,
        number,
      );
  const done = { type: type.name, rows, same, faults };
  audit.reconciliations.push(done);
  return done;
}

/** The records of the vault, and which of them a row was of. */
class Records {
  /** A bit for each record of a batch. */
  readonly #met = new Map<number, Uint8Array>();
  readonly #plans = new Map<number, Plan>();
  readonly #writer = new CanonicalWriter();

  constructor(
    readonly audit: Audit,
    readonly request: ReconcileRequest,
  ) {}

  /** What is wrong with a row of this content. */
  judge({ keyValues, values }: CreditRecord): ReconciliationFault[] {
    const { vault, agencyKey, agencyCode, type, hashes } = this.request;
    const latest = vault.latest(recordKey(agencyKey, agencyCode, type.name, keyValues, hashes));
    if (latest === undefined) return ["missing"];
    const found: ReconciliationFault[] = this.#meet(latest) ? ["repeated"] : [];
    if (this.#hasEnded(latest)) return [...found, "ended"];
    if (this.#batchOf(latest) === undefined) found.push("unanchored");
    this.#writer.reset();
    this.#writer.value(values);
    const content = this.#writer.bytes();
    if (this.#has(latest, content)) return found;
    for (
      let place = latest.earlier;
      place !== undefined;
      place = vault.entry(place.plan, place.index).earlier
    )
      if (this.#has(place, content)) return [...found, "outdated"];
    return [...found, "altered"];
  }

  /** Records of the type that are in force, and that no row was of. */
  *withoutRow(): Generator<{ readonly batchId: string; readonly index: number }> {
    const { vault, type } = this.request;
    for (const plan of vault.plans()) {
      const { header, number } = plan;
      if (plan.type !== type.name || header === undefined) continue;
      const met = this.#met.get(number);
      for (let index = 0; index < plan.size; index++) {
        if (met !== undefined && (met[index >> 3]! & (1 << (index & 7))) !== 0) continue;
        const latest = vault.latest(vault.entry(number, index).key);
        if (latest?.plan !== number || latest.index !== index || this.#hasEnded(latest)) continue;
        yield { batchId: batchId(header.agencyId, header.sequence), index };
      }
    }
  }

  /** Whether a row was of this record before. */
  #meet({ plan, index }: Position): boolean {
    let bits = this.#met.get(plan);
    if (bits === undefined) this.#met.set(plan, (bits = new Uint8Array((this.#plan(plan).size + 7) >> 3)));
    const bit = 1 << (index & 7);
    const before = (bits[index >> 3]! & bit) !== 0;
    bits[index >> 3]! |= bit;
    return before;
  }

  #has({ plan, index }: Position, content: Uint8Array): boolean {
    const { vault } = this.request;
    return !vault.isDestroyed(plan, index) && equalBytes(vault.read(plan, index).payload, content);
  }

  /** By the chain; what is not on it, by the vault. */
  #hasEnded(latest: Latest): boolean {
    const batch = this.#batchOf(latest);
    if (batch === undefined) return latest.ended;
    const status = statusAt(batch.words, latest.index);
    return (status & ERASED) !== 0 || (status & STATUS_BITS) === Status.withdrawn;
  }

  /** The batch of a record as the chain has it. */
  #batchOf({ plan }: Position): ReturnType<Audit["state"]["batches"]["get"]> {
    const { header } = this.#plan(plan);
    if (header === undefined) return undefined;
    return this.audit.state.batches.get(BigInt(batchId(header.agencyId, header.sequence)));
  }

  #plan(number: number): Plan {
    let plan = this.#plans.get(number);
    if (plan === undefined) this.#plans.set(number, (plan = this.request.vault.plan(number)));
    return plan;
  }
}
