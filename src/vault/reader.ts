import { equalBytes, fromHex } from "../bytes";
import { batchId, domain, leafHash, type LeafPlace } from "../commitment";
import { CreditAnchorError } from "../errors";
import type { Hashes } from "../hashes";
import type { JsonObject } from "../json";
import { buildTree, type MerkleTree, treeProof } from "../merkle";
import { BatchFiles, batchPath, secretsPath, type StoredRow } from "./batch-files";
import { ACCEPTED_HISTORY, type Database, findLatest, type StoredPlan } from "./database";
import { LruCache } from "./lru";
import { NONE } from "./layout";
import { type PayloadCipher, payloadCipher } from "./sealing";
import type { Entry, Hex, Latest, Mode, Move, Plan, Position, StoredRecord, VaultReader } from "./vault";
import { without } from "./without";

/** What reading needs. */
export interface ReadContext {
  /** The vault's folder. */
  readonly folder: string;
  readonly database: Database;
  /** Absent without passphrase. */
  readonly secretsKey: Uint8Array | undefined;
  readonly hashes: Hashes;
}

/** Where the latest version of a record is, and what decides whether another may follow. */
export interface KnownRecord extends Position {
  readonly ended: boolean;
  readonly direct: boolean;
  readonly typeHash: Uint8Array;
}

/** Of which rows of which file a plan was made. */
export interface PlanSource {
  /** Of the file. */
  readonly sha256: Hex;
  /** The plan and those of the same run before it cover all rows up to this one. */
  readonly lastRow: number;
  readonly typeHash: Uint8Array;
}

/** Files and trees of so many batches are kept at hand. */
const FILES_KEPT = 16;
const TREES_KEPT = 4;
const FACTS_KEPT = 1024;

export class LmdbVaultReader implements VaultReader {
  readonly #files = new LruCache<number, BatchFiles>(FILES_KEPT, (files) => files.close());
  readonly #trees = new LruCache<number, MerkleTree>(TREES_KEPT);
  readonly #constants = new LruCache<number, PlanFacts>(FACTS_KEPT);
  readonly #cipher: PayloadCipher;
  /** Whoever looks at a record asks for its row several times; a row never changes. */
  #last: (Position & { readonly row: StoredRow }) | undefined;

  constructor(protected readonly context: ReadContext) {
    this.#cipher = payloadCipher(context.hashes);
  }

  /** What another thread of this process needs to read the same vault. */
  location(): { folder: string; secretsKey: Uint8Array | undefined } {
    const { folder, secretsKey } = this.context;
    return { folder, secretsKey };
  }

  latest(key: Uint8Array): Latest | undefined {
    const found = findLatest(this.context.database, key);
    if (found === undefined) return undefined;
    const entry = this.entry(found.plan, found.index);
    this.#checkKey(entry, key);
    return { ...entry, ended: found.ended, mode: this.#facts(found.plan).mode };
  }

  /** Like {@link latest} without reading the record's files: for the loop over an input file. */
  find(key: Uint8Array): KnownRecord | undefined {
    const found = findLatest(this.context.database, key);
    return found === undefined ? undefined : { ...found, typeHash: this.#facts(found.plan).typeHash };
  }

  /** Like {@link read}, of the record with this key. */
  readKnown(place: Position, key: Uint8Array): StoredRecord {
    const record = this.read(place.plan, place.index);
    this.#checkKey(record, key);
    return record;
  }

  /** From the plan's manifest. */
  source(plan: number): PlanSource {
    return this.#facts(plan);
  }

  plan(number: number): Plan {
    return without(this.stored(number), "files");
  }

  *plans(from = 0): Iterable<Plan> {
    for (const { value } of this.context.database.plans.getRange({ start: from }))
      yield without(value, "files");
  }

  unfinishedPlans(): Plan[] {
    return [...this.context.database.openPlans.getKeys()].map((number) => this.plan(number));
  }

  planAt(sequence: number): Plan | undefined {
    const number = this.context.database.sequences.get(sequence);
    return number === undefined ? undefined : this.plan(number);
  }

  acceptedHistory(): Hex | undefined {
    return this.context.database.env.get(ACCEPTED_HISTORY) as Hex | undefined;
  }

  entry(plan: number, index: number): Entry {
    return toEntry(plan, index, this.#row(plan, index));
  }

  leaves(plan: number): Uint8Array {
    return this.files(plan).leaves();
  }

  proof(plan: number, index: number): Uint8Array[] {
    return treeProof(
      this.#trees.get(plan, () => buildTree(this.leaves(plan), this.context.hashes.keccak256)),
      index,
    );
  }

  read(plan: number, index: number): StoredRecord {
    return this.#decrypt(plan, index);
  }

  *readAll(plan: number): Iterable<StoredRecord> {
    const { size } = this.plan(plan);
    for (let index = 0; index < size; index++) yield this.#decrypt(plan, index);
  }

  isDestroyed(plan: number, index: number): boolean {
    this.#row(plan, index);
    return this.files(plan).isDestroyed(index);
  }

  contentFiles(plan: number): string[] {
    const { files } = this.stored(plan);
    return [batchPath("", plan, files), secretsPath("", plan, files)];
  }

  typeDocument(typeHash: Hex): JsonObject | undefined {
    return this.context.database.types.get(typeHash);
  }

  *moves(filter: { status?: Move["status"] } = {}): Iterable<Move> {
    for (const { value } of this.context.database.moves.getRange())
      if (filter.status === undefined || value.status === filter.status) yield value;
  }

  unfinishedMoves(): Move[] {
    return [...this.context.database.openMoves.getKeys()].map((id) => this.move(id));
  }

  move(id: number): Move {
    const move = this.context.database.moves.get(id);
    if (move === undefined)
      throw new CreditAnchorError("vault.no-move", `there is no status move ${id} in this vault`);
    return move;
  }

  /**
   * Lets go of the state of the database that was read last. While a reader holds one, writers cannot use its pages
   * again, and the database grows in file and memory: a thread that reads all the time calls this now and then.
   */
  releaseState(): void {
    this.context.database.env.resetReadTxn();
  }

  async close(): Promise<void> {
    this.#files.clear();
    this.#trees.clear();
    await this.context.database.env.close();
  }

  protected stored(number: number): StoredPlan {
    const plan = this.context.database.plans.get(number);
    if (plan === undefined)
      throw new CreditAnchorError("vault.no-plan", `there is no batch ${number} in this vault`);
    return plan;
  }

  protected files(number: number): BatchFiles {
    return this.#files.get(number, () => {
      const { files, size } = this.stored(number);
      return new BatchFiles(this.context.folder, number, files, size);
    });
  }

  #checkKey(entry: Entry, key: Uint8Array): void {
    if (!equalBytes(entry.key, key))
      throw this.files(entry.plan).damagedAt(entry.index, "it has another record key");
  }

