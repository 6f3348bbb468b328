import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { isInDoubt, type BatchState, type RegistryState } from "../../src/audit/state";
import { headerHashOf } from "../../src/registry-views";
import { Fact, Hex, Table } from "../parts";
import { usePages } from "../pages";
import { useSettings } from "../settings";
import { AgencyLink, BatchLink, Deeds, Doubt, isOfBatch, OperatorLink, TypeLink, useMore } from "./parts";
import type { Rebuilt } from "./replay";
import { StatusTable } from "./statuses";

/** Batches, newest first. */
export function BatchTable({
  state,
  batches,
  label,
}: {
  state: RegistryState;
  batches: readonly BatchState[];
  label: string;
}): JSX.Element {
  const { words, format } = useSettings();
  const { batch: names, operator } = words.explorer;
  const [shown, more] = useMore([...batches].reverse(), 25);
  return (
    <>
      <Table
        label={label}
        columns={[
          names.id,
          operator.agency,
          words.details.type,
          names.size,
          names.anchored,
          words.details.operator,
        ]}
      >
        {shown.map(({ id, header }) => (
          <tr key={String(id)}>
            <td>
              <BatchLink id={id} /> <Doubt state={state} id={id} />
            </td>
            <td>
              <AgencyLink state={state} id={header.agencyId} />
            </td>
            <td>
              <TypeLink state={state} id={header.typeId} />
            </td>
            <td>{format.number(header.size)}</td>
            <td class="nowrap">{format.time(header.anchoredAt)}</td>
            <td>
              <OperatorLink address={header.operator} />
            </td>
          </tr>
        ))}
      </Table>
      {more}
    </>
  );
}

export function BatchList({ rebuilt: { state } }: { rebuilt: Rebuilt }): JSX.Element {
  const { words } = useSettings();
  const { batches } = words.explorer.tiles;
  return (
    <>
      <h1>{batches}</h1>
      <BatchTable state={state} batches={[...state.batches.values()]} label={batches} />
    </>
  );
}

export function BatchPage({ rebuilt, id }: { rebuilt: Rebuilt; id: string }): JSX.Element {
  const { words, format } = useSettings();
  const { state, deeds } = rebuilt;
  const { batch: names, unknown, agency } = words.explorer;
  const batch = state.batches.get(BigInt(id));
  if (batch === undefined) return <p class="notice">{unknown.batch}</p>;
  const { header } = batch;
  const before = header.sequence === 0 ? undefined : batch.id - 1n;
  return (
    <>
      <h1>{names.title(id)}</h1>
      {isInDoubt(state, batch) && <p class="notice notice-warn">{names.flagged}</p>}
      <dl class="facts">
        <Fact name={words.details.agency}>
          <AgencyLink state={state} id={header.agencyId} />
        </Fact>
        <Fact name={words.details.type}>
          <TypeLink state={state} id={header.typeId} />
        </Fact>
        <Fact name={names.sequence}>{format.number(header.sequence)}</Fact>
        <Fact name={names.size}>
          {format.number(header.size)}
          {batch.leaf !== undefined && ` (${names.direct})`}
        </Fact>
        <Fact name={names.anchored}>{format.time(header.anchoredAt)}</Fact>
        <Fact name={words.details.operator}>
          <OperatorLink address={header.operator} /> <Doubt state={state} id={batch.id} />
        </Fact>
        <Fact name={words.details.block}>{format.number(batch.block)}</Fact>
        <Fact name={words.details.transaction}>
          <Hex value={batch.transaction} />
        </Fact>
        <Fact name={names.root}>
          <Hex value={header.root} />
        </Fact>
        <Fact name={names.manifest}>
          <Hex value={header.manifestHash} />
        </Fact>
        {before !== undefined && (
          <Fact name={names.previous}>
            <BatchLink id={before} />
          </Fact>
        )}
        <Fact name={names.header}>
          <Hex value={batch.headerHash} />
        </Fact>
      </dl>
      <Stored batch={batch} />
      <h2>{names.statuses}</h2>
      <StatusTable batches={[batch]} withPositions />
      <h2>{agency.history}</h2>
      <Deeds deeds={deeds.filter((deed) => isOfBatch(deed, batch.id))} state={state} label={agency.history} />
    </>
  );
}

/** The header's hash as the chain stores it, asked now. */
function Stored({ batch }: { batch: BatchState }): JSX.Element | null {
  const { words } = useSettings();
  const { trust, node } = usePages();
  const { batch: names } = words.explorer;
  const [stored, setStored] = useState<string | undefined>(undefined);
  const chain = node.state === "ready" ? node.chain : undefined;
  const { agencyId, sequence } = batch.header;
  useEffect(() => {
    if (chain === undefined || trust === undefined) return;
    let isOver = false;
    const registry = { chain, address: trust.registry, fromBlock: trust.fromBlock };
    headerHashOf(registry, agencyId, sequence).then(
      (hash) => !isOver && setStored(hash ?? ""),
      // The state above tells of a node that fails.
      () => !isOver && setStored(undefined),
    );
    return () => {
      isOver = true;
    };
  }, [chain, trust, agencyId, sequence]);
  if (stored === undefined) return null;
  const isSame = stored === batch.headerHash;
  return (
    <p class="small asked">
      {names.chainAsked}{" "}
      <span class={isSame ? "mark-passed" : "mark-failed"}>
        {isSame ? `✓ ${names.same}` : `✗ ${names.other}`}
      </span>
    </p>
  );
}
