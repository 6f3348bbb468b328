/**
 * Chapter: the audit of all that happened.
 */
import { startLyingNode } from "../support/lying-node";
import { asAnybody, asRegulator, type Demo, inHome } from "./parts";
import { registryInterface } from "../../src/interfaces";

export async function audit({ story, sandbox }: Demo): Promise<void> {
  story.chapter("Audit: everything replayed from the registry's events, and compared with a vault");
  await story.command(["audit", ...asRegulator, "--report", "report"], {
    says: ["NO DIFFERENCES", /^flagged +batch/m, /^compromised 0x/m],
    show: /^(journal|compared|agency|clocks|compromised|flagged|NO DIFF)/,
  });
  story.tell("  Where the registry stands now, signed: from here on it can only grow, or be caught");
  await story.command(["checkpoint", ...inHome("ndrc"), "--out", "checkpoint.json"], { show: /\S/ });
  story.tell("  Everything about one record in one file, for a court that asks nobody:");
  const evidence = ["--checkpoint", "checkpoint.json", "--deployment", "homes/deployment", "--sign"];
  await story.command([
    "bundle",
    "receipts/licence.json",
    ...evidence,
    "--out",
    "bundle.json",
    ...asRegulator,
  ]);
  await story.command(["verify", "bundle.json", ...asAnybody], {
    says: [/✓ block/, /✓ checkpoints/, /✓ seal/, "GENUINE AND IN FORCE"],
    show: /^ {4}✓ (signature|block|checkpoints|seal)|GENUINE/,
  });
  story.tell("  The same audit, asking a node that hides who was superseded:");
  const hidden = registryInterface.getEvent("RecordsSuperseded").topicHash;
  const lying = await startLyingNode(sandbox.rpcUrl, hidden);
  try {
    await story.command(["audit", ...inHome("ndrc"), "--rpc", lying.url], {
      exit: 1,
      show: /^(✗|DIFF|\d+ DIFF|.*DIFFERENCES)/,
    });
  } finally {
    await lying.close();
  }
}
