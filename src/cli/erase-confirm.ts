import { checkReadiness, confirmParts, type ErasurePart, rehearseParts, versionsOf } from "../anchoring";
import { ERASED } from "../anchoring/moves";
import { parseBatchId } from "../commitment";
import { CreditAnchorError } from "../errors";
import { reasonText } from "../reasons";
import type { Actor } from "../registry-admin";
import { statusesOf, type Registry } from "../registry-views";
import type { Position, VaultReader } from "../vault/vault";
import { ownAgency, requireHome } from "./context";
import { type Erasure, erasureId, findErasure, keepErasure } from "./erasure-file";
import { heldBatch } from "./find-record";
import { choice, flag } from "./options";
import { counted } from "../counted";
import { timeForPeople } from "./output";
import { acceptUnknownOption, LONG_WAIT_MS, SHORT_WAIT_MS } from "./settle";
import { sendingLines, signOnlyOptions, writeSigned } from "./sign-only";
import { defineVerb } from "./verb";
import { eraserOf, expectNewestCopy, headerOf, rpc, signedJson, sizeOf } from "./erase";

const wait = flag("--wait", "wait until another process that uses this home has finished");

export const eraseConfirmVerb = defineVerb({
  name: "erase confirm",
  summary: "erase what another operator proposed: destroy secrets and content here, then record Erased",
  about: `Cannot be undone. Runs in the home that holds the records, with another key than the proposal's (another keystore,
or CREDIT_ANCHOR_PRIVATE_KEY). It rehearses the confirmation, ends the records, overwrites their secrets and content in
the files of the vault, and only then tells the chain. Interrupted, the same command continues. With --sign-only it
signs what somebody else tells the chain with relay; run it again when that is done.
Receipts that were handed out still verify, as anchored and erased. Copies of the home made before still hold
everything: the command lists which of their files.`,
  arguments: [{ name: "<proposal>", about: "id of the proposal, or its file from another home" }],
  options: {
    dryRun: flag(
      "--dry-run",
      "check everything and list what copies of the home hold; destroy and send nothing",
    ),
    until: choice("--until <state>", "return when the erasure is", ["anchored", "final"], "final"),
    ...signOnlyOptions,
    acceptUnknownBatches: acceptUnknownOption(),
    wait,
    rpc,
  },
  examples: [
    "credit-anchor erase confirm 3f09a1c2d4e5 --home agency",
    "credit-anchor erase confirm erasures/3f09a1c2d4e5.json --dry-run --home agency",
  ],
  run: async ({ args, options, home: dir, io, signal }) => {
    const home = requireHome(dir);
    const found = findErasure(home, args[0]!);
    const { actor, signOnly } = await eraserOf(home, options, signal);
    const agency = await ownAgency(home, actor.registry);
    expectOwn(found, actor, agency.id);
    await checkReadiness(actor.registry, {
      agencyId: agency.id,
      account: actor.signer.address,
      permissions: 2,
      fees: home.settings.fees,
      pays: signOnly === undefined,
    });
    const vault = await home.writeVault({
      command: "erase confirm",
      waitMs: options.wait ? LONG_WAIT_MS : SHORT_WAIT_MS,
    });
    try {
      const { parts, missing } = heldParts(vault, found);
      // An older copy of the home lacks what came later; of what the chain shows as erased it still destroys its part.
      for (const place of missing) {
        if (parts.length === 0 || !(await isErased(actor.registry, place))) throw elsewhere(place.batch);
        io.note(`note: batch ${place.batch} is not in this copy of the home, and erased already`);
      }
      if (found.allVersions) expectAllVersions(vault, parts);
      const versions = sizeOf(parts);
      const copies = copiesOf(vault, parts);
      const json = { proposal: erasureId(found), versions, reason: found.reason };
      if (options.dryRun) {
        await rehearseParts(actor, parts);
        return {
          json: { ...json, dryRun: true, erased: false, final: false, destroyedAt: null, copies },
          text: [
            `would destroy ${counted(versions, "version")} of records and record them as erased: ${reasonText(found.reason)}`,
            ...copyLines(copies, undefined),
          ],
        };
      }
      await expectNewestCopy(home, vault, {
        registry: actor.registry,
        agencyId: agency.id,
        options,
        signal,
      });
      let erasure = found;
      let signed = 0;
      const final = await confirmParts(actor, parts, {
        vault,
        finalityBlocks: home.settings.finalityBlocks,
        untilAnchored: options.until === "anchored",
        onDestroyed: () => {
          erasure = { ...erasure, destroyedAt: erasure.destroyedAt ?? new Date().toISOString() };
          keepErasure(home, erasure);
        },
        ...(signOnly === undefined
          ? {}
          : {
              signOnly: {
                delegation: signOnly,
                onSigned: (calls) => {
                  signed = calls.length;
                  if (signed > 0) writeSigned(actor.registry, signOnly, calls);
                },
              },
            }),
      });
      if (signOnly !== undefined && signed > 0)
        return {
          json: {
            ...{ ...json, erased: false, final: false, destroyedAt: erasure.destroyedAt!, copies },
            ...signedJson(signOnly, signed),
          },
          text: [
            `destroyed ${counted(versions, "version")} of records here; the chain does not say Erased yet`,
            ...sendingLines("the confirmation", signOnly, signed),
            "when it is sent, run the same command again",
            ...copyLines(copies, erasure.destroyedAt),
          ],
        };
      if (final) keepErasure(home, { ...erasure, erasedAt: erasure.erasedAt ?? new Date().toISOString() });
      return {
        json: { ...json, erased: true, final, destroyedAt: erasure.destroyedAt!, copies },
        text: [
          `erased ${counted(versions, "version")} of records: ${reasonText(found.reason)}`,
          ...(final ? [] : ["it is not final yet: run the same command again later"]),
          ...copyLines(copies, erasure.destroyedAt),
        ],
      };
    } finally {
      await vault.close();
    }
  },
});

