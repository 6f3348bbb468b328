import { toHex } from "../bytes";
import { batchId } from "../commitment";
import { CreditAnchorError } from "../errors";
import { readHistory } from "../history";
import { short } from "../formats";
import { type Home, openHome } from "../home";
import { openRegistry, statusesOf, type Registry } from "../registry-views";
import type { Position, VaultReader } from "../vault/vault";
import { parseStatus, statusText } from "../verify";
import { batchOption, indexOption } from "./acts";
import { type AnyPlace, placeInBatch, placeOfReceipt } from "./any-record";
import { connect, connectNode, requireHome } from "./context";
import { checkSelector, findRecord, heldBatch, type Selector } from "./find-record";
import { historyJson, historyLines } from "./history-lines";
import { address, jsonObject, text, url } from "./options";
import { expectEvidence } from "./present";
import { defineVerb } from "./verb";

export const statusVerb = defineVerb({
  name: "status",
  summary:
    "tell what became of a record: its versions, the status of each, and every move with time, reason and actor",
  about: `By --key needs the home of the agency that anchored it, and tells every version that the home holds, the latest
first. By --receipt or by --batch and --index anybody can ask, of that one version.
The registry to ask is the home's, or --registry on the node --rpc; never what a receipt says.`,
  options: {
    key: jsonObject("--key <json>", "natural key of the record"),
    type: text("--type <name>", "record type, where records of several types have the key"),
    receipt: text("--receipt <file>", "receipt or presentation of the record"),
    batch: batchOption(),
    index: indexOption(),
    rpc: url("--rpc <url>", "node to ask; otherwise that of the home folder"),
    registry: address("--registry <address>", "the registry you trust, on the chain of the node"),
  },
  examples: [
    "credit-anchor status --receipt receipt.json --home auditor",
    `credit-anchor status --key '{"documentNumber": "…", "partyUscc": "91…"}' --home agency`,
    "credit-anchor status --batch 4294967296 --index 17 --rpc http://127.0.0.1:8545 --registry 0x5FbD…0aa3",
  ],
  run: async ({ options, home: dir, signal }) => {
    checkSelector(options);
    const registry = await registryOf(dir, options.rpc, options.registry, signal);
    const places = await placesOf(dir, options, registry);
    const versions: Told[] = [];
    for (const place of places.found) versions.push(await toldOf(registry, place));
    const [latest] = versions;
    return {
      json: { ...latest!.json, versions: versions.map(({ json }) => json) },
      text: [
        ...(places.planned
          ? ["a newer version is planned, and not anchored yet: credit-anchor resume", ""]
          : []),
        ...versions.flatMap((version, i) => [
          ...(i === 0 ? [] : [""]),
          ...version.text,
          // By key the latest version was found: it has no newer one.
          ...(i === 0 &&
          options.key !== undefined &&
          !places.planned &&
          latest!.json["status"] === "Superseded"
            ? ["a record with another key took its place"]
            : []),
        ]),
      ],
    };
  },
});

interface Told {
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: readonly string[];
}

/** One version: what the chain says of it now, and everything that happened to it. */
async function toldOf(registry: Registry, place: AnyPlace): Promise<Told> {
  const { header, index, type, version, leaf, blockNumber, key } = place;
  const id = batchId(header.agencyId, header.sequence);
  const [byte] = await statusesOf(registry, header.agencyId, header.sequence, [index]);
  const status = parseStatus(byte!);
  const record = { index, ...(key === undefined ? {} : { key }) };
  const events = await readHistory(registry, { batch: header, record }, blockNumber);
  const what = [
    ...(type === undefined ? [] : [`: ${type}, version ${version}`]),
    ...(leaf === undefined ? [] : [`, leaf ${short(leaf)}`]),
  ];
  return {
    json: {
      batch: id,
      index,
      type: type ?? null,
      version: version ?? null,
      leaf: leaf ?? null,
      statusByte: byte,
      status: status?.status ?? null,
      erased: status?.erased ?? null,
      marks: status?.marks ?? null,
      anchored: { at: header.anchoredAt, operator: header.operator, block: blockNumber },
      history: historyJson(events),
    },
    text: [
      `record ${index} of batch ${id}${what.join("")}`,
      status === null
        ? `status byte ${byte}, which this program does not know`
        : `now        ${statusText(status)}`,
      "",
      ...historyLines(header, events),
    ],
  };
}

async function registryOf(
  dir: string | undefined,
  rpc: string | undefined,
  named: string | undefined,
  signal: AbortSignal,
): Promise<Registry> {
  if (named === undefined) return (await connect(requireHome(dir), rpc, signal)).registry;
  const home = dir === undefined ? undefined : openHome(dir);
  const own = home?.settings.registry;
  const isOwn = own?.address === named;
  const chain = await connectNode(home, rpc, isOwn ? own.chainId : undefined, signal);
  return openRegistry(chain, named, isOwn ? own.deployedAtBlock : 0);
}

/** What is asked for: by key every anchored version that the home holds, the latest first. */
async function placesOf(
  dir: string | undefined,
  selector: Selector,
  registry: Registry,
): Promise<{ readonly found: readonly AnyPlace[]; readonly planned: boolean }> {
  if (selector.key !== undefined) return versionsHeld(requireHome(dir), selector);
  const found =
    selector.receipt === undefined
      ? await placeInBatch(selector.batch!, selector.index!, registry)
      : await placeOfReceipt(expectEvidence(selector.receipt), registry);
  return { found: [{ ...(await heldAt(dir, registry, found)), ...found }], planned: false };
}

async function versionsHeld(
  home: Home,
  selector: Selector,
): Promise<{ readonly found: readonly AnyPlace[]; readonly planned: boolean }> {
  const vault = await home.readVault();
  try {
    const found: AnyPlace[] = [];
    let planned = false;
    for (let at: Position | undefined = await findRecord(home, vault, selector); at !== undefined;) {
      const place = anchoredAt(vault, at);
      if (place === undefined) planned = true;
      else found.push(place);
      at = vault.entry(at.plan, at.index).earlier;
    }
    if (found.length === 0)
      throw new CreditAnchorError("record.not-anchored", "the record is planned, and not anchored yet", {
        hint: "finish it with: credit-anchor resume",
      });
    return { found, planned };
  } finally {
    await vault.close();
  }
}

/** What the home knows of a record of its own; nothing of others'. */
async function heldAt(
  dir: string | undefined,
  registry: Registry,
  { header, index }: AnyPlace,
): Promise<Partial<AnyPlace>> {
  const home = dir === undefined ? undefined : openHome(dir);
  const { agency, registry: own } = home?.settings ?? {};
  if (home === undefined || agency === undefined || own?.address !== registry.address) return {};
  if (own.chainId !== registry.chain.chainId) return {};
  const vault = await home.readVault();
  try {
    const plan = heldBatch(vault, batchId(header.agencyId, header.sequence));
    if (plan === undefined) return {};
    return anchoredAt(vault, { plan: plan.number, index }) ?? {};
  } finally {
    await vault.close();
  }
}

/** Undefined: the batch is planned only. */
function anchoredAt(vault: VaultReader, at: Position): AnyPlace | undefined {
  const { header, transaction, type } = vault.plan(at.plan);
  if (header === undefined || transaction === undefined) return undefined;
  const { key, version, leaf } = vault.entry(at.plan, at.index);
  const { blockNumber } = transaction;
  return { header, index: at.index, blockNumber, type, version, key: toHex(key), leaf: toHex(leaf) };
}
