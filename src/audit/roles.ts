import { AbiCoder } from "ethers";
import { concat, fromHex, toHex, utf8 } from "../bytes";
import type { Hashes } from "../hashes";
import { administratorRoleId, roleName, roleOfFunction, type RestrictedFunction } from "../roles";
import type { Findings, Where } from "./differences";
import { decodeLog, eventShapes, MalformedLog, type RawLog } from "./events";
import { executorOf, startExecutions, type CallingTransaction, type Operation } from "./executions";
import { isUsable, type BlockFacts, type ExternalHead, type HeadAt } from "./journal";
import { registryInterface, authorityInterface } from "../interfaces";

/** Something that only a role may do, as an event of the registry tells it. */
export interface RestrictedAct {
  /** The functions that write such an event; one of them was called. */
  readonly functions: readonly RestrictedFunction[];
  readonly actor: string;
  /** The authority that the registry obeyed then; undefined if no event had told it. */
  readonly authority: string | undefined;
  readonly time: number;
  readonly log: Pick<RawLog, "blockNumber" | "logIndex" | "transactionHash">;
  readonly where: Where;
}

/** From when to when an account held a role. */
export interface Tenure {
  readonly role: string;
  readonly account: string;
  /** In seconds. */
  readonly from: number;
  /** Null: until now. */
  readonly until: number | null;
  /** Seconds between announcing an act and doing it, as granted last. */
  readonly delay: number;
}

/** What the journal of an authority tells. */
export interface RolesReport {
  readonly authority: string;
  readonly journal: { readonly length: number; readonly head: string };
  /** A head of it obtained elsewhere, and whether it is that of the first entries. */
  readonly externalHead: (ExternalHead & { readonly contained: boolean }) | null;
  readonly tenures: readonly Tenure[];
}

/** Reads what one authority ever changed, and decides with it who could do what when. */
export interface RoleReader {
  read(log: RawLog, block: BlockFacts | undefined): void;
  /** Transactions in which the authority acted for somebody: where it was not announced, their sender may tell for whom. */
  executed(acts: readonly RestrictedAct[]): string[];
  /** One of them, as the node has it. */
  explain(hash: string, transaction: CallingTransaction): void;
  /** After the last log. `acts` in the order of the chain. */
  check(acts: readonly RestrictedAct[]): void;
  /** The head of so many entries; undefined of more than there are. */
  at(length: number): HeadAt | undefined;
  /** Whether an account held a role when a log was written, at that time in seconds. */
  held(role: bigint, account: string, log: RestrictedAct["log"], time: number): boolean;
  report(): RolesReport;
}

/** OpenZeppelin's role that everybody has. */
const PUBLIC_ROLE = 2n ** 64n - 1n;

const journaled = authorityInterface.getEvent("RoleJournaled");
const shapes = eventShapes([journaled]);
const coder = AbiCoder.defaultAbiCoder();

/** Arguments of an entry by its act: those of the function, and for a grant its delay. */
const argumentsOf: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  (
    [
      ["grantRole", ["uint64", "address", "uint32", "uint32"]],
      ["revokeRole", ["uint64", "address"]],
      ["setRoleAdmin", ["uint64", "uint64"]],
      ["setRoleGuardian", ["uint64", "uint64"]],
      ["setGrantDelay", ["uint64", "uint32"]],
      ["setTargetFunctionRole", ["address", "bytes4", "uint64"]],
      ["setTargetAdminDelay", ["address", "uint32"]],
      ["setTargetClosed", ["address", "bool"]],
    ] as const
  ).map(([name, types]) => [authorityInterface.getFunction(name).selector, types]),
);

interface Change {
  /** A function of the authority, or that a call was announced to it. */
  readonly act: string;
  readonly values: readonly unknown[];
  readonly time: number;
  readonly log: RawLog;
}

interface Member {
  readonly role: bigint;
  readonly account: string;
  readonly from: number;
  /** As granted last; a shorter one holds only from `shorterFrom` on. */
  delay: number;
  longer: number;
  shorterFrom: number;
}

const ANNOUNCED = "announced";

/**
 * @param authority chain, and address in lower case.
 * @param registry the contract whose functions are asked about.
 * @param unit how many of the chain's units are a second: delays are counted in them.
 * @param external a head of the journal obtained elsewhere.
 */
