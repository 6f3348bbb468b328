/**
 * Measures the whole line, audits and the gas of every mode:
 * `npm run bench -- [--records N,N] [--audit-batches N [--audit-records N]] [--json] [--no-write]`.
 *
 * For each number of records a chain is started in a process of its own, and a file of twelve fields a record is written;
 * then the commands of credit-anchor are run on it, each in its own process, and timed from outside. With
 * `--audit-batches` records (the largest number of `--records` unless told otherwise) are anchored once more, every leaf on
 * the chain, in so many batches, and audited in every way. Results go to bench/results/ with date and machine; nothing here fails because it is slow.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sampleAgencies, TWELVE_FIELDS, writeSample, type SampleOptions } from "../src/samples";
import type { AuditReport } from "../src/audit";
import { markdown } from "./markdown";
import type { StageTimes } from "./stages";

/** One command, run to its end. */
export interface Measured {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly cpuSeconds: number;
}

export interface LineResult {
  readonly records: number;
  readonly fileBytes: number;
  readonly anchor: Measured & { readonly batches: number; readonly gas: number };
  readonly audit: Audited;
  readonly stages: StageTimes;
}

/** One audit. */
export interface Audited extends Measured {
  readonly differences: number;
  /** Records whose leaves were at hand, and led to the root of their batch. */
  readonly proven: number;
  /** Records whose commitment was computed again from content and secret. */
  readonly recomputed: number;
}

/** Audits of one registry of which every leaf is on the chain (mode `leaves`). */
export interface AuditsResult {
  readonly records: number;
  readonly batches: number;
  /** What it took to have something to audit. */
  readonly anchor: Measured;
  readonly audits: readonly (Audited & { readonly name: AuditName })[];
}

/** How a registry was audited; `markdown.ts` has the words. */
export type AuditName = "chain" | "again" | "files" | "more" | "vault";

/** Gas of anchoring, from the receipts of the transactions. */
export interface GasResult {
  readonly mode: string;
  readonly records: number;
  readonly batches: number;
  readonly gasPerBatch: number;
  readonly gasPerRecord: number;
}

export interface BenchResult {
  readonly date: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly node: string;
    readonly platform: string;
    /** Mean number of running processes in the minute before: above zero, others took part of the machine. */
    readonly load: number;
  };
  readonly lines: readonly LineResult[];
  readonly audits: AuditsResult | null;
  readonly gas: readonly GasResult[];
}

const built = join(__dirname, "..");
const TYPE = "cn.penalty";

/** The stages of the line are measured one by one on so many records at most. */
const MOST_STAGED = 100_000;

interface Ground {
  readonly folder: string;
  readonly home: (name: string) => string;
  stop(): void;
}

