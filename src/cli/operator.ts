import { declareCompromised, revokeOperator, setOperator } from "../registry-admin";
import { readOperator, type Operator, type Registry } from "../registry-views";
import { operatorPermission } from "../roles";
import { actorOf, doneJson, agencyOfOperators, told } from "./acts";
import { connect, requireHome } from "./context";
import { choices, missing, parseAddress, text, time, url, usage } from "./options";
import { columns, timeForPeople } from "./output";
import { defineVerb } from "./verb";
import { registryInterface } from "../interfaces";

const rpc = url("--rpc <url>", "node to ask; otherwise that of the home folder");
const agencyOption = text(
  "--agency <agency>",
  "id or code of the agency whose operator it is",
  "the home's own, or the one that took it over",
);

type Permission = keyof typeof operatorPermission;
const PERMISSIONS = Object.keys(operatorPermission) as Permission[];

/** Largest time the registry can hold: an operator without end. */
export const FOR_EVER = Number.MAX_SAFE_INTEGER;

export const operatorAddVerb = defineVerb({
  name: "operator add",
  summary: "let a key act for the agency, or change what it may do",
  about: `By the agency's administrator. A key that was removed once can never be added again.`,
  arguments: [{ name: "<address>", about: "address of the key" }],
  options: {
    can: choices("--can <permissions>", "what it may do", PERMISSIONS),
    from: time("--from <date>", "first day or moment of validity; otherwise now"),
    until: time("--until <date>", "end of validity, not included; otherwise for ever"),
    agency: agencyOption,
    rpc,
  },
  examples: [
    "credit-anchor operator add 0x7099…79C8 --can anchor,status --home agency",
    "credit-anchor operator add 0x7099…79C8 --can status --from 2026-04-01 --until 2027-04-01",
  ],
  run: async ({ args, options, home: dir, signal }) => {
    const account = parseAddress(args[0]!, "the operator");
    const permissions = parsePermissions(options.can);
    const validFrom = options.from ?? 0;
    const validUntil = options.until ?? FOR_EVER;
    if (validUntil <= validFrom) throw usage("--until must lie after --from");
    const home = requireHome(dir);
    const actor = await actorOf(home, options.rpc, signal);
    const agency = await agencyOfOperators(home, actor.registry, options.agency);
    const done = await setOperator(actor, {
      agencyId: agency.id,
      account,
      permissions,
      validFrom,
      validUntil,
    });
    const operator = await readOperator(actor.registry, agency.id, account);
    return {
      json: {
        agencyId: agency.id,
        address: account,
        ...operatorJson(operator),
        ...doneJson(done),
      },
      text: [
        told(done, `${account} may ${can(operator)} for agency ${agency.id}`),
        `from ${timeForPeople(operator.validFrom)} until ${timeForPeople(operator.validUntil)}`,
      ],
    };
  },
});

function parsePermissions(words: readonly Permission[] | undefined): number {
  if (words === undefined)
    throw missing("--can", [...PERMISSIONS, "anchor,status"], "say what the key may do");
  return words.reduce((bits, word) => bits | operatorPermission[word], 0);
}

export const operatorRemoveVerb = defineVerb({
  name: "operator remove",
  summary: "end what a key may do for the agency, at once and for ever",
  about: "By the agency's administrator, or by the operator itself. The address can never be added again.",
  arguments: [{ name: "<address>", about: "address of the key" }],
  options: { agency: agencyOption, rpc },
  examples: ["credit-anchor operator remove 0x7099…79C8 --home agency"],
  run: async ({ args, options, home: dir, signal }) => {
    const account = parseAddress(args[0]!, "the operator");
    const home = requireHome(dir);
    const actor = await actorOf(home, options.rpc, signal);
    const agency = await agencyOfOperators(home, actor.registry, options.agency);
    const done = await revokeOperator(actor, agency.id, account);
    return {
      json: {
        agencyId: agency.id,
        address: account,
        revoked: true,
        ...doneJson(done),
      },
      text: [told(done, `${account} may do nothing more for agency ${agency.id}`)],
    };
  },
});

