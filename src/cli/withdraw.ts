import { Docket } from "../docket";
import { judge, type PolicySet } from "../policy";
import { knownPolicies, policyOption } from "./known-policies";
import { flagOf, type Judgement } from "./judging";
import { moveOptions, type MoveSpec, runMove } from "./move";
import { requireReason } from "./record-options";
import { date, text } from "./options";
import { requireHome } from "./context";
import { QUASHED } from "../reasons";
import { defineVerb } from "./verb";

export const withdrawVerb = defineVerb({
  name: "withdraw",
  summary: "withdraw records: the decision was revoked, unlawful or void, or the record was wrong",
  about: `Cannot be undone: a record stays provable as withdrawn, and no version may follow it. Possible also while the
agency is suspended. Interrupted, the same command or resume finishes it. With the date on which the decision
was quashed, a withdrawal after its limit is flagged, with article and arithmetic, and made all the same.
Of the evidence only a hash with 32 random bytes goes on the chain; those are kept in the home, under evidence/.`,
  options: {
    ...moveOptions,
    reason: text("--reason <code>", "why: a number or a name, see docs/format.md"),
    quashedOn: date("--quashed-on <date>", "date of the document that quashed the decision"),
    policy: policyOption(),
  },
  examples: [
    `credit-anchor withdraw --key '{"documentNumber": "…", "partyUscc": "91…"}' \\`,
    "    --reason decision-revoked --quashed-on 2026-04-03 --evidence revocation.pdf --home agency",
    "credit-anchor withdraw --receipt receipt.json --reason 13 --dry-run",
    "credit-anchor withdraw --file quashed.csv --reason decision-void --quashed-on 2026-04-03",
  ],
  run: async (call) => {
    const { options } = call;
    const quashedOn = options.quashedOn;
    const reason = requireReason(options.reason);
    const policies =
      quashedOn === undefined ? undefined : knownPolicies(requireHome(call.home), options.policy);
    const outcome = await runMove(
      {
        verb: "withdraw",
        past: "withdrew",
        done: "withdrawn",
        moves: [{ kind: "withdraw" }],
        reason,
        stated: { "--quashed-on": quashedOn },
        dates: (today) => ({ ...(quashedOn === undefined ? {} : { quashed: quashedOn }), withdrawn: today }),
        ends: true,
        ...(policies === undefined ? {} : { judge: limitFrom(quashedOn!, policies) }),
      },
      call,
    );
    if (quashedOn === undefined && QUASHED.includes(reason))
      call.io.note("note: with --quashed-on DATE the limit for withdrawing would be checked");
    return outcome;
  },
});

/** Flags what comes after the limit, and what nobody can count yet. */
function limitFrom(quashed: string, policies: PolicySet): NonNullable<MoveSpec["judge"]> {
  let docket: Docket | undefined;
  return ({ plan, index }, vault, today): Judgement => {
    docket ??= new Docket(policies, vault);
    const facts = docket.facts(vault.read(plan, index));
    const events = { ...facts.events, quashed, withdrawn: today };
    const [clock] = judge(policies, { ...facts, events }, today, ({ code }) => code === "withdrawal.limit");
    if (clock === undefined) return { policies: [] };
    if (clock.fault !== undefined) {
      const days = `quashed ${quashed}, withdrawn ${today}`;
      const message = `${days}, by a limit that cannot be counted yet: ${clock.fault.message}`;
      const flag = { ...flagOf("withdraw.limit-unknown", days, clock), message };
      return { flag, policies: [clock.policy] };
    }
    if (clock.state !== "late" && clock.state !== "overdue") return { policies: [clock.policy] };
    const flag = flagOf("withdraw.late", `withdrawn ${today}, due ${clock.due}`, clock);
    return { flag, policies: [clock.policy] };
  };
}
