import { ExitStatus } from "../errors";
import { parseRelayFile } from "../relay-file";
import { cancelSigned, describeCall, NO_NONCE, type NonceState } from "../registry-relay";
import { actorOf } from "./acts";
import { requireHome } from "./context";
import { readText } from "./files";
import { url, usage } from "./options";
import { trustedRelay } from "./relay";
import { defineVerb } from "./verb";

const TOLD: Readonly<Record<NonceState, string>> = {
  cancelled: "void",
  "cancelled before": "void already",
  "carried out": "TOO LATE, it was carried out",
};

export const operatorVoidVerb = defineVerb({
  name: "operator void",
  summary: "make calls that this operator signed void, before somebody relays them",
  about: `Takes back status moves, marks and steps of erasures that were signed with --sign-only: their nonces are cancelled on
the chain, and no relay carries them any more. Only the operator who signed can, with the home of its key, and pays.
Anchoring has no nonce: it counts only in the place that it states, until its deadline. What was carried out stays.
The home that planned the moves forgets them with resume --drop-moves. Exit status 4 if a call was carried out.`,
  arguments: [{ name: "<file>", about: "signed calls, made with --sign-only" }],
  options: { rpc: url("--rpc <url>", "node to send to; otherwise that of the home folder") },
  examples: ["credit-anchor operator void calls.json --home agency"],
  run: async ({ args, options, home: dir, signal }) => {
    const file = args[0]!;
    const content = parseRelayFile(readText(file), file);
    const { registry, signer, settings } = await actorOf(requireHome(dir), options.rpc, signal);
    const relay = await trustedRelay(registry, content, file);
    const own = content.calls.filter(({ operator }) => operator === signer.address);
    if (own.length === 0)
      throw usage(
        `${file} holds no call that ${signer.address} signed`,
        "calls are made void by the operator who signed them; of a contract wallet, by the wallet itself",
      );
    const cancellable = own.filter(({ nonce }) => nonce !== NO_NONCE);
    // Of anchoring alone the first call says why it cannot be taken back.
    const sought = cancellable.length === 0 ? own : cancellable;
    const calls: { what: string; state: NonceState; transaction: string | null }[] = [];
    for (const call of sought) {
      const { state, transaction } = await cancelSigned(registry, relay, signer, call, settings);
      calls.push({ what: describeCall(call.call).what, state, transaction: transaction ?? null });
    }
    const skipped = content.calls.length - cancellable.length;
    return {
      json: { file, operator: signer.address, calls, skipped },
      text: [
        ...calls.map(
          ({ what, state, transaction }) =>
            `${TOLD[state]}: ${what}${transaction === null ? "" : ` (transaction ${transaction})`}`,
        ),
        ...(skipped === 0 ? [] : [`left as they are, of anchoring or of other operators: ${skipped}`]),
        "the home that planned them forgets them with: credit-anchor resume --drop-moves",
      ],
      exitStatus: calls.some(({ state }) => state === "carried out")
        ? ExitStatus.rowsRejected
        : ExitStatus.ok,
    };
  },
});
