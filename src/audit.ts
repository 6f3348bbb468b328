import { CreditRegistry__factory } from "../typechain-types/factories/contracts/CreditRegistry__factory";
import { equalBytes, fromHex, toHex } from "./bytes";
import { applyEvent } from "./audit/apply";
import { coverage, type Coverage, type Period, type Timeliness } from "./audit/coverage";
import { judgeChain, type ChainRules } from "./audit/chain-clocks";
import { startClocks, type ClockBook, type ClocksReport } from "./audit/clocks";
import {
  startFindings,
  type Difference,
  type Findings,
  type NotChecked,
  type Where,
} from "./audit/differences";
import { eventShapes, type RawLog } from "./audit/events";
import { registryInterface } from "./interfaces";
import type { CallingTransaction } from "./audit/executions";
import {
  readJournal,
  type BlockFacts,
  type ExternalHead,
  type JournalResult,
  type RolesHead,
} from "./audit/journal";
import { compareHead, journalOfRoles } from "./audit/heads";
import { keyUses, type KeyUse } from "./audit/keys";
import { readRoles, type RoleReader, type RolesReport } from "./audit/roles";
import { readSignOffs, type SignOffReader, type SignOffsReport } from "./audit/sign-offs";
import type { CheckpointReport } from "./audit/since";
import type { IndexReport } from "./audit/take-over";
import { startTouches } from "./audit/touched";
import {
  emptyState,
  isInDoubt,
  ZERO_ADDRESS,
  type BatchState,
  type RegistryState,
  type Succession,
} from "./audit/state";
import { compareView, expectedViews, type ExpectedView } from "./audit/views";
import { portableHashes, type Hashes } from "./hashes";
import { dateInChina } from "./policy";
import { buildTree, firstOutOfOrder, treeRoot } from "./merkle";

export type {
  AgencyCoverage,
  Counts,
  Coverage,
  Period,
  PeriodCoverage,
  StatusCounts,
  Timeliness,
  TypeCoverage,
} from "./audit/coverage";
export type { ChainRules } from "./audit/chain-clocks";
export type { ClockCount, ClockFinding, ClockFound, ClocksReport } from "./audit/clocks";
export type { Difference, NotChecked, Where } from "./audit/differences";
export type { RawLog } from "./audit/events";
export type { BlockFacts, ExternalHead, RolesHead } from "./audit/journal";
export type { CompromiseWindow, KeyUse } from "./audit/keys";
export type { RoleReader, RolesReport, Tenure } from "./audit/roles";
export type { SignOffReader, SignOffsReport, StatementReport } from "./audit/sign-offs";
export type { CheckpointReport } from "./audit/since";
export type { IndexReport } from "./audit/take-over";
export type { ExpectedView } from "./audit/views";

const abi = CreditRegistry__factory.abi;
const shapes = eventShapes(registryInterface);

/** What was audited, how far, and with what. */
export interface AuditReport {
  readonly format: "credit-anchor/audit";
  readonly formatVersion: 1;
  readonly registry: { readonly chainId: number; readonly address: string };
  /** The block everything was read at. */
  readonly block: BlockFacts;
  /** As the events tell. */
  readonly journal: { readonly length: number; readonly head: string };
  /** The registry that this one names as the next; null: it names none. */
  readonly successor: string | null;
  /** Nodes that were asked; the first gave the events. */
  readonly sources: readonly string[];
  /** Nodes that were to be asked and gave no answer, in words. */
  readonly silent: readonly string[];
  /**
   * Only one node was asked, and no head of all entries was given that agrees: what the node hides or invents
   * consistently beyond the head, nobody sees.
   */
  readonly singleSource: boolean;
  /** A head obtained elsewhere, and whether it is that of the first entries. */
  readonly externalHead: (ExternalHead & { readonly contained: boolean }) | null;
  /** The checkpoint from which the registry had to grow. */
  readonly checkpoint: CheckpointReport | null;
  /**
   * Options of the command line that decided what was found and that are nowhere else here, for whoever repeats it. Files
   * and folders stand as FILE, DIR, HOME.
   */
  readonly options: readonly string[];
  /** What was taken over from an earlier audit instead of asking again; null: nothing was there to take over. */
  readonly index: IndexReport | null;
  readonly coverage: Coverage;
  /** Who held which role when, by the journal of each authority that the registry obeyed. */
  readonly roles: readonly RolesReport[];
  /** Every operator there ever was, what it did, and the window in which it may have been somebody else. */
  readonly keys: readonly KeyUse[];
  /** What auditors stated on chain, compared with what was replayed. Null: no contract for it is known. */
  readonly signOffs: SignOffsReport | null;
  /** Time limits of the law that were missed. Null: not asked for. No differences: the chain is right about them. */
  readonly clocks: ClocksReport | null;
  readonly vaults: readonly VaultCoverage[];
  /** Files of an agency's source that were compared with its vault and the chain. */
  readonly reconciliations: readonly Reconciliation[];
  readonly notChecked: readonly NotChecked[];
  readonly differences: readonly Difference[];
}

