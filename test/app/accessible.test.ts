import { source } from "axe-core";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { openHome } from "../../src/home";
import { describePages, type Look } from "../support/browser";

/** What axe says of a page, as far as anybody needs it here. */
interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What is folded away is on the page too. */
async function unfolded(page: Page): Promise<Page> {
  await page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))");
  return page;
}

const LOOKS = [
  { language: "en-GB", colours: "light" },
  { language: "en-GB", colours: "dark" },
  { language: "zh-CN", colours: "light" },
  { language: "zh-CN", colours: "dark" },
] as const;

describePages("pages: for everybody", (stage) => {
  const open = async (address: string, look: Look): Promise<Page> => (await stage.visit(address, look)).page;

  /** Every kind of page, with everything on it that there can be. */
  async function* pages(look: Look): AsyncGenerator<[string, Page]> {
    const page = await open("#/verify", look);
    await page.setInputFiles("input[type=file]", [
      stage.world.files.fine,
      stage.world.files.withdrawn,
      stage.world.forged[0]!.file,
      stage.world.files.bundle,
      stage.world.file("empty.json", ""),
      stage.world.files.deployment,
    ]);
    await page.locator("article.result").nth(3).waitFor();
    await page.locator("section.trust button").last().click();
    yield ["verify", await unfolded(page)];
    yield ["about", await open("#/about", look)];
    const operator = openHome(stage.world.sandbox.ready.homes.court, { env: {} }).signerAddress()!;
    // One tab: what was read of the registry stays while the reader goes from page to page.
    const explored = await open("#/explore", look);
    for (const address of [
      "#/explore",
      `#/batch/${stage.world.batch}`,
      "#/agency/1",
      `#/operator/${operator}`,
      "#/agencies",
      "#/types",
      "#/batches",
      "#/statuses",
      "#/signoffs",
      "#/type/1",
    ]) {
      await explored.goto(new URL(address, stage.world.url).href);
      await explored.getByTestId("read-up-to").waitFor();
      if (address === "#/signoffs") await explored.locator("tbody tr").waitFor();
      yield [address, await unfolded(explored)];
    }
  }

  for (const look of LOOKS)
    it(`axe finds nothing serious: ${look.language}, ${look.colours}`, async () => {
      for await (const [name, page] of pages(look)) {
        await page.evaluate(source);
        const violations: Violation[] = await page.evaluate(
          `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)`,
        );
        const grave = violations.filter(({ impact }) => impact !== "minor");
        expect(
          grave.map(({ id, nodes }) => `${name}: ${id}: ${nodes[0]!.html} ${nodes[0]!.failureSummary}`),
        ).to.deep.equal([]);
      }
    });

  it("no page is wider than a phone", async () => {
    for (const language of ["en-GB", "zh-CN"] as const)
      for await (const [name, page] of pages({ language, width: 360, height: 740 })) {
        const over = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        expect(over, `${name} in ${language}`).to.equal(0);
      }
  });

  it("speaks the language of the browser, and the other one when asked", async () => {
    const page = await open("#/verify", { language: "zh-CN" });
    await page.getByRole("heading", { name: "核验一条记录" }).waitFor();
    expect(await page.getAttribute("html", "lang")).to.equal("zh-CN");
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: "Verify a record" }).waitFor();
    expect(await page.getAttribute("html", "lang")).to.equal("en");
    await page.reload();
    await page.getByRole("heading", { name: "Verify a record" }).waitFor();
  });

  it("says nothing in Chinese to who reads English, and the other way round", async () => {
    const chinese = /\p{Script=Han}/u;
    for (const [name, address] of Object.entries({ about: "#/about", explore: "#/explore" })) {
      const english = await open(address, { language: "en-GB" });
      if (name === "explore") await english.getByTestId("read-up-to").waitFor();
      const words =
        (await english.locator("main").innerText()) + (await english.locator("footer").innerText());
      expect(words, name).not.to.match(chinese);
    }
  });

  it("is dark or light as the device, or as asked", async () => {
    const background = (page: Page): Promise<string> =>
      page.evaluate("getComputedStyle(document.body).backgroundColor");
    const page = await open("#/verify", { colours: "dark" });
    const dark = await background(page);
    await page.getByLabel("Colours").selectOption("light");
    await page.locator('html[data-theme="light"]').waitFor();
    const light = await background(page);
    expect(light).not.to.equal(dark);
    await page.reload();
    expect(await background(page)).to.equal(light);
    await page.getByLabel("Colours").selectOption("dark");
    await page.locator('html[data-theme="dark"]').waitFor();
    expect(await background(page)).to.equal(dark);
  });

  it("needs no mouse: from the first key to the checks, the presentation and the batch", async () => {
    const page = await open("#/verify", {});
    const focused = (): Promise<string> =>
      page.evaluate(
        "(document.activeElement.labels?.[0] ?? document.activeElement).innerText || document.activeElement.tagName",
      );
    // The input of files is not seen: its button shows that it has the focus.
    const isMarked = (): Promise<boolean> =>
      page.evaluate(
        "parseFloat(getComputedStyle(document.activeElement.closest('.choose') ?? document.activeElement).outlineWidth) >= 2",
      );
    const tabTo = async (words: RegExp): Promise<void> => {
      for (let i = 0; i < 80; i++) {
        await page.keyboard.press("Tab");
        expect(await isMarked(), `the focus is seen on ${await focused()}`).to.equal(true);
        if (words.test(await focused())) return;
      }
      expect.fail(`the Tab key does not lead to ${words}`);
    };
    // Heard from the start: the browser needs a moment before it hands file dialogues over.
    const chooser = page.waitForEvent("filechooser");
    await page.getByText("Connected to").waitFor();
    await page.keyboard.press("Tab");
    expect(await focused()).to.equal("Skip to content");
    await page.keyboard.press("Enter");
    await tabTo(/^Choose files/);
    await page.keyboard.press("Enter");
    await (await chooser).setFiles(stage.world.files.fine);
    await page.getByRole("heading", { name: "Genuine and in force" }).waitFor();
    await tabTo(/^Choose what a reader may see/);
    await page.keyboard.press("Enter");
    await tabTo(/^Number of the decision document/);
    await page.keyboard.press("Space");
    await tabTo(/^Save presentation/);
    const download = page.waitForEvent("download");
    await page.keyboard.press("Enter");
    await download;
    await page.keyboard.press("Shift+Tab");
    for (let i = 0; i < 80 && (await focused()) !== stage.world.batch; i++)
      await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: `Batch ${stage.world.batch}` }).waitFor();
    // Who goes to another page stands at its beginning.
    expect(await page.evaluate("document.activeElement.tagName")).to.equal("MAIN");
  });
});
