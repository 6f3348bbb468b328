import { expect } from "chai";
import type { Home } from "../../src/home";
import { startAnvil, type TestChain } from "../support/chains";
import { bundled } from "../support/bundle";
import { startChild } from "../support/children";
import { permits, removeFolders } from "../support/homes";
import { anchor, expectExactlyOnce, homeOf, planRows, startWorld, type World } from "../support/world";

describe("two homes of one agency at once", function () {
  let node: TestChain;
  let world: World;
  let snapshot: unknown;

  before(async () => {
    // Several transactions in one block: who comes second is mined and reverts.
    node = await startAnvil();
    world = await startWorld(node);
    await node.rpc("evm_setAutomine", false);
    await node.rpc("evm_setIntervalMining", 1);
  });
  beforeEach(async () => {
    snapshot = await node.rpc("evm_snapshot");
  });
  afterEach(async () => {
    await node.rpc("evm_revert", snapshot);
  });
  after(async () => {
    removeFolders();
    await node.stop();
  });

  for (const finalityBlocks of [0, 2])
    it(`with an operator each: both finish, no batch is lost or doubled (finality ${finalityBlocks})`, async () => {
      const vaults = [
        await (await homeOf(world, 0)).writeVault({ command: "test" }),
        await (await homeOf(world, 1)).writeVault({ command: "test" }),
      ] as const;
      await planRows(world, vaults[0], permits(0, 30), { batchSize: 10 });
      await planRows(world, vaults[0], permits(0, 5, 1));
      await planRows(world, vaults[1], permits(100, 130), { batchSize: 10 });
      await planRows(world, vaults[1], permits(100, 105, 1));
      const settings = { agencyId: world.agencyId, finalityBlocks };
      const summaries = await Promise.all([
        anchor(world, vaults[0], { operator: 0, settings }),
        anchor(world, vaults[1], { operator: 1, settings }),
      ]);
      for (const summary of summaries) expect(summary).to.deep.include({ batches: 4, final: 4, moved: 5 });
      await expectExactlyOnce(world, ...vaults);
      for (const vault of vaults) await vault.close();
    });

  it("with the same key, on purpose: both finish, no batch is lost or doubled", async () => {
    const vaults = [
      await (await homeOf(world, 0)).writeVault({ command: "test" }),
      await (await homeOf(world, 0)).writeVault({ command: "test" }),
    ] as const;
    await planRows(world, vaults[0], permits(0, 20), { batchSize: 10 });
    await planRows(world, vaults[1], permits(100, 120), { batchSize: 10 });
    const settings = { agencyId: world.agencyId, finalityBlocks: 0, acceptUnknown: true };
    await Promise.all(vaults.map((vault) => anchor(world, vault, { settings })));
    await expectExactlyOnce(world, ...vaults);
    for (const vault of vaults) await vault.close();
  });

  it("as processes of their own, each beside its planning", async () => {
    const script = bundled("anchor-child.ts");
    const homes = [await homeOf(world, 0), await homeOf(world, 1)] as const;
    const run = async (home: Home, from: number): Promise<void> => {
      const work = {
        rows: [
          [from, from + 30, 0],
          [from, from + 5, 1],
        ],
        batchSize: 10,
        finalityBlocks: 1,
      };
      const child = startChild(script, [home.dir, JSON.stringify(work)]);
      expect(await child.ended, JSON.stringify(child.said.at(-1)) + child.stderr()).to.equal(0);
    };
    await Promise.all([run(homes[0], 0), run(homes[1], 100)]);
    const vaults = [await homes[0].readVault(), await homes[1].readVault()];
    await expectExactlyOnce(world, ...vaults);
    for (const vault of vaults) await vault.close();
  });
});
