/** Who compares the portions of a vault: this thread, or several of their own. */
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { Docket } from "../docket";
import { CreditAnchorError } from "../errors";
import type { PolicySet } from "../policy";
import { threadPool } from "../threads";
import { startVaultClocks } from "./vault-clocks";
import { portionComparer, type PlanOnChain, type PortionContext, type PortionFound } from "./vault-portion";
import type { WorkerSetup } from "./vault-worker";

/** Where a vault is, for other threads of this process; {@link LmdbVaultReader} tells. */
export interface VaultLocation {
  location(): { folder: string; secretsKey: Uint8Array | undefined };
}

/** What is compared, and with whose rules. */
export interface ComparingWith extends Omit<PortionContext, "clocks" | "vault"> {
  readonly vault: PortionContext["vault"] & Partial<VaultLocation>;
  readonly clocks?: { readonly policies: PolicySet; readonly on: string } | undefined;
}

/** More than the thread that asks can feed only cost memory. */
const MOST_THREADS = 4;
/** Portions on their way to and from each thread: one that is compared, and the next. */
const IN_FLIGHT = 2;

/** For a vault of several portions. A vault that only this thread can read is compared on this thread. */
export function threadsFor({ vault }: Pick<ComparingWith, "vault">): number {
  return vault.location === undefined ? 0 : Math.min(availableParallelism(), MOST_THREADS);
}

/**
 * What is found in each portion, in their order.
 *
 * @param threads 0: on this thread.
 * @param module of the threads; for tests of what happens when one ends.
 * @throws CreditAnchorError `audit.thread` if a thread ends before its answer
 */
export async function* compared(
  portions: Iterable<readonly PlanOnChain[]>,
  comparing: ComparingWith,
  threads: number,
  module = join(__dirname, "vault-worker"),
): AsyncGenerator<PortionFound> {
  const { vault, clocks } = comparing;
  const location = vault.location?.();
  if (threads === 0 || location === undefined) {
    const judging =
      clocks === undefined ? undefined : startVaultClocks(new Docket(clocks.policies, vault), clocks.on);
    const compare = portionComparer({ ...comparing, clocks: judging });
    for (const portion of portions) yield compare(portion);
    return;
  }
  const { registry, records } = comparing;
  const setup: WorkerSetup = { ...location, registry, records, clocks: clocks && sendable(clocks) };
  const pool = threadPool<readonly PlanOnChain[], PortionFound>({
    module,
    setup,
    threads,
    inFlight: IN_FLIGHT,
    ended: (reason) =>
      new CreditAnchorError("audit.thread", `a thread that compared the vault ended too early: ${reason}`, {
        hint: "nothing is known of the vault; run the audit again, on a machine with more memory if that was the reason",
        exitStatus: 70,
      }),
  });
  try {
    for await (const { answer } of pool.ask(portions)) yield answer;
  } finally {
    await pool.close();
  }
}

function sendable({ policies, on }: NonNullable<ComparingWith["clocks"]>): WorkerSetup["clocks"] {
  const { authorities, policies: known, calendar } = policies;
  return { authorities, policies: known, holidays: calendar.tables, on };
}
