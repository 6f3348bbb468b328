import { Interface, type InterfaceAbi } from "ethers";
import { fromHex } from "../bytes";
import type { Hashes } from "../hashes";

/** A log as a node gave it; hex in lower case. Nothing in it is believed. */
export interface RawLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly logIndex: number;
  readonly removed: boolean;
}

/** Events that tell what became of records. */
export const STATUS_EVENTS: ReadonlySet<string> = new Set([
  "StatusChanged",
  "RecordsSuperseded",
  "MarksSet",
  "MarksCleared",
  "ErasureProposed",
  "RecordsErased",
]);

/** uint8 to uint32 become numbers, wider integers bigints, everything else lower-case hex. */
export type Value = number | bigint | boolean | string | readonly string[];

/** An event of the ABI, read from a log. */
export interface DecodedEvent {
  readonly name: string;
  readonly values: Readonly<Record<string, Value>>;
  /** Undefined for events that are not of the journal. */
  readonly entry: number | undefined;
  /** `keccak256(abi.encode(topic0, entry, block.number, time, fields…))` for a time in seconds. */
  entryHash(time: number, hashes: Hashes): Uint8Array;
}

type Kind = "uint" | "address" | "bool" | "fixed" | "bytes" | "words";

interface Field {
  readonly name: string;
  readonly indexed: boolean;
  readonly kind: Kind;
  /** Hex digits of the value in its 64-digit word. */
  readonly digits: number;
}

interface EventShape {
  readonly name: string;
  readonly topic0: string;
  readonly fields: readonly Field[];
  readonly topicCount: number;
  readonly journaled: boolean;
}

/** The events of a contract, by topic. */
export type EventShapes = ReadonlyMap<string, EventShape>;

/** Prepares to read the events of an ABI. @throws TypeError for a parameter type that the journal's encoding lacks. */
export function eventShapes(abi: Interface | InterfaceAbi): EventShapes {
  const shapes = new Map<string, EventShape>();
  Interface.from(abi).forEachEvent((event) => {
    const fields = event.inputs.map(({ name, type, indexed }) => ({
      name,
      indexed: indexed === true,
      ...kindOf(type),
    }));
    shapes.set(event.topicHash, {
      name: event.name,
      topic0: event.topicHash,
      fields,
      topicCount: 1 + fields.filter((field) => field.indexed).length,
      journaled: fields.at(-1)?.name === "entry",
    });
  });
  return shapes;
}

function kindOf(type: string): { kind: Kind; digits: number } {
  const [, bits] = /^uint(\d+)$/.exec(type) ?? [];
  if (bits !== undefined) return { kind: "uint", digits: Number(bits) / 4 };
  const [, size] = /^bytes(\d+)$/.exec(type) ?? [];
  if (size !== undefined) return { kind: "fixed", digits: Number(size) * 2 };
  if (type === "address") return { kind: "address", digits: 40 };
  if (type === "bool") return { kind: "bool", digits: 1 };
  if (type === "bytes") return { kind: "bytes", digits: 0 };
  if (type === "bytes32[]") return { kind: "words", digits: 0 };
  throw new TypeError(`events with a parameter of type ${type} are not supported`);
}

/** What is said of such a log. */
export const MALFORMED = "not a log that the contract could have written";

/** What is wrong with a log, in words: a log that is not exactly what the contract would write is no evidence. */
export class MalformedLog extends Error {}

/**
 * Reads a log strictly: every padding bit zero, dynamic parts in order without holes, nothing left over. So each event
 * has one encoding, and two different logs never give the same entry hash.
 *
 * @returns Undefined if the ABI has no such event. @throws {MalformedLog}
 */
