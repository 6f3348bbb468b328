/**
 * The whole story in under a minute: `npm run demo`. Exits 0 only if every step did what it should.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

import { CreditAnchorError } from "../src/errors";
import { isShown, type Evidence } from "../src/receipt";
import { registryInterface } from "../src/registry-views";
import { complain } from "./support/complain";
import { type DemoFiles, forgeries, writeDemoFiles } from "./support/demo-files";
import { startLyingNode } from "./support/lying-node";
import { projectRoot } from "./support/project";
import { type Sandbox, startSandbox } from "./support/sandbox";
import { type Ran, type Stage, Story } from "./support/story";

/** Runs the real command line in a process of its own, in the folder of the demo. */
function runCommand(folder: string): Stage["run"] {
  const main = join(__dirname, "..", "src", "cli", "main.js");
  // Settings of the person who runs the demo have no part in it.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("CREDIT_ANCHOR_")),
  );
  return (args) =>
    new Promise<Ran>((resolve, reject) => {
      const child = spawn(process.execPath, [main, ...args], {
        cwd: folder,
        env,
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

/** What `anchor` says that is worth a line. */
const anchored = /^(nothing new|(new records|new versions|unchanged|rejected|gas) +[1-9])/;
const verdict = /^ {2}(✗|GENUINE|NOT GENUINE|UNDECIDED)/;
const status = /^ {2}(✓ (anchor|issuer|status)|✗|GENUINE|NOT GENUINE|UNDECIDED)/;

async function prepare(story: Story, folder: string, sandbox: Sandbox): Promise<DemoFiles> {
  story.chapter("A chain inside this command, a registry on it, four homes");
  story.tell(`  chain     ${sandbox.chainId} at ${sandbox.rpcUrl}`);
  story.tell(`  registry  ${sandbox.registry}`);
  story.tell(`  homes     ${Object.keys(sandbox.homes).join(", ")}`);
  await story.command(["agency", "list", "--home", "homes/ndrc"], { show: /\S/ });

  story.chapter("Files as the agencies have them: synthetic, some rows wrong on purpose");
  const files = await writeDemoFiles(folder);
  for (const line of files.descriptions) story.tell(`  ${line}`);
  return files;
}

async function anchorFiles(story: Story, { badRows }: DemoFiles): Promise<void> {
  story.chapter("Anchoring: the records stay in the homes, one hash a batch goes on the chain");
  const anchor = (file: string, type: string, home: string, ...more: string[]): string[] => [
    "anchor",
    file,
    "--type",
    type,
    "--home",
    `homes/${home}`,
    ...more,
  ];
  await story.command(anchor("penalties.csv", "cn.penalty", "market-regulator"), {
    exit: 4,
    says: [
      new RegExp(`^new records +${(5_000 - badRows).toLocaleString("en")}$`, "m"),
      new RegExp(`^rejected +${badRows}\\b`, "m"),
    ],
    show: anchored,
  });
  await story.command(anchor("licences.csv", "cn.licence", "market-regulator"), {
    says: [/^new records +3,000$/m],
    show: anchored,
  });
  await story.command(
    anchor("tax-penalties.ndjson", "cn.penalty", "tax", "--mode", "leaves", "--batch-size", "1000"),
    { says: [/^new records +2,000$/m], show: anchored },
  );

  story.chapter("The same file again: nothing new");
  await story.command(anchor("licences.csv", "cn.licence", "market-regulator"), {
    says: ["nothing new", /^unchanged +3,000$/m],
    show: anchored,
  });
}

async function giveReceipts(story: Story, folder: string, files: DemoFiles): Promise<void> {
  story.chapter("A receipt, and a presentation that hides most of it");
  const licence = ["--type", "cn.licence", "--home", "homes/market-regulator"];
  await story.command(["receipt", "--key", files.kept, ...licence, "--out", "receipts/licence.json"]);
  await story.command(["receipt", "--key", files.corrected, ...licence, "--out", "receipts/before.json"]);
  await story.command([
    "present",
    "receipts/licence.json",
    "--show",
    "licenceKind",
    "--out",
    "receipts/presented.json",
  ]);
  const presented = readEvidenceFile(folder, "receipts/presented.json");
  for (const field of presented.record.fields.filter(isShown))
    story.tell(`  shown   ${field.name} = ${String(field.value)}`);
  story.tell(
    `  hidden  ${presented.record.fields.filter((field) => !isShown(field)).length} fields, not even guessable`,
  );

  story.chapter("Verification, by somebody else");
  await story.command(["verify", "receipts/licence.json", "--home", "homes/court"], {
    says: ["GENUINE AND IN FORCE"],
    show: status,
  });
  await story.command(["verify", "receipts/presented.json", "--home", "homes/court"], {
    says: ["GENUINE AND IN FORCE"],
    show: verdict,
  });
  await story.command(["verify", "receipts/presented.json", "--offline"], { exit: 2, show: verdict });
}

async function forge(story: Story, folder: string, files: DemoFiles): Promise<void> {
  story.chapter("Forgeries of the receipt of a fine");
  const tax = ["--type", "cn.penalty", "--home", "homes/tax"];
  await story.command(["receipt", "--key", files.fined, ...tax, "--out", "receipts/fine.json"]);
  await story.command(["verify", "receipts/fine.json", "--home", "homes/court"], {
    exit: 3,
    says: [/✓ inclusion/, /✓ anchor/],
    show: status,
  });
  const fine = readEvidenceFile(folder, "receipts/fine.json");
  const other = readEvidenceFile(folder, "receipts/licence.json");
  for (const { file, story: what, evidence, caughtBy } of forgeries(fine, other)) {
    writeFileSync(join(folder, "forged", file), `${JSON.stringify(evidence, null, 2)}\n`);
    story.tell(`  ${what}:`);
    await story.command(["verify", `forged/${file}`, "--home", "homes/court"], {
      exit: 1,
      says: [`✗ ${caughtBy}`],
      show: verdict,
    });
  }
}

async function correct(story: Story, files: DemoFiles): Promise<void> {
  story.chapter("A correction: new versions of some records supersede the old ones");
  const home = ["--type", "cn.licence", "--home", "homes/market-regulator"];
  await story.command(["anchor", "licences-corrected.csv", ...home], {
    says: [new RegExp(`^new versions +${files.correctedRows}$`, "m")],
    show: anchored,
  });
  await story.command(["verify", "receipts/before.json", "--home", "homes/court"], {
    exit: 3,
    says: [/✓ integrity/, /✓ anchor/, "Superseded"],
    show: status,
  });
  await story.command(["receipt", "--key", files.corrected, ...home, "--out", "receipts/after.json"], {
    says: ["version 2"],
  });
  await story.command(["verify", "receipts/after.json", "--home", "homes/court"], { show: verdict });
}

async function withdraw(story: Story): Promise<void> {
  story.chapter("A withdrawal: the record stays provable, as withdrawn");
  const reason = ["--reason", "decision-revoked", "--home", "homes/market-regulator"];
  await story.command(["withdraw", "--receipt", "receipts/licence.json", ...reason], { show: /\S/ });
  await story.command(["verify", "receipts/presented.json", "--home", "homes/court"], {
    exit: 3,
    says: ["Withdrawn"],
    show: status,
  });
}

async function audit(story: Story, sandbox: Sandbox): Promise<void> {
  story.chapter("Audit: everything replayed from the registry's events, and compared with a vault");
  await story.command(["audit", "--home", "homes/market-regulator", "--out", "report.json"], {
    says: ["NO DIFFERENCES"],
    show: /^(journal|compared|rebuilt|NO DIFF)/,
  });
  story.tell("  The same audit, asking a node that hides who was superseded:");
  const lying = await startLyingNode(
    sandbox.rpcUrl,
    registryInterface.getEvent("RecordsSuperseded").topicHash,
  );
  try {
    await story.command(["audit", "--home", "homes/ndrc", "--rpc", lying.url], {
      exit: 1,
      show: /^(✗|DIFF|\d+ DIFF|.*DIFFERENCES)/,
    });
  } finally {
    await lying.close();
  }
}

function readEvidenceFile(folder: string, file: string): Evidence {
  return JSON.parse(readFileSync(join(folder, file), "utf8")) as Evidence;
}

/** Folder to write to; undefined: asked for help. */
function readArguments(args: string[]): string | undefined {
  try {
    const options = { out: { type: "string" }, help: { type: "boolean" } } as const;
    const { out, help } = parseArgs({ args, options }).values;
    return help === true ? undefined : resolve(out ?? join(projectRoot(), "demo-output"));
  } catch (error) {
    const message = (error as Error).message.split("\n")[0]!;
    throw new CreditAnchorError("usage", message, { hint: "npm run demo -- --help" });
  }
}

async function main(): Promise<number> {
  const started = Date.now();
  const folder = readArguments(process.argv.slice(2));
  if (folder === undefined) {
    console.log(
      "npm run demo [-- --out DIR]\n\nPlays the whole story; leaves receipts and a report in ./demo-output or DIR.",
    );
    return 0;
  }
  for (const name of ["receipts", "forged", "report.json"])
    rmSync(join(folder, name), { recursive: true, force: true });
  for (const name of ["receipts", "forged"]) mkdirSync(join(folder, name), { recursive: true });
  const story = new Story({
    run: runCommand(folder),
    print: (line) => console.log(line),
    colour: process.stdout.isTTY && process.env.NO_COLOR === undefined,
  });
  const sandbox = await startSandbox({ port: 0, home: join(folder, "homes"), fresh: true });
  try {
    const exit = await story.play(async () => {
      const files = await prepare(story, folder, sandbox);
      await anchorFiles(story, files);
      await giveReceipts(story, folder, files);
      await forge(story, folder, files);
      await correct(story, files);
      await withdraw(story);
      await audit(story, sandbox);
    });
    if (exit !== 0) return exit;
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    const place = relative(process.cwd(), folder) || ".";
    story.tell("");
    story.tell(`${story.steps} steps, each did what it should, in ${seconds} s.`);
    story.tell(
      `Left behind in ${place}/: receipts/, forged/, report.json, the files and the homes. The chain is gone.`,
    );
    story.tell("Now with your own file and a chain that stays: npm run sandbox");
    return 0;
  } finally {
    await sandbox.stop();
  }
}

main().then(
  (exit) => process.exit(exit),
  (error: unknown) => process.exit(complain(error)),
);
