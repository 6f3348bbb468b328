/** The report as one page that needs nothing but itself: no script, no picture, no font from elsewhere. */
import type { AuditReport } from "../audit";
import { portableHashes } from "../hashes";
import { utf8 } from "../bytes";
import { patterns } from "./charts";
import { coverageTable, volumes } from "./coverage";
import { findings } from "./findings";
import { count, share, time } from "./format";
import { html, markup, type Content, type Html } from "../html";
import { keys } from "./keys";
import { limits } from "./limits";
import { statuses, timeliness } from "./outcome";
import { glossary, repeat } from "./repeat";
import { styleOf } from "./style";
import type { Words } from "./words";

/** What a page is told besides the report. */
export interface PageFacts {
  /** SHA-256 of the report as JSON, in hex. */
  readonly hash: string;
  /** Of this program. */
  readonly version: string;
  /** File name of the same page in the other language. */
  readonly other: string;
}

/** Every page of ours begins so; a file that does may be written over by a later report. */
export const PAGE_START = "<!doctype html><!-- credit-anchor/report -->";

export function page(report: AuditReport, facts: PageFacts, words: Words): string {
  const { registry, block } = report;
  const style = styleOf({
    registry: `${words.facts.registry} ${registry.address} · ${words.chainId(String(registry.chainId))}`,
    block: `${words.facts.block} ${block.number}`,
    hash: `SHA-256 ${facts.hash}`,
    page: words.page,
  });
  // To the letter what its hash is of: no line break that a template adds.
  const styleElement = markup(`<style>${style}</style>`);
  const policy = `default-src 'none'; style-src 'sha256-${styleHash(style)}'; base-uri 'none'; form-action 'none'`;
  return html`${markup(PAGE_START)}
    <html lang="${words.lang}">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>
          ${words.title}${words.marks.colon}${registry.address}${words.marks.comma}${words.chainId(String(registry.chainId))}${words.marks.comma}${block.number}
        </title>
        ${styleElement}
      </head>
      <body>
        ${patterns}
        <header>
          <div class="top">
            <span>credit-anchor ${facts.version}</span
            ><a
              class="screen"
              href="${facts.other}"
              hreflang="${words.lang === "en" ? "zh-CN" : "en"}"
              lang="${words.lang === "en" ? "zh-CN" : "en"}"
              >${words.otherLanguage}</a
            >
          </div>
          <h1>${words.title}</h1>
        </header>
        <main>
          ${verdict(report, words)}
          <h3>${words.figures}</h3>
          ${figures(report, words)}
          <h3>${words.particulars}</h3>
          ${particulars(report, facts, words)} ${contents(words)} ${findings(report, words)}
          ${limits(report, words)} ${coverageTable(report, words)} ${volumes(report, words)}
          ${statuses(report, words)} ${timeliness(report, words)} ${keys(report, words)}
          ${repeat(report, facts.hash, words)} ${glossary(words)}
        </main>
      </body>
    </html> `.toString();
}

function verdict({ differences, singleSource, coverage }: AuditReport, words: Words): Html {
  const { verdict: said } = words;
  const found = differences.length;
  const kind = found > 0 ? "bad" : singleSource ? "fair" : "good";
  const sentence =
    found > 0 ? said.differences(count(found), found === 1) : singleSource ? said.cleanSingle : said.clean;
  return html`<section class="verdict ${kind}">
    <p>${sentence}</p>
    <p>
      ${found > 0 ? said.explainDifferences : said.explainClean(count(coverage.events), count(coverage.views))}
    </p>
    ${singleSource && html`<p>${said.singleSource}</p>`}
    <p>${found > 0 ? said.besides : said.besidesClean}</p>
  </section>`;
}

function figures({ differences, clocks, coverage, notChecked }: AuditReport, words: Words): Html {
  const { figure: said } = words;
  const missed = clocks?.findings.reduce((sum, { records }) => sum + records, 0);
  const all: readonly (readonly [value: string, words: Content, alert: boolean])[] = [
    [count(differences.length), said.differences, differences.length > 0],
    [missed === undefined ? "–" : count(missed), said.missed, (missed ?? 0) > 0],
    [count(coverage.flagged), said.flagged, coverage.flagged > 0],
    [count(notChecked.length), said.unchecked, false],
    [count(coverage.batches), said.batches, false],
    [count(coverage.records), said.records, false],
    [
      `${count(coverage.proven)}`,
      html`${said.proven}<span class="nw"
          >${words.marks.bracketed(share(coverage.proven, coverage.records))}</span
        >`,
      false,
    ],
  ];
  return html`<dl class="figures">
    ${all.map(
      ([value, label, alert]) =>
        html`<div class="${alert ? "alert" : "calm"}">
          <dt>${label}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function particulars(report: AuditReport, { hash, version }: PageFacts, words: Words): Html {
  const { facts: said } = words;
  const { registry, block, journal, sources } = report;
  return html`<dl class="facts">
    <dt>${said.registry}</dt>
    <dd class="hex">${registry.address}</dd>
    <dt>${said.chain}</dt>
    <dd>${registry.chainId}</dd>
    <dt>${said.block}</dt>
    <dd>${count(block.number)}</dd>
    <dt>${said.blockHash}</dt>
    <dd class="hex">${block.hash}</dd>
    <dt>${said.time}</dt>
    <dd>${time(block.time, words)}</dd>
    <dt>${said.journal}</dt>
    <dd>${count(journal.length)}</dd>
    <dt>${said.head}</dt>
    <dd class="hex">${journal.head}</dd>
    ${
      report.successor !== null &&
      html`<dt>${said.successor}</dt>
        <dd class="hex">${report.successor}</dd>`
    }
    <dt>${said.sources}</dt>
    <dd>${sources.join(words.marks.list)}</dd>
    <dt>${said.hash}</dt>
    <dd class="hex">${hash}</dd>
    <dt>${said.tool}</dt>
    <dd>credit-anchor ${version}</dd>
  </dl>`;
}

function contents(words: Words): Html {
  const sections = [
    words.findings,
    words.limits,
    words.coverage,
    words.volumes,
    words.statuses,
    words.timeliness,
    words.keys,
    words.repeat,
    words.words,
  ];
  return html`<nav>
    <h3>${words.contents}</h3>
    <ol>
      ${sections.map(({ heading }, i) => html`<li><a href="#s${i + 1}">${heading}</a></li>`)}
    </ol>
  </nav>`;
}

/** As a content policy names an inline style. */
function styleHash(style: string): string {
  return base64(portableHashes.sha256(utf8(style)));
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** By hand: neither `Buffer` nor `btoa` is there everywhere. */
function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let digit = 0; digit < 4; digit++)
      text += at + digit > bytes.length ? "=" : DIGITS[(group >> (18 - 6 * digit)) & 63]!;
  }
  return text;
}
