import { keccak256, type Interface, type Result } from "ethers";
import {
  startAudit,
  type Audit,
  type AuditReport,
  type BlockFacts,
  type ChainRules,
  type Difference,
  type ExpectedView,
  type ExternalHead,
  type IndexReport,
  type Period,
  type RolesHead,
} from "../audit";
import { fromHex, toHex } from "../bytes";
import { isSilence, type Block, type BlockTag, type Chain } from "../chain";
import { counted } from "../counted";
import { CreditAnchorError } from "../errors";
import { portableHashes, type Hashes } from "../hashes";
import { RpcError } from "../rpc";
import { readStatements } from "./gather-sign-offs";
import { withEarlier, type AuditIndex } from "./index-file";
import { answerOf, chunks, inFlight, noContract } from "./reading";
import { Nodes } from "./nodes";
import type { SignOffsPlace } from "./sign-offs";
import { judgeIndex, TakeOver } from "./take-over";
import { relayOf } from "./views";
import { comparedLogs } from "./witness-logs";
import { registryInterface, authorityInterface, relayInterface } from "../interfaces";

/** What to audit and with whose help. */
export interface AuditRequest {
  /** The node that gives the events and answers the views, as long as it answers. */
  readonly chain: Chain;
  /** Address of the registry, in any spelling; from a deployment record, never from a receipt. */
  readonly registry: string;
  /** Block of the registry's deployment: events from here on. */
  readonly fromBlock: number;
  /** Up to which block; `latest` unless told otherwise. */
  readonly toBlock?: BlockTag;
  /** Keccak-256 of the registry's code, from its deployment record. */
  readonly codeHash?: string;
  readonly externalHead?: ExternalHead;
  /** Of a journal of roles. */
  readonly rolesHead?: RolesHead;
  /** Where auditors of the registry state what they found. */
  readonly signOffs?: SignOffsPlace;
  /**
   * Nodes that have to say the same: asked for the same events, and for the journal's head at the same block. If the
   * node before them falls silent on the way, the audit begins again with the next of them, at the same block.
   */
  readonly witnesses?: readonly Chain[];
  /** Nodes that were to be asked and gave no answer, in words: reported. */
  readonly silent?: readonly string[];
  readonly hashes?: Hashes;
  /** In which periods to count. */
  readonly period?: Period;
  /** By what the law's time limits are judged; without it they are not. */
  readonly rules?: ChainRules;
  /** Adds what else is at hand, a vault say, before the report is written. @param chain the node that gave the events. */
  readonly compare?: (audit: Audit, block: BlockFacts, chain: Chain) => Promise<void> | void;
  /** Of an earlier audit of this registry: what it has is not asked again, as long as the chain is the same. */
  readonly index?: AuditIndex;
  /** Receives what a later audit can take over, but of the newest blocks, which a reorganisation may still take back. */
  readonly keep?: { readonly finalityBlocks: number; readonly kept: (index: AuditIndex) => void };
  readonly onProgress?: (done: {
    readonly stage: "events" | "events of the index" | "views" | "leaves";
    readonly count: number;
  }) => void;
}

const VIEWS_AT_ONCE = 512;
const TRANSACTIONS_AT_ONCE = 64;

const anchorLeaves = registryInterface.getFunction("anchorLeaves");
const LEAVES_ARGUMENT = anchorLeaves.inputs.findIndex(({ name }) => name === "leaves");

/**
 * Audits a registry: reads all its events from the deployment on, rebuilds everything, asks the registry the same
 * questions at the same block, and reports every difference. Sends no transaction and needs no key.
 *
 * @throws {CreditAnchorError} `chain.*` when a node gives no usable answer: then nothing was found out either way.
 */
