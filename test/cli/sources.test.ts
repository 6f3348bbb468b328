import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type FaultProxy, forward, startProxy } from "../support/chains";
import { expectRun, json } from "../support/cli";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

interface Report {
  readonly sources: readonly string[];
  readonly singleSource: boolean;
  readonly silent: readonly string[];
  readonly differences: readonly {
    readonly code: string;
    readonly where: { readonly node?: string };
  }[];
}

describe("an audit by several nodes", function () {
  this.timeout(120_000);
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-sources-"));
  const dead = "http://127.0.0.1:1";
  let sandbox: SandboxProcess;
  let proxy: FaultProxy;
  let audit: (rpc: string, ...more: string[]) => string[];

  before(async () => {
    sandbox = await startSandboxProcess(join(base, "sandbox"));
    proxy = await startProxy(sandbox.ready.rpcUrl);
    // What one of these audits finds is nothing to the next.
    const fixed = ["audit", "--without-index", "--home", sandbox.ready.homes.ndrc];
    audit = (rpc, ...more) => [...fixed, "--rpc", rpc, ...more];
  });
  afterEach(() => (proxy.behave = () => forward));
  after(async () => {
    await proxy.stop();
    await sandbox.stop();
    rmSync(base, { recursive: true, force: true });
  });

  it("asks all of them, and two that agree are no single source", async () => {
    const report = await json<Report>(audit(`${sandbox.ready.rpcUrl},${proxy.url}`));
    expect(report.sources).to.deep.equal([new URL(sandbox.ready.rpcUrl).host, new URL(proxy.url).host]);
    expect(report).to.deep.include({ singleSource: false, silent: [], differences: [] });
  });

  it("tells which node says otherwise", async () => {
    proxy.behave = ({ method }) =>
      method === "eth_call"
        ? { kind: "forward", change: (result) => `0x${"1".repeat(String(result).length - 2)}` }
        : forward;
    const report = await json<Report>(audit(`${sandbox.ready.rpcUrl},${proxy.url}`), { status: 1 });
    expect(new Set(report.differences.map(({ code }) => code))).to.deep.equal(new Set(["witness.journal"]));
    expect(report.differences[0]!.where.node).to.equal(new URL(proxy.url).host);
  });

  for (const [name, order] of [
    ["first", (good: string) => `${dead},${good}`],
    ["last", (good: string) => `${good},${dead}`],
  ] as const)
    it(`goes on without a dead node that is named ${name}, and says so`, async () => {
      const report = await json<Report>(audit(order(sandbox.ready.rpcUrl)));
      expect(report.sources).to.deep.equal([new URL(sandbox.ready.rpcUrl).host]);
      expect(report.singleSource).to.equal(true);
      expect(report.silent).to.have.lengthOf(1);
      expect(report.silent[0]).to.contain("127.0.0.1:1");
    });

  it("goes on without a witness that falls silent meanwhile", async () => {
    proxy.behave = ({ method }) => (method === "eth_call" ? { kind: "drop" } : forward);
    const report = await json<Report>(audit(sandbox.ready.rpcUrl, "--witness", proxy.url));
    expect(report.sources).to.have.lengthOf(1);
    expect(report.silent).to.have.lengthOf(1);
  });

  it("ends when all are dead", async () => {
    const { error } = await json<{ error: { code: string } }>(audit(`${dead},http://127.0.0.1:2`), {
      status: 70,
    });
    expect(error.code).to.equal("chain.unreachable");
    const { stderr } = await expectRun(64, audit("ftp://example"));
    expect(stderr).to.contain("--rpc takes a URL");
  });
});
