import { Checker } from "./check";
import { dayNumber, weekday } from "./dates";

export const HOLIDAYS_FORMAT = "credit-anchor/holidays";
export const FORMAT_VERSION = 1;

/** The State Council's notice on the holidays of one year. */
export interface HolidayTable {
  readonly year: number;
  /** Name, number and date of the notice. */
  readonly source: string;
  readonly holidays: readonly { readonly name: string; readonly from: string; readonly until: string }[];
  /** Saturdays and Sundays on which people work. */
  readonly workingWeekends: readonly string[];
}

const LONGEST_HOLIDAY = 31;
const FRIDAY = 4;

/**
 * Reads a file `credit-anchor/holidays`.
 * @throws `holidays.invalid` with every fault and its place
 */
export function loadHolidays(document: unknown): HolidayTable {
  const check = new Checker("holidays");
  const members = ["format", "formatVersion", "year", "source", "holidays", "workingWeekends"];
  const root = check.object(document, [], members) ?? {};
  check.oneOf(root["format"], ["format"], [HOLIDAYS_FORMAT]);
  check.integer(root["formatVersion"], ["formatVersion"], FORMAT_VERSION, FORMAT_VERSION);
  const year = check.integer(root["year"], ["year"], 2000, 2999);
  const source = check.text(root["source"], ["source"]) ?? "";

  // A notice may begin in the December before its year.
  const isNear = (date: string): boolean =>
    date.startsWith(`${year}-`) || date.startsWith(`${year! - 1}-12-`);
  const near = (date: string | undefined, path: readonly (string | number)[]): string | undefined =>
    date === undefined || year === undefined || isNear(date)
      ? date
      : check.fault(path, "year", `must be of ${year}, or of the December before it`);

  const holidays = check.list(root["holidays"], ["holidays"], 1).flatMap((item, i) => {
    const path = ["holidays", i];
    const holiday = check.object(item, path, ["name", "from", "until"]) ?? {};
    const name = check.text(holiday["name"], [...path, "name"]);
    const from = near(check.date(holiday["from"], [...path, "from"]), [...path, "from"]);
    const until = near(check.date(holiday["until"], [...path, "until"]), [...path, "until"]);
    if (name === undefined || from === undefined || until === undefined) return [];
    const days = dayNumber(until) - dayNumber(from) + 1;
    if (days < 1 || days > LONGEST_HOLIDAY)
      return check.fault(path, "span", `must have 1 to ${LONGEST_HOLIDAY} days`) ?? [];
    return [{ name, from, until }];
  });
  const workingWeekends = check.list(root["workingWeekends"], ["workingWeekends"]).flatMap((item, i) => {
    const path = ["workingWeekends", i];
    const date = near(check.date(item, path), path);
    if (date === undefined) return [];
    if (weekday(date) <= FRIDAY) return check.fault(path, "weekday", "must be a Saturday or a Sunday") ?? [];
    if (holidays.some(({ from, until }) => from <= date && date <= until))
      return check.fault(path, "both", "is in a holiday too") ?? [];
    return [date];
  });
  check.expectNone("the holiday table", "docs/policies.md says how a holiday table is written");
  return { year: year!, source, holidays, workingWeekends };
}
