import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";

import { replaceFile, syncFolder, writeError } from "./files";
import { encryptSigner, type HomeSigner, keystoreAddress, openKeystore, operatorFile } from "./signer";

/** The key that shall take the place of `keys/operator.json`; there while keys change. */
export const nextOperatorFile = join("keys", "next-operator.json");

/** A key that was replaced. */
const retiredFile = (address: string): string => join("keys", `retired-${address}.json`);
const RETIRED = /^retired-(0x[0-9a-f]{40})\.json$/;

/** Addresses of the keystores in a home. */
export interface Keystores {
  /** Signs. Undefined in a home whose key comes from elsewhere. */
  readonly present: string | undefined;
  /** Made, and not adopted yet. */
  readonly next: string | undefined;
  /** Replaced, in no order. */
  readonly retired: readonly string[];
}

export function findKeystores(dir: string): Keystores {
  const retired = readdirSync(join(dir, "keys")).flatMap((name) => RETIRED.exec(name)?.[1] ?? []);
  return {
    present: keystoreAddress(dir),
    next: keystoreAddress(dir, nextOperatorFile),
    retired,
  };
}

/** All keystores of a home, as names below it. */
export function keystoreFiles(dir: string): string[] {
  const { present, next, retired } = findKeystores(dir);
  return [
    ...(present === undefined ? [] : [operatorFile]),
    ...(next === undefined ? [] : [nextOperatorFile]),
    ...retired.map(retiredFile),
  ];
}

/** The next key; made when there is none, and on disk before anybody hears of it. `n` is scrypt's cost. */
export async function openNextKey(dir: string, passphrase: string, n: number): Promise<HomeSigner> {
  const file = join(dir, nextOperatorFile);
  if (!existsSync(file))
    replaceFile(file, await encryptSigner(randomBytes(32).toString("hex"), passphrase, n));
  return openKeystore(dir, passphrase, nextOperatorFile);
}

/** The present key is copied aside first, so that whatever moment this ends at no key is lost. */
export function adoptNextKey(dir: string): void {
  const present = join(dir, operatorFile);
  const address = keystoreAddress(dir);
  if (address !== undefined) replaceFile(join(dir, retiredFile(address)), readFileSync(present, "utf8"));
  try {
    renameSync(join(dir, nextOperatorFile), present);
  } catch (cause) {
    throw writeError(present, cause);
  }
  syncFolder(join(dir, "keys"));
}
