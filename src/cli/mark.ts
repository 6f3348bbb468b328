import { Docket } from "../docket";
import { type Clock, judge, type PolicySet } from "../policy";
import { CreditAnchorError, ExitStatus, type Fault } from "../errors";
import type { Home } from "../home";
import { rejectedRows } from "../ingest/rejected-rows";
import { moveOn } from "../anchoring/moves";
import { batchId, type Header } from "../commitment";
import { reasonText } from "../reasons";
import { changeMarks } from "../registry-admin";
import { statusesOf, type Registry } from "../registry-views";
import { POSITIONS_PER_MOVE } from "../vault/writer";
import { actorOf, told } from "./acts";
import { placeInBatch, placeOfReceipt } from "./any-record";
import { requireHome } from "./context";
import { keepEvidence } from "./evidence-file";
import { expectHappened, flagOf, type Judgement, todayOf } from "./judging";
import { knownPolicies } from "./known-policies";
import { moveOptions, type MoveSpec, runMove } from "./move";
import { checkNamed, requireReason } from "./record-options";
import { choices, date, missing, text, usage, type OptionValues } from "./options";
import { count, counted } from "../counted";
import { faultsOf, optionReference, readReferences, type NamedRow, type Reference } from "./references";
import { commonFaults } from "./rejections";
import { defineVerb, type Call, type Outcome, type Verb } from "./verb";

const BITS = { disputed: 16, "under-review": 32, "repair-pending": 64, masked: 128 } as const;
type MarkName = keyof typeof BITS;
const MARKS = Object.keys(BITS) as MarkName[];

const about = `Marks stand beside the status: disputed, under-review (administrative review or litigation), repair-pending, and
masked (not to be shown in public). An agency marks its own records, also while it is suspended, with all but
masked. From a home without an agency the marks are set as the arbiter, on records of any agency, named by
receipt or by batch and index. What has the mark already is left alone. Repair-pending before repair becomes
possible is set, and flagged with article, date and arithmetic.`;

const options = {
  ...moveOptions,
  mark: choices("--mark <marks>", "which", MARKS),
  reason: text("--reason <code>", "why: a number or a name, see docs/format.md"),
  on: date("--on <date>", "when it happened (repair-pending: when repair was applied for); otherwise today"),
};

export const markSetVerb = markVerb(
  "set",
  "set marks on records: disputed, under review, repair pending, masked",
  [
    "credit-anchor mark set --receipt receipt.json --mark under-review --reason review-or-litigation --home agency",
    "credit-anchor mark set --batch 4294967296 --index 17 --mark masked --reason court-order --home ndrc",
  ],
);
export const markClearVerb = markVerb("clear", "clear marks of records", [
  "credit-anchor mark clear --receipt receipt.json --mark under-review --reason review-ended --home agency",
  "credit-anchor mark clear --file masked.csv --mark masked --reason settled --home ndrc",
]);

function markVerb(change: "set" | "clear", summary: string, examples: readonly string[]): Verb {
  return defineVerb({
    name: `mark ${change}`,
    summary,
    about,
    options,
    examples,
    run: async (call) => {
      const names = call.options.mark;
      if (names === undefined) throw missing("--mark", MARKS, "say which marks");
      const marks = names.reduce((bits, name) => bits | BITS[name], 0);
      const reason = requireReason(call.options.reason);
      checkNamed(call.options);
      const home = requireHome(call.home);
      const isOffline = [call.options.signOnly, call.options.state].some((file) => file !== undefined);
      if (home.settings.agency === undefined && isOffline)
        throw usage("--sign-only is for operators of agencies: the arbiter sends what it does itself");
      if (home.settings.agency === undefined) return asArbiter(home, { change, marks, reason }, call);
      if ((marks & BITS.masked) !== 0)
        throw new CreditAnchorError("mark.arbiter-only", "masked is set and cleared by the arbiter alone", {
          hint: "the arbiter does it from a home without an agency, with the receipt or with --batch and --index",
        });
      return runMove(
        {
          verb: `${change} marks of`,
          past: `${change} marks of`,
          done: change === "set" ? "marked" : "cleared",
          moves: [{ kind: change === "set" ? "setMarks" : "clearMarks", marks }],
          reason,
          stated: { "--on": call.options.on },
          dates: (today) => datesOf(change, names, call.options.on ?? today),
          ...(change === "set" && names.includes("repair-pending")
            ? { judge: earliestFrom(knownPolicies(home), call.options.on) }
            : {}),
        },
        call,
      );
    },
  });
}

