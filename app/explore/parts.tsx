import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { JournalEvent } from "../../src/audit/journal";
import { isInDoubt, type RegistryState } from "../../src/audit/state";
import { labelText } from "../../src/foreign-text";
import { decodeSpans } from "../../src/positions";
import { parseStatus } from "../../src/verify";
import { Hex } from "../parts";
import { addressOf } from "../route";
import { plain } from "../../src/formats";
import { useSettings } from "../settings";
import { byCode } from "../words";

/** An agency by its code. */
export function AgencyLink({ state, id }: { state: RegistryState; id: number }): JSX.Element {
  const code = labelText(state.agencies.get(id)?.code ?? "0x");
  return <a href={addressOf({ kind: "agency", id })}>{code === "" ? id : code}</a>;
}

export function BatchLink({ id }: { id: bigint }): JSX.Element {
  return <a href={addressOf({ kind: "batch", id: String(id) })}>{String(id)}</a>;
}

/** Says of a batch whose key was declared compromised since before it was anchored that this is so. */
export function Doubt({ state, id }: { state: RegistryState; id: bigint }): JSX.Element | null {
  const { words } = useSettings();
  const batch = state.batches.get(id);
  if (batch === undefined || !isInDoubt(state, batch)) return null;
  return <strong class="doubt">{words.explorer.batch.doubt}</strong>;
}

export function TypeLink({ state, id }: { state: RegistryState; id: number }): JSX.Element {
  const name = labelText(state.types.get(id)?.name ?? "0x");
  return <a href={addressOf({ kind: "type", id })}>{name === "" ? id : name}</a>;
}

export function OperatorLink({ address }: { address: string }): JSX.Element {
  return (
    <a href={addressOf({ kind: "operator", address })}>
      <Hex value={address} />
    </a>
  );
}

/** The first items of a long list, and more when asked for. */
export function useMore<T>(items: readonly T[], step: number): [readonly T[], ComponentChildren] {
  const { words, format } = useSettings();
  const [count, setCount] = useState(step);
  const more =
    items.length <= count ? null : (
      <p class="more">
        <button type="button" onClick={() => setCount(count + 4 * step)}>
          {words.explorer.more}
        </button>{" "}
        <span class="quiet small">
          {words.explorer.shownOf(format.number(count), format.number(items.length))}
        </span>
      </p>
    );
  return [items.slice(0, count), more];
}

/** What happened, newest first. */
export function Deeds({
  deeds,
  state,
  label,
  step = 20,
}: {
  deeds: readonly JournalEvent[];
  state: RegistryState;
  label: string;
  step?: number;
}): JSX.Element {
  const { words, format } = useSettings();
  const [shown, more] = useMore([...deeds].reverse(), step);
  return (
    <>
      <ol class="deeds" aria-label={label}>
        {shown.map((deed) => (
          <li key={deed.entry}>
            <p class="deed-when">
              <time dateTime={new Date(deed.time * 1000).toISOString()}>{format.time(deed.time)}</time>
              <span class="quiet small">{words.explorer.entry(format.number(deed.entry))}</span>
            </p>
            <div>
              <p>
                <What deed={deed} />
              </p>
              <p class="deed-where">
                <Where deed={deed} state={state} />
              </p>
            </div>
            <p class="deed-who">
              <span class="unseen">{words.explorer.columns.by}</span> <Who deed={deed} />
            </p>
          </li>
        ))}
      </ol>
      {more}
    </>
  );
}

/** Names of statuses as the registry numbers them. */
const STATUSES = ["Active", "Superseded", "Withdrawn", "Repaired"] as const;

function What({ deed: { name, values } }: { deed: JournalEvent }): JSX.Element {
  const { words } = useSettings();
  const { reason, status, marks } = values;
  const target = typeof status === "number" ? STATUSES[status] : undefined;
  const more =
    target !== undefined
      ? words.statuses[target]
      : typeof marks === "number"
        ? (parseStatus(marks)?.marks ?? []).map((mark) => words.marks[mark]).join(", ")
        : undefined;
  return (
    <>
      <strong>{byCode(words.explorer.events, name) ?? plain(name)}</strong>
      {more !== undefined && ` · ${more}`}
      {typeof reason === "number" && reason !== 0 && (
        <>
          <br />
          <span class="quiet small">
            {byCode(words.codes.acts, reason) ?? words.codes.ownReason(String(reason))}
          </span>
        </>
      )}
    </>
  );
}

function Where({ deed: { values }, state }: { deed: JournalEvent; state: RegistryState }): JSX.Element {
  const { words, format } = useSettings();
  const { batchId, agencyId, typeId, positions, size, recordKey } = values;
  const count =
    typeof positions === "string" ? countOf(positions) : typeof size === "number" ? size : undefined;
  const agency =
    typeof agencyId === "number"
      ? agencyId
      : typeof batchId === "bigint"
        ? Number(batchId >> 32n)
        : undefined;
  return (
    <>
      {agency !== undefined && <AgencyLink state={state} id={agency} />}
      {typeof batchId === "bigint" && (
        <>
          {" · "}
          <BatchLink id={batchId} /> <Doubt state={state} id={batchId} />
        </>
      )}
      {typeof typeId === "number" && (
        <>
          {agency !== undefined && " · "}
          <TypeLink state={state} id={typeId} />
        </>
      )}
      {typeof recordKey === "string" && (
        <>
          {" · "}
          <a href={addressOf({ kind: "record", key: recordKey })}>
            <Hex value={recordKey} />
          </a>
        </>
      )}
      {count !== undefined && (
        <span class="quiet">
          {" · "}
          {count === 1 ? words.explorer.oneRecord : words.explorer.records(format.number(count))}
        </span>
      )}
    </>
  );
}

function Who({ deed: { values } }: { deed: JournalEvent }): JSX.Element {
  const { operator, actor, administrator } = values;
  const address = [operator, actor, administrator].find((value) => typeof value === "string");
  return typeof address === "string" ? <OperatorLink address={address} /> : <span class="quiet">–</span>;
}

/** How many positions an event names. */
export function countOf(positions: string): number {
  try {
    return decodeSpans(positions).reduce((sum, { first, last }) => sum + last - first + 1, 0);
  } catch {
    return 0;
  }
}

/** Whether an event is about a batch. */
export function isOfBatch({ values }: JournalEvent, id: bigint): boolean {
  return values["batchId"] === id;
}
