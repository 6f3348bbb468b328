import { expect } from "chai";
import fc from "fast-check";
import {
  addMonths,
  dateOf,
  dayNumber,
  dueList,
  factsOf,
  judge,
  loadPolicySet,
  weekday,
} from "../../src/policy";
import { endOfPeriod } from "../../src/policy/period";
import { RUNS } from "../support/runs";

const set = loadPolicySet({ authorities: ["ndrc", "zhejiang"] });
const { calendar } = set;

/**
 * A second calendar, that knows months and leap years by their lengths and working days by the words of the notices:
 * days off that are no weekend, and weekend days that are worked.
 */
const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const OFF = new Set(
  `2023: 1/2 1/23 1/24 1/25 1/26 1/27 4/5 5/1 5/2 5/3 6/22 6/23 9/29 10/2 10/3 10/4 10/5 10/6
   2024: 1/1 2/12 2/13 2/14 2/15 2/16 4/4 4/5 5/1 5/2 5/3 6/10 9/16 9/17 10/1 10/2 10/3 10/4 10/7
   2025: 1/1 1/28 1/29 1/30 1/31 2/3 2/4 4/4 5/1 5/2 5/5 6/2 10/1 10/2 10/3 10/6 10/7 10/8
   2026: 1/1 1/2 2/16 2/17 2/18 2/19 2/20 2/23 4/6 5/1 5/4 5/5 6/19 9/25 10/1 10/2 10/5 10/6 10/7`
    .split("\n")
    .flatMap((line) => {
      const [year, days] = line.trim().split(": ");
      return days!.split(" ").map((day) => `${year}/${day}`);
    }),
);
const WORKED = new Set(
  `2023/1/28 2023/1/29 2023/4/23 2023/5/6 2023/6/25 2023/10/7 2023/10/8
   2024/2/4 2024/2/18 2024/4/7 2024/4/28 2024/5/11 2024/9/14 2024/9/29 2024/10/12
   2025/1/26 2025/2/8 2025/4/27 2025/9/28 2025/10/11
   2026/1/4 2026/2/14 2026/2/28 2026/5/9 2026/9/20 2026/10/10`
    .split(/\s+/)
    .filter((word) => word !== ""),
);
interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** 0 Monday. */
  readonly weekday: number;
}
const lengthOf = (year: number, month: number): number =>
  month === 2 && ((year % 4 === 0 && year % 100 !== 0) || year % 400 === 0) ? 29 : LENGTHS[month - 1]!;
