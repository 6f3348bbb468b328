import { RpcError } from "../rpc";

/** One comparison of a record with the chain or the source. */
export interface Check {
  readonly name: string;
  /** Undefined: could not be compared; `found` says why. */
  readonly holds: boolean | undefined;
  readonly expected: string;
  readonly found: string;
}

/** Equal or different, as text. */
export function compare(name: string, expected: unknown, found: unknown): Check {
  const [a, b] = [text(expected), text(found)];
  return { name, holds: a === b, expected: a, found: b };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}

/** A call that reverted, or whose return data is none of the view. */
export function isCallFailure(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return error instanceof RpcError || code === "CALL_EXCEPTION" || code === "BAD_DATA";
}
