/**
 * Chapters: a key is stolen, an agency is merged into another.
 */
import { bureau } from "../support/demo-case";
import {
  anchored,
  asAnybody,
  asRegulator,
  type Demo,
  everything,
  inHome,
  readEvidenceFile,
  signingWith,
  status,
} from "./parts";

const NIGHT = "receipts/night.json";

export async function loseKey({ story, folder, sandbox, cases }: Demo): Promise<void> {
  story.chapter("A key is stolen: what it anchored since then is flagged, and nothing is voided");
  const { address, keyFile } = sandbox.secondOperator;
  const anchor = ["anchor", "night.ndjson", "--type", "cn.penalty", ...asRegulator];
  await story.command(anchor, {
    env: signingWith(keyFile),
    says: [/^new records +2$/m],
    show: anchored,
  });
  await story.command(["receipt", "--key", cases.nightKey, ...asRegulator, "--out", NIGHT]);
  const since = new Date(readEvidenceFile(folder, NIGHT).batch.anchoredAt * 1000);
  await story.command(
    ["operator", "compromised", address, "--since", since.toISOString().replace(".000", ""), ...asRegulator],
    { says: ["may do nothing more", "flagged, not void"], show: everything },
  );
  await story.command(["verify", NIGHT, ...asAnybody], {
    exit: 2,
    says: ["– issuer     the operator's key was declared compromised", "✓ status     Active, in force"],
    show: status,
  });
  const withdraw = ["withdraw", "--receipt", NIGHT, "--reason", "no-basis", ...asRegulator];
  story.tell("  The key can do nothing more; the agency's own decides what becomes of the record:");
  await story.command(withdraw, {
    env: signingWith(keyFile),
    exit: 64,
    says: ["OperatorIsRevoked"],
    show: /^credit-anchor/,
  });
  await story.command(withdraw, { says: ["14 no-basis"], show: /^withdrew/ });
}

/** What `verify` says: by whom it was anchored and moved, and who acts for them now. */
const actingAgency = /^ {2}(✓ (issuer|status)|\d{4}-|agency|GENUINE)/;
const OF_BUREAU = "receipts/bureau.json";

export async function merge({ story, sandbox, cases }: Demo): Promise<void> {
  story.chapter("Two agencies are merged: both consent, the registrar completes, the records live on");
  const home = inHome(bureau.name);
  await story.command(["receipt", "--key", cases.bureauKey, ...home, "--out", OF_BUREAU]);
  await story.command(["agency", "succession", "name", "1", ...home], { show: /consents/ });
  await story.command(["agency", "succession", "accept", "4", ...asRegulator], { show: /consents/ });
  const complete = ["agency", "succession", "complete", "4", "1", "--reason", "reorganised"];
  await story.command([...complete, ...inHome("ndrc")], {
    says: ["agency 1 has succeeded agency 4"],
    show: everything,
  });
  await story.command(["verify", OF_BUREAU, ...asAnybody], {
    says: ["which is closed now, with a key that was entitled then", "agency 1 acts for it"],
    show: actingAgency,
  });

  story.tell("  The bureau's home gets a key of the successor:");
  const rotate = ["operator", "rotate", ...home];
  const { stdout, stderr } = await story.command(rotate, {
    says: ["has to run"],
    show: /^the agency|operator add/,
  });
  const key = /the new key is (0x[0-9a-f]{40})/.exec(stdout + stderr)![1]!;
  await sandbox.fund(key);
  await story.command(["operator", "add", key, "--can", "anchor,status", ...asRegulator], { show: / may / });
  await story.command(rotate, { says: [`the home signs with ${key}`], show: /signs with|can do/ });
  const why = ["--reason", "decision-void", ...home];
  await story.command(["withdraw", "--receipt", OF_BUREAU, ...why], { show: /^(withdrew|note: agency)/ });
  await story.command(["verify", OF_BUREAU, ...asAnybody], {
    exit: 3,
    says: ["✓ status     Withdrawn, not in force", `Withdrawn  by ${key}`],
    show: actingAgency,
  });
}
