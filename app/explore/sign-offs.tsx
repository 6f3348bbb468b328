import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { CreditAnchorError } from "../../src/errors";
import { findStatements, type RecordedStatement } from "../../src/registry-sign-offs";
import { asError } from "../node";
import { usePages } from "../pages";
import { ErrorText, Hex } from "../parts";
import { useSettings } from "../settings";
import { Table } from "./parts";
import type { Rebuilt } from "./replay";

/** What auditors stated on the chain, and whether the heads they name are those of the events read here. */
export function SignOffs({ rebuilt }: { rebuilt: Rebuilt }): JSX.Element {
  const { words, format } = useSettings();
  const { trust, node } = usePages();
  const { signOffs: names } = words.explorer;
  const [statements, setStatements] = useState<readonly RecordedStatement[] | undefined>(undefined);
  const [error, setError] = useState<CreditAnchorError | undefined>(undefined);
  const chain = node.state === "ready" ? node.chain : undefined;
  const address = trust?.signOffs;
  useEffect(() => {
    if (chain === undefined || trust === undefined || address === undefined) return;
    let isOver = false;
    findStatements({ chain, address: trust.registry, fromBlock: trust.fromBlock }, address).then(
      (found) => {
        if (!isOver) setStatements(found);
      },
      (thrown: unknown) => {
        if (!isOver) setError(asError(thrown));
      },
    );
    return () => {
      isOver = true;
    };
  }, [chain, trust, address, rebuilt.block.hash]);
  return (
    <>
      <h1>{names.title}</h1>
      <p class="lead">{names.lead}</p>
      {address === undefined && <p class="notice">{names.unknown}</p>}
      {error !== undefined && (
        <p class="notice notice-warn">
          <ErrorText error={error} />
        </p>
      )}
      {statements?.length === 0 && <p class="quiet">{names.none}</p>}
      {statements !== undefined && statements.length > 0 && (
        <Table
          label={names.title}
          columns={[names.auditor, words.details.block, names.upTo, names.outcome, names.head, names.report]}
        >
          {[...statements].reverse().map(({ index, auditor, blockNumber, statement }) => (
            <tr key={index}>
              <td>
                <Hex value={auditor} />
              </td>
              <td>{format.number(blockNumber)}</td>
              <td>{format.number(statement.journalLength)}</td>
              <td>{names.outcomes[statement.outcome as keyof typeof names.outcomes]}</td>
              <td>
                <Head rebuilt={rebuilt} length={statement.journalLength} head={statement.journalHead} />
              </td>
              <td>
                <Hex value={statement.reportHash} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}

/** The head that a statement names, beside the one that the events read here lead to after as many entries. */
function Head({ rebuilt, length, head }: { rebuilt: Rebuilt; length: number; head: string }): JSX.Element {
  const { words } = useSettings();
  const { signOffs: names } = words.explorer;
  const fits = rebuilt.headAfter(length) === head.toLowerCase();
  return (
    <span class={fits ? "mark-passed" : "mark-failed"}>
      {fits ? `✓ ${names.fits}` : `✗ ${names.differs}`}
    </span>
  );
}
