import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { CreditAnchorError } from "../../src/errors";
import type { Chain } from "../../src/chain";
import { findStatements, registryOfSignOffs, type RecordedStatement } from "../../src/registry-sign-offs";
import { asError } from "../node";
import { usePages } from "../pages";
import { ErrorText, Hex, Table } from "../parts";
import { useSettings } from "../settings";
import type { Trust } from "../trust";

import type { Rebuilt } from "./replay";

interface Found {
  readonly statement: RecordedStatement;
  /** Whether the block that it names is one of the chain. */
  readonly blockFits: boolean;
}

/** @returns Undefined: the contract is not about this registry. */
async function find(chain: Chain, trust: Trust, address: string): Promise<readonly Found[] | undefined> {
  const registry = { chain, address: trust.registry, fromBlock: trust.fromBlock };
  if ((await registryOfSignOffs(registry, address)) !== trust.registry) return undefined;
  const found: Found[] = [];
  for (const statement of await findStatements(registry, address)) {
    const block = await chain.block(statement.statement.blockNumber);
    found.push({ statement, blockFits: block?.hash === statement.statement.blockHash.toLowerCase() });
  }
  return found;
}

/** What auditors stated on the chain, and whether block and head that they name are those of the chain read here. */
export function SignOffs({ rebuilt }: { rebuilt: Rebuilt }): JSX.Element {
  const { words, format } = useSettings();
  const { trust, node } = usePages();
  const { signOffs: names } = words.explorer;
  const [found, setFound] = useState<readonly Found[] | "other" | undefined>(undefined);
  const [error, setError] = useState<CreditAnchorError | undefined>(undefined);
  const chain = node.state === "ready" ? node.chain : undefined;
  const address = trust?.signOffs;
  useEffect(() => {
    if (chain === undefined || trust === undefined || address === undefined) return;
    let isOver = false;
    find(chain, trust, address).then(
      (statements) => {
        if (!isOver) setFound(statements ?? "other");
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
      {found === "other" && <p class="notice notice-bad">{names.otherContract}</p>}
      {found?.length === 0 && <p class="quiet">{names.none}</p>}
      {Array.isArray(found) && found.length > 0 && (
        <Table
          label={names.title}
          columns={[names.auditor, words.details.block, names.upTo, names.outcome, names.head, names.report]}
        >
          {[...found]
            .reverse()
            .map(({ statement: { index, auditor, blockNumber, statement }, blockFits }) => (
              <tr key={index}>
                <td>
                  <Hex value={auditor} />
                </td>
                <td>{format.number(blockNumber)}</td>
                <td>{format.number(statement.journalLength)}</td>
                <td>{names.outcomes[statement.outcome as keyof typeof names.outcomes]}</td>
                <td class="compared">
                  <Sign
                    fits={rebuilt.headAfter(statement.journalLength) === statement.journalHead.toLowerCase()}
                    what={[names.fits, names.differs]}
                  />
                  <br />
                  <Sign fits={blockFits} what={[names.blockFits, names.blockDiffers]} />
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

/** What was compared: as it fits, as it does not. */
function Sign({ fits, what: [yes, no] }: { fits: boolean; what: readonly [string, string] }): JSX.Element {
  return <span class={fits ? "mark-passed" : "mark-failed"}>{fits ? `✓ ${yes}` : `✗ ${no}`}</span>;
}
