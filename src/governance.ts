import { type FunctionFragment, type Result } from "ethers";
import type { Log } from "./chain";
import { CreditAnchorError } from "./errors";
import type { Call } from "./registry";
import { authorityOf, type Registry } from "./registry-views";
import { administratorRoleId, ownFunctions, roleIds, roleName, roleNames, roleOfFunction } from "./roles";
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
  /** In words, if the function is known. */
  readonly what: string;
  /** From when it can be made, and until when. */
  readonly from: number;
  readonly until: number;
  readonly state: "waiting" | "ready" | "expired";
}

/** Every act that waits, oldest first, by the events and then by what the authority answers. */
export async function scheduledActs(registry: Registry): Promise<ScheduledAct[]> {
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
      from,
      until,
      state: head.time >= until ? "expired" : head.time >= from ? "ready" : "waiting",
    });
  }
  return acts;
}

/** A call in words: the function, and its arguments as they stand. */
function actText(registry: Registry, authority: string, target: string, data: string): string {
  const abi =
    target === registry.address ? registryInterface : target === authority ? authorityInterface : undefined;
  try {
    const parsed = abi?.parseTransaction({ data });
    if (parsed) return `${parsed.name}(${parsed.args.map(String).join(", ")})`;
  } catch {
    // Whoever schedules may write any bytes.
  }
  return `${data.slice(0, 10)}… of ${target}`;
}

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
  const wrong = (cause?: unknown): CreditAnchorError =>
    new CreditAnchorError("governance.arguments", `${name} takes: ${inputs.join(", ") || "nothing"}`, {
      hint: "one word an argument; lists are written with commas, roles by their name or id",
      cause,
    });
  if (words.length !== inputs.length || fragment.inputs.some(({ baseType }) => baseType === "tuple"))
    throw wrong();
  const values = fragment.inputs.map(({ type, name: parameter }, i) => {
    const word = words[i]!;
    if (type.endsWith("[]")) return word.split(",");
    if (type === "bool") return word === "true" ? true : word === "false" ? false : word;
    const isRole = type === "uint64" && ["roleId", "admin", "guardian"].includes(parameter);
    if (isRole && word === "administrator") return administratorRoleId;
    return isRole && word in roleIds ? roleIds[word as keyof typeof roleIds] : word;
  });
  try {
    if (fragment.inputs.some(({ type }, i) => type === "bool" && typeof values[i] !== "boolean"))
      throw wrong();
    const data = abi.encodeFunctionData(name as never, values as never);
    return { to: isOwn ? authority : registry.address, data, what: `${name}(${words.join(", ")})` };
  } catch (cause) {
    throw wrong(cause);
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
