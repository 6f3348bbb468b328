import { encodeBytes32String, type Result } from "ethers";
import type { CreditRegistry__factory } from "../typechain-types/factories/contracts/CreditRegistry__factory";
import { toHex } from "./bytes";
import type { BlockTag, Chain, Log } from "./chain";
import { batchId, domain, headerHash, type Header } from "./commitment";
import { labelText } from "./foreign-text";
import { CreditAnchorError } from "./errors";
import { explained } from "./registry-errors";
import { registryInterface } from "./interfaces";

type AbiItem = (typeof CreditRegistry__factory.abi)[number];
export type RegistryFunction = Extract<AbiItem, { type: "function" }>["name"];
export type RegistryEvent = Extract<AbiItem, { type: "event" }>["name"];

/** Standing of an agency, as in `ICreditRegistry`. */
export const Standing = { none: 0, active: 1, suspended: 2, closed: 3 } as const;

/** A registry on a chain: where to ask and where to send. */
export interface Registry {
  readonly chain: Chain;
  /** Lower-case `0x…`. */
  readonly address: string;
  /** Block of its deployment: no log lies before it. */
  readonly fromBlock: number;
}

export interface Agency {
  readonly id: number;
  readonly code: string;
  readonly keyCommitment: string;
  readonly administrator: string;
  /** Undefined if nobody has been named. */
  readonly pendingAdministrator: string | undefined;
  /** Seconds. */
  readonly admittedAt: number;
  /** See {@link Standing}. */
  readonly standing: number;
  readonly batchCount: number;
  /** 20 bytes. */
  readonly lastBatch: string;
  /** Id of the agency that acts for it since it was succeeded. */
  readonly successor: number | undefined;
}

export interface Operator {
  /** 1 anchor, 2 status, 3 both. */
  readonly permissions: number;
  readonly validFrom: number;
  readonly validUntil: number;
  /** Zero: never declared. */
  readonly compromisedSince: number;
  readonly revoked: boolean;
}

export interface AdmittedType {
  readonly id: number;
  readonly typeHash: string;
  readonly name: string;
  readonly personal: boolean;
  readonly admittedAt: number;
}

/** A batch as the chain shows it: header and the place of its transaction. */
export interface AnchoredBatch {
  readonly header: Header;
  readonly transactionHash: string;
  readonly blockNumber: number;
  readonly blockHash: string;
}

/**
 * Opens the registry at an address and makes sure that one is there: code, and the domain that only a registry of this
 * chain and address answers with.
 *
 * @throws {CreditAnchorError} `registry.none`, or `chain.*`.
 */
export async function openRegistry(chain: Chain, address: string, fromBlock = 0): Promise<Registry> {
  if (!/^0x[0-9a-fA-F]{40}$/.test(address))
    throw new CreditAnchorError("registry.address", "the address of the registry is not 20 bytes in hex");
  const registry = { chain, address: address.toLowerCase(), fromBlock };
  const none = (why: string): CreditAnchorError =>
    new CreditAnchorError(
      "registry.none",
      `there is no CreditRegistry at ${address} on chain ${chain.chainId}: ${why}`,
      {
        hint: "compare chain and address with the deployment record; a local chain forgets everything when it stops",
      },
    );
  if ((await chain.code(registry.address)) === "0x") throw none("no contract is there");
  let found: unknown;
  try {
    [found] = await view(registry, "domain", []);
  } catch (error) {
    if (error instanceof CreditAnchorError && error.code.startsWith("chain.")) throw error;
    throw none("the contract there is something else");
  }
  if (found !== toHex(domain(chain.chainId, registry.address)))
    throw none("the contract there answers for another one");
  return registry;
}

type ViewName =
  | "actingAgency"
  | "agency"
  | "agencyCount"
  | "agencyIdOf"
  | "authority"
  | "domain"
  | "headerHashOf"
  | "journal"
  | "latest"
  | "operator"
  | "paused"
  | "recordType"
  | "registrySuccessor"
  | "relay"
  | "statusWord"
  | "succession"
  | "typeCount"
  | "typeIdOf";

