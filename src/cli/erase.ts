import {
  checkReadiness,
  confirmParts,
  type ErasurePart,
  notErased,
  POSITIONS_PER_ERASURE,
  proposeParts,
  rehearseParts,
  versionsOf,
} from "../anchoring";
import { toHex, ZERO_32 } from "../bytes";
import { batchId, type Header } from "../commitment";
import { CreditAnchorError, type Fault } from "../errors";
import type { Home } from "../home";
import { reasonText } from "../reasons";
import type { Actor, Places } from "../registry-admin";
import type { Plan, Position, VaultReader } from "../vault/vault";
import { actorOf } from "./acts";
import { ownAgency, requireHome } from "./context";
import { type Erasure, erasureFile, erasureId, findErasure, keepErasure, keptErasures } from "./erasure-file";
import { evidenceOption, keepEvidence } from "./evidence-file";
import { findBatch, recordFinder, type Selector } from "./find-record";
import { checkNamed, recordOptions, requireReason } from "./record-options";
import { choice, flag, text, url } from "./options";
import { counted, timeForPeople } from "./output";
import { faultsOf, optionReference, readReferences, type Reference } from "./references";
import { LONG_WAIT_MS, SHORT_WAIT_MS } from "./settle";
import { defineVerb } from "./verb";

const rpc = url("--rpc <url>", "node to send to; otherwise that of the home folder");
const wait = flag("--wait", "wait until another process that uses this home has finished");

export const eraseProposeVerb = defineVerb({
  name: "erase propose",
  summary: "propose to erase records for ever: the first of two operators",
  about: `Destroys nothing yet: a second operator of the agency, with another key, runs credit-anchor erase confirm in the
home that holds the records. All versions of each record are meant, unless --only-version says otherwise. The
proposal is kept in the home, in its folder erasures, and names no person. Running it again continues it.
With --file all records of a CSV or NDJSON file: each row a receipt, batch and index, or a natural key; one row that
is wrong, and nothing is proposed. Of the evidence only a hash with 32 random bytes goes on the chain; those and the
file's name are kept in the home, under evidence/.`,
  options: {
    ...recordOptions,
    onlyVersion: flag("--only-version", "only the version that is named; by key the latest"),
    reason: text("--reason <code>", "why: a number or a name, see docs/format.md"),
    evidence: evidenceOption(),
    dryRun: flag("--dry-run", "say what would be proposed; send nothing"),
    rpc,
  },
  examples: [
    `credit-anchor erase propose --key '{"documentNumber": "…", "partyUscc": "91…"}' \\`,
    "    --reason deletion-duty --evidence order.pdf --home agency",
    "credit-anchor erase propose --file retention-ended.csv --reason retention-ended --dry-run",
  ],
  run: async ({ options, home: dir, signal }) => {
    checkNamed(options);
    const reason = requireReason(options.reason);
    const home = requireHome(dir);
    const actor = await actorOf(home, options.rpc, signal);
    const agency = await ownAgency(home, actor.registry);
    const allVersions = !options.onlyVersion;
    const vault = await home.readVault();
    let all: Places[];
    try {
      all = await partsOf(home, vault, options, { allVersions, reason });
    } finally {
      await vault.close();
    }
    const parts: Places[] = [];
    for (const part of all) {
      const indexes = await notErased(actor, part);
      if (indexes.length > 0) parts.push({ ...part, indexes });
    }
    const versions = sizeOf(parts);
    const json = { versions, alreadyErased: sizeOf(all) - versions, reason, allVersions };
    if (versions === 0)
      return {
        json: { ...json, proposed: false, proposal: null },
        text: ["erased already, nothing was sent"],
      };
    const what = `${counted(versions, "version")} of records in ${counted(new Set(parts.map(({ header }) => header.sequence)).size, "batch", "batches")}`;
    if (options.dryRun)
      return {
        json: { ...json, dryRun: true, proposed: false, proposal: null },
        text: [`would propose to erase ${what}: ${reasonText(reason)}`],
      };
    await checkReadiness(actor.registry, {
      agencyId: agency.id,
      account: actor.signer.address,
      permissions: 2,
      fees: home.settings.fees,
    });
    const { chainId } = actor.registry.chain;
    const erasure = await proposalOf(home, options.evidence, {
      registry: { chainId, address: actor.registry.address },
      agencyId: agency.id,
      allVersions,
      reason,
      evidenceHash: toHex(ZERO_32),
      places: parts.map(({ header, indexes }) => ({
        batch: batchId(header.agencyId, header.sequence),
        indexes,
      })),
      proposedAt: new Date().toISOString(),
    });
    // First on disk, then on the chain: a proposal whose evidence hash is lost could never be confirmed.
    keepErasure(home, erasure);
    const { evidenceHash } = erasure;
    const sent = await proposeParts(
      actor,
      parts.map((part) => ({ ...part, evidenceHash })),
    );
    const id = erasureId(erasure);
    return {
      json: { ...json, proposed: true, already: sent === 0, proposal: id, file: erasureFile(home, erasure) },
      text: [
        `${sent === 0 ? "proposed before" : "proposed"} to erase ${what}: ${reasonText(reason)}`,
        "nothing is destroyed yet; another operator, in the home that holds the records:",
        `  credit-anchor erase confirm ${id}`,
        `in another home than this one, with ${erasureFile(home, erasure)} instead of ${id}`,
      ],
    };
  },
});

