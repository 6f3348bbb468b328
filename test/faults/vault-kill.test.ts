import { expect } from "chai";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { toHex } from "../../src/bytes";
import { loadFastHashes } from "../../src/fast-hashes";
import { openHome } from "../../src/home";
import { buildTree, treeRoot } from "../../src/merkle";
import type { LmdbVault } from "../../src/vault/writer";
import { bundled } from "../support/bundle";
import { startChild } from "../support/children";
import { harbourHome, permits, plan, removeFolders, rowsFile } from "../support/homes";

/** Kills; more with VAULT_KILLS. */
const KILLS = Number(process.env["VAULT_KILLS"] ?? 20);
const RECORDS = 2000;
const BATCH = 40;

describe("a vault whose process is killed", function () {
  this.timeout(600_000);
  after(removeFolders);

  it("has everything acknowledged, nothing half, and nothing twice", async () => {
    const { dir } = await harbourHome();
    const hashes = await loadFastHashes();
    const acknowledged = new Map<number, string>();
    const signed = new Set<number>();
    let edition = 0;
    let file = rowsFile(permits(0, RECORDS, edition));
    let killed = 0;
    for (let round = 0; killed < KILLS; round++) {
      const child = startChild(bundled("vault-child.ts"), [dir, file, String(BATCH)]);
      await child.until("opened");
      // Some before the first batch, the others somewhere in one of the next, however fast the machine is.
      if (round % 4 !== 0)
        await child.until("planned", 1 + Math.floor(Math.random() * 5)).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
      child.process.kill("SIGKILL");
      const how = await child.ended;
      if (how === "SIGKILL") killed++;
      else expect(how, child.stderr()).to.equal(0);
      for (const line of child.said) {
        if ("planned" in line) acknowledged.set(line["planned"] as number, line["root"] as string);
        if ("signed" in line) signed.add(line["signed"] as number);
      }
      // Opening takes the dead process's lock over at once and removes what it left.
      const vault = await openHome(dir, { env: {} }).writeVault({ command: "test" });
      const plans = [...vault.plans()];
      for (const [number, root] of acknowledged)
        expect(plans[number]?.root, `batch ${number}`).to.equal(root);
      for (const number of signed) expect(plans[number]!.status, `batch ${number}`).to.equal("signed");
      expect(plans.map((one) => one.number)).to.deep.equal(plans.map((_, i) => i));
      for (const sub of ["batches", "secrets"])
        expect(readdirSync(join(dir, "vault", sub)), `files in ${sub}`).to.have.length(plans.length);
      const last = plans.at(-1);
      if (last !== undefined) {
        expect(toHex(treeRoot(buildTree(vault.leaves(last.number), hashes.keccak256)))).to.equal(last.root);
        expect([...vault.readAll(last.number)]).to.have.length(last.size);
      }
      await vault.close();
      if (child.said.some((line) => "finished" in line) || plans.length * BATCH >= RECORDS * (edition + 1)) {
        edition++;
        file = rowsFile(permits(0, RECORDS, edition));
      }
    }
    expect(acknowledged.size, "batches acknowledged").to.be.greaterThan(KILLS);

    const vault = await openHome(dir, { env: {} }).writeVault({ command: "test" });
    await plan(vault, file, { batchSize: BATCH });
    expect((await plan(vault, file)).counts).to.deep.include({ read: RECORDS, unchanged: RECORDS });
    checkHistory(vault, edition);
    await vault.close();
  });
});

/** Every record has each version once, each but the last superseded once, and ends with the content of the last file. */
function checkHistory(vault: LmdbVault, edition: number): void {
  const versions = new Map<string, number[]>();
  const superseded = new Map<string, number>();
  for (const { number } of vault.plans())
    for (const record of vault.readAll(number)) {
      const key = toHex(record.key);
      versions.set(key, [...(versions.get(key) ?? []), record.version]);
      if (vault.latest(record.key)!.version !== record.version) continue;
      const content = JSON.parse(new TextDecoder().decode(record.payload)) as { feeCents: number };
      expect(content.feeCents).to.equal(1000 + edition);
    }
  for (const move of vault.moves())
    for (const position of move.positions) {
      const place = `${move.plan}/${position}`;
      superseded.set(place, (superseded.get(place) ?? 0) + 1);
    }
  expect(versions.size).to.equal(RECORDS);
  let older = 0;
  for (const list of versions.values()) {
    expect(list).to.deep.equal(list.map((_, i) => i + 1));
    older += list.length - 1;
  }
  expect([...superseded.values()].every((times) => times === 1)).to.equal(true);
  expect(superseded.size).to.equal(older);
}
