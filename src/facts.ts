import { keccak256 } from "ethers";
import { isSilence, type Block, type Chain } from "./chain";
import { CreditAnchorError } from "./errors";
import type { Evidence } from "./evidence";
import { readFactsHistory } from "./history";
import {
  batchOf,
  headerHashOf,
  readAgency,
  readOperator,
  readType,
  type Registry,
  statusWord,
} from "./registry-views";
import type { ChainFacts, TrustedRegistry } from "./verify";

/** What a receipt or presentation says about where it was anchored. */
export interface FactsQuery {
  readonly registry: { readonly address: string };
  readonly batch: {
    readonly agencyId: number;
    readonly sequence: number;
    readonly typeId: number;
    readonly size: number;
    readonly operator: string;
  };
  readonly record: { readonly index: number; readonly key?: string };
  readonly transaction?: { readonly hash: string };
}

export interface FactsOptions {
  /** Read the events about each record, its agency and its key too. */
  readonly withHistory?: boolean;
  /** No event of the registry lies before this block. */
  readonly fromBlock?: number;
  /** Hears of a second or further node that gives no answer, which then is no source; without it, that is an error. */
  readonly onSilent?: (node: Chain, error: CreditAnchorError) => void;
}

/**
 * Asks the chain what a verifier needs to know about receipts, everything at one block.
 *
 * @param chains Connections to nodes of one chain, run by different parties if possible: the second and further ones
 * must say the same as the first.
 * @param queries For example receipts as they were parsed; each is answered at its place.
 * @param options Whether the events are read too.
 * @throws {CreditAnchorError} `chain.*`, or `chain.disagree` when two nodes contradict each other.
 */
export async function gatherFacts(
  chains: readonly [Chain, ...Chain[]],
  queries: readonly FactsQuery[],
  { withHistory = false, fromBlock = 0, onSilent }: FactsOptions = {},
): Promise<ChainFacts[]> {
  const options = { withHistory, fromBlock };
  const [first, ...others] = chains;
  const silent = new Set<Chain>();
  const unlessSilent = async <T>(other: Chain, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      if (onSilent === undefined || !isSilence(error)) throw error;
      silent.add(other);
      onSilent(other, error);
      return undefined;
    }
  };
  // Other nodes may be some blocks behind: ask about a block that all of them have.
  const heads = await Promise.all([
    first.blockNumber(),
    ...others.map((other) => unlessSilent(other, () => other.blockNumber())),
  ]);
  return first.pinned(
    async (block) => {
      const facts = await factsAt(first, block, queries, options);
      for (const other of others) {
        if (silent.has(other)) continue;
        const answer = await unlessSilent(other, async () => {
          const theirs = await other.block(block.number);
          return { theirs, facts: theirs && (await factsAt(other, theirs, queries, options)) };
        });
        if (answer === undefined) continue;
        if (answer.theirs?.hash !== block.hash) throw disagreement(first, other, `block ${block.number}`);
        const at = facts.findIndex((fact, i) => !agree(fact, answer.facts![i]!));
        if (at >= 0) throw disagreement(first, other, `evidence ${at + 1}`);
      }
      const sources = chains.length - silent.size;
      return facts.map((fact) => ({ ...fact, sources }));
    },
    Math.min(...heads.filter((head) => head !== undefined)),
  );
}

/** A node that keeps no index of old transactions answers null for one: that contradicts nobody. */
function agree(one: ChainFacts, other: ChainFacts): boolean {
  const unknown = one.transaction === null || other.transaction === null;
  const compared = (fact: ChainFacts): string =>
    JSON.stringify(unknown ? { ...fact, transaction: null } : fact);
  return compared(one) === compared(other);
}

function disagreement(one: Chain, other: Chain, what: string): CreditAnchorError {
  return new CreditAnchorError(
    "chain.disagree",
    `nodes ${one.node} and ${other.node} contradict each other on ${what}`,
    {
      hint: "one of them is on another chain, behind a reorganisation, or lying: believe neither until it is clear",
      exitStatus: 70,
    },
  );
}

