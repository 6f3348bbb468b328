import { expect } from "chai";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openHome } from "../../src/home";
import { expectRun, json } from "../support/cli";
import { startAnvil, type TestChain } from "../support/chains";
import { permits, removeFolders, rowsFile, temporaryFolder } from "../support/homes";
import { TYPE } from "../support/samples";
import { homeOf, startWorld, type World } from "../support/world";

interface Told {
  readonly exitStatus: number;
  readonly checks: readonly { name: string; result: string }[];
  readonly bundle: { checks: readonly { name: string; result: string }[]; digest: string } | null;
}

describe("bundle, and verify of bundles", function () {
  this.timeout(60_000);
  let node: TestChain;
  let world: World;
  const desk = temporaryFolder();
  const at = (name: string): string => join(desk, name);
  let own: string[];
  let anybody: string[];

  before(async () => {
    node = await startAnvil();
    world = await startWorld(node);
    const { dir } = await homeOf(world);
    const home = openHome(dir, { env: {} });
    home.saveSettings({ ...home.settings, finalityBlocks: 0 });
    own = ["--home", dir];
    anybody = ["--rpc", node.url, "--registry", world.registry.address, "--type", at("type.json")];
    writeFileSync(at("type.json"), JSON.stringify(TYPE));
    const rows = rowsFile(permits(0, 5));
    await expectRun(0, ["anchor", rows, "--type", at("type.json"), ...own]);
    await expectRun(0, [
      "receipt",
      "--batch",
      "4294967296",
      "--index",
      "3",
      "--out",
      at("receipt.json"),
      ...own,
    ]);
  });
  after(async () => {
    removeFolders();
    await node.stop();
  });

  const partsOf = ({ bundle }: Told, result: string): string[] =>
    bundle!.checks.filter((check) => check.result === result).map(({ name }) => name);

  it("make a bundle in the agency's home, with the manifest, and seal it", async () => {
    const { stdout, stderr } = await expectRun(0, [
      ...["bundle", at("receipt.json"), "--sign", "--out", at("bundle.json"), ...own],
    ]);
    expect(stdout).to.match(/digest +0x[0-9a-f]{64}/);
    expect(stderr).to.contain("for auditors and courts only");
    expect(statSync(at("bundle.json")).mode & 0o777).to.equal(0o600);
    const { stdout: verdict } = await expectRun(0, ["verify", at("bundle.json"), ...anybody]);
    expect(verdict).to.match(/✓ seal +everything in the bundle was signed by 0x[0-9a-f]{40}, the operator/);
    expect(verdict).to.contain("GENUINE AND IN FORCE");
  });

  it("make one of a presentation by anybody, without a home, of which nothing hidden can be read", async () => {
    const shown = ["--show", "permitNumber", "--type", at("type.json")];
    await expectRun(0, ["present", at("receipt.json"), ...shown, "--out", at("presentation.json")]);
    await expectRun(0, [
      ...["bundle", at("presentation.json"), "--rpc", node.url, "--type", at("type.json")],
      ...["--out", at("holder.json")],
    ]);
    const content = readFileSync(at("holder.json"), "utf8");
    expect(content).to.match(/P-\d/);
    expect(content).to.not.contain("Beispielreederei");
    expect(content).to.not.contain('"manifest"');
    const [told] = await json<Told[]>(["verify", at("holder.json"), ...anybody]);
    expect(partsOf(told!, "failed")).to.deep.equal([]);
    expect(partsOf(told!, "not-checked")).to.deep.equal(["manifest", "deployment", "seal", "time stamp"]);
  });

  it("say offline what the bundle proves by itself, and that the rest needs a chain", async () => {
    const [told] = await json<Told[]>(["verify", at("bundle.json"), "--offline"], { status: 2 });
    expect(partsOf(told!, "not-checked")).to.deep.equal(["code", "deployment", "time stamp"]);
    expect(partsOf(told!, "passed")).to.include.members(["signature", "receipt", "block", "manifest"]);
  });

  it("name the piece that was changed, and fail", async () => {
    const bundle = JSON.parse(readFileSync(at("bundle.json"), "utf8")) as { manifest: { size: number } };
    bundle.manifest.size++;
    writeFileSync(at("forged.json"), JSON.stringify(bundle));
    const { stdout } = await expectRun(1, ["verify", at("forged.json"), ...anybody]);
    expect(stdout).to.contain("✗ manifest");
    expect(stdout).to.contain("NOT GENUINE: manifest, seal failed");
  });

  it("refuse what is no bundle of this version, or damaged", async () => {
    const bundle = JSON.parse(readFileSync(at("bundle.json"), "utf8")) as object;
    for (const [change, words] of [
      [{ formatVersion: 2 }, /version that this program does not know/],
      [{ codeHash: "0x12" }, /codeHash must be 32 bytes/],
      [{ surplus: 1 }, /surplus does not belong here/],
    ] as const) {
      writeFileSync(at("other.json"), JSON.stringify({ ...bundle, ...change }));
      expect((await expectRun(1, ["verify", at("other.json"), ...anybody])).stdout).to.match(words);
    }
  });

  it("refuse to bundle a forged receipt, and another batch's manifest", async () => {
    const receipt = readFileSync(at("receipt.json"), "utf8");
    writeFileSync(at("forged-receipt.json"), receipt.replace(/"version": 1/, '"version": 2'));
    const forged = await expectRun(64, ["bundle", at("forged-receipt.json"), ...own]);
    expect(forged.stderr).to.contain("this does not fit together: integrity");
    const other = await expectRun(64, ["bundle", at("receipt.json"), "--manifest", at("type.json"), ...own]);
    expect(other.stderr).to.contain("is not the manifest of the receipt's batch");
  });
});
