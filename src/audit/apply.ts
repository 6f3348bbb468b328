import { fromHex, toHex } from "../bytes";
import { headerHash, leafHash, type Header } from "../commitment";
import { applyStatusEvent } from "./apply-status";
import type { Findings, Where } from "./differences";
import type { JournalEvent } from "./journal";
import { ERASED, forced, setStatus, Status, STATUS_BITS, statusAt, statusName } from "./moves";
import { batchOf, big, noteRestricted, number, refuseWhilePaused, text, type Replay } from "./replay";
import { actingFor, ANCHOR_PERMISSION, isEntitled, ZERO_ADDRESS, ZERO_WORD, type AgencyState } from "./state";

/**
 * Applies one event to the rebuilt state and reports whatever the contract would have refused. Then goes on with what
 * the event says, so that one false event does not make all later ones look false.
 */
export function applyEvent(replay: Replay, event: JournalEvent): void {
  const { state } = replay;
  switch (event.name) {
    case "AgencyAdmitted":
      return agencyAdmitted(replay, event);
    case "AgencySuspended":
      noteRestricted(replay, event, "suspendAgency");
      return standing(replay, event, ["Active"], "Suspended");
    case "AgencyReinstated":
      noteRestricted(replay, event, "reinstateAgency");
      return standing(replay, event, ["Suspended"], "Active");
    case "AgencyClosed":
      noteRestricted(replay, event, "closeAgency");
      return standing(replay, event, ["Active", "Suspended"], "Closed");
    case "AdministratorNamed":
    case "AdministratorChanged":
    case "AdministratorRecovered":
      return administrator(replay, event);
    case "SuccessorNamed":
    case "SuccessionAccepted":
    case "SuccessionDeclined":
      return consent(replay, event);
    case "AgencySucceeded":
      return succeeded(replay, event);
    case "RegistrySucceeded":
      noteRestricted(replay, event, "nameRegistrySuccessor");
      return registrySucceeded(replay, event);
    case "OperatorAdded":
      return operatorAdded(replay, event);
    case "OperatorRevoked":
    case "OperatorCompromised":
      return operatorEnded(replay, event);
    case "TypeAdmitted":
      return typeAdmitted(replay, event);
    case "BatchAnchored":
      return batchAnchored(replay, event);
    case "RecordAnchored":
      return recordAnchored(replay, event);
    case "Paused":
    case "Unpaused":
      return pause(replay, event);
    case "AuthorityChanged":
      state.authority = text(event, "authority");
      return;
    case "StatusChanged":
    case "RecordsSuperseded":
    case "MarksSet":
    case "MarksCleared":
    case "ErasureProposed":
    case "RecordsErased":
      return applyStatusEvent(replay, event);
    default:
      replay.findings.notChecked("event.rules", "events whose rules this version of the audit does not know");
  }
}

// ------------------------------------------------------------------ agencies

function agencyAdmitted(replay: Replay, event: JournalEvent): void {
  const { state, findings } = replay;
  const id = number(event, "agencyId");
  const code = text(event, "code");
  if (id !== state.agencies.size + 1)
    findings.differ(
      "agency.id",
      "agencies are numbered in the order of admission",
      event.where,
      state.agencies.size + 1,
      id,
    );
  if (state.agencyIds.has(code))
    findings.differ(
      "agency.code-taken",
      "two agencies with one code",
      event.where,
      state.agencyIds.get(code),
      id,
    );
  refuseWhilePaused(replay, event);
  state.agencyIds.set(code, id);
  state.agencies.set(id, {
    id,
    code,
    keyCommitment: text(event, "keyCommitment"),
    administrator: text(event, "administrator"),
    pendingAdministrator: ZERO_ADDRESS,
    admittedAt: event.time,
    standing: "Active",
    ...nothingYet(),
  });
}

/** What an agency begins with. */
function nothingYet(): Pick<
  AgencyState,
  "batchCount" | "lastBatch" | "successor" | "namedSuccessor" | "acceptedBy" | "operators" | "latest"
> {
  return {
    batchCount: 0,
    lastBatch: ZERO_ADDRESS,
    successor: 0,
    namedSuccessor: 0,
    acceptedBy: new Set(),
    operators: new Map(),
    latest: new Map(),
  };
}

/** The agency an event is about; an unknown one is reported and invented, so that the replay goes on. */
function agencyOf({ state, findings }: Replay, event: JournalEvent, id: number): AgencyState {
  let agency = state.agencies.get(id);
  if (agency === undefined) {
    findings.differ("agency.unknown", "an event about an agency that was never admitted", {
      ...event.where,
      agencyId: id,
    });
    agency = {
      id,
      code: ZERO_WORD,
      keyCommitment: ZERO_WORD,
      administrator: ZERO_ADDRESS,
      pendingAdministrator: ZERO_ADDRESS,
      admittedAt: 0,
      standing: "None",
      ...nothingYet(),
    };
    state.agencies.set(id, agency);
  }
  return agency;
}

