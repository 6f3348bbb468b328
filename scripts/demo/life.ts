/**
 * Chapters: what becomes of one record, from an objection to its erasure.
 */
import {
  anchored,
  asAnybody,
  asRegulator,
  type Demo,
  everything,
  readEvidenceFile,
  signingWith,
  status,
} from "./parts";

const BEFORE = "receipts/case-v1.json";
const AFTER = "receipts/case-v2.json";
const OLD = "receipts/old.json";

export async function dispute({ story, cases }: Demo): Promise<void> {
  const { days, key } = cases;
  story.chapter("A penalty is anchored, late, and its company objects: the time to decide runs");
  await story.command(["anchor", "case.ndjson", "--type", "cn.penalty", ...asRegulator], {
    says: [/^new records +2$/m, new RegExp(`^flagged: .*: decided ${days.decided}, anchored `, "m")],
    show: /^(new records|flagged: )/,
  });
  await story.command(["receipt", "--key", key, ...asRegulator, "--out", BEFORE]);
  const why = ["--received-on", days.objected, "--evidence", "objection.txt"];
  await story.command(["dispute", "open", "--receipt", BEFORE, ...why, ...asRegulator], {
    says: ["30 objection"],
    show: everything,
  });
  await story.command(["verify", BEFORE, ...asAnybody], {
    says: ["✓ status     Active, Disputed, in force", "GENUINE AND IN FORCE"],
    show: status,
  });
  await story.command(["due", "--within", "14", "--ical", "due.ics", ...asRegulator], {
    says: ["decide the objection"],
    show: /^(\d+ due|due )|objection|^wrote/,
  });
}

export async function correct({ story }: Demo): Promise<void> {
  story.chapter("The record was wrong: a new version takes its place, and the objection is decided");
  const why = ["--evidence", "decision.txt", ...asRegulator];
  await story.command(["correct", "case-corrected.ndjson", "--type", "cn.penalty", ...why], {
    says: [/^new versions +1$/m, /^superseded +1$/m],
    show: anchored,
  });
  await story.command(["dispute", "resolve", "--receipt", BEFORE, "--outcome", "correct", ...asRegulator], {
    says: ["36 objection-corrected"],
    show: everything,
  });
  await story.command(["verify", BEFORE, ...asAnybody], {
    exit: 3,
    says: [/✓ integrity/, /✓ anchor/, "✓ status     Superseded, not in force"],
    show: status,
  });
}

export async function repair({ story, cases }: Demo): Promise<void> {
  story.chapter("Credit repair: not before the law allows it");
  await story.command(["repair", "--key", cases.key, "--class", "general", ...asRegulator], {
    exit: 64,
    // The date, the law, and how the date follows from it.
    says: [/repair is possible from (\S+) on, today is.* Order 107.*; 3 months later: \1 /],
    show: everything,
  });
  await story.command(["receipt", "--key", cases.oldKey, ...asRegulator, "--out", OLD]);
  await story.command(["repair", "--key", cases.oldKey, "--class", "general", ...asRegulator], {
    says: ["20 repair-granted"],
    show: everything,
  });
  await story.command(["verify", OLD, ...asAnybody], {
    exit: 3,
    says: ["✓ status     Repaired, not in force"],
    show: status,
  });
}

export async function withdraw({ story, folder, cases }: Demo): Promise<void> {
  story.chapter(
    "A court revokes the decision: withdrawn for ever, and still known to have been in force before",
  );
  await story.command(["receipt", "--key", cases.key, ...asRegulator, "--out", AFTER], {
    says: ["version 2"],
  });
  const why = [
    "--reason",
    "decision-revoked",
    "--quashed-on",
    cases.days.quashed,
    "--evidence",
    "judgment.txt",
  ];
  await story.command(["withdraw", "--key", cases.key, ...why, ...asRegulator], {
    says: ["10 decision-revoked"],
    show: everything,
  });
  await story.command(["verify", AFTER, ...asAnybody], {
    exit: 3,
    says: ["✓ status     Withdrawn, not in force"],
    show: status,
  });
  const { blockNumber } = readEvidenceFile(folder, AFTER).transaction;
  await story.command(["verify", AFTER, "--as-of", String(blockNumber), ...asAnybody], {
    says: ["✓ status     Active, in force", "GENUINE AND IN FORCE"],
    show: status,
  });
  story.tell("  Nothing brings it back, not even the file it came from:");
  await story.command(["anchor", "case-corrected.ndjson", "--type", "cn.penalty", ...asRegulator], {
    exit: 4,
    says: ["[record.ended]"],
    show: /record\.ended/,
  });
}

export async function erase({ story, sandbox, cases }: Demo): Promise<void> {
  story.chapter(
    "The law demands deletion: two operators erase every version; receipts still verify, as erased",
  );
  const proposed = await story.command(
    ["erase", "propose", "--key", cases.key, "--reason", "deletion-duty", ...asRegulator],
    { says: ["proposed to erase 2 versions"], show: /^(proposed|nothing)/ },
  );
  const proposal = /erase confirm (\S+)/.exec(proposed.stdout)![1]!;
  await story.command(["erase", "confirm", proposal, ...asRegulator], {
    exit: 64,
    says: ["SecondOperatorNeeded"],
    show: everything,
  });
  await story.command(["erase", "confirm", proposal, ...asRegulator], {
    env: signingWith(sandbox.secondOperator.keyFile),
    says: ["erased 2 versions"],
    show: /^(erased|copies|with the pass)|secrets/,
  });
  await story.command(["receipt", "--key", cases.key, ...asRegulator], {
    exit: 64,
    says: [/record \d+ of batch 42949\d+ was erased/],
    show: everything,
  });
  await story.command(["verify", AFTER, ...asAnybody], {
    exit: 3,
    says: [/✓ integrity/, /✓ anchor/, "✓ status     Erased, not in force"],
    show: status,
  });
  story.tell("  The life of its first version, as the chain tells it:");
  await story.command(["status", "--receipt", BEFORE, ...asAnybody], {
    says: [/anchored[^]*marked Disputed[^]*Superseded[^]*mark cleared: Disputed[^]*Erased/],
    show: /^(now|\d{4}-)/,
  });
}
