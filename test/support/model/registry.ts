/**
 * The registry once more, as plain data and rules read from docs/format.md and `ICreditRegistry`: what a call by
 * somebody changes, or with which error it is refused. No bit tricks, no storage layout, no line in common with `src/`.
 *
 * Where several refusals apply, the first one counts; a rule checks in this order: who may call, pause, the thing the
 * call is about, the agency's standing, its operator, the arguments.
 */
import { AbiCoder, keccak256, ZeroAddress, ZeroHash } from "ethers";
import * as oracle from "../oracle";
import { extend, firstHead, type Block, type Head, type ModelEvent } from "./journal";

/** What the registry refuses with. */
export class Refusal extends Error {
  constructor(
    readonly error: string,
    readonly args: readonly unknown[] = [],
  ) {
    super(`${error}(${args.map(String).join(", ")})`);
  }
}

export const Standing = { None: 0, Active: 1, Suspended: 2, Closed: 3 } as const;
export const Status = { Active: 0, Superseded: 1, Withdrawn: 2, Repaired: 3 } as const;
export const ERASED = 8;
export const ANCHOR = 1;
export const STATUS = 2;
const AGENCY_MARKS = 16 + 32 + 64;
const ALL_MARKS = AGENCY_MARKS + 128;

export interface Agency {
  code: string;
  keyCommitment: string;
  administrator: string;
  pendingAdministrator: string;
  admittedAt: number;
  standing: number;
  batchCount: number;
  lastBatch: string;
  successor: number;
  namedSuccessor: number;
  /** Agencies that have consented to succeed it. */
  accepted: Set<number>;
  operators: Map<string, Operator>;
  /** Latest direct versions by record key. */
  latest: Map<string, { batchId: bigint; version: number; versions: bigint[] }>;
}

export interface Operator {
  permissions: number;
  validFrom: number;
  validUntil: number;
  compromisedSince: number;
  revoked: boolean;
}

export interface RecordType {
  typeHash: string;
  name: string;
  personal: boolean;
  admittedAt: number;
}

export interface Batch {
  header: oracle.OracleHeader;
  hash: string;
  /** Status bytes that are not zero. */
  statuses: Map<number, number>;
  /** Leaf hashes, by their index, that superseding calls named. Kept for the invariants. */
  successors: Map<number, string[]>;
}

/** Everything there is; ids count from 1, so the first element belongs to id 1. */
export interface State {
  domain: string;
  paused: boolean;
  journal: Head;
  agencies: Agency[];
  types: RecordType[];
  batches: Map<bigint, Batch>;
  proposers: Map<string, string>;
  registrySuccessor: string;
  /** Who decides about restricted functions. */
  authority: string;
}

export type Role = "registrar" | "guardian" | "unpauser" | "arbiter" | "recoverer" | "governor";

export interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

const abi = AbiCoder.defaultAbiCoder();
const NO_BATCH = "0x" + "00".repeat(20);

export const batchIdOf = (agencyId: number, sequence: number): bigint =>
  (BigInt(agencyId) << 32n) | BigInt(sequence);

export function emptyState(chainId: number, address: string, authority: string): State {
  return {
    domain: oracle.domain(chainId, address),
    paused: false,
    journal: firstHead("credit-anchor/journal/1", chainId, address),
    agencies: [],
    types: [],
    batches: new Map(),
    proposers: new Map(),
    registrySuccessor: ZeroAddress,
    authority,
  };
}

/** A code or name: 1 to 31 printable ASCII characters other than the space, then zero bytes. */
function isLabel(word: string): boolean {
  const text = Buffer.from(word.slice(2), "hex").toString("latin1");
  return /^[!-~]{1,31}\0+$/.test(text);
}

export class RegistryModel {
  /** Of the call that runs. */
  private caller = ZeroAddress;
  private block: Block = { number: 0, time: 0, timestamp: 0 };
  private events: ModelEvent[] = [];