const nextDay = ({ year, month, day, weekday: of }: Day): Day => {
  const week = (of + 1) % 7;
  if (day < lengthOf(year, month)) return { year, month, day: day + 1, weekday: week };
  if (month < 12) return { year, month: month + 1, day: 1, weekday: week };
  return { year: year + 1, month: 1, day: 1, weekday: week };
};
const text = ({ year, month, day }: Day): string =>
  `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
const works = (day: Day): boolean => {
  const name = `${day.year}/${day.month}/${day.day}`;
  return WORKED.has(name) || (day.weekday < 5 && !OFF.has(name));
};

/** Every day of the years with a table, one after another; 2023-01-01 was a Sunday. */
const DAYS: Day[] = [{ year: 2023, month: 1, day: 1, weekday: 6 }];
while (text(DAYS.at(-1)!) < "2026-12-31") DAYS.push(nextDay(DAYS.at(-1)!));

const dayIndex = fc.nat(DAYS.length - 1);

describe("clocks against a second calendar that only steps from day to day", () => {
  it("agree on every day: its number, day of the week, and whether it is worked", () => {
    for (const [i, day] of DAYS.entries()) {
      const date = text(day);
      expect(dayNumber(date), date).to.equal(dayNumber("2023-01-01") + i);
      expect(dateOf(dayNumber(date))).to.equal(date);
      expect(weekday(date), date).to.equal(day.weekday);
      expect(calendar.isWorkingDay(date), date).to.equal(works(day));
    }
  });

  it("agree on working days, counted one by one", () => {
    fc.assert(
      fc.property(dayIndex, fc.integer({ min: 1, max: 40 }), (start, amount) => {
        let at = start;
        for (let left = amount; left > 0 && ++at < DAYS.length;) if (works(DAYS[at]!)) left--;
        const end = (): string =>
          endOfPeriod(text(DAYS[start]!), { amount, unit: "working-days" }, "limit", calendar).date;
        if (at >= DAYS.length) expect(end).to.throw().with.property("code", "calendar.year-missing");
        else expect(end()).to.equal(text(DAYS[at]!));
      }),
      { numRuns: RUNS.numRuns * 10 },
    );
  });

  it("agree on limits of calendar days, moved from rest days", () => {
    fc.assert(
      fc.property(dayIndex, fc.integer({ min: 1, max: 60 }), (start, amount) => {
        let at = start + amount;
        while (at < DAYS.length && !works(DAYS[at]!)) at++;
        const end = (): string =>
          endOfPeriod(text(DAYS[start]!), { amount, unit: "days" }, "limit", calendar).date;
        if (at >= DAYS.length) expect(end).to.throw().with.property("code", "calendar.year-missing");
        else expect(end()).to.equal(text(DAYS[at]!));
      }),
      { numRuns: RUNS.numRuns * 10 },
    );
  });

  it("agree on months, walked month by month", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1900, max: 2200 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(30),
        fc.nat(120),
        (year, month, seed, months) => {
          const day = 1 + (seed % lengthOf(year, month));
          let [y, m] = [year, month];
          for (let i = 0; i < months; i++) [y, m] = m === 12 ? [y + 1, 1] : [y, m + 1];
          const expected = text({ year: y, month: m, day: Math.min(day, lengthOf(y, m)), weekday: 0 });
          expect(addMonths(text({ year, month, day, weekday: 0 }), months)).to.equal(expected);
        },
      ),
      { numRuns: RUNS.numRuns * 10 },
    );
  });
});

const KINDS = [
  "警告",
  "通报批评",
  "罚款",
  "没收违法所得",
  "暂扣许可证件",
  "吊销许可证件",
  "限制从业",
  "行政拘留",
  "其他",
  "a word of its own",
];
const values = fc.record({
  decidedOn: dayIndex.map((i) => text(DAYS[i]!)),
  penaltyKind: fc
    .uniqueArray(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 4 })
    .map((list) => list.join(";")),
});

describe("clocks of any record", () => {
  it("never say more than every class it may be of agrees on", () => {
    fc.assert(
      fc.property(values, dayIndex, (record, i) => {
        const on = text(DAYS[i]!);
        for (const clock of judge(set, factsOf("cn.penalty", record), on)) {
          if (clock.possible.length === 0) continue;
          const alone = clock.possible.map(({ class: name, due }) => {
            const same = judge(set, factsOf("cn.penalty", record, { class: name }), on).find(
              ({ code }) => code === clock.code,
            )!;
            expect(same.due ?? null, name).to.equal(due);
            return same;
          });
          const states = new Set(alone.map(({ state }) => state));
          expect(clock.state).to.equal(states.size === 1 ? [...states][0] : "unknown");
          const dues = new Set(alone.map(({ due }) => due));
          expect(clock.due).to.equal(dues.size === 1 ? [...dues][0] : undefined);
        }
      }),
      RUNS,
    );
  });

  it("wait, then are reached, and run, then are over, once each as days pass", () => {
    fc.assert(
      fc.property(values, (record) => {
        const facts = factsOf("cn.penalty", record, { policies: ["ndrc-order-36@1"] });
        const first = dayNumber(record.decidedOn);
        const seen = new Map<string, string[]>();
        for (let day = first; day <= first + 1_200; day += 5)
          for (const { code, state } of judge(set, facts, dateOf(day))) {
            const list = seen.get(code) ?? [];
            if (list.at(-1) !== state) list.push(state);
            seen.set(code, list);
          }
        expect(["waiting,unknown,reached", "unknown,reached", "waiting,reached", "reached"]).to.include(
          seen.get("repair.minimum")!.join(),
        );
        expect(["running,unknown,over", "running,over"]).to.include(seen.get("publicity.maximum")!.join());
      }),
      { numRuns: Math.ceil(RUNS.numRuns / 10) },
    );
  });

  it("fall due in order, none before the date if it is not overdue, and independent of the records' order", () => {
    const keys = [1, 2, 3, 4].map((n) => `0x${String(n).repeat(64)}`);
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), dayIndex, (records, i) => {
        const on = text(DAYS[i]!);
        const all = records.map((record, n) => ({
          recordKey: keys[n]!,
          ...{ batch: "4294967296", index: n },
          facts: factsOf("cn.penalty", record),
        }));
        const { items } = dueList(set, all, on);
        for (const [n, item] of items.entries()) {
          if (n > 0) expect(items[n - 1]!.due <= item.due).to.equal(true);
          expect(item.daysLeft).to.equal(dayNumber(item.due) - dayNumber(on));
          expect(item.state === "overdue").to.equal(item.due < on);
        }
        expect(dueList(set, [...all].reverse(), on).items).to.deep.equal(items);
      }),
      RUNS,
    );
  });
});
