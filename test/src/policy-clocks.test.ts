import { expect } from "chai";
import {
  type Clock,
  factsOf,
  judge,
  loadPolicySet,
  maximumPublicity,
  minimumRepairDate,
  objectionDue,
  policiesOf,
  publicationDue,
  type RecordFacts,
  withdrawalDue,
} from "../../src/policy";
import { CreditAnchorError } from "../../src/errors";

const set = loadPolicySet();
const penalty = (
  decidedOn: string,
  values: Record<string, string> = {},
  rest: Partial<RecordFacts> = {},
): RecordFacts => factsOf("cn.penalty", { decidedOn, ...values }, rest);
const ends = (clock: Clock | undefined): unknown => clock && [clock.policy, clock.class, clock.due];
const whole = (clock: Clock | undefined): Clock => {
  if (clock === undefined) throw new Error("there is no such clock");
  return clock;
};

describe("periods of publicity under NDRC Order 36", () => {
  for (const [kind, minimum, maximum, name] of [
    ["警告", "2026-05-31", "2026-08-31", "minor"],
    ["通报批评", "2026-05-31", "2026-08-31", "minor"],
    ["没收违法所得", "2026-08-31", "2027-05-31", "general"],
    ["警告;没收违法所得、没收非法财物", "2026-08-31", "2027-05-31", "general"],
    ["暂扣许可证件", "2026-08-31", "2027-05-31", "general"],
    ["降低资质等级", "2026-08-31", "2027-05-31", "general"],
    ["吊销许可证件", "2027-05-31", "2029-05-31", "serious"],
    ["罚款；责令停产停业", "2027-05-31", "2029-05-31", "serious"],
    ["限制从业", "2027-05-31", "2029-05-31", "serious"],
  ] as const)
    it(`of ${kind}: ${name}`, () => {
      const facts = penalty("2026-05-31", { penaltyKind: kind });
      expect(ends(minimumRepairDate(set, facts, "2026-06-01"))).to.deep.equal([
        "ndrc-order-36@1",
        name,
        minimum,
      ]);
      expect(ends(maximumPublicity(set, facts, "2026-06-01"))).to.deep.equal([
        "ndrc-order-36@1",
        name,
        maximum,
      ]);
    });

  it("end on the last day of a month that is too short, and do not move from a rest day", () => {
    const facts = penalty("2026-08-31", {}, { class: "general" });
    // 2026-11-30 is a Monday, 2027-02-28 a Sunday, 2028-02-29 a Tuesday.
    expect(minimumRepairDate(set, facts, "2026-09-01")?.due).to.equal("2026-11-30");
    expect(
      minimumRepairDate(set, { ...facts, events: { decided: "2026-11-30" } }, "2026-12-01")?.due,
    ).to.equal("2027-02-28");
    expect(
      minimumRepairDate(set, { ...facts, events: { decided: "2027-11-30" } }, "2027-12-01")?.due,
    ).to.equal("2028-02-29");
  });

  it("stand as waiting the day before, reached on the day; running on the last day, over on the next", () => {
    const facts = penalty("2026-04-10", {}, { class: "general" });
    const state = (of: typeof minimumRepairDate, on: string): unknown => of(set, facts, on)?.state;
    expect(state(minimumRepairDate, "2026-07-09")).to.equal("waiting");
    expect(state(minimumRepairDate, "2026-07-10")).to.equal("reached");
    expect(state(maximumPublicity, "2027-04-10")).to.equal("running");
    expect(state(maximumPublicity, "2027-04-11")).to.equal("over");
  });

  it("are shown for every class that is possible when the record does not tell it", () => {
    const clock = whole(
      minimumRepairDate(set, penalty("2026-04-10", { penaltyKind: "罚款;没收违法所得" }), "2026-08-01"),
    );
    expect(clock.class).to.equal(undefined);
    expect(clock.due).to.equal(undefined);
    expect(clock.possible.map((item) => [item.class, item.due])).to.deep.equal([
      ["general", "2026-07-10"],
      ["serious", "2027-04-10"],
    ]);
    expect(clock.state).to.equal("unknown");
    const facts = penalty("2026-04-10", { penaltyKind: "罚款;没收违法所得" });
    expect(minimumRepairDate(set, facts, "2026-07-09")?.state, "before all of them").to.equal("waiting");
    expect(minimumRepairDate(set, facts, "2027-04-10")?.state, "after all of them").to.equal("reached");
  });
});

