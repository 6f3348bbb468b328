import { expect } from "chai";
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import type { RegistryAuthority } from "../../typechain-types";
import { administratorRoleId, ownSelectors, roleIds } from "../../src/roles";
import { AGENCY, REASON, useWorld } from "../support/registry";

const abi = ethers.AbiCoder.defaultAbiCoder();

/** The journal of roles as the interface tells it, from logs alone. */
async function replay(
  authority: RegistryAuthority,
): Promise<{ count: bigint; head: string; acts: string[] }> {
  const address = await authority.getAddress();
  const { chainId } = await ethers.provider.getNetwork();
  let head = ethers.keccak256(
    abi.encode(["bytes32", "uint256", "address"], [ethers.id("credit-anchor/roles/1"), chainId, address]),
  );
  const event = authority.interface.getEvent("RoleJournaled");
  const acts: string[] = [];
  for (const log of await ethers.provider.getLogs({ address, topics: [event.topicHash], fromBlock: 0 })) {
    const { args } = authority.interface.parseLog(log)!;
    expect(args.entry).to.equal(BigInt(acts.length));
    const { timestamp } = (await ethers.provider.getBlock(log.blockNumber))!;
    const seconds = timestamp > 100_000_000_000 ? Math.floor(timestamp / 1000) : timestamp;
    const entryHash = ethers.keccak256(
      abi.encode(
        ["bytes32", "uint64", "uint256", "uint64", "bytes4", "bytes"],
        [event.topicHash, args.entry, log.blockNumber, seconds, args.act, args.arguments],
      ),
    );
    head = ethers.keccak256(abi.encode(["bytes32", "bytes32"], [head, entryHash]));
    acts.push(authority.interface.getFunction(args.act as "grantRole").name);
  }
  return { count: BigInt(acts.length), head, acts };
}

async function expectReplays(authority: RegistryAuthority): Promise<string[]> {
  const { count, head } = await authority.journal();
  const { acts, ...found } = await replay(authority);
  expect(found).to.deep.equal({ count, head });
  return acts;
}

