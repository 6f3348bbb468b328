import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { anchorPending, checkReadiness } from "../anchoring";
import { toHex, ZERO_32 } from "../bytes";
import { evidenceHash } from "../commitment";
import { CreditAnchorError, ExitStatus } from "../errors";
import type { Home } from "../home";
import { replaceFile } from "../home/files";
import { parseReason, reasonText } from "../reasons";
import { statusesOf, type Registry } from "../registry-views";
import type { Plan, Vault, VaultReader } from "../vault/vault";
import { parseStatus } from "../verify";
import { indexOption } from "./acts";
import { publicId } from "./batches";
import { connect, ownAgency, requireHome } from "./context";
import { expectFile } from "./files";
import { checkSelector, findRecord, type Selector } from "./find-record";
import { choice, flag, jsonObject, text, url, usage } from "./options";
import { anchoringSettings, LONG_WAIT_MS, SHORT_WAIT_MS, waitingLines } from "./settle";
import { defineVerb } from "./verb";

export const withdrawVerb = defineVerb({
  name: "withdraw",
  summary: "withdraw a record: the decision was revoked, unlawful or void, or the record was wrong",
  about: `Cannot be undone: the record stays provable as withdrawn, and no version may follow it. Possible also while the
agency is suspended. Interrupted, the same command or resume finishes it.
Of the evidence only a hash with 32 random bytes goes on the chain; those are kept in the home, under evidence/.`,
  options: {
    key: jsonObject("--key <json>", 'natural key of the record: \'{"documentNumber": "…", …}\''),
    type: text("--type <name>", "record type, where records of several types have the key"),
    receipt: text("--receipt <file>", "receipt of the record"),
    batch: text("--batch <id>", "id of the batch"),
    index: indexOption(),
    reason: text("--reason <code>", "why: a number or a name, see docs/format.md"),
    evidence: text("--evidence <file>", "the document that shows why, such as the revocation"),
    dryRun: flag("--dry-run", "say what would be withdrawn; send nothing"),
    until: choice("--until <state>", "return when the withdrawal is", ["anchored", "final"], "final"),
    wait: flag("--wait", "wait until another process that uses this home has finished"),
    rpc: url("--rpc <url>", "node to send to; otherwise that of the home folder"),
  },
  examples: [
    `credit-anchor withdraw --key '{"documentNumber": "…", "partyUscc": "91…"}' \\`,
    "    --reason decision-revoked --evidence revocation.pdf --home agency",
    "credit-anchor withdraw --receipt receipt.json --reason 13 --dry-run",
  ],
  run: async ({ options, home: dir, io, signal }) => {
    checkSelector(options);
    if (options.reason === undefined)
      throw usage(
        "--reason is missing",
        "say why: --reason decision-revoked, or a number; docs/format.md lists them",
      );
    const reason = parseReason(options.reason);
    const evidence = options.evidence === undefined ? undefined : expectFile(options.evidence);
    const home = requireHome(dir);
    const { registry } = await connect(home, options.rpc, signal);
    const agency = await ownAgency(home, registry);
    const place = await locate(home, options);
    const { agencyId, sequence } = place.plan.header!;
    const [byte] = await statusesOf(registry, agencyId, sequence, [place.index]);
    const status = parseStatus(byte!);
    const what = `record ${place.index} of batch ${publicId(place.plan)} (${place.plan.type}, version ${place.version})`;
    const json = {
      batch: publicId(place.plan),
      index: place.index,
      type: place.plan.type,
      version: place.version,
      reason,
    };
    if (status?.erased === true)
      throw new CreditAnchorError("record.erased", `${what} is erased: nothing moves on it any more`);
    if (status?.status === "Withdrawn" && !place.isUnderWay)
      return {
        json: { ...json, already: true, withdrawn: true },
        text: [`${what} is withdrawn already, nothing was sent`],
      };
    if (status?.status === "Superseded")
      io.note(
        "note: a newer version took the place of this one; withdrawing this one leaves the newer as it is",
      );
    if (options.dryRun)
      return {
        json: { ...json, dryRun: true, withdrawn: false, status: status?.status ?? null },
        text: [`would withdraw ${what}, now ${status?.status ?? "unknown"}: ${reasonText(reason)}`],
      };

    const signer = await home.signer();
    await checkReadiness(registry, {
      agencyId: agency.id,
      account: signer.address,
      permissions: 2,
      withdrawing: true,
      fees: home.settings.fees,
    });
    const vault = await home.writeVault({
      command: "withdraw",
      waitMs: options.wait ? LONG_WAIT_MS : SHORT_WAIT_MS,
    });
    try {
      if (!isUnderWay(vault, place.plan.number, place.index))
        await plan(home, vault, place, { reason, evidence });
      const summary = await anchorPending({
        vault,
        registry,
        signer,
        settings: anchoringSettings(home, agency.id, { untilAnchored: options.until === "anchored" }),
        what: "moves",
        onProgress: (event) => {
          if (event.kind === "notice") io.note(`note: ${event.message}`);
        },
        signal,
      });
      await confirmWithdrawn(registry, { agencyId, sequence, index: place.index }, what);
      return {
        json: { ...json, already: false, withdrawn: true, awaitingFinality: summary.movesAwaitingFinality },
        text: [`withdrew ${what}: ${reasonText(reason)}`, ...waitingLines(summary)],
      };
    } finally {
      await vault.close();
    }
  },
});

