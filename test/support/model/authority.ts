/**
 * The authority once more: who holds which role since when and with which delay, what is scheduled. As OpenZeppelin
 * describes AccessManager, and with a journal of every change of roles.
 */
import { AbiCoder, id, keccak256 } from "ethers";
import type { Block, Head } from "./journal";
import { Refusal, type Role } from "./registry";

export const ADMINISTRATOR = 0;
export const ROLE_IDS: Readonly<Record<Role, number>> = {
  registrar: 1,
  guardian: 2,
  unpauser: 3,
  arbiter: 4,
  recoverer: 6,
  governor: 7,
};
const GUARDIAN = ROLE_IDS.guardian;

/** Scheduled calls are good for a week after their time, which is counted as the chain counts. */
const expiration = (timestamp: number): number => 7 * 86_400 * (timestamp > 1e11 ? 1000 : 1);

/** `RoleJournaled(uint64 entry, bytes4 act, bytes arguments)`, without `entry`. */
export interface RoleEntry {
  readonly act: string;
  readonly arguments: string;
}

const ROLE_JOURNALED = id("RoleJournaled(uint64,bytes4,bytes)");
const GRANT = id("grantRole(uint64,address,uint32)").slice(0, 10);
const REVOKE = id("revokeRole(uint64,address)").slice(0, 10);
const CLOSE = id("setTargetClosed(address,bool)").slice(0, 10);

export interface Access {
  /** The delay before its last change, that change, and when it takes effect. */
  before: number;
  after: number;
  effect: number;
  since: number;
}

/** A call as the authority sees it. */
export interface Operation {
  readonly target: string;
  readonly selector: string;
  readonly data: string;
  /** Who may call it. */
  readonly role: number;
  /** The role to which the function is mapped: its guardian may cancel. */
  readonly mapped: number;
}

const abi = AbiCoder.defaultAbiCoder();

export class AuthorityModel {
  /** By `role account`. */
  readonly members = new Map<string, Access>();
  readonly schedules = new Map<string, { timepoint: number; nonce: number }>();
  /** Contracts of which nobody may call a restricted function, whatever his roles. */
  readonly closed = new Set<string>();
  private executing: string | undefined;

  /** @param journal where it stands after the deployment: its head has 32 bytes */
  constructor(
    readonly address: string,
    public journal: Head,
  ) {}

  /** What a call that was accepted adds to the journal. */
  note(entries: readonly RoleEntry[], block: Block): void {
    for (const { act, arguments: encoded } of entries) {
      const { count, head } = this.journal;
      const entryHash = keccak256(
        abi.encode(
          ["bytes32", "uint64", "uint256", "uint64", "bytes4", "bytes"],
          [ROLE_JOURNALED, count, block.number, block.time, act, encoded],
        ),
      );
      const next = keccak256(abi.encode(["bytes32", "bytes32"], [head, entryHash]));
      this.journal = { count: count + 1, head: next };
    }
  }

  operationId(caller: string, { target, data }: Operation): string {
    return keccak256(abi.encode(["address", "address", "bytes"], [caller, target, data]));
  }

  /** The execution delay of a member; undefined for others. */
  delayOf(role: number, account: string, time: number): number | undefined {
    const access = this.members.get(`${role} ${account}`);
    if (access === undefined) return undefined;
    return access.effect <= time ? access.after : access.before;
  }

  /** When a scheduled call may be made; 0 when none is scheduled, or too long ago. */
  scheduleOf(id: string, time: number): number {
    const timepoint = this.schedules.get(id)?.timepoint ?? 0;
    return timepoint + expiration(time) <= time ? 0 : timepoint;
  }

  nonceOf(id: string): number {
    return this.schedules.get(id)?.nonce ?? 0;
  }

  grantRole(role: number, account: string, delay: number, time: number): RoleEntry[] {
    const entry = {
      act: GRANT,
      arguments: abi.encode(["uint64", "address", "uint32", "uint32"], [role, account, 0, delay]),
    };
    const access = this.members.get(`${role} ${account}`);
    if (access === undefined) {
      this.members.set(`${role} ${account}`, { before: 0, after: delay, effect: 0, since: time });
      return [entry];
    }
    const now = access.effect <= time ? access.after : access.before;
    access.before = now;
    access.after = delay;
    // A shorter delay takes effect when the difference has passed, a longer one at once.
    access.effect = time + Math.max(0, now - delay);
    return [entry];
  }

  revokeRole(role: number, account: string): RoleEntry[] {
    return this.end(role, account);
  }

  renounceRole(caller: string, role: number, confirmation: string): RoleEntry[] {
    if (confirmation !== caller) throw new Refusal("AccessManagerBadConfirmation");
    return this.end(role, caller);
  }