async function view(
  registry: Registry,
  name: ViewName,
  args: readonly unknown[],
  tag?: BlockTag,
): Promise<Result> {
  const data = registryInterface.encodeFunctionData(name as "agency", args as never);
  let answer: string;
  try {
    answer = await registry.chain.call({ to: registry.address, data }, tag);
  } catch (error) {
    throw explained(error);
  }
  try {
    return registryInterface.decodeFunctionResult(name as "agency", answer) as unknown as Result;
  } catch {
    throw new CreditAnchorError(
      "registry.answer",
      `the contract at ${registry.address} has no answer to ${name}()`,
      {
        hint: "is the address that of a CreditRegistry? credit-anchor doctor compares its code",
        exitStatus: 70,
      },
    );
  }
}

const lower = (value: unknown): string => String(value).toLowerCase();
const ZERO_ADDRESS = `0x${"0".repeat(40)}`;

/** A label (agency code, type name) as the contract stores it. @throws {CreditAnchorError} `registry.label`. */
export function labelBytes(text: string): string {
  if (!/^[\x21-\x7e]{1,31}$/.test(text))
    throw new CreditAnchorError(
      "registry.label",
      "a code or a name on the registry is 1 to 31 printable ASCII characters",
    );
  return encodeBytes32String(text);
}

/** Undefined if no such agency was admitted. */
export async function readAgency(
  registry: Registry,
  id: number,
  tag?: BlockTag,
): Promise<Agency | undefined> {
  const [agency] = (await view(registry, "agency", [id], tag)) as unknown as [Result];
  if (Number(agency.standing) === Standing.none) return undefined;
  return {
    id,
    code: labelText(agency.code),
    keyCommitment: lower(agency.keyCommitment),
    administrator: lower(agency.administrator),
    pendingAdministrator:
      agency.pendingAdministrator === ZERO_ADDRESS ? undefined : lower(agency.pendingAdministrator),
    admittedAt: Number(agency.admittedAt),
    standing: Number(agency.standing),
    batchCount: Number(agency.batchCount),
    lastBatch: lower(agency.lastBatch),
    successor: Number(agency.successor) === 0 ? undefined : Number(agency.successor),
  };
}

/** The agency that acts for one: itself, or the last of its chain of successors. */
export async function actingAgency(registry: Registry, id: number, tag?: BlockTag): Promise<number> {
  return Number((await view(registry, "actingAgency", [id], tag))[0]);
}

/** {@link actingAgency} as the registry knows it. */
export async function readActing(registry: Registry, agency: Agency, tag?: BlockTag): Promise<Agency> {
  if (agency.successor === undefined) return agency;
  return (await readAgency(registry, await actingAgency(registry, agency.id, tag), tag)) ?? agency;
}

/** Which consents to a succession there are. */
export async function readSuccession(
  registry: Registry,
  id: number,
  successor: number,
  tag?: BlockTag,
): Promise<{ readonly named: boolean; readonly accepted: boolean }> {
  const [named, accepted] = await view(registry, "succession", [id, successor], tag);
  return { named: Boolean(named), accepted: Boolean(accepted) };
}

/** Address of the relay that the registry believes about who acts. */
export async function relayOf(registry: Registry, tag?: BlockTag): Promise<string> {
  return lower((await view(registry, "relay", [], tag))[0]);
}

/** Undefined if the registry has named none. */
export async function registrySuccessor(registry: Registry, tag?: BlockTag): Promise<string | undefined> {
  const successor = lower((await view(registry, "registrySuccessor", [], tag))[0]);
  return successor === ZERO_ADDRESS ? undefined : successor;
}

