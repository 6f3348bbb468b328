import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet } from "ethers";

import { offerPages } from "../../scripts/support/offer";
import { readSandboxArguments } from "../../scripts/support/sandbox-arguments";
import { connectChain } from "../../src/chain";
import { checkDeployment } from "../../src/deploy/check";
import { readRecords } from "../../src/deploy/record";
import { openHome } from "../../src/home";
import { agencyCount, openRegistry, readAgency, readOperator, typeIdOf } from "../../src/registry-views";
import { shippedTypes } from "../../src/types";
import { toHex } from "../../src/bytes";
import { dist } from "../support/build";
import { failure } from "../support/failure";
import { type SandboxProcess, spawnSandbox, startSandboxProcess } from "../support/sandbox";

const base = mkdtempSync(join(tmpdir(), "sandbox-"));
const agencies = ["market-regulator", "tax", "court"] as const;

/** The command line in a process of its own, in a folder of its own, with nothing in its environment. */
function creditAnchor(...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(dist, "src", "cli", "main.js"), ...args],
    {
      cwd: base,
      encoding: "utf8",
      env: { PATH: process.env.PATH },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  return { status, text: stdout + stderr };
}

describe("sandbox", function () {
  const dir = join(base, "homes");
  let sandbox: SandboxProcess;
  before(async () => (sandbox = await startSandboxProcess(dir)));
  after(async () => {
    await sandbox.stop("SIGKILL");
    rmSync(base, { recursive: true, force: true });
  });

  it("has a registry that agrees with its deployment record", async () => {
    const { rpcUrl, chainId, registry, deployment } = sandbox.ready;
    const records = readRecords(deployment);
    expect(records.registry).to.include({ address: registry, chainId });
    const checks = await checkDeployment(await connectChain({ urls: [rpcUrl] }), records);
    expect(checks.filter(({ holds }) => holds === false)).to.deep.equal([]);
  });

  it("has admitted the shipped types and three agencies whose homes may anchor and change statuses", async () => {
    const { rpcUrl, homes } = sandbox.ready;
    const chain = await connectChain({ urls: [rpcUrl] });
    const registry = await openRegistry(chain, sandbox.ready.registry);
    for (const type of shippedTypes().values()) {
      const id = await typeIdOf(registry, toHex(type.typeHash));
      for (const home of Object.values(homes))
        expect(openHome(home).settings.types[type.name]).to.deep.equal({
          typeId: id,
          typeHash: toHex(type.typeHash),
        });
    }
    expect(await agencyCount(registry)).to.equal(agencies.length);
    for (const name of agencies) {
      const home = openHome(homes[name], { env: {} });
      const { code, id, keyCommitment } = home.settings.agency!;
      const agency = await readAgency(registry, id!);
      expect(agency).to.include({ code, keyCommitment, administrator: home.signerAddress() });
      const operator = await readOperator(registry, id!, home.signerAddress()!);
      expect(operator).to.include({ permissions: 3, revoked: false });
      expect((await chain.balance(home.signerAddress()!)) > 10n ** 18n).to.equal(true);
    }
  });

  it("opens its homes without a prompt, and they say that they are for trying only", async () => {
    const { homes } = sandbox.ready;
    expect(Object.keys(homes)).to.have.members(["ndrc", ...agencies]);
    const keys = new Set<string>();
    for (const [name, folder] of Object.entries(homes)) {
      expect(folder).to.equal(join(dir, name));
      const home = openHome(folder, { env: {}, ask: () => expect.fail("asked for a passphrase") });
      expect(home.settings.trial).to.equal(true);
      expect(readFileSync(join(folder, "passphrase"), "utf8")).to.contain("for trying only");
      keys.add((await home.signer()).address);
    }
    expect(keys.size).to.equal(4);
  });

  it("has a second operator for the market regulator, whose key lies in a file that only its owner reads", async () => {
    const { homes, registry, rpcUrl, secondOperator } = sandbox.ready;
    const { address, keyFile } = secondOperator;
    expect(keyFile).to.equal(join(dir, "second-operator.key"));
    expect(statSync(keyFile).mode & 0o777).to.equal(0o600);
    expect(new Wallet(readFileSync(keyFile, "utf8").trim()).address.toLowerCase()).to.equal(address);
    const { agency } = openHome(homes["market-regulator"]).settings;
    const open = await openRegistry(await connectChain({ urls: [rpcUrl] }), registry);
    expect(await readOperator(open, agency!.id!, address)).to.include({ permissions: 3, revoked: false });
  });

  it("judges the market regulator by the rules of its authorities", () => {
    const { settings } = openHome(sandbox.ready.homes["market-regulator"]);
    expect(settings.authorities).to.deep.equal(["samr", "ndrc", "shanghai"]);
  });

  it("makes other keys in every sandbox", async () => {
    const other = await startSandboxProcess(join(base, "other"));
    try {
      expect(other.ready.registry).not.to.equal(sandbox.ready.registry);
      for (const name of ["ndrc", ...agencies] as const)
        expect(openHome(other.ready.homes[name]).signerAddress()).not.to.equal(
          openHome(sandbox.ready.homes[name]).signerAddress(),
        );
    } finally {
      expect(await other.stop()).to.equal(0);
    }
  });

  it("works from another shell: anchors, gives a receipt, verifies it in another home", () => {
    const { homes } = sandbox.ready;
    const anchored = creditAnchor(
      ...["anchor", join(dir, "samples", "licences.csv"), "--type", "cn.licence", "--home", homes.court],
    );
    expect(anchored.status, anchored.text).to.equal(0);
    const listed = creditAnchor("batches", "--json", "--home", homes.court);
    const [batch] = JSON.parse(listed.text) as { id: string; size: number; status: string }[];
    expect(batch).to.include({ size: 1000, status: "final" });
    const out = join(base, "receipt.json");
    const receipt = creditAnchor(
      "receipt",
      "--batch",
      batch!.id,
      "--index",
      "0",
      "--out",
      out,
      "--home",
      homes.court,
    );
    expect(receipt.status, receipt.text).to.equal(0);
    const verdict = creditAnchor("verify", out, "--home", homes.tax, "--json");
    const [{ checks }] = JSON.parse(verdict.text) as [{ checks: { name: string; result: string }[] }];
    expect(checks.find(({ name }) => name === "anchor")).to.include({ result: "passed" });
    expect(checks.filter(({ result }) => result === "failed")).to.deep.equal([]);
    expect(creditAnchor("doctor", "--home", homes.court).status).to.equal(0);
  });

  it("carries the pages, preset for its registry, with the files of a demo that are there", async () => {
    const { homes, registry, chainId, rpcUrl } = sandbox.ready;
    const folder = mkdtempSync(join(base, "demo-"));
    mkdirSync(join(folder, "forged"));
    writeFileSync(join(folder, "bundle.json"), "{}");
    const offer = await offerPages(sandbox.ready, folder);
    try {
      const config = (await (await fetch(`${offer.url}config.json`)).json()) as Record<string, unknown>;
      const { signOffs, codeHash, deployedAtBlock: fromBlock } = openHome(homes.court).settings.registry!;
      expect(config).to.include({ registry, chainId, rpc: rpcUrl, signOffs, codeHash, fromBlock });
      expect(await (await fetch(offer.url)).text()).to.contain("Content-Security-Policy");
      const text = offer.lines.join("\n");
      expect(text).to.contain(`${offer.url}#/explore`).and.to.contain(folder);
      expect(text).to.contain("bundle.json").and.to.contain("forged/").and.not.to.contain("licence.json");
    } finally {
      await offer.close();
    }
    expect(await fetch(offer.url).catch(() => "gone")).to.equal("gone");
  });

  describe("refuses", () => {
    async function refused(...args: string[]): Promise<string> {
      const { status, text } = await spawnSandbox(args).ended;
      expect(status, text).to.equal(64);
      return text;
    }

    it("a port that is in use", async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      const { port } = server.address() as AddressInfo;
      const folder = join(base, "never");
      const text = await refused("--port", String(port), "--home", folder);
      server.close();
      expect(text).to.contain(`port ${port} is in use`).and.to.contain("--port N");
      expect(() => statSync(folder)).to.throw();
    });

    it("the folder of a sandbox that runs", async () => {
      const text = await refused("--port", "0", "--home", dir, "--fresh");
      expect(text).to.contain("is running").and.to.contain(String(sandbox.ready.pid));
    });

    it("a folder that holds something else, and leaves it alone", async () => {
      const folder = join(base, "mine");
      mkdirSync(folder);
      writeFileSync(join(folder, "thesis.txt"), "years of work");
      const text = await refused("--port", "0", "--home", folder, "--fresh");
      expect(text).to.contain("not the folder of a sandbox");
      expect(readFileSync(join(folder, "thesis.txt"), "utf8")).to.equal("years of work");
    });

    it("an option that it does not have", async () => {
      expect(await refused("--pot", "1"))
        .to.contain("--pot")
        .and.to.contain("--help");
    });

    for (const args of [["--port", "x"], ["--port", "65536"], ["--home", ""], ["--fresh=1"], ["more"]])
      it(`${args.join(" ")}`, async () => {
        expect((await failure(() => readSandboxArguments(args))).code).to.equal("usage");
      });
  });

  it("explains itself", async () => {
    const { status, text } = await spawnSandbox(["--help"]).ended;
    expect(status).to.equal(0);
    for (const word of ["--port", "--home", "--fresh", "--json", "market-regulator"])
      expect(text).to.contain(word);
  });

  it("prints commands for another shell unless a program reads", async () => {
    const { child, ended, firstLine } = spawnSandbox(["--port", "0", "--home", join(base, "told")]);
    expect(await firstLine).to.match(/^Sandbox ready: chain 31337 at http:\/\/127\.0\.0\.1:\d+/);
    child.kill("SIGINT");
    const { status, text } = await ended;
    expect(status).to.equal(0);
    expect(text).to.contain("npx credit-anchor anchor").and.to.contain("FOR TRYING ONLY");
  });

  it("stopped and started again: says what became of the homes, and --fresh replaces them and nothing else", async () => {
    const folder = join(base, "again");
    const first = await startSandboxProcess(folder);
    writeFileSync(join(folder, "notes.txt"), "mine");
    expect(await first.stop("SIGINT")).to.equal(0);
    const { status, text } = await spawnSandbox(["--port", "0", "--home", folder]).ended;
    expect(status).to.equal(64);
    expect(text).to.contain("earlier sandbox").and.to.contain("--fresh");

    const second = await startSandboxProcess(folder, "--fresh");
    try {
      expect(second.ready.registry).not.to.equal(first.ready.registry);
      expect(readFileSync(join(folder, "notes.txt"), "utf8")).to.equal("mine");
      expect(readdirSync(folder).sort()).to.deep.equal(
        [
          "court",
          "deployment",
          "market-regulator",
          "ndrc",
          "notes.txt",
          "samples",
          "sandbox.json",
          "second-operator.key",
          "tax",
        ].sort(),
      );
      expect(openHome(second.ready.homes.tax).settings.registry!.address).to.equal(second.ready.registry);
    } finally {
      await second.stop();
    }
  });

  it("says so when an old home meets a chain that is gone", async () => {
    const folder = join(base, "gone");
    const first = await startSandboxProcess(folder);
    await first.stop();
    const { status, text } = creditAnchor("batches", "--home", first.ready.homes.tax);
    expect(status, text).to.equal(0);
    const tried = creditAnchor("doctor", "--home", first.ready.homes.tax);
    expect(tried.status).not.to.equal(0);
    expect(tried.text).to.match(/cannot be reached/);
  });
});
