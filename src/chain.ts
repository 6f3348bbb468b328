import { hexlify, JsonRpcProvider, Network, toQuantity } from "ethers";
import { CreditAnchorError } from "./errors";
import { openRpc, type Rpc, RpcError, type RpcSettings } from "./rpc";

/** A block as far as anybody here needs it. */
export interface Block {
  readonly number: number;
  readonly hash: string;
  /** Seconds since 1970, also on chains that count milliseconds. */
  readonly time: number;
  /** As the chain counts: seconds or milliseconds. */
  readonly timestamp: number;
  readonly gasLimit: bigint;
  /** Missing on chains without EIP-1559. */
  readonly baseFeePerGas: bigint | undefined;
}

export interface Log {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly logIndex: number;
}

export interface Receipt {
  readonly transactionHash: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly succeeded: boolean;
  readonly gasUsed: bigint;
  /** Of a transaction that created a contract. */
  readonly contractAddress: string | undefined;
  readonly logs: readonly Log[];
}

/** A transaction as the node knows it. */
export interface KnownTransaction {
  readonly hash: string;
  readonly from: string;
  readonly to: string | undefined;
  readonly nonce: number;
  readonly input: string;
  readonly gas: bigint;
  /** Undefined while it waits to be mined. */
  readonly blockNumber: number | undefined;
}

export interface CallRequest {
  readonly to: string;
  readonly data: string;
  readonly from?: string;
}

/** `latest`, a number, or what else the node understands, `finalized` say. */
export type BlockTag = number | "latest" | "pending" | "earliest" | "safe" | "finalized";

export interface LogFilter {
  readonly address: string;
  /** As in `eth_getLogs`: position by position, null for anything, a list for any of it. */
  readonly topics?: readonly (string | readonly string[] | null)[];
  readonly fromBlock: number;
  readonly toBlock: number;
}

export interface ChainSettings extends RpcSettings {
  /** Refuse a node of another chain. */
  readonly chainId?: number;
  /** Milliseconds between looks at the node while waiting. Default 200. */
  readonly pollMs?: number;
  /** Blocks asked for in the first request for logs; halved when the node finds that too much. Default 50,000. */
  readonly logSpan?: number;
}

/**
 * What credit-anchor needs from a chain: reading, estimating, broadcasting signed bytes. It never signs.
 *
 * Every method fails with a {@link CreditAnchorError} of a code `chain.*` when there is no usable answer, and with an
 * {@link RpcError} when the node refuses.
 */
export interface Chain {
  readonly chainId: number;
  /** Host and port of the node in use, for messages. */
  readonly node: string;
  readonly pollMs: number;
  /** The same connection for libraries that want ethers; reads are not cached. */
  readonly provider: JsonRpcProvider;
  send(method: string, params: readonly unknown[]): Promise<unknown>;
  /** Asks the node again which chain it serves. @throws {CreditAnchorError} `chain.wrong-chain`. */
  checkChainId(): Promise<void>;
  blockNumber(): Promise<number>;
  /** Undefined if the node has no such block. */
  block(tag: BlockTag): Promise<Block | undefined>;
  /** Runs `read` at one block that is the same block before and afterwards; again if it was not. */
  pinned<T>(read: (block: Block) => Promise<T>, tag?: BlockTag): Promise<T>;
  /** Return data. @throws {RpcError} of a reverted call, see `revertData`. */
  call(request: CallRequest, tag?: BlockTag): Promise<string>;
  code(address: string, tag?: BlockTag): Promise<string>;
  balance(address: string, tag?: BlockTag): Promise<bigint>;
  /** Number of transactions sent from an address: the next nonce. */
  nonce(address: string, tag?: BlockTag): Promise<number>;
  /** On the newest block, without what waits to be mined: some nodes would rehearse a transaction after itself. */
  estimateGas(request: CallRequest): Promise<bigint>;
  /** Sends signed bytes. @returns The transaction's hash. */
  broadcast(raw: string): Promise<string>;
  receipt(hash: string): Promise<Receipt | undefined>;
  transaction(hash: string): Promise<KnownTransaction | undefined>;
  /** Logs in the chain's order, page by page; pages shrink when the node refuses large ones. */
  logs(filter: LogFilter): AsyncGenerator<readonly Log[]>;
}

