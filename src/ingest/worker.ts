import { workerData } from "node:worker_threads";

import type { LeafPlace } from "../commitment";
import { loadFastHashes } from "../fast-hashes";
import { type Input, type InputRow, rowReader } from "../input";
import type { JsonObject } from "../json";
import { type Answered, answerQuestions } from "../threads";
import { loadType } from "../types";
import { openReader } from "../vault/open";
import type { Hex, Mode } from "../vault/vault";
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

async function start(setup: WorkerSetup): Promise<(rows: readonly InputRow[]) => Answered<SealedChunk>> {
  const hashes = await loadFastHashes();
  const type = loadType(setup.document, hashes);
  const reader = rowReader(type, setup.header, { issuerCode: setup.agencyCode });
  const vault = openReader(setup.folder, { secretsKey: setup.secretsKey, hashes });
  const sealer = new RowSealer({ ...setup, type, hashes });
  return (rows) => {
    try {
      const chunk = sealer.sealRows(rows, reader, vault).plain();
      const { fixed, numbers, payloads, unchanged, rowNumbers, decidedOn } = chunk;
      const buffers = [fixed, numbers, payloads, unchanged, rowNumbers, decidedOn];
      return { answer: chunk, transfer: buffers.map((part) => part.buffer as ArrayBuffer) };
    } finally {
      vault.releaseState();
    }
  };
}

answerQuestions(() => start(workerData as WorkerSetup));
