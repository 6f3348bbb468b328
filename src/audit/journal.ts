import { concat, fromHex, toHex, utf8, writeUint } from "../bytes";
import type { Hashes } from "../hashes";
import type { Findings, Where } from "./differences";
import {
  decodeLog,
  MALFORMED,
  MalformedLog,
  type DecodedEvent,
  type EventShapes,
  type RawLog,
} from "./events";

/** What has to be known of a block that holds events. */
export interface BlockFacts {
  readonly number: number;
  readonly hash: string;
  /** Seconds. */
  readonly time: number;
}

/** An event that stands in the journal, in its block. */
export interface JournalEvent extends DecodedEvent {
  readonly entry: number;
  readonly where: Where;
  readonly time: number;
  readonly log: RawLog;
}

/** An event that does not extend the journal, such as OpenZeppelin's `AuthorityUpdated`. */
export interface UnjournaledEvent extends DecodedEvent {
  readonly entry: undefined;
  readonly log: RawLog;
}

/** A head somebody obtained elsewhere: of the first `length` entries. */
export interface ExternalHead {
  /** All entries before it, also those beyond 2^31. */
  readonly length: number;
  readonly head: string;
}

/** The same of a journal of roles. */
export interface RolesHead extends ExternalHead {
  /** Of this authority; otherwise of the one that the registry obeys. */
  readonly authority?: string;
}

export interface JournalResult {
  /** Entries that were read, whatever their numbers. */
  readonly length: number;
  readonly head: string;
  /** Whether the external head is that of the first entries; undefined if none was given. */
  readonly contained: boolean | undefined;
}

/** Entry numbers begin again at 0 after so many entries: the contract has 31 bits for them. */
export const ENTRY_NUMBERS = 2 ** 31;

/** Bytes of a head: it shares a storage slot with the journal's length. */
export const HEAD_BYTES = 28;

/** The first 28 bytes of `H(abi.encode(H("credit-anchor/journal/1"), chainId, registry))` */
export function firstHead(chainId: number, registry: string, hashes: Hashes): Uint8Array {
  const words = new Uint8Array(64);
  writeUint(words, 24, 8, chainId);
  words.set(fromHex(registry, 20), 44);
  return hashes
    .keccak256(concat(hashes.keccak256(utf8("credit-anchor/journal/1")), words))
    .slice(0, HEAD_BYTES);
}

/** The registry whose journal is read. */
export interface JournalSource {
  readonly chainId: number;
  /** In lower case. */
  readonly address: string;
  readonly shapes: EventShapes;
}

/** The head of the first entries. */
export interface HeadAt {
  readonly head: string;
  /** Where the last of them stands; undefined of no entry. */
  readonly last: Pick<RawLog, "blockNumber" | "logIndex"> | undefined;
  /** Where the entry after them stands; undefined if there is none. */
  readonly next: Pick<RawLog, "blockNumber" | "logIndex"> | undefined;
}

/**
 * Whether the first entries are those that there were at the end of a block, or more or fewer of them. Fewer is no slip:
 * whoever was shown a prefix of the journal that is right in itself states just that.
 */
export function entriesAt(
  { last, next }: Pick<HeadAt, "last" | "next">,
  block: number,
): "all" | "more" | "fewer" {
  if (last !== undefined && last.blockNumber > block) return "more";
  return next !== undefined && next.blockNumber <= block ? "fewer" : "all";
}

/** Reads logs one after the other. */
export interface JournalReader {
  read(log: RawLog, block: BlockFacts | undefined): void;
  /** Keeps the head of so many entries, if they are still to be read. */
  remember(length: number): void;
  /** The head of so many entries; undefined unless it was to be kept, and was come to. */
  at(length: number): HeadAt | undefined;
  result(): JournalResult;
}

/**
 * Reads logs in the order in which a node gives them, checks that they stand in the chain's order and that their entry
 * numbers have no gap, and computes the head they lead to. Hands each readable event on, those out of order too.
 */
