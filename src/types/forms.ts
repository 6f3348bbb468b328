/**
 * How text on its way in becomes the one form in which a record holds it. All of this happens before a record exists;
 * a verifier never repeats it.
 */
import { halfWidth, isCalendarDate } from "./identifiers";

/** A value, or what is wrong: the message never quotes the text. */
export type Formed<T> = { readonly value: T } | { readonly code: string; readonly message: string };

/** Matches text that needs neither normalisation nor a closer look: the hot path of nearly every cell. */
const PLAIN =
  /^[\t\n\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u3001-\u3029\u4e00-\u9fff\uff01-\uff5e]*$/;

/** Control characters but tab and line feed; invisible and direction-changing ones; the mark of a broken decoding. */
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]/;
const INVISIBLE = /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const EDGES = /^[\s\u200b]|[\s\u200b]$/;

/** NFC, line ends as `\n`, no white space around (unless `keepEdges`), no control or invisible characters. */
export function textForm(text: string, keepEdges = false): Formed<string> {
  let value = text;
  if (!keepEdges && EDGES.test(value)) value = value.replace(/^[\s\u200b]+|[\s\u200b]+$/g, "");
  if (PLAIN.test(value)) return { value };
  if (value.includes("\r")) value = value.replace(/\r\n?/g, "\n");
  if (!isWellFormed(value)) {
    return { code: "text.surrogate", message: "contains half of a character (a lone surrogate)" };
  }
  if (CONTROL.test(value)) return { code: "text.control", message: "contains a control character" };
  if (INVISIBLE.test(value)) {
    return { code: "text.invisible", message: "contains an invisible or direction-changing character" };
  }
  if (value.includes("\ufffd")) {
    return {
      code: "text.replacement",
      message: "contains U+FFFD, which means that the text was decoded wrongly before it came here",
    };
  }
  return { value: value.normalize("NFC") };
}

/** Whether a text has no half characters. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/**
 * Decimal text to an integer of `10^decimals` times its value, exactly: `"0.2"` with 6 decimals is 200000. No floats
 * are involved. Refused: exponents, thousands separators, more decimals than fit (unless they are zeros), results
 * beyond 2^53 - 1.
 */
export function scaledInteger(text: string, decimals: number): Formed<number> {
  const match = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(halfWidth(text).trim());
  if (match === null) {
    return decimals === 0
      ? {
          code: "integer.form",
          message: "a whole number in digits is expected, without separators or exponent",
        }
      : {
          code: "decimal.form",
          message: "a decimal number in digits is expected, without separators or exponent",
        };
  }
  const whole = (match[2] as string).replace(/^0+/, "");
  const fraction = (match[3] ?? "").replace(/0+$/, "");
  if (fraction.length > decimals) {
    return decimals === 0
      ? { code: "integer.fraction", message: "a whole number is expected" }
      : { code: "decimal.precision", message: `more than ${decimals} decimals: would lose precision` };
  }
  const digits = (whole + fraction.padEnd(decimals, "0")).replace(/^0+/, "");
  // Exact up to 2^53, and beyond it never rounded back below.
  const value = Number(digits);
  if (!Number.isSafeInteger(value)) {
    return { code: "integer.overflow", message: "beyond 2^53 - 1 in the unit of the field" };
  }
  // Not -0: it has a second spelling.
  return { value: match[1] === "-" && value !== 0 ? -value : value };
}

const DATE =
  /^([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日|([0-9]{2})([0-9]{2}))(?:[ T]+(.*))?$/;
const MIDNIGHT = /^0{1,2}:00(?::00(?:\.0+)?)?(?:\+08:?00)?$/;

/**
 * A calendar date in UTC+8 as `YYYY-MM-DD`, from `2019-01-05`, `2019/1/5`, `2019.1.5`, `20190105` or `2019年1月5日`. A
 * time of day is dropped when it is midnight and refused otherwise, because a date must not depend on a time zone.
 */
export function dateForm(text: string): Formed<string> {
  if (/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text))
    return calendar(text.slice(0, 4), text.slice(5, 7), text.slice(8));
  const match = DATE.exec(halfWidth(text).trim());
  if (match === null) {
    return /^[0-9]{5}$/.test(text)
      ? {
          code: "date.serial",
          message: "five digits look like a spreadsheet's day number: export dates as text",
        }
      : { code: "date.form", message: "a date like 2019-01-05, 2019/1/5 or 20190105 is expected" };
  }
  if (match[9] !== undefined && !MIDNIGHT.test(match[9])) {
    return { code: "date.time", message: "a date is expected, this is a time of day or names a time zone" };
  }
  return calendar(
    match[1] as string,
    match[3] ?? match[5] ?? match[7] ?? "",
    match[4] ?? match[6] ?? match[8] ?? "",
  );
}

function calendar(year: string, month: string, day: string): Formed<string> {
  return isCalendarDate(Number(year), Number(month), Number(day))
    ? { value: `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}` }
    : { code: "date.impossible", message: "this day does not exist in the calendar" };
}
