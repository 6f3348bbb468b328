import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

import { CreditAnchorError } from "../errors";
import { type Database, transact } from "./database";

// One process at a time writes to a vault. Who that is stands in the database itself, so that taking the lock over from
// a dead process is one transaction, and every later write can check in its own transaction that the lock is still held.

/** The process that may write. */
export interface Holder {
  /** Random, of this opening. */
  readonly token: string;
  readonly pid: number;
  /** When the process started, in ticks since the machine did; a pid comes again, this with it does not. */
  readonly startTime?: string;
  readonly bootId?: string;
  readonly pidNamespace?: string;
  readonly hostname: string;
  /** What it does, for people. */
  readonly command: string;
  /** ISO 8601. */
  readonly since: string;
  /** Milliseconds since 1970, renewed every few seconds. */
  readonly seen: number;
}

/** A lock that this process holds. */
export interface Lock {
  /** Call inside every writing transaction. @throws CreditAnchorError `home.lock-lost` */
  check(): void;
  release(): void;
}

const RENEW_EVERY = 5_000;
/** A holder that cannot be looked at (another machine or container) counts as dead when not seen for so long. */
const DEAD_AFTER = 60_000;
const RETRY_EVERY = 200;

/**
 * Takes the lock, from a dead holder at once, else after waiting up to `waitMs`.
 * @throws CreditAnchorError `home.busy`, naming the holder.
 */
export async function takeLock(
  database: Database,
  command: string,
  waitMs: number,
  now: () => number = Date.now,
): Promise<Lock> {
  const deadline = now() + waitMs;
  for (;;) {
    const mine: Holder = {
      ...thisProcess(),
      token: randomUUID(),
      command,
      since: new Date(now()).toISOString(),
      seen: now(),
    };
    const other = transact(database, () => {
      const holder = database.holder.get("holder");
      if (holder !== undefined && isAlive(holder, now())) return holder;
      database.holder.putSync("holder", mine);
      return undefined;
    });
    if (other === undefined) return heldLock(database, mine, now);
    if (now() >= deadline) throw busy(other);
    await new Promise((resolve) => setTimeout(resolve, RETRY_EVERY));
  }
}

function heldLock(database: Database, mine: Holder, now: () => number): Lock {
  const holds = (): boolean => database.holder.get("holder")?.token === mine.token;
  const timer = setInterval(() => {
    try {
      transact(database, () => {
        if (holds()) database.holder.putSync("holder", { ...mine, seen: now() });
        else clearInterval(timer);
      });
    } catch {
      // The next write of the owner meets the same trouble and tells of it.
    }
  }, RENEW_EVERY);
  timer.unref();
  return {
    check() {
      if (!holds())
        throw new CreditAnchorError(
          "home.lock-lost",
          "another process has taken over this home folder meanwhile",
          {
            hint: "this process stood still for too long; run the command again",
            exitStatus: 70,
          },
        );
    },
    release() {
      clearInterval(timer);
      transact(database, () => {
        if (holds()) database.holder.removeSync("holder");
      });
    },
  };
}

function busy(holder: Holder): CreditAnchorError {
  const where = holder.hostname === hostname() ? "" : ` on ${holder.hostname}`;
  return new CreditAnchorError(
    "home.busy",
    `this home folder is in use by process ${holder.pid}${where} (${holder.command}, since ${holder.since})`,
    { hint: "wait until it has finished, or give --wait", exitStatus: 70 },
  );
}

/** Whether the process that wrote this may still run. Exact on the same machine and in the same container. */
export function isAlive(holder: Holder, now: number): boolean {
  const here = thisProcess();
  if (
    holder.bootId !== undefined &&
    holder.bootId === here.bootId &&
    holder.pidNamespace === here.pidNamespace
  )
    return startTimeOf(holder.pid) === holder.startTime;
  if (holder.hostname === here.hostname) {
    // The machine was started anew since.
    if (holder.bootId !== here.bootId) return false;
    // No /proc here: the pid alone has to do.
    if (holder.bootId === undefined) return exists(holder.pid);
  }
  return now - holder.seen < DEAD_AFTER;
}

function thisProcess(): Pick<Holder, "pid" | "startTime" | "bootId" | "pidNamespace" | "hostname"> {
  return {
    pid: process.pid,
    startTime: startTimeOf(process.pid),
    bootId: attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    pidNamespace: attempt(() => readlinkSync("/proc/self/ns/pid")),
    hostname: hostname(),
  };
}

/** Field 22 of /proc/<pid>/stat; the command before it may contain spaces and brackets. Undefined for a dead process. */
function startTimeOf(pid: number): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended: its parent has only not looked yet.
  return fields === undefined || fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
