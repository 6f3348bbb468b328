/**
 * A process that changes a passphrase, and dies before the n-th thing it would do to the disk: `passphrase-child.ts HOME
 * OLD NEW N`. Says `finished` if there was no n-th.
 */
import fs from "node:fs";

import { trialScryptCost } from "../../src/home/keys";
import { changePassphrase } from "../../src/home/passphrase-change";

const [dir, old, next, nth] = process.argv.slice(2);
let done = 0;
for (const name of [
  "openSync",
  "writeSync",
  "fsyncSync",
  "renameSync",
  "mkdirSync",
  "rmSync",
  "rmdirSync",
] as const) {
  const original = fs[name] as (...args: unknown[]) => unknown;
  const counted = (...args: unknown[]): unknown => {
    // Opening and syncing for reading change nothing.
    if (name !== "openSync" || args[1] !== "r") done += 1;
    if (done === Number(nth)) process.kill(process.pid, "SIGKILL");
    return original(...args);
  };
  (fs as unknown as Record<string, unknown>)[name] = counted;
}

changePassphrase(dir!, old!, next!, trialScryptCost).then(
  () => {
    console.log(JSON.stringify({ finished: true, steps: done }));
  },
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
