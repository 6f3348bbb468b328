import { checkReadiness, requireNewestCopy, startAnchoring, type AnchoringSummary } from "../anchoring";
import { Docket, policyRefs } from "../docket";
import { ExitStatus } from "../errors";
import { loadFastHashes } from "../fast-hashes";
import type { Home } from "../home";
import { judge, type PolicySet } from "../policy";
import type { Registry } from "../registry-views";
import type { VaultReader } from "../vault/vault";
import type { Supersession } from "../vault/writer";
import { defaultBatchSize, ingest, type IngestCounts, type IngestResult } from "../ingest";
import { ENCODINGS, openInput, type InputOptions } from "../input";
import { throwIfCancelled } from "../rpc";
import { noteRegistrySuccessor, noteSuccession, ownAgency, requireHome } from "./context";
import { connectOrRead, stateOption } from "./offline";
import { dryRun } from "./dry-run";
import { expectFile } from "./files";
import { admittedId, keepType, nameType } from "./known-types";
import {
  flagLines,
  flagOf,
  flagOfClass,
  flagOfFuture,
  type FlagOnRecords,
  placeText,
  todayOf,
} from "./judging";
import { classOption, knownPolicies, policyOption, statedClass } from "./known-policies";
import { choice, flag, integer, text, url, usage, type OptionValues } from "./options";
import { count, counted } from "../counted";
import { columns, durationForPeople, type Io } from "./output";
import {
  acceptUnknownOption,
  anchoringSettings,
  gasOf,
  LONG_WAIT_MS,
  SHORT_WAIT_MS,
  waitingLines,
  watchAnchoring,
} from "./settle";
import { commonFaults } from "./rejections";
import { notePlanned } from "./planned-moves";
import { signAndWrite, signOnlyOf, signOnlyOptions } from "./sign-only";
import { defineVerb, type Call, type Outcome } from "./verb";
import { packageVersion } from "./version";

/** Records of one batch are kept in memory while it is made. */
const LARGEST_BATCH = 1_048_576;

/** What goes with every file of records. */
export const anchoringOptions = {
  type: text("--type <name>", "record type: its name, or the file of its document"),
  mode: choice("--mode <mode>", "how batches are anchored", ["root", "leaves", "direct"], "root"),
  batchSize: integer("--batch-size <n>", "records in a batch", {
    min: 1,
    max: LARGEST_BATCH,
    defaultsTo: "65536, 1000 in mode leaves, 1 in mode direct",
  }),
  encoding: choice(
    "--encoding <name>",
    "encoding of the file; otherwise found out",
    ["auto", ...ENCODINGS],
    "auto",
  ),
  format: choice(
    "--format <name>",
    "format of the file; otherwise found out",
    ["auto", "csv", "ndjson"],
    "auto",
  ),
  delimiter: text("--delimiter <character>", "between the cells of a CSV file; otherwise found out"),
  source: text("--source <label>", "your name for the system the file came from, for the manifest", "file"),
  until: choice("--until <state>", "return when batches are", ["anchored", "final"], "final"),
  dryRun: flag(
    "--dry-run",
    "read and compare only: say what would be anchored; no chain, and nothing written but rejected rows",
  ),
  wait: flag("--wait", "wait until another process that uses this home has finished"),
  ...signOnlyOptions,
  state: stateOption(),
  acceptUnknownBatches: acceptUnknownOption(),
  rpc: url("--rpc <url>", "node to send to; otherwise that of the home folder"),
  class: classOption(),
  policy: policyOption(),
};