/** What of a vault was compared. */
export interface VaultCoverage {
  readonly batches: number;
  readonly records: number;
  /** Of which the commitment was computed again from content and secret. */
  readonly recomputed: number;
}

/** A file of an agency's source, compared with what the agency anchored. Numbers only. */
export interface Reconciliation {
  readonly type: string;
  readonly rows: number;
  /** Rows whose content is the latest version of their record, anchored and in force as far as the chain says. */
  readonly same: number;
  /** Of the rows that are not, and of records without a row: how many of each kind. */
  readonly faults: Readonly<Record<ReconciliationFault, number>>;
}

export const RECONCILIATION_FAULTS = {
  missing: "no record of the vault has this natural key",
  altered: "the record has never had this content",
  outdated: "the record has a later version",
  unanchored: "the record's latest version is not on the chain",
  ended: "the record was withdrawn or erased",
  repeated: "an earlier row is of the same record",
  invalid: "this is no record of the type",
  extra: "the agency anchored this record, and the source has no row of it",
} as const;
export type ReconciliationFault = keyof typeof RECONCILIATION_FAULTS;

/** An audit in progress: give it events in order, then answers to its questions, then whatever leaves are at hand. */
export interface Audit {
  /** The registry as the events given so far tell. */
  readonly state: RegistryState;
  readonly findings: Findings;
  /** Time limits judged so far. */
  readonly clocks: ClockBook;
  /** Vaults compared so far. */
  readonly vaults: VaultCoverage[];
  /** Files of a source compared so far. */
  readonly reconciliations: Reconciliation[];
  /** Logs in the order of the node, with the facts of their blocks. */
  read(logs: Iterable<RawLog>, blocks: ReadonlyMap<number, BlockFacts>): void;
  /** The journal as the logs given so far tell. */
  journal(): JournalResult;
  /** After the last log: what the registry must answer. */
  views(): Generator<ExpectedView>;
  /** In which block an event last told of a thing; -1: never; infinite for the registry as a whole. */
  touched(where: Where): number;
  /** The registry's answer; undefined if the node gave none. @returns whether it is the right one. */
  answer(view: ExpectedView, found: string | undefined): boolean;
  /** The right answer was heard in an earlier audit. */
  answered(view: ExpectedView): void;
  /** Batches whose leaves are not at hand: they would prove how many records there are, and settle supersessions. */
  wantedLeaves(): BatchState[];
  /** What an earlier audit proved: batches by their leaves, and successors that it found among them. */
  proved(batchIds: readonly string[], successors: readonly string[]): void;
  /** What was proved, of batches up to a block. */
  proven(upTo: number): { readonly proven: string[]; readonly successors: string[] };
  /** How many batches rest on the proof of an earlier audit alone. */
  takenOver(): number;
  /** Batches that an earlier audit proved, whose leaves may settle a supersession that is still open. */
  unsettled(): BatchState[];
  /** Leaves of a batch, 32 bytes each: their root, size and order are compared with the chain's. @param file they are from. */
  leaves(batchId: bigint, leaves: Uint8Array, file?: string): void;
  /** Records of a batch were judged: how many were anchored within the time left for their publication. */
  published(batchId: bigint, counted: Pick<Timeliness, "onTime" | "late">): void;
  /** After the last log: the authorities whose roles decide who could do what, in the order in which they did. */
  authorities(): string[];
  /** Transactions in which an authority acted for somebody: their sender may tell for whom. After all reading. */
  executed(): string[];
  explain(hash: string, transaction: CallingTransaction): void;
  /** Reads the journal of roles of one of them. @param unit how many of the chain's units of time are a second. */
  roles(authority: string, unit: 1 | 1000): RoleReader;
  /** Reads the contract where auditors state what they found: before the registry's own logs, whose heads it names. */
  signOffs(address: string): SignOffReader;
  report(block: BlockFacts, sources: readonly string[]): AuditReport;
}

