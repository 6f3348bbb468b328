import { AbiCoder, type FunctionFragment, type Result } from "ethers";
import type { Log } from "./chain";
import { counted } from "./counted";
import { labelText } from "./foreign-text";
import { CreditAnchorError } from "./errors";
import type { Call } from "./registry";
import { reasonText } from "./reasons";
import { authorityOf, readAgency, readJournal, type Registry } from "./registry-views";
import {
  administratorRoleId,
  ownFunctions,
  roleIds,
  roleName,
  roleNames,
  roleOfFunction,
  restrictedFunction,
} from "./roles";
import { registryInterface, authorityInterface } from "./interfaces";

/**
 * What the NDRC's roles do, for people: which acts wait, who holds which role, and any act by its name.
 */

const lower = (value: unknown): string => String(value).toLowerCase();

/** An act that was scheduled and is neither made nor cancelled. Times in seconds. */
export interface ScheduledAct {
  /** Names it, until it is made or cancelled. */
  readonly operation: string;
  /** Who scheduled it, and is the only one who can make it. */
  readonly caller: string;
  readonly target: string;
  readonly data: string;
  /** The call, if the function is known: its name and arguments as they stand. */
  readonly what: string;
  /** The same for people: codes, names of roles, reasons; as far as they can be told. */
  readonly means: string;
  /** Role that the act needs; null for a contract that is neither the registry nor its authority. */
  readonly role: string | null;
  /** From when it can be made, and until when. */
  readonly from: number;
  readonly until: number;
  readonly state: "waiting" | "ready" | "expired";
}

/**
 * Every act that waits, oldest first, by the events and then by what the authority answers.
 *
 * @param typeNames Record types whose documents are at hand: name by hash.
 */
export async function scheduledActs(
  registry: Registry,
  typeNames: ReadonlyMap<string, string> = new Map(),
): Promise<ScheduledAct[]> {
  const { chain } = registry;
  const authority = await authorityOf(registry);
  const scheduled = new Map<string, Result>();
  for (const { name, args } of await authorityEvents(registry, authority, [
    "OperationScheduled",
    "OperationExecuted",
    "OperationCanceled",
  ])) {
    const id = String(args.operationId);
    scheduled.delete(id);
    if (name === "OperationScheduled") scheduled.set(id, args);
  }
  const head = (await chain.block("latest"))!;
  const unit = head.timestamp === head.time ? 1 : 1000;
  const [expiration] = await ask(registry, authority, "expiration", []);
  const acts: ScheduledAct[] = [];
  for (const [operation, args] of scheduled) {
    const [target, data] = [lower(args.target), String(args.data)];
    const from = Math.ceil(Number(args.schedule) / unit);
    const until = from + Math.floor(Number(expiration) / unit);
    acts.push({
      operation,
      caller: lower(args.caller),
      target,
      data,
      what: actText(registry, authority, target, data),
      means: await meaningOfAct(registry, authority, target, data, typeNames),
      // Anything that no role was given belongs to administrators; of other contracts we know nothing.
      role:
        target === registry.address || target === authority
          ? (restrictedFunction(data.slice(0, 10).toLowerCase())?.role ?? "administrator")
          : null,
      from,
      until,
      state: head.time >= until ? "expired" : head.time >= from ? "ready" : "waiting",
    });
  }
  return acts;
}

/** Parsed call of the registry or of its authority; undefined for anything else. */
function parsedAct(
  registry: Registry,
  authority: string,
  target: string,
  data: string,
): { readonly name: string; readonly fragment: FunctionFragment; readonly args: Result } | undefined {
  const abi =
    target === registry.address ? registryInterface : target === authority ? authorityInterface : undefined;
  try {
    return abi?.parseTransaction({ data }) ?? undefined;
  } catch {
    // Whoever schedules may write any bytes.
    return undefined;
  }
}

/** A call: the function, and its arguments as they stand. */
function actText(registry: Registry, authority: string, target: string, data: string): string {
  const parsed = parsedAct(registry, authority, target, data);
  return parsed === undefined
    ? `${data.slice(0, 10)}… of ${target}`
    : `${parsed.name}(${parsed.args.map(String).join(", ")})`;
}

