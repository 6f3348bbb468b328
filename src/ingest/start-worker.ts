import { Worker } from "node:worker_threads";

/**
 * Starts a thread on a module of this program, whether it runs compiled or, in tests, from its TypeScript sources: a
 * thread does not inherit what makes Node read those.
 *
 * @param module Path without ending.
 */
export function startWorker(module: string, workerData: unknown): Worker {
  // Threads keep little: a small young generation costs no time, and each would otherwise take as much as a process.
  const resourceLimits = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 512 };
  if (!__filename.endsWith(".ts")) return new Worker(`${module}.js`, { workerData, resourceLimits });
  const load =
    `require("ts-node").register({ transpileOnly: true, cwd: ${JSON.stringify(__dirname)} });` +
    `require(${JSON.stringify(module)});`;
  return new Worker(load, { eval: true, workerData, resourceLimits });
}
