import { checkReadiness } from "../anchoring";
import { CreditAnchorError } from "../errors";
import type { Home } from "../home";
import { acceptAdministration, nameAdministrator, setOperator, type Actor } from "../registry-admin";
import { foreseen } from "../registry-errors";
import {
  readActing,
  readOperator,
  Standing,
  type Agency,
  type Operator,
  type Registry,
} from "../registry-views";
import { actorOf } from "./acts";
import { ownAgency, requireHome } from "./context";
import { can, FOR_EVER } from "./operator";
import { integer, time, url, usage } from "./options";
import { timeForPeople } from "./output";
import { defineVerb } from "./verb";

const DEFAULT_OVERLAP = 7;

export const operatorRotateVerb = defineVerb({
  name: "operator rotate",
  summary: "give the home a new signing key, and let the old one end after an overlap",
  about: `In the home whose key changes. Makes a key, has it added with the permissions of the old one, sets the end of the old
one, and then signs with the new one. Where gas costs something the new key needs funds: without any the command names
its address, the home goes on signing with the old key, and the same command continues when it is funded. Interrupted, the same command continues. If the old key is the agency's
administrator too, the new one becomes it. If somebody else is, the command says what the administrator has to do,
and goes on when that is done. The old key is kept under keys/ and useless after the overlap.

After a theft do not wait for the overlap: operator compromised, by the administrator, ends the old key at once.`,
  options: {
    overlap: integer("--overlap <days>", "how long the old key is valid beside the new one", {
      min: 1,
      max: 365,
      defaultsTo: String(DEFAULT_OVERLAP),
    }),
    until: time("--until <date>", "end of the new key's validity, not included; otherwise for ever"),
    rpc: url("--rpc <url>", "node to ask; otherwise that of the home folder"),
  },
  examples: [
    "credit-anchor operator rotate --home agency",
    "credit-anchor operator rotate --overlap 30 --until 2028-01-01 --home agency",
  ],
  run: async ({ options, home: dir, io, signal }) => {
    const home = requireHome(dir);
    const old = home.keystores().present;
    if (old === undefined || home.settings.signer !== undefined)
      throw usage(
        `${home.dir} does not sign with a keystore of its own: its key is changed where it is kept`,
        "then operator add the new one, and operator add the old one with --until",
      );
    const actor = await actorOf(home, options.rpc, signal);
    const own = await ownAgency(home, actor.registry);
    const agency = await readActing(actor.registry, own);
    if (agency.standing === Standing.closed)
      throw foreseen("WrongStanding", { agencyId: agency.id, standing: agency.standing });
    const ending = await keyThatEnds(home, actor.registry, agency.id);
    if (ending !== undefined)
      return {
        json: { ...report(agency.id, ending.address, old, ending.validUntil), already: true, done: true },
        text: [
          `${old} has replaced ${ending.address}, which ends ${timeForPeople(ending.validUntil)}: nothing was done`,
          `to change the key once more before that, end the old one first: credit-anchor operator remove ${ending.address}`,
        ],
      };

    if (agency.administrator === old && actor.signer.address !== old)
      throw usage(
        "the home's key is the agency's administrator and has to sign this itself",
        "run it without CREDIT_ANCHOR_PRIVATE_KEY and CREDIT_ANCHOR_SIGNER_COMMAND",
      );
    const was = await operatorToReplace(actor.registry, agency, own, old);
    const next = await home.nextSigner();
    io.note(`the new key is ${next.address}; it is in ${home.dir}/keys`);
    const missing = await rotate({
      agency,
      old,
      was,
      actor,
      next: { ...actor, signer: next },
      validUntil: options.until ?? FOR_EVER,
      overlap: (options.overlap ?? DEFAULT_OVERLAP) * 86_400,
    });
    if (missing.length > 0)
      return {
        json: {
          ...report(agency.id, old, next.address, null),
          already: false,
          done: false,
          administrator: agency.administrator,
          commands: missing,
        },
        text: [
          `the agency's administrator, ${agency.administrator}, has to run:`,
          ...missing.map((command) => `  ${command}`),
          "then run operator rotate again: until then the home signs with the old key",
        ],
      };
    const { permissions, validUntil } = await readOperator(actor.registry, agency.id, old);
    home.adoptNextSigner();
    // In a home that was taken over, the old key never was an operator of the agency that acts now.
    const end = permissions === 0 ? "can do nothing any more" : `ends ${timeForPeople(validUntil)}`;
    return {
      json: { ...report(agency.id, old, next.address, validUntil), already: false, done: true },
      text: [
        `the home signs with ${next.address}`,
        `${old} ${end}; what it anchored stays good`,
        "copy keys/ of the home to where its copies are kept",
      ],
    };
  },
});