/** Undefined if no agency has this code. */
export async function agencyIdOf(
  registry: Registry,
  code: string,
  tag?: BlockTag,
): Promise<number | undefined> {
  const [id] = await view(registry, "agencyIdOf", [labelBytes(code)], tag);
  return Number(id) === 0 ? undefined : Number(id);
}

export async function agencyCount(registry: Registry, tag?: BlockTag): Promise<number> {
  return Number((await view(registry, "agencyCount", [], tag))[0]);
}

/** Permissions are 0 for an account that never was an operator. */
export async function readOperator(
  registry: Registry,
  agencyId: number,
  account: string,
  tag?: BlockTag,
): Promise<Operator> {
  const [operator] = (await view(registry, "operator", [agencyId, account], tag)) as unknown as [Result];
  return {
    permissions: Number(operator.permissions),
    validFrom: Number(operator.validFrom),
    validUntil: Number(operator.validUntil),
    compromisedSince: Number(operator.compromisedSince),
    revoked: Boolean(operator.revoked),
  };
}

/** Undefined if no such type was admitted. */
export async function readType(
  registry: Registry,
  id: number,
  tag?: BlockTag,
): Promise<AdmittedType | undefined> {
  const [type] = (await view(registry, "recordType", [id], tag)) as unknown as [Result];
  if (Number(type.admittedAt) === 0) return undefined;
  return {
    id,
    typeHash: lower(type.typeHash),
    name: labelText(type.name),
    personal: Boolean(type.personal),
    admittedAt: Number(type.admittedAt),
  };
}

/** Undefined if no admitted type has this hash. */
export async function typeIdOf(
  registry: Registry,
  typeHash: string,
  tag?: BlockTag,
): Promise<number | undefined> {
  const [id] = await view(registry, "typeIdOf", [typeHash], tag);
  return Number(id) === 0 ? undefined : Number(id);
}

export async function typeCount(registry: Registry, tag?: BlockTag): Promise<number> {
  return Number((await view(registry, "typeCount", [], tag))[0]);
}

/** Undefined if there is no such batch. */
export async function headerHashOf(
  registry: Registry,
  agencyId: number,
  sequence: number,
  tag?: BlockTag,
): Promise<string | undefined> {
  const [hash] = await view(registry, "headerHashOf", [batchId(agencyId, sequence)], tag);
  return /^0x0{64}$/.test(String(hash)) ? undefined : lower(hash);
}

/** Status bytes of leaves `32 · word` to `32 · word + 31`, the first in the lowest byte. */
export async function statusWord(
  registry: Registry,
  agencyId: number,
  sequence: number,
  word: number,
  tag?: BlockTag,
): Promise<bigint> {
  return BigInt((await view(registry, "statusWord", [batchId(agencyId, sequence), word], tag))[0] as bigint);
}

/** Status bytes of some leaves of a batch; each word is read once. */
export async function statusesOf(
  registry: Registry,
  agencyId: number,
  sequence: number,
  indexes: readonly number[],
  tag?: BlockTag,
): Promise<number[]> {
  const words = new Map<number, bigint>();
  const statuses: number[] = [];
  for (const index of indexes) {
    const word = index >>> 5;
    if (!words.has(word)) words.set(word, await statusWord(registry, agencyId, sequence, word, tag));
    statuses.push(Number((words.get(word)! >> BigInt(8 * (index & 31))) & 0xffn));
  }
  return statuses;
}

/** The latest directly anchored version of a record; undefined if there is none. */
export async function latestDirect(
  registry: Registry,
  agencyId: number,
  recordKey: string,
  tag?: BlockTag,
): Promise<{ readonly batchId: string; readonly version: number; readonly status: number } | undefined> {
  const [latest] = (await view(registry, "latest", [agencyId, recordKey], tag)) as unknown as [Result];
  if (Number(latest.batchId) === 0) return undefined;
  return { batchId: String(latest.batchId), version: Number(latest.version), status: Number(latest.status) };
}