export const anchorVerb = defineVerb({
  name: "anchor",
  summary: "anchor the records of a file: new ones, and new versions of changed ones",
  about: `CSV (UTF-8 with or without byte-order mark, GB18030) or NDJSON. What the vault has already is left alone: the
same file twice anchors nothing new, and that is success. Rows that are no records are told in a file of
their own, with every fault and without any value; exit status 4. Interrupted at any moment, the same command
or resume continues.

Modes: root for volume; leaves puts every leaf hash on the chain; direct anchors each record by itself, for
contracts that read it, never for personal data.`,
  arguments: [{ name: "<file>", about: "records: a CSV or NDJSON file" }],
  options: {
    ...anchoringOptions,
  },
  examples: [
    "credit-anchor anchor penalties.csv --type cn.penalty --home agency",
    "credit-anchor anchor licences.csv --type cn.licence --encoding gb18030 --source 'licence system 3.1'",
    "credit-anchor anchor critical.ndjson --type cn.licence --mode direct",
    "credit-anchor anchor penalties.csv --type cn.penalty --dry-run",
    "credit-anchor anchor penalties.csv --type cn.penalty --sign-only calls.json",
  ],
  run: (call) => anchorFile(call, { command: "anchor" }),
});

/** What anchoring a file is for. */
export interface AnchoringPurpose {
  readonly command: string;
  /** Rejects rows of records that the vault does not have, or that it has. */
  readonly only?: "known" | "new";
  /** The file has to hold one record. */
  readonly single?: boolean;
  /** Why the records take the place of earlier ones; asked for when everything else was found in order. */
  readonly supersession?: (home: Home, vault: VaultReader, registry: Registry) => Promise<Supersession>;
}

type AnchorCall = Pick<Call<typeof anchoringOptions>, "args" | "home" | "io" | "signal"> & {
  readonly options: OptionValues<typeof anchoringOptions>;
};

/** Reads a file of records and anchors what is new in it, to the outcome of the verb. */
export async function anchorFile(
  { args, options, home: dir, io, signal }: AnchorCall,
  { command, only, single, supersession }: AnchoringPurpose,
): Promise<Outcome> {
  const file = expectFile(args[0]!);
  if (options.type === undefined) throw usage("--type is missing", "name the record type: --type cn.penalty");
  const mode = options.mode ?? "root";
  if (mode === "direct" && (options.batchSize ?? 1) !== 1)
    throw usage("in mode direct every record is a batch of its own: leave --batch-size out");
  const home = requireHome(dir);
  const type = nameType(options.type, home);
  const input: InputOptions = {
    encoding: options.encoding ?? "auto",
    format: options.format ?? "auto",
    ...(options.delimiter === undefined ? {} : { delimiter: delimiterOf(options.delimiter) }),
  };
  if (single === true) await expectOneRow(file, input);
  if (options.dryRun) return dryRun({ home, type, file, input, io, signal, only });

  const started = Date.now();
  const policies = knownPolicies(home, options.policy);
  const statedAs = statedClass(policies, options.class);
  const { registry } = await connectOrRead(
    home,
    { state: options.state, rpc: options.rpc, signOnly: options.signOnly },
    signal,
  );
  const agency = await ownAgency(home, registry);
  await noteSuccession(io, registry, agency);
  // A file of the state of the chain does not hold it.
  if (options.state === undefined) await noteRegistrySuccessor(io, registry);
  const typeId = await admittedId(registry, type, options.type);
  const signer = await home.signer();
  const signOnly = await signOnlyOf(registry, signer, options);
  await checkReadiness(registry, {
    agencyId: agency.id,
    account: signOnly?.operator ?? signer.address,
    permissions: only === undefined ? 1 : 3,
    fees: home.settings.fees,
    pays: signOnly === undefined,
  });
  await keepType(home, type, typeId);
  const agencyKey = await home.agencyKey();
  const vault = await home.writeVault({
    command,
    waitMs: options.wait ? LONG_WAIT_MS : SHORT_WAIT_MS,
  });
  const progress = io.progress();
  let counts: Readonly<IngestCounts> | undefined;
  const line = (): string => progressLine(started, counts, watcher.records(), watcher.batchIds().length);
  const watcher = watchAnchoring(vault, progress, io, line);
  try {
    const settings = anchoringSettings(home, agency.id, {
      untilAnchored: options.until === "anchored" || options.state !== undefined,
      acceptUnknown: options.acceptUnknownBatches,
    });
    const common = { vault, registry, settings, onProgress: watcher.onProgress, signal };
    await requireNewestCopy({ ...common, account: signOnly?.operator ?? signer.address });
    const firstPlan = statedAs === undefined ? 0 : nextPlan(vault);
    notePlanned(io, vault);
    const why = await supersession?.(home, vault, registry);
    const anchoring = signOnly === undefined ? startAnchoring({ ...common, signer }) : undefined;
    let result: IngestResult;
    try {
      const planning = ingest({
        vault,
        target: {
          registry: { chainId: registry.chain.chainId, address: registry.address },
          agencyId: agency.id,
          typeId,
          type,
          mode,
          policies: policyRefs(policies),
          ...(statedAs === undefined ? {} : { class: statedAs }),
          ...(why === undefined ? {} : { supersession: why }),
        },
        agencyKey,
        agencyCode: agency.code,
        file,
        input,
        source: { system: options.source ?? "file", collector: `credit-anchor ${packageVersion()}` },
        hashes: await loadFastHashes(),
        batchSize: options.batchSize ?? defaultBatchSize[mode],
        ...(only === undefined ? {} : { only }),
        rejectedFile: home.rejectedFile(file),
        onProgress: (sofar) => {
          counts = { ...sofar };
          progress.update(line);
          throwIfCancelled(signal);
        },
      });
      for (;;) {
        const next = await planning.next();
        if (next.done === true) {
          result = next.value;
          break;
        }
        anchoring?.kick();
      }
    } catch (error) {
      // What was planned stays planned; the batch under way is brought to a place where it can be left.
      await anchoring?.finish().catch(() => undefined);
      throw error;
    }
    const signed = signOnly === undefined ? undefined : await signAndWrite(common, signOnly);
    const summary = signed?.summary ?? (await anchoring!.finish());
    progress.end();
    const gas = await gasOf(registry, watcher.transactions());
    const today = await todayOf(registry);
    const flags = dateFlags(policies, type.name, result.decidedOn, today);
    if (statedAs !== undefined) flags.push(...classFlags(policies, vault, statedAs, firstPlan, today));
    const told = outcome(
      home,
      result,
      summary,
      flags,
      { ids: watcher.batchIds(), gas, milliseconds: Date.now() - started },
      io,
    );
    if (signed === undefined) return told;
    return { ...told, json: { ...told.json, ...signed.json }, text: [...told.text, "", ...signed.text] };
  } finally {
    progress.end();
    await vault.close();
  }
}

