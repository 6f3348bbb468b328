import { join } from "node:path";
import type { Worker } from "node:worker_threads";

import { CreditAnchorError, type Fault } from "../errors";
import type { Input, InputRow, RowReader } from "../input";
import type { LmdbVault } from "../vault/writer";
import type { KnownRecords, RowSealer, SealContext, SealedChunk } from "./seal-rows";
import { startWorker } from "./start-worker";
import type { WorkerAnswer, WorkerSetup } from "./worker";

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
  const workers = Array.from({ length: threads }, () => new SealingThread(setup));
  return {
    async *seal(portions) {
      const waiting: Promise<SealedChunk>[] = [];
      let next = 0;
      for await (const rows of portions) {
        const answer = workers[next++ % threads]!.seal(rows);
        // Looked at in its turn; until then a failure must not count as unhandled.
        answer.catch(() => undefined);
        waiting.push(answer);
        if (waiting.length >= threads * IN_FLIGHT) yield await waiting.shift()!;
      }
      while (waiting.length > 0) yield await waiting.shift()!;
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}

interface Expected {
  readonly resolve: (chunk: SealedChunk) => void;
  readonly reject: (error: unknown) => void;
}

/** One thread; it answers in the order of the questions. */
class SealingThread {
  readonly #worker: Worker;
  readonly #expected: Expected[] = [];
  #failure: unknown;

  constructor(setup: WorkerSetup) {
    this.#worker = startWorker(join(__dirname, "worker"), setup);
    this.#worker.on("message", (answer: WorkerAnswer) => {
      const { resolve, reject } = this.#expected.shift()!;
      if ("chunk" in answer) resolve(answer.chunk);
      else reject(errorOf(answer.error));
    });
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(new Error("a sealing thread ended")));
  }

  seal(rows: readonly InputRow[]): Promise<SealedChunk> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#expected.push({ resolve, reject });
      this.#worker.postMessage(rows);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#expected.splice(0)) reject(error);
  }
}

/** How an error of ours travels between threads. */
export interface PlainError {
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
  readonly faults?: readonly Fault[];
  readonly exitStatus?: 64 | 70;
}

function errorOf({ code, message, hint, faults, exitStatus }: PlainError): Error {
  if (code === undefined) return new Error(message);
  return new CreditAnchorError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(faults === undefined ? {} : { faults }),
    ...(exitStatus === undefined ? {} : { exitStatus }),
  });
}
