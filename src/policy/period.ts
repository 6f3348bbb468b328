/** Where a period ends (Civil Code 201 to 203), and how that was counted, line by line. */
import { CreditAnchorError } from "../errors";
import { type Calendar, workingDayFrom } from "./calendar";
import { addDays, addMonths, weekday } from "./dates";
import type { Kind, Period } from "./policy";

/** The last day of a period. */
export interface End {
  readonly date: string;
  /** The way to it, for people. */
  readonly arithmetic: readonly string[];
}

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const WORDS = { "working-days": "working day", days: "day", months: "month", years: "year" } as const;
/** More counted days than this are not listed one by one. */
const LISTED = 31;

export function periodText({ amount, unit }: Period): string {
  if (amount === 0) return "no time";
  return `${amount} ${WORDS[unit]}${amount === 1 ? "" : "s"}`;
}

/**
 * The day of the event is not counted. Months and years end on the day with the same number, or on the last day of the
 * month. A limit that ends on a rest day ends on the next working day; a minimum and a maximum do not move.
 *
 * @throws `calendar.year-missing`
 */
export function endOfPeriod(from: string, period: Period, kind: Kind, calendar: Calendar): End {
  const ends = endsKnown(calendar);
  const key = `${from} ${period.amount} ${period.unit} ${kind}`;
  let end = ends.get(key);
  if (end === undefined) {
    try {
      end = countPeriod(from, period, kind, calendar);
    } catch (error) {
      if (!(error instanceof CreditAnchorError)) throw error;
      end = error;
    }
    if (ends.size === ENDS_KNOWN) ends.clear();
    ends.set(key, end);
  }
  if (end instanceof CreditAnchorError) throw end;
  return end;
}

/**
 * Ends that were counted before, by calendar: of a million records most share their days with many others, and counting
 * working days costs more than anything else that is asked of a record's clocks.
 */
const known = new WeakMap<Calendar, Map<string, End | CreditAnchorError>>();
const ENDS_KNOWN = 10_000;

function endsKnown(calendar: Calendar): Map<string, End | CreditAnchorError> {
  let ends = known.get(calendar);
  if (ends === undefined) known.set(calendar, (ends = new Map()));
  return ends;
}

function countPeriod(from: string, period: Period, kind: Kind, calendar: Calendar): End {
  const { amount, unit } = period;
  if (amount === 0) return { date: from, arithmetic: [`on the day itself: ${named(from)}`] };
  const first = `from ${named(from)}; that day is not counted (Civil Code 201)`;
  if (unit === "working-days") return endOfWorkingDays(from, amount, first, calendar);

  const date =
    unit === "days" ? addDays(from, amount) : addMonths(from, unit === "years" ? amount * 12 : amount);
  const arithmetic = [first, `${periodText(period)} later: ${named(date)}`];
  if (unit !== "days" && date.slice(8) !== from.slice(8))
    arithmetic.push(`the month has no day ${Number(from.slice(8))}: its last day (Civil Code 202)`);
  if (kind !== "limit") return { date, arithmetic };
  if (calendar.isWorkingDay(date)) return { date, arithmetic: doubt(arithmetic, date, calendar) };
  const moved = workingDayFrom(calendar, date);
  const why = calendar.special(date) ?? "a weekend";
  arithmetic.push(`${date} is a rest day (${why}): the next working day is ${named(moved)} (Civil Code 203)`);
  return { date: moved, arithmetic: doubt(arithmetic, moved, calendar) };
}

function endOfWorkingDays(from: string, amount: number, first: string, calendar: Calendar): End {
  const counted: string[] = [];
  const skipped: string[] = [];
  let date = from;
  while (counted.length < amount) {
    date = addDays(date, 1);
    const special = calendar.special(date);
    const text = special === undefined ? date : `${date} (${special})`;
    (calendar.isWorkingDay(date) ? counted : skipped).push(text);
  }
  const arithmetic = [first];
  if (amount <= LISTED)
    arithmetic.push(`working days: ${counted.map((text, i) => `${i + 1}. ${text}`).join(", ")}`);
  if (skipped.length > 0 && skipped.length <= LISTED)
    arithmetic.push(`rest days, not counted: ${skipped.join(", ")}`);
  arithmetic.push(`working day ${amount} is ${named(date)}`);
  return { date, arithmetic: doubt(arithmetic, date, calendar) };
}

function doubt(arithmetic: string[], date: string, calendar: Calendar): string[] {
  if (calendar.mayStillChange(date))
    arithmetic.push(
      `the holiday table of ${Number(date.slice(0, 4)) + 1} is not known and may change the last days of December`,
    );
  return arithmetic;
}

function named(date: string): string {
  return `${date} (${WEEKDAYS[weekday(date)]})`;
}
