import { expect } from "chai";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHome } from "../../src/home";
import { sampleUscc } from "../../src/samples";
import { rawRpc } from "../support/chains";
import { expectRun, json } from "../support/cli";
import { TYPE } from "../support/samples";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

/** Two homes of one agency, made by commands alone. Each test goes on where the one before stopped. */
describe("a second home of an agency", function () {
  this.timeout(180_000);
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-second-home-"));
  const at = (name: string): string => join(base, name);
  const code = sampleUscc("11", "100000", 880_123);
  const first = { CREDIT_ANCHOR_PASSPHRASE: "correct horse" };
  const second = { CREDIT_ANCHOR_PASSPHRASE: "battery staple" };
  const transport = { CREDIT_ANCHOR_TRANSPORT_PASSPHRASE: "pigeon post" };
  const homes = { first: ["--home", at("first")], second: ["--home", at("second")] };
  let sandbox: SandboxProcess;
  let node: string[];

  const rows = (name: string, from: number, to: number): string => {
    const row = (n: number): object => ({
      agencyCode: code,
      permitNumber: `P-${n}`,
      holderName: `Beispielreederei Nummer ${n} 示例`,
      holderNumber: `H-${n}`,
      feeCents: 100,
      remark: `Seemannsgarn ${n}`,
      validUntil: "2099-12-31",
    });
    const lines = Array.from({ length: to - from }, (_, i) => `${JSON.stringify(row(from + i))}\n`);
    writeFileSync(at(name), lines.join(""));
    return at(name);
  };
  const fund = (account: string): Promise<unknown> =>
    rawRpc(sandbox.ready.rpcUrl, "hardhat_setBalance", [account, "0x8ac7230489e80000"]);

  before(async () => {
    sandbox = await startSandboxProcess(at("sandbox"));
    node = ["--rpc", sandbox.ready.rpcUrl];
    const ndrc = ["--home", sandbox.ready.homes.ndrc];
    const registry = ["--registry", sandbox.ready.registry];
    const { signer } = await json<{ signer: string }>(
      ["init", ...homes.first, "--code", code, ...node, ...registry],
      {
        env: first,
      },
    );
    const early = await expectRun(64, ["agency", "key", "export", at("early.json"), ...homes.first], {
      env: { ...first, ...transport },
    });
    expect(early.stderr).to.include("has not admitted agency");
    await json(["agency", "register", at("first/registration.json"), ...ndrc]);
    await fund(signer);
    await json(["operator", "add", signer, "--can", "anchor,status", ...homes.first], { env: first });
    writeFileSync(at("permit.json"), JSON.stringify(TYPE));
    await json(["type", "admit", at("permit.json"), ...ndrc]);
  });
  after(async () => {
    await sandbox.stop("SIGKILL");
    rmSync(base, { recursive: true, force: true });
  });

  it("begins with the agency's key, closed for its journey", async () => {
    const args = ["agency", "key", "export", at("key.json"), ...homes.first];
    const none = await expectRun(64, args, { env: first });
    expect(none.stderr).to.include("CREDIT_ANCHOR_TRANSPORT_PASSPHRASE");
    expect(existsSync(at("key.json"))).to.equal(false);
    const { stdout, stderr } = await expectRun(0, args, { env: { ...first, ...transport } });
    expect(statSync(at("key.json")).mode & 0o777).to.equal(0o600);
    const agencyKey = Buffer.from(await openHome(at("first"), { env: first }).agencyKey());
    for (const told of [stdout, stderr, readFileSync(at("key.json"), "utf8")])
      for (const secret of [
        agencyKey.toString("hex"),
        agencyKey.toString("base64"),
        "pigeon post",
        "correct horse",
      ])
        expect(told).not.to.include(secret);
    const again = await expectRun(64, args, { env: { ...first, ...transport } });
    expect(again.stderr).to.include("key.json exists");
  });

  it("is not made by a wrong passphrase, a changed file, another registry or what the file says already", async () => {
    const refused = async (
      expected: string,
      file: string,
      env: Record<string, string>,
      ...more: string[]
    ) => {
      const args = ["init", ...homes.second, "--join", file, ...node, ...more];
      const { stderr } = await expectRun(64, args, { env: { ...second, ...transport, ...env } });
      expect(stderr).to.include(expected);
      expect(existsSync(at("second"))).to.equal(false);
    };
    const changed = (name: string, change: (file: string) => string): string => {
      writeFileSync(at(name), change(readFileSync(at("key.json"), "utf8")));
      return at(name);
    };
    await refused("does not open", at("key.json"), { CREDIT_ANCHOR_TRANSPORT_PASSPHRASE: "wrong" });
    const other = sampleUscc("11", "100000", 880_124);
    await refused(
      "does not open",
      changed("other.json", (text) => text.replace(code, other)),
      {},
    );
    const elsewhere = `0x${"12".repeat(20)}`;
    await refused(
      "does not open",
      changed("elsewhere.json", (text) => text.replace(sandbox.ready.accessManager.toLowerCase(), elsewhere)),
      {},
    );
    await refused(
      "holds no agency key",
      changed("torn.json", (text) => text.slice(0, 200)),
      {},
    );
    await refused("no such file", at("none.json"), {});
    await refused("--join and --code exclude each other", at("key.json"), {}, "--code", code);
  });

  it("anchors beside the first, with a key of its own, and neither is nagged about the other", async () => {
    const env = { ...second, ...transport };
    const made = await json<{ signer: string; joined: string; registration: null }>(
      ["init", ...homes.second, "--join", at("key.json"), ...node],
      { env },
    );
    expect(made).to.deep.include({ joined: code, registration: null });
    rmSync(at("key.json"));
    expect(await openHome(at("second"), { env: second }).agencyKey()).to.deep.equal(
      await openHome(at("first"), { env: first }).agencyKey(),
    );
    expect(made.signer).not.to.equal(openHome(at("first"), { env: first }).signerAddress());
    await fund(made.signer);
    await json(["operator", "add", made.signer, "--can", "anchor,status", ...homes.first], { env: first });

    const type = ["--type", at("permit.json")];
    for (const [from, name, who] of [
      [0, "first", first],
      [100, "second", second],
      [10, "first", first],
      [110, "second", second],
    ] as const) {
      const args = ["anchor", rows("rows.ndjson", from, from + 5), ...type, ...homes[name]];
      expect(await json(args, { env: who })).to.deep.include({ anchored: 5, notices: [] });
    }
    for (const [name, env] of [
      ["first", first],
      ["second", second],
    ] as const) {
      const { findings } = await json<{ findings: { check: string; result: string; message: string }[] }>(
        ["doctor", ...homes[name]],
        { env },
      );
      const history = findings.filter(({ check }) => check === "history");
      expect(history.map(({ result }) => result)).to.deep.equal(["ok"]);
      expect(findings.filter(({ result }) => result !== "ok")).to.deep.equal([]);
      await expectRun(0, ["audit", ...homes[name]], { env });
    }
  });

  it("has the same record keys: one record read in by both is anchored twice, which receipts show", async () => {
    const type = ["--type", at("permit.json")];
    const args = ["anchor", rows("again.ndjson", 0, 1), ...type];
    // No home knows what another has, and no chain shows record keys: nothing can refuse it.
    expect(await json([...args, ...homes.second], { env: second })).to.include({ new: 1 });
    const key = JSON.stringify({ permitNumber: "P-0", holderNumber: "H-0" });
    for (const [name, env] of [
      ["first", first],
      ["second", second],
    ] as const)
      await json(["receipt", "--key", key, "--out", at(`${name}.receipt.json`), ...homes[name]], { env });
    const { stdout } = await expectRun(1, [
      ...["verify", at("first.receipt.json"), at("second.receipt.json")],
      ...["--home", sandbox.ready.homes.ndrc],
    ]);
    expect(stdout).to.match(/two contents as the same version of one record/);
  });
});
