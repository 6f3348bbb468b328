import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet } from "ethers";
import { connectChain } from "../../src/chain";
import { openHome } from "../../src/home";
import { execute } from "../../src/registry";
import { openRegistry } from "../../src/registry-views";
import { roleIds } from "../../src/roles";
import { rawRpc } from "../support/chains";
import { expectRun, json } from "../support/cli";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";
import { authorityInterface } from "../../src/interfaces";

interface AgencyJson {
  readonly id: number;
  readonly standing: string;
  readonly administrator: string;
  readonly pendingAdministrator: string | null;
}

/** Agencies and their keys by commands alone; each test goes on where the one before stopped. */
describe("agencies and keys by commands", function () {
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-agencies-"));
  const at = (name: string): string => join(base, name);
  let sandbox: SandboxProcess;
  let ndrc: string[];
  let regulator: string[];
  let tax: string[];

  const show = (...args: string[]): Promise<AgencyJson> => json<AgencyJson>(["agency", "show", ...args]);
  const signerOf = async (home: string[]): Promise<string> => (await show(...home)).administrator;

  before(async () => {
    sandbox = await startSandboxProcess(at("sandbox"));
    const { homes } = sandbox.ready;
    ndrc = ["--home", homes.ndrc];
    regulator = ["--home", homes["market-regulator"]];
    tax = ["--home", homes.tax];
  });
  after(async () => {
    await sandbox.stop("SIGKILL");
    rmSync(base, { recursive: true, force: true });
  });

  it("administrator name and accept hand an agency over in two steps, each harmless when repeated", async () => {
    const before = await signerOf(regulator);
    const next = Wallet.createRandom();
    const env = { CREDIT_ANCHOR_PRIVATE_KEY: next.privateKey };
    await rawRpc(sandbox.ready.rpcUrl, "hardhat_setBalance", [next.address, "0x8ac7230489e80000"]);

    const early = await expectRun(64, ["agency", "administrator", "accept", ...regulator], { env });
    expect(early.stderr).to.contain("has not been named");
    for (const already of [false, true])
      expect(await json(["agency", "administrator", "name", next.address, ...regulator])).to.include({
        pendingAdministrator: next.address.toLowerCase(),
        already,
      });
    expect(await show(...regulator)).to.include({
      administrator: before,
      pendingAdministrator: next.address.toLowerCase(),
    });
    for (const already of [false, true])
      expect(await json(["agency", "administrator", "accept", ...regulator], { env })).to.include({
        administrator: next.address.toLowerCase(),
        already,
      });
    const late = await expectRun(64, ["agency", "administrator", "name", before, ...regulator]);
    expect(late.stderr).to.contain("is not the administrator");
    // And back, so that the home manages its agency again.
    await json(["agency", "administrator", "name", before, ...regulator], { env });
    await json(["agency", "administrator", "accept", ...regulator]);
    expect(await show(...regulator)).to.include({ administrator: before, pendingAdministrator: null });
  });

  it("operator compromised ends a key for ever, and moves its moment back only", async () => {
    const { address } = Wallet.createRandom();
    await json(["operator", "add", address, "--can", "anchor", ...regulator]);
    const declare = (since: string): string[] => [
      "operator",
      "compromised",
      address,
      "--since",
      since,
      ...regulator,
    ];
    const missing = await expectRun(64, ["operator", "compromised", address, ...regulator]);
    expect(missing.stderr).to.contain("--since is missing");
    const declared = await json(declare("2026-03-14T00:00:00Z"));
    expect(declared).to.include({ compromisedSince: 1_773_446_400, revoked: true, already: false });
    expect(await json(declare("2026-03-14T08:00:00+08:00"))).to.include({ already: true });
    const later = await expectRun(64, declare("2026-03-15"));
    expect(later.stderr).to.contain("can only be moved back");
    expect(await json(declare("2026-03-01"))).to.include({ already: false });
    const list = await json<{ address: string }[]>(["operator", "list", ...regulator]);
    expect(list.find((operator) => operator.address === address.toLowerCase())).to.include({
      revoked: true,
      compromisedSince: 1_772_294_400,
    });
    const { stderr } = await expectRun(64, ["operator", "add", address, "--can", "status", ...regulator]);
    expect(stderr).to.contain("revoked, for ever");
  });

  describe("operator rotate", () => {
    interface Rotated {
      readonly done: boolean;
      readonly already: boolean;
      readonly from: string;
      readonly to: string;
      readonly ends: number | null;
      readonly administrator?: string;
      readonly commands?: string[];
    }
    const rotate = (home: string[], ...more: string[]): Promise<Rotated> =>
      json<Rotated>(["operator", "rotate", ...home, ...more]);
    const operators = async (home: string[]): Promise<Map<string, { can: string[]; validUntil: number }>> => {
      const list = await json<{ address: string; can: string[]; validUntil: number }[]>([
        "operator",
        "list",
        ...home,
      ]);
      return new Map(list.map(({ address, ...operator }) => [address, operator]));
    };
    const now = async (): Promise<number> => {
      const block = (await rawRpc(sandbox.ready.rpcUrl, "eth_getBlockByNumber", ["latest", false])) as {
        timestamp: string;
      };
      return Number(block.timestamp);
    };
    const samples = (from: number, to: number): string => {
      const lines = readFileSync(at("sandbox/samples/tax-penalties.ndjson"), "utf8").split("\n");
      const file = at(`rows-${from}-${to}.ndjson`);
      writeFileSync(file, lines.slice(from, to).join("\n"));
      return file;
    };
    const nextOf = (home: string[]): string | undefined => {
      const file = join(home[1]!, "keys", "next-operator.json");
      if (!existsSync(file)) return undefined;
      return `0x${(JSON.parse(readFileSync(file, "utf8")) as { address: string }).address}`;
    };

    it("stops where the new key cannot pay, goes on with the same key, and hands everything over", async () => {
      const old = await signerOf(tax);
      await expectRun(0, ["anchor", samples(0, 5), "--type", "cn.penalty", ...tax]);
      const poor = await expectRun(64, ["operator", "rotate", "--overlap", "3", ...tax]);
      const next = nextOf(tax)!;
      expect(poor.stderr)
        .to.contain("nothing to pay with")
        .and.to.match(new RegExp(`send funds to ${next}`, "i"));
      // Until it is done the home signs with the old key, which has not been told an end.
      const { findings } = await json<{ findings: { message: string }[] }>(["doctor", ...tax]);
      expect(findings.map(({ message }) => message).join()).to.contain(`signs as ${old}`);
      expect(findings.map(({ message }) => message).join()).to.contain("a change of keys is not finished");
      expect((await operators(tax)).get(old)!.validUntil).to.be.greaterThan((await now()) + 86_400 * 365);

      await rawRpc(sandbox.ready.rpcUrl, "hardhat_setBalance", [next, "0x8ac7230489e80000"]);
      const rotated = await rotate(tax, "--overlap", "3");
      expect(rotated).to.include({ done: true, already: false, from: old, to: next });
      expect(rotated.ends).to.be.closeTo((await now()) + 3 * 86_400, 60);
      expect((await operators(tax)).get(old)).to.deep.include({
        can: ["anchor", "status"],
        validUntil: rotated.ends,
      });
      expect((await operators(tax)).get(next)!.can).to.deep.equal(["anchor", "status"]);
      expect(await show(...tax)).to.include({ administrator: next, pendingAdministrator: null });
      expect(nextOf(tax)).to.equal(undefined);
      expect(existsSync(join(tax[1]!, "keys", `retired-${old}.json`))).to.equal(true);
    });

    it("afterwards the home anchors with the new key, and what the old one anchored stays good", async () => {
      await expectRun(0, ["anchor", samples(0, 10), "--type", "cn.penalty", ...tax]);
      const batches = await json<{ id: string }[]>(["batches", ...tax]);
      const signers = new Set<string>();
      for (const { id } of batches) {
        const out = at(`receipt-${id}.json`);
        await expectRun(0, ["receipt", "--batch", id, "--index", "0", "--out", out, ...tax]);
        signers.add(
          (JSON.parse(readFileSync(out, "utf8")) as { batch: { operator: string } }).batch.operator,
        );
        await expectRun(0, ["verify", out, ...regulator]);
      }
      expect(signers.size).to.equal(2);
      await expectRun(0, ["doctor", ...tax]);
    });

    it("does nothing more while the old key still ends, and begins anew when it has", async () => {
      const key = await signerOf(tax);
      expect(await rotate(tax)).to.include({ already: true, done: true, to: key });
      expect(nextOf(tax)).to.equal(undefined);
      await rawRpc(sandbox.ready.rpcUrl, "evm_increaseTime", [4 * 86_400]);
      await rawRpc(sandbox.ready.rpcUrl, "evm_mine", []);
      await expectRun(64, ["operator", "rotate", ...tax]);
      await rawRpc(sandbox.ready.rpcUrl, "hardhat_setBalance", [nextOf(tax), "0x8ac7230489e80000"]);
      expect(await rotate(tax)).to.include({ already: false, done: true, from: key });
    });

    it("tells the administrator what to do when that is somebody else, and goes on afterwards", async () => {
      const court = ["--home", sandbox.ready.homes.court];
      const old = await signerOf(court);
      const administrator = Wallet.createRandom();
      const env = { CREDIT_ANCHOR_PRIVATE_KEY: administrator.privateKey };
      await rawRpc(sandbox.ready.rpcUrl, "hardhat_setBalance", [administrator.address, "0x8ac7230489e80000"]);
      // While the home's key is the administrator, another key cannot hand that over.
      const { stderr } = await expectRun(64, ["operator", "rotate", ...court], { env });
      expect(stderr).to.contain("without CREDIT_ANCHOR_PRIVATE_KEY");
      await json(["agency", "administrator", "name", administrator.address, ...court]);
      await json(["agency", "administrator", "accept", ...court], { env });

      const until = ["--until", "2035-01-01T00:00:00Z"];
      const first = await rotate(court, ...until);
      expect(first).to.include({ done: false, administrator: administrator.address.toLowerCase() });
      expect(first.commands).to.have.length(2);
      expect((await rotate(court, ...until)).to).to.equal(first.to);
      for (const command of first.commands!)
        await expectRun(0, [...command.split(" ").slice(1), ...court], { env });
      await rawRpc(sandbox.ready.rpcUrl, "hardhat_setBalance", [first.to, "0x8ac7230489e80000"]);
      const second = await rotate(court, ...until);
      expect(second).to.include({ done: true, from: old, to: first.to });
      expect((await operators(court)).get(first.to)!.validUntil).to.equal(2_051_222_400);
      expect((await show(...court)).administrator).to.equal(administrator.address.toLowerCase());
    });

    it("refuses a home that is none, is no agency's, or signs by a command", async () => {
      const bare = await expectRun(64, ["operator", "rotate", "--home", at("nowhere")]);
      expect(bare.stderr).to.contain("is not a home folder");
      const { stderr } = await expectRun(64, ["operator", "rotate", ...ndrc]);
      expect(stderr).to.contain("is not the home of an agency");
      const file = join(regulator[1]!, "settings.json");
      const settings = readFileSync(file, "utf8");
      const signer = { command: ["/bin/false"], address: `0x${"11".repeat(20)}` };
      writeFileSync(file, JSON.stringify({ ...(JSON.parse(settings) as object), signer }));
      const external = await expectRun(64, ["operator", "rotate", ...regulator]);
      writeFileSync(file, settings);
      expect(external.stderr).to.contain("its key is changed where it is kept");
      expect(nextOf(regulator)).to.equal(undefined);
    });
  });

  describe("standing", () => {
    it("acts of a role with a delay are told as not yet done, and done by the same command afterwards", async () => {
      const { rpcUrl, registry: address, accessManager, homes } = sandbox.ready;
      const registry = await openRegistry(await connectChain({ urls: [rpcUrl] }), address);
      const signer = await openHome(homes.ndrc).signer();
      const grant = async (delay: number): Promise<void> => {
        const data = authorityInterface.encodeFunctionData("grantRole", [
          roleIds.registrar,
          signer.address,
          delay,
        ]);
        await execute(registry, signer, { to: accessManager, data, what: "grant" });
      };
      const request = at("late/registration.json");
      await expectRun(0, [
        "init",
        "--trial",
        "--home",
        at("late"),
        "--code",
        "LATE-1",
        "--rpc",
        rpcUrl,
        "--registry",
        address,
      ]);
      const register = ["agency", "register", request, ...ndrc];
      await grant(3_600);
      const { stdout } = await expectRun(0, register);
      expect(stdout).to.match(
        /^scheduled, and not done yet: agency LATE-1 is an agency of the registry \(transaction 0x.* later it has expired/,
      );
      expect(stdout).to.match(/ Until it is done the guardian can cancel it$/m);
      const waiting = await json<{ waitsUntil: number }>(register);
      expect(waiting).to.include({ agencyId: null, already: true, transaction: null });
      const suspended = await json(["agency", "close", "1", ...ndrc]);
      expect(suspended).to.include({ standing: "active", already: false });
      await rawRpc(rpcUrl, "evm_setNextBlockTimestamp", [waiting.waitsUntil + 1]);
      await rawRpc(rpcUrl, "evm_mine", []);
      expect(await json(register)).to.include({ already: false, waitsUntil: null, agencyId: 4 });
      const without = await expectRun(64, ["operator", "rotate", "--home", at("late")]);
      expect(without.stderr).to.contain("is no operator of agency 4");
      // A shorter delay holds after five days only.
      await grant(0);
      await rawRpc(rpcUrl, "evm_increaseTime", [6 * 86_400]);
      await rawRpc(rpcUrl, "evm_mine", []);
    });

    it("agency suspend, reinstate and close: each once, closing for ever", async () => {
      const { id } = await show(...tax);
      const change = (verb: string): Promise<Record<string, unknown>> =>
        json(["agency", verb, String(id), "--reason", "rule-broken", ...ndrc]);
      for (const already of [false, true])
        expect(await change("suspend")).to.include({ standing: "suspended", already });
      for (const already of [false, true])
        expect(await change("reinstate")).to.include({ standing: "active", already });
      for (const already of [false, true])
        expect(await change("close")).to.include({ standing: "closed", reason: 51, already });
      expect((await show(String(id), ...ndrc)).standing).to.equal("closed");
      const { stderr } = await expectRun(64, ["agency", "reinstate", String(id), ...ndrc]);
      expect(stderr).to.contain("closed");
      const { findings } = await json<{ findings: { check: string; result: string; message: string }[] }>(
        ["doctor", ...tax],
        { status: 70 },
      );
      expect(findings.find(({ check }) => check === "agency")?.message).to.contain("closed");
    });
  });
});
