import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet } from "ethers";
import type { AuditReport } from "../../src/audit";
import { sampleUscc } from "../../src/samples";
import { rawRpc, startProxy } from "../support/chains";
import { expectRun, json, run } from "../support/cli";
import { readMarkup, textOf } from "../support/markup";
import { TYPE, TYPE_NAME } from "../support/samples";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

interface BatchLine {
  readonly id: string | null;
  readonly type: string;
  readonly size: number;
  readonly sequence: number | null;
  readonly status: string;
}

interface AnchorSummary {
  readonly read: number;
  readonly anchored: number;
  readonly newVersions: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly rejectedFile: string | null;
  readonly batches: number;
  readonly batchIds: string[];
  readonly moved: number;
  readonly gas: string;
}

const PASSPHRASE = { CREDIT_ANCHOR_PASSPHRASE: "correct horse" };

/** The whole life of an agency by commands alone; each test goes on where the one before stopped. */
describe("the command line, from init to audit", function () {
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-cli-"));
  const at = (name: string): string => join(base, name);
  const code = sampleUscc("11", "100000", 990_777);
  let sandbox: SandboxProcess;
  let ndrc: string[];
  let auditor: string[];
  /** Of the new agency. */
  const own = ["--home", at("harbour")];
  const env = PASSPHRASE;
  let signer: string;

  const rows = (from: number, to: number, fee = 100): object[] =>
    Array.from({ length: to - from }, (_, i) => ({
      agencyCode: code,
      permitNumber: `P-${from + i}`,
      holderName: `Beispielreederei ${from + i}`,
      holderNumber: `H-${from + i}`,
      feeCents: fee,
      validUntil: from + i === 1 ? "2020-01-01" : "2099-12-31",
    }));
  const write = (name: string, content: readonly object[]): string => {
    writeFileSync(at(name), content.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return at(name);
  };
  const keyOf = (n: number): string => JSON.stringify({ permitNumber: `P-${n}`, holderNumber: `H-${n}` });

  before(async () => {
    sandbox = await startSandboxProcess(at("sandbox"));
    ndrc = ["--home", sandbox.ready.homes.ndrc];
  });
  after(async () => {
    await sandbox.stop("SIGKILL");
    rmSync(base, { recursive: true, force: true });
  });

  it("init makes a home and a registration request of public values only", async () => {
    const made = await json<{ signer: string; finalityBlocks: number; registration: { file: string } }>(
      [
        "init",
        ...own,
        "--code",
        code,
        "--name",
        "Harbour office",
        "--rpc",
        sandbox.ready.rpcUrl,
        "--registry",
        sandbox.ready.registry,
      ],
      { env },
    );
    signer = made.signer;
    expect(made.finalityBlocks).to.equal(0);
    const request = JSON.parse(readFileSync(made.registration.file, "utf8")) as Record<string, unknown>;
    expect(Object.keys(request)).to.deep.equal([
      "format",
      "formatVersion",
      "code",
      "administrator",
      "keyCommitment",
      "registry",
    ]);
    expect(request).to.include({ code, administrator: signer });
    expect(statSync(made.registration.file).mode & 0o777).to.equal(0o600);
  });

  it("init refuses a home that exists, and changes nothing", async () => {
    const before = readFileSync(at("harbour/settings.json"), "utf8");
    const { stderr } = await expectRun(64, ["init", ...own, "--code", code], { env });
    expect(stderr).to.contain("is a home folder already");
    expect(readFileSync(at("harbour/settings.json"), "utf8")).to.equal(before);
  });

  it("init makes the home of an auditor from a deployment record, without a code", async () => {
    auditor = ["--home", at("auditor")];
    const made = await json(
      [
        "init",
        ...auditor,
        "--rpc",
        sandbox.ready.rpcUrl,
        "--deployment",
        sandbox.ready.deployment,
        "--without-key",
      ],
      { env },
    );
    expect(made).to.deep.include({ signer: null, registration: null });
  });

  it("init --trial protects nothing and needs no passphrase; --import-key takes the key of the environment", async () => {
    const { address, privateKey } = Wallet.createRandom();
    const made = await json(["init", "--home", at("trial"), "--code", "TRIAL-1", "--trial", "--import-key"], {
      env: { CREDIT_ANCHOR_PRIVATE_KEY: privateKey },
    });
    expect(made.signer).to.equal(address.toLowerCase());
    const { stdout, stderr } = await run(["init", "--home", at("trial2"), "--code", "TRIAL-2", "--trial"]);
    expect(stdout).to.contain("FOR TRYING ONLY");
    expect(stdout + stderr).to.not.contain(privateKey.slice(2));
  });

  it("anchor before admission says whom to ask", async () => {
    const file = write("early.ndjson", rows(0, 1));
    const { stderr } = await expectRun(64, ["anchor", file, "--type", "cn.penalty", ...own], { env });
    expect(stderr).to.contain("has not admitted agency").and.to.contain("agency register registration.json");
  });

  it("agency register admits it, and once more is no error", async () => {
    const request = at("harbour/registration.json");
    const first = await json(["agency", "register", request, ...ndrc]);
    expect(first).to.include({ code, already: false });
    expect(await json(["agency", "register", request, ...ndrc])).to.include({
      agencyId: first.agencyId,
      already: true,
    });
    expect(await json(["agency", "show", ...own], { env })).to.include({
      code,
      standing: "active",
      batchCount: 0,
    });
    const all = await json<{ code: string }[]>(["agency", "list", ...auditor]);
    expect(all.map((agency) => agency.code)).to.include(code);
  });

  it("an account without funds is told so", async () => {
    const { stderr } = await expectRun(70, ["operator", "add", signer, "--can", "anchor", ...own], { env });
    expect(stderr).to.contain("cannot pay").and.to.contain("fund the account");
    await rawRpc(sandbox.ready.rpcUrl, "hardhat_setBalance", [signer, "0x8ac7230489e80000"]);
  });

  it("doctor finds that the key is no operator, and says how to make it one", async () => {
    const { ok, findings } = await json<{
      ok: boolean;
      findings: { check: string; result: string; hint?: string }[];
    }>(["doctor", ...own], { env, status: 70 });
    expect(ok).to.equal(false);
    const problem = findings.find(({ result }) => result === "problem");
    expect(problem?.check).to.equal("operator");
    expect(problem?.hint).to.contain(`credit-anchor operator add ${signer}`);
  });

  it("operator add, list and remove", async () => {
    expect(
      await json(["operator", "add", signer, "--can", "anchor,status", ...own], { env }),
    ).to.deep.include({
      can: ["anchor", "status"],
      already: false,
    });
    expect(await json(["operator", "add", signer, "--can", "anchor,status", ...own], { env })).to.include({
      already: true,
    });
    const other = Wallet.createRandom().address;
    const until = ["--until", "2035-01-01"];
    await json(["operator", "add", other, "--can", "status", ...until, ...own], { env });
    await json(["operator", "remove", other, ...own], { env });
    const list = await json<{ address: string; can: string[]; revoked: boolean }[]>(
      ["operator", "list", ...own],
      { env },
    );
    expect(list).to.have.length(2);
    expect(list[1]).to.include({ address: other.toLowerCase(), revoked: true });
    const { stderr } = await expectRun(64, ["operator", "add", other, "--can", "status", ...own], { env });
    expect(stderr).to.contain("the registry refused");
  });

  it("doctor is content now", async () => {
    expect(await json(["doctor", ...own, "--deployment", sandbox.ready.deployment], { env })).to.include({
      ok: true,
      problems: 0,
    });
  });

  it("type check, and admit by the registrar only", async () => {
    writeFileSync(at("permit.json"), JSON.stringify(TYPE));
    expect(await json(["type", "check", at("permit.json")])).to.include({ ok: true, name: TYPE_NAME });
    const file = write("first.ndjson", rows(0, 40));
    const early = await expectRun(64, ["anchor", file, "--type", at("permit.json"), ...own], { env });
    expect(early.stderr).to.contain(`credit-anchor type admit ${at("permit.json")}`);
    const refused = await expectRun(64, ["type", "admit", at("permit.json"), ...own], { env });
    expect(refused.stderr).to.contain("does not hold the role");
    const admitted = await json(["type", "admit", at("permit.json"), ...ndrc]);
    expect(admitted).to.include({ name: TYPE_NAME, already: false });
    expect(await json(["type", "admit", at("permit.json"), ...ndrc])).to.include({ already: true });
    const types = await json<{ name: string; id: number | null }[]>(["type", "list", ...ndrc]);
    expect(types.find(({ name }) => name === TYPE_NAME)?.id).to.equal(admitted.typeId);
    expect(await json(["type", "show", String(admitted.typeId), ...ndrc])).to.include({ name: TYPE_NAME });
    expect(await json(["type", "show", TYPE_NAME, ...ndrc])).to.include({ id: admitted.typeId });
  });

  it("anchor says what it would do, does it, and does it once", async () => {
    const file = write("first.ndjson", rows(0, 40));
    const args = ["anchor", file, "--type", at("permit.json"), "--batch-size", "16", ...own];
    expect(await json([...args, "--dry-run"], { env })).to.include({ dryRun: true, new: 40, rejected: 0 });
    expect(await json<BatchLine[]>(["batches", ...own])).to.deep.equal([]);
    const first = await json<AnchorSummary>(args, { env });
    expect(first).to.include({
      read: 40,
      anchored: 40,
      newVersions: 0,
      unchanged: 0,
      rejected: 0,
      batches: 3,
    });
    expect(Number(first.gas)).to.be.greaterThan(100_000);
    const again = await expectRun(0, ["anchor", file, "--type", TYPE_NAME, ...own], { env });
    expect(again.stdout).to.match(/^nothing new/);
    expect(again.stderr).to.equal("");
    const batches = await json<BatchLine[]>(["batches", ...own]);
    expect(batches.map(({ id }) => id)).to.deep.equal(first.batchIds);
    expect(batches.map(({ size, sequence, status, type }) => [size, sequence, status, type])).to.deep.equal([
      [16, 0, "final", TYPE_NAME],
      [16, 1, "final", TYPE_NAME],
      [8, 2, "final", TYPE_NAME],
    ]);
    expect(await json(["batches", "--status", "planned", ...own])).to.deep.equal([]);
    expect(await json(["resume", ...own])).to.include({ batches: 0 });
  });

  it("anchor tells rejected rows in a file of mode 0600, without their values, and exits 4", async () => {
    const bad = { ...rows(100, 101)[0], feeCents: -1, holderName: "Geheimnis" };
    const file = write("bad.ndjson", [...rows(50, 52), bad]);
    const args = ["anchor", file, "--type", TYPE_NAME, ...own];
    const { stdout, stderr } = await expectRun(4, args, { env });
    expect(stdout).to.contain("most common faults:").and.to.contain("/feeCents");
    const { rejected, rejectedFile, unchanged } = await json<AnchorSummary>(args, { env, status: 4 });
    expect({ rejected, unchanged }).to.deep.equal({ rejected: 1, unchanged: 2 });
    expect(statSync(rejectedFile!).mode & 0o777).to.equal(0o600);
    const told = readFileSync(rejectedFile!, "utf8");
    expect(JSON.parse(told)).to.deep.include({ row: 3 });
    expect(told + stdout + stderr).to.not.contain("Geheimnis");
  });

  it("receipt by key, by batch and index, and of a whole batch are the same evidence", async () => {
    const made = await json<{ batch: string; index: number; hidden: string[] }>(
      ["receipt", "--key", keyOf(3), "--out", at("r3.json"), ...own],
      { env },
    );
    expect(made.hidden).to.deep.equal(["holderNumber", "remark"]);
    const byIndex = ["receipt", "--batch", made.batch, "--index", String(made.index), ...own];
    const { stdout } = await expectRun(0, byIndex, { env });
    expect(stdout).to.equal(readFileSync(at("r3.json"), "utf8"));
    expect(await json(byIndex, { env })).to.deep.equal(JSON.parse(stdout));
    const all = await json(["receipt", "--batch", made.batch, "--all", "--out", at("all"), ...own], { env });
    expect(all).to.include({ written: 16, erased: 0 });
    expect(readdirSync(at("all"))).to.have.length(16);
    expect(readFileSync(at(`all/${made.index}.json`), "utf8")).to.equal(stdout);
    await expectRun(0, ["receipt", "--key", keyOf(1), "--out", at("r1.json"), ...own], { env });
    await expectRun(
      0,
      ["receipt", "--key", keyOf(3), "--show", "holderNumber", "--out", at("r3all.json"), ...own],
      { env },
    );
    expect(readFileSync(at("r3all.json"), "utf8")).to.contain('"H-3"');
    expect(readFileSync(at("r3.json"), "utf8")).to.not.contain('"H-3"');
  });

  const rpc = (): string[] => ["--rpc", sandbox.ready.rpcUrl];

  it("verify: 0 genuine and in force, by whichever way the trust comes", async () => {
    for (const trust of [
      auditor,
      [...rpc(), "--registry", sandbox.ready.registry],
      [...rpc(), "--deployment", sandbox.ready.deployment],
      [...rpc(), "--deployment", join(sandbox.ready.deployment, "CreditRegistry.json")],
      [...auditor, "--witness", sandbox.ready.rpcUrl, "--max-age", "100000"],
    ]) {
      const { stdout } = await expectRun(0, ["verify", at("r3.json"), ...trust]);
      expect(stdout.match(/^ {2}✓ /gm)).to.have.length.of.at.least(7);
      expect(stdout).to.contain("GENUINE AND IN FORCE");
    }
    const [verdict] = await json<{ file: string; exitStatus: number; inForce: boolean }[]>([
      "verify",
      at("r3.json"),
      ...auditor,
    ]);
    expect(verdict).to.deep.include({ file: at("r3.json"), exitStatus: 0, inForce: true });
  });

  it("verify counts a node that is named twice once, and believes none of two that disagree", async () => {
    const args = ["verify", at("r3.json"), ...auditor, "--witness"];
    expect((await expectRun(0, [...args, sandbox.ready.rpcUrl])).stdout).to.contain("(single source)");
    const witness = await startProxy(sandbox.ready.rpcUrl);
    expect((await expectRun(0, [...args, witness.url])).stdout).to.contain("(2 sources agree)");
    witness.behave = ({ method }) =>
      method === "eth_getCode" ? { kind: "result", result: "0x00" } : { kind: "forward" };
    expect((await expectRun(70, [...args, witness.url])).stderr).to.contain("contradict each other");
    await witness.stop();
  });

  it("verify goes on without a witness that is dead, says which, and is undecided", async () => {
    const dead = "http://127.0.0.1:1";
    const witness = await startProxy(sandbox.ready.rpcUrl);
    const args = (file: string): string[] => ["verify", at(file), ...auditor, "--witness"];
    for (const witnesses of [`${dead},${witness.url}`, `${witness.url},${dead}`]) {
      const { stdout } = await expectRun(2, [...args("r3.json"), witnesses]);
      expect(stdout).to.contain("(2 sources agree)").and.to.contain("GENUINE AND IN FORCE");
      expect(stdout).to.match(/^not heard {2}node 127\.0\.0\.1:1 cannot be reached/m);
      expect(stdout).to.match(/^UNDECIDED: 1 witness gave no answer;/m);
    }
    witness.behave = ({ method }) => (method === "eth_call" ? { kind: "drop" } : { kind: "forward" });
    const host = new URL(witness.url).host;
    const [told] = await json<{ silent: string[]; exitStatus: number }[]>([...args("r3.json"), witness.url], {
      status: 2,
    });
    expect(told).to.deep.include({ exitStatus: 0 });
    expect(told!.silent).to.have.lengthOf(1);
    expect(told!.silent[0]).to.contain(`node ${host} `);
    await witness.stop();
    const forged = JSON.parse(readFileSync(at("r3.json"), "utf8")) as { batch: { root: string } };
    forged.batch.root = `0x${"1".repeat(64)}`;
    writeFileSync(at("r3-forged.json"), JSON.stringify(forged));
    const failed = await expectRun(1, [...args("r3-forged.json"), dead]);
    expect(failed.stdout).to.contain("not heard  node 127.0.0.1:1");
  });

  it("verify: 3 when genuine and not in force, also by a date that is given", async () => {
    expect((await expectRun(3, ["verify", at("r1.json"), ...auditor])).stdout).to.contain(
      "GENUINE, BUT NOT IN FORCE",
    );
    await expectRun(0, ["verify", at("r1.json"), "--on", "2019-12-31", ...auditor]);
  });

  it("verify: 2 when nobody says which registry to trust, or offline", async () => {
    const { stdout } = await expectRun(2, ["verify", at("r3.json")]);
    expect(stdout)
      .to.contain("– anchor")
      .and.to.contain("no trusted registry is named")
      .and.to.contain("UNDECIDED");
    await expectRun(2, ["verify", at("r3.json"), "--offline", ...auditor]);
    await expectRun(2, ["verify", at("r3.json"), "--offline", "--registry", sandbox.ready.registry]);
  });

  it("verify: 1 for a forged value, another registry, garbage; and the worst of several counts", async () => {
    writeFileSync(
      at("forged.json"),
      readFileSync(at("r3.json"), "utf8").replace('"value": 100', '"value": 999'),
    );
    const forged = await expectRun(1, ["verify", at("forged.json"), ...auditor]);
    expect(forged.stdout).to.contain("✗ inclusion").and.to.contain("NOT GENUINE");
    const elsewhere = ["--registry", `0x${"1".repeat(40)}`];
    const other = await expectRun(1, ["verify", at("r3.json"), ...rpc(), ...elsewhere]);
    expect(other.stdout).to.contain("the registry it names is not one that you trust");
    await expectRun(1, ["verify", at("r3.json"), "--offline", ...elsewhere]);
    for (const [name, content] of [
      ["garbage.json", "this is no JSON"],
      ["empty.json", ""],
      ["other.json", "{}"],
      ["binary.json", "\u0000\u0001"],
      ["list.json", "[]"],
    ] as const) {
      writeFileSync(at(name), content);
      const [verdict] = await json<{ exitStatus: number; checks: { name: string; result: string }[] }[]>(
        ["verify", at(name), ...auditor],
        { status: 1 },
      );
      expect(verdict!.checks[0]).to.include({ name: "format", result: "failed" });
    }
    await expectRun(1, ["verify", at("r1.json"), at("r3.json"), at("forged.json"), ...auditor]);
    await expectRun(3, ["verify", at("r1.json"), at("r3.json"), ...auditor]);
    expect((await expectRun(3, ["verify", at("all"), ...auditor])).stdout).to.contain(
      "16 files: 15 genuine and in force, 1 not in force",
    );
  });

  it("verify prints values only when asked to", async () => {
    const without = await expectRun(0, ["verify", at("r3.json"), ...auditor]);
    expect(without.stdout).to.not.contain("Beispielreederei");
    const withValues = await expectRun(0, ["verify", at("r3.json"), "--values", ...auditor]);
    expect(withValues.stdout).to.contain("Beispielreederei 3").and.to.contain("2099-12-31 (long-term)");
  });

  it("present hides fields and keeps the proof", async () => {
    const made = await json<{ shown: string[] }>([
      "present",
      at("r3.json"),
      "--show",
      "feeCents",
      "--out",
      at("p.json"),
    ]);
    expect(made.shown).to.have.members(["agencyCode", "feeCents", "validUntil"]);
    expect(readFileSync(at("p.json"), "utf8")).to.not.contain("Beispielreederei");
    await expectRun(0, ["verify", at("p.json"), ...auditor]);
    const { stdout } = await expectRun(0, ["present", at("p.json"), "--show", "agencyCode"]);
    expect(JSON.parse(stdout)).to.include({ format: "credit-anchor/presentation" });
    const hidden = await expectRun(64, [
      "present",
      at("p.json"),
      "--show",
      "holderName",
      "--out",
      at("x.json"),
    ]);
    expect(hidden.stderr).to.contain("is hidden in this receipt");
    const itself = await expectRun(64, [
      "present",
      at("r3.json"),
      "--show",
      "feeCents",
      "--out",
      at("r3.json"),
    ]);
    expect(itself.stderr).to.contain("it would be lost");
  });

  it("a changed record becomes the next version, and the old receipt says so", async () => {
    const file = write("second.ndjson", [...rows(0, 40).slice(4), ...rows(3, 4, 250)]);
    const { anchored, newVersions, unchanged, moved } = await json<AnchorSummary>(
      ["anchor", file, "--type", TYPE_NAME, "--mode", "leaves", ...own],
      { env },
    );
    expect({ anchored, newVersions, unchanged, moved }).to.deep.equal({
      anchored: 1,
      newVersions: 1,
      unchanged: 36,
      moved: 1,
    });
    expect((await expectRun(3, ["verify", at("r3.json"), ...auditor])).stdout).to.contain(
      "a newer version, or a record with another key, took its place",
    );
    expect(await json(["receipt", "--key", keyOf(3), "--out", at("r3v2.json"), ...own], { env })).to.include({
      version: 2,
    });
    await expectRun(0, ["verify", at("r3v2.json"), ...auditor]);
    const old = ["receipt", "--key", keyOf(3), "--record-version", "1", "--out", at("r3v1.json"), ...own];
    expect(await json(old, { env })).to.include({ version: 1 });
    await expectRun(64, ["receipt", "--key", keyOf(3), "--record-version", "3", ...own], { env });
    const { history } = await json<{ history: { event: string; successor: string }[] }>([
      "status",
      "--receipt",
      at("r3.json"),
      ...auditor,
    ]);
    expect(history.map(({ event }) => event)).to.deep.equal(["RecordsSuperseded"]);
    const [verdict] = await json<{ subject: { leaf: string } }[]>(["verify", at("r3v2.json"), ...auditor]);
    expect(history[0]!.successor).to.equal(verdict!.subject.leaf);
  });

  it("anchor --mode direct makes a batch of each record", async () => {
    const file = write("direct.ndjson", rows(200, 202));
    const { batches } = await json<AnchorSummary>(
      ["anchor", file, "--type", TYPE_NAME, "--mode", "direct", ...own],
      { env },
    );
    expect(batches).to.equal(2);
    const { stderr } = await expectRun(
      64,
      ["anchor", file, "--type", TYPE_NAME, "--mode", "direct", "--batch-size", "2", ...own],
      { env },
    );
    expect(stderr).to.contain("every record is a batch of its own");
  });

  it("withdraw: once, with reason and evidence, told by status; nothing follows", async () => {
    writeFileSync(at("evidence.txt"), "the decision was revoked");
    const args = [
      "withdraw",
      "--key",
      keyOf(5),
      "--reason",
      "decision-revoked",
      "--evidence",
      at("evidence.txt"),
      ...own,
    ];
    expect(await json([...args, "--dry-run"], { env })).to.include({ dryRun: true, withdrawn: false });
    expect(await json(args, { env })).to.include({ already: false, withdrawn: true, reason: 10 });
    expect(await json(args, { env })).to.include({ already: true });
    const kept = readdirSync(at("harbour/evidence"));
    expect(kept).to.have.length(1);
    const found = await json<{
      status: string;
      history: { reason: number; evidenceHash: string; actor: string }[];
    }>(["status", "--key", keyOf(5), ...own], { env });
    expect(found.status).to.equal("Withdrawn");
    expect(found.history).to.have.length(1);
    expect(found.history[0]).to.include({
      reason: 10,
      actor: signer,
      evidenceHash: kept[0]!.replace(".json", ""),
    });
    const { stdout } = await expectRun(0, ["status", "--key", keyOf(5), ...own], { env });
    expect(stdout).to.contain("10 decision-revoked: the decision was revoked");
    const file = write("after.ndjson", rows(5, 6, 999));
    await expectRun(4, ["anchor", file, "--type", TYPE_NAME, ...own], { env });
  });

  it("verify --as-of says what a record was worth then, by what the events tell", async () => {
    await expectRun(0, ["receipt", "--key", keyOf(5), "--out", at("r5.json"), ...own], { env });
    const [now] = await json<
      { told: { history: { blockNumber: number }[]; key: { entitled: object } }; asOf: null }[]
    >(["verify", at("r5.json"), ...auditor], { status: 3 });
    const { blockNumber } = now!.told.history[0]!;
    expect(now!.told.key.entitled).to.include.keys("validFrom", "validUntil");
    const before = await expectRun(
      0,
      ["verify", at("r5.json"), "--as-of", String(blockNumber - 1), ...auditor],
      {},
    );
    expect(before.stdout).to.contain("Active, in force").and.to.contain("entitled from");
    expect(before.stdout).to.not.contain("Withdrawn");
    const since = ["verify", at("r5.json"), "--as-of", String(blockNumber), ...auditor];
    expect((await expectRun(3, since)).stdout).to.contain("decision-revoked");
    const early = ["verify", at("r5.json"), "--as-of", "2001-02-03", ...auditor];
    const { stdout } = await expectRun(3, early);
    expect(stdout)
      .to.match(/^as of 2001-02-03 23:59:59 UTC\+8$/m)
      .and.to.match(/^ {2}NOT YET ANCHORED THEN$/m);
    expect(stdout)
      .to.match(/– anchor +not anchored yet then/)
      .and.to.match(/– issuer +not anchored yet then/);
    expect(stdout)
      .to.contain("it was not anchored yet")
      .and.not.to.match(/decision-revoked|entitled| anchored 2/);
    for (const moment of ["2999-01-01", "2026-02-30", "yesterday", "999999999"])
      await expectRun(64, ["verify", at("r5.json"), "--as-of", moment, ...auditor]);
    await expectRun(64, ["verify", at("r5.json"), "--as-of", "2026-01-01", "--offline"]);
  });

  it("status and verify tell which direct record took the place of another", async () => {
    const place = ["receipt", "--key", keyOf(200), ...own];
    await expectRun(0, [...place, "--out", at("d1.json")], { env });
    const file = write("direct-next.ndjson", rows(200, 201, 5));
    await expectRun(0, ["anchor", file, "--type", TYPE_NAME, "--mode", "direct", ...own], { env });
    await expectRun(0, [...place, "--out", at("d2.json")], { env });
    const [next] = await json<{ subject: { leaf: string } }[]>(["verify", at("d2.json"), ...auditor]);
    const args = ["status", "--receipt", at("d1.json"), ...auditor];
    const { history } = await json<{ history: { event: string; successor: string; actor: string }[] }>(args);
    expect(history).to.have.length(1);
    expect(history[0]).to.include({
      event: "RecordsSuperseded",
      successor: next!.subject.leaf,
      actor: signer,
    });
    await expectRun(3, ["verify", at("d1.json"), ...auditor]);
  });

  it("a suspended agency anchors nothing and may still withdraw", async () => {
    const shown = await json(["agency", "show", code, ...ndrc]);
    expect(await json(["agency", "suspend", String(shown.id), "--reason", "51", ...ndrc])).to.include({
      already: false,
    });
    const file = write("suspended.ndjson", rows(300, 301));
    expect((await expectRun(64, ["anchor", file, "--type", TYPE_NAME, ...own], { env })).stderr).to.contain(
      "suspended",
    );
    const receipt = ["receipt", "--key", keyOf(6), "--out", at("r6.json"), ...own];
    await expectRun(0, receipt, { env });
    expect(
      await json(["withdraw", "--receipt", at("r6.json"), "--reason", "13", ...own], { env }),
    ).to.include({ withdrawn: true });
    expect(await json(["agency", "reinstate", code, "--reason", "settled", ...ndrc])).to.include({
      standing: "active",
    });
  });

  it("audit finds nothing, says that the source is a single one, and looks into the vault", async () => {
    const { stdout } = await expectRun(0, ["audit", ...own], { env });
    expect(stdout).to.contain("NO DIFFERENCES, by a single source");
    const same = await expectRun(0, ["audit", ...auditor, "--witness", sandbox.ready.rpcUrl]);
    expect(same.stdout).to.contain("(single source)");
    const witness = await startProxy(sandbox.ready.rpcUrl);
    const report = await json<{
      journal: { length: number; head: string };
      singleSource: boolean;
      differences: unknown[];
    }>(["audit", ...auditor, "--witness", witness.url, "--out", at("audit.json")]);
    await witness.stop();
    expect(report).to.deep.include({ singleSource: false, differences: [] });
    expect(JSON.parse(readFileSync(at("audit.json"), "utf8"))).to.deep.equal(report);
    const { length, head } = report.journal;
    await expectRun(0, ["audit", ...auditor, "--head", `${length}:${head}`]);
    const wrong = await expectRun(1, [
      "audit",
      ...auditor,
      "--head",
      `${length}:${head.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"))}`,
    ]);
    expect(wrong.stdout)
      .to.contain("✗")
      .and.to.match(/^1 DIFFERENCE$/m);
  });

  it("audit --report writes one report for machines and people, and nothing over a file of somebody else", async () => {
    const folder = at("report");
    const names = ["report.en.html", "report.json", "report.zh.html"];
    const found = await json<AuditReport>(["audit", ...own, "--report", folder, "--period", "quarter"], {
      env,
    });
    expect(readdirSync(folder).sort()).to.deep.equal(names);
    for (const name of names) expect(statSync(join(folder, name)).mode & 0o777).to.equal(0o600);
    const written = readFileSync(join(folder, "report.json"), "utf8");
    expect(JSON.parse(written)).to.deep.equal(found);
    const { proven, records, timeliness, agencies } = found.coverage;
    expect(proven).to.equal(records).and.to.be.greaterThan(0);
    // The type of this story has no limit for its publication.
    expect(timeliness).to.deep.equal({ onTime: 0, late: 0, notKnown: records });
    expect(agencies.every(({ withoutGap }) => withoutGap)).to.equal(true);
    const [type] = agencies.flatMap(({ types }) => types);
    expect(type!.periods[0]!.period).to.match(/^\d{4}-Q[1-4]$/);
    for (const name of ["report.en.html", "report.zh.html"]) {
      const page = readMarkup(readFileSync(join(folder, name), "utf8"));
      const said = textOf(page);
      expect(said).to.contain(createHash("sha256").update(written).digest("hex"));
      expect(said).to.contain(found.block.hash).and.to.contain(found.journal.head);
      expect(said).to.contain(type!.periods[0]!.period);
    }

    // An earlier report is replaced; without the vault only what the chain itself shows is proven.
    const { stderr } = await expectRun(0, ["audit", ...auditor, "--report", folder]);
    expect(stderr).to.contain(`report in ${folder}: report.json, report.zh.html, report.en.html`);
    const later = JSON.parse(readFileSync(join(folder, "report.json"), "utf8")) as AuditReport;
    expect(later.coverage).to.deep.include({ records, period: "month" });
    expect(later.coverage.proven).to.be.greaterThan(0).and.lessThan(records);

    writeFileSync(join(folder, "report.zh.html"), "<p>somebody else's</p>");
    const refused = await expectRun(64, ["audit", ...auditor, "--report", folder]);
    expect(refused.stderr).to.contain("report.zh.html exists and is not a file of credit-anchor");
    await expectRun(64, ["audit", ...auditor, "--report", join(folder, "report.json")]);
  });

  it("audit builds on the one before, and says so", async () => {
    const { stdout } = await expectRun(0, ["audit", ...auditor]);
    expect(stdout).to.match(
      /^index +as of block [0-9]+, .*\n +taken over, not asked again: [1-9][0-9,]* events/m,
    );
    const { index } = await json<AuditReport>(["audit", ...auditor, "--without-index"]);
    expect(index).to.equal(null);
    await expectRun(64, ["audit", ...auditor, "--without-index", "--rebuild-index"]);
  });

  it("audit catches a node that hides one event, and remembers it", async () => {
    const proxy = await startProxy(sandbox.ready.rpcUrl);
    proxy.behave = ({ method }) =>
      method === "eth_getLogs"
        ? { kind: "forward", change: (logs) => (logs as unknown[]).filter((_, i) => i !== 12) }
        : { kind: "forward" };
    const { stdout } = await expectRun(1, ["audit", ...auditor, "--rpc", proxy.url, "--rebuild-index"]);
    expect(stdout).to.contain("[journal.gap]");
    proxy.behave = () => ({ kind: "forward" });
    const again = await expectRun(1, ["audit", ...auditor, "--rpc", proxy.url]);
    expect(again.stdout).to.contain("[journal.gap]").and.to.contain("found by earlier audits");
    await expectRun(0, ["audit", ...auditor, "--rpc", proxy.url, "--rebuild-index"]);
    await proxy.stop();
  });

  it("a second command on a home that is in use is refused, or waits", async () => {
    const proxy = await startProxy(sandbox.ready.rpcUrl);
    const anchor = (file: string, ...more: string[]): string[] => [
      "anchor",
      file,
      "--type",
      TYPE_NAME,
      ...own,
      ...more,
    ];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const sent = new Promise<void>((resolve) => {
      proxy.behave = async ({ method }) => {
        if (method === "eth_sendRawTransaction") {
          resolve();
          await held;
        }
        return { kind: "forward" };
      };
    });
    const slow = run(anchor(write("slow.ndjson", rows(400, 410)), "--rpc", proxy.url), { env });
    await sent;
    const file = write("other.ndjson", rows(410, 420));
    const waiting = run(anchor(file, "--wait", "--json"), { env });
    const refused = await run(anchor(file), { env });
    // However slow the machine is: the first one has the home until the other was refused.
    release();
    const waited = await waiting;
    expect(refused.status).to.equal(70);
    expect(refused.stderr).to.contain("in use by process").and.to.contain("--wait");
    expect(waited.status).to.equal(0);
    expect(JSON.parse(waited.stdout)).to.include({ anchored: 10 });
    expect((await slow).status).to.equal(0);
    await proxy.stop();
  });

  it("audit finds a vault that was tampered with", async () => {
    const folder = at("harbour/vault/batches");
    const victim = join(
      folder,
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => statSync(join(folder, name)).isFile())
        .sort()[0]!,
    );
    const before = readFileSync(victim);
    const changed = Buffer.from(before);
    changed[Math.floor(changed.length / 2)]! ^= 1;
    writeFileSync(victim, changed);
    try {
      expect((await expectRun(1, ["audit", ...own], { env })).stdout).to.match(/✗ .*\n[^]*\d DIFFERENCES?\n/);
    } finally {
      writeFileSync(victim, before);
    }
    await expectRun(0, ["audit", ...own], { env });
  });
});
