import { readFileSync } from "node:fs";

import { CreditAnchorError, type Fault } from "../errors";
import { roleNames, type RoleName } from "../roles";

/** The roles a profile fills: those of the registry and the administrator of the authority. */
export type ProfileRole = "administrator" | RoleName;

export const profileRoles: readonly ProfileRole[] = ["administrator", ...roleNames];

/** One holder of a role. */
export interface Holder {
  /** Lower-case `0x…`; in a profile also `deployer`, the account that deploys. */
  readonly account: string;
  /** Seconds between announcing an act of the role and doing it; 0: at once. */
  readonly delay: number;
  /** The account must be a contract, a multisig say: deploying is refused and checking fails if it is not. */
  readonly kind?: "contract";
}

/** Who governs a registry: a reviewed file of deployments/profiles. */
export interface Profile {
  readonly name: string;
  /** What the chain's block times count; AccessManager's delays are counted in the same unit. */
  readonly clockUnit: "seconds" | "milliseconds";
  readonly roles: Readonly<Record<ProfileRole, readonly Holder[]>>;
}

/** A delay as AccessManager on such a chain stores it. */
export function delayOnChain(seconds: number, clockUnit: Profile["clockUnit"]): number {
  return clockUnit === "milliseconds" ? seconds * 1000 : seconds;
}

/** AccessManager keeps delays as uint32. */
const LARGEST_DELAY = 0xffffffff;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param value Parsed JSON.
 * @param allowDeployer Whether `deployer` may stand for an account: in a profile, not in a record.
 * @returns The roles in the order of {@link profileRoles}; what is wrong goes to `faults`.
 */
export function parseRoles(
  value: unknown,
  clockUnit: Profile["clockUnit"],
  allowDeployer: boolean,
  faults: Fault[],
): Profile["roles"] {
  const roles = {} as Record<ProfileRole, Holder[]>;
  const fault = (path: string, message: string): void => {
    faults.push({ path, code: "profile.invalid", message });
  };
  if (!isObject(value)) {
    fault("/roles", "expected an object with a list of holders for each role");
    return roles;
  }
  for (const name of Object.keys(value))
    if (!(profileRoles as readonly string[]).includes(name))
      fault(`/roles/${name}`, `unknown role; known are ${profileRoles.join(", ")}`);
  for (const role of profileRoles) {
    const holders = value[role];
    if (!Array.isArray(holders)) {
      fault(`/roles/${role}`, "expected a list of holders, empty if nobody holds the role");
      continue;
    }
    roles[role] = holders.map((holder: unknown, index): Holder => {
      const path = `/roles/${role}/${index}`;
      const { account, delay, kind, ...rest } = isObject(holder) ? holder : {};
      const isAccount = typeof account === "string" && /^0x[0-9a-fA-F]{40}$/.test(account);
      if (!isAccount && !(allowDeployer && account === "deployer"))
        fault(`${path}/account`, `expected an address${allowDeployer ? ' or "deployer"' : ""}`);
      const isDelay = typeof delay === "number" && Number.isSafeInteger(delay) && delay >= 0;
      if (!isDelay || delayOnChain(delay, clockUnit) > LARGEST_DELAY)
        fault(`${path}/delay`, "expected a whole number of seconds that fits the chain's 32 bits");
      if (kind !== undefined && kind !== "contract") fault(`${path}/kind`, "expected contract, or nothing");
      for (const name of Object.keys(rest))
        fault(`${path}/${name}`, "unknown; known are account, delay, kind");
      const lower = { account: String(account).toLowerCase(), delay: Number(delay) };
      return kind === "contract" ? { ...lower, kind } : lower;
    });
    const accounts = roles[role].map((holder) => holder.account);
    if (new Set(accounts).size < accounts.length) fault(`/roles/${role}`, "names an account twice");
  }
  if (roles.administrator?.length === 0)
    fault("/roles/administrator", "is empty: nobody could ever change a role again");
  return roles;
}

/** @throws {CreditAnchorError} `profile.invalid` with every fault. */
export function parseProfile(value: unknown, file: string): Profile {
  const faults: Fault[] = [];
  const profile = isObject(value) ? value : {};
  const expect = (holds: boolean, path: string, message: string): void => {
    if (!holds) faults.push({ path, code: "profile.invalid", message });
  };
  expect(
    profile.format === "credit-anchor/deployment-profile",
    "/format",
    "expected credit-anchor/deployment-profile",
  );
  expect(profile.formatVersion === 1, "/formatVersion", "expected 1");
  expect(typeof profile.name === "string" && profile.name !== "", "/name", "expected a name");
  const { clockUnit } = profile;
  expect(
    clockUnit === "seconds" || clockUnit === "milliseconds",
    "/clockUnit",
    "expected seconds or milliseconds",
  );
  const unit = clockUnit === "milliseconds" ? "milliseconds" : "seconds";
  const roles = parseRoles(profile.roles, unit, true, faults);
  // Who has to stop something at once, and to cancel what others announced, must not wait.
  roles.guardian?.forEach(({ delay }, index) =>
    expect(delay === 0, `/roles/guardian/${index}/delay`, "expected 0: the guardian never waits"),
  );
  if (faults.length > 0)
    throw new CreditAnchorError(
      "profile.invalid",
      `${file} is no deployment profile:\n${faults.map((f) => `  ${f.path} ${f.message}`).join("\n")}`,
      { faults },
    );
  return { name: profile.name as string, clockUnit: unit, roles };
}

/** @throws {CreditAnchorError} `profile.unreadable`, `profile.invalid`. */
export function readProfile(file: string): Profile {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new CreditAnchorError(
      "profile.unreadable",
      isMissing
        ? `there is no deployment profile ${file}`
        : `the deployment profile ${file} cannot be read as JSON`,
      {
        hint: "deployments/profiles/local.json is an example",
        cause,
      },
    );
  }
  return parseProfile(value, file);
}

/** The holders that have to be contracts. */
export function contractHolders({ roles }: Pick<Profile, "roles">): { role: ProfileRole; account: string }[] {
  return profileRoles.flatMap((role) =>
    (roles[role] ?? []).flatMap(({ account, kind }) => (kind === "contract" ? [{ role, account }] : [])),
  );
}

/** The profile with the deploying account in the place of `deployer`. */
export function resolveProfile(profile: Profile, deployer: string): Profile {
  const resolve = (holder: Holder): Holder =>
    holder.account === "deployer" ? { ...holder, account: deployer.toLowerCase() } : holder;
  const roles = Object.fromEntries(profileRoles.map((role) => [role, profile.roles[role].map(resolve)]));
  const resolved = { ...profile, roles: roles as unknown as Profile["roles"] };
  for (const role of profileRoles) {
    const accounts = resolved.roles[role].map((holder) => holder.account);
    if (new Set(accounts).size < accounts.length)
      throw new CreditAnchorError(
        "profile.invalid",
        `profile ${profile.name} names the deployer twice for ${role}`,
      );
  }
  return resolved;
}
