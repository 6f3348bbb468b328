import { toHex } from "../bytes";
import { batchId, headerHash, parseBatchId, type Header } from "../commitment";
import { CreditAnchorError } from "../errors";
import { readHistory } from "../history";
import { openHome } from "../home";
import { batchAt, headerHashOf, openRegistry, statusesOf, type Registry } from "../registry-views";
import { parseStatus } from "../verify";
import { indexOption } from "./acts";
import { connect, connectNode, requireHome } from "./context";
import { checkSelector, findRecord, type Selector } from "./find-record";
import { historyLines } from "./history-lines";
import { address, jsonObject, text, url, usage } from "./options";
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
          : `now        ${status.erased ? "Erased" : status.status}${status.marks.length === 0 ? "" : `, ${status.marks.join(", ")}`}`,
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

interface Place {
  readonly header: Header;
  readonly index: number;
  readonly blockNumber: number;
  readonly type?: string;
  readonly version?: number;
  /** Record key. */
  readonly key?: string;
}

async function placeOf(dir: string | undefined, selector: Selector, registry: Registry): Promise<Place> {
  if (selector.receipt !== undefined) {
    const { batch, record, transaction, registry: named } = expectEvidence(selector.receipt);
    if (named.chainId !== registry.chain.chainId || named.address !== registry.address)
      throw new CreditAnchorError(
        "receipt.other-registry",
        "the receipt names another registry than the one you trust",
        {
          hint: "credit-anchor verify says what else is wrong with it",
        },
      );
    const stored = await headerHashOf(registry, batch.agencyId, batch.sequence);
    if (stored !== toHex(headerHash(batch)))
      throw new CreditAnchorError(
        "receipt.not-anchored",
        "the registry has no such batch as the receipt names",
        {
          hint: "credit-anchor verify says what is wrong with it",
        },
      );
    const { blockNumber } = transaction;
    const { index, type, version, key } = record;
    return { header: batch, index, blockNumber, type, version, key };
  }
  if (selector.key !== undefined) {
    const home = requireHome(dir);
    const vault = await home.readVault();
    try {
      const found = await findRecord(home, vault, selector);
      const plan = vault.plan(found.plan);
      if (plan.header === undefined)
        throw new CreditAnchorError("record.not-anchored", "the record is planned, and not anchored yet", {
          hint: "finish it with: credit-anchor resume",
        });
      const { version, key } = vault.entry(found.plan, found.index);
      const { blockNumber } = plan.transaction!;
      const { header, type } = plan;
      return { header, index: found.index, blockNumber, type, version, key: toHex(key) };
    } finally {
      await vault.close();
    }
  }
  const { agencyId, sequence } = parseBatchId(selector.batch!);
  const batch = await batchAt(registry, agencyId, sequence);
  if (batch === undefined)
    throw new CreditAnchorError("batch.unknown", `the registry has no batch ${selector.batch!}`);
  const index = selector.index!;
  if (index >= batch.header.size)
    throw usage(`the batch has ${batch.header.size} records, with index 0 to ${batch.header.size - 1}`);
  return { header: batch.header, index, blockNumber: batch.blockNumber };
}
