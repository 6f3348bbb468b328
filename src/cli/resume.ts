import { requireHome } from "./context";
import { choice, flag, url } from "./options";
import { counted } from "../counted";
import { signOnlyOptions } from "./sign-only";
import { stateOption } from "./offline";
import { acceptUnknownOption, settle, waitingLines } from "./settle";
import { defineVerb } from "./verb";

export const resumeVerb = defineVerb({
  name: "resume",
  summary: "finish what an interrupted command left: planned, signed, sent or not yet final",
  about: "Safe at any time: what is on the chain already is recognised and never sent twice.",
  options: {
    until: choice("--until <state>", "return when batches are", ["anchored", "final"], "final"),
    rootOnly: flag(
      "--root-only",
      "anchor batches of mode leaves by their root: they do not fit into a block",
    ),
    ...signOnlyOptions,
    state: stateOption(),
    acceptUnknownBatches: acceptUnknownOption(),
    wait: flag("--wait", "wait until another process that uses this home has finished"),
    rpc: url("--rpc <url>", "node to send to; otherwise that of the home folder"),
  },
  examples: [
    "credit-anchor resume --home agency",
    "credit-anchor resume --sign-only calls.json --home agency",
  ],
  run: async ({ options, home: dir, io, signal }) => {
    const settled = await settle(requireHome(dir), {
      rpc: options.rpc,
      io,
      signal,
      command: "resume",
      waitForHome: options.wait,
      untilAnchored: options.until === "anchored",
      rootOnly: options.rootOnly,
      acceptUnknown: options.acceptUnknownBatches,
      signOnly: options,
      state: options.state,
    });
    if (settled === undefined)
      return {
        json: {
          batches: 0,
          records: 0,
          final: 0,
          moved: 0,
          awaitingFinality: 0,
          movesAwaitingFinality: 0,
          movesWaiting: 0,
          notices: [],
          batchIds: [],
          gas: 0,
        },
        text: ["nothing to resume: everything is final"],
      };
    const { summary, batchIds, gas, signed } = settled;
    return {
      json: { ...summary, batchIds, gas, ...signed?.json },
      text: [
        `anchored ${counted(summary.records, "record")} in ${counted(summary.batches, "batch", "batches")}${batchIds.length === 0 ? "" : `: ${batchIds.join(", ")}`}`,
        ...(summary.moved === 0 ? [] : [`moved the status of ${counted(summary.moved, "record")}`]),
        `${counted(summary.final, "batch", "batches")} became final`,
        ...waitingLines(summary),
        ...(signed?.text ?? []),
      ],
    };
  },
});
