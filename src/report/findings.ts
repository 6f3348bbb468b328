/** Section 1: what is wrong, and where. */
import type { AuditReport, ClockFound, Difference, Where } from "../audit";
import { codeWords } from "../policy";
import { chineseClocks, chineseDifferences } from "./findings-chinese";
import { conditionName, lawName, recordTypeName } from "./law";
import { missedGroups, type MissedGroup } from "./missed";
import { asSentence, batchName, count } from "./format";
import { html, join, markup, type Html } from "../html";
import { numeric, table } from "./table";
import type { Words } from "./words";

/** More of a kind would make a page that nobody reads: the rest is in the JSON. */
export const MOST_SHOWN = 1_000;

export function findings(report: AuditReport, words: Words): Html {
  const { findings: said } = words;
  return html`<h2 id="s1">1 ${said.heading}</h2>
    <h3>1.1 ${said.differences}</h3>
    ${differences(report.differences, words)}
    <h3>1.2 ${said.missed}</h3>
    ${missed(report, words)}
    <h3>1.3 ${said.flagged}</h3>
    ${flagged(report.coverage.flaggedBatches, words)}`;
}

/** What a code of a difference means, in the language of the report. */
export function meaning(code: string, message: string, words: Words): string {
  return words.lang === "en" ? asSentence(message) : (chineseDifferences[code] ?? message);
}

function differences(all: readonly Difference[], words: Words): Html {
  const { findings: said } = words;
  if (all.length === 0) return html`<p>${said.differencesNone}</p>`;
  const kinds = new Map<string, { message: string; times: number }>();
  for (const { code, message } of all) {
    const kind = kinds.get(code);
    if (kind === undefined) kinds.set(code, { message, times: 1 });
    else kind.times++;
  }
  return html`${
      kinds.size > 1 &&
      table(
        [said.meaning, said.code, numeric(said.times)],
        [...kinds].map(
          ([code, { message, times }]) =>
            html`<tr>
              <td>${meaning(code, message, words)}</td>
              <td><code>${code}</code></td>
              <td class="n">${count(times)}</td>
            </tr>`,
        ),
        said.byCode,
      )
    }
    <ol class="differences">
      ${all.slice(0, MOST_SHOWN).map((difference, i) => one(difference, i + 1, words))}
    </ol>
    ${rest(all.length, words)}`;
}

function one(difference: Difference, number: number, words: Words): Html {
  const { code, message, where, expected, found, said: nodes = [] } = difference;
  const { findings: said } = words;
  const meant = meaning(code, message, words);
  return html`<li id="d${number}">
    <p>${count(number)}. ${meant} <code>[${code}]</code></p>
    ${words.lang !== "en" && html`<p class="original" lang="en">${message}</p>`}
    <dl class="facts">
      <dt>${said.where}</dt>
      <dd>${place(where, words)}</dd>
      ${
        expected !== undefined &&
        html`<dt>${said.expected}</dt>
          <dd class="hex">${expected}</dd>`
      }
      ${
        found !== undefined &&
        html`<dt>${said.found}</dt>
          <dd class="hex">${found}</dd>`
      }
      ${nodes.map(
        ({ node, value }) =>
          html`<dt>${said.says(node)}</dt>
            <dd class="hex">${value}</dd>`,
      )}
    </dl>
  </li>`;
}

/** Block, transaction and whatever else is known of a place. */
export function place(where: Where, words: Words): Html {
  const parts = Object.entries(where).map(([name, value]) => {
    const shown =
      name === "batchId"
        ? batchName(String(value), words)
        : Array.isArray(value)
          ? value.join(", ")
          : String(value as string | number);
    const label = words.where[name] ?? name;
    return name === "batchId" ? html`${label} ${shown}` : html`${label} <span class="hex">${shown}</span>`;
  });
  return parts.length === 0 ? html`${words.findings.whole}` : join(parts, html`${words.marks.semicolon}`);
}