export function readRoles(
  authority: { readonly chainId: number; readonly address: string },
  registry: string,
  unit: 1 | 1000,
  findings: Findings,
  hashes: Hashes,
  external?: ExternalHead,
): RoleReader {
  const changes: Change[] = [];
  const executions = startExecutions(unit, findings, hashes);
  const transactions = new Map<string, CallingTransaction>();
  let length = 0;
  let last: RawLog | undefined;
  let head = hashes.keccak256(
    fromHex(
      coder.encode(
        ["bytes32", "uint256", "address"],
        [hashes.keccak256(utf8("credit-anchor/roles/1")), authority.chainId, authority.address],
      ),
    ),
  );

  const heads = [toHex(head)];
  /** Of each entry. */
  const logs: RawLog[] = [];
  let contained = external?.length === 0 && external.head === toHex(head);

  function read(log: RawLog, block: BlockFacts | undefined): void {
    const place: Where = { block: log.blockNumber, transaction: log.transactionHash, logIndex: log.logIndex };
    if (!isUsable(log, block, last, authority, place, findings)) return;
    last = log;
    if (log.topics[0] !== journaled.topicHash) {
      const operation = executions.read(log, block.time, place);
      if (operation !== undefined)
        changes.push({ act: ANNOUNCED, values: [operation], time: block.time, log });
      return;
    }
    let decoded;
    try {
      decoded = decodeLog(log, shapes)!;
    } catch (error) {
      if (!(error instanceof MalformedLog)) throw error;
      return findings.differ("roles.malformed", error.message, place);
    }
    const {
      entry,
      act,
      arguments: args,
    } = decoded.values as { entry: bigint; act: string; arguments: string };
    const where: Where = { ...place, entry: Number(entry), event: "RoleJournaled" };
    if (entry !== BigInt(length))
      findings.differ(
        "roles.entry",
        "entries of the journal of roles are missing, or come again",
        where,
        length,
        entry,
      );
    const { time } = block;
    const entryHash = hashes.keccak256(
      fromHex(
        coder.encode(
          ["bytes32", "uint64", "uint256", "uint64", "bytes4", "bytes"],
          [journaled.topicHash, entry, log.blockNumber, time, act, args],
        ),
      ),
    );
    head = hashes.keccak256(concat(head, entryHash));
    length++;
    heads.push(toHex(head));
    logs.push(log);
    if (length === external?.length) contained = external.head === toHex(head);
    const values = valuesOf(act, args);
    if (values === undefined)
      return findings.differ("roles.malformed", "an act of the journal of roles that cannot be read", where);
    changes.push({ act: authorityInterface.getFunction(act as "grantRole").name, values, time, log });
  }

  // The changes are applied up to each act, then to the end.
  const members = new Map<string, Member>();
  const past: Tenure[] = [];
  const functions = new Map<string, bigint>();
  let closed = false;
  let applied = 0;

  function apply({ act, values, time }: Change): void {
    if (act === "grantRole") {
      const [role, account, grantDelay, delay] = values as [bigint, string, bigint, bigint];
      const known = members.get(`${role} ${account}`);
      const seconds = Number(delay) / unit;
      // Granting again changes the delay only: a shorter one after the difference to the one before.
      if (known !== undefined) {
        known.longer = delayOf(known, time);
        known.delay = seconds;
        known.shorterFrom = time + Math.max(0, known.longer - seconds);
      } else
        members.set(`${role} ${account}`, {
          role,
          account,
          from: time + Math.ceil(Number(grantDelay) / unit),
          delay: seconds,
          longer: seconds,
          shorterFrom: time,
        });
    } else if (act === "revokeRole") {
      const [role, account] = values as [bigint, string];
      const known = members.get(`${role} ${account}`);
      if (known !== undefined) past.push(tenureOf(known, time));
      members.delete(`${role} ${account}`);
    } else if (act === "setTargetFunctionRole") {
      const [target, selector, role] = values as [string, string, bigint];
      if (target === registry) functions.set(selector, role);
    } else if (act === "setTargetClosed") {
      const [target, isClosed] = values as [string, boolean];
      if (target === registry) closed = isClosed;
    } else if (act === ANNOUNCED) {
      const [operation] = values as [Operation];
      required.set(operation, waitOf(operation.caller, [operation.selector], time) ?? 0);
    }
  }

  /** Seconds each announced call had to wait, by the role of who announced it. */
  const required = new Map<Operation, number>();

  /** Seconds for which an account has to wait before it may call one of these; undefined: it may not. */
  function waitOf(account: string, selectors: readonly string[], time: number): number | undefined {
    if (closed) return undefined;
    const waits = selectors.flatMap((selector) => {
      const role = functions.get(selector) ?? administratorRoleId;
      if (role === PUBLIC_ROLE) return [0];
      const member = members.get(`${role} ${account}`);
      return member === undefined || member.from > time ? [] : [delayOf(member, time)];
    });
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  function checkAct(act: RestrictedAct): void {
    const { time, where, log } = act;
    const selectors = act.functions.map((name) => registryInterface.getFunction(name).selector);
    // Through the authority's own `execute` the event names the authority, not who had it executed.
    const isExecuted = act.actor === authority.address;
    const operation = executions.madeBefore(log, registry, selectors, isExecuted ? undefined : act.actor);
    const transaction = transactions.get(log.transactionHash);
    const caller = !isExecuted
      ? act.actor
      : (operation?.caller ??
        (transaction && executorOf(transaction, authority.address, registry, selectors)));
    if (caller === undefined)
      return findings.notChecked(
        "role.executed",
        "acts that the authority executed for another contract without announcement: no event tells for which",
      );
    const wait = waitOf(caller, selectors, time);
    if (wait === undefined)
      findings.differ(
        "role.missing",
        "an act of somebody who did not hold its role then",
        where,
        [...new Set(act.functions.map((name) => roleOfFunction[name]))].join(" or "),
        caller,
      );
    else if (operation === undefined && wait > 0)
      findings.differ("role.delay", "an act that has to be announced was not", where, `${wait} s`, caller);
    else if (operation !== undefined && operation.readyAt - operation.announcedAt < required.get(operation)!)
      findings.differ(
        "role.delay",
        "an act was announced for a time before the delay of its role",
        where,
        `${required.get(operation)!} s`,
        `${operation.readyAt - operation.announcedAt} s`,
      );
  }

  function held(role: bigint, account: string, log: RestrictedAct["log"], time: number): boolean {
    let from: number | undefined;
    for (const { act, values, time: since, log: at } of changes) {
      if (!isBefore(at, log)) break;
      if (values[0] !== role || values[1] !== account) continue;
      if (act === "grantRole") from ??= since + Math.ceil(Number(values[2]) / unit);
      else if (act === "revokeRole") from = undefined;
    }
    return from !== undefined && from <= time;
  }

  return {
    read,
    at: (wanted) => {
      const found = heads[wanted];
      return found === undefined ? undefined : { head: found, last: logs[wanted - 1], next: logs[wanted] };
    },
    held,
    executed: (acts) => [
      ...new Set(
        acts.filter(({ actor }) => actor === authority.address).map(({ log }) => log.transactionHash),
      ),
    ],
    explain: (hash, transaction) => void transactions.set(hash, transaction),
    check: (acts) => {
      for (const act of acts) {
        while (applied < changes.length && isBefore(changes[applied]!.log, act.log))
          apply(changes[applied++]!);
        checkAct(act);
      }
      while (applied < changes.length) apply(changes[applied++]!);
    },
    report: () => ({
      authority: authority.address,
      journal: { length, head: toHex(head) },
      externalHead: external === undefined ? null : { ...external, contained },
      tenures: [...past, ...[...members.values()].map((member) => tenureOf(member, null))],
    }),
  };
}

function isBefore(a: RestrictedAct["log"], b: RestrictedAct["log"]): boolean {
  return a.blockNumber === b.blockNumber ? a.logIndex < b.logIndex : a.blockNumber < b.blockNumber;
}

/** Undefined unless the bytes are exactly the arguments of such an act. */
function valuesOf(act: string, encoded: string): readonly unknown[] | undefined {
  const types = argumentsOf[act];
  if (types === undefined) return undefined;
  try {
    const values = coder.decode(types, encoded).toArray() as unknown[];
    if (coder.encode(types, values) !== encoded) return undefined;
    return values.map((value) => (typeof value === "string" ? value.toLowerCase() : value));
  } catch {
    return undefined;
  }
}

function delayOf({ delay, longer, shorterFrom }: Member, time: number): number {
  return time < shorterFrom ? longer : delay;
}

function tenureOf({ role, account, from, delay }: Member, until: number | null): Tenure {
  return { role: roleName(role), account, from, until, delay };
}
