import type { Receipt } from "./chain";
import type { Header } from "./commitment";
import { batchId } from "./commitment";
import { CreditAnchorError } from "./errors";
import { encodePositions } from "./positions";
import {
  type Call,
  execute,
  registryCall,
  requireEvent,
  type SendSettings,
  type TransactionSigner,
} from "./registry";
import { RegistryRefusal } from "./registry-errors";
import { admissionOf, scheduleCall } from "./registry-delayed";
import {
  agencyIdOf,
  isPaused,
  labelBytes,
  readAgency,
  readOperator,
  readSuccession,
  readType,
  type Registry,
  type RegistryEvent,
  Standing,
  typeIdOf,
} from "./registry-views";

/**
 * Acts that are done once, by hand: each is success when it is done already, so running a command again is harmless.
 * Every function throws {@link RegistryRefusal} when the registry refuses, and `chain.*` when there is no chain.
 */

/** What an act came to. */
export interface Done {
  /** It was so already; nothing was sent. */
  readonly already: boolean;
  /** Hash of the transaction that did it, or scheduled it. */
  readonly transaction?: string;
  /** The act waits: asked for again after this time, in seconds, it is done. Until then the guardian can cancel it. */
  readonly waitsUntil?: number;
}

/** Who acts, and how. */
export interface Actor {
  readonly registry: Registry;
  readonly signer: TransactionSigner;
  readonly settings?: SendSettings;
}

const already: Done = { already: true };

async function act(
  { registry, signer, settings }: Actor,
  call: Call,
  event: RegistryEvent,
  expected: Record<string, unknown>,
  learned: readonly string[] = [],
): Promise<Done & { readonly receipt: Receipt; readonly fields: ReturnType<typeof requireEvent> }> {
  const receipt = await execute(registry, signer, call, settings);
  const fields = requireEvent(registry, receipt, event, expected, learned);
  return { already: false, transaction: receipt.transactionHash, receipt, fields };
}

const done = ({ transaction }: Done): Done => ({ already: false, transaction: transaction! });

/** An act that a role is needed for: done at once, or scheduled and done when its delay is over. */
async function restrictedAct(
  actor: Actor,
  call: Call,
  event: RegistryEvent,
  expected: Record<string, unknown>,
): Promise<Done> {
  return (await delayed(actor, call)) ?? done(await act(actor, call, event, expected));
}

/** Undefined if the call can be made now, or would be refused. */
async function delayed({ registry, signer, settings }: Actor, call: Call): Promise<Done | undefined> {
  const admission = await admissionOf(registry, signer.address, call);
  if (admission.kind === "waiting") return { already: true, waitsUntil: admission.from };
  if (admission.kind !== "unscheduled") return undefined;
  const { from, transaction } = await scheduleCall(registry, signer, call, settings);
  return { already: false, transaction, waitsUntil: from };
}

export interface NewAgency {
  /** Public code, in China the USCC. */
  readonly code: string;
  readonly administrator: string;
  /** `H(0x05 ‖ agency key)`. */
  readonly keyCommitment: string;
}

/**
 * Admits an agency. By the registrar. Its id is 0 while the act waits.
 * @throws {CreditAnchorError} `registry.agency-differs` if its code was admitted with another key.
 */
export async function admitAgency(
  actor: Actor,
  agency: NewAgency,
): Promise<Done & { readonly agencyId: number }> {
  const { registry } = actor;
  const known = await agencyIdOf(registry, agency.code);
  if (known !== undefined) {
    const found = await readAgency(registry, known);
    if (found?.keyCommitment === agency.keyCommitment) return { ...already, agencyId: known };
    throw new CreditAnchorError(
      "registry.agency-differs",
      `the code ${agency.code} belongs to agency ${known}, which was admitted with another agency key`,
      { hint: "the agency's records can only be continued with the key it was admitted with: use its home" },
    );
  }
  const code = labelBytes(agency.code);
  const { administrator, keyCommitment } = agency;
  const call = registryCall(
    registry,
    "admitAgency",
    [code, administrator, keyCommitment],
    `admit agency ${agency.code}`,
  );
  const waits = await delayed(actor, call);
  if (waits !== undefined) return { ...waits, agencyId: 0 };
  const result = await act(actor, call, "AgencyAdmitted", { code, administrator, keyCommitment }, [
    "agencyId",
  ]);
  return { ...done(result), agencyId: Number(result.fields.agencyId) };
}

