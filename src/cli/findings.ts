import { CreditAnchorError } from "../errors";

/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly result: "ok" | "warning" | "problem";
  readonly message: string;
  /** The way out. */
  readonly hint?: string;
}

/** Notes a finding. */
export type Say = (check: string, result: Finding["result"], message: string, hint?: string) => void;

/** What keeps one check from being made is a problem of its own; the others go on. */
export async function attempt<T>(say: Say, check: string, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof CreditAnchorError)) throw error;
    say(check, "problem", error.message, error.hint);
    return undefined;
  }
}
