import { workerData } from "node:worker_threads";

import { Docket } from "../docket";
import { loadFastHashes } from "../fast-hashes";
import { makeCalendar, type HolidayTable, type Policy } from "../policy";
import { type Answered, answerQuestions } from "../threads";
import { openReader } from "../vault/open";
import type { LmdbVaultReader } from "../vault/reader";
import { startVaultClocks, type VaultClocks } from "./vault-clocks";
import { portionComparer, type PlanOnChain, type PortionContext, type PortionFound } from "./vault-portion";

// A thread that compares portions of a vault: see vault-threads.ts. It opens the vault for reading, by itself.

/** What a thread gets when it starts. */
export interface WorkerSetup extends Pick<PortionContext, "registry" | "records"> {
  /** The vault's folder. */
  readonly folder: string;
  readonly secretsKey: Uint8Array | undefined;
  /** A calendar has functions, which cannot be sent. */
  readonly clocks:
    | {
        readonly authorities: readonly string[];
        readonly policies: readonly Policy[];
        readonly holidays: readonly HolidayTable[];
        readonly on: string;
      }
    | undefined;
}

async function start(
  setup: WorkerSetup,
): Promise<(portion: readonly PlanOnChain[]) => Answered<PortionFound>> {
  const { folder, secretsKey, registry, records } = setup;
  const hashes = await loadFastHashes();
  const vault = openReader(folder, { secretsKey, hashes });
  const compare = portionComparer({ vault, registry, hashes, records, clocks: clocksOf(setup, vault) });
  return (portion) => {
    try {
      const answer = compare(portion);
      return { answer, transfer: answer.leaves.map(({ leaves }) => leaves.buffer as ArrayBuffer) };
    } finally {
      vault.releaseState();
    }
  };
}

function clocksOf({ clocks }: WorkerSetup, vault: LmdbVaultReader): VaultClocks | undefined {
  if (clocks === undefined) return undefined;
  const { authorities, policies, holidays, on } = clocks;
  return startVaultClocks(new Docket({ authorities, policies, calendar: makeCalendar(holidays) }, vault), on);
}

answerQuestions(() => start(workerData as WorkerSetup));