export async function auditRegistry(request: AuditRequest): Promise<AuditReport> {
  if (!/^0x[0-9a-fA-F]{40}$/.test(request.registry))
    throw new CreditAnchorError("audit.registry", "the registry's address is not 20 bytes in hex");
  const nodes = new Nodes([request.chain, ...(request.witnesses ?? [])], request.silent);
  const left: Left = { asked: undefined, differences: [] };
  let attempt: Attempt | undefined;
  const { report, index } = await nodes.byFirst(
    async (chain) => {
      try {
        return await chain.pinned(
          (block) => {
            attempt = { chain, block, doing: "the registry's code", events: 0, views: 0, brought: new Set() };
            return auditAt({ ...request, chain }, attempt, nodes, left);
          },
          await blockToAudit(chain, request, left),
        );
      } catch (error) {
        if (isSilence(error) && attempt?.chain === chain) leave(attempt, left);
        throw error;
      }
    },
    () => (attempt?.chain === nodes.first ? reachedBy(attempt) : ""),
  );
  if (index !== undefined) request.keep?.kept(index);
  return report;
}

/** How far the audit of one node's answers came. */
interface Attempt {
  readonly chain: Chain;
  readonly block: Block;
  /** What it is asked for, in words. */
  doing: string;
  events: number;
  views: number;
  audit?: Audit;
  /** Differences from what the caller brought along: it is compared anew each time. */
  brought: ReadonlySet<Difference>;
}

/** A node, and the block at which it was asked. */
interface Asked {
  readonly node: string;
  readonly block: Block;
}

/** What is kept of nodes that fell silent on the way: no agreement, but every contradiction. */
interface Left {
  /** The first of them, and at which block it was asked. */
  asked: Asked | undefined;
  readonly differences: { readonly node: string; readonly difference: Difference }[];
}

function leave({ chain: { node }, block, audit, brought }: Attempt, left: Left): void {
  left.asked ??= { node, block };
  for (const difference of audit?.findings.differences ?? [])
    if (!brought.has(difference)) left.differences.push({ node, difference });
}

function reachedBy({ block, doing, events, views }: Attempt): string {
  return `, asked for ${doing} at block ${block.number}, after ${counted(events, "event")} and ${counted(views, "answer")}`;
}

/** The block at which a node that fell silent was asked; where this one has another instead, or none, that is told. */
async function blockToAudit(
  chain: Chain,
  { toBlock = "latest" }: AuditRequest,
  left: Left,
): Promise<BlockTag> {
  if (left.asked === undefined) return toBlock;
  const { number, hash } = left.asked.block;
  const own = await chain.block(number);
  if (own?.hash !== hash)
    left.differences.push({ node: chain.node, difference: otherBlock(chain, left.asked, own) });
  return own?.number ?? toBlock;
}

/** Of nodes that fell silent: what the one that was audited does not show as well, with the node that showed it. */
function onlyBefore(found: readonly Difference[], { differences }: Left): Difference[] {
  const all = withEarlier(
    found,
    differences.map(({ difference }) => difference),
  );
  const nodes = new Map(differences.map(({ node, difference }) => [difference, node]));
  return all.slice(found.length).map((difference) => {
    return { ...difference, where: { node: nodes.get(difference)!, ...difference.where } };
  });
}

