import type { JSX } from "preact";
import { Hex, Table } from "../parts";
import { useSettings } from "../settings";
import { AgencyLink, BatchLink, Deeds, isOfBatch } from "./parts";
import type { Rebuilt } from "./replay";
import { StatusTable } from "./statuses";

/** A record that was anchored directly: its versions, and what became of them. */
export function RecordPage({ rebuilt, recordKey }: { rebuilt: Rebuilt; recordKey: string }): JSX.Element {
  const { words, format } = useSettings();
  const { state, deeds } = rebuilt;
  const { record: names, unknown, batch: batchNames, agency: agencyNames } = words.explorer;
  const versions = deeds.filter(
    ({ name, values }) => name === "RecordAnchored" && values["recordKey"] === recordKey,
  );
  const ids = versions.map(({ values }) => values["batchId"] as bigint);
  const newest = ids.at(-1);
  const batch = newest === undefined ? undefined : state.batches.get(newest);
  return (
    <>
      <h1>{names.title}</h1>
      <p>
        {names.key}: <Hex value={recordKey} whole />
      </p>
      {batch === undefined ? (
        <p class="notice">{unknown.record}</p>
      ) : (
        <>
          <Table
            label={names.title}
            columns={[names.version, words.details.agency, batchNames.id, batchNames.anchored]}
          >
            {versions.map(({ entry, time, values }, i) => (
              <tr key={entry}>
                <td>
                  {format.number(Number(values["version"]))}
                  {i === versions.length - 1 && ` · ${names.current}`}
                </td>
                <td>
                  <AgencyLink state={state} id={Number(ids[i]! >> 32n)} />
                </td>
                <td>
                  <BatchLink id={ids[i]!} />
                </td>
                <td>{format.time(time)}</td>
              </tr>
            ))}
          </Table>
          <h2>
            {words.explorer.statuses.title} · {names.current}
          </h2>
          <StatusTable batches={[batch]} />
          <h2>{agencyNames.history}</h2>
          <Deeds
            deeds={deeds.filter((deed) => ids.some((id) => isOfBatch(deed, id)))}
            state={state}
            label={agencyNames.history}
          />
        </>
      )}
    </>
  );
}
