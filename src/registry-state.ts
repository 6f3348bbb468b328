import { isHex, isInteger } from "./bytes";
import { type Block, type Chain, type KnownTransaction, type Log, type LogFilter } from "./chain";
import { CreditAnchorError } from "./errors";
import { isObject, type JsonValue, parseJson } from "./json";
import { NO_NONCE, relayedCallIn, relayedTopics } from "./registry-relay";
import {
  agencyIdOf,
  batchAt,
  headerHashOf,
  isPaused,
  openRegistry,
  readActing,
  readAgency,
  readOperator,
  readType,
  type Registry,
  relayOf,
  typeCount,
  typeIdOf,
} from "./registry-views";
import { RpcError } from "./rpc";
import { registryInterface } from "./interfaces";

/**
 * What a node said at one block of one agency, one operator and the types: enough to sign, on a machine without a
 * network, what is to be anchored next. All of it is public. Whoever reads it believes it as he would believe a node: a
 * false one makes calls that nobody can carry out, for each states the history it builds on.
 */
export interface RegistryState {
  readonly chainId: number;
  readonly registry: string;
  readonly block: Omit<Block, "gasLimit" | "baseFeePerGas">;
  /** Answers, by address and data of the call. */
  readonly calls: Readonly<Record<string, string>>;
  /** Hashes by number, of the blocks that the logs are in. */
  readonly blocks: Readonly<Record<string, string>>;
  readonly logs: readonly Log[];
  /** Of the logs. */
  readonly transactions: readonly Pick<KnownTransaction, "hash" | "nonce" | "input">[];
}

/** Whom a state is for. */
export interface StateSubject {
  /** The agency's code. */
  readonly code: string;
  readonly operator: string;
  /** So many of its batches, the newest ones. */
  readonly batches: number;
}

const FORMAT = "credit-anchor/registry-state";

/**
 * Asks a node for all of it, at one block.
 *
 * @throws {CreditAnchorError} `agency.unknown`, `chain.…`, `registry.…`
 */
export async function readState(registry: Registry, subject: StateSubject): Promise<RegistryState> {
  const { chain } = registry;
  return chain.pinned(async (block) => {
    const calls: Record<string, string> = {};
    const blocks: Record<string, string> = {};
    const logs: Log[] = [];
    const transactions: RegistryState["transactions"][number][] = [];
    const listening: Chain = {
      ...chain,
      call: async (request, tag) => (calls[nameOf(request)] = await chain.call(request, tag ?? block.number)),
    };
    const add = async (found: readonly Log[]): Promise<void> => {
      for (const log of found) {
        logs.push(log);
        const { hash, nonce, input } = (await chain.transaction(log.transactionHash))!;
        transactions.push({ hash, nonce, input });
        blocks[log.blockNumber] = log.blockHash;
      }
    };
    const asked = await openRegistry(listening, registry.address, registry.fromBlock);
    const { id, batchCount } = await askAgency(asked, subject);
    for (let type = await typeCount(asked); type > 0; type--)
      await typeIdOf(asked, (await readType(asked, type))!.typeHash);
    const relay = await relayOf(asked);
    const first = Math.max(0, batchCount - subject.batches);
    for (let sequence = first; sequence < batchCount; sequence++) {
      await headerHashOf(asked, id, sequence);
      const { transactionHash: hash } = (await batchAt(asked, id, sequence, block.number))!;
      const receipt = await chain.receipt(hash);
      await add(receipt!.logs.filter((log) => isBatch(log, registry.address, id, sequence)));
    }
    const { fromBlock } = registry;
    const topics = relayedTopics(subject.operator);
    for await (const page of chain.logs({ address: relay, topics, fromBlock, toBlock: block.number }))
      await add(page);
    const { number, hash, time, timestamp } = block;
    const { chainId } = chain;
    return {
      chainId,
      registry: registry.address,
      block: { number, hash, time, timestamp },
      calls,
      blocks,
      logs,
      transactions,
    };
  });
}

async function askAgency(
  registry: Registry,
  { code, operator }: StateSubject,
): Promise<{ id: number; batchCount: number }> {
  const id = await agencyIdOf(registry, code);
  const agency = id === undefined ? undefined : await readAgency(registry, id);
  if (agency === undefined) throw new CreditAnchorError("agency.unknown", "the registry has no such agency");
  await isPaused(registry);
  await readOperator(registry, (await readActing(registry, agency)).id, operator);
  return agency;
}