export const operatorCompromisedVerb = defineVerb({
  name: "operator compromised",
  summary: "declare since when a key may have been in other hands, and end it for ever",
  about: `By the agency's administrator. Nothing that the key anchored becomes void: what it anchored from that moment on is
flagged by verify and audit, and a human decides. A later declaration can only move the moment back. The time is
that of blocks; a moment before the key's first batch flags all of them.`,
  arguments: [{ name: "<address>", about: "address of the key" }],
  options: {
    since: time("--since <date>", "first day or moment at which it may have been in other hands"),
    agency: agencyOption,
    rpc,
  },
  examples: [
    "credit-anchor operator compromised 0x7099…79C8 --since 2026-03-14 --home agency",
    "credit-anchor operator compromised 0x7099…79C8 --since 2026-03-14T09:30:00+08:00 --home agency",
  ],
  run: async ({ args, options, home: dir, signal }) => {
    const account = parseAddress(args[0]!, "the operator");
    const since = options.since;
    if (since === undefined)
      throw usage(
        "--since is missing",
        "say since when: --since 2026-03-14, or --since 2026-03-14T09:30:00Z",
      );
    const home = requireHome(dir);
    const actor = await actorOf(home, options.rpc, signal);
    const agency = await agencyOfOperators(home, actor.registry, options.agency);
    const done = await declareCompromised(actor, agency.id, account, since);
    return {
      json: {
        agencyId: agency.id,
        address: account,
        compromisedSince: since,
        revoked: true,
        ...doneJson(done),
      },
      text: [
        told(done, `${account} counts as compromised since ${timeForPeople(since)}, and may do nothing more`),
        "what it anchored since then is flagged, not void: look through it with credit-anchor audit",
      ],
    };
  },
});

export const operatorListVerb = defineVerb({
  name: "operator list",
  summary: "list the keys that act or acted for the agency",
  options: { agency: agencyOption, rpc },
  examples: ["credit-anchor operator list --home agency", "credit-anchor operator list --agency 2 --json"],
  run: async ({ options, home: dir, signal }) => {
    const home = requireHome(dir);
    const { registry } = await connect(home, options.rpc, signal);
    const agency = await agencyOfOperators(home, registry, options.agency);
    const operators = await readOperators(registry, agency.id);
    return {
      json: operators.map(({ address, operator }) => ({ address, ...operatorJson(operator) })),
      text:
        operators.length === 0
          ? [`agency ${agency.id} has no operators`]
          : columns([
              ["ADDRESS", "MAY", "FROM", "UNTIL", ""],
              ...operators.map(({ address, operator }) => [
                address,
                can(operator),
                timeForPeople(operator.validFrom),
                timeForPeople(operator.validUntil),
                remark(operator),
              ]),
            ]),
    };
  },
});

/** Every account that ever was an operator, by the registry's events, as it stands now. */
async function readOperators(
  registry: Registry,
  agencyId: number,
): Promise<{ address: string; operator: Operator }[]> {
  const added = registryInterface.getEvent("OperatorAdded");
  const topics = [added.topicHash, `0x${agencyId.toString(16).padStart(64, "0")}`];
  const toBlock = await registry.chain.blockNumber();
  const addresses = new Set<string>();
  for await (const page of registry.chain.logs({
    address: registry.address,
    topics,
    fromBlock: registry.fromBlock,
    toBlock,
  }))
    for (const log of page) if (log.topics[2] !== undefined) addresses.add(`0x${log.topics[2].slice(-40)}`);
  const operators: { address: string; operator: Operator }[] = [];
  for (const address of addresses)
    operators.push({ address, operator: await readOperator(registry, agencyId, address) });
  return operators;
}

/** Permissions in words. */
export function can({ permissions }: Operator): string {
  const words = (["anchor", "status"] as const).filter(
    (word) => (permissions & operatorPermission[word]) !== 0,
  );
  return words.length === 0 ? "nothing" : words.join(",");
}

function operatorJson(operator: Operator): Record<string, unknown> {
  const { permissions, validFrom, validUntil, compromisedSince, revoked } = operator;
  return {
    can: can(operator) === "nothing" ? [] : can(operator).split(","),
    permissions,
    validFrom,
    validUntil,
    compromisedSince: compromisedSince === 0 ? null : compromisedSince,
    revoked,
  };
}

function remark({ revoked, compromisedSince }: Operator): string {
  if (compromisedSince !== 0) return `compromised since ${timeForPeople(compromisedSince)}`;
  return revoked ? "removed" : "";
}
