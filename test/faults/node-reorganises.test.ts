import { expect } from "chai";
import type { AnchoringProgress } from "../../src/anchoring";
import type { LmdbVault } from "../../src/vault/writer";
import { startAnvil, type TestChain } from "../support/chains";
import { failure } from "../support/failure";
import { permits, removeFolders } from "../support/homes";
import { anchor, expectExactlyOnce, homeOf, planRows, startWorld, type World } from "../support/world";

/** Enough that nothing is final before a test has its say. */
const finalityBlocks = 20;

describe("anchoring on a chain that reorganises", function () {
  let node: TestChain;
  let world: World;
  let vault: LmdbVault;

  // A chain for each test: what anvil keeps of a reorganised block is not undone by a snapshot.
  beforeEach(async () => {
    node = await startAnvil();
    world = await startWorld(node);
    vault = await (await homeOf(world)).writeVault({ command: "test" });
  });
  afterEach(async () => {
    await vault.close();
    await node.stop();
  });
  after(removeFolders);

  /** Anchors while blocks keep coming; `act` runs at the given occurrence of some progress, before anything else. */
  async function anchorWhile(
    kind: AnchoringProgress["kind"],
    occurrence: number,
    act: () => Promise<unknown>,
  ) {
    let seen = 0;
    let acting: Promise<unknown> = Promise.resolve();
    let busy = false;
    const mining = setInterval(() => {
      if (!busy) void node.rpc("evm_mine");
    }, 25);
    const onProgress = (progress: AnchoringProgress): void => {
      if (progress.kind !== kind || ++seen !== occurrence) return;
      busy = true;
      acting = act().finally(() => (busy = false));
    };
    try {
      return await anchor(world, vault, { finalityBlocks, onProgress });
    } finally {
      await acting;
      clearInterval(mining);
    }
  }

  /** The block of a batch, and everything after it, gives way to empty blocks. */
  const vanish = (plan: number) => async (): Promise<void> => {
    await node.rpc("anvil_reorg", await depthOf(vault.plan(plan).transaction!.blockNumber), []);
  };
  const depthOf = async (block: number): Promise<number> =>
    Number(await node.rpc("eth_blockNumber")) - block + 1;
  const reopened = ({ notices }: { notices: { code: string }[] }): number =>
    notices.filter(({ code }) => code === "anchoring.reopened").length;

  it("anchors a batch again whose block and transaction vanish", async () => {
    await planRows(world, vault, permits(0, 10));
    const summary = await anchorWhile("anchored", 1, vanish(0));
    expect(summary).to.deep.include({ batches: 1, final: 1 });
    expect(reopened(summary)).to.equal(1);
    await expectExactlyOnce(world, vault);
  });

  it("anchors all batches again whose blocks vanish, in their order", async () => {
    await planRows(world, vault, permits(0, 60), { batchSize: 10 });
    const summary = await anchorWhile("anchored", 3, vanish(1));
    expect(summary).to.deep.include({ batches: 6, final: 6 });
    expect(reopened(summary)).to.be.at.least(2);
    await expectExactlyOnce(world, vault);
  });

  it("follows a batch into another block with another time, and signs those anew that built on it", async () => {
    await planRows(world, vault, permits(0, 30), { batchSize: 10 });
    const summary = await anchorWhile("anchored", 2, async () => {
      const { signed } = vault.plan(0);
      const depth = await depthOf(vault.plan(0).transaction!.blockNumber);
      // Block times do not change in anvil's reorganisations; one block later the time is another.
      await node.rpc("anvil_reorg", depth, [[signed!.raw, depth - 1]]);
    });
    expect(summary).to.deep.include({ batches: 3, final: 3 });
    await expectExactlyOnce(world, vault);
  });

  it("follows a batch into another block with the same time, where its header stays the same", async () => {
    await planRows(world, vault, permits(0, 10));
    let before = "";
    const summary = await anchorWhile("anchored", 1, async () => {
      const { transaction, signed } = vault.plan(0);
      before = transaction!.blockHash;
      const raw = await transfer();
      await node.rpc("anvil_reorg", await depthOf(transaction!.blockNumber), [
        [signed!.raw, 0],
        [raw, 0],
      ]);
    });
    expect(summary).to.deep.include({ batches: 1, final: 1, notices: [] });
    expect(vault.plan(0).transaction!.blockHash).to.not.equal(before);
    await expectExactlyOnce(world, vault);
  });

  /** Something else in the block, so that its hash is another one. */
  async function transfer(): Promise<string> {
    const { chain, ndrc } = world;
    const nonce = await chain.nonce(ndrc.address);
    const fees = { type: 2, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n, gasLimit: 21_000n };
    return ndrc.sign({ ...fees, chainId: chain.chainId, to: ndrc.address, nonce });
  }

  it("gives way to another operator who takes the place in the new branch", async () => {
    const other = await (await homeOf(world, 1)).writeVault({ command: "test" });
    await planRows(world, vault, permits(0, 30), { batchSize: 10 });
    await planRows(world, other, permits(100, 110));
    const summary = await anchorWhile("anchored", 2, async () => {
      await vanish(0)();
      await anchor(world, other, { operator: 1 });
    });
    expect(summary).to.deep.include({ batches: 3, final: 3 });
    await expectExactlyOnce(world, vault, other);
    await other.close();
  });

  it("makes status moves again whose blocks vanish", async () => {
    await planRows(world, vault, permits(0, 10));
    await planRows(world, vault, permits(0, 10, 1));
    const summary = await anchorWhile("moved", 1, async () => {
      // The one block of the move; the batches stay.
      await node.rpc("anvil_reorg", await depthOf(vault.plan(1).transaction!.blockNumber + 1), []);
    });
    expect(summary).to.deep.include({ batches: 2, moved: 10 });
    await expectExactlyOnce(world, vault);
  });

  it("makes status moves again when the batch they are about vanishes with them", async () => {
    await planRows(world, vault, permits(0, 10));
    await planRows(world, vault, permits(0, 10, 1));
    await anchorWhile("moved", 1, vanish(0));
    await expectExactlyOnce(world, vault);
  });

  it("finds at the next start what vanished while nobody looked", async () => {
    await planRows(world, vault, permits(0, 30), { batchSize: 10 });
    await anchor(world, vault, { finalityBlocks });
    expect([...vault.plans()].map(({ status }) => status)).to.deep.equal([
      "anchored",
      "anchored",
      "anchored",
    ]);
    await vanish(1)();
    await node.rpc("anvil_mine", "0x14");
    await anchorWhile("anchored", 99, async () => undefined);
    await expectExactlyOnce(world, vault);
  });

  it("stops when something final is gone, and says that the chain was reset or finality is set too low", async () => {
    await planRows(world, vault, permits(0, 10));
    await anchor(world, vault);
    await vanish(0)();
    await planRows(world, vault, permits(10, 20));
    const error = await failure(() => anchor(world, vault));
    expect(error.code).to.equal("anchoring.final-lost");
    expect(error.hint).to.match(/reset|finalityBlocks/);
    expect(vault.plan(1).status).to.equal("planned");
  });
});