async function standingOf({ registry }: Actor, agencyId: number): Promise<number> {
  return (await readAgency(registry, agencyId))?.standing ?? Standing.none;
}

/** Suspends an agency at once. By the guardian. */
export async function suspendAgency(actor: Actor, agencyId: number, reason: number): Promise<Done> {
  if ((await standingOf(actor, agencyId)) === Standing.suspended) return already;
  const call = registryCall(
    actor.registry,
    "suspendAgency",
    [agencyId, reason],
    `suspend agency ${agencyId}`,
  );
  return restrictedAct(actor, call, "AgencySuspended", { agencyId, reason, actor: actor.signer.address });
}

/** Makes a suspended agency active again. By the registrar. */
export async function reinstateAgency(actor: Actor, agencyId: number, reason: number): Promise<Done> {
  if ((await standingOf(actor, agencyId)) === Standing.active) return already;
  const call = registryCall(
    actor.registry,
    "reinstateAgency",
    [agencyId, reason],
    `reinstate agency ${agencyId}`,
  );
  return restrictedAct(actor, call, "AgencyReinstated", { agencyId, reason, actor: actor.signer.address });
}

/** Closes an agency, for ever. By the registrar. */
export async function closeAgency(actor: Actor, agencyId: number, reason: number): Promise<Done> {
  if ((await standingOf(actor, agencyId)) === Standing.closed) return already;
  const call = registryCall(actor.registry, "closeAgency", [agencyId, reason], `close agency ${agencyId}`);
  return restrictedAct(actor, call, "AgencyClosed", { agencyId, reason, actor: actor.signer.address });
}

/** Names the next administrator, who has to accept. By the administrator. */
export async function nameAdministrator(
  actor: Actor,
  agencyId: number,
  administrator: string,
): Promise<Done> {
  const agency = await readAgency(actor.registry, agencyId);
  if (agency?.pendingAdministrator === administrator.toLowerCase()) return already;
  const what = `name an administrator of agency ${agencyId}`;
  const call = registryCall(actor.registry, "nameAdministrator", [agencyId, administrator], what);
  return done(await act(actor, call, "AdministratorNamed", { agencyId, administrator }));
}

/** Becomes administrator, having been named. */
export async function acceptAdministration(actor: Actor, agencyId: number): Promise<Done> {
  const { address: administrator } = actor.signer;
  if ((await readAgency(actor.registry, agencyId))?.administrator === administrator.toLowerCase())
    return already;
  const what = `become administrator of agency ${agencyId}`;
  const call = registryCall(actor.registry, "acceptAdministration", [agencyId], what);
  return done(await act(actor, call, "AdministratorChanged", { agencyId, administrator }));
}

/** Replaces an administrator whose key is lost or stolen. By the recoverer; in production after a long delay. */
export async function recoverAdministrator(
  actor: Actor,
  agencyId: number,
  administrator: string,
  reason: number,
): Promise<Done> {
  if ((await readAgency(actor.registry, agencyId))?.administrator === administrator.toLowerCase())
    return already;
  const what = `recover the administrator of agency ${agencyId}`;
  const args = [agencyId, administrator, reason];
  const call = registryCall(actor.registry, "recoverAdministrator", args, what);
  const expected = { agencyId, administrator, reason, actor: actor.signer.address };
  return restrictedAct(actor, call, "AdministratorRecovered", expected);
}

/** Consents to be succeeded, by the agency's administrator; successor 0 takes the consent back. */
export async function nameSuccessor(actor: Actor, agencyId: number, successor: number): Promise<Done> {
  if (successor !== 0 && (await readSuccession(actor.registry, agencyId, successor)).named) return already;
  const what =
    successor === 0
      ? `name no successor of agency ${agencyId}`
      : `name agency ${successor} as successor of agency ${agencyId}`;
  const call = registryCall(actor.registry, "nameSuccessor", [agencyId, successor], what);
  return done(await act(actor, call, "SuccessorNamed", { agencyId, successor }));
}

/** Consents to succeed an agency. By the successor's administrator. */
export async function acceptSuccession(actor: Actor, agencyId: number, successor: number): Promise<Done> {
  if ((await readSuccession(actor.registry, agencyId, successor)).accepted) return already;
  const what = `accept that agency ${successor} succeeds agency ${agencyId}`;
  const call = registryCall(actor.registry, "acceptSuccession", [agencyId, successor], what);
  return done(await act(actor, call, "SuccessionAccepted", { agencyId, successor }));
}