async function factsAt(
  chain: Chain,
  block: Block,
  queries: readonly FactsQuery[],
  options: Required<Omit<FactsOptions, "onSilent">>,
): Promise<ChainFacts[]> {
  const memory = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    if (!memory.has(key)) memory.set(key, read());
    return memory.get(key) as Promise<T>;
  };
  const facts: ChainFacts[] = [];
  for (const query of queries) facts.push(await oneFact(chain, block, query, options, once));
  return facts;
}

async function oneFact(
  chain: Chain,
  block: Block,
  query: FactsQuery,
  { withHistory, fromBlock }: Required<Omit<FactsOptions, "onSilent">>,
  once: <T>(key: string, read: () => Promise<T>) => Promise<T>,
): Promise<ChainFacts> {
  const {
    registry: { address },
    batch,
    record,
    transaction,
  } = query;
  const registry: Registry = { chain, address: address.toLowerCase(), fromBlock };
  const at = block.number;
  const code = await once(`code ${address}`, () => chain.code(address, at));
  const base = {
    chainId: chain.chainId,
    registry: registry.address,
    block: { number: block.number, hash: block.hash, time: block.time },
    sources: 1,
  };
  if (code === "0x")
    return {
      ...base,
      registryCodePresent: false,
      headerHash: null,
      statusByte: 0,
      agency: null,
      operator: null,
      typeHash: null,
    };
  const { agencyId, sequence, typeId, operator: account } = batch;
  const agency = await once(`agency ${address} ${agencyId}`, () => readAgency(registry, agencyId, at));
  const operator = await once(`operator ${address} ${agencyId} ${account}`, () =>
    readOperator(registry, agencyId, account, at),
  );
  const type = await once(`type ${address} ${typeId}`, () => readType(registry, typeId, at));
  const header = await once(`header ${address} ${agencyId} ${sequence}`, () =>
    headerHashOf(registry, agencyId, sequence, at),
  );
  const word = record.index >>> 5;
  const statuses = await once(`statuses ${address} ${agencyId} ${sequence} ${word}`, () =>
    statusWord(registry, agencyId, sequence, word, at),
  );
  const standings = { 1: "Active", 2: "Suspended", 3: "Closed" } as const;
  return {
    ...base,
    registryCodePresent: true,
    registryCodeHash: await once(`code hash ${address}`, async () => keccak256(code)),
    headerHash: header ?? null,
    statusByte: Number((statuses >> BigInt(8 * (record.index & 31))) & 0xffn),
    agency:
      agency === undefined
        ? null
        : { code: agency.code, standing: standings[agency.standing as keyof typeof standings] },
    operator: operator.permissions === 0 ? null : operator,
    typeHash: type?.typeHash ?? null,
    ...(withHistory ? { history: await readFactsHistory(registry, query, at, once) } : {}),
    ...(transaction === undefined
      ? {}
      : {
          transaction: await once(`transaction ${transaction.hash} ${agencyId} ${sequence}`, () =>
            transactionFact(registry, transaction.hash, agencyId, sequence),
          ),
        }),
  };
}

async function transactionFact(
  registry: Registry,
  hash: string,
  agencyId: number,
  sequence: number,
): Promise<(ChainFacts["transaction"] & object) | null> {
  const receipt = await registry.chain.receipt(hash);
  if (receipt === undefined) return null;
  const anchoredBatch = receipt.logs.some((log) => {
    const header = batchOf(registry, log)?.header;
    return header?.agencyId === agencyId && header.sequence === sequence;
  });
  return { blockNumber: receipt.blockNumber, blockHash: receipt.blockHash, anchoredBatch };
}

/** Facts about each piece of evidence that names the trusted registry; the others are not asked about. */
export async function gatherTrusted(
  chains: readonly [Chain, ...Chain[]],
  trust: TrustedRegistry,
  evidence: readonly (Evidence | undefined)[],
  options: FactsOptions,
): Promise<(ChainFacts | undefined)[]> {
  const asked = evidence.filter(
    (one): one is Evidence =>
      one !== undefined && one.registry.chainId === trust.chainId && one.registry.address === trust.address,
  );
  if (asked.length === 0) return evidence.map(() => undefined);
  const facts = await gatherFacts(chains, asked, options);
  return evidence.map((one) => {
    const at = one === undefined ? -1 : asked.indexOf(one);
    return at < 0 ? undefined : facts[at];
  });
}
