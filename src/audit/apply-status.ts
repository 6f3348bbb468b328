import { concat, fromHex, toHex, writeUint } from "../bytes";
import type { Hashes } from "../hashes";
import { CreditAnchorError } from "../errors";
import { decodeSpans, indexesOf, type Span } from "../positions";
import type { Where } from "./differences";
import type { JournalEvent } from "./journal";
import { AGENCY_MARKS, forced, moved, setStatus, Status, statusAt, statusName, type Move } from "./moves";
import { batchOf, big, noteRestricted, number, refuseWhilePaused, text, type Replay } from "./replay";
import { actingFor, isEntitled, STATUS_PERMISSION, type AgencyState, type BatchState } from "./state";

/** Differences of one event about single positions that are reported one by one; the rest is counted. */
const LARGEST_REPORT = 32;

/** Applies an event about what became of records, and checks it against the table of moves. */
export function applyStatusEvent(replay: Replay, event: JournalEvent): void {
  const batch = batchOf(replay, event);
  if (batch === undefined) return;
  const anchored = replay.state.agencies.get(batch.header.agencyId);
  const agency = anchored === undefined ? undefined : actingFor(replay.state, anchored);
  const where: Where = { ...event.where, batchId: String(batch.id), agencyId: batch.header.agencyId };
  if (agency !== undefined) checkActor(replay, event, agency, where);

  if (event.name === "ErasureProposed") return proposeErasure(replay, event, batch);
  const spans = spansOf(text(event, "positions"));
  if (spans === undefined || spans.at(-1)!.last >= batch.header.size) {
    replay.findings.differ(
      "status.positions",
      "positions that are not ascending spans inside the batch",
      where,
    );
    return;
  }
  if (event.name === "RecordsErased") confirmErasure(replay, event, batch, agency, where);
  const move = moveOf(replay, event, where);
  replay.state.statusActs.push({
    batchId: batch.id,
    spans,
    move,
    reason: number(event, "reason"),
    actor: text(event, "actor"),
    acting: agency?.id ?? 0,
    time: event.time,
    where,
  });
  let refused = 0;
  for (const index of indexesOf(spans)) {
    const current = statusAt(batch.words, index);
    const next = moved(current, move);
    if (next === undefined && ++refused <= LARGEST_REPORT)
      replay.findings.differ(
        "status.move",
        `${event.name} that the table of moves does not allow`,
        { ...where, index },
        undefined,
        statusName(current),
      );
    setStatus(batch.words, index, next ?? forced(current, move));
  }
  if (refused > LARGEST_REPORT)
    replay.findings.differ("status.move", `${event.name}: ${refused - LARGEST_REPORT} more positions`, where);
  if (event.name === "RecordsSuperseded") noteSuccessors(replay, event, batch, spans, where);
}

function spansOf(positions: string): Span[] | undefined {
  try {
    return decodeSpans(positions);
  } catch (error) {
    if (error instanceof CreditAnchorError) return undefined;
    throw error;
  }
}

function moveOf({ findings }: Replay, event: JournalEvent, where: Where): Move {
  switch (event.name) {
    case "MarksSet":
    case "MarksCleared":
      return { kind: event.name === "MarksSet" ? "set" : "clear", marks: number(event, "marks") };
    case "RecordsErased":
      return { kind: "erase" };
    case "RecordsSuperseded":
      return { kind: "status", to: Status.superseded };
    default: {
      const to = number(event, "status");
      if (to === Status.superseded)
        findings.differ("status.successor", "superseded without saying by what", where);
      return { kind: "status", to };
    }
  }
}

/** Who did it, and whether he could: by the operators' validity, the agency's standing and the pause at that time. */
function checkActor(replay: Replay, event: JournalEvent, agency: AgencyState, where: Where): void {
  const { findings } = replay;
  const actor = text(event, "actor");
  const marking = event.name === "MarksSet" || event.name === "MarksCleared";
  const withdrawing = event.name === "StatusChanged" && number(event, "status") === Status.withdrawn;
  if (marking) {
    const marks = number(event, "marks");
    if (marks === 0 || (marks & 0x0f) !== 0)
      findings.differ("status.marks", "bits that are no marks", where, undefined, marks);
    const byAgency =
      (marks & ~AGENCY_MARKS) === 0 &&
      agency.standing !== "Closed" &&
      isEntitled(agency, actor, STATUS_PERMISSION, event.time);
    if (!byAgency)
      noteRestricted(replay, event, event.name === "MarksSet" ? "arbiterSetMarks" : "arbiterClearMarks");
    return;
  }
  if (!withdrawing) refuseWhilePaused(replay, event);
  const fine = withdrawing ? agency.standing !== "Closed" : agency.standing === "Active";
  if (!fine)
    findings.differ("status.standing", `${event.name} of an agency that is ${agency.standing}`, where);
  if (!isEntitled(agency, actor, STATUS_PERMISSION, event.time))
    findings.differ(
      "status.operator",
      "the account was not an operator entitled to it then",
      where,
      undefined,
      actor,
    );
}

function noteSuccessors(
  { state, findings }: Replay,
  event: JournalEvent,
  batch: BatchState,
  spans: readonly Span[],
  where: Where,
): void {
  const successors = event.values.successors as readonly string[];
  const count = spans.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (successors.length !== count) {
    findings.differ("status.successor", "not one successor a position", where, count, successors.length);
    return;
  }
  let at = 0;
  for (const index of indexesOf(spans))
    state.successions.push({
      batchId: batch.id,
      index,
      successor: successors[at++]!,
      entry: event.entry,
      block: event.log.blockNumber,
      transaction: event.log.transactionHash,
      logIndex: event.log.logIndex,
    });
}

function proposeErasure({ state }: Replay, event: JournalEvent, batch: BatchState): void {
  state.proposals.set(text(event, "proposal"), { proposer: text(event, "actor"), batchId: batch.id });
}

function confirmErasure(
  { state, findings, hashes }: Replay,
  event: JournalEvent,
  batch: BatchState,
  agency: AgencyState | undefined,
  where: Where,
): void {
  const proposal = proposalOf(event, hashes);
  const known = state.proposals.get(proposal);
  const proposer = text(event, "proposer");
  if (known === undefined || known.proposer !== proposer || known.batchId !== batch.id)
    findings.differ(
      "erasure.proposal",
      "erased without this proposal of this operator",
      where,
      known?.proposer,
      proposer,
    );
  if (proposer === text(event, "actor"))
    findings.differ("erasure.operators", "one operator proposed and confirmed", where, undefined, proposer);
  if (agency !== undefined && !isEntitled(agency, proposer, STATUS_PERMISSION, event.time))
    findings.differ("erasure.operators", "the proposer was no longer entitled", where, undefined, proposer);
  state.proposals.delete(proposal);
}

/** `H(abi.encode(batchId, positions, reason, evidenceHash))` */
function proposalOf(event: JournalEvent, hashes: Hashes): string {
  const positions = fromHex(text(event, "positions"));
  const head = new Uint8Array(5 * 32);
  head.set(fromHex(`0x${big(event, "batchId").toString(16).padStart(16, "0")}`), 24);
  writeUint(head, 32, 32, 4 * 32);
  writeUint(head, 64, 32, number(event, "reason"));
  head.set(fromHex(text(event, "evidenceHash")), 96);
  writeUint(head, 128, 32, positions.length);
  const padding = new Uint8Array((32 - (positions.length % 32)) % 32);
  return toHex(hashes.keccak256(concat(head, positions, padding)));
}
