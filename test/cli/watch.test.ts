import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { sampleAgencies, writeSample } from "../../src/samples";
import { forward, rawRpc, startProxy } from "../support/chains";
import { expectRun, start } from "../support/cli";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

type Line = { readonly event: string; readonly name?: string; readonly block: number } & Record<
  string,
  unknown
>;

describe("watch", function () {
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-watch-"));
  let sandbox: SandboxProcess;
  let ndrc: string[];

  before(async () => {
    sandbox = await startSandboxProcess(join(base, "sandbox"));
    ndrc = ["--home", sandbox.ready.homes.ndrc];
  });
  after(async () => {
    await sandbox.stop();
    rmSync(base, { recursive: true, force: true });
  });

  const lines = (stdout: string): Line[] =>
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
  const once = async (...more: string[]): Promise<Line[]> =>
    lines((await expectRun(0, ["watch", ...ndrc, "--once", "--json", ...more])).stdout);
  const pause = async (): Promise<void> => {
    await expectRun(0, ["governance", "pause", "--reason", "rule-broken", ...ndrc]);
    await expectRun(0, ["governance", "unpause", "--reason", "settled", ...ndrc]);
  };
  const newest = async (): Promise<number> =>
    Number(await rawRpc(sandbox.ready.rpcUrl, "eth_blockNumber", []));

  it("tells of all that happened from a block on, roles and sign-offs too", async () => {
    await expectRun(0, ["audit", ...ndrc, "--sign", join(base, "signed.json")]);
    const all = await once("--from", "0");
    const kinds = new Set(all.map(({ event }) => event));
    expect([...kinds]).to.include.members(["registry", "role", "sign-off"]);
    expect(all.filter(({ name }) => name === "AgencyAdmitted")).to.have.lengthOf(3);
    expect(all.filter(({ name }) => name === "TypeAdmitted").map(({ typeName }) => typeName)).to.deep.equal([
      "cn.licence",
      "cn.penalty",
    ]);
    const grants = all.filter(({ event, name }) => event === "role" && name === "grantRole");
    expect(grants.map(({ role }) => role)).to.include("auditor");
    expect(all.at(-1)).to.include({ event: "summary", block: await newest() });
    await pause();
    const blocks = (await once("--from", "0")).slice(0, -1).map(({ block }) => block);
    expect(blocks, "sign-offs and roles in their place").to.deep.equal([...blocks].sort((a, b) => a - b));
    const { stdout } = await expectRun(0, ["watch", ...ndrc, "--once", "--from", "0"]);
    expect(stdout).to.match(/role auditor granted to 0x[0-9a-f]{40}, transaction 0x[0-9a-f]{8}…/);
    expect(stdout).to.match(
      /statement 0 of auditor 0x[0-9a-f]{40}: .* entries up to block [0-9]+, no differences/,
    );
    expect(stdout).to.match(
      /Paused: actor 0x[0-9a-f]{40}, 51 rule-broken: rules of the registry were not followed/,
    );
    expect(stdout).not.to.match(/evidenceHash|reportHash|agencyId|0x[0-9a-f]{64}/);
    expect((await once()).map(({ event }) => event)).to.deep.equal(["summary"]);
  });

  it("follows the chain, to a webhook too that fails at first, in order, and ends with Ctrl-C and a summary", async () => {
    const taken: Line[] = [];
    let asked = 0;
    const server: Server = createServer((request, response) => {
      let body = "";
      request.on("data", (data: Buffer) => (body += data.toString()));
      request.on("end", () => {
        response.statusCode = asked++ < 2 ? 503 : 204;
        if (response.statusCode === 204) taken.push(JSON.parse(body) as Line);
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const hook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { child, ended } = start(["watch", ...ndrc, "--json", "--webhook", hook]);
    const first = new Promise<void>((resolve) => child.stdout!.once("data", () => resolve()));
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await pause();
    await first;
    for (let waited = 0; taken.length < 2 && waited < 10_000; waited += 50)
      await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGINT");
    const { status, stdout, stderr } = await ended;
    server.close();
    expect(status, stderr).to.equal(0);
    const told = lines(stdout);
    expect(told.map(({ name, event }) => name ?? event)).to.deep.equal(["Paused", "Unpaused", "summary"]);
    expect(taken).to.deep.equal(told.slice(0, 2));
    expect(stderr.match(/the webhook does not take/g)).to.have.lengthOf(1);
  });

  it("tells of a head that its events do not lead to, and of an event that is missing", async () => {
    const proxy = await startProxy(sandbox.ready.rpcUrl);
    proxy.behave = ({ method }) =>
      method === "eth_getLogs"
        ? { kind: "forward", change: (logs) => (logs as unknown[]).filter((_, i) => i !== 4) }
        : forward;
    const told = await once("--from", "0", "--rpc", proxy.url);
    await proxy.stop();
    expect(told.filter(({ event }) => event === "head")).to.have.lengthOf(1);
    expect(told.filter(({ event }) => event === "difference").map(({ code }) => code)).to.include(
      "journal.gap",
    );
  });

  it("tells of a chain that was reorganised", async () => {
    const { rpcUrl } = sandbox.ready;
    const snapshot = await rawRpc(rpcUrl, "evm_snapshot", []);
    const { child, ended } = start(["watch", ...ndrc, "--json"]);
    let seen = "";
    child.stdout!.on("data", (data: Buffer) => (seen += data.toString()));
    const until = async (word: string): Promise<void> => {
      for (let waited = 0; !seen.includes(word) && waited < 15_000; waited += 50)
        await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await pause();
    await until("Unpaused");
    await rawRpc(rpcUrl, "evm_revert", [snapshot]);
    await pause();
    await until("reorganised");
    child.kill("SIGINT");
    const { status } = await ended;
    expect(status).to.equal(0);
    expect(seen).to.contain('"event":"reorganised"');
  });

  it("tells of an agency that has anchored nothing for long, and of its batches by ids alone", async () => {
    const code = sampleAgencies.find(({ name }) => name === "market-regulator")!.code;
    const file = join(base, "penalties.csv");
    await writeSample(file, {
      type: "cn.penalty",
      rows: 3,
      agencyCode: code,
      agencyName: "Beispielamt",
      format: "csv",
      year: new Date().getUTCFullYear() - 1,
    });
    const home = ["--home", sandbox.ready.homes["market-regulator"]];
    await expectRun(0, ["anchor", file, "--type", "cn.penalty", ...home]);
    const from = String(await newest());
    const [batch, ...rest] = await once("--from", from, "--silent-after", "30d");
    expect(batch).to.include({ event: "batch", size: 3, agencyId: 1 });
    expect(JSON.stringify(batch)).not.to.contain("Beispielamt");
    expect(rest.map(({ event }) => event)).to.deep.equal(["summary"]);
    await rawRpc(sandbox.ready.rpcUrl, "evm_increaseTime", [31 * 86_400]);
    await rawRpc(sandbox.ready.rpcUrl, "evm_mine", []);
    const told = await once("--silent-after", "30d");
    expect(told.map(({ event, agencyId }) => [event, agencyId])).to.deep.equal([
      ["silent", 1],
      ["summary", undefined],
    ]);
  });

  it("tells people what the verb status tells: record, status and reason in words", async () => {
    const home = ["--home", sandbox.ready.homes["market-regulator"]];
    const batch = String(2n ** 32n);
    const from = String((await newest()) + 1);
    await expectRun(0, ["withdraw", "--batch", batch, "--index", "1", "--reason", "14", ...home]);
    const { stdout } = await expectRun(0, ["watch", ...ndrc, "--once", "--from", from]);
    expect(stdout).to.contain(
      `batch ${batch} of agency 1, record 1: Withdrawn, 14 no-basis: the record should not`,
    );
    expect(stdout).not.to.match(/positions|evidenceHash|StatusChanged/);
  });

  it("ends with 70 and a hint when the webhook took not all", async () => {
    const hook = ["--webhook", "http://127.0.0.1:9/"];
    const { stdout } = await expectRun(70, ["watch", ...ndrc, "--once", "--from", "0", ...hook]);
    expect(stdout)
      .to.match(/lines not taken by the webhook/)
      .and.to.contain("hint: ");
    await expectRun(0, ["watch", ...ndrc, "--once", ...hook]);
    const ftp = await expectRun(64, ["watch", ...ndrc, "--once", "--webhook", "ftp://x"]);
    expect(ftp.stderr).to.contain("https://alerts.example");
  });

  it("takes a duration and nothing else for silence", async () => {
    expect((await expectRun(64, ["watch", ...ndrc, "--silent-after", "soon"])).stderr).to.contain("30d");
    await once("--silent-after", "30d");
  });
});
