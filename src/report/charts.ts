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

/** Of a picture: drawn for pages that are wide, and once more for telephones, whose screens show one of the two. */
interface Layout {
  readonly name: "wide" | "narrow";
  readonly width: number;
  readonly left: number;
  readonly plot: number;
  /** Height of the line above each row that holds its label and its number; 0: they stand beside it. */
  readonly head: number;
}

const WIDE: Layout = { name: "wide", width: 720, left: 176, plot: 460, head: 0 };
const NARROW: Layout = { name: "narrow", width: 400, left: 0, plot: 400, head: 26 };

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
  const description = words.volumes.describe(
    String(drawn.length),
    names[0] ?? "",
    names.at(-1) ?? "",
    count(records),
    count(most),
  );
  return inBoth((layout) => {
    const { left, plot, head } = layout;
    const step = plot / Math.max(names.length, 12);
    const at = new Map(names.map((name, i) => [name, left + i * step]));
    const height = drawn.length * (ROW + head) + 24;
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
      layout,
      height,
      html`${drawn.map(({ label, sums }, n) => {
        const top = n * (ROW + head);
        const base = top + head + BAR + 6;
        const total = [...sums.values()].reduce((sum, some) => sum + some.records, 0);
        return html`${labelOf(layout, top, base - 4, label)}
          <line class="base" x1="${left}" y1="${base}" x2="${left + plot}" y2="${base}" />
          ${[...sums].map(([name, some]) => {
            const x = at.get(name)!;
            return html`${bar(x, base, "claimed", some.records)}${bar(x, base, "proven", some.proven)}${
              some.flagged > 0 && html`<path class="doubt" d="M${px(x + step * 0.39)} ${base + 1}l4 6h-8z" />`
            }`;
          })}
          ${numberOf(layout, top, left + plot + 8, base - 4, words.volumes.total(count(total)))}`;
      })}
      ${ticks(names, step, layout).map(
        ({ name, x }) => html`<text class="note" x="${px(x)}" y="${height - 6}">${name}</text>`,
      )}`,
    );
  });
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
  return inBoth((layout) => {
    const { left, plot, head } = layout;
    return picture(
      id,
      title,
      description,
      layout,
      rows.length * (24 + head) + 4,
      html`${rows.map(({ label, parts }, n) => {
        const whole = parts.reduce((sum, [, value]) => sum + value, 0);
        const top = n * (24 + head);
        let x = left;
        return html`${labelOf(layout, top, top + 16, label)}
        ${parts.map(([kind, value]) => {
          const wide = whole === 0 ? 0 : (value / whole) * plot;
          const from = x;
          x += wide;
          return (
            wide > 0 &&
            html`<rect
              class="${kind}"
              x="${px(from)}"
              y="${top + head + 4}"
              width="${px(Math.max(0.7, wide))}"
              height="16"
            />`
          );
        })}
        ${numberOf(layout, top, left + plot + 8, top + 16, count(whole))}`;
      })}`,
    );
  });
}

/** Lengths to one scale, one below the other. */
export function lengthChart(
  id: string,
  title: string,
  description: string,
  rows: readonly (readonly [label: string, value: number])[],
): Html {
  const most = Math.max(1, ...rows.map(([, value]) => value));
  return inBoth((layout) => {
    const { left, plot, head } = layout;
    return picture(
      id,
      title,
      description,
      layout,
      rows.length * (22 + head) + 4,
      html`${rows.map(([label, value], n) => {
        const top = n * (22 + head);
        const long = (value / most) * plot;
        return html`${labelOf(layout, top, top + 15, label)}
          <rect
            class="proven"
            x="${left}"
            y="${top + head + 4}"
            width="${px(value === 0 ? 0 : Math.max(0.7, long))}"
            height="14"
          />
          ${numberOf(layout, top, left + long + 8, top + 15, count(value))}`;
      })}`,
    );
  });
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
  const share = (moment: number): number =>
    last === first ? 0 : (Math.min(Math.max(moment, first), last) - first) / (last - first);
  return inBoth((layout) => {
    const { left, plot, head } = layout;
    const place = (moment: number): number => left + share(moment) * plot;
    const height = rows.length * (22 + head) + 24;
    return picture(
      id,
      title,
      description,
      layout,
      height,
      html`${rows.map(({ label, stretches }, n) => {
          const top = n * (22 + head);
          const middle = top + head + 11;
          return html`${labelOf(layout, top, top + 15, label)}
            <line class="base" x1="${left}" y1="${middle}" x2="${left + plot}" y2="${middle}" />
            ${stretches.map(
              ({ kind, from, until }) =>
                html`<rect
                  class="${kind}"
                  x="${px(place(from))}"
                  y="${middle - 6}"
                  width="${px(Math.max(1, place(until) - place(from)))}"
                  height="12"
                />`,
            )}`;
        })}
        <text class="note" x="${left}" y="${height - 6}">${dates[0]}</text>
        <text class="note" x="${left + plot}" y="${height - 6}" text-anchor="end">${dates[1]}</text>`,
    );
  });
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

function inBoth(draw: (layout: Layout) => Html): Html {
  return html`${draw(WIDE)}${draw(NARROW)}`;
}

function picture(
  id: string,
  title: string,
  description: string,
  { name, width }: Layout,
  height: number,
  content: Html,
): Html {
  const own = name === "wide" ? id : `${id}-${name}`;
  return html`<svg
    class="plot ${name}"
    role="img"
    viewBox="0 0 ${width} ${height}"
    aria-labelledby="${own}-t ${own}-d"
  >
    <title id="${own}-t">${title}</title>
    <desc id="${own}-d">${description}</desc>
    ${content}
  </svg>`;
}

/** Where the line above a row is written. */
const HEAD_LINE = 21;

/** What a row is called. @param beside the line of a label that stands beside its row. */
function labelOf({ head, left }: Layout, top: number, beside: number, label: string): Html {
  return head === 0
    ? html`<text class="label" x="${left - 10}" y="${beside}" text-anchor="end">${short(label)}</text>`
    : html`<text class="label" x="${left}" y="${top + HEAD_LINE}">${short(label)}</text>`;
}

/** The number of a row. @param x, beside where it stands beside its row. */
function numberOf({ head, width }: Layout, top: number, x: number, beside: number, text: string): Html {
  return head === 0
    ? html`<text class="note" x="${px(x)}" y="${beside}">${text}</text>`
    : html`<text class="note" x="${width}" y="${top + HEAD_LINE}" text-anchor="end">${text}</text>`;
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

/** So much room the name of a period takes. */
const TICK = 72;

/** Names below the bars, as many as have room. */
function ticks(
  names: readonly string[],
  step: number,
  { left, width }: Layout,
): { name: string; x: number }[] {
  const every = Math.max(1, Math.ceil(TICK / step));
  return names
    .map((name, i) => ({ name, x: left + i * step }))
    .filter(({ x }, i) => i % every === 0 && x + TICK <= width);
}

const px = (value: number): string => String(Math.round(value * 100) / 100);

const LONGEST_LABEL = 24;

function short(label: string): string {
  return label.length <= LONGEST_LABEL ? label : `${label.slice(0, LONGEST_LABEL - 1)}…`;
}
