import { parentPort, workerData } from "node:worker_threads";

import type { LeafPlace } from "../commitment";
import { CreditAnchorError } from "../errors";
import { loadFastHashes } from "../fast-hashes";
import { type Input, type InputRow, rowReader } from "../input";
import type { JsonObject } from "../json";
import { loadType } from "../types";
import { openReader } from "../vault/open";
import type { Hex, Mode } from "../vault/vault";
import type { PlainError } from "./pool";
import { RowSealer, type SealContext, type SealedChunk } from "./seal-rows";

// A thread that checks and seals rows: see pool.ts. Receives portions of rows, answers with chunks.

/** What a thread gets when it starts. */
export interface WorkerSetup {
  readonly document: JsonObject;
  readonly header: Input["header"];
  readonly place: LeafPlace;
  readonly mode: Mode;
  readonly agencyKey: Uint8Array;
  readonly agencyCode: string;
  readonly sha256: Hex;
  readonly only: SealContext["only"];
  /** The vault's folder. */
  readonly folder: string;
  readonly secretsKey: Uint8Array | undefined;
}

export type WorkerAnswer = { readonly chunk: SealedChunk } | { readonly error: PlainError };

async function main(setup: WorkerSetup): Promise<void> {
  const hashes = await loadFastHashes();
  const type = loadType(setup.document, hashes);
  const reader = rowReader(type, setup.header, { issuerCode: setup.agencyCode });
  const vault = openReader(setup.folder, { secretsKey: setup.secretsKey, hashes });
  const sealer = new RowSealer({ ...setup, type, hashes });
  parentPort!.on("message", (rows: readonly InputRow[]) => {
    try {
      const chunk = sealer.sealRows(rows, reader, vault).plain();
      const { fixed, numbers, payloads, unchanged, rowNumbers, decidedOn } = chunk;
      const buffers = [fixed, numbers, payloads, unchanged, rowNumbers, decidedOn];
      parentPort!.postMessage(
        { chunk } satisfies WorkerAnswer,
        buffers.map((part) => part.buffer as ArrayBuffer),
      );
    } catch (error) {
      parentPort!.postMessage({ error: plain(error) } satisfies WorkerAnswer);
    } finally {
      vault.releaseState();
    }
  });
}

function plain(error: unknown): PlainError {
  if (!(error instanceof CreditAnchorError))
    return { message: error instanceof Error ? error.message : "unknown" };
  const { code, message, hint, faults, exitStatus } = error;
  return { code, message, ...(hint === undefined ? {} : { hint }), faults, exitStatus };
}

void main(workerData as WorkerSetup);
