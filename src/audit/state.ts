import { toHex } from "../bytes";
import { domain, type Header } from "../commitment";
import type { Hashes } from "../hashes";
import type { Span } from "../positions";
import type { Where } from "./differences";
import type { Move, StatusWords } from "./moves";
import type { RestrictedAct } from "./roles";

export type Standing = "None" | "Active" | "Suspended" | "Closed";

export const ANCHOR_PERMISSION = 1;
export const STATUS_PERMISSION = 2;

export interface OperatorState {
  permissions: number;
  validFrom: bigint;
  validUntil: bigint;
  compromisedSince: bigint;
  revoked: boolean;
  /** When it was revoked; and when it was last declared compromised. Undefined: never. */
  revokedAt: number | undefined;
  compromisedAt: number | undefined;
}

export interface AgencyState {
  readonly id: number;
  code: string;
  keyCommitment: string;
  administrator: string;
  pendingAdministrator: string;
  admittedAt: number;
  standing: Standing;
  batchCount: number;
  lastBatch: string;
  /** Agency that acts for it since it was succeeded; 0 if it was not. */
  successor: number;
  /** Whom its administrator named; 0 for nobody. */
  namedSuccessor: number;
  /** Agencies that have consented to succeed it. */
  readonly acceptedBy: Set<number>;
  readonly operators: Map<string, OperatorState>;
  /** Directly anchored records by record key. */
  readonly latest: Map<string, { batchId: bigint; version: number }>;
}

export interface TypeState {
  readonly id: number;
  readonly typeHash: string;
  readonly name: string;
  readonly personal: boolean;
  readonly admittedAt: number;
}

export interface BatchState {
  readonly id: bigint;
  readonly header: Header;
  readonly headerHash: string;
  readonly block: number;
  readonly transaction: string;
  readonly entry: number;
  /** The agency whose operator anchored it: the one that acted for the batch's agency then. */
  readonly acting: number;
  readonly words: StatusWords;
  /** Of a direct batch: its only leaf. */
  leaf: string | undefined;
  /** Its operator was declared compromised since before it was anchored: flagged, never voided. */
  flagged: boolean;
}

/** What an event says became of records of a batch. */
export interface StatusAct {
  readonly batchId: bigint;
  readonly spans: readonly Span[];
  readonly move: Move;
  readonly reason: number;
  readonly actor: string;
  /** The agency that acted for the batch's agency then. */
  readonly acting: number;
  readonly time: number;
  readonly where: Where;
}

/** A supersession whose successor has to be found among the agency's leaves. */
export interface Succession {
  readonly batchId: bigint;
  readonly index: number;
  readonly successor: string;
  readonly entry: number;
  readonly block: number;
  readonly transaction: string;
  readonly logIndex: number;
}

/** What the registry must be, as its events tell. */
export interface RegistryState {
  readonly chainId: number;
  readonly registry: string;
  readonly domain: Uint8Array;
  paused: boolean;
  authority: string | undefined;
  /** That one and those before it, in the order of the chain. */
  readonly obeyed: Obeyed[];
  /** The registry that comes after this one. */
  successor: string;
  readonly agencies: Map<number, AgencyState>;
  readonly agencyIds: Map<string, number>;
  readonly types: Map<number, TypeState>;
  readonly typeIds: Map<string, number>;
  readonly batches: Map<bigint, BatchState>;
  /** Proposer of each open erasure, by proposal. */
  readonly proposals: Map<string, { proposer: string; batchId: bigint }>;
  readonly successions: Succession[];
  /** In the order of the chain. */
  readonly statusActs: StatusAct[];
  /** What only holders of a role may do, in the order of the chain. */
  readonly restrictedActs: RestrictedAct[];
}

/** The authority that a registry obeyed when something happened: before the log of that number, if it was in this block. */
export function obeyedAt(
  obeyed: readonly Obeyed[],
  at: { readonly blockNumber: number; readonly logIndex: number },
): string | undefined {
  return obeyed.findLast(
    ({ blockNumber, logIndex }) =>
      blockNumber < at.blockNumber || (blockNumber === at.blockNumber && logIndex < at.logIndex),
  )?.authority;
}

export function emptyState(chainId: number, registry: string, hashes: Hashes): RegistryState {
  return {
    chainId,
    registry,
    domain: domain(chainId, registry, hashes),
    paused: false,
    authority: undefined,
    obeyed: [],
    successor: ZERO_ADDRESS,
    agencies: new Map(),
    agencyIds: new Map(),
    types: new Map(),
    typeIds: new Map(),
    batches: new Map(),
    proposals: new Map(),
    successions: [],
    statusActs: [],
    restrictedActs: [],
  };
}

/** An authority that the registry came to obey, and the log that told. */
export interface Obeyed {
  readonly authority: string;
  readonly blockNumber: number;
  readonly logIndex: number;
}

/** An agency and those that acted for it one after another; the last one acts now. */
export function lineOf(state: RegistryState, agency: AgencyState): AgencyState[] {
  const line = [agency];
  // Events that contradict the rules may make a circle; the registry cannot.
  for (let next = state.agencies.get(agency.successor); next !== undefined && !line.includes(next);)
    next = state.agencies.get(line[line.push(next) - 1]!.successor);
  return line;
}

/**
 * Whether a batch's operator was declared compromised since before it was anchored. Whichever agency of the line the
 * key belonged to: the suspicion counts.
 */
export function isInDoubt(state: RegistryState, { header }: Pick<BatchState, "header">): boolean {
  const agency = state.agencies.get(header.agencyId);
  return (agency === undefined ? [] : lineOf(state, agency)).some(({ operators }) => {
    const since = operators.get(header.operator)?.compromisedSince ?? 0n;
    return since !== 0n && BigInt(header.anchoredAt) >= since;
  });
}

/** The agency that acts for one: itself, or the last of its chain of successors. */
export function actingFor(state: RegistryState, agency: AgencyState): AgencyState {
  return lineOf(state, agency).at(-1)!;
}

/** Whether an account could use a permission at a time in seconds. */
export function isEntitled(agency: AgencyState, account: string, permission: number, time: number): boolean {
  const operator = agency.operators.get(account);
  if (operator === undefined || operator.revoked || (operator.permissions & permission) === 0) return false;
  return BigInt(time) >= operator.validFrom && BigInt(time) < operator.validUntil;
}

export const ZERO_ADDRESS = toHex(new Uint8Array(20));
export const ZERO_WORD = toHex(new Uint8Array(32));