/** Repair can be asked for at any time; that it was asked for too early is told, also where only a class would tell. */
function earliestFrom(policies: PolicySet, on: string | undefined): NonNullable<MoveSpec["judge"]> {
  let docket: Docket | undefined;
  return ({ plan, index }, vault, today): Judgement => {
    docket ??= new Docket(policies, vault);
    const day = on ?? today;
    const minimum = ({ code }: Pick<Clock, "code">): boolean => code === "repair.minimum";
    const [clock] = judge(policies, docket.facts(vault.read(plan, index)), day, minimum);
    if (clock === undefined || clock.state === "reached") return { policies: [] };
    const asked = `repair applied for ${day}`;
    if (clock.due !== undefined)
      return { flag: flagOf("mark.early", `${asked}, possible from ${clock.due} on`, clock), policies: [] };
    const flag = flagOf("mark.early-unknown", asked, clock);
    const message = clock.fault === undefined ? flag.message : `${asked}: ${clock.fault.message}`;
    return { flag: { ...flag, message }, policies: [] };
  };
}

/** What a mark tells the clocks. */
function datesOf(change: "set" | "clear", names: readonly MarkName[], on: string): Record<string, string> {
  if (change === "clear") return {};
  return {
    ...(names.includes("repair-pending") ? { "repair-applied": on } : {}),
    ...(names.includes("disputed") ? { "objection-received": on, "objection-marked": on } : {}),
  };
}

interface ArbiterAct {
  readonly change: "set" | "clear";
  readonly marks: number;
  readonly reason: number;
}

/**
 * Without a vault: what the chain shows marked is done, so the same command again does what is left. With a delay of the
 * role each call is scheduled, and made when the command is given again after it.
 */
