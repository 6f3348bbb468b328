/**
 * Nodes that an audit asks.
 */
import { allSilent, isSilence, Nodes } from "../audit/nodes";
import { connectChain, type Chain } from "../chain";
import type { CreditAnchorError } from "../errors";
import { noNode } from "./context";
import { url } from "./options";

/** @throws {CreditAnchorError} `usage` for a word that is no URL. */
export function parseUrls(words: readonly string[] | undefined, name: string): string[] {
  const { parse } = url("", "");
  // Which one of several is not usable: by its place, for an address may hold a key.
  return (words ?? []).map((word, i, all) =>
    parse(word, all.length === 1 ? name : `${name}, in its address ${i + 1},`)!,
  );
}

/**
 * Connects to several nodes, in the order in which they stand in for one another. One that gives no answer is left out
 * and named; one of another chain is refused.
 *
 * @throws {CreditAnchorError} `usage` if none is named, `chain.…` if none answers.
 */
export async function connectSources(
  urls: readonly string[],
  chainId: number | undefined,
  signal: AbortSignal,
): Promise<Nodes> {
  const silent: string[] = [];
  const answering: Chain[] = [];
  let last: CreditAnchorError | undefined;
  for (const url of urls) {
    const id = answering[0]?.chainId ?? chainId;
    try {
      answering.push(
        await connectChain({ urls: [url], signal, ...(id === undefined ? {} : { chainId: id }) }),
      );
    } catch (error) {
      if (!isSilence(error)) throw error;
      silent.push((last = error).message);
    }
  }
  const [first, ...others] = answering;
  if (first !== undefined) return new Nodes([first, ...others], silent);
  throw last === undefined ? noNode() : allSilent(last, silent);
}
