import { PERIODS } from "../audit/coverage";
import { auditRegistry, type AuditRequest } from "../audit/gather";
import { foreignLeaves } from "../audit/leaves";
import { compareVault } from "../audit/vault";
import type { ChainThen } from "../audit/since";
import type { AuditReport, Difference, ExternalHead, Tenure, Where } from "../audit";
import type { Checkpoint } from "../checkpoint";
import { ExitStatus } from "../errors";
import { loadFastHashes } from "../fast-hashes";
import { type Home, openHome } from "../home";
import { defaultSettings } from "../home/settings";
import { dateInChina } from "../policy";
import { repeatable } from "./audit-repeat";
import { expectReportFolder, writeReport } from "./audit-report";
import { signOffLines, signOffsPlace } from "./audit-sign-offs";
import { coverageLines } from "./audit-coverage";
import { clockLines, keyLines } from "./audit-law";
import { indexLines, indexOptions, openIndex } from "./audit-index";
import { leavesOfFolders, sourceLines, sourceOf } from "./audit-source";
import { optionalHome } from "./context";
import { writeOwnFile } from "./files";
import { knownPolicies, policyOption } from "./known-policies";
import { requireTrust } from "./named-registry";
import { address, choice, flag, integer, list, text, usage, words } from "./options";
import { count, counted } from "../counted";
import { timeForPeople } from "./output";
import { signingOf, signingOptions } from "./sign-offs";
import { connectSources, parseUrls } from "./sources";
import { chainAtCheckpoint, sinceLines, sinceOf, sinceOptions, withCheckpoint } from "./since";
import { defineVerb } from "./verb";

const DIFFERENCES_SHOWN = 100;

