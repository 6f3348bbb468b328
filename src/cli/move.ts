/**
 * What all verbs that move a record's status share: whom they name, what the law and the chain allow, and how it is
 * told, planned in the vault, sent and looked at again. A verb says which move, and why.
 */
import { anchorPending, type AnchoringProgress, checkReadiness, requireNewestCopy } from "../anchoring";
import { isAlwaysAllowed, moveOn } from "../anchoring/moves";
import { decidedOn } from "../docket";
import { CreditAnchorError, ExitStatus, type Fault } from "../errors";
import type { Home } from "../home";
import { rejectedRows } from "../ingest/rejected-rows";
import { reasonText } from "../reasons";
import { RegistryRefusal } from "../registry-errors";
import type { Registry } from "../registry-views";
import type { Move, NewMove, Plan, Position, VaultReader } from "../vault/vault";
import { POSITIONS_PER_MOVE } from "../vault/writer";
import { parseStatus } from "../verify";
import { noteSuccession, ownAgency, requireHome } from "./context";
import { evidenceOption, keepEvidence } from "./evidence-file";
import { expectFile } from "./files";
import { recordFinder } from "./find-record";
import { statusByteText } from "./history-lines";
import { expectHappened, flagLines, type FlagOnRecords, type Judgement, placeText, todayOf } from "./judging";
import { choice, flag, url, type OptionValues } from "./options";
import { count } from "../counted";
import { columns } from "./output";
import { connectOrRead, stateOption } from "./offline";
import { notePlanned } from "./planned-moves";
import { checkNamed, recordOptions } from "./record-options";
import { knownStatuses, statusReader } from "./record-statuses";
import { faultsOf, optionReference, readReferences, type NamedRow } from "./references";
import { commonFaults } from "./rejections";
import { acceptUnknownOption, anchoringSettings, LONG_WAIT_MS, SHORT_WAIT_MS, waitingLines } from "./settle";
import { signAndWrite, type SignedOutcome, signOnlyOf, signOnlyOptions } from "./sign-only";
import type { Call, Outcome } from "./verb";

/** What goes with every move. */
export const moveOptions = {
  ...recordOptions,
  evidence: evidenceOption(),
  dryRun: flag("--dry-run", "say what would be done; send nothing"),
  until: choice("--until <state>", "return when it is", ["anchored", "final"], "final"),
  wait: flag("--wait", "wait until another process that uses this home has finished"),
  ...signOnlyOptions,
  state: stateOption(),
  acceptUnknownBatches: acceptUnknownOption(),
  rpc: url("--rpc <url>", "node to send to; otherwise that of the home folder"),
};

/** A record whose status shall move. */
export interface Target extends Position {
  readonly row: number;
  readonly type: string;
  readonly version: number;
  readonly key: Uint8Array;
  readonly isLatest: boolean;
}

/** What a verb wants. */
export interface MoveSpec {
  /** As told to people: `withdraw`, `withdrew`; and the member of the JSON that says it is so. */
  readonly verb: string;
  readonly past: string;
  readonly done: string;
  /** What is sent, in this order. A record for which all of it is so already is left alone. */
  readonly moves: readonly Pick<Move, "kind" | "marks">[];
  readonly reason: number;
  /** Days that options told, by their option: each has come, and none is before the record was decided. */
  readonly stated?: Readonly<Record<string, string | undefined>>;
  /** Of what led to it, by names of the policies' events. */
  readonly dates: (today: string) => Readonly<Record<string, string>>;
  /** The class of the records, where it was stated: it stays with the move. */
  readonly class?: string | undefined;
  /** No version may follow. */
  readonly ends?: boolean;
  /** Of a record named by its key, the newest version on which it is possible, not the latest alone. */
  readonly anyVersion?: boolean;
  /** What the law says, and what has to be so first. */
  readonly judge?: (target: Target, vault: VaultReader, today: string, byte: number) => Judgement;
}

type MoveCall = Pick<Call<typeof moveOptions>, "home" | "io" | "signal"> & {
  readonly options: OptionValues<typeof moveOptions>;
};

