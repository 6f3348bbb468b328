import type { JSX } from "preact";
import { actingFor, type AgencyState } from "../../src/audit/state";
import { labelText } from "../../src/foreign-text";
import { Fact, Hex, Table } from "../parts";
import { useSettings } from "../settings";
import { BatchTable } from "./batches";
import { OperatorTable } from "./operators";
import { AgencyLink, Deeds } from "./parts";
import type { Rebuilt } from "./replay";
import { Volumes } from "./volumes";

export function AgencyList({ rebuilt: { state } }: { rebuilt: Rebuilt }): JSX.Element {
  const { words, format } = useSettings();
  const { explorer } = words;
  const records = new Map<number, number>();
  for (const { header } of state.batches.values())
    records.set(header.agencyId, (records.get(header.agencyId) ?? 0) + header.size);
  return (
    <>
      <h1>{explorer.tiles.agencies}</h1>
      <Table
        label={explorer.tiles.agencies}
        columns={[
          explorer.agency.code,
          explorer.agency.standing,
          explorer.tiles.batches,
          explorer.tiles.records,
          explorer.agency.admitted,
        ]}
      >
        {[...state.agencies.values()].map((agency) => (
          <tr key={agency.id}>
            <td>
              <AgencyLink state={state} id={agency.id} />
            </td>
            <td>{words.standings[agency.standing]}</td>
            <td>{format.number(agency.batchCount)}</td>
            <td>{format.number(records.get(agency.id) ?? 0)}</td>
            <td>{format.day(agency.admittedAt)}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

export function AgencyPage({ rebuilt, id }: { rebuilt: Rebuilt; id: number }): JSX.Element {
  const { words, format } = useSettings();
  const { state, deeds, block } = rebuilt;
  const { agency: names, tiles, unknown, volumes } = words.explorer;
  const agency = state.agencies.get(id);
  if (agency === undefined) return <p class="notice">{unknown.agency}</p>;
  const acting = actingFor(state, agency);
  const batches = [...state.batches.values()].filter(({ header }) => header.agencyId === id);
  return (
    <>
      <h1>{labelText(agency.code)}</h1>
      <dl class="facts">
        <Fact name={names.title(String(id))}>{labelText(agency.code)}</Fact>
        <Fact name={names.standing}>{words.standings[agency.standing]}</Fact>
        <Fact name={names.admitted}>{format.time(agency.admittedAt)}</Fact>
        <Fact name={names.administrator}>
          <Hex value={agency.administrator} />
        </Fact>
        <Fact name={names.keyCommitment}>
          <Hex value={agency.keyCommitment} />
        </Fact>
        {acting !== agency && (
          <Fact name={names.successor}>
            <AgencyLink state={state} id={acting.id} />
          </Fact>
        )}
      </dl>
      <h2>{names.operators}</h2>
      <OperatorTable operators={operatorsOf(agency)} now={block.time} label={names.operators} state={state} />
      <h2>{volumes.title}</h2>
      <Volumes state={state} batches={batches} />
      <h2>{tiles.batches}</h2>
      {batches.length === 0 ? (
        <p class="quiet">{names.none}</p>
      ) : (
        <BatchTable state={state} batches={batches} label={tiles.batches} />
      )}
      <h2>{names.history}</h2>
      <Deeds
        deeds={deeds.filter(({ values }) => values["agencyId"] === id)}
        state={state}
        label={names.history}
      />
    </>
  );
}

function operatorsOf(agency: AgencyState) {
  return [...agency.operators].map(([address, operator]) => ({ address, agency: agency.id, operator }));
}
