import { expect } from "chai";
import { detectFeePolicy } from "../../src/fees";
import { revokeOperator } from "../../src/registry-admin";
import type { LmdbVault } from "../../src/vault/writer";
import { startAnvil, startHardhatNode, type TestChain } from "../support/chains";
import { failure } from "../support/failure";
import { permits, removeFolders } from "../support/homes";
import { anchor, expectExactlyOnce, homeOf, planRows, startWorld, type World } from "../support/world";

/** The kinds of chain that the project promises to work on, as far as development nodes can imitate them. */
const kinds: {
  name: string;
  policy: string;
  start: () => Promise<TestChain>;
  blockTime?: number;
  finalityBlocks: number;
}[] = [
  { name: "hardhat node", policy: "eip1559", start: startHardhatNode, finalityBlocks: 0 },
  {
    name: "a chain with a block a second",
    policy: "eip1559",
    start: startAnvil,
    blockTime: 1,
    finalityBlocks: 2,
  },
  {
    name: "a chain without fees (London, base fee 0)",
    policy: "free",
    start: () => startAnvil("--base-fee", "0", "--gas-price", "0"),
    finalityBlocks: 0,
  },
  {
    name: "a chain without EIP-1559 (Berlin)",
    policy: "legacy",
    start: () => startAnvil("--hardfork", "berlin"),
    finalityBlocks: 0,
  },
];

for (const { name, policy, start, blockTime, finalityBlocks } of kinds)
  describe(`anchoring on ${name}`, function () {
    let node: TestChain;
    let world: World;
    let vault: LmdbVault;

    before(async () => {
      node = await start();
      world = await startWorld(node);
      if (blockTime !== undefined) {
        await node.rpc("evm_setAutomine", false);
        await node.rpc("evm_setIntervalMining", blockTime);
      }
      vault = await (await homeOf(world)).writeVault({ command: "test" });
    });
    after(async () => {
      await vault?.close();
      removeFolders();
      await node?.stop();
    });

    it(`pays as the chain asks: ${policy}`, async () => {
      expect(await detectFeePolicy(world.chain)).to.equal(policy);
    });

    if (policy === "free")
      it("needs no money where nothing costs any", async () => {
        await node.rpc("anvil_setBalance", world.operators[0].address, "0x0");
        await planRows(world, vault, permits(0, 1));
        expect(await anchor(world, vault)).to.deep.include({ batches: 1 });
      });

    it("anchors, corrects and supersedes everything exactly once", async () => {
      await planRows(world, vault, permits(1, 21), { batchSize: 10, mode: "leaves" });
      await planRows(world, vault, permits(1, 16, 1));
      await planRows(world, vault, permits(30, 31), { mode: "direct" });
      expect(await anchor(world, vault, { finalityBlocks })).to.deep.include({
        batches: 4,
        final: 4,
        moved: 15,
      });
      await expectExactlyOnce(world, vault);
    });

    it("reports a revoked operator before any work", async () => {
      const { agencyId, registry, administrator, operators } = world;
      await planRows(world, vault, permits(40, 41));
      await revokeOperator({ registry, signer: administrator }, agencyId, operators[0].address);
      expect((await failure(() => anchor(world, vault))).code).to.equal("registry.OperatorIsRevoked");
      expect(vault.plan(vault.unfinishedPlans()[0]!.number).status).to.equal("planned");
    });
  });
