import type { Result } from "ethers";
import type { Log, LogFilter } from "./chain";
import { batchId, parseBatchId } from "./commitment";
import { CreditAnchorError } from "./errors";
import { decodeSpans } from "./positions";
import { batchAt, type Registry, type RegistryEvent } from "./registry-views";
import {
  successorsOf,
  type AgencyEvent,
  type FactsHistory,
  type KeyEvent,
  type RecordEvent,
} from "./verify-history";
import { registryInterface } from "./interfaces";

const NAMES = ["StatusChanged", "RecordsSuperseded", "MarksSet", "MarksCleared", "RecordsErased"] as const;
const STATUSES = ["Active", "Superseded", "Withdrawn", "Repaired"];

/** Which leaf, and who anchored it. */
export interface HistoryQuery {
  readonly batch: {
    readonly agencyId: number;
    readonly sequence: number;
    readonly size: number;
    readonly operator: string;
  };
  readonly record: {
    readonly index: number;
    /** A record alone in its batch may have been anchored directly: then this finds what took its place. */
    readonly key?: string;
  };
}

/**
 * What happened to one leaf since it was anchored, in the chain's order, by the logs of one node: a node that hides one
 * is found out by an audit, or by a status to which the events do not lead.
 *
 * @param fromBlock not after the block the batch was anchored in.
 * @throws {CreditAnchorError} `chain.*`
 */
