import { CreditAnchorError } from "../errors";
import { parseReason } from "../reasons";
import { moveOn } from "../anchoring/moves";
import { batchId } from "../commitment";
import { statusesOf, type Registry } from "../registry-views";
import type { Mode, Position, VaultReader } from "../vault/vault";
import type { Supersession } from "../vault/writer";
import type { Home } from "../home";
import { anchorFile, anchoringOptions } from "./anchor";
import { connect, requireHome } from "./context";
import { evidenceOption, keepEvidence } from "./evidence-file";
import { expectFile } from "./files";
import { findRecord, type Selector } from "./find-record";
import { statusByteText } from "./history-lines";
import { placeText } from "./judging";
import { integer, jsonObject, text, usage } from "./options";
import { settle } from "./settle";
import { type Call, defineVerb } from "./verb";

export const correctVerb = defineVerb({
  name: "correct",
  summary: "correct records: anchor new versions that take the place of the wrong ones",
  about: `The file holds the corrected records, whole, as anchor reads them; each becomes the next version of the record
with its natural key, and the version before is superseded with the reason and the evidence given here. In mode
direct the contract supersedes in the call that anchors, which has no room for either: they stand in the
manifest of the batch, whose hash is anchored, and bundle shows it. Rows of records that the home does not have are rejected; exit status 4. Interrupted, the same command or resume
finishes it.

When the natural key itself was wrong, the file holds the one record with its right key, and --replaces,
--replaces-receipt, or --replaces-batch with --replaces-index names the wrong one: it is superseded by the new
record, and no version may follow it. With --dry-run the chain is asked for its present status.`,
  arguments: [{ name: "<file>", about: "corrected records: a CSV or NDJSON file" }],
  options: {
    ...anchoringOptions,
    reason: text("--reason <code>", "why: a number or a name, see docs/format.md", "correction"),
    evidence: evidenceOption(),
    replaces: jsonObject("--replaces <json>", "natural key of the record whose key was wrong"),
    replacesReceipt: text("--replaces-receipt <file>", "receipt of that record"),
    replacesBatch: text("--replaces-batch <id>", "id of the batch of that record"),
    replacesIndex: integer("--replaces-index <n>", "its position in the batch, from 0", {
      min: 0,
      max: 2 ** 32 - 2,
    }),
  },
  examples: [
    "credit-anchor correct corrected.csv --type cn.penalty --evidence decision.pdf --home agency",
    "credit-anchor correct corrected.ndjson --type cn.penalty --reason amendment --dry-run",
    `credit-anchor correct right-number.csv --type cn.penalty --replaces '{"documentNumber": "…", "partyUscc": "91…"}'`,
  ],
  run: async (call) => {
    const { options, io } = call;
    const reason = parseReason(options.reason ?? "correction");
    if (options.evidence !== undefined) expectFile(options.evidence);
    const selector: Selector = {
      key: options.replaces,
      receipt: options.replacesReceipt,
      batch: options.replacesBatch,
      index: options.replacesIndex,
      type: undefined,
    };
    const ways = [selector.key, selector.receipt, selector.batch].filter((way) => way !== undefined).length;
    if (ways > 1) throw usage("the record that is replaced is named in more than one way");
    if ((selector.batch === undefined) !== (selector.index === undefined))
      throw usage("--replaces-batch and --replaces-index go together");
    if (options.mode === "direct") {
      if (ways === 1)
        throw usage("a wrong natural key is not corrected in mode direct", "use mode root or leaves");
      if (!options.dryRun)
        io.note("note: in mode direct reason and evidence are in the batch's manifest, and not on the chain");
    }
    const replacing = ways === 1;
    if (replacing && !options.dryRun) {
      const home = requireHome(call.home);
      const begun = await begunReplacement(home, selector);
      if (begun !== undefined) {
        const more = { rpc: options.rpc, io, signal: call.signal, waitForHome: options.wait };
        const acceptUnknown = options.acceptUnknownBatches;
        const settled = await settle(home, { ...more, acceptUnknown, command: "correct" });
        return {
          json: { already: true, replaced: begun, moved: settled?.summary.moved ?? 0 },
          text: [
            `${begun} was replaced already${settled === undefined ? "" : "; what was left is done now"}`,
          ],
        };
      }
    }
    const preview = replacing && options.dryRun ? await previewReplacement(call, selector) : undefined;
    const outcome = await anchorFile(call, {
      command: "correct",
      only: replacing ? "new" : "known",
      ...(replacing ? { single: true } : {}),
      supersession: async (home, vault, registry): Promise<Supersession> => {
        // Offline nobody knows what became of the record meanwhile.
        const asked = options.state === undefined ? registry : undefined;
        const replaces = replacing ? await replaceable(home, vault, selector, asked) : undefined;
        if (replaces !== undefined) io.note(`note: ${replaces.what} will be superseded`);
        const evidenceHash = await keepEvidence(home, options.evidence);
        return { reason, evidenceHash, ...(replaces === undefined ? {} : { replaces: replaces.position }) };
      },
    });
    if (preview === undefined) return outcome;
    const json = outcome.json as Record<string, unknown>;
    const { batch, index, mode, status, what } = preview;
    const isAccepted = json["rejected"] === 0;
    return {
      ...outcome,
      json: { ...json, replaces: { batch, index, mode, status, superseded: isAccepted } },
      text: [
        ...outcome.text,
        `${isAccepted ? "would be superseded" : "would stay as it is"}: ${what}, mode ${mode}, now ${status}`,
      ],
    };
  },
});

