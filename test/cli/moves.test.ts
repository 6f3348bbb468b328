import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet } from "ethers";
import { toHex } from "../../src/bytes";
import { openHome } from "../../src/home";
import { decodeSpans, indexesOf } from "../../src/positions";
import { sampleUscc } from "../../src/samples";
import { rawRpc } from "../support/chains";
import { expectRun, json } from "../support/cli";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";
import { registryInterface } from "../../src/interfaces";

const DAY = 86_400_000;
/** A date in China, so many days from today. */
const inDays = (days: number): string =>
  new Date(Date.now() + 8 * 3_600_000 + days * DAY).toISOString().slice(0, 10);

/** The periods of this test, whatever year it runs in. */
const rule = (code: string, kind: string, from: string, unit: string, amount: number, more: object = {}) => ({
  code,
  kind,
  from,
  period: { amount, unit },
  article: `art. ${amount}`,
  certainty: "sure",
  ...more,
});
const POLICY = {
  format: "credit-anchor/policy",
  formatVersion: 1,
  id: "test-rules",
  version: 1,
  title: "Rules of a test",
  authority: "test",
  effectiveFrom: "2000-01-01",
  effectiveUntil: null,
  sources: ["this test"],
  classes: [
    { name: "minor", title: "minor" },
    { name: "general", title: "general" },
  ],
  positiveTypes: ["cn.licence"],
  signs: {
    "cn.penalty": [{ by: "is", fields: ["content"], words: { 小示例: ["minor"] }, certainty: "likely" }],
  },
  rules: [
    rule("repair.minimum", "minimum", "decided", "days", 0, { class: "minor" }),
    rule("repair.minimum", "minimum", "decided", "days", 90, { class: "general" }),
    rule("withdrawal.limit", "limit", "quashed", "working-days", 3, { until: ["withdrawn"] }),
    rule("publication.limit", "limit", "decided", "working-days", 7, { until: ["published"] }),
    rule("objection.decision", "limit", "objection-received", "days", 20, { until: ["objection-decided"] }),
  ],
};
/** A calendar in which nobody has holidays but on one day of the year before. */
const holidays = (year: number) => ({
  format: "credit-anchor/holidays",
  formatVersion: 1,
  year,
  source: "this test",
  holidays: [{ name: "a day", from: `${year}-01-01`, until: `${year}-01-01` }],
  workingWeekends: [],
});

interface Bulk {
  readonly named: number;
  readonly already: number;
  readonly refused: number;
  readonly rejectedFile: string | null;
  readonly flags: { readonly code: string; readonly records: number; readonly article: string }[];
}

