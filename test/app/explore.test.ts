import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { writeDemoCases } from "../../scripts/support/demo-case";
import { startLyingNode } from "../../scripts/support/lying-node";
import { expectEvidence, type Evidence } from "../../src/evidence";
import { openHome } from "../../src/home";
import { builtPages, servePages } from "../../src/pages";
import type { SignedReport } from "../../src/sign-off";
import { describePages } from "../support/browser";
import { forward, startProxy } from "../support/chains";
import { expectRun, json } from "../support/cli";
import { anchorDays } from "../support/pages";
import { registryInterface } from "../../src/interfaces";

describePages("pages: exploring", (stage) => {
  async function tile(page: Page, name: string): Promise<string> {
    return page.locator(".tile", { hasText: name }).locator("b").innerText();
  }

  it("rebuilds the registry from its events, and the running hash agrees", async () => {
    const watched = await stage.visit("#/explore");
    const { page } = watched;
    await page.getByText("Their running hash is the one that the registry answers with.").waitFor();
    expect(await tile(page, "Agencies")).to.equal("3");
    expect(await tile(page, "Records moved")).to.equal("2");
    expect(await page.locator("svg.bars").getAttribute("aria-label")).to.contain("records");
    const deeds = await page.locator(".deeds").innerText();
    expect(deeds).to.contain("Marks set · disputed");
    expect(deeds).to.contain("the decision was revoked");
    expect(watched.complaints).to.deep.equal([]);
    const asked = new Set(watched.requests.flatMap(({ method }) => method ?? []));
    expect([...asked].filter((method) => /send|sign/i.test(method))).to.deep.equal([]);
  });

  it("opens deep links, and says when the registry knows no such thing", async () => {
    const { page } = await stage.visit(`#/batch/${stage.world.batch}`);
    await page.getByRole("heading", { name: `Batch ${stage.world.batch}` }).waitFor();
    await page.getByText("The chain holds this very header hash.").waitFor();
    const { index } = expectEvidence(readFileSync(stage.world.files.withdrawn, "utf8")).record;
    expect(await page.locator("main").innerText()).to.contain(`positions ${index}`);
    const agency = page.locator("dd a").first();
    const code = await agency.innerText();
    await agency.click();
    await page.getByRole("heading", { name: code }).waitFor();
    await page.goto(`${stage.world.url}#/batch/1`);
    await page.getByText("The registry has no batch of this number.").waitFor();
    await page.goto(`${stage.world.url}#/record/0x${"11".repeat(32)}`);
    await page.getByText("No record with this key was anchored directly.").waitFor();
  });

  it("finds batches, agencies, operators and types by what people have of them", async () => {
    const { page } = await stage.visit("#/explore");
    const home = openHome(stage.world.sandbox.ready.homes.court, { env: {} });
    for (const [words, heading] of [
      [stage.world.batch, `Batch ${stage.world.batch}`],
      [home.settings.agency!.code, home.settings.agency!.code],
      [home.signerAddress()!, "Operator"],
      ["cn.licence", "Administrative licence"],
    ] as const) {
      await page.goto(`${stage.world.url}#/explore`);
      await page.getByLabel("Batch, agency, operator or record key").fill(words);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: heading, exact: true }).waitFor();
    }
    await page.goto(`${stage.world.url}#/explore`);
    await page.getByLabel("Batch, agency, operator or record key").fill("99999");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("Nothing of this kind is known to the registry.").waitFor();
  });

  it("shows what auditors signed off, compared with the chain", async () => {
    const watched = await stage.visit("#/signoffs");
    const row = watched.page.locator("tbody tr");
    await row.getByText("no differences; not everything could be compared").waitFor();
    expect(await row.innerText())
      .to.contain("✓ head of the journal is that of these events")
      .and.to.contain("✓ block is one of this chain")
      .and.not.to.contain("✗");
    const signed = JSON.parse(
      readFileSync(join(dirname(stage.world.files.fine), "signed.json"), "utf8"),
    ) as SignedReport;
    expect(
      await row.locator("code").evaluateAll((all) => all.map((code) => code.getAttribute("title"))),
    ).to.deep.equal([signed.auditor, signed.statement.reportHash]);
    expect(watched.complaints).to.deep.equal([]);
  });

  it("says when the contract of sign-offs is not this registry's, and when a node keeps an event to itself", async () => {
    const { rpcUrl, registry, chainId, accessManager } = stage.world.sandbox.ready;
    const hidden = registryInterface.getEvent("MarksSet").topicHash;
    const lying = await startLyingNode(rpcUrl, hidden);
    const trust = { chainId, registry, signOffs: accessManager, fromBlock: 0 };
    const served = await servePages({
      ...{ folder: builtPages(), host: "127.0.0.1", port: 0 },
      ...{ trust, rpc: lying.url, through: true },
    });
    try {
      const { page } = await stage.visit(`${served.url}#/signoffs`);
      await page.getByText("is not about this registry").waitFor();
      await page.getByText("Their running hash is NOT the one that the registry answers with").waitFor();
    } finally {
      await served.close();
      await lying.close();
    }
  });

  it("shows what happens while somebody looks, and finds a record that was anchored directly by its key", async () => {
    const { page } = await stage.visit("#/explore");
    await page.locator(".deeds").waitFor();
    const before = await tile(page, "Batches");
    const folder = dirname(stage.world.files.fine);
    const { taxKey } = writeDemoCases(folder);
    const home = ["--home", stage.world.sandbox.ready.homes.tax];
    await expectRun(0, [
      ...["anchor", join(folder, "tax-offline.ndjson"), "--type", "cn.penalty", "--mode", "direct", ...home],
    ]);
    await page
      .locator(".tile", { hasText: "Batches" })
      .getByText(String(Number(before) + 2))
      .waitFor();
    const { record } = await json<Evidence>(["receipt", "--key", taxKey, ...home]);
    await page.getByLabel("Batch, agency, operator or record key").fill(record.key);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Record anchored directly" }).waitFor();
    expect(await page.locator("main").innerText()).to.contain("Latest");
  });

  it("reads a registry of a thousand batches from a node that gives few logs at a time", async () => {
    const day = Array.from({ length: 40 }, (_, n) => ({ home: "tax", size: 1 + n }) as const);
    await anchorDays(
      stage.world.sandbox.ready,
      Array.from({ length: 25 }, () => day),
    );
    const proxy = await startProxy(stage.world.sandbox.ready.rpcUrl);
    let refused = 0;
    proxy.behave = ({ method, params }) => {
      if (method !== "eth_getLogs") return forward;
      const [{ fromBlock, toBlock }] = params as [{ fromBlock: string; toBlock: string }];
      if (Number(toBlock) - Number(fromBlock) < 200) return forward;
      refused++;
      return { kind: "error", code: -32005, message: "query returned more than 200 results" };
    };
    const through = await stage.world.serve(
      "--deployment",
      stage.world.files.deployment,
      "--rpc",
      proxy.url,
      "--through",
    );
    try {
      const watched = await stage.visit(`${through.url}#/explore`);
      const { page } = watched;
      await page.getByText("Their running hash is the one that the registry answers with.").waitFor();
      expect(Number((await tile(page, "Batches")).replace(",", ""))).to.be.greaterThan(1_000);
      expect(refused).to.be.greaterThan(0);
      // A month of days, each with its bar.
      expect(await page.locator("svg.bars rect").count()).to.be.greaterThan(10);
      await page.getByRole("link", { name: "Batches" }).click();
      await page.getByRole("button", { name: "Show more" }).click();
      expect(await page.locator("tbody tr").count()).to.equal(125);
      // Nothing but this server was asked.
      for (const { url } of watched.requests)
        expect(new URL(url).origin).to.equal(new URL(through.url).origin);
      expect(watched.complaints).to.deep.equal([]);
    } finally {
      await through.stop();
      await proxy.stop();
    }
  });

  it("says everywhere of a batch that its key was declared compromised", async () => {
    const { homes } = stage.world.sandbox.ready;
    const address = openHome(homes.court, { env: {} }).signerAddress()!;
    const code = openHome(homes.court, { env: {} }).settings.agency!;
    await expectRun(0, [
      ...["operator", "compromised", address, "--since", "2026-01-01", "--agency", String(code.id)],
      ...["--home", homes.court],
    ]);
    const batch = String(BigInt(code.id!) << 32n);
    const { page } = await stage.visit(`#/batch/${batch}`, { width: 375 });
    await page.getByText("was declared compromised since before then").waitFor();
    await page.locator(".facts .doubt").getByText("key declared compromised").waitFor();
    await page.goto(`${stage.world.url}#/agency/${code.id}`);
    const row = page.locator("tbody tr", { hasText: batch });
    // In sight on a phone, without scrolling sideways.
    const tag = row.locator(".doubt");
    await tag.waitFor();
    const box = (await tag.boundingBox())!;
    expect(box.x + box.width).to.be.lessThan(375);
    await page.locator("tbody tr").getByText("declared compromised since").waitFor();
    const over =
      "[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth).length";
    expect(await page.evaluate(over), "tables that scroll sideways").to.equal(0);
    await page.goto(`${stage.world.url}#/explore`);
    await page.locator(".deeds").waitFor();
    expect(await page.locator(".trust").count()).to.equal(1);
  });
});
