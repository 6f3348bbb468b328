import { closeSync, openSync, readSync } from "node:fs";
import type { Fault } from "../errors";
import { count } from "../counted";

/** So much of a file of rejected rows is looked at to say what is wrong with most. */
const LOOKED_AT = 1024 * 1024;

/** The most common kinds of faults, as the file of rejected rows tells: of each how many, and one of them in words. */
export function commonFaults(file: string): string[] {
  const handle = openSync(file, "r");
  const buffer = Buffer.alloc(LOOKED_AT);
  const length = readSync(handle, buffer, 0, LOOKED_AT, 0);
  closeSync(handle);
  const rows = buffer.toString("utf8", 0, length).split("\n").slice(0, -1);
  const tally = new Map<string, { times: number; readonly first: string; isOne: boolean }>();
  for (const row of rows)
    for (const { path, message, code } of (JSON.parse(row) as { faults: Fault[] }).faults) {
      // Messages hold what is the row's own, such as dates: by them each row would be a kind of its own.
      const kind = `${path} ${code}`;
      const known = tally.get(kind);
      if (known === undefined) {
        const first = `${path === "" ? "row" : path}: ${message} [${code}]`;
        tally.set(kind, { times: 1, first, isOne: true });
      } else {
        known.times++;
        known.isOne &&= known.first.includes(message);
      }
    }
  const top = [...tally.values()].sort((a, b) => b.times - a.times).slice(0, 5);
  return [
    "most common faults:",
    ...top.map(({ times, first, isOne }) => `  ${count(times)} × ${isOne ? "" : "such as "}${first}`),
  ];
}
