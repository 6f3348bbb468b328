/** Threads that answer questions: how they are started, asked and ended, and how errors travel between them. */
import { isMainThread, parentPort, Worker } from "node:worker_threads";

import { CreditAnchorError, type Fault } from "./errors";

/**
 * Starts a thread on a module of this program, whether it runs compiled or, in tests, from its TypeScript sources: a
 * thread does not inherit what makes Node read those.
 *
 * @param module Path without ending.
 */
function startWorker(module: string, workerData: unknown): Worker {
  // Threads keep little: a small young generation costs no time, and each would otherwise take as much as a process.
  const resourceLimits = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 512 };
  if (!__filename.endsWith(".ts")) return new Worker(`${module}.js`, { workerData, resourceLimits });
  const load =
    `require("ts-node").register({ transpileOnly: true, cwd: ${JSON.stringify(__dirname)} });` +
    `require(${JSON.stringify(module)});`;
  return new Worker(load, { eval: true, workerData, resourceLimits });
}

/** Answers questions on several threads. */
export interface ThreadPool<Question, Answer> {
  /** The answers in the order of the questions, each with its question; not many questions are on their way at once. */
  ask<Asked extends Question>(
    questions: Iterable<Asked> | AsyncIterable<Asked>,
  ): AsyncGenerator<{ readonly question: Asked; readonly answer: Answer }>;
  close(): Promise<void>;
}

export interface PoolOptions {
  /** Path of the threads' module, without ending. It calls {@link answerQuestions}. */
  readonly module: string;
  /** What each thread gets when it starts, as `workerData`. */
  readonly setup: unknown;
  readonly threads: number;
  /** Questions on their way to and from each thread. */
  readonly inFlight: number;
  /** What is thrown when a thread ends before its answer, for whatever reason. */
  readonly ended: (reason: string) => Error;
}

export function threadPool<Question, Answer>(options: PoolOptions): ThreadPool<Question, Answer> {
  const { threads, inFlight } = options;
  const workers = Array.from({ length: threads }, () => new Thread<Question, Answer>(options));
  return {
    async *ask(questions) {
      type Asked = typeof questions extends Iterable<infer T> | AsyncIterable<infer T> ? T : never;
      const waiting: { question: Asked; answer: Promise<Answer> }[] = [];
      const first = async () => {
        const { question, answer } = waiting.shift()!;
        return { question, answer: await answer };
      };
      let next = 0;
      for await (const question of questions) {
        const answer = workers[next++ % threads]!.ask(question);
        // Looked at in its turn; until then a failure must not count as unhandled.
        answer.catch(() => undefined);
        waiting.push({ question, answer });
        if (waiting.length >= threads * inFlight) yield await first();
      }
      while (waiting.length > 0) yield await first();
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}

type Sent<Answer> = { readonly answer: Answer } | { readonly error: PlainError };

interface Expected<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** One thread; it answers in the order of the questions. */
class Thread<Question, Answer> {
  readonly #worker: Worker;
  readonly #expected: Expected<Answer>[] = [];
  #failure: unknown;

  constructor({ module, setup, ended }: PoolOptions) {
    this.#worker = startWorker(module, setup);
    this.#worker.on("message", (sent: Sent<Answer>) => {
      const { resolve, reject } = this.#expected.shift()!;
      if ("answer" in sent) resolve(sent.answer);
      else reject(errorOf(sent.error));
    });
    this.#worker.on("error", (error: unknown) => this.#fail(ended(messageOf(error))));
    this.#worker.on("exit", (status) => this.#fail(ended(`exit status ${status}`)));
  }

  ask(question: Question): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure as Error);
    return new Promise((resolve, reject) => {
      this.#expected.push({ resolve, reject });
      this.#worker.postMessage(question);
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

/** What a thread answers, and the memory that is handed over with it instead of being copied. */
export interface Answered<Answer> {
  readonly answer: Answer;
  readonly transfer: readonly ArrayBuffer[];
}

/**
 * In a thread: answers every question in its turn. An error that is thrown is thrown again by whoever asked, also one of
 * the start.
 *
 * @param start what is done once, before the first question.
 */
export function answerQuestions<Question, Answer>(
  start: () => Promise<(question: Question) => Answered<Answer>>,
): void {
  if (isMainThread || parentPort === null) throw new Error("is a module for a thread");
  const port = parentPort;
  const serve = (handle: (question: Question) => Answered<Answer>): void => {
    port.on("message", (question: Question) => {
      try {
        const { answer, transfer } = handle(question);
        port.postMessage({ answer } satisfies Sent<Answer>, transfer);
      } catch (error) {
        port.postMessage({ error: plain(error) } satisfies Sent<Answer>);
      }
    });
  };
  start().then(serve, (error: unknown) =>
    serve(() => {
      throw error;
    }),
  );
}

/** How an error of ours travels between threads. */
interface PlainError {
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
  readonly faults?: readonly Fault[];
  readonly exitStatus?: 64 | 70;
}

function plain(error: unknown): PlainError {
  if (!(error instanceof CreditAnchorError)) return { message: messageOf(error) };
  const { code, message, hint, faults, exitStatus } = error;
  return { code, message, ...(hint === undefined ? {} : { hint }), faults, exitStatus };
}

function errorOf({ code, message, hint, faults, exitStatus }: PlainError): Error {
  if (code === undefined) return new Error(message);
  return new CreditAnchorError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(faults === undefined ? {} : { faults }),
    ...(exitStatus === undefined ? {} : { exitStatus }),
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown";
}
