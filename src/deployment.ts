import type { ContractTransactionResponse, Signer } from "ethers";
import { RegistryAuthority__factory } from "../typechain-types/factories/contracts/RegistryAuthority__factory";
import { CreditRegistry__factory } from "../typechain-types/factories/contracts/CreditRegistry__factory";
import type { RegistryAuthority, CreditRegistry } from "../typechain-types";
import type { NonPayableOverrides } from "../typechain-types/common";
import { administratorRoleId, ownSelectors, roleIds, roleNames, selectorsOf, type RoleName } from "./roles";

/** Gas price and the like, added to every transaction: `{ gasPrice: 0 }` on networks without fees. */
export type TransactionOverrides = Omit<NonPayableOverrides, "from">;

/** A holder of a role whose acts take effect only after a delay, counted as the chain counts its block times. */
export interface DelayedGrant {
  readonly account: string;
  readonly delay: number;
}

/** Who gets which role: addresses by role, or addresses with delays. */
export type Grants = Partial<Record<RoleName, readonly (string | DelayedGrant)[]>>;

export interface DeploymentOptions {
  readonly grants?: Grants;
  /** Who administers the manager afterwards. The signer hands over in the last step; by default it stays. */
  readonly administrators?: readonly (string | DelayedGrant)[];
  readonly overrides?: TransactionOverrides;
}

export interface Deployment {
  readonly manager: RegistryAuthority;
  readonly registry: CreditRegistry;
}

/** One transaction that brings the chain nearer to the wanted state; safe to ask and to run again. */
export interface WiringStep {
  /** For people and logs. */
  readonly name: string;
  /** Whether the chain is in the state already that this step brings about. */
  isDone(): Promise<boolean>;
  /** @param overrides instead of those of the deployment's options */
  send(overrides?: NonPayableOverrides): Promise<ContractTransactionResponse>;
}

/**
 * Deploys an authority whose only administrator is the signer, and waits until it is mined.
 *
 * @param overrides added to the transaction
 */
export async function deployManager(
  signer: Signer,
  overrides: TransactionOverrides = {},
): Promise<RegistryAuthority> {
  const manager = await new RegistryAuthority__factory(signer).deploy(await signer.getAddress(), overrides);
  return manager.waitForDeployment();
}

/**
 * Deploys a registry under an authority and waits until it is mined. Nobody may call its restricted functions but
 * the manager's administrator, until the steps of {@link wiringSteps} are done.
 */
