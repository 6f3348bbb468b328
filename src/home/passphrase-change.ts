import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";

import { replaceFile, syncFolder, temporaryEnding, writeError } from "./files";
import { masterFile, openMaster, sealMaster } from "./keys";
import { keystoreFiles } from "./rotation";
import { encryptSigner, openPrivateKey } from "./signer";

// Several files hang on the passphrase: the master key's, and the keystores. All of them are written anew into a folder
// beside, whose renaming is the one moment of the change; what is in it then only has to be moved, which needs no
// passphrase and can be done by whoever opens the home next.

const STAGED = join("keys", "next-passphrase");

/**
 * Closes everything that the old passphrase opens with the new one. Killed anywhere, the old or the new one opens all.
 *
 * @param n Cost of scrypt.
 * @returns Names of the files that were written, below the home.
 * @throws CreditAnchorError `home.wrong-passphrase`, `signer.damaged`, `home.damaged-key`, `home.full`, `home.unwritable`
 */
export async function changePassphrase(dir: string, old: string, next: string, n: number): Promise<string[]> {
  finishPassphraseChange(dir);
  const sealed = new Map([[masterFile, await sealMaster(await openMaster(dir, old), next, n)]]);
  for (const file of keystoreFiles(dir))
    sealed.set(file, await encryptSigner(await openPrivateKey(dir, old, file), next, n));
  const staged = join(dir, STAGED);
  const building = `${staged}${temporaryEnding}`;
  try {
    rmSync(building, { recursive: true, force: true });
    mkdirSync(building, { mode: 0o700 });
    for (const [file, content] of sealed) replaceFile(join(building, basename(file)), content);
    renameSync(building, staged);
    syncFolder(join(dir, "keys"));
  } catch (cause) {
    throw writeError(staged, cause);
  }
  finishPassphraseChange(dir);
  return [...sealed.keys()];
}

/** Completes a change that was stopped after its moment; nothing to do otherwise. */
export function finishPassphraseChange(dir: string): void {
  const staged = join(dir, STAGED);
  if (!existsSync(staged)) return;
  try {
    for (const name of readdirSync(staged)) renameSync(join(staged, name), join(dir, "keys", name));
    syncFolder(join(dir, "keys"));
    rmdirSync(staged);
  } catch (cause) {
    // Another process that opened the home did it meanwhile.
    if (!existsSync(staged)) return;
    throw writeError(staged, cause);
  }
}
