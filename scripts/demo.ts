/**
 * The whole story in about a minute: `npm run demo`. Exits 0 only if every step did what it should. With `--serve` the
 * chain stays afterwards, with pages on it, until Ctrl-C.
 */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

import { CreditAnchorError } from "../src/errors";
import { admit, anchorFiles, forge, giveReceipts, prepare } from "./demo/anchoring";
import { audit } from "./demo/audit";
import { loseKey, merge } from "./demo/changes";
import { correct, dispute, erase, repair, withdraw } from "./demo/life";
import type { Demo } from "./demo/parts";
import { complain } from "./support/complain";
import { bureau, fillHolidays, writeDemoCases } from "./support/demo-case";
import { writeDemoFiles } from "./support/demo-files";
import { offerPages } from "./support/offer";
import { projectRoot } from "./support/project";
import { type Sandbox, startSandbox } from "./support/sandbox";
import { type Ran, type Stage, Story } from "./support/story";

/** The story, chapter by chapter. Each goes on where the one before stopped. */
const chapters: readonly ((demo: Demo) => Promise<void>)[] = [
  prepare,
  admit,
  anchorFiles,
  giveReceipts,
  forge,
  dispute,
  correct,
  repair,
  withdraw,
  erase,
  loseKey,
  merge,
  audit,
];

/** Runs the real command line in a process of its own, in the folder of the demo. */
function runCommand(folder: string): Stage["run"] {
  const main = join(__dirname, "..", "src", "cli", "main.js");
  // Settings of the person who runs the demo have no part in it.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("CREDIT_ANCHOR_")),
  );
  return (args, own) =>
    new Promise<Ran>((resolve, reject) => {
      const child = spawn(process.execPath, [main, ...args], {
        cwd: folder,
        env: { ...env, ...own },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.once("error", reject);
      child.once("close", (status) => resolve({ status, stdout, stderr }));
    });
}

const help = `npm run demo [-- --out DIR] [--serve]

Plays the whole story; leaves receipts and a report in ./demo-output or DIR.

  --out DIR  where to write
  --serve    then keep the chain, and offer the pages that verify and explore on it, until Ctrl-C
  --help     this text`;

/** @returns Undefined: asked for help. */
function readArguments(args: string[]): { folder: string; serve: boolean } | undefined {
  try {
    const options = {
      out: { type: "string" },
      serve: { type: "boolean", default: false },
      help: { type: "boolean" },
    } as const;
    const { out, serve, help } = parseArgs({ args, options }).values;
    return help === true ? undefined : { folder: resolve(out ?? join(projectRoot(), "demo-output")), serve };
  } catch (error) {
    const message = (error as Error).message.split("\n")[0]!;
    throw new CreditAnchorError("usage", message, { hint: "npm run demo -- --help" });
  }
}

/** Offers the pages on the demo's chain until somebody stops it. */
async function serveUntilStopped(sandbox: Sandbox, folder: string): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
  const offer = await offerPages(sandbox, folder);
  for (const line of ["", ...offer.lines, "", "Ctrl-C stops it; the chain is then gone."]) console.log(line);
  await stopped;
  await offer.close();
}

async function main(): Promise<number> {
  const started = Date.now();
  const asked = readArguments(process.argv.slice(2));
  if (asked === undefined) {
    console.log(help);
    return 0;
  }
  const { folder, serve } = asked;
  for (const name of [
    "receipts",
    "forged",
    "report",
    "bundle.json",
    "checkpoint.json",
    "calls.json",
    "due.ics",
  ])
    rmSync(join(folder, name), { recursive: true, force: true });
  for (const name of ["receipts", "forged"]) mkdirSync(join(folder, name), { recursive: true });
  const story = new Story({
    run: runCommand(folder),
    print: (line) => console.log(line),
    colour: process.stdout.isTTY && process.env.NO_COLOR === undefined,
  });
  const homes = join(folder, "homes");
  const sandbox = await startSandbox({ port: 0, home: homes, fresh: true });
  // Not the sandbox's own: an earlier demo made it.
  rmSync(join(homes, bureau.name), { recursive: true, force: true });
  try {
    const exit = await story.play(async () => {
      fillHolidays(sandbox.homes["market-regulator"]!);
      const cases = writeDemoCases(folder);
      const demo = { story, folder, sandbox, files: await writeDemoFiles(folder), cases };
      for (const chapter of chapters) await chapter(demo);
    });
    if (exit !== 0) return exit;
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    const place = relative(process.cwd(), folder) || ".";
    story.tell("");
    story.tell(`${story.steps} steps, each did what it should, in ${seconds} s.`);
    story.tell(
      `Left behind in ${place}/: receipts/, forged/, report/ (open report.en.html or report.zh.html), bundle.json, checkpoint.json, the files and the homes.`,
    );
    if (serve) await serveUntilStopped(sandbox, folder);
    story.tell("The chain is gone. With your own file and a chain that stays: npm run sandbox");
    if (!serve) story.tell("The same, then pages to look at it in a browser: npm run demo -- --serve");
    return 0;
  } finally {
    await sandbox.stop();
  }
}

main().then(
  (exit) => process.exit(exit),
  (error: unknown) => process.exit(complain(error)),
);
