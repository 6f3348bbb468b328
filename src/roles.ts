import { registryInterface, authorityInterface } from "./interfaces";

/** Roles of the AccessManager under which the registry runs, by name. 0 is the manager's own administrator. */
export const roleIds = {
  /** Admits agencies and record types, reinstates and closes agencies. */
  registrar: 1n,
  /** Suspends an agency and pauses the registry at once; cancels scheduled acts of the other roles. */
  guardian: 2n,
  /** Ends a pause. */
  unpauser: 3n,
  /** Sets and clears marks on records of any agency. */
  arbiter: 4n,
  /** Signs off what it has audited; may call nothing of the registry itself. */
  auditor: 5n,
  /** Replaces a lost administrator of an agency, names a successor for an agency that cannot consent: after a delay. */
  recoverer: 6n,
  /** Names the registry that comes after this one, after a delay. */
  governor: 7n,
} as const;

export type RoleName = keyof typeof roleIds;

/** Role of AccessManager that grants and revokes all others. */
export const administratorRoleId = 0n;

export const roleNames = Object.keys(roleIds) as RoleName[];

/** Name of a role by its id. */
export function roleName(id: bigint): string {
  if (id === administratorRoleId) return "administrator";
  return roleNames.find((name) => roleIds[name] === id) ?? `role ${id}`;
}

/** What an operator of an agency may do: the bits of `permissions` in the registry. */
export const operatorPermission = { anchor: 1, status: 2 } as const;

/** Which role may call which restricted function of the registry. Every restricted function is named here. */
export const roleOfFunction = {
  admitAgency: "registrar",
  reinstateAgency: "registrar",
  closeAgency: "registrar",
  admitType: "registrar",
  suspendAgency: "guardian",
  pause: "guardian",
  unpause: "unpauser",
  arbiterSetMarks: "arbiter",
  arbiterClearMarks: "arbiter",
  succeedAgency: "registrar",
  succeedWithoutConsent: "recoverer",
  recoverAdministrator: "recoverer",
  nameRegistrySuccessor: "governor",
} as const satisfies Record<string, RoleName>;

export type RestrictedFunction = keyof typeof roleOfFunction;

/**
 * The authority's own functions that change who may do what. OpenZeppelin lets administrators call them, and nobody can
 * change the guardian of that role. Mapped to the governor, whose guardian is the guardian, they stay the
 * administrator's to call, and become the guardian's to cancel.
 */
export const ownFunctions = [
  "labelRole",
  "grantRole",
  "revokeRole",
  "setRoleAdmin",
  "setRoleGuardian",
  "setGrantDelay",
  "setTargetAdminDelay",
  "setTargetFunctionRole",
  "setTargetClosed",
  "updateAuthority",
] as const;

/** A restricted function of the registry, or one of the authority's own, by its selector, and the role that may call it. */
export function restrictedFunction(
  selector: string,
): { readonly name: string; readonly role: string } | undefined {
  const own = ownFunctions.find((name) => authorityInterface.getFunction(name).selector === selector);
  if (own !== undefined) return { name: own, role: "administrator" };
  const found = (Object.keys(roleOfFunction) as RestrictedFunction[]).find(
    (name) => registryInterface.getFunction(name).selector === selector,
  );
  return found === undefined ? undefined : { name: found, role: roleOfFunction[found] };
}

/** Selectors of {@link ownFunctions}, lower-case hex of four bytes each. */
export function ownSelectors(): string[] {
  return ownFunctions.map((name) => authorityInterface.getFunction(name).selector);
}

/**
 * Selectors of the restricted functions that a role may call, for `AccessManager.setTargetFunctionRole`.
 *
 * @returns lower-case hex of four bytes each, in the order of {@link roleOfFunction}
 */
export function selectorsOf(role: RoleName): string[] {
  return (Object.keys(roleOfFunction) as RestrictedFunction[])
    .filter((name) => roleOfFunction[name] === role)
    .map((name) => registryInterface.getFunction(name).selector);
}
