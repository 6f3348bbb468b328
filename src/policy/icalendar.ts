/** What falls due as a calendar that other programs read (RFC 5545). */
import { CreditAnchorError } from "../errors";
import { addDays } from "./dates";
import type { DueItem } from "./due";

/** Octets of a line, without its end (RFC 5545, 3.1). */
const LINE = 75;
const RECORD_KEY = /^0x[0-9a-f]{64}$/;

/**
 * All-day events, one an item. A record appears by its type and the beginning of its record key, never by anything in
 * it: calendars are synchronised to many places. The same item keeps its UID, so a newer file updates an older one.
 *
 * @param stamp when the file is made, in seconds since 1970-01-01 UTC
 * @throws `icalendar.record-key` when an item is not named by a record key
 */
export function toICalendar(items: readonly DueItem[], stamp: number): string {
  const lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//credit-anchor//due//EN", "CALSCALE:GREGORIAN"];
  for (const item of items) lines.push(...event(item, utcStamp(stamp)));
  lines.push("END:VCALENDAR");
  return lines.map((line) => `${fold(line)}\r\n`).join("");
}

function event(item: DueItem, stamp: string): string[] {
  if (!RECORD_KEY.test(item.recordKey))
    throw new CreditAnchorError("icalendar.record-key", "a record in a calendar is named by its record key");
  const { code, from, due } = item;
  const name = `${item.recordType} ${item.recordKey.slice(0, 10)}`;
  const condition = item.onlyIf ? ` (if ${item.class})` : "";
  const description = [
    `${item.title}, ${item.article}`,
    `policy ${item.policy}, ${item.certainty}`,
    ...item.arithmetic,
    ...(item.extension === undefined ? [] : [`${item.extension.due} if ${item.extension.when}`]),
    ...(item.note === undefined ? [] : [item.note]),
    `record ${item.index} of batch ${item.batch}, record key ${item.recordKey}`,
  ];
  const uid = [code, from.date, ...(item.onlyIf ? [item.class] : []), item.recordKey].join(".");
  return [
    "BEGIN:VEVENT",
    `UID:${escape(uid)}@credit-anchor`,
    `DTSTAMP:${stamp}`,
    `DTSTART;VALUE=DATE:${compact(due)}`,
    `DTEND;VALUE=DATE:${compact(addDays(due, 1))}`,
    `SUMMARY:${escape(`${item.what}${condition}: ${name}`)}`,
    `DESCRIPTION:${escape(description.join("\n"))}`,
    `CATEGORIES:${escape(code)}`,
    "TRANSP:TRANSPARENT",
    "END:VEVENT",
  ];
}

/** Text of a property: backslash, semicolon, comma and line ends are escaped, other control characters dropped. */
function escape(text: string): string {
  return text
    .replace(/[\\;,]/g, (mark) => `\\${mark}`)
    .replace(/\r\n?|\n/g, "\\n")
    .replace(/[\0-\x08\x0b-\x1f\x7f]/g, "");
}

/** Lines of at most 75 octets of UTF-8, cut between characters; what follows begins with a space. */
function fold(line: string): string {
  const parts: string[] = [];
  let part = "";
  let octets = 0;
  for (const character of line) {
    const width = octetsOf(character);
    if (octets + width > LINE) {
      parts.push(part);
      part = "";
      // The space counts.
      octets = 1;
    }
    part += character;
    octets += width;
  }
  return [...parts, part].join("\r\n ");
}

function octetsOf(character: string): number {
  const code = character.codePointAt(0)!;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

function compact(date: string): string {
  return date.replace(/-/g, "");
}

function utcStamp(seconds: number): string {
  return new Date(seconds * 1_000)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:]/g, "");
}
