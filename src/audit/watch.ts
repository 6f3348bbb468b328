import { toHex } from "../bytes";
import type { Chain, Log } from "../chain";
import { meaningOfAct } from "../governance";
import { portableHashes, type Hashes } from "../hashes";
import { roleName } from "../roles";
import { readSignOff } from "../sign-off-log";
import { applyEvent } from "./apply";
import { startFindings } from "./differences";
import { eventShapes, STATUS_EVENTS, type RawLog, type Value } from "./events";
import { readJournal, type JournalEvent } from "./journal";
import { readStand } from "./stand";
import { emptyState } from "./state";
import { labelText } from "../foreign-text";
import { authorityInterface, registryInterface } from "../interfaces";

/** What a watcher tells: ids and places, nothing of any record. */
export interface Sighting {
  readonly event:
    | "batch"
    | "status"
    | "registry"
    | "role"
    | "act"
    | "sign-off"
    | "head"
    | "difference"
    | "reorganised"
    | "silent";
  readonly block: number;
  /** Seconds. */
  readonly time: number;
  readonly [detail: string]: unknown;
}

export interface WatchRequest {
  readonly chain: Chain;
  /** In lower case. */
  readonly registry: string;
  /** Block of its deployment. */
  readonly deployedAt: number;
  /** Tells of what happens from this block on. */
  readonly from: number;
  /** Contract of the sign-offs. */
  readonly signOffs?: string;
  /** Seconds without a batch after which an active agency is told of. */
  readonly silentAfter?: number;
  readonly hashes?: Hashes;
}

/** Follows one registry; each call looks at what is new. */
export interface Watcher {
  /** Looks up to the newest block, or one before it. @returns what happened since, in the order of the chain. */
  look(until?: number): Promise<Sighting[]>;
  /** The last block looked at. */
  readonly at: number;
}

/** Blocks whose hashes are remembered, to find where a reorganised chain left the one that was seen. */
const REMEMBERED = 1_000;

const shapes = eventShapes(registryInterface);
const roleJournaled = authorityInterface.getEvent("RoleJournaled");
const scheduled = authorityInterface.getEvent("OperationScheduled");
const canceled = authorityInterface.getEvent("OperationCanceled");

/**
 * Starts to follow a registry. The whole journal is replayed first, so that every later head can be compared with what
 * the events lead to; nothing of it is believed.
 */
