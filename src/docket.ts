/**
 * A record of the vault before the law: what the vault knows of it, as the policies ask it.
 */
import { CreditAnchorError } from "./errors";
import { isObject, parseJson, type JsonObject } from "./json";
import {
  dateInChina,
  factsOf,
  policiesOf,
  policyByRef,
  policyRef,
  type PolicySet,
  type RecordFacts,
} from "./policy";
import { LruCache } from "./vault/lru";
import type { Entry, Move, StoredRecord, VaultReader } from "./vault/vault";

/** What a home judges by when it anchors, to be kept with the batch. */
export function policyRefs(set: PolicySet): string[] {
  return set.policies.map(policyRef);
}

/** The days that were told with moves of records. */
export class ToldDates {
  readonly #dated = new Map<number, Move[]>();

  constructor(private readonly vault: Pick<VaultReader, "entry" | "moves">) {
    for (const move of vault.moves()) if (move.dates !== undefined) addMove(this.#dated, move);
  }

  /** With the moves of all versions of the record, the later telling counts. */
  of(record: Entry): RecordFacts["events"] {
    const moves: Move[] = [];
    for (let entry = record; ; entry = this.vault.entry(entry.earlier.plan, entry.earlier.index)) {
      const { index } = entry;
      moves.push(...(this.#dated.get(entry.plan) ?? []).filter(({ positions }) => positions.includes(index)));
      if (entry.earlier === undefined) break;
    }
    const events = new Map<string, string>();
    for (const { dates = {} } of moves.sort((a, b) => a.id - b.id)) {
      // A matter that begins again is open again.
      for (const [begins, ends] of MATTERS)
        if (dates[begins] !== undefined) for (const end of ends) events.delete(end);
      for (const [name, date] of Object.entries(dates)) events.set(name, date);
    }
    return Object.fromEntries(events);
  }
}

function addMove(to: Map<number, Move[]>, move: Move): void {
  const known = to.get(move.plan);
  if (known === undefined) to.set(move.plan, [move]);
  else known.push(move);
}

/** What clocks ask of a batch. A plan is much more: its signed transaction may hold every leaf. */
interface BatchFacts {
  readonly number: number;
  readonly type: string;
  /** Date in China of its block. */
  readonly published: string | undefined;
  readonly class: string | undefined;
  readonly policies: readonly string[] | undefined;
}

/** Records come batch by batch; the versions before lie in other batches. */
const BATCHES_KEPT = 1_024;

/** Reads from the vault what clocks ask of a record, as the vault was when the docket was made. */
export class Docket {
  readonly #told: ToldDates;
  readonly #classed: ReadonlyMap<number, readonly Move[]>;
  readonly #batches = new LruCache<number, BatchFacts>(BATCHES_KEPT);
  /** By what batches kept of the policies; and of each what decides of records, by the day of their decision. */
  readonly #kept = new Map<
    string,
    { readonly set: PolicySet; readonly days: Map<string | undefined, readonly string[]> }
  >();

  constructor(
    readonly policies: PolicySet,
    readonly vault: Pick<VaultReader, "plan" | "entry" | "moves">,
  ) {
    this.#told = new ToldDates(vault);
    const classed = new Map<number, Move[]>();
    for (const move of vault.moves()) if (move.class !== undefined) addMove(classed, move);
    this.#classed = classed;
  }

  /** @throws {CreditAnchorError} `vault.…`, `policy.version-missing` */
  facts(
    record: StoredRecord,
    more: {
      readonly class?: string | undefined;
      /** Of the record, where they were read already. */
      readonly values?: JsonObject;
    } = {},
  ): RecordFacts {
    const batch = this.#batch(record.plan);
    const { published } = this.#firstBatch(record);
    const events = { ...(published === undefined ? {} : { published }), ...this.#told.of(record) };
    const facts = factsOf(batch.type, more.values ?? valuesOf(record), {
      events,
      class: more.class,
      keptClass: this.#keptClass(record),
    });
    const policies = this.#policiesFor(batch, facts);
    return policies === undefined ? facts : { ...facts, policies };
  }

  /** The batch of version 1: a correction is no new publication. */
  #firstBatch(record: Entry): BatchFacts {
    let entry = record;
    while (entry.earlier !== undefined) entry = this.vault.entry(entry.earlier.plan, entry.earlier.index);
    return this.#batch(entry.plan);
  }

  #batch(number: number): BatchFacts {
    return this.#batches.get(number, () => {
      const { type, class: stated, policies, header } = this.vault.plan(number);
      const published = header === undefined ? undefined : dateInChina(header.anchoredAt);
      return { number, type, published, class: stated, policies };
    });
  }

  /** The class that was stated last: with a move of any of its versions, else with the newest version that has one. */
  #keptClass(record: Entry): string | undefined {
    let anchored: string | undefined;
    let moved: Move | undefined;
    for (let entry = record; ; entry = this.vault.entry(entry.earlier.plan, entry.earlier.index)) {
      const { index } = entry;
      for (const move of this.#classed.get(entry.plan) ?? [])
        if (move.positions.includes(index) && move.id > (moved?.id ?? -1)) moved = move;
      anchored ??= this.#batch(entry.plan).class;
      if (entry.earlier === undefined) return moved?.class ?? anchored;
    }
  }

  /** What decides of records is the same for all of one day whose batches kept the same. */
  #policiesFor({ policies: refs }: BatchFacts, facts: RecordFacts): readonly string[] | undefined {
    if (refs === undefined) return undefined;
    const key = refs.join(" ");
    const kept = this.#kept.get(key) ?? {
      set: { ...this.policies, policies: refs.map((ref) => policyByRef(this.policies, ref)) },
      days: new Map<string | undefined, readonly string[]>(),
    };
    this.#kept.set(key, kept);
    const { decided } = facts.events;
    const known = kept.days.get(decided) ?? policiesOf(kept.set, facts);
    kept.days.set(decided, known);
    return known;
  }
}

const MATTERS: readonly (readonly [string, readonly string[]])[] = [
  ["objection-received", ["objection-marked", "objection-decided"]],
  ["repair-applied", ["repair-accepted", "repair-decided"]],
];

/** The day of its decision, as the record tells it. */
export function decidedOn(record: StoredRecord): string | undefined {
  const { decidedOn: day } = valuesOf(record);
  return typeof day === "string" ? day : undefined;
}

function valuesOf({ payload, plan, index }: StoredRecord): JsonObject {
  const values = parseJson(new TextDecoder().decode(payload));
  if (isObject(values)) return values;
  throw new CreditAnchorError("vault.damaged", `record ${index} of batch ${plan} is no object`, {
    exitStatus: 70,
  });
}