function missed({ clocks }: AuditReport, words: Words): Html {
  const { findings: said } = words;
  if (clocks === null) return html`<p>${said.missedNotAsked}</p>`;
  if (clocks.findings.length === 0) return html`<p>${said.missedNone(clocks.on)}</p>`;
  const groups = missedGroups(clocks);
  return html`<p>${said.missedIntro(clocks.on)}</p>
    <p class="soft">${said.missedGrouped}</p>
    ${table(
      [said.rule, said.batch, numeric(said.records), numeric(said.due), said.worst],
      groups.slice(0, MOST_SHOWN).map((group) => groupRow(group, words)),
    )}
    ${rest(groups.length, words)}`;
}

function groupRow(group: MissedGroup, words: Words): Html {
  const { findings: said } = words;
  const { worst, agencyId, records, dues, oldestDue, latestDue, places, onlyIf } = group;
  const { code, clock, title, policy, article, certainty, evidence, recordType, due, happened, days } = worst;
  return html`<tr>
    <td>
      <strong>${said.clockCode[code]}${words.marks.colon}${clockName(clock, words)}</strong><br />
      ${agencyId !== undefined && html`${words.coverage.agency(agencyId)}${words.marks.comma}`}${recordTypeName(recordType, words)}<br />
      <span class="soft"
        >${lawName({ title, policy, article }, words)}${certainty !== "sure" && words.marks.bracketed(said.certainty[certainty])}${words.marks.semicolon}${said.evidence[evidence]}${
          onlyIf.length > 0 &&
          html`${words.marks.semicolon}${said.onlyIf}${words.marks.colon}${onlyIf.map((one) => conditionName(one, words)).join(words.marks.semicolon)}`
        }</span
      >
    </td>
    <td>
      ${join(
        places.slice(0, PLACES_SHOWN).map((at) => foundAt(at, words)),
        markup("<br />"),
      )}${places.length > PLACES_SHOWN && html`<br />${said.morePlaces(count(places.length - PLACES_SHOWN), places.length - PLACES_SHOWN === 1)}`}
    </td>
    <td class="n">${count(records)}</td>
    <td class="n">
      ${oldestDue}${dues > 1 && html`<br />${said.until} ${latestDue}<br /><span class="soft">${said.dueDates(count(dues))}</span>`}
    </td>
    <td>
      ${code === "clock.early" ? said.daysBefore(count(days), days === 1) : said.daysAfter(count(days), days === 1)}<br />
      <span class="soft nw">${said.worstDue(due)}</span><br />
      <span class="soft nw">${said.worstDone(happened ?? said.notYet)}</span>
    </td>
  </tr>`;
}

/** What a time limit is about, in the language of the report. */
export function clockName(clock: string, words: Words): string {
  return (words.lang === "en" ? undefined : chineseClocks[clock]) ?? codeWords(clock);
}

const PLACES_SHOWN = 3;
const SPANS_SHOWN = 3;

function foundAt({ where: { batchId }, positions: spans }: ClockFound, words: Words): Html {
  const shown = spans
    .slice(0, SPANS_SHOWN)
    .map(({ first, last }) => (first === last ? String(first) : `${first}–${last}`));
  const more = spans.length > SPANS_SHOWN ? `${words.marks.list}…` : "";
  return html`${batchId === undefined ? "" : batchName(batchId, words)}${words.marks.comma}#${shown.join(words.marks.list)}${more}`;
}

function flagged(batches: readonly string[], words: Words): Html {
  const { findings: said } = words;
  if (batches.length === 0) return html`<p>${said.flaggedNone}</p>`;
  return html`<p>${said.flaggedIntro}</p>
    <ul>
      ${batches.slice(0, MOST_SHOWN).map((id) => html`<li>${said.flaggedBatch(batchName(id, words))}</li>`)}
    </ul>
    ${rest(batches.length, words)}`;
}

function rest(length: number, words: Words): Html | false {
  return length > MOST_SHOWN && html`<p class="soft">${words.more(count(length - MOST_SHOWN))}</p>`;
}
