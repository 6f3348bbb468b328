import { RegistryAuthority__factory } from "../../typechain-types/factories/contracts/RegistryAuthority__factory";
import type { Chain, Log } from "../chain";
import { timeForPeople } from "../time-words";
import {
  administratorRoleId,
  ownSelectors,
  roleIds,
  roleName,
  roleNames,
  roleOfFunction,
  type RestrictedFunction,
} from "../roles";
import { type Check, compare, isCallFailure } from "./comparison";
import { contractHolders, delayOnChain, type Profile, type ProfileRole, profileRoles } from "./profile";
import type { ContractRecord } from "./record";
import { registryInterface, authorityInterface } from "../interfaces";

const idOf = (role: ProfileRole): bigint => (role === "administrator" ? administratorRoleId : roleIds[role]);

/** Everything the authority ever said about roles. */
interface RoleHistory {
  /** Accounts that were ever granted a role, by its id, each with its last grant or loss. */
  readonly accounts: Map<bigint, Map<string, Log>>;
  readonly labels: Map<bigint, string>;
  /** Functions that were ever mapped to a role: `target selector`. */
  readonly functions: Set<string>;
  /** Targets that were ever closed or had a delay, with the delay set last: a longer one takes effect days later. */
  readonly targets: Map<string, number>;
  /** Roles that ever had a setting of their own, with the grant delay set last. */
  readonly roles: Map<bigint, number>;
}

/**
 * Compares who may do what: every function's role, every role's label, guardian and administrator, and every holder
 * that events tell of, with its delay.
 */
export async function checkRoles(
  chain: Chain,
  manager: ContractRecord,
  registry: ContractRecord,
): Promise<Check[]> {
  const access = RegistryAuthority__factory.connect(manager.address, chain.provider);
  const contracts = await Promise.all(
    contractHolders(manager.governance ?? { roles: {} as Profile["roles"] }).map(async ({ role, account }) =>
      compare(
        `${role} ${account}`,
        "a contract",
        (await chain.code(account)) === "0x" ? "no contract" : "a contract",
      ),
    ),
  );
  const history = await readHistory(chain, manager);
  try {
    return [
      ...contracts,
      ...(await checkFunctions(access, history, registry.address, manager.address)),
      ...(await checkTargets(access, history, registry.address, manager.address)),
      ...(await checkSettings(access, history)),
      ...(await checkHolders(chain, access, history, manager)),
    ];
  } catch (error) {
    if (isCallFailure(error)) return [compare("roles", "an authority that answers", "no answer")];
    throw error;
  }
}

async function readHistory(chain: Chain, manager: ContractRecord): Promise<RoleHistory> {
  const history: RoleHistory = {
    accounts: new Map(),
    labels: new Map(),
    functions: new Set(),
    targets: new Map(),
    roles: new Map(),
  };
  // From the very first block: a record that names a later block must not hide an early grant.
  const filter = { address: manager.address, fromBlock: 0, toBlock: await chain.blockNumber() };
  for await (const page of chain.logs(filter)) {
    for (const log of page) {
      const event = authorityInterface.parseLog({ topics: [...log.topics], data: log.data });
      if (event === null) continue;
      const id = event.args.roleId as bigint;
      if (event.name === "RoleGranted" || event.name === "RoleRevoked")
        history.accounts.set(
          id,
          (history.accounts.get(id) ?? new Map<string, Log>()).set(
            (event.args.account as string).toLowerCase(),
            log,
          ),
        );
      if (event.name === "RoleLabel") history.labels.set(id, event.args.label as string);
      else if (event.name.startsWith("Role") && typeof id === "bigint")
        history.roles.set(
          id,
          event.name === "RoleGrantDelayChanged" ? Number(event.args.delay) : (history.roles.get(id) ?? 0),
        );
      const target = String(event.args.target).toLowerCase();
      if (event.name === "TargetFunctionRoleUpdated")
        history.functions.add(`${target} ${event.args.selector as string}`);
      else if (event.name.startsWith("Target"))
        history.targets.set(
          target,
          event.name === "TargetAdminDelayUpdated"
            ? Number(event.args.delay)
            : (history.targets.get(target) ?? 0),
        );
    }
  }
  return history;
}

type Access = ReturnType<typeof RegistryAuthority__factory.connect>;

async function checkFunctions(
  access: Access,
  history: RoleHistory,
  registry: string,
  manager: string,
): Promise<Check[]> {
  const expected = new Map<string, string>([
    ...Object.entries(roleOfFunction).map(
      ([name, role]) =>
        [`${registry} ${registryInterface.getFunction(name as RestrictedFunction).selector}`, role] as const,
    ),
    ...ownSelectors().map((selector) => [`${manager} ${selector}`, "governor"] as const),
  ]);
  return Promise.all(
    [...new Set([...expected.keys(), ...history.functions])].map(async (place) => {
      const [target, selector] = place.split(" ") as [string, string];
      const id = await access.getTargetFunctionRole(target, selector);
      return compare(
        nameOf(target, selector, registry, manager),
        expected.get(place) ?? "administrator",
        roleName(id),
      );
    }),
  );
}