/** Each test goes on where the one before stopped. */
describe("what becomes of a record, by commands", function () {
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-moves-"));
  const at = (name: string): string => join(base, name);
  const party = sampleUscc("91", "110000", 4711);
  let sandbox: SandboxProcess;
  let own: string[];
  let ndrc: string[];
  let code: string;

  const penalty = (n: number, decidedOn: string, content = "警告"): object => ({
    agencyCode: code,
    agencyName: "示例市场监管局",
    documentNumber: `T-${n}`,
    partyName: "示例有限公司",
    partyUscc: party,
    content,
    decidedOn,
  });
  const write = (name: string, rows: readonly object[]): string => {
    writeFileSync(at(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return at(name);
  };
  const key = (n: number): string[] => [
    "--key",
    JSON.stringify({ documentNumber: `T-${n}`, partyUscc: party }),
  ];
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
  const status = async (n: number): Promise<{ status: string; marks: string[]; history: object[] }> =>
    json(["status", ...key(n), ...own]);
  const receipt = async (n: number): Promise<string> => {
    await expectRun(0, ["receipt", ...key(n), "--out", at(`r${n}.json`), ...own]);
    return at(`r${n}.json`);
  };

  before(async () => {
    sandbox = await startSandboxProcess(at("sandbox"));
    ndrc = ["--home", sandbox.ready.homes.ndrc];
    const home = sandbox.ready.homes["market-regulator"];
    own = ["--home", home];
    const file = join(home, "settings.json");
    const settings = JSON.parse(readFileSync(file, "utf8")) as { agency: { code: string } };
    code = settings.agency.code;
    writeFileSync(file, JSON.stringify({ ...settings, authorities: ["test"] }));
    mkdirSync(join(home, "policies"));
    writeFileSync(join(home, "policies", "rules.json"), JSON.stringify(POLICY));
    const year = Number(inDays(0).slice(0, 4));
    for (const of of [year - 1, year, year + 1])
      writeFileSync(join(home, "policies", `holidays-${of}.json`), JSON.stringify(holidays(of)));
  });
  after(async () => {
    await sandbox.stop("SIGKILL");
    rmSync(base, { recursive: true, force: true });
  });

  it("anchor flags what went public after its limit, and what was in time not", async () => {
    const rows = [
      ...range(0, 8).map((n) => penalty(n, inDays(-10 - n))),
      ...range(8, 10).map((n) => penalty(n, inDays(-1))),
      penalty(299, inDays(-100)),
    ];
    await json(["anchor", write("recent.ndjson", rows), "--type", "cn.penalty", ...own]);
    // A batch of its own: its records are neighbours.
    const old = range(10, 298).map((n) => penalty(n, inDays(-100)));
    const told = await json<{
      flags: { code: string; records: number; due: string; arithmetic: string[] }[];
    }>(["anchor", write("old.ndjson", old), "--type", "cn.penalty", ...own]);
    expect(told.flags.every((flag) => flag.code === "anchor.late")).to.equal(true);
    const late = told.flags[0]!;
    expect(late.records).to.equal(288);
    expect(late).to.deep.include({ from: { event: "decided", date: inDays(-100) }, article: "art. 7" });
    expect(late.arithmetic.join()).to.contain(inDays(-100));
    const fresh = await json<{ flags: object[] }>([
      "anchor",
      write("fresh.ndjson", [penalty(500, inDays(0))]),
      "--type",
      "cn.penalty",
      ...own,
    ]);
    expect(fresh.flags).to.deep.equal([]);
  });

  it("repair before the minimum is refused, with the date, the article and the arithmetic", async () => {
    const { stderr } = await expectRun(64, ["repair", ...key(1), "--class", "general", ...own]);
    expect(stderr).to.contain(`repair is possible from ${inDays(-11 + 90)} on, today is ${inDays(0)}`);
    expect(stderr).to.contain("Rules of a test, art. 90 (test-rules@1)").and.to.contain(inDays(-11));
    expect((await status(1)).status).to.equal("Active");
  });

  it("flags a decision of a day to come, a class that is not the record's own, and repair asked for too early", async () => {
    interface Flags {
      readonly flags: { code: string; what: string; message: string; records: number; due: string | null }[];
    }
    const anchor = ["anchor", "--type", "cn.penalty", ...own];
    const later = write("later.ndjson", [penalty(800, inDays(0)), penalty(801, inDays(2))]);
    const told = await json<Flags>([...anchor, later]);
    expect(told.flags).to.have.length(1);
    expect(told.flags[0]).to.deep.include({
      ...{ code: "anchor.decided-later", records: 1, firstRow: 2, policy: null },
      what: `decided ${inDays(2)}, anchored ${inDays(0)}`,
    });
    const mild = [penalty(802, inDays(-1), "小示例"), penalty(803, inDays(-1), "别的")];
    const { stdout } = await expectRun(0, [...anchor, write("mild.ndjson", mild), "--class", "general"]);
    expect(stdout).to.match(
      /flagged: 1 record of another class by the record itself[^]*first record \d of batch \d+: class general stated, by the record itself minor/,
    );
    const other = await json<Flags>(["repair", ...key(802), "--class", "minor", "--dry-run", ...own]);
    expect(other.flags).to.deep.equal([]);
    // Stated before or now: what the record tells is looked at by what is stated now.
    const mark = ["mark", "set", "--mark", "repair-pending", "--reason", "none", ...own];
    const early = await json<Flags & { marked: boolean }>([...mark, ...key(803)]);
    expect(early).to.include({ marked: true });
    expect(early.flags[0]).to.include({ code: "mark.early", due: inDays(89) });
    expect(early.flags[0]!.message).to.contain(
      `repair applied for ${inDays(0)}, possible from ${inDays(89)} on`,
    );
    expect(early.flags[0]!.message).to.contain("art. 90 (test-rules@1)");
    // Nobody said of which class it is.
    const open = await json<Flags>([...mark, ...key(801), "--dry-run"]);
    expect(open.flags[0]).to.include({ code: "mark.early-unknown", due: null });
    const free = [
      "mark",
      "set",
      "--mark",
      "under-review",
      "--reason",
      "none",
      "--dry-run",
      ...key(801),
      ...own,
    ];
    expect((await json<Flags>(free)).flags).to.deep.equal([]);
    // By the class it was anchored with, repair is too early; by the one stated now it is possible.
    const rows = [penalty(804, inDays(-200), "小示例")];
    await json([...anchor, write("old-mild.ndjson", rows)]);
    const differs = await json<Flags>(["repair", ...key(804), "--class", "general", "--dry-run", ...own]);
    expect(differs.flags[0]).to.include({
      code: "class.differs",
      what: "class general stated, by the record itself minor",
    });
  });

  it("repair asks for the class where the minimum depends on it", async () => {
    const { stderr } = await expectRun(64, ["repair", ...key(1), ...own]);
    expect(stderr).to.contain("if the class is general").and.to.contain("--class NAME");
  });

  it("repair after the minimum, and its revocation; each is told and kept with the policy that decided", async () => {
    expect(await json(["repair", ...key(1), "--class", "minor", "--dry-run", ...own])).to.deep.include({
      repaired: false,
      dryRun: true,
    });
    expect(await json(["repair", ...key(1), "--class", "minor", ...own])).to.deep.include({
      repaired: true,
      already: false,
      reason: 20,
      policies: ["test-rules@1"],
    });
    expect((await status(1)).status).to.equal("Repaired");
    expect(await json(["repair", ...key(1), "--class", "minor", ...own])).to.include({ already: true });
    expect(await json(["repair", "--revoke", ...key(1), ...own])).to.include({ revoked: true, reason: 21 });
    expect(await status(1)).to.deep.include({ status: "Active" });
  });

  it("repair in bulk: by keys as CSV, what may not is told row by row, what is done once is not done again", async () => {
    const lines = [
      "documentNumber,partyUscc",
      ...[...range(10, 298), 1, 999, 2, 11].map((n) => `T-${n},${party}`),
    ];
    writeFileSync(at("granted.csv"), `${lines.join("\n")}\n`);
    const args = ["repair", "--file", at("granted.csv"), "--class", "general", ...own];
    const told = await json<Bulk & { repaired: number }>(args, { status: 4 });
    expect(told).to.deep.include({ named: 292, repaired: 288, already: 0, repeated: 1, refused: 3 });
    const rows = readFileSync(told.rejectedFile!, "utf8").trim().split("\n");
    const found = rows.map((line) => JSON.parse(line) as { row: number; faults: { code: string }[] });
    expect(found.map(({ row, faults }) => [row, faults[0]!.code]).sort()).to.deep.equal([
      [289, "repair.too-early"],
      [290, "record.unknown"],
      [291, "repair.too-early"],
    ]);
    // Two rows that are too early, each with its own dates, are of one kind.
    const { stdout } = await expectRun(4, args);
    expect(stdout)
      .to.match(/named by an earlier row +1$/m)
      .and.to.match(/^ {2}2 × such as row: repair is possible from .* \[repair\.too-early\]$/m)
      .and.to.match(/^ {2}1 × row: .* \[record\.unknown\]$/m);
    expect(await json<Bulk>(args, { status: 4 })).to.deep.include({ repaired: 0, already: 288, refused: 3 });
  });

  it("bulk moves go out in calls of 256, within the gas a record may cost", async () => {
    const calls = await movesOf(sandbox.ready.rpcUrl, sandbox.ready.registry);
    expect(calls.slice(-2).map(({ records }) => records)).to.deep.equal([256, 32]);
    expect(calls.at(-2)!.gas / 256).to.be.at.most(900);
  });

  it("dispute open and due: the decision falls due, soonest first, and goes into a calendar", async () => {
    const received = inDays(-10);
    const opened = await json(["dispute", "open", ...key(2), "--received-on", received, ...own]);
    expect(opened).to.include({ disputed: true, reason: 30 });
    expect((await status(2)).marks).to.deep.equal(["Disputed"]);
    const args = ["due", "--within", "10", "--ical", at("due.ics"), ...own];
    const { items } = await json<{ items: { code: string; due: string; batch: string; index: number }[] }>(
      args,
    );
    const open = items.filter((item) => item.code === "objection.decision");
    expect(open.map(({ due }) => due)).to.deep.equal([inDays(10)]);
    // By what it is listed as, other commands find it.
    const place = ["--batch", open[0]!.batch, "--index", String(open[0]!.index)];
    expect((await json<{ marks: string[] }>(["status", ...place, ...own])).marks).to.deep.equal(["Disputed"]);
    expect(items.map(({ due }) => due)).to.deep.equal(items.map(({ due }) => due).sort());
    const calendar = readFileSync(at("due.ics"), "utf8");
    expect(calendar).to.contain(`DTSTART;VALUE=DATE:${inDays(10).replaceAll("-", "")}`);
    expect(calendar).to.not.contain("T-2").and.to.not.contain("示例");
    const { stdout } = await expectRun(0, args);
    expect(stdout).to.contain("decide the objection").and.to.contain("in 10 days");
    const early = ["--outcome", "keep", "--decided-on", inDays(-11)];
    expect((await expectRun(64, ["dispute", "resolve", ...key(2), ...early, ...own])).stderr).to.contain(
      `--decided-on ${inDays(-11)} is before the objection was received, ${received}`,
    );
  });

  it("a day before the record was decided is refused, whatever happened on it", async () => {
    const review = ["--mark", "under-review", "--reason", "review-or-litigation"];
    for (const [option, ...verb] of [
      ["--received-on", "dispute", "open"],
      ["--on", "mark", "set", ...review],
      ["--quashed-on", "withdraw", "--reason", "decision-void"],
    ] as const)
      expect(
        (await expectRun(64, [...verb, ...key(9), option, "2020-01-01", "--dry-run", ...own])).stderr,
      ).to.contain(`${option} 2020-01-01 is before the record was decided`);
  });

  it("due knows the types there are, and says when a home holds no records", async () => {
    expect((await expectRun(64, ["due", "--type", "cn.penalti", ...own])).stderr).to.contain("cn.penalty");
    expect((await expectRun(0, ["due", ...ndrc])).stdout).to.contain(
      "this home holds no anchored record in force",
    );
  });

  it("a day that is still to come is refused, before anything is counted from it", async () => {
    const tomorrow = inDays(1);
    const review = ["--mark", "under-review", "--reason", "review-or-litigation"];
    for (const [option, day, ...verb] of [
      ["--received-on", tomorrow, "dispute", "open"],
      ["--decided-on", tomorrow, "dispute", "resolve", "--outcome", "keep"],
      ["--on", tomorrow, "mark", "set", ...review],
      // No holiday table will ever be known of that year.
      ["--quashed-on", "9999-12-31", "withdraw", "--reason", "decision-void"],
    ] as const) {
      const { stderr } = await expectRun(64, [...verb, ...key(9), option, day, "--dry-run", ...own]);
      expect(stderr).to.contain(`${option} ${day} is still to come: in China today is ${inDays(0)}`);
    }
  });

  it("dispute resolve --outcome correct needs the correction, made with reason and evidence", async () => {
    const resolve = ["dispute", "resolve", ...key(2), "--outcome", "correct", ...own];
    expect((await expectRun(64, resolve)).stderr).to.contain("credit-anchor correct FILE");
    writeFileSync(at("decision.txt"), "the decision on the objection");
    const file = write("corrected.ndjson", [penalty(2, inDays(-12), "更正")]);
    const correct = ["correct", file, "--type", "cn.penalty", "--evidence", at("decision.txt"), ...own];
    expect(await json(correct)).to.include({ newVersions: 1, new: 0, moved: 1 });
    const before = await expectRun(0, resolve);
    expect(before.stdout).to.contain("36 objection-corrected");
    // By key one finds the latest version; the mark was on the one before.
    expect((await status(2)).marks).to.deep.equal([]);
    const { items } = await json<{ items: { code: string }[] }>(["due", "--within", "10", ...own]);
    expect(items.some(({ code: what }) => what === "objection.decision")).to.equal(false);
    expect(await json(resolve)).to.include({ already: true });
  });

  it("correct tells why on the chain, and rejects records that the home does not have", async () => {
    const first = await receipt(3);
    const file = write("more.ndjson", [penalty(3, inDays(-13), "二"), penalty(700, inDays(-13))]);
    const correct = ["correct", file, "--type", "cn.penalty", "--reason", "amendment", ...own];
    const dry = await json([...correct, "--dry-run"], { status: 4 });
    expect(dry).to.include({ newVersions: 1, new: 0, rejected: 1 });
    expect(await json(correct, { status: 4 })).to.include({ newVersions: 1, rejected: 1 });
    const told = await json<{ status: string; history: { reason: number }[] }>([
      "status",
      "--receipt",
      first,
      ...own,
    ]);
    expect(told.status).to.equal("Superseded");
    expect(told.history[0]!.reason).to.equal(2);
    expect(told.history[0]!).to.include({ reasonName: "amendment" });
  });

  it("status by key tells every version, the latest first; by place, in the own home, what it is", async () => {
    interface Version {
      readonly [name: string]: unknown;
      readonly history: { event: string; reasonName: string; markNames?: string[] }[];
    }
    await json(["mark", "set", ...key(3), "--mark", "under-review", "--reason", "32", ...own]);
    const told = await json<Version & { versions: Version[] }>(["status", ...key(3), ...own]);
    const { versions, ...latest } = told;
    expect(versions.map(({ version, status, marks }) => [version, status, marks])).to.deep.equal([
      [2, "Active", ["UnderReview"]],
      [1, "Superseded", []],
    ]);
    expect(versions[0]).to.deep.equal(latest);
    expect(versions[0]!.history.at(-1)).to.deep.include({
      event: "MarksSet",
      reasonName: "review-or-litigation",
      markNames: ["UnderReview"],
    });
    expect(versions[1]!.history.at(-1)).to.include({ event: "RecordsSuperseded", reasonName: "amendment" });
    const { stdout } = await expectRun(0, ["status", ...key(3), ...own]);
    for (const { batch, index, version, leaf } of versions)
      expect(stdout).to.contain(
        `record ${index} of batch ${batch}: cn.penalty, version ${version}, leaf ${String(leaf).slice(0, 8)}…`,
      );
    expect(stdout.indexOf("version 2")).to.be.lessThan(stdout.indexOf("version 1"));
    const { batch, index, leaf } = versions[1]!;
    const place = ["--batch", String(batch), "--index", String(index)];
    const placed = await json<{ versions: object[] }>(["status", ...place, ...own]);
    expect(placed).to.deep.include({ type: "cn.penalty", version: 1, leaf, status: "Superseded" });
    expect(placed.versions).to.have.length(1);
    const others = ["--rpc", sandbox.ready.rpcUrl, "--registry", sandbox.ready.registry];
    expect(await json(["status", ...place, ...others])).to.include({ type: null, version: null, leaf: null });
  });

  it("correct --mode direct says why in the manifest, whose hash is anchored with the new version", async () => {
    const direct = ["--type", "cn.penalty", "--mode", "direct", ...own];
    await json(["anchor", write("direct.ndjson", [penalty(900, inDays(-3))]), ...direct]);
    const old = await receipt(900);
    writeFileSync(at("notice.txt"), "why it is corrected");
    const file = write("direct-corrected.ndjson", [penalty(900, inDays(-3), "更正")]);
    const correct = ["correct", file, "--reason", "amendment", "--evidence", at("notice.txt"), ...direct];
    const { stderr } = await expectRun(0, correct);
    expect(stderr).to.contain("in the batch's manifest, and not on the chain");
    const told = await json<{ status: string; history: { reason: number }[] }>([
      "status",
      "--receipt",
      old,
      ...own,
    ]);
    expect([told.status, told.history[0]!.reason]).to.deep.equal(["Superseded", 0]);
    const [, home] = own;
    rmSync(at("r900.json"));
    const { manifest } = await json<{ manifest: { supersession: { reason: number; evidenceHash: string } } }>(
      ["bundle", await receipt(900), ...own],
    );
    const { reason, evidenceHash } = manifest.supersession;
    expect(reason).to.equal(2);
    const kept = JSON.parse(readFileSync(join(home!, "evidence", `${evidenceHash}.json`), "utf8")) as {
      fileName: string;
    };
    expect(kept.fileName).to.equal("notice.txt");
  });

  it("a wrong natural key is corrected by a record with another key; nothing follows the wrong one", async () => {
    const wrong = await receipt(4);
    const file = write("right.ndjson", [penalty(1004, inDays(-14))]);
    const replaces = ["--replaces", JSON.stringify({ documentNumber: "T-4", partyUscc: party })];
    const correct = ["correct", file, "--type", "cn.penalty", ...replaces, ...own];
    const place = await json<{ batch: string; index: number }>(["status", "--receipt", wrong, ...own]);
    const byPlace = ["--replaces-batch", place.batch, "--replaces-index", String(place.index), "--dry-run"];
    const rehearse = ["correct", file, "--type", "cn.penalty", ...byPlace, ...own];
    expect((await expectRun(0, rehearse)).stdout).to.contain(
      `would be superseded: record ${place.index} of batch ${place.batch}, mode root, now Active`,
    );
    expect(await json(correct)).to.include({ new: 1, moved: 1 });
    expect(await json(correct)).to.include({ already: true });
    expect((await expectRun(64, rehearse)).stderr).to.contain("was replaced, withdrawn or erased already");
    const strange = await expectRun(64, rehearse.with(5, String(2n ** 33n)));
    expect(strange.stderr).to.contain("is of agency 2, and this home is of agency 1");
    expect((await expectRun(0, ["status", ...key(4), ...own])).stdout).to.contain(
      "a record with another key took its place",
    );
    const told = await json<{ status: string; history: { successor: string; reason: number }[] }>([
      "status",
      "--receipt",
      wrong,
      ...own,
    ]);
    expect(told).to.include({ status: "Superseded" });
    expect(told.history[0]!.reason).to.equal(1);
    expect((await status(1004)).status).to.equal("Active");
    await expectRun(4, [
      "anchor",
      write("again.ndjson", [penalty(4, inDays(-14), "新")]),
      "--type",
      "cn.penalty",
      ...own,
    ]);
    const known = write("known.ndjson", [penalty(1, inDays(-11))]);
    const five = ["--replaces", JSON.stringify({ documentNumber: "T-5", partyUscc: party })];
    await expectRun(4, ["correct", known, "--type", "cn.penalty", ...five, ...own]);
    const two = write("two.ndjson", [penalty(1, inDays(-14)), penalty(2, inDays(-14))]);
    await expectRun(64, ["correct", two, "--type", "cn.penalty", ...five, ...own]);
    expect((await status(5)).status).to.equal("Active");
  });

  it("withdraw after its limit is made and flagged; within it only made", async () => {
    const args = (n: number, quashed: string) => [
      "withdraw",
      ...key(n),
      "--reason",
      "decision-void",
      "--quashed-on",
      quashed,
      ...own,
    ];
    const { stdout } = await expectRun(0, args(5, inDays(-10)));
    expect(stdout)
      .to.contain("flagged: withdrawn")
      .and.to.contain("art. 3 (test-rules@1)")
      .and.to.contain(inDays(-10));
    const before = await expectRun(64, args(7, inDays(-18)));
    expect(before.stderr).to.contain(
      `--quashed-on ${inDays(-18)} is before the record was decided, ${inDays(-17)}`,
    );
    const late = await json<Bulk & { withdrawn: boolean }>(args(6, inDays(-10)));
    expect(late.withdrawn).to.equal(true);
    expect(late.flags.map((flag) => [flag.code, flag.article])).to.deep.equal([["withdraw.late", "art. 3"]]);
    // A policy of the command line comes before those of the home.
    const limit = rule("withdrawal.limit", "limit", "quashed", "days", 0, { until: ["withdrawn"] });
    const strict = { ...POLICY, id: "strict-rules", rules: [limit] };
    writeFileSync(at("strict.json"), JSON.stringify(strict));
    const dry = ["--policy", at("strict.json"), "--dry-run"];
    const flagged = await json<Bulk>([...args(7, inDays(-1)), ...dry]);
    expect(flagged.flags.map((flag) => flag.article)).to.deep.equal(["art. 0"]);
    // A year whose holidays nobody has announced is no reason to keep a record in force.
    const far = rule("withdrawal.limit", "limit", "quashed", "working-days", 700, { until: ["withdrawn"] });
    writeFileSync(at("far.json"), JSON.stringify({ ...POLICY, id: "far-rules", rules: [far] }));
    const unknown = await expectRun(0, [...args(7, inDays(-1)), "--policy", at("far.json"), "--dry-run"]);
    expect(unknown.stdout)
      .to.contain("by a limit that cannot be counted yet")
      .and.to.contain("holiday table");
    expect((await json<Bulk>(args(7, inDays(0)))).flags).to.deep.equal([]);
    expect((await status(7)).status).to.equal("Withdrawn");
  });

  it("dispute resolve --outcome withdraw leaves a record alone that nobody objected to", async () => {
    const { stderr } = await expectRun(64, [
      "dispute",
      "resolve",
      ...key(8),
      "--outcome",
      "withdraw",
      ...own,
    ]);
    expect(stderr).to.contain("no objection is open").and.to.contain("credit-anchor withdraw");
    expect((await status(8)).status).to.equal("Active");
  });

  it("dispute resolve --outcome withdraw withdraws in the same command", async () => {
    await expectRun(0, ["dispute", "open", ...key(8), ...own]);
    expect(await json(["dispute", "resolve", ...key(8), "--outcome", "withdraw", ...own])).to.include({
      resolved: true,
      reason: 38,
    });
    expect(await status(8)).to.deep.include({ status: "Withdrawn", marks: [] });
    await expectRun(4, [
      "anchor",
      write("n8.ndjson", [penalty(8, inDays(-1), "新")]),
      "--type",
      "cn.penalty",
      ...own,
    ]);
  });

  it("a withdrawn record can be neither repaired nor withdrawn again, but marked", async () => {
    const { stderr } = await expectRun(64, ["repair", ...key(8), "--class", "minor", ...own]);
    expect(stderr).to.contain("is Withdrawn");
    const mark = ["--mark", "under-review", "--reason", "review-or-litigation"];
    expect(await json(["mark", "set", ...key(8), ...mark, ...own])).to.include({ marked: true });
    expect((await status(8)).marks).to.deep.equal(["UnderReview"]);
    expect(await json(["mark", "clear", ...key(8), ...mark, ...own])).to.include({ cleared: true });
  });

  it("masked is the arbiter's: on any agency's record, by receipt and in bulk by place", async () => {
    const refused = await expectRun(64, [
      "mark",
      "set",
      ...key(9),
      "--mark",
      "masked",
      "--reason",
      "34",
      ...own,
    ]);
    expect(refused.stderr).to.contain("arbiter");
    const set = ["mark", "set", "--mark", "masked,disputed", "--reason", "court-order", ...ndrc];
    expect(await json([...set, "--receipt", await receipt(9)])).to.include({
      as: "arbiter",
      marked: 1,
      already: 0,
    });
    expect((await status(9)).marks).to.deep.equal(["Disputed", "Masked"]);
    const { batch, index } = await json<{ batch: string; index: number }>(["status", ...key(9), ...own]);
    const places = [index, index === 0 ? 1 : 0, 4_000].map((i) => `${batch},${i}`);
    writeFileSync(at("places.csv"), `batch,index\n${places.join("\n")}\n`);
    const told = await json([...set, "--file", at("places.csv")], { status: 4 });
    expect(told).to.include({ marked: 1, already: 1, refused: 1 });
    const clear = ["mark", "clear", "--mark", "masked", "--reason", "settled", ...ndrc];
    expect(await json([...clear, "--batch", batch, "--index", String(index)])).to.include({ cleared: 1 });
    expect((await status(9)).marks).to.deep.equal(["Disputed"]);
    const byKey = await expectRun(64, [...clear, ...key(9)]);
    expect(byKey.stderr).to.contain("no record keys");
  });

  it("receipts name records in bulk too", async () => {
    const lines = await Promise.all([290, 291].map(async (n) => readFileSync(await receipt(n), "utf8")));
    writeFileSync(
      at("receipts.ndjson"),
      lines.map((text) => `${JSON.stringify(JSON.parse(text))}\n`).join(""),
    );
    const args = ["withdraw", "--file", at("receipts.ndjson"), "--reason", "wrong-party", ...own];
    expect(await json([...args, "--dry-run"])).to.include({ withdrawn: 2, named: 2, dryRun: true });
    expect((await status(290)).status).to.equal("Repaired");
    expect(await json(args)).to.include({ withdrawn: 2, already: 0, refused: 0 });
    expect((await status(291)).status).to.equal("Withdrawn");
  });

  it("keeps the class that was stated when a record was anchored or moved: due and later moves ask no more", async () => {
    const items = async (n: number): Promise<{ class: string | null; onlyIf: boolean }[]> => {
      const { items: all } = await json<{
        items: { what: string; recordKey: string; class: string | null; onlyIf: boolean; code: string }[];
      }>(["due", "--within", "400", ...own]);
      const recordKey = await keyHash(n);
      return all.filter((item) => item.recordKey === recordKey && item.code === "repair.minimum");
    };
    const home = openHome(sandbox.ready.homes["market-regulator"], { env: {} });
    const keyHash = async (n: number): Promise<string> => {
      const vault = await home.readVault({ decrypt: true });
      try {
        for (const { number, size } of vault.plans())
          for (let index = 0; index < size; index++) {
            if (vault.isDestroyed(number, index)) continue;
            const { payload, key: recordKey } = vault.read(number, index);
            if (new TextDecoder().decode(payload).includes(`"T-${n}"`)) return toHex(recordKey);
          }
        throw new Error("no such record");
      } finally {
        await vault.close();
      }
    };
    const anchor = (name: string, rows: readonly object[], ...more: string[]): Promise<unknown> =>
      json(["anchor", write(name, rows), "--type", "cn.penalty", ...more, ...own]);
    // Whether 30 days of these are over depends on a class that they do not tell.
    await anchor("unstated.ndjson", [penalty(500, inDays(-30), "其他")]);
    expect((await items(500)).length).to.be.greaterThan(0);
    expect((await items(500)).every(({ onlyIf }) => onlyIf)).to.equal(true);
    await anchor("stated.ndjson", [penalty(501, inDays(-30), "其他")], "--class", "general");
    const stated = await items(501);
    expect(stated.map(({ class: name, onlyIf }) => ({ name, onlyIf }))).to.deep.equal([
      { name: "general", onlyIf: false },
    ]);
    const early = await expectRun(64, ["repair", ...key(501), ...own]);
    expect(early.stderr)
      .to.include("repair is possible from")
      .and.to.include("class general, as stated before");
    // A correction of it is of the same class, unless another is stated.
    await anchor("stated-2.ndjson", [penalty(501, inDays(-31), "其他")]);
    expect((await items(501)).map(({ onlyIf }) => onlyIf)).to.deep.equal([false]);
    await anchor("stated-3.ndjson", [penalty(501, inDays(-32), "其他")], "--class", "minor");
    await expectRun(0, ["repair", ...key(501), ...own]);
    // Stated with the repair, it holds when that is taken back.
    await expectRun(0, ["repair", ...key(500), "--class", "minor", ...own]);
    await expectRun(0, ["repair", "--revoke", ...key(500), ...own]);
    expect(await items(500)).to.deep.equal([]);
    await expectRun(0, ["repair", ...key(500), ...own]);
    const unknown = await expectRun(64, ["repair", ...key(2), "--class", "grave", ...own]);
    expect(unknown.stderr).to.include("minor, general");
  });

  it("keeps the policy versions with the batches, and asks for a version that is gone", async () => {
    const policies = join(sandbox.ready.homes["market-regulator"], "policies");
    writeFileSync(
      join(policies, "rules.json"),
      JSON.stringify({ ...POLICY, version: 2, rules: POLICY.rules.slice(0, 2) }),
    );
    const gone = await expectRun(64, ["repair", ...key(299), "--class", "minor", ...own]);
    expect(gone.stderr).to.contain("test-rules@1");
    // With both versions, the record is judged by the one it was anchored under: general means 90 days, not 0.
    const stricter = POLICY.rules.map((item) =>
      item.code === "repair.minimum" ? { ...item, period: { amount: 0, unit: "days" } } : item,
    );
    writeFileSync(join(policies, "rules.json"), JSON.stringify(POLICY));
    writeFileSync(join(policies, "rules-2.json"), JSON.stringify({ ...POLICY, version: 2, rules: stricter }));
    const { stderr } = await expectRun(64, ["repair", ...key(1), "--class", "general", ...own]);
    expect(stderr)
      .to.contain("test-rules@1")
      .and.to.contain(`possible from ${inDays(79)}`);
  });

  it("a record must be named in one way, and a reason given", async () => {
    const both = await expectRun(64, [
      "withdraw",
      ...key(1),
      "--file",
      at("places.csv"),
      "--reason",
      "13",
      ...own,
    ]);
    expect(both.stderr).to.contain("--file names the records");
    expect((await expectRun(64, ["withdraw", ...key(1), ...own])).stderr).to.contain("--reason is missing");
    expect((await expectRun(64, ["dispute", "resolve", ...key(1), ...own])).stderr).to.contain("--outcome");
    const outsider = ["--home", at("outsider")];
    await json(["init", ...outsider, "--code", "OUT-1", "--trial", "--import-key"], {
      env: { CREDIT_ANCHOR_PRIVATE_KEY: Wallet.createRandom().privateKey },
    });
    await expectRun(64, ["repair", ...key(1), ...outsider]);
  });

  it("leaves an audit nothing to find", async () => {
    interface Audited {
      readonly roles: { readonly journal: { readonly length: number; readonly head: string } }[];
      readonly clocks: { readonly judged: { readonly authority: string }[] };
    }
    const { roles } = await json<Audited>(["audit", ...own]);
    const { length, head } = roles[0]!.journal;
    const { clocks } = await json<Audited>([
      ...["audit", "--roles-head", `${length}:${head}`, "--authority", "test", ...own],
    ]);
    expect(clocks.judged.length).to.be.greaterThan(0);
    const other = ["audit", "--roles-head", `${length}:0x${"12".repeat(32)}`, ...own];
    expect((await expectRun(1, other)).stdout).to.contain("roles");
    const nobody = await expectRun(64, ["audit", "--authority", "nobody", ...own]);
    expect(nobody.stderr).to.contain("no policy is of one of the authorities");
    const rejected = readdirSync(join(sandbox.ready.homes["market-regulator"], "rejected"));
    expect(rejected.length).to.be.greaterThan(0);
  });
});

/** Calls that changed statuses, in their order: how many records each moved, and its gas. */
async function movesOf(rpcUrl: string, address: string): Promise<{ records: number; gas: number }[]> {
  const topics = [registryInterface.getEvent("StatusChanged").topicHash];
  const logs = (await rawRpc(rpcUrl, "eth_getLogs", [{ address, topics, fromBlock: "0x0" }])) as {
    data: string;
    topics: string[];
    transactionHash: string;
  }[];
  return Promise.all(
    logs.map(async (log) => {
      const { positions } = registryInterface.decodeEventLog("StatusChanged", log.data, log.topics);
      const receipt = await rawRpc(rpcUrl, "eth_getTransactionReceipt", [log.transactionHash]);
      const records = [...indexesOf(decodeSpans(String(positions)))].length;
      return { records, gas: Number((receipt as { gasUsed: string }).gasUsed) };
    }),
  );
}
