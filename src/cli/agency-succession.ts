/**
 * Verbs by which one agency takes over another.
 */
import { parseReason, reasonText } from "../reasons";
import { acceptSuccession, declineSucceeding, nameSuccessor, succeedAgency } from "../registry-admin";
import { readSuccession, type Agency, type Registry } from "../registry-views";
import { reasonOption } from "./agency-standing";
import { actorOf, doneJson, findAgency, namedAgency, told } from "./acts";
import { requireHome } from "./context";
import { flag, text, url, usage } from "./options";
import { defineVerb, type Verb } from "./verb";

const rpc = url("--rpc <url>", "node to ask; otherwise that of the home folder");
const agencyOption = text("--agency <agency>", "id or code of the agency that consents", "the home's own");

export const successionNameVerb = defineVerb({
  name: "agency succession name",
  summary: "consent that another agency takes this one over",
  about: `By the agency's administrator. Nothing changes before the successor consents too and the registrar completes it; until
then --take-back takes the consent back, and naming another successor replaces it.`,
  arguments: [{ name: "[successor]", about: "id or code of the agency that shall take over" }],
  options: { takeBack: flag("--take-back", "name nobody any more"), agency: agencyOption, rpc },
  examples: [
    "credit-anchor agency succession name 5 --home agency",
    "credit-anchor agency succession name --take-back --home agency",
  ],
  run: async ({ args, options, home: dir, signal }) => {
    const [named] = args;
    if ((named === undefined) !== options.takeBack)
      throw usage("say either which agency takes over, or --take-back");
    const home = requireHome(dir);
    const actor = await actorOf(home, options.rpc, signal);
    const agency = await namedAgency(home, actor.registry, options.agency);
    const successor = named === undefined ? undefined : await findAgency(actor.registry, named);
    const done = await nameSuccessor(actor, agency.id, successor?.id ?? 0);
    return {
      json: { agencyId: agency.id, successor: successor?.id ?? null, ...doneJson(done) },
      text:
        successor === undefined
          ? [told(done, `agency ${agency.id} names no successor`)]
          : [
              told(done, `agency ${agency.id} consents to be succeeded by agency ${successor.id}`),
              ...(await nextSteps(actor.registry, agency, successor)),
            ],
    };
  },
});

export const successionAcceptVerb = defineVerb({
  name: "agency succession accept",
  summary: "consent to take another agency over",
  about: `By the administrator of the agency that takes over. The consent names one agency and has no effect before the
registrar, or the recoverer, completes the succession; until then --take-back takes it back.`,
  arguments: [{ name: "<predecessor>", about: "id or code of the agency that is taken over" }],
  options: { takeBack: flag("--take-back", "consent no more"), agency: agencyOption, rpc },
  examples: [
    "credit-anchor agency succession accept 3 --home successor",
    "credit-anchor agency succession accept 3 --take-back --home successor",
  ],
  run: async ({ args, options, home: dir, signal }) => {
    const home = requireHome(dir);
    const actor = await actorOf(home, options.rpc, signal);
    const successor = await namedAgency(home, actor.registry, options.agency);
    const agency = await findAgency(actor.registry, args[0]!);
    const done = options.takeBack
      ? await declineSucceeding(actor, agency.id, successor.id)
      : await acceptSuccession(actor, agency.id, successor.id);
    return {
      json: {
        agencyId: agency.id,
        successor: successor.id,
        consents: !options.takeBack,
        ...doneJson(done),
      },
      text: options.takeBack
        ? [told(done, `agency ${successor.id} does not consent to succeed agency ${agency.id}`)]
        : [
            told(done, `agency ${successor.id} consents to succeed agency ${agency.id}`),
            ...(await nextSteps(actor.registry, agency, successor)),
          ],
    };
  },
});

/** What is missing until one agency has taken over the other. */
async function nextSteps(registry: Registry, agency: Agency, successor: Agency): Promise<string[]> {
  if (agency.successor !== undefined) return [];
  const { named, accepted } = await readSuccession(registry, agency.id, successor.id);
  const pair = `${agency.id} ${successor.id}`;
  const steps: readonly (readonly [done: boolean, who: string, command: string])[] = [
    [named, `administrator of agency ${agency.id}`, `name ${successor.id} --agency ${agency.id}`],
    [accepted, `administrator of agency ${successor.id}`, `accept ${agency.id} --agency ${successor.id}`],
    [false, "registrar", `complete ${pair} --reason reorganised`],
  ];
  return [
    "still to do:",
    ...steps.flatMap(([isDone, who, command]) =>
      isDone ? [] : [`  ${who}: credit-anchor agency succession ${command}`],
    ),
  ];
}

function completion(
  verb: Pick<Verb, "name" | "summary" | "about" | "examples">,
  consent: "both" | "successor",
): Verb {
  return defineVerb({
    ...verb,
    arguments: [
      { name: "<predecessor>", about: "id or code of the agency that is taken over" },
      { name: "<successor>", about: "id or code of the agency that takes over" },
    ],
    options: { reason: reasonOption, rpc },
    run: async ({ args, options, home: dir, io, signal }) => {
      const reason = parseReason(options.reason ?? "none");
      const actor = await actorOf(requireHome(dir), options.rpc, signal);
      const { registry } = actor;
      const agency = await findAgency(registry, args[0]!);
      const successor = await findAgency(registry, args[1]!);
      const done = await succeedAgency(actor, agency.id, successor.id, reason, consent);
      const { named, accepted } = await readSuccession(registry, agency.id, successor.id);
      if (done.waitsUntil !== undefined && (!accepted || (consent === "both" && !named)))
        io.note("warning: a consent is still missing and has to be given before then");
      return {
        json: { agencyId: agency.id, successor: successor.id, reason, ...doneJson(done) },
        text: [
          told(done, `agency ${successor.id} has succeeded agency ${agency.id}, ${reasonText(reason)}`),
          ...(done.waitsUntil === undefined
            ? [
                `records of agency ${agency.id} go on under its id, by the operators of agency ${successor.id}, with its home folder`,
              ]
            : []),
        ],
      };
    },
  });
}

export const successionCompleteVerb = completion(
  {
    name: "agency succession complete",
    summary: "let one agency take another over, both having consented",
    about: `By the registrar. Closes the predecessor for ever; its id, code, records and versions go on, and the successor's
operators act for it.`,
    examples: ["credit-anchor agency succession complete 3 5 --reason reorganised --home ndrc"],
  },
  "both",
);

export const successionWithoutConsentVerb = completion(
  {
    name: "agency succession complete-without-consent",
    summary: "let one agency take over another that cannot consent any more",
    about: `By the recoverer: the predecessor's key is lost, its body dissolved, or it was closed before. The successor has to have
accepted. Where the role has a delay, the command schedules the act and says when to run it again; until it is done
the guardian can cancel it.`,
    examples: [
      "credit-anchor agency succession complete-without-consent 3 5 --reason reorganised --home recoverer",
    ],
  },
  "successor",
);