  /**
   * @param mayCall throws a {@link Refusal} unless the authority lets the caller call this restricted function; returns
   * what the authority notes when the call goes through
   * @param isOtherContract whether there is code at an address that is not the registry's own
   */
  constructor(
    readonly state: State,
    private readonly mayCall: (caller: string, call: Call, block: Block) => () => void,
    private readonly isOtherContract: (address: string) => boolean,
  ) {}

  /**
   * @returns the events that the call emits, which extend the journal
   * @throws a {@link Refusal}; then nothing has changed
   */
  apply(caller: string, call: Call, block: Block): readonly ModelEvent[] {
    this.caller = caller;
    this.block = block;
    this.events = [];
    const rule = this.rules[call.name];
    if (rule === undefined) throw new TypeError(`the model has no rule for ${call.name}`);
    const note = call.name in ROLE_OF ? this.mayCall(caller, call, block) : undefined;
    rule(...(call.args as never[]));
    note?.();
    for (const event of this.events) this.state.journal = extend(this.state.journal, event, block);
    return this.events;
  }

  /** Status byte of a leaf. */
  statusOf(batchId: bigint, index: number): number {
    return this.state.batches.get(batchId)?.statuses.get(index) ?? 0;
  }

  /** Why an account may not act with these permissions for an agency at a time; undefined if it may. */
  whyNotOperator(agencyId: number, account: string, permissions: number, time: number): Refusal | undefined {
    const operator = this.agencyOf(agencyId)?.operators.get(account);
    if (operator === undefined) return new Refusal("NotOperator", [agencyId, account]);
    if (operator.revoked) return new Refusal("OperatorIsRevoked", [agencyId, account]);
    if (time < operator.validFrom)
      return new Refusal("OperatorNotYetValid", [agencyId, account, operator.validFrom]);
    if (time >= operator.validUntil)
      return new Refusal("OperatorExpired", [agencyId, account, operator.validUntil]);
    if ((operator.permissions & permissions) !== permissions)
      return new Refusal("PermissionMissing", [agencyId, account, permissions]);
    return undefined;
  }

  /** Whether an account is an operator of the agency that acts for one. */
  isEntitled(agencyId: number, account: string, permissions: number, time: number): boolean {
    return this.whyNotOperator(this.actingAgency(agencyId), account, permissions, time) === undefined;
  }

  /** The agency that acts for one: itself, or the last of its chain of successors. */
  actingAgency(agencyId: number): number {
    const successor = this.agencyOf(agencyId)?.successor ?? 0;
    return successor === 0 ? agencyId : this.actingAgency(successor);
  }

  /** The earliest time from which on an agency, or one that acted for it later, declared a key compromised; or 0. */
  compromisedSince(agencyId: number, account: string): number {
    const agency = this.agencyOf(agencyId);
    if (agency === undefined) return 0;
    const declared = [
      agency.operators.get(account)?.compromisedSince ?? 0,
      this.compromisedSince(agency.successor, account),
    ].filter((time) => time > 0);
    return declared.length === 0 ? 0 : Math.min(...declared);
  }

  agencyOf(agencyId: number): Agency | undefined {
    return this.state.agencies[agencyId - 1];
  }