/**
 * Whether a node gave no usable answer, whatever the reason, another chain among them: asking another node may help. A
 * URL that is none is the caller's mistake.
 */
export function isSilence(error: unknown): error is CreditAnchorError {
  return error instanceof CreditAnchorError && error.code.startsWith("chain.") && error.code !== "chain.url";
}

/** Largest block timestamp that can be seconds: what the registry's `_now()` goes by. */
const LARGEST_SECONDS = 100_000_000_000;

/** Most blocks in one request for logs, however few they hold. */
const LARGEST_LOG_SPAN = 1_000_000;

/**
 * Connects to a chain and makes sure that it is the expected one.
 *
 * @throws {CreditAnchorError} `chain.unreachable`, `chain.silent`, `chain.http`, `chain.garbage`, `chain.wrong-chain`.
 */
export async function connectChain(settings: ChainSettings): Promise<Chain> {
  const rpc = openRpc(settings);
  const chainId = await readChainId(rpc);
  if (settings.chainId !== undefined) requireChainId(rpc, settings.chainId, chainId);
  return chainOn(rpc, chainId, settings);
}

async function readChainId(rpc: Rpc): Promise<number> {
  return quantity(await rpc.send("eth_chainId", []), "a chain id");
}

function requireChainId(rpc: Rpc, expected: number, found: number): void {
  if (found === expected) return;
  throw new CreditAnchorError(
    "chain.wrong-chain",
    `node ${rpc.node} serves chain ${found}, expected is chain ${expected}`,
    { hint: "correct the RPC URL, or the chain id in the settings; nothing was sent or recorded" },
  );
}

function chainOn(rpc: Rpc, chainId: number, settings: ChainSettings): Chain {
  const chain: Chain = {
    chainId,
    get node() {
      return rpc.node;
    },
    pollMs: settings.pollMs ?? 200,
    provider: new ProviderOnRpc(rpc, chainId, settings.pollMs ?? 200),
    send: (method, params) => rpc.send(method, params),
    checkChainId: async () => requireChainId(rpc, chainId, await readChainId(rpc)),
    blockNumber: async () => quantity(await rpc.send("eth_blockNumber", []), "a block number"),
    block: async (tag) => parseBlock(await rpc.send("eth_getBlockByNumber", [blockParameter(tag), false])),
    pinned: (read, tag = "latest") => pinned(chain, read, tag),
    call: async (request, tag = "latest") =>
      hexText(await rpc.send("eth_call", [request, blockParameter(tag)]), "return data"),
    code: async (address, tag = "latest") =>
      hexText(await rpc.send("eth_getCode", [address, blockParameter(tag)]), "code"),
    balance: async (address, tag = "latest") =>
      bigQuantity(await rpc.send("eth_getBalance", [address, blockParameter(tag)]), "a balance"),
    nonce: async (address, tag = "latest") =>
      quantity(await rpc.send("eth_getTransactionCount", [address, blockParameter(tag)]), "a nonce"),
    estimateGas: async (request) =>
      bigQuantity(await rpc.send("eth_estimateGas", [request, "latest"]), "an amount of gas"),
    broadcast: async (raw) => hash(await rpc.send("eth_sendRawTransaction", [raw]), "a transaction hash"),
    receipt: async (id) => parseReceipt(await rpc.send("eth_getTransactionReceipt", [id])),
    transaction: async (id) => parseTransaction(await rpc.send("eth_getTransactionByHash", [id])),
    logs: (filter) => pages(rpc, filter, settings.logSpan ?? 50_000),
  };
  return chain;
}

/** ethers on our connection: its own retries, batches and caches stay out of the way. */
class ProviderOnRpc extends JsonRpcProvider {
  readonly #rpc: Rpc;

