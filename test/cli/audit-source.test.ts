import { expect } from "chai";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openHome } from "../../src/home";
import { expectRun, json } from "../support/cli";
import { startAnvil, type TestChain } from "../support/chains";
import { permit, permits, removeFolders, rowsFile, temporaryFolder, type Row } from "../support/homes";
import { TYPE, TYPE_NAME } from "../support/samples";
import { homeOf, planRows, startWorld, type World } from "../support/world";

interface Report {
  readonly coverage: { readonly records: number; readonly proven: number };
  readonly reconciliations: readonly {
    readonly rows: number;
    readonly same: number;
    readonly faults: Record<string, number>;
  }[];
  readonly differences: readonly { code: string; where: Record<string, unknown>; found?: string }[];
}

describe("audit with what the agency brings", function () {
  let node: TestChain;
  let world: World;
  let dir: string;
  let own: string[];
  let auditor: string[];
  let desk: string;
  let leaves: string;

  before(async () => {
    desk = temporaryFolder();
    leaves = join(desk, "leaves");
    node = await startAnvil();
    world = await startWorld(node);
    ({ dir } = await homeOf(world));
    const home = openHome(dir, { env: {} });
    await home.changeSettings((was) => ({ ...was, finalityBlocks: 0 }));
    own = ["--home", dir];
    auditor = ["--rpc", node.url, "--registry", world.registry.address];
    writeFileSync(join(desk, `${TYPE_NAME}.json`), JSON.stringify(TYPE));
    const anchor = (rows: readonly Row[]): Promise<unknown> =>
      expectRun(0, ["anchor", rowsFile(rows), "--type", join(desk, `${TYPE_NAME}.json`), ...own]);
    await anchor(permits(0, 10));
    await anchor(permits(0, 2, 1));
    const key = JSON.stringify({ permitNumber: "P-5", holderNumber: "H-5" });
    await expectRun(0, ["withdraw", "--key", key, "--reason", "no-basis", ...own]);
  });
  after(async () => {
    removeFolders();
    await node.stop();
  });

  describe("the vault of an agency", () => {
    it("is looked into by an auditor who has no home, or another one", async () => {
      const report = await json<Report & { vaults: { records: number }[] }>([
        "audit",
        ...auditor,
        "--vault",
        dir,
      ]);
      expect(report.differences).to.deep.equal([]);
      expect(report.vaults.map(({ records }) => records)).to.deep.equal([12]);
      const without = await json<{ vaults: unknown[] }>(["audit", ...auditor]);
      expect(without.vaults).to.deep.equal([]);
      const file = join(dir, "vault", "batches", readdirSync(join(dir, "vault", "batches"))[0]!);
      const honest = readFileSync(file);
      const altered = Buffer.from(honest);
      altered[altered.length - 1]! ^= 1;
      writeFileSync(file, altered);
      const found = await json<Report>(["audit", ...auditor, "--vault", dir], { status: 1 });
      writeFileSync(file, honest);
      expect(found.differences.map(({ code }) => code)).to.include("vault.damaged");
    });

    it("is none in a folder of another kind, and not left out at the same time", async () => {
      const empty = join(desk, "auditor");
      await expectRun(0, ["init", "--home", empty, "--name", "Auditor", "--trial"]);
      expect((await expectRun(64, ["audit", ...auditor, "--vault", empty])).stderr).to.contain(
        "is not the home of an agency",
      );
      const both = ["--vault", dir, "--without-vault"];
      expect((await expectRun(64, ["audit", ...auditor, ...both])).stderr).to.contain("exclude each other");
    });
  });

  describe("leaves files", () => {
    before(() => expectRun(0, ["leaves", "export", "--out", leaves, ...own]));

    it("prove to an auditor how many records there are, and show nothing of them", async () => {
      const before = await json<Report>(["audit", ...auditor]);
      expect(before.coverage).to.include({ records: 12, proven: 0 });
      const with_ = await json<Report>(["audit", ...auditor, "--leaves", leaves]);
      expect(with_.coverage).to.include({ records: 12, proven: 12 });
      expect(with_.differences).to.deep.equal([]);
      const { stdout } = await expectRun(0, ["audit", ...auditor, "--leaves", leaves]);
      expect(stdout).to.contain("12 records claimed, 12 proven");
      expect(readdirSync(leaves).sort()).to.deep.equal(["1-0.leaves", "1-1.leaves"]);
      const content = readFileSync(join(leaves, "1-0.leaves"));
      expect(content.length - (content.indexOf("\n") + 1)).to.equal(320);
      expect(content.subarray(0, content.indexOf("\n")).toString()).to.not.contain("P-");
      expect(statSync(join(leaves, "1-0.leaves")).mode & 0o777).to.equal(0o600);
    });

    const content = (): Buffer => readFileSync(join(leaves, "1-0.leaves"));
    const changed = (from: string, to: string): Buffer =>
      Buffer.from(content().toString("latin1").replace(from, to), "latin1");
    const flipped = (): Buffer => {
      const bytes = content();
      bytes[bytes.length - 1]! ^= 1;
      return bytes;
    };
    for (const [what, make, code] of [
      ["one bit is another", flipped, "leaves.root"],
      ["one leaf is missing", () => changed('"size":10', '"size":9').subarray(0, -32), "leaves.size"],
      ["the end is missing", () => content().subarray(0, -5), "leaves.file"],
      ["it is something else", () => Buffer.from("no leaves"), "leaves.file"],
      ["its batch was never anchored", () => changed("4294967296", "4294967396"), "leaves.unknown-batch"],
      ["it claims to be of another batch", () => changed("4294967296", "4294967297"), "leaves.size"],
    ] as const)
      it(`are named where ${what}`, async () => {
        const folder = join(desk, "forged");
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder);
        copyFileSync(join(leaves, "1-1.leaves"), join(folder, "1-1.leaves"));
        writeFileSync(join(folder, "1-0.leaves"), make());
        const { differences } = await json<Report>(["audit", ...auditor, "--leaves", folder], { status: 1 });
        expect(differences.map((found) => found.code)).to.include(code);
        expect(differences.every(({ where }) => where["file"] === "1-0.leaves")).to.equal(true);
      });
  });

  describe("the source", () => {
    const audit = (rows: readonly Row[], status: number): Promise<Report> =>
      json<Report>(["audit", "--source", rowsFile(rows, desk), "--type", TYPE_NAME, ...own], { status });
    const current = [...permits(0, 2, 1), ...permits(2, 5), ...permits(6, 10)];

    it("that has every record in force as it was anchored differs in nothing", async () => {
      const report = await audit(current, 0);
      expect(report.reconciliations).to.have.length(1);
      expect(report.reconciliations[0]).to.deep.include({ rows: 9, same: 9 });
      expect(report.differences).to.deep.equal([]);
    });

    it("is compared row by row; rows are named by number, records without a row by place, values never", async () => {
      const home = openHome(dir, { env: {} });
      const vault = await home.writeVault({ command: "test" });
      await planRows(world, vault, [permit(60)]);
      await vault.close();
      const report = await audit(
        [
          permit(0, 1),
          permit(1),
          permit(2, 7),
          permit(99),
          { ...permit(3), feeCents: "much" },
          permit(4),
          permit(4),
          permit(5),
          permit(60),
        ],
        1,
      );
      expect(report.reconciliations[0]).to.deep.include({
        rows: 9,
        same: 2,
        faults: {
          missing: 1,
          altered: 1,
          outdated: 1,
          unanchored: 1,
          ended: 1,
          repeated: 1,
          invalid: 1,
          extra: 5,
        },
      });
      expect(report.differences.map(({ code }) => code)).to.include.members([
        ...["source.missing", "source.altered", "source.outdated", "source.unanchored"],
        ...["source.ended", "source.repeated", "source.invalid", "source.extra"],
      ]);
      const at = Object.fromEntries(report.differences.map(({ code, where }) => [code, where]));
      expect(at["source.altered"]).to.deep.equal({ file: "rows.ndjson", rows: [3], fields: ["feeCents"] });
      expect(at["source.outdated"]).to.deep.equal({ file: "rows.ndjson", rows: [2], fields: ["feeCents"] });
      expect(at["source.invalid"]).to.deep.equal({ file: "rows.ndjson", rows: [5], fields: ["feeCents"] });
      expect(at["source.missing"]).to.deep.equal({ file: "rows.ndjson", rows: [4] });
      expect(at["source.extra"]).to.have.property("records").that.has.length(5);
      const file = readdirSync(join(dir, "rejected")).sort().at(-1)!;
      const told = readFileSync(join(dir, "rejected", file), "utf8");
      expect(statSync(join(dir, "rejected", file)).mode & 0o777).to.equal(0o600);
      const lines = told
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { row?: number; batchId?: string; faults: { code: string }[] });
      expect(
        lines.filter(({ row }) => row !== undefined).map(({ row, faults }) => [row, faults[0]!.code]),
      ).to.deep.equal([
        [2, "source.outdated"],
        [3, "source.altered"],
        [4, "source.missing"],
        [5, "source.invalid"],
        [7, "source.repeated"],
        [8, "source.ended"],
        [9, "source.unanchored"],
      ]);
      expect(lines.filter(({ batchId }) => batchId === "4294967296")).to.have.length(5);
      for (const value of ["P-", "H-", "Beispiel", "Seemannsgarn", "much"])
        expect(told).to.not.contain(value);
      const { stdout } = await expectRun(1, [
        ...["audit", "--source", rowsFile([permit(0, 1)], desk), "--type", TYPE_NAME, ...own],
      ]);
      expect(stdout).to.contain("source     example.permit: 1 row, 1 as anchored, 8 extra");
      expect(stdout).to.match(/file rows\.ndjson, records (\d+\/\d+, ){7}\d+\/\d+\n/);
    });

    it("needs the type and the home", async () => {
      await expectRun(64, ["audit", "--source", rowsFile(current, desk), ...own]);
      await expectRun(64, ["audit", "--source", rowsFile(current, desk), "--type", TYPE_NAME, ...auditor]);
      await expectRun(64, ["audit", "--leaves", join(desk, "nowhere"), ...auditor]);
    });
  });
});