async function startGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), "credit-anchor-bench-"));
  const homes = join(folder, "homes");
  const sandbox: ChildProcess = spawn(
    process.execPath,
    [join(built, "scripts/sandbox.js"), "--port", "0", "--home", homes, "--json"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await new Promise<void>((resolve, reject) => {
    sandbox.stdout!.once("data", () => resolve());
    sandbox.once("close", (status) => reject(new Error(`the sandbox ended with ${status}`)));
  });
  return {
    folder,
    home: (name) => join(homes, name),
    stop: () => {
      sandbox.kill("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function sampleFor(
  ground: Ground,
  agency: string,
  name: string,
  more: Partial<SampleOptions>,
): Promise<string> {
  const file = join(ground.folder, name);
  const { code } = sampleAgencies.find((item) => item.name === agency)!;
  await writeSample(file, { type: TYPE, rows: 1, agencyCode: code, fields: TWELVE_FIELDS, ...more });
  return file;
}

/** Runs a script of the build and says what it printed and used. @throws Error unless it exits 0. */
function measure(
  ground: Ground,
  script: string,
  args: readonly string[],
): Measured & { readonly output: unknown } {
  const usage = join(ground.folder, "usage.json");
  const started = performance.now();
  const run = spawnSync(
    process.execPath,
    ["--require", join(built, "bench/report-usage.js"), join(built, script), ...args],
    {
      encoding: "utf8",
      maxBuffer: 2 ** 28,
      env: { ...process.env, CREDIT_ANCHOR_BENCH_USAGE: usage },
      // Its progress is ours.
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const seconds = (performance.now() - started) / 1000;
  if (run.status !== 0) throw new Error(`${script} ${args.join(" ")} exits ${run.status}`);
  const used = JSON.parse(readFileSync(usage, "utf8")) as Pick<Measured, "peakBytes" | "cpuSeconds">;
  return { seconds, ...used, output: JSON.parse(run.stdout) };
}

const anchor = (ground: Ground, home: string, file: string, ...more: string[]) =>
  measure(ground, "src/cli/main.js", [
    "anchor",
    file,
    "--type",
    TYPE,
    "--home",
    ground.home(home),
    "--json",
    ...more,
  ]);

function audit(ground: Ground, home: string, ...more: string[]): Audited {
  const { output, ...measured } = measure(ground, "src/cli/main.js", [
    "audit",
    "--home",
    ground.home(home),
    "--json",
    ...more,
  ]);
  const { differences, coverage, vaults } = output as AuditReport;
  return {
    ...measured,
    differences: differences.length,
    proven: coverage.proven,
    recomputed: vaults.reduce((sum, { recomputed }) => sum + recomputed, 0),
  };
}

async function line(records: number): Promise<LineResult> {
  const ground = await startGround();
  try {
    const file = await sampleFor(ground, "market-regulator", "whole.csv", { rows: records });
    const { output, ...anchored } = anchor(ground, "market-regulator", file);
    const { batches, gas } = output as { batches: number; gas: number | string };
    const audited = audit(ground, "market-regulator");
    const staged = await sampleFor(ground, "tax", "staged.csv", { rows: Math.min(records, MOST_STAGED) });
    const { output: stages } = measure(ground, "bench/stages.js", [ground.home("tax"), staged, TYPE]);
    return {
      records,
      fileBytes: readFileSync(file).length,
      anchor: { ...anchored, batches, gas: Number(gas) },
      audit: audited,
      stages: stages as StageTimes,
    };
  } finally {
    ground.stop();
  }
}

async function audits(records: number, batches: number): Promise<AuditsResult> {
  const ground = await startGround();
  try {
    const file = await sampleFor(ground, "market-regulator", "audited.csv", { rows: records });
    const size = String(Math.ceil(records / batches));
    const { output, ...anchored } = anchor(
      ground,
      "market-regulator",
      file,
      ...["--mode", "leaves", "--batch-size", size],
    );
    const leaves = join(ground.folder, "leaves");
    measure(ground, "src/cli/main.js", [
      ...["leaves", "export", "--out", leaves],
      ...["--home", ground.home("market-regulator"), "--json"],
    ]);
    const results: AuditsResult["audits"][number][] = [];
    const run = (name: AuditName, home: string, ...more: string[]): void => {
      console.error(`measuring audit: ${name}`);
      results.push({ name, ...audit(ground, home, ...more) });
    };
    run("chain", "court");
    run("again", "court");
    run("files", "court", "--without-index", "--leaves", leaves);
    run("vault", "market-regulator");
    const next = await sampleFor(ground, "market-regulator", "next.csv", { rows: Number(size), seed: 2 });
    anchor(ground, "market-regulator", next, "--mode", "leaves", "--batch-size", size);
    run("more", "court");
    return {
      records,
      batches: (output as { batches: number }).batches,
      anchor: anchored,
      audits: results,
    };
  } finally {
    ground.stop();
  }
}

async function gas(): Promise<GasResult[]> {
  const ground = await startGround();
  const results: GasResult[] = [];
  const run = async (mode: string, file: string, ...options: string[]): Promise<void> => {
    const { output } = anchor(ground, "market-regulator", file, ...options);
    const {
      batches,
      gas: used,
      records,
    } = output as { batches: number; gas: number | string; records: number };
    results.push({
      mode,
      records,
      batches,
      gasPerBatch: Number(used) / batches,
      gasPerRecord: Number(used) / records,
    });
  };
  const sample = (name: string, seed: number, rows: number, changed = 0): Promise<string> =>
    sampleFor(ground, "market-regulator", name, { rows, seed, persons: 0, changed });
  try {
    // The agency's first batch writes words that later ones only change.
    await run("root, the agency's first batch", await sample("first.csv", 1, 1));
    await run("root, 1,000 records", await sample("root.csv", 2, 1_000));
    await run("leaves, 1,000 records", await sample("leaves.csv", 3, 1_000), "--mode", "leaves");
    await run("direct, first versions", await sample("direct.csv", 4, 20), "--mode", "direct");
    await run("direct, next versions", await sample("next.csv", 4, 20, 1), "--mode", "direct");
    return results;
  } finally {
    ground.stop();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      records: { type: "string", default: "10000,100000" },
      "audit-batches": { type: "string", default: "0" },
      "audit-records": { type: "string" },
      json: { type: "boolean", default: false },
      "no-write": { type: "boolean", default: false },
    },
  });
  const sizes = values.records.split(",").map(Number);
  if (sizes.some((size) => !Number.isInteger(size) || size < 1 || size > 10_000_000)) {
    console.error("--records takes whole numbers from 1 to 10000000, between commas");
    process.exit(64);
  }
  const auditBatches = Number(values["audit-batches"]);
  const auditRecords = Number(values["audit-records"] ?? Math.max(...sizes));
  if (!Number.isInteger(auditBatches) || auditBatches < 0 || !(auditBatches <= auditRecords)) {
    console.error("--audit-batches takes a whole number, at most that of records; 0: audits are left out");
    process.exit(64);
  }
  const load = loadavg()[0] ?? 0;
  const lines: LineResult[] = [];
  for (const records of sizes) {
    console.error(`measuring the line at ${records} records`);
    lines.push(await line(records));
  }
  if (auditBatches > 0)
    console.error(`measuring audits of ${auditRecords} records in ${auditBatches} batches`);
  const audited = auditBatches === 0 ? null : await audits(auditRecords, auditBatches);
  console.error("measuring gas");
  const [cpu] = cpus();
  const result: BenchResult = {
    date: new Date().toISOString(),
    machine: {
      cpu: cpu?.model.trim() ?? "unknown",
      cores: cpus().length,
      memoryBytes: totalmem(),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      load,
    },
    lines,
    audits: audited,
    gas: await gas(),
  };
  if (!values["no-write"]) {
    // The build lies in dist/; results belong beside the sources.
    const folder = join(built, "..", "bench", "results");
    mkdirSync(folder, { recursive: true });
    const name = join(folder, result.date.slice(0, 10));
    writeFileSync(`${name}.json`, `${JSON.stringify(result, null, 2)}\n`);
    writeFileSync(`${name}.md`, markdown(result));
    console.error(`wrote ${name}.md and .json`);
  }
  console.log(values.json ? JSON.stringify(result) : markdown(result));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(70);
});
