import type { JSX } from "preact";
import type { OperatorState, RegistryState } from "../../src/audit/state";
import { Hex, Table } from "../parts";
import { useSettings, type Settings } from "../settings";
import { BatchTable } from "./batches";
import { AgencyLink, Deeds, OperatorLink } from "./parts";
import type { Rebuilt } from "./replay";

interface Named {
  readonly address: string;
  readonly agency: number;
  readonly operator: OperatorState;
}

/** Keys of agencies: what they may do, until when. */
export function OperatorTable({
  operators,
  now,
  label,
  state,
}: {
  operators: readonly Named[];
  now: number;
  label: string;
  state: RegistryState;
}): JSX.Element {
  const settings = useSettings();
  const { words, format } = settings;
  const { operator: names } = words.explorer;
  if (operators.length === 0) return <p class="quiet">{words.explorer.agency.none}</p>;
  return (
    <Table
      label={label}
      columns={[names.address, names.agency, names.permissions, names.from, names.until, names.state]}
    >
      {operators.map(({ address, agency, operator }) => (
        <tr key={`${agency} ${address}`}>
          <td>
            <OperatorLink address={address} />
          </td>
          <td>
            <AgencyLink state={state} id={agency} />
          </td>
          <td>{names.permission[operator.permissions as keyof typeof names.permission]}</td>
          <td>{format.day(Number(operator.validFrom))}</td>
          <td>{format.day(Number(operator.validUntil))}</td>
          <td>{stateOf(operator, now, settings)}</td>
        </tr>
      ))}
    </Table>
  );
}

function stateOf(operator: OperatorState, now: number, { words, format }: Settings): string {
  const { states } = words.explorer.operator;
  if (operator.compromisedSince > 0n)
    return states.compromised(format.time(Number(operator.compromisedSince)));
  if (operator.revoked) return states.revoked;
  if (BigInt(now) < operator.validFrom) return states.waiting;
  return BigInt(now) < operator.validUntil ? states.valid : states.expired;
}

export function OperatorPage({ rebuilt, address }: { rebuilt: Rebuilt; address: string }): JSX.Element {
  const { words } = useSettings();
  const { state, deeds, block } = rebuilt;
  const { operator: names, unknown, agency } = words.explorer;
  const operators: Named[] = [...state.agencies.values()].flatMap(({ id, operators: all }) => {
    const operator = all.get(address);
    return operator === undefined ? [] : [{ address, agency: id, operator }];
  });
  const batches = [...state.batches.values()].filter(({ header }) => header.operator === address);
  const own = deeds.filter(({ values }) => values["operator"] === address || values["actor"] === address);
  return (
    <>
      <h1>{names.title}</h1>
      <p>
        <Hex value={address} whole />
      </p>
      {operators.length === 0 ? (
        <p class="notice">{unknown.operator}</p>
      ) : (
        <OperatorTable operators={operators} now={block.time} label={names.title} state={state} />
      )}
      {batches.length > 0 && (
        <>
          <h2>{names.anchored}</h2>
          <BatchTable state={state} batches={batches} label={names.anchored} />
        </>
      )}
      {own.length > 0 && (
        <>
          <h2>{agency.history}</h2>
          <Deeds deeds={own} state={state} label={agency.history} />
        </>
      )}
    </>
  );
}
