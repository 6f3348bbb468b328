/**
 * Verbs about who manages an agency's operators.
 */
import { parseReason, reasonText } from "../reasons";
import { acceptAdministration, nameAdministrator, recoverAdministrator } from "../registry-admin";
import { reasonOption } from "./agency-standing";
import { actorOf, doneJson, findAgency, namedAgency, told } from "./acts";
import { requireHome } from "./context";
import { parseAddress, text, url } from "./options";
import { defineVerb } from "./verb";

const rpc = url("--rpc <url>", "node to ask; otherwise that of the home folder");
const agencyOption = text("--agency <agency>", "id or code of the agency", "the home's own");

export const administratorNameVerb = defineVerb({
  name: "agency administrator name",
  summary: "name the agency's next administrator, who then has to accept",
  about: `By the agency's administrator, who stays so until the other accepts: a wrong address does no harm, and naming another
replaces it.`,
  arguments: [{ name: "<address>", about: "account that shall manage the agency's operators" }],
  options: { agency: agencyOption, rpc },
  examples: ["credit-anchor agency administrator name 0x7099…79C8 --home agency"],
  run: async ({ args, options, home: dir, signal }) => {
    const administrator = parseAddress(args[0]!, "the administrator");
    const home = requireHome(dir);
    const actor = await actorOf(home, options.rpc, signal);
    const agency = await namedAgency(home, actor.registry, options.agency);
    const done = await nameAdministrator(actor, agency.id, administrator);
    return {
      json: { agencyId: agency.id, pendingAdministrator: administrator, ...doneJson(done) },
      text: [
        told(done, `${administrator} is named as administrator of agency ${agency.id}`),
        `it accepts with: credit-anchor agency administrator accept --agency ${agency.id}`,
      ],
    };
  },
});

export const administratorAcceptVerb = defineVerb({
  name: "agency administrator accept",
  summary: "become the agency's administrator, having been named",
  about: "By the account that was named: the key of the home, or of CREDIT_ANCHOR_PRIVATE_KEY.",
  options: { agency: agencyOption, rpc },
  examples: ["credit-anchor agency administrator accept --agency 3 --home successor"],
  run: async ({ options, home: dir, signal }) => {
    const home = requireHome(dir);
    const actor = await actorOf(home, options.rpc, signal);
    const agency = await namedAgency(home, actor.registry, options.agency);
    const done = await acceptAdministration(actor, agency.id);
    return {
      json: { agencyId: agency.id, administrator: actor.signer.address, ...doneJson(done) },
      text: [told(done, `${actor.signer.address} is the administrator of agency ${agency.id}`)],
    };
  },
});

export const administratorRecoverVerb = defineVerb({
  name: "agency administrator recover",
  summary: "replace an administrator whose key is lost or stolen",
  about: `By the recoverer. Make sure by another way that the request comes from the agency. Where the role has a delay, the command
schedules the act and says when to run it again; until it is done the guardian can cancel it. Also for an agency that
was closed, whose keys somebody must be able to declare compromised; not for one that was succeeded: its successor does.`,
  arguments: [
    { name: "<agency>", about: "its id or code" },
    { name: "<address>", about: "account that shall manage the agency's operators" },
  ],
  options: { reason: reasonOption, rpc },
  examples: [
    "credit-anchor agency administrator recover 3 0x7099…79C8 --reason key-compromised --home recoverer",
  ],
  run: async ({ args, options, home: dir, signal }) => {
    const administrator = parseAddress(args[1]!, "the administrator");
    const reason = parseReason(options.reason ?? "none");
    const actor = await actorOf(requireHome(dir), options.rpc, signal);
    const agency = await findAgency(actor.registry, args[0]!);
    const done = await recoverAdministrator(actor, agency.id, administrator, reason);
    return {
      json: { agencyId: agency.id, administrator, reason, ...doneJson(done) },
      text: [
        told(done, `${administrator} is the administrator of agency ${agency.id}, ${reasonText(reason)}`),
        ...(done.waitsUntil === undefined
          ? [`the operators are as they were: credit-anchor operator list --agency ${agency.id}`]
          : []),
      ],
    };
  },
});
