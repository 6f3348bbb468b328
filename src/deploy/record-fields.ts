import type { Fault } from "../errors";
import type { Profile } from "./profile";

/** What a deployment record is made of. Needs no files: a browser reads one that was dropped into it. */

/** How a contract was compiled. */
export interface CompilerInfo {
  /** For example `0.8.30`. */
  readonly version: string;
  /** As given to the compiler: EVM version, optimizer, pipeline. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export type ContractName = "RegistryAuthority" | "CreditRegistry" | "SignOffs";

export const contractNames: readonly ContractName[] = ["RegistryAuthority", "CreditRegistry", "SignOffs"];

/**
 * What is known of one deployed contract: `deployments/<network>/<contract>.json`. Everything in it can be compared with
 * the chain or with the source; nothing comes from the clock of the machine that deployed.
 */
export interface ContractRecord {
  readonly format: "credit-anchor/deployment";
  readonly formatVersion: 1;
  readonly contract: ContractName;
  readonly chainId: number;
  /** Addresses and hashes are lower case. */
  readonly address: string;
  /** keccak-256 of the code at the address, immutables included. */
  readonly codeHash: string;
  /** Constructor arguments. */
  readonly arguments: readonly string[];
  readonly deployer: string;
  readonly transaction: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  /** Seconds since 1970. */
  readonly blockTime: number;
  readonly compiler: CompilerInfo;
  /** Commit of the source, null if it was not committed as it was deployed. */
  readonly sourceCommit: string | null;
  /** Of RegistryAuthority: who was given which role, `deployer` replaced by its address. */
  readonly governance?: Profile;
}

export const address = /^0x[0-9a-f]{40}$/;
const hash = /^0x[0-9a-f]{64}$/;

export const isNatural = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
export const isText = (pattern: RegExp, value: unknown): boolean =>
  typeof value === "string" && pattern.test(value);
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const fields: Record<keyof Omit<ContractRecord, "contract" | "governance">, (value: unknown) => boolean> = {
  format: (value) => value === "credit-anchor/deployment",
  formatVersion: (value) => value === 1,
  chainId: isNatural,
  address: (value) => isText(address, value),
  codeHash: (value) => isText(hash, value),
  arguments: (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
  deployer: (value) => isText(address, value),
  transaction: (value) => isText(hash, value),
  blockNumber: isNatural,
  blockHash: (value) => isText(hash, value),
  blockTime: isNatural,
  compiler: (value) => isObject(value) && typeof value.version === "string" && isObject(value.settings),
  sourceCommit: (value) => value === null || isText(/^[0-9a-f]{40,64}$/, value),
};

/** What is wrong with a record, but for its governance. */
export function recordFaults(value: unknown, contract: ContractName): Fault[] {
  const record = isObject(value) ? value : {};
  const faults: Fault[] = [];
  const fault = (path: string, message: string): void => {
    faults.push({ path, code: "deployment.damaged", message });
  };
  for (const [name, holds] of Object.entries(fields))
    if (!holds(record[name])) fault(`/${name}`, name in record ? "is malformed" : "is missing");
  if (record.contract !== contract) fault("/contract", `expected ${contract}`);
  for (const name of Object.keys(record))
    if (!(name in fields) && name !== "contract" && name !== "governance") fault(`/${name}`, "unknown");
  return faults;
}