  private readonly rules: Readonly<Record<string, (...args: never[]) => void>> = {
    // ---------------------------------------------------------------- authority
    setAuthority: (next: string) => {
      if (this.caller !== this.state.authority) throw new Refusal("AccessManagedUnauthorized", [this.caller]);
      if (!this.isOtherContract(next)) throw new Refusal("AccessManagedInvalidAuthority", [next]);
      this.state.authority = next;
      this.emit("AuthorityChanged", next);
    },

    // ---------------------------------------------------------------- agencies
    admitAgency: (code: string, administrator: string, keyCommitment: string) => {
      this.requireNotPaused();
      if (!isLabel(code)) throw new Refusal("InvalidAgencyCode", [code]);
      const taken = this.state.agencies.findIndex((agency) => agency.code === code) + 1;
      if (taken > 0) throw new Refusal("AgencyCodeTaken", [code, taken]);
      if (administrator === ZeroAddress) throw new Refusal("InvalidAddress", [administrator]);
      if (keyCommitment === ZeroHash) throw new Refusal("MissingKeyCommitment");
      this.state.agencies.push({
        code,
        keyCommitment,
        administrator,
        pendingAdministrator: ZeroAddress,
        admittedAt: this.block.time,
        standing: Standing.Active,
        batchCount: 0,
        lastBatch: NO_BATCH,
        successor: 0,
        namedSuccessor: 0,
        accepted: new Set(),
        operators: new Map(),
        latest: new Map(),
      });
      this.emit("AgencyAdmitted", this.state.agencies.length, code, administrator, keyCommitment);
    },
    suspendAgency: (agencyId: number, reason: number) => {
      this.requireStanding(agencyId, Standing.Active).standing = Standing.Suspended;
      this.emit("AgencySuspended", agencyId, reason, this.caller);
    },
    reinstateAgency: (agencyId: number, reason: number) => {
      this.requireStanding(agencyId, Standing.Suspended).standing = Standing.Active;
      this.emit("AgencyReinstated", agencyId, reason, this.caller);
    },
    closeAgency: (agencyId: number, reason: number) => {
      this.requireNotClosed(agencyId).standing = Standing.Closed;
      this.emit("AgencyClosed", agencyId, reason, this.caller);
    },
    nameAdministrator: (agencyId: number, administrator: string) => {
      const agency = this.requireNotClosed(agencyId);
      this.requireAdministrator(agencyId);
      agency.pendingAdministrator = administrator;
      this.emit("AdministratorNamed", agencyId, administrator);
    },
    acceptAdministration: (agencyId: number) => {
      const agency = this.requireNotClosed(agencyId);
      if (agency.pendingAdministrator !== this.caller)
        throw new Refusal("NotPendingAdministrator", [agencyId, this.caller]);
      agency.administrator = this.caller;
      agency.pendingAdministrator = ZeroAddress;
      this.emit("AdministratorChanged", agencyId, this.caller);
    },
    recoverAdministrator: (agencyId: number, administrator: string, reason: number) => {
      const agency = this.requireUnsucceeded(agencyId);
      if (administrator === ZeroAddress) throw new Refusal("InvalidAddress", [administrator]);
      agency.administrator = administrator;
      agency.pendingAdministrator = ZeroAddress;
      this.emit("AdministratorRecovered", agencyId, administrator, reason, this.caller);
    },
    nameSuccessor: (agencyId: number, successor: number) => {
      const agency = this.requireNotClosed(agencyId);
      this.requireAdministrator(agencyId);
      if (successor !== 0) this.requireSuccessor(agencyId, successor);
      agency.namedSuccessor = successor;
      this.emit("SuccessorNamed", agencyId, successor);
    },
    acceptSuccession: (agencyId: number, successor: number) => {
      this.requireSuccessor(agencyId, successor);
      this.requireAdministrator(successor);
      this.requireUnsucceeded(agencyId).accepted.add(successor);
      this.emit("SuccessionAccepted", agencyId, successor);
    },
    declineSucceeding: (agencyId: number, successor: number) => {
      this.requireNotClosed(successor);
      this.requireAdministrator(successor);
      const { accepted } = this.requireUnsucceeded(agencyId);
      if (!accepted.delete(successor)) throw new Refusal("SuccessionNotAccepted", [agencyId, successor]);
      this.emit("SuccessionDeclined", agencyId, successor);
    },
    succeedAgency: (agencyId: number, successor: number, reason: number) => {
      if (this.requireNotClosed(agencyId).namedSuccessor !== successor)
        throw new Refusal("SuccessorNotNamed", [agencyId, successor]);
      this.succeed(agencyId, successor, reason);
    },
    succeedWithoutConsent: (agencyId: number, successor: number, reason: number) =>
      this.succeed(agencyId, successor, reason),
    setOperator: (
      agencyId: number,
      account: string,
      permissions: number,
      validFrom: number,
      validUntil: number,
    ) => {
      const agency = this.requireNotClosed(agencyId);
      this.requireAdministrator(agencyId);
      if (account === ZeroAddress) throw new Refusal("InvalidAddress", [account]);
      if (permissions < 1 || permissions > 3) throw new Refusal("InvalidPermissions", [permissions]);
      const { time } = this.block;
      const from = Math.max(validFrom, time);
      if (validUntil <= from) throw new Refusal("InvalidValidity", [from, validUntil, time]);
      const before = agency.operators.get(account);
      if (before?.revoked === true) throw new Refusal("OperatorIsRevoked", [agencyId, account]);
      const compromisedSince = before?.compromisedSince ?? 0;
      agency.operators.set(account, {
        permissions,
        validFrom: from,
        validUntil,
        compromisedSince,
        revoked: false,
      });
      this.emit("OperatorAdded", agencyId, account, permissions, from, validUntil);
    },
    revokeOperator: (agencyId: number, account: string) => {
      this.requireAgency(agencyId);
      if (this.caller !== account) this.requireKeeperOfKeys(agencyId);
      if (this.requireKnown(agencyId, account).revoked)
        throw new Refusal("OperatorIsRevoked", [agencyId, account]);
      this.revoke(agencyId, account);
    },
    declareCompromised: (agencyId: number, account: string, since: number) => {
      this.requireAgency(agencyId);
      this.requireKeeperOfKeys(agencyId);
      const operator = this.requireKnown(agencyId, account);
      const latest = operator.compromisedSince === 0 ? this.block.time : operator.compromisedSince - 1;
      if (since < 1 || since > latest) throw new Refusal("InvalidCompromiseTime", [since, latest]);
      if (!operator.revoked) this.revoke(agencyId, account);
      operator.compromisedSince = since;
      this.emit("OperatorCompromised", agencyId, account, since);
    },

    // ---------------------------------------------------------------- record types
    admitType: (typeHash: string, name: string, personal: boolean) => {
      this.requireNotPaused();
      if (typeHash === ZeroHash) throw new Refusal("MissingTypeHash");
      if (!isLabel(name)) throw new Refusal("InvalidTypeName", [name]);
      const taken = this.state.types.findIndex((type) => type.typeHash === typeHash) + 1;
      if (taken > 0) throw new Refusal("TypeAlreadyAdmitted", [typeHash, taken]);
      this.state.types.push({ typeHash, name, personal, admittedAt: this.block.time });
      this.emit("TypeAdmitted", this.state.types.length, typeHash, name, personal);
    },

    // ---------------------------------------------------------------- batches
    anchorRoot: (
      agencyId: number,
      typeId: number,
      previous: string,
      size: number,
      root: string,
      manifestHash: string,
    ) => {
      this.requireAnchoring(agencyId, typeId, ANCHOR);
      if (size === 0) throw new Refusal("EmptyBatch");
      if (root === ZeroHash) throw new Refusal("MissingRoot");
      this.anchor(agencyId, typeId, previous, size, root, manifestHash);
    },
    anchorLeaves: (
      agencyId: number,
      typeId: number,
      previous: string,
      leaves: string[],
      manifestHash: string,
    ) => {
      this.requireAnchoring(agencyId, typeId, ANCHOR);
      if (leaves.length === 0) throw new Refusal("EmptyBatch");
      // Hex of one length and case sorts as its bytes do.
      const wrong = leaves.findIndex((leaf, i) => i > 0 && leaf <= leaves[i - 1]!);
      if (wrong > 0) throw new Refusal("LeavesOutOfOrder", [wrong]);
      this.anchor(agencyId, typeId, previous, leaves.length, oracle.treeRoot(leaves), manifestHash);
    },
    anchorRecord: (
      agencyId: number,
      typeId: number,
      previous: string,
      recordKey: string,
      version: number,
      commitment: string,
      manifestHash: string,
    ) => {
      this.requireAnchoring(agencyId, typeId, version > 1 ? ANCHOR + STATUS : ANCHOR);
      if (this.state.types[typeId - 1]!.personal) throw new Refusal("PersonalType", [typeId]);
      if (recordKey === ZeroHash) throw new Refusal("MissingRecordKey");
      if (commitment === ZeroHash) throw new Refusal("MissingCommitment");
      const { latest } = this.agencyOf(agencyId)!;
      const last = latest.get(recordKey);
      const expected = (last?.version ?? 0) + 1;
      if (version !== expected) throw new Refusal("WrongVersion", [recordKey, expected, version]);
      const status = last === undefined ? 0 : this.statusOf(last.batchId, 0);
      if (status & ERASED || (status & 7) === Status.Withdrawn)
        throw new Refusal("RecordEnded", [recordKey, status]);
      const leaf = oracle.leaf(this.state.domain, agencyId, typeId, recordKey, version, commitment);
      const batchId = this.anchor(agencyId, typeId, previous, 1, leaf, manifestHash);
      latest.set(recordKey, { batchId, version, versions: [...(last?.versions ?? []), batchId] });
      let superseded = 0n;
      if (last !== undefined && (status & 7) !== Status.Superseded) {
        superseded = last.batchId;
        this.setStatus(last.batchId, 0, (status & ~7) | Status.Superseded);
        this.remember(last.batchId, 0, leaf);
      }
      this.emit("RecordAnchored", batchId, recordKey, version, commitment, superseded);
    },

    // ---------------------------------------------------------------- statuses
    withdraw: (header: oracle.OracleHeader, positions: string, reason: number, evidence: string) =>
      this.move(this.requireKeeping(header), header, positions, Status.Withdrawn, reason, evidence),
    repair: (header: oracle.OracleHeader, positions: string, reason: number, evidence: string) =>
      this.move(this.requireMoving(header), header, positions, Status.Repaired, reason, evidence),
    revokeRepair: (header: oracle.OracleHeader, positions: string, reason: number, evidence: string) =>
      this.move(this.requireMoving(header), header, positions, Status.Active, reason, evidence),
    supersede: (
      header: oracle.OracleHeader,
      positions: string,
      successors: string[],
      reason: number,
      evidence: string,
    ) => {
      const batchId = this.requireMoving(header);
      const indexes = [...indexesOf(positions, header.size)];
      if (indexes.length !== successors.length)
        throw new Refusal("SuccessorsMismatch", [indexes.length, successors.length]);
      const missing = successors.indexOf(ZeroHash);
      if (missing >= 0) throw new Refusal("MissingSuccessor", [indexes[missing]]);
      for (const index of indexes) this.requireMove(batchId, index, Status.Superseded);
      indexes.forEach((index, i) => {
        this.setStatus(batchId, index, (this.statusOf(batchId, index) & ~7) | Status.Superseded);
        this.remember(batchId, index, successors[i]!);
      });
      this.emit("RecordsSuperseded", batchId, this.caller, positions, successors, reason, evidence);
    },
    setMarks: (
      header: oracle.OracleHeader,
      positions: string,
      marks: number,
      reason: number,
      evidence: string,
    ) =>
      this.mark(this.requireKeeping(header), header, positions, marks, AGENCY_MARKS, true, reason, evidence),
    clearMarks: (
      header: oracle.OracleHeader,
      positions: string,
      marks: number,
      reason: number,
      evidence: string,
    ) =>
      this.mark(this.requireKeeping(header), header, positions, marks, AGENCY_MARKS, false, reason, evidence),
    arbiterSetMarks: (
      header: oracle.OracleHeader,
      positions: string,
      marks: number,
      reason: number,
      evidence: string,
    ) => this.mark(this.requireHeader(header), header, positions, marks, ALL_MARKS, true, reason, evidence),
    arbiterClearMarks: (
      header: oracle.OracleHeader,
      positions: string,
      marks: number,
      reason: number,
      evidence: string,
    ) => this.mark(this.requireHeader(header), header, positions, marks, ALL_MARKS, false, reason, evidence),
    proposeErasure: (header: oracle.OracleHeader, positions: string, reason: number, evidence: string) => {
      const batchId = this.requireMoving(header);
      // Spans are checked, their records are not: that is for the second operator.
      for (const index of indexesOf(positions, header.size)) void index;
      const proposal = proposalOf(batchId, positions, reason, evidence);
      const before = this.state.proposers.get(proposal);
      if (before !== undefined && this.isEntitled(header.agencyId, before, STATUS, this.block.time))
        throw new Refusal("ErasureAlreadyProposed", [proposal, before]);
      this.state.proposers.set(proposal, this.caller);
      this.emit("ErasureProposed", batchId, proposal, this.caller);
    },
    confirmErasure: (header: oracle.OracleHeader, positions: string, reason: number, evidence: string) => {
      const batchId = this.requireMoving(header);
      const proposal = proposalOf(batchId, positions, reason, evidence);
      const proposer = this.state.proposers.get(proposal);
      if (proposer === undefined) throw new Refusal("ErasureNotProposed", [proposal]);
      if (proposer === this.caller) throw new Refusal("SecondOperatorNeeded", [proposer]);
      this.requireOperator(this.actingAgency(header.agencyId), proposer, STATUS);
      const indexes: number[] = [];
      for (const index of indexesOf(positions, header.size)) {
        if (this.statusOf(batchId, index) & ERASED) throw new Refusal("AlreadyErased", [index]);
        indexes.push(index);
      }
      for (const index of indexes) this.setStatus(batchId, index, this.statusOf(batchId, index) | ERASED);
      this.state.proposers.delete(proposal);
      this.emit("RecordsErased", batchId, proposer, this.caller, positions, reason, evidence);
    },

    // ---------------------------------------------------------------- pause
    pause: (reason: number) => {
      this.requireNotPaused();
      this.state.paused = true;
      this.emit("Paused", reason, this.caller);
    },
    unpause: (reason: number) => {
      if (!this.state.paused) throw new Refusal("RegistryNotPaused");
      this.state.paused = false;
      this.emit("Unpaused", reason, this.caller);
    },
    nameRegistrySuccessor: (successor: string) => {
      const before = this.state.registrySuccessor;
      if (before !== ZeroAddress) throw new Refusal("RegistryAlreadySucceeded", [before]);
      if (!this.isOtherContract(successor)) throw new Refusal("InvalidAddress", [successor]);
      this.state.registrySuccessor = successor;
      this.emit("RegistrySucceeded", successor, this.caller);
    },
  };