export async function deployRegistryContract(
  signer: Signer,
  managerAddress: string,
  overrides: TransactionOverrides = {},
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
 * @param deployer the signer's address; only needed with `administrators`
 */
export function wiringSteps(
  deployment: Deployment,
  options: DeploymentOptions = {},
  deployer?: string,
): WiringStep[] {
  const wiring = roleNames.flatMap((role) => [
    labelStep(deployment, role, options),
    ...(role === "guardian" ? [] : [guardianStep(deployment, role, options)]),
    ...(selectorsOf(role).length === 0 ? [] : [functionsStep(deployment, role, options)]),
    ...(options.grants?.[role] ?? []).map((holder) =>
      grantStep(deployment, role, roleIds[role], holder, options),
    ),
  ]);
  const own = targetStep(
    deployment.manager,
    deployment.manager,
    ownSelectors(),
    "governor",
    "the authority's own functions",
    options,
  );
  return [...wiring, own, ...administratorSteps(deployment, options, deployer)];
}

/**
 * Deploys and wires a registry in one go: RegistryAuthority, CreditRegistry, {@link wiringSteps}.
 *
 * The signer stays administrator of the manager unless `administrators` says otherwise.
 */
export async function deployRegistry(signer: Signer, options: DeploymentOptions = {}): Promise<Deployment> {
  const manager = await deployManager(signer, options.overrides);
  const registry = await deployRegistryContract(signer, await manager.getAddress(), options.overrides);
  const deployment = { manager, registry };
  for (const step of wiringSteps(deployment, options, await signer.getAddress())) {
    if (!(await step.isDone())) await (await step.send()).wait();
  }
  return deployment;
}

function labelStep(
  { manager }: Deployment,
  role: RoleName,
  { overrides = {} }: DeploymentOptions,
): WiringStep {
  const filter = manager.filters.RoleLabel(roleIds[role]);
  return {
    name: `label role ${roleIds[role]} ${role}`,
    // The manager keeps no labels: they are events only.
    isDone: async () => (await manager.queryFilter(filter)).at(-1)?.args.label === role,
    send: (own = overrides) => manager.labelRole(roleIds[role], role, own),
  };
}

function guardianStep(
  { manager }: Deployment,
  role: RoleName,
  { overrides = {} }: DeploymentOptions,
): WiringStep {
  return {
    name: `guardian of ${role}`,
    isDone: async () => (await manager.getRoleGuardian(roleIds[role])) === roleIds.guardian,
    send: (own = overrides) => manager.setRoleGuardian(roleIds[role], roleIds.guardian, own),
  };
}

function functionsStep(
  { manager, registry }: Deployment,
  role: RoleName,
  options: DeploymentOptions,
): WiringStep {
  return targetStep(manager, registry, selectorsOf(role), role, `functions of ${role}`, options);
}

/** Maps functions of a contract to a role. */
function targetStep(
  manager: RegistryAuthority,
  target: CreditRegistry | RegistryAuthority,
  selectors: string[],
  role: RoleName,
  name: string,
  { overrides = {} }: DeploymentOptions,
): WiringStep {
  return {
    name,
    isDone: async () => {
      const address = await target.getAddress();
      const roles = await Promise.all(
        selectors.map((selector) => manager.getTargetFunctionRole(address, selector)),
      );
      return roles.every((id) => id === roleIds[role]);
    },
    send: async (own = overrides) =>
      manager.setTargetFunctionRole(await target.getAddress(), selectors, roleIds[role], own),
  };
}

function grantStep(
  { manager }: Deployment,
  role: string,
  id: bigint,
  holder: string | DelayedGrant,
  { overrides = {} }: DeploymentOptions,
): WiringStep {
  const { account, delay } = typeof holder === "string" ? { account: holder, delay: 0 } : holder;
  return {
    name: `grant ${role} to ${account}`,
    isDone: async () => {
      const { isMember, executionDelay } = await manager.hasRole(id, account);
      return isMember && Number(executionDelay) === delay;
    },
    send: (own = overrides) => manager.grantRole(id, account, delay, own),
  };
}

/** The deployer's own part comes last: after it, the deployer can do nothing more, or only with delay. */
function administratorSteps(
  deployment: Deployment,
  options: DeploymentOptions,
  deployer: string | undefined,
): WiringStep[] {
  const { administrators, overrides = {} } = options;
  if (administrators === undefined) return [];
  if (deployer === undefined) throw new TypeError("administrators need the deployer's address");
  const isDeployer = (holder: string | DelayedGrant): boolean =>
    (typeof holder === "string" ? holder : holder.account).toLowerCase() === deployer.toLowerCase();
  const grant = (holder: string | DelayedGrant): WiringStep =>
    grantStep(deployment, "administrator", administratorRoleId, holder, options);
  const own = administrators.find(isDeployer);
  const renounce: WiringStep = {
    name: "the deployer renounces administrator",
    isDone: async () => !(await isAdministrator(deployment.manager, deployer)),
    send: (given = overrides) => deployment.manager.renounceRole(administratorRoleId, deployer, given),
  };
  return [
    ...administrators.filter((holder) => !isDeployer(holder)).map(grant),
    own === undefined ? renounce : grant(own),
  ];
}

/** Whether an account is administrator of the manager: may grant roles and wire functions. */
export async function isAdministrator(manager: RegistryAuthority, account: string): Promise<boolean> {
  return (await manager.hasRole(administratorRoleId, account)).isMember;
}
