/**
 * Example: give a receipt, hide fields of it, verify it. `npx hardhat run scripts/examples/verify.ts`
 */
import { gatherFacts } from "../../src/facts";
import { defaultShow, type Evidence, makeReceipt, present } from "../../src/receipt";
import { dateInChina, type Verdict, verify } from "../../src/verify";
import { anchorLicences } from "./anchor";
import { type Example, runExample } from "./setup";

/** What the agency does: the receipt of one record of its vault. */
async function receiptOf({ home, type }: Example, plan: number, index: number): Promise<Evidence> {
  const vault = await home.readVault({ decrypt: true });
  try {
    const { registry, header, transaction } = vault.plan(plan);
    const { key, version, secret, payload } = vault.read(plan, index);
    const values = JSON.parse(new TextDecoder().decode(payload)) as Record<string, string>;
    return makeReceipt({
      ...{ registry, batch: header!, transaction: transaction!, type, key, version, index, values, secret },
      proof: vault.proof(plan, index),
      show: defaultShow(type, false),
    });
  } finally {
    await vault.close();
  }
}

/** What anybody does: evidence, what the chain says, whom to trust, and the day that counts. */
async function verdictOn({ registry, type }: Example, evidence: Evidence): Promise<Verdict> {
  const [facts] = await gatherFacts([registry.chain], [evidence]);
  const { chainId } = registry.chain;
  const now = facts!.block.time;
  return verify({
    evidence,
    types: [type],
    facts,
    trust: [{ chainId, address: registry.address }],
    policy: { today: dateInChina(now), now },
  });
}

void runExample(async (world) => {
  const plan = await anchorLicences(world);
  const receipt = await receiptOf(world, plan.number, 17);
  const presentation = present(receipt, world.type, ["licenceKind", "decidedOn"]);
  const forged = structuredClone(presentation);
  Object.assign(
    forged.record.fields.find((field) => field.name === "licenceKind")!,
    { value: "特许" },
  );

  for (const [name, evidence] of Object.entries({ receipt, presentation, forged })) {
    const { checks } = await verdictOn(world, evidence);
    const of = (result: string): string =>
      checks
        .filter((check) => check.result === result)
        .map((check) => check.name)
        .join(" ");
    console.log(`${name}: passed ${of("passed")}${of("failed") === "" ? "" : `; FAILED ${of("failed")}`}`);
  }
});
