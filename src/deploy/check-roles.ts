import type { Interface } from "ethers";

import { AccessManager__factory, CreditRegistry__factory } from "../../typechain-types";
import type { Chain } from "../chain";
import { administratorRoleId, roleIds, roleNames, roleOfFunction } from "../roles";
import { type Check, compare, isCallFailure } from "./comparison";
import { delayOnChain, type ProfileRole, profileRoles } from "./profile";
import type { ContractRecord } from "./record";

const idOf = (role: ProfileRole): bigint => (role === "administrator" ? administratorRoleId : roleIds[role]);

const roleName = (id: bigint): string => profileRoles.find((role) => idOf(role) === id) ?? `role ${id}`;

/** Everything AccessManager ever said about roles. */
interface RoleHistory {
  /** Accounts that were ever granted a role, by its id. */
  readonly accounts: Map<bigint, Set<string>>;
  readonly labels: Map<bigint, string>;
  /** Selectors of the registry that were ever mapped to a role. */
  readonly selectors: Set<string>;
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
  const access = AccessManager__factory.connect(manager.address, chain.provider);
  const history = await readHistory(chain, manager, registry.address);
  try {
    return [
      ...(await checkFunctions(access, history, registry.address)),
      ...(await checkSettings(access, history)),
      ...(await checkHolders(access, history, manager)),
    ];
  } catch (error) {
    if (isCallFailure(error)) return [compare("roles", "an AccessManager that answers", "no answer")];
    throw error;
  }
}

async function readHistory(chain: Chain, manager: ContractRecord, registry: string): Promise<RoleHistory> {
  const history: RoleHistory = { accounts: new Map(), labels: new Map(), selectors: new Set() };
  const shapes = AccessManager__factory.createInterface();
  // From the very first block: a record that names a later block must not hide an early grant.
  const filter = { address: manager.address, fromBlock: 0, toBlock: await chain.blockNumber() };
  for await (const page of chain.logs(filter)) {
    for (const log of page) {
      const event = shapes.parseLog({ topics: [...log.topics], data: log.data });
      if (event === null) continue;
      const id = event.args.roleId as bigint;
      if (event.name === "RoleGranted")
        history.accounts.set(
          id,
          (history.accounts.get(id) ?? new Set()).add((event.args.account as string).toLowerCase()),
        );
      if (event.name === "RoleLabel") history.labels.set(id, event.args.label as string);
      const target = event.args.target as string | undefined;
      if (event.name === "TargetFunctionRoleUpdated" && target?.toLowerCase() === registry)
        history.selectors.add(event.args.selector as string);
    }
  }
  return history;
}

type Access = ReturnType<typeof AccessManager__factory.connect>;

async function checkFunctions(access: Access, history: RoleHistory, registry: string): Promise<Check[]> {
  const abi: Interface = CreditRegistry__factory.createInterface();
  const expected = new Map<string, string>(
    Object.entries(roleOfFunction).map(([name, role]) => [abi.getFunction(name)!.selector, role]),
  );
  const selectors = new Set([...expected.keys(), ...history.selectors]);
  return Promise.all(
    [...selectors].map(async (selector) => {
      const name = abi.getFunction(selector)?.name ?? selector;
      const id = await access.getTargetFunctionRole(registry, selector);
      return compare(`who may call ${name}`, expected.get(selector) ?? "administrator", roleName(id));
    }),
  );
}

async function checkSettings(access: Access, history: RoleHistory): Promise<Check[]> {
  return Promise.all(
    roleNames.map(async (role) => {
      const id = roleIds[role];
      const [guardian, admin] = await Promise.all([access.getRoleGuardian(id), access.getRoleAdmin(id)]);
      const expected = {
        label: role,
        guardian: role === "guardian" ? "administrator" : "guardian",
        admin: "administrator",
      };
      const found = { label: history.labels.get(id), guardian: roleName(guardian), admin: roleName(admin) };
      return compare(`role ${role} (${id})`, expected, found);
    }),
  );
}

async function checkHolders(access: Access, history: RoleHistory, manager: ContractRecord): Promise<Check[]> {
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
    for (const account of new Set([...wanted.keys(), ...(history.accounts.get(id) ?? [])])) {
      const { isMember, executionDelay } = await access.hasRole(id, account);
      if (isMember) found.set(account, Number(executionDelay));
    }
    checks.push(compare(`holders of ${roleName(id)}`, listed(wanted), listed(found)));
  }
  return checks;
}

function listed(holders: ReadonlyMap<string, number>): string {
  const lines = [...holders].map(([account, delay]) => (delay === 0 ? account : `${account} after ${delay}`));
  return lines.sort().join(", ") || "nobody";
}
