import { counted } from "./counted";
import {
  concat,
  keccak256,
  type Result,
  recoverAddress,
  Signature,
  toBeHex,
  toUtf8Bytes,
  TypedDataEncoder,
} from "ethers";
import type { Chain, Log, Receipt } from "./chain";
import { acceptsSignature } from "./contract-signature";
import { CreditAnchorError } from "./errors";
import { decodeSpans, indexesOf } from "./positions";
import { reasonText } from "./reasons";
import { type Call, execute, type SendSettings, type TransactionSigner } from "./registry";
import { explained, RegistryRefusal, revertData } from "./registry-errors";
import { RpcError } from "./rpc";
import { type Registry, type RegistryEvent } from "./registry-views";
import { registryInterface, relayInterface } from "./interfaces";

/** Signs what others send: whoever holds an operator's key. */
export interface DigestSigner {
  /** Lower-case `0x…`. */
  readonly address: string;
  /** @returns The signature of 32 bytes, `0x…`: r, s, v, with a low s. */
  signDigest(digest: string): Promise<string>;
}

/** What an operator signs: a call of the registry that anybody may send through the registry's relay. See `IRelay`. */
export interface RelayedCall {
  readonly operator: string;
  readonly agencyId: number;
  /** ABI-encoded, `0x…`. */
  readonly call: string;
  /** 32 zero bytes for anchoring, which states its place; else single use. */
  readonly nonce: string;
  /** Last second in which it may be sent. */
  readonly deadline: number;
}

export interface SignedCall extends RelayedCall {
  readonly signature: string;
}

const types = {
  RelayedCall: [
    { name: "operator", type: "address" },
    { name: "agencyId", type: "uint32" },
    { name: "call", type: "bytes" },
    { name: "nonce", type: "bytes32" },
    { name: "deadline", type: "uint64" },
  ],
};

export const NO_NONCE = `0x${"00".repeat(32)}`;

/** The functions that a relay carries, with the event that shows each. */
const carried: Readonly<Record<string, RegistryEvent>> = {
  anchorRoot: "BatchAnchored",
  anchorLeaves: "BatchAnchored",
  anchorRecord: "BatchAnchored",
  withdraw: "StatusChanged",
  repair: "StatusChanged",
  revokeRepair: "StatusChanged",
  supersede: "RecordsSuperseded",
  setMarks: "MarksSet",
  clearMarks: "MarksCleared",
  proposeErasure: "ErasureProposed",
  confirmErasure: "RecordsErased",
};

/** The EIP-712 hash that the operator signs: good for one chain and one relay, and so for one registry. */
export function relayDigest(chainId: number, relay: string, call: RelayedCall): string {
  const domain = { name: "credit-anchor relay", version: "1", chainId, verifyingContract: relay };
  const { operator, agencyId, call: data, nonce, deadline } = call;
  return TypedDataEncoder.hash(domain, types, { operator, agencyId, call: data, nonce, deadline });
}

/** The nonce of a status move: the same each time it is signed, so that it is made once, however often. */
export function moveNonce(moveId: number, call: string): string {
  return keccak256(concat([toUtf8Bytes("credit-anchor/relay-nonce/1"), toBeHex(moveId, 8), call]));
}

/** The nonce of a step of an erasure, which is said once, however often it is signed. */
export function erasureNonce(call: string): string {
  return keccak256(concat([toUtf8Bytes("credit-anchor/relay-nonce/erasure/1"), call]));
}

/** What a call does. */
export interface Described {
  readonly name: string;
  readonly agencyId: number;
  readonly anchors: boolean;
  /** In words: `anchor a batch of 1000 records of type 1`. */
  readonly what: string;
}

/**
 * Reads the call of the registry that somebody signed.
 *
 * @throws {CreditAnchorError} `relay.not-carried` for anything but a call that a relay carries, encoded in the one way.
 */
export function describeCall(data: string): Described {
  const refused = (): CreditAnchorError =>
    new CreditAnchorError("relay.not-carried", "this is no call that a relay carries", {
      hint: "operators sign anchoring, moves of statuses and marks, and steps of an erasure: ask who made the file",
    });
  let name: string;
  let args: Result;
  try {
    const parsed = registryInterface.parseTransaction({ data });
    if (parsed === null || carried[parsed.name] === undefined) throw refused();
    ({ name, args } = parsed);
    if (registryInterface.encodeFunctionData(name as "agency", [...args] as never) !== data) throw refused();
    const anchors = carried[name] === "BatchAnchored";
    const header = anchors ? undefined : (args[0] as Result);
    const agencyId = Number(anchors ? args[0] : header!.agencyId);
    return { name, agencyId, anchors, what: anchors ? anchoringText(name, args) : moveText(name, args) };
  } catch {
    throw refused();
  }
}

