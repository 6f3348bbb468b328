import { expect } from "chai";
import { CreditAnchorError } from "../../src/errors";
import { addDays, addMonths, dateInChina, dateOf, dayNumber, loadPolicySet, weekday } from "../../src/policy";
import { endOfPeriod } from "../../src/policy/period";
import type { Kind, Unit } from "../../src/policy/policy";

const { calendar } = loadPolicySet();
const end = (from: string, amount: number, unit: Unit, kind: Kind = "limit"): string =>
  endOfPeriod(from, { amount, unit }, kind, calendar).date;
const at = (text: string): number => Date.parse(text) / 1000;

describe("dates in China", () => {
  for (const [moment, date] of [
    ["2026-03-31T15:59:59Z", "2026-03-31"],
    ["2026-03-31T16:00:00Z", "2026-04-01"],
    ["2025-12-24T15:59:59Z", "2025-12-24"],
    ["2025-12-24T16:00:00Z", "2025-12-25"],
    ["2023-04-30T16:00:00Z", "2023-05-01"],
    ["2024-02-28T16:00:00Z", "2024-02-29"],
    ["2024-02-29T16:00:00Z", "2024-03-01"],
    ["2025-12-31T16:00:00Z", "2026-01-01"],
    ["1970-01-01T00:00:00Z", "1970-01-01"],
    ["1969-12-31T15:59:59Z", "1969-12-31"],
    // Summer time was kept in these years, and is not in a calendar date of law.
    ["1988-07-01T15:59:59Z", "1988-07-01"],
  ] as const)
    it(`begin at 16:00 UTC: ${moment} is ${date}`, () => expect(dateInChina(at(moment))).to.equal(date));

  it("do not depend on the time zone of the machine", () => {
    const before = process.env["TZ"];
    try {
      for (const zone of ["America/Los_Angeles", "Pacific/Kiritimati", "Asia/Shanghai"]) {
        process.env["TZ"] = zone;
        expect(dateInChina(at("2026-03-31T16:00:00Z")), zone).to.equal("2026-04-01");
        expect(end("2026-04-29", 7, "working-days"), zone).to.equal("2026-05-12");
        expect(weekday("2026-04-29"), zone).to.equal(2);
      }
    } finally {
      if (before === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before;
    }
  });

  it("go over leap days and years, and into early ones", () => {
    expect(addDays("2024-02-28", 1)).to.equal("2024-02-29");
    expect(addDays("2025-02-28", 1)).to.equal("2025-03-01");
    expect(addDays("2100-02-28", 1)).to.equal("2100-03-01");
    expect(addDays("2000-02-28", 1)).to.equal("2000-02-29");
    expect(dateOf(dayNumber("0050-01-01"))).to.equal("0050-01-01");
    expect(weekday("2000-01-01")).to.equal(5);
  });

  it("are refused when they are none, without being repeated", () => {
    for (const text of ["2026-02-29", "2026-2-3", "20260203", "2026-04-31", "440524188001010014", ""])
      expect(() => dayNumber(text))
        .to.throw(CreditAnchorError)
        .with.property("message")
        .not.contain(text || "x");
    expect(() => addDays("9999-12-31", 1))
      .to.throw(CreditAnchorError)
      .with.property("code", "date.range");
    expect(() => dayNumber(20_260_203 as unknown as string)).to.throw(CreditAnchorError);
  });
});

describe("working days", () => {
  it("of a year are as many as the notices leave", () => {
    const count = (year: number): number => {
      let found = 0;
      for (let date = `${year}-01-01`; date.startsWith(`${year}`); date = addDays(date, 1))
        if (calendar.isWorkingDay(date)) found++;
      return found;
    };
    expect([2023, 2024, 2025, 2026].map(count)).to.deep.equal([249, 251, 248, 248]);
  });

  for (const [date, works] of [
    ["2022-12-31", undefined],
    ["2023-01-02", false],
    ["2023-01-28", true],
    ["2024-02-09", true],
    ["2024-02-18", true],
    ["2024-06-10", false],
    ["2025-01-26", true],
    ["2025-10-08", false],
    ["2025-10-11", true],
    ["2026-01-02", false],
    ["2026-01-03", false],
    ["2026-01-04", true],
    ["2026-02-14", true],
    ["2026-02-23", false],
    ["2026-02-28", true],
    ["2026-10-10", true],
    ["2026-10-11", false],
    ["2027-01-01", undefined],
  ] as const)
    it(`${date}: ${works ?? "not known"}`, () => {
      if (works !== undefined) expect(calendar.isWorkingDay(date)).to.equal(works);
      else
        expect(() => calendar.isWorkingDay(date))
          .to.throw(CreditAnchorError, date.slice(0, 4))
          .with.property("code", "calendar.year-missing");
    });
});

describe("the end of a period", () => {
  describe("of months and years is the day of the same number, or the last of the month", () => {
    for (const [from, amount, unit, expected] of [
      ["2026-08-31", 3, "months", "2026-11-30"],
      ["2027-11-30", 3, "months", "2028-02-29"],
      ["2026-11-30", 3, "months", "2027-02-28"],
      ["2026-10-31", 1, "months", "2026-11-30"],
      ["2026-01-31", 1, "months", "2026-02-28"],
      ["2024-02-29", 1, "years", "2025-02-28"],
      ["2024-02-29", 4, "years", "2028-02-29"],
      ["2026-12-31", 12, "months", "2027-12-31"],
      ["2026-09-30", 5, "months", "2027-02-28"],
      ["2026-04-01", 3, "years", "2029-04-01"],
      ["2096-02-29", 4, "years", "2100-02-28"],
    ] as const)
      it(`${from} + ${amount} ${unit} = ${expected}`, () => {
        expect(end(from, amount, unit, "minimum")).to.equal(expected);
        expect(end(from, amount, unit, "maximum")).to.equal(expected);
      });

    it("goes back as well, for whoever asks since when", () => {
      expect(addMonths("2026-03-31", -1)).to.equal("2026-02-28");
      expect(addMonths("2026-01-15", -13)).to.equal("2024-12-15");
      expect(addMonths("2026-01-31", 0)).to.equal("2026-01-31");
    });
  });

  describe("of working days does not count the day of the event", () => {
    for (const [from, amount, expected, why] of [
      ["2026-03-02", 3, "2026-03-05", "a plain week"],
      ["2026-03-06", 3, "2026-03-11", "over a weekend"],
      ["2026-03-07", 1, "2026-03-09", "from a Saturday"],
      ["2025-12-31", 1, "2026-01-04", "over New Year to a Sunday that is worked"],
      ["2025-12-31", 7, "2026-01-12", "over New Year, the Sunday counted"],
      ["2025-12-29", 3, "2026-01-04", "30th, 31st, and the worked Sunday"],
      ["2026-02-13", 3, "2026-02-25", "Spring Festival: Saturday 14th worked, 15th to 23rd off"],
      ["2026-02-26", 3, "2026-03-02", "the worked Saturday 28th counted, the Sunday not"],
      ["2024-12-31", 2, "2025-01-03", "a holiday of one day"],
      ["2023-09-28", 3, "2023-10-09", "eight days off, then a worked Saturday and Sunday"],
      ["2024-04-30", 7, "2024-05-13", "Labour Day with the worked Saturday"],
      ["2024-02-29", 1, "2024-03-01", "from a leap day"],
      ["2026-09-24", 20, "2026-10-29", "two holidays and the worked Saturday"],
      ["2026-03-07", 0, "2026-03-07", "at once, on a rest day too"],
    ] as const)
      it(`${from} + ${amount} = ${expected}: ${why}`, () =>
        expect(end(from, amount, "working-days")).to.equal(expected));
  });

  describe("moves from a rest day for limits of procedure only", () => {
    for (const [from, amount, unit, kept, moved] of [
      // The 20 days of the Credit Reporting Regulation are calendar days.
      ["2026-03-01", 20, "days", "2026-03-21", "2026-03-23"],
      ["2026-03-02", 20, "days", "2026-03-22", "2026-03-23"],
      ["2026-03-03", 20, "days", "2026-03-23", "2026-03-23"],
      ["2026-09-11", 20, "days", "2026-10-01", "2026-10-08"],
      ["2026-01-25", 20, "days", "2026-02-14", "2026-02-14"],
      ["2026-01-26", 20, "days", "2026-02-15", "2026-02-24"],
      ["2026-07-03", 3, "months", "2026-10-03", "2026-10-08"],
      ["2025-05-01", 1, "years", "2026-05-01", "2026-05-06"],
    ] as const)
      it(`${from} + ${amount} ${unit}: ${kept}, as a limit ${moved}`, () => {
        expect(end(from, amount, unit, "maximum")).to.equal(kept);
        expect(end(from, amount, unit, "minimum")).to.equal(kept);
        expect(end(from, amount, unit, "limit")).to.equal(moved);
      });
  });

  it("needs a holiday table only where rest days matter", () => {
    expect(end("2026-04-01", 3, "years", "maximum")).to.equal("2029-04-01");
    expect(() => end("2026-04-01", 3, "years", "limit")).to.throw(CreditAnchorError, "2029");
    expect(() => end("2022-12-28", 3, "working-days")).to.throw(CreditAnchorError, "2022");
  });

  it("comes with the way to it", () => {
    const lines = (from: string, amount: number, unit: Unit, kind: Kind): string[] => [
      ...endOfPeriod(from, { amount, unit }, kind, calendar).arithmetic,
    ];
    expect(lines("2025-12-31", 3, "working-days", "limit")).to.deep.equal([
      "from 2025-12-31 (Wed); that day is not counted (Civil Code 201)",
      "working days: 1. 2026-01-04 (made a working day), 2. 2026-01-05, 3. 2026-01-06",
      "rest days, not counted: 2026-01-01 (元旦, a holiday), 2026-01-02 (元旦, a holiday), 2026-01-03 (元旦, a holiday)",
      "working day 3 is 2026-01-06 (Tue)",
    ]);
    expect(lines("2026-08-31", 3, "months", "minimum")).to.deep.equal([
      "from 2026-08-31 (Mon); that day is not counted (Civil Code 201)",
      "3 months later: 2026-11-30 (Mon)",
      "the month has no day 31: its last day (Civil Code 202)",
    ]);
    expect(lines("2026-09-11", 20, "days", "limit")).to.deep.equal([
      "from 2026-09-11 (Fri); that day is not counted (Civil Code 201)",
      "20 days later: 2026-10-01 (Thu)",
      "2026-10-01 is a rest day (国庆节, a holiday): the next working day is 2026-10-08 (Thu) (Civil Code 203)",
    ]);
    expect(lines("2026-03-07", 0, "days", "limit")).to.deep.equal(["on the day itself: 2026-03-07 (Sat)"]);
    expect(lines("2026-12-24", 3, "working-days", "limit").at(-1)).to.contain("2027 is not known");
    expect(lines("2025-12-24", 3, "working-days", "limit").join()).not.to.contain("is not known");
  });
});
