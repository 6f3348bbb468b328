import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

import { forgeries, writeDemoFiles } from "../../scripts/support/demo-files";
import { readEvidence } from "../../src/receipt";
import { dist, ensureBuilt } from "../support/build";

const demo = join(dist, "scripts", "demo.js");

describe("demo", function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "demo-"));
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
    for (const name of ["receipts/old.json", "homes/tax/old", "report.json"])
      writeFileSync(join(out, name), "old");
    // Of a process that cannot be running any more.
    const marker = { pid: 2 ** 22 + 1, rpcUrl: "http://127.0.0.1:1" };
    writeFileSync(join(out, "homes", "sandbox.json"), JSON.stringify(marker));

    const { status, text } = play("--out", out);
    expect(status, text).to.equal(0);
    expect(text).to.match(/\d\d steps, each did what it should/);
    expect(text).not.to.contain("\u001b[");
    for (const words of [
      "nothing new",
      "GENUINE AND IN FORCE",
      "GENUINE, BUT NOT IN FORCE",
      "Superseded",
      "Withdrawn",
      "NO DIFFERENCES",
    ])
      expect(text).to.contain(words);
    expect(text.match(/NOT GENUINE/g)).to.have.length(6);
  });

  it("leaves receipts, forgeries and a report behind", () => {
    const out = join(folder, "out");
    expect(readdirSync(join(out, "receipts")).sort()).to.deep.equal(
      ["after.json", "before.json", "fine.json", "licence.json", "presented.json"].sort(),
    );
    for (const name of readdirSync(join(out, "receipts")))
      expect(readEvidence(readFileSync(join(out, "receipts", name), "utf8")).faults).to.deep.equal([]);
    expect(readdirSync(join(out, "forged"))).to.have.length(6);
    expect(JSON.parse(readFileSync(join(out, "report.json"), "utf8"))).to.have.property("differences").that.is
      .empty;
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
    expect(first.corrected).not.to.equal(first.kept);
  });

  it("explains itself, and refuses what it does not know", () => {
    expect(play("--help")).to.include({ status: 0 });
    expect(play("--fast")).to.include({ status: 64 });
  });
});