  private emit(name: ModelEvent["name"], ...fields: unknown[]): void {
    this.events.push({ name, fields });
  }

  private requireNotPaused(): void {
    if (this.state.paused) throw new Refusal("RegistryPaused");
  }

  private requireAgency(agencyId: number): Agency {
    const agency = this.agencyOf(agencyId);
    if (agency === undefined) throw new Refusal("UnknownAgency", [agencyId]);
    return agency;
  }

  private requireStanding(agencyId: number, standing: number): Agency {
    const agency = this.requireAgency(agencyId);
    if (agency.standing !== standing) throw new Refusal("WrongStanding", [agencyId, agency.standing]);
    return agency;
  }

  private requireNotClosed(agencyId: number): Agency {
    const agency = this.requireAgency(agencyId);
    if (agency.standing === Standing.Closed) throw new Refusal("WrongStanding", [agencyId, Standing.Closed]);
    return agency;
  }

  private requireSuccessor(agencyId: number, successor: number): void {
    if (agencyId === successor) throw new Refusal("InvalidSuccessor", [agencyId, successor]);
    this.requireStanding(successor, Standing.Active);
  }

  private requireUnsucceeded(agencyId: number): Agency {
    const agency = this.requireAgency(agencyId);
    if (agency.successor !== 0) throw new Refusal("AlreadySucceeded", [agencyId, agency.successor]);
    return agency;
  }