/** @throws {CreditAnchorError} `usage` unless the file has exactly one row. */
async function expectOneRow(file: string, options: InputOptions): Promise<void> {
  const input = await openInput(file, options);
  let rows = 0;
  try {
    for await (const portion of input.rows()) if ((rows += portion.length) > 1) break;
  } finally {
    await input.close();
  }
  if (rows !== 1) throw usage("one record takes the place of one other: the file has to hold exactly one");
}

/** `\t` can be typed in any shell. */
function delimiterOf(word: string): string {
  return word === "\\t" || word === "tab" ? "\t" : word;
}

function progressLine(
  started: number,
  counts: Readonly<IngestCounts> | undefined,
  anchored: number,
  batches: number,
): string {
  const read = counts?.read ?? 0;
  const rate = Math.round((read * 1000) / Math.max(1, Date.now() - started));
  const rejected =
    counts === undefined || counts.rejected === 0 ? "" : `, ${count(counts.rejected)} rejected`;
  return `${counted(read, "row")} read (${count(rate)} a second)${rejected}; ${counted(anchored, "record")} in ${counted(batches, "batch", "batches")} anchored`;
}

function outcome(
  home: Home,
  { counts, rejectedFile, headerWarnings, warningCodes }: IngestResult,
  summary: AnchoringSummary,
  flags: readonly FlagOnRecords[],
  anchored: { readonly ids: readonly string[]; readonly gas: bigint; readonly milliseconds: number },
  io: Io,
): { json: Record<string, unknown>; text: string[]; exitStatus: number } {
  for (const warning of headerWarnings)
    io.note(`warning: ${warning.path} ${warning.message}`.replace(/ {2,}/g, " "));
  for (const [code, times] of Object.entries(warningCodes))
    io.note(`warning: ${counted(times, "row")} with ${code}`);
  const { read, accepted, newVersions, unchanged, rejected } = counts;
  const isNothing = accepted === 0 && summary.batches === 0 && summary.moved === 0;
  return {
    json: {
      read,
      anchored: accepted,
      new: accepted - newVersions,
      newVersions,
      unchanged,
      rejected,
      rejectedFile: rejectedFile ?? null,
      warnings: warningCodes,
      headerWarnings,
      flags,
      batches: summary.batches,
      batchIds: anchored.ids,
      records: summary.records,
      final: summary.final,
      moved: summary.moved,
      awaitingFinality: summary.awaitingFinality,
      movesAwaitingFinality: summary.movesAwaitingFinality,
      movesWaiting: summary.movesWaiting,
      notices: summary.notices,
      gas: anchored.gas,
      milliseconds: anchored.milliseconds,
      home: home.dir,
    },
    text: [
      ...(isNothing && rejected === 0
        ? ["nothing new: every record of the file is anchored already", ""]
        : []),
      ...columns([
        ["rows read", count(read)],
        ["new records", count(accepted - newVersions)],
        ["new versions", count(newVersions)],
        ["unchanged", count(unchanged)],
        [
          "rejected",
          rejectedFile === undefined ? count(rejected) : `${count(rejected)}, told in ${rejectedFile}`,
        ],
        ["batches", batchesText(summary, anchored.ids)],
        ...(summary.moved === 0 ? [] : [["superseded", count(summary.moved)]]),
        ["gas", gasText(anchored.gas, summary.records)],
        ["time", durationForPeople(anchored.milliseconds)],
      ]),
      ...waitingLines(summary),
      ...flagLines(flags),
      ...(rejectedFile === undefined ? [] : commonFaults(rejectedFile)),
    ],
    exitStatus: rejected === 0 ? ExitStatus.ok : ExitStatus.rowsRejected,
  };
}

