/** Section 2: what the audit cannot say. */
import type { AuditReport } from "../audit";
import { chineseUnchecked } from "./findings-chinese";
import { asSentence, count, time } from "./format";
import { html, type Html } from "../html";
import { numeric, table } from "./table";
import type { Words } from "./words";

export function limits(report: AuditReport, words: Words): Html {
  const { limits: said } = words;
  return html`<h2 id="s2">2 ${said.heading}</h2>
    <h3>2.1 ${said.source}</h3>
    <p>${said[sourcesOf(report)]}</p>
    ${report.silent.length > 0 && html`<p>${said.silent}${words.marks.colon}${report.silent.join(words.marks.semicolon)}</p>`}
    ${head(report, words)} ${since(report, words)} ${takenOver(report, words)}
    <p>${said.claims}</p>
    <h3>2.2 ${said.unchecked}</h3>
    ${unchecked(report, words)}`;
}

/** What may be said of the journal's completeness. */
function sourcesOf({
  differences,
  singleSource,
}: AuditReport): "disagree" | "singleSource" | "severalSources" {
  if (differences.some(({ code }) => /^(witness|head)\./.test(code))) return "disagree";
  return singleSource ? "singleSource" : "severalSources";
}

function head({ externalHead, singleSource }: AuditReport, words: Words): Html | false {
  if (externalHead === null) return false;
  const { contained, length } = externalHead;
  return html`<p>
    ${headElsewhere(externalHead, words)}
    ${singleSource && contained && length > 0 && words.limits.unvouched(count(length))}
  </p>`;
}

function since({ checkpoint }: AuditReport, { limits: said }: Words): Html | false {
  if (checkpoint === null) return false;
  const { block, journal, signer, vouchedBy, contained, acceptedAt } = checkpoint;
  return html`<p>
    ${said.checkpoint(count(journal.length), count(block.number), signer, said.vouched[vouchedBy ?? "nobody"])}
    ${acceptedAt !== null && said.checkpointAccepted(count(acceptedAt))}
    ${contained ? said.checkpointContained : said.checkpointDiffers}
  </p>`;
}

function takenOver({ index }: AuditReport, words: Words): Html | false {
  if (index === null) return false;
  const { limits: said } = words;
  const { block, madeAt, unused, events, views, batches, differences } = index;
  const asOf = [count(block.number), time(block.time, words), madeAt] as const;
  return html`<p>
    ${
      unused === null
        ? said.index(...asOf, count(events), count(views), count(batches))
        : said.indexUnused(...asOf, said.unused[unused])
    }
    ${differences > 0 && said.indexDifferences(count(differences))}
  </p>`;
}

/** A head obtained elsewhere, and whether it is of the journal that was read. */
export function headElsewhere(
  { length, head: hash, contained }: NonNullable<AuditReport["externalHead"]>,
  { limits: said }: Words,
): string {
  return `${said.head(count(length), hash)} ${contained ? said.headContained : said.headDiffers}`;
}

function unchecked({ notChecked }: AuditReport, words: Words): Html {
  const { limits: said } = words;
  if (notChecked.length === 0) return html`<p>${said.uncheckedNone}</p>`;
  return html`<p>${said.uncheckedIntro}</p>
    ${table(
      [said.what, words.findings.code, numeric(said.times)],
      notChecked.map(({ code, message, count: times }) => {
        const meant = words.lang === "en" ? asSentence(message) : (chineseUnchecked[code] ?? message);
        return html`<tr>
          <td>${meant}</td>
          <td><code>${code}</code></td>
          <td class="n">${count(times)}</td>
        </tr>`;
      }),
    )}`;
}