/**
 * Looks whether the chain has it as withdrawn now: somebody else's act may have come first.
 * @throws {CreditAnchorError} `withdraw.overtaken`
 */
export async function confirmWithdrawn(
  registry: Registry,
  {
    agencyId,
    sequence,
    index,
  }: { readonly agencyId: number; readonly sequence: number; readonly index: number },
  what: string,
): Promise<void> {
  const [byte] = await statusesOf(registry, agencyId, sequence, [index]);
  const found = parseStatus(byte!);
  if (found?.status === "Withdrawn") return;
  const now = found === null ? "unknown" : `${found.status}${found.erased ? ", erased" : ""}`;
  throw new CreditAnchorError(
    "withdraw.overtaken",
    `${what} is not withdrawn: its status on the chain is ${now}`,
    {
      hint: "another act came first, or the block was replaced; look at it with credit-anchor status",
      exitStatus: ExitStatus.internal,
    },
  );
}

interface Place {
  readonly plan: Plan;
  readonly index: number;
  readonly version: number;
  readonly key: Uint8Array;
  /** Whether it is the record's latest version. */
  readonly isLatest: boolean;
  /** A withdrawal of it was begun before. */
  readonly isUnderWay: boolean;
}

async function locate(home: Home, selector: Selector): Promise<Place> {
  const vault = await home.readVault();
  try {
    const found = await findRecord(home, vault, selector);
    const plan = vault.plan(found.plan);
    if (plan.header === undefined)
      throw new CreditAnchorError("record.not-anchored", "the record is planned, and not anchored yet", {
        hint: "finish it with credit-anchor resume, then withdraw it",
      });
    const { key, version } = vault.entry(found.plan, found.index);
    const latest = vault.latest(key);
    return {
      plan,
      index: found.index,
      version,
      key,
      isLatest: latest?.plan === found.plan && latest.index === found.index,
      isUnderWay: isUnderWay(vault, found.plan, found.index),
    };
  } finally {
    await vault.close();
  }
}

function isUnderWay(vault: VaultReader, plan: number, index: number): boolean {
  return vault
    .unfinishedMoves()
    .some((move) => move.kind === "withdraw" && move.plan === plan && move.positions.includes(index));
}

/** First what must not be forgotten, then the move: a crash in between leaves a record that nobody can continue. */
async function plan(
  home: Home,
  vault: Vault,
  { plan: { number }, index, key, isLatest }: Place,
  { reason, evidence }: { readonly reason: number; readonly evidence: string | undefined },
): Promise<void> {
  const hash = evidence === undefined ? toHex(ZERO_32) : await keepEvidence(home, evidence);
  if (isLatest) vault.markEnded([key]);
  vault.planMove({
    kind: "withdraw",
    plan: number,
    after: number,
    positions: [index],
    reason,
    evidenceHash: hash,
  });
}

/** Keeps what proves later that this file is the evidence: its digest and the random bytes. The file stays where it is. */
async function keepEvidence(home: Home, file: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) digest.update(chunk);
  const sha256 = new Uint8Array(digest.digest());
  const random = new Uint8Array(randomBytes(32));
  const hash = toHex(evidenceHash(random, sha256));
  const folder = join(home.dir, "evidence");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const content = {
    format: "credit-anchor/evidence",
    formatVersion: 1,
    evidenceHash: hash,
    random: toHex(random),
    sha256: toHex(sha256),
    fileName: basename(file),
  };
  replaceFile(join(folder, `${hash}.json`), `${JSON.stringify(content, null, 2)}\n`);
  return hash;
}
