import {
  checkReadiness,
  notErased,
  POSITIONS_PER_ERASURE,
  proposeParts,
  requireNewestCopy,
  signErasures,
  versionsOf,
} from "../anchoring";
import { toHex, ZERO_32 } from "../bytes";
import { batchId, type Header } from "../commitment";
import { CreditAnchorError, type Fault } from "../errors";
import type { Home } from "../home";
import { reasonText } from "../reasons";
import type { Actor, Places } from "../registry-admin";
import type { Registry } from "../registry-views";
import type { Plan, VaultReader } from "../vault/vault";
import { connect, ownAgency, requireHome } from "./context";
import { type Erasure, erasureFile, erasureId, keepErasure, keptErasures } from "./erasure-file";
import { evidenceOption, keepEvidence } from "./evidence-file";
import { recordFinder, type Selector } from "./find-record";
import { checkNamed, recordOptions, requireReason } from "./record-options";
import { flag, text, url, type OptionValues } from "./options";
import { counted } from "../counted";
import { faultsOf, optionReference, readReferences, type Reference } from "./references";
import { acceptUnknownOption, anchoringSettings } from "./settle";
import { sendingLines, type SignOnly, signOnlyOf, signOnlyOptions, writeSigned } from "./sign-only";
import { defineVerb } from "./verb";

/** Of both verbs. */
export const rpc = url("--rpc <url>", "node to send to; otherwise that of the home folder");

export const eraseProposeVerb = defineVerb({
  name: "erase propose",
  summary: "propose to erase records for ever: the first of two operators",
  about: `Destroys nothing yet: a second operator of the agency, with another key, runs credit-anchor erase confirm in the
home that holds the records. All versions of each record are meant, unless --only-version says otherwise. The
proposal is kept in the home, in its folder erasures, and names no person. Running it again continues it.
With --file all records of a CSV or NDJSON file: each row a receipt, batch and index, or a natural key; one row that
is wrong, and nothing is proposed. Of the evidence only a hash with 32 random bytes goes on the chain; those and the
file's name are kept in the home, under evidence/. With --sign-only somebody else sends it with relay.`,
  options: {
    ...recordOptions,
    onlyVersion: flag("--only-version", "only the version that is named; by key the latest"),
    reason: text("--reason <code>", "why: a number or a name, see docs/format.md"),
    evidence: evidenceOption(),
    dryRun: flag("--dry-run", "say what would be proposed; send nothing"),
    ...signOnlyOptions,
    acceptUnknownBatches: acceptUnknownOption(),
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
    const { actor, signOnly } = await eraserOf(home, options, signal);
    const agency = await ownAgency(home, actor.registry);
    const allVersions = !options.onlyVersion;
    const vault = await home.readVault();
    let all: Places[];
    try {
      if (!options.dryRun)
        await expectNewestCopy(home, vault, {
          registry: actor.registry,
          agencyId: agency.id,
          options,
          signal,
        });
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
      pays: signOnly === undefined,
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
    const exact = parts.map((part) => ({ ...part, evidenceHash }));
    const id = erasureId(erasure);
    if (signOnly !== undefined) {
      const calls = await signErasures(actor.registry, signOnly, "proposeErasure", exact);
      if (calls.length > 0) {
        writeSigned(actor.registry, signOnly, calls);
        return {
          json: { ...json, proposed: false, proposal: id, ...signedJson(signOnly, calls.length) },
          text: [
            ...sendingLines(`the proposal to erase ${what}`, signOnly, calls.length),
            `then another operator, in the home that holds the records: credit-anchor erase confirm ${id}`,
          ],
        };
      }
    }
    const sent = signOnly === undefined ? await proposeParts(actor, exact) : 0;
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

/** Who acts, and for whom it is signed if nothing is sent. */
export async function eraserOf(
  home: Home,
  options: OptionValues<typeof signOnlyOptions> & { readonly rpc: string | undefined },
  signal: AbortSignal,
): Promise<{ readonly actor: Actor; readonly signOnly: SignOnly | undefined }> {
  const { registry } = await connect(home, options.rpc, signal);
  const signer = await home.signer();
  const signOnly = await signOnlyOf(registry, signer, options);
  // An operator that is a contract wallet: what is tried beforehand is tried as this one.
  const acting = signOnly === undefined ? signer : { ...signer, address: signOnly.operator };
  return { actor: { registry, signer: acting, settings: { fees: home.settings.fees, signal } }, signOnly };
}

/**
 * An older copy of the home does not know every version of its records, nor what became of them.
 * @throws {CreditAnchorError} `anchoring.unknown-batches`
 */
export function expectNewestCopy(
  home: Home,
  vault: VaultReader,
  {
    registry,
    agencyId,
    options,
    signal,
  }: {
    readonly registry: Registry;
    readonly agencyId: number;
    readonly options: { readonly acceptUnknownBatches: boolean };
    readonly signal: AbortSignal;
  },
): Promise<void> {
  // The keys of the home alone: who confirms may well anchor from a home of his own.
  const settings = anchoringSettings(home, agencyId, { acceptUnknown: options.acceptUnknownBatches });
  return requireNewestCopy({ vault, registry, settings, signal });
}

export function signedJson({ file, operator, deadline }: SignOnly, calls: number): Record<string, unknown> {
  return { signed: { file: calls === 0 ? null : file, calls, operator, deadline } };
}

export function sizeOf(parts: readonly Pick<Places, "indexes">[]): number {
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
export function headerOf(plan: Plan): Header {
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
