import { expect } from "chai";
import { cpSync } from "node:fs";
import { join } from "node:path";
import type { AnchoringProgress } from "../../src/anchoring";
import { startAnchoring } from "../../src/anchoring";
import { type Home, openHome } from "../../src/home";
import { batchAt, readAgency } from "../../src/registry-views";
import type { Plan, Vault } from "../../src/vault/vault";
import type { LmdbVault } from "../../src/vault/writer";
import { startAnvil, type TestChain } from "../support/chains";
import { failure } from "../support/failure";
import { permits, removeFolders, temporaryFolder } from "../support/homes";
import { bytesOf } from "../support/samples";
import {
  account,
  anchor,
  expectExactlyOnce,
  hasty,
  homeOf,
  planRows,
  startWorld,
  type World,
} from "../support/world";

describe("anchoring", function () {
  let node: TestChain;
  let world: World;
  let home: Home;
  let vault: LmdbVault;
  let snapshot: unknown;

  before(async () => {
    node = await startAnvil();
    world = await startWorld(node);
  });
  beforeEach(async () => {
    snapshot = await node.rpc("evm_snapshot");
    home = await homeOf(world);
    vault = await home.writeVault({ command: "test" });
  });
  afterEach(async () => {
    await vault.close();
    await node.rpc("evm_revert", snapshot);
  });
  after(async () => {
    removeFolders();
    await node.stop();
  });

  it("does nothing when nothing is planned, and asks nobody", async () => {
    expect(await anchor(world, vault)).to.deep.include({ batches: 0, records: 0, final: 0, moved: 0 });
  });

  for (const mode of ["root", "leaves", "direct"] as const)
    it(`anchors batches in mode ${mode}, one after another`, async () => {
      const rows = permits(0, mode === "direct" ? 3 : 25);
      await planRows(world, vault, rows, { mode, ...(mode === "direct" ? {} : { batchSize: 10 }) });
      const summary = await anchor(world, vault);
      expect(summary).to.deep.include({ batches: 3, records: rows.length, final: 3, notices: [] });
      await expectExactlyOnce(world, vault);
    });

  it("tells the chain which versions a correction replaces, 256 at a time", async () => {
    await planRows(world, vault, permits(0, 300));
    await planRows(world, vault, permits(0, 300, 1));
    const summary = await anchor(world, vault);
    expect(summary).to.deep.include({ batches: 2, moved: 300 });
    await expectExactlyOnce(world, vault);
  });

  it("lets the contract supersede directly anchored versions", async () => {
    await planRows(world, vault, permits(0, 2), { mode: "direct" });
    await planRows(world, vault, permits(0, 2, 1), { mode: "direct" });
    expect(await anchor(world, vault)).to.deep.include({ batches: 4, moved: 0 });
    await expectExactlyOnce(world, vault);
  });

  it("waits until as many blocks lie on top as the network asks for", async () => {
    await planRows(world, vault, permits(0, 5));
    const seen: AnchoringProgress[] = [];
    const onProgress = (progress: AnchoringProgress): void => {
      seen.push(progress);
      if (progress.kind === "anchored") setTimeout(() => void node.rpc("anvil_mine", "0x5"), 100);
    };
    await anchor(world, vault, { finalityBlocks: 5, onProgress });
    expect(seen.map(({ kind }) => kind)).to.deep.equal(["signed", "sent", "anchored", "final"]);
    expect(await world.chain.blockNumber()).to.be.at.least(vault.plan(0).transaction!.blockNumber + 5);
  });

  it("leaves what is not final for later when the chain makes no blocks, and says so", async () => {
    await planRows(world, vault, permits(0, 5));
    const summary = await anchor(world, vault, { finalityBlocks: 5 });
    expect(summary).to.deep.include({ batches: 1, final: 0, awaitingFinality: 1 });
    expect(vault.plan(0).status).to.equal("anchored");
    await node.rpc("anvil_mine", "0x5");
    expect(await anchor(world, vault, { finalityBlocks: 5 })).to.deep.include({ batches: 0, final: 1 });
    await expectExactlyOnce(world, vault);
  });

  it("goes on beside planning, as batches appear", async () => {
    const anchoring = startAnchoring({
      vault,
      registry: world.registry,
      signer: world.operators[0],
      settings: { agencyId: world.agencyId, finalityBlocks: 0, patience: hasty },
    });
    for (let at = 0; at < 30; at += 10) {
      await planRows(world, vault, permits(at, at + 10));
      anchoring.kick();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await anchoring.finish()).to.deep.include({ batches: 3, records: 30, final: 3 });
    await expectExactlyOnce(world, vault);
  });

  it("stops between two steps on request, and the next run continues", async () => {
    await planRows(world, vault, permits(0, 30), { batchSize: 10 });
    const stop = new AbortController();
    const onProgress = ({ kind }: AnchoringProgress): void => {
      if (kind === "anchored") stop.abort();
    };
    const error = await failure(() => anchor(world, vault, { onProgress, signal: stop.signal }));
    expect(error.code).to.equal("cancelled");
    expect([...vault.plans()].map(({ status }) => status)).to.deep.equal(["anchored", "planned", "planned"]);
    await anchor(world, vault);
    await expectExactlyOnce(world, vault);
  });

  it("recognises its batches when the vault is an older copy that knows nothing of their anchoring", async () => {
    await planRows(world, vault, permits(0, 30), { batchSize: 10 });
    await vault.close();
    const copy = join(temporaryFolder(), "copy");
    cpSync(home.dir, copy, { recursive: true });
    vault = await home.writeVault({ command: "test" });
    await anchor(world, vault);
    const restored = await openHome(copy, { env: {} }).writeVault({ command: "test" });
    await planRows(world, restored, permits(30, 40));
    const before = [...vault.plans()].map(({ header }) => header);
    expect(await anchor(world, restored)).to.deep.include({ batches: 4, final: 4 });
    expect([...restored.plans()].slice(0, 3).map(({ header }) => header)).to.deep.equal(before);
    await expectExactlyOnce(world, restored);
    await restored.close();
  });

  it("finds a batch that lies above the block from which it is looked for", async () => {
    await planRows(world, vault, permits(0, 5));
    await anchor(world, vault);
    const { blockNumber } = vault.plan(0).transaction!;
    for (const newest of [blockNumber, blockNumber - 1])
      expect(await batchAt(world.registry, world.agencyId, 0, newest)).to.deep.include({ blockNumber });
  });

  describe("when the chain has batches that the vault does not have,", () => {
    /** A copy of the home, and then two more batches of the original. */
    async function olderCopy(): Promise<LmdbVault> {
      await planRows(world, vault, permits(0, 10));
      await anchor(world, vault);
      await vault.close();
      const copy = join(temporaryFolder(), "copy");
      cpSync(home.dir, copy, { recursive: true });
      vault = await home.writeVault({ command: "test" });
      await planRows(world, vault, permits(10, 30), { batchSize: 10 });
      await anchor(world, vault);
      return openHome(copy, { env: {} }).writeVault({ command: "test" });
    }
    const count = async (): Promise<number> => (await readAgency(world.registry, world.agencyId))!.batchCount;

    it("refuses an older copy", async () => {
      const restored = await olderCopy();
      await planRows(world, restored, permits(30, 50), { batchSize: 10 });
      const error = await failure(() => anchor(world, restored));
      expect(error.code).to.equal("anchoring.unknown-batches");
      expect(error.message)
        .to.match(/ lacks 2 batches /)
        .and.to.include(world.operators[0].address);
      expect(error.message).to.match(/ at place 2 /);
      expect(error.hint).to.include("--accept-unknown-batches");
      expect(error.exitStatus).to.equal(64);
      expect(await count()).to.equal(3);
      expect([...restored.plans()].map(({ status }) => status)).to.deep.equal([
        "final",
        "planned",
        "planned",
      ]);
      await restored.close();
    });

    it("refuses an older copy whose key is another one now, by the keys that its vault names", async () => {
      const restored = await olderCopy();
      await planRows(world, restored, permits(30, 40));
      const error = await failure(() => anchor(world, restored, { operator: 1 }));
      expect(error.code).to.equal("anchoring.unknown-batches");
      await restored.close();
    });

    it("refuses keys that the home has and does not sign with", async () => {
      const other = await (await homeOf(world, 1)).writeVault({ command: "test" });
      await planRows(world, other, permits(10, 20));
      await anchor(world, other, { operator: 1 });
      await planRows(world, vault, permits(0, 10));
      const settings = { agencyId: world.agencyId, finalityBlocks: 0, keys: [world.operators[1].address] };
      expect((await failure(() => anchor(world, vault, { settings }))).code).to.equal(
        "anchoring.unknown-batches",
      );
      await other.close();
    });

    it("goes on when they are accepted, says so, and asks only about those that come afterwards", async () => {
      const restored = await olderCopy();
      await planRows(world, restored, permits(30, 40));
      const settings = { agencyId: world.agencyId, finalityBlocks: 100, acceptUnknown: true };
      const accepted = await anchor(world, restored, { settings });
      expect(accepted).to.deep.include({ batches: 1 });
      expect(accepted.notices.map(({ code }) => code)).to.deep.equal(["anchoring.unknown-accepted"]);
      // Nothing of the copy is final, so that its whole past is looked at again.
      await planRows(world, restored, permits(40, 50));
      const next = await anchor(world, restored, { finalityBlocks: 100 });
      expect(next).to.deep.include({ batches: 1, notices: [] });
      await restored.close();
      // Now the original is the older one.
      await planRows(world, vault, permits(50, 60));
      expect((await failure(() => anchor(world, vault))).message).to.match(/ lacks 2 batches .* at place 4 /);
    });

    it("says nothing of those of another key", async () => {
      const other = await (await homeOf(world, 1)).writeVault({ command: "test" });
      await planRows(world, other, permits(10, 20));
      await anchor(world, other, { operator: 1 });
      await planRows(world, vault, permits(0, 10));
      expect((await anchor(world, vault)).notices).to.deep.equal([]);
      await expectExactlyOnce(world, vault, other);
      await other.close();
    });
  });

  describe("refuses, and anchors nothing,", () => {
    /** The vault with one answer changed. */
    const changed = (change: Partial<Vault>): Vault =>
      new Proxy<Vault>(vault, {
        get: (target, name: keyof Vault) => {
          const value = change[name] ?? target[name];
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    const refused = async (vaultGiven: Vault, code: string): Promise<void> => {
      expect((await failure(() => anchor(world, vaultGiven))).code).to.equal(code);
      expect((await readAgency(world.registry, world.agencyId))!.batchCount).to.equal(0);
      expect(vault.plan(0).status).to.equal("planned");
    };

    it("leaves that do not give the root they were planned with", async () => {
      await planRows(world, vault, permits(0, 5), { mode: "leaves", batchSize: 5 });
      const leaves = (number: number): Uint8Array =>
        vault.leaves(number).map((byte, at) => (at === 40 ? byte ^ 1 : byte));
      await refused(changed({ leaves }), "vault.damaged");
    });

    it("a record that is not the leaf it was planned as", async () => {
      await planRows(world, vault, permits(0, 1), { mode: "direct" });
      await refused(
        changed({ entry: (plan, index) => ({ ...vault.entry(plan, index), version: 2 }) }),
        "vault.damaged",
      );
    });

    const plans = (change: Partial<Plan>): Partial<Vault> => ({
      plan: (number) => ({ ...vault.plan(number), ...change }),
      unfinishedPlans: () => vault.unfinishedPlans().map((plan) => ({ ...plan, ...change })),
    });

    it("batches of another registry, another chain or another agency", async () => {
      await planRows(world, vault, permits(0, 5));
      const { registry } = vault.plan(0);
      await refused(changed(plans({ registry: { ...registry, chainId: 1 } })), "anchoring.other-registry");
      const address = account(9).address;
      await refused(changed(plans({ registry: { ...registry, address } })), "anchoring.other-registry");
      await refused(changed(plans({ agencyId: 2 })), "anchoring.other-agency");
    });

    it("batches of a type that the registry does not have, or has under another id", async () => {
      await planRows(world, vault, permits(0, 5));
      await refused(changed(plans({ typeId: 9 })), "registry.UnknownType");
      await refused(changed(plans({ typeHash: bytesOf("another type") })), "anchoring.type-differs");
    });
  });
});

describe("anchoring on a chain whose clock is far behind this machine's", function () {
  let node: TestChain;
  let world: World;

  beforeEach(async () => {
    node = await startAnvil("--timestamp", String(Math.floor(Date.now() / 1000) - 40 * 86_400));
    world = await startWorld(node);
  });
  afterEach(() => node.stop());
  after(removeFolders);

  for (const status of ["planned", "signed", "sent"] as const)
    it(`finds a batch that is ${status} as far as the vault knows, below one of another operator`, async () => {
      const home = await homeOf(world);
      const vault = await home.writeVault({ command: "test" });
      await planRows(world, vault, permits(0, 5));
      await vault.close();
      const copy = join(temporaryFolder(), "copy");
      cpSync(home.dir, copy, { recursive: true });
      const first = await home.writeVault({ command: "test" });
      let signed: Plan | undefined;
      await anchor(world, first, {
        onProgress: ({ kind }) => (signed = kind === "signed" ? first.plan(0) : signed),
      });
      const { header } = first.plan(0);
      await first.close();
      const other = await (await homeOf(world, 1)).writeVault({ command: "test" });
      await planRows(world, other, permits(10, 15));
      await anchor(world, other, { operator: 1 });

      const stopped = await openHome(copy, { env: {} }).writeVault({ command: "test" });
      if (status !== "planned") stopped.recordSigned(0, signed!.slot!, signed!.signed!);
      if (status === "sent") stopped.recordSent(0);
      expect(await anchor(world, stopped)).to.deep.include({ batches: 1, final: 1, notices: [] });
      expect(stopped.plan(0).header).to.deep.equal(header);
      await expectExactlyOnce(world, stopped, other);
      await stopped.close();
      await other.close();
    });
});
