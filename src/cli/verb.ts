/**
 * What a verb is: its words, its options, and one function that calls the library and says what to print.
 */
import type { Io } from "./output";
import type { OptionSpecs, OptionValues } from "./options";

/** What a verb hands back; main prints it and exits. */
export interface Outcome {
  /** With --json, on stdout. */
  readonly json: unknown;
  /** The JSON is one line of several that were printed before. */
  readonly line?: true;
  /** Otherwise: lines on stdout. */
  readonly text: readonly string[];
  /** 0 unless given. */
  readonly exitStatus?: number;
}

export interface Call<S extends OptionSpecs> {
  /** The words after the verb, in the order of `arguments`. */
  readonly args: readonly string[];
  readonly options: OptionValues<S>;
  /** `--home`, else `CREDIT_ANCHOR_HOME`, else undefined. */
  readonly home: string | undefined;
  readonly io: Io;
  /** Aborted at the first interrupt (Ctrl-C): finish the step, then stop. */
  readonly signal: AbortSignal;
}

export interface ArgumentSpec {
  /** `<file>`, `[file]`, `<files...>`. */
  readonly name: string;
  readonly about: string;
}

export interface Verb<S extends OptionSpecs = OptionSpecs> {
  /** `anchor`, `agency register`. */
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** What one has to know before using it. */
  readonly about?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options: S;
  readonly examples: readonly string[];
  readonly run: (call: Call<S>) => Promise<Outcome>;
}

/** Ties the options' types to `run`. */
export function defineVerb<S extends OptionSpecs>(verb: Verb<S>): Verb {
  // Safe: main parses with the same `options` it hands to `run`.
  return verb as unknown as Verb;
}