/** Takes the consent to succeed an agency back, before that agency was succeeded. By the successor's administrator. */
export async function declineSucceeding(actor: Actor, agencyId: number, successor: number): Promise<Done> {
  if (!(await readSuccession(actor.registry, agencyId, successor)).accepted) return already;
  const what = `take back that agency ${successor} succeeds agency ${agencyId}`;
  const call = registryCall(actor.registry, "declineSucceeding", [agencyId, successor], what);
  return done(await act(actor, call, "SuccessionDeclined", { agencyId, successor }));
}

/**
 * Closes an agency and lets its successor act for it, for ever.
 *
 * @param consent `both`: by the registrar, with the consent of both agencies. `successor`: by the recoverer, with the
 * successor's alone, for an agency whose administrator cannot consent any more or that is closed already.
 */
export async function succeedAgency(
  actor: Actor,
  agencyId: number,
  successor: number,
  reason: number,
  consent: "both" | "successor",
): Promise<Done> {
  if ((await readAgency(actor.registry, agencyId))?.successor === successor) return already;
  const what = `let agency ${successor} succeed agency ${agencyId}`;
  const name = consent === "both" ? "succeedAgency" : "succeedWithoutConsent";
  const call = registryCall(actor.registry, name, [agencyId, successor, reason], what);
  const expected = { agencyId, successor, reason, actor: actor.signer.address };
  return restrictedAct(actor, call, "AgencySucceeded", expected);
}

export interface NewOperator {
  readonly agencyId: number;
  readonly account: string;
  /** 1 anchor, 2 status, 3 both. */
  readonly permissions: number;
  /** Seconds; 0 or a time that has passed means now. */
  readonly validFrom: number;
  /** Seconds. */
  readonly validUntil: number;
}

/** Adds an operator or changes its permissions and validity. By the agency's administrator. */
export async function setOperator(actor: Actor, operator: NewOperator): Promise<Done> {
  const { registry } = actor;
  const { agencyId, account, permissions, validFrom, validUntil } = operator;
  const found = await readOperator(registry, agencyId, account);
  const now = (await registry.chain.block("latest"))?.time ?? 0;
  const sameBeginning = found.validFrom === validFrom || (found.validFrom <= now && validFrom <= now);
  if (!found.revoked && found.permissions === permissions && found.validUntil === validUntil && sameBeginning)
    return already;
  const what = `add operator ${account} to agency ${agencyId}`;
  const call = registryCall(
    registry,
    "setOperator",
    [agencyId, account, permissions, validFrom, validUntil],
    what,
  );
  const expected = { agencyId, operator: account, permissions, validUntil };
  return done(await act(actor, call, "OperatorAdded", expected, ["validFrom"]));
}

/** Ends an operator's validity, for ever. By the agency's administrator or the operator itself. */
export async function revokeOperator(actor: Actor, agencyId: number, account: string): Promise<Done> {
  if ((await readOperator(actor.registry, agencyId, account)).revoked) return already;
  const what = `revoke operator ${account} of agency ${agencyId}`;
  const call = registryCall(actor.registry, "revokeOperator", [agencyId, account], what);
  return done(await act(actor, call, "OperatorRevoked", { agencyId, operator: account }));
}

/** Revokes an operator and records since when its key may have been in other hands. By the administrator. */
export async function declareCompromised(
  actor: Actor,
  agencyId: number,
  account: string,
  since: number,
): Promise<Done> {
  if ((await readOperator(actor.registry, agencyId, account)).compromisedSince === since) return already;
  const what = `declare operator ${account} of agency ${agencyId} compromised`;
  const call = registryCall(actor.registry, "declareCompromised", [agencyId, account, since], what);
  return done(await act(actor, call, "OperatorCompromised", { agencyId, operator: account, since }));
}

export interface NewType {
  readonly typeHash: string;
  readonly name: string;
  readonly personal: boolean;
}

/**
 * Admits a record type, for ever. By the registrar. Its id is 0 while the act waits.
 * @throws {CreditAnchorError} `registry.type-differs` if this very type was admitted with another name or flag.
 */
