/**
 * Measures the stages of the line one after the other, on one thread, each by what it adds to the one before:
 * `node stages.js HOME FILE TYPE`. Prints JSON. What the stages do together, at once and on all processors, is measured by
 * running the command itself.
 */
import { anchorPending } from "../src/anchoring";
import { domain } from "../src/commitment";
import { connectChain } from "../src/chain";
import { loadFastHashes } from "../src/fast-hashes";
import { openHome } from "../src/home";
import { ingest } from "../src/ingest";
import { RowSealer, type KnownRecords } from "../src/ingest/seal-rows";
import { openInput, rowReader } from "../src/input";
import { isObject, parseJson } from "../src/json";
import { defaultShow, makeReceipt, serialize, type Evidence } from "../src/receipt";
import { openRegistry } from "../src/registry-views";
import { gatherFacts } from "../src/facts";
import { loadType, shippedTypes } from "../src/types";
import { dateInChina, verify } from "../src/verify";

/** Seconds of each stage, and how many records went through the last two. */
export interface StageTimes {
  readonly records: number;
  readonly read: number;
  readonly validate: number;
  readonly seal: number;
  readonly store: number;
  readonly chain: number;
  readonly receipt: number;
  readonly verify: number;
}

/** Receipts are made and verified of so many records at most: they do not depend on each other. */
const MOST_RECEIPTS = 20_000;

async function timed<T>(work: () => Promise<T> | T): Promise<[number, T]> {
  const started = performance.now();
  const value = await work();
  return [(performance.now() - started) / 1000, value];
}

async function main(dir: string, file: string, typeName: string): Promise<StageTimes> {
  const hashes = await loadFastHashes();
  const type = shippedTypes().get(typeName)!;
  const home = openHome(dir);
  const settings = home.settings;
  const agency = { id: settings.agency!.id!, code: settings.agency!.code };
  const typeId = settings.types[typeName]!.typeId;
  const trusted = settings.registry!;
  const agencyKey = await home.agencyKey();
  const chain = await connectChain({ urls: settings.rpc });
  const registry = await openRegistry(chain, trusted.address, trusted.deployedAtBlock);

  const place = { domain: domain(trusted.chainId, trusted.address, hashes), agencyId: agency.id, typeId };
  const nothingKnown = { find: () => undefined } as unknown as KnownRecords;
  const through = async (stage: "read" | "validate" | "seal"): Promise<void> => {
    const input = await openInput(file);
    const reader = rowReader(type, input.header, { issuerCode: agency.code });
    const context = { type, place, mode: "root", agencyKey, agencyCode: agency.code, hashes } as const;
    const sealer = new RowSealer({ ...context, sha256: "of no importance where nothing is known" });
    for await (const rows of input.rows()) {
      if (stage === "validate") for (const row of rows) reader.read(row);
      if (stage === "seal") sealer.sealRows(rows, reader, nothingKnown);
    }
    await input.close();
  };
  const [read] = await timed(() => through("read"));
  const [validate] = await timed(() => through("validate"));
  const [seal] = await timed(() => through("seal"));

  const vault = await home.writeVault({ command: "bench" });
  const target = {
    registry: { chainId: trusted.chainId, address: trusted.address },
    agencyId: agency.id,
    typeId,
    type,
    mode: "root" as const,
  };
  const planning = ingest({
    vault,
    target,
    agencyKey,
    agencyCode: agency.code,
    file,
    source: { system: "bench", collector: "bench" },
    hashes,
    rejectedFile: home.rejectedFile(file),
    threads: 0,
  });
  const [store] = await timed(async () => {
    while ((await planning.next()).done !== true);
  });
  const [onChain, summary] = await timed(async () =>
    anchorPending({
      vault,
      registry,
      signer: await home.signer(),
      settings: { agencyId: agency.id, finalityBlocks: settings.finalityBlocks, fees: settings.fees },
    }),
  );

  const receipts: Evidence[] = [];
  const [receipt] = await timed(() => {
    for (const plan of vault.plans()) {
      const document = loadType(vault.typeDocument(plan.typeHash), hashes);
      for (let index = 0; index < plan.size && receipts.length < MOST_RECEIPTS; index++) {
        const record = vault.read(plan.number, index);
        const values = parseJson(new TextDecoder().decode(record.payload));
        if (!isObject(values)) throw new Error("a record of the vault is no object");
        receipts.push(
          makeReceipt(
            {
              registry: plan.registry,
              batch: plan.header!,
              transaction: plan.transaction!,
              type: document,
              key: record.key,
              version: record.version,
              previous: record.previous,
              index,
              values,
              secret: record.secret,
              proof: vault.proof(plan.number, index),
              show: defaultShow(document, false),
            },
            hashes,
          ),
        );
      }
    }
  });
  // One answer of the chain serves them all: what is measured is the verifier.
  const [facts] = await gatherFacts([chain], [receipts[0]!]);
  const texts = receipts.map((evidence) => serialize(evidence));
  const trust = [{ chainId: trusted.chainId, address: trusted.address }];
  const policy = { today: dateInChina(facts!.block.time) };
  const [verified] = await timed(() => {
    for (const text of texts) {
      const { checks } = verify({ evidence: text, types: [type], trust, policy }, hashes);
      if (checks.some(({ result }) => result === "failed"))
        throw new Error("a receipt of ours does not verify");
    }
  });
  await vault.close();
  chain.provider.destroy();
  const scale = summary.records / receipts.length;
  return {
    records: summary.records,
    read,
    validate: validate - read,
    seal: seal - validate,
    store: store - seal,
    chain: onChain,
    receipt: receipt * scale,
    verify: verified * scale,
  };
}

main(process.argv[2]!, process.argv[3]!, process.argv[4]!).then(
  (times) => console.log(JSON.stringify(times)),
  (error: unknown) => {
    console.error(error);
    process.exit(70);
  },
);
