import { chmodSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { CreditAnchorError, type Fault } from "../errors";
import { replaceFile } from "../home/files";
import { parseRoles, type Profile } from "./profile";

/** How a contract was compiled. */
export interface CompilerInfo {
  /** For example `0.8.30`. */
  readonly version: string;
  /** As given to the compiler: EVM version, optimizer, pipeline. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export type ContractName = "RegistryAuthority" | "CreditRegistry";

export const contractNames: readonly ContractName[] = ["RegistryAuthority", "CreditRegistry"];

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

/** A contract creation that was begun: enough to find out whether it happened. */
export interface PendingCreation {
  readonly contract: ContractName;
  readonly chainId: number;
  readonly deployer: string;
  readonly nonce: number;
  readonly address: string;
  /** The creation is in a later block than this, or nowhere. */
  readonly afterBlock: number;
}

/** Both contracts of one registry. */
export interface DeploymentRecords {
  readonly manager: ContractRecord;
  readonly registry: ContractRecord;
}

const address = /^0x[0-9a-f]{40}$/;
const hash = /^0x[0-9a-f]{64}$/;

const isNatural = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (pattern: RegExp, value: unknown): boolean => typeof value === "string" && pattern.test(value);
const isObject = (value: unknown): value is Record<string, unknown> =>
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

/**
 * @param value Parsed JSON.
 * @throws {CreditAnchorError} `deployment.damaged` with every fault.
 */
export function parseRecord(value: unknown, contract: ContractName, file: string): ContractRecord {
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
  if (contract === "RegistryAuthority") {
    const governance = isObject(record.governance) ? record.governance : {};
    const { clockUnit } = governance;
    if (typeof governance.name !== "string") fault("/governance/name", "expected a name");
    if (clockUnit !== "seconds" && clockUnit !== "milliseconds")
      fault("/governance/clockUnit", "expected seconds or milliseconds");
    else parseRoles(governance.roles, clockUnit, false, faults);
  }
  if (faults.length > 0)
    throw new CreditAnchorError(
      "deployment.damaged",
      `${file} is no deployment record of ${contract}: ${faults.map((f) => `${f.path} ${f.message}`).join("; ")}`,
      { hint: "restore it from version control", faults },
    );
  return record as unknown as ContractRecord;
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CreditAnchorError("deployment.unreadable", `${file} cannot be read`, { cause });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new CreditAnchorError("deployment.damaged", `${file} is not JSON`, {
      hint: "restore it from version control",
    });
  }
}

/** Undefined if there is no record. @throws {CreditAnchorError} `deployment.damaged`, `deployment.unreadable`. */
export function readRecord(folder: string, contract: ContractName): ContractRecord | undefined {
  const file = join(folder, `${contract}.json`);
  const value = readJson(file);
  return value === undefined ? undefined : parseRecord(value, contract, file);
}

/** @throws {CreditAnchorError} `deployment.missing` when a record is not there, else as {@link readRecord}. */
export function readRecords(folder: string): DeploymentRecords {
  const manager = readRecord(folder, "RegistryAuthority");
  const registry = readRecord(folder, "CreditRegistry");
  if (manager === undefined || registry === undefined)
    throw new CreditAnchorError("deployment.missing", `${folder} holds no whole deployment record`, {
      hint: "deploy first: npx hardhat run scripts/deploy.ts --network NAME",
    });
  return { manager, registry };
}

/** Old or whole new content, never half of it. Unlike homes, records are public: mode 0644. */
function writeJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  replaceFile(file, `${JSON.stringify(value, null, 2)}\n`);
  chmodSync(file, 0o644);
}

export function writeRecord(folder: string, record: ContractRecord): void {
  writeJson(join(folder, `${record.contract}.json`), record);
}

const pendingFile = "pending.json";

/** Undefined if none was begun. @throws {CreditAnchorError} `deployment.damaged`, `deployment.unreadable`. */
export function readPending(folder: string): PendingCreation | undefined {
  const file = join(folder, pendingFile);
  const value = readJson(file);
  if (value === undefined) return undefined;
  const pending = isObject(value) ? value : {};
  const isWhole = [pending.chainId, pending.nonce, pending.afterBlock].every(isNatural);
  const isPlaced = [pending.deployer, pending.address].every((item) => isText(address, item));
  if (!isWhole || !isPlaced || !(contractNames as readonly unknown[]).includes(pending.contract))
    throw new CreditAnchorError(
      "deployment.damaged",
      `${file} does not say which contract creation was begun`,
      {
        hint: "look for a contract that the deployer created last; if there is none, remove the file and run again",
      },
    );
  return pending as unknown as PendingCreation;
}

export function writePending(folder: string, pending: PendingCreation): void {
  writeJson(join(folder, pendingFile), pending);
}

export function removePending(folder: string): void {
  rmSync(join(folder, pendingFile), { force: true });
}

/** Removes the records of a chain that is gone. */
export function removeRecords(folder: string): void {
  for (const name of contractNames) rmSync(join(folder, `${name}.json`), { force: true });
  removePending(folder);
}