/** What a correction of a natural key would take the place of, with its status on the chain. */
async function previewReplacement(
  {
    options,
    home: dir,
    signal,
  }: Pick<Call<Pick<typeof anchoringOptions, "rpc">>, "options" | "home" | "signal">,
  selector: Selector,
): Promise<Replaced> {
  const home = requireHome(dir);
  const { registry } = await connect(home, options.rpc, signal);
  const vault = await home.readVault();
  try {
    return await replaceable(home, vault, selector, registry);
  } finally {
    await vault.close();
  }
}

/** A replacement that was planned before, by this command or another: in words. */
async function begunReplacement(home: Home, selector: Selector): Promise<string | undefined> {
  const vault = await home.readVault();
  try {
    const { plan, index } = await findRecord(home, vault, selector);
    if (vault.latest(vault.entry(plan, index).key)?.ended !== true) return undefined;
    for (const move of vault.moves())
      if (move.kind === "supersede" && move.plan === plan && move.positions.includes(index))
        return placeText(vault.plan(plan), index);
    return undefined;
  } finally {
    await vault.close();
  }
}

/** The record whose key was wrong. */
interface Replaced {
  readonly position: Position;
  /** Id of its batch; null if it is not anchored yet. */
  readonly batch: string | null;
  readonly index: number;
  readonly mode: Mode;
  /** In words; null if the chain was not asked. */
  readonly status: string | null;
  /** `record 3 of batch 4294967296`. */
  readonly what: string;
}

/**
 * The record whose key was wrong: its latest version, with nothing under way, and superseded by a record with another
 * key only where the registry lets it.
 *
 * @param registry undefined: the chain is not asked.
 * @throws {CreditAnchorError} `correct.ended`, `correct.not-latest`, and what {@link findRecord} throws.
 */
async function replaceable(
  home: Home,
  vault: VaultReader,
  selector: Selector,
  registry: Registry | undefined,
): Promise<Replaced> {
  const { plan: number, index } = await findRecord(home, vault, selector);
  const plan = vault.plan(number);
  const latest = vault.latest(vault.entry(number, index).key)!;
  const what = placeText(plan, index);
  const ended = (how: string): CreditAnchorError =>
    new CreditAnchorError("correct.ended", `${what} ${how}: no other record takes its place any more`, {
      hint: "credit-anchor resume finishes what was begun; credit-anchor status tells what became of it",
    });
  if (latest.ended) throw ended("was replaced, withdrawn or erased already");
  if (latest.plan !== number || latest.index !== index)
    throw new CreditAnchorError("correct.not-latest", `${what} is not the latest version of its record`, {
      hint: "name the record by its natural key, or by the receipt of its latest version",
    });
  const { header, mode } = plan;
  let status: string | null = null;
  if (registry !== undefined && header !== undefined) {
    const [byte] = await statusesOf(registry, header.agencyId, header.sequence, [index]);
    status = statusByteText(byte!);
    if (moveOn({ kind: "supersede" }, byte!) !== "possible") throw ended(`is ${status} on the chain`);
  }
  const batch = header === undefined ? null : batchId(header.agencyId, header.sequence);
  return { position: { plan: number, index }, batch, index, mode, status, what };
}