function anchoringText(name: string, args: Result): string {
  const size = name === "anchorRoot" ? Number(args.size) : name === "anchorLeaves" ? args.leaves.length : 1;
  const root = name === "anchorRoot" ? `, root ${String(args.root).slice(0, 10)}…` : "";
  return `anchor a batch of ${counted(size, "record")} of type ${args.typeId} for agency ${args.agencyId}${root}`;
}

const VERBS: Readonly<Record<string, string>> = {
  withdraw: "withdraw",
  repair: "repair",
  revokeRepair: "revoke the repair of",
  supersede: "supersede",
  setMarks: "set marks on",
  clearMarks: "clear marks of",
  proposeErasure: "propose to erase",
  confirmErasure: "confirm to erase",
};

function moveText(name: string, args: Result): string {
  const header = args[0] as Result;
  const positions = [...indexesOf(decodeSpans(String(args.positions)))];
  const records = positions.length === 1 ? `record ${positions[0]}` : counted(positions.length, "record");
  const batch = (BigInt(header.agencyId as bigint) << 32n) + BigInt(header.sequence as bigint);
  return `${VERBS[name]} ${records} of batch ${batch} of agency ${header.agencyId}: ${reasonText(Number(args.reason))}`;
}

/** The call of the relay that carries a signed call. */
export function relayCall(relay: string, { signature, ...relayed }: SignedCall, what: string): Call {
  return { to: relay, data: relayInterface.encodeFunctionData("relay", [relayed, signature]), what };
}

/**
 * Has the node try a signed call, without sending it.
 * @throws {RegistryRefusal} if relay or registry would refuse it.
 */
export async function rehearse({ chain }: Registry, relay: string, signed: SignedCall): Promise<void> {
  try {
    const { to, data } = relayCall(relay, signed, "");
    await chain.call({ from: signed.operator, to, data });
  } catch (error) {
    throw explained(error);
  }
}

/**
 * The hash that an owner of a Safe signs so that the Safe accepts it for 32 bytes: EIP-712, in the Safe's own domain. See
 * `CompatibilityFallbackHandler` of Safe 1.3 and 1.4, the handler that Safes have unless they were given another.
 */
export function safeDigest(chainId: number, safe: string, digest: string): string {
  const safeTypes = { SafeMessage: [{ name: "message", type: "bytes" }] };
  return TypedDataEncoder.hash({ chainId, verifyingContract: safe }, safeTypes, { message: digest });
}

/**
 * What a contract wallet accepts of a key: its signature on the digest, or on a Safe's own. The wallet decides, nobody else.
 *
 * @throws {CreditAnchorError} `relay.wallet`
 */
async function signForWallet(
  chain: Chain,
  wallet: string,
  signer: DigestSigner,
  digest: string,
): Promise<string> {
  for (const each of [digest, safeDigest(chain.chainId, wallet, digest)]) {
    const signature = await signer.signDigest(each);
    if (await isAccepted(chain, { operator: wallet, signature }, digest)) return signature;
  }
  throw new CreditAnchorError(
    "relay.wallet",
    `the wallet at ${wallet} does not accept the signature of key ${signer.address} (ERC-1271)`,
    {
      hint:
        "a wallet works that accepts one key's signature on the digest itself, and a Safe with this key as owner that needs " +
        "one signature: several owners cannot sign one call",
    },
  );
}

/**
 * Signs a call for the relay, and has the node try it.
 *
 * @throws {RegistryRefusal} if relay or registry would refuse it; `relay.wallet` if a contract wallet would.
 */
export async function signForRelay(
  registry: Registry,
  relay: string,
  signer: DigestSigner,
  call: RelayedCall,
): Promise<SignedCall> {
  const { chain } = registry;
  const digest = relayDigest(chain.chainId, relay, call);
  const isWallet = call.operator !== signer.address && (await chain.code(call.operator)) !== "0x";
  const signature = isWallet
    ? await signForWallet(chain, call.operator, signer, digest)
    : await signer.signDigest(digest);
  const signed = { ...call, signature };
  await rehearse(registry, relay, signed);
  return signed;
}