/** A call for whoever has to decide whether it may happen: every argument with its name, and what it stands for. */
export async function meaningOfAct(
  registry: Registry,
  authority: string,
  target: string,
  data: string,
  typeNames: ReadonlyMap<string, string> = new Map(),
): Promise<string> {
  const parsed = parsedAct(registry, authority, target, data);
  if (parsed === undefined)
    return `a function that this program does not know: ${data.slice(0, 10)} of ${target}`;
  const words = await Promise.all(
    parsed.fragment.inputs.map(async ({ name, type }, i) => {
      const value: unknown = parsed.args[i];
      return `${name} ${await argumentMeaning(registry, name, type, value, typeNames)}`;
    }),
  );
  return words.length === 0 ? parsed.name : `${parsed.name}: ${words.join(", ")}`;
}

async function argumentMeaning(
  registry: Registry,
  name: string,
  type: string,
  value: unknown,
  typeNames: ReadonlyMap<string, string>,
): Promise<string> {
  if (isRoleArgument(name, type)) return roleName(value as bigint);
  if (name === "reason") return reasonText(Number(value));
  if (type === "bytes32" && (name === "code" || name === "name")) return labelText(String(value));
  if (name === "typeHash") {
    const known = typeNames.get(lower(value));
    return known === undefined
      ? `${lower(value)} (no document of it is at hand)`
      : `${known} (${lower(value)})`;
  }
  if (type === "uint32" && ["agencyId", "successor"].includes(name)) {
    const code = (await readAgency(registry, Number(value)))?.code;
    return code === undefined ? String(value) : `${String(value)} (${code})`;
  }
  if (type === "bytes4") return functionName(value);
  if (type === "bytes4[]") return (value as readonly unknown[]).map(functionName).join(" ");
  if (type === "address") return lower(value);
  return String(value);
}

const isRoleArgument = (name: string, type: string): boolean =>
  type === "uint64" && ["roleId", "admin", "guardian"].includes(name);

const functionName = (selector: unknown): string =>
  restrictedFunction(lower(selector))?.name ?? lower(selector);

/** Who holds a role now. */
export interface RoleHolders {
  readonly role: string;
  readonly id: number;
  /** Who may cancel its scheduled acts. */
  readonly guardian: string;
  readonly functions: readonly string[];
  readonly holders: readonly { readonly account: string; readonly delay: number }[];
}

/** All roles with their holders, as the events and the authority's answers tell. Delays in seconds. */
export async function rolesOf(registry: Registry): Promise<RoleHolders[]> {
  const authority = await authorityOf(registry);
  const head = (await registry.chain.block("latest"))!;
  const unit = head.timestamp === head.time ? 1 : 1000;
  const accounts = new Map<bigint, Set<string>>(
    [administratorRoleId, ...roleNames.map((name) => roleIds[name] as bigint)].map((id) => [id, new Set()]),
  );
  for (const { args } of await authorityEvents(registry, authority, ["RoleGranted"])) {
    const id = args.roleId as bigint;
    accounts.set(id, (accounts.get(id) ?? new Set()).add(lower(args.account)));
  }
  const roles: RoleHolders[] = [];
  for (const [id, candidates] of accounts) {
    const holders: { account: string; delay: number }[] = [];
    for (const account of candidates) {
      const [isMember, delay] = await ask(registry, authority, "hasRole", [id, account]);
      if (isMember === true) holders.push({ account, delay: Math.ceil(Number(delay) / unit) });
    }
    const [guardian] = await ask(registry, authority, "getRoleGuardian", [id]);
    const name = roleName(id);
    const functions = Object.entries(roleOfFunction).flatMap(([each, role]) => (role === name ? [each] : []));
    roles.push({ role: name, id: Number(id), guardian: roleName(guardian as bigint), functions, holders });
  }
  return roles;
}

/**
 * The call of a restricted function of the registry, or of one of the authority's own, from words.
 *
 * @param words One an argument: numbers, addresses, hex; a role by its name or id; lists with commas.
 * @throws {CreditAnchorError} `governance.unknown-function`, `governance.arguments`
 */
