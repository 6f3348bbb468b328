import { expect } from "chai";
import {
  type Clock,
  clockOf,
  dateInChina,
  factsOf,
  judge,
  loadPolicySet,
  minimumRepairDate,
  policiesOf,
  type PolicySet,
  type RecordFacts,
} from "../../src/policy";
import { CreditAnchorError } from "../../src/errors";

const clockNamed =
  (code: string) =>
  (set: PolicySet, facts: RecordFacts, on: string): Clock | undefined =>
    clockOf(set, facts, code, on);
const maximumPublicity = clockNamed("publicity.maximum");
const objectionDue = clockNamed("objection.decision");
const publicationDue = clockNamed("publication.limit");
const withdrawalDue = clockNamed("withdrawal.limit");

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

describe("periods of publicity under NDRC Order 58", () => {
  const periods = (name: string): unknown[] => {
    const facts = penalty("2023-11-30", {}, { class: name });
    return [
      minimumRepairDate(set, facts, "2023-12-01")?.due,
      maximumPublicity(set, facts, "2023-12-01")?.due,
    ];
  };

  it("have a minimum of 3 months, 1 year where safety is at stake, and a maximum of 3 years", () => {
    expect(periods("ordinary")).to.deep.equal(["2024-02-29", "2026-11-30"]);
    expect(periods("safety")).to.deep.equal(["2024-11-30", "2026-11-30"]);
  });

  it("are none for what is not published", () => {
    expect(periods("unpublished")).to.deep.equal(["2023-11-30", undefined]);
    const summary: Record<string, string> = { penaltyKind: "罚款", documentTitle: "当场行政处罚决定书" };
    for (const values of [{ penaltyKind: "警告" }, summary])
      expect(minimumRepairDate(set, penalty("2023-11-30", values), "2023-12-01")?.class).to.equal(
        "unpublished",
      );
  });

  it("agree on the maximum where the record does not say whether safety is at stake", () => {
    const facts = penalty("2023-11-30", { penaltyKind: "责令停产停业" });
    expect(minimumRepairDate(set, facts, "2024-06-01")?.state).to.equal("unknown");
    const maximum = whole(maximumPublicity(set, facts, "2024-06-01"));
    expect([maximum.due, maximum.state, maximum.possible.length]).to.deep.equal(["2026-11-30", "running", 2]);
  });
});