const report = (agencyId: number, from: string, to: string, ends: number | null) => ({
  agencyId,
  from,
  to,
  ends,
});

/** A key of this home that was replaced and is still valid: a rotation whose overlap runs. */
async function keyThatEnds(
  home: Home,
  registry: Registry,
  agencyId: number,
): Promise<(Operator & { readonly address: string }) | undefined> {
  const { next, retired } = home.keystores();
  if (next !== undefined) return undefined;
  const now = await chainTime(registry);
  for (const address of retired) {
    const operator = await readOperator(registry, agencyId, address);
    if (!operator.revoked && operator.validUntil > now) return { ...operator, address };
  }
  return undefined;
}

/** What the old key may do; in a home that was taken over, what it could do before. */
async function operatorToReplace(
  registry: Registry,
  agency: Agency,
  own: Agency,
  account: string,
): Promise<Operator> {
  const operator = await readOperator(registry, agency.id, account);
  if (operator.permissions !== 0) return operator;
  const before = await readOperator(registry, own.id, account);
  // Of no agency that acts: there is no end to be set.
  if (before.permissions !== 0) return { ...before, revoked: true };
  throw new CreditAnchorError(
    "rotate.not-operator",
    `the home's key ${account} is no operator of agency ${agency.id}: there is nothing that a new key could take over`,
    { hint: `the administrator adds it first: credit-anchor operator add ${account} --can anchor,status` },
  );
}

async function chainTime(registry: Registry): Promise<number> {
  return (await registry.chain.block("latest"))?.time ?? 0;
}

interface Rotation {
  readonly agency: Agency;
  /** Address of the key that ends, and what it may do. */
  readonly old: string;
  readonly was: Operator;
  /** With the home's key, or that of the environment. */
  readonly actor: Actor;
  /** With the new key. */
  readonly next: Actor;
  /** Of the new key. */
  readonly validUntil: number;
  /** Seconds. */
  readonly overlap: number;
}

/**
 * Each step can be found done, so this can stop anywhere and begin again. The new key comes before the old one ends, and
 * administration last, because the old key may be the one that does the rest.
 *
 * @returns Commands for the administrator, if that is neither of the keys at hand; nothing when all is done.
 */
async function rotate(rotation: Rotation): Promise<string[]> {
  const { agency, old, was, actor, next, validUntil } = rotation;
  const { registry } = actor;
  const { id: agencyId } = agency;
  const { permissions } = was;
  const account = next.signer.address;
  const isAdded = (await readOperator(registry, agencyId, account)).permissions !== 0;
  const end = (await chainTime(registry)) + rotation.overlap;
  const ends = was.revoked || was.validUntil <= end;

  const administrator = [actor, next].find(({ signer }) => signer.address === agency.administrator);
  if (administrator === undefined) {
    const add = (key: string, until: number): string =>
      `credit-anchor operator add ${key} --can ${can(was)}${untilOption(until)} --agency ${agencyId}`;
    const missing = [...(isAdded ? [] : [add(account, validUntil)]), ...(ends ? [] : [add(old, end)])];
    if (missing.length > 0) return missing;
  }
  if (!isAdded)
    await setOperator(administrator!, { agencyId, account, permissions, validFrom: 0, validUntil });
  // It may have nothing to pay with: that must be known before the old one ends.
  await expectFunds(rotation, () =>
    checkReadiness(registry, {
      agencyId,
      account,
      permissions,
      withdrawing: true,
      fees: actor.settings?.fees,
    }),
  );
  if (!ends)
    await setOperator(administrator!, {
      agencyId,
      account: old,
      permissions,
      validFrom: was.validFrom,
      validUntil: end,
    });
  if (agency.administrator === old) {
    await nameAdministrator(actor, agencyId, account);
    await acceptAdministration(next, agencyId);
  }
  return [];
}

/** @throws {CreditAnchorError} `rotate.funds`, with the way on, where the new key cannot pay. */
async function expectFunds({ old, next }: Rotation, check: () => Promise<unknown>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof CreditAnchorError) || error.code !== "chain.funds") throw error;
    const account = next.signer.address;
    throw new CreditAnchorError(
      "rotate.funds",
      `the new key ${account} is an operator now, and has nothing to pay with: the home still signs with ${old}`,
      {
        hint: `send funds to ${account}, then run operator rotate again: it goes on from here. On a network without fees set the fee policy to free`,
      },
    );
  }
}

/** As the command line takes it. */
function untilOption(seconds: number): string {
  if (seconds === FOR_EVER) return "";
  return ` --until ${new Date(seconds * 1000).toISOString().replace(".000", "")}`;
}