/** Runs a verb that moves statuses, to its outcome. */
export async function runMove(
  spec: MoveSpec,
  { options, home: dir, io, signal }: MoveCall,
): Promise<Outcome> {
  checkNamed(options);
  if (options.evidence !== undefined) expectFile(options.evidence);
  const home = requireHome(dir);
  const { registry } = await connectOrRead(
    home,
    { state: options.state, rpc: options.rpc, signOnly: options.signOnly },
    signal,
  );
  const agency = await ownAgency(home, registry);
  await noteSuccession(io, registry, agency);
  const today = await todayOf(registry);
  for (const [option, day] of Object.entries(spec.stated ?? {})) expectHappened(option, day, today);
  const rejected = rejectedRows(home.rejectedFile(options.file ?? "records"));
  const single = options.file === undefined;
  const choose = async (vault: VaultReader): Promise<Chosen> => {
    const refuse = (row: number, faults: readonly Fault[], error?: unknown): void => {
      if (single) throw error;
      rejected.add([{ row, faults }]);
      refused++;
    };
    let refused = 0;
    const named = await findTargets(home, vault, options, refuse);
    const read = options.state === undefined ? statusReader(registry, vault) : knownStatuses(vault);
    const assume = options.state === undefined ? undefined : knownStatuses(vault, clearedBy(spec));
    const chosen = await chooseTargets({ spec, read, assume, vault, today, refuse }, named.targets);
    return { ...chosen, named: named.rows, repeated: named.repeated, refused };
  };
  try {
    if (options.dryRun) {
      const vault = await home.readVault({ decrypt: true });
      try {
        notePlanned(io, vault);
        return tell(spec, home, await choose(vault), { dryRun: true, single, rejectedFile: rejected.file() });
      } finally {
        await vault.close();
      }
    }
    const signer = await home.signer();
    const signOnly = await signOnlyOf(registry, signer, options);
    await checkReadiness(registry, {
      agencyId: agency.id,
      account: signOnly?.operator ?? signer.address,
      pays: signOnly === undefined,
      permissions: 2,
      withdrawing: spec.moves.every(({ kind }) => isAlwaysAllowed(kind)),
      fees: home.settings.fees,
    });
    const vault = await home.writeVault({
      command: spec.verb,
      waitMs: options.wait ? LONG_WAIT_MS : SHORT_WAIT_MS,
    });
    const common = {
      vault,
      registry,
      settings: anchoringSettings(home, agency.id, {
        untilAnchored: options.until === "anchored",
        acceptUnknown: options.acceptUnknownBatches,
      }),
      what: "moves" as const,
      onProgress: (event: AnchoringProgress) => {
        if (event.kind === "notice") io.note(`note: ${event.message}`);
      },
      signal,
    };
    const settle = () => anchorPending({ ...common, signer });
    try {
      await requireNewestCopy({ ...common, account: signOnly?.operator ?? signer.address });
      notePlanned(io, vault);
      // What an earlier run began comes first: then the chain tells what is left to do.
      if (signOnly === undefined && vault.unfinishedMoves().length > 0) await settle();
      const chosen = await choose(vault);
      for (const note of chosen.notes) io.note(`note: ${note}`);
      if (chosen.targets.length === 0)
        return tell(spec, home, chosen, { dryRun: false, single, rejectedFile: rejected.file() });
      const fresh = signOnly === undefined ? chosen : withoutPlanned(spec, vault, chosen);
      const ended = spec.ends === true ? fresh.targets.filter((at) => at.isLatest).map(({ key }) => key) : [];
      const evidence = fresh.targets.length === 0 ? "" : await keepEvidence(home, options.evidence);
      const planned =
        fresh.targets.length === 0 ? [] : vault.planMoves(newMoves(spec, fresh, evidence, today), ended);
      /** What is refused, and went nowhere, must not be done by a later command. */
      const forget = (): void =>
        vault.dropMoves(planned.map(({ id }) => id).filter((id) => vault.move(id).status === "planned"));
      if (signOnly !== undefined) {
        const signed = await signAndWrite(common, signOnly).catch((error: unknown) => {
          forget();
          throw error;
        });
        const how = { dryRun: false, single, rejectedFile: rejected.file(), signed };
        return tell(spec, home, chosen, how, signed.summary);
      }
      const summary = await settle().catch((error: unknown) => {
        if (error instanceof RegistryRefusal) forget();
        throw error;
      });
      await confirmMoved(registry, vault, spec, chosen.targets);
      return tell(spec, home, chosen, { dryRun: false, single, rejectedFile: rejected.file() }, summary);
    } finally {
      await vault.close();
    }
  } finally {
    rejected.close();
  }
}

