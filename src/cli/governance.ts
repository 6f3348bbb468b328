/**
 * What the NDRC's roles do: acts that wait, who holds which role, and the pause.
 */
import { toHex } from "../bytes";
import { CreditAnchorError } from "../errors";
import { actOf, rolesOf, scheduledActs } from "../governance";
import { parseReason, reasonText } from "../reasons";
import { execute } from "../registry";
import { pauseRegistry, unpauseRegistry, type Actor, type Done } from "../registry-admin";
import { admissionOf, cancelCall, scheduleCall } from "../registry-delayed";
import { actorOf, doneJson, told } from "./acts";
import { reasonOption } from "./agency-standing";
import { connect, requireHome } from "./context";
import { knownTypes } from "./known-types";
import { url } from "./options";
import { columns, durationForPeople, timeForPeople } from "./output";
import { defineVerb, type Verb } from "./verb";

const rpc = url("--rpc <url>", "node to ask; otherwise that of the home folder");
const actArguments = [
  { name: "<function>", about: "restricted function of the registry, or one of the authority's own" },
  { name: "[arguments...]", about: "one word each; roles by name, lists with commas" },
];

export const governanceRolesVerb = defineVerb({
  name: "governance roles",
  summary: "show who holds which role, with delays, guardians and functions",
  options: { rpc },
  examples: ["credit-anchor governance roles --home auditor"],
  run: async ({ options, home: dir, signal }) => {
    const { registry } = await connect(requireHome(dir), options.rpc, signal);
    const roles = await rolesOf(registry);
    return {
      json: roles,
      text: columns([
        ["ROLE", "HOLDER", "WAITS", "GUARDIAN", "MAY CALL"],
        ...roles.flatMap(({ role, guardian, functions, holders }) =>
          (holders.length === 0 ? [{ account: "nobody", delay: 0 }] : holders).map(({ account, delay }) => [
            role,
            account,
            delay === 0 ? "no" : durationForPeople(delay * 1000),
            guardian,
            functions.join(", "),
          ]),
        ),
      ]),
    };
  },
});

export const governanceListVerb = defineVerb({
  name: "governance list",
  summary: "list the acts that were scheduled: which, by whom, when they can be made",
  about:
    "An act can be made by who scheduled it from its time on for a week, and cancelled meanwhile by the guardian.",
  options: { rpc },
  examples: ["credit-anchor governance list --home ndrc"],
  run: async ({ options, home: dir, signal }) => {
    const home = requireHome(dir);
    const { registry } = await connect(home, options.rpc, signal);
    const typeNames = new Map(knownTypes(home).map(({ typeHash, name }) => [toHex(typeHash), name]));
    const acts = await scheduledActs(registry, typeNames);
    return {
      json: acts,
      text:
        acts.length === 0
          ? ["nothing is scheduled"]
          : acts.flatMap(({ operation, state, from, until, caller, role, means }) => [
              `${operation}  ${state}, can be made from ${timeForPeople(from)} to ${timeForPeople(until)}`,
              `  act  ${means}`,
              `  by   ${caller}${role === null ? "" : `, as ${role}`}`,
            ]),
    };
  },
});

export const governanceScheduleVerb = defineVerb({
  name: "governance schedule",
  summary: "schedule an act of a role that has to wait",
  arguments: actArguments,
  options: { rpc },
  examples: [
    "credit-anchor governance schedule grantRole arbiter 0x5FbD…0aa3 0 --home ndrc",
    "credit-anchor governance schedule nameRegistrySuccessor 0x5FbD…0aa3 --home ndrc",
  ],
  run: async ({ args, options, home: dir, signal }) => {
    const { registry, signer, settings } = await actorOf(requireHome(dir), options.rpc, signal);
    const call = await actOf(registry, args[0]!, args.slice(1));
    const admission = await admissionOf(registry, signer.address, call);
    if (admission.kind === "now")
      throw new CreditAnchorError("governance.no-delay", `${call.what} has not to wait for this key`, {
        hint: "credit-anchor governance execute makes it at once",
      });
    if (admission.kind === "waiting" || admission.kind === "ready") {
      const done: Done = { already: true, waitsUntil: admission.kind === "waiting" ? admission.from : 0 };
      return { json: doneJson(done), text: [`${call.what} is scheduled already: see governance list`] };
    }
    const { from, transaction } = await scheduleCall(registry, signer, call, settings);
    const done: Done = { already: false, transaction, waitsUntil: from };
    return { json: doneJson(done), text: [told(done, call.what)] };
  },
});

