/** Sections 5 and 6: what became of records, and whether they were published on time. */
import type { AuditReport, Counts, StatusCounts, Timeliness } from "../audit";
import { key, lengthChart, shareChart } from "./charts";
import { agencyName, figure, periodName, typeLabel, typeName } from "./coverage";
import { clockName } from "./findings";
import { count } from "./format";
import { html, type Html } from "../html";
import { numeric, table } from "./table";
import type { Words } from "./words";

const MOST_ROWS = 1_500;

export function statuses({ coverage }: AuditReport, words: Words): Html {
  const { statuses: said } = words;
  const names = Object.keys(said.names) as (keyof StatusCounts)[];
  const cells = ({ statuses: counts }: Readonly<Counts>): Html =>
    html`${names.map((name) => html`<td class="n">${count(counts[name])}</td>`)}`;
  const moved = names
    .filter((name) => name !== "active")
    .map((name) => [said.names[name], coverage.statuses[name]] as const);
  return html`<h2 id="s5">5 ${said.heading}</h2>
    <p>${said.intro}</p>
    ${
      moved.some(([, value]) => value > 0) &&
      figure(
        said.plot,
        lengthChart(
          "st",
          said.plot,
          said.describe(moved.map(([name, value]) => `${name} ${count(value)}`).join(words.marks.list)),
          moved,
        ),
      )
    }
    ${table(
      [words.coverage.type, ...names.map((name) => numeric(said.names[name]))],
      html`${coverage.agencies.map(
          (agency) =>
            html`<tr class="group">
                <th scope="rowgroup">${agencyName(agency, words)}</th>
                ${cells(agency)}
              </tr>
              ${agency.types.map(
                (type) =>
                  html`<tr>
                    <th scope="row">${typeName(type, words)}</th>
                    ${cells(type)}
                  </tr>`,
              )}`,
        )}
        <tr class="group">
          <th scope="row">${said.total}</th>
          ${cells(coverage)}
        </tr>`,
      said.caption,
    )}`;
}

export function timeliness(report: AuditReport, words: Words): Html {
  const { timeliness: said } = words;
  return html`<h2 id="s6">6 ${said.heading}</h2>
    <p>${said.intro}</p>
    ${published(report, words)} ${judged(report, words)}`;
}

function published({ coverage }: AuditReport, words: Words): Html {
  const { timeliness: said } = words;
  const known = ({ timeliness: { onTime, late } }: Readonly<Counts>): boolean => onTime + late > 0;
  if (!known(coverage)) return html`<p>${said.unknownAll}</p>`;
  const cells = ({ timeliness: { onTime, late, notKnown } }: { readonly timeliness: Timeliness }): Html =>
    html`<td class="n">${count(onTime)}</td>
      <td class="n">${late > 0 ? html`<span class="late">${count(late)}</span>` : "0"}</td>
      <td class="n">${count(notKnown)}</td>`;
  const rows = coverage.agencies.filter(known).flatMap((agency) => [
    html`<tr class="group">
      <th scope="rowgroup" colspan="2">${agencyName(agency, words)}</th>
      ${cells(agency)}
    </tr>`,
    ...agency.types.flatMap((type) =>
      type.periods.map(
        (period, i) =>
          html`<tr>
            <th scope="row">${i === 0 && typeName(type, words)}</th>
            <td class="nw">${periodName(period.period, words)}</td>
            ${cells(period)}
          </tr>`,
      ),
    ),
  ]);
  const pictured = coverage.agencies.flatMap(({ agencyId, types }) =>
    types.filter(known).map((type) => ({
      label: `${agencyId} ${typeLabel(type, words)}`,
      parts: [
        ["proven", type.timeliness.onTime],
        ["hatched", type.timeliness.late],
        ["unknown", type.timeliness.notKnown],
      ] as const,
    })),
  );
  const { onTime, late, notKnown } = coverage.timeliness;
  return html`${key([
    ["proven", said.onTime],
    ["hatched", said.late],
    ["unknown", said.notKnown],
  ])}
  ${figure(
    said.plot,
    shareChart(
      "ti",
      said.plot,
      [
        `${said.onTime} ${count(onTime)}`,
        `${said.late} ${count(late)}`,
        `${said.notKnown} ${count(notKnown)}`,
      ].join(words.marks.list),
      pictured.slice(0, 40),
    ),
  )}
  ${table(
    [
      words.coverage.type,
      words.coverage.period,
      numeric(said.onTime),
      numeric(said.late),
      numeric(said.notKnown),
    ],
    html`${rows.slice(0, MOST_ROWS)}
      <tr class="group">
        <th scope="row" colspan="2">${words.statuses.total}</th>
        ${cells(coverage)}
      </tr>`,
    said.caption,
  )}
  ${rows.length > MOST_ROWS && html`<p class="soft">${words.more(count(rows.length - MOST_ROWS))}</p>`}`;
}

const STATES = ["kept", "late", "overdue", "early", "running", "unknown"] as const;
type State = (typeof STATES)[number];

/** All limits that were judged, also those that were kept: by rule, over all agencies and months. */
function judged({ clocks }: AuditReport, words: Words): Html | false {
  const { timeliness: said } = words;
  if (clocks === null || clocks.judged.length === 0) return false;
  const rules = new Map<string, Record<State, number>>();
  for (const counts of clocks.judged) {
    const rule = rules.get(counts.clock) ?? {
      kept: 0,
      late: 0,
      overdue: 0,
      early: 0,
      running: 0,
      unknown: 0,
    };
    for (const state of STATES) rule[state] += counts[state];
    rules.set(counts.clock, rule);
  }
  const headings: Record<State, string> = {
    kept: said.kept,
    late: said.late,
    overdue: said.overdue,
    early: said.early,
    running: said.running,
    unknown: said.notKnown,
  };
  return table(
    [said.rule, ...STATES.map((state) => numeric(headings[state]))],
    [...rules].map(
      ([clock, states]) =>
        html`<tr>
          <th scope="row">${clockName(clock, words)}</th>
          ${STATES.map((state) => html`<td class="n">${count(states[state])}</td>`)}
        </tr>`,
    ),
    said.judged,
  );
}
