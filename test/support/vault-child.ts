/**
 * A process that plans, for tests that kill it: `vault-child.ts HOME FILE BATCH_SIZE [full]`. Says what it has
 * acknowledged, one JSON line at a time, with writes that are done when they return.
 */
import { rmSync, writeSync } from "node:fs";
import { join } from "node:path";

import { CreditAnchorError } from "../../src/errors";
import { openHome } from "../../src/home";
import { ingest } from "../../src/ingest";
import { ingestOptions } from "./homes";
import { bytesOf } from "./samples";

const say = (value: object): void => void writeSync(1, `${JSON.stringify(value)}\n`);

async function main(dir: string, file: string, batchSize: number, mode?: string): Promise<void> {
  const home = openHome(dir, { env: {} });
  const vault = await home.writeVault({ command: "vault-child", waitMs: 5_000 });
  say({ opened: process.pid });
  if (mode === "hold") return void setInterval(() => undefined, 1000);
  const rejectedFile = home.rejectedFile(file);
  const run = async (): Promise<void> => {
    for await (const plan of ingest(await ingestOptions(vault, file, { batchSize, rejectedFile }))) {
      say({ planned: plan.number, root: plan.root });
      const slot = { sequence: plan.number, previous: bytesOf("previous", 20) };
      const raw = bytesOf(`raw ${plan.number}`, 110);
      vault.recordSigned(plan.number, slot, {
        raw,
        hash: bytesOf("hash"),
        nonce: plan.number,
        from: bytesOf("x", 20),
      });
      say({ signed: plan.number });
    }
  };
  try {
    await run();
  } catch (error) {
    if (!(error instanceof CreditAnchorError)) throw error;
    say({ failed: error.code, message: error.message });
    if (mode !== "full") process.exit(3);
    rmSync(join(dir, "ballast"));
    await run();
  }
  await vault.close();
  say({ finished: true });
}

const [dir, file, batchSize, mode] = process.argv.slice(2);
main(dir!, file!, Number(batchSize), mode).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
