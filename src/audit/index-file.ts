import { createHash } from "node:crypto";
import type { Difference } from "./differences";
import type { RawLog } from "./events";
import type { CallingTransaction } from "./executions";
import type { BlockFacts } from "./journal";
import { CreditAnchorError } from "../errors";

// The index of an audit (docs/audit.md). Lines of JSON: first what was audited and what came of it, then the logs as the
// node gave them, contract by contract, last the SHA-256 of all lines before. All of it is public on the chain.

export const INDEX_FORMAT = "credit-anchor/audit-index";
const FORMAT_VERSION = 1;
const LINE_FEED = 0x0a;
/** Logs of the index that are read at once. */
const LOGS_AT_ONCE = 2_000;

/** A log as the node gave it, and the block that the node had at its number; null if it had none. */
export interface KeptLog {
  readonly log: RawLog;
  readonly block: BlockFacts | null;
}

/** What an audit keeps for the next one, of everything up to a block. */
export interface AuditIndex {
  readonly registry: { readonly chainId: number; readonly address: string };
  /** Events of the registry from this block on. */
  readonly fromBlock: number;
  /** Hash of the chain's first block: tells two chains of one chain id apart. Null: the node has it no more. */
  readonly genesis: string | null;
  /** Keccak-256 of the registry's code as it was found. */
  readonly codeHash: string;
  readonly block: BlockFacts;
  /** As the events up to the block tell. */
  readonly journal: { readonly length: number; readonly head: string };
  /** When it was written, ISO 8601, by the clock of that machine. */
  readonly madeAt: string;
  /** Digests of questions that the registry answered as it must, see {@link answerDigest}. */
  readonly answers: ReadonlySet<string>;
  /** Ids of batches whose leaves were at hand and led to their root. */
  readonly proven: readonly string[];
  /** Ids of batches whose transaction carries no leaves. */
  readonly withoutLeaves: readonly string[];
  /** Successors of superseded records that were found among leaves. */
  readonly successors: readonly string[];
  /** Transactions in which an authority acted for somebody. */
  readonly transactions: readonly (CallingTransaction & { readonly hash: string })[];
  /** Everything an audit ever found in what the nodes said: a later audit says it again. */
  readonly differences: readonly Difference[];
  /** By contract the lines of its logs, in the order of the node. */
  readonly logs: ReadonlyMap<string, readonly Uint8Array[]>;
}

/** The first line as it stands in the file. */
interface Head {
  readonly format: typeof INDEX_FORMAT;
  readonly formatVersion: number;
  readonly found: Omit<AuditIndex, "answers" | "logs">;
  /** Digests one after the other. */
  readonly answers: string;
  readonly logs: readonly { readonly contract: string; readonly bytes: number }[];
}

/** Hexadecimal digits of a digest: 16 bytes. */
const DIGEST = 32;

/** A question and the one right answer, shortened. */
export function answerDigest(data: string, expected: string): string {
  return createHash("sha256").update(`${data} ${expected}`).digest("hex").slice(0, DIGEST);
}

/** Lines of logs. @param blocks that the node had. */
export function logLines(logs: readonly RawLog[], blocks: ReadonlyMap<number, BlockFacts>): Uint8Array {
  const lines = logs.map((log) => {
    const kept: KeptLog = { log, block: blocks.get(log.blockNumber) ?? null };
    return `${JSON.stringify(kept)}\n`;
  });
  return Buffer.from(lines.join(""));
}

/** The logs of one contract, some at a time. */
export function* keptLogs(index: AuditIndex, contract: string): Generator<KeptLog[]> {
  let logs: KeptLog[] = [];
  for (const part of index.logs.get(contract) ?? [])
    for (let at = 0; at < part.length;) {
      const end = part.indexOf(LINE_FEED, at);
      logs.push(JSON.parse(textOf(part.subarray(at, end))) as KeptLog);
      at = end + 1;
      if (logs.length < LOGS_AT_ONCE) continue;
      yield logs;
      logs = [];
    }
  if (logs.length > 0) yield logs;
}

/** The file, part by part. */
export function encodeIndex({ answers, logs, ...found }: AuditIndex): Uint8Array[] {
  const head: Head = {
    format: INDEX_FORMAT,
    formatVersion: FORMAT_VERSION,
    found,
    answers: [...answers].join(""),
    logs: [...logs].map(([contract, parts]) => ({
      contract,
      bytes: parts.reduce((sum, { length }) => sum + length, 0),
    })),
  };
  const content = [Buffer.from(`${JSON.stringify(head)}\n`), ...[...logs.values()].flat()];
  const hash = createHash("sha256");
  for (const part of content) hash.update(part);
  return [...content, Buffer.from(sealOf(hash.digest("hex")))];
}

/** The last line. */
function sealOf(sha256: string): string {
  return `${JSON.stringify({ sha256 })}\n`;
}

/** Whether a file begins like one of ours, whatever became of the rest. */
export function isIndex(bytes: Uint8Array): boolean {
  const start = `{"format":"${INDEX_FORMAT}",`;
  return textOf(bytes.subarray(0, start.length)) === start;
}

/**
 * Reads an index. Its digest tells damage, not malice: who can write the file can make an audit overlook something.
 *
 * @param name of the file, for messages.
 * @throws {CreditAnchorError} `audit.index-format` for another file, `audit.index-newer`, `audit.index-damaged`.
 */
export function readIndex(bytes: Uint8Array, name: string): AuditIndex {
  if (!isIndex(bytes))
    throw new CreditAnchorError("audit.index-format", `${name} is no index of an audit`, { hint: WAY_OUT });
  const seal = sealOf("0".repeat(64)).length;
  const content = bytes.subarray(0, Math.max(0, bytes.length - seal));
  const end = content.indexOf(LINE_FEED);
  const head = end < 0 ? undefined : headOf(content.subarray(0, end));
  if (head !== undefined && head.formatVersion > FORMAT_VERSION)
    throw new CreditAnchorError(
      "audit.index-newer",
      `${name} is of version ${head.formatVersion}; this program knows ${FORMAT_VERSION}`,
      { hint: `use the newer program, or ${WAY_OUT}` },
    );
  const found = createHash("sha256").update(content).digest("hex");
  if (head?.formatVersion !== FORMAT_VERSION || textOf(bytes.subarray(content.length)) !== sealOf(found))
    throw new CreditAnchorError(
      "audit.index-damaged",
      `${name} is not what was written: altered or cut off`,
      {
        hint: WAY_OUT,
      },
    );
  const { found: facts, answers, logs } = head;
  let at = end + 1;
  return {
    ...facts,
    answers: new Set(answers.match(new RegExp(`.{${DIGEST}}`, "g")) ?? []),
    logs: new Map(
      logs.map(({ contract, bytes: length }) => [contract, [content.subarray(at, (at += length))]]),
    ),
  };
}

const WAY_OUT =
  "audit anew with --rebuild-index, which reads everything again and writes the index new (what only the old one " +
  "remembers of earlier differences is lost), or with --without-index";

function headOf(line: Uint8Array): Head | undefined {
  try {
    const head = JSON.parse(textOf(line)) as Head;
    return typeof head.formatVersion === "number" ? head : undefined;
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** What of differences has to be told, where both an earlier audit and this one found some: of one place the newer. */
export function withEarlier(found: readonly Difference[], earlier: readonly Difference[]): Difference[] {
  const known = new Set(found.map(placeOf));
  return [...found, ...earlier.filter((difference) => !known.has(placeOf(difference)))];
}

function placeOf({ code, where }: Difference): string {
  return `${code} ${JSON.stringify(Object.entries(where).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}