/**
 * Starts to rebuild a registry from its events. Pure: it asks nobody, and believes nothing that it is given.
 *
 * @param registry address in lower-case hex.
 * @param options `externalHead`: a head of the journal obtained elsewhere, `rolesHead` one of the journal of roles of
 * the authority that the registry obeys; `hashes`: fast ones for large registries;
 * `period`: in which periods to count, months unless told otherwise; `rules`: what the law's time limits are judged by.
 */
export function startAudit(
  registry: { readonly chainId: number; readonly address: string },
  options: {
    readonly externalHead?: ExternalHead;
    readonly rolesHead?: RolesHead;
    readonly hashes?: Hashes;
    readonly period?: Period;
    readonly rules?: ChainRules;
  } = {},
): Audit {
  const hashes = options.hashes ?? portableHashes;
  const findings = startFindings();
  const clocks = startClocks(findings);
  const state = emptyState(registry.chainId, registry.address, hashes);
  const replay = { state, findings, hashes };
  /** Leaves that are looked for, and the first block with a batch that has them; infinite: not found yet. */
  const successors = new Map<string, number>();
  /** Batches whose leaves led to their root; and those whose leaves were at hand in this audit. */
  const withLeaves = new Set<bigint>();
  const atHand = new Set<bigint>();
  const touches = startTouches();
  const timeliness = new Map<bigint, Pick<Timeliness, "onTime" | "late">>();
  let views = 0;
  let journal: JournalResult | undefined;

  const reader = readJournal(
    { ...registry, shapes },
    options.externalHead,
    (event) => {
      if (event.entry !== undefined) {
        touches.note(event);
        applyEvent(replay, event);
      } else if (event.name === "AuthorityUpdated") state.authority = String(event.values.authority);
      const { authority, obeyed } = state;
      if (authority !== undefined && authority !== obeyed.at(-1)?.authority)
        obeyed.push({ authority, blockNumber: event.log.blockNumber, logIndex: event.log.logIndex });
    },
    findings,
    hashes,
  );

  /** Closes the events: from here on the state is what all of them tell. */
  function closed(): JournalResult {
    if (journal !== undefined) return journal;
    journal = reader.result();
    for (const { successor } of state.successions) successors.set(successor, Infinity);
    for (const batch of state.batches.values()) {
      batch.flagged = isInDoubt(state, batch);
      if (batch.leaf !== undefined) learnLeaves(batch, fromHex(batch.leaf));
    }
    return journal;
  }

  function learnLeaves({ id, block }: BatchState, leaves: Uint8Array): void {
    withLeaves.add(id);
    atHand.add(id);
    if (successors.size === 0) return;
    for (let at = 0; at < leaves.length; at += 32) {
      const leaf = toHex(leaves.subarray(at, at + 32));
      const first = successors.get(leaf);
      if (first !== undefined) successors.set(leaf, Math.min(first, block));
    }
  }

  function open(): Succession[] {
    return state.successions.filter(({ successor }) => successors.get(successor) === Infinity);
  }

  /** Of a head obtained before the registry came to obey another. */
  function authorityOfHead(): string | undefined {
    return options.rolesHead?.authority ?? state.authority;
  }

  const readers = new Map<string, RoleReader>();
  let statements: SignOffReader | undefined;

  function checkRoles(): RolesReport[] {
    for (const [authority, acts] of grouped(state.restrictedActs, ({ authority }) => authority)) {
      const reader = authority === undefined ? undefined : readers.get(authority);
      if (reader !== undefined) reader.check(acts);
      else
        for (let n = acts.length; n > 0; n--)
          findings.notChecked(
            "role.journal",
            "acts that need a role, whose authority's journal of roles was not read",
          );
    }
    return [...readers.values()].map((reader) => {
      reader.check([]);
      return reader.report();
    });
  }

  const vaults: VaultCoverage[] = [];
  const reconciliations: Reconciliation[] = [];
  return {
    state,
    findings,
    clocks,
    vaults,
    reconciliations,
    read: (logs, blocks) => {
      for (const log of logs) reader.read(log, blocks.get(log.blockNumber));
    },
    journal: () => reader.result(),
    views: () => expectedViews(state, closed(), abi),
    touched: (where) => touches.of(where),
    answer: (view, found) => {
      views++;
      return compareView(view, found, findings);
    },
    answered: () => {
      views++;
    },
    wantedLeaves: () => {
      closed();
      return [...state.batches.values()].filter(({ id }) => !withLeaves.has(id));
    },
    proved: (batchIds, found) => {
      closed();
      for (const id of batchIds) if (state.batches.has(BigInt(id))) withLeaves.add(BigInt(id));
      for (const leaf of found) if (successors.has(leaf)) successors.set(leaf, -1);
    },
    proven: (upTo) => ({
      proven: [...withLeaves].filter((id) => state.batches.get(id)!.block <= upTo).map(String),
      successors: [...successors].filter(([, block]) => block <= upTo).map(([leaf]) => leaf),
    }),
    takenOver: () => [...withLeaves].filter((id) => !atHand.has(id)).length,
    unsettled: () => {
      const agencies = new Set(open().map(({ batchId }) => Number(batchId >> 32n)));
      return [...state.batches.values()].filter(
        ({ id, header }) => agencies.has(header.agencyId) && withLeaves.has(id) && !atHand.has(id),
      );
    },
    leaves: (batchId, leaves, file) => {
      closed();
      const batch = state.batches.get(batchId);
      if (batch === undefined) return;
      if (leavesAreOf(batch, leaves, file, findings, hashes)) learnLeaves(batch, leaves);
    },
    published: (batchId, { onTime, late }) => {
      const known = timeliness.get(batchId) ?? { onTime: 0, late: 0 };
      timeliness.set(batchId, { onTime: known.onTime + onTime, late: known.late + late });
    },
    authorities: () => {
      closed();
      const all = new Set([
        ...state.restrictedActs.map(({ authority }) => authority),
        authorityOfHead(),
        state.authority,
      ]);
      return [...all].filter((authority) => authority !== undefined);
    },
    executed: () =>
      [...readers].flatMap(([address, reader]) =>
        reader.executed(state.restrictedActs.filter(({ authority }) => authority === address)),
      ),
    explain: (hash, transaction) => {
      for (const reader of readers.values()) reader.explain(hash, transaction);
    },
    roles: (authority, unit) => {
      const reader = readRoles(
        { chainId: registry.chainId, address: authority },
        registry.address,
        unit,
        findings,
        hashes,
        authority === authorityOfHead() ? options.rolesHead : undefined,
      );
      readers.set(authority, reader);
      return reader;
    },
    signOffs: (address) =>
      (statements = readSignOffs({ address }, registry.address, findings, (length) =>
        reader.remember(length),
      )),
    report: (block, sources) => {
      const { length, head, contained } = closed();
      const roles = checkRoles();
      const signOffs =
        statements?.report({
          journal: { length, head, at: (of) => reader.at(of) },
          obeyed: state.obeyed,
          roles: readers,
        }) ?? null;
      reportSuccessions(open(), state, atHand, findings);
      const { externalHead, rules } = options;
      const on = dateInChina(block.time);
      if (rules !== undefined) judgeChain(state, clocks, findings, rules, on);
      compareHead("registry", externalHead, { length, head, contained }, findings);
      compareHead("roles", options.rolesHead, journalOfRoles(roles, authorityOfHead()), findings);
      return {
        format: "credit-anchor/audit",
        formatVersion: 1,
        registry: { chainId: registry.chainId, address: registry.address },
        block,
        journal: { length, head },
        successor: state.successor === ZERO_ADDRESS ? null : state.successor,
        sources: [...sources],
        silent: [],
        singleSource: new Set(sources).size < 2 && !(contained === true && externalHead?.length === length),
        externalHead: externalHead === undefined ? null : { ...externalHead, contained: contained === true },
        checkpoint: null,
        options: [],
        index: null,
        coverage: coverage(state, {
          events: length,
          views,
          withLeaves,
          timeliness,
          broken: brokenChains(findings),
          period: options.period ?? "month",
        }),
        roles,
        keys: keyUses(state),
        signOffs,
        clocks: rules === undefined ? null : clocks.report(on),
        vaults: [...vaults],
        reconciliations: [...reconciliations],
        notChecked: findings.unchecked(),
        differences: [...findings.differences],
      };
    },
  };
}

