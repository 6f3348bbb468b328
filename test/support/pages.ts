import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forgeries } from "../../scripts/support/demo-files";
import { connectChain } from "../../src/chain";
import { batchId } from "../../src/commitment";
import { evidenceText, expectEvidence, isShown } from "../../src/evidence";
import { openHome } from "../../src/home";
import { present } from "../../src/receipt";
import { openRegistry, readAgency } from "../../src/registry-views";
import { shippedTypes } from "../../src/types";
import { expectRun, start } from "./cli";
import { startSandboxProcess, type Ready, type SandboxProcess } from "./sandbox";
import { registryInterface } from "../../src/interfaces";

/** A sandbox with some records in every state, receipts of them, forgeries, and the pages served on it. */
export interface PagesWorld {
  readonly sandbox: SandboxProcess;
  readonly url: string;
  /** Files by what they are. */
  readonly files: Readonly<Record<FileName, string>>;
  /** Forged files, each with the check that finds it out. */
  readonly forged: readonly { readonly file: string; readonly story: string }[];
  /** The market regulator's first batch. */
  readonly batch: string;
  /** Serves the pages once more, with other options. */
  serve(...args: string[]): Promise<ServedProcess>;
  /** A file of this content. */
  file(name: string, content: string | Uint8Array): string;
  stop(): Promise<void>;
}

export type FileName =
  "fine" | "presentation" | "withdrawn" | "disputed" | "licence" | "bundle" | "checkpoint" | "deployment";

export interface ServedProcess {
  readonly url: string;
  stop(): Promise<{ readonly status: number | null; readonly stderr: string }>;
}

/** Starts `credit-anchor serve` on a free port. */
export async function serve(...args: string[]): Promise<ServedProcess> {
  const { child, ended } = start(["serve", "--port", "0", ...args]);
  const url = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stderr!.on("data", (data: Buffer) => {
      said += data.toString();
      const found = /pages at (\S+)/.exec(said);
      if (found !== null) resolve(found[1]!);
    });
    void ended.then(({ status, stderr }) => reject(new Error(`serve ended with ${status}: ${stderr}`)));
  });
  return {
    url,
    stop: async () => {
      child.kill("SIGINT");
      return ended;
    },
  };
}

const read = (file: string) => expectEvidence(readFileSync(file, "utf8"));

/** The first receipts of a full batch that show a fine: early ones, whose proofs are of full length. */
function finesIn(folder: string): string[] {
  const found: string[] = [];
  for (let index = 0; found.length < 3; index++) {
    const file = join(folder, `${index}.json`);
    const { fields } = read(file).record;
    if (fields.some((field) => field.name === "fineFen" && isShown(field) && field.value !== null))
      found.push(file);
  }
  return found;
}