  #row(plan: number, index: number): StoredRow {
    if (this.#last?.plan === plan && this.#last.index === index) return this.#last.row;
    const files = this.files(plan);
    if (!Number.isInteger(index) || index < 0 || index >= files.size)
      throw new CreditAnchorError(
        "vault.no-record",
        `batch ${plan} has no record ${index}; it has ${files.size}`,
      );
    const row = files.row(index);
    this.#last = { plan, index, row };
    return row;
  }

  /** Only what never changes of a plan may be taken from here. */
  #facts(number: number): PlanFacts {
    return this.#constants.get(number, () => {
      const plan = this.stored(number);
      const { chainId, address } = plan.registry;
      const place = {
        domain: domain(chainId, address, this.context.hashes),
        agencyId: plan.agencyId,
        typeId: plan.typeId,
      };
      const { sha256, lastRow } = plan.manifest["source"] as unknown as Pick<
        PlanSource,
        "sha256" | "lastRow"
      >;
      return { place, mode: plan.mode, typeHash: fromHex(plan.typeHash, 32), sha256, lastRow };
    });
  }

  #decrypt(plan: number, index: number): StoredRecord {
    const row = this.#row(plan, index);
    const { secretsKey, hashes } = this.context;
    if (secretsKey === undefined)
      throw new CreditAnchorError("vault.locked", "reading records needs the passphrase of the home folder");
    const files = this.files(plan);
    const secret = files.secret(index, secretsKey);
    if (secret === undefined) {
      const { agencyId, slot } = this.plan(plan);
      const batch = slot === undefined ? plan : batchId(agencyId, slot.sequence);
      throw new CreditAnchorError("vault.erased", `record ${index} of batch ${batch} was erased`, {
        hint: "no receipt of it can be given any more; those that were given still verify, as erased",
      });
    }
    const payload = this.#cipher.open(secret, row.key, row.version, files.payload(row, index));
    if (payload === undefined) throw files.damagedAt(index, "its content or its secret was changed");
    if (
      !equalBytes(leafHash(this.#facts(plan).place, row.key, row.version, row.commitment, hashes), row.leaf)
    )
      throw files.damagedAt(index, "its leaf or its commitment was changed");
    return { ...toEntry(plan, index, row), secret, payload };
  }
}

/** What reading many records asks of a plan again and again. */
interface PlanFacts extends PlanSource {
  readonly place: LeafPlace;
  readonly mode: Mode;
}

function toEntry(plan: number, index: number, row: StoredRow): Entry {
  const { leaf, key, version, commitment, previous, earlierPlan, earlierIndex } = row;
  const earlier = earlierPlan === NONE ? {} : { earlier: { plan: earlierPlan, index: earlierIndex } };
  return { plan, index, leaf, key, version, commitment, previous, ...earlier };
}