  constructor(rpc: Rpc, chainId: number, pollMs: number) {
    const network = Network.from(chainId);
    const options = { staticNetwork: network, cacheTimeout: -1, batchMaxCount: 1, pollingInterval: pollMs };
    super("http://rpc.invalid", network, options);
    this.#rpc = rpc;
  }

  override async _send(payload: Parameters<JsonRpcProvider["_send"]>[0]) {
    const answers = [];
    for (const { id, method, params } of Array.isArray(payload) ? payload : [payload]) {
      try {
        answers.push({ id, result: await this.#rpc.send(method, params as readonly unknown[]) });
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        answers.push({ id, error: { code: error.rpcCode, message: error.message, data: error.data } });
      }
    }
    // ethers declares the data of an error as text; nodes send objects too, and ethers looks into them.
    return answers as Awaited<ReturnType<JsonRpcProvider["_send"]>>;
  }
}

async function pinned<T>(chain: Chain, read: (block: Block) => Promise<T>, tag: BlockTag): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const before = await chain.block(tag);
    if (before === undefined)
      throw new CreditAnchorError("chain.no-block", `node ${chain.node} has no block ${tag}`, {
        hint: "name a block that is made already, or ask a node that has it",
        // A named block that is not there is a wrong input; a node without a newest block is broken.
        exitStatus: typeof tag === "number" ? 64 : 70,
      });
    const value = await read(before);
    const after = await chain.block(before.number);
    if (after?.hash === before.hash) return value;
    if (attempt === 5)
      throw new CreditAnchorError(
        "chain.unstable",
        `block ${before.number} changed while it was read, ${attempt} times`,
        {
          hint: "the chain is reorganising: try again later, or read at an older block",
          exitStatus: 70,
        },
      );
  }
}

async function* pages(rpc: Rpc, filter: LogFilter, firstSpan: number): AsyncGenerator<readonly Log[]> {
  let span = firstSpan;
  for (let from = filter.fromBlock; from <= filter.toBlock;) {
    const to = Math.min(filter.toBlock, from + span - 1);
    const request = {
      address: filter.address,
      topics: filter.topics ?? [],
      fromBlock: toQuantity(from),
      toBlock: toQuantity(to),
    };
    let answer: unknown;
    try {
      answer = await rpc.send("eth_getLogs", [request], to > from ? { retries: 0 } : {});
    } catch (error) {
      if (to === from || !(error instanceof CreditAnchorError) || error.code === "cancelled") throw error;
      // A refusal means "too much" in every node's own words. Anything else may also mean that the node is gone.
      if (!(error instanceof RpcError)) await rpc.send("eth_blockNumber", []);
      span = Math.ceil((to - from + 1) / 2);
      continue;
    }
    const page = parseLogs(answer, filter, from, to);
    if (page.length > 0) yield page;
    from = to + 1;
    if (page.length < 2_000) span = Math.min(span * 2, LARGEST_LOG_SPAN);
  }
}

function blockParameter(tag: BlockTag): string {
  return typeof tag === "number" ? toQuantity(tag) : tag;
}

// ------------------------------------------------------------------ answers of a node, checked

function unusable(what: string): CreditAnchorError {
  return new CreditAnchorError("chain.garbage", `the node's answer is not ${what}`, {
    hint: "does this address belong to an Ethereum JSON-RPC endpoint?",
    exitStatus: 70,
  });
}

function bigQuantity(value: unknown, what: string): bigint {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) throw unusable(what);
  return BigInt(value);
}

function quantity(value: unknown, what: string): number {
  const number = Number(bigQuantity(value, what));
  if (!Number.isSafeInteger(number)) throw unusable(what);
  return number;
}

function hexText(value: unknown, what: string): string {
  if (typeof value !== "string" || !/^0x([0-9a-fA-F]{2})*$/.test(value)) throw unusable(what);
  return hexlify(value);
}

function hash(value: unknown, what: string): string {
  const text = hexText(value, what);
  if (text.length !== 66) throw unusable(what);
  return text;
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unusable(what);
  return value as Record<string, unknown>;
}

