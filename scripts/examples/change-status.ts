/**
 * Example: say what became of records. `npx hardhat run scripts/examples/change-status.ts`
 */
import { readHistory } from "../../src/history";
import { changeMarks } from "../../src/registry-admin";
import { statusesOf } from "../../src/registry-views";
import { parseStatus } from "../../src/verify";
import { anchorLicences } from "./anchor";
import { runExample } from "./setup";

const DISPUTED = 16;

void runExample(async (world) => {
  const { registry, signer } = world;
  const { header, transaction } = await anchorLicences(world);

  // The subjects of records 3 and 5 object: the records stay in force and carry a mark.
  const indexes = [3, 5];
  const noEvidence = `0x${"00".repeat(32)}`;
  const places = { header: header!, indexes, reason: 0, evidenceHash: noEvidence };
  await changeMarks({ registry, signer }, places, DISPUTED, "set", "agency");

  const { agencyId, sequence } = header!;
  const [three, four, five] = await statusesOf(registry, agencyId, sequence, [3, 4, 5]);
  for (const [index, byte] of [
    [3, three],
    [4, four],
    [5, five],
  ] as const) {
    const { status, marks } = parseStatus(byte!)!;
    console.log(`record ${index}: ${status}${marks.length === 0 ? "" : `, ${marks.join(", ")}`}`);
  }

  // Every move is an event: anybody can read who did what, when and why.
  const query = { batch: header!, record: { index: 3 } };
  for (const { event, actor, blockNumber } of await readHistory(registry, query, transaction!.blockNumber))
    console.log(`record 3: ${event} by ${actor} in block ${blockNumber}`);
});
