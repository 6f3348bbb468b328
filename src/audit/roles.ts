import { AbiCoder } from "ethers";
import { CreditRegistry__factory, RegistryAuthority__factory } from "../../typechain-types";
import { concat, fromHex, toHex, utf8 } from "../bytes";
import type { Hashes } from "../hashes";
import { administratorRoleId, roleIds, roleNames, roleOfFunction, type RestrictedFunction } from "../roles";
import type { Findings, Where } from "./differences";
import { decodeLog, eventShapes, MalformedLog, type RawLog } from "./events";
import { isUsable, type BlockFacts } from "./journal";

/** Something that only a role may do, as an event of the registry tells it. */
export interface RestrictedAct {
  /** The functions that write such an event; one of them was called. */
  readonly functions: readonly RestrictedFunction[];
  readonly actor: string;
  /** The authority that the registry obeyed then; undefined if no event had told it. */
  readonly authority: string | undefined;
  readonly time: number;
  readonly log: Pick<RawLog, "blockNumber" | "logIndex">;
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
  readonly tenures: readonly Tenure[];
}

/** Reads what one authority ever changed, and decides with it who could do what when. */
export interface RoleReader {
  read(log: RawLog, block: BlockFacts | undefined): void;
  /** After the last log. `acts` in the order of the chain. */
  check(acts: readonly RestrictedAct[]): void;
  report(): RolesReport;
}

/** OpenZeppelin's role that everybody has. */
const PUBLIC_ROLE = 2n ** 64n - 1n;

const face = RegistryAuthority__factory.createInterface();
const registryFace = CreditRegistry__factory.createInterface();
const journaled = face.getEvent("RoleJournaled");
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
  ).map(([name, types]) => [face.getFunction(name).selector, types]),
);

interface Change {
  readonly act: string;
  readonly values: readonly unknown[];
  readonly time: number;
  readonly log: RawLog;
}

interface Member {
  readonly role: bigint;
  readonly account: string;
  readonly from: number;
  delay: number;
}

/**
 * @param authority chain, and address in lower case.
 * @param registry the contract whose functions are asked about.
 * @param unit how many of the chain's units are a second: delays are counted in them.
 */
export function readRoles(
  authority: { readonly chainId: number; readonly address: string },
  registry: string,
  unit: 1 | 1000,
  findings: Findings,
  hashes: Hashes,
): RoleReader {
  const changes: Change[] = [];
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

  function read(log: RawLog, block: BlockFacts | undefined): void {
    const place: Where = { block: log.blockNumber, transaction: log.transactionHash, logIndex: log.logIndex };
    if (!isUsable(log, block, last, authority, place, findings)) return;
    last = log;
    if (log.topics[0] !== journaled.topicHash) return;
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
    const values = valuesOf(act, args);
    if (values === undefined)
      return findings.differ("roles.malformed", "an act of the journal of roles that cannot be read", where);
    changes.push({ act: face.getFunction(act as "grantRole").name, values, time, log });
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
      // Granting again changes the delay only.
      if (known !== undefined) known.delay = seconds;
      else
        members.set(`${role} ${account}`, {
          role,
          account,
          from: time + Math.ceil(Number(grantDelay) / unit),
          delay: seconds,
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
    }
  }

  function could(act: RestrictedAct): boolean {
    if (closed) return false;
    return act.functions.some((name) => {
      const role = functions.get(registryFace.getFunction(name).selector) ?? administratorRoleId;
      if (role === PUBLIC_ROLE) return true;
      const member = members.get(`${role} ${act.actor}`);
      return member !== undefined && member.from <= act.time;
    });
  }

  return {
    read,
    check: (acts) => {
      for (const act of acts) {
        while (applied < changes.length && isBefore(changes[applied]!.log, act.log))
          apply(changes[applied++]!);
        // Through the authority's own `execute` the event names the authority, not who had it executed.
        if (act.actor === authority.address)
          findings.notChecked(
            "role.executed",
            "acts that the authority executed for somebody: its own events tell for whom",
          );
        else if (!could(act))
          findings.differ(
            "role.missing",
            "an act of somebody who did not hold its role then",
            act.where,
            [...new Set(act.functions.map((name) => roleOfFunction[name]))].join(" or "),
            act.actor,
          );
      }
      while (applied < changes.length) apply(changes[applied++]!);
    },
    report: () => ({
      authority: authority.address,
      journal: { length, head: toHex(head) },
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

function tenureOf({ role, account, from, delay }: Member, until: number | null): Tenure {
  return { role: roleText(role), account, from, until, delay };
}

function roleText(id: bigint): string {
  if (id === administratorRoleId) return "administrator";
  return roleNames.find((name) => roleIds[name] === id) ?? `role ${id}`;
}
