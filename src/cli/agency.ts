import { readAdministration, type AdministrationEvent } from "../history";
import { reasonText } from "../reasons";
import { agencyCount, readAgency, type Agency, type Registry } from "../registry-views";
import { admitAgency } from "../registry-admin";
import { CreditAnchorError } from "../errors";
import { actorOf, doneJson, namedAgency, told } from "./acts";
import { connect, requireHome } from "./context";
import { url } from "./options";
import { count } from "../counted";
import { columns, timeForPeople } from "./output";
import { readRegistration } from "./registration";
import { defineVerb } from "./verb";

const rpc = url("--rpc <url>", "node to ask; otherwise that of the home folder");

/** Standings in words, by their number. */
export const standings = ["none", "active", "suspended", "closed"];

function agencyJson(agency: Agency): Record<string, unknown> {
  return {
    ...agency,
    pendingAdministrator: agency.pendingAdministrator ?? null,
    standing: standings[agency.standing] ?? agency.standing,
    successor: agency.successor ?? null,
  };
}

export const agencyRegisterVerb = defineVerb({
  name: "agency register",
  summary: "admit an agency by its registration request",
  about:
    "By the registrar. Compare the request's values with the agency by another way (telephone, seal) first.",
  arguments: [{ name: "<request>", about: "registration.json that the agency's init wrote" }],
  options: { rpc },
  examples: ["credit-anchor agency register registration.json --home ndrc"],
  run: async ({ args, options, home: dir, signal }) => {
    const home = requireHome(dir);
    const request = readRegistration(args[0]!);
    const own = home.settings.registry;
    const meant = request.registry;
    if (
      meant !== undefined &&
      own !== undefined &&
      (meant.chainId !== own.chainId || meant.address.toLowerCase() !== own.address)
    )
      throw new CreditAnchorError(
        "registration.other-registry",
        "the request is meant for another registry",
        {
          hint: `it names ${meant.address} on chain ${meant.chainId}, this home works with ${own.address} on chain ${own.chainId}`,
        },
      );
    const { code, administrator, keyCommitment } = request;
    const done = await admitAgency(await actorOf(home, options.rpc, signal), {
      code,
      administrator,
      keyCommitment,
    });
    return {
      json: { agencyId: done.agencyId || null, code, ...doneJson(done) },
      text: [
        told(
          done,
          `agency ${code} is ${done.agencyId === 0 ? "an agency" : `agency ${done.agencyId}`} of the registry`,
        ),
      ],
    };
  },
});

export const agencyShowVerb = defineVerb({
  name: "agency show",
  summary: "show one agency as the registry knows it: its administrators, and who took it over",
  arguments: [{ name: "[agency]", about: "its id or code; otherwise the home's own" }],
  options: { rpc },
  examples: ["credit-anchor agency show 1 --home auditor", "credit-anchor agency show --json"],
  run: async ({ args, options, home: dir, signal }) => {
    const home = requireHome(dir);
    const { registry } = await connect(home, options.rpc, signal);
    const agency = await namedAgency(home, registry, args[0]);
    const successors = await readSuccessors(registry, agency);
    const administrators = await readAdministration(registry, agency.id);
    return {
      json: {
        ...agencyJson(agency),
        actingAgency: successors.at(-1)?.id ?? agency.id,
        successors: successors.map(({ id, code, standing }) => ({
          id,
          code,
          standing: standings[standing] ?? standing,
        })),
        administrators,
      },
      text: [
        ...columns([
          ["id", String(agency.id)],
          ["code", agency.code],
          ["standing", standings[agency.standing] ?? "unknown"],
          ...successors.map(({ id, code, standing }, i) => [
            i === 0 ? "succeeded by" : "and that by",
            `agency ${id}, ${code}, ${standings[standing]}`,
          ]),
          ["admitted", timeForPeople(agency.admittedAt)],
          ["administrator", agency.administrator],
          ...(agency.pendingAdministrator === undefined ? [] : [["named next", agency.pendingAdministrator]]),
          ["key commitment", agency.keyCommitment],
          ["batches", count(agency.batchCount)],
        ]),
        ...(administrators.length < 2
          ? []
          : ["", "administrators", ...columns(administrators.map(administratorLine))]),
      ],
    };
  },
});

function administratorLine({ event, administrator, time, reason }: AdministrationEvent): string[] {
  const how = {
    AgencyAdmitted: "admitted with",
    AdministratorChanged: "handed over to",
    AdministratorRecovered: "recovered for",
  }[event];
  return [timeForPeople(time), how, administrator, reason === undefined ? "" : reasonText(reason)];
}

/** The agencies that took over, one after the other; the last acts for this one. */
async function readSuccessors(registry: Registry, agency: Agency): Promise<Agency[]> {
  const chain: Agency[] = [];
  for (let next = agency.successor; next !== undefined; next = chain.at(-1)!.successor)
    chain.push((await readAgency(registry, next))!);
  return chain;
}

export const agencyListVerb = defineVerb({
  name: "agency list",
  summary: "list all agencies of the registry",
  options: { rpc },
  examples: ["credit-anchor agency list --home auditor"],
  run: async ({ options, home: dir, signal }) => {
    const { registry } = await connect(requireHome(dir), options.rpc, signal);
    const agencies: Agency[] = [];
    const last = await agencyCount(registry);
    for (let id = 1; id <= last; id++) {
      const agency = await readAgency(registry, id);
      if (agency !== undefined) agencies.push(agency);
    }
    return {
      json: agencies.map(agencyJson),
      text:
        agencies.length === 0
          ? ["no agencies"]
          : columns([
              ["ID", "CODE", "STANDING", "SUCCEEDED BY", "BATCHES", "ADMITTED"],
              ...agencies.map((agency) => [
                String(agency.id),
                agency.code,
                standings[agency.standing] ?? "unknown",
                String(agency.successor ?? ""),
                count(agency.batchCount),
                timeForPeople(agency.admittedAt),
              ]),
            ]),
    };
  },
});
