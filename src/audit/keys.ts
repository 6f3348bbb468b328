/** Which key could do what when, and what it did: who was entitled, and what a compromised key may have done. */
import {
  ANCHOR_PERMISSION,
  lineOf,
  STATUS_PERMISSION,
  type AgencyState,
  type OperatorState,
  type RegistryState,
} from "./state";

/** An operator as its agency's events tell; that it was entitled to each thing it did is part of the replay. */
export interface KeyUse {
  readonly agencyId: number;
  readonly operator: string;
  readonly permissions: readonly ("anchor" | "status")[];
  /** Seconds. From when and until when, as granted last; revoking ends it. 2^53 - 1: for ever. */
  readonly validFrom: number;
  readonly validUntil: number;
  readonly revokedAt: number | null;
  /** Anchored by it for this agency, or for one that this agency succeeded. */
  readonly batches: number;
  readonly records: number;
  /** Events in which it moved records. */
  readonly acts: number;
  readonly compromise: CompromiseWindow | null;
}

/** From when until when somebody else may have used a key, and what it was used for then: flagged, never voided. */
export interface CompromiseWindow {
  readonly since: number;
  /** When it was declared so (last); the key was revoked by then. */
  readonly declaredAt: number;
  readonly revokedAt: number;
  readonly batches: readonly string[];
  /** Journal entries in which it moved records. */
  readonly entries: readonly number[];
}

export function keyUses(state: RegistryState): KeyUse[] {
  const agencies = [...state.agencies.values()];
  return agencies.flatMap((agency) =>
    [...agency.operators].map(([account, operator]) => keyUse(state, agency, account, operator)),
  );
}

function keyUse(state: RegistryState, agency: AgencyState, account: string, operator: OperatorState): KeyUse {
  const { permissions, validFrom, validUntil, revokedAt } = operator;
  const anchored = [...state.batches.values()].filter(
    ({ header, acting }) => header.operator === account && acting === agency.id,
  );
  const moved = state.statusActs.filter(({ actor, acting }) => actor === account && acting === agency.id);
  return {
    agencyId: agency.id,
    operator: account,
    permissions: [
      ...((permissions & ANCHOR_PERMISSION) === 0 ? [] : (["anchor"] as const)),
      ...((permissions & STATUS_PERMISSION) === 0 ? [] : (["status"] as const)),
    ],
    validFrom: seconds(validFrom),
    validUntil: seconds(validUntil),
    revokedAt: revokedAt ?? null,
    batches: anchored.length,
    records: anchored.reduce((sum, { header }) => sum + header.size, 0),
    acts: moved.length,
    compromise: compromiseOf(state, agency, account, operator),
  };
}

/** Whichever agency the key belonged to, what it did for any of its line is in doubt. */
function compromiseOf(
  state: RegistryState,
  agency: AgencyState,
  account: string,
  { compromisedSince, compromisedAt, revokedAt }: OperatorState,
): CompromiseWindow | null {
  if (compromisedSince === 0n || compromisedAt === undefined) return null;
  const concerns = (agencyId: number): boolean => {
    const owner = state.agencies.get(agencyId);
    return owner !== undefined && lineOf(state, owner).includes(agency);
  };
  return {
    since: seconds(compromisedSince),
    declaredAt: compromisedAt,
    revokedAt: revokedAt ?? compromisedAt,
    batches: [...state.batches.values()]
      .filter(
        ({ header }) =>
          header.operator === account &&
          BigInt(header.anchoredAt) >= compromisedSince &&
          concerns(header.agencyId),
      )
      .map(({ id }) => String(id)),
    entries: state.statusActs
      .filter(
        ({ actor, time, batchId }) =>
          actor === account && BigInt(time) >= compromisedSince && concerns(Number(batchId >> 32n)),
      )
      .map(({ where }) => where.entry!),
  };
}

/** A time of the chain may be later than a number can tell exactly: then it is later than every date, and stays so. */
function seconds(time: bigint): number {
  return time > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(time);
}