/** Whether the signature is the operator's on exactly this; a contract wallet is asked. */
export async function isSignedBy({ chain }: Registry, relay: string, call: SignedCall): Promise<boolean> {
  const digest = relayDigest(chain.chainId, relay, call);
  if ((await chain.code(call.operator)) !== "0x") return isAccepted(chain, call, digest);
  try {
    const signature = Signature.from(call.signature);
    // Other spellings of v (0, 1, 35 and more) and the short form are read by ethers and refused by the contracts.
    return (
      signature.serialized === call.signature.toLowerCase() &&
      recoverAddress(digest, signature).toLowerCase() === call.operator
    );
  } catch {
    return false;
  }
}

async function isAccepted(
  chain: Chain,
  { operator, signature }: Pick<SignedCall, "operator" | "signature">,
  digest: string,
): Promise<boolean> {
  try {
    return await acceptsSignature(chain, operator, digest, signature);
  } catch (error) {
    // A wallet that reverts refuses, in whatever words.
    if (error instanceof RpcError && revertData(error) !== undefined) return false;
    throw error;
  }
}

/** Where a call was carried out. */
export interface RelayedAt {
  readonly hash: string;
  readonly blockNumber: number;
  readonly blockHash: string;
}

/**
 * Sends a signed call and pays for it. One that was carried out before is found, and not sent again.
 *
 * @throws {RegistryRefusal} if relay or registry refuses it; `relay.…`, `chain.…`.
 */
export async function sendRelayed(
  registry: Registry,
  relay: string,
  signer: TransactionSigner,
  signed: SignedCall,
  settings: SendSettings = {},
): Promise<{ readonly place: RelayedAt; readonly already: boolean }> {
  const { name, what } = describeCall(signed.call);
  let receipt: Receipt;
  try {
    receipt = await execute(registry, signer, relayCall(relay, signed, what), settings);
  } catch (error) {
    const place = error instanceof RegistryRefusal ? await findRelayed(registry, relay, signed) : undefined;
    if (place === undefined) throw error;
    return { place, already: true };
  }
  if (!shows(registry, relay, receipt, signed, carried[name]!))
    throw new CreditAnchorError(
      "registry.no-effect",
      `the receipt of transaction ${receipt.transactionHash} does not show that the relay carried: ${what}`,
      { hint: "the node may be lying: nothing was recorded; ask another node", exitStatus: 70 },
    );
  return { place: placeOf(receipt), already: false };
}

const placeOf = ({ transactionHash: hash, blockNumber, blockHash }: Receipt): RelayedAt => ({
  hash,
  blockNumber,
  blockHash,
});

/** The relay's event, and the registry's, both naming the operator. */
function shows(
  registry: Registry,
  relay: string,
  receipt: Receipt,
  { operator, nonce }: SignedCall,
  event: RegistryEvent,
): boolean {
  const relayed = receipt.logs.some((log) => {
    const fields = decoded(relayInterface, "Relayed", log, relay);
    return fields !== undefined && lower(fields.operator) === operator && lower(fields.nonce) === nonce;
  });
  const acted = receipt.logs.some((log) => {
    const fields = decoded(registryInterface, event, log, registry.address)?.toObject();
    return fields !== undefined && [fields.operator, fields.actor].some((who) => lower(who) === operator);
  });
  return relayed && acted;
}

const lower = (value: unknown): string => String(value).toLowerCase();

function decoded(
  abi: typeof registryInterface | typeof relayInterface,
  name: string,
  { address, topics, data }: Log,
  emitter: string,
): Result | undefined {
  if (address !== emitter || topics[0] !== abi.getEvent(name as never)!.topicHash) return undefined;
  return abi.decodeEventLog(name as never, data, [...topics]);
}

/** The transaction that carried a call of this operator with this nonce and content, whatever its deadline was. */
export async function findRelayed(
  registry: Registry,
  relay: string,
  relayed: RelayedCall,
): Promise<RelayedAt | undefined> {
  const { operator, nonce } = relayed;
  const { chain, fromBlock } = registry;
  const topics = relayedTopics(operator);
  const toBlock = await chain.blockNumber();
  for await (const page of chain.logs({ address: relay, topics, fromBlock, toBlock }))
    for (const log of page) {
      const fields = decoded(relayInterface, "Relayed", log, relay);
      if (fields === undefined || lower(fields.nonce) !== nonce) continue;
      const { transactionHash: hash, blockNumber, blockHash } = log;
      const sent = callIn((await chain.transaction(hash))?.input ?? "0x");
      if (sameCall(sent, relayed)) return { hash, blockNumber, blockHash };
    }
  return undefined;
}

/** What became of the nonce of a signed call. */
export type NonceState = "cancelled" | "cancelled before" | "carried out";

