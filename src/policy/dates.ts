/**
 * Calendar dates of China as `YYYY-MM-DD`, never instants: a period of law runs from day to day (Civil Code 201, 202).
 */
import { CreditAnchorError } from "../errors";
import { checkDate } from "../types/identifiers";

const SECONDS_A_DAY = 86_400;
/** China keeps UTC+8 all year. */
const AHEAD_OF_UTC = 8 * 3_600;
/** Beyond it `YYYY-MM-DD` cannot say a year. */
const LAST_YEAR = 9_999;

/** Days since 1970-01-01. @throws `date.…` when the text is no date of the calendar; the text is not repeated. */
export function dayNumber(date: string): number {
  const fault = typeof date === "string" ? checkDate(date) : { code: "date.form", message: "must be text" };
  if (fault !== undefined) throw new CreditAnchorError(fault.code, fault.message);
  return utcDay(Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8)));
}

/** The date of a day number. @throws `date.range` */
export function dateOf(day: number): string {
  const date = new Date(day * SECONDS_A_DAY * 1_000);
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= LAST_YEAR))
    throw new CreditAnchorError("date.range", "the date is beyond the years 1 to 9999");
  return date.toISOString().slice(0, 10);
}

export function addDays(date: string, days: number): string {
  return dateOf(dayNumber(date) + days);
}

/** Same day of a later month, or the month's last day if it has no such day (Civil Code 202). */
export function addMonths(date: string, months: number): string {
  const first = dayNumber(date);
  const count = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1 + months;
  const year = Math.floor(count / 12);
  const month = count - year * 12 + 1;
  const day = Math.min(Number(date.slice(8)), daysOfMonth(year, month));
  return months === 0 ? dateOf(first) : dateOf(utcDay(year, month, day));
}

/** The date in China at a moment, in seconds since 1970-01-01 UTC: its midnight is 16:00 UTC of the day before. */
export function dateInChina(seconds: number): string {
  return dateOf(Math.floor((seconds + AHEAD_OF_UTC) / SECONDS_A_DAY));
}

/** 0 Monday to 6 Sunday. */
export function weekday(date: string): number {
  // 1970-01-01 was a Thursday.
  return (((dayNumber(date) + 3) % 7) + 7) % 7;
}

function daysOfMonth(year: number, month: number): number {
  return utcDay(year, month + 1, 1) - utcDay(year, month, 1);
}

/** Months may run over the year. */
function utcDay(year: number, month: number, day: number): number {
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  return new Date(0).setUTCFullYear(year, month - 1, day) / (SECONDS_A_DAY * 1_000);
}