export function startWatching(request: WatchRequest): Watcher {
  const { chain, registry, deployedAt, from, signOffs, silentAfter } = request;
  const hashes = request.hashes ?? portableHashes;
  const seen = new Map<number, string>();
  const silent = new Set<number>();
  let replay = newReplay();
  let at = deployedAt - 1;
  let told = from - 1;

  function newReplay() {
    const findings = startFindings();
    const state = emptyState(chain.chainId, registry, hashes);
    const events: JournalEvent[] = [];
    const reader = readJournal(
      { chainId: chain.chainId, address: registry, shapes },
      undefined,
      (event) => {
        if (event.entry === undefined) {
          if (event.name === "AuthorityUpdated") state.authority = String(event.values.authority);
          return;
        }
        events.push(event);
        applyEvent({ state, findings, hashes }, event);
      },
      findings,
      hashes,
    );
    return { findings, state, events, reader, toldDifferences: 0, headDiffers: false };
  }

  /** Goes back to the last remembered block that is still in the chain. */
  async function rewind(): Promise<Sighting[]> {
    const last = seen.get(at);
    const now = last === undefined ? undefined : await chain.block(at);
    if (last === undefined || now?.hash === last) return [];
    let common = deployedAt - 1;
    for (const [number, hash] of [...seen].reverse()) {
      if ((await chain.block(number))?.hash === hash) {
        common = number;
        break;
      }
      seen.delete(number);
    }
    const sighting: Sighting = {
      event: "reorganised",
      block: at,
      time: now?.time ?? 0,
      expected: last,
      found: now?.hash ?? null,
      since: common,
    };
    replay = newReplay();
    at = deployedAt - 1;
    told = Math.min(told, common);
    return [sighting];
  }

  async function look(until?: number): Promise<Sighting[]> {
    const found = await rewind();
    const newest = await chain.block("latest");
    if (newest === undefined) return found;
    const number = Math.min(newest.number, until ?? newest.number);
    const block = number === newest.number ? newest : await chain.block(number);
    if (block === undefined || number <= at) return [...found, ...silence(newest.time, newest.number)];
    replay.events.length = 0;
    for await (const page of chain.logs({ address: registry, fromBlock: at + 1, toBlock: number }))
      for (const log of page) {
        const place = await chain.block(log.blockNumber);
        replay.reader.read(
          { ...log, removed: false } satisfies RawLog,
          place && { number: place.number, hash: place.hash, time: place.time },
        );
      }
    const first = Math.max(at, told) + 1;
    const placed = replay.events
      .filter(({ log }) => log.blockNumber >= first)
      .map((event): Placed => ({ log: event.log, sighting: sightingOf(event) }));
    if (first <= number) placed.push(...(await rolesAndSignOffs(first, number)));
    found.push(...inOrder(placed));
    found.push(...differences(block.number, block.time), ...(await head(block)));
    found.push(...silence(block.time, block.number));
    at = number;
    told = Math.max(told, number);
    seen.set(number, block.hash);
    if (seen.size > REMEMBERED) seen.delete(seen.keys().next().value!);
    return found;
  }

  async function rolesAndSignOffs(fromBlock: number, toBlock: number): Promise<Placed[]> {
    const found: Placed[] = [];
    const time = async (log: Log): Promise<number> => (await chain.block(log.blockNumber))?.time ?? 0;
    const place = async (log: Log) => ({
      block: log.blockNumber,
      transaction: log.transactionHash,
      time: await time(log),
    });
    const { authority } = replay.state;
    if (authority !== undefined)
      for await (const page of chain.logs({
        address: authority,
        topics: [[roleJournaled.topicHash, scheduled.topicHash, canceled.topicHash]],
        fromBlock,
        toBlock,
      }))
        for (const log of page) {
          const told = await place(log);
          if (log.topics[0] === roleJournaled.topicHash)
            found.push({ log, sighting: { event: "role", ...told, ...roleChange(log) } });
          else
            found.push({ log, sighting: { event: "act", ...told, ...(await scheduledAct(authority, log)) } });
        }
    if (signOffs !== undefined)
      for await (const page of chain.logs({ address: signOffs, fromBlock, toBlock }))
        for (const log of page) {
          const signOff = readSignOff(log);
          if (signOff !== undefined)
            found.push({ log, sighting: { event: "sign-off", ...(await place(log)), ...signOff } });
        }
    return found;
  }

  /** An act that its role's delay holds back: announced, or taken back before it was made. */
  async function scheduledAct(authority: string, log: Log): Promise<object> {
    const isCancelled = log.topics[0] === canceled.topicHash;
    const [, operation, nonce] = log.topics;
    const told = isCancelled ? await announcement(authority, log) : log;
    const act = { name: isCancelled ? "cancelled" : "scheduled", operation };
    if (told === undefined) return { ...act, nonce: Number(nonce) };
    const { caller, target, data, schedule } = authorityInterface.decodeEventLog(scheduled, told.data, [
      ...told.topics,
    ]);
    const block = await chain.block(log.blockNumber);
    const unit = block === undefined || block.timestamp === block.time ? 1 : 1000;
    const to = String(target).toLowerCase();
    return {
      ...act,
      caller: String(caller).toLowerCase(),
      means: await meaningOfAct(
        { chain, address: registry, fromBlock: deployedAt },
        authority,
        to,
        String(data),
      ),
      ...(isCancelled ? {} : { from: Math.ceil(Number(schedule) / unit) }),
    };
  }

  /** What is cancelled was announced at any time before: the log that told what it is. */
  async function announcement(authority: string, { topics, blockNumber }: Log): Promise<Log | undefined> {
    const filter = { address: authority, topics: [scheduled.topicHash, topics[1]!, topics[2]!] };
    let found: Log | undefined;
    for await (const page of chain.logs({ ...filter, fromBlock: 0, toBlock: blockNumber }))
      found = page.at(-1) ?? found;
    return found;
  }

  function differences(block: number, time: number): Sighting[] {
    const all = replay.findings.differences;
    const fresh = all.slice(replay.toldDifferences);
    replay.toldDifferences = all.length;
    return fresh.map(({ code, message, where }) => ({
      event: "difference",
      block,
      time,
      code,
      message,
      where,
    }));
  }

  /** Whether the head that the registry answers with is the one that its events lead to. Told once. */
  async function head(block: Parameters<typeof readStand>[2]): Promise<Sighting[]> {
    const { journal } = await readStand(chain, registry, block);
    const { length, head: expected } = replay.reader.result();
    const differs = journal.head !== expected;
    if (!differs || replay.headDiffers) {
      replay.headDiffers = differs;
      return [];
    }
    replay.headDiffers = true;
    return [
      {
        event: "head",
        block: block.number,
        time: block.time,
        expected: `${length}:${expected}`,
        found: `${journal.length}:${journal.head}`,
      },
    ];
  }

  function silence(time: number, block: number): Sighting[] {
    if (silentAfter === undefined) return [];
    const last = new Map<number, number>();
    for (const { header } of replay.state.batches.values())
      last.set(header.agencyId, Math.max(last.get(header.agencyId) ?? 0, header.anchoredAt));
    const found: Sighting[] = [];
    for (const { id, standing } of replay.state.agencies.values()) {
      const since = last.get(id);
      if (standing !== "Active" || since === undefined || time - since <= silentAfter) silent.delete(id);
      else if (!silent.has(id)) {
        silent.add(id);
        found.push({ event: "silent", block, time, agencyId: id, lastBatchAt: since });
      }
    }
    return found;
  }

  return {
    look,
    get at() {
      return at;
    },
  };
}

