import type { JSX } from "preact";
import { batchId } from "../../src/commitment";
import type { Evidence } from "../../src/evidence";
import type { RecordType } from "../../src/types/record-type";
import { Fact, Hex } from "../parts";
import { addressOf } from "../route";
import { plain } from "../../src/formats";
import { useSettings } from "../settings";
import type { Judged } from "./judge";

/** Which record, where, by whom: what the file says, which the checks above prove or do not. */
export function Details({
  judged,
  evidence,
  type,
}: {
  judged: Judged;
  evidence: Evidence;
  type: RecordType | undefined;
}): JSX.Element {
  const { words, format } = useSettings();
  const { batch, record, registry, transaction } = evidence;
  const { told, verdict } = judged;
  const id = batchId(batch.agencyId, batch.sequence);
  const names = words.details;
  return (
    <dl class="facts">
      <Fact name={names.type}>
        {format.typeTitle(record.type, type)} <code>{plain(record.type)}</code>
      </Fact>
      <Fact name={names.version}>{format.number(record.version)}</Fact>
      <Fact name={names.agency}>
        <a href={addressOf({ kind: "agency", id: batch.agencyId })}>
          {told === undefined ? batch.agencyId : plain(told.agency.code)}
        </a>
        {told !== undefined &&
          ` (${words.standings[told.agency.standing as keyof typeof words.standings] ?? told.agency.standing})`}
      </Fact>
      <Fact name={names.batch}>
        <a href={addressOf({ kind: "batch", id })}>{id}</a>
      </Fact>
      <Fact name={names.index}>
        {names.positionOf(format.number(record.index), format.number(batch.size))}
      </Fact>
      <Fact name={names.anchoredAt}>{format.time(batch.anchoredAt)}</Fact>
      <Fact name={names.operator}>
        <a href={addressOf({ kind: "operator", address: batch.operator })}>
          <Hex value={batch.operator} />
        </a>
        {told !== undefined &&
          told.key.entitled !== null &&
          ` ${names.entitled(format.day(told.key.entitled.validFrom), format.day(told.key.entitled.validUntil))}`}
      </Fact>
      <Fact name={names.transaction}>
        <Hex value={transaction.hash} />
      </Fact>
      <Fact name={names.block}>{format.number(transaction.blockNumber)}</Fact>
      <Fact name={names.registry}>
        <Hex value={registry.address} />
      </Fact>
      <Fact name={names.recordKey}>
        <a href={addressOf({ kind: "record", key: record.key })}>
          <Hex value={record.key} />
        </a>
      </Fact>
      <Fact name={names.leaf}>{verdict.subject === null ? "–" : <Hex value={verdict.subject.leaf} />}</Fact>
    </dl>
  );
}
