import type { JSX } from "preact";
import { toHex } from "../../src/bytes";
import type { TypeState } from "../../src/audit/state";
import { labelText } from "../../src/foreign-text";
import { shippedTypes } from "../../src/types/shipped";
import { Fact, Hex, Table } from "../parts";
import { useSettings, type Settings } from "../settings";
import { BatchTable } from "./batches";
import { TypeLink } from "./parts";
import type { Rebuilt } from "./replay";
import { Volumes } from "./volumes";

/** What a type is called: by its document, if it is one that these pages know. */
function titleOf({ typeHash, name }: TypeState, { format }: Settings): string {
  const known = [...shippedTypes().values()].find((type) => toHex(type.typeHash) === typeHash);
  return known === undefined ? "" : format.typeTitle(labelText(name), known);
}

export function TypeList({ rebuilt: { state } }: { rebuilt: Rebuilt }): JSX.Element {
  const settings = useSettings();
  const { words, format } = settings;
  const { type: names, tiles } = words.explorer;
  const counts = new Map<number, { batches: number; records: number }>();
  for (const { header } of state.batches.values()) {
    const { batches, records } = counts.get(header.typeId) ?? { batches: 0, records: 0 };
    counts.set(header.typeId, { batches: batches + 1, records: records + header.size });
  }
  return (
    <>
      <h1>{tiles.types}</h1>
      <Table
        label={tiles.types}
        columns={[names.name, names.personal, tiles.batches, tiles.records, names.admitted]}
      >
        {[...state.types.values()].map((type) => (
          <tr key={type.id}>
            <td>
              <TypeLink state={state} id={type.id} /> {titleOf(type, settings)}
            </td>
            <td>{type.personal ? names.yes : names.no}</td>
            <td>{format.number(counts.get(type.id)?.batches ?? 0)}</td>
            <td>{format.number(counts.get(type.id)?.records ?? 0)}</td>
            <td>{format.day(type.admittedAt)}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

export function TypePage({ rebuilt: { state }, id }: { rebuilt: Rebuilt; id: number }): JSX.Element {
  const settings = useSettings();
  const { words, format } = settings;
  const { type: names, tiles, unknown, volumes, agency } = words.explorer;
  const type = state.types.get(id);
  if (type === undefined) return <p class="notice">{unknown.type}</p>;
  const batches = [...state.batches.values()].filter(({ header }) => header.typeId === id);
  const title = titleOf(type, settings);
  return (
    <>
      <h1>{title === "" ? labelText(type.name) : title}</h1>
      <dl class="facts">
        <Fact name={names.title(String(id))}>
          <code>{labelText(type.name)}</code>
        </Fact>
        <Fact name={names.personal}>{type.personal ? names.yes : names.no}</Fact>
        <Fact name={names.admitted}>{format.time(type.admittedAt)}</Fact>
        <Fact name={names.hash}>
          <Hex value={type.typeHash} />
        </Fact>
      </dl>
      <h2>{volumes.title}</h2>
      <Volumes state={state} batches={batches} />
      <h2>{tiles.batches}</h2>
      {batches.length === 0 ? (
        <p class="quiet">{agency.none}</p>
      ) : (
        <BatchTable state={state} batches={batches} label={tiles.batches} />
      )}
    </>
  );
}
