import type { Counts, Coverage } from "../audit";
import { count, counted } from "../counted";
import { columns } from "./output";

const PERIODS_SHOWN = 12;

/** What an audit covered, agency by agency: for people. */
export function coverageLines({ agencies }: Coverage): string[] {
  return agencies.flatMap(({ agencyId, code, standing, withoutGap, types, ...counts }) => [
    `agency ${agencyId}   ${code}, ${standing}: ${counted(counts.batches, "batch", "batches")}` +
      `${withoutGap ? " without a gap" : " WITH A GAP"}, ${tell(counts)}`,
    ...columns(
      types.flatMap(({ name, typeId, periods }) => [
        ...(periods.length > PERIODS_SHOWN
          ? [
              [
                `           ${name} (type ${typeId})`,
                "…",
                `${count(periods.length - PERIODS_SHOWN)} earlier periods: all of them with --json`,
              ],
            ]
          : []),
        ...periods
          .slice(-PERIODS_SHOWN)
          .map(({ period, ...some }) => [
            `           ${name} (type ${typeId})`,
            period,
            counted(some.batches, "batch", "batches"),
            tell(some),
          ]),
      ]),
    ),
  ]);
}

function tell({ records, proven, flagged, statuses, timeliness }: Counts): string {
  const { onTime, late } = timeliness;
  const became = (
    [
      [statuses.superseded, "superseded"],
      [statuses.withdrawn, "withdrawn"],
      [statuses.repaired, "repaired"],
      [statuses.erased, "erased"],
      [statuses.disputed, "disputed"],
      [statuses.underReview, "under review"],
      [statuses.repairPending, "with a repair pending"],
      [statuses.masked, "masked"],
      [onTime, "on time"],
      [late, "LATE"],
    ] as const
  ).filter(([number]) => number > 0);
  return [
    `${counted(records, "record")} claimed, ${count(proven)} proven`,
    ...became.map(([number, words]) => `${count(number)} ${words}`),
    ...(flagged > 0 ? [`${counted(flagged, "batch", "batches")} flagged`] : []),
  ].join(", ");
}