function standing(
  replay: Replay,
  event: JournalEvent,
  from: readonly AgencyState["standing"][],
  to: AgencyState["standing"],
): void {
  const agency = agencyOf(replay, event, number(event, "agencyId"));
  if (!from.includes(agency.standing))
    replay.findings.differ(
      "agency.standing",
      `an agency became ${to} from ${agency.standing}`,
      event.where,
      from.join(" or "),
      agency.standing,
    );
  agency.standing = to;
}

function administrator(replay: Replay, event: JournalEvent): void {
  const agency = agencyOf(replay, event, number(event, "agencyId"));
  const account = text(event, "administrator");
  refuseIfClosed(replay.findings, event, agency);
  if (event.name === "AdministratorRecovered") noteRestricted(replay, event, "recoverAdministrator");
  if (event.name === "AdministratorNamed") {
    agency.pendingAdministrator = account;
    return;
  }
  if (event.name === "AdministratorChanged" && account !== agency.pendingAdministrator)
    replay.findings.differ(
      "agency.administrator",
      "somebody became administrator who was not named",
      event.where,
      agency.pendingAdministrator,
      account,
    );
  agency.administrator = account;
  agency.pendingAdministrator = ZERO_ADDRESS;
}

/** A consent to a succession, of the one or of the other, or one that is taken back. */
function consent(replay: Replay, event: JournalEvent): void {
  const agency = agencyOf(replay, event, number(event, "agencyId"));
  const successor = number(event, "successor");
  if (event.name === "SuccessorNamed") {
    refuseIfClosed(replay.findings, event, agency);
    if (successor !== 0) successorOf(replay, event, agency, successor);
    agency.namedSuccessor = successor;
    return;
  }
  refuseIfSucceeded(replay, event, agency);
  if (event.name === "SuccessionAccepted") {
    successorOf(replay, event, agency, successor);
    agency.acceptedBy.add(successor);
    return;
  }
  refuseIfClosed(replay.findings, event, agencyOf(replay, event, successor));
  if (!agency.acceptedBy.delete(successor))
    replay.findings.differ("succession.consent", "a consent was taken back that was not given", event.where);
}

/** Without the consent of the agency itself the recoverer may have acted; its successor has to have consented. */
function succeeded(replay: Replay, event: JournalEvent): void {
  const { findings } = replay;
  const agency = agencyOf(replay, event, number(event, "agencyId"));
  const successor = number(event, "successor");
  refuseIfSucceeded(replay, event, agency);
  successorOf(replay, event, agency, successor);
  if (!agency.acceptedBy.has(successor))
    findings.differ("succession.consent", "succeeded by an agency that has not consented", event.where);
  const consented = agency.standing !== "Closed" && agency.namedSuccessor === successor;
  noteRestricted(replay, event, "succeedWithoutConsent", ...(consented ? (["succeedAgency"] as const) : []));
  agency.standing = "Closed";
  agency.successor = successor;
}

function successorOf(replay: Replay, event: JournalEvent, agency: AgencyState, successor: number): void {
  const { standing } = agencyOf(replay, event, successor);
  if (successor === agency.id || standing !== "Active")
    replay.findings.differ(
      "succession.successor",
      "a successor that is no other, active agency",
      event.where,
      "another agency, Active",
      successor === agency.id ? "itself" : standing,
    );
}

function refuseIfSucceeded({ findings }: Replay, event: JournalEvent, agency: AgencyState): void {
  if (agency.successor !== 0)
    findings.differ("succession.twice", `${event.name} of an agency that was succeeded`, event.where);
}

function registrySucceeded({ state, findings }: Replay, event: JournalEvent): void {
  if (state.successor !== ZERO_ADDRESS)
    findings.differ("registry.successor", "the registry named two successors", event.where, state.successor);
  state.successor = text(event, "successor");
}