function sizeOf(parts: readonly Pick<Places, "indexes">[]): number {
  return parts.reduce((sum, { indexes }) => sum + indexes.length, 0);
}

/** The proposal, with the evidence hash of the same one that was begun before. */
async function proposalOf(home: Home, evidence: string | undefined, fresh: Erasure): Promise<Erasure> {
  const evidenceHash = await keepEvidence(home, evidence, { again: true });
  const erasure = { ...fresh, evidenceHash };
  return keptErasures(home).find((kept) => erasureId(kept) === erasureId(erasure)) ?? erasure;
}

/** What is to be erased, by batch, in calls of at most 256. */
async function partsOf(
  home: Home,
  vault: VaultReader,
  options: Selector & { readonly file: string | undefined },
  { allVersions, reason }: { readonly allVersions: boolean; readonly reason: number },
): Promise<Places[]> {
  const batches = new Map<string, { header: Header; indexes: Set<number> }>();
  const add = (header: Header, index: number): void => {
    const id = batchId(header.agencyId, header.sequence);
    const batch = batches.get(id) ?? { header, indexes: new Set() };
    batch.indexes.add(index);
    batches.set(id, batch);
  };
  const find = recordFinder(home, vault, options.type);
  const addRecord = async (reference: Reference): Promise<void> => {
    const elsewhere = headerElsewhere(home, vault, reference);
    if (elsewhere !== undefined) {
      if (allVersions)
        throw new CreditAnchorError(
          "erase.versions-unknown",
          "the record is in another home of the agency, and this one does not know its versions",
          {
            hint: "name each version by its receipt, with --only-version; or propose in the home that holds it",
          },
        );
      return add(elsewhere.header, elsewhere.index);
    }
    const place = await find(reference);
    for (const version of allVersions ? versionsOf(vault, place) : [place])
      add(headerOf(vault.plan(version.plan)), version.index);
  };
  if (options.file === undefined) await addRecord(optionReference(options));
  else await forEachRow(options.file, addRecord);
  return [...batches.values()].flatMap(({ header, indexes }) => {
    const sorted = [...indexes].sort((a, b) => a - b);
    const parts: Places[] = [];
    for (let at = 0; at < sorted.length; at += POSITIONS_PER_ERASURE)
      parts.push({
        header,
        indexes: sorted.slice(at, at + POSITIONS_PER_ERASURE),
        reason,
        evidenceHash: toHex(ZERO_32),
      });
    return parts;
  });
}

/** @throws {CreditAnchorError} `erase.rows` with what is wrong with which row. */
async function forEachRow(file: string, each: (reference: Reference) => Promise<void>): Promise<void> {
  const faults: Fault[] = [];
  let rows = 0;
  for await (const { row, reference, faults: found } of readReferences(file)) {
    rows++;
    let wrong = found ?? [];
    if (reference !== undefined)
      try {
        await each(reference);
      } catch (error) {
        wrong = faultsOf(error);
      }
    faults.push(...wrong.map(({ path, code, message }) => ({ path: `row ${row}${path}`, code, message })));
  }
  if (faults.length > 0)
    throw new CreditAnchorError(
      "erase.rows",
      `${counted(faults.length, "fault")} in ${file}: nothing was proposed`,
      {
        faults: faults.slice(0, FAULTS_TOLD),
        hint: "correct or leave out these rows, and run the command again",
      },
    );
  if (rows === 0) throw new CreditAnchorError("erase.rows", `${file} names no records`);
}

