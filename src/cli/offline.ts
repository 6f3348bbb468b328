/**
 * `--state`: signing on a machine without a network, by what a node said elsewhere.
 */
import { CreditAnchorError } from "../errors";
import type { Home } from "../home";
import { openRegistry, type Registry } from "../registry-views";
import { chainOf, parseState } from "../registry-state";
import { connect } from "./context";
import { readText } from "./files";
import { text, usage, type OptionSpec } from "./options";

/** Of verbs that sign what is planned, and need nothing of the chain but how far it is. */
export function stateOption(): OptionSpec<string | undefined> {
  return text(
    "--state <file>",
    "with --sign-only: no node, but the file of agency state says how far the chain is",
  );
}

/**
 * The home's registry: as the file has it, else on the home's chain.
 *
 * @throws {CreditAnchorError} `usage`, `state.…`, else as {@link connect}.
 */
export async function connectOrRead(
  home: Home,
  options: {
    readonly state: string | undefined;
    readonly rpc: string | undefined;
    readonly signOnly: string | undefined;
  },
  signal: AbortSignal,
): Promise<{ readonly registry: Registry }> {
  const { state: file, rpc, signOnly } = options;
  if (file === undefined) return connect(home, rpc, signal);
  if (signOnly === undefined)
    throw usage("--state goes with --sign-only: nothing can be sent without a node");
  if (rpc !== undefined) throw usage("--state and --rpc exclude each other");
  const state = parseState(readText(file), file);
  const own = home.settings.registry;
  if (state.chainId !== own?.chainId || state.registry !== own.address)
    throw new CreditAnchorError("state.other-registry", `${file} is of another registry than this home's`, {
      hint: "make it with a home of the same registry: credit-anchor agency state",
    });
  return { registry: await openRegistry(chainOf(state, file), own.address, own.deployedAtBlock) };
}
