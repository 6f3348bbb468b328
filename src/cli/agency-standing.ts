/**
 * Verbs that change whether an agency may act.
 */
import { parseReason, reasonText } from "../reasons";
import { closeAgency, reinstateAgency, suspendAgency, type Actor, type Done } from "../registry-admin";
import { standings } from "./agency";
import { actorOf, doneJson, findAgency, told } from "./acts";
import { requireHome } from "./context";
import { text, url } from "./options";
import { defineVerb, type Verb } from "./verb";

export const reasonOption = text("--reason <code>", "why: a number or a name, see docs/format.md", "none");

function standingVerb(
  verb: Pick<Verb, "name" | "summary" | "about" | "examples">,
  standing: "suspended" | "active" | "closed",
  act: (actor: Actor, agencyId: number, reason: number) => Promise<Done>,
): Verb {
  return defineVerb({
    ...verb,
    arguments: [{ name: "<agency>", about: "its id or code" }],
    options: {
      reason: reasonOption,
      rpc: url("--rpc <url>", "node to ask; otherwise that of the home folder"),
    },
    run: async ({ args, options, home: dir, signal }) => {
      const code = parseReason(options.reason ?? "none");
      const actor = await actorOf(requireHome(dir), options.rpc, signal);
      const agency = await findAgency(actor.registry, args[0]!);
      const done = await act(actor, agency.id, code);
      const now = done.waitsUntil === undefined ? standing : standings[agency.standing];
      return {
        json: { agencyId: agency.id, standing: now, reason: code, ...doneJson(done) },
        text: [told(done, `agency ${agency.id} is ${standing}, ${reasonText(code)}`)],
      };
    },
  });
}

export const agencySuspendVerb = standingVerb(
  {
    name: "agency suspend",
    summary: "stop an agency from anchoring, at once",
    about: "By the guardian. A suspended agency may still withdraw its records and set or clear their marks.",
    examples: ["credit-anchor agency suspend 3 --reason key-compromised --home ndrc"],
  },
  "suspended",
  suspendAgency,
);

export const agencyReinstateVerb = standingVerb(
  {
    name: "agency reinstate",
    summary: "end the suspension of an agency",
    about: "By the registrar.",
    examples: ["credit-anchor agency reinstate 3 --reason settled --home ndrc"],
  },
  "active",
  reinstateAgency,
);

export const agencyCloseVerb = standingVerb(
  {
    name: "agency close",
    summary: "close an agency, for ever",
    about: `By the registrar. Nobody can act for a closed agency any more, not even withdraw a record, and it is never opened
again. An agency that merges into another is not closed but succeeded: credit-anchor agency succession.`,
    examples: ["credit-anchor agency close 3 --reason reorganised --home ndrc"],
  },
  "closed",
  closeAgency,
);
