import { open as openLmdb } from "lmdb";
import { existsSync, statSync } from "node:fs";
import { CreditAnchorError } from "../errors";
import { lmdbFault } from "./lmdb-file";

/** More than enough for nothing. */
const MAP_SIZE = 1 << 20;

/**
 * Runs something short while no other process does something beside the same file: inside a writing transaction of a small
 * database `FILE.lock`, which ends with the process and holds nothing. It stays there, with `FILE.lock-lock`: removing a lock
 * while somebody waits for it would make two of it.
 *
 * @throws CreditAnchorError `file.lock`, or what `action` throws.
 */
export async function aloneBeside<T>(file: string, action: () => T): Promise<T> {
  const env = openLock(`${file}.lock`);
  try {
    return env.transactionSync(action);
  } finally {
    await env.close();
  }
}

function openLock(path: string): ReturnType<typeof openLmdb> {
  try {
    const fault = existsSync(path) && statSync(path).size > 0 ? lmdbFault(path) : undefined;
    if (fault !== undefined) throw new Error(fault);
    return openLmdb({ path, noSubdir: true, mapSize: MAP_SIZE, permissionsMode: 0o600 } as object);
  } catch (cause) {
    throw new CreditAnchorError(
      "file.lock",
      `the lock ${path} cannot be taken: ${(cause as Error).message}`,
      {
        hint: "check owner and permissions of its folder; if the file is not a lock of this program, name another one",
        cause,
        exitStatus: 70,
      },
    );
  }
}
