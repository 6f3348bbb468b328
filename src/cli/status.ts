import { toHex } from "../bytes";
import { batchId } from "../commitment";
import { CreditAnchorError } from "../errors";
import { readHistory } from "../history";
import { openHome } from "../home";
import { openRegistry, statusesOf, type Registry } from "../registry-views";
import { parseStatus, statusText } from "../verify";
import { indexOption } from "./acts";
import { type AnyPlace, placeInBatch, placeOfReceipt } from "./any-record";
import { connect, connectNode, requireHome } from "./context";
import { checkSelector, findRecord, type Selector } from "./find-record";
import { historyLines } from "./history-lines";
import { address, jsonObject, text, url } from "./options";
import { expectEvidence } from "./present";
import { defineVerb } from "./verb";

export const statusVerb = defineVerb({
  name: "status",
  summary: "tell what became of a record: its status now, and every move with time, reason and actor",
  about: `By --key needs the home of the agency that anchored it. By --receipt or by --batch and --index anybody can ask.
The registry to ask is the home's, or --registry on the node --rpc; never what a receipt says.`,
  options: {
    key: jsonObject("--key <json>", "natural key of the record"),
    type: text("--type <name>", "record type, where records of several types have the key"),
    receipt: text("--receipt <file>", "receipt or presentation of the record"),
    batch: text("--batch <id>", "id of the batch"),
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
    const place = await placeOf(dir, options, registry);
    const id = batchId(place.header.agencyId, place.header.sequence);
    const { agencyId, sequence } = place.header;
    const [byte] = await statusesOf(registry, agencyId, sequence, [place.index]);
    const status = parseStatus(byte!);
    const events = await readHistory(
      registry,
      {
        batch: place.header,
        record: { index: place.index, ...(place.key === undefined ? {} : { key: place.key }) },
      },
      place.blockNumber,
    );
    return {
      json: {
        batch: id,
        index: place.index,
        type: place.type ?? null,
        version: place.version ?? null,
        statusByte: byte,
        status: status?.status ?? null,
        erased: status?.erased ?? null,
        marks: status?.marks ?? null,
        anchored: { at: place.header.anchoredAt, operator: place.header.operator, block: place.blockNumber },
        history: events,
      },
      text: [
        `record ${place.index} of batch ${id}${place.type === undefined ? "" : `: ${place.type}, version ${place.version}`}`,
        status === null
          ? `status byte ${byte}, which this program does not know`
          : `now        ${statusText(status)}`,
        // By key the latest version was found: it has no newer one.
        ...(options.key !== undefined && status?.status === "Superseded"
          ? ["           a record with another key took its place"]
          : []),
        "",
        ...historyLines(place.header, events),
      ],
    };
  },
});

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

async function placeOf(dir: string | undefined, selector: Selector, registry: Registry): Promise<AnyPlace> {
  if (selector.receipt !== undefined) return placeOfReceipt(expectEvidence(selector.receipt), registry);
  if (selector.key === undefined) return placeInBatch(selector.batch!, selector.index!, registry);
  const home = requireHome(dir);
  const vault = await home.readVault();
  try {
    const found = await findRecord(home, vault, selector);
    const plan = vault.plan(found.plan);
    if (plan.header === undefined)
      throw new CreditAnchorError("record.not-anchored", "the record is planned, and not anchored yet", {
        hint: "finish it with: credit-anchor resume",
      });
    const { key, version } = vault.entry(found.plan, found.index);
    const { blockNumber } = plan.transaction!;
    return {
      header: plan.header,
      index: found.index,
      blockNumber,
      type: plan.type,
      version,
      key: toHex(key),
    };
  } finally {
    await vault.close();
  }
}
