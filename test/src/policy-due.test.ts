import { expect } from "chai";
import fc from "fast-check";
import { CreditAnchorError } from "../../src/errors";
import { type DueItem, dueList, type DueRecord, factsOf, loadPolicySet, toICalendar } from "../../src/policy";
import { RUNS } from "../support/runs";

const set = loadPolicySet({ authorities: ["ndrc", "shandong"] });
const KEY = { a: `0x${"a1".repeat(32)}`, b: `0x${"b2".repeat(32)}`, c: `0x${"c3".repeat(32)}` };
/** Where the records lie: as batch and index name them. */
const PLACE = { batch: "4294967297", index: 3 };
const STAMP = Date.UTC(2026, 5, 1, 16, 0, 0) / 1000;

const RECORDS: DueRecord[] = [
  {
    recordKey: KEY.b,
    ...PLACE,
    facts: factsOf(
      "cn.penalty",
      { decidedOn: "2026-05-08", penaltyKind: "罚款" },
      { events: { published: "2026-05-11" } },
    ),
  },
  { recordKey: KEY.a, ...PLACE, facts: factsOf("cn.licence", { decidedOn: "2026-05-20" }) },
  {
    recordKey: KEY.c,
    ...PLACE,
    facts: factsOf(
      "cn.penalty",
      { decidedOn: "2026-04-10", penaltyKind: "吊销许可证件" },
      { events: { published: "2026-04-13", quashed: "2026-05-25", "objection-received": "2026-06-01" } },
    ),
  },
];

const short = ({ recordKey, code, due, daysLeft, state, class: name, onlyIf }: DueItem): unknown[] => [
  recordKey.slice(2, 3),
  code,
  due,
  daysLeft,
  state,
  ...(name === undefined ? [] : [onlyIf ? `if ${name}` : name]),
];

describe("what falls due", () => {
  it("comes soonest first, with every date a record of unknown class may have", () => {
    const { items, faults } = dueList(set, RECORDS, "2026-06-02");
    expect(faults).to.deep.equal([]);
    expect(items.map(short)).to.deep.equal([
      ["c", "withdrawal.limit", "2026-05-28", -5, "overdue"],
      ["a", "publication.limit", "2026-05-29", -4, "overdue"],
      ["c", "objection.decision", "2026-06-04", 2, "running"],
      ["b", "publicity.maximum", "2026-08-08", 67, "running", "if minor"],
      ["b", "repair.minimum", "2026-08-08", 67, "waiting", "if general"],
      ["c", "repair.minimum", "2027-04-10", 312, "waiting", "serious"],
      ["b", "publicity.maximum", "2027-05-08", 340, "running", "if general"],
      ["b", "repair.minimum", "2027-05-08", 340, "waiting", "if serious"],
      ["c", "publicity.maximum", "2029-04-10", 1043, "running", "serious"],
      ["b", "publicity.maximum", "2029-05-08", 1071, "running", "if serious"],
      ["c", "retention.maximum", "2031-04-10", 1773, "running"],
      ["b", "retention.maximum", "2031-05-08", 1801, "running"],
    ]);
  });

  it("is nothing that is done, over or reached, nor what will have been done later", () => {
    const facts = factsOf(
      "cn.penalty",
      { decidedOn: "2026-04-10", penaltyKind: "警告" },
      { events: { published: "2026-04-13" } },
    );
    const at = (on: string): string[] =>
      dueList(set, [{ recordKey: KEY.a, ...PLACE, facts }], on).items.map(({ code }) => code);
    expect(at("2026-04-12")).to.deep.equal(["publication.limit", "publicity.maximum", "retention.maximum"]);
    expect(at("2026-07-10")).to.deep.equal(["publicity.maximum", "retention.maximum"]);
    expect(at("2026-07-11")).to.deep.equal(["retention.maximum"]);
  });

  it("says of a class only what is said of that class", () => {
    const set = loadPolicySet({ authorities: ["samr"] });
    const facts = factsOf("cn.penalty", { decidedOn: "2026-05-08", penaltyKind: "责令停产停业" });
    const { items } = dueList(set, [{ recordKey: KEY.a, ...PLACE, facts }], "2026-05-09");
    const repairs = items.filter(({ code }) => code === "repair.minimum");
    expect(repairs).to.not.be.empty;
    for (const { class: name, note } of repairs)
      if (name !== "unpublished") expect(note ?? "", name).to.not.contain("such a penalty is not published");
  });

  it("names a record whose holiday table is missing, and goes on", () => {
    const events = { published: "2026-05-08", quashed: "2026-12-30" };
    const late: DueRecord = {
      recordKey: KEY.b,
      ...PLACE,
      facts: factsOf("cn.penalty", { decidedOn: "2026-05-06" }, { events }),
    };
    const { items, faults } = dueList(set, [late, RECORDS[1]!], "2026-12-31");
    expect(faults.map(({ recordKey, code, fault }) => [recordKey, code, fault.code])).to.deep.equal([
      [KEY.b, "withdrawal.limit", "calendar.year-missing"],
    ]);
    expect(items.some(({ recordKey }) => recordKey === KEY.a)).to.equal(true);
  });

  it("leaves out what comes after a date", () => {
    const { items } = dueList(set, RECORDS, "2026-06-02", { until: "2026-06-04" });
    expect(items.map(({ code }) => code)).to.deep.equal([
      "withdrawal.limit",
      "publication.limit",
      "objection.decision",
    ]);
  });
});

