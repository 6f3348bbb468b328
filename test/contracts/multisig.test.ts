import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import { parseProfile } from "../../src/deploy/profile";
import { wiringSteps } from "../../src/deployment";
import { administratorRoleId, roleIds, roleNames } from "../../src/roles";
import {
  AGENCY,
  EVIDENCE,
  FAR_FUTURE,
  Permission,
  REASON,
  Status,
  anchorBatch,
  batchIdOf,
  spans,
  useWorld,
} from "../support/registry";
import { deploySafe, type Safe } from "../support/safe";

const DAY = 86_400;

describe("governed by a multisig", () => {
  const world = useWorld();
  let owners: HardhatEthersSigner[];
  let safe: Safe;

  beforeEach(async () => {
    owners = (await ethers.getSigners()).slice(16, 19);
    safe = await deploySafe(owners, 2);
  });

  /** As a production profile says: the multisig administers after seven days, and the deployer is nothing more. */
  async function handOver(): Promise<void> {
    const here = world();
    const { manager, registry, deployer } = here;
    const options = { administrators: [{ account: safe.address, delay: 7 * DAY }] };
    for (const step of wiringSteps({ manager, registry }, options, deployer.address))
      if (!(await step.isDone())) await (await step.send()).wait();
  }

  it("the deployer can do nothing more, one owner nothing, two of three after the delay", async () => {
    const { manager, deployer, stranger } = world();
    await handOver();
    const target = await manager.getAddress();
    const grant = manager.interface.encodeFunctionData("grantRole", [roleIds.arbiter, stranger.address, 0]);
    await expect(manager.connect(deployer).grantRole(roleIds.arbiter, stranger.address, 0))
      .to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedAccount")
      .withArgs(deployer.address, administratorRoleId);
    const schedule = manager.interface.encodeFunctionData("schedule", [target, grant, 0]);
    const execute = manager.interface.encodeFunctionData("execute", [target, grant]);
    await expect(safe.execute(target, schedule, owners.slice(0, 1))).to.be.revertedWith("GS020");
    await safe.execute(target, schedule, owners.slice(0, 2));
    await expect(safe.execute(target, execute, owners.slice(0, 2)), "too early").to.be.revertedWith("GS013");
    expect((await manager.hasRole(roleIds.arbiter, stranger.address)).isMember).to.equal(false);
    await time.increase(7 * DAY);
    await safe.execute(target, execute, owners.slice(1, 3));
    expect((await manager.hasRole(roleIds.arbiter, stranger.address)).isMember).to.equal(true);
  });

  it("the guardian stops an act of the multisig while it waits", async () => {
    const { manager, guardian, stranger } = world();
    await handOver();
    const target = await manager.getAddress();
    const grant = manager.interface.encodeFunctionData("grantRole", [roleIds.registrar, stranger.address, 0]);
    const schedule = manager.interface.encodeFunctionData("schedule", [target, grant, 0]);
    await safe.execute(target, schedule, owners.slice(0, 2));
    await manager.connect(guardian).cancel(safe.address, target, grant);
    await time.increase(7 * DAY);
    const execute = manager.interface.encodeFunctionData("execute", [target, grant]);
    await expect(safe.execute(target, execute, owners.slice(0, 2))).to.be.revertedWith("GS013");
    expect((await manager.hasRole(roleIds.registrar, stranger.address)).isMember).to.equal(false);
  });

  /** The shipped example with its places filled in: whoever holds a role in this world, and the multisig above them. */
  async function governAsInProduction(): Promise<void> {
    const here = world();
    const file = join(__dirname, "..", "..", "deployments", "profiles", "production.example.json");
    const example = JSON.parse(readFileSync(file, "utf8")) as {
      roles: Record<string, { account: string }[]>;
    };
    for (const [role, holders] of Object.entries(example.roles))
      for (const holder of holders)
        holder.account = role === "administrator" ? safe.address : here[role as "registrar"].address;
    const { roles } = parseProfile(example, file);
    const grants = Object.fromEntries(roleNames.map((role) => [role, roles[role]]));
    const options = { grants, administrators: roles.administrator };
    for (const step of wiringSteps(here, options, here.deployer.address))
      if (!(await step.isDone())) await (await step.send()).wait();
  }

  it("under the production profile acts of the NDRC wait, and agencies' writes never do", async () => {
    const here = world();
    const { registry, manager, operator, administrator, stranger } = here;
    const { registrar, unpauser, recoverer, governor, guardian } = here;
    await governAsInProduction();
    const waits = (act: Promise<unknown>): Promise<unknown> =>
      expect(act).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled") as never;
    await waits(registry.connect(registrar).closeAgency(AGENCY, REASON));
    await waits(registry.connect(recoverer).recoverAdministrator(AGENCY, stranger.address, REASON));
    await waits(registry.connect(governor).nameRegistrySuccessor(await manager.getAddress()));

    const { header } = await anchorBatch(here, 3);
    await registry.connect(operator).withdraw(header, spans(0), REASON, EVIDENCE);
    await registry.connect(operator).repair(header, spans(1), REASON, EVIDENCE);
    await registry.connect(operator).setMarks(header, spans(2), 16, REASON, EVIDENCE);
    await registry
      .connect(administrator)
      .setOperator(AGENCY, stranger.address, Permission.both, 0, FAR_FUTURE);
    await registry.connect(administrator).revokeOperator(AGENCY, stranger.address);
    await registry.connect(administrator).nameAdministrator(AGENCY, stranger.address);
    await registry.connect(stranger).acceptAdministration(AGENCY);

    await registry.connect(guardian).pause(REASON);
    await waits(registry.connect(unpauser).unpause(REASON));
    await registry.connect(operator).withdraw(header, spans(1), REASON, EVIDENCE);
  });

  it("a multisig is an operator too: what two of three sign, anybody relays", async () => {
    const here = world();
    const { registry, administrator, stranger } = here;
    const relay = await ethers.getContractAt("Relay", await registry.relay(), stranger);
    const { header } = await anchorBatch(here, 3);
    await registry.connect(administrator).setOperator(AGENCY, safe.address, Permission.both, 0, FAR_FUTURE);
    const relayed = {
      operator: safe.address,
      agencyId: AGENCY,
      call: registry.interface.encodeFunctionData("withdraw", [header, spans(1), REASON, EVIDENCE]),
      nonce: ethers.id("nonce"),
      deadline: FAR_FUTURE,
    };
    const digest = await relay.digestOf(relayed);
    await expect(relay.relay(relayed, await safe.sign(digest, owners.slice(0, 1))))
      .to.be.revertedWithCustomError(relay, "InvalidSignature")
      .withArgs(safe.address);
    await relay.relay(relayed, await safe.sign(digest, owners.slice(0, 2)));
    expect(await registry.statusOf(batchIdOf(header), 1)).to.equal(Status.Withdrawn);
  });
});
