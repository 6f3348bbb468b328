import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { decryptKeystoreJsonSync, Wallet } from "ethers";
import { TRIAL_PASSPHRASE } from "../../src/home";
import { connectChain } from "../../src/chain";
import { latestDirect, openRegistry } from "../../src/registry-views";
import { rawRpc } from "../support/chains";
import { expectRun, json, type RunOptions } from "../support/cli";
import { TYPE } from "../support/samples";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

interface Shown {
  readonly id: number;
  readonly code: string;
  readonly standing: string;
  readonly successor: number | null;
  readonly actingAgency: number;
  readonly successors: { id: number; standing: string }[];
  readonly administrators: { event: string; administrator: string; reason?: number }[];
}

interface Receipt {
  readonly batch: { readonly agencyId: number; readonly operator: string };
  readonly record: { readonly key: string; readonly version: number };
}

/** Three agencies become one, by commands alone; each test goes on where the one before stopped. */
describe("agencies that are merged", function () {
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-succession-"));
  const at = (name: string): string => join(base, name);
  let sandbox: SandboxProcess;
  let ndrc: string[];
  /** In the order in which they take over: court, then regulator, then tax. */
  let court: string[];
  let regulator: string[];
  let tax: string[];
  let courtCode: string;
  let ids: { court: number; regulator: number; tax: number };

  const show = (...args: string[]): Promise<Shown> => json<Shown>(["agency", "show", ...args]);
  /** The key of a home, to act with another one. */
  const keyOf = (home: string[]): RunOptions => {
    const keystore = readFileSync(join(home[1]!, "keys", "operator.json"), "utf8");
    return {
      env: { CREDIT_ANCHOR_PRIVATE_KEY: decryptKeystoreJsonSync(keystore, TRIAL_PASSPHRASE).privateKey },
    };
  };
  const fund = async (address: string): Promise<void> =>
    void (await rawRpc(sandbox.ready.rpcUrl, "hardhat_setBalance", [address, "0x8ac7230489e80000"]));

  /** Invented permits of the court by their number, in the edition of a correction. */
  const permits = (name: string, from: number, to: number, edition = 0): string => {
    const rows = Array.from({ length: to - from }, (_, i) => ({
      agencyCode: courtCode,
      permitNumber: `P-${from + i}`,
      holderName: `Beispielreederei ${from + i}`,
      holderNumber: `H-${from + i}`,
      feeCents: 100 + edition,
      validUntil: "2099-12-31",
    }));
    writeFileSync(at(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return at(name);
  };
  const anchor = (file: string, mode: string, options: RunOptions = {}): Promise<Record<string, unknown>> =>
    json(["anchor", file, "--type", at("type.json"), "--mode", mode, ...court], options);
  const receiptOf = async (batch: string, index: number, name: string): Promise<Receipt> => {
    await expectRun(0, ["receipt", "--batch", batch, "--index", String(index), "--out", at(name), ...court]);
    return JSON.parse(readFileSync(at(name), "utf8")) as Receipt;
  };
  const verify = (status: number, name: string): Promise<{ stdout: string }> =>
    expectRun(status, ["verify", at(name), ...tax]);

  before(async () => {
    sandbox = await startSandboxProcess(at("sandbox"));
    const { homes } = sandbox.ready;
    ndrc = ["--home", homes.ndrc];
    court = ["--home", homes.court];
    regulator = ["--home", homes["market-regulator"]];
    tax = ["--home", homes.tax];
    courtCode = (await show(...court)).code;
    writeFileSync(at("type.json"), JSON.stringify(TYPE));
    await expectRun(0, ["type", "admit", at("type.json"), ...ndrc]);
    ids = {
      court: (await show(...court)).id,
      regulator: (await show(...regulator)).id,
      tax: (await show(...tax)).id,
    };
  });
  after(async () => {
    await sandbox.stop("SIGKILL");
    rmSync(base, { recursive: true, force: true });
  });

  let directKey: string;
  let batchOf: Record<"direct" | "batch", string>;

  it("each anchor records of their own", async () => {
    const { batchIds: direct } = await anchor(permits("direct.ndjson", 0, 1), "direct");
    const { batchIds: batch } = await anchor(permits("batch.ndjson", 1, 6), "root");
    batchOf = { direct: (direct as string[])[0]!, batch: (batch as string[])[0]! };
    directKey = (await receiptOf(batchOf.direct, 0, "direct-1.json")).record.key;
    await receiptOf(batchOf.batch, 0, "batch-1.json");
    await verify(0, "direct-1.json");
    await verify(0, "batch-1.json");
  });

  it("a succession needs both consents and the registrar, each step once, in words that say what is missing", async () => {
    const complete = ["agency", "succession", "complete", String(ids.court), String(ids.regulator), ...ndrc];
    expect((await expectRun(64, complete)).stderr).to.contain("has not named");
    const stranger = ["agency", "succession", "name", String(ids.tax), "--agency", String(ids.court), ...tax];
    expect((await expectRun(64, stranger)).stderr).to.contain("is not the administrator");

    const name = (...args: string[]): Promise<Record<string, unknown>> =>
      json(["agency", "succession", "name", ...args, ...court]);
    expect(await name(String(ids.tax))).to.include({ successor: ids.tax, already: false });
    expect(await name("--take-back")).to.include({ successor: null, already: false });
    for (const already of [false, true])
      expect(await name(String(ids.regulator))).to.include({ successor: ids.regulator, already });
    const wrong = await expectRun(64, ["agency", "succession", "name", ...court]);
    expect(wrong.stderr).to.contain("--take-back");

    expect((await expectRun(64, complete)).stderr).to.contain("has not consented");
    const accept = ["agency", "succession", "accept", String(ids.court), ...regulator];
    const { stdout } = await expectRun(0, accept);
    expect(stdout).to.contain(
      `registrar: credit-anchor agency succession complete ${ids.court} ${ids.regulator}`,
    );
    expect(stdout).to.not.contain("administrator of agency");
    expect(await json(accept)).to.include({ already: true, consents: true });
    for (const already of [false, true])
      expect(await json([...accept, "--take-back"])).to.include({ already, consents: false });
    expect((await expectRun(64, complete)).stderr).to.contain("has not consented");
    expect((await expectRun(0, [...accept, "--take-back"])).stdout).to.contain("does not consent to succeed");
    expect(await json(accept)).to.include({ already: false, consents: true });
    for (const already of [false, true])
      expect(await json([...complete, "--reason", "reorganised"])).to.include({
        agencyId: ids.court,
        successor: ids.regulator,
        reason: 52,
        already,
        waitsUntil: null,
      });

    const shown = await show(...court);
    expect(shown).to.include({ standing: "closed", successor: ids.regulator, actingAgency: ids.regulator });
    const list = await json<Shown[]>(["agency", "list", ...ndrc]);
    expect(list.find(({ id }) => id === ids.court)).to.include({ successor: ids.regulator });
  });

  it("the home of the one that was taken over says so, and its old key is refused", async () => {
    const refused = await expectRun(64, ["anchor", at("batch.ndjson"), "--type", at("type.json"), ...court]);
    expect(refused.stderr)
      .to.contain(`was succeeded by agency ${ids.regulator}`)
      .and.to.contain(`is no operator of agency ${ids.regulator}`);
    const { findings } = await json<{ findings: { check: string; result: string; message: string }[] }>(
      ["doctor", ...court],
      { status: 70 },
    );
    const about = (check: string): { result: string; message: string } =>
      findings.find((finding) => finding.check === check)!;
    expect(about("agency")).to.deep.include({ result: "ok" });
    expect(about("agency").message).to.contain(`succeeded by agency ${ids.regulator}`);
    expect(about("operator").result).to.equal("problem");
    // What it anchored is as good as before.
    await verify(0, "batch-1.json");
  });

  it("the successor gives that home a key of its own and continues the versions, direct ones too", async () => {
    const poor = await expectRun(64, ["operator", "rotate", ...court], keyOf(regulator));
    await fund(/the new key is (0x[0-9a-f]{40})/.exec(poor.stderr)![1]!);
    const rotated = await json(["operator", "rotate", ...court], keyOf(regulator));
    expect(rotated).to.include({ agencyId: ids.regulator, done: true });
    await expectRun(0, ["doctor", ...court]);

    const direct = await anchor(permits("direct-2.ndjson", 0, 1, 1), "direct");
    const batch = await anchor(permits("batch-2.ndjson", 1, 3, 1), "root");
    expect(direct).to.include({ newVersions: 1 });
    expect(batch).to.include({ newVersions: 2, moved: 2 });
    for (const [kind, result] of Object.entries({ direct, batch })) {
      const receipt = await receiptOf((result.batchIds as string[])[0]!, 0, `${kind}-2.json`);
      expect(receipt.batch).to.deep.include({ agencyId: ids.court, operator: rotated.to });
      expect(receipt.record.version).to.equal(2);
      await verify(0, `${kind}-2.json`);
    }
    await verify(3, "direct-1.json");
    // A contract that reads the registry finds the new version under the key it has always asked for.
    const chain = await connectChain({ urls: [sandbox.ready.rpcUrl] });
    const latest = await latestDirect(
      await openRegistry(chain, sandbox.ready.registry),
      ids.court,
      directKey,
    );
    expect(latest).to.deep.equal({ batchId: (direct.batchIds as string[])[0], version: 2, status: 0 });
  });

  it("a successor can be succeeded, without its consent too: the last one acts for all", async () => {
    const without = [
      "agency",
      "succession",
      "complete-without-consent",
      String(ids.regulator),
      String(ids.tax),
      ...ndrc,
    ];
    expect((await expectRun(64, without)).stderr).to.contain("has not consented");
    await json(["agency", "succession", "accept", String(ids.regulator), ...tax]);
    for (const already of [false, true])
      expect(await json([...without, "--reason", "reorganised"])).to.include({ successor: ids.tax, already });
    const shown = await show(...court);
    expect(shown).to.include({ successor: ids.regulator, actingAgency: ids.tax });
    expect(shown.successors.map(({ id, standing }) => [id, standing])).to.deep.equal([
      [ids.regulator, "closed"],
      [ids.tax, "active"],
    ]);
    const { stdout } = await expectRun(0, ["agency", "show", ...court]);
    expect(stdout)
      .to.match(/succeeded by +agency/)
      .and.to.match(/and that by +agency/);

    const refused = await expectRun(64, ["anchor", at("direct.ndjson"), "--type", at("type.json"), ...court]);
    expect(refused.stderr).to.contain(`was succeeded by agency ${ids.tax}`);
    // By a key of the last one: the next version, a status, and the records of the one in the middle.
    const last = keyOf(tax);
    const direct = await anchor(permits("direct-3.ndjson", 0, 1, 2), "direct", last);
    expect(direct).to.include({ newVersions: 1 });
    await verify(3, "direct-2.json");
    // Its standing counts for all: suspended, it may withdraw and not anchor.
    await json(["agency", "suspend", String(ids.tax), "--reason", "key-compromised", ...ndrc]);
    const stopped = await expectRun(
      64,
      ["anchor", permits("batch-3.ndjson", 2, 4, 3), "--type", at("type.json"), ...court],
      last,
    );
    expect(stopped.stderr).to.contain(`agency ${ids.tax} is suspended`);
    const withdraw = ["withdraw", "--receipt", at("batch-2.json"), "--reason", "decision-revoked", ...court];
    expect(await json(withdraw, last)).to.include({ withdrawn: true });
    await verify(3, "batch-2.json");
    await json(["agency", "reinstate", String(ids.tax), "--reason", "settled", ...ndrc]);
    const { stderr } = await expectRun(
      0,
      ["anchor", at("direct-3.ndjson"), "--type", at("type.json"), "--mode", "direct", ...court],
      last,
    );
    expect(stderr).to.contain(`note: agency ${ids.court} of this home was succeeded by agency ${ids.tax}`);
  });

  it("nobody undoes it: neither of the closed ones acts, or is succeeded or taken over once more", async () => {
    const again = [
      "agency",
      "succession",
      "complete-without-consent",
      String(ids.court),
      String(ids.tax),
      ...ndrc,
    ];
    expect((await expectRun(64, again)).stderr).to.contain("was succeeded by agency");
    const own = [
      "operator",
      "add",
      Wallet.createRandom().address,
      "--can",
      "anchor",
      "--agency",
      String(ids.court),
    ];
    expect((await expectRun(64, [...own, ...court], keyOf(court))).stderr).to.match(/closed|administrator/);
    const back = ["agency", "succession", "name", String(ids.court), ...tax];
    expect((await expectRun(64, back)).stderr).to.contain("closed");
  });

  it("an audit of the chain and of that home finds nothing wrong with any of it", async () => {
    const { differences } = await json<{ differences: unknown[] }>(["audit", ...court]);
    expect(differences).to.deep.equal([]);
  });
});