const FAULTS_TOLD = 100;

/** Where a receipt says the record is, when another home of the agency has its batch. */
function headerElsewhere(
  home: Home,
  vault: VaultReader,
  reference: Reference,
): { header: Header; index: number } | undefined {
  if (reference.by !== "receipt") return undefined;
  const { batch, record, registry } = reference.evidence;
  if (vault.planAt(batch.sequence)?.agencyId === batch.agencyId) return undefined;
  const own = home.settings.registry;
  if (registry.chainId !== own?.chainId || registry.address !== own.address)
    throw new CreditAnchorError(
      "erase.other-registry",
      "the receipt is of another registry than this home's",
    );
  return { header: batch, index: record.index };
}

/** @throws {CreditAnchorError} `record.not-anchored` */
function headerOf(plan: Plan): Header {
  if (plan.header !== undefined && (plan.status === "anchored" || plan.status === "final"))
    return plan.header;
  throw new CreditAnchorError(
    "record.not-anchored",
    "a version of the record is planned, and not anchored yet",
    {
      hint: "finish it with credit-anchor resume, then propose again",
    },
  );
}

export const eraseConfirmVerb = defineVerb({
  name: "erase confirm",
  summary: "erase what another operator proposed: destroy secrets and content here, then record Erased",
  about: `Cannot be undone. Runs in the home that holds the records, with another key than the proposal's (another keystore,
or CREDIT_ANCHOR_PRIVATE_KEY). It rehearses the confirmation, ends the records, overwrites their secrets and content in
the files of the vault, and only then tells the chain. Interrupted, the same command continues.
Receipts that were handed out still verify, as anchored and erased. Copies of the home made before still hold
everything: the command lists which of their files.`,
  arguments: [{ name: "<proposal>", about: "id of the proposal, or its file from another home" }],
  options: {
    dryRun: flag(
      "--dry-run",
      "check everything and list what copies of the home hold; destroy and send nothing",
    ),
    until: choice("--until <state>", "return when the erasure is", ["anchored", "final"], "final"),
    wait,
    rpc,
  },
  examples: [
    "credit-anchor erase confirm 3f09a1c2d4e5 --home agency",
    "credit-anchor erase confirm erasures/3f09a1c2d4e5.json --dry-run --home agency",
  ],
  run: async ({ args, options, home: dir, signal }) => {
    const home = requireHome(dir);
    const found = findErasure(home, args[0]!);
    const actor = await actorOf(home, options.rpc, signal);
    const agency = await ownAgency(home, actor.registry);
    expectOwn(found, actor, agency.id);
    await checkReadiness(actor.registry, {
      agencyId: agency.id,
      account: actor.signer.address,
      permissions: 2,
      fees: home.settings.fees,
    });
    const vault = await home.writeVault({
      command: "erase confirm",
      waitMs: options.wait ? LONG_WAIT_MS : SHORT_WAIT_MS,
    });
    try {
      const parts = heldParts(vault, found);
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
      let erasure = found;
      const final = await confirmParts(actor, parts, {
        vault,
        finalityBlocks: home.settings.finalityBlocks,
        untilAnchored: options.until === "anchored",
        onDestroyed: () => {
          erasure = { ...erasure, destroyedAt: erasure.destroyedAt ?? new Date().toISOString() };
          keepErasure(home, erasure);
        },
      });
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

/** What the proposal names, in this vault. @throws {CreditAnchorError} `erase.elsewhere` */
function heldParts(vault: VaultReader, { places, reason, evidenceHash }: Erasure): ErasurePart[] {
  return places.map(({ batch, indexes }) => {
    let plan: Plan;
    try {
      plan = findBatch(vault, batch);
    } catch (cause) {
      throw new CreditAnchorError("erase.elsewhere", `this home does not hold batch ${batch}`, {
        hint: "confirm in the home that holds the records: only there can they be destroyed",
        cause,
      });
    }
    return { plan: plan.number, header: headerOf(plan), indexes, reason, evidenceHash };
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
