import { CreditAnchorError } from "../../src/errors";

/** Prints an error as people need it, without a stack for errors that are meant for them. @returns Exit status. */
export function complain(error: unknown): number {
  if (!(error instanceof CreditAnchorError)) {
    console.error(error);
    return 70;
  }
  console.error(`error: ${error.message}`);
  if (error.hint !== undefined) console.error(`  ${error.hint}`);
  return error.exitStatus;
}
