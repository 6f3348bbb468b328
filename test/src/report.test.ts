import { expect } from "chai";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditReport } from "../../src/audit";
import { canonical } from "../../src/canonical";
import { fileHash, REPORT_FILES, reportFiles } from "../../src/report";
import { chineseClocks, chineseDifferences, chineseUnchecked } from "../../src/report/findings-chinese";
import { batchName, count, share, time } from "../../src/report/format";
import { html, markup } from "../../src/html";
import { lawName } from "../../src/report/law";
import { describe as describeReport } from "../../src/cli/audit";
import { english } from "../../src/report/words";
import { chinese } from "../../src/report/words-chinese";
import { loadPolicySet } from "../../src/policy";
import { roleNames } from "../../src/roles";
import { ALICE, ready, START } from "../support/forger";
import { elements, named, readMarkup, textOf, type Element } from "../support/markup";
import { eventfulRegistry, reportOn } from "../support/reports";

const REPOSITORY = join(__dirname, "..", "..");
const SOURCES = ["node.example:8545", "court.example:8545"];

function pagesOf(report: AuditReport): { zh: string; en: string; json: string } {
  const files = new Map(reportFiles(report, "1.2.3").map(({ name, content }) => [name, content]));
  return {
    zh: files.get(REPORT_FILES.zh)!,
    en: files.get(REPORT_FILES.en)!,
    json: files.get(REPORT_FILES.json)!,
  };
}

function section(page: Element, number: number): string {
  const parts = named(page, "main")[0]!.children;
  const at = (n: number): number =>
    parts.findIndex((part) => typeof part !== "string" && part.attributes.id === `s${n}`);
  const end = at(number + 1);
  return parts
    .slice(at(number), end < 0 ? undefined : end)
    .map(textOf)
    .join("");
}

