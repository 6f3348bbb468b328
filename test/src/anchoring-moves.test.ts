import { expect } from "chai";
import { ZeroHash } from "ethers";
import { encodePositions } from "../../src/positions";
import { execute, registryCall } from "../../src/registry";
import { pauseRegistry, setOperator, suspendAgency } from "../../src/registry-admin";
import { statusesOf } from "../../src/registry-views";
import type { NewMove } from "../../src/vault/vault";
import type { LmdbVault } from "../../src/vault/writer";
import { type FaultProxy, forward, startAnvil, startProxy, type TestChain } from "../support/chains";
import { failure } from "../support/failure";
import { permits, removeFolders } from "../support/homes";
import {
  account,
  anchor,
  expectExactlyOnce,
  homeOf,
  planRows,
  registryThrough,
  startWorld,
  type World,
} from "../support/world";

describe("status moves", function () {
  let node: TestChain;
  let proxy: FaultProxy;
  let world: World;
  let vault: LmdbVault;
  let snapshot: unknown;

  before(async () => {
    node = await startAnvil();
    proxy = await startProxy(node.url);
    world = await startWorld(node);
  });
  beforeEach(async () => {
    snapshot = await node.rpc("evm_snapshot");
    proxy.behave = () => forward;
    vault = await (await homeOf(world)).writeVault({ command: "test" });
    await planRows(world, vault, permits(0, 10));
    await anchor(world, vault);
  });
  afterEach(async () => {
    await vault.close();
    await node.rpc("evm_setAutomine", true);
    await node.rpc("evm_revert", snapshot);
  });
  after(async () => {
    removeFolders();
    await proxy.stop();
    await node.stop();
  });

  const move = (kind: NewMove["kind"], positions: number[]): NewMove => ({
    kind,
    plan: 0,
    after: 0,
    positions,
    reason: 7,
    evidenceHash: ZeroHash,
  });
  const statuses = (): Promise<number[]> => statusesOf(world.registry, world.agencyId, 0, [0, 1, 2, 3]);
  const ndrc = () => ({ registry: world.registry, signer: world.ndrc });

  /** By hand, as from another computer with the same key. */
  async function withdrawElsewhere(positions: number[], signer = world.operators[0]): Promise<void> {
    const args = [vault.plan(0).header, encodePositions(positions), 1, ZeroHash];
    await execute(world.registry, signer, registryCall(world.registry, "withdraw", args, "withdraw"));
  }

  it("withdraw, repair and revoke a repair", async () => {
    vault.planMove(move("withdraw", [1]));
    vault.planMove(move("repair", [2, 3]));
    expect(await anchor(world, vault)).to.deep.include({ moved: 3 });
    expect(await statuses()).to.deep.equal([0, 2, 3, 3]);
    vault.planMove(move("revokeRepair", [3]));
    await anchor(world, vault);
    expect(await statuses()).to.deep.equal([0, 2, 3, 0]);
    for (const { status, transaction } of vault.moves()) {
      expect(status).to.equal("done");
      expect(transaction?.hash).to.match(/^0x[0-9a-f]{64}$/);
    }
  });

  it("set and clear marks, also for a suspended agency, and leave what is so already", async () => {
    const [disputed, review] = [16, 32];
    vault.planMove({ ...move("setMarks", [0, 1]), marks: disputed });
    vault.planMove({ ...move("setMarks", [1, 2]), marks: disputed | review });
    await anchor(world, vault);
    expect(await statuses()).to.deep.equal([16, 48, 48, 0]);
    await suspendAgency(ndrc(), world.agencyId, 1);
    vault.planMove({ ...move("clearMarks", [0, 1, 3]), marks: disputed });
    vault.planMove({ ...move("setMarks", [1]), marks: review });
    const { notices, moved } = await anchor(world, vault, { what: "moves" });
    expect(await statuses()).to.deep.equal([0, 32, 48, 0]);
    expect(notices).to.deep.equal([]);
    expect(moved).to.equal(3);
    expect(vault.unfinishedMoves()).to.deep.equal([]);
  });

  it("are planned together or not at all, and what they end has no next version", async () => {
    const ended = vault.entry(0, 0).key;
    const bad = { ...move("withdraw", [1]), positions: [2, 1] };
    const error = await failure(async () => vault.planMoves([move("withdraw", [0]), bad], [ended]));
    expect(error.code).to.equal("vault.positions");
    expect(vault.unfinishedMoves()).to.deep.equal([]);
    expect(vault.latest(ended)!.ended).to.equal(false);
    vault.planMoves([move("withdraw", [0])], [ended]);
    expect(vault.latest(ended)!.ended).to.equal(true);
    expect(vault.unfinishedMoves()).to.have.length(1);
  });

  it("that the chain shows made are recorded as done, and only what is left is sent", async () => {
    await withdrawElsewhere([0, 2]);
    vault.planMove(move("withdraw", [0, 1, 2]));
    vault.planMove(move("withdraw", [2]));
    expect((await anchor(world, vault)).notices).to.deep.equal([]);
    expect(await statuses()).to.deep.equal([2, 2, 2, 0]);
    expect(vault.unfinishedMoves()).to.deep.equal([]);
  });

  it("that were overtaken are told, and do not keep others from being made", async () => {
    await withdrawElsewhere([0]);
    await planRows(world, vault, permits(0, 10, 1));
    const { notices, moved } = await anchor(world, vault);
    expect(moved).to.equal(10);
    expect(notices.map(({ code }) => code)).to.deep.equal(["anchoring.move-overtaken"]);
    expect(await statuses()).to.deep.equal([2, 1, 1, 1]);
    expect(vault.unfinishedMoves()).to.deep.equal([]);
  });

  for (const what of ["all", "moves"] as const)
    it(`withdraw for a suspended agency while other work waits (${what})`, async () => {
      await planRows(world, vault, permits(0, 2, 1));
      vault.planMove(move("withdraw", [3]));
      vault.planMove(move("repair", [2]));
      await suspendAgency(ndrc(), world.agencyId, 1);
      if (what === "all")
        expect((await failure(() => anchor(world, vault))).code).to.equal("registry.WrongStanding");
      else expect(await anchor(world, vault, { what })).to.deep.include({ moved: 1, movesWaiting: 1 });
      expect(await statuses()).to.deep.equal([0, 0, 0, 2]);
      expect(vault.plan(1).status).to.equal("planned");
    });

  it("of a paused registry wait, and say why", async () => {
    vault.planMove(move("repair", [2]));
    await pauseRegistry(ndrc(), 1);
    expect((await failure(() => anchor(world, vault))).code).to.equal("registry.RegistryPaused");
    expect(vault.unfinishedMoves()[0]!.status).to.equal("planned");
  });

  it("need a permission of their own, which is told after the batches are anchored", async () => {
    const operator = { agencyId: world.agencyId, account: world.operators[0].address, permissions: 1 };
    const until = { validFrom: 0, validUntil: 3_000_000_000 };
    await setOperator({ registry: world.registry, signer: world.administrator }, { ...operator, ...until });
    await planRows(world, vault, permits(0, 10, 1));
    const error = await failure(() => anchor(world, vault));
    expect(error.code).to.equal("registry.PermissionMissing");
    expect(error.message).to.include("lacks the permission status");
    expect(vault.plan(1).status).to.be.oneOf(["anchored", "final"]);
  });

  it("that are never mined are outbid, and recognised if they are mined all the same", async () => {
    await planRows(world, vault, permits(0, 10, 1));
    const registry = await registryThrough(world, proxy.url);
    proxy.behave = async ({ method, count }) => {
      if (method !== "eth_sendRawTransaction") return forward;
      // The batch is mined; its supersessions are not, until they are outbid.
      if (count === 1) await node.rpc("evm_setAutomine", false);
      if (count === 2) {
        await node.rpc("evm_mine");
        await node.rpc("evm_setAutomine", true);
      }
      return forward;
    };
    await anchor(world, vault, { registry });
    await expectExactlyOnce(world, vault);
  });

  for (const mined of [true, false])
    it(`that a key signed before the home got another one are made once (${mined ? "mined" : "waiting"})`, async () => {
      vault.planMove(move("repair", [1, 2]));
      await node.rpc("evm_setAutomine", false);
      const stop = new AbortController();
      const error = await failure(() =>
        anchor(world, vault, {
          signal: stop.signal,
          onProgress: ({ kind }) => {
            if (kind === "move-sent") stop.abort();
          },
        }),
      );
      expect(error.code).to.equal("cancelled");
      expect(vault.unfinishedMoves()[0]!.signed!.from).to.equal(world.operators[0].address);
      if (mined) await node.rpc("evm_mine");
      await node.rpc("evm_setAutomine", true);
      expect(await anchor(world, vault, { operator: 1 })).to.deep.include({ moved: 2, notices: [] });
      expect(await statuses()).to.deep.equal([0, 3, 3, 0]);
      expect(vault.unfinishedMoves()).to.deep.equal([]);
    });

  it("that the node forgets are sent again", async () => {
    await planRows(world, vault, permits(0, 10, 1));
    const registry = await registryThrough(world, proxy.url);
    proxy.behave = async ({ method, count }) => {
      if (method !== "eth_sendRawTransaction" || count !== 1) return forward;
      await node.rpc("evm_setAutomine", false);
      const change = async (hash: unknown): Promise<unknown> => {
        await node.rpc("anvil_dropTransaction", hash);
        await node.rpc("evm_setAutomine", true);
        return hash;
      };
      return { kind: "forward", change };
    };
    await anchor(world, vault, { registry });
    await expectExactlyOnce(world, vault);
  });

  it("go out many at a time and share blocks", async () => {
    await planRows(world, vault, permits(100, 130), { batchSize: 1 });
    await anchor(world, vault);
    await planRows(world, vault, permits(100, 130, 1));
    await node.rpc("evm_setAutomine", false);
    const mining = setInterval(() => void node.rpc("evm_mine"), 400);
    const before = await world.chain.blockNumber();
    await anchor(world, vault);
    clearInterval(mining);
    // One block for the batch, two for thirty moves in windows of sixteen, and some that pass meanwhile.
    expect((await world.chain.blockNumber()) - before).to.be.lessThan(10);
    await expectExactlyOnce(world, vault);
  });

  it("are refused for a key that is no operator, before anything is sent", async () => {
    vault.planMove(move("withdraw", [1]));
    const error = await failure(() => anchor(world, vault, { signer: account(9) }));
    expect(error.code).to.equal("registry.NotOperator");
    expect(vault.unfinishedMoves()[0]!.status).to.equal("planned");
  });
});
