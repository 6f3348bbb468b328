/** Pictures of numbers, as SVG without script or style of its own: they print, and each says in words what it shows. */
import type { PeriodCoverage } from "../audit";
import { count } from "./format";
import { html, type Html } from "../html";
import type { Words } from "./words";

/** Records of one row of a picture, by period. */
export interface Row {
  readonly label: string;
  readonly periods: readonly PeriodCoverage[];
}

export type Unit = keyof Words["volumes"]["unit"];

/** More bars side by side cannot be told apart on paper. */
const MOST_BARS = 96;
const UNITS: readonly Unit[] = ["day", "month", "quarter", "year"];

const WIDTH = 720;
const LEFT = 176;
const RIGHT = 84;
const PLOT = WIDTH - LEFT - RIGHT;
const ROW = 46;
const BAR = 36;

/** The finest periods, from those that the audit counted in, of which not too many lie between first and last. */
export function unitOf(periods: Iterable<string>, counted: Unit): Unit {
  const known = [...periods].filter(isOnCalendar);
  return (
    UNITS.slice(UNITS.indexOf(counted)).find(
      (unit) =>
        axis(
          known.map((period) => coarser(period, unit)),
          unit,
        ).length <= MOST_BARS,
    ) ?? "year"
  );
}

/** Bars by period, one row above the other, all to one scale. */
export function volumeChart(id: string, title: string, rows: readonly Row[], unit: Unit, words: Words): Html {
  const drawn = rows.map(({ label, periods }) => ({ label, sums: sumsBy(periods, unit) }));
  const names = axis(
    drawn.flatMap(({ sums }) => [...sums.keys()]),
    unit,
  );
  const all = drawn.flatMap(({ sums }) => [...sums.values()]);
  const most = Math.max(1, ...all.map(({ records }) => records));
  const records = all.reduce((sum, some) => sum + some.records, 0);
  const step = PLOT / Math.max(names.length, 12);
  const at = new Map(names.map((name, i) => [name, LEFT + i * step]));
  const height = drawn.length * ROW + 24;
  const description = words.volumes.describe(
    String(drawn.length),
    names[0] ?? "",
    names.at(-1) ?? "",
    count(records),
    count(most),
  );
  const bar = (x: number, base: number, kind: string, part: number): Html | false => {
    const tall = part === 0 ? 0 : Math.max(0.7, (part / most) * BAR);
    return (
      tall > 0 &&
      html`<rect
        class="${kind}"
        x="${px(x)}"
        y="${px(base - tall)}"
        width="${px(step * 0.78)}"
        height="${px(tall)}"
      />`
    );
  };
  return picture(
    id,
    title,
    description,
    height,
    html`${drawn.map(({ label, sums }, n) => {
      const base = n * ROW + BAR + 6;
      const total = [...sums.values()].reduce((sum, some) => sum + some.records, 0);
      return html`<text class="label" x="${LEFT - 10}" y="${base - 4}" text-anchor="end"
          >${short(label)}</text
        >
        <line class="base" x1="${LEFT}" y1="${base}" x2="${LEFT + PLOT}" y2="${base}" />
        ${[...sums].map(([name, some]) => {
          const x = at.get(name)!;
          return html`${bar(x, base, "claimed", some.records)}${bar(x, base, "proven", some.proven)}${
            some.flagged > 0 && html`<path class="doubt" d="M${px(x + step * 0.39)} ${base + 1}l4 6h-8z" />`
          }`;
        })}
        <text class="note" x="${LEFT + PLOT + 8}" y="${base - 4}"
          >${words.volumes.total(count(total))}</text
        >`;
    })}
    ${ticks(names, step).map(
      ({ name, x }) => html`<text class="note" x="${px(x)}" y="${height - 6}">${name}</text>`,
    )}`,
  );
}

/** A bar of one length for every row, cut into parts: shares of each whole. */
export function shareChart(
  id: string,
  title: string,
  description: string,
  rows: readonly {
    readonly label: string;
    readonly parts: readonly (readonly [kind: string, value: number])[];
  }[],
): Html {
  return picture(
    id,
    title,
    description,
    rows.length * 24 + 4,
    html`${rows.map(({ label, parts }, n) => {
      const whole = parts.reduce((sum, [, value]) => sum + value, 0);
      let x = LEFT;
      return html`<text class="label" x="${LEFT - 10}" y="${n * 24 + 16}" text-anchor="end"
          >${short(label)}</text
        >
        ${parts.map(([kind, value]) => {
          const wide = whole === 0 ? 0 : (value / whole) * PLOT;
          const from = x;
          x += wide;
          return (
            wide > 0 &&
            html`<rect
              class="${kind}"
              x="${px(from)}"
              y="${n * 24 + 4}"
              width="${px(Math.max(0.7, wide))}"
              height="16"
            />`
          );
        })}
        <text class="note" x="${LEFT + PLOT + 8}" y="${n * 24 + 16}">${count(whole)}</text>`;
    })}`,
  );
}

/** Lengths to one scale, one below the other. */
export function lengthChart(
  id: string,
  title: string,
  description: string,
  rows: readonly (readonly [label: string, value: number])[],
): Html {
  const most = Math.max(1, ...rows.map(([, value]) => value));
  return picture(
    id,
    title,
    description,
    rows.length * 22 + 4,
    html`${rows.map(
      ([label, value], n) =>
        html`<text class="label" x="${LEFT - 10}" y="${n * 22 + 15}" text-anchor="end">${short(label)}</text>
          <rect
            class="proven"
            x="${LEFT}"
            y="${n * 22 + 4}"
            width="${px(value === 0 ? 0 : Math.max(0.7, (value / most) * PLOT))}"
            height="14"
          />
          <text class="note" x="${px(LEFT + (value / most) * PLOT + 8)}" y="${n * 22 + 15}"
            >${count(value)}</text
          >`,
    )}`,
  );
}