async function auditAt(
  request: AuditRequest,
  attempt: Attempt,
  nodes: Nodes,
  left: Left,
): Promise<{ readonly report: AuditReport; readonly index: AuditIndex | undefined }> {
  const { chain, keep, onProgress = () => {} } = request;
  const { block } = attempt;
  const hashes = request.hashes ?? portableHashes;
  const address = request.registry.toLowerCase();
  const audit = startAudit(
    { chainId: chain.chainId, address },
    {
      hashes,
      ...(request.externalHead === undefined ? {} : { externalHead: request.externalHead }),
      ...(request.period === undefined ? {} : { period: request.period }),
      ...(request.rolesHead === undefined ? {} : { rolesHead: request.rolesHead }),
      ...(request.rules === undefined ? {} : { rules: request.rules }),
    },
  );
  attempt.audit = audit;
  const { findings } = audit;
  const codeHash = await checkCode(chain, address, block.number, request.codeHash, audit);
  const earlier = request.index;
  const unused =
    earlier === undefined
      ? null
      : await judgeIndex(earlier, chain, block, codeHash, request.toBlock !== undefined, findings);
  const index = unused === null ? earlier : undefined;
  // An index that the chain contradicts stays as it is, so that the next audit finds the same.
  const upTo =
    keep === undefined || unused !== null
      ? -1
      : Math.max(block.number - keep.finalityBlocks, index?.block.number ?? -1);
  const takeOver = new TakeOver(chain, index, upTo, (contract, range) =>
    comparedLogs(chain, nodes, contract, range, { findings, hashes }),
  );

  const before = findings.differences.length;
  if (request.signOffs === undefined)
    findings.notChecked(
      "sign-off.unknown",
      "what auditors stated on chain: no contract for sign-offs was named (its deployment record or address)",
    );
  else {
    const range = { from: request.fromBlock, to: block.number };
    attempt.doing = "auditors' statements";
    await readStatements(chain, request.signOffs, range, audit, takeOver);
  }
  const ofSignOffs = new Set(findings.differences.slice(before));

  attempt.doing = "events";
  let journal = audit.journal();
  const pages = takeOver.logs(address, request.fromBlock, block.number, () => (journal = audit.journal()));
  for await (const { logs, blocks } of pages) {
    audit.read(logs, blocks);
    const stage = takeOver.events > attempt.events ? "events of the index" : "events";
    onProgress({ stage, count: (attempt.events += logs.length) });
  }
  attempt.doing = "the registry's answers";
  await askViews(chain, address, block.number, audit, takeOver, (done) => {
    attempt.views = done.count;
    onProgress(done);
  });
  attempt.doing = "its head, beside that of others";
  await askWitnesses(chain, nodes, address, registryInterface.encodeFunctionData("journal"), block, audit);
  attempt.doing = "the journal of roles";
  for (const authority of audit.authorities())
    await readRoleJournal(chain, nodes, authority, block, audit, takeOver);
  const facts = { number: block.number, hash: block.hash, time: block.time };
  for (const hash of audit.executed()) {
    const transaction = await takeOver.transaction(hash);
    if (transaction !== undefined) audit.explain(hash, transaction);
  }
  if (index !== undefined) audit.proved(index.proven, index.successors);
  const told = findings.differences.length;
  try {
    await request.compare?.(audit, facts, chain);
  } finally {
    attempt.brought = new Set(findings.differences.slice(told));
  }
  attempt.doing = "leaves";
  await readAnchoredLeaves(chain, address, audit, takeOver, onProgress);

  attempt.doing = "the blocks of the index";
  const report = audit.report(facts, [chain.node, ...nodes.others.map(({ node }) => node)]);
  const found = [...report.differences, ...onlyBefore(report.differences, left)];
  const differences = withEarlier(found, earlier?.differences ?? []);
  const taken: IndexReport | null =
    earlier === undefined
      ? null
      : {
          block: earlier.block,
          madeAt: earlier.madeAt,
          unused,
          events: takeOver.events,
          views: takeOver.views,
          batches: audit.takenOver(),
          differences: differences.length - found.length,
        };
  // What the caller says or names is no matter of the index: the registry's code, heads, the contract for sign-offs.
  const lasting = differences.filter(
    (difference) =>
      !attempt.brought.has(difference) &&
      !ofSignOffs.has(difference) &&
      !OF_CALLER.has(difference.code) &&
      !difference.code.startsWith("sign-off.") &&
      !mayPass(difference, upTo),
  );
  const audited = {
    registry: report.registry,
    fromBlock: request.fromBlock,
    codeHash,
    differences: lasting,
  };
  return {
    report: { ...report, silent: nodes.silent, index: taken, differences },
    index: await takeOver.keep(audit, audited, journal),
  };
}

/** What may be otherwise next time with nobody at fault: in a block that is not final, or of a node that lags behind. */
function mayPass({ where, said = [] }: Difference, upTo: number): boolean {
  if ((where.block ?? 0) > upTo) return true;
  return said.some(({ value }) => value === NO_BLOCK || value === NO_ANSWER);
}

