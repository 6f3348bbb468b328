import { expect } from "chai";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { knownPolicies } from "../../src/cli/known-policies";
import { CreditAnchorError } from "../../src/errors";
import { defaultSettings } from "../../src/home/settings";
import {
  clockOf,
  factsOf,
  loadHolidays,
  loadPolicy,
  loadPolicySet,
  minimumRepairDate,
  policiesOf,
} from "../../src/policy";
import { shippedHolidays, shippedPolicies } from "../../src/policy/shipped";

type Document = Record<string, unknown>;

const EXAMPLE = "examples/policies/order-36-own-practice.json";
const read = (file: string): Document => JSON.parse(readFileSync(file, "utf8")) as Document;

function refused(call: () => unknown): CreditAnchorError {
  try {
    call();
  } catch (error) {
    if (error instanceof CreditAnchorError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
const places = (call: () => unknown): string[] =>
  refused(call).faults.map(({ path, code }) => `${path} ${code}`);

/** A copy with members set; undefined takes one away. */
function changed(document: unknown, changes: Record<string, unknown>): Document {
  const copy = structuredClone(document) as Document;
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split("/");
    const last = names.pop()!;
    let at = copy as Record<string, unknown>;
    for (const name of names) at = at[name] as Record<string, unknown>;
    if (value === undefined) Reflect.deleteProperty(at, last);
    else at[last] = value;
  }
  return copy;
}

describe("shipped policies", () => {
  it("are read without a fault, each under a name and version of its own", () => {
    const refs = shippedPolicies
      .map((document) => loadPolicy(document))
      .map(({ id, version }) => `${id}@${version}`);
    expect(new Set(refs).size).to.equal(refs.length);
  });

  it("give a minimum and a maximum for every class they have, but for classes that are not published", () => {
    for (const policy of shippedPolicies.map((document) => loadPolicy(document)))
      for (const { name } of policy.classes) {
        const codes = policy.rules.filter((rule) => rule.class === name).map(({ code }) => code);
        expect(codes, `${policy.id} ${name}`).to.deep.equal(
          name === "unpublished" ? ["repair.minimum"] : ["repair.minimum", "publicity.maximum"],
        );
      }
  });

  it("use record fields that exist", () => {
    const fields = Object.keys(read("src/types/shipped/cn.penalty.json")["properties"] as object);
    for (const policy of shippedPolicies.map((document) => loadPolicy(document)))
      for (const [recordType, signs] of policy.signs) {
        expect(recordType).to.equal("cn.penalty");
        for (const sign of signs) expect(fields).to.include.members([...sign.fields]);
      }
  });

  it("are of one word on what the brief marks as unsure", () => {
    const unsure = shippedPolicies
      .map((document) => loadPolicy(document))
      .flatMap(({ id, rules }) =>
        rules.flatMap((rule) => (rule.certainty === "unsure" ? [`${id} ${rule.code}`] : [])),
      );
    expect(unsure).to.deep.equal([
      "ndrc-order-36 repair.decision",
      "shandong-credit retention.maximum",
      "henan-credit retention.maximum",
    ]);
  });
});

describe("a policy file", () => {
  const [order36] = shippedPolicies as [Document];

  for (const [what, changes, fault] of [
    ["another format", { format: "credit-anchor/type" }, "/format policy.word"],
    ["a later format version", { formatVersion: 2 }, "/formatVersion policy.number"],
    ["a member that does not exist", { Rules: [] }, "/Rules policy.unknown-member"],
    ["an id with a space", { id: "order 36" }, "/id policy.form"],
    ["version 0", { version: 0 }, "/version policy.number"],
    ["no title", { title: undefined }, "/title policy.not-text"],
    ["an impossible date", { effectiveFrom: "2026-02-30" }, "/effectiveFrom policy.date"],
    ["an end before its beginning", { effectiveUntil: "2026-03-31" }, "/effectiveUntil policy.span"],
    ["no source", { sources: [] }, "/sources policy.empty"],
    ["two classes of one name", { "classes/1/name": "minor" }, "/classes policy.class-twice"],
    ["a rule of a class that is not its own", { "rules/1/class": "ordinary" }, "/rules/1/class policy.word"],
    ["the same rule twice", { "rules/1/class": "minor" }, "/rules policy.rule-twice"],
    ["a period in weeks", { "rules/1/period/unit": "weeks" }, "/rules/1/period/unit policy.word"],
    ["a period below nothing", { "rules/1/period/amount": -1 }, "/rules/1/period/amount policy.number"],
    ["an event that does not exist", { "rules/1/from": "served" }, "/rules/1/from policy.word"],
    ["a minimum with something to do", { "rules/1/until": ["published"] }, "/rules/1/until policy.until"],
    ["a limit with nothing to do", { "rules/6/until": undefined }, "/rules/6/until policy.until"],
    ["a certainty of its own", { "rules/1/certainty": "certain" }, "/rules/1/certainty policy.word"],
    ["no article", { "rules/1/article": " " }, "/rules/1/article policy.not-text"],
    [
      "a sign for no class",
      { "signs/cn.penalty/0/words/轻微": [] },
      "/signs/cn.penalty/0/words/轻微 policy.empty",
    ],
    ["signs for no type", { "signs/cn.penalty": "severity" }, "/signs/cn.penalty policy.not-list"],
    ["a base that is not known", { extends: "ndrc-order-36@7" }, "/extends policy.extends-unknown"],
  ] as const)
    it(`is refused with ${what}`, () => {
      expect(places(() => loadPolicy(changed(order36, changes)))).to.include(fault);
    });

  for (const value of [null, [], "policy", 36, { rules: null }])
    it(`is refused when it is ${JSON.stringify(value)}`, () => {
      expect(refused(() => loadPolicy(value)).code).to.equal("policy.invalid");
    });

  it("is refused with every fault at once, under the name of the file", () => {
    const document = changed(order36, { id: 36, title: undefined, "rules/0/kind": "most" });
    const error = refused(() => loadPolicySet({ files: [{ name: "own.json", document }] }));
    expect(error.message).to.match(/^own\.json: /);
    expect(error.faults.map(({ path }) => path)).to.include.members([
      "own.json/id",
      "own.json/title",
      "own.json/rules/0/kind",
    ]);
  });
});

describe("policies of the user's own", () => {
  const example = { name: EXAMPLE, document: read(EXAMPLE) };
  const facts = factsOf(
    "cn.penalty",
    { decidedOn: "2026-05-06" },
    { class: "general", events: { "repair-accepted": "2026-09-01" } },
  );

  it("change what they say, and nothing else", () => {
    const [before, after] = [loadPolicySet(), loadPolicySet({ files: [example] })];
    const decision = (set: typeof before): unknown[] => {
      const clock = clockOf(set, facts, "repair.decision", "2026-09-02")!;
      return [clock.policy, clock.due, clock.certainty, clock.extension?.due];
    };
    expect(decision(before)).to.deep.equal(["ndrc-order-36@1", "2026-09-10", "unsure", undefined]);
    expect(decision(after)).to.deep.equal(["ndrc-order-36@101", "2026-09-15", "sure", "2026-09-21"]);
    const repair = minimumRepairDate(after, facts, "2026-05-07");
    expect([repair?.policy, repair?.due]).to.deep.equal(["ndrc-order-36@101", "2026-08-06"]);
  });

  it("leave records alone that were judged under the shipped version", () => {
    const set = loadPolicySet({ files: [example] });
    const judged = { ...facts, policies: policiesOf(loadPolicySet(), facts) };
    expect(minimumRepairDate(set, judged, "2026-05-07")?.policy).to.equal("ndrc-order-36@1");
  });

  it("take an extension when the agency says that it was taken", () => {
    const set = loadPolicySet({ files: [example] });
    const clock = clockOf(set, { ...facts, extended: ["repair.decision"] }, "repair.decision", "2026-09-16");
    expect([clock?.due, clock?.state, clock?.extension?.taken]).to.deep.equal([
      "2026-09-21",
      "running",
      true,
    ]);
  });

  it("never pass for a version that records may have been judged under", () => {
    const document = changed(example.document, { version: 1 });
    expect(refused(() => loadPolicySet({ files: [{ name: "own.json", document }] })).code).to.equal(
      "policy.version-twice",
    );
  });

  it("add a year of holidays, or replace a shipped one, but not twice", () => {
    const year2027 = {
      format: "credit-anchor/holidays",
      formatVersion: 1,
      year: 2027,
      source: "made up for this test",
      holidays: [{ name: "New Year", from: "2027-01-01", until: "2027-01-03" }],
      workingWeekends: ["2026-12-27"],
    };
    const quashed = factsOf("cn.penalty", { decidedOn: "2026-05-06" }, { events: { quashed: "2026-12-24" } });
    const due = (...documents: unknown[]): unknown => {
      const files = documents.map((document, i) => ({ name: `own-${i}.json`, document }));
      return clockOf(loadPolicySet({ files }), quashed, "withdrawal.limit", "2026-12-24")?.due;
    };
    expect(due()).to.equal("2026-12-29");
    expect(due(year2027), "the Sunday 2026-12-27 became a working day").to.equal("2026-12-28");
    const extra = { name: "extra", from: "2026-12-25", until: "2026-12-25" };
    const more = changed(shippedHolidays[3], { "holidays/7": extra });
    expect(due(more)).to.equal("2026-12-30");
    expect(refused(() => due(more, more)).code).to.equal("calendar.two-tables");
  });

  it("are found in the folder of the home and on the command line; the settings name the authorities", () => {
    const dir = mkdtempSync(join(tmpdir(), "credit-anchor-policies-"));
    try {
      const home = { dir, settings: { ...defaultSettings, authorities: ["ndrc", "shenzhen"] } };
      const objected = factsOf("cn.licence", {}, { events: { "objection-received": "2026-09-21" } });
      expect(clockOf(knownPolicies(home), objected, "objection.decision", "2026-09-21")?.due).to.equal(
        "2026-09-22",
      );
      mkdirSync(join(dir, "policies"));
      cpSync(EXAMPLE, join(dir, "policies", "own.json"));
      writeFileSync(join(dir, "policies", "notes.txt"), "no policy");
      expect(policiesOf(knownPolicies(home), facts)).to.include("ndrc-order-36@101");
      const named = join(dir, "named.json");
      writeFileSync(named, JSON.stringify(changed(example.document, { version: 102 })));
      expect(policiesOf(knownPolicies(home, [named]), facts)).to.include("ndrc-order-36@102");
      writeFileSync(join(dir, "policies", "bad.json"), "{}");
      expect(refused(() => knownPolicies(home)).message).to.contain("bad.json");
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it("must know the authorities that are asked for", () => {
    const error = refused(() => loadPolicySet({ authorities: ["ndrc", "atlantis"] }));
    expect(error.code).to.equal("policy.authority-unknown");
    expect(error.hint).to.contain("zhejiang");
  });
});

describe("a holiday file", () => {
  const table = shippedHolidays[3];
  for (const [what, changes, fault] of [
    ["no year", { year: undefined }, "/year holidays.number"],
    ["no source", { source: "" }, "/source holidays.not-text"],
    ["no holidays", { holidays: [] }, "/holidays holidays.empty"],
    ["a holiday of another year", { "holidays/0/from": "2025-01-01" }, "/holidays/0/from holidays.year"],
    [
      "a holiday that ends before it begins",
      { "holidays/0/until": "2025-12-31" },
      "/holidays/0 holidays.span",
    ],
    ["a Monday for a weekend", { "workingWeekends/0": "2026-01-05" }, "/workingWeekends/0 holidays.weekday"],
    ["a working day in a holiday", { "workingWeekends/0": "2026-01-03" }, "/workingWeekends/0 holidays.both"],
    ["a date in another form", { "workingWeekends/0": "2026/01/04" }, "/workingWeekends/0 holidays.date"],
  ] as const)
    it(`is refused with ${what}`, () => {
      expect(places(() => loadHolidays(changed(table, changes)))).to.deep.equal([fault]);
    });
});