function expectOwn({ registry, agencyId }: Erasure, actor: Actor, own: number): void {
  if (registry.chainId !== actor.registry.chain.chainId || registry.address !== actor.registry.address)
    throw new CreditAnchorError(
      "erase.other-registry",
      "the proposal is of another registry than this home's",
    );
  if (agencyId !== own)
    throw new CreditAnchorError(
      "erase.other-agency",
      `the proposal is of agency ${agencyId}, this home of ${own}`,
    );
}

type Places = Erasure["places"];

/** What the proposal names: in this vault, and elsewhere. */
function heldParts(
  vault: VaultReader,
  { places, reason, evidenceHash }: Erasure,
): { readonly parts: ErasurePart[]; readonly missing: Places } {
  const parts: ErasurePart[] = [];
  const missing: Places[number][] = [];
  for (const place of places) {
    const plan = heldBatch(vault, place.batch);
    if (plan === undefined) missing.push(place);
    else
      parts.push({
        plan: plan.number,
        header: headerOf(plan),
        indexes: place.indexes,
        reason,
        evidenceHash,
      });
  }
  return { parts, missing };
}

/** Whether the chain has these records as erased. */
async function isErased(registry: Registry, { batch, indexes }: Places[number]): Promise<boolean> {
  const { agencyId, sequence } = parseBatchId(batch);
  const statuses = await statusesOf(registry, agencyId, sequence, indexes);
  return statuses.every((byte) => (byte & ERASED) !== 0);
}

function elsewhere(batch: string): CreditAnchorError {
  return new CreditAnchorError("erase.elsewhere", `this home does not hold batch ${batch}`, {
    hint: "confirm in the home that holds the records: only there can they be destroyed",
  });
}

/** @throws {CreditAnchorError} `erase.versions` when a record has a version that the proposal does not name. */
function expectAllVersions(vault: VaultReader, parts: readonly ErasurePart[]): void {
  const named = new Set(parts.flatMap(({ plan, indexes }) => indexes.map((index) => `${plan} ${index}`)));
  const isMeant = ({ plan, index }: Position): boolean =>
    named.has(`${plan} ${index}`) || vault.isDestroyed(plan, index);
  for (const { plan, indexes } of parts)
    for (const index of indexes)
      if (!versionsOf(vault, { plan, index }).every(isMeant))
        throw new CreditAnchorError(
          "erase.versions",
          "a record has a version that the proposal does not name",
          {
            hint: "it was added since: propose the erasure again",
          },
        );
}

interface Copy {
  readonly file: string;
  readonly since: string;
}

/** Files of the home whose older copies hold what is destroyed, and since when they can. */
function copiesOf(vault: VaultReader, parts: readonly ErasurePart[]): Copy[] {
  return [...new Set(parts.map(({ plan }) => plan))].flatMap((number) => {
    const { plannedAt } = vault.plan(number);
    return vault.contentFiles(number).map((name) => ({ file: `vault/${name}`, since: plannedAt }));
  });
}

function copyLines(copies: readonly Copy[], destroyedAt: string | undefined): string[] {
  return [
    `copies of the home made before ${destroyedAt === undefined ? "that" : time(destroyedAt)} still hold the records, in:`,
    ...copies.map(({ file, since }) => `  ${file}  (copies made since ${time(since)})`),
    "with the passphrase they can be read: destroy these copies, or these files in them",
  ];
}

function time(iso: string): string {
  return timeForPeople(Math.floor(Date.parse(iso) / 1000));
}