function operatorAdded(replay: Replay, event: JournalEvent): void {
  const { findings } = replay;
  const agency = agencyOf(replay, event, number(event, "agencyId"));
  refuseIfClosed(findings, event, agency);
  const account = text(event, "operator");
  const known = agency.operators.get(account);
  if (known?.revoked === true)
    findings.differ("operator.revoked", "a revoked operator was added again", event.where);
  const permissions = number(event, "permissions");
  const validFrom = big(event, "validFrom");
  const validUntil = big(event, "validUntil");
  if (permissions < 1 || permissions > 3)
    findings.differ(
      "operator.permissions",
      "permissions that do not exist",
      event.where,
      "1 to 3",
      permissions,
    );
  if (validFrom < BigInt(event.time) || validUntil <= validFrom)
    findings.differ(
      "operator.validity",
      "a validity that begins in the past or ends before it begins",
      event.where,
    );
  agency.operators.set(account, {
    permissions,
    validFrom,
    validUntil,
    compromisedSince: known?.compromisedSince ?? 0n,
    revoked: known?.revoked ?? false,
    revokedAt: known?.revokedAt,
    compromisedAt: known?.compromisedAt,
  });
}

function operatorEnded(replay: Replay, event: JournalEvent): void {
  const { findings } = replay;
  const agency = agencyOf(replay, event, number(event, "agencyId"));
  const account = text(event, "operator");
  const operator = agency.operators.get(account);
  if (operator === undefined) {
    findings.differ(
      "operator.unknown",
      "an event about an operator that was never added",
      event.where,
      undefined,
      account,
    );
    return;
  }
  if (event.name === "OperatorRevoked") {
    if (operator.revoked) findings.differ("operator.revoked", "an operator was revoked twice", event.where);
    operator.revoked = true;
    operator.revokedAt = event.time;
    if (BigInt(event.time) < operator.validUntil) operator.validUntil = BigInt(event.time);
    return;
  }
  const since = big(event, "since");
  const latest = operator.compromisedSince === 0n ? BigInt(event.time) : operator.compromisedSince - 1n;
  if (!operator.revoked)
    findings.differ(
      "operator.compromised",
      "an operator was declared compromised without being revoked",
      event.where,
    );
  if (since === 0n || since > latest)
    findings.differ(
      "operator.compromised",
      "a time of compromise that is not earlier than the one before",
      event.where,
      latest,
      since,
    );
  operator.compromisedSince = since;
  operator.compromisedAt = event.time;
}

// ------------------------------------------------------------------ types, pause

function typeAdmitted(replay: Replay, event: JournalEvent): void {
  const { state, findings } = replay;
  const id = number(event, "typeId");
  const typeHash = text(event, "typeHash");
  if (id !== state.types.size + 1)
    findings.differ(
      "type.id",
      "types are numbered in the order of admission",
      event.where,
      state.types.size + 1,
      id,
    );
  if (state.typeIds.has(typeHash))
    findings.differ(
      "type.admitted-twice",
      "one type was admitted twice",
      event.where,
      state.typeIds.get(typeHash),
      id,
    );
  refuseWhilePaused(replay, event);
  state.typeIds.set(typeHash, id);
  const personal = event.values.personal === true;
  state.types.set(id, { id, typeHash, name: text(event, "name"), personal, admittedAt: event.time });
}

function pause(replay: Replay, event: JournalEvent): void {
  const { state, findings } = replay;
  const paused = event.name === "Paused";
  noteRestricted(replay, event, paused ? "pause" : "unpause");
  if (state.paused === paused)
    findings.differ(
      "registry.paused",
      paused ? "paused while paused" : "unpaused while not paused",
      event.where,
    );
  state.paused = paused;
}

function refuseIfClosed(findings: Findings, event: JournalEvent, agency: AgencyState): void {
  if (agency.standing === "Closed")
    findings.differ(
      "agency.standing",
      `${event.name} of a closed agency`,
      event.where,
      "not Closed",
      "Closed",
    );
}

// ------------------------------------------------------------------ batches