export async function actOf(registry: Registry, name: string, words: readonly string[]): Promise<Call> {
  const authority = await authorityOf(registry);
  const isOwn = (ownFunctions as readonly string[]).includes(name);
  if (!isOwn && !(name in roleOfFunction))
    throw new CreditAnchorError("governance.unknown-function", `no role may call a function ${name}`, {
      hint: `functions: ${[...Object.keys(roleOfFunction), ...ownFunctions].join(", ")}`,
    });
  const abi = isOwn ? authorityInterface : registryInterface;
  const fragment = abi.getFunction(name as never) as unknown as FunctionFragment;
  const inputs = fragment.inputs.map((input) => `${input.type} ${input.name}`);
  const wrong = (what: string, cause?: unknown): CreditAnchorError =>
    new CreditAnchorError(
      "governance.arguments",
      `${what}; ${name} takes: ${inputs.join(", ") || "nothing"}`,
      {
        hint: `one word an argument; lists are written with commas, roles by their name (${[
          "administrator",
          ...roleNames,
        ].join(", ")}) or id`,
        cause,
      },
    );
  if (fragment.inputs.some(({ baseType }) => baseType === "tuple"))
    throw wrong("an argument of this function cannot be written as words");
  if (words.length !== inputs.length)
    throw wrong(`${counted(inputs.length, "argument")} expected, ${words.length} given`);
  const values = fragment.inputs.map((input, i) => {
    const value = valueOf(input.type, input.name, words[i]!);
    try {
      if (value === undefined) throw new TypeError("neither true nor false");
      AbiCoder.defaultAbiCoder().encode([input], [value]);
    } catch (cause) {
      throw wrong(`argument ${i + 1}, ${input.name}, is no ${kindOf(input.type, input.name)}`, cause);
    }
    return value;
  });
  const data = abi.encodeFunctionData(name as never, values as never);
  const call = { to: isOwn ? authority : registry.address, data, what: `${name}(${words.join(", ")})` };
  if (name === "nameRegistrySuccessor") await requireRegistry(registry, String(values[0]).toLowerCase());
  return call;
}

function valueOf(type: string, name: string, word: string): unknown {
  if (type.endsWith("[]")) return word.split(",");
  // Any other word would be true.
  if (type === "bool") return word === "true" ? true : word === "false" ? false : undefined;
  if (isRoleArgument(name, type) && word === "administrator") return administratorRoleId;
  return isRoleArgument(name, type) && Object.hasOwn(roleIds, word)
    ? roleIds[word as keyof typeof roleIds]
    : word;
}

/** What a word has to be, for people. */
function kindOf(type: string, name: string): string {
  if (isRoleArgument(name, type)) return "role, neither by name nor by id";
  if (type === "address") return "address (0x and 40 digits)";
  if (type === "bool") return "true or false";
  if (type.startsWith("uint")) return `whole number that fits ${type}`;
  return type;
}

/**
 * A successor is named once and for ever: what is no registry must not become it.
 *
 * @throws {CreditAnchorError} `governance.no-registry`
 */
async function requireRegistry(registry: Registry, successor: string): Promise<void> {
  const refused = (what: string, cause?: unknown): CreditAnchorError =>
    new CreditAnchorError(
      "governance.no-registry",
      `${successor} cannot be the registry's successor: ${what}`,
      {
        hint: "name the address of the new CreditRegistry, as its deployment record has it: a successor is named once, for ever",
        cause,
      },
    );
  if (successor === registry.address) throw refused("it is this registry itself");
  try {
    // What a registry of any version answers: where its journal stands, and a contract that knows its roles.
    const other: Registry = { chain: registry.chain, address: successor, fromBlock: 0 };
    await readJournal(other);
    if ((await registry.chain.code(await authorityOf(other))) === "0x")
      throw refused("its authority is no contract");
  } catch (cause) {
    if (!(cause instanceof CreditAnchorError) || !cause.code.startsWith("registry.")) throw cause;
    throw refused("it does not answer as a registry does", cause);
  }
}

async function authorityEvents(
  { chain }: Registry,
  authority: string,
  names: readonly string[],
): Promise<{ readonly name: string; readonly args: Result }[]> {
  const topics = [names.map((name) => authorityInterface.getEvent(name as "RoleGranted").topicHash)];
  const events: { name: string; args: Result }[] = [];
  // From the first block: the authority is older than its registry, and an early grant must not be missed.
  const filter = {
    address: authority,
    topics,
    fromBlock: 0,
    toBlock: await chain.blockNumber(),
  };
  for await (const page of chain.logs(filter))
    for (const log of page as readonly Log[]) {
      const parsed = authorityInterface.parseLog({ topics: [...log.topics], data: log.data });
      if (parsed !== null && log.address === authority) events.push({ name: parsed.name, args: parsed.args });
    }
  return events;
}

async function ask(
  { chain }: Registry,
  authority: string,
  name: string,
  args: readonly unknown[],
): Promise<readonly unknown[]> {
  const data = authorityInterface.encodeFunctionData(name as "expiration", args as never);
  const answer = await chain.call({ to: authority, data });
  return authorityInterface.decodeFunctionResult(name as "expiration", answer) as unknown as unknown[];
}
