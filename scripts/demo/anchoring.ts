/**
 * Chapters: a chain and agencies, files anchored, receipts, verification, forgeries.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { isShown } from "../../src/receipt";
import { bureau } from "../support/demo-case";
import { forgeries } from "../support/demo-files";
import {
  anchored,
  asAnybody,
  asRegulator,
  type Demo,
  everything,
  inHome,
  readEvidenceFile,
  status,
  verdict,
} from "./parts";

export async function prepare({ story, sandbox, files }: Demo): Promise<void> {
  story.chapter("A chain inside this command, a registry on it, four homes");
  story.tell(`  chain     ${sandbox.chainId} at ${sandbox.rpcUrl}`);
  story.tell(`  registry  ${sandbox.registry}`);
  story.tell(`  homes     ${Object.keys(sandbox.homes).join(", ")}`);
  await story.command(["agency", "list", ...inHome("ndrc")], { show: everything });

  story.chapter("Files as the agencies have them: synthetic, some rows wrong on purpose");
  for (const line of files.descriptions) story.tell(`  ${line}`);
}

export async function admit({ story, sandbox }: Demo): Promise<void> {
  story.chapter("An agency joins: its own keys, the registrar's admission, an operator");
  const home = inHome(bureau.name);
  const chain = ["--rpc", sandbox.rpcUrl, "--deployment", "homes/deployment", "--finality", "0"];
  const { stdout } = await story.command(
    ["init", ...home, "--trial", "--code", bureau.code, "--name", bureau.title, ...chain],
    { show: /^(signs as| {2}(code|key commitment))/ },
  );
  const account = /^signs as +(0x[0-9a-f]{40})$/m.exec(stdout)![1]!;
  // Where a network asks for fees, somebody pays an account its first coin.
  await sandbox.fund(account);
  await story.command(["agency", "register", `homes/${bureau.name}/registration.json`, ...inHome("ndrc")], {
    says: ["is agency 4 of the registry"],
  });
  await story.command(["operator", "add", account, "--can", "anchor,status", ...home], { show: / may / });
  await story.command(["anchor", "bureau.ndjson", "--type", "cn.penalty", ...home], {
    says: [/^new records +2$/m],
    show: anchored,
  });
}

export async function anchorFiles({ story, files }: Demo): Promise<void> {
  story.chapter("Anchoring: the records stay in the homes, one hash a batch goes on the chain");
  await story.command(["anchor", "penalties.csv", "--type", "cn.penalty", ...asRegulator], {
    exit: 4,
    says: [
      new RegExp(`^new records +${(5_000 - files.badRows).toLocaleString("en")}$`, "m"),
      new RegExp(`^rejected +${files.badRows}\\b`, "m"),
    ],
    show: anchored,
  });
  await story.command(["anchor", "licences.csv", "--type", "cn.licence", ...asRegulator], {
    says: [/^new records +3,000$/m],
    show: anchored,
  });
  const leaves = ["--mode", "leaves", "--batch-size", "1000"];
  await story.command(
    ["anchor", "tax-penalties.ndjson", "--type", "cn.penalty", ...inHome("tax"), ...leaves],
    {
      says: [/^new records +2,000$/m],
      show: anchored,
    },
  );

  story.chapter("The same file again: nothing new. The next day's file: only what changed");
  await story.command(["anchor", "licences.csv", "--type", "cn.licence", ...asRegulator], {
    says: ["nothing new", /^unchanged +3,000$/m],
    show: anchored,
  });
  await story.command(["anchor", "licences-corrected.csv", "--type", "cn.licence", ...asRegulator], {
    says: [new RegExp(`^new versions +${files.correctedRows}$`, "m")],
    show: anchored,
  });

  story.chapter("A key without network or coin signs here; somebody else sends it");
  const tax = inHome("tax");
  await story.command(
    ["anchor", "tax-offline.ndjson", "--type", "cn.penalty", "--sign-only", "calls.json", ...tax],
    { says: [/^signed a batch of 2 records/m], show: /^signed/ },
  );
  await story.command(["relay", "calls.json", ...asAnybody], {
    says: [/^sent: anchor a batch/m],
    show: /^sent/,
  });
  await story.command(["resume", ...tax], { says: [/^anchored 2 records/m], show: everything });
}

export async function giveReceipts({ story, folder, files }: Demo): Promise<void> {
  story.chapter("A receipt, and a presentation that hides most of it");
  await story.command([
    ...["receipt", "--key", files.kept, "--type", "cn.licence", ...asRegulator],
    ...["--out", "receipts/licence.json"],
  ]);
  await story.command([
    ...["present", "receipts/licence.json", "--show", "licenceKind"],
    ...["--out", "receipts/presented.json"],
  ]);
  const presented = readEvidenceFile(folder, "receipts/presented.json");
  for (const field of presented.record.fields.filter(isShown))
    story.tell(`  shown   ${field.name} = ${String(field.value)}`);
  story.tell(
    `  hidden  ${presented.record.fields.filter((field) => !isShown(field)).length} fields, not even guessable`,
  );

  story.chapter("Verification, by somebody else");
  await story.command(["verify", "receipts/licence.json", ...asAnybody], {
    says: ["GENUINE AND IN FORCE"],
    show: status,
  });
  await story.command(["verify", "receipts/presented.json", ...asAnybody], {
    says: ["GENUINE AND IN FORCE"],
    show: verdict,
  });
  await story.command(["verify", "receipts/presented.json", "--offline"], { exit: 2, show: verdict });
}

export async function forge({ story, folder, files }: Demo): Promise<void> {
  story.chapter("Forgeries of the receipt of a fine");
  await story.command([
    ...["receipt", "--key", files.fined, "--type", "cn.penalty", ...inHome("tax")],
    ...["--out", "receipts/fine.json"],
  ]);
  await story.command(["verify", "receipts/fine.json", ...asAnybody], {
    exit: 3,
    says: [/✓ inclusion/, /✓ anchor/],
    show: status,
  });
  const fine = readEvidenceFile(folder, "receipts/fine.json");
  const other = readEvidenceFile(folder, "receipts/licence.json");
  for (const { file, story: what, evidence, caughtBy } of forgeries(fine, other)) {
    writeFileSync(join(folder, "forged", file), `${JSON.stringify(evidence, null, 2)}\n`);
    story.tell(`  ${what}:`);
    await story.command(["verify", `forged/${file}`, ...asAnybody], {
      exit: 1,
      says: [`✗ ${caughtBy}`],
      show: verdict,
    });
  }
}