function leavesAreOf(
  batch: BatchState,
  leaves: Uint8Array,
  file: string | undefined,
  findings: Findings,
  hashes: Hashes,
): boolean {
  const { header } = batch;
  const where = {
    ...(file === undefined ? {} : { file }),
    batchId: String(batch.id),
    agencyId: header.agencyId,
    block: batch.block,
    transaction: batch.transaction,
  };
  if (leaves.length === 0 || leaves.length % 32 !== 0) {
    findings.differ(
      "leaves.size",
      "leaves are 32 bytes each, and at least one",
      where,
      header.size * 32,
      leaves.length,
    );
    return false;
  }
  if (leaves.length !== header.size * 32)
    findings.differ(
      "leaves.size",
      "the batch has another number of leaves than its header says",
      where,
      header.size,
      leaves.length / 32,
    );
  const unordered = firstOutOfOrder(leaves);
  if (unordered >= 0) findings.differ("leaves.order", "leaves do not ascend", { ...where, index: unordered });
  const root = treeRoot(buildTree(leaves, hashes.keccak256));
  if (equalBytes(root, fromHex(header.root))) return leaves.length === header.size * 32;
  findings.differ(
    "leaves.root",
    "the leaves lead to another root than the one anchored",
    where,
    header.root,
    toHex(root),
  );
  return false;
}

/** A successor is a leaf of the same agency, unless some of the agency's leaves are not at hand: then nobody knows. */
function reportSuccessions(
  open: readonly Succession[],
  state: RegistryState,
  atHand: ReadonlySet<bigint>,
  findings: Findings,
): void {
  if (open.length === 0) return;
  const incomplete = new Set<number>();
  for (const { id, header } of state.batches.values()) if (!atHand.has(id)) incomplete.add(header.agencyId);
  for (const { batchId, index, successor, ...place } of open) {
    const agencyId = Number(batchId >> 32n);
    if (incomplete.has(agencyId))
      findings.notChecked(
        "successor.unknown",
        "successors that may be among leaves that are not at hand (anchored by root only)",
      );
    else
      findings.differ(
        "successor.missing",
        "superseded by a leaf that the agency never anchored",
        { ...place, batchId: String(batchId), index },
        undefined,
        successor,
      );
  }
}

/** Agencies whose batches do not follow each other one by one. */
function brokenChains({ differences }: Findings): Set<number> {
  const broken = new Set<number>();
  for (const { code, where } of differences)
    if ((code === "batch.sequence" || code === "batch.previous") && where.agencyId !== undefined)
      broken.add(where.agencyId);
  return broken;
}

function grouped<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