  private succeed(agencyId: number, successor: number, reason: number): void {
    const agency = this.requireUnsucceeded(agencyId);
    this.requireSuccessor(agencyId, successor);
    if (!agency.accepted.has(successor)) throw new Refusal("SuccessionNotAccepted", [agencyId, successor]);
    agency.standing = Standing.Closed;
    agency.successor = successor;
    this.emit("AgencySucceeded", agencyId, successor, reason, this.caller);
  }

  /** The administrator of the agency that acts for this one. */
  private requireKeeperOfKeys(agencyId: number): void {
    this.requireAdministrator(this.actingAgency(agencyId));
  }

  private requireAdministrator(agencyId: number): void {
    if (this.agencyOf(agencyId)?.administrator !== this.caller)
      throw new Refusal("NotAdministrator", [agencyId, this.caller]);
  }

  private requireKnown(agencyId: number, account: string): Operator {
    const operator = this.agencyOf(agencyId)?.operators.get(account);
    if (operator === undefined) throw new Refusal("NotOperator", [agencyId, account]);
    return operator;
  }

  private requireOperator(agencyId: number, account: string, permissions: number): void {
    const refusal = this.whyNotOperator(agencyId, account, permissions, this.block.time);
    if (refusal !== undefined) throw refusal;
  }

