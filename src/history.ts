import type { Result } from "ethers";
import type { Log } from "./chain";
import { decodeSpans } from "./positions";
import { registryInterface, type Registry } from "./registry-views";

/** One thing that happened to a record after it was anchored, as an event of the registry tells it. */
export interface RecordEvent {
  readonly event: "StatusChanged" | "RecordsSuperseded" | "MarksSet" | "MarksCleared" | "RecordsErased";
  /** Seconds since 1970. */
  readonly time: number;
  readonly blockNumber: number;
  readonly transactionHash: string;
  /** Number of the journal entry. */
  readonly entry: number;
  readonly actor: string;
  readonly reason: number;
  readonly evidenceHash: string;
  /** Of StatusChanged: Active, Withdrawn or Repaired. */
  readonly status?: string;
  /** Of MarksSet and MarksCleared: the bits. */
  readonly marks?: number;
  /** Of RecordsSuperseded: leaf hash of the version that took its place. */
  readonly successor?: string;
  /** Of RecordsErased: the first of the two operators. */
  readonly proposer?: string;
}

const NAMES = ["StatusChanged", "RecordsSuperseded", "MarksSet", "MarksCleared", "RecordsErased"] as const;
const STATUSES = ["Active", "Superseded", "Withdrawn", "Repaired"];

/**
 * What happened to one leaf since it was anchored, in the chain's order, by the logs of one node: a node that hides one
 * is found out by an audit, not here.
 *
 * @param batch decimal id.
 * @param fromBlock the block the batch was anchored in.
 * @throws {CreditAnchorError} `chain.*`
 */
export async function readHistory(
  registry: Registry,
  batch: string,
  index: number,
  fromBlock: number,
): Promise<RecordEvent[]> {
  const { chain } = registry;
  const topics = [
    NAMES.map((name) => registryInterface.getEvent(name).topicHash),
    `0x${BigInt(batch).toString(16).padStart(64, "0")}`,
  ];
  const events: RecordEvent[] = [];
  const toBlock = await chain.blockNumber();
  for await (const page of chain.logs({ address: registry.address, topics, fromBlock, toBlock }))
    for (const log of page) {
      const event = await eventOf(registry, log, index);
      if (event !== undefined) events.push(event);
    }
  return events;
}

async function eventOf(registry: Registry, log: Log, index: number): Promise<RecordEvent | undefined> {
  const name = NAMES.find((candidate) => registryInterface.getEvent(candidate).topicHash === log.topics[0]);
  if (name === undefined || log.address !== registry.address) return undefined;
  let fields: Result;
  let at: number | undefined;
  try {
    fields = registryInterface.decodeEventLog(name, log.data, [...log.topics]);
    at = placeOf(String(fields.positions), index);
  } catch {
    // Not an event that this registry can have emitted.
    return undefined;
  }
  if (at === undefined) return undefined;
  const block = await registry.chain.block(log.blockNumber);
  return {
    event: name,
    time: block?.time ?? 0,
    blockNumber: log.blockNumber,
    transactionHash: log.transactionHash,
    entry: Number(fields.entry),
    actor: String(fields.actor).toLowerCase(),
    reason: Number(fields.reason),
    evidenceHash: String(fields.evidenceHash),
    ...(name === "StatusChanged" ? { status: STATUSES[Number(fields.status)] ?? String(fields.status) } : {}),
    ...(name === "MarksSet" || name === "MarksCleared" ? { marks: Number(fields.marks) } : {}),
    ...(name === "RecordsSuperseded" ? { successor: String((fields.successors as string[])[at]) } : {}),
    ...(name === "RecordsErased" ? { proposer: String(fields.proposer).toLowerCase() } : {}),
  };
}

/** How many positions come before `index` in the event; undefined if it is not among them. */
function placeOf(positions: string, index: number): number | undefined {
  let before = 0;
  for (const { first, last } of decodeSpans(positions)) {
    if (index < first) return undefined;
    if (index <= last) return before + index - first;
    before += last - first + 1;
  }
  return undefined;
}
