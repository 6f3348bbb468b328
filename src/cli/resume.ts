import { moveOn } from "../anchoring/moves";
import type { Home } from "../home";
import type { Move } from "../vault/vault";
import { connect, requireHome } from "./context";
import { choice, flag, url } from "./options";
import { counted } from "../counted";
import { signOnlyOptions } from "./sign-only";
import { stateOption } from "./offline";
import { moveLine, plannedMoves } from "./planned-moves";
import { statusReader } from "./record-statuses";
import { acceptUnknownOption, LONG_WAIT_MS, settle, SHORT_WAIT_MS, waitingLines } from "./settle";
import { defineVerb, type Outcome } from "./verb";

export const resumeVerb = defineVerb({
  name: "resume",
  summary: "finish what an interrupted command left: planned, signed, sent or not yet final",
  about: `Safe at any time: what is on the chain already is recognised and never sent twice. With --drop-moves the moves of
a command that is not to be finished are forgotten; a file of signed calls that is out may still be sent until its
deadline, and the chain then has what the vault does not.`,
  options: {
    until: choice("--until <state>", "return when batches are", ["anchored", "final"], "final"),
    rootOnly: flag(
      "--root-only",
      "anchor batches of mode leaves by their root: they do not fit into a block",
    ),
    ...signOnlyOptions,
    state: stateOption(),
    dropMoves: flag(
      "--drop-moves",
      "forget status moves that are planned and that no transaction carries; send nothing",
    ),
    acceptUnknownBatches: acceptUnknownOption(),
    wait: flag("--wait", "wait until another process that uses this home has finished"),
    rpc: url("--rpc <url>", "node to send to; otherwise that of the home folder"),
  },
  examples: [
    "credit-anchor resume --home agency",
    "credit-anchor resume --sign-only calls.json --home agency",
  ],
  run: async ({ options, home: dir, io, signal }) => {
    if (options.dropMoves) return dropMoves(requireHome(dir), options, signal);
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

/** Forgets what was planned, unless the chain has it already: that is finished by looking again. */
async function dropMoves(
  home: Home,
  options: { readonly rpc?: string | undefined; readonly wait: boolean },
  signal: AbortSignal,
): Promise<Outcome> {
  const { registry } = await connect(home, options.rpc, signal);
  const vault = await home.writeVault({
    command: "resume",
    waitMs: options.wait ? LONG_WAIT_MS : SHORT_WAIT_MS,
  });
  try {
    const read = statusReader(registry, vault);
    const isMade = async (move: Move): Promise<boolean> => {
      // A batch that a reorganisation took off the chain has no statuses there.
      if (vault.plan(move.plan).header === undefined) return false;
      const bytes = await Promise.all(move.positions.map((index) => read({ plan: move.plan, index })));
      return bytes.some((byte) => moveOn(move, byte) === "made");
    };
    const [dropped, kept]: [Move[], Move[]] = [[], []];
    for (const move of plannedMoves(vault)) {
      (move.status === "planned" && !(await isMade(move)) ? dropped : kept).push(move);
    }
    vault.dropMoves(dropped.map(({ id }) => id));
    return {
      json: {
        dropped: dropped.map(({ kind, positions, reason }) => ({ kind, records: positions.length, reason })),
        kept: kept.length,
      },
      text: [
        ...(dropped.length === 0 ? ["no planned move is forgotten"] : []),
        ...dropped.map((move) => `forgotten: ${moveLine(vault, move)}`),
        ...kept.map((move) => `kept, sent or on the chain already: ${moveLine(vault, move)}`),
        ...(kept.length === 0 ? [] : ["credit-anchor resume finishes these"]),
      ],
    };
  } finally {
    await vault.close();
  }
}
