import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Browser } from "playwright-core";
import { evidenceText, expectEvidence } from "../../src/evidence";
import { describeInBrowser, openPage, startBrowser, type Look, type Watched } from "../support/browser";
import { expectRun } from "../support/cli";
import { startPagesWorld, type PagesWorld } from "../support/pages";

/** Methods that ask and change nothing. */
const ASKING = [
  "eth_blockNumber",
  "eth_call",
  "eth_chainId",
  "eth_getBlockByNumber",
  "eth_getCode",
  "eth_getLogs",
  "eth_getTransactionByHash",
  "eth_getTransactionReceipt",
];

describeInBrowser("pages: verifying", function () {
  this.timeout(180_000);
  let world: PagesWorld;
  let browser: Browser;
  let open: Watched[] = [];
  before(async () => {
    world = await startPagesWorld();
    browser = await startBrowser();
  });
  afterEach(async () => {
    await Promise.all(open.map(({ context }) => context.close()));
    open = [];
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  async function visit(url: string, look?: Look): Promise<Watched> {
    const watched = await openPage(browser, url, look);
    open.push(watched);
    return watched;
  }

  /** Opens files and waits for the verdicts. */
  async function verdicts(watched: Watched, ...files: string[]): Promise<string[]> {
    const { page } = watched;
    await page.setInputFiles("input[type=file]", files);
    await page
      .locator("article.result")
      .nth(files.length - 1)
      .waitFor();
    return page.locator("article.result h2").allInnerTexts();
  }

  it("finds a receipt and a presentation genuine, and tells everything", async () => {
    const watched = await visit(world.url);
    expect(await verdicts(watched, world.files.fine, world.files.presentation)).to.deep.equal([
      "Genuine and in force",
      "Genuine and in force",
    ]);
    const { page } = watched;
    const first = page.locator("article.result").first();
    expect(await first.locator(".check-passed").count()).to.equal(7);
    expect(await first.locator(".moment").first().innerText()).to.contain("Anchored");
    expect(await first.locator("svg.path-picture").getAttribute("aria-label")).to.contain(
      "10 steps of hashing",
    );
    const { documentNumber } = shown(world.files.fine);
    expect(await first.locator(".record").innerText()).to.contain(String(documentNumber));
    expect(await page.getByTestId("announcer").innerText()).to.contain("fine.json: Genuine and in force");
    expect(watched.complaints).to.deep.equal([]);
  });

  it("sends nothing but questions, to the node that was chosen", async () => {
    const watched = await visit(world.url);
    await verdicts(watched, world.files.fine, world.files.withdrawn);
    const { origin } = new URL(world.url);
    const { origin: node } = new URL(world.sandbox.ready.rpcUrl);
    for (const { url, method } of watched.requests) {
      if (method === undefined) expect(new URL(url).origin).to.equal(origin);
      else {
        expect(new URL(url).origin).to.equal(node);
        expect(ASKING).to.include(method);
      }
    }
    expect(watched.requests.some(({ method }) => method === "eth_getLogs")).to.equal(true);
  });

  it("says what became of a record", async () => {
    const watched = await visit(world.url);
    expect(await verdicts(watched, world.files.withdrawn, world.files.disputed)).to.deep.equal([
      "Genuine, not in force",
      "Genuine and in force",
    ]);
    const [withdrawn, disputed] = await watched.page.locator(".timeline").allInnerTexts();
    expect(withdrawn).to.contain("Withdrawn by the agency — the decision was revoked");
    expect(disputed).to.contain("Marked: disputed");
    expect(disputed).to.contain("somebody objects to the record");
  });

  it("finds every forgery out", async () => {
    const watched = await visit(world.url);
    expect(world.forged.length).to.be.greaterThan(4);
    const found = await verdicts(watched, ...world.forged.map(({ file }) => file));
    expect(found).to.deep.equal(world.forged.map(() => "Not genuine"));
    expect(watched.complaints).to.deep.equal([]);
  });

  it("helps with files that are no receipts", async () => {
    const watched = await visit(world.url);
    const wrong: [string, string | Uint8Array, RegExp][] = [
      ["empty.json", "", /is empty/],
      ["words.json", "Dear sirs,", /not JSON/],
      ["half.json", '{"a": ', /damaged/],
      ["list.json", "[1, 2]", /neither a receipt nor a presentation/],
      ["other.json", '{"format": "somebody/else"}', /neither a receipt nor a presentation/],
      ["manifest.json", '{"format": "credit-anchor/manifest"}', /cannot check/],
      ["scan.json", new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]), /is a picture/],
      ["print.json", "%PDF-1.7", /PDF/],
      ["noise.json", new Uint8Array([0xff, 0xfe, 0x00, 0x80]), /not a text file/],
      ["huge.json", new Uint8Array(17 * 2 ** 20).fill(32), /larger than 16 MB/],
    ];
    await watched.page.setInputFiles(
      "input[type=file]",
      wrong.map(([name, content]) => world.file(name, content)),
    );
    await watched.page
      .locator(".results .notice")
      .nth(wrong.length - 1)
      .waitFor();
    for (const [name, , pattern] of wrong) {
      const notice = watched.page.getByRole("region", { name });
      await notice.getByText(pattern).waitFor();
    }
  });

  it("saves a presentation with fields hidden, which the command line finds genuine", async () => {
    const watched = await visit(world.url);
    await verdicts(watched, world.files.fine);
    const { page } = watched;
    await page.getByText("Choose what a reader may see").click();
    await page.getByLabel("Number of the decision document").uncheck();
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save presentation" }).click();
    const saved = (await (await download).path())!;
    const evidence = expectEvidence(readFileSync(saved, "utf8"));
    expect(evidence.format).to.equal("credit-anchor/presentation");
    expect(shown(saved)).not.to.have.property("documentNumber");
    const made = world.file("saved.json", evidenceText(evidence));
    await expectRun(0, ["verify", made, "--home", world.sandbox.ready.homes.tax]);
    expect(watched.complaints).to.deep.equal([]);
  });

  it("believes no registry before its reader says which", async () => {
    const bare = await world.serve();
    try {
      const watched = await visit(bare.url);
      expect(await verdicts(watched, world.files.fine)).to.deep.equal(["Undecided"]);
      const { page } = watched;
      // A deployment record is offered, and changes nothing before it is accepted.
      await page.setInputFiles("input[type=file]", world.files.deployment);
      await page.getByRole("button", { name: "Believe this registry" }).waitFor();
      expect(await page.locator("article.result h2").innerText()).to.equal("Undecided");
      await page.getByRole("button", { name: "Believe this registry" }).click();
      await page.getByLabel("Address of a node (RPC)").fill(world.sandbox.ready.rpcUrl);
      await page.getByRole("button", { name: "Use these" }).click();
      await page.getByRole("heading", { name: "Genuine and in force" }).waitFor();
      expect(watched.complaints).to.deep.equal([]);
    } finally {
      await bare.stop();
    }
  });

  it("refuses addresses that are none, and says which", async () => {
    const bare = await world.serve();
    try {
      const { page } = await visit(bare.url);
      await page.getByLabel("Address of a node (RPC)").fill("localhost");
      await page.getByRole("button", { name: "Use these" }).click();
      await page.getByText("An address like https://node.example.org is needed.").waitFor();
      await page.getByText("0x and 40 hexadecimal digits are needed.").waitFor();
      const focused = await page.locator("input:focus").getAttribute("name");
      expect(focused).to.equal("rpc");
    } finally {
      await bare.stop();
    }
  });

  it("judges without the chain when the node is down, and says so", async () => {
    const { registry } = world.sandbox.ready;
    const { deployment } = world.files;
    const down = await world.serve("--deployment", deployment, "--rpc", "http://127.0.0.1:9");
    try {
      const watched = await visit(down.url);
      expect(
        await verdicts(watched, world.files.fine, ...world.forged.slice(0, 1).map(({ file }) => file)),
      ).to.deep.equal(["Undecided", "Not genuine"]);
      const text = await watched.page.locator("main").innerText();
      expect(text).to.contain("The node cannot be reached");
      expect(text).to.contain(registry.slice(0, 8));
    } finally {
      await down.stop();
    }
  });

  it("does not believe a node of another chain", async () => {
    const bare = await world.serve("--rpc", world.sandbox.ready.rpcUrl);
    try {
      const watched = await visit(bare.url);
      const { page } = watched;
      await page.getByLabel("Address of a node (RPC)").fill(world.sandbox.ready.rpcUrl);
      await page.getByLabel("Chain id").fill("1");
      await page.getByLabel("Address of the registry").fill(world.sandbox.ready.registry);
      await page.getByRole("button", { name: "Use these" }).click();
      await page.getByText("This node serves another chain than the registry's.").first().waitFor();
      const [verdict] = await verdicts(watched, world.files.fine);
      expect(verdict).to.equal("Not genuine");
      expect(await page.locator(".check-failed .check-name").allInnerTexts()).to.deep.equal(["Anchor"]);
    } finally {
      await bare.stop();
    }
  });
});

function shown(file: string): Record<string, unknown> {
  const { record } = expectEvidence(readFileSync(file, "utf8"));
  return Object.fromEntries(
    record.fields.flatMap((field) => ("salt" in field ? [[field.name, field.value]] : [])),
  );
}
