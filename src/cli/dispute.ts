import { ToldDates } from "../docket";
import { parseReason } from "../reasons";
import { moveOptions, type MoveSpec, runMove } from "./move";
import { choice, date, missing, text } from "./options";
import { defineVerb } from "./verb";

const DISPUTED = 16;

/** How an objection ends, and the reason code that says so. */
const OUTCOMES = {
  keep: "objection-kept",
  correct: "objection-corrected",
  supplement: "objection-supplemented",
  withdraw: "objection-withdrawn",
  "cannot-establish": "objection-unestablished",
} as const;

export const disputeOpenVerb = defineVerb({
  name: "dispute open",
  summary: "mark records as disputed: an objection was received",
  about: `The record stays in force, and whoever verifies it sees that it is disputed. The time for deciding runs from the
day the objection was received: credit-anchor due tells until when. Possible also while the agency is suspended.`,
  options: {
    ...moveOptions,
    reason: text("--reason <code>", "why: a number or a name", "objection"),
    receivedOn: date("--received-on <date>", "when the objection was received; otherwise today"),
  },
  examples: [
    `credit-anchor dispute open --key '{"documentNumber": "…", "partyUscc": "91…"}' \\`,
    "    --received-on 2026-04-03 --evidence objection.pdf --home agency",
    "credit-anchor dispute open --receipt receipt.json --reason review-or-litigation",
  ],
  run: (call) =>
    runMove(
      {
        verb: "mark as disputed",
        past: "marked as disputed",
        done: "disputed",
        moves: [{ kind: "setMarks", marks: DISPUTED }],
        reason: parseReason(call.options.reason ?? "objection"),
        stated: { "--received-on": call.options.receivedOn },
        dates: (today) => ({
          "objection-received": call.options.receivedOn ?? today,
          "objection-marked": today,
        }),
      },
      call,
    ),
});

export const disputeResolveVerb = defineVerb({
  name: "dispute resolve",
  summary: "clear the mark Disputed, with the outcome of the objection",
  about: `Outcomes: keep (the record is right); correct and supplement (its next version is anchored already: do that
first, with credit-anchor correct); withdraw (withdraws the record in the same command); cannot-establish (a note
stays in the record's history). The outcome is the reason code of the act.`,
  options: {
    ...moveOptions,
    outcome: choice(
      "--outcome <outcome>",
      "how the objection was decided",
      Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[],
    ),
    decidedOn: date("--decided-on <date>", "when the objection was decided; otherwise today"),
  },
  examples: [
    "credit-anchor dispute resolve --receipt receipt.json --outcome keep --evidence decision.pdf --home agency",
    "credit-anchor dispute resolve --file decided.csv --outcome withdraw",
  ],
  run: async (call) => {
    const { options } = call;
    const outcome = options.outcome;
    if (outcome === undefined)
      throw missing("--outcome", Object.keys(OUTCOMES), "say how the objection was decided");
    const clear = { kind: "clearMarks", marks: DISPUTED } as const;
    const withdrawing = outcome === "withdraw";
    const replaced = outcome === "correct" || outcome === "supplement";
    return runMove(
      {
        verb: "resolve the dispute of",
        past: "resolved the dispute of",
        done: "resolved",
        moves: withdrawing ? [{ kind: "withdraw" }, clear] : [clear],
        reason: parseReason(OUTCOMES[outcome]),
        stated: { "--decided-on": options.decidedOn },
        dates: (today) => ({
          "objection-decided": options.decidedOn ?? today,
          ...(withdrawing ? { withdrawn: today } : {}),
        }),
        ends: withdrawing,
        anyVersion: true,
        judge: firstRefusal(
          expectDisputed,
          expectReceivedBefore(options.decidedOn),
          ...(replaced ? [expectNextVersion()] : []),
        ),
      },
      call,
    );
  },
});

type Judge = NonNullable<MoveSpec["judge"]>;

/** What the first of them refuses is refused. */
function firstRefusal(...judges: readonly Judge[]): Judge {
  return (...asked) => {
    for (const judge of judges) {
      const judgement = judge(...asked);
      if (judgement.refused !== undefined) return judgement;
    }
    return { policies: [] };
  };
}

/** No objection, nothing to decide: the outcome withdraw would withdraw a record that nobody objected to. */
const expectDisputed: Judge = (_target, _vault, _today, byte) => {
  if ((byte & DISPUTED) !== 0) return { policies: [] };
  return {
    refused: { code: "dispute.none", message: "no objection is open: the record is not marked Disputed" },
    hint: "look which record is meant; one that nobody objected to is withdrawn with credit-anchor withdraw",
    policies: [],
  };
};

/** An objection is received before it is decided. What the home does not know to be received is not compared. */
function expectReceivedBefore(decidedOn: string | undefined): Judge {
  let told: ToldDates | undefined;
  return ({ plan, index }, vault, today) => {
    told ??= new ToldDates(vault);
    const received = told.of(vault.entry(plan, index))["objection-received"];
    const decided = decidedOn ?? today;
    if (received === undefined || decided >= received) return { policies: [] };
    const message = `--decided-on ${decided} is before the objection was received, ${received}`;
    return {
      refused: { code: "dispute.decided-before-received", message },
      hint: `give the day of the decision, ${received} at the earliest; a wrong day of receipt is told anew: clear the mark, and dispute open again`,
      policies: [],
    };
  };
}

/** A dispute that ends with a correction needs the correction. */
function expectNextVersion(): Judge {
  let replaced: Set<string> | undefined;
  return ({ plan, index, isLatest }, vault) => {
    // By its own next version, or by a record with another key.
    replaced ??= new Set(
      [...vault.moves()]
        .filter(({ kind }) => kind === "supersede")
        .flatMap((move) => move.positions.map((position) => `${move.plan} ${position}`)),
    );
    if (!isLatest || replaced.has(`${plan} ${index}`)) return { policies: [] };
    const message = "the record has no next version: the outcome says that it was corrected or supplemented";
    return {
      refused: { code: "dispute.not-corrected", message },
      hint: "anchor the corrected record first: credit-anchor correct FILE --type TYPE",
      policies: [],
    };
  };
}
