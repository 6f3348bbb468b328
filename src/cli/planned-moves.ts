/**
 * Status moves that an earlier command planned and did not finish: the next command that moves or anchors carries them
 * too, and says so.
 */
import { count } from "../counted";
import { reasonText } from "../reasons";
import type { Move, VaultReader } from "../vault/vault";
import { placeText } from "./judging";
import type { Io } from "./output";

/** So many are told one by one. */
const TOLD = 5;

const ACTS: Readonly<Record<Move["kind"], string>> = {
  supersede: "supersede",
  withdraw: "withdraw",
  repair: "repair",
  revokeRepair: "revoke the repair of",
  setMarks: "set marks on",
  clearMarks: "clear marks of",
};

/** Those that a person asked for; successions of versions belong to their batches. */
export function plannedMoves(vault: Pick<VaultReader, "unfinishedMoves">): Move[] {
  return vault.unfinishedMoves().filter(({ kind }) => kind !== "supersede");
}

/** A move in words: `withdraw record 3 of batch 4294967296: …`. */
export function moveLine(vault: Pick<VaultReader, "plan">, { kind, plan, positions, reason }: Move): string {
  const more = positions.length === 1 ? "" : ` and ${count(positions.length - 1)} more of it`;
  return `${ACTS[kind]} ${placeText(vault.plan(plan), positions[0]!)}${more}: ${reasonText(reason)}`;
}

/** Tells what is carried along. */
export function notePlanned(
  io: Pick<Io, "note">,
  vault: Pick<VaultReader, "plan" | "unfinishedMoves">,
): void {
  const moves = plannedMoves(vault);
  for (const move of moves.slice(0, TOLD))
    io.note(`note: an earlier command is finished first: ${moveLine(vault, move)}`);
  if (moves.length > TOLD) io.note(`note: and ${count(moves.length - TOLD)} more moves of earlier commands`);
  if (moves.some(({ status }) => status === "planned"))
    io.note("note: what is not wanted any more is forgotten with: credit-anchor resume --drop-moves");
}