describe("periods of publicity under SAMR Order 107", () => {
  const samr = loadPolicySet({ authorities: ["samr"] });
  for (const [name, minimum, maximum] of [
    ["unpublished", "2025-12-25", undefined],
    ["minor", "2025-12-25", "2026-03-25"],
    ["general", "2026-03-25", "2026-12-25"],
    ["serious", "2026-12-25", "2028-12-25"],
  ] as const)
    it(`of class ${name}`, () => {
      const facts = penalty("2025-12-25", {}, { class: name });
      expect(minimumRepairDate(samr, facts, "2025-12-26")?.due).to.equal(minimum);
      expect(maximumPublicity(samr, facts, "2025-12-26")?.due).to.equal(maximum);
    });

  it("tell the class of a warning, and of nothing else", () => {
    const classOf = (penaltyKind: string): unknown =>
      minimumRepairDate(samr, penalty("2025-12-25", { penaltyKind }), "2025-12-26")?.class;
    expect(["警告", "罚款", "警告;罚款", "吊销许可证件"].map(classOf)).to.deep.equal([
      "unpublished",
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("the class of a record", () => {
  const possible = (values: Record<string, string>): unknown => {
    const clock = whole(minimumRepairDate(set, penalty("2026-05-06", values), "2026-05-07"));
    return clock.class ?? clock.possible.map((item) => item.class);
  };
  const ALL = ["minor", "general", "serious"];

  it("is never guessed", () => {
    expect(possible({})).to.deep.equal(ALL);
    expect(possible({ penaltyKind: "罚款" })).to.deep.equal(ALL);
    expect(possible({ penaltyKind: "行政拘留" })).to.deep.equal(ALL);
    expect(possible({ penaltyKind: "暂扣或者吊销许可证" })).to.deep.equal(ALL);
    expect(possible({ penaltyKind: ";" })).to.deep.equal(ALL);
    expect(possible({ penaltyKind: "警告;其他" })).to.deep.equal(ALL);
    expect(possible({ penaltyKind: "没收非法财物", penaltyKindSecond: "罚款" })).to.deep.equal([
      "general",
      "serious",
    ]);
    expect(possible({ severity: "某种" })).to.deep.equal(ALL);
  });

  it("follows from what the record states, from the summary procedure, then from the kinds of penalty", () => {
    expect(possible({ severity: "严重", penaltyKind: "警告" })).to.equal("serious");
    expect(possible({ documentTitle: "当场行政处罚决定书", penaltyKind: "罚款" })).to.equal("minor");
    expect(possible({ documentTitle: "行政处罚决定书", penaltyKind: "警告,吊销许可证件" })).to.equal(
      "serious",
    );
    expect(possible({ penaltyKind: "警告", penaltyKindSecond: "降低资质等级" })).to.equal("general");
  });

  it("is shown with its reason, without the record's words", () => {
    const { arithmetic } = whole(
      minimumRepairDate(set, penalty("2026-05-06", { penaltyKind: "警告" }), "2026-05-07"),
    );
    expect(arithmetic[0]).to.equal("class minor, from the record (penaltyKind, penaltyKindSecond, likely)");
    expect(arithmetic.join()).not.to.contain("警告");
  });

  it("is none for a licence: no repair, no maximum", () => {
    const licence = factsOf("cn.licence", { decidedOn: "2026-05-06" });
    expect(minimumRepairDate(set, licence, "2026-05-07")).to.equal(undefined);
    expect(maximumPublicity(set, licence, "2026-05-07")).to.equal(undefined);
  });

  it("holds for other types of record when it is stated", () => {
    const listed = factsOf("my.serious-list", { decidedOn: "2026-05-06" }, { class: "serious" });
    expect(minimumRepairDate(set, listed, "2026-05-07")?.due).to.equal("2027-05-06");
  });
});

describe("clocks of objections", () => {
  const received = { "objection-received": "2026-09-30" };
  const due = (authority: string, code: string, events: RecordFacts["events"] = received): unknown => {
    const clock = clockOf(
      loadPolicySet({ authorities: [authority] }),
      { recordType: "cn.penalty", events },
      code,
      "2026-09-30",
    );
    return clock && [clock.due, clock.extension?.due, clock.article];
  };
  const numberless = "the part on objections (number not in our source; art. 36 has the mark)";
  // After 09-30 the first working days are 10-08, 09, 10 (Saturday), 12, 13, 14, 15, 16.
  for (const [authority, code, ...expected] of [
    ["shanghai", "objection.mark", "2026-10-08", undefined, "art. 36"],
    ["shanghai", "objection.decision", "2026-10-13", "2026-10-15", numberless],
    ["shanghai", "objection.forwarding", "2026-10-09", undefined, numberless],
    ["shandong", "objection.decision", "2026-10-10", "2026-10-15", "art. 39"],
    ["henan", "objection.decision", "2026-10-10", "2026-10-15", "art. 41"],
    ["shenzhen", "objection.mark", "2026-09-30", undefined, "art. 50"],
    ["shenzhen", "objection.decision", "2026-10-08", undefined, "art. 51"],
    ["zhejiang", "objection.decision", "2026-10-13", "2026-11-03", "art. 31"],
    ["pboc", "objection.mark", "2026-09-30", undefined, "art. 25"],
    ["pboc", "objection.decision", "2026-10-20", undefined, "art. 25"],
  ] as const)
    it(`${code} of ${authority}`, () => expect(due(authority, code)).to.deep.equal(expected));

  it("of a source begin when the objection is forwarded", () => {
    const forwarded = { ...received, "objection-forwarded": "2026-10-08" };
    expect(due("shanghai", "objection.source-decision", forwarded)).to.deep.equal([
      "2026-10-14",
      undefined,
      numberless,
    ]);
    expect(due("henan", "objection.source-decision", forwarded)).to.deep.equal([
      "2026-10-12",
      undefined,
      "art. 41",
    ]);
    expect(due("shenzhen", "objection.source-decision", forwarded)).to.deep.equal([
      "2026-10-10",
      "2026-10-14",
      "art. 51",
    ]);
  });

  it("go by the rules in force when the objection came, not by those of the decision", () => {
    expect(due("shandong", "objection.decision", { "objection-received": "2020-09-30" })).to.equal(undefined);
    const old = { decided: "2019-05-06", ...received };
    expect(due("shandong", "objection.decision", old)).to.deep.equal(["2026-10-10", "2026-10-15", "art. 39"]);
  });

  it("stop with the decision, whatever was left out before it", () => {
    const events = { ...received, "objection-decided": "2026-10-09" };
    const states = judge(
      loadPolicySet({ authorities: ["shanghai"] }),
      { recordType: "cn.penalty", events },
      "2026-12-01",
    );
    expect(states.map(({ code, state }) => [code, state])).to.deep.equal([
      ["objection.mark", "late"],
      ["objection.decision", "kept"],
      ["objection.forwarding", "kept"],
    ]);
  });

  it("answer for a past day as they stood on it", () => {
    const events = { ...received, "objection-decided": "2026-10-20" };
    const state = (on: string): unknown =>
      objectionDue(loadPolicySet({ authorities: ["shandong"] }), { recordType: "cn.penalty", events }, on)
        ?.state;
    expect(["2026-10-10", "2026-10-19", "2026-10-20"].map(state)).to.deep.equal([
      "running",
      "overdue",
      "late",
    ]);
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
    expect(at(["samr", "ndrc"], "2025-12-24")).to.deep.equal(["ndrc-order-58@1"]);
    expect(at(["samr"], "2025-12-25")).to.deep.equal(["samr-order-107@1"]);
  });

  it("is none before Order 58: nothing is made up", () => {
    const facts = penalty("2023-04-30", { penaltyKind: "吊销许可证件" });
    expect(minimumRepairDate(set, facts, "2026-05-07")).to.equal(undefined);
    expect(maximumPublicity(set, facts, "2026-05-07")).to.equal(undefined);
  });

  it("changes with the day in China: a decision of the last evening of March 2026 is judged by Order 58", () => {
    const at = (moment: string): unknown => {
      const decided = dateInChina(Date.parse(moment) / 1000);
      return minimumRepairDate(set, penalty(decided), "2026-05-07")?.policy;
    };
    expect(at("2026-03-31T15:59:59Z")).to.equal("ndrc-order-58@1");
    expect(at("2026-03-31T16:00:00Z")).to.equal("ndrc-order-36@1");
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
