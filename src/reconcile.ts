import { RECONCILIATION_FAULTS, type Audit, type Reconciliation, type ReconciliationFault } from "./audit";
import { ERASED, Status, STATUS_BITS, statusAt } from "./audit/moves";
import { equalBytes } from "./bytes";
import { canonical, CanonicalWriter } from "./canonical";
import { batchId, recordKey } from "./commitment";
import type { Where } from "./audit/differences";
import type { Fault } from "./errors";
import type { Hashes } from "./hashes";
import type { FaultyRow } from "./ingest/rejected-rows";
import type { Input, RowReader } from "./input";
import { parseJson, type JsonObject, type JsonValue } from "./json";
import type { CreditRecord } from "./record";
import type { RecordType } from "./types";
import type { Latest, Plan, Position, VaultReader } from "./vault/vault";

export interface ReconcileRequest {
  /** Name of the file, for people. */
  readonly file: string;
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

/** So many rows or records are told in the report; all of them in the file of rejected rows. */
const TOLD = 20;

/** Where one kind of fault was found. */
interface Told {
  count: number;
  readonly rows: number[];
  readonly records: string[];
  readonly fields: Set<string>;
}

/**
 * Compares a file of the agency's own system with what the agency anchored: rows without a record, with other content, or
 * of records that have ended, and records without a row. Tells row numbers, places and names of fields, never a value; memory
 * does not grow with the file but for one bit for each record of the vault. Reports through the audit.
 */
export async function reconcile(audit: Audit, request: ReconcileRequest): Promise<Reconciliation> {
  const { file, input, reader, type, onProgress = () => {} } = request;
  const records = new Records(audit, request);
  const told = new Map<ReconciliationFault, Told>();
  let rows = 0;
  let same = 0;
  const tell = (at: Place, { kind, more = [] }: Found): readonly Fault[] => {
    let known = told.get(kind);
    if (known === undefined) told.set(kind, (known = { count: 0, rows: [], records: [], fields: new Set() }));
    if (known.count++ < TOLD)
      if ("row" in at) known.rows.push(at.row);
      else known.records.push(`${at.batchId}/${at.index}`);
    for (const { path } of more) if (path !== "") known.fields.add(path.slice(1));
    return [{ path: "", code: `source.${kind}`, message: RECONCILIATION_FAULTS[kind] }, ...more];
  };
  for await (const some of input.rows()) {
    for (const one of some) {
      rows++;
      const result = reader.read(one);
      const found: readonly Found[] = result.ok
        ? records.judge(result.record)
        : [{ kind: "invalid", more: result.faults }];
      if (found.length === 0) same++;
      else request.tell({ row: one.row, faults: found.flatMap((each) => tell({ row: one.row }, each)) });
    }
    onProgress(rows);
  }
  for (const place of records.withoutRow())
    request.tell({ ...place, faults: tell(place, { kind: "extra" }) });
  const kinds = Object.keys(RECONCILIATION_FAULTS) as ReconciliationFault[];
  for (const kind of kinds) {
    const known = told.get(kind);
    if (known === undefined) continue;
    const where: Where = {
      file,
      ...(known.rows.length === 0 ? {} : { rows: known.rows }),
      ...(known.records.length === 0 ? {} : { records: known.records }),
      ...(known.fields.size === 0 ? {} : { fields: [...known.fields] }),
    };
    audit.findings.differ(`source.${kind}`, RECONCILIATION_FAULTS[kind], where, 0, known.count);
  }
  const faults = Object.fromEntries(
    kinds.map((kind) => [kind, told.get(kind)?.count ?? 0]),
  ) as Reconciliation["faults"];
  const done = { type: type.name, rows, same, faults };
  audit.reconciliations.push(done);
  return done;
}

type Place = { readonly row: number } | { readonly batchId: string; readonly index: number };

/** What is wrong with a row, and with which of its fields. */
interface Found {
  readonly kind: ReconciliationFault;
  readonly more?: readonly Fault[];
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
  judge({ keyValues, values }: CreditRecord): Found[] {
    const { vault, agencyKey, agencyCode, type, hashes } = this.request;
    const latest = vault.latest(recordKey(agencyKey, agencyCode, type.name, keyValues, hashes));
    if (latest === undefined) return [{ kind: "missing" }];
    const found: Found[] = this.#meet(latest) ? [{ kind: "repeated" }] : [];
    if (this.#hasEnded(latest)) return [...found, { kind: "ended" }];
    if (this.#batchOf(latest) === undefined) found.push({ kind: "unanchored" });
    this.#writer.reset();
    this.#writer.value(values);
    const content = this.#writer.bytes();
    if (this.#has(latest, content)) return found;
    for (
      let place = latest.earlier;
      place !== undefined;
      place = vault.entry(place.plan, place.index).earlier
    )
      if (this.#has(place, content))
        return [...found, { kind: "outdated", more: this.#fieldsThatDiffer(latest, values) }];
    return [...found, { kind: "altered", more: this.#fieldsThatDiffer(latest, values) }];
  }

  /** Fields of the row that are not as in the latest version. None is told of one whose content was destroyed. */
  #fieldsThatDiffer({ plan, index }: Position, values: CreditRecord["values"]): Fault[] {
    const { vault, type } = this.request;
    if (vault.isDestroyed(plan, index)) return [];
    const anchored = parseJson(new TextDecoder().decode(vault.read(plan, index).payload)) as JsonObject;
    return type.fields
      .filter(({ name }) => !isSame(values[name], anchored[name]))
      .map(({ name }) => ({
        path: `/${name}`,
        code: "source.field",
        message: "is not as in the record's latest version",
      }));
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

function isSame(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return equalBytes(canonical(one), canonical(other));
}