  private requireAnchoring(agencyId: number, typeId: number, permissions: number): void {
    this.requireNotPaused();
    if (this.state.types[typeId - 1] === undefined) throw new Refusal("UnknownType", [typeId]);
    this.requireActing(agencyId, permissions);
  }

  /** The agency that acts for one is active, and the caller its operator. */
  private requireActing(agencyId: number, permissions: number): void {
    const acting = this.actingAgency(agencyId);
    this.requireStanding(acting, Standing.Active);
    this.requireOperator(acting, this.caller, permissions);
  }

  private requireHeader(header: oracle.OracleHeader): bigint {
    const batchId = batchIdOf(header.agencyId, header.sequence);
    const hash = oracle.headerHash(header);
    if (this.state.batches.get(batchId)?.hash !== hash) throw new Refusal("UnknownBatch", [batchId, hash]);
    return batchId;
  }

  /** Moves of validity, withdrawing apart. */
  private requireMoving(header: oracle.OracleHeader): bigint {
    this.requireNotPaused();
    const batchId = this.requireHeader(header);
    this.requireActing(header.agencyId, STATUS);
    return batchId;
  }

  /** Withdrawing and marking: also while suspended or paused. */
  private requireKeeping(header: oracle.OracleHeader): bigint {
    const batchId = this.requireHeader(header);
    const acting = this.actingAgency(header.agencyId);
    this.requireNotClosed(acting);
    this.requireOperator(acting, this.caller, STATUS);
    return batchId;
  }

