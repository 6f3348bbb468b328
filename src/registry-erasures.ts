import { AbiCoder, keccak256, type Result } from "ethers";
import type { Log } from "./chain";
import { batchId } from "./commitment";
import { decodeSpans, type Span } from "./positions";
import { callIn } from "./registry-relay";
import { readActing, readAgency, readOperator, statusesOf, type Registry } from "./registry-views";
import { registryInterface } from "./interfaces";

/** An erasure that one operator proposed and nobody confirmed: any other operator can, at any time. */
export interface OpenErasure {
  /** Public id of the batch. */
  readonly batch: string;
  /** As the registry names it: `H(abi.encode(batchId, positions, reason, evidenceHash))`. */
  readonly proposal: string;
  readonly proposer: string;
  /** Whether the proposer is an operator still: otherwise nobody can confirm it, and another may propose it again. */
  readonly stands: boolean;
  /** Seconds, by the block. */
  readonly proposedAt: number;
  /** What was proposed, by the transaction; absent if it went through another contract and does not show it. */
  readonly content?: { readonly positions: number; readonly reason: number };
}

const STATUS_PERMISSION = 2;
const ERASED = 8;
/** One erased record among the positions makes a proposal void; so many of them are looked at. */
const POSITIONS_LOOKED_AT = 256;

/** All open proposals of an agency, the oldest first, by the events of one node. */
export async function openErasures(registry: Registry, agencyId: number): Promise<OpenErasure[]> {
  const open = new Map<string, Log>();
  for (const log of await erasureLogs(registry)) {
    const event = registryInterface.parseLog(log)!;
    if (Number(BigInt(event.args.batchId as bigint) >> 32n) !== agencyId) continue;
    // Proposed again, by another operator, it is the later one that counts.
    if (event.name === "ErasureProposed") open.set(String(event.args.proposal), log);
    else open.delete(proposalOf(event.args.toObject()));
  }
  const found: OpenErasure[] = [];
  for (const log of open.values()) {
    const erasure = await describe(registry, agencyId, log);
    if (erasure !== undefined) found.push(erasure);
  }
  return found;
}

async function erasureLogs(registry: Registry): Promise<Log[]> {
  const { chain, address, fromBlock } = registry;
  const topics = [
    ["ErasureProposed", "RecordsErased"].map((name) => registryInterface.getEvent(name as never)!.topicHash),
  ];
  const logs: Log[] = [];
  for await (const page of chain.logs({ address, topics, fromBlock, toBlock: await chain.blockNumber() }))
    logs.push(...page);
  return logs;
}

/** Undefined for a proposal that no confirmation can follow any more, because some of it was erased otherwise. */
async function describe(registry: Registry, agencyId: number, log: Log): Promise<OpenErasure | undefined> {
  const { args } = registryInterface.parseLog(log)!;
  const id = BigInt(args.batchId as bigint);
  const proposal = String(args.proposal);
  const proposer = String(args.actor).toLowerCase();
  const content = await contentOf(registry, log, proposal, id);
  if (content !== undefined && (await hasErased(registry, id, content.spans))) return undefined;
  const positions = content?.spans.reduce((sum, { first, last }) => sum + last - first + 1, 0) ?? 0;
  return {
    batch: batchId(agencyId, Number(id & 0xffffffffn)),
    proposal,
    proposer,
    stands: await standsAs(registry, agencyId, proposer),
    proposedAt: (await registry.chain.block(log.blockNumber))?.time ?? 0,
    ...(content === undefined ? {} : { content: { positions, reason: content.reason } }),
  };
}

/** What the transaction proposed, sent by the operator or through the relay, if it is what the event names. */
async function contentOf(
  { chain }: Registry,
  log: Log,
  proposal: string,
  batch: bigint,
): Promise<{ readonly spans: readonly Span[]; readonly reason: number } | undefined> {
  const input = (await chain.transaction(log.transactionHash))?.input ?? "0x";
  let args: Result;
  try {
    args = registryInterface.decodeFunctionData("proposeErasure", callIn(input) ?? input);
  } catch {
    return undefined;
  }
  const { positions, reason, evidenceHash } = args as unknown as Record<string, unknown>;
  if (proposalOf({ batchId: batch, positions, reason, evidenceHash }) !== proposal) return undefined;
  return { spans: decodeSpans(String(positions)), reason: Number(reason) };
}

async function standsAs(registry: Registry, agencyId: number, account: string): Promise<boolean> {
  const agency = await readAgency(registry, agencyId);
  if (agency === undefined) return false;
  const acting = await readActing(registry, agency);
  const { permissions, revoked, validFrom, validUntil } = await readOperator(registry, acting.id, account);
  const now = (await registry.chain.block("latest"))?.time ?? 0;
  return (permissions & STATUS_PERMISSION) !== 0 && !revoked && validFrom <= now && now < validUntil;
}

async function hasErased(registry: Registry, batch: bigint, spans: readonly Span[]): Promise<boolean> {
  const indexes: number[] = [];
  for (const { first, last } of spans)
    for (let index = first; index <= last && indexes.length < POSITIONS_LOOKED_AT; index++)
      indexes.push(index);
  const statuses = await statusesOf(registry, Number(batch >> 32n), Number(batch & 0xffffffffn), indexes);
  return statuses.some((status) => (status & ERASED) !== 0);
}

/** How the registry names a proposal, by `batchId`, `positions`, `reason` and `evidenceHash`. */
export function proposalOf(fields: Readonly<Record<string, unknown>>): string {
  const { batchId: id, positions, reason, evidenceHash } = fields;
  const types = ["uint64", "bytes", "uint16", "bytes32"];
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, [id, positions, reason, evidenceHash]));
}
