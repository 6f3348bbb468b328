/**
 * Loaded into a measured process with `node --require`: writes what it used to the file CREDIT_ANCHOR_BENCH_USAGE when it
 * ends. Outside, nobody knows a process's largest memory any more once it has ended.
 */
import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const file = process.env["CREDIT_ANCHOR_BENCH_USAGE"];
if (isMainThread && file !== undefined)
  process.on("exit", () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    writeFileSync(
      file,
      JSON.stringify({ peakBytes: maxRSS * 1024, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 }),
    );
  });