/** A stretch of time of a row. */
export interface Stretch {
  readonly kind: string;
  readonly from: number;
  readonly until: number;
}

/** Stretches of time between two moments, one row below the other. */
export function timeChart(
  id: string,
  title: string,
  description: string,
  rows: readonly { readonly label: string; readonly stretches: readonly Stretch[] }[],
  [first, last]: readonly [number, number],
  dates: readonly [string, string],
): Html {
  const place = (moment: number): number =>
    LEFT + (last === first ? 0 : (Math.min(Math.max(moment, first), last) - first) / (last - first)) * PLOT;
  const height = rows.length * 22 + 24;
  return picture(
    id,
    title,
    description,
    height,
    html`${rows.map(
        ({ label, stretches }, n) =>
          html`<text class="label" x="${LEFT - 10}" y="${n * 22 + 15}" text-anchor="end"
              >${short(label)}</text
            >
            <line class="base" x1="${LEFT}" y1="${n * 22 + 11}" x2="${LEFT + PLOT}" y2="${n * 22 + 11}" />
            ${stretches.map(
              ({ kind, from, until }) =>
                html`<rect
                  class="${kind}"
                  x="${px(place(from))}"
                  y="${n * 22 + 5}"
                  width="${px(Math.max(1, place(until) - place(from)))}"
                  height="12"
                />`,
            )}`,
      )}
      <text class="note" x="${LEFT}" y="${height - 6}">${dates[0]}</text>
      <text class="note" x="${LEFT + PLOT}" y="${height - 6}" text-anchor="end">${dates[1]}</text>`,
  );
}

/** What the shades in a picture mean. */
export function key(kinds: readonly (readonly [kind: string, meaning: string])[]): Html {
  return html`<p class="key">
    ${kinds.map(
      ([kind, meaning]) =>
        html`<span
          ><svg width="14" height="10" aria-hidden="true">
            <rect class="${kind}" width="14" height="10" />
          </svg>
          ${meaning}</span
        >`,
    )}
  </p>`;
}

/** Hatching, which no printer loses; once on a page. */
export const patterns = html`<svg class="defs" width="0" height="0" aria-hidden="true">
  <defs>
    <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect class="hatch-ground" width="5" height="5" />
      <rect class="hatch-line" width="2" height="5" />
    </pattern>
  </defs>
</svg>`;

function picture(id: string, title: string, description: string, height: number, content: Html): Html {
  return html`<svg class="plot" role="img" viewBox="0 0 ${WIDTH} ${height}" aria-labelledby="${id}-t ${id}-d">
    <title id="${id}-t">${title}</title>
    <desc id="${id}-d">${description}</desc>
    ${content}
  </svg>`;
}

type Sum = Pick<PeriodCoverage, "records" | "proven" | "flagged">;

function sumsBy(periods: readonly PeriodCoverage[], unit: Unit): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const { period, records, proven, flagged } of periods) {
    if (!isOnCalendar(period)) continue;
    const name = coarser(period, unit);
    const known = sums.get(name) ?? { records: 0, proven: 0, flagged: 0 };
    sums.set(name, {
      records: known.records + records,
      proven: known.proven + proven,
      flagged: known.flagged + flagged,
    });
  }
  return sums;
}

function isOnCalendar(period: string): boolean {
  return /^\d{4}-/.test(period);
}

/** A period as part of a longer one. Periods are days, months or quarters. */
function coarser(period: string, unit: Unit): string {
  const year = period.slice(0, 4);
  if (unit === "year") return year;
  if (unit === "quarter" && period[5] !== "Q") return `${year}-Q${Math.ceil(Number(period.slice(5, 7)) / 3)}`;
  return unit === "month" ? period.slice(0, 7) : period;
}

/** Every period from the first to the last, also those in which nothing was anchored. Too many: the first few. */
function axis(periods: readonly string[], unit: Unit): string[] {
  const ordered = [...periods].sort();
  const [first, last] = [ordered[0], ordered.at(-1)];
  if (first === undefined || last === undefined) return [];
  const names = [first];
  while (names.at(-1)! < last && names.length <= MOST_BARS * 200) names.push(next(names.at(-1)!, unit));
  return names;
}

function next(period: string, unit: Unit): string {
  const year = Number(period.slice(0, 4));
  const pad = (value: number, digits: number): string => String(value).padStart(digits, "0");
  switch (unit) {
    case "day":
      return new Date(Date.parse(period) + 86_400_000).toISOString().slice(0, 10);
    case "month": {
      const month = Number(period.slice(5, 7));
      return month === 12 ? `${pad(year + 1, 4)}-01` : `${pad(year, 4)}-${pad(month + 1, 2)}`;
    }
    case "quarter": {
      const quarter = Number(period.slice(6));
      return quarter === 4 ? `${pad(year + 1, 4)}-Q1` : `${pad(year, 4)}-Q${quarter + 1}`;
    }
    case "year":
      return pad(year + 1, 4);
  }
}

/** Names below the bars, as many as have room. */
function ticks(names: readonly string[], step: number): { name: string; x: number }[] {
  const every = Math.max(1, Math.ceil(72 / step));
  return names.flatMap((name, i) => (i % every === 0 ? [{ name, x: LEFT + i * step }] : []));
}

const px = (value: number): string => String(Math.round(value * 100) / 100);

const LONGEST_LABEL = 24;

function short(label: string): string {
  return label.length <= LONGEST_LABEL ? label : `${label.slice(0, LONGEST_LABEL - 1)}…`;
}