function address(value: unknown, what: string): string {
  const text = hexText(value, what);
  if (text.length !== 42) throw unusable(what);
  return text;
}

function parseBlock(value: unknown): Block | undefined {
  if (value === null) return undefined;
  const fields = object(value, "a block");
  const timestamp = quantity(fields.timestamp, "a block's time");
  return {
    number: quantity(fields.number, "a block's number"),
    hash: hash(fields.hash, "a block's hash"),
    time: timestamp > LARGEST_SECONDS ? Math.floor(timestamp / 1000) : timestamp,
    timestamp,
    gasLimit: bigQuantity(fields.gasLimit, "a block's gas limit"),
    baseFeePerGas:
      fields.baseFeePerGas === undefined || fields.baseFeePerGas === null
        ? undefined
        : bigQuantity(fields.baseFeePerGas, "a block's base fee"),
  };
}

function parseLog(value: unknown): Log {
  const fields = object(value, "a log");
  if (!Array.isArray(fields.topics)) throw unusable("a log");
  return {
    address: address(fields.address, "a log's address"),
    topics: fields.topics.map((topic) => hash(topic, "a log's topic")),
    data: hexText(fields.data, "a log's data"),
    blockNumber: quantity(fields.blockNumber, "a log's block"),
    blockHash: hash(fields.blockHash, "a log's block hash"),
    transactionHash: hash(fields.transactionHash, "a log's transaction"),
    logIndex: quantity(fields.logIndex, "a log's index"),
  };
}

/** @throws {CreditAnchorError} `chain.garbage` if the node answered for another question. */
function parseLogs(value: unknown, filter: LogFilter, from: number, to: number): readonly Log[] {
  if (!Array.isArray(value)) throw unusable("a list of logs");
  const logs = value.filter((item) => (item as { removed?: unknown } | null)?.removed !== true).map(parseLog);
  const expected = filter.address.toLowerCase();
  logs.forEach((log, i) => {
    const before = logs[i - 1];
    if (log.address !== expected) throw unusable("of the contract it was asked about");
    if (log.blockNumber < from || log.blockNumber > to) throw unusable("of the blocks it was asked about");
    if (
      before !== undefined &&
      (before.blockNumber > log.blockNumber ||
        (before.blockNumber === log.blockNumber && before.logIndex >= log.logIndex))
    )
      throw unusable("a list of logs in order");
  });
  return logs;
}

function parseReceipt(value: unknown): Receipt | undefined {
  if (value === null) return undefined;
  const fields = object(value, "a receipt");
  // Some nodes give the receipt of a transaction that waits, without a block.
  if (fields.blockHash === null || fields.blockNumber === null) return undefined;
  if (!Array.isArray(fields.logs)) throw unusable("a receipt");
  return {
    transactionHash: hash(fields.transactionHash, "a receipt's transaction"),
    blockNumber: quantity(fields.blockNumber, "a receipt's block"),
    blockHash: hash(fields.blockHash, "a receipt's block hash"),
    succeeded: quantity(fields.status, "a receipt's status") === 1,
    gasUsed: bigQuantity(fields.gasUsed, "an amount of gas"),
    contractAddress:
      fields.contractAddress === undefined || fields.contractAddress === null
        ? undefined
        : address(fields.contractAddress, "a contract's address"),
    logs: fields.logs.map(parseLog),
  };
}

function parseTransaction(value: unknown): KnownTransaction | undefined {
  if (value === null) return undefined;
  const fields = object(value, "a transaction");
  return {
    hash: hash(fields.hash, "a transaction's hash"),
    from: address(fields.from, "a transaction's sender"),
    to:
      fields.to === undefined || fields.to === null
        ? undefined
        : address(fields.to, "a transaction's target"),
    nonce: quantity(fields.nonce, "a transaction's nonce"),
    input: hexText(fields.input ?? fields.data, "a transaction's data"),
    gas: bigQuantity(fields.gas, "a transaction's gas"),
    blockNumber:
      fields.blockNumber === undefined || fields.blockNumber === null
        ? undefined
        : quantity(fields.blockNumber, "a transaction's block"),
  };
}
