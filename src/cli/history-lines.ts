/**
 * What became of a record, in words.
 */
import type { Header } from "../commitment";
import { reasonName, reasonText } from "../reasons";
import { parseStatus, type RecordEvent, statusText } from "../verify";
import { columns, timeForPeople } from "./output";

/** One line for the anchoring and one for each event, oldest first; then what took the record's place. */
export function historyLines(
  header: Pick<Header, "anchoredAt" | "operator">,
  events: readonly RecordEvent[],
): string[] {
  return [
    ...columns([
      [timeForPeople(header.anchoredAt), "anchored", `by ${header.operator}`],
      ...events.map((event) => [
        timeForPeople(event.time),
        deed(event),
        `by ${event.actor}${because(event)}`,
      ]),
    ]),
    ...events.flatMap(({ successor }) =>
      successor === undefined ? [] : [`superseded by the record with leaf ${successor}`],
    ),
  ];
}

/** An event for programs: its codes with their names beside them. */
export function historyJson(events: readonly RecordEvent[]): object[] {
  return events.map((event) => ({
    ...event,
    reasonName: reasonName(event.reason),
    ...(event.marks === undefined ? {} : { markNames: parseStatus(event.marks)?.marks ?? null }),
  }));
}

/** A supersession without a reason needs none: what took its place is named below it. */
function because({ event, reason }: RecordEvent): string {
  return event === "RecordsSuperseded" && reason === 0 ? "" : `, ${reasonText(reason)}`;
}

/** One event in words. */
export function deed({ event, status, marks }: Pick<RecordEvent, "event" | "status" | "marks">): string {
  switch (event) {
    case "StatusChanged":
      return status === "Active" ? "repair revoked, Active again" : (status ?? "changed");
    case "RecordsSuperseded":
      return "Superseded";
    case "MarksSet":
      return `marked ${parseStatus(marks ?? 0)?.marks.join(", ")}`;
    case "MarksCleared":
      return `mark cleared: ${parseStatus(marks ?? 0)?.marks.join(", ")}`;
    case "RecordsErased":
      return "Erased";
  }
}

/** A status byte of the chain in words. */
export function statusByteText(byte: number): string {
  const status = parseStatus(byte);
  return status === null ? "unknown" : statusText(status);
}