  private revoke(agencyId: number, account: string): void {
    const operator = this.requireKnown(agencyId, account);
    operator.revoked = true;
    operator.validUntil = Math.min(operator.validUntil, this.block.time);
    this.emit("OperatorRevoked", agencyId, account);
  }

  private anchor(
    agencyId: number,
    typeId: number,
    previous: string,
    size: number,
    root: string,
    manifestHash: string,
  ): bigint {
    const agency = this.agencyOf(agencyId)!;
    if (previous !== agency.lastBatch)
      throw new Refusal("StalePrevious", [agencyId, agency.lastBatch, previous]);
    const header: oracle.OracleHeader = {
      format: 1,
      agencyId,
      typeId,
      sequence: agency.batchCount,
      size,
      anchoredAt: this.block.time,
      operator: this.caller,
      previous,
      root,
      manifestHash,
    };
    const hash = oracle.headerHash(header);
    const batchId = batchIdOf(agencyId, header.sequence);
    this.state.batches.set(batchId, { header, hash, statuses: new Map(), successors: new Map() });
    agency.batchCount += 1;
    agency.lastBatch = hash.slice(0, 2 + 40);
    this.emit(
      "BatchAnchored",
      batchId,
      typeId,
      this.caller,
      size,
      this.block.time,
      previous,
      root,
      manifestHash,
    );
    return batchId;
  }

  private setStatus(batchId: bigint, index: number, status: number): void {
    this.state.batches.get(batchId)!.statuses.set(index, status);
  }