export async function readHistory(
  registry: Registry,
  { batch, record }: HistoryQuery,
  fromBlock: number,
  toBlock?: number,
): Promise<RecordEvent[]> {
  const id = batchId(batch.agencyId, batch.sequence);
  const until = toBlock ?? (await registry.chain.blockNumber());
  const logs = await logsOf(registry, [NAMES.map(topicOf), word(id)], fromBlock, until);
  if (batch.size === 1 && record.key !== undefined)
    logs.push(...(await logsOf(registry, [topicOf("RecordAnchored"), null, record.key], fromBlock, until)));
  logs.sort((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex);
  const events: RecordEvent[] = [];
  for (const log of logs) {
    const event = await eventOf(registry, log, id, record.index);
    if (event !== undefined) events.push(event);
  }
  return events;
}

/** {@link readHistory}, and what became of the agency, of those that act for it, and of the key that anchored. */
export async function readFactsHistory(
  registry: Registry,
  query: HistoryQuery,
  toBlock: number,
  once: <T>(key: string, read: () => Promise<T>) => Promise<T>,
): Promise<FactsHistory> {
  const { agencyId, operator } = query.batch;
  const { fromBlock, address } = registry;
  const agencies = await once(`agency events ${address} ${agencyId}`, async () => {
    const all: AgencyEvent[] = [];
    for (let at = 0; at < successorsOf(all, agencyId).length; at++) {
      const id = successorsOf(all, agencyId)[at]!;
      const logs = await logsOf(registry, [AGENCY_EVENTS.map(topicOf), word(String(id))], fromBlock, toBlock);
      for (const log of logs) all.push(await agencyEventOf(registry, log));
    }
    return all.sort((a, b) => a.blockNumber - b.blockNumber);
  });
  const key = await once(`key events ${address} ${operator}`, async () => {
    const topics = [KEY_EVENTS.map(topicOf), null, word(operator)];
    const logs = await logsOf(registry, topics, fromBlock, toBlock);
    return Promise.all(logs.map((log) => keyEventOf(registry, log)));
  });
  return { record: await readHistory(registry, query, fromBlock, toBlock), agencies, key };
}

/** Somebody became an agency's administrator. */
export interface AdministrationEvent {
  readonly event: (typeof ADMINISTRATION_EVENTS)[number];
  readonly administrator: string;
  /** Seconds. */
  readonly time: number;
  readonly blockNumber: number;
  /** Of a recovery. */
  readonly reason?: number;
}

const ADMINISTRATION_EVENTS = ["AgencyAdmitted", "AdministratorChanged", "AdministratorRecovered"] as const;

/** Everybody who was an agency's administrator, in the chain's order, by the logs of one node. */
export async function readAdministration(
  registry: Registry,
  agencyId: number,
): Promise<AdministrationEvent[]> {
  const topics = [ADMINISTRATION_EVENTS.map(topicOf), word(String(agencyId))];
  const logs = await logsOf(registry, topics, registry.fromBlock, await registry.chain.blockNumber());
  const events: AdministrationEvent[] = [];
  for (const log of logs) {
    const { event, fields } = decoded(ADMINISTRATION_EVENTS, log);
    events.push({
      event,
      administrator: String(fields.administrator).toLowerCase(),
      ...(await placeInTime(registry, log)),
      ...(event === "AdministratorRecovered" ? { reason: Number(fields.reason) } : {}),
    });
  }
  return events;
}

const topicOf = (name: RegistryEvent): string => registryInterface.getEvent(name).topicHash;
const word = (value: string): string => `0x${BigInt(value).toString(16).padStart(64, "0")}`;

async function logsOf(
  registry: Registry,
  topics: LogFilter["topics"] & object,
  fromBlock: number,
  toBlock: number,
): Promise<Log[]> {
  const { chain, address } = registry;
  const found: Log[] = [];
  for await (const page of chain.logs({ address, topics, fromBlock, toBlock }))
    found.push(...page.filter((log) => log.address === address));
  return found;
}

const AGENCY_EVENTS = ["AgencySuspended", "AgencyReinstated", "AgencyClosed", "AgencySucceeded"] as const;
const KEY_EVENTS = ["OperatorAdded", "OperatorRevoked", "OperatorCompromised"] as const;

/** @throws {CreditAnchorError} `registry.event` for a log that the registry cannot have emitted. */
function decoded<N extends RegistryEvent>(
  names: readonly N[],
  log: Log,
): { readonly event: N; readonly fields: Result } {
  const event = names.find((name) => topicOf(name) === log.topics[0]);
  try {
    return { event: event!, fields: registryInterface.decodeEventLog(event!, log.data, [...log.topics]) };
  } catch {
    throw new CreditAnchorError(
      "registry.event",
      "the node gave an event that no registry can have emitted",
      {
        hint: "use another node",
        exitStatus: 70,
      },
    );
  }
}

/** Where and when; seconds. */
async function placeInTime(
  { chain }: Registry,
  { blockNumber }: Log,
): Promise<{ time: number; blockNumber: number }> {
  return { time: (await chain.block(blockNumber))?.time ?? 0, blockNumber };
}

async function agencyEventOf(registry: Registry, log: Log): Promise<AgencyEvent> {
  const { event, fields } = decoded(AGENCY_EVENTS, log);
  return {
    event,
    agencyId: Number(fields.agencyId),
    ...(await placeInTime(registry, log)),
    reason: Number(fields.reason),
    ...(event === "AgencySucceeded" ? { successor: Number(fields.successor) } : {}),
  };
}

async function keyEventOf(registry: Registry, log: Log): Promise<KeyEvent> {
  const { event, fields } = decoded(KEY_EVENTS, log);
  const place = { event, agencyId: Number(fields.agencyId), ...(await placeInTime(registry, log)) };
  if (event === "OperatorCompromised") return { ...place, since: Number(fields.since) };
  if (event === "OperatorRevoked") return place;
  return {
    ...place,
    permissions: Number(fields.permissions),
    validFrom: Number(fields.validFrom),
    validUntil: Number(fields.validUntil),
  };
}

async function eventOf(
  registry: Registry,
  log: Log,
  batch: string,
  index: number,
): Promise<RecordEvent | undefined> {
  if (log.topics[0] === topicOf("RecordAnchored")) return supersessionOf(registry, log, batch);
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

/** The direct anchoring of a next version, as the supersession of the one before; undefined if it superseded another. */
async function supersessionOf(registry: Registry, log: Log, batch: string): Promise<RecordEvent | undefined> {
  const { fields } = decoded(["RecordAnchored"], log);
  if (String(fields.superseded) !== batch) return undefined;
  const { agencyId, sequence } = parseBatchId(String(fields.batchId));
  const next = await batchAt(registry, agencyId, sequence, log.blockNumber);
  return {
    event: "RecordsSuperseded",
    ...(await placeInTime(registry, log)),
    transactionHash: log.transactionHash,
    entry: Number(fields.entry),
    actor: next?.header.operator ?? ZERO_ADDRESS,
    reason: 0,
    evidenceHash: ZERO_HASH,
    // A direct batch has one leaf, which is its root.
    ...(next === undefined ? {} : { successor: next.header.root }),
  };
}

const ZERO_ADDRESS = `0x${"0".repeat(40)}`;
const ZERO_HASH = `0x${"0".repeat(64)}`;
