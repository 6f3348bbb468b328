import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

import { fillHolidays, writeDemoCases } from "../../scripts/support/demo-case";
import { forgeries, writeDemoFiles } from "../../scripts/support/demo-files";
import { loadPolicySet } from "../../src/policy";
import { readEvidence } from "../../src/receipt";
import { dist, ensureBuilt } from "../support/build";

const demo = join(dist, "scripts", "demo.js");

describe("demo", function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "demo-"));
  /** What the demo printed. */
  let told = "";
  before(ensureBuilt);
  after(() => rmSync(folder, { recursive: true, force: true }));

  function play(...args: string[]): { status: number | null; text: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [demo, ...args], {
      // From anywhere, and whatever the person who runs it has set.
      cwd: tmpdir(),
      encoding: "utf8",
      env: { ...process.env, CREDIT_ANCHOR_HOME: "/nowhere", CREDIT_ANCHOR_PASSPHRASE: "wrong" },
    });
    return { status, text: stdout + stderr };
  }

  it("plays the whole story, in a folder that an earlier one left", () => {
    const out = join(folder, "out");
    for (const name of ["receipts", "homes", join("homes", "tax")])
      mkdirSync(join(out, name), { recursive: true });
    mkdirSync(join(out, "homes", "quality-bureau"));
    for (const name of [
      "receipts/gone.json",
      "homes/tax/old",
      "homes/quality-bureau/settings.json",
      "checkpoint.json",
    ])
      writeFileSync(join(out, name), "old");
    // Of a process that cannot be running any more.
    const marker = { pid: 2 ** 22 + 1, rpcUrl: "http://127.0.0.1:1" };
    writeFileSync(join(out, "homes", "sandbox.json"), JSON.stringify(marker));

    const { status, text } = play("--out", out);
    told = text;
    expect(status, text).to.equal(0);
    expect(text).to.match(/\d\d steps, each did what it should/);
    expect(text).not.to.contain("\u001b[");
    for (const words of [
      "nothing new",
      "GENUINE AND IN FORCE",
      "GENUINE, BUT NOT IN FORCE",
      "nothing is voided",
      "NO DIFFERENCES",
    ])
      expect(text).to.contain(words);
    // The life of a record, in this order.
    const life = [
      "Active, Disputed, in force",
      "decide the objection",
      "Superseded, not in force",
      "repair is possible from",
      "3 months later",
      "Repaired, not in force",
      "Withdrawn, not in force",
      "Active, in force",
      "record.ended",
      "SecondOperatorNeeded",
      "erased 2 versions",
      "Erased, not in force",
      "mark cleared: Disputed",
      "declared compromised",
      "OperatorIsRevoked",
      "agency 1 acts for it",
      "flagged    batch",
    ];
    let from = text.indexOf("its company objects");
    for (const words of life) {
      const at = text.indexOf(words, from);
      expect(at, `${words}, after what comes before it`).to.be.greaterThan(from);
      from = at;
    }
    expect(text.match(/NOT GENUINE/g)).to.have.length(6);
  });

  it("leaves receipts, forgeries and a report behind", () => {
    const out = join(folder, "out");
    expect(readdirSync(join(out, "receipts")).sort()).to.deep.equal([
      ...["bureau.json", "case-v1.json", "case-v2.json", "fine.json"],
      ...["licence.json", "night.json", "old.json", "presented.json"],
    ]);
    for (const name of readdirSync(join(out, "receipts")))
      expect(readEvidence(readFileSync(join(out, "receipts", name), "utf8")).faults).to.deep.equal([]);
    expect(readdirSync(join(out, "forged"))).to.have.length(6);
    expect(JSON.parse(readFileSync(join(out, "report", "report.json"), "utf8"))).to.have.property(
      "differences",
    ).that.is.empty;
    expect(readdirSync(join(out, "report")).sort()).to.deep.equal([
      "report.en.html",
      "report.json",
      "report.zh.html",
    ]);
    for (const kind of ["checkpoint", "bundle"])
      expect(JSON.parse(readFileSync(join(out, `${kind}.json`), "utf8"))).to.include({
        format: `credit-anchor/${kind}`,
      });
  });

  it("hides what the presentation should hide", () => {
    const licence = readFileSync(join(folder, "out", "receipts", "licence.json"), "utf8");
    const presented = readFileSync(join(folder, "out", "receipts", "presented.json"), "utf8");
    const { value } = (
      JSON.parse(licence) as { record: { fields: { name: string; value?: string }[] } }
    ).record.fields.find(({ name }) => name === "partyName")!;
    expect(licence).to.contain(value);
    expect(presented).not.to.contain(value);
  });

  it("makes forgeries that differ from the real receipt", () => {
    const read = (name: string) =>
      readEvidence(readFileSync(join(folder, "out", "receipts", name), "utf8")).evidence!;
    const fine = read("fine.json");
    for (const { evidence, story } of forgeries(fine, read("licence.json")))
      expect(evidence, story).not.to.deep.equal(fine);
  });

  it("picks the same records in every run", async () => {
    const first = await writeDemoFiles(folder);
    expect(await writeDemoFiles(folder)).to.deep.equal(first);
    expect(first.badRows).to.be.greaterThan(0);
    expect(first.correctedRows).to.be.greaterThan(0);
  });

  it("never prints a key that it signs with", async () => {
    const key = readFileSync(join(folder, "out", "homes", "second-operator.key"), "utf8").trim();
    expect(key).to.match(/^0x[0-9a-f]{64}$/);
    expect(told).to.contain("CREDIT_ANCHOR_PRIVATE_KEY=… credit-anchor").and.not.to.contain(key.slice(2));
  });

  it("tells its cases of any day: too recent for repair, old enough, and clocks that run", () => {
    for (const today of ["2026-11-25", "2026-12-31", "2028-02-29", "2031-03-31"]) {
      const { days, ...keys } = writeDemoCases(folder, today);
      expect([
        days.decided < days.objected,
        days.objected < days.quashed,
        days.quashed < today,
      ]).to.deep.equal([true, true, true]);
      expect(new Set(Object.values(keys)).size).to.equal(5);
      const home = join(folder, `home-${today}`);
      fillHolidays(home, today);
      const year = Number(today.slice(0, 4));
      const files = readdirSync(join(home, "policies")).map((name) => ({
        name,
        document: JSON.parse(readFileSync(join(home, "policies", name), "utf8")) as unknown,
      }));
      expect(loadPolicySet({ files }).calendar.years).to.include.members([year - 1, year, year + 1]);
    }
  });

  it("explains itself, and refuses what it does not know", () => {
    const { status, text } = play("--help");
    expect(status).to.equal(0);
    expect(text).to.contain("--serve").and.to.contain("--out");
    expect(play("--fast")).to.include({ status: 64 });
  });
});