export const auditVerb = defineVerb({
  name: "audit",
  summary: "replay the registry's journal and report every difference, with its evidence",
  about: `Reads all events, rebuilds everything, compares it with the journal's head and with what the registry answers,
and with the vault of the home folder if it has one. With one node alone the report says "single source": what a
node hides consistently is found with --witness (another party's node), --since (a checkpoint that somebody signed) or
--head (a head obtained elsewhere); the last two vouch for the entries up to theirs.

Time limits of the law are judged too: repairs before their minimum, overdue objections, and with the home's vault late
publication and late withdrawals. They say what an agency did and not what the chain says: they are told on their
own, and do not count for the exit status.

In a home folder an index is kept of what an audit read and proved, so that the next one asks only what is new; the
report says what was taken over, and from when. A chain that no longer is the one that was indexed is a
difference, and everything is read again. What an audit found once, later ones say again, until --rebuild-index. A vault,
leaves files and a source are always compared in full.

--source reads a file that the agency anchors from, CSV or NDJSON, and says which rows are missing, altered or outdated
on the chain, and how many records have no row. Row numbers and places, never values, go to a file in the home folder.

Exit status: 0 no differences; 1 differences; 2 no differences, but a leaves file given with --leaves is of another
registry, and so proves nothing.`,
  options: {
    rpc: list(
      "--rpc <urls>",
      "node to audit, or several between commas: the first that answers gives the events, the others have to say the same and stand in for it; otherwise those of the home folder",
    ),
    registry: address("--registry <address>", "the registry, on the chain of the node; otherwise the home's"),
    deployment: text("--deployment <file>", "deployment record of the registry"),
    witness: list("--witness <urls>", "nodes of other parties, between commas"),
    head: text(
      "--head <length:hash>",
      "journal head obtained elsewhere and the number of all entries up to it (not modulo 2^31): 1203:0x5d0f…",
    ),
    ...sinceOptions,
    authority: list(
      "--authority <names>",
      "whose rules records are judged by, between commas; otherwise those of the home for its agency, and for others every clock that is possible",
    ),
    policy: policyOption(),
    rolesHead: text(
      "--roles-head <length:hash>",
      "head of the authority's journal of roles obtained elsewhere, and the number of entries up to it",
    ),
    toBlock: integer("--to-block <number>", "audit up to this block", {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      defaultsTo: "the newest",
    }),
    fromBlock: integer("--from-block <number>", "block of the registry's deployment, with --registry", {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    }),
    period: choice("--period <period>", "how long the periods are in which it counts", PERIODS, "month"),
    vault: text(
      "--vault <dir>",
      "home folder of an agency whose vault is looked into, by its passphrase; otherwise the home's own",
    ),
    withoutVault: flag("--without-vault", "leave the home's vault out"),
    withoutRecords: flag(
      "--without-records",
      "compare the vault's leaves and proofs, but open no record: no passphrase",
    ),
    leaves: words(
      "--leaves <folders...>",
      "folders with leaves files of agencies (leaves export): prove how many records there are",
    ),
    source: text("--source <file>", "file of the agency's own system to compare with vault and chain"),
    type: text("--type <name>", "with --source: the record type of its rows"),
    ...indexOptions,
    out: text("--out <file>", "also write the report as JSON"),
    report: text(
      "--report <dir>",
      "also write the report into a folder: report.json for machines, report.zh.html and report.en.html for people; an earlier one there is replaced",
    ),
    ...signingOptions,
  },
  examples: [
    "credit-anchor audit --home agency",
    "credit-anchor audit --home agency --source penalties.csv --type cn.penalty",
    "credit-anchor audit --home auditor --leaves leaves",
    "credit-anchor audit --home auditor --vault agency --sign report.json",
    "credit-anchor audit --home auditor --witness http://node.court.example:8545 --json",
    "credit-anchor audit --home auditor --rpc http://10.0.0.5:8545,http://10.0.0.6:8545",
    "credit-anchor audit --home auditor --report report-2026-07",
    "credit-anchor audit --home auditor --since checkpoint.json",
    "credit-anchor audit --home auditor --without-index",
    "credit-anchor audit --home auditor --sign report.json",
    "credit-anchor audit --rpc http://127.0.0.1:8545 --registry 0x5FbD…0aa3 --head 1203:0x5d0f…",
  ],
  run: async ({ options, home: dir, io, signal }) => {
    if (options.type !== undefined && options.source === undefined) throw usage("--type goes with --source");
    if (options.source !== undefined && options.withoutRecords)
      throw usage("--source and --without-records exclude each other");
    if (options.vault !== undefined && options.withoutVault)
      throw usage("--vault and --without-vault exclude each other");
    const head = options.head === undefined ? undefined : parseHead("--head", options.head, 28);
    const rolesHead =
      options.rolesHead === undefined ? undefined : parseHead("--roles-head", options.rolesHead, 32);
    if (options.report !== undefined) expectReportFolder(options.report);
    const home = optionalHome(dir);
    const trusted = requireTrust(
      { registry: options.registry, deployment: options.deployment, fromBlock: options.fromBlock },
      home,
    );
    const urls = options.rpc === undefined ? (home?.settings.rpc ?? []) : parseUrls(options.rpc, "--rpc");
    const nodes = await connectSources(
      [...urls, ...parseUrls(options.witness, "--witness")],
      trusted,
      signal,
    );
    const since = { since: options.since, signer: options.signer };
    const checkpoint = await nodes.byFirst((chain) =>
      sinceOf(since, chain, trusted.address, options.toBlock),
    );
    const heads = headsOf(head, rolesHead, checkpoint?.checkpoint);
    const signingValues = {
      sign: options.sign,
      signOnly: options.signOnly,
      signOffs: options.signOffs,
      deployment: options.deployment,
    };
    const signing = await nodes.byFirst((chain) => signingOf(chain, trusted, signingValues, home, signal));
    const { chainId } = nodes.first;
    const signOffs = signOffsPlace(
      { chainId, address: trusted.address },
      { signOffs: options.signOffs, deployment: options.deployment },
      home,
    );
    const index = openIndex({
      options: {
        index: options.index,
        withoutIndex: options.withoutIndex,
        rebuildIndex: options.rebuildIndex,
      },
      home,
      registry: { chainId, address: trusted.address },
      fromBlock: trusted.fromBlock,
      io,
    });
    const hashes = await loadFastHashes();
    const records = !options.withoutRecords;
    const agencyHome =
      options.vault === undefined ? home : homeOfVault(options.vault, trusted.address, chainId);
    const vault =
      agencyHome === undefined || options.withoutVault || agencyHome.settings.agency === undefined
        ? undefined
        : await agencyHome.readVault({ decrypt: records });
    const policies = knownPolicies(agencyHome, options.policy, options.authority);
    const own = agencyHome?.settings.agency?.id;
    const { finalityBlocks } = home?.settings ?? defaultSettings;
    // Of the node that was audited in the end: the first may have fallen silent on the way.
    let chain = nodes.first;
    let then: ChainThen | undefined;
    let writeIndex: (() => Promise<void>) | undefined;
    const progress = io.progress();
    let report: AuditReport;
    try {
      const compareLeaves = options.leaves.length === 0 ? undefined : leavesOfFolders(options.leaves);
      const compareSource =
        options.source === undefined
          ? undefined
          : await sourceOf({
              file: options.source,
              typeName: options.type,
              home: agencyHome,
              vault,
              hashes,
              io,
            });
      const audited = await auditRegistry({
        chain,
        witnesses: nodes.others,
        silent: nodes.silent,
        registry: trusted.address,
        fromBlock: trusted.fromBlock,
        ...(trusted.codeHash === undefined ? {} : { codeHash: trusted.codeHash }),
        ...(options.toBlock === undefined ? {} : { toBlock: options.toBlock }),
        ...(signOffs === undefined ? {} : { signOffs }),
        ...heads,
        ...(index?.index === undefined ? {} : { index: index.index }),
        ...(index === undefined
          ? {}
          : { keep: { finalityBlocks, kept: (made) => (writeIndex = () => index.write(made)) } }),
        ...(options.period === undefined ? {} : { period: options.period }),
        hashes,
        rules: {
          policies,
          authoritiesOf: (agencyId) =>
            options.authority ?? (agencyId === own ? policies.authorities : undefined),
        },
        compare: async (audit, { time }, answering) => {
          chain = answering;
          then = await chainAtCheckpoint(checkpoint, audit, chain);
          if (vault !== undefined)
            await compareVault(audit, {
              vault,
              hashes,
              records,
              clocks: { policies, on: dateInChina(time) },
              onProgress: (done) => progress.update(() => `audit: ${counted(done, "record")} of the vault`),
            });
          compareLeaves?.(audit);
          await compareSource?.(audit);
        },
        onProgress: ({ stage, count: done }) => progress.update(() => `audit: ${count(done)} ${stage}`),
      });
      progress.end();
      const judged = withCheckpoint(audited, checkpoint, then, since, home);
      report = { ...judged, options: repeatable({ ...options, codeHash: trusted.codeHash }, home) };
    } finally {
      progress.end();
      await vault?.close();
    }
    // Only now: one process does not read the vault's database and hold its lock at once.
    await writeIndex?.();
    if (options.out !== undefined) writeOwnFile(options.out, `${JSON.stringify(report, null, 2)}\n`);
    if (options.report !== undefined) writeReport(options.report, report, io);
    const signed = await signing?.sign(report, chain);
    return {
      json: signed === undefined ? report : { ...report, signed: signed.json },
      text: [...describe(report), ...(signed?.text ?? [])],
      exitStatus: statusOf(report),
    };
  },
});