/** What a reader of RFC 5545 makes of a text: unfolded lines as name and value. */
function readCalendar(text: string): [string, string][] {
  expect(text.endsWith("\r\n")).to.equal(true);
  for (const line of text.split("\r\n")) expect(Buffer.byteLength(line), line).to.be.at.most(75);
  expect(text.replace(/\r\n/g, ""), "no line end but CR LF").not.to.match(/[\r\n]/);
  return text
    .replace(/\r\n /g, "")
    .split("\r\n")
    .slice(0, -1)
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]);
}

function unescape(value: string): string {
  return value.replace(/\\([\\;,n])/g, (_, mark: string) => (mark === "n" ? "\n" : mark));
}

describe("what falls due as iCalendar", () => {
  const { items } = dueList(set, RECORDS, "2026-06-02");

  it("is one all-day event an item, stamped in UTC", () => {
    expect(toICalendar(items.slice(0, 1), STAMP).split("\r\n").slice(0, 11)).to.deep.equal([
      "BEGIN:VCALENDAR",
      "VERSION:2.0",
      "PRODID:-//credit-anchor//due//EN",
      "CALSCALE:GREGORIAN",
      "BEGIN:VEVENT",
      "UID:withdrawal.limit.2026-05-25.0xc3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c",
      " 3c3c3c3c3c3c3c3c3c3c3c3@credit-anchor",
      "DTSTAMP:20260601T160000Z",
      "DTSTART;VALUE=DATE:20260528",
      "DTEND;VALUE=DATE:20260529",
      "SUMMARY:withdraw the record: cn.penalty 0xc3c3c3c3",
    ]);
  });

  it("reads back as it was written, whatever characters are in it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }), (note, title) => {
        const shown = (text: string): string =>
          text.replace(/\r\n?/g, "\n").replace(/[\0-\x08\x0b-\x1f\x7f]/g, "");
        const lines = readCalendar(toICalendar([{ ...items[0]!, note, title }], STAMP));
        const description = unescape(lines.find(([name]) => name === "DESCRIPTION")![1]);
        expect(description.startsWith(`${shown(title)}, `)).to.equal(true);
        expect(description).to.contain(`\n${shown(note)}\nrecord 3 of batch 4294967297, record key 0x`);
      }),
      RUNS,
    );
  });

  it("has one UID an item, the same when it is written again later", () => {
    const uids = (text: string): string[] =>
      readCalendar(text).flatMap(([name, value]) => (name === "UID" ? [value] : []));
    const first = uids(toICalendar(items, STAMP));
    expect(new Set(first).size).to.equal(items.length);
    expect(uids(toICalendar(dueList(set, RECORDS, "2026-06-03").items, STAMP + 86_400))).to.deep.equal(first);
  });

  it("has nothing of a record's content in it, and refuses to name a record otherwise than by its key", () => {
    const facts = factsOf("cn.penalty", {
      decidedOn: "2026-05-08",
      penaltyKind: "罚款",
      partyName: "A Party",
      documentNumber: "市监〔2026〕1号",
    });
    const text = toICalendar(
      dueList(set, [{ recordKey: KEY.a, ...PLACE, facts }], "2026-05-09").items,
      STAMP,
    );
    const read = readCalendar(text)
      .map(([, value]) => unescape(value))
      .join("\n");
    for (const value of ["罚款", "A Party", "1号"]) expect(read).not.to.contain(value);
    expect(() => toICalendar([{ ...items[0]!, recordKey: "440524188001010014" }], STAMP))
      .to.throw(CreditAnchorError)
      .with.property("code", "icalendar.record-key");
  });
});
