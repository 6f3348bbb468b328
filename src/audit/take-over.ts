/**
 * What an audit takes over from the index of an earlier one, and what it keeps for the next.
 */
import type { Audit, ExpectedView } from "../audit";
import type { Block, Chain } from "../chain";
import type { Findings } from "./differences";
import type { RawLog } from "./events";
import type { CallingTransaction } from "./executions";
import { answerDigest, keptLogs, logLines, type AuditIndex } from "./index-file";
import { ENTRY_NUMBERS, type BlockFacts } from "./journal";
import { answerOf, blockFacts } from "./reading";
import type { BatchState } from "./state";
import { registryInterface } from "../interfaces";

/** What an audit did not ask again, because an earlier one had. */
export interface IndexReport {
  /** Up to which block the earlier audit is relied on, and when that was. */
  readonly block: BlockFacts;
  readonly madeAt: string;
  /** Why nothing was taken over; null: it was. */
  readonly unused: Unused | null;
  /** Logs of the registry and its authorities, replayed from the index. */
  readonly events: number;
  /** Answers of the registry about things of which no later event tells. */
  readonly views: number;
  /** Batches whose leaves are not read again. */
  readonly batches: number;
  /** Differences that only earlier audits found. */
  readonly differences: number;
}

/** Why an index is of no use: other first block, its block is gone, other journal at it, other code, asked for less. */
export type Unused = "chain" | "block" | "journal" | "code" | "earlier";

/** Whether the chain is still the one of which an index was made; tells what is not so as a difference. */
export async function judgeIndex(
  index: AuditIndex,
  chain: Chain,
  block: Block,
  codeHash: string,
  asked: boolean,
  findings: Findings,
): Promise<Unused | null> {
  const { number, hash } = index.block;
  if (asked && block.number < number) return "earlier";
  const where = { block: number };
  const then = block.number < number ? undefined : await chain.block(number);
  if (then?.hash !== hash) {
    const genesis = (await chain.block(0))?.hash;
    if (index.genesis !== null && genesis !== undefined && genesis !== index.genesis) {
      findings.differ(
        "index.chain",
        "this is another chain than an earlier audit read, with the same chain id",
        {},
        index.genesis,
        genesis,
      );
      return "chain";
    }
    const message =
      then === undefined
        ? "the chain does not reach the block up to which an earlier audit read: it was cut off, or the node is behind"
        : "the block up to which an earlier audit read is no longer in the chain: it was reorganised beyond finality";
    findings.differ("index.block", message, where, hash, then?.hash);
    return "block";
  }
  if (codeHash !== index.codeHash) {
    findings.differ(
      "index.code",
      "the registry has other code than in an earlier audit",
      where,
      index.codeHash,
      codeHash,
    );
    return "code";
  }
  // Refused by nodes that do not keep old states; then the head of the whole journal vouches for its beginning.
  const found = await answerOf(
    chain,
    index.registry.address,
    registryInterface.encodeFunctionData("journal"),
    number,
  );
  const { length, head } = index.journal;
  const expected = registryInterface.encodeFunctionResult("journal", [length % ENTRY_NUMBERS, head]);
  if (found === undefined || found === expected) return null;
  findings.differ(
    "index.journal",
    "the node tells another head of the journal than the events that an earlier audit read up to its block",
    where,
    expected,
    found,
  );
  return "journal";
}

/** Logs with the facts of their blocks. */
export interface Page {
  readonly logs: readonly RawLog[];
  readonly blocks: ReadonlyMap<number, BlockFacts>;
}

/** What was audited, for the next index. */
type Audited = Pick<AuditIndex, "registry" | "fromBlock" | "codeHash" | "differences">;

/** Takes over from an index if there is one, and gathers what is kept for the next. */
export class TakeOver {
  /** Logs and answers that were not asked for. */
  events = 0;
  views = 0;
  readonly #logs = new Map<string, Uint8Array[]>();
  readonly #answers = new Set<string>();
  readonly #withoutLeaves = new Set<bigint>();
  readonly #transactions = new Map<string, CallingTransaction>();