/** An agency's home, which an auditor was given. @throws {CreditAnchorError} `usage` if it has no vault of this registry */
function homeOfVault(dir: string, registry: string, chainId: number): Home {
  const home = openHome(dir);
  const known = home.settings.registry;
  if (home.settings.agency === undefined)
    throw usage(
      `${dir} is not the home of an agency: it has no vault`,
      "--vault takes an agency's home folder",
    );
  if (known !== undefined && (known.address !== registry || known.chainId !== chainId))
    throw usage(
      `the vault in ${dir} is of registry ${known.address} on chain ${known.chainId}, and ${registry} on chain ${chainId} is audited`,
    );
  return home;
}

function parseHead(option: string, word: string, bytes: 28 | 32): { length: number; head: string } {
  const parts = /^(0|[1-9][0-9]{0,15}):(0x[0-9a-fA-F]+)$/.exec(word);
  if (parts?.[2]!.length !== 2 + 2 * bytes)
    throw usage(`${option} takes the length and the hash of a journal, ${bytes} bytes: 1203:0x5d0f…`);
  return { length: Number(parts[1]), head: parts[2]!.toLowerCase() };
}

function headsOf(
  externalHead: ExternalHead | undefined,
  rolesHead: ExternalHead | undefined,
  checkpoint: Checkpoint | undefined,
): Pick<AuditRequest, "externalHead" | "rolesHead"> {
  if (checkpoint === undefined)
    return {
      ...(externalHead === undefined ? {} : { externalHead }),
      ...(rolesHead === undefined ? {} : { rolesHead }),
    };
  if (externalHead !== undefined || rolesHead !== undefined)
    throw usage("--since has its own heads: --head and --roles-head exclude it");
  const { journal, roles } = checkpoint;
  return { externalHead: journal, ...(roles === undefined ? {} : { rolesHead: roles }) };
}