/** What a node says that has no block of a number, or does not answer at it. */
const NO_BLOCK = "none";
const NO_ANSWER = "no answer";

/** Differences from what the caller brought along: a hash of code, a head obtained elsewhere. The next may not bring it. */
const OF_CALLER: ReadonlySet<string> = new Set([
  "registry.code",
  "head.beyond",
  "head.differs",
  "roles.beyond",
  "roles.differs",
]);

/** @returns Keccak-256 of the code. */
async function checkCode(
  chain: Chain,
  address: string,
  block: number,
  expected: string | undefined,
  { findings }: Audit,
): Promise<string> {
  const code = await chain.code(address, block);
  if (code === "0x") throw noContract(chain, address);
  const found = keccak256(code);
  if (expected === undefined)
    findings.notChecked(
      "registry.code",
      "whether the registry's code is the one deployed: no deployment record at hand gives its hash",
    );
  else if (found !== expected)
    findings.differ(
      "registry.code",
      "the registry's code is another than the deployment record names",
      { block },
      expected,
      found,
    );
  return found;
}

async function askViews(
  chain: Chain,
  address: string,
  block: number,
  audit: Audit,
  takeOver: TakeOver,
  onProgress: NonNullable<AuditRequest["onProgress"]>,
): Promise<void> {
  function* open(): Generator<ExpectedView> {
    for (const view of audit.views())
      if (takeOver.knows(view, audit.touched(view.where))) audit.answered(view);
      else yield view;
  }
  let count = 0;
  for (const views of chunks(open(), VIEWS_AT_ONCE)) {
    const answers = new Map<ExpectedView, string | undefined>();
    await inFlight(views, async (view) => {
      answers.set(view, await answerOf(chain, address, view.data, block));
    });
    for (const view of views)
      if (audit.answer(view, answers.get(view))) takeOver.heard(view, audit.touched(view.where));
    onProgress({ stage: "views", count: (count += views.length) });
  }
}

/**
 * Other parties' nodes at the same block: the same block hash, and the same head of the journal. One that gives no answer
 * does not stop the audit: it is reported and no longer a source.
 */
async function askWitnesses(
  chain: Chain,
  nodes: Nodes,
  address: string,
  data: string,
  block: Block,
  audit: Audit,
): Promise<void> {
  if (nodes.others.length === 0) return;
  const own = await answerOf(chain, address, data, block.number);
  for (const witness of nodes.others)
    await nodes.unlessSilent(witness, () =>
      askWitness(witness, address, data, { node: chain.node, block }, own, audit),
    );
}

function otherBlock(witness: Chain, { node, block }: Asked, theirs: Block | undefined): Difference {
  return {
    code: "witness.block",
    message: "the nodes disagree about the block at this number",
    where: { node: witness.node, block: block.number },
    said: [
      { node, value: block.hash },
      { node: witness.node, value: theirs?.hash ?? NO_BLOCK },
    ],
  };
}

async function askWitness(
  witness: Chain,
  address: string,
  data: string,
  asked: Asked,
  own: string | undefined,
  { findings }: Audit,
): Promise<void> {
  const { node, block } = asked;
  const theirs = await witness.block(block.number);
  if (theirs?.hash !== block.hash) findings.differences.push(otherBlock(witness, asked, theirs));
  const found = await answerOf(witness, address, data, block.number);
  if (found !== own)
    findings.disagree(
      "witness.journal",
      "the nodes disagree about the journal at this block",
      { node: witness.node, block: block.number },
      [
        { node, value: own ?? NO_ANSWER },
        { node: witness.node, value: found ?? NO_ANSWER },
      ],
    );
}

