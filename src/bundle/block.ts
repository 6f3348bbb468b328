import { concat, equalBytes, fromHex, refusal, utf8 } from "../bytes";
import { batchId } from "../commitment";
import type { Evidence } from "../evidence";
import type { Hashes } from "../hashes";
import { decodeRlpList, encodeRlp, rlpBytes, rlpUint, uintBytes, type RlpItem } from "./rlp";
import { word } from "./signature";

/** What the header of a block says. */
export interface BlockHeader {
  readonly number: bigint;
  /** Seconds; on some permissioned chains milliseconds. */
  readonly timestamp: bigint;
  readonly transactionsRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
}

/**
 * Reads the header of a block; what forks put behind the first fifteen parts is left to the hash.
 * @throws `rlp.invalid`
 */
export function readBlockHeader(bytes: Uint8Array): BlockHeader {
  const items = decodeRlpList(bytes);
  return {
    transactionsRoot: rlpBytes(items[4], 32),
    receiptsRoot: rlpBytes(items[5], 32),
    number: rlpUint(items[8]),
    timestamp: rlpUint(items[11]),
  };
}

/**
 * The forms in which a block's extra data may be hashed: as it is; without the seals of the validators and the round,
 * which differ from node to node, as QBFT and IBFT 2 do; without the seals, as the older IBFT of GoQuorum does.
 */
export function* hashedExtraData(extra: Uint8Array): Generator<Uint8Array> {
  yield extra;
  try {
    const items = decodeRlpList(extra);
    if (items.length === 5) {
      yield encodeRlp([...items.slice(0, 3), uintBytes(0), []]);
      yield encodeRlp(items.slice(0, 3));
    }
  } catch {
    // Not of that kind.
  }
  try {
    const vanity = extra.slice(0, 32);
    const items = decodeRlpList(extra.slice(32));
    if (items.length === 3) yield concat(vanity, encodeRlp([items[0]!, items[1]!, []]));
  } catch {
    // Nor of that.
  }
}

const BATCH_ANCHORED = "BatchAnchored(uint64,uint32,address,uint32,uint64,bytes20,bytes32,bytes32,uint64)";

/**
 * Does the receipt of a transaction that succeeded have the registry's event of exactly this batch?
 * @param receipt As blocks hash it: a list, perhaps with a byte for the transaction's kind before it.
 * @throws `rlp.invalid`, `receipt.invalid`
 */
export function receiptShows(receipt: Uint8Array, { registry, batch }: Evidence, hashes: Hashes): boolean {
  const items = decodeRlpList(receipt[0]! < 0x80 ? receipt.subarray(1) : receipt);
  const [status, , , logs] = items;
  if (items.length !== 4 || logs === undefined || logs instanceof Uint8Array)
    throw refusal("receipt.invalid", "", "a receipt has status, gas, bloom and logs");
  if (!equalBytes(rlpBytes(status), Uint8Array.of(1))) return false;
  const topics = [
    hashes.keccak256(utf8(BATCH_ANCHORED)),
    uint(BigInt(batchId(batch.agencyId, batch.sequence))),
    uint(BigInt(batch.typeId)),
    word(fromHex(batch.operator, 20)),
  ];
  const previous = new Uint8Array(32);
  previous.set(fromHex(batch.previous, 20));
  const data = concat(
    uint(BigInt(batch.size)),
    uint(BigInt(batch.anchoredAt)),
    previous,
    fromHex(batch.root, 32),
    fromHex(batch.manifestHash, 32),
  );
  return logs.some((log) => isLog(log, fromHex(registry.address, 20), topics, data));
}

/** @param data All but the last word, the number in the journal, which the header does not have. */
function isLog(log: RlpItem, address: Uint8Array, topics: readonly Uint8Array[], data: Uint8Array): boolean {
  if (log instanceof Uint8Array) return false;
  const [by, found, content] = log;
  return (
    by instanceof Uint8Array &&
    equalBytes(by, address) &&
    equalBytes(encodeRlp(found ?? []), encodeRlp(topics)) &&
    content instanceof Uint8Array &&
    content.length === data.length + 32 &&
    equalBytes(content.slice(0, data.length), data)
  );
}

function uint(value: bigint): Uint8Array {
  return word(uintBytes(value));
}
