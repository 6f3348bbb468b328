/** Sections 3 and 4: what was covered, as a table and as pictures over time. */
import type { AgencyCoverage, AuditReport, Counts, Coverage } from "../audit";
import { key, unitOf, volumeChart } from "./charts";
import { count, share } from "./format";
import { html, type Html } from "../html";
import { recordTypeName, recordTypeText } from "./law";
import { numeric, table } from "./table";
import type { Words } from "./words";

const MOST_ROWS = 1_500;
const AGENCIES_PICTURED = 12;
const TYPES_PICTURED = 12;

export function coverageTable({ coverage, vaults, reconciliations }: AuditReport, words: Words): Html {
  const { coverage: said } = words;
  const rows = coverage.agencies.flatMap((agency) => agencyRows(agency, words));
  return html`<h2 id="s3">3 ${said.heading}</h2>
    <p>${said.intro(count(coverage.events), count(coverage.views))}</p>
    ${
      coverage.batches === 0
        ? html`<p>${said.nothing}</p>`
        : html`${table(
            [
              said.type,
              said.period,
              numeric(said.batches),
              numeric(said.records),
              numeric(said.proven),
              numeric(said.share),
              numeric(said.flagged),
            ],
            html`${rows.slice(0, MOST_ROWS)}
              <tr class="group">
                <th scope="row">${words.statuses.total}</th>
                <td></td>
                ${numbers(coverage)}
              </tr>`,
            said.caption,
          )}
          ${rows.length > MOST_ROWS && html`<p class="soft">${words.more(count(rows.length - MOST_ROWS))}</p>`}`
    }
    <p class="legend">${said.legend}</p>
    ${
      vaults.length > 0 &&
      html`<h3>${said.vaults}</h3>
        <ul>
          ${vaults.map(
            ({ batches, records, recomputed }) =>
              html`<li>${said.vault(count(batches), count(records), count(recomputed))}</li>`,
          )}
        </ul>`
    }
    ${
      reconciliations.length > 0 &&
      html`<h3>${said.sources}</h3>
        <ul>
          ${reconciliations.map(
            ({ type, rows: read, same, faults }) =>
              html`<li>
                ${recordTypeName(type, words)}${words.marks.colon}
                ${said.source(count(read), count(same))}${Object.entries(faults)
                  .filter(([, number]) => number > 0)
                  .map(
                    ([kind, number]) =>
                      `${words.marks.semicolon}${count(number)} ${said.sourceFaults[kind] ?? kind}`,
                  )}
              </li>`,
          )}
        </ul>`
    }`;
}

/** An agency as a heading of a table shows it. */
export function agencyName(
  { agencyId, code, standing }: Pick<AgencyCoverage, "agencyId" | "code" | "standing">,
  words: Words,
): Html {
  const { coverage: said } = words;
  return html`${said.agency(String(agencyId))}
    <code>${code}</code>${words.marks.comma}${said.standing[standing] ?? standing}`;
}

/** A type of an agency as a table shows it. */
export function typeName(type: NamedType, words: Words): Html {
  return type.name === "" ? html`${typeLabel(type, words)}` : recordTypeName(type.name, words);
}

/** The same for a picture. */
export function typeLabel({ name, typeId }: NamedType, words: Words): string {
  return name === "" ? `#${typeId}` : recordTypeText(name, words);
}

interface NamedType {
  readonly name: string;
  readonly typeId: number;
}

export function periodName(period: string, words: Words): string {
  return period === "beyond" ? words.coverage.beyond : period;
}

function agencyRows(agency: AgencyCoverage, words: Words): Html[] {
  const { coverage: said } = words;
  const gap = agency.withoutGap ? html`${said.withoutGap}` : html`<span class="late">${said.gap}</span>`;
  return [
    html`<tr class="group">
      <th scope="rowgroup" colspan="2">${agencyName(agency, words)}${words.marks.semicolon}${gap}</th>
      ${numbers(agency)}
    </tr>`,
    ...agency.types.flatMap((type) => [
      ...type.periods.map(
        (period, i) =>
          html`<tr>
            <th scope="row">${i === 0 && typeName(type, words)}</th>
            <td class="nw">${periodName(period.period, words)}</td>
            ${numbers(period)}
          </tr>`,
      ),
      ...(type.periods.length > 1
        ? [
            html`<tr class="sum">
              <th scope="row"></th>
              <td>${said.all}</td>
              ${numbers(type)}
            </tr>`,
          ]
        : []),
    ]),
  ];
}

function numbers({ batches, records, proven, flagged }: Readonly<Counts>): Html {
  return html`<td class="n">${count(batches)}</td>
    <td class="n">${count(records)}</td>
    <td class="n">${count(proven)}</td>
    <td class="n">${share(proven, records)}</td>
    <td class="n">${flagged > 0 ? html`<span class="late">${count(flagged)}</span>` : "0"}</td>`;
}

export function volumes({ coverage }: AuditReport, words: Words): Html {
  const { volumes: said } = words;
  if (coverage.batches === 0)
    return html`<h2 id="s4">4 ${said.heading}</h2>
      <p>${words.coverage.nothing}</p>`;
  const agencies = [...coverage.agencies].filter(({ batches }) => batches > 0);
  const pictured = agencies.sort((a, b) => b.records - a.records).slice(0, AGENCIES_PICTURED);
  const unit = unitOf(periodsOf(coverage), coverage.period);
  const unitWords = said.unit[unit];
  return html`<h2 id="s4">4 ${said.heading}</h2>
    <p>${said.intro}</p>
    ${key([
      ["proven", said.proven],
      ["claimed", said.claimed],
      ["doubt", said.flagged],
    ])}
    ${figure(
      said.byAgency(unitWords),
      volumeChart(
        "v0",
        said.byAgency(unitWords),
        pictured.map(({ agencyId, code, types }) => ({
          label: `${agencyId} ${code}`,
          periods: types.flatMap(({ periods }) => periods),
        })),
        unit,
        words,
      ),
    )}
    ${pictured
      .filter(({ types }) => types.length > 1)
      .map(({ agencyId, types }) => {
        const title = said.byType(String(agencyId), unitWords);
        const rows = [...types]
          .sort((a, b) => b.records - a.records)
          .slice(0, TYPES_PICTURED)
          .map((type) => ({ label: typeLabel(type, words), periods: type.periods }));
        return figure(title, volumeChart(`v${agencyId}`, title, rows, unit, words));
      })}
    ${
      agencies.length > AGENCIES_PICTURED &&
      html`<p class="soft">${said.otherAgencies(count(agencies.length - AGENCIES_PICTURED))}</p>`
    }`;
}

export function figure(caption: string, content: Html): Html {
  return html`<figure>
    <figcaption>${caption}</figcaption>
    ${content}
  </figure>`;
}

function* periodsOf({ agencies }: Coverage): Generator<string> {
  for (const { types } of agencies)
    for (const { periods } of types) for (const { period } of periods) yield period;
}
