import { existsSync } from "node:fs";
import type { Suite } from "mocha";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { startPagesWorld, type PagesWorld } from "./pages";

/** Where Debian, Ubuntu and others put Chromium, unless CHROMIUM says where it is. */
const PLACES = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const executable = PLACES.find((place) => place !== undefined && existsSync(place));

const MISSING =
  "no Chromium found: install it (Debian, Ubuntu: apt-get install chromium) or name it in CHROMIUM";

/**
 * A suite that needs a real browser. On a machine without one it is skipped, and says so; where
 * CREDIT_ANCHOR_BROWSER=required (the gate), it fails instead.
 */
function describeInBrowser(title: string, suite: (this: Suite) => void): void {
  if (executable !== undefined) return void describe(title, suite);
  describe(title, () => {
    it(`was NOT run: ${MISSING}`, function () {
      if (process.env["CREDIT_ANCHOR_BROWSER"] === "required") throw new Error(MISSING);
      console.warn(`    SKIPPED ${title}: ${MISSING}`);
      this.skip();
    });
  });
}

/** What the tests of a suite share: one chain, one server of the pages, one browser. */
export interface PagesStage {
  readonly world: PagesWorld;
  /** Opens an address (of the world's pages, unless it is a whole one) until the test is over. */
  visit(address: string, look?: Look): Promise<Watched>;
}

/** A suite about the pages in a real browser: {@link describeInBrowser}. */
export function describePages(title: string, suite: (stage: PagesStage) => void): void {
  describeInBrowser(title, function () {
    this.timeout(240_000);
    let world: PagesWorld;
    let browser: Browser;
    let open: Watched[] = [];
    before(async () => {
      [world, browser] = await Promise.all([startPagesWorld(), startBrowser()]);
    });
    afterEach(async () => {
      await Promise.all(open.map(({ context }) => context.close()));
      open = [];
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });
    suite({
      get world() {
        return world;
      },
      visit: async (address, look) => {
        const watched = await openPage(browser, new URL(address, world.url).href, look);
        open.push(watched);
        return watched;
      },
    });
  });
}

export interface Look {
  readonly language?: "zh-CN" | "en-GB";
  readonly colours?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
}

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: executable!, args: ["--no-sandbox", "--disable-gpu"] });
}

/** A page, and what it did that nobody asked for. */
export interface Watched {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Every request that left the page. */
  readonly requests: { readonly url: string; readonly method: string | undefined }[];
  /** Breaches of the content policy, errors of scripts, words on the console. */
  readonly complaints: string[];
}

/** Opens a page as a reader with such a device and language would see it. */
export async function openPage(browser: Browser, url: string, look: Look = {}): Promise<Watched> {
  const { language = "en-GB", colours = "light", width = 1_280, height = 900 } = look;
  const context = await browser.newContext({
    locale: language,
    colorScheme: colours,
    viewport: { width, height },
    timezoneId: "Europe/Berlin",
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const requests: { url: string; method: string | undefined }[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => {
    let method: string | undefined;
    if (request.method() === "POST")
      method = (request.postDataJSON() as { method?: string } | null)?.method ?? "no JSON-RPC";
    requests.push({ url: request.url(), method });
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await page.goto(url);
  return { page, context, requests, complaints };
}
