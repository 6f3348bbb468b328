import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { registryInterface } from "../../src/interfaces";
import { type FaultProxy, forward, type ProxiedCall, startAnvil, startProxy } from "../support/chains";
import { expectRun, json } from "../support/cli";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

interface Report {
  readonly sources: readonly string[];
  readonly singleSource: boolean;
  readonly silent: readonly string[];
  readonly block: { readonly number: number };
  readonly journal: object;
  readonly coverage: object;
  readonly checkpoint: { readonly contained: boolean } | null;
  readonly signed?: { readonly recorded: object };
  readonly differences: readonly {
    readonly code: string;
    readonly where: { readonly node?: string };
  }[];
}

describe("an audit by several nodes", function () {
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
    const { stdout } = await expectRun(1, audit(`${sandbox.ready.rpcUrl},${proxy.url}`));
    expect(stdout).to.contain("the nodes disagree about the journal at this block [witness.journal]");
    expect(stdout).to.match(new RegExp(`${new URL(sandbox.ready.rpcUrl).host} says 0x(?!1111)`));
    expect(stdout)
      .to.contain(`${new URL(proxy.url).host} says 0x1111`)
      .and.to.not.contain("expected");
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

  describe("of which the first dies on the way", () => {
    const selector = registryInterface.getFunction("journal").selector;
    const isHead = ({ method, params }: ProxiedCall): boolean =>
      method === "eth_call" && (params as [{ data: string }])[0].data === selector;
    let dying: FaultProxy;
    /** Of the requests of which `is` is true, so many are answered. */
    let last: { readonly is: (call: ProxiedCall) => boolean; readonly after: number };

    const host = (url: string): string => new URL(url).host;
    const logs = ({ method }: ProxiedCall): boolean => method === "eth_getLogs";
    const answers = ({ method }: ProxiedCall): boolean => method === "eth_call";
    /** With what the report says that it was asked for; the number is of requests of the kind that were answered. */
    const points: readonly [string, (call: ProxiedCall) => boolean, number, string][] = [
      ["before it gave anything", ({ method }) => method === "eth_getCode", 1, "the registry's code"],
      ["while auditors' statements are read", logs, 0, "auditors' statements"],
      ["while events are read", logs, 1, "events"],
      ["while the blocks of events are read", ({ method }) => method === "eth_getBlockByNumber", 4, "events"],
      ["while the registry is asked for answers", answers, 12, "the registry's answers"],
      ["while other nodes are asked for the head", isHead, 1, "its head, beside that of others"],
      ["while the journal of roles is read", logs, 2, "the journal of roles"],
    ];

    beforeEach(async () => {
      dying = await startProxy(sandbox.ready.rpcUrl);
      let answered = 0;
      dying.behave = (call) => {
        if (!last.is(call) || answered++ < last.after) return forward;
        void dying.stop();
        return { kind: "drop" };
      };
    });
    afterEach(() => dying.stop().catch(() => undefined));

    for (const [when, is, after, asked] of points)
      it(`goes on with the next, and says who, when and of what: ${when}`, async () => {
        last = { is, after };
        const whole = await json<Report>(audit(sandbox.ready.rpcUrl));
        const report = await json<Report>(audit(`${dying.url},${sandbox.ready.rpcUrl}`));
        expect(report).to.deep.include({ sources: [host(sandbox.ready.rpcUrl)], singleSource: true });
        expect(report.silent).to.have.lengthOf(1);
        expect(report.silent[0])
          .to.match(new RegExp(`^node ${host(dying.url)} cannot be reached`))
          .and.to.contain(`, asked for ${asked}`)
          .and.to.contain(` at block ${report.block.number}, after `)
          .and.to.contain(`${host(sandbox.ready.rpcUrl)} was asked for everything instead`);
        // As if the dead one had never been there.
        const { coverage, journal, block, differences } = whole;
        expect(report).to.deep.include({ coverage, journal, block, differences });
      });

    it("compares those that remain: no single source, and the text says all of it", async () => {
      last = { is: answers, after: 12 };
      const { stdout } = await expectRun(0, audit(`${dying.url},${sandbox.ready.rpcUrl},${proxy.url}`));
      expect(stdout).to.contain(`sources    ${host(sandbox.ready.rpcUrl)}, ${host(proxy.url)}\n`);
      expect(stdout).to.contain(`not heard  node ${host(dying.url)} cannot be reached`);
      expect(stdout).to.contain("NO DIFFERENCES\n");
    });

    it("signs by the node that was audited, and proves a checkpoint by it", async () => {
      const at = (name: string): string => join(base, name);
      await expectRun(0, ["checkpoint", "--home", sandbox.ready.homes.ndrc, "--out", at("c.json")]);
      last = { is: answers, after: 20 };
      const more = ["--since", at("c.json"), "--sign", at("signed.json")];
      const report = await json<Report>(audit(`${dying.url},${sandbox.ready.rpcUrl}`, ...more));
      expect(report.silent).to.have.lengthOf(1);
      expect(report.checkpoint!.contained).to.equal(true);
      expect(report.signed!.recorded).to.not.equal(undefined);
    });

    it("does so with the nodes that a home names", async () => {
      last = { is: logs, after: 1 };
      const home = join(base, "two-nodes");
      cpSync(sandbox.ready.homes.ndrc, home, { recursive: true });
      const file = join(home, "settings.json");
      const settings = JSON.parse(readFileSync(file, "utf8")) as object;
      writeFileSync(file, JSON.stringify({ ...settings, rpc: [dying.url, sandbox.ready.rpcUrl] }));
      const report = await json<Report>(["audit", "--without-index", "--home", home]);
      expect(report).to.deep.include({ sources: [host(sandbox.ready.rpcUrl)], singleSource: true });
      expect(report.silent).to.have.lengthOf(1);
    });

    it("ends when all die, and names each", async () => {
      last = { is: logs, after: 1 };
      proxy.behave = (call) => (answers(call) ? { kind: "drop" } : forward);
      const { error } = await json<{ error: { code: string; message: string } }>(
        audit(`${dead},${dying.url},${proxy.url}`),
        { status: 70 },
      );
      expect(error.code).to.equal("chain.unreachable");
      for (const node of [dead, dying.url, proxy.url])
        expect(error.message).to.contain(`node ${host(node)} `);
    });
  });

  it("goes on without first nodes that are of another chain or have no contract there, and says so", async () => {
    const elsewhere = await startProxy(sandbox.ready.rpcUrl);
    elsewhere.behave = ({ method }) => {
      if (method === "eth_chainId") return { kind: "result", result: "0x5" };
      return method === "eth_getCode" ? { kind: "result", result: "0x" } : forward;
    };
    const empty = await startAnvil();
    try {
      const good = sandbox.ready.rpcUrl;
      const host = (url: string): string => new URL(url).host;
      const all = `${elsewhere.url},${empty.url},${good},${proxy.url}`;
      const report = await json<Report>(audit(all));
      expect(report).to.deep.include({ sources: [host(good), host(proxy.url)], differences: [] });
      expect(report.silent).to.deep.equal([
        `node ${host(elsewhere.url)} serves chain 5, expected is chain 31337`,
        `node ${host(empty.url)} has no contract at ${sandbox.ready.registry.toLowerCase()} on chain 31337`,
      ]);
      // Without a home nobody says of which chain the registry is: the first node that has it.
      const { stdout } = await expectRun(0, ["audit", "--registry", sandbox.ready.registry, "--rpc", all]);
      expect(stdout).to.contain(`sources    ${host(good)}, ${host(proxy.url)}\n`);
      expect(stdout).to.contain(`not heard  node ${host(elsewhere.url)} has no contract at `);
      const none = await expectRun(64, audit(`${elsewhere.url},${empty.url}`));
      expect(none.stderr).to.contain("serves chain 5").and.to.contain("has no contract at");
    } finally {
      await elsewhere.stop();
      await empty.stop();
    }
  });

  it("ends when all are dead", async () => {
    const { error } = await json<{ error: { code: string; message: string } }>(
      audit(`${dead},http://127.0.0.1:2`),
      {
        status: 70,
      },
    );
    expect(error.code).to.equal("chain.unreachable");
    for (const node of ["127.0.0.1:1", "127.0.0.1:2"]) expect(error.message).to.contain(`node ${node} `);
    const { stderr } = await expectRun(64, audit("ftp://example"));
    expect(stderr).to.contain("--rpc takes a URL");
    const second = await expectRun(64, audit(`${dead},ftp://example`));
    expect(second.stderr).to.contain("--rpc, in its address 2, takes a URL");
  });
});
