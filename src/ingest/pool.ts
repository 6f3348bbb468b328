import { join } from "node:path";

import type { Input, InputRow, RowReader } from "../input";
import { threadPool } from "../threads";
import type { LmdbVault } from "../vault/writer";
import type { KnownRecords, RowSealer, SealContext, SealedChunk } from "./seal-rows";
import type { WorkerSetup } from "./worker";

/** Checks and seals portions of rows. */
export interface RowSealing {
  /** In the order of the portions. */
  seal(portions: AsyncIterable<readonly InputRow[]>): AsyncGenerator<SealedChunk>;
  close(): Promise<void>;
}

/** On this thread. */
export function sealingHere(sealer: RowSealer, reader: RowReader, known: KnownRecords): RowSealing {
  return {
    async *seal(portions) {
      for await (const rows of portions) yield sealer.sealRows(rows, reader, known);
    },
    close: async () => undefined,
  };
}

/** Portions on their way to and from each thread: enough work while a batch is written, little memory. */
const IN_FLIGHT = 8;

/**
 * On threads of their own. A thread looks records up in the vault by itself; what changes there before its rows are used
 * is noticed by the planner.
 */
export function poolSealing(
  context: SealContext,
  header: Input["header"],
  vault: LmdbVault,
  threads: number,
): RowSealing {
  const { type, place, mode, agencyKey, agencyCode, sha256, only } = context;
  const { folder, secretsKey } = vault.location();
  const { document } = type;
  const known = { folder, secretsKey, sha256, only };
  const setup: WorkerSetup = { document, header, place, mode, agencyKey, agencyCode, ...known };
  const pool = threadPool<readonly InputRow[], SealedChunk>({
    module: join(__dirname, "worker"),
    setup,
    threads,
    inFlight: IN_FLIGHT,
    ended: (reason) => new Error(`a sealing thread ended: ${reason}`),
  });
  return {
    async *seal(portions) {
      for await (const { answer } of pool.ask(portions)) yield answer;
    },
    close: () => pool.close(),
  };
}