/** Anchors, moves, hands out: everything through the command line, as people would. */
export async function startPagesWorld(): Promise<PagesWorld> {
  const folder = mkdtempSync(join(tmpdir(), "pages-"));
  const homes = join(folder, "homes");
  const sandbox = await startSandboxProcess(homes);
  const samples = join(homes, "samples");
  const at = (name: string): string => join(folder, name);
  const office = ["--home", sandbox.ready.homes["market-regulator"]];
  const court = ["--home", sandbox.ready.homes.court];
  await Promise.all([
    expectRun(0, ["anchor", join(samples, "penalties.csv"), "--type", "cn.penalty", ...office]),
    expectRun(0, ["anchor", join(samples, "licences.csv"), "--type", "cn.licence", ...court]),
  ]);
  const firstBatch = (home: string): string => batchId(openHome(home, { env: {} }).settings.agency!.id!, 0);
  const batch = firstBatch(sandbox.ready.homes["market-regulator"]);
  const licences = firstBatch(sandbox.ready.homes.court);
  writeFileSync(at("evidence.txt"), "an invented decision");
  const licence = at("licence.json");
  await Promise.all([
    expectRun(0, ["receipt", "--batch", batch, "--all", "--out", at("receipts"), ...office]),
    expectRun(0, ["receipt", "--batch", licences, "--index", "3", "--out", licence, ...court]),
  ]);
  // The order in a batch is chance, and so is which records hide what a forger would change.
  const [fine, withdrawn, disputed] = ["fine", "withdrawn", "disputed"].map((name, i) => {
    const chosen = finesIn(at("receipts"))[i]!;
    copyFileSync(chosen, at(`${name}.json`));
    return at(`${name}.json`);
  }) as [string, string, string];
  const deployment = join(sandbox.ready.deployment, "CreditRegistry.json");
  const files = {
    ...{ fine, withdrawn, disputed, licence, deployment },
    presentation: at("presentation.json"),
    bundle: at("bundle.json"),
    checkpoint: at("checkpoint.json"),
  };
  const penalty = shippedTypes().get("cn.penalty")!;
  writeFileSync(
    files.presentation,
    evidenceText(present(read(fine), penalty, ["agencyCode", "documentNumber"])),
  );
  const evidence = ["--evidence", at("evidence.txt"), ...office];
  await expectRun(0, ["withdraw", "--receipt", withdrawn, "--reason", "decision-revoked", ...evidence]);
  await expectRun(0, ["dispute", "open", "--receipt", disputed, ...evidence]);

  // What others say of the registry, and everything about one record in one file.
  const ndrc = ["--home", sandbox.ready.homes.ndrc];
  await Promise.all([
    expectRun(0, ["checkpoint", "--out", files.checkpoint, ...ndrc]),
    expectRun(0, ["audit", "--sign", at("signed.json"), ...ndrc]),
  ]);
  await expectRun(0, [
    ...["bundle", fine, "--sign", "--out", files.bundle, "--deployment", deployment, ...office],
    ...["--checkpoint", files.checkpoint, "--signed-report", at("signed.json")],
  ]);

  mkdirSync(at("forged"));
  const forged = forgeries(read(files.fine), read(files.licence)).map(({ file, story, evidence: made }) => {
    const path = join(folder, "forged", file);
    writeFileSync(path, evidenceText(made));
    return { file: path, story };
  });
  const served = await serve(...office);
  return {
    sandbox,
    url: served.url,
    files,
    forged,
    batch,
    serve,
    file: (name, content) => {
      writeFileSync(at(name), content);
      return at(name);
    },
    stop: async () => {
      await served.stop();
      await sandbox.stop("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A batch by root that nobody can show a record of. */
export interface EmptyBatch {
  readonly home: "market-regulator" | "tax" | "court";
  readonly size: number;
}

/**
 * Batches for the pages to count, a day after the other. The clock of the chain runs ahead, and the chain signs for
 * everybody. Directly: commands would take a second each.
 */
export async function anchorDays(ready: Ready, days: readonly (readonly EmptyBatch[])[]): Promise<void> {
  const chain = await connectChain({ urls: [ready.rpcUrl], pollMs: 5 });
  const registry = await openRegistry(chain, ready.registry);
  const types = { "market-regulator": "cn.penalty", tax: "cn.penalty", court: "cn.licence" };
  let n = 0;
  for (const day of days) {
    await chain.send("evm_increaseTime", [86_400]);
    for (const { home: name, size } of day) {
      const home = openHome(ready.homes[name], { env: {} });
      const from = home.signerAddress()!;
      await chain.send("hardhat_impersonateAccount", [from]);
      const id = home.settings.agency!.id!;
      const { lastBatch } = (await readAgency(registry, id))!;
      const word = `0x${(++n).toString(16).padStart(64, "0")}`;
      const { typeId } = home.settings.types[types[name]]!;
      const data = registryInterface.encodeFunctionData("anchorRoot", [
        id,
        typeId,
        lastBatch,
        size,
        word,
        word,
      ]);
      await chain.send("eth_sendTransaction", [{ from, to: ready.registry, data, gas: "0x30d40" }]);
    }
  }
  chain.provider.destroy();
}
