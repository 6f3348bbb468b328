import { cpSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { evidenceText, expectEvidence } from "../../src/evidence";
import { writeDemoCases } from "../../scripts/support/demo-case";
import { describePages, type Watched } from "../support/browser";
import { expectRun } from "../support/cli";

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

describePages("pages: verifying", (stage) => {
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
    const watched = await stage.visit("");
    expect(await verdicts(watched, stage.world.files.fine, stage.world.files.presentation)).to.deep.equal([
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
    const { documentNumber } = shown(stage.world.files.fine);
    expect(await first.locator(".record").innerText()).to.contain(String(documentNumber));
    expect(await page.getByTestId("announcer").innerText()).to.contain("fine.json: Genuine and in force");
    expect(watched.complaints).to.deep.equal([]);
  });

  it("says on paper how much is hidden, and what", async () => {
    const { page } = await stage.visit("");
    await page.setInputFiles("input[type=file]", stage.world.files.presentation);
    await page.locator("article.result").waitFor();
    expect(await page.locator(".fields-shown").innerText()).to.match(/^\d+ shown, \d+ hidden$/);
    expect(await page.locator(".on-paper").isVisible()).to.equal(false);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".on-paper").innerText())
      .to.contain("Hidden: ")
      .and.contain("Legal basis");
  });

  it("sends nothing but questions, to the node that was chosen", async () => {
    const watched = await stage.visit("");
    await verdicts(watched, stage.world.files.fine, stage.world.files.withdrawn);
    const { origin } = new URL(stage.world.url);
    const { origin: node } = new URL(stage.world.sandbox.ready.rpcUrl);
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
    const watched = await stage.visit("");
    expect(await verdicts(watched, stage.world.files.withdrawn, stage.world.files.disputed)).to.deep.equal([
      "Genuine, not in force",
      "Genuine and in force",
    ]);
    const [withdrawn, disputed] = await watched.page.locator(".timeline").allInnerTexts();
    expect(withdrawn).to.contain("Withdrawn by the agency — the decision was revoked");
    expect(disputed).to.contain("Marked: disputed");
    expect(disputed).to.contain("somebody objects to the record");
  });

  it("finds every forgery out", async () => {
    const watched = await stage.visit("");
    expect(stage.world.forged.length).to.be.greaterThan(4);
    const found = await verdicts(watched, ...stage.world.forged.map(({ file }) => file));
    expect(found).to.deep.equal(stage.world.forged.map(() => "Not genuine"));
    expect(watched.complaints).to.deep.equal([]);
  });

  it("checks a bundle piece by piece, tells what it holds, and then the record in it", async () => {
    const watched = await stage.visit("");
    expect(await verdicts(watched, stage.world.files.bundle)).to.deep.equal(["Genuine and in force"]);
    const result = watched.page.locator("article.result");
    const parts = result.locator(".bundle");
    expect(await parts.locator(".check-failed").count()).to.equal(0);
    expect(await parts.locator(".check-passed .check-name").allInnerTexts()).to.deep.equal([
      ...["Type document", "Manifest", "Transaction", "Signature", "Transaction receipt", "Block"],
      ...["Contract code", "Deployment record", "Checkpoints", "Auditors' sign-offs", "Seal"],
    ]);
    expect(await parts.innerText()).to.match(/Time stamp\s+not checked\s+The bundle holds none/);
    const statements = await result.locator(".bundle-contents tbody tr").allInnerTexts();
    expect(statements.map((row) => row.split("\t")[0])).to.deep.equal([
      "Checkpoint",
      "Audit: no differences; not everything could be compared",
    ]);
    expect(await result.innerText()).to.contain("SHA-256");
    // Then the record, as of a receipt.
    const { documentNumber } = shown(stage.world.files.fine);
    expect(await result.locator(".record").innerText()).to.contain(String(documentNumber));
    expect(await result.locator("svg.path-picture").count()).to.equal(1);
    expect(watched.complaints).to.deep.equal([]);
  });

  it("says of a bundle without a node what it proves by itself, and what still needs a chain", async () => {
    const bare = await stage.world.serve();
    try {
      const watched = await stage.visit(bare.url);
      expect(await verdicts(watched, stage.world.files.bundle)).to.deep.equal(["Undecided"]);
      const parts = watched.page.locator(".bundle");
      expect(await parts.locator(".check-passed .check-name").allInnerTexts()).to.include.members([
        ...["Signature", "Transaction receipt", "Block", "Checkpoints", "Seal"],
      ]);
      expect(await parts.locator(".bundle-open").innerText()).to.contain(
        "Anchor, Issuer, Status, Freshness, Contract code",
      );
    } finally {
      await bare.stop();
    }
  });

  it("refuses a forged bundle, and names the piece", async () => {
    const forge = (
      name: string,
      change: (bundle: Record<string, Record<string, unknown>>) => void,
    ): string => {
      const bundle = JSON.parse(readFileSync(stage.world.files.bundle, "utf8")) as Record<
        string,
        Record<string, unknown>
      >;
      change(bundle);
      return stage.world.file(name, JSON.stringify(bundle));
    };
    const watched = await stage.visit("");
    const found = await verdicts(
      watched,
      forge("manifest.json", ({ manifest }) => (manifest!["size"] = 7)),
      forge("sealed.json", (bundle) => (bundle["madeAt"] = 1 as never)),
      forge("fewer.json", (bundle) => delete bundle["evidence"]),
      // Beside a receipt of the same record that holds.
      stage.world.files.fine,
    );
    expect(found).to.deep.equal([...Array<string>(3).fill("Not genuine"), "Genuine and in force"]);
    const failed = watched.page.locator("article.result").locator(".check-failed");
    const told = await failed.allInnerTexts();
    expect(told.map((text) => text.split("\n")[0]!.trim())).to.deep.equal([
      ...["Manifest", "Seal", "Seal", "Format"],
    ]);
    expect(told[0]).to.contain("It is not the one whose hash was anchored.");
    expect(watched.complaints).to.deep.equal([]);
  });

  it("reports that two files contradict each other, which are both anchored", async () => {
    const { sandbox } = stage.world;
    const folder = dirname(stage.world.files.fine);
    const home = sandbox.ready.homes["market-regulator"];
    const twin = join(folder, "twin");
    const { key } = writeDemoCases(folder);
    // An older copy of the home, used by another operator: two contents become the same version of one record.
    cpSync(home, twin, { recursive: true });
    const second = readFileSync(sandbox.ready.secondOperator.keyFile, "utf8").trim();
    const anchored = async (rows: string, dir: string, out: string, env = {}): Promise<string> => {
      await expectRun(0, ["anchor", join(folder, rows), "--type", "cn.penalty", "--home", dir], { env });
      const receipt = join(folder, out);
      await expectRun(0, ["receipt", "--key", key, "--out", receipt, "--home", dir]);
      return receipt;
    };
    const other = await anchored("case-corrected.ndjson", twin, "other.json", {
      CREDIT_ANCHOR_PRIVATE_KEY: second,
    });
    const one = await anchored("case.ndjson", home, "one.json");
    await expectRun(1, ["verify", one, other, "--home", home]);

    const watched = await stage.visit("");
    expect(await verdicts(watched, one, other)).to.deep.equal(["Contradicted", "Contradicted"]);
    const alerts = await watched.page.getByRole("alert").allInnerTexts();
    expect(alerts.map((text) => /^Contradiction with (\S+):/.exec(text)?.[1])).to.deep.equal([
      "other.json",
      "one.json",
    ]);
    await watched.page.getByText("Together: 2 contradicted").waitFor();
    expect(await watched.page.getByTestId("announcer").innerText()).to.contain("one.json: Contradicted");
    await watched.page.getByRole("button", { name: "Remove other.json" }).click();
    await watched.page.getByRole("heading", { name: "Genuine and in force" }).waitFor();
  });

  it("helps with files that are no receipts", async () => {
    const watched = await stage.visit("");
    const wrong: [string, string | Uint8Array, RegExp][] = [
      ["empty.json", "", /is empty/],
      ["words.json", "Dear sirs,", /not JSON/],
      ["half.json", '{"a": ', /damaged.+again/],
      ["cut.json", readFileSync(stage.world.files.fine, "utf8").slice(0, 900), /damaged.+again/],
      ["stand.json", readFileSync(stage.world.files.checkpoint), /credit-anchor checkpoint --verify/],
      ["list.json", "[1, 2]", /no receipt, presentation or bundle/],
      ["other.json", '{"format": "somebody/else"}', /no receipt, presentation or bundle/],
      ["manifest.json", '{"format": "credit-anchor/manifest"}', /cannot check/],
      ["scan.json", new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]), /is a picture/],
      ["print.json", "%PDF-1.7", /PDF/],
      ["noise.json", new Uint8Array([0xff, 0xfe, 0x00, 0x80]), /not a text file/],
      ["huge.json", new Uint8Array(17 * 2 ** 20).fill(32), /larger than 16 MB/],
    ];
    await watched.page.setInputFiles(
      "input[type=file]",
      wrong.map(([name, content]) => stage.world.file(name, content)),
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
    const watched = await stage.visit("");
    await verdicts(watched, stage.world.files.fine);
    const { page } = watched;
    await page.getByText("Choose what a reader may see").click();
    await page.getByLabel("Number of the decision document").uncheck();
    // Whom the record names as its issuer is compared with who anchored it: nobody can hide that by mistake.
    expect(await page.getByLabel(/always shown/).count()).to.be.greaterThan(1);
    expect(
      await page.getByRole("checkbox", { name: /^Unified social credit code of the agency/ }).isDisabled(),
    ).to.equal(true);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save presentation" }).click();
    const saved = (await (await download).path())!;
    const evidence = expectEvidence(readFileSync(saved, "utf8"));
    expect(evidence.format).to.equal("credit-anchor/presentation");
    expect(shown(saved)).not.to.have.property("documentNumber");
    const made = stage.world.file("saved.json", evidenceText(evidence));
    await expectRun(0, ["verify", made, "--home", stage.world.sandbox.ready.homes.tax]);
    expect(watched.complaints).to.deep.equal([]);
  });

  it("believes no registry before its reader says which", async () => {
    const bare = await stage.world.serve();
    try {
      const watched = await stage.visit(bare.url);
      expect(await verdicts(watched, stage.world.files.fine)).to.deep.equal(["Undecided"]);
      const { page } = watched;
      // A deployment record is offered, and changes nothing before it is accepted.
      await page.setInputFiles("input[type=file]", stage.world.files.deployment);
      await page.getByRole("button", { name: "Believe this registry" }).waitFor();
      expect(await page.locator("article.result h2").innerText()).to.equal("Undecided");
      await page.getByRole("button", { name: "Believe this registry" }).click();
      await page.getByLabel("Address of a node (RPC)").fill(stage.world.sandbox.ready.rpcUrl);
      await page.getByRole("button", { name: "Use these" }).click();
      await page.getByRole("heading", { name: "Genuine and in force" }).waitFor();
      expect(watched.complaints).to.deep.equal([]);
    } finally {
      await bare.stop();
    }
  });

  it("refuses addresses that are none, and says which", async () => {
    const bare = await stage.world.serve();
    try {
      const { page } = await stage.visit(bare.url);
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
    const { registry } = stage.world.sandbox.ready;
    const { deployment } = stage.world.files;
    const down = await stage.world.serve("--deployment", deployment, "--rpc", "http://127.0.0.1:9");
    try {
      const watched = await stage.visit(down.url);
      expect(
        await verdicts(
          watched,
          stage.world.files.fine,
          ...stage.world.forged.slice(0, 1).map(({ file }) => file),
        ),
      ).to.deep.equal(["Undecided", "Not genuine"]);
      const text = await watched.page.locator("main").innerText();
      expect(text).to.contain("The node cannot be reached");
      expect(await watched.page.locator(".node-ready").count()).to.equal(0);
      expect(text).to.contain(registry.slice(0, 8));
    } finally {
      await down.stop();
    }
  });

  it("does not believe a node of another chain", async () => {
    const bare = await stage.world.serve("--rpc", stage.world.sandbox.ready.rpcUrl);
    try {
      const watched = await stage.visit(bare.url);
      const { page } = watched;
      await page.getByLabel("Address of a node (RPC)").fill(stage.world.sandbox.ready.rpcUrl);
      await page.getByLabel("Chain id").fill("1");
      await page.getByLabel("Address of the registry").fill(stage.world.sandbox.ready.registry);
      await page.getByRole("button", { name: "Use these" }).click();
      await page.getByText("This node serves another chain than the registry's.").first().waitFor();
      const [verdict] = await verdicts(watched, stage.world.files.fine);
      expect(verdict).to.equal("Of another registry");
      expect(await page.locator(".check-failed .check-name").allInnerTexts()).to.deep.equal(["Anchor"]);
      const { chainId, registry } = stage.world.sandbox.ready;
      await page
        .getByText(`The file names registry ${registry.toLowerCase()} on chain ${chainId}.`)
        .waitFor();
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
