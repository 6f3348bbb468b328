/**
 * Nodes that an audit asks, and what becomes of one that gives no answer.
 */
import { isSilence, type Chain } from "../chain";
import { CreditAnchorError } from "../errors";

/** The failure that is told when nobody is left to ask: names everyone. @param last of the node that failed last. */
export function allSilent(last: CreditAnchorError, silent: readonly string[]): CreditAnchorError {
  if (silent.length === 1) return last;
  return new CreditAnchorError(last.code, `no node is left to ask: ${silent.join("; ")}`, {
    hint: "name a node of the registry's chain that answers, with --rpc; nothing was found out either way",
    exitStatus: last.exitStatus,
  });
}

/** The first of them gives the events, the others have to say the same. One that falls silent is told and asked no more. */
export class Nodes {
  #answering: readonly Chain[];
  readonly #silent: string[];

  /** @param silent what is said of those that gave no answer before. */
  constructor(answering: readonly [Chain, ...Chain[]], silent: readonly string[] = []) {
    this.#answering = answering;
    this.#silent = [...silent];
  }

  get first(): Chain {
    return this.#answering[0]!;
  }

  get others(): readonly Chain[] {
    return this.#answering.slice(1);
  }

  /** What is said of those that fell silent. */
  get silent(): readonly string[] {
    return this.#silent;
  }

  /**
   * What the first says. If it falls silent meanwhile, everything is asked anew of the next, so that nothing is put
   * together from what two said.
   *
   * @param reached how far the first had come, in words.
   * @throws {CreditAnchorError} `chain.…` that names everyone, if none is left.
   */
  async byFirst<T>(ask: (chain: Chain) => Promise<T>, reached = (): string => ""): Promise<T> {
    for (;;) {
      const { first, others } = this;
      try {
        return await ask(first);
      } catch (error) {
        if (!isSilence(error)) throw error;
        const next = others[0] === undefined ? "" : `; ${others[0].node} was asked for everything instead`;
        this.#drop(first, `${error.message}${reached()}${next}`);
        if (others.length === 0) throw allSilent(error, this.#silent);
      }
    }
  }

  /** What another of them says; undefined if it gives no answer. */
  async unlessSilent<T>(other: Chain, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!isSilence(error)) throw error;
      this.#drop(other, error.message);
      return undefined;
    }
  }

  #drop(node: Chain, words: string): void {
    this.#answering = this.#answering.filter((one) => one !== node);
    this.#silent.push(words);
  }
}