async function asArbiter(
  home: Home,
  act: ArbiterAct,
  {
    options: given,
    io,
    signal,
  }: Pick<Call<typeof options>, "io" | "signal"> & {
    readonly options: OptionValues<typeof options>;
  },
): Promise<Outcome> {
  const actor = await actorOf(home, given.rpc, signal);
  expectHappened("--on", given.on, await todayOf(actor.registry));
  const single = given.file === undefined;
  const rejected = rejectedRows(home.rejectedFile(given.file ?? "records"));
  let refused = 0;
  try {
    const rows = single ? [{ row: 1, reference: optionReference(given) }] : readReferences(given.file);
    let repeated = 0;
    const again = (): void => void repeated++;
    const found = await placesOf(
      actor.registry,
      rows,
      (row, faults, error) => {
        if (single) throw error;
        rejected.add([{ row, faults }]);
        refused++;
      },
      again,
    );
    const kind = act.change === "set" ? "setMarks" : "clearMarks";
    const evidenceHash = given.dryRun ? "" : await keepEvidence(home, given.evidence, { again: true });
    let [changed, already, erased] = [0, 0, 0];
    const transactions: string[] = [];
    let waitsUntil: number | undefined;
    for (const { header, indexes } of found) {
      const { agencyId, sequence } = header;
      const all = [...indexes].sort((a, b) => a - b);
      const bytes = await statusesOf(actor.registry, agencyId, sequence, all);
      const outcomes = bytes.map((byte) =>
        (byte & 8) === 0 ? moveOn({ kind, marks: act.marks }, byte) : "impossible",
      );
      const left = all.filter((_, i) => outcomes[i] === "possible");
      already += outcomes.filter((outcome) => outcome === "made").length;
      erased += outcomes.filter((outcome) => outcome === "impossible").length;
      changed += left.length;
      if (given.dryRun) continue;
      for (let at = 0; at < left.length; at += POSITIONS_PER_MOVE) {
        const part = left.slice(at, at + POSITIONS_PER_MOVE);
        const places = { header, indexes: part, reason: act.reason, evidenceHash };
        const done = await changeMarks(actor, places, act.marks, act.change, "arbiter");
        if (done.transaction !== undefined) transactions.push(done.transaction);
        waitsUntil = Math.max(waitsUntil ?? 0, done.waitsUntil ?? 0) || undefined;
        if (done.waitsUntil !== undefined)
          io.note(told(done, `${act.change} marks of ${counted(part.length, "record")}`));
      }
    }
    if (erased > 0 && single)
      throw new CreditAnchorError("record.erased", "the record is erased: nothing moves on it any more");
    const file = rejected.file();
    const word = act.change === "set" ? "marked" : "cleared";
    const verb = given.dryRun
      ? `would ${act.change}`
      : waitsUntil === undefined
        ? act.change
        : "not yet: scheduled to " + act.change;
    return {
      json: {
        reason: act.reason,
        dryRun: given.dryRun,
        as: "arbiter",
        [word]: changed,
        already,
        erased,
        repeated,
        refused,
        rejectedFile: file ?? null,
        transactions,
        waitsUntil: waitsUntil ?? null,
      },
      text: [
        `${verb} marks of ${counted(changed, "record")}, ${count(already)} so already: ${reasonText(act.reason)}`,
        ...(repeated === 0 ? [] : [`named by an earlier row: ${count(repeated)}`]),
        ...(erased === 0 ? [] : [`erased, and left as they are: ${count(erased)}`]),
        ...(file === undefined ? [] : [`${count(refused)} refused, told in ${file}`, ...commonFaults(file)]),
      ],
      exitStatus: refused + erased === 0 ? ExitStatus.ok : ExitStatus.rowsRejected,
    };
  } finally {
    rejected.close();
  }
}

interface BatchPlaces {
  readonly header: Header;
  readonly indexes: Set<number>;
}

/** By batch, as the registry has them. */
async function placesOf(
  registry: Registry,
  rows: AsyncIterable<NamedRow> | readonly NamedRow[],
  refuse: (row: number, faults: readonly Fault[], error: unknown) => void,
  again: () => void,
): Promise<BatchPlaces[]> {
  const found = new Map<string, BatchPlaces>();
  for await (const { row, reference, faults } of rows)
    try {
      if (reference === undefined) {
        refuse(row, faults ?? [], undefined);
        continue;
      }
      if (reference.by === "place" && found.has(reference.batch)) {
        const known = found.get(reference.batch)!;
        if (reference.index < known.header.size) {
          if (known.indexes.has(reference.index)) again();
          known.indexes.add(reference.index);
          continue;
        }
      }
      const { header, index } = await placeOfAny(registry, reference);
      const id = batchId(header.agencyId, header.sequence);
      const batch = found.get(id) ?? { header, indexes: new Set() };
      if (batch.indexes.has(index)) again();
      batch.indexes.add(index);
      found.set(id, batch);
    } catch (error) {
      refuse(row, faultsOf(error), error);
    }
  return [...found.values()];
}

function placeOfAny(registry: Registry, reference: Reference): ReturnType<typeof placeInBatch> {
  if (reference.by === "place") return placeInBatch(reference.batch, reference.index, registry);
  if (reference.by === "receipt") return placeOfReceipt(reference.evidence, registry);
  throw usage("the arbiter has no record keys: name the record by --receipt, or by --batch and --index");
}
