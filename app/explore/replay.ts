import { applyEvent } from "../../src/audit/apply";
import { startFindings } from "../../src/audit/differences";
import { decodeLog, eventShapes, MalformedLog, type RawLog } from "../../src/audit/events";
import { readJournal, type BlockFacts, type HeadAt, type JournalEvent } from "../../src/audit/journal";
import { emptyState, type RegistryState } from "../../src/audit/state";
import type { Chain, Log } from "../../src/chain";
import { CreditAnchorError } from "../../src/errors";
import { portableHashes } from "../../src/hashes";
import { readJournal as readStoredJournal, type Registry } from "../../src/registry-views";
import type { Trust } from "../trust";
import { registryInterface } from "../../src/interfaces";

/** The registry as its events tell up to a block, rebuilt by the rules of the audit. */
export interface Rebuilt {
  readonly state: RegistryState;
  /** Everything that happened, in the chain's order. */
  readonly deeds: readonly JournalEvent[];
  readonly block: BlockFacts;
  /** Whether the running hash over the events is the one that the registry answers with. */
  readonly agrees: boolean;
  /** What the events contradict: rules, order, each other. */
  readonly differences: number;
  /** The running hash after so many entries, and where they end; undefined if there are fewer. */
  at(length: number): HeadAt | undefined;
}

export interface Progress {
  readonly events: number;
  /** Share of the blocks read, 0 to 1. */
  readonly share: number;
}

const shapes = eventShapes(registryInterface.fragments.map((fragment) => fragment.format("full")));
const BLOCKS_AT_ONCE = 8;

/** Rebuilds a registry, then goes on with each block that comes. Asks nothing that was answered before. */
export interface Follower {
  /** Reads what is new. @returns Undefined when nothing is. @throws {CreditAnchorError} `chain.*` */
  next(onProgress: (progress: Progress) => void): Promise<Rebuilt | undefined>;
}

/** Starts before the registry's first event. */
export function follow(chain: Chain, { chainId, registry: address, fromBlock }: Trust): Follower {
  const registry: Registry = { chain, address, fromBlock };
  let run = start();
  let last: BlockFacts | undefined;

  function start() {
    const findings = startFindings();
    const state = emptyState(chainId, address, portableHashes);
    const deeds: JournalEvent[] = [];
    const reader = readJournal(
      { chainId, address, shapes },
      undefined,
      (event) => {
        if (event.entry === undefined) {
          if (event.name === "AuthorityUpdated") state.authority = String(event.values["authority"]);
          return;
        }
        applyEvent({ state, findings, hashes: portableHashes }, event);
        deeds.push(event);
      },
      findings,
      portableHashes,
    );
    return { findings, state, deeds, reader, heads: [reader.result().head] };
  }

  let running: Promise<Rebuilt | undefined> | undefined;

  async function read(onProgress: (progress: Progress) => void): Promise<Rebuilt | undefined> {
    const head = await chain.block("latest");
    if (head === undefined) throw new CreditAnchorError("chain.no-block", "the node has no newest block");
    if (last?.hash === head.hash) return undefined;
    // Another block where we stopped: the chain went another way, and all is read anew.
    if (last !== undefined && (await chain.block(last.number))?.hash !== last.hash) {
      run = start();
      last = undefined;
    }
    const from = last === undefined ? fromBlock : last.number + 1;
    for await (const page of chain.logs({ address, fromBlock: from, toBlock: head.number })) {
      const logs = page.map((log): RawLog => ({ ...log, removed: false }));
      const blocks = await blockFacts(chain, logs);
      for (const log of logs) {
        run.reader.read(log, blocks.get(log.blockNumber));
        const { length, head: found } = run.reader.result();
        run.heads[length] = found;
      }
      const done = page.at(-1)!.blockNumber - fromBlock + 1;
      onProgress({ events: run.deeds.length, share: done / Math.max(1, head.number - fromBlock + 1) });
    }
    last = { number: head.number, hash: head.hash, time: head.time };
    const stored = await readStoredJournal(registry, head.number);
    const { length, head: found } = run.reader.result();
    const { heads, deeds } = run;
    return {
      // A new object around the same contents: whoever shows it sees that something changed.
      state: run.state,
      deeds: run.deeds,
      block: last,
      agrees: stored.length === length && stored.head === found,
      differences: run.findings.differences.length,
      at: (wanted) => {
        const head = heads[wanted];
        return head === undefined
          ? undefined
          : { head, last: deeds[wanted - 1]?.log, next: deeds[wanted]?.log };
      },
    };
  }

  return {
    // Who comes while somebody reads waits for the same answer.
    next: (onProgress) => (running ??= read(onProgress).finally(() => (running = undefined))),
  };
}

/**
 * Times of the blocks of logs. A batch says in its event when it was anchored, so its block need not be asked for: were
 * it another time, the running hash would not agree.
 */
async function blockFacts(chain: Chain, logs: readonly RawLog[]): Promise<Map<number, BlockFacts>> {
  const facts = new Map<number, BlockFacts>();
  for (const log of logs) {
    const time = anchoredAt(log);
    if (time !== undefined)
      facts.set(log.blockNumber, { number: log.blockNumber, hash: log.blockHash, time });
  }
  const asked = [...new Set(logs.map(({ blockNumber }) => blockNumber))].filter(
    (number) => !facts.has(number),
  );
  const queue = asked.values();
  const worker = async (): Promise<void> => {
    for (const number of queue) {
      const block = await chain.block(number);
      if (block !== undefined) facts.set(number, { number, hash: block.hash, time: block.time });
    }
  };
  await Promise.all(Array.from({ length: Math.min(BLOCKS_AT_ONCE, asked.length) }, worker));
  return facts;
}

const batchTopic = registryInterface.getEvent("BatchAnchored").topicHash;

function anchoredAt(log: Log & RawLog): number | undefined {
  if (log.topics[0] !== batchTopic) return undefined;
  try {
    return Number(decodeLog(log, shapes)?.values["anchoredAt"]);
  } catch (error) {
    if (error instanceof MalformedLog) return undefined;
    throw error;
  }
}
