import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet } from "ethers";
import { rawRpc } from "../support/chains";
import { expectRun, json } from "../support/cli";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

interface AgencyJson {
  readonly id: number;
  readonly standing: string;
  readonly administrator: string;
  readonly pendingAdministrator: string | null;
}

/** Agencies and their keys by commands alone; each test goes on where the one before stopped. */
describe("agencies and keys by commands", function () {
  this.timeout(120_000);
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