export function decodeLog(log: RawLog, shapes: EventShapes): DecodedEvent | undefined {
  const topic0 = log.topics[0];
  const shape = topic0 === undefined ? undefined : shapes.get(topic0);
  if (shape === undefined) return undefined;
  if (log.topics.length !== shape.topicCount)
    throw new MalformedLog(`${shape.name} has another number of topics`);

  const values: Record<string, Value> = {};
  const words: string[] = [];
  const tails: (string | undefined)[] = [];
  const plainCount = shape.fields.length + 1 - shape.topicCount;
  let topic = 1;
  let head = 2;
  let tail = plainCount * 64 + 2;
  for (const field of shape.fields) {
    const word = field.indexed ? log.topics[topic++]!.slice(2) : log.data.slice(head, head + 64);
    if (!field.indexed) head += 64;
    if (word.length !== 64) throw new MalformedLog(`${shape.name} ends before ${field.name}`);
    if (field.kind === "bytes" || field.kind === "words") {
      if (integer(word) * 2 + 2 !== tail)
        throw new MalformedLog(`${shape.name}: ${field.name} starts elsewhere`);
      const part = dynamicPart(log.data, tail, field.kind);
      if (part === undefined)
        throw new MalformedLog(`${shape.name}: ${field.name} is cut off or badly padded`);
      values[field.name] = part.value;
      tail += part.encoded.length;
      words.push("");
      tails.push(part.encoded);
    } else {
      const value = staticValue(word, field);
      if (value === undefined) throw new MalformedLog(`${shape.name}: ${field.name} is out of its range`);
      values[field.name] = value;
      words.push(word);
      tails.push(undefined);
    }
  }
  if (log.data.length !== tail) throw new MalformedLog(`${shape.name} has bytes left over`);

  const entry = shape.journaled ? Number(values.entry) : undefined;
  return {
    name: shape.name,
    values,
    entry,
    entryHash: (time, hashes) => {
      const text = encodeEntry(shape.topic0.slice(2), log.blockNumber, time, words, tails);
      return hashes.keccak256(fromHex(text));
    },
  };
}

/** `abi.encode(topic0, entry, blockNumber, time, fields…)`; `entry` is the last field of every event and moves up. */
function encodeEntry(
  topic0: string,
  blockNumber: number,
  time: number,
  words: readonly string[],
  tails: readonly (string | undefined)[],
): string {
  const fields = words.length - 1;
  let offset = (4 + fields) * 32;
  let heads = `0x${topic0}${words[fields]!}${uintWord(blockNumber)}${uintWord(time)}`;
  let dynamic = "";
  for (let i = 0; i < fields; i++) {
    const tail = tails[i];
    if (tail === undefined) heads += words[i]!;
    else {
      heads += uintWord(offset);
      dynamic += tail;
      offset += tail.length / 2;
    }
  }
  return heads + dynamic;
}

function uintWord(value: number): string {
  return value.toString(16).padStart(64, "0");
}

function staticValue(word: string, field: Field): Value | undefined {
  const padding = 64 - field.digits;
  if (field.kind === "fixed")
    return isZero(word, field.digits, 64) ? `0x${word.slice(0, field.digits)}` : undefined;
  if (!isZero(word, 0, padding)) return undefined;
  const digits = word.slice(padding);
  if (field.kind === "address") return `0x${digits}`;
  if (field.kind === "bool") return digits === "1" ? true : digits === "0" ? false : undefined;
  return field.digits <= 8 ? parseInt(digits, 16) : BigInt(`0x${digits}`);
}

function dynamicPart(data: string, at: number, kind: Kind): { value: Value; encoded: string } | undefined {
  const length = integer(data.slice(at, at + 64));
  const used = kind === "bytes" ? length * 2 : length * 64;
  const padded = Math.ceil(used / 64) * 64;
  const start = at + 64;
  if (!(start + padded <= data.length)) return undefined;
  const content = data.slice(start, start + used);
  if (!isZero(data, start + used, start + padded)) return undefined;
  const value =
    kind === "bytes" ? `0x${content}` : (content.match(/.{64}/g) ?? []).map((word) => `0x${word}`);
  return { value, encoded: data.slice(at, start + padded) };
}

/** NaN unless it is a word below 2^48, so that comparisons with it fail. */
function integer(word: string): number {
  return word.length === 64 && isZero(word, 0, 52) ? parseInt(word.slice(52), 16) : NaN;
}

function isZero(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (text.charCodeAt(i) !== 48) return false;
  return true;
}
