/**
 * Example: anchor a file of records. `npx hardhat run scripts/examples/anchor.ts`
 */
import { join } from "node:path";

import { anchorPending } from "../../src/anchoring";
import { batchId } from "../../src/commitment";
import { loadFastHashes } from "../../src/fast-hashes";
import { ingest } from "../../src/ingest";
import { writeSample } from "../../src/samples";
import type { Plan } from "../../src/vault/vault";
import { type Example, runExample } from "./setup";

/** Anchors 200 synthetic licences and returns their batch as the vault then knows it. */
export async function anchorLicences(world: Example): Promise<Plan> {
  const { registry, home, signer, agencyId, agencyCode, type, typeId, folder } = world;
  const file = join(folder, "licences.csv");
  await writeSample(file, { type: "cn.licence", rows: 200, agencyCode });

  const vault = await home.writeVault({ command: "example" });
  try {
    // 1. Plan: every row becomes a record with a secret of its own. Nothing leaves this machine.
    const target = {
      registry: { chainId: registry.chain.chainId, address: registry.address },
      ...{ agencyId, typeId, type, mode: "root" as const },
    };
    const source = { system: "licence system", collector: "example" };
    const hashes = await loadFastHashes();
    const agencyKey = await home.agencyKey();
    const rejectedFile = home.rejectedFile(file);
    const plans: number[] = [];
    for await (const plan of ingest({
      vault,
      target,
      agencyKey,
      agencyCode,
      file,
      source,
      hashes,
      rejectedFile,
    }))
      plans.push(plan.number);

    // 2. Anchor: one transaction for the batch. Killed here, the same call later continues.
    const settings = { agencyId, finalityBlocks: 0 };
    await anchorPending({ vault, registry, signer, settings });
    return vault.plan(plans[0]!);
  } finally {
    await vault.close();
  }
}

if (require.main === module)
  void runExample(async (world) => {
    const { size, root, header, transaction } = await anchorLicences(world);
    console.log(`${size} records anchored as batch ${batchId(header!.agencyId, header!.sequence)}`);
    console.log(`root ${root}, transaction ${transaction!.hash}`);
  });