/** A sighting and the log that it is of. */
interface Placed {
  readonly log: Pick<Log, "blockNumber" | "logIndex">;
  readonly sighting: Sighting;
}

/** What several contracts logged, in the order of the chain. */
function inOrder(placed: readonly Placed[]): Sighting[] {
  return [...placed]
    .sort((a, b) => a.log.blockNumber - b.log.blockNumber || a.log.logIndex - b.log.logIndex)
    .map(({ sighting }) => sighting);
}

function sightingOf({ name, values, log, time }: JournalEvent): Sighting {
  const event = name === "BatchAnchored" ? "batch" : STATUS_EVENTS.has(name) ? "status" : "registry";
  const agencyId =
    values.batchId === undefined ? {} : { agencyId: Number(BigInt(values.batchId as bigint) >> 32n) };
  return {
    event,
    block: log.blockNumber,
    time,
    transaction: log.transactionHash,
    name,
    ...agencyId,
    ...Object.fromEntries(Object.entries(values).map(([key, value]) => member(key, value))),
  };
}

/** The name of a record type is `typeName`: `name` is that of the event. */
function member(name: string, value: Value): [string, unknown] {
  return name === "name" ? ["typeName", labelText(String(value))] : [name, plain(value)];
}

function plain(value: Value): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function roleChange(log: Log): object {
  const { act, arguments: args } = authorityInterface.decodeEventLog(roleJournaled, log.data, [
    ...log.topics,
  ]);
  const name = authorityInterface.getFunction(String(act) as "grantRole")?.name ?? String(act);
  if (name !== "grantRole" && name !== "revokeRole") return { name };
  const words = String(args).slice(2);
  const id = BigInt(`0x${words.slice(0, 64)}`);
  return {
    name,
    role: roleName(id),
    account: toHex(Uint8Array.from(Buffer.from(words.slice(88, 128), "hex"))),
  };
}