export const governanceExecuteVerb = defineVerb({
  name: "governance execute",
  summary: "make an act of a role: at once, or after it was scheduled and its time has come",
  about: `With the same words as governance schedule. Acts on agencies have verbs of their own, which are kinder: agency
register, suspend, close, succession, type admit.`,
  arguments: actArguments,
  options: { rpc },
  examples: ["credit-anchor governance execute grantRole arbiter 0x5FbD…0aa3 0 --home ndrc"],
  run: async ({ args, options, home: dir, signal }) => {
    const { registry, signer, settings } = await actorOf(requireHome(dir), options.rpc, signal);
    const call = await actOf(registry, args[0]!, args.slice(1));
    const admission = await admissionOf(registry, signer.address, call);
    if (admission.kind === "unscheduled")
      throw new CreditAnchorError("governance.unscheduled", `${call.what} has to be scheduled first`, {
        hint: "credit-anchor governance schedule, with the same words",
      });
    if (admission.kind === "waiting")
      throw new CreditAnchorError(
        "governance.too-early",
        `${call.what} can be made from ${timeForPeople(admission.from)} on`,
        { hint: "run the same command again then; until then the guardian can cancel it" },
      );
    const receipt = await execute(registry, signer, call, settings);
    const done: Done = { already: false, transaction: receipt.transactionHash };
    return { json: doneJson(done), text: [told(done, call.what)] };
  },
});

export const governanceCancelVerb = defineVerb({
  name: "governance cancel",
  summary: "cancel an act that was scheduled",
  about: "By who scheduled it, by the guardian, or by an administrator.",
  arguments: [{ name: "<operation>", about: "as governance list names it" }],
  options: { rpc },
  examples: ["credit-anchor governance cancel 0x8f3c…11 --home ndrc"],
  run: async ({ args, options, home: dir, signal }) => {
    const { registry, signer, settings } = await actorOf(requireHome(dir), options.rpc, signal);
    const found = (await scheduledActs(registry)).find(
      ({ operation }) => operation === args[0]!.toLowerCase(),
    );
    if (found === undefined)
      throw new CreditAnchorError("governance.unknown-operation", "no such act is scheduled", {
        hint: "it was made, cancelled, or never scheduled: credit-anchor governance list",
      });
    const { caller, target: to, data, what } = found;
    const transaction = await cancelCall(registry, signer, caller, { to, data, what }, settings);
    const done: Done = { already: false, transaction };
    return {
      json: { operation: found.operation, ...doneJson(done) },
      text: [told(done, `cancelled: ${what}`)],
    };
  },
});

function pauseVerb(
  verb: Pick<Verb, "name" | "summary" | "about" | "examples">,
  paused: boolean,
  act: (actor: Actor, reason: number) => Promise<Done>,
): Verb {
  return defineVerb({
    ...verb,
    options: { reason: reasonOption, rpc },
    run: async ({ options, home: dir, signal }) => {
      const reason = parseReason(options.reason ?? "none");
      const done = await act(await actorOf(requireHome(dir), options.rpc, signal), reason);
      const isPaused = done.waitsUntil === undefined ? paused : !paused;
      const what = `the registry is ${paused ? "paused" : "not paused any more"}, ${reasonText(reason)}`;
      return { json: { paused: isPaused, reason, ...doneJson(done) }, text: [told(done, what)] };
    },
  });
}

export const governancePauseVerb = pauseVerb(
  {
    name: "governance pause",
    summary: "stop anchoring, relaying and moves of validity for everybody, at once",
    about: `By the guardian. Withdrawing, marking, revoking keys, suspending and reading go on. The unpauser ends it.`,
    examples: ["credit-anchor governance pause --reason rule-broken --home ndrc"],
  },
  true,
  pauseRegistry,
);

export const governanceUnpauseVerb = pauseVerb(
  {
    name: "governance unpause",
    summary: "end a pause",
    about: "By the unpauser.",
    examples: ["credit-anchor governance unpause --reason settled --home ndrc"],
  },
  false,
  unpauseRegistry,
);