describe("report", () => {
  const report = reportOn(eventfulRegistry(), { sources: SOURCES });
  const pages = pagesOf(report);
  const broken = (() => {
    const forger = eventfulRegistry();
    forger.logs.splice(20, 1);
    return reportOn(forger);
  })();

  it("is told by a registry in which nothing is wrong, and much happened", () => {
    expect(report.differences).to.deep.equal([]);
    expect(report.clocks!.findings).to.have.lengthOf(1);
    expect(report.coverage.flagged).to.equal(1);
    expect(broken.differences.length).to.be.greaterThan(2);
  });

  describe("as JSON", () => {
    it("is canonical, and the same report", () => {
      expect(pages.json).to.equal(new TextDecoder().decode(canonical(JSON.parse(JSON.stringify(report)))));
      expect(JSON.parse(pages.json)).to.deep.equal(JSON.parse(JSON.stringify(report)));
    });

    it("has the hash that sha256sum prints, which the pages show", () => {
      const hash = createHash("sha256").update(pages.json).digest("hex");
      expect(fileHash(pages.json)).to.equal(hash);
      for (const page of [pages.zh, pages.en]) {
        expect(textOf(readMarkup(page))).to.contain(`${hash} report.json`);
        expect(page).to.contain(`content: "SHA-256 ${hash}"`);
      }
    });
  });

  for (const [language, words] of [
    ["zh", chinese],
    ["en", english],
  ] as const)
    describe(`as a page (${language})`, () => {
      const text = pages[language];
      const page = readMarkup(text);

      it("says its language, and links to the other", () => {
        expect(named(page, "html")[0]!.attributes.lang).to.equal(language === "zh" ? "zh-CN" : "en");
        const links = named(page, "a").map(({ attributes }) => attributes.href);
        expect(links.filter((href) => !href!.startsWith("#"))).to.deep.equal([
          REPORT_FILES[language === "zh" ? "en" : "zh"],
        ]);
      });

      it("refers to nothing outside, and needs no script", () => {
        expect(text).not.to.match(/https?:|url\((?!#hatch\))|@import|javascript:/i);
        for (const { name, attributes } of elements(page)) {
          expect(["script", "img", "link", "iframe", "object", "embed", "form", "base"]).not.to.include(name);
          expect(
            Object.keys(attributes).filter((key) => /^on|^src|^style$|^srcset$|^action$/.test(key)),
          ).to.deep.equal([]);
        }
      });

      it("allows itself its own style and nothing else", () => {
        const policy = named(page, "meta").find(
          ({ attributes }) => attributes["http-equiv"] === "Content-Security-Policy",
        )!.attributes.content!;
        const [style, ...others] = named(page, "style");
        expect(others).to.deep.equal([]);
        const hash = createHash("sha256").update(style!.children.join("")).digest("base64");
        expect(policy.split("; ")).to.deep.equal([
          "default-src 'none'",
          `style-src 'sha256-${hash}'`,
          "base-uri 'none'",
          "form-action 'none'",
        ]);
      });

      it("has nine numbered sections, and the contents lead to them", () => {
        const ids = named(page, "h2").map(({ attributes }) => attributes.id);
        expect(ids).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `s${n}`));
        const all = new Set([...elements(page)].flatMap(({ attributes }) => attributes.id ?? []));
        for (const { attributes } of named(page, "a"))
          if (attributes.href!.startsWith("#")) expect(all).to.include(attributes.href!.slice(1));
        expect([...elements(page)].filter(({ attributes }) => attributes.id !== undefined)).to.have.lengthOf(
          all.size,
        );
      });

      it("names every picture in words", () => {
        const pictures = named(page, "svg").filter(({ attributes }) => attributes["aria-hidden"] !== "true");
        expect(pictures.length).to.be.greaterThan(3);
        for (const picture of pictures) {
          const ids = picture.attributes["aria-labelledby"]!.split(" ");
          const told = [...elements(picture)].filter(({ attributes }) => ids.includes(attributes.id ?? ""));
          expect(told.map(({ name }) => name)).to.deep.equal(["title", "desc"]);
          for (const words of told) expect(textOf(words)).to.match(/\S/);
          expect(picture.attributes.role).to.equal("img");
        }
      });

      it("counts in its table what the JSON counts", () => {
        const [table] = named(page, "table").filter((candidate) =>
          textOf(candidate).startsWith(` ${words.coverage.caption}`),
        );
        const rows = named(table!, "tr").map(({ children }) =>
          children.filter((cell) => typeof cell !== "string").map((cell) => textOf(cell).trim()),
        );
        for (const agency of report.coverage.agencies)
          for (const type of agency.types)
            for (const { period, batches, records, proven, flagged } of type.periods)
              expect(rows.map((row) => row.slice(1))).to.deep.include([
                period,
                count(batches),
                count(records),
                count(proven),
                share(proven, records),
                count(flagged),
              ]);
        const { batches, records, proven } = report.coverage;
        expect(rows.at(-1)!.slice(2, 5)).to.deep.equal([batches, records, proven].map(count));
      });

      it("draws bars as high as the numbers are", () => {
        const picture = named(page, "svg").find(
          ({ attributes }) => attributes["aria-labelledby"] === "v0-t v0-d",
        )!;
        const heights = named(picture, "rect")
          .filter(({ attributes }) => attributes.class === "claimed")
          .map(({ attributes }) => Number(attributes.height));
        const values = report.coverage.agencies.flatMap(({ types }) => {
          const sums = new Map<string, number>();
          for (const { period, records } of types.flatMap(({ periods }) => periods))
            sums.set(period, (sums.get(period) ?? 0) + records);
          return [...sums.values()];
        });
        expect(heights).to.have.lengthOf(values.length);
        const most = Math.max(...values);
        // Order of the bars is the order of the agencies: the largest first, as it is here.
        values.forEach((value, i) =>
          expect(heights[i]).to.be.closeTo(Math.max(0.7, (36 * value) / most), 0.01),
        );
      });

      it("tells time limits that were missed, batches in doubt and keys", () => {
        const whole = textOf(page);
        const [finding] = report.clocks!.findings;
        expect(whole).to.contain(finding!.due).and.to.contain(lawName(finding!, words));
        expect(whole).to.contain(batchName(report.coverage.flaggedBatches[0]!, words));
        expect(whole).to.contain(ALICE);
        expect(whole).to.contain(time(report.keys[0]!.validFrom, words));
      });

      it("leads with the verdict: clean, clean by a single source, differences", () => {
        const verdictOf = (of: AuditReport): string =>
          textOf(
            [...elements(readMarkup(pagesOf(of)[language]))].find(({ attributes }) =>
              attributes.class?.startsWith("verdict"),
            )!,
          );
        expect(verdictOf(report))
          .to.contain(words.verdict.clean)
          .and.not.to.contain(words.verdict.singleSource);
        expect(verdictOf(reportOn(eventfulRegistry()))).to.contain(words.verdict.cleanSingle);
        expect(verdictOf(broken)).to.contain(
          words.verdict.differences(count(broken.differences.length), false),
        );
      });

      it("says what rests on one node, and when sources disagree", () => {
        const limitsOf = (change: Partial<AuditReport>): string =>
          section(readMarkup(pagesOf({ ...report, ...change })[language]), 2);
        const head = { length: 7, head: "0x12", contained: true };
        expect(limitsOf({})).to.contain(words.limits.severalSources);
        const single = limitsOf({ singleSource: true, externalHead: head });
        expect(single).to.contain(words.limits.singleSource).and.to.contain(words.limits.unvouched("7"));
        expect(limitsOf({ externalHead: head })).not.to.contain(words.limits.unvouched("7"));
        const checkpoint = {
          block: { number: 12, hash: "0x34", time: START },
          journal: { length: 9, head: "0x56" },
          signer: ALICE,
          acceptedAt: null,
        };
        const grown = limitsOf({
          silent: ["nobody.example does not answer"],
          checkpoint: { ...checkpoint, vouchedBy: "auditor", contained: true },
        });
        expect(grown)
          .to.contain("nobody.example does not answer")
          .and.to.contain(words.limits.checkpointContained);
        expect(grown).to.contain(words.limits.checkpoint("9", "12", ALICE, words.limits.vouched.auditor));
        const shrunk = limitsOf({ checkpoint: { ...checkpoint, vouchedBy: null, contained: false } });
        expect(shrunk).to.contain(words.limits.checkpointDiffers).and.to.contain(words.limits.vouched.nobody);
        const ofContract = { ...checkpoint, vouchedBy: "named" as const, contained: true, acceptedAt: 13 };
        expect(limitsOf({ checkpoint: ofContract })).to.contain(words.limits.checkpointAccepted("13"));
        const differences = [{ code: "witness.journal", message: "", where: {} }];
        expect(limitsOf({ differences })).to.contain(words.limits.disagree);
        expect(limitsOf({ differences })).not.to.contain(words.limits.severalSources);
      });

      it("lists every difference with its place, what was expected and what was found", () => {
        const items = named(readMarkup(pagesOf(broken)[language]), "li").filter(({ attributes }) =>
          attributes.id?.startsWith("d"),
        );
        expect(items).to.have.lengthOf(broken.differences.length);
        broken.differences.forEach(({ code, where, expected, found }, i) => {
          const told = textOf(items[i]!);
          expect(told).to.contain(`[${code}]`);
          expect(told).to.contain(`${words.where.transaction} ${where.transaction}`);
          if (expected !== undefined) expect(told).to.contain(`${words.findings.expected} ${expected}`);
          if (found !== undefined) expect(told).to.contain(`${words.findings.found} ${found}`);
        });
      });

      it("tells what auditors stated, and whether it holds", () => {
        const stated = {
          index: 0,
          auditor: ALICE,
          block: 200,
          transaction: "0x12",
          time: START,
          holds: true,
          statement: {
            journalLength: 1_234,
            journalHead: "0x",
            rolesLength: 0,
            rolesHead: "0x",
            blockNumber: 199,
            blockHash: "0x",
            reportHash: "0x",
            outcome: 1,
          },
        };
        const statements = [
          stated,
          { ...stated, index: 1, holds: false },
          { ...stated, index: 2, holds: null },
        ];
        const signOffs = { address: ALICE, statements };
        const told = section(readMarkup(pagesOf({ ...report, signOffs })[language]), 7);
        expect(told).to.contain(words.keys.signOffsOf(ALICE, "3")).and.to.contain("1,234");
        for (const word of [words.keys.outcomes[1]!, words.keys.holds, words.keys.differs, words.keys.open])
          expect(told).to.contain(word);
        expect(section(page, 7)).to.contain(words.keys.signOffsUnknown);
      });

      it("gives the command that audits the same again", () => {
        expect(section(page, 8)).to.contain(
          `credit-anchor audit --rpc URL --registry ${report.registry.address} --to-block ${report.block.number} --witness URL --report DIR`,
        );
      });

      it("tells what was taken over from an earlier audit, and repeats without it", () => {
        const index = {
          ...{ block: report.block, madeAt: "2026-11-28T14:03:05.479Z", unused: null },
          ...{ events: 4_711, views: 815, batches: 33, differences: 2 },
        };
        const built = readMarkup(pagesOf({ ...report, index })[language]);
        for (const said of ["4,711", "815", "33", "2026-11-28T14:03:05.479Z"])
          expect(section(built, 2)).to.contain(said);
        expect(section(built, 8)).to.contain("--without-index");
        const unused = readMarkup(pagesOf({ ...report, index: { ...index, unused: "block" } })[language]);
        expect(section(unused, 2)).to.contain(words.limits.unused.block).and.not.to.contain("4,711");
      });

      it("can be written of a registry in which nothing happened", () => {
        const empty = reportOn(ready());
        const told = textOf(readMarkup(pagesOf(empty)[language]));
        expect(told).to.contain(words.coverage.nothing);
      });
    });

  describe("in Chinese", () => {
    it("has a word for every difference, every thing not checked, every time limit", () => {
      const document = readFileSync(join(REPOSITORY, "docs", "architecture.md"), "utf8");
      const table = /generated: audit-differences -->([^]*?)<!-- \/generated/.exec(document)![1]!;
      const codes = [...table.matchAll(/\| `([a-z-]+\.)`\s*\| ([a-z, -]+?) *\|/g)].flatMap(
        ([, group, rest]) => rest!.split(", ").map((name) => group! + name),
      );
      expect(codes.length).to.be.greaterThan(60);
      expect(Object.keys(chineseDifferences)).to.include.members(codes);

      const folder = join(REPOSITORY, "src", "audit");
      const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
      sources.push(readFileSync(join(REPOSITORY, "src", "audit.ts"), "utf8"));
      const unchecked = sources.flatMap((source) =>
        [...source.matchAll(/notChecked\(\s*"([a-z.-]+)"/g)].map(([, code]) => code!),
      );
      expect(Object.keys(chineseUnchecked)).to.include.members(unchecked);
      expect(unchecked.length).to.be.greaterThan(10);

      for (const { clock } of report.clocks!.judged) expect(chineseClocks).to.have.property(clock);
    });

    it("has no word of ours in English alone, one word for each thing, and its own punctuation", () => {
      const tenures = [...roleNames, "administrator"].map((role) => ({
        ...{ role, account: ALICE, from: START, until: null, delay: 0 },
      }));
      const journal = { length: 9, head: "0x12" };
      const roles = [{ authority: ALICE, journal, externalHead: null, tenures }];
      const faults = { missing: 2, altered: 1, outdated: 0, unanchored: 0 };
      const reconciliations = [
        {
          ...{ type: "cn.penalty", rows: 9, same: 6 },
          faults: { ...faults, ended: 0, repeated: 0, invalid: 0, extra: 0 },
        },
      ];
      const silent = ["one", "two"];
      const { zh } = pagesOf({ ...report, roles, reconciliations, silent });
      const told = textOf(readMarkup(zh));
      for (const role of [...roleNames, "administrator"])
        expect(told).to.match(new RegExp(`\\p{Script=Han} *${role}`, "u"));
      expect(told)
        .to.match(/行政处罚 *cn\.penalty/)
        .and.to.match(/行政许可 *cn\.licence/);
      expect(told).not.to.match(/[a-z]+\.limit|objection\.decision/);
      expect(told).not.to.match(/机关|操作者|失窃|更替|摘要值|条目数|迟延|重演/);
      expect(told.match(/.{12}(\p{Script=Han}[,;:(]|[,;:)]\p{Script=Han}).{12}/u)?.[0]).to.equal(undefined);
      for (const word of [...Object.values(chineseDifferences), ...Object.values(chineseUnchecked)])
        expect(word).not.to.match(/机关|操作者|失窃|更替|摘要值|条目数|迟延|重演/);
    });

    it("names each law that comes with the program in Chinese, with its article", () => {
      const laws = loadPolicySet().policies.flatMap(({ id, version, title, rules }) =>
        rules.map(({ article }) => lawName({ title, policy: `${id}@${version}`, article }, chinese)),
      );
      expect(laws.length).to.be.greaterThan(30);
      for (const law of laws) expect(law).not.to.match(/[a-z]{2}/i);
      expect(laws)
        .to.include("《企业信息公示暂行条例》第六条")
        .and.to.include("《行政处罚法》第四十八条、第八十五条");
      expect(lawName({ title: "Rules of our own", policy: "own@1", article: "art. 7" }, chinese)).to.equal(
        "Rules of our own，第七条",
      );
    });

    it("keeps the English of a difference beside it, as report.json has it", () => {
      const told = textOf(readMarkup(pagesOf(broken).zh));
      for (const { code, message } of broken.differences)
        expect(told).to.contain(message).and.to.contain(chineseDifferences[code]);
    });

    it("says the same things: as many of each kind of element", () => {
      const shape = (text: string): string[] =>
        [...elements(readMarkup(text))].map(({ name, attributes }) => `${name}.${attributes.class ?? ""}`);
      expect(shape(pages.zh)).to.deep.equal(shape(pages.en));
    });
  });

  describe("with text that means harm", () => {
    const HARM = `"'></td></svg></style><script>alert(1)</script><img src=x onerror=alert(1)>\u202e&lt;`;
    const SEEN = HARM.replace("\u202e", "\ufffd");
    const where = { node: HARM, view: HARM, event: HARM, batchId: HARM };
    const hostile: AuditReport = {
      ...report,
      sources: [HARM],
      silent: [HARM],
      singleSource: true,
      externalHead: { length: 1, head: HARM, contained: true },
      block: { ...report.block, hash: HARM },
      journal: { ...report.journal, head: HARM },
      registry: { ...report.registry, address: HARM },
      differences: [{ code: HARM, message: HARM, where, expected: HARM, found: HARM }],
      notChecked: [{ code: HARM, message: HARM, count: 1 }],
      roles: [
        {
          authority: HARM,
          journal: { length: 1, head: HARM },
          externalHead: { length: 1, head: HARM, contained: false },
          tenures: [{ role: HARM, account: HARM, from: 1, until: null, delay: 0 }],
        },
      ],
      keys: report.keys.map((use) => ({ ...use, operator: HARM })),
      clocks: {
        ...report.clocks!,
        findings: report.clocks!.findings.map((finding) => ({
          ...finding,
          clock: HARM,
          title: HARM,
          article: HARM,
          onlyIf: [HARM],
          where,
        })),
      },
      coverage: {
        ...report.coverage,
        flaggedBatches: [HARM],
        agencies: report.coverage.agencies.map((agency) => ({
          ...agency,
          code: HARM,
          standing: HARM,
          types: agency.types.map((type) => ({
            ...type,
            name: HARM,
            periods: [...type.periods, { ...type.periods[0]!, period: HARM }],
          })),
        })),
      },
    };

    for (const language of ["zh", "en"] as const)
      it(`shows it as text, and nothing else (${language})`, () => {
        const text = pagesOf(hostile)[language];
        const page = readMarkup(text);
        const allowed = new Set([...elements(readMarkup(pagesOf(broken)[language]))].map(({ name }) => name));
        for (const { name } of elements(readMarkup(pages[language]))) allowed.add(name);
        for (const { name, attributes } of elements(page)) {
          expect(allowed).to.include(name);
          expect(Object.keys(attributes).join(" ")).not.to.match(/\bon|\bsrc\b/);
        }
        expect(text).not.to.contain("\u202e");
        expect(textOf(page).split(SEEN).length).to.be.greaterThan(30);
        const [style] = named(page, "style");
        expect(style!.children.join("")).not.to.contain("alert(");
      });

    it("shows labels of the chain as they are", () => {
      const label = (text: string): string => `${text.slice(0, 4)}<b>"&'${text.slice(4, 6)}`;
      const marked = reportOn(eventfulRegistry(3, label));
      const page = readMarkup(pagesOf(marked).en);
      expect(named(page, "b")).to.deep.equal([]);
      expect(textOf(page)).to.contain(label("91110000TEST")).and.to.contain(label("cn.penalty"));
    });

    it("has no template in which something stands without quotes", () => {
      expect(() => html`<a href=${"x"}></a>`).to.throw(TypeError);
      expect(
        html`<a href="${'x" y="'}">${["<", markup("<b></b>"), 3, false, undefined]}</a>`.toString(),
      ).to.equal('<a href="x&quot; y=&quot;">&lt;<b></b>3</a>');
    });
  });

  describe("of much", () => {
    /** Three hundred due dates of one rule, in batches of two agencies. */
    const missed = ((): AuditReport => {
      const [finding] = report.clocks!.findings;
      const dayOf = (n: number): string => new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10);
      const found = Array.from({ length: 300 }, (_, n) => ({
        ...finding!,
        due: dayOf(n),
        days: 700 - n,
        records: 2,
        places: [1, 2].map((agency) => ({
          where: { batchId: String((BigInt(agency) << 32n) + BigInt(n)) },
          positions: [{ first: n, last: n }],
        })),
      }));
      return { ...report, clocks: { ...report.clocks!, findings: found } };
    })();

    for (const [language, words] of [
      ["zh", chinese],
      ["en", english],
    ] as const)
      it(`tells missed time limits by rule, agency and type, and all of them in the JSON (${language})`, () => {
        const pages = pagesOf(missed);
        const [, row, other, ...more] = named(
          named(readMarkup(pages[language]), "table").find((table) =>
            textOf(table).includes(words.findings.worst),
          )!,
          "tr",
        ).map(textOf);
        expect(more).to.deep.equal([]);
        for (const [told, agency] of [
          [row!, "1"],
          [other!, "2"],
        ] as const)
          expect(told)
            .to.contain(words.coverage.agency(agency))
            .and.to.contain("300")
            .and.to.contain("2024-01-01")
            .and.to.contain("2024-10-26")
            .and.to.contain(words.findings.daysAfter("700", false))
            .and.to.contain(words.findings.morePlaces("297", false));
        expect((JSON.parse(pages.json) as AuditReport).clocks!.findings).to.have.lengthOf(300);
      });

    it("tells them on a terminal in a line each, and the verdict last", () => {
      const lines = describeReport(missed);
      expect(lines.length).to.be.at.most(describeReport(report).length + 2);
      expect(lines.join("\n"))
        .to.contain("300 records of agency 1")
        .and.to.contain("300 due dates from 2024-01-01 to 2024-10-26")
        .and.to.contain("every due date and place: with --json or --out");
      expect(lines.at(-1)).to.equal("NO DIFFERENCES");
    });

    it("stays readable with a thousand batches, day by day", () => {
      const files = reportFiles(reportOn(eventfulRegistry(1_000), { period: "day" }), "1.2.3");
      for (const { content } of files) expect(content.length).to.be.lessThan(600_000);
      const page = readMarkup(files.find(({ name }) => name === REPORT_FILES.en)!.content);
      // Twenty-five years: bars by the year, and not more of them than can be told apart.
      expect(textOf(page)).to.match(/per (quarter|year), by agency/);
    });

    it("shows a thousand differences, and says how many more there are", () => {
      const many = Array.from({ length: 20_000 }, (_, i) => ({
        ...broken.differences[0]!,
        where: { entry: i },
      }));
      const { en, json } = pagesOf({ ...broken, differences: many });
      expect(en.length).to.be.lessThan(1_500_000);
      const page = textOf(readMarkup(en));
      expect(page).to.contain("… and 19,000 more; all of them are in report.json.");
      expect(page).to.contain("20,000 differences found");
      expect((JSON.parse(json) as AuditReport).differences).to.have.lengthOf(20_000);
    });
  });

  it("writes numbers and times without rounding them away", () => {
    expect([
      share(0, 0),
      share(0, 5),
      share(1, 9_999),
      share(9_998, 9_999),
      share(5, 5),
      share(1, 3),
    ]).to.deep.equal(["–", "0 %", "< 0.1 %", "> 99.9 %", "100 %", "33.3 %"]);
    expect(count(1234567)).to.equal("1,234,567");
    expect(time(START, english)).to.equal("2026-05-29 04:26:40 (UTC+8)");
    expect(time(0, english)).to.equal("–");
    expect(time(2 ** 64, chinese)).to.equal("无期限");
  });
});