/** What an earlier run planned is signed again, and not planned a second time. */
function withoutPlanned({ moves }: MoveSpec, vault: VaultReader, chosen: Chosen): Chosen {
  const planned = vault
    .unfinishedMoves()
    .filter((known) => moves.some(({ kind, marks }) => kind === known.kind && marks === known.marks));
  const isPlanned = ({ plan, index }: Position): boolean =>
    planned.some((move) => move.plan === plan && move.positions.includes(index));
  return { ...chosen, targets: chosen.targets.filter((target) => !isPlanned(target)) };
}

type Refuse = (row: number, faults: readonly Fault[], error: unknown) => void;

async function findTargets(
  home: Home,
  vault: VaultReader,
  options: OptionValues<typeof recordOptions>,
  refuse: Refuse,
): Promise<{ readonly rows: number; readonly repeated: number; readonly targets: Target[] }> {
  const find = recordFinder(home, vault, options.type);
  const targets = new Map<string, Target>();
  const named: AsyncIterable<NamedRow> | NamedRow[] =
    options.file === undefined
      ? [{ row: 1, reference: optionReference(options) }]
      : readReferences(options.file);
  let rows = 0;
  let repeated = 0;
  for await (const { row, reference, faults } of named) {
    rows++;
    if (reference === undefined) {
      refuse(row, faults ?? [], undefined);
      continue;
    }
    try {
      const { plan: number, index } = await find(reference);
      const plan = vault.plan(number);
      if (plan.header === undefined)
        throw new CreditAnchorError("record.not-anchored", "the record is planned, and not anchored yet", {
          hint: "finish it with: credit-anchor resume",
        });
      const target = targetAt(vault, { plan: number, index }, row);
      if (targets.has(`${number} ${index}`)) repeated++;
      else targets.set(`${number} ${index}`, target);
    } catch (error) {
      refuse(row, faultsOf(error), error);
    }
  }
  return { rows, repeated, targets: [...targets.values()] };
}

function targetAt(vault: VaultReader, { plan, index }: Position, row: number): Target {
  const { key, version } = vault.entry(plan, index);
  const latest = vault.latest(key);
  const isLatest = latest?.plan === plan && latest.index === index;
  return { plan, index, row, key, version, isLatest, type: vault.plan(plan).type };
}

interface Chosen {
  /** What moves. */
  readonly targets: readonly Target[];
  /** Status bytes of the targets. */
  readonly bytes: ReadonlyMap<Target, number>;
  /** What is so already. */
  readonly already: readonly Target[];
  readonly notes: readonly string[];
  readonly flags: readonly FlagOnRecords[];
  readonly policies: readonly string[];
  readonly named: number;
  /** Rows of a record that an earlier row names. */
  readonly repeated: number;
  readonly refused: number;
  readonly plan: (number: number) => Plan;
}

