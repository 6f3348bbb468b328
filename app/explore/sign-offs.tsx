import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { entriesAt } from "../../src/audit/journal";
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
        if (isOver) return;
        setFound(statements ?? "other");
        setError(undefined);
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
      {Array.isArray(found) && <p class="quiet">{names.notChecked}</p>}
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
                  <Sign {...comparedHead(rebuilt, statement, names)} />
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

/** By the rule of the audit: the head has to be right, and of all entries that there were at the stated block. */
function comparedHead(
  rebuilt: Rebuilt,
  { journalLength, journalHead, blockNumber }: RecordedStatement["statement"],
  { fits, differs, more, fewer }: Record<"fits" | "differs" | "more" | "fewer", string>,
): { readonly fits: boolean; readonly what: readonly [string, string] } {
  const at = rebuilt.at(journalLength);
  if (at?.head !== journalHead.toLowerCase()) return { fits: false, what: [fits, differs] };
  const entries = entriesAt(at, blockNumber);
  return { fits: entries === "all", what: [fits, entries === "more" ? more : fewer] };
}

/** What was compared: as it fits, as it does not. */
function Sign({ fits, what: [yes, no] }: { fits: boolean; what: readonly [string, string] }): JSX.Element {
  return <span class={fits ? "mark-passed" : "mark-failed"}>{fits ? `✓ ${yes}` : `✗ ${no}`}</span>;
}
