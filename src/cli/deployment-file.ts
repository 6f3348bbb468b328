/**
 * Deployment records named on the command line.
 */
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseRecord, readRecord, type ContractName, type ContractRecord } from "../deploy/record";
import { CreditAnchorError } from "../errors";
import { readText } from "./files";

/**
 * The record of a registry: the file `CreditRegistry.json`, or the folder of a network that holds it.
 * @throws {CreditAnchorError} `file.…`, `deployment.…`
 */
export function readDeployment(fileOrFolder: string): ContractRecord {
  const isFolder = statSync(fileOrFolder, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = isFolder ? join(fileOrFolder, "CreditRegistry.json") : fileOrFolder;
  const text = readText(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CreditAnchorError("deployment.damaged", `${file} is not JSON`);
  }
  return parseRecord(value, "CreditRegistry", file);
}

/** The record of another contract of the deployment beside it; undefined if there is none. */
export function readRecordBeside(
  fileOrFolder: string,
  contract: Exclude<ContractName, "CreditRegistry">,
): ContractRecord | undefined {
  const isFolder = statSync(fileOrFolder, { throwIfNoEntry: false })?.isDirectory() === true;
  return readRecord(isFolder ? fileOrFolder : dirname(fileOrFolder), contract);
}