describe("the authority", () => {
  const world = useWorld();
  afterEach(async () => {
    await expectReplays(world().manager);
  });

  /** An authority in which nothing has happened but its making. */
  async function fresh(): Promise<RegistryAuthority> {
    const { deployer } = world();
    return ethers.deployContract("RegistryAuthority", [deployer.address]) as unknown as RegistryAuthority;
  }

  it("journals the grant that its own making is", async () => {
    const { deployer } = world();
    const authority = await fresh();
    expect(await expectReplays(authority)).to.deep.equal(["grantRole"]);
    const [made] = await authority.queryFilter(authority.filters.RoleJournaled());
    expect(made!.args.arguments).to.equal(
      abi.encode(["uint64", "address", "uint32", "uint32"], [0, deployer.address, 0, 0]),
    );
  });

  it("journals every change of who may do what, with its arguments", async () => {
    const { stranger, registry, operator } = world();
    const authority = await fresh();
    const target = await registry.getAddress();
    const [one, two] = ["0x11111111", "0x22222222"];
    const changes: [() => Promise<unknown>, string, string[], unknown[]][] = [
      [
        () => authority.grantRole(9, stranger.address, 60),
        "grantRole",
        ["uint64", "address", "uint32", "uint32"],
        [9, stranger.address, 0, 60],
      ],
      [() => authority.setRoleAdmin(9, 3), "setRoleAdmin", ["uint64", "uint64"], [9, 3]],
      [() => authority.setRoleGuardian(9, 2), "setRoleGuardian", ["uint64", "uint64"], [9, 2]],
      [() => authority.setGrantDelay(9, 10), "setGrantDelay", ["uint64", "uint32"], [9, 10]],
      [
        () => authority.setTargetFunctionRole(target, [one], 9),
        "setTargetFunctionRole",
        ["address", "bytes4", "uint64"],
        [target, one, 9],
      ],
      [
        () => authority.setTargetAdminDelay(target, 5),
        "setTargetAdminDelay",
        ["address", "uint32"],
        [target, 5],
      ],
      [() => authority.setTargetClosed(target, true), "setTargetClosed", ["address", "bool"], [target, true]],
      [
        () => authority.connect(stranger).renounceRole(9, stranger.address),
        "revokeRole",
        ["uint64", "address"],
        [9, stranger.address],
      ],
    ];
    for (const [change, act, types, values] of changes) {
      const entry = (await authority.journal()).count;
      await expect(change(), act)
        .to.emit(authority, "RoleJournaled")
        .withArgs(
          entry,
          authority.interface.getFunction(act as "grantRole").selector,
          abi.encode(types, values),
        );
    }
    await authority.setTargetFunctionRole(operator.address, [one, two], 9);
    expect((await expectReplays(authority)).slice(-2)).to.deep.equal([
      "setTargetFunctionRole",
      "setTargetFunctionRole",
    ]);
  });

  it("journals nothing when nothing changed or a change is refused", async () => {
    const { stranger } = world();
    const authority = await fresh();
    await authority.revokeRole(9, stranger.address);
    await expect(authority.connect(stranger).grantRole(9, stranger.address, 0))
      .to.be.revertedWithCustomError(authority, "AccessManagerUnauthorizedAccount")
      .withArgs(stranger.address, administratorRoleId);
    expect((await authority.journal()).count).to.equal(1);
  });

  it("counts its own times in the unit of the chain", async () => {
    const authority = await fresh();
    expect([await authority.expiration(), await authority.minSetback()]).to.deep.equal([604_800n, 432_000n]);
    await time.increaseTo(1_796_083_200_999);
    expect([await authority.expiration(), await authority.minSetback()]).to.deep.equal([
      604_800_000n,
      432_000_000n,
    ]);
    await authority.labelRole(9, "nine");
    await authority.setRoleAdmin(9, 3);
    await expectReplays(authority);
  });

  describe("with an administrator who has to wait", () => {
    const DELAY = 7 * 86_400;

    async function scheduled(call: string): Promise<() => Promise<unknown>> {
      const { manager, deployer } = world();
      await manager.grantRole(administratorRoleId, deployer.address, DELAY);
      await time.increase(6 * 86_400);
      const target = await manager.getAddress();
      await manager.schedule(target, call, 0);
      return () => manager.execute(target, call);
    }

    /** Every function that the administrator could abuse, as a call that would succeed. */
    async function abuses(): Promise<string[]> {
      const { manager, registry, stranger } = world();
      const target = await registry.getAddress();
      const encode = (name: string, args: unknown[]): string =>
        manager.interface.encodeFunctionData(name as "labelRole", args as never);
      return [
        encode("labelRole", [1, "x"]),
        encode("grantRole", [1, stranger.address, 0]),
        encode("revokeRole", [1, stranger.address]),
        encode("setRoleAdmin", [1, 9]),
        encode("setRoleGuardian", [1, 9]),
        encode("setGrantDelay", [1, 9]),
        encode("setTargetAdminDelay", [target, 9]),
        encode("setTargetFunctionRole", [target, ["0x11111111"], 1]),
        encode("setTargetClosed", [target, true]),
        encode("updateAuthority", [target, await manager.getAddress()]),
      ];
    }

    it("the guardian cancels every one of the authority's own functions, and nobody else does", async () => {
      const { manager, deployer, guardian, registrar, stranger } = world();
      const target = await manager.getAddress();
      const calls = await abuses();
      expect(calls.map((call) => call.slice(0, 10))).to.have.members(ownSelectors());
      await manager.grantRole(administratorRoleId, deployer.address, DELAY);
      await time.increase(6 * 86_400);
      for (const call of calls) {
        await manager.schedule(target, call, 0);
        for (const other of [registrar, stranger])
          await expect(
            manager.connect(other).cancel(deployer.address, target, call),
          ).to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedCancel");
        await manager.connect(guardian).cancel(deployer.address, target, call);
        await time.increase(DELAY + 1);
        await expect(manager.execute(target, call), call.slice(0, 10)).to.be.revertedWithCustomError(
          manager,
          "AccessManagerNotScheduled",
        );
      }
    });

    it("what nobody cancelled is done after the delay, not before, and not after it expired", async () => {
      const { manager, stranger } = world();
      const call = manager.interface.encodeFunctionData("grantRole", [1, stranger.address, 0]);
      const execute = await scheduled(call);
      await expect(execute()).to.be.revertedWithCustomError(manager, "AccessManagerNotReady");
      await time.increase(DELAY);
      await execute();
      expect((await manager.hasRole(1, stranger.address)).isMember).to.equal(true);
      await manager.schedule(await manager.getAddress(), call, 0);
      await time.increase(DELAY + 604_800);
      await expect(execute()).to.be.revertedWithCustomError(manager, "AccessManagerExpired");
    });
  });

  it("a succession without consent waits, and the guardian can veto it", async () => {
    const { manager, registry, recoverer, guardian, otherAdministrator } = world();
    const delay = 30 * 86_400;
    await manager.grantRole(roleIds.recoverer, recoverer.address, delay);
    await registry.connect(otherAdministrator).acceptSuccession(AGENCY, 2);
    const target = await registry.getAddress();
    const call = registry.interface.encodeFunctionData("succeedWithoutConsent", [AGENCY, 2, REASON]);
    const as = registry.connect(recoverer);
    await manager.connect(recoverer).schedule(target, call, 0);
    await expect(as.succeedWithoutConsent(AGENCY, 2, REASON)).to.be.revertedWithCustomError(
      manager,
      "AccessManagerNotReady",
    );
    await manager.connect(guardian).cancel(recoverer.address, target, call);
    await time.increase(delay + 1);
    await expect(as.succeedWithoutConsent(AGENCY, 2, REASON)).to.be.revertedWithCustomError(
      manager,
      "AccessManagerNotScheduled",
    );
    await manager.connect(recoverer).schedule(target, call, 0);
    await time.increase(delay);
    await as.succeedWithoutConsent(AGENCY, 2, REASON);
    expect(await registry.actingAgency(AGENCY)).to.equal(2);
  });
});
