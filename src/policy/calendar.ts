/**
 * Working days of China: Monday to Friday without the holidays that the State Council announces year by year, and the
 * weekend days that it makes working days in return (调休). Nothing here is computed from the moon: a year that is not
 * announced is not known.
 */
import { CreditAnchorError } from "../errors";
import { addDays, dateOf, dayNumber, weekday } from "./dates";
import type { HolidayTable } from "./holidays";

const SATURDAY = 5;
/** A notice may reach back into the December before its year: that of 2019 made 2018-12-29 a working day. */
const DECEMBER_IN_DOUBT = 25;

export interface Calendar {
  /** What it was made of: {@link makeCalendar} makes it again, in another thread say. */
  readonly tables: readonly HolidayTable[];
  /** Years whose table is known, ascending. */
  readonly years: readonly number[];
  /** @throws `calendar.year-missing` */
  isWorkingDay(date: string): boolean;
  /** Why a day is no ordinary day of its week: `春节, a holiday`, `made a working day`; undefined for the others. */
  special(date: string): string | undefined;
  /** Whether the table of the year after may still change this day. */
  mayStillChange(date: string): boolean;
}

/** @throws `calendar.two-tables` when two tables are about one year */
export function makeCalendar(tables: readonly HolidayTable[]): Calendar {
  const years = new Set<number>();
  const holidays = new Map<string, string>();
  const workingWeekends = new Set<string>();
  for (const table of tables) {
    if (years.has(table.year))
      throw new CreditAnchorError("calendar.two-tables", `two holiday tables are about ${table.year}`, {
        hint: "keep one of the two files",
      });
    years.add(table.year);
    for (const { name, from, until } of table.holidays)
      for (let day = dayNumber(from); day <= dayNumber(until); day++) holidays.set(dateOf(day), name);
    for (const date of table.workingWeekends) workingWeekends.add(date);
  }
  return {
    tables,
    years: [...years].sort((a, b) => a - b),
    isWorkingDay(date) {
      const year = Number(date.slice(0, 4));
      if (!years.has(year)) throw missingYear(year);
      if (workingWeekends.has(date)) return true;
      return weekday(date) < SATURDAY && !holidays.has(date);
    },
    special(date) {
      if (workingWeekends.has(date)) return "made a working day";
      const name = holidays.get(date);
      return name === undefined ? undefined : `${name}, a holiday`;
    },
    mayStillChange(date) {
      return (
        date.slice(5, 7) === "12" &&
        Number(date.slice(8)) >= DECEMBER_IN_DOUBT &&
        !years.has(Number(date.slice(0, 4)) + 1)
      );
    },
  };
}

function missingYear(year: number): CreditAnchorError {
  return new CreditAnchorError(
    "calendar.year-missing",
    `which days of ${year} are working days is not known: there is no holiday table of that year`,
    {
      hint:
        `write the State Council's notice of ${year} (published in the November or December before) as a JSON file ` +
        "credit-anchor/holidays (docs/policies.md shows one); then put it into the folder policies of the home, or name it " +
        "with --policy FILE, and run the command again",
    },
  );
}

/** The first working day on or after a date. */
export function workingDayFrom(calendar: Calendar, date: string): string {
  let found = date;
  while (!calendar.isWorkingDay(found)) found = addDays(found, 1);
  return found;
}