  private remember(batchId: bigint, index: number, successor: string): void {
    const { successors } = this.state.batches.get(batchId)!;
    successors.set(index, [...(successors.get(index) ?? []), successor]);
  }

  /** The table of moves in docs/format.md. */
  private requireMove(batchId: bigint, index: number, to: number): void {
    const current = this.statusOf(batchId, index);
    const from: Readonly<Record<number, readonly number[]>> = {
      [Status.Superseded]: [Status.Active, Status.Repaired],
      [Status.Withdrawn]: [Status.Active, Status.Repaired, Status.Superseded],
      [Status.Repaired]: [Status.Active],
      [Status.Active]: [Status.Repaired],
    };
    if (current & ERASED || !from[to]!.includes(current & 7))
      throw new Refusal("MoveNotAllowed", [index, current, to]);
  }

  private move(
    batchId: bigint,
    header: oracle.OracleHeader,
    positions: string,
    to: number,
    reason: number,
    evidence: string,
  ): void {
    const indexes: number[] = [];
    for (const index of indexesOf(positions, header.size)) {
      this.requireMove(batchId, index, to);
      indexes.push(index);
    }
    for (const index of indexes) this.setStatus(batchId, index, (this.statusOf(batchId, index) & ~7) | to);
    this.emit("StatusChanged", batchId, to, this.caller, positions, reason, evidence);
  }

  private mark(
    batchId: bigint,
    header: oracle.OracleHeader,
    positions: string,
    marks: number,
    allowed: number,
    setting: boolean,
    reason: number,
    evidence: string,
  ): void {
    if (marks === 0 || (marks & allowed) !== marks) throw new Refusal("MarksNotAllowed", [marks]);
    const after = new Map<number, number>();
    for (const index of indexesOf(positions, header.size)) {
      const current = this.statusOf(batchId, index);
      const next = setting ? current | marks : current & ~marks;
      if (current & ERASED || next === current) throw new Refusal("MarksUnchanged", [index, current]);
      after.set(index, next);
    }
    for (const [index, next] of after) this.setStatus(batchId, index, next);
    this.emit(
      setting ? "MarksSet" : "MarksCleared",
      batchId,
      marks,
      this.caller,
      positions,
      reason,
      evidence,
    );
  }
}

/** Which role may call which function that asks the authority; docs/trust.md has it in words. */
export const ROLE_OF: Readonly<Record<string, Role>> = {
  admitAgency: "registrar",
  reinstateAgency: "registrar",
  closeAgency: "registrar",
  succeedAgency: "registrar",
  admitType: "registrar",
  suspendAgency: "guardian",
  pause: "guardian",
  unpause: "unpauser",
  arbiterSetMarks: "arbiter",
  arbiterClearMarks: "arbiter",
  recoverAdministrator: "recoverer",
  succeedWithoutConsent: "recoverer",
  nameRegistrySuccessor: "governor",
};

export function proposalOf(batchId: bigint, positions: string, reason: number, evidence: string): string {
  return keccak256(
    abi.encode(["uint64", "bytes", "uint16", "bytes32"], [batchId, positions, reason, evidence]),
  );
}

/** The leaf indexes that spans name; a span is checked when its turn comes. */
function* indexesOf(positions: string, size: number): Generator<number> {
  const bytes = Buffer.from(positions.slice(2), "hex");
  if (bytes.length === 0 || bytes.length % 8 !== 0) throw new Refusal("InvalidPositions", [bytes.length]);
  let next = 0;
  for (let at = 0; at < bytes.length; at += 8) {
    const first = bytes.readUInt32BE(at);
    const last = bytes.readUInt32BE(at + 4);
    if (first < next) throw new Refusal("PositionsOutOfOrder", [first]);
    if (last < first) throw new Refusal("PositionsOutOfOrder", [last]);
    if (last >= size) throw new Refusal("PositionOutOfRange", [last, size]);
    next = last + 1;
    for (let index = first; index <= last; index++) yield index;
  }
}