async function chooseTargets(
  {
    spec,
    read,
    assume,
    vault,
    today,
    refuse,
  }: {
    readonly spec: MoveSpec;
    readonly read: (at: Position) => Promise<number>;
    /** Where `read` tells only what is known here: the status with what others may have done. */
    readonly assume: ((at: Position) => Promise<number>) | undefined;
    readonly vault: VaultReader;
    readonly today: string;
    readonly refuse: Refuse;
  },
  found: readonly Target[],
): Promise<Omit<Chosen, "named" | "repeated" | "refused">> {
  const targets: Target[] = [];
  const already: Target[] = [];
  const notes = new Set<string>();
  const flags = new Map<string, FlagOnRecords>();
  const policies = new Set<string>();
  const bytes = new Map<Target, number>();
  for (const first of found.toSorted((a, b) => a.plan - b.plan || a.index - b.index)) {
    let target = first;
    let byte = await read(target);
    // The latest version came after what is to be moved: a mark stays with the version it was set on.
    while (spec.anyVersion === true && outcomeOn(spec, byte) === "made") {
      const { earlier } = vault.entry(target.plan, target.index);
      if (earlier === undefined) break;
      const before = targetAt(vault, earlier, first.row);
      const beforeByte = await read(before);
      if (outcomeOn(spec, beforeByte) === "possible") [target, byte] = [before, beforeByte];
      else break;
    }
    if (assume !== undefined) byte = await assume(target);
    const outcome = outcomeOn(spec, byte);
    if (outcome === "made") {
      already.push(target);
      continue;
    }
    const what = placeText(vault.plan(target.plan), target.index);
    try {
      if (outcome === "impossible") throw impossible(spec, what, byte);
      if ((byte & 7) === 1 && spec.anyVersion !== true)
        notes.add(
          target.isLatest
            ? "a record with another key took the place of one of these; that one is left as it is"
            : "a newer version took the place of one of these; the newer one is left as it is",
        );
      expectDecided(spec.stated ?? {}, vault, target);
      const judged = spec.judge?.(target, vault, today, byte);
      if (judged?.refused !== undefined) {
        const { code, message } = judged.refused;
        throw new CreditAnchorError(code, message, judged.hint === undefined ? {} : { hint: judged.hint });
      }
      for (const ref of judged?.policies ?? []) policies.add(ref);
      if (judged?.flag !== undefined) {
        const { message } = judged.flag;
        const known = flags.get(message);
        const firstRow = Math.min(target.row, known?.firstRow ?? target.row);
        flags.set(message, { ...judged.flag, records: (known?.records ?? 0) + 1, firstRow });
      }
      bytes.set(target, byte);
      targets.push(target);
    } catch (error) {
      refuse(target.row, faultsOf(error), error);
    }
  }
  return {
    targets,
    bytes,
    already,
    notes: [...notes],
    flags: [...flags.values()],
    policies: [...policies].sort(),
    plan: (number) => vault.plan(number),
  };
}

/** @throws {CreditAnchorError} `move.before-decided` for a day on which the record was not decided yet. */
function expectDecided(
  stated: NonNullable<MoveSpec["stated"]>,
  vault: VaultReader,
  { plan, index }: Position,
): void {
  const days = Object.entries(stated).filter(([, day]) => day !== undefined);
  const decided = days.length === 0 ? undefined : decidedOn(vault.read(plan, index));
  for (const [option, day] of days)
    if (decided !== undefined && day! < decided)
      throw new CreditAnchorError(
        "move.before-decided",
        `${option} ${day} is before the record was decided, ${decided}`,
        { hint: "give the day of what happened; if the record's own date is wrong, correct that first" },
      );
}

function outcomeOn({ moves }: Pick<MoveSpec, "moves">, byte: number): "possible" | "made" | "impossible" {
  const outcomes = moves.map((move) => moveOn(move, byte));
  // Erased for ever, also where the status before was the one wanted.
  if ((byte & 8) !== 0 || outcomes.includes("impossible")) return "impossible";
  return outcomes.includes("possible") ? "possible" : "made";
}

/** The marks that it clears. */
function clearedBy({ moves }: MoveSpec): number {
  return moves.reduce((marks, move) => (move.kind === "clearMarks" ? marks | (move.marks ?? 0) : marks), 0);
}

function impossible({ verb }: MoveSpec, what: string, byte: number): CreditAnchorError {
  if ((byte & 8) !== 0)
    return new CreditAnchorError("record.erased", `${what} is erased: nothing moves on it any more`);
  const status = parseStatus(byte)?.status ?? "unknown";
  return new CreditAnchorError(
    "move.impossible",
    `${what} is ${status}: to ${verb} it is not possible any more`,
    {
      hint: "credit-anchor status tells what became of it; docs/format.md lists the moves",
    },
  );
}

/** In calls of 256 positions of one batch, neighbours as one span: what the gas of bulk moves is measured with. */
function newMoves(
  spec: MoveSpec,
  { targets, bytes, policies }: Chosen,
  evidenceHash: string,
  today: string,
): NewMove[] {
  const dates = spec.dates(today);
  const moves: NewMove[] = [];
  for (const move of spec.moves) {
    const byPlan = new Map<number, number[]>();
    for (const target of targets) {
      if (moveOn(move, bytes.get(target)!) !== "possible") continue;
      const indexes = byPlan.get(target.plan) ?? [];
      indexes.push(target.index);
      byPlan.set(target.plan, indexes);
    }
    for (const [plan, indexes] of byPlan) {
      const positions = [...new Set(indexes)].sort((a, b) => a - b);
      for (let at = 0; at < positions.length; at += POSITIONS_PER_MOVE)
        moves.push({
          ...move,
          plan,
          after: plan,
          positions: positions.slice(at, at + POSITIONS_PER_MOVE),
          reason: spec.reason,
          evidenceHash,
          ...(Object.keys(dates).length === 0 ? {} : { dates }),
          ...(policies.length === 0 ? {} : { policies }),
          ...(spec.class === undefined ? {} : { class: spec.class }),
        });
    }
  }
  return moves;
}