/** An authority that keeps no journal, as OpenZeppelin's own, is left out: then its roles are not checked. */
async function readRoleJournal(
  chain: Chain,
  nodes: Nodes,
  authority: string,
  block: Block,
  audit: Audit,
  takeOver: TakeOver,
): Promise<void> {
  const data = authorityInterface.encodeFunctionData("journal");
  const found = await answerOf(chain, authority, data, block.number);
  if (found?.length !== 2 + 2 * 64) return;
  const reader = audit.roles(authority, block.timestamp === block.time ? 1 : 1000);
  // From the very first block: the authority is older than the registry.
  for await (const { logs, blocks } of takeOver.logs(authority, 0, block.number))
    for (const log of logs) reader.read(log, blocks.get(log.blockNumber));
  const { length, head } = reader.report().journal;
  const expected = authorityInterface.encodeFunctionResult("journal", [length, head]);
  if (found !== expected)
    audit.findings.differ(
      "roles.head",
      "the journal of roles answers otherwise than its own events tell",
      { view: `journal() of ${authority}` },
      expected,
      found,
    );
  await askWitnesses(chain, nodes, authority, data, block, audit);
}

/** `anchorLeaves` carries its leaves in the transaction: they prove the size, and may settle a supersession. */
async function readAnchoredLeaves(
  chain: Chain,
  address: string,
  audit: Audit,
  takeOver: TakeOver,
  onProgress: NonNullable<AuditRequest["onProgress"]>,
): Promise<void> {
  let count = 0;
  // The second round is empty unless a record was superseded by one that an earlier audit saw, and no audit since.
  for (const wanted of [() => audit.wantedLeaves(), () => audit.unsettled()])
    for (const batches of chunks(
      wanted().filter((batch) => takeOver.mayHaveLeaves(batch)),
      TRANSACTIONS_AT_ONCE,
    )) {
      const found = new Map<bigint, Uint8Array | null | undefined>();
      await inFlight(batches, async ({ id, transaction }) => {
        found.set(id, await leavesOnChain(chain, address, transaction));
      });
      // In the order of the chain, whatever came first: two audits of one registry report the same.
      for (const batch of batches) {
        const leaves = found.get(batch.id);
        if (leaves === null) takeOver.hasNoLeaves(batch);
        else if (leaves !== undefined) audit.leaves(batch.id, leaves);
      }
      onProgress({ stage: "leaves", count: (count += batches.length) });
    }
}

/** Null: the transaction carries no leaves. Undefined: the node does not have it, or no longer, and nobody knows. */
async function leavesOnChain(
  chain: Chain,
  address: string,
  hash: string,
): Promise<Uint8Array | null | undefined> {
  try {
    const transaction = await chain.transaction(hash);
    return transaction && (leavesOfCall(transaction.to, transaction.input, address) ?? null);
  } catch (error) {
    if (error instanceof RpcError) return undefined;
    throw error;
  }
}

/** Of a call of the registry, or of one that its relay carried. */
function leavesOfCall(to: string | undefined, input: string, address: string): Uint8Array | undefined {
  const receiver = to?.toLowerCase();
  if (receiver === relayOf(address)) {
    const relayed = parseCall(relayInterface, input)?.args[0] as Result | undefined;
    return leavesOfCall(address, String(relayed?.getValue("call")), address);
  }
  if (receiver !== address || !input.startsWith(anchorLeaves.selector)) return undefined;
  return wordsOf(fromHex(`0x${input.slice(anchorLeaves.selector.length)}`), LEAVES_ARGUMENT);
}

/**
 * An argument that is a list of words, of which nothing but the list is read: decoding leaf by leaf costs more than
 * hashing them. Undefined if it lies outside of what was sent.
 */
function wordsOf(args: Uint8Array, position: number): Uint8Array | undefined {
  const at = numberAt(args, 32 * position);
  const start = at + 32;
  const end = start + 32 * numberAt(args, at);
  return end <= args.length ? args.subarray(start, end) : undefined;
}

/** A word as a number; NaN where there is none, and no comparison with that holds. */
function numberAt(bytes: Uint8Array, at: number): number {
  return Number(toHex(bytes.subarray(at, at + 32)));
}

function parseCall(face: Interface, input: string) {
  try {
    return face.parseTransaction({ data: input });
  } catch {
    return null;
  }
}