function batchAnchored(replay: Replay, event: JournalEvent): void {
  const { state, findings, hashes } = replay;
  const id = big(event, "batchId");
  const agencyId = Number(id >> 32n);
  const sequence = Number(id & 0xffffffffn);
  const where = { ...event.where, batchId: String(id), agencyId };
  const agency = agencyOf(replay, event, agencyId);
  const header: Header = {
    format: 1,
    agencyId,
    typeId: number(event, "typeId"),
    sequence,
    size: number(event, "size"),
    anchoredAt: Number(big(event, "anchoredAt")),
    operator: text(event, "operator"),
    previous: text(event, "previous"),
    root: text(event, "root"),
    manifestHash: text(event, "manifestHash"),
  };
  refuseWhilePaused(replay, event);
  if (sequence !== agency.batchCount)
    findings.differ(
      "batch.sequence",
      "the agency's batches are not numbered without a gap",
      where,
      agency.batchCount,
      sequence,
    );
  if (header.previous !== agency.lastBatch)
    findings.differ(
      "batch.previous",
      "the batch does not build on the agency's last one",
      where,
      agency.lastBatch,
      header.previous,
    );
  if (header.anchoredAt !== event.time)
    findings.differ(
      "batch.time",
      "the batch's time is not that of its block",
      where,
      event.time,
      header.anchoredAt,
    );
  const acting = actingFor(state, agency);
  if (acting.standing !== "Active")
    findings.differ(
      "batch.standing",
      "an agency that was not active anchored",
      where,
      "Active",
      acting.standing,
    );
  if (!isEntitled(acting, header.operator, ANCHOR_PERMISSION, event.time))
    findings.differ(
      "batch.operator",
      "the account was not an operator entitled to anchor then",
      where,
      undefined,
      header.operator,
    );
  if (!state.types.has(header.typeId))
    findings.differ("batch.type", "the type was not admitted", { ...where, typeId: header.typeId });
  if (header.size === 0) findings.differ("batch.size", "an empty batch", where);
  if (header.root === ZERO_WORD) findings.differ("batch.root", "a batch without a root", where);
  if (!Number.isSafeInteger(header.anchoredAt)) return;

  const hash = toHex(headerHash(header, hashes));
  state.batches.set(id, {
    id,
    header,
    headerHash: hash,
    block: event.log.blockNumber,
    transaction: event.log.transactionHash,
    entry: event.entry,
    acting: acting.id,
    words: new Map(),
    leaf: undefined,
    flagged: false,
  });
  agency.batchCount = sequence + 1;
  agency.lastBatch = hash.slice(0, 42);
}

function recordAnchored(replay: Replay, event: JournalEvent): void {
  const { state, findings, hashes } = replay;
  const batch = batchOf(replay, event);
  if (batch === undefined) return;
  const { header } = batch;
  const where = { ...event.where, batchId: String(batch.id), agencyId: header.agencyId };
  const agency = agencyOf(replay, event, header.agencyId);
  const key = text(event, "recordKey");
  const version = number(event, "version");
  const last = agency.latest.get(key);
  if (batch.transaction !== event.log.transactionHash || batch.entry !== event.entry - 1)
    findings.differ(
      "record.batch",
      "a direct record does not follow its batch",
      where,
      batch.entry + 1,
      event.entry,
    );
  if (version !== (last?.version ?? 0) + 1)
    findings.differ(
      "record.version",
      "versions of a direct record are not numbered without a gap",
      where,
      (last?.version ?? 0) + 1,
      version,
    );
  if (state.types.get(header.typeId)?.personal === true)
    findings.differ("record.personal", "a record of a personal type was anchored directly", where);
  const place = { domain: state.domain, agencyId: header.agencyId, typeId: header.typeId };
  // Version 0 is no version; the leaf of one cannot be built.
  const leaf =
    version === 0
      ? ZERO_WORD
      : toHex(leafHash(place, fromHex(key), version, fromHex(text(event, "commitment")), hashes));
  if (header.size !== 1 || leaf !== header.root)
    findings.differ(
      "record.root",
      "the batch's root is not the leaf of its direct record",
      where,
      leaf,
      header.root,
    );
  batch.leaf = leaf;
  supersedeVersion(replay, event, last?.batchId, leaf, where);
  agency.latest.set(key, { batchId: batch.id, version });
}

/** The version before is superseded by the same call, unless it was before; it must not have ended. */
function supersedeVersion(
  { state, findings }: Replay,
  event: JournalEvent,
  last: bigint | undefined,
  leaf: string,
  where: Where,
): void {
  const claimed = big(event, "superseded");
  const before = state.batches.get(last ?? 0n);
  const status = before === undefined ? 0 : statusAt(before.words, 0);
  if ((status & ERASED) !== 0 || (status & STATUS_BITS) === Status.withdrawn)
    findings.differ(
      "record.ended",
      "a version after the end of a record",
      where,
      undefined,
      statusName(status),
    );
  const expected = before === undefined || (status & STATUS_BITS) === Status.superseded ? 0n : before.id;
  if (claimed !== expected)
    findings.differ("record.superseded", "not the version before was superseded", where, expected, claimed);
  const superseded = state.batches.get(claimed);
  if (superseded === undefined) return;
  setStatus(
    superseded.words,
    0,
    forced(statusAt(superseded.words, 0), { kind: "status", to: Status.superseded }),
  );
  const { blockNumber: block, transactionHash: transaction, logIndex } = event.log;
  state.successions.push({
    batchId: claimed,
    index: 0,
    successor: leaf,
    entry: event.entry,
    block,
    transaction,
    logIndex,
  });
}