export function readJournal(
  source: JournalSource,
  external: ExternalHead | undefined,
  apply: (event: JournalEvent | UnjournaledEvent) => void,
  findings: Findings,
  hashes: Hashes,
): JournalReader {
  // abi.encode(head, entryHash): a `bytes28` stands on the left of its word.
  const pair = new Uint8Array(64);
  pair.set(firstHead(source.chainId, source.address, hashes));
  let length = 0;
  let next = 0;
  let last: RawLog | undefined;
  let contained = external === undefined ? undefined : external.length === 0 && external.head === head();

  const kept = new Map<number, HeadAt | undefined>();

  function head(): string {
    return toHex(pair.subarray(0, HEAD_BYTES));
  }

  function read(log: RawLog, block: BlockFacts | undefined): void {
    const place: Where = { block: log.blockNumber, transaction: log.transactionHash, logIndex: log.logIndex };
    if (!isUsable(log, block, last, source, place, findings)) return;
    last = log;
    const decoded = decode(log, source.shapes, place, findings);
    if (decoded === undefined) return;
    const { entry } = decoded;
    if (entry === undefined) return apply({ ...decoded, entry, log });
    const where: Where = { ...place, entry, event: decoded.name };
    const ahead = distance(next, entry);
    const expected = next % ENTRY_NUMBERS;
    if (ahead > 0) findings.differ("journal.gap", missing(next, next + ahead), where, expected, entry);
    if (ahead < 0)
      findings.differ("journal.repeated", `entry ${entry} comes again, or too late`, where, expected, entry);
    else next += ahead + 1;

    pair.set(decoded.entryHash(block.time, hashes), 32);
    pair.set(hashes.keccak256(pair).subarray(0, HEAD_BYTES));
    const before = kept.get(length);
    if (before !== undefined) kept.set(length, { ...before, next: log });
    length++;
    if (kept.has(length)) kept.set(length, { head: head(), last: log, next: undefined });
    if (external !== undefined && length === external.length) contained = external.head === head();
    apply({ ...decoded, entry, where, time: block.time, log });
  }

  return {
    read,
    remember: (wanted) => {
      if (wanted >= length && !kept.has(wanted))
        kept.set(wanted, wanted === 0 ? { head: head(), last: undefined, next: undefined } : undefined);
    },
    at: (wanted) => kept.get(wanted),
    result: () => ({ length, head: head(), contained }),
  };
}

/**
 * How many entries lie between the one that is due and one with this number; negative if it was due before. Numbers
 * begin again at 0, so one may be both: then it is the nearer.
 */
function distance(next: number, entry: number): number {
  const plain = entry - (next % ENTRY_NUMBERS);
  // No number of the contract's.
  if (entry >= ENTRY_NUMBERS) return plain;
  const ahead = plain < 0 ? plain + ENTRY_NUMBERS : plain;
  const behind = ENTRY_NUMBERS - ahead;
  return behind <= next && behind < ahead ? -behind : ahead;
}

function missing(first: number, found: number): string {
  return found === first + 1 ? `entry ${first} is missing` : `entries ${first} to ${found - 1} are missing`;
}

/** Whether a log can be read on: of this contract, in the chain. Reports what is wrong with its place and order. */
export function isUsable(
  log: RawLog,
  block: BlockFacts | undefined,
  last: RawLog | undefined,
  source: Pick<JournalSource, "address">,
  place: Where,
  findings: Findings,
): block is BlockFacts {
  if (log.address !== source.address) {
    const message = "a log of another contract was given for one of the contract asked about";
    findings.differ("log.foreign", message, place, source.address, log.address);
    return false;
  }
  if (log.removed) {
    findings.differ(
      "log.removed",
      "the node says that the log's block is no longer part of the chain",
      place,
    );
    return false;
  }
  checkOrder(last, log, place, findings);
  if (block === undefined) {
    findings.differ("log.block-unknown", "the node has no block of the log's number", place);
    return false;
  }
  if (block.hash !== log.blockHash) {
    const message = "the log names another block than the chain has at this number";
    findings.differ("log.block-hash", message, place, block.hash, log.blockHash);
  }
  return true;
}

function checkOrder(last: RawLog | undefined, log: RawLog, place: Where, findings: Findings): void {
  if (last === undefined || last.blockNumber < log.blockNumber) return;
  if (last.blockNumber === log.blockNumber && last.logIndex < log.logIndex) return;
  const same = last.blockNumber === log.blockNumber && last.logIndex === log.logIndex;
  findings.differ(
    same ? "log.repeated" : "log.order",
    same ? "the same log was given twice" : "a log was given after one that stands later in the chain",
    place,
  );
}

function decode(
  log: RawLog,
  shapes: EventShapes,
  place: Where,
  findings: Findings,
): DecodedEvent | undefined {
  try {
    const decoded = decodeLog(log, shapes);
    if (decoded === undefined)
      findings.differ(
        "log.unknown",
        "the registry's interface has no such event",
        place,
        undefined,
        log.topics[0],
      );
    return decoded;
  } catch (error) {
    if (!(error instanceof MalformedLog)) throw error;
    findings.differ("log.malformed", `${MALFORMED}: ${error.message}`, place);
    return undefined;
  }
}
