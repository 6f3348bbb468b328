import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { openBytes, openFile } from "../../app/verify/read-file";
import { movedPositions, ranges, statusCounts } from "../../app/explore/status-counts";
import { periodOf, seriesOf, ticks } from "../../app/explore/series";
import { parseRoute } from "../../app/route";
import { outcomeOf } from "../../app/verify/judge";
import { words } from "../../app/words";
import { BUNDLE_CHECK_NAMES } from "../../src/bundle";
import { formats } from "../../src/formats";
import { reasons } from "../../src/reasons";
import type { Verdict } from "../../src/verdict";
import { shippedTypes } from "../../src/types/shipped";
import { registryInterface } from "../../src/interfaces";

const root = join(__dirname, "..", "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** Codes of checks that the verifier's source names. */
function codesOfChecks(): string[] {
  const checks = "format|type|integrity|inclusion|anchor|issuer|status|freshness";
  const found = new Set<string>();
  for (const file of ["verify.ts", "verify-facts.ts", "verify-evidence.ts"]) {
    const text = read(join("src", file));
    for (const [, code] of text.matchAll(new RegExp(`"((?:${checks})\\.[a-z-]+)"`, "g"))) found.add(code!);
    // `open("no-trust", …)` and reasons given by their last part.
    for (const part of text.split(/\nexport function |\nfunction /)) {
      const prefix = new RegExp(`\`(${checks})\\.\\$\\{code\\}\``).exec(part)?.[1];
      if (prefix !== undefined)
        for (const [, code] of part.matchAll(/open\(\s*"([a-z-]+)"/g)) found.add(`${prefix}.${code}`);
      for (const [, code] of part.matchAll(/\{ code: "([a-z-]+)", message/g)) found.add(`status.${code}`);
    }
  }
  for (const name of checks.split("|").slice(1)) found.add(`${name}.unread`);
  return [...found].sort();
}

/** Codes of checks of what is in a bundle. */
function codesOfBundles(): string[] {
  const found = new Set<string>();
  for (const file of ["verify.ts", "statements.ts"]) {
    const text = read(join("src", "bundle", file));
    for (const [, code] of text.matchAll(/(?:passed|failed|notChecked)\(\s*"[a-z -]+",\s*"([a-z.-]+)"/g))
      found.add(code!);
    // `wrong("hash", …)`, where the function before says of which check.
    for (const part of text.split(/\n(?:export )?function /)) {
      const prefix = /`([a-z-]+)\.\$\{code\}`/.exec(part)?.[1];
      for (const [, code] of part.matchAll(/wrong\("([a-z-]+)"/g)) found.add(`${prefix}.${code}`);
    }
  }
  return [...found].sort();
}

describe("pages: words", () => {
  const both = [words.zh, words.en] as const;

  it("have a sentence for every reason of a check", () => {
    const codes = codesOfChecks();
    expect(codes.length).to.be.greaterThan(50);
    for (const { codes: known } of both) expect(Object.keys(known.reasons)).to.include.members(codes);
  });

  it("have a name and a sentence for everything that is checked of a bundle", () => {
    for (const { codes, bundle } of both) {
      expect(Object.keys(codes.bundle)).to.have.members(codesOfBundles());
      expect(Object.keys(bundle.checks)).to.have.members(BUNDLE_CHECK_NAMES);
    }
  });

  it("have a sentence for every reason of an act, and a name for every event", () => {
    const events: string[] = [];
    registryInterface.forEachEvent(({ name, inputs }) => {
      if (inputs.at(-1)?.name === "entry") events.push(name);
    });
    for (const { codes, explorer } of both) {
      expect(Object.keys(codes.acts)).to.have.members(Object.keys(reasons));
      expect(Object.keys(explorer.events)).to.have.members(events);
    }
  });

  it("are Chinese in Chinese, English in English, and none is empty", () => {
    const visit = (value: unknown, path: string, see: (text: string, path: string) => void): void => {
      if (typeof value === "string") see(value, path);
      else if (typeof value === "function")
        see((value as (...args: string[]) => string)("1", "2", "3", "4", "5"), path);
      else
        for (const [name, inner] of Object.entries(value as Record<string, unknown>))
          visit(inner, `${path}/${name}`, see);
    };
    visit(words.en, "", (text, path) => {
      expect(text.trim(), path).not.to.equal("");
      if (path !== "/language/other") expect(text, path).not.to.match(/\p{Script=Han}/u);
    });
    visit(words.zh, "", (text, path) => {
      if (
        ![
          "/language/other",
          "/footer/source",
          "/explorer/shownOf",
          "/timeline/because",
          "/verdict/live",
          "/bundle/and",
        ].includes(path)
      )
        expect(text, path).to.match(/\p{Script=Han}/u);
    });
  });

  it("stand in the dictionary, not in the pages", () => {
    const files = readdirSync(join(root, "app"), { recursive: true, encoding: "utf8" });
    for (const file of files.filter((name) => name.endsWith(".tsx"))) {
      const text = read(join("app", file));
      expect(text.match(/>\s*[A-Z][a-z]+ [a-z]+[^<{}=;]*</g) ?? [], file).to.deep.equal([]);
      expect(text, file).not.to.match(/\p{Script=Han}/u);
    }
  });
});

describe("pages: reading files", () => {
  const open = (text: string) => openBytes(new TextEncoder().encode(text));

  it("knows what a file is by its content", async () => {
    expect(open('{"format": "credit-anchor/receipt"}')).to.include({ kind: "exhibit" });
    // Cut off on the way, like any other JSON that is.
    expect(open('{"format": "credit-anchor/receipt",')).to.include({ problem: "broken-json" });
    expect(open('{"format": "credit-anchor/checkpoint"}')).to.include({ problem: "checkpoint" });
    expect(open('{"format": "credit-anchor/signed-report"}')).to.include({ problem: "signed-report" });
    expect(open('{"format": "credit-anchor/deployment", "contract": "CreditRegistry"}').kind).to.equal(
      "deployment",
    );
    expect(open(read("src/types/shipped/cn.penalty.json")).kind).to.equal("type");
    expect(open("null")).to.include({ problem: "other-json" });
    expect(await openFile(new Blob([]))).to.include({ problem: "empty" });
  });
});

describe("pages: values", () => {
  const penalty = shippedTypes().get("cn.penalty")!;

  it("name no unit but the one in which the amount stands there", () => {
    for (const { fieldTitle, value } of [formats.zh, formats.en])
      for (const { name } of penalty.fields.filter((field) => field.name.endsWith("Fen"))) {
        expect(fieldTitle(name, penalty)).not.to.match(/元|fen/);
        expect(value(name, 5_000_012)).to.equal("50,000.12 元");
      }
    expect(formats.zh.fieldTitle("fineFen", penalty)).to.equal("罚款金额");
    expect(formats.en.fieldTitle("fineFen", penalty)).to.equal("Fine");
  });
});

describe("pages: one word for one thing", () => {
  it("says operator, leaf hash, secret and statement in one way", () => {
    const said = ["zh.ts", "zh-codes.ts", "zh-explore.ts"]
      .map((file) => read(join("app", "words", file)))
      .join();
    const shared =
      read(join("src", "bundle", "reasons-chinese.ts")) + read(join("src", "bundle", "cover.ts"));
    expect(said + shared).not.to.match(/操作者|叶子|密钥材料|审计签署|审计方|覆盖事件数|已不生效/);
  });
});

describe("pages: of which registry a file is", () => {
  const outcome = (...codes: string[]) =>
    outcomeOf({
      verdict: {
        exitStatus: codes.length > 0 ? 1 : 0,
        checks: codes.map((code) => ({ name: "anchor", result: "failed", code, message: "" })),
      } as unknown as Verdict,
      contradicts: [],
    });

  it("condemns no file for that alone, and every file for anything else", () => {
    expect(outcome("anchor.untrusted")).to.equal("elsewhere");
    expect(outcome("anchor.untrusted", "integrity.altered")).to.equal(1);
    expect(outcome("anchor.header")).to.equal(1);
    expect(outcome()).to.equal(0);
  });
});

describe("pages: addresses", () => {
  it("lead to a page, or nowhere", () => {
    for (const [address, page] of [
      ["", "verify"],
      ["#/", "verify"],
      ["#/verify", "verify"],
      ["#/agency/1", "explore"],
      ["#/agency/none", "unknown"],
      ["#/nonsense", "unknown"],
    ] as const)
      expect(parseRoute(address).page, address).to.equal(page);
  });
});

describe("pages: numbers", () => {
  const batch = (anchoredAt: number, size: number, agencyId = 1) =>
    ({ header: { anchoredAt, size, agencyId } }) as Parameters<typeof seriesOf>[0][number];
  const at = (text: string): number => Date.parse(text) / 1000;

  it("count periods as people in China do", () => {
    expect(periodOf(at("2026-03-31T15:59:59Z"), "day")).to.equal("2026-03-31");
    expect(periodOf(at("2026-03-31T16:00:00Z"), "day")).to.equal("2026-04-01");
    expect(periodOf(at("2026-04-05T15:59:59Z"), "week")).to.equal("2026-03-30");
    expect(periodOf(at("2026-04-05T16:00:00Z"), "week")).to.equal("2026-04-06");
    expect(periodOf(at("2026-12-31T16:00:00Z"), "month")).to.equal("2027-01-01");
  });

  it("leave no period out and lose no record", () => {
    const few = seriesOf([batch(at("2026-02-27T00:00:00Z"), 5), batch(at("2026-03-02T00:00:00Z"), 7, 2)]);
    expect(few.unit).to.equal("day");
    expect(few.periods.map(({ start, total }) => [start, total])).to.deep.equal([
      ["2026-02-27", 5],
      ["2026-02-28", 0],
      ["2026-03-01", 0],
      ["2026-03-02", 7],
    ]);
    const year = seriesOf([batch(at("2025-01-15T00:00:00Z"), 1), batch(at("2026-03-02T00:00:00Z"), 2)]);
    expect(year.unit).to.equal("month");
    expect(year.periods).to.have.length(15);
  });

  it("put round numbers at the axis", () => {
    expect(ticks(3_000)).to.deep.equal([0, 1_000, 2_000, 3_000]);
    expect(ticks(7)).to.deep.equal([0, 2, 4, 6, 8]);
    expect(ticks(1)).to.deep.equal([0, 1]);
    expect(ticks(0)).to.deep.equal([0]);
  });

  it("count statuses and name positions", () => {
    const words = new Map([[1, new Uint8Array(32)]]);
    words.get(1)![0] = 2;
    words.get(1)![1] = 2;
    words.get(1)![5] = 16;
    const one = { header: { size: 64 }, words } as unknown as Parameters<typeof statusCounts>[0][number];
    expect([...statusCounts([one])]).to.deep.equal([
      [0, 61],
      [2, 2],
      [16, 1],
    ]);
    expect([...movedPositions(one)]).to.deep.equal([
      [2, [32, 33]],
      [16, [37]],
    ]);
    expect(ranges([1, 2, 3, 7, 9, 10])).to.equal("1–3, 7, 9–10");
  });
});