/**
 * Looks whether the chain has it so now: somebody else's act may have come first.
 * @throws {CreditAnchorError} `move.overtaken`
 */
export async function confirmMoved(
  registry: Registry,
  vault: Pick<VaultReader, "plan">,
  spec: Pick<MoveSpec, "verb" | "moves">,
  targets: readonly Position[],
): Promise<void> {
  const read = statusReader(registry, vault);
  const left: string[] = [];
  for (const target of targets) {
    const byte = await read(target);
    if (spec.moves.every((move) => moveOn(move, byte) === "made")) continue;
    left.push(`${placeText(vault.plan(target.plan), target.index)} is ${statusByteText(byte)} on the chain`);
  }
  if (left.length === 0) return;
  const more = left.length === 1 ? "" : `, and ${count(left.length - 1)} more`;
  throw new CreditAnchorError("move.overtaken", `not done: ${left[0]}${more}`, {
    hint: "another act came first, or the block was replaced; look at it with credit-anchor status",
    exitStatus: ExitStatus.internal,
  });
}

interface Telling {
  readonly dryRun: boolean;
  readonly single: boolean;
  readonly rejectedFile: string | undefined;
  /** With `--sign-only`. */
  readonly signed?: SignedOutcome;
}

function tell(
  spec: MoveSpec,
  home: Pick<Home, "dir">,
  chosen: Chosen,
  { dryRun, single, rejectedFile, signed }: Telling,
  summary?: Awaited<ReturnType<typeof anchorPending>>,
): Outcome {
  const { targets, already, refused, named, repeated, flags, policies } = chosen;
  const isDone = !dryRun && signed === undefined;
  const past = signed === undefined ? spec.past : `signed, to ${spec.verb}`;
  const waits = summary === undefined ? [] : waitingLines(summary);
  const flagged = single ? flags.map(({ message }) => `flagged: ${message}`) : flagLines(flags);
  const common = {
    reason: spec.reason,
    dryRun,
    flags,
    policies,
    awaitingFinality: summary?.movesAwaitingFinality ?? 0,
    ...signed?.json,
  };
  if (single) {
    const target = targets[0] ?? already[0]!;
    const plan = chosen.plan(target.plan);
    const { index, type, version } = target;
    const what = `${placeText(plan, index)} (${type}, version ${version})`;
    const batch = plan.header === undefined ? null : placeText(plan, index).split(" ").at(-1)!;
    const was = targets.length === 0;
    const why = reasonText(spec.reason);
    return {
      json: { batch, index, type, version, ...common, already: was, [spec.done]: isDone || was },
      text: [
        was
          ? `${what}: it is so already, nothing was sent`
          : `${dryRun ? `would ${spec.verb}` : past} ${what}: ${why}`,
        ...flagged,
        ...waits,
        ...(signed?.text ?? []),
      ],
    };
  }
  return {
    json: {
      ...common,
      named,
      [spec.done]: signed === undefined ? targets.length : 0,
      already: already.length,
      repeated,
      refused,
      rejectedFile: rejectedFile ?? null,
      home: home.dir,
    },
    text: [
      ...(dryRun ? ["dry run: nothing was sent", ""] : []),
      ...columns([
        ["records named", count(named)],
        [dryRun ? `would ${spec.verb}` : past, count(targets.length)],
        ["so already", count(already.length)],
        ...(repeated === 0 ? [] : [["named by an earlier row", count(repeated)]]),
        [
          "refused",
          rejectedFile === undefined ? count(refused) : `${count(refused)}, told in ${rejectedFile}`,
        ],
      ]),
      ...flagged,
      ...waits,
      ...(signed?.text ?? []),
      ...(rejectedFile === undefined ? [] : commonFaults(rejectedFile)),
    ],
    exitStatus: refused === 0 ? ExitStatus.ok : ExitStatus.rowsRejected,
  };
}
