import { expect } from "chai";
import type { FunctionFragment } from "ethers";
import { ethers } from "hardhat";
import { deployRegistry, wiringSteps } from "../../src/deployment";
import {
  administratorRoleId,
  roleIds,
  roleNames,
  roleOfFunction,
  selectorsOf,
  type RestrictedFunction,
} from "../../src/roles";
import type { OracleHeader } from "../support/oracle";
import {
  AGENCY,
  EVIDENCE,
  KEY_COMMITMENT,
  OTHER_AGENCY,
  REASON,
  anchorBatch,
  nextEntry,
  spans,
  useWorld,
} from "../support/registry";

const actors = [
  "deployer",
  "registrar",
  "guardian",
  "unpauser",
  "arbiter",
  "recoverer",
  "governor",
  "administrator",
  "operator",
  "stranger",
] as const;

describe("roles of the NDRC", () => {
  const world = useWorld();

  /** Arguments with which the holder of the role would succeed. */
  function argumentsOf(name: RestrictedFunction, header: OracleHeader): unknown[] {
    const { stranger } = world();
    const code = ethers.encodeBytes32String("91110000000000003C");
    const marking = [header, spans(0), 128, REASON, EVIDENCE];
    const all: Record<RestrictedFunction, unknown[]> = {
      admitAgency: [code, stranger.address, KEY_COMMITMENT],
      reinstateAgency: [AGENCY, REASON],
      closeAgency: [AGENCY, REASON],
      admitType: [ethers.id("type"), ethers.encodeBytes32String("test.third"), false],
      suspendAgency: [AGENCY, REASON],
      pause: [REASON],
      unpause: [REASON],
      arbiterSetMarks: marking,
      arbiterClearMarks: marking,
      succeedAgency: [AGENCY, OTHER_AGENCY, REASON],
      succeedWithoutConsent: [AGENCY, OTHER_AGENCY, REASON],
      recoverAdministrator: [AGENCY, stranger.address, REASON],
      nameRegistrySuccessor: [world().manager.target],
    };
    return all[name];
  }

  /** Brings the registry where the call succeeds. */
  async function prepare(name: RestrictedFunction, header: OracleHeader): Promise<void> {
    const { registry, guardian, arbiter, administrator, otherAdministrator } = world();
    if (name.startsWith("succeed")) {
      await registry.connect(administrator).nameSuccessor(AGENCY, OTHER_AGENCY);
      await registry.connect(otherAdministrator).acceptSuccession(AGENCY, OTHER_AGENCY);
    }
    if (name === "reinstateAgency") await registry.connect(guardian).suspendAgency(AGENCY, REASON);
    if (name === "unpause") await registry.connect(guardian).pause(REASON);
    if (name === "arbiterClearMarks")
      await registry.connect(arbiter).arbiterSetMarks(header, spans(0), 128, REASON, EVIDENCE);
  }

  for (const [name, role] of Object.entries(roleOfFunction) as [RestrictedFunction, string][])
    it(`${name} is for the ${role} and nobody else`, async () => {
      const here = world();
      const { registry } = here;
      const { header } = await anchorBatch(here, 1);
      await prepare(name, header);
      const call = argumentsOf(name, header) as never[];
      for (const actor of actors) {
        if (actor === role) continue;
        const as = registry.connect(here[actor]).getFunction(name) as (...args: never[]) => Promise<unknown>;
        await expect(as(...call), actor)
          .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
          .withArgs(here[actor].address);
      }
      const holder = here[role as "registrar"];
      const as = registry.connect(holder).getFunction(name) as (...args: never[]) => Promise<unknown>;
      await expect(as(...call)).not.to.be.reverted;
    });

  it("every function that checks the manager is in the map, and no other", async () => {
    const here = world();
    const { registry, manager } = here;
    const { header } = await anchorBatch(here, 1);
    const restricted: string[] = [];
    const zeroOf = (type: string): unknown =>
      type === "tuple"
        ? header
        : type.endsWith("[]")
          ? []
          : type === "bytes"
            ? "0x"
            : type === "address"
              ? ethers.ZeroAddress
              : type.startsWith("bytes")
                ? "0x" + "00".repeat(Number(type.slice(5)))
                : type === "bool"
                  ? false
                  : 0;
    for (const fragment of registry.interface.fragments) {
      if (fragment.type !== "function") continue;
      const { name, inputs, constant } = fragment as FunctionFragment;
      if (constant || name === "setAuthority") continue;
      const data = registry.interface.encodeFunctionData(
        name as "pause",
        inputs.map(({ baseType, type }) => zeroOf(baseType === "tuple" ? "tuple" : type)) as [number],
      );
      const outcome = await here.stranger
        .call({ to: await registry.getAddress(), data })
        .then(() => "passed")
        .catch((error: { data?: string }) => error.data ?? "");
      if (outcome.startsWith(registry.interface.getError("AccessManagedUnauthorized")!.selector))
        restricted.push(name);
    }
    expect(restricted.sort()).to.deep.equal(Object.keys(roleOfFunction).sort());
    for (const name of restricted as RestrictedFunction[])
      expect(
        await manager.getTargetFunctionRole(
          await registry.getAddress(),
          registry.interface.getFunction(name as "pause").selector,
        ),
        name,
      ).to.equal(roleIds[roleOfFunction[name]]);
  });

  describe("pause", () => {
    it("is said by its own event, and refused twice", async () => {
      const { registry, guardian } = world();
      const entry = await nextEntry(registry);
      await expect(registry.connect(guardian).pause(REASON))
        .to.emit(registry, "Paused")
        .withArgs(REASON, guardian.address, entry);
      expect(await registry.paused()).to.be.true;
      await expect(registry.connect(guardian).pause(REASON)).to.be.revertedWithCustomError(
        registry,
        "RegistryPaused",
      );
    });

    it("ends by another role's call, and not twice", async () => {
      const { registry, guardian, unpauser } = world();
      await registry.connect(guardian).pause(REASON);
      const entry = await nextEntry(registry);
      await expect(registry.connect(unpauser).unpause(REASON))
        .to.emit(registry, "Unpaused")
        .withArgs(REASON, unpauser.address, entry);
      expect(await registry.paused()).to.be.false;
      await expect(registry.connect(unpauser).unpause(REASON)).to.be.revertedWithCustomError(
        registry,
        "RegistryNotPaused",
      );
    });

    it("never stops suspending, reinstating, closing, or marking by the arbiter", async () => {
      const here = world();
      const { registry, guardian, registrar, arbiter } = here;
      const { header } = await anchorBatch(here, 1);
      await registry.connect(guardian).pause(REASON);
      await registry.connect(guardian).suspendAgency(AGENCY, REASON);
      await registry.connect(registrar).reinstateAgency(AGENCY, REASON);
      await registry.connect(arbiter).arbiterSetMarks(header, spans(0), 128, REASON, EVIDENCE);
      await registry.connect(registrar).closeAgency(AGENCY, REASON);
    });
  });

  describe("the authority", () => {
    it("is what the registry was deployed with", async () => {
      const { registry, manager } = world();
      expect(await registry.authority()).to.equal(await manager.getAddress());
      await expect(registry.deploymentTransaction())
        .to.emit(registry, "AuthorityUpdated")
        .withArgs(await manager.getAddress());
    });

    it("is replaced by the authority alone, and that is journaled", async () => {
      const { registry, manager, deployer, stranger } = world();
      const next = await (await ethers.getContractFactory("RegistryAuthority")).deploy(deployer.address);
      const target = await next.getAddress();
      for (const caller of [deployer, stranger])
        await expect(registry.connect(caller).setAuthority(target))
          .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      const entry = await nextEntry(registry);
      await expect(manager.connect(deployer).updateAuthority(await registry.getAddress(), target))
        .to.emit(registry, "AuthorityChanged")
        .withArgs(target, entry);
      expect(await registry.authority()).to.equal(target);
    });

    it("is never an account without code", async () => {
      const { registry, manager, deployer, stranger } = world();
      await expect(manager.connect(deployer).updateAuthority(await registry.getAddress(), stranger.address))
        .to.be.revertedWithCustomError(registry, "AccessManagedInvalidAuthority")
        .withArgs(stranger.address);
    });

    it("delays an act that has to be scheduled first", async () => {
      const { registry, manager, deployer, guardian } = world();
      await manager.connect(deployer).grantRole(roleIds.guardian, guardian.address, 3_600);
      const { provider } = ethers;
      await provider.send("evm_increaseTime", [10 * 86_400]);
      await provider.send("evm_mine", []);
      await expect(registry.connect(guardian).pause(REASON)).to.be.revertedWithCustomError(
        manager,
        "AccessManagerNotScheduled",
      );
      const call = registry.interface.encodeFunctionData("pause", [REASON]);
      await manager.connect(guardian).schedule(await registry.getAddress(), call, 0);
      await provider.send("evm_increaseTime", [3_600]);
      await expect(registry.connect(guardian).pause(REASON)).to.emit(registry, "Paused");
      expect(await registry.isConsumingScheduledOp(), "afterwards").to.equal("0x00000000");
    });
  });

  describe("deployRegistry", () => {
    it("labels roles, and makes the guardian guardian of the others", async () => {
      const { manager } = world();
      for (const role of roleNames) {
        const labels = await manager.queryFilter(manager.filters.RoleLabel(roleIds[role]));
        expect(labels.map(({ args }) => args.label)).to.deep.equal([role]);
        expect(await manager.getRoleGuardian(roleIds[role]), `guardian of ${role}`).to.equal(
          role === "guardian" ? administratorRoleId : roleIds.guardian,
        );
      }
      expect(selectorsOf("auditor")).to.deep.equal([]);
    });

    it("has nothing left to do afterwards, and does what is left after a stop half-way", async () => {
      const { deployer, stranger } = world();
      const done = await deployRegistry(deployer);
      const options = { grants: { registrar: [stranger.address] } };
      const left: string[] = [];
      for (const step of wiringSteps(done, options)) {
        if (await step.isDone()) continue;
        left.push(step.name);
        await (await step.send()).wait();
        expect(await step.isDone(), step.name).to.be.true;
      }
      expect(left).to.deep.equal([`grant registrar to ${stranger.address}`]);
    });
  });
});
