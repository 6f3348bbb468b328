import { concat, equalBytes, fromHex, toHex } from "./bytes";
import type { Anchoring } from "./bundle";
import { hashedExtraData } from "./bundle/block";
import { encodeRlp, uintBytes, type RlpItem } from "./bundle/rlp";
import { proveInTrie } from "./bundle/trie";
import type { Chain } from "./chain";
import { CreditAnchorError } from "./errors";
import type { Evidence } from "./evidence";
import type { Hashes } from "./hashes";

/** An object of a node's answer. */
type Answer = Readonly<Record<string, unknown>>;

/**
 * Asks a node for everything that shows where a batch was anchored, in the bytes that the chain hashes. Whatever does not
 * lead to the hashes that the receipt names is left out: a chain may hash its blocks in a way of its own.
 *
 * @throws {CreditAnchorError} `bundle.transaction` if the node does not know the transaction, or not in the receipt's
 * block; `bundle.form` if it cannot be put into the bytes that were signed; `chain.…`
 */
export async function gatherAnchoring(
  chain: Chain,
  { transaction: { hash, blockHash } }: Evidence,
  hashes: Hashes,
): Promise<Anchoring> {
  const found = await askFor(chain, "eth_getTransactionByHash", hash);
  const receipt = await askFor(chain, "eth_getTransactionReceipt", hash);
  if (found === undefined || receipt === undefined || receipt["blockHash"] !== blockHash)
    throw new CreditAnchorError(
      "bundle.transaction",
      `node ${chain.node} does not know the receipt's transaction in the receipt's block`,
      { hint: "ask a node that keeps old transactions, or make a new receipt if the chain was reorganised" },
    );
  const transaction = await transactionBytes(chain, found, hashes);
  const encoded = reading(() => receiptBytes(receipt));
  if (transaction === undefined || encoded === undefined)
    throw new CreditAnchorError(
      "bundle.form",
      `node ${chain.node} does not tell the transaction in the form in which it was signed`,
      { hint: "ask another node of the chain" },
    );
  const block = await gatherBlock(chain, blockHash, hash, hashes);
  return {
    transaction: toHex(transaction),
    receipt: toHex(encoded),
    ...(block === undefined ? {} : { block }),
  };
}

async function gatherBlock(
  chain: Chain,
  blockHash: string,
  transactionHash: string,
  hashes: Hashes,
): Promise<Anchoring["block"]> {
  const block = await askFor(chain, "eth_getBlockByHash", blockHash, true);
  const list = block?.["transactions"];
  if (block === undefined || !Array.isArray(list)) return undefined;
  const header = reading(() => headerBytes(block, blockHash, hashes));
  if (header === undefined) return undefined;
  const transactions: Uint8Array[] = [];
  const receipts: Uint8Array[] = [];
  for (const one of list as readonly Answer[]) {
    const bytes = await transactionBytes(chain, one, hashes);
    const receipt = await askFor(chain, "eth_getTransactionReceipt", one["hash"]);
    const encoded = receipt && reading(() => receiptBytes(receipt));
    if (bytes === undefined || encoded === undefined) return undefined;
    transactions.push(bytes);
    receipts.push(encoded);
  }
  const index = list.findIndex((one: Answer) => one["hash"] === transactionHash);
  if (index < 0) return undefined;
  const byTransaction = proveInTrie(transactions, index, hashes);
  const byReceipt = proveInTrie(receipts, index, hashes);
  const isRoot = (name: string, root: Uint8Array): boolean => equalBytes(root, hexOf(block[name]));
  if (!isRoot("transactionsRoot", byTransaction.root) || !isRoot("receiptsRoot", byReceipt.root))
    return undefined;
  return {
    header: toHex(header),
    index,
    transactionProof: byTransaction.proof.map(toHex),
    receiptProof: byReceipt.proof.map(toHex),
  };
}

async function askFor(
  chain: Chain,
  method: string,
  ...params: readonly unknown[]
): Promise<Answer | undefined> {
  const answer = await chain.send(method, params);
  return typeof answer === "object" && answer !== null ? (answer as Answer) : undefined;
}

