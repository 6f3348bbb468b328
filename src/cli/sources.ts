/**
 * Nodes that an audit asks: the first that answers gives the events, the others have to say the same.
 */
import { connectChain, type Chain } from "../chain";
import { CreditAnchorError } from "../errors";
import { url } from "./options";

export interface Sources {
  readonly chain: Chain;
  /** Of other parties. */
  readonly witnesses: readonly Chain[];
  /** Nodes that gave no answer, in words. */
  readonly silent: readonly string[];
}

/** @throws {CreditAnchorError} `usage` for a word that is no URL. */
export function parseUrls(words: readonly string[] | undefined, name: string): string[] {
  const { parse } = url("", "");
  return (words ?? []).map((word) => parse(word, name)!);
}

/**
 * Connects to several nodes. One that gives no answer is left out and named; one of another chain is refused.
 *
 * @param fallback Connects where none of the first is named.
 * @throws {CreditAnchorError} `chain.…` if none of the first answers.
 */
export async function connectSources(
  urls: readonly string[],
  witnessUrls: readonly string[],
  chainId: number | undefined,
  signal: AbortSignal,
  fallback: () => Promise<Chain>,
): Promise<Sources> {
  const silent: string[] = [];
  const first: Chain[] = [];
  const failures: CreditAnchorError[] = [];
  const attempt = async (url: string, id: number | undefined): Promise<Chain | undefined> => {
    try {
      return await connectChain({
        urls: [url],
        signal,
        ...(id === undefined ? {} : { chainId: id }),
      });
    } catch (error) {
      if (!isSilence(error)) throw error;
      failures.push(error);
      silent.push(error.message);
      return undefined;
    }
  };
  for (const url of urls) {
    const chain = await attempt(url, first[0]?.chainId ?? chainId);
    if (chain !== undefined) first.push(chain);
  }
  if (urls.length > 0 && first.length === 0) throw failures[0]!;
  const [chain = await fallback(), ...others] = first;
  for (const url of witnessUrls) {
    const witness = await attempt(url, chain.chainId);
    if (witness !== undefined) others.push(witness);
  }
  return { chain, witnesses: others, silent };
}

function isSilence(error: unknown): error is CreditAnchorError {
  return (
    error instanceof CreditAnchorError &&
    ["chain.unreachable", "chain.silent", "chain.http", "chain.garbage"].includes(error.code)
  );
}