/** For which entries nobody but the node vouches, where a head does for the others. */
function unvouched({ externalHead, journal }: AuditReport): string {
  if (externalHead === null || !externalHead.contained || externalHead.length === 0) return "";
  const { length } = externalHead;
  return ` for the last ${counted(journal.length - length, "entry", "entries")}; a head obtained elsewhere vouches for the first ${count(length)}`;
}

function statusOf({ differences, notChecked }: AuditReport): number {
  if (differences.length > 0) return ExitStatus.failed;
  return foreignLeaves(notChecked) > 0 ? ExitStatus.notChecked : ExitStatus.ok;
}

/** The report for people. Exported for its test. */
export function describe(report: AuditReport): string[] {
  const { registry, block, journal, coverage, sources, differences, notChecked } = report;
  return [
    `registry   ${registry.address} on chain ${registry.chainId}`,
    `up to      block ${block.number} (${block.hash}), ${timeForPeople(block.time)}`,
    `journal    ${counted(journal.length, "entry", "entries")}, head ${journal.head}`,
    ...(report.successor === null
      ? []
      : [`successor  this registry names ${report.successor} as the next: audit that one too`]),
    `sources    ${sources.join(", ")}${report.singleSource ? ` (single source${unvouched(report)})` : ""}`,
    ...report.silent.map((message) => `not heard  ${message}`),
    `compared   ${counted(coverage.events, "event")}, ${counted(coverage.views, "answer")}, ${counted(coverage.batches, "batch", "batches")}, ${counted(coverage.records, "record")}`,
    ...indexLines(report),
    ...sinceLines(report),
    `rebuilt    ${counted(coverage.batchesWithLeaves, "batch", "batches")} from their leaves`,
    ...coverageLines(coverage),
    ...report.roles.flatMap(({ authority, journal: { length, head }, tenures }) => [
      `roles      ${authority}: ${counted(length, "entry", "entries")}, head ${head}`,
      ...tenures.map(tellTenure),
    ]),
    ...signOffLines(report),
    ...report.vaults.map(
      ({ batches, records, recomputed }) =>
        `vault      ${counted(batches, "batch", "batches")}, ${counted(records, "record")} compared; ${count(recomputed)} computed again from content and secret`,
    ),
    ...sourceLines(report),
    ...keyLines(report.keys),
    ...coverage.flaggedBatches.map(
      (id) => `flagged    batch ${id}: its operator's key was declared compromised before`,
    ),
    ...notChecked.map(({ message, count: times }) => `not checked: ${message} (${count(times)})`),
    ...clockLines(report.clocks),
    "",
    ...differences.slice(0, DIFFERENCES_SHOWN).flatMap(tell),
    ...(differences.length > DIFFERENCES_SHOWN
      ? [`… and ${count(differences.length - DIFFERENCES_SHOWN)} more (all of them with --json or --out)`]
      : []),
    differences.length === 0
      ? `NO DIFFERENCES${report.singleSource ? `, by a single source${unvouched(report)}` : ""}`
      : counted(differences.length, "DIFFERENCE", "DIFFERENCES"),
    ...(foreignLeaves(notChecked) === 0
      ? []
      : [
          `NOT CHECKED: ${counted(foreignLeaves(notChecked), "leaves file")} of another registry; give those of this one, or leave them out`,
        ]),
  ];
}

function tellTenure({ role, account, from, until, delay }: Tenure): string {
  const end = until === null ? "" : ` until ${timeForPeople(until)}`;
  return `           ${role} ${account} from ${timeForPeople(from)}${end}${delay === 0 ? "" : `, acts wait ${count(delay)} s`}`;
}

function tell({ code, message, where, expected, found, said = [] }: Difference): string[] {
  return [
    `✗ ${message} [${code}]`,
    `    ${whereText(where)}`,
    ...(expected === undefined ? [] : [`    expected ${expected}`]),
    ...(found === undefined ? [] : [`    found    ${found}`]),
    ...said.map(({ node, value }) => `    ${node} says ${value}`),
  ];
}

const listed = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : String(value));

function whereText(where: Where): string {
  const parts = Object.entries(where).map(([name, value]) => `${name} ${listed(value)}`);
  return parts.length === 0 ? "the registry as a whole" : parts.join(", ");
}
