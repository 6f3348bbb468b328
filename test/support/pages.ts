import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forgeries } from "../../scripts/support/demo-files";
import { batchId } from "../../src/commitment";
import { evidenceText, expectEvidence } from "../../src/evidence";
import { openHome } from "../../src/home";
import { present } from "../../src/receipt";
import { shippedTypes } from "../../src/types";
import { expectRun, start } from "./cli";
import { startSandboxProcess, type SandboxProcess } from "./sandbox";

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
  const receipt = async (name: string, index: number, id = batch, home = office): Promise<string> => {
    const file = at(`${name}.json`);
    await expectRun(0, ["receipt", "--batch", id, "--index", String(index), "--out", file, ...home]);
    return file;
  };
  writeFileSync(at("evidence.txt"), "an invented decision");
  const [fine, withdrawn, disputed, licence] = await Promise.all([
    receipt("fine", 17),
    receipt("withdrawn", 500),
    receipt("disputed", 0),
    receipt("licence", 3, licences, court),
  ]);
  const deployment = join(sandbox.ready.deployment, "CreditRegistry.json");
  const files = {
    ...{ fine, withdrawn, disputed, licence, deployment },
    presentation: at("presentation.json"),
    bundle: at("bundle.json"),
    checkpoint: at("checkpoint.json"),
  };
  const read = (file: string) => expectEvidence(readFileSync(file, "utf8"));
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
