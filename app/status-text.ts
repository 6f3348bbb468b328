import type { RecordStatus } from "../src/verify";
import type { Words } from "./words";

/** A record's status for people. What is erased is that alone: its history tells which status it had before. */
export function statusText({ status, erased, marks }: RecordStatus, words: Words): string {
  return [
    erased ? words.statuses.Erased : words.statuses[status],
    ...marks.map((mark) => words.marks[mark]),
  ].join(" · ");
}
