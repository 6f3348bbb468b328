import { expect } from "chai";
import { request } from "node:http";
import { builtPages, contentPolicy, servePages, type ServedPages } from "../../src/pages";
import { ensureBuilt } from "../support/build";
import { startAnvil, startProxy, type FaultProxy, type TestChain } from "../support/chains";
import { failure } from "../support/failure";

const TRUST = { chainId: 31337, registry: `0x${"ab".repeat(20)}`, fromBlock: 7 };

describe("pages: served", function () {
  let anvil: TestChain;
  let proxy: FaultProxy;
  let plain: ServedPages;
  let through: ServedPages;
  before(async () => {
    ensureBuilt();
    anvil = await startAnvil();
    proxy = await startProxy(anvil.url);
    const common = { folder: builtPages(), host: "127.0.0.1", port: 0, trust: TRUST, rpc: proxy.url };
    plain = await servePages(common);
    through = await servePages({ ...common, through: true });
  });
  after(async () => {
    await plain.close();
    await through.close();
    await proxy.stop();
    await anvil.stop();
  });

  it("come with a strict policy that names the node, and nothing inline", async () => {
    const response = await fetch(plain.url);
    expect(response.status).to.equal(200);
    const policy = response.headers.get("content-security-policy")!;
    expect(policy).to.equal(contentPolicy([new URL(proxy.url).origin]));
    expect(policy).to.contain("default-src 'none'").and.not.contain("unsafe");
    expect(response.headers.get("x-content-type-options")).to.equal("nosniff");
    const page = await response.text();
    expect(page).not.to.match(/<style|style=|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
    expect((await fetch(through.url)).headers.get("content-security-policy")).to.contain(
      "connect-src 'self';",
    );
  });

  it("say whom to believe, and with --through not where the node is", async () => {
    expect(await (await fetch(`${plain.url}config.json`)).json()).to.include({ ...TRUST, rpc: proxy.url });
    expect(await (await fetch(`${through.url}config.json`)).json()).to.include({ ...TRUST, rpc: "rpc" });
  });

  it("are all there is: no other file, no other method", async () => {
    for (const path of [
      "/../package.json",
      "/%2e%2e/%2e%2e/package.json",
      "/..%2f..%2fpackage.json",
      "/assets",
      "/x.js",
    ])
      expect(await statusOf(plain.url, path), path).to.equal(404);
    expect((await fetch(plain.url, { method: "POST" })).status).to.equal(405);
    expect((await fetch(`${plain.url}rpc`, { method: "POST" })).status).to.equal(405);
  });

  const ask = (method: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${through.url}rpc`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: new URL(through.url).origin, ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: [] }),
    });

  it("pass questions on, and nothing else", async () => {
    expect(await (await ask("eth_chainId")).json()).to.deep.equal({
      jsonrpc: "2.0",
      id: 1,
      result: "0x7a69",
    });
    const before = proxy.calls.length;
    for (const method of ["eth_sendRawTransaction", "eth_sendTransaction", "evm_mine", "personal_sign"])
      expect(await (await ask(method)).json()).to.have.nested.property("error.code", -32601);
    expect(proxy.calls.length).to.equal(before);
  });

  it("answer no page of another site", async () => {
    expect((await ask("eth_chainId", { origin: "http://elsewhere.example" })).status).to.equal(403);
    expect((await ask("eth_chainId", { "content-type": "text/plain" })).status).to.equal(403);
    // A name that somebody made point to this computer.
    const { port } = new URL(through.url);
    const rebound = { host: `elsewhere.example:${port}`, origin: `http://elsewhere.example:${port}` };
    expect(await statusOf(through.url, "/rpc", "POST", rebound)).to.equal(403);
  });

  it("need a free port", async () => {
    const port = Number(new URL(plain.url).port);
    const error = await failure(() => servePages({ folder: builtPages(), host: "127.0.0.1", port }));
    expect(error.code).to.equal("pages.port");
  });
});

/** As it is written: `fetch` would tidy the path and the host up. */
function statusOf(
  url: string,
  path: string,
  method = "GET",
  headers: Record<string, string> = {},
): Promise<number | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname,
        port,
        path,
        method,
        agent: false,
        headers: { "content-type": "application/json", ...headers },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    sent.on("error", reject).end(method === "POST" ? "{}" : undefined);
  });
}
