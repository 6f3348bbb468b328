import { CreditAnchorError, type Fault } from "../errors";
import type { Home } from "../home";
import { type FiledCall, parseRelayFile, type RelayFile, relayFileText } from "../relay-file";
import { foreseen, RegistryRefusal } from "../registry-errors";
import { describeCall, isSignedBy, rehearse, sendRelayed, wasRelayed } from "../registry-relay";
import { relayOf, type Registry } from "../registry-views";
import { connect, requireHome } from "./context";
import { readText, writeOwnFile } from "./files";
import { flag, url } from "./options";
import { timeForPeople } from "./output";
import { defineVerb } from "./verb";

export const relayVerb = defineVerb({
  name: "relay",
  summary: "send what an operator signed elsewhere, and pay for it",
  about: `The file comes from --sign-only. Whoever sends it needs an account that can pay, and nothing of the agency: header
and events name the operator who signed. Nothing in the file can be changed, and each call is carried out once,
until its deadline. Before anything is told of them, registry, chain and signatures are checked. Where each was carried out is written back into the file; sent again, it changes nothing.`,
  arguments: [{ name: "<file>", about: "signed calls, made with --sign-only" }],
  options: {
    dryRun: flag("--dry-run", "say what the calls do, and whether they would be accepted; send nothing"),
    rpc: url("--rpc <url>", "node to send to; otherwise that of the home folder"),
  },
  examples: [
    "credit-anchor relay calls.json --dry-run --home relayer",
    "credit-anchor relay calls.json --home relayer",
  ],
  run: async ({ args, options, home: dir, io, signal }) => {
    const file = args[0]!;
    const content = parseRelayFile(readText(file), file);
    const home = requireHome(dir);
    const { registry } = await connect(home, options.rpc, signal);
    const trusted = { ...content, relay: await trustedRelay(registry, content, file) };
    const send = options.dryRun ? undefined : await sender(home, registry, trusted.relay, signal);
    await expectSigned(registry, trusted);
    const calls: FiledCall[] = [...trusted.calls];
    const refusals: Refusal[] = [];
    const told: { what: string; operator: string; state: string; transaction: string | null }[] = [];
    for (const [index, call] of trusted.calls.entries()) {
      const { what } = describeCall(call.call);
      const tell = (state: string, transaction: string | null = null): void => {
        told.push({ what, operator: call.operator, state, transaction });
      };
      io.note(`${what}; signed by ${call.operator}, until ${timeForPeople(call.deadline)}`);
      try {
        const { transaction } = call;
        if (transaction !== undefined && (await wasRelayed(registry, trusted.relay, call, transaction))) {
          tell("sent before", transaction.hash);
          continue;
        }
        if (send === undefined) {
          await rehearse(registry, trusted.relay, call);
          tell("would be accepted");
          continue;
        }
        const { place, already } = await send(call);
        calls[index] = { ...call, transaction: place };
        // After each, so that whatever happens to the next one is told here.
        writeOwnFile(file, relayFileText({ ...trusted, calls }));
        tell(already ? "sent before" : "sent", place.hash);
      } catch (error) {
        if (!(error instanceof RegistryRefusal)) throw error;
        refusals.push({ path: `/calls/${index}`, error });
      }
    }
    if (refusals.length > 0) throw refused(refusals, trusted.calls.length, told);
    return {
      json: { file, registry: registry.address, dryRun: options.dryRun, calls: told },
      text: [
        ...told.map(({ what, state, transaction }) =>
          transaction === null ? `${state}: ${what}` : `${state}: ${what} (transaction ${transaction})`,
        ),
        ...(options.dryRun
          ? ["nothing was sent"]
          : ["the agency's home finds it on the chain: credit-anchor resume"]),
      ],
    };
  },
});

interface Refusal {
  readonly path: string;
  readonly error: RegistryRefusal;
}

/**
 * Before a word is said of what the calls do: a file that was altered says nothing that is true.
 * @throws {RegistryRefusal} `InvalidSignature`; {CreditAnchorError} `relay.refused` for several calls.
 */
async function expectSigned(registry: Registry, { relay, calls }: RelayFile): Promise<void> {
  const refusals: Refusal[] = [];
  for (const [index, call] of calls.entries())
    if (!(await isSignedBy(registry, relay, call)))
      refusals.push({
        path: `/calls/${index}`,
        error: foreseen("InvalidSignature", { operator: call.operator }),
      });
  if (refusals.length > 0) throw refused(refusals, calls.length);
}

/** @throws {CreditAnchorError} `relay.other-registry` */
export async function trustedRelay(registry: Registry, content: RelayFile, file: string): Promise<string> {
  const relay = await relayOf(registry);
  if (
    content.chainId === registry.chain.chainId &&
    content.registry === registry.address &&
    content.relay === relay
  )
    return relay;
  throw new CreditAnchorError(
    "relay.other-registry",
    `${file} is signed for registry ${content.registry} on chain ${content.chainId} (relay ${content.relay}), not for the one of this home`,
    { hint: "what is signed for one registry counts at no other: use the home that works with it" },
  );
}

async function sender(home: Home, registry: Registry, relay: string, signal: AbortSignal) {
  const signer = await home.signer();
  const settings = { fees: home.settings.fees, signal };
  return (call: FiledCall) => sendRelayed(registry, relay, signer, call, settings);
}

/** One refusal is told as it is, of many each in its place; and what became of the others, which may have been sent. */
function refused(
  refusals: readonly Refusal[],
  all: number,
  told: readonly { readonly state: string }[] = [],
): CreditAnchorError {
  const [{ error }] = refusals as [(typeof refusals)[number]];
  if (all === 1) return error;
  const states = [...new Set(told.map(({ state }) => state))];
  const others = states.map((state) => `; ${told.filter((call) => call.state === state).length} ${state}`);
  const faults: Fault[] = refusals.map(({ path, error: { code, message } }) => ({ path, code, message }));
  return new CreditAnchorError(
    "relay.refused",
    `${refusals.length} of ${all} calls were refused${others.join("")}`,
    {
      faults,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    },
  );
}