/**
 * Makes a signed call void for good: its operator uses up the nonce. Only the operator can, in its own name, and pays.
 *
 * @throws {CreditAnchorError} `relay.not-cancellable` for anchoring, which has no nonce; what {@link execute} throws.
 */
export async function cancelSigned(
  registry: Registry,
  relay: string,
  signer: TransactionSigner,
  relayed: RelayedCall,
  settings: SendSettings = {},
): Promise<{ readonly state: NonceState; readonly transaction: string | undefined }> {
  const { operator, nonce, call } = relayed;
  if (nonce === NO_NONCE)
    throw new CreditAnchorError("relay.not-cancellable", "anchoring has no nonce that could be cancelled", {
      hint: "it counts only in the place that it states: anchor another batch there, or let its deadline pass",
    });
  const before = await usedBy(registry, relay, relayed);
  if (before !== undefined) return before;
  const what = `cancel the signed call: ${describeCall(call).what}`;
  const data = relayInterface.encodeFunctionData("cancelNonce", [nonce]);
  let receipt: Receipt;
  try {
    receipt = await execute(registry, signer, { to: relay, data, what }, settings);
  } catch (error) {
    // Somebody may have sent the call meanwhile.
    const meanwhile = error instanceof RegistryRefusal ? await usedBy(registry, relay, relayed) : undefined;
    if (meanwhile === undefined) throw error;
    return meanwhile;
  }
  const isShown = receipt.logs.some((log) => {
    const fields = decoded(relayInterface, "NonceCancelled", log, relay);
    return fields !== undefined && lower(fields.operator) === operator && lower(fields.nonce) === nonce;
  });
  if (isShown) return { state: "cancelled", transaction: receipt.transactionHash };
  throw new CreditAnchorError(
    "registry.no-effect",
    `the receipt of transaction ${receipt.transactionHash} does not show that the relay did this: ${what}`,
    { hint: "the node may be lying: ask another node", exitStatus: 70 },
  );
}

/** Undefined: the nonce is free. */
async function usedBy(
  registry: Registry,
  relay: string,
  relayed: RelayedCall,
): Promise<{ readonly state: NonceState; readonly transaction: string | undefined } | undefined> {
  const data = relayInterface.encodeFunctionData("nonceUsed", [relayed.operator, relayed.nonce]);
  const answer = await registry.chain.call({ to: relay, data });
  const [used] = relayInterface.decodeFunctionResult("nonceUsed", answer);
  if (!used) return undefined;
  const place = await findRelayed(registry, relay, relayed);
  if (place === undefined) return { state: "cancelled before", transaction: undefined };
  return { state: "carried out", transaction: place.hash };
}

/** Whether the chain shows that this transaction carried this call: what a file says of it shows nothing. */
export async function wasRelayed(
  registry: Registry,
  relay: string,
  signed: SignedCall,
  { hash, blockHash }: RelayedAt,
): Promise<boolean> {
  const { chain } = registry;
  const receipt = await chain.receipt(hash);
  if (receipt?.succeeded !== true || receipt.blockHash !== blockHash) return false;
  if (!shows(registry, relay, receipt, signed, carried[describeCall(signed.call).name]!)) return false;
  return sameCall(callIn((await chain.transaction(hash))?.input ?? "0x"), signed);
}

/** Sent through another contract the content does not show; a nonce of its own says enough then. */
function sameCall(sent: string | undefined, { call, nonce }: RelayedCall): boolean {
  return sent === call || (sent === undefined && nonce !== NO_NONCE);
}

/** Of the events of calls that were carried for an operator. */
export function relayedTopics(operator: string): [event: string, operator: string] {
  return [relayInterface.getEvent("Relayed").topicHash, `0x${operator.slice(2).padStart(64, "0")}`];
}

/** Whose call data for the relay carry, and what the relay answers when its nonce was used. Undefined for other data. */
export function relayedCallIn(
  data: string,
): { readonly operator: string; readonly nonce: string; readonly refusal: string } | undefined {
  let relayed: Result;
  try {
    [relayed] = relayInterface.decodeFunctionData("relay", data) as unknown as [Result];
  } catch {
    return undefined;
  }
  const operator = lower(relayed.operator);
  const nonce = lower(relayed.nonce);
  return { operator, nonce, refusal: relayInterface.encodeErrorResult("NonceUsed", [operator, nonce]) };
}

/** The call of the registry in a transaction to the relay; undefined if it is something else. */
export function callIn(input: string): string | undefined {
  try {
    const [relayed] = relayInterface.decodeFunctionData("relay", input);
    return lower(relayed.call);
  } catch {
    return undefined;
  }
}
