import { closeSync, openSync, readSync } from "node:fs";
import type { Fault } from "../errors";
import { count } from "../counted";

/** So much of a file of rejected rows is looked at to say what is wrong with most. */
const LOOKED_AT = 1024 * 1024;

/** The most common faults, as the file of rejected rows tells. */
export function commonFaults(file: string): string[] {
  const handle = openSync(file, "r");
  const buffer = Buffer.alloc(LOOKED_AT);
  const length = readSync(handle, buffer, 0, LOOKED_AT, 0);
  closeSync(handle);
  const rows = buffer.toString("utf8", 0, length).split("\n").slice(0, -1);
  const tally = new Map<string, number>();
  for (const row of rows)
    for (const { path, message, code } of (JSON.parse(row) as { faults: Fault[] }).faults) {
      const words = `${path === "" ? "row" : path}: ${message} [${code}]`;
      tally.set(words, (tally.get(words) ?? 0) + 1);
    }
  const top = [...tally].sort(([, a], [, b]) => b - a).slice(0, 5);
  return ["most common faults:", ...top.map(([words, times]) => `  ${count(times)} × ${words}`)];
}