function nameOf(target: string, selector: string, registry: string, manager: string): string {
  if (target === registry)
    return `who may call ${registryInterface.getFunction(selector as RestrictedFunction)?.name ?? selector}`;
  if (target !== manager) return `who may call ${selector} of ${target}`;
  const own = authorityInterface.getFunction(selector as "grantRole");
  return `who may cancel ${own?.name ?? selector}`;
}

/** Nothing is closed, and no administration has a delay but that of its holders. */
async function checkTargets(
  access: Access,
  history: RoleHistory,
  registry: string,
  manager: string,
): Promise<Check[]> {
  return Promise.all(
    [...new Set([registry, manager, ...history.targets.keys()])].map(async (target) => {
      const [closed, delay] = await Promise.all([
        access.isTargetClosed(target),
        access.getTargetAdminDelay(target),
      ]);
      const what = target === registry ? "registry" : target === manager ? "authority" : target;
      return compare(
        `${what} open to its roles`,
        { closed: false, delay: 0, delayToCome: 0 },
        { closed, delay: Number(delay), delayToCome: history.targets.get(target) ?? 0 },
      );
    }),
  );
}

async function checkSettings(access: Access, history: RoleHistory): Promise<Check[]> {
  const known = new Map(roleNames.map((role) => [roleIds[role] as bigint, role]));
  return Promise.all(
    [...new Set([...known.keys(), ...history.roles.keys()])]
      .filter((id) => id !== administratorRoleId)
      .map(async (id) => {
        const role = known.get(id);
        const [guardian, admin, grantDelay] = await Promise.all([
          access.getRoleGuardian(id),
          access.getRoleAdmin(id),
          access.getRoleGrantDelay(id),
        ]);
        const expected = {
          label: role,
          guardian: role === undefined || role === "guardian" ? "administrator" : "guardian",
          admin: "administrator",
          grantDelay: 0,
          grantDelayToCome: 0,
        };
        const found = {
          label: history.labels.get(id),
          guardian: roleName(guardian),
          admin: roleName(admin),
          grantDelay: Number(grantDelay),
          grantDelayToCome: history.roles.get(id) ?? 0,
        };
        return compare(`role ${role ?? "unknown"} (${id})`, expected, found);
      }),
  );
}

async function checkHolders(
  chain: Chain,
  access: Access,
  history: RoleHistory,
  manager: ContractRecord,
): Promise<Check[]> {
  const { governance } = manager;
  const expected = new Map<bigint, Map<string, number>>();
  for (const role of profileRoles)
    expected.set(
      idOf(role),
      new Map(
        (governance?.roles[role] ?? []).map(({ account, delay }) => [
          account,
          delayOnChain(delay, governance!.clockUnit),
        ]),
      ),
    );
  const checks: Check[] = [];
  for (const id of new Set([...expected.keys(), ...history.accounts.keys()])) {
    const wanted = expected.get(id) ?? new Map<string, number>();
    const found = new Map<string, number>();
    for (const account of new Set([...wanted.keys(), ...(history.accounts.get(id)?.keys() ?? [])])) {
      const { isMember, executionDelay } = await access.hasRole(id, account);
      if (isMember) found.set(account, Number(executionDelay));
    }
    const check = compare(`holders of ${roleName(id)}`, listed(wanted), listed(found));
    const changed = new Set(
      [...wanted.keys(), ...found.keys()].filter((account) => wanted.get(account) !== found.get(account)),
    );
    const told = await Promise.all(
      [...changed].map((account) => changeText(chain, account, history.accounts.get(id)?.get(account))),
    );
    checks.push(check.holds === true ? check : { ...check, found: `${check.found} (${told.join("; ")})` });
  }
  return checks;
}

/** When a holder was last granted the role or lost it, so that an act that was announced is told from one that was not. */
async function changeText(chain: Chain, account: string, log: Log | undefined): Promise<string> {
  if (log === undefined) return `${account}: no event tells of it`;
  const [block, transaction] = await Promise.all([
    chain.block(log.blockNumber),
    chain.transaction(log.transactionHash),
  ]);
  const granted = log.topics[0] === authorityInterface.getEvent("RoleGranted").topicHash;
  const when = block === undefined ? `in block ${log.blockNumber}` : timeForPeople(block.time);
  const by = transaction === undefined ? "" : ` by ${transaction.from.toLowerCase()}`;
  return `${account}: ${granted ? "granted" : "taken away"} ${when}${by}, transaction ${log.transactionHash}`;
}

function listed(holders: ReadonlyMap<string, number>): string {
  const lines = [...holders].map(([account, delay]) => (delay === 0 ? account : `${account} after ${delay}`));
  return lines.sort().join(", ") || "nobody";
}
