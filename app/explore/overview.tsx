import type { ComponentChildren, JSX } from "preact";
import { addressOf } from "../route";
import { useSettings } from "../settings";
import { Deeds } from "./parts";
import type { Rebuilt } from "./replay";
import { statusCounts } from "./status-counts";
import { Volumes } from "./volumes";

/** Everything at a glance: how much, when, what last. */
export function Overview({ rebuilt }: { rebuilt: Rebuilt }): JSX.Element {
  const { words, format } = useSettings();
  const { state, deeds } = rebuilt;
  const { tiles } = words.explorer;
  const batches = [...state.batches.values()];
  const records = batches.reduce((sum, { header }) => sum + header.size, 0);
  const moved = [...statusCounts(batches)].reduce(
    (sum, [byte, count]) => (byte === 0 ? sum : sum + count),
    0,
  );
  const tile = (name: string, count: number, link?: string): ComponentChildren => (
    <li>
      {link === undefined ? (
        <span class="tile">
          <b>{format.number(count)}</b> {name}
        </span>
      ) : (
        <a class="tile" href={link}>
          <b>{format.number(count)}</b> {name}
        </a>
      )}
    </li>
  );
  return (
    <>
      <ul class="tiles">
        {tile(tiles.agencies, state.agencies.size, addressOf({ kind: "list", of: "agencies" }))}
        {tile(tiles.types, state.types.size, addressOf({ kind: "list", of: "types" }))}
        {tile(tiles.batches, batches.length, addressOf({ kind: "list", of: "batches" }))}
        {tile(tiles.records, records)}
        {tile(tiles.moved, moved, addressOf({ kind: "list", of: "statuses" }))}
      </ul>
      <p>
        <a href={addressOf({ kind: "list", of: "signoffs" })}>{words.explorer.signOffs.title}</a>
      </p>
      <section aria-labelledby="volumes">
        <h2 id="volumes">{words.explorer.volumes.title}</h2>
        <Volumes state={state} batches={batches} />
      </section>
      <section aria-labelledby="latest">
        <h2 id="latest">{words.explorer.latest}</h2>
        <Deeds deeds={deeds} state={state} label={words.explorer.latest} step={10} />
      </section>
    </>
  );
}
