import { unknownBatches, unknownText, WAY_OUT } from "../anchoring";
import type { Home } from "../home";
import { encodePositions } from "../positions";
import { type OpenErasure, openErasures, proposalOf } from "../registry-erasures";
import { agencyIdOf, readActing, readAgency, readOperator, Standing, type Registry } from "../registry-views";
import { reasonText } from "../reasons";
import { roleIds, roleNames } from "../roles";
import { standings } from "./agency";
import { erasureId, keptErasures } from "./erasure-file";
import { attempt, type Say } from "./findings";
import { can } from "./operator";
import { counted } from "../counted";
import { timeForPeople } from "./output";
import { anchoringSettings } from "./settle";
import { authorityInterface } from "../interfaces";

/** What the registry says of the home's agency, and of the key that signs for it. */
export async function lookAtAgency(registry: Registry, home: Home, say: Say): Promise<void> {
  const own = home.settings.agency;
  const signer = home.signerAddress();
  if (signer !== undefined) await lookAtRoles(registry, home, signer, say);
  if (own === undefined) return say("agency", "ok", "none: this home anchors nothing");
  const id = await agencyIdOf(registry, own.code);
  const agency = id === undefined ? undefined : await readAgency(registry, id);
  if (agency === undefined)
    return say(
      "agency",
      "problem",
      `${own.code} is not admitted`,
      "send registration.json to the registrar: credit-anchor agency register registration.json",
    );
  await attempt(say, "history", () => lookAtHistory(registry, home, agency.id, say));
  await attempt(say, "erasure", () => lookAtErasures(registry, home, agency.id, say));
  const acting = await readActing(registry, agency);
  const who = `${own.code} is agency ${agency.id}`;
  if (acting !== agency)
    say(
      "agency",
      acting.standing === Standing.active ? "ok" : "problem",
      `${who}, succeeded by agency ${acting.id} (${acting.code}, ${standings[acting.standing]}), whose operators act for it; ` +
        counted(agency.batchCount, "batch", "batches"),
      "ask whoever runs the registry why",
    );
  else if (agency.standing === Standing.active)
    say("agency", "ok", `${who}, active, ${counted(agency.batchCount, "batch", "batches")}`);
  else
    say("agency", "problem", `${who} and ${standings[agency.standing]}`, "ask whoever runs the registry why");
  if (own.keyCommitment !== undefined && own.keyCommitment !== agency.keyCommitment)
    say(
      "agency",
      "problem",
      "it was admitted with another agency key than this home has",
      "use the home whose registration was admitted",
    );
  if (signer !== undefined)
    await lookAtOperator(registry, acting.id, acting.administrator === signer, signer, say);
}

/** Whether this home is the newest copy of itself. */
async function lookAtHistory(registry: Registry, home: Home, agencyId: number, say: Say): Promise<void> {
  const vault = await home.readVault();
  try {
    const unknown = await unknownBatches({
      vault,
      registry,
      settings: anchoringSettings(home, agencyId, {}),
    });
    if (unknown.own.length > 0) say("history", "problem", unknownText(unknown), WAY_OUT);
    else if (unknown.others > 0)
      say(
        "history",
        "ok",
        `other operators anchored ${counted(unknown.others, "batch", "batches")}, from homes of their own`,
      );
    else say("history", "ok", "this vault has all that the agency anchored lately");
  } finally {
    await vault.close();
  }
}

/** What any second operator could confirm: it should be known to whoever looks after the agency. */
async function lookAtErasures(registry: Registry, home: Home, agencyId: number, say: Say): Promise<void> {
  const now = (await registry.chain.block("latest"))?.time ?? 0;
  for (const erasure of await openErasures(registry, agencyId)) {
    const { batch, content, proposer, stands, proposedAt } = erasure;
    const what =
      content === undefined
        ? "records"
        : `${counted(content.positions, "version")} of records (${reasonText(content.reason)})`;
    const age = counted(Math.max(0, Math.floor((now - proposedAt) / 86_400)), "day");
    const message = `${proposer} proposed to erase ${what} in batch ${batch}, ${age} ago (${timeForPeople(proposedAt)}), not confirmed`;
    const id = keptAs(home, erasure) ?? "PROPOSAL";
    say(
      "erasure",
      "warning",
      stands ? message : `${message}; the proposer is no operator any more`,
      stands
        ? `if it is right, another operator runs, in the home that holds the records: credit-anchor erase confirm ${id}; if not, ` +
            "the proposer's key may be in other hands: nobody can confirm it once that operator is removed"
        : "nobody can confirm it; if it is right, propose it again",
    );
  }
}

/** Id of the proposal in this home. */
function keptAs(home: Home, { batch, proposal }: OpenErasure): string | undefined {
  const kept = keptErasures(home).find(({ places, reason, evidenceHash }) =>
    places.some(
      (part) =>
        part.batch === batch &&
        proposal ===
          proposalOf({ batchId: batch, positions: encodePositions(part.indexes), reason, evidenceHash }),
    ),
  );
  return kept === undefined ? undefined : erasureId(kept);
}

async function lookAtOperator(
  registry: Registry,
  agencyId: number,
  isAdministrator: boolean,
  signer: string,
  say: Say,
): Promise<void> {
  if (isAdministrator) say("operator", "ok", `this key is the administrator of agency ${agencyId}`);
  const operator = await readOperator(registry, agencyId, signer);
  const now = (await registry.chain.block("latest"))?.time ?? 0;
  const add = `its administrator adds it: credit-anchor operator add ${signer} --can anchor,status --agency ${agencyId}`;
  if (operator.permissions === 0)
    say("operator", "problem", `this key is no operator of agency ${agencyId}`, add);
  else if (operator.revoked)
    say(
      "operator",
      "problem",
      "this key was removed as operator, for ever",
      "make a new key and have it added",
    );
  else if (now < operator.validFrom)
    say("operator", "problem", `this key is valid only from ${timeForPeople(operator.validFrom)}`, add);
  else if (now >= operator.validUntil)
    say("operator", "problem", `this key was valid until ${timeForPeople(operator.validUntil)}`, add);
  else {
    const days = Math.floor((operator.validUntil - now) / 86_400);
    const message = `may ${can(operator)} until ${timeForPeople(operator.validUntil)}`;
    if (days < 30) say("operator", "warning", `${message}: ${counted(days, "day")} left`, add);
    else say("operator", "ok", message);
  }
}

/** Roles of the authority that the home's key holds. */
async function lookAtRoles(registry: Registry, home: Home, signer: string, say: Say): Promise<void> {
  const held: string[] = [];
  for (const role of ["administrator", ...roleNames] as const) {
    const id = role === "administrator" ? 0n : roleIds[role];
    const data = authorityInterface.encodeFunctionData("hasRole", [id, signer]);
    const answer = await registry.chain.call({ to: home.settings.registry!.accessManager, data });
    const [isMember, delay] = authorityInterface.decodeFunctionResult("hasRole", answer) as unknown as [
      boolean,
      bigint,
    ];
    if (isMember) held.push(delay === 0n ? role : `${role} (after ${delay} of the chain's time units)`);
  }
  if (held.length > 0) say("roles", "ok", `this key is ${held.join(", ")}`);
  else if (home.settings.agency === undefined) say("roles", "ok", "this key holds no role of the registry");
}
