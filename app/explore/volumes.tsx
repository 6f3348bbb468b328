import type { JSX } from "preact";
import { Table } from "../parts";
import { useEffect, useRef, useState } from "preact/hooks";
import type { BatchState, RegistryState } from "../../src/audit/state";
import { labelText } from "../../src/foreign-text";
import { useSettings } from "../settings";

import { seriesOf, ticks, type Period } from "./series";

const HEIGHT = 260;
const LEFT = 56;
const BOTTOM = 30;
const TOP = 12;
/** Agencies that get a colour of their own; the rest share one. */
const NAMED = 4;

/** Records anchored over time, by agency, as bars; and the same as a table. */
export function Volumes({
  state,
  batches,
}: {
  state: RegistryState;
  batches: readonly BatchState[];
}): JSX.Element {
  const { words, format } = useSettings();
  const { volumes } = words.explorer;
  const [frame, width] = useWidth();
  if (batches.length === 0) return <p class="quiet">{volumes.nothing}</p>;
  const { unit, periods } = seriesOf(batches);
  const groups = groupsOf(periods);
  const nameOf = (agency: number | undefined): string =>
    agency === undefined
      ? volumes.others
      : labelText(state.agencies.get(agency)?.code ?? "0x") || String(agency);
  const largest = periods.reduce((a, b) => (b.total > a.total ? b : a));
  const label = volumes.describe(
    format.number(periods.reduce((sum, { total }) => sum + total, 0)),
    format.number(largest.total),
    format.date(largest.start),
  );
  return (
    <figure class="volumes">
      <div ref={frame}>
        <Bars periods={periods} groups={groups} width={width} label={`${volumes.title}. ${label}`} />
      </div>
      <figcaption>
        <ul class="legend">
          {groups.map((agency, i) => (
            <li key={i}>
              <span class={`swatch series-${i + 1}`} /> {nameOf(agency)}
            </li>
          ))}
        </ul>
        <p class="quiet small">
          {volumes.by[unit]} · {label}
        </p>
      </figcaption>
      <details>
        <summary>{volumes.table}</summary>
        <Table label={volumes.title} columns={[volumes.period, ...groups.map(nameOf), volumes.total]}>
          {periods
            .filter(({ total }) => total > 0)
            .map((period) => (
              <tr key={period.start}>
                <td class="nowrap">{format.date(period.start)}</td>
                {groups.map((agency, i) => (
                  <td key={i}>{format.number(amountOf(period, agency, groups))}</td>
                ))}
                <td>{format.number(period.total)}</td>
              </tr>
            ))}
        </Table>
      </details>
    </figure>
  );
}

/** The agencies with most records, and undefined for all others together. */
function groupsOf(periods: readonly Period[]): (number | undefined)[] {
  const totals = new Map<number, number>();
  for (const { byAgency } of periods)
    for (const [agency, count] of byAgency) totals.set(agency, (totals.get(agency) ?? 0) + count);
  const order = [...totals].sort((a, b) => b[1] - a[1]).map(([agency]) => agency);
  return order.length > NAMED + 1 ? [...order.slice(0, NAMED), undefined] : order;
}

function amountOf(
  { byAgency }: Period,
  agency: number | undefined,
  groups: readonly (number | undefined)[],
): number {
  if (agency !== undefined) return byAgency.get(agency) ?? 0;
  let sum = 0;
  for (const [id, count] of byAgency) if (!groups.includes(id)) sum += count;
  return sum;
}

function Bars({
  periods,
  groups,
  width,
  label,
}: {
  periods: readonly Period[];
  groups: readonly (number | undefined)[];
  width: number;
  label: string;
}): JSX.Element {
  const { format } = useSettings();
  const scale = ticks(Math.max(...periods.map(({ total }) => total)));
  const most = scale.at(-1)!;
  const inner = HEIGHT - BOTTOM - TOP;
  const y = (value: number): number => TOP + inner * (1 - value / most);
  const slot = (width - LEFT) / periods.length;
  const bar = Math.min(48, Math.max(2, slot * 0.72));
  // As many dates as fit side by side.
  const every = Math.max(1, Math.ceil(periods.length / Math.max(1, Math.floor((width - LEFT) / 80))));
  return (
    <svg
      class="bars"
      width={width}
      height={HEIGHT}
      viewBox={`0 0 ${width} ${HEIGHT}`}
      role="img"
      aria-label={label}
    >
      {scale.map((value) => (
        <g key={value}>
          <line class="grid" x1={LEFT} x2={width} y1={y(value)} y2={y(value)} />
          <text x={LEFT - 8} y={y(value) + 4} text-anchor="end">
            {format.number(value)}
          </text>
        </g>
      ))}
      {periods.map((period, i) => {
        const x = LEFT + slot * i + (slot - bar) / 2;
        let below = 0;
        return (
          <g key={period.start}>
            {groups.map((agency, at) => {
              const amount = amountOf(period, agency, groups);
              if (amount === 0) return null;
              const from = below;
              below += amount;
              return (
                <rect
                  key={at}
                  class={`series-${at + 1}`}
                  x={x}
                  width={bar}
                  y={y(below)}
                  height={Math.max(1, y(from) - y(below))}
                >
                  <title>{`${period.start}: ${format.number(amount)}`}</title>
                </rect>
              );
            })}
            {i % every === 0 && (
              <text x={LEFT + slot * (i + 0.5)} y={HEIGHT - 8} text-anchor="middle">
                {period.start.slice(2)}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}

/** The width that there is, in pixels: text in the picture keeps its size on a phone. */
function useWidth(): [{ current: HTMLDivElement | null }, number] {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.max(240, Math.floor(entry!.contentRect.width))),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [frame, width];
}
