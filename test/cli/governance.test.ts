import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { JsonRpcProvider } from "ethers";
import { deployRegistry } from "../../src/deployment";
import { roleOfFunction } from "../../src/roles";
import { rawRpc } from "../support/chains";
import { expectRun, json, run } from "../support/cli";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

interface Role {
  readonly role: string;
  readonly guardian: string;
  readonly functions: readonly string[];
  readonly holders: readonly { readonly account: string; readonly delay: number }[];
}
interface Act {
  readonly operation: string;
  readonly state: string;
  readonly what: string;
  readonly caller: string;
}

/** The NDRC's roles by commands alone; each test goes on where the one before stopped. */
describe("governance by commands", function () {
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-governance-"));
  let sandbox: SandboxProcess;
  let ndrc: string[];
  let tax: string[];
  let taxKey: string;
  const close = ["closeAgency", "3", "52"];

  before(async () => {
    sandbox = await startSandboxProcess(base);
    ndrc = ["--home", join(sandbox.ready.dir, "ndrc")];
    tax = ["--home", join(sandbox.ready.dir, "tax")];
    const agency = await json<{ administrator: string }>(["agency", "show", "2", ...ndrc]);
    taxKey = agency.administrator;
  });
  after(async () => {
    await sandbox.stop();
    rmSync(base, { recursive: true, force: true });
  });

  it("roles: every restricted function has a role, every role its guardian", async () => {
    const roles = await json<Role[]>(["governance", "roles", ...ndrc]);
    expect(roles.flatMap(({ functions }) => functions)).to.have.members(Object.keys(roleOfFunction));
    for (const { role, guardian } of roles)
      expect(guardian, role).to.equal(
        ["guardian", "administrator"].includes(role) ? "administrator" : "guardian",
      );
    expect(roles.find(({ role }) => role === "registrar")!.holders).to.have.length(1);
  });

  it("pause and unpause: once each, and nothing is anchored meanwhile", async () => {
    const pause = ["governance", "pause", "--reason", "rule-broken", ...ndrc];
    expect(await json(pause)).to.include({ paused: true, reason: 51, already: false });
    expect(await json(pause)).to.include({ already: true });
    expect(await json(["governance", "unpause", ...ndrc])).to.include({ paused: false, already: false });
    await expectRun(64, ["governance", "pause", ...tax]);
  });

  it("execute: an act that needs not wait, by its name and words", async () => {
    const grant = ["governance", "execute", "grantRole", "registrar", taxKey, "3600", ...ndrc];
    expect(await json(grant)).to.include({ already: false, waitsUntil: null });
    const roles = await json<Role[]>(["governance", "roles", ...ndrc]);
    expect(roles.find(({ role }) => role === "registrar")!.holders).to.deep.include({
      account: taxKey,
      delay: 3600,
    });
    await expectRun(64, ["governance", "schedule", "grantRole", "registrar", taxKey, "60", ...ndrc]);
    for (const [verb, words] of [
      ["execute", "does not hold the role administrator"],
      ["schedule", "may not schedule grantRole: it does not hold the role administrator"],
    ] as const) {
      const refused = await expectRun(64, [
        "governance",
        verb,
        "grantRole",
        "registrar",
        taxKey,
        "60",
        ...tax,
      ]);
      expect(refused.stderr).to.contain(words).and.contain("governance roles shows who holds it");
    }
  });

  it("execute and schedule say what a function takes, and which there are", async () => {
    const { stderr } = await expectRun(64, ["governance", "execute", "closeAgency", "3", ...ndrc]);
    expect(stderr).to.contain("uint32 agencyId, uint16 reason");
    for (const words of [
      ["closeAgency", "three", "52"],
      ["setTargetClosed", taxKey, "maybe"],
      ["anchorRoot", "1"],
      ["arbiterSetMarks", "1", "2", "3", "4", "5"],
    ])
      await expectRun(64, ["governance", "execute", ...words, ...ndrc]);
  });

  it("say which argument is wrong, and that what is no registry never becomes the successor", async () => {
    const { accessManager } = sandbox.ready;
    for (const [words, complaint] of [
      [["grantRole", "nosuch", taxKey, "0"], "argument 1, roleId, is no role"],
      [["grantRole", "arbiter", "0xzz", "0"], "argument 2, account, is no address"],
      [
        ["grantRole", "arbiter", taxKey, "-1"],
        "argument 3, executionDelay, is no whole number that fits uint32",
      ],
      [["setTargetClosed", taxKey, "maybe"], "argument 2, closed, is no true or false"],
      [["closeAgency", "3"], "2 arguments expected, 1 given"],
      [["nameRegistrySuccessor", accessManager], "does not answer as a registry does"],
      [["nameRegistrySuccessor", taxKey], "does not answer as a registry does"],
      [["nameRegistrySuccessor", sandbox.ready.registry], "it is this registry itself"],
    ] as const) {
      const { stderr } = await expectRun(64, ["governance", "execute", ...words, ...ndrc]);
      expect(stderr, words.join(" ")).to.contain(complaint);
    }
    await expectRun(64, ["governance", "schedule", "nameRegistrySuccessor", accessManager, ...ndrc]);
  });

  it("schedule: an act that waits is listed, too early to make, and cancelled by the guardian", async () => {
    await expectRun(64, ["governance", "execute", ...close, ...tax]);
    const { waitsUntil } = await json<{ waitsUntil: number }>(["governance", "schedule", ...close, ...tax]);
    expect(waitsUntil).to.be.greaterThan(0);
    const [act, ...others] = await json<Act[]>(["governance", "list", ...ndrc]);
    expect(others).to.deep.equal([]);
    expect(act).to.include({ state: "waiting", what: "closeAgency(3, 52)", caller: taxKey });
    const list = (await expectRun(0, ["governance", "list", ...ndrc])).stdout;
    expect(list).to.match(
      /act {2}closeAgency: agencyId 3 \([^)]+\), reason 52 reorganised: the body was merged/,
    );
    expect(list)
      .to.contain(`by   ${taxKey}, as registrar`)
      .and.to.match(/waiting, can be made from .* UTC\+8 to /);
    const { stderr } = await expectRun(64, ["governance", "execute", ...close, ...tax]);
    expect(stderr).to.contain("can be made from");
    const court = ["--home", join(sandbox.ready.dir, "court")];
    for (const home of [court, ["--home", join(sandbox.ready.dir, "market-regulator")]]) {
      const refused = await expectRun(64, ["governance", "cancel", act!.operation, ...home]);
      expect(refused.stderr)
        .to.contain(`may not cancel closeAgency, which`)
        .and.contain("does not hold the role guardian or administrator");
    }
    await json(["governance", "cancel", act!.operation, ...ndrc]);
    expect(await json(["governance", "list", ...ndrc])).to.deep.equal([]);
    await expectRun(64, ["governance", "cancel", act!.operation, ...ndrc]);
    // Whoever watches learns of both, in words and as data.
    const watch = ["watch", "--once", "--from", "0", ...ndrc];
    const lines = (await expectRun(0, [...watch, "--json"])).stdout.trim().split("\n");
    const acts = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = acts.filter(({ event, operation }) => event === "act" && operation === act!.operation);
    expect(told.map(({ name }) => name)).to.deep.equal(["scheduled", "cancelled"]);
    expect(told[0]).to.include({ caller: taxKey, from: waitsUntil });
    for (const { means } of told)
      expect(means).to.match(/^closeAgency: agencyId 3 \(.*reason 52 reorganised/);
    const { stdout } = await expectRun(0, watch);
    expect(stdout).to.match(
      /act scheduled: closeAgency: agencyId 3 .*, scheduled by 0x[0-9a-f]{40}, possible from .* UTC\+8; the guardian/,
    );
    expect(stdout).to.match(/act cancelled: closeAgency: agencyId 3 .*, transaction 0x/);
    // Cancelled after the block from which it is told, scheduled before: still told in words.
    const since = String(told[1]!.block);
    const later = (await expectRun(0, ["watch", "--once", "--from", since, ...ndrc])).stdout;
    expect(later)
      .to.match(/act cancelled: closeAgency/)
      .and.to.not.contain("act scheduled");
  });

  it("after its delay an act is made by who scheduled it, in its own name", async () => {
    await json(["governance", "schedule", ...close, ...tax]);
    await rawRpc(sandbox.ready.rpcUrl, "evm_increaseTime", [3600]);
    await rawRpc(sandbox.ready.rpcUrl, "evm_mine", []);
    const [act] = await json<Act[]>(["governance", "list", ...ndrc]);
    expect(act!.state).to.equal("ready");
    expect(await json(["governance", "execute", ...close, ...tax])).to.include({ already: false });
    expect(await json(["agency", "show", "3", ...ndrc])).to.include({ standing: "closed" });
    expect(await json(["governance", "list", ...ndrc])).to.deep.equal([]);
    expect((await expectRun(0, ["governance", "list", ...ndrc])).stdout).to.contain("nothing is scheduled");
  });

  it("a registry that named its successor is told of by doctor and before anchoring", async () => {
    const provider = new JsonRpcProvider(sandbox.ready.rpcUrl, sandbox.ready.chainId);
    const { registry } = await deployRegistry(await provider.getSigner(0));
    const successor = (await registry.getAddress()).toLowerCase();
    provider.destroy();
    await json(["governance", "execute", "nameRegistrySuccessor", successor, ...ndrc]);
    const doctor = await run(["doctor", ...ndrc]);
    expect(doctor.stdout).to.contain(`it named ${successor} as its successor`);
    const file = join(base, "nothing.csv");
    writeFileSync(file, "a,b\n1,2\n");
    const market = ["--home", join(sandbox.ready.dir, "market-regulator")];
    const anchored = await run(["anchor", file, "--type", "cn.penalty", ...market]);
    expect(anchored.stderr).to.contain(`warning: this registry named ${successor} as its successor`);
    const page = join(base, "report");
    const audited = await json<{ successor: string }>(["audit", "--report", page, ...ndrc]);
    expect(audited.successor).to.equal(successor);
    expect((await expectRun(0, ["audit", ...ndrc])).stdout).to.contain(
      `successor  this registry names ${successor} as the next`,
    );
    for (const [name, words] of [
      ["report.en.html", "Names as the next registry"],
      ["report.zh.html", "指定的后继登记簿"],
    ] as const)
      if (readdirSync(page).includes(name))
        expect(readFileSync(join(page, name), "utf8"))
          .to.contain(words)
          .and.to.contain(successor);
      else expect.fail(readdirSync(page).join(" "));
  });
});
