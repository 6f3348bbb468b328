/**
 * What an audit asks a node: answers as they are, believed by nobody.
 */
import type { BlockFacts, RawLog } from "../audit";
import type { Chain } from "../chain";
import { CreditAnchorError } from "../errors";
import { RpcError } from "../rpc";

/** Requests in flight at once: a node answers them side by side, and a slow line costs one trip for all of them. */
const IN_FLIGHT = 16;
const FIRST_SPAN = 10_000;

/** How many blocks a node is asked for at once; one node's answers tell what it bears. */
export interface Pace {
  span: number;
}

export function startPace(): Pace {
  return { span: FIRST_SPAN };
}

/** Logs of a range of blocks, first and last among them, as one answer gave them. */
export interface LogPage {
  readonly from: number;
  readonly to: number;
  readonly logs: RawLog[];
}

/**
 * Logs as the node gives them: kept even when they are out of order, of other blocks or withdrawn, because that is what
 * an audit is for. Pages follow each other without a gap, and shrink when the node refuses large ones.
 */
export async function* rawLogs(
  chain: Chain,
  address: string,
  from: number,
  to: number,
  pace = startPace(),
): AsyncGenerator<LogPage> {
  for (let start = from; start <= to;) {
    const end = Math.min(to, start + pace.span - 1);
    const filter = { address, fromBlock: quantity(start), toBlock: quantity(end) };
    let answer: unknown;
    try {
      answer = await chain.send("eth_getLogs", [filter]);
    } catch (error) {
      // A refusal means "too much" in every node's own words.
      if (!(error instanceof RpcError) || end === start) throw error;
      pace.span = Math.ceil((end - start + 1) / 2);
      continue;
    }
    if (!Array.isArray(answer)) throw garbage("a list of logs");
    const logs = answer.map(rawLog);
    yield { from: start, to: end, logs };
    start = end + 1;
    if (logs.length < 2_000) pace.span = Math.min(pace.span * 2, 1_000_000);
  }
}

function rawLog(value: unknown): RawLog {
  const fields = value as Record<string, unknown> | null;
  if (typeof fields !== "object" || fields === null || !Array.isArray(fields.topics)) throw garbage("a log");
  return {
    address: hex(fields.address, 20),
    topics: fields.topics.map((topic) => hex(topic, 32)),
    data: hex(fields.data),
    blockNumber: integer(fields.blockNumber),
    blockHash: hex(fields.blockHash, 32),
    transactionHash: hex(fields.transactionHash, 32),
    logIndex: integer(fields.logIndex),
    removed: fields.removed === true,
  };
}

/** What is said of a node that has nothing at the registry's address. */
export function noContract({ node, chainId }: Chain, address: string): CreditAnchorError {
  return new CreditAnchorError(
    "audit.no-contract",
    `node ${node} has no contract at ${address} on chain ${chainId}`,
    { hint: "is this the right chain, and the registry's address? or the node does not have all blocks yet" },
  );
}

export async function blockFacts(chain: Chain, logs: readonly RawLog[]): Promise<Map<number, BlockFacts>> {
  const facts = new Map<number, BlockFacts>();
  const numbers = [...new Set(logs.map(({ blockNumber }) => blockNumber))];
  await inFlight(numbers, async (number) => {
    const block = await chain.block(number);
    if (block !== undefined) facts.set(number, { number, hash: block.hash, time: block.time });
  });
  return facts;
}

export async function answerOf(
  chain: Chain,
  address: string,
  data: string,
  block: number,
): Promise<string | undefined> {
  try {
    return (await chain.call({ to: address, data }, block)).toLowerCase();
  } catch (error) {
    if (error instanceof RpcError) return undefined;
    throw error;
  }
}

export async function inFlight<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, items.length) }, worker));
}

export function* chunks<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function quantity(value: number): string {
  return `0x${value.toString(16)}`;
}

function hex(value: unknown, length?: number): string {
  if (typeof value !== "string" || !/^0x([0-9a-fA-F]{2})*$/.test(value)) throw garbage("hex");
  if (length !== undefined && value.length !== 2 + 2 * length) throw garbage(`${length} bytes`);
  return value.toLowerCase();
}

function integer(value: unknown): number {
  const number = typeof value === "string" && /^0x[0-9a-fA-F]{1,14}$/.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(number)) throw garbage("a number");
  return number;
}

function garbage(what: string): CreditAnchorError {
  return new CreditAnchorError("chain.garbage", `the node's answer is not ${what}`, {
    hint: "does this address belong to an Ethereum JSON-RPC endpoint?",
    exitStatus: 70,
  });
}
