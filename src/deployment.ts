import type { ContractTransactionResponse, Signer } from "ethers";
import {
  AccessManager__factory,
  CreditRegistry__factory,
  type AccessManager,
  type CreditRegistry,
} from "../typechain-types";
import type { NonPayableOverrides } from "../typechain-types/common";
import { administratorRoleId, roleIds, roleNames, selectorsOf, type RoleName } from "./roles";

/** Who gets which role: addresses by role. */
export type Grants = Partial<Record<RoleName, readonly string[]>>;

export interface DeploymentOptions {
  readonly grants?: Grants;
  /** Added to every transaction, for example `{ gasPrice: 0 }` on networks without fees. */
  readonly overrides?: NonPayableOverrides;
}

export interface Deployment {
  readonly manager: AccessManager;
  readonly registry: CreditRegistry;
}

/** One transaction that brings the chain nearer to the wanted state; safe to ask and to run again. */
export interface WiringStep {
  /** For people and logs. */
  readonly name: string;
  /** Whether the chain is in the state already that this step brings about. */
  isDone(): Promise<boolean>;
  send(): Promise<ContractTransactionResponse>;
}

/**
 * Deploys an AccessManager whose only administrator is the signer, and waits until it is mined.
 *
 * @param overrides added to the transaction
 */
export async function deployManager(signer: Signer, overrides: NonPayableOverrides = {}): Promise<AccessManager> {
  const manager = await new AccessManager__factory(signer).deploy(await signer.getAddress(), overrides);
  return manager.waitForDeployment();
}

/**
 * Deploys a registry under an AccessManager and waits until it is mined. Nobody may call its restricted functions but
 * the manager's administrator, until the steps of {@link wiringSteps} are done.
 */
export async function deployRegistryContract(
  signer: Signer,
  managerAddress: string,
  overrides: NonPayableOverrides = {},
): Promise<CreditRegistry> {
  const registry = await new CreditRegistry__factory(signer).deploy(managerAddress, overrides);
  return registry.waitForDeployment();
}

/**
 * Everything between two deployed contracts and a registry that works: labels and guardians of roles, which role may
 * call which function, who holds which role. Each step can be asked whether it is done, so a deployment that stopped
 * half-way continues where it was.
 *
 * @param deployment connected to a signer that is administrator of the manager
 */
export function wiringSteps(deployment: Deployment, options: DeploymentOptions = {}): WiringStep[] {
  return roleNames.flatMap((role) => [
    labelStep(deployment, role, options),
    ...(role === "guardian" ? [] : [guardianStep(deployment, role, options)]),
    ...(selectorsOf(role).length === 0 ? [] : [functionsStep(deployment, role, options)]),
    ...(options.grants?.[role] ?? []).map((account) => grantStep(deployment, role, account, options)),
  ]);
}

/**
 * Deploys and wires a registry in one go: AccessManager, CreditRegistry, {@link wiringSteps}.
 *
 * The signer stays administrator of the manager; acts of the roles take effect without delay.
 */
export async function deployRegistry(signer: Signer, options: DeploymentOptions = {}): Promise<Deployment> {
  const manager = await deployManager(signer, options.overrides);
  const registry = await deployRegistryContract(signer, await manager.getAddress(), options.overrides);
  const deployment = { manager, registry };
  for (const step of wiringSteps(deployment, options)) {
    if (!(await step.isDone())) await (await step.send()).wait();
  }
  return deployment;
}

function labelStep({ manager }: Deployment, role: RoleName, { overrides = {} }: DeploymentOptions): WiringStep {
  const filter = manager.filters.RoleLabel(roleIds[role]);
  return {
    name: `label role ${roleIds[role]} ${role}`,
    // The manager keeps no labels: they are events only.
    isDone: async () => (await manager.queryFilter(filter)).at(-1)?.args.label === role,
    send: () => manager.labelRole(roleIds[role], role, overrides),
  };
}

function guardianStep({ manager }: Deployment, role: RoleName, { overrides = {} }: DeploymentOptions): WiringStep {
  return {
    name: `guardian of ${role}`,
    isDone: async () => (await manager.getRoleGuardian(roleIds[role])) === roleIds.guardian,
    send: () => manager.setRoleGuardian(roleIds[role], roleIds.guardian, overrides),
  };
}

function functionsStep({ manager, registry }: Deployment, role: RoleName, options: DeploymentOptions): WiringStep {
  const selectors = selectorsOf(role);
  return {
    name: `functions of ${role}`,
    isDone: async () => {
      const target = await registry.getAddress();
      const roles = await Promise.all(selectors.map((selector) => manager.getTargetFunctionRole(target, selector)));
      return roles.every((id) => id === roleIds[role]);
    },
    send: async () =>
      manager.setTargetFunctionRole(
        await registry.getAddress(),
        selectors,
        roleIds[role],
        options.overrides ?? {},
      ),
  };
}

function grantStep(
  { manager }: Deployment,
  role: RoleName,
  account: string,
  { overrides = {} }: DeploymentOptions,
): WiringStep {
  return {
    name: `grant ${role} to ${account}`,
    isDone: async () => (await manager.hasRole(roleIds[role], account)).isMember,
    send: () => manager.grantRole(roleIds[role], account, 0, overrides),
  };
}

/** Whether an account is administrator of the manager: may grant roles and wire functions. */
export async function isAdministrator(manager: AccessManager, account: string): Promise<boolean> {
  return (await manager.hasRole(administratorRoleId, account)).isMember;
}
