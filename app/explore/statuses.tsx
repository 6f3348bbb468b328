import type { JSX } from "preact";
import { STATUS_EVENTS } from "../../src/audit/events";
import type { BatchState } from "../../src/audit/state";
import { parseStatus } from "../../src/verify";
import { Table } from "../parts";
import { useSettings, type Settings } from "../settings";
import { statusText } from "../status-text";
import { Deeds } from "./parts";
import type { Rebuilt } from "./replay";
import { movedPositions, ranges, statusCounts } from "./status-counts";

/** How many records are in which state. */
export function StatusTable({
  batches,
  withPositions = false,
}: {
  batches: readonly BatchState[];
  withPositions?: boolean;
}): JSX.Element {
  const settings = useSettings();
  const { words, format } = settings;
  const { statuses, batch: names } = words.explorer;
  const positions = withPositions && batches[0] !== undefined ? movedPositions(batches[0]) : new Map();
  return (
    <Table label={statuses.title} columns={[statuses.status, statuses.records]}>
      {[...statusCounts(batches)].map(([byte, count]) => {
        const list = positions.get(byte) as number[] | undefined;
        return (
          <tr key={byte}>
            <td>
              {byte === 0 ? names.untouched : textOf(byte, settings)}
              {list !== undefined && (
                <>
                  <br />
                  <span class="quiet small">{names.positions(ranges(list))}</span>
                </>
              )}
            </td>
            <td>{format.number(count)}</td>
          </tr>
        );
      })}
    </Table>
  );
}

/** Both what a record was and that it is erased: the audit counts such a record as both. */
function textOf(byte: number, { words }: Settings): string {
  const status = parseStatus(byte);
  if (status === null) return `0x${byte.toString(16)}`;
  const before = status.erased && status.status !== "Active" ? `${words.statuses[status.status]} · ` : "";
  return before + statusText(status, words);
}

export function Statuses({ rebuilt: { state, deeds } }: { rebuilt: Rebuilt }): JSX.Element {
  const { words } = useSettings();
  const { statuses } = words.explorer;
  return (
    <>
      <h1>{statuses.title}</h1>
      <p class="lead">{statuses.lead}</p>
      <StatusTable batches={[...state.batches.values()]} />
      <h2>{statuses.moves}</h2>
      <Deeds
        deeds={deeds.filter(({ name }) => STATUS_EVENTS.has(name))}
        state={state}
        label={statuses.moves}
      />
    </>
  );
}
