import type { Home } from "../home";
import type { Io } from "./output";
export async function settle(
  _h: Home,
  _r: string | undefined,
  _i: Io,
  _s: AbortSignal,
  _c: string,
): Promise<void> {
  throw new Error("x");
}
