import { CreditAnchorError } from "../../src/errors";

/** The error an action fails with. @throws Error if it succeeds, or fails with anything but a CreditAnchorError. */
export async function failure(action: () => unknown): Promise<CreditAnchorError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof CreditAnchorError) return error;
    throw error;
  }
  throw new Error("expected a failure, it succeeded");
}