/** The bytes of a transaction that have its hash: made from its parts, else as the node keeps them. */
async function transactionBytes(
  chain: Chain,
  found: Answer,
  hashes: Hashes,
): Promise<Uint8Array | undefined> {
  const isIt = (bytes: Uint8Array | undefined): bytes is Uint8Array =>
    bytes !== undefined && toHex(hashes.keccak256(bytes)) === found["hash"];
  const made = reading(() => encodeTransaction(found));
  if (isIt(made)) return made;
  try {
    const kept = hexOf(await chain.send("eth_getRawTransactionByHash", [found["hash"]]));
    return isIt(kept) ? kept : undefined;
  } catch {
    return undefined;
  }
}

function encodeTransaction(found: Answer): Uint8Array {
  const part = (name: string): Uint8Array => quantity(found[name]);
  const to = found["to"] === null || found["to"] === undefined ? new Uint8Array(0) : hexOf(found["to"]);
  const kind = Number(found["type"] ?? 0);
  const ending: RlpItem[] = [part("r"), part("s")];
  const call: RlpItem[] = [part("gas"), to, part("value"), hexOf(found["input"])];
  if (kind === 0) return encodeRlp([part("nonce"), part("gasPrice"), ...call, part("v"), ...ending]);
  const price = kind === 1 ? [part("gasPrice")] : [part("maxPriorityFeePerGas"), part("maxFeePerGas")];
  const access = ((found["accessList"] ?? []) as readonly { address: unknown; storageKeys: unknown[] }[]).map(
    ({ address, storageKeys }): RlpItem => [hexOf(address), storageKeys.map(hexOf)],
  );
  const parity = quantity(found["yParity"] ?? found["v"]);
  return concat(
    Uint8Array.of(kind),
    encodeRlp([part("chainId"), part("nonce"), ...price, ...call, access, parity, ...ending]),
  );
}

function receiptBytes(receipt: Answer): Uint8Array {
  const logs = (receipt["logs"] as readonly Answer[]).map((log): RlpItem => [
    hexOf(log["address"]),
    (log["topics"] as readonly unknown[]).map(hexOf),
    hexOf(log["data"]),
  ]);
  const list = encodeRlp([
    quantity(receipt["status"]),
    quantity(receipt["cumulativeGasUsed"]),
    hexOf(receipt["logsBloom"]),
    logs,
  ]);
  const kind = Number(receipt["type"] ?? 0);
  return kind === 0 ? list : concat(Uint8Array.of(kind), list);
}

const HEADER_PARTS = [
  "parentHash",
  "sha3Uncles",
  "miner",
  "stateRoot",
  "transactionsRoot",
  "receiptsRoot",
  "logsBloom",
  "difficulty",
  "number",
  "gasLimit",
  "gasUsed",
  "timestamp",
  "extraData",
  "mixHash",
  "nonce",
] as const;
/** What forks put behind them, in this order, each where the one before is. */
const LATER_PARTS = [
  "baseFeePerGas",
  "withdrawalsRoot",
  "blobGasUsed",
  "excessBlobGas",
  "parentBeaconBlockRoot",
  "requestsHash",
] as const;
const NUMBERS: readonly string[] = [
  "difficulty",
  "number",
  "gasLimit",
  "gasUsed",
  "timestamp",
  "baseFeePerGas",
  "blobGasUsed",
  "excessBlobGas",
];

/** The bytes whose hash is the block's, or undefined if this program knows none. */
function headerBytes(block: Answer, blockHash: string, hashes: Hashes): Uint8Array | undefined {
  const has = (name: string): boolean => block[name] !== undefined && block[name] !== null;
  const parts = [...HEADER_PARTS, ...LATER_PARTS.filter(has)].map((name) =>
    NUMBERS.includes(name) ? quantity(block[name]) : hexOf(block[name]),
  );
  for (const extra of hashedExtraData(hexOf(block["extraData"]))) {
    const bytes = encodeRlp(parts.with(HEADER_PARTS.indexOf("extraData"), extra));
    if (toHex(hashes.keccak256(bytes)) === blockHash) return bytes;
  }
  return undefined;
}

function hexOf(value: unknown): Uint8Array {
  return fromHex(String(value).toLowerCase());
}

function quantity(value: unknown): Uint8Array {
  return uintBytes(BigInt(String(value)));
}

/** Undefined where the node's answer is not of the form that Ethereum's nodes give. */
function reading<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