/** New records that went public after their limit, or before they were decided, by the date of their decision. */
function dateFlags(
  policies: PolicySet,
  recordType: string,
  decidedOn: IngestResult["decidedOn"],
  today: string,
): FlagOnRecords[] {
  return [...decidedOn].flatMap(([decided, { records, firstRow }]) => {
    if (decided > today) return [{ ...flagOfFuture(decided, today), records, firstRow }];
    const clock = judge(policies, { recordType, events: { decided, published: today } }, today).find(
      ({ code }) => code === "publication.limit",
    );
    if (clock?.state !== "late") return [];
    const what = `decided ${decided}, anchored ${today}, due ${clock.due}`;
    return [{ ...flagOf("anchor.late", what, clock), records, firstRow }];
  });
}

/**
 * New records for which another class was stated than they tell themselves. Reads them back: their rows passed through
 * other threads.
 */
function classFlags(
  policies: PolicySet,
  vault: VaultReader,
  stated: string,
  fromPlan: number,
  today: string,
): FlagOnRecords[] {
  const flags = new Map<string, FlagOnRecords>();
  const docket = new Docket(policies, vault);
  for (const plan of vault.plans(fromPlan))
    for (const record of vault.readAll(plan.number)) {
      const flag = flagOfClass(policies, docket.facts(record, { class: stated }), today);
      if (flag === undefined) continue;
      const known = flags.get(flag.message);
      const firstAt = known?.firstAt ?? placeText(plan, record.index);
      flags.set(flag.message, { ...flag, records: (known?.records ?? 0) + 1, firstRow: null, firstAt });
    }
  return [...flags.values()];
}

function nextPlan(vault: VaultReader): number {
  let next = 0;
  for (const { number } of vault.plans()) next = number + 1;
  return next;
}

const IDS_SHOWN = 8;

function batchesText({ batches }: AnchoringSummary, ids: readonly string[]): string {
  if (ids.length === 0) return count(batches);
  const more = ids.length > IDS_SHOWN ? `, … (credit-anchor batches lists all)` : "";
  return `${count(batches)}: ${ids.slice(0, IDS_SHOWN).join(", ")}${more}`;
}

function gasText(gas: bigint, records: number): string {
  if (records === 0) return count(gas);
  const each = Number(gas) / records;
  return `${count(gas)}, ${each < 10 ? each.toFixed(1) : count(Math.round(each))} a record`;
}
