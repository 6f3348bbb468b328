import { chmodSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { CreditAnchorError } from "../errors";
import { replaceFile } from "../home/files";
import { parseRoles } from "./profile";
import {
  address,
  contractNames,
  isNatural,
  isObject,
  isText,
  recordFaults,
  type ContractName,
  type ContractRecord,
} from "./record-fields";

export { contractNames, type CompilerInfo, type ContractName, type ContractRecord } from "./record-fields";

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

/** The contracts of one registry. */
export interface DeploymentRecords {
  readonly manager: ContractRecord;
  readonly registry: ContractRecord;
  /** Absent in a deployment of a version that had none; deploying again adds it. */
  readonly signOffs?: ContractRecord;
}

/**
 * @param value Parsed JSON.
 * @throws {CreditAnchorError} `deployment.damaged` with every fault.
 */
export function parseRecord(value: unknown, contract: ContractName, file: string): ContractRecord {
  const record = isObject(value) ? value : {};
  const faults = recordFaults(value, contract);
  if (contract === "RegistryAuthority") {
    const governance = isObject(record.governance) ? record.governance : {};
    const { clockUnit } = governance;
    const fault = (path: string, message: string): void => {
      faults.push({ path, code: "deployment.damaged", message });
    };
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
  const signOffs = readRecord(folder, "SignOffs");
  return { manager, registry, ...(signOffs === undefined ? {} : { signOffs }) };
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
