/**
 * Pictures of the pages in a real Chromium, on a sandbox: `ts-node -T scripts/screenshots.ts [--all DIR]`.
 *
 * Writes the two pictures that the documents show to docs/images; with --all DIR every look of every kind of page to DIR,
 * for somebody to look at: wide and as narrow as a phone, light, dark and as printed, English and Chinese. Needs a font
 * with Chinese characters (Debian: fonts-noto-cjk).
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Browser } from "playwright-core";

import { openPage, startBrowser, type Look, type Watched } from "../test/support/browser";
import { anchorDays, startPagesWorld, type EmptyBatch, type PagesWorld } from "../test/support/pages";
import { complain } from "./support/complain";
import { projectRoot } from "./support/project";

interface Picture {
  readonly name: string;
  readonly address: string;
  /** Files to open first. */
  readonly files?: (world: PagesWorld) => readonly string[];
}

const VERIFY: Picture = { name: "verify", address: "#/verify", files: ({ files }) => [files.fine] };
const EXPLORE: Picture = { name: "explore", address: "#/explore" };
const OTHERS: readonly Picture[] = [
  {
    name: "several",
    address: "#/verify",
    files: ({ files, forged }) => [forged[0]!.file, files.withdrawn, files.disputed],
  },
  { name: "bundle", address: "#/verify", files: ({ files }) => [files.bundle] },
  { name: "signoffs", address: "#/signoffs" },
  { name: "agency", address: "#/agency/1" },
  { name: "about", address: "#/about" },
];

const LOOKS: readonly (Look & { readonly name: string; readonly isPrint?: boolean })[] = [
  { name: "en", language: "en-GB" },
  { name: "zh", language: "zh-CN" },
  { name: "en-dark", language: "en-GB", colours: "dark" },
  { name: "zh-phone", language: "zh-CN", width: 390, height: 844 },
  // A4 without its margins.
  { name: "en-print", language: "en-GB", width: 680, isPrint: true },
];

/** Six weeks of work of three agencies, fewer at weekends. */
const DAYS: readonly (readonly EmptyBatch[])[] = Array.from({ length: 42 }, (_, day) => {
  const share = day % 7 > 4 ? 0.15 : 1;
  const size = (most: number, step: number): number =>
    Math.ceil(most * share * (0.6 + ((day * step) % 11) / 25));
  return [
    { home: "market-regulator", size: size(1_400, 7) },
    { home: "court", size: size(900, 5) },
    { home: "tax", size: size(600, 3) },
  ];
});

async function show(browser: Browser, world: PagesWorld, picture: Picture, look: Look): Promise<Watched> {
  const watched = await openPage(browser, new URL(picture.address, world.url).href, look);
  const { page } = watched;
  const files = picture.files?.(world) ?? [];
  if (files.length > 0) {
    await page.setInputFiles("input[type=file]", [...files]);
    await page
      .locator("article.result")
      .nth(files.length - 1)
      .waitFor();
  } else if (picture.name !== "about") await page.getByTestId("read-up-to").waitFor();
  if (picture.name === "signoffs") await page.locator("tbody tr").waitFor();
  return watched;
}

async function main(): Promise<number> {
  const { all } = parseArgs({ options: { all: { type: "string" } } }).values;
  const images = join(projectRoot(), "docs", "images");
  const [world, browser] = await Promise.all([startPagesWorld(), startBrowser()]);
  try {
    const take = async (picture: Picture, look: Look, path: string, fullPage = false): Promise<void> => {
      const { page, context } = await show(browser, world, picture, look);
      await page.screenshot({ path, fullPage, animations: "disabled" });
      await context.close();
      console.log(path);
    };
    mkdirSync(images, { recursive: true });
    const size = { width: 1_120, height: 1_240 };
    await take(VERIFY, { language: "en-GB", ...size }, join(images, "verify-en.png"));
    // Only then: afterwards the chain's clock is ahead of this computer's.
    const verifying = [VERIFY, ...OTHERS].filter(({ files }) => files !== undefined);
    const exploring = [EXPLORE, ...OTHERS].filter(({ files }) => files === undefined);
    const takeAll = async (pictures: readonly Picture[]): Promise<void> => {
      if (all === undefined) return;
      mkdirSync(all, { recursive: true });
      for (const picture of pictures)
        for (const { name, isPrint = false, ...look } of LOOKS) {
          const { page, context } = await show(browser, world, picture, look);
          if (isPrint) await page.emulateMedia({ media: "print" });
          const path = join(all, `${picture.name}-${name}.png`);
          await page.screenshot({ path, fullPage: true, animations: "disabled" });
          await context.close();
          console.log(path);
        }
    };
    await takeAll(verifying);
    await anchorDays(world.sandbox.ready, DAYS);
    await take(EXPLORE, { language: "zh-CN", ...size }, join(images, "explore-zh.png"));
    await takeAll(exploring);
    return 0;
  } finally {
    await browser.close();
    await world.stop();
  }
}

main().then(
  (exit) => process.exit(exit),
  (error: unknown) => process.exit(complain(error)),
);