export async function admitType(actor: Actor, type: NewType): Promise<Done & { readonly typeId: number }> {
  const { registry } = actor;
  const known = await typeIdOf(registry, type.typeHash);
  if (known !== undefined) {
    const found = await readType(registry, known);
    if (found?.name === type.name && found.personal === type.personal) return { ...already, typeId: known };
    throw new CreditAnchorError(
      "registry.type-differs",
      `this record type is admitted as type ${known}, described otherwise`,
      {
        hint: `compare it with: credit-anchor type show ${known}`,
      },
    );
  }
  const { typeHash, personal } = type;
  const name = labelBytes(type.name);
  const call = registryCall(
    registry,
    "admitType",
    [typeHash, name, personal],
    `admit record type ${type.name}`,
  );
  const waits = await delayed(actor, call);
  if (waits !== undefined) return { ...waits, typeId: 0 };
  const result = await act(actor, call, "TypeAdmitted", { typeHash, name, personal }, ["typeId"]);
  return { ...done(result), typeId: Number(result.fields.typeId) };
}

/** Stops anchoring and moves of validity, withdrawing apart. By the guardian. */
export async function pauseRegistry(actor: Actor, reason: number): Promise<Done> {
  if (await isPaused(actor.registry)) return already;
  const call = registryCall(actor.registry, "pause", [reason], "pause the registry");
  return restrictedAct(actor, call, "Paused", { reason, actor: actor.signer.address });
}

/** Ends a pause. By the unpauser. */
export async function unpauseRegistry(actor: Actor, reason: number): Promise<Done> {
  if (!(await isPaused(actor.registry))) return already;
  const call = registryCall(actor.registry, "unpause", [reason], "end the pause of the registry");
  return restrictedAct(actor, call, "Unpaused", { reason, actor: actor.signer.address });
}

/** Leaves of one batch, and why something happens to them. */
export interface Places {
  readonly header: Header;
  /** Strictly ascending leaf indexes. */
  readonly indexes: readonly number[];
  readonly reason: number;
  /** 32 zero bytes: none. */
  readonly evidenceHash: string;
}

/**
 * Sets or clears marks (16 Disputed, 32 UnderReview, 64 RepairPending, 128 Masked).
 *
 * @param by `agency`: an operator with the permission status. `arbiter`: the role, on records of any agency.
 */
export async function changeMarks(
  actor: Actor,
  places: Places,
  marks: number,
  change: "set" | "clear",
  by: "agency" | "arbiter",
): Promise<Done> {
  const { header, indexes, reason, evidenceHash } = places;
  const names = {
    agency: { set: "setMarks", clear: "clearMarks" },
    arbiter: { set: "arbiterSetMarks", clear: "arbiterClearMarks" },
  } as const;
  const id = batchId(header.agencyId, header.sequence);
  const positions = encodePositions(indexes);
  const args = [header, positions, marks, reason, evidenceHash];
  const call = registryCall(actor.registry, names[by][change], args, `${change} marks in batch ${id}`);
  const expected = { batchId: id, marks, actor: actor.signer.address, positions, reason, evidenceHash };
  const event = change === "set" ? "MarksSet" : "MarksCleared";
  return by === "arbiter"
    ? restrictedAct(actor, call, event, expected)
    : done(await act(actor, call, event, expected));
}

/** First step of recording that payloads and secrets are destroyed; another operator confirms. */
export async function proposeErasure(actor: Actor, places: Places): Promise<Done> {
  const id = batchId(places.header.agencyId, places.header.sequence);
  const call = erasureCall(actor.registry, "proposeErasure", places);
  try {
    return done(
      await act(actor, call, "ErasureProposed", { batchId: id, actor: actor.signer.address }, ["proposal"]),
    );
  } catch (error) {
    if (error instanceof RegistryRefusal && error.errorName === "ErasureAlreadyProposed") return already;
    throw error;
  }
}

/** Second step, by another operator with exactly the same arguments: the records are Erased, for ever. */
export async function confirmErasure(actor: Actor, places: Places): Promise<Done> {
  const { header, indexes, reason, evidenceHash } = places;
  const expected = {
    batchId: batchId(header.agencyId, header.sequence),
    actor: actor.signer.address,
    positions: encodePositions(indexes),
    reason,
    evidenceHash,
  };
  const call = erasureCall(actor.registry, "confirmErasure", places);
  return done(await act(actor, call, "RecordsErased", expected, ["proposer"]));
}

/** One of the two steps of an erasure. */
export function erasureCall(
  registry: Registry,
  step: "proposeErasure" | "confirmErasure",
  { header, indexes, reason, evidenceHash }: Places,
): Call {
  const what = `${step === "proposeErasure" ? "propose" : "confirm"} erasures in batch ${batchId(header.agencyId, header.sequence)}`;
  return registryCall(registry, step, [header, encodePositions(indexes), reason, evidenceHash], what);
}