describe("clocks of procedure", () => {
  it("flag a licence anchored on the eighth working day, over a holiday and a working weekend", () => {
    // 05-01 to 05-05 holiday; Saturday 05-09 worked: 04-29 … 05-11 are days 1 to 7 after 04-28.
    const facts = factsOf("cn.licence", { decidedOn: "2026-04-28" }, { events: { published: "2026-05-12" } });
    const clock = whole(publicationDue(set, facts, "2026-06-01"));
    expect([clock.due, clock.state]).to.deep.equal(["2026-05-11", "late"]);
    expect(clock.article).to.contain("33");
    expect(clock.arithmetic.join("\n")).to.contain("2026-05-09 (made a working day)").and.contain("劳动节");
    const inTime = { ...facts, events: { ...facts.events, published: "2026-05-11" } };
    expect(publicationDue(set, inTime, "2026-06-01")?.state).to.equal("kept");
  });

  it("give three working days to withdraw a penalty, and nothing for a licence", () => {
    const events = { quashed: "2026-09-30" };
    const clock = whole(withdrawalDue(set, penalty("2026-05-06", {}, { events }), "2026-10-13"));
    // Holiday to 10-07; 10-08, 10-09, Saturday 10-10 worked.
    expect([clock.due, clock.state, clock.article]).to.deep.equal([
      "2026-10-10",
      "overdue",
      "art. 48 with art. 85",
    ]);
    expect(
      withdrawalDue(set, factsOf("cn.licence", { decidedOn: "2026-05-06" }, { events }), "2026-10-13"),
    ).to.equal(undefined);
  });

  it("say which table is missing and how to add it", () => {
    const facts = penalty("2026-05-06", {}, { events: { quashed: "2026-12-30" } });
    expect(() => withdrawalDue(set, facts, "2027-01-10"))
      .to.throw(CreditAnchorError, "2027")
      .with.property("code", "calendar.year-missing");
    const clock = judge(set, facts, "2027-01-10").find(({ code }) => code === "withdrawal.limit");
    expect(clock?.fault?.code).to.equal("calendar.year-missing");
    expect(clock?.fault?.message).to.contain("docs/policies.md");
    expect(clock?.state).to.equal("unknown");
  });

  it("take the first authority that has a rule", () => {
    const own = loadPolicySet({ authorities: ["samr", "zhejiang"] });
    const facts = penalty("2026-05-06", {}, { events: { "objection-received": "2026-09-21" } });
    expect(publicationDue(own, facts, "2026-05-07")?.policy).to.equal("enterprise-publicity@1");
    expect(minimumRepairDate(own, facts, "2026-05-07")?.policy).to.equal("samr-order-107@1");
    expect(objectionDue(own, facts, "2026-09-22")?.policy).to.equal("zhejiang-credit@1");
    expect(objectionDue(set, facts, "2026-09-22"), "no national number of days is known").to.equal(undefined);
  });
});

describe("the policy of a record", () => {
  it("is the one in force when it was decided", () => {
    const at = (authorities: string[], date: string): string[] =>
      policiesOf(loadPolicySet({ authorities }), penalty(date)).filter((ref) => ref.includes("order"));
    expect(at(["ndrc"], "2023-04-30")).to.deep.equal([]);
    expect(at(["ndrc"], "2023-05-01")).to.deep.equal(["ndrc-order-58@1"]);
    expect(at(["ndrc"], "2026-03-31")).to.deep.equal(["ndrc-order-58@1"]);
    expect(at(["ndrc"], "2026-04-01")).to.deep.equal(["ndrc-order-36@1"]);
    expect(at(["samr"], "2025-12-24")).to.deep.equal([]);
    expect(at(["samr"], "2025-12-25")).to.deep.equal(["samr-order-107@1"]);
  });

  it("stays the one it was judged under", () => {
    const facts = penalty(
      "2026-05-06",
      {},
      { class: "ordinary", policies: ["ndrc-order-58@1", "penalties-law@1"] },
    );
    expect(ends(minimumRepairDate(set, facts, "2026-05-07"))).to.deep.equal([
      "ndrc-order-58@1",
      "ordinary",
      "2026-08-06",
    ]);
    expect(() => minimumRepairDate(set, { ...facts, policies: ["ndrc-order-58@9"] }, "2026-05-07"))
      .to.throw(CreditAnchorError)
      .with.property("code", "policy.version-missing");
  });

  it("must know the class that is stated", () => {
    expect(() => minimumRepairDate(set, penalty("2024-05-06", {}, { class: "general" }), "2026-05-07"))
      .to.throw(CreditAnchorError)
      .with.property("code", "policy.class-unknown");
  });
});
