import { Docket } from "../docket";
import { minimumRepairDate } from "../policy";
import { requireHome } from "./context";
import { clockText, flagOfClass, type Judgement } from "./judging";
import { classOption, knownPolicies, policyOption, statedClass } from "./known-policies";
import { moveOptions, runMove } from "./move";
import { flag, text } from "./options";
import { parseReason } from "../reasons";
import { defineVerb } from "./verb";

export const repairVerb = defineVerb({
  name: "repair",
  summary: "record that credit repair was granted, or revoke it",
  about: `A repaired record stays provable, and whoever verifies it learns that it is repaired and so no longer in
force. Before the minimum that the record's policy sets, repair is refused: the date on which it becomes
possible is told with article and arithmetic. Where the minimum depends on a class that the record does not tell,
say it with --class; it is kept with the repair, and counts for what is asked of the record later. Where the record
itself tells another class, the stated one counts and the difference is flagged.
The registry itself knows no dates: an audit finds repairs that were made too early by other means.`,
  options: {
    ...moveOptions,
    revoke: flag("--revoke", "take a repair back: its conditions were not met"),
    reason: text(
      "--reason <code>",
      "why: a number or a name",
      "repair-granted, or repair-ineffective with --revoke",
    ),
    class: classOption(),
    policy: policyOption(),
  },
  examples: [
    `credit-anchor repair --key '{"documentNumber": "…", "partyUscc": "91…"}' --class general \\`,
    "    --evidence decision-on-repair.pdf --home agency",
    "credit-anchor repair --file granted.csv --class minor --dry-run",
    "credit-anchor repair --revoke --receipt receipt.json --reason repair-ineffective",
  ],
  run: async (call) => {
    const { options } = call;
    const reason = parseReason(options.reason ?? (options.revoke ? "repair-ineffective" : "repair-granted"));
    if (options.revoke)
      return runMove(
        {
          verb: "revoke the repair of",
          past: "revoked the repair of",
          done: "revoked",
          moves: [{ kind: "revokeRepair" }],
          reason,
          dates: () => ({}),
        },
        call,
      );
    const policies = knownPolicies(requireHome(call.home), options.policy);
    let docket: Docket | undefined;
    return runMove(
      {
        verb: "repair",
        past: "repaired",
        done: "repaired",
        moves: [{ kind: "repair" }],
        reason,
        class: statedClass(policies, options.class),
        dates: (today) => ({ "repair-decided": today }),
        judge: ({ plan, index }, vault, today): Judgement => {
          docket ??= new Docket(policies, vault);
          const facts = docket.facts(vault.read(plan, index), { class: options.class });
          const clock = minimumRepairDate(policies, facts, today);
          if (clock === undefined || clock.state === "reached") {
            const flag = flagOfClass(policies, facts, today);
            return {
              ...(flag === undefined ? {} : { flag }),
              policies: clock === undefined ? [] : [clock.policy],
            };
          }
          const why = clockText(clock);
          if (clock.due === undefined)
            return {
              refused: { code: "repair.class-unknown", message: `repair may be too early: ${why}` },
              hint: "say of which class the record is: --class NAME",
              policies: [],
            };
          const message = `repair is possible from ${clock.due} on, today is ${today}: ${why}`;
          return { refused: { code: "repair.too-early", message }, policies: [] };
        },
      },
      call,
    );
  },
});
