/**
 * Logs of the node that gives them, compared with those of other parties' nodes, block range by block range.
 */
import { toHex, utf8 } from "../bytes";
import type { Chain } from "../chain";
import type { Hashes } from "../hashes";
import type { Findings, Said } from "./differences";
import type { RawLog } from "./events";
import type { Nodes } from "./nodes";
import { rawLogs, startPace, type LogPage, type Pace } from "./reading";

/** What the comparison needs besides the nodes. */
export interface Comparing {
  readonly findings: Findings;
  readonly hashes: Hashes;
}

/**
 * A contract's logs, page by page, as one node gives them. Every other node is asked for the same blocks: where it has
 * other logs, the difference names both, the range and the first block in which they differ, with number and digest of what
 * each of them said. One that gives no answer is reported and no longer a source.
 */
export async function* comparedLogs(
  chain: Chain,
  nodes: Nodes,
  address: string,
  range: { readonly from: number; readonly to: number },
  comparing: Comparing,
): AsyncGenerator<RawLog[]> {
  const paces = new Map<Chain, Pace>();
  for await (const page of rawLogs(chain, address, range.from, range.to)) {
    for (const witness of nodes.others) {
      const pace = paces.get(witness) ?? startPace();
      paces.set(witness, pace);
      const theirs = await nodes.unlessSilent(witness, () => allLogs(witness, address, page, pace));
      if (theirs !== undefined) compare(chain.node, page, witness.node, theirs, comparing);
    }
    if (page.logs.length > 0) yield page.logs;
  }
}

async function allLogs(chain: Chain, address: string, { from, to }: LogPage, pace: Pace): Promise<RawLog[]> {
  const all: RawLog[] = [];
  for await (const { logs } of rawLogs(chain, address, from, to, pace)) all.push(...logs);
  return all;
}

function compare(
  node: string,
  { from, to, logs }: LogPage,
  otherNode: string,
  others: readonly RawLog[],
  { findings, hashes }: Comparing,
): void {
  const [own, theirs] = [logs.map(textOf), others.map(textOf)];
  const at = firstDifferent(own, theirs);
  if (at === undefined) return;
  const first = [logs[at], others[at]]
    .filter((log) => log !== undefined)
    .reduce((a, b) => (b.blockNumber < a.blockNumber ? b : a));
  const said = (name: string, texts: readonly string[]): Said => {
    const digest = toHex(hashes.keccak256(utf8(texts.join("\n"))));
    return { node: name, value: `${texts.length} logs of blocks ${from} to ${to}, digest ${digest}` };
  };
  findings.disagree(
    "witness.logs",
    "the nodes disagree about the logs of one contract in the same blocks, from this block on",
    {
      node: otherNode,
      block: first.blockNumber,
      transaction: first.transactionHash,
      logIndex: first.logIndex,
    },
    [said(node, own), said(otherNode, theirs)],
  );
}

function firstDifferent(a: readonly string[], b: readonly string[]): number | undefined {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return i;
  return undefined;
}

/** Everything that a node says of a log, one way for all nodes. */
function textOf(log: RawLog): string {
  const { address, topics, data, blockNumber, blockHash, transactionHash, logIndex, removed } = log;
  return [address, topics.join(), data, blockNumber, blockHash, transactionHash, logIndex, removed].join(" ");
}
