/** The law's time limits with an agency's vault: its own facts, and the days of the blocks. */
import type { Docket } from "../docket";
import { CreditAnchorError } from "../errors";
import type { JsonObject } from "../json";
import { clockOf, dateInChina, type Clock, type RecordFacts } from "../policy";
import { indexesOf } from "../positions";
import type { Move as VaultMove, StoredRecord } from "../vault/vault";
import { evidentLimits, limitsNeedNoClass, noteReviews, noteUndated } from "./chain-clocks";
import type { ClockBook, ClockPlace } from "./clocks";
import type { Findings, Where } from "./differences";
import { happeningOf, mattersOf, type Happening } from "./matters";
import { Mark, Status, statusAt, type Move, type StatusWords } from "./moves";
import type { StatusAct } from "./state";

/** What the chain tells of a batch, as far as its records' clocks need it. Plain data: it is sent to other threads. */
export interface ClockedBatch {
  readonly id: bigint;
  readonly agencyId: number;
  /** Name of the type of its records. */
  readonly recordType: string;
  /** Seconds since 1970. */
  readonly anchoredAt: number;
  readonly words: StatusWords;
  /** Of this batch alone, in the order of the chain. */
  readonly acts: readonly StatusAct[];
}

/** Where it goes what is found of a record. */
export interface ClockNotes {
  readonly clocks: ClockBook;
  readonly findings: Findings;
  /** Whether so many records of the batch were anchored within the time left for their publication. */
  published(batchId: bigint, onTime: boolean, records: number): void;
}

/** Reads of a vault what its records' clocks need, and judges them one after another. */
export interface VaultClocks {
  /** A record that the vault can read, with its values, in a batch that the chain has. */
  judge(record: StoredRecord, values: JsonObject, batch: ClockedBatch, where: Where, notes: ClockNotes): void;
  /** After the last record of each batch: notes what is the same for many of them. */
  endBatch(): void;
}

/** So many limits of publication are kept, one each for a type and days. */
const MOST_DAYS = 10_000;

/** What the limits of a publication are the same for: records of one batch, decided on one day. */
interface Publication {
  readonly clocks: readonly Clock[];
  readonly indexes: number[];
}

/**
 * @param docket of the vault, with the policies of its home.
 * @param on date in China of the answer.
 */
