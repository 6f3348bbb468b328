import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { getAddress, TypedDataEncoder, Wallet } from "ethers";
import {
  outcomes,
  reportHash,
  type SignedReport,
  signedReportText,
  type Statement,
  statementDigest,
} from "../../src/sign-off";
import { forward, rawRpc, startProxy } from "../support/chains";
import { expectRun, json } from "../support/cli";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

interface Verified {
  readonly outcome: string;
  readonly recorded: readonly { readonly index: number; readonly auditor: string }[];
  readonly checks: readonly { readonly name: string; readonly result: string }[];
}

describe("audit --sign, report record, and report verify", function () {
  this.timeout(180_000);
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-sign-off-"));
  const at = (name: string): string => join(base, name);
  let sandbox: SandboxProcess;
  let ndrc: string[];
  let agency: string[];
  let court: string[];
  let signOffs: string;

  before(async () => {
    sandbox = await startSandboxProcess(at("sandbox"));
    const { homes, deployment, rpcUrl } = sandbox.ready;
    ndrc = ["--home", homes.ndrc];
    agency = ["--home", homes["market-regulator"]];
    court = ["--deployment", deployment, "--rpc", rpcUrl];
    const record = readFileSync(join(deployment, "SignOffs.json"), "utf8");
    signOffs = (JSON.parse(record) as { address: string }).address;
  });
  after(async () => {
    await sandbox.stop();
    rmSync(base, { recursive: true, force: true });
  });

  const read = (name: string): SignedReport => JSON.parse(readFileSync(at(name), "utf8")) as SignedReport;
  const verify = (name: string, status: number): Promise<Verified> =>
    json<Verified>(["report", "verify", at(name), ...court], { status });
  const failed = ({ checks }: Verified): string[] =>
    checks.filter(({ result }) => result === "failed").map(({ name }) => name);
  const nonce = async (account: string): Promise<unknown> =>
    rawRpc(sandbox.ready.rpcUrl, "eth_getTransactionCount", [account, "latest"]);

  it("writes the report, signs it as the documented typed data, and records the statement", async () => {
    const { stdout } = await expectRun(0, ["audit", ...ndrc, "--sign", at("signed.json")]);
    expect(stdout).to.contain("recorded   statement 0 in block");
    const { statement, auditor, report } = read("signed.json");
    expect(statement.reportHash).to.equal(reportHash(report));
    expect(outcomes[statement.outcome]).to.equal("no difference");
    expect(signedReportText(read("signed.json"))).to.equal(readFileSync(at("signed.json"), "utf8"));
    const fields: Record<keyof Statement, string> = {
      journalLength: "uint64",
      journalHead: "bytes28",
      rolesLength: "uint64",
      rolesHead: "bytes32",
      blockNumber: "uint64",
      blockHash: "bytes32",
      reportHash: "bytes32",
      outcome: "uint8",
    };
    const digest = TypedDataEncoder.hash(
      {
        name: "credit-anchor sign-offs",
        version: "1",
        chainId: sandbox.ready.chainId,
        verifyingContract: signOffs,
      },
      { Statement: Object.entries(fields).map(([name, type]) => ({ name, type })) },
      statement,
    );
    expect(statementDigest(sandbox.ready.chainId, signOffs, statement)).to.equal(digest);
    const found = await verify("signed.json", 0);
    expect(found.recorded).to.have.lengthOf(1);
    expect(found.recorded[0]).to.include({ index: 0, auditor });
    expect(found.checks.every(({ result }) => result === "passed")).to.equal(true);
  });

  it("never writes over a signed report, and neither audits nor sends anything then", async () => {
    const before = readFileSync(at("signed.json"), "utf8");
    const sent = await nonce(read("signed.json").auditor);
    for (const option of ["--sign", "--sign-only"]) {
      const { stdout, stderr } = await expectRun(64, ["audit", ...ndrc, option, at("signed.json")]);
      expect(stdout).to.equal("");
      expect(stderr)
        .to.contain(`${at("signed.json")} exists`)
        .and.to.contain("hint: name a new file");
    }
    expect(readFileSync(at("signed.json"), "utf8")).to.equal(before);
    expect(await nonce(read("signed.json").auditor)).to.equal(sent);
  });

  it("records a signed report that exists, once, when recording failed after it was written", async () => {
    const proxy = await startProxy(sandbox.ready.rpcUrl);
    proxy.behave = ({ method }) =>
      method === "eth_sendRawTransaction" ? { kind: "error", code: -32000, message: "no" } : forward;
    const late = ["audit", ...ndrc, "--rpc", proxy.url, "--sign", at("late.json")];
    const { stderr } = await expectRun(70, late);
    await proxy.stop();
    expect(stderr)
      .to.contain(`${at("late.json")} is written`)
      .and.to.contain(`report record ${at("late.json")}`);
    expect(failed(await verify("late.json", 2))).to.deep.equal([]);
    const record = ["report", "record", at("late.json")];
    for (const already of [false, true])
      expect(await json(["report", "record", at("late.json"), ...ndrc])).to.include({ already });
    expect((await verify("late.json", 0)).recorded).to.have.lengthOf(1);
    const other = await json<{ error: { code: string; message: string } }>([...record, ...agency], {
      status: 64,
    });
    expect(other.error.code).to.equal("report.not-recordable");
    expect(other.error.message).to.contain("its signer is");
    const { report } = read("late.json");
    writeFileSync(
      at("altered.json"),
      signedReportText({ ...read("late.json"), report: { ...report, more: 1 } }),
    );
    const altered = await expectRun(64, ["report", "record", at("altered.json"), ...ndrc]);
    expect(altered.stderr).to.contain("its report was altered");
  });

  it("states what was found: here a head from elsewhere that differs", async () => {
    const head = ["--head", `3:0x${"12".repeat(28)}`];
    await expectRun(1, ["audit", ...ndrc, ...head, "--sign", at("bad.json")]);
    expect((await verify("bad.json", 0)).outcome).to.equal("differences");
    const { stdout } = await expectRun(0, ["report", "verify", at("bad.json"), ...ndrc]);
    expect(stdout).to.contain("differences").and.to.contain("✓  recorded");
  });

  it("refuses a key without the role before anything is audited, written or sent", async () => {
    const signed = ["audit", ...agency, "--sign", at("agency.json")];
    const { error } = await json<{ error: { code: string; message: string } }>(signed, { status: 64 });
    expect(error.code).to.equal("sign-offs.not-auditor");
    const account = /0x[0-9a-f]{40}/.exec(error.message)![0];
    expect(await nonce(account)).to.equal(await nonce(getAddress(account)));
    expect(() => read("agency.json")).to.throw("ENOENT");
  });

  it("signs only: nothing is sent, anybody sees that nothing is recorded and who has no role", async () => {
    const { stdout } = await expectRun(0, ["audit", ...ndrc, "--sign-only", at("only.json")]);
    expect(stdout).to.contain("nothing was sent").and.to.contain(`to ${signOffs}`);
    const open = await verify("only.json", 2);
    expect(open.recorded).to.deep.equal([]);
    expect(failed(open)).to.deep.equal([]);
    await expectRun(0, ["audit", ...agency, "--without-records", "--sign-only", at("only2.json")]);
    expect(failed(await verify("only2.json", 1))).to.deep.equal(["role"]);
  });

  it("names what was altered", async () => {
    const signed = read("signed.json");
    const stranger = Wallet.createRandom().address.toLowerCase();
    const { statement, report } = signed;
    const cases: [Partial<SignedReport>, string[]][] = [
      [{ report: { ...report, differences: [{ code: "invented" }] } }, ["report", "statement"]],
      [{ report: { ...report, sources: ["another"] } }, ["report"]],
      [{ statement: { ...statement, outcome: 1 } }, ["statement", "signature"]],
      [{ statement: { ...statement, journalLength: 1 } }, ["statement", "signature"]],
      [{ statement: { ...statement, rolesLength: 1 } }, ["statement", "signature"]],
      [
        { statement: { ...statement, blockHash: `0x${"12".repeat(32)}` } },
        ["statement", "signature", "block"],
      ],
      [{ auditor: stranger }, ["signature"]],
      [{ signOffs: stranger }, ["signature", "registry"]],
      [{ signature: `${signed.signature.slice(0, -2)}1d` }, ["signature"]],
    ];
    for (const [change, names] of cases) {
      writeFileSync(at("altered.json"), signedReportText({ ...signed, ...change }));
      expect(failed(await verify("altered.json", 1)), JSON.stringify(change)).to.deep.equal(names);
    }
  });

  it("refuses what is no signed report, with the place", async () => {
    const whole = readFileSync(at("signed.json"), "utf8");
    for (const [content, code] of [
      ["{}", "report.format"],
      [whole.slice(0, 300), "report.format"],
      [whole.replace('"auditor"', '"more": 1, "auditor"'), "report.format"],
      [whole.replace('"differences"', '"differenced"'), "report.format"],
      [whole.replace('"formatVersion": 1', '"formatVersion": 2'), "report.newer"],
    ] as const) {
      writeFileSync(at("altered.json"), content);
      const args = ["report", "verify", at("altered.json"), ...court];
      const { error } = await json<{ error: { code: string } }>(args, { status: 64 });
      expect(error.code).to.equal(code);
    }
  });

  it("says clearly that a deployment has no contract for sign-offs, or that it is another", async () => {
    const { registry, accessManager, rpcUrl } = sandbox.ready;
    const without = ["report", "verify", at("signed.json"), "--registry", registry, "--rpc", rpcUrl];
    const unknown = await json<{ error: { code: string; hint: string } }>(without, { status: 64 });
    expect(unknown.error.code).to.equal("sign-offs.unknown");
    expect(unknown.error.hint).to.contain("deploying again adds it");
    for (const address of [registry, accessManager, `0x${"12".repeat(20)}`]) {
      const { error } = await json<{ error: { code: string } }>([...without, "--sign-offs", address], {
        status: 64,
      });
      expect(error.code).to.equal("sign-offs.other-contract");
    }
    await expectRun(0, [...without, "--sign-offs", signOffs]);
    // A home made by init from the deployment record knows it.
    const made = ["init", "--home", at("court"), "--rpc", rpcUrl, "--deployment", sandbox.ready.deployment];
    await expectRun(0, made, { env: { CREDIT_ANCHOR_PASSPHRASE: "correct horse" } });
    await expectRun(0, ["report", "verify", at("signed.json"), "--home", at("court")]);
  });
});
