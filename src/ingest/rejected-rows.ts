import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

import type { Fault } from "../errors";
import { writeError } from "../home/files";

/** A row of a file, or a record of the vault that no row is of, and what is wrong with it; never a value. */
export type FaultyRow = ({ readonly row: number } | { readonly batchId: string; readonly index: number }) & {
  readonly faults: readonly Fault[];
};

/** The file of rows that are not anchored: one JSON line a row, `{"row": 17, "faults": […]}`, without any value. */
export interface RejectedRows {
  /** Name of the file; undefined while there is nothing to say. */
  file(): string | undefined;
  add(rows: readonly FaultyRow[]): void;
  close(): void;
}

/**
 * @param name Made, with mode 0600, when the first row is rejected. Must not exist.
 * @throws CreditAnchorError `home.full`, `home.unwritable`, of `add` and `close`.
 */
export function rejectedRows(name: string): RejectedRows {
  let handle: number | undefined;
  let used = false;
  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (cause) {
      throw writeError(name, cause);
    }
  };
  return {
    file: () => (used ? name : undefined),
    add(rows) {
      if (rows.length === 0) return;
      attempt(() => {
        handle ??= openSync(name, "wx", 0o600);
        used = true;
        const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
        const bytes = Buffer.from(text, "utf8");
        for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
      });
    },
    close() {
      const open = handle;
      if (open === undefined) return;
      handle = undefined;
      attempt(() => {
        fsyncSync(open);
        closeSync(open);
      });
    },
  };
}