export function startVaultClocks(docket: Docket, on: string): VaultClocks {
  const dates = new Map<string, NonNullable<VaultMove["dates"]>>();
  const unsent = new Map<number, VaultMove[]>();
  for (const move of docket.vault.moves()) {
    if (move.dates === undefined) continue;
    const hash = move.transaction?.hash ?? move.signed?.hash;
    if (hash !== undefined) dates.set(hash.toLowerCase(), move.dates);
    if (move.status !== "done") unsent.set(move.plan, [...(unsent.get(move.plan) ?? []), move]);
  }

  const noClass = limitsNeedNoClass(docket.policies);
  /** Limits of publication by all that they depend on, where no class is needed: many batches are of the same days. */
  const ofDays = new Map<string, Clock[]>();
  function known(days: string, judge: () => Clock[]): Clock[] {
    let clocks = ofDays.get(days);
    if (clocks === undefined) {
      if (ofDays.size >= MOST_DAYS) ofDays.clear();
      ofDays.set(days, (clocks = judge()));
    }
    return clocks;
  }
  let current: { batch: ClockedBatch; happenings: Map<number, Happening[]> } | undefined;
  /** Of the batch whose records are judged, by day of the decision. */
  let publications = new Map<string, Publication>();
  let notePublications = (): void => undefined;

  /** What happened in one batch, by position: read once, for its records come one after another. */
  function happeningsOf(batch: ClockedBatch, plan: number): Map<number, Happening[]> {
    if (current?.batch === batch) return current.happenings;
    const happenings = new Map<number, Happening[]>();
    const add = (index: number, happening: Happening): void => {
      const known = happenings.get(index);
      if (known === undefined) happenings.set(index, [happening]);
      else known.push(happening);
    };
    const mined = new Set<string>();
    for (const act of batch.acts) {
      const hash = act.where.transaction!;
      mined.add(hash);
      for (const index of indexesOf(act.spans)) add(index, happeningOf(act, dates.get(hash)));
    }
    for (const move of unsent.get(plan) ?? []) {
      // The chain has it, and the vault has still to take note.
      if (move.signed !== undefined && mined.has(move.signed.hash.toLowerCase())) continue;
      for (const index of move.positions) add(index, unsentHappening(move, { batchId: String(batch.id) }));
    }
    current = { batch, happenings };
    return happenings;
  }

  function judgeRecord(
    record: StoredRecord,
    values: JsonObject,
    batch: ClockedBatch,
    where: Where,
    { clocks: book, findings, published }: ClockNotes,
  ): void {
    const { agencyId, recordType } = batch;
    const { index } = record;
    const facts = docket.facts(record, { values });
    const { decided } = facts.events;
    const placeOf = (at: Where): ClockPlace => ({ agencyId, recordType, where: at, evidence: "vault" });
    const limits = (events: RecordFacts["events"]): Clock[] =>
      evidentLimits(docket.policies, { ...facts, events }, on);

    // A correction is no new publication.
    if (decided !== undefined && record.earlier === undefined) {
      // Where they depend on a class as well, every record is judged for itself.
      const key = noClass ? decided : `${decided} ${index}`;
      let publication = publications.get(key);
      if (publication === undefined) {
        const published = dateInChina(batch.anchoredAt);
        const judged = (): Clock[] => limits({ decided, published });
        const { recordType: type, policies = [] } = facts;
        const days = `${type} ${decided} ${published} ${policies.join(" ")}`;
        const clocks = noClass ? known(days, judged) : judged();
        publications.set(key, (publication = { clocks, indexes: [] }));
      }
      publication.indexes.push(index);
      notePublications = () => {
        for (const { clocks, indexes } of publications.values()) {
          for (const clock of clocks) book.note(clock, placeOf(where), indexes, on);
          const state = clocks.find(({ code }) => code === "publication.limit")?.state;
          if (state === "kept" || state === "late") published(batch.id, state === "kept", indexes.length);
        }
      };
    }
    const happened = happeningsOf(batch, record.plan).get(index) ?? [];
    const { matters, repairs, undated } = mattersOf(happened);
    for (const matter of matters)
      for (const clock of limits(matter.events)) book.note(clock, placeOf(matter.where), [index], on);
    for (const repair of decided === undefined ? [] : repairs) {
      const clock = clockOf(docket.policies, { ...facts, events: { decided } }, "repair.minimum", repair.day);
      if (clock !== undefined) book.note(clock, placeOf(repair.where), [index], repair.day);
    }
    noteUndated(findings, undated);
    noteReviews(findings, (statusAt(batch.words, index) & Mark.underReview) === 0 ? 0 : 1);
    const told = book.told.get(batch.id);
    if (told === undefined) book.told.set(batch.id, new Set([index]));
    else if (happened.length > 0) told.add(index);
  }

  return {
    endBatch: () => {
      notePublications();
      notePublications = () => undefined;
      publications = new Map();
    },
    judge: (record, values, batch, where, notes) => {
      try {
        judgeRecord(record, values, batch, where, notes);
      } catch (error) {
        // A record is no less what was anchored because its policy is not at hand.
        if (!(error instanceof CreditAnchorError)) throw error;
        noClocks(notes.findings, error);
      }
    },
  };
}

/** Reports a record whose clocks cannot be read. */
export function noClocks(findings: Findings, { message }: CreditAnchorError): void {
  findings.notChecked("clock.policy", `records whose clocks cannot be read: ${message}`);
}

/** What the vault was told and the chain was not: a withdrawal that was never sent is still to come. */
function unsentHappening({ kind, marks = 0, reason, dates }: VaultMove, where: Where): Happening {
  const move: Move =
    kind === "setMarks"
      ? { kind: "set", marks }
      : kind === "clearMarks"
        ? { kind: "clear", marks }
        : { kind: "status", to: STATUSES[kind] };
  return { move, reason, where, day: undefined, dates };
}

const STATUSES = {
  supersede: Status.superseded,
  withdraw: Status.withdrawn,
  repair: Status.repaired,
  revokeRepair: Status.active,
} as const;
