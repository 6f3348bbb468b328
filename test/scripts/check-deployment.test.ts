import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Wallet } from "ethers";
import { keccak256 } from "ethers";

import {
  type RegistryAuthority,
  RegistryAuthority__factory,
  CreditRegistry__factory,
  SignOffs__factory,
} from "../../typechain-types";
import { type Chain, connectChain } from "../../src/chain";
import { type Check, checkDeployment, type SourceKnowledge } from "../../src/deploy/check";
import { compilerVersion, isCodeOf } from "../../src/deploy/code";
import { compiler } from "../../src/deploy/compiler";
import type { ContractRecord, DeploymentRecords } from "../../src/deploy/record";
import { ownSelectors, roleIds, roleNames, roleOfFunction } from "../../src/roles";
import { startAnvil, startProxy, type TestChain } from "../support/chains";
import { deploy, localProfile, newDeployer } from "../support/deployments";

describe("checking a deployment", function () {
  let node: TestChain;
  let chain: Chain;
  let signer: Wallet;
  let folder: string;
  let records: Required<DeploymentRecords>;
  let access: RegistryAuthority;
  const commit = "ab".repeat(20);
  const knowledge: SourceKnowledge = { compiler, commitHasOurCode: (given) => given === commit };
  const stranger = `0x${"5".repeat(40)}`;

  before(async () => {
    node = await startAnvil();
    ({ chain, signer } = await newDeployer(node));
    folder = mkdtempSync(join(tmpdir(), "deployment-"));
    // So that no number in a record is one that would do for another.
    for (let i = 0; i < 3; i++) await node.rpc("evm_mine");
    records = await deploy({ chain, signer, folder, sourceCommit: commit });
    access = RegistryAuthority__factory.connect(records.manager.address, signer);
  });
  after(async () => {
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const check = (given: DeploymentRecords = records, known = knowledge): Promise<Check[]> =>
    checkDeployment(chain, given, known);
  const differing = async (given?: DeploymentRecords): Promise<string[]> =>
    (await check(given)).filter(({ holds }) => holds === false).map(({ name }) => name);

  it("finds everything in order", async () => {
    const checks = await check();
    expect(checks.filter(({ holds }) => holds !== true)).to.deep.equal([]);
    for (const { expected, found } of checks) expect(found).to.equal(expected);
    const names = checks.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const name of Object.keys(roleOfFunction)) expect(names).to.include(`who may call ${name}`);
    for (const role of roleNames) expect(names).to.include(`holders of ${role}`);
  });

  describe("catches a record with one field altered", () => {
    const altered: Partial<Record<keyof ContractRecord, unknown>> = {
      chainId: 1,
      address: `0x${"6".repeat(40)}`,
      codeHash: `0x${"7".repeat(64)}`,
      arguments: [stranger],
      deployer: stranger,
      transaction: `0x${"8".repeat(64)}`,
      blockNumber: 1,
      blockHash: `0x${"9".repeat(64)}`,
      blockTime: 1,
      compiler: { ...compiler, version: "0.8.29" },
      sourceCommit: "cd".repeat(20),
    };
    for (const which of ["manager", "registry", "signOffs"] as const)
      for (const [field, value] of Object.entries(altered))
        it(`${which}: ${field}`, async () => {
          const changed = { ...records, [which]: { ...records[which], [field]: value } };
          expect(await differing(changed)).not.to.deep.equal([]);
        });

    it("registry: compiler settings", async () => {
      const settings = { ...compiler.settings, viaIR: false };
      const changed = { ...records, registry: { ...records.registry, compiler: { ...compiler, settings } } };
      expect(await differing(changed)).to.deep.equal(["CreditRegistry: compiler settings"]);
    });

    it("manager: the transaction of the other contract", async () => {
      const { transaction, blockNumber, blockHash, blockTime } = records.registry;
      const changed = { ...records.manager, transaction, blockNumber, blockHash, blockTime };
      expect(await differing({ ...records, manager: changed })).to.include("RegistryAuthority: address");
    });

    it("manager: clock unit", async () => {
      const governance = { ...records.manager.governance!, clockUnit: "milliseconds" as const };
      expect(await differing({ ...records, manager: { ...records.manager, governance } })).to.deep.equal([
        "block times count",
      ]);
    });

    for (const role of ["administrator", ...roleNames] as const) {
      it(`manager: another holder of ${role}`, async () => {
        const governance = structuredClone(records.manager.governance!);
        Object.assign(governance.roles, { [role]: [{ account: stranger, delay: 0 }] });
        expect(await differing({ ...records, manager: { ...records.manager, governance } })).to.deep.equal([
          `holders of ${role}`,
        ]);
      });
      it(`manager: another delay of ${role}`, async () => {
        const governance = structuredClone(records.manager.governance!);
        Object.assign(governance.roles[role][0]!, { delay: 1 });
        expect(await differing({ ...records, manager: { ...records.manager, governance } })).to.deep.equal([
          `holders of ${role}`,
        ]);
      });
    }
  });

  it("catches a holder that is to be a contract and is none", async () => {
    const governance = structuredClone(records.manager.governance!);
    Object.assign(governance.roles.administrator[0]!, { kind: "contract" });
    expect(await differing({ ...records, manager: { ...records.manager, governance } })).to.deep.equal([
      `administrator ${signer.address.toLowerCase()}`,
    ]);
  });

  describe("catches a chain where one thing was done", () => {
    let snapshot: unknown;
    beforeEach(async () => (snapshot = await node.rpc("evm_snapshot")));
    afterEach(async () => node.rpc("evm_revert", snapshot));

    const registryAbi = CreditRegistry__factory.createInterface();
    const selector = (name: keyof typeof roleOfFunction): string => registryAbi.getFunction(name).selector;
    type Act = () => Promise<{ wait(): Promise<unknown> }>;
    const caught = (name: string, act: Act, expected: string[]): void => {
      it(name, async () => {
        await (await act()).wait();
        expect(await differing()).to.deep.equal(expected);
      });
    };

    for (const role of roleNames) {
      caught(`${role} granted to one more`, () => access.grantRole(roleIds[role], stranger, 0), [
        `holders of ${role}`,
      ]);
      caught(`${role} taken away`, () => access.revokeRole(roleIds[role], signer.address), [
        `holders of ${role}`,
      ]);
      caught(`${role} relabelled`, () => access.labelRole(roleIds[role], "x"), [
        `role ${role} (${roleIds[role]})`,
      ]);
      caught(`${role} under another administrator`, () => access.setRoleAdmin(roleIds[role], 77), [
        `role ${role} (${roleIds[role]})`,
      ]);
      caught(`${role} under another guardian`, () => access.setRoleGuardian(roleIds[role], 77), [
        `role ${role} (${roleIds[role]})`,
      ]);
    }
    it("and takes today's holders from a reviewed profile, told when each was granted otherwise", async () => {
      const granted = await access.grantRole(roleIds.auditor, stranger, 60);
      await granted.wait();
      const auditor = [...localProfile.roles.auditor, { account: stranger, delay: 60 }];
      const profile = { ...localProfile, roles: { ...localProfile.roles, auditor } };
      const wrong = async (known: SourceKnowledge): Promise<Check[]> =>
        (await check(records, known)).filter(({ holds }) => holds === false);
      expect(await wrong({ ...knowledge, profile })).to.deep.equal([]);
      expect((await deploy({ chain, signer, folder, sourceCommit: commit, profile })).sent).to.equal(0);
      const [before, ...others] = await wrong(knowledge);
      expect(others).to.deep.equal([]);
      expect(before!.found).to.contain(`${stranger}: granted `).and.contain(granted.hash);
      const twice = { ...profile, roles: { ...profile.roles, arbiter: auditor } };
      expect((await wrong({ ...knowledge, profile: twice })).map(({ name }) => name)).to.deep.equal([
        "holders of arbiter",
      ]);
    });
    caught("administrator granted to one more", () => access.grantRole(0, stranger, 0), [
      "holders of administrator",
    ]);
    caught("a role that nobody knows", () => access.grantRole(77, stranger, 0), ["holders of role 77"]);
    caught("a holder put under a delay", () => access.grantRole(roleIds.guardian, signer.address, 60), [
      "holders of guardian",
    ]);
    for (const [name, role] of Object.entries(roleOfFunction) as [keyof typeof roleOfFunction, string][]) {
      const other = role === "arbiter" ? roleIds.auditor : roleIds.arbiter;
      caught(
        `${name} given to another role`,
        () => access.setTargetFunctionRole(records.registry.address, [selector(name)], other),
        [`who may call ${name}`],
      );
    }
    caught(
      "setAuthority given to a role",
      () =>
        access.setTargetFunctionRole(
          records.registry.address,
          [registryAbi.getFunction("setAuthority").selector],
          roleIds.registrar,
        ),
      ["who may call setAuthority"],
    );
    caught(
      "the administration of the registry delayed",
      () => access.setTargetAdminDelay(records.registry.address, 60),
      ["registry open to its roles"],
    );
    caught(
      "another contract put under a role",
      () => access.setTargetFunctionRole(stranger, ["0x11111111"], roleIds.arbiter),
      [`who may call 0x11111111 of ${stranger}`],
    );
    caught(
      "the authority's own function taken from the guardian's veto",
      () => access.setTargetFunctionRole(records.manager.address, [ownSelectors()[1]!], roleIds.guardian),
      ["who may cancel grantRole"],
    );
    caught("a grant delay", () => access.setGrantDelay(roleIds.arbiter, 60), [
      `role arbiter (${roleIds.arbiter})`,
    ]);
    caught("a role of its own that nobody knows", () => access.setRoleAdmin(78, 1), ["role unknown (78)"]);
    caught("the registry closed to its roles", () => access.setTargetClosed(records.registry.address, true), [
      "registry open to its roles",
    ]);
    it("another authority put in place", async () => {
      const other = await new RegistryAuthority__factory(signer).deploy(signer.address);
      await other.waitForDeployment();
      await (await access.updateAuthority(records.registry.address, await other.getAddress())).wait();
      expect(await differing()).to.deep.equal(["authority of the registry"]);
    });

    it("one byte of the registry's code changed, and the record with it", async () => {
      const code = await chain.code(records.registry.address);
      // In the middle of the program, far from the immutables.
      const changed = `${code.slice(0, 2000)}${code[2000] === "0" ? "1" : "0"}${code.slice(2001)}`;
      await node.rpc("anvil_setCode", records.registry.address, changed);
      const registry = { ...records.registry, codeHash: keccak256(changed) };
      expect(await differing({ ...records, registry })).to.include("CreditRegistry: code");
    });

    it("no code at all", async () => {
      await node.rpc("anvil_setCode", records.registry.address, "0x");
      expect(await differing()).to.include.members(["CreditRegistry: code hash", "CreditRegistry: code"]);
    });

    it("no manager at all", async () => {
      await node.rpc("anvil_setCode", records.manager.address, "0x");
      expect(await differing()).to.include.members(["RegistryAuthority: code", "roles"]);
    });
  });

  it("finds everything in order again after the chain was used", async () => {
    const registry = CreditRegistry__factory.connect(records.registry.address, signer);
    await (await registry.pause(1)).wait();
    await (await registry.unpause(1)).wait();
    expect(await differing()).to.deep.equal([]);
  });

  for (const [code, message] of [
    [-32000, "missing trie node 5d0f (path )"],
    [-32601, "historical state is not available"],
  ] as const)
    it(`does without old states: ${message}`, async () => {
      const proxy = await startProxy(node.url);
      proxy.behave = ({ method, params }) =>
        method === "eth_call" && params[1] !== "latest"
          ? { kind: "error", code, message }
          : { kind: "forward" };
      try {
        const pruned = await connectChain({ urls: [proxy.url] });
        const doubtful = (await checkDeployment(pruned, records, knowledge)).filter(
          ({ holds }) => holds !== true,
        );
        expect(doubtful.map(({ name, holds }) => ({ name, holds }))).to.deep.equal([
          { name: "journal starts empty", holds: undefined },
        ]);
      } finally {
        await proxy.stop();
      }
    });

  it("says what it could not compare, and does not count it as a difference", async () => {
    const uncommitted = { ...records.registry, sourceCommit: null };
    const [first] = (await check({ ...records, registry: uncommitted })).filter(
      ({ holds }) => holds !== true,
    );
    expect(first).to.include({ name: "CreditRegistry: source commit", holds: undefined });
    const shallow = await check(records, { commitHasOurCode: () => undefined });
    expect(shallow.filter(({ holds }) => holds !== true).map(({ name }) => name)).to.deep.equal([
      "RegistryAuthority: source commit",
      "CreditRegistry: source commit",
      "SignOffs: source commit",
    ]);
  });

  it("catches sign-offs about another registry", async () => {
    const contract = await new SignOffs__factory(signer).deploy(stranger);
    const address = (await contract.waitForDeployment()).target as string;
    const signOffs = { ...records.signOffs, address: address.toLowerCase() };
    expect(await differing({ ...records, signOffs })).to.include.members([
      "SignOffs: code",
      "registry of the sign-offs",
    ]);
    expect(await differing({ ...records, signOffs: { ...signOffs, address: stranger } })).to.include(
      "registry of the sign-offs",
    );
  });

  describe("code", () => {
    it("is ours at its own address on its own chain only", async () => {
      const { address } = records.registry;
      const code = await chain.code(address);
      expect(isCodeOf(records.registry, code)).to.equal(true);
      expect(isCodeOf({ ...records.registry, chainId: 31338 }, code)).to.equal(false);
      expect(isCodeOf({ ...records.registry, address: records.manager.address }, code)).to.equal(false);
      expect(isCodeOf({ ...records.registry, contract: "RegistryAuthority" }, code)).to.equal(false);
      expect(isCodeOf({ ...records.registry, contract: "SignOffs" }, code)).to.equal(false);
      expect(isCodeOf(records.registry, "0x")).to.equal(false);
      expect(isCodeOf(records.registry, code.slice(0, -2))).to.equal(false);
      expect(isCodeOf(records.registry, `0x${code.slice(4)}`)).to.equal(false);
    });

    it("of the sign-offs is ours for its own registry only", async () => {
      const code = await chain.code(records.signOffs.address);
      expect(isCodeOf(records.signOffs, code)).to.equal(true);
      expect(isCodeOf({ ...records.signOffs, arguments: [stranger] }, code)).to.equal(false);
    });

    it("tells its compiler", async () => {
      expect(compilerVersion(await chain.code(records.registry.address))).to.equal(compiler.version);
      expect(compilerVersion("0x6080")).to.equal(undefined);
    });
  });
});