function isBatch({ address, topics }: Log, registry: string, agencyId: number, sequence: number): boolean {
  const id = (BigInt(agencyId) << 32n) + BigInt(sequence);
  return (
    address === registry &&
    topics[0] === registryInterface.getEvent("BatchAnchored").topicHash &&
    BigInt(topics[1]!) === id
  );
}

const nameOf = ({ to, data }: { readonly to: string; readonly data: string }): string =>
  `${to} ${data}`.toLowerCase();

export function stateText(state: RegistryState): string {
  return `${JSON.stringify({ format: FORMAT, formatVersion: 1, ...state }, null, 1)}\n`;
}

/** @throws {CreditAnchorError} `state.invalid` */
export function parseState(text: string, file: string): RegistryState {
  let value: JsonValue | undefined;
  try {
    value = parseJson(text);
  } catch {
    // Told below.
  }
  if (isObject(value) && value["format"] === FORMAT && value["formatVersion"] === 1) {
    const { chainId, registry, block, calls, blocks, logs, transactions } = value;
    if (
      isInteger(chainId, 1, Number.MAX_SAFE_INTEGER) &&
      isHex(registry, 20) &&
      [block, calls, blocks].every(isObject) &&
      [logs, transactions].every(Array.isArray)
    )
      return value as unknown as RegistryState;
  }
  throw new CreditAnchorError("state.invalid", `${file} is no state of a registry`, {
    hint: "credit-anchor agency state writes one, on a machine with a node",
  });
}

/** A chain that answers what the state holds, and refuses everything else. Nothing is sent. */
export function chainOf(state: RegistryState, file: string): Chain {
  const { chainId, block, registry } = state;
  const node = file;
  const absent = (what: string): CreditAnchorError =>
    new CreditAnchorError("state.not-in-file", `${file} does not hold ${what}`, {
      hint: "make it anew with credit-anchor agency state, for this agency and operator, with more --batches; some things need a node",
    });
  const refuse = (what: string) => (): never => {
    throw absent(what);
  };
  const whole: Block = { ...block, gasLimit: 0n, baseFeePerGas: undefined };
  const placed = new Map(state.transactions.map((transaction) => [transaction.hash, transaction]));
  return {
    chainId,
    node,
    pollMs: 1,
    get provider(): never {
      throw absent("a connection");
    },
    send: refuse("a node"),
    checkChainId: async () => {},
    blockNumber: async () => block.number,
    block: async (tag) => {
      if (typeof tag !== "number" || tag === block.number) return whole;
      const hash = state.blocks[tag];
      if (hash === undefined) throw absent(`block ${tag}`);
      return { ...whole, number: tag, hash };
    },
    pinned: async (read) => read(whole),
    call: async (request) => {
      const answer = state.calls[nameOf(request)];
      if (answer !== undefined) return answer;
      tryRelayed(state, request.data, absent("the answer to a question about the registry"));
      return "0x";
    },
    code: async (address) => (address === registry ? "0x00" : "0x"),
    balance: refuse("balances"),
    nonce: refuse("nonces"),
    estimateGas: refuse("a node that could try a call"),
    broadcast: refuse("a node to send to"),
    receipt: async () => undefined,
    transaction: async (hash) => {
      const known = placed.get(hash);
      return known === undefined
        ? undefined
        : { ...known, from: "", to: undefined, gas: 0n, blockNumber: undefined };
    },
    logs: async function* (filter) {
      yield state.logs.filter((log) => matches(log, filter));
    },
  };
}

/** A signed call cannot be tried here; only that its nonce was used already is known. */
function tryRelayed({ logs }: RegistryState, data: string, absent: CreditAnchorError): void {
  const call = relayedCallIn(data);
  if (call === undefined) throw absent;
  const [topic, operator] = relayedTopics(call.operator);
  const isUsed = logs.some(
    (log) => log.topics[0] === topic && log.topics[1] === operator && log.data === call.nonce,
  );
  if (isUsed && call.nonce !== NO_NONCE)
    throw new RpcError("eth_call", "of the state", 3, "execution reverted", call.refusal);
}

function matches(log: Log, { address, topics = [], fromBlock, toBlock }: LogFilter): boolean {
  return (
    log.address === address &&
    log.blockNumber >= fromBlock &&
    log.blockNumber <= toBlock &&
    topics.every((wanted, i) => wanted === null || [wanted].flat().includes(log.topics[i]!))
  );
}
