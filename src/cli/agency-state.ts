import { readState, stateText } from "../registry-state";
import { connect, requireHome } from "./context";
import { writeOwnFile } from "./files";
import { address, integer, text, url, usage } from "./options";
import { counted } from "../counted";
import { timeForPeople } from "./output";
import { defineVerb } from "./verb";

const BATCHES = 256;

export const agencyStateVerb = defineVerb({
  name: "agency state",
  summary: "write how far the chain is with an agency, for a home that signs without a network",
  about: `For anchor, correct, resume and the moves of statuses with --sign-only and --state: the home with the key needs no node then. The file holds
what a node said at one block of the agency, one of its operators, the record types, the newest batches, and which
signed calls were carried out; all of it is public. Make it anew each time: a call states the history it builds on, and
one that was signed by an old state cannot be carried out.`,
  arguments: [{ name: "<file>", about: "to be written" }],
  options: {
    agency: text("--agency <code>", "the agency's public code; otherwise that of the home"),
    operator: address("--operator <address>", "the operator that signs; otherwise the home's key"),
    batches: integer(
      "--batches <n>",
      "how many of the agency's newest batches: back to the last that the home has as final",
      {
        min: 1,
        max: 100_000,
        defaultsTo: String(BATCHES),
      },
    ),
    rpc: url("--rpc <url>", "node to ask; otherwise that of the home folder"),
  },
  examples: [
    "credit-anchor agency state state.json --agency 11100000XN9900017Y --operator 0x… --home relayer",
  ],
  run: async ({ args, options, home: dir, signal }) => {
    const home = requireHome(dir);
    const code = options.agency ?? home.settings.agency?.code;
    const operator = options.operator ?? home.signerAddress();
    if (code === undefined) throw usage("--agency is missing: this is not the home of an agency");
    if (operator === undefined) throw usage("--operator is missing: this home has no key");
    const { registry } = await connect(home, options.rpc, signal);
    const state = await readState(registry, { code, operator, batches: options.batches ?? BATCHES });
    writeOwnFile(args[0]!, stateText(state));
    const { number, time } = state.block;
    return {
      json: { file: args[0]!, code, operator, blockNumber: number, time },
      text: [
        `how far agency ${code} is at block ${number} (${timeForPeople(time)}), ${counted(state.logs.length, "event")}: ${args[0]!}`,
        "in the home that signs: credit-anchor anchor or resume with --sign-only CALLS --state FILE",
      ],
    };
  },
});