  /** To take a role from somebody who has it not is accepted, and is no change. */
  private end(role: number, account: string): RoleEntry[] {
    if (!this.members.delete(`${role} ${account}`)) return [];
    return [{ act: REVOKE, arguments: abi.encode(["uint64", "address"], [role, account]) }];
  }

  setTargetClosed(target: string, closed: boolean): RoleEntry[] {
    if (closed) this.closed.add(target);
    else this.closed.delete(target);
    return [{ act: CLOSE, arguments: abi.encode(["address", "bool"], [target, closed]) }];
  }

  schedule(caller: string, operation: Operation, when: number, time: number): void {
    const delay = this.waitOf(operation, caller, time) ?? 0;
    if (delay === 0 || (when > 0 && when < time + delay))
      throw new Refusal("AccessManagerUnauthorizedCall", [caller, operation.target, operation.selector]);
    const id = this.operationId(caller, operation);
    if (this.scheduleOf(id, time) !== 0) throw new Refusal("AccessManagerAlreadyScheduled", [id]);
    this.schedules.set(id, { timepoint: Math.max(when, time + delay), nonce: this.nonceOf(id) + 1 });
  }

  cancel(caller: string, scheduler: string, operation: Operation, time: number): void {
    const id = this.operationId(scheduler, operation);
    const scheduled = this.schedules.get(id);
    if (scheduled === undefined || scheduled.timepoint === 0)
      throw new Refusal("AccessManagerNotScheduled", [id]);
    const isGuardian = operation.mapped !== GUARDIAN && operation.mapped !== ADMINISTRATOR;
    const mayCancel =
      caller === scheduler ||
      this.delayOf(ADMINISTRATOR, caller, time) !== undefined ||
      this.delayOf(isGuardian ? GUARDIAN : ADMINISTRATOR, caller, time) !== undefined;
    if (!mayCancel)
      throw new Refusal("AccessManagerUnauthorizedCancel", [
        caller,
        scheduler,
        operation.target,
        operation.selector,
      ]);
    scheduled.timepoint = 0;
  }

  /** `handOn` calls the target; then the caller is this authority. */
  execute(caller: string, operation: Operation, time: number, handOn: () => void): void {
    const delay = this.waitOf(operation, caller, time);
    if (delay === undefined)
      throw new Refusal("AccessManagerUnauthorizedCall", [caller, operation.target, operation.selector]);
    const id = this.operationId(caller, operation);
    const consumes = delay !== 0 || this.scheduleOf(id, time) !== 0;
    if (consumes) this.requireReady(id, time);
    this.executing = `${operation.target} ${operation.selector}`;
    try {
      handOn();
    } finally {
      this.executing = undefined;
    }
    if (consumes) this.schedules.get(id)!.timepoint = 0;
  }

  /**
   * What the registry asks for a restricted function. Throws a {@link Refusal}, or returns what is to be done when the
   * call goes through: a scheduled call is used up.
   */
  mayCall(caller: string, operation: Operation, time: number): () => void {
    return this.allowed(caller, operation, time, () => new Refusal("AccessManagedUnauthorized", [caller]));
  }

  /** The same for a function of this authority itself that administrators call. */
  mayManage(caller: string, operation: Operation, time: number): () => void {
    return this.allowed(
      caller,
      operation,
      time,
      () => new Refusal("AccessManagerUnauthorizedAccount", [caller, ADMINISTRATOR]),
    );
  }

  private allowed(caller: string, operation: Operation, time: number, refusal: () => Refusal): () => void {
    const { target, selector } = operation;
    const isOwn = caller === this.address && this.executing === `${target} ${selector}`;
    if (isOwn && !this.closed.has(target)) return () => undefined;
    const delay = this.waitOf(operation, caller, time);
    if (delay === undefined) throw refusal();
    if (delay === 0) return () => undefined;
    const id = this.operationId(caller, operation);
    this.requireReady(id, time);
    return () => void (this.schedules.get(id)!.timepoint = 0);
  }

  /** How long somebody has to wait for a call; undefined for whom it is not. */
  private waitOf({ target, role }: Operation, caller: string, time: number): number | undefined {
    return this.closed.has(target) ? undefined : this.delayOf(role, caller, time);
  }

  private requireReady(id: string, time: number): void {
    const timepoint = this.schedules.get(id)?.timepoint ?? 0;
    if (timepoint === 0) throw new Refusal("AccessManagerNotScheduled", [id]);
    if (timepoint > time) throw new Refusal("AccessManagerNotReady", [id]);
    if (timepoint + expiration(time) <= time) throw new Refusal("AccessManagerExpired", [id]);
  }
}