  /**
   * @param upTo last block of which anything is kept; less than 0: nothing is.
   * @param read asks for the logs of a contract.
   */
  constructor(
    private readonly chain: Chain,
    private readonly index: AuditIndex | undefined,
    private readonly upTo: number,
    private readonly read: (
      contract: string,
      range: { readonly from: number; readonly to: number },
    ) => AsyncGenerator<RawLog[]>,
  ) {
    for (const { hash, ...transaction } of index?.transactions ?? [])
      this.#transactions.set(hash, transaction);
    for (const id of index?.withoutLeaves ?? []) this.#withoutLeaves.add(BigInt(id));
  }

  /** Every log of a contract: those of the index, then those since. @param onKept after the last that is kept. */
  async *logs(contract: string, from: number, to: number, onKept?: () => void): AsyncGenerator<Page> {
    const { chain, index, upTo } = this;
    const known = index?.logs.get(contract);
    const kept = [...(known ?? [])];
    this.#logs.set(contract, kept);
    if (index !== undefined)
      for (const page of keptLogs(index, contract)) {
        this.events += page.length;
        const blocks = page.flatMap(({ block }) => (block === null ? [] : [[block.number, block] as const]));
        yield { logs: page.map(({ log }) => log), blocks: new Map(blocks) };
      }
    const start = index === undefined || known === undefined ? from : index.block.number + 1;
    for await (const logs of this.read(contract, { from: start, to: Math.min(upTo, to) })) {
      const blocks = await blockFacts(chain, logs);
      kept.push(logLines(logs, blocks));
      yield { logs, blocks };
    }
    onKept?.();
    for await (const logs of this.read(contract, { from: Math.max(start, upTo + 1), to }))
      yield { logs, blocks: await blockFacts(chain, logs) };
  }

  /** Whether an earlier audit heard the right answer, and no event told of the thing since. */
  knows({ data, expected }: ExpectedView, touched: number): boolean {
    const { index } = this;
    if (index === undefined || touched > index.block.number) return false;
    const digest = answerDigest(data, expected);
    if (!index.answers.has(digest)) return false;
    this.views++;
    this.#answers.add(digest);
    return true;
  }

  /** The registry answered as it must. */
  heard({ data, expected }: ExpectedView, touched: number): void {
    if (touched <= this.upTo) this.#answers.add(answerDigest(data, expected));
  }

  /** Whether the transaction of a batch may carry its leaves, as far as anybody looked. */
  mayHaveLeaves({ id }: BatchState): boolean {
    return !this.#withoutLeaves.has(id);
  }

  hasNoLeaves({ id, block }: BatchState): void {
    if (block <= this.upTo) this.#withoutLeaves.add(id);
  }

  async transaction(hash: string): Promise<CallingTransaction | undefined> {
    const known = this.#transactions.get(hash) ?? (await this.chain.transaction(hash));
    if (known !== undefined) this.#transactions.set(hash, known);
    return known;
  }

  /** What the next audit can take over; undefined if nothing is to be kept, or the node has that block no more. */
  async keep(
    audit: Audit,
    audited: Audited,
    journal: AuditIndex["journal"],
  ): Promise<AuditIndex | undefined> {
    const { chain, index, upTo } = this;
    if (upTo < 0) return undefined;
    const block = upTo === index?.block.number ? index.block : await chain.block(upTo);
    if (block === undefined) return undefined;
    return {
      ...audited,
      genesis: index === undefined ? ((await chain.block(0))?.hash ?? null) : index.genesis,
      block: { number: block.number, hash: block.hash, time: block.time },
      journal: { length: journal.length, head: journal.head },
      madeAt: new Date().toISOString(),
      answers: this.#answers,
      ...audit.proven(upTo),
      withoutLeaves: [...this.#withoutLeaves].map(String),
      transactions: [...this.#transactions].map(([hash, { from, to, input }]) => ({ hash, from, to, input })),
      logs: this.#logs,
    };
  }
}
