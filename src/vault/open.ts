import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Hashes } from "../hashes";
import { openDatabase, transact } from "./database";
import { takeLock } from "./lock";
import { LmdbVaultReader } from "./reader";
import { LmdbVault } from "./writer";

export interface VaultOptions {
  /** Opens the record secrets; without it batches and moves can be read, records not. */
  readonly secretsKey?: Uint8Array | undefined;
  readonly hashes: Hashes;
}

/** Makes the folders and the database of a new vault. */
export async function createVault(folder: string): Promise<void> {
  for (const sub of ["index", "batches", "secrets"])
    mkdirSync(join(folder, sub), { recursive: true, mode: 0o700 });
  await openDatabase(folder, { write: true, create: true }).env.close();
}

/** Opens a vault for reading, also while another process writes to it. */
export function openReader(folder: string, options: VaultOptions): LmdbVaultReader {
  const database = openDatabase(folder, { write: false });
  return new LmdbVaultReader({ folder, database, secretsKey: options.secretsKey, hashes: options.hashes });
}

/**
 * Opens a vault for writing and removes what a crash left.
 *
 * @param options.command What this process does, told to whoever is refused meanwhile.
 * @param options.waitMs How long to wait for another process; default 0.
 * @throws CreditAnchorError `home.busy`
 */
export async function openVault(
  folder: string,
  options: VaultOptions & { readonly command: string; readonly waitMs?: number },
): Promise<LmdbVault> {
  const database = openDatabase(folder, { write: true });
  try {
    const lock = await takeLock(database, options.command, options.waitMs ?? 0);
    return new LmdbVault({ folder, database, secretsKey: options.secretsKey, hashes: options.hashes }, lock);
  } catch (error) {
    await database.env.close();
    throw error;
  }
}

/**
 * Runs something short while no other process that does the same is running: inside a writing transaction of the vault's
 * database, which ends with the process. Does not need the vault's lock, so it works beside a command that writes.
 *
 * @throws CreditAnchorError `vault.…`, `home.unwritable`, or what `action` throws.
 */
export async function alone<T>(folder: string, action: () => T): Promise<T> {
  const database = openDatabase(folder, { write: true });
  try {
    return transact(database, action);
  } finally {
    await database.env.close();
  }
}
