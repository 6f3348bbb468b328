/**
 * Asks a node for what auditors stated about a registry, and what the replay has to know of it.
 */
import type { Audit, SignOffReader } from "../audit";
import type { Chain } from "../chain";
import { answerOf, inFlight } from "./reading";
import type { SignOffsPlace } from "./sign-offs";
import type { TakeOver } from "./take-over";
import { compareView } from "./views";

/** Reads all statements: before the registry's events, so that the heads they name are looked at on the way. */
export async function readStatements(
  chain: Chain,
  place: SignOffsPlace,
  range: { readonly from: number; readonly to: number },
  audit: Audit,
  takeOver: TakeOver,
): Promise<SignOffReader> {
  const address = place.address.toLowerCase();
  const reader = audit.signOffs(address);
  for await (const { logs, blocks } of takeOver.logs(address, range.from, range.to))
    for (const log of logs) reader.read(log, blocks.get(log.blockNumber));
  reader.code(await chain.code(address, range.to), place.isCode, range.to);
  for (const view of reader.views())
    compareView(view, await answerOf(chain, address, view.data, range.to), audit.findings);
  const hashes = new Map<number, string>();
  await inFlight([...reader.blocks()], async (number) => {
    const block = number <= range.to ? await chain.block(number) : undefined;
    if (block !== undefined) hashes.set(number, block.hash);
  });
  reader.blockHashes(hashes);
  return reader;
}
