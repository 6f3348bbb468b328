/**
 * Nodes that an audit asks.
 */
import { allSilent, Nodes } from "../audit/nodes";
import { connectChain, isSilence, type Chain } from "../chain";
import { noContract } from "../audit/reading";
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
 * Connects to several nodes, in the order in which they stand in for one another. One that gives no answer or is of
 * another chain is left out and named; so is one that has no contract at the registry's address, unless one before it has:
 * then that contradicts what the audit reads, and is for it to tell.
 *
 * @param registry its address; chain undefined: that of the first node which has a contract there.
 * @throws {CreditAnchorError} `usage` if none is named; `chain.…`, `audit.no-contract` if none is left.
 */
export async function connectSources(
  urls: readonly string[],
  registry: { readonly chainId?: number | undefined; readonly address: string },
  signal: AbortSignal,
): Promise<Nodes> {
  const silent: string[] = [];
  const answering: Chain[] = [];
  let last: CreditAnchorError | undefined;
  for (const url of urls) {
    const id = answering[0]?.chainId ?? registry.chainId;
    try {
      const chain = await connectChain({ urls: [url], signal, ...(id === undefined ? {} : { chainId: id }) });
      if (answering.length === 0 && (await chain.code(registry.address)) === "0x")
        silent.push((last = noContract(chain, registry.address)).message);
      else answering.push(chain);
    } catch (error) {
      if (!isSilence(error)) throw error;
      silent.push((last = error).message);
    }
  }
  const [first, ...others] = answering;
  if (first !== undefined) return new Nodes([first, ...others], silent);
  throw last === undefined ? noNode() : allSilent(last, silent);
}