export async function isPaused(registry: Registry, tag?: BlockTag): Promise<boolean> {
  return Boolean((await view(registry, "paused", [], tag))[0]);
}

/** Number of entries of the journal, and the running hash over them. */
export async function readJournal(
  registry: Registry,
  tag?: BlockTag,
): Promise<{ readonly length: number; readonly head: string }> {
  const [length, head] = await view(registry, "journal", [], tag);
  return { length: Number(length), head: lower(head) };
}

/** Address of the AccessManager that decides about the restricted functions. */
export async function authorityOf(registry: Registry, tag?: BlockTag): Promise<string> {
  return lower((await view(registry, "authority", [], tag))[0]);
}

// ------------------------------------------------------------------ batches from logs

const batchAnchored = registryInterface.getEvent("BatchAnchored");

/**
 * The header that a `BatchAnchored` log of this registry describes; undefined for any other log. Emitter, topic and
 * every argument count; whether the header is the anchored one is decided by its hash alone, see {@link batchAt}.
 */
export function batchOf(registry: Registry, log: Log): AnchoredBatch | undefined {
  if (log.address !== registry.address || log.topics[0] !== batchAnchored.topicHash) return undefined;
  let fields: Result;
  try {
    fields = registryInterface.decodeEventLog(batchAnchored, log.data, [...log.topics]);
  } catch {
    return undefined;
  }
  const id = BigInt(fields.batchId as bigint);
  const header: Header = {
    format: 1,
    agencyId: Number(id >> 32n),
    typeId: Number(fields.typeId),
    sequence: Number(id & 0xffffffffn),
    size: Number(fields.size),
    anchoredAt: Number(fields.anchoredAt),
    operator: lower(fields.operator),
    previous: lower(fields.previous),
    root: lower(fields.root),
    manifestHash: lower(fields.manifestHash),
  };
  const { transactionHash, blockNumber, blockHash } = log;
  return { header, transactionHash, blockNumber, blockHash };
}

/** Blocks searched at once for the log of one batch, from the head backwards. */
const SEARCH_SPAN = 50_000;

/**
 * The batch at a place in an agency's history, proved by the hash the chain stores for it.
 *
 * @param newest The block it is in, or a later one, to search from; default, and if it is not found from there: the head.
 * @returns undefined if there is none.
 * @throws {CreditAnchorError} `registry.no-event` if the node has the hash and not the event: it hides or has pruned it.
 */
export async function batchAt(
  registry: Registry,
  agencyId: number,
  sequence: number,
  newest?: number,
): Promise<AnchoredBatch | undefined> {
  const stored = await headerHashOf(registry, agencyId, sequence);
  if (stored === undefined) return undefined;
  const { chain } = registry;
  const topic = `0x${BigInt(batchId(agencyId, sequence)).toString(16).padStart(64, "0")}`;
  const topics = [batchAnchored.topicHash, topic];
  for (
    let toBlock = newest ?? (await chain.blockNumber());
    toBlock >= registry.fromBlock;
    toBlock -= SEARCH_SPAN
  ) {
    const fromBlock = Math.max(registry.fromBlock, toBlock - SEARCH_SPAN + 1);
    for await (const page of chain.logs({ address: registry.address, topics, fromBlock, toBlock }))
      for (const log of page) {
        const batch = batchOf(registry, log);
        if (batch !== undefined && toHex(headerHash(batch.header)) === stored) return batch;
      }
  }
  if (newest !== undefined) return batchAt(registry, agencyId, sequence);
  // Between the two questions a reorganisation may have changed the hash: then there is nothing wrong with the node.
  if ((await headerHashOf(registry, agencyId, sequence)) !== stored)
    return batchAt(registry, agencyId, sequence);
  throw new CreditAnchorError(
    "registry.no-event",
    `node ${chain.node} knows that batch ${batchId(agencyId, sequence)} is anchored, but gives no event with its header`,
    { hint: "the node hides logs or has pruned them: use another node", exitStatus: 70 },
  );
}
