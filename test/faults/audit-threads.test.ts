import { expect } from "chai";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditReport } from "../../src/audit";
import { auditRegistry } from "../../src/audit/gather";
import { compareVault } from "../../src/audit/vault";
import { compared } from "../../src/audit/vault-threads";
import { loadFastHashes } from "../../src/fast-hashes";
import type { Hashes } from "../../src/hashes";
import type { Home } from "../../src/home";
import { loadPolicySet } from "../../src/policy";
import type { LmdbVaultReader } from "../../src/vault/reader";
import { startAnvil, type TestChain } from "../support/chains";
import { permits, removeFolders } from "../support/homes";
import { anchor, homeOf, planRows, startWorld, type World } from "../support/world";

describe("audit of a vault on several threads", function () {
  this.timeout(240_000);
  let node: TestChain;
  let world: World;
  let home: Home;
  let hashes: Hashes;

  before(async () => {
    node = await startAnvil();
    world = await startWorld(node);
    hashes = await loadFastHashes();
    home = await homeOf(world);
    const vault = await home.writeVault({ command: "test" });
    for (const batch of [permits(0, 20), permits(20, 50), permits(0, 3, 7), permits(50, 60), permits(60, 61)])
      await planRows(world, vault, batch);
    await anchor(world, vault);
    // One that the chain does not have yet.
    await planRows(world, vault, permits(70, 75));
    await vault.close();
  });
  after(async () => {
    await node?.stop();
    removeFolders();
  });

  async function withVault<T>(use: (vault: LmdbVaultReader) => Promise<T>, decrypt = true): Promise<T> {
    const vault = await home.readVault({ decrypt });
    try {
      return await use(vault);
    } finally {
      await vault.close();
    }
  }

  const audited = (threads: number, records = true): Promise<AuditReport> =>
    withVault(
      (vault) =>
        auditRegistry({
          chain: world.chain,
          registry: world.registry.address,
          fromBlock: 0,
          hashes,
          compare: async (audit) => {
            const clocks = { policies: loadPolicySet(), on: "2026-07-01" };
            await compareVault(audit, { vault, hashes, records, clocks, threads, portion: 1 });
          },
        }),
      records,
    );

  it("says the same, byte by byte, on one and on many", async () => {
    const here = await audited(0);
    expect(here.differences).to.deep.equal([]);
    expect(here.vaults).to.deep.equal([{ batches: 5, records: 64, recomputed: 64 }]);
    expect(here.notChecked.map(({ code }) => code)).to.include("vault.pending");
    expect(here.coverage.batchesWithLeaves).to.equal(5);
    expect(JSON.stringify(await audited(3))).to.equal(JSON.stringify(here));
    const closed = await audited(0, false);
    expect(closed.vaults[0]!.recomputed).to.equal(0);
    expect(JSON.stringify(await audited(2, false))).to.equal(JSON.stringify(closed));
  });

  it("says the same of what was changed, in the same order", async () => {
    const spoiled = ["batches", "secrets"].flatMap((sub) => {
      const folder = join(home.dir, "vault", sub);
      const files = readdirSync(folder).sort();
      // The first, one in the middle, and the last that is anchored.
      return [files[0]!, files[2]!, files[4]!].map((name) => join(folder, name));
    });
    const honest = spoiled.map((file) => readFileSync(file));
    spoiled.forEach((file, i) => {
      const bytes = Buffer.from(honest[i]!);
      for (const place of [70, Math.floor(bytes.length / 2), bytes.length - 1]) bytes[place]! ^= 1;
      writeFileSync(file, bytes);
    });
    const here = await audited(0);
    const batches = new Set(here.differences.map(({ where }) => where.batchId));
    expect(batches.size).to.equal(3);
    expect(here.differences.map(({ code }) => code)).to.include.members(["vault.damaged", "vault.leaf"]);
    for (const threads of [1, 3])
      expect(JSON.stringify(await audited(threads)), `${threads} threads`).to.equal(JSON.stringify(here));
    spoiled.forEach((file, i) => writeFileSync(file, honest[i]!));
    expect((await audited(2)).differences).to.deep.equal([]);
  });

  it("fails, and says why, when a thread ends before its answer", async () => {
    const portions = [[], [], [], [], []];
    const registry = { chainId: world.chain.chainId, address: world.registry.address };
    const dying = join(__dirname, "../support/dying-thread");
    let seen = 0;
    const failure = await withVault(async (vault) => {
      try {
        for await (const { done } of compared(portions, { vault, registry, hashes, records: true }, 2, dying))
          seen += done.batches;
      } catch (error) {
        return error;
      }
      return undefined;
    });
    expect(failure).to.include({ code: "audit.thread", exitStatus: 70 });
    expect((failure as Error).message).to.equal(
      "a thread that compared the vault ended too early: exit status 9",
    );
    expect(seen).to.be.lessThan(portions.length);
  });

  it("fails when a thread cannot open the vault", async () => {
    const failure = await withVault(async (vault) => {
      const elsewhere = {
        ...vault,
        location: () => ({ folder: join(home.dir, "nothing"), secretsKey: undefined }),
      };
      const registry = { chainId: world.chain.chainId, address: world.registry.address };
      const comparing = { vault: elsewhere as unknown as LmdbVaultReader, registry, hashes, records: true };
      try {
        for await (const _ of compared([[]], comparing, 1)) void _;
      } catch (error) {
        return error;
      }
      return undefined;
    });
    expect(failure).to.include({ code: "vault.missing" });
  });
});
