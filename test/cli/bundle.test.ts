import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bundle } from "../../src/bundle";
import { readTimestamp } from "../../src/bundle/timestamp";
import { fromHex } from "../../src/bytes";
import type { Evidence } from "../../src/evidence";
import { openHome } from "../../src/home";
import { authorityOf, certificatesOf } from "../../src/timestamp-authority";
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
  let node: TestChain;
  let world: World;
  let desk: string;
  const at = (name: string): string => join(desk, name);
  let own: string[];
  let anybody: string[];

  before(async () => {
    desk = temporaryFolder();
    node = await startAnvil();
    world = await startWorld(node);
    const { dir } = await homeOf(world);
    const home = openHome(dir, { env: {} });
    await home.changeSettings((was) => ({ ...was, finalityBlocks: 0 }));
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
    expect(partsOf(told!, "not-checked")).to.deep.equal([
      "manifest",
      "deployment",
      "checkpoints",
      "sign-offs",
      "seal",
      "time stamp",
    ]);
  });

  it("say offline what the bundle proves by itself, and that the rest needs a chain", async () => {
    const [told] = await json<Told[]>(["verify", at("bundle.json"), "--offline"], { status: 2 });
    expect(partsOf(told!, "not-checked")).to.deep.equal([
      "code",
      "deployment",
      "checkpoints",
      "sign-offs",
      "time stamp",
    ]);
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

  it("write a page for people that shows what the bundle shows, and loads nothing", async () => {
    const record = JSON.parse(readFileSync(at("receipt.json"), "utf8")) as Evidence;
    const name = record.record.fields.find((field) => field.name === "permitNumber")!;
    await expectRun(0, [
      "bundle",
      at("bundle.json"),
      "--cover",
      at("cover.html"),
      "--out",
      at("same.json"),
      ...own,
    ]);
    const page = readFileSync(at("cover.html"), "utf8");
    expect(page).to.contain((name as { value: string }).value);
    expect(page).to.contain("原始文件 SHA-256");
    expect(page).to.not.match(/<script|src=|href=|url\(/);
    expect(readFileSync(at("same.json"), "utf8")).to.equal(readFileSync(at("bundle.json"), "utf8"));
    await expectRun(0, ["bundle", at("holder.json"), "--cover", at("cover.html"), "--out", at("same.json")]);
    const other = readFileSync(at("cover.html"), "utf8");
    expect(other).to.not.contain("Beispielreederei");
    expect(other).to.not.contain("原始文件 SHA-256");
  });

  describe("with a time stamp", () => {
    const openssl = (...args: string[]): void =>
      void execFileSync("openssl", args, { cwd: desk, stdio: ["ignore", "pipe", "pipe"] });

    before(async () => {
      writeFileSync(
        at("tsa.cnf"),
        `[tsa]\ndefault_tsa = here\n[here]\nserial = ${at("serial")}\ncrypto_device = builtin\nsigner_cert = ${at("tsa.pem")}\nsigner_key = ${at("tsa.key")}\ncerts = ${at("ca.pem")}\nsigner_digest = sha256\ndefault_policy = 1.2.3.4\ndigests = sha256\nordering = yes\ntsa_name = yes\ness_cert_id_chain = no\ness_cert_id_alg = sha256\n[tsa_ext]\nextendedKeyUsage = critical,timeStamping\n[ca_ext]\nbasicConstraints = critical,CA:TRUE\n`,
      );
      for (const [name, subject] of [
        ["ca", "/CN=Test root"],
        ["stranger", "/CN=Somebody else"],
      ] as const)
        openssl(
          ...[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
          ],
          ...["-subj", subject, "-keyout", `${name}.key`, "-out", `${name}.pem`],
        );
      openssl(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=Test time",
        "-keyout",
        "tsa.key",
        "-out",
        "tsa.csr",
      );
      openssl(
        ...[
          "x509",
          "-req",
          "-in",
          "tsa.csr",
          "-CA",
          "ca.pem",
          "-CAkey",
          "ca.key",
          "-days",
          "30",
          "-set_serial",
          "7",
        ],
        ...["-extfile", "tsa.cnf", "-extensions", "tsa_ext", "-out", "tsa.pem"],
      );
      await expectRun(0, [
        "bundle",
        at("bundle.json"),
        "--timestamp-query",
        at("bundle.tsq"),
        "--out",
        at("same.json"),
      ]);
      openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "bundle.tsq", "-out", "bundle.tsr");
      await expectRun(0, [
        "bundle",
        at("bundle.json"),
        "--timestamp",
        at("bundle.tsr"),
        "--out",
        at("stamped.json"),
      ]);
    });

    const verdictOn = (file: string, status: number, ...more: string[]): Promise<string> =>
      expectRun(status, ["verify", at(file), ...anybody, ...more]).then(({ stdout }) => stdout);

    it("say when the bundle was there at the latest, and who vouches for it", async () => {
      expect(await verdictOn("stamped.json", 0)).to.match(
        /– time stamp +over this bundle, 20\d\d.*not checked/,
      );
      const trusted = await verdictOn("stamped.json", 0, "--timestamp-ca", at("ca.pem"));
      expect(trusted).to.match(/✓ time stamp +over this bundle, 20\d\d-.*, by Test time/);
    });

    it("refuse an authority that the verifier does not trust", async () => {
      const stranger = await verdictOn("stamped.json", 1, "--timestamp-ca", at("stranger.pem"));
      expect(stranger).to.match(/✗ time stamp +no certificate that you trust stands behind/);
    });

    it("notice every change of what was stamped, of the stamp, and a stamp of another bundle", async () => {
      const bundle = JSON.parse(readFileSync(at("stamped.json"), "utf8")) as Bundle;
      const write = (change: Partial<Bundle>): void =>
        writeFileSync(at("forged.json"), JSON.stringify({ ...bundle, ...change }));
      write({ tool: "another" });
      expect(await verdictOn("forged.json", 1)).to.match(/✗ time stamp +it is not over this bundle/);
      const refused = await expectRun(64, [
        ...["bundle", at("holder.json"), "--timestamp", at("bundle.tsr"), "--out", at("same.json")],
      ]);
      expect(refused.stderr).to.contain("it is not over this bundle");

      const trusted = certificatesOf(readFileSync(at("ca.pem")));
      const token = fromHex(bundle.timestamp!);
      const { info } = readTimestamp(token);
      expect(authorityOf(token, trusted)).to.deep.equal({ result: "trusted", name: "Test time" });
      const from = Buffer.from(token).indexOf(info);
      for (let i = from; i < from + info.length; i++) {
        const changed = token.slice();
        changed[i]! ^= 1;
        expect(authorityOf(changed, trusted).result, `byte ${i}`).to.equal("wrong");
      }
      const ending = token.slice();
      ending[token.length - 1]! ^= 1;
      expect(authorityOf(ending, trusted)).to.deep.include({ result: "wrong" });
    });
  });

  it("show the operator's signature also where somebody else sent the call", async () => {
    const { dir: relayer } = await homeOf(world, 1);
    const calls = ["--sign-only", at("calls.json")];
    await expectRun(0, ["anchor", rowsFile(permits(10, 13)), "--type", at("type.json"), ...own, ...calls]);
    await expectRun(0, ["relay", at("calls.json"), "--home", relayer]);
    await expectRun(0, ["resume", ...own]);
    await expectRun(0, [
      "receipt",
      "--batch",
      "4294967297",
      "--index",
      "1",
      "--out",
      at("relayed.json"),
      ...own,
    ]);
    await expectRun(0, ["bundle", at("relayed.json"), "--out", at("relayed-bundle.json"), ...own]);
    const { stdout } = await expectRun(0, ["verify", at("relayed-bundle.json"), ...anybody]);
    const [operator, sender] = world.operators.map(({ address }) => address);
    expect(stdout).to.contain(`operator ${operator} signed batch and manifest hash; ${sender} sent them`);
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
