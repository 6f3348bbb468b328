/**
 * Checks of a file that somebody signed, told one by one.
 */
import { ExitStatus } from "../errors";
import { columns } from "./output";

/** One check. Open: what is at hand does not decide it. */
export interface Check {
  readonly name: string;
  readonly result: "passed" | "failed" | "open";
  readonly message: string;
}

const SIGN = { passed: "✓", failed: "✗", open: "?" } as const;

export function check(name: string, holds: boolean, passed: string, failed: string): Check {
  return { name, result: holds ? "passed" : "failed", message: holds ? passed : failed };
}

/** For people. */
export function checkLines(checks: readonly Check[]): string[] {
  return columns(checks.map(({ name, result, message }) => [SIGN[result], name, message]));
}

/** 1 if a check failed, 2 if one is open, otherwise 0. */
export function statusOf(checks: readonly Check[]): number {
  if (checks.some(({ result }) => result === "failed")) return ExitStatus.failed;
  return checks.some(({ result }) => result === "open") ? ExitStatus.notChecked : ExitStatus.ok;
}
