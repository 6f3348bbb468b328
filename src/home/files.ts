import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";

import { CreditAnchorError } from "../errors";

/** Written beside the file it becomes; whatever bears this ending after a crash is nobody's. */
export const temporaryEnding = ".part";

/** Makes names in a folder durable. Does nothing where folders cannot be opened. */
export function syncFolder(dir: string): void {
  let handle: number;
  try {
    handle = openSync(dir, "r");
  } catch {
    return;
  }
  try {
    fsyncSync(handle);
  } catch {
    // Some file systems refuse to sync a folder; the rename is then as durable as they make it.
  } finally {
    closeSync(handle);
  }
}

/** Writes until nothing is left: one write may take a part only, as on a disk that fills up. */
export function writeAll(handle: number, part: Uint8Array): void {
  for (let at = 0; at < part.length;) at += writeSync(handle, part, at);
}

/**
 * Writes a file of mode 0600 so that after a crash at any moment either the old or the whole new content is there.
 *
 * @param temporary In the same folder; it becomes the file, and is gone when this fails.
 * @throws whatever the file system says.
 */
export function writeWhole(file: string, temporary: string, content: string | Iterable<Uint8Array>): void {
  try {
    const handle = openSync(temporary, "w", 0o600);
    try {
      const parts = typeof content === "string" ? [Buffer.from(content, "utf8")] : content;
      for (const part of parts) writeAll(handle, part);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
    syncFolder(dirname(file));
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
}

/**
 * {@link writeWhole} for files of a home. Of two processes that write one file at once, one comes last and neither fails:
 * each has a temporary file of its own.
 *
 * @throws CreditAnchorError `home.full` when the disk is, `home.unwritable` when the folder may not be written.
 */
export function replaceFile(file: string, content: string | Iterable<Uint8Array>): void {
  try {
    writeWhole(file, `${file}.${randomBytes(6).toString("hex")}${temporaryEnding}`, content);
  } catch (cause) {
    throw writeError(file, cause);
  }
}

/** What to tell the user when writing failed; an error that is not about files comes back as it is. */
export function writeError(file: string, cause: unknown): unknown {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (cause instanceof CreditAnchorError || code === undefined || syscall === undefined) return cause;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG")
    return new CreditAnchorError("home.full", `no space left for ${file}`, {
      hint: "free some space and run the same command again; nothing is lost",
      cause,
      exitStatus: 70,
    });
  return new CreditAnchorError(
    "home.unwritable",
    `${basename(file)} cannot be written in ${dirname(file)} (${code})`,
    {
      hint: "check owner, permissions and mount of the home folder",
      cause,
      exitStatus: 70,
    },
  );
}
