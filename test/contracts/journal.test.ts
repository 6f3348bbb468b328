import { expect } from "chai";
import { setStorageAt, takeSnapshot } from "@nomicfoundation/hardhat-network-helpers";
import fc from "fast-check";
import { ethers } from "hardhat";
import { expectJournalReplays, replayJournal } from "../support/journal-replay";
import type { OracleHeader } from "../support/oracle";
import {
  AGENCY,
  EVIDENCE,
  FAR_FUTURE,
  KEY_COMMITMENT,
  MANIFEST,
  OTHER_AGENCY,
  REASON,
  TYPE,
  anchorBatch,
  headerOf,
  previousOf,
  spans,
  testRecord,
  useWorld,
  type World,
} from "../support/registry";

/** What a random sequence of calls knows: which batches there are. */
interface State {
  world: World;
  headers: OracleHeader[];
  step: number;
}

/** Calls that may be accepted or refused, whatever came before. `pick` chooses among accounts, batches, values. */
const calls: Record<string, (state: State, pick: (count: number) => number) => Promise<unknown>> = {
  anchorRoot: async (state, pick) => {
    const { world } = state;
    const agencyId = pick(8) === 0 ? OTHER_AGENCY : AGENCY;
    const caller = agencyId === AGENCY ? world.operator : world.otherOperator;
    const size = 1 + pick(100);
    const previous = await previousOf(world.registry, agencyId);
    const call = world.registry
      .connect(caller)
      .anchorRoot(agencyId, 1 + pick(2), previous, size, ethers.id(`${state.step}`), MANIFEST);
    state.headers.push(await headerOf(world.registry, call));
  },
  anchorLeaves: async (state, pick) => {
    const { registry, colleague } = state.world;
    const leaves = Array.from({ length: 1 + pick(20) }, (_, i) => ethers.id(`${state.step} ${i}`)).sort();
    const call = registry
      .connect(colleague)
      .anchorLeaves(AGENCY, TYPE, await previousOf(registry), leaves, MANIFEST);
    state.headers.push(await headerOf(registry, call));
  },
  anchorRecord: async (state, pick) => {
    const { registry, anchorer, domain } = state.world;
    const name = `direct ${pick(3)}`;
    const { key } = testRecord(domain, name);
    const version = Number((await registry.latest(AGENCY, key)).version) + 1;
    const { commitment } = testRecord(domain, name, { version });
    const call = registry
      .connect(anchorer)
      .anchorRecord(AGENCY, TYPE, await previousOf(registry), key, version, commitment, MANIFEST);
    state.headers.push(await headerOf(registry, call));
  },
  move: async ({ world, headers }, pick) => {
    const header = headers[pick(headers.length)]!;
    const first = pick(header.size);
    const last = first + pick(header.size - first);
    const list = Array.from({ length: last - first + 1 }, (_, i) => ethers.id(`successor ${i}`));
    const as = world.registry.connect([world.operator, world.clerk, world.otherOperator][pick(3)]!);
    const positions = spans([first, last]);
    const all = [
      () => as.withdraw(header, positions, REASON, EVIDENCE),
      () => as.repair(header, positions, REASON, EVIDENCE),
      () => as.revokeRepair(header, positions, REASON, EVIDENCE),
      () => as.supersede(header, positions, list, REASON, EVIDENCE),
      () => as.setMarks(header, positions, 16 << pick(4), REASON, EVIDENCE),
      () => as.clearMarks(header, positions, 16 << pick(4), REASON, EVIDENCE),
      () => as.proposeErasure(header, spans(0), REASON, EVIDENCE),
      () => world.registry.connect(world.colleague).confirmErasure(header, spans(0), REASON, EVIDENCE),
    ];
    return all[pick(all.length)]!();
  },
  arbiter: async ({ world, headers }, pick) => {
    const header = headers[pick(headers.length)]!;
    const as = world.registry.connect(world.arbiter);
    const name = pick(2) === 0 ? "arbiterSetMarks" : "arbiterClearMarks";
    return as[name](header, spans(pick(header.size)), 16 << pick(4), REASON, EVIDENCE);
  },
  operators: async ({ world }, pick) => {
    const as = world.registry.connect(world.administrator);
    const account = [world.clerk, world.stranger, world.anchorer][pick(3)]!.address;
    const all = [
      () => as.setOperator(AGENCY, account, 1 + pick(3), 0, FAR_FUTURE),
      () => as.revokeOperator(AGENCY, account),
      () => as.declareCompromised(AGENCY, account, 1 + pick(1_000)),
      () => as.nameAdministrator(AGENCY, world.administrator.address),
      () => as.acceptAdministration(AGENCY),
    ];
    return all[pick(all.length)]!();
  },
  authorities: async (state, pick) => {
    const { registry, registrar, guardian, unpauser, stranger } = state.world;
    const name = ethers.encodeBytes32String(`N${state.step}`);
    const all = [
      () => registry.connect(registrar).admitAgency(name, stranger.address, KEY_COMMITMENT),
      () => registry.connect(registrar).admitType(ethers.id(name), name, pick(2) === 0),
      () => registry.connect(guardian).suspendAgency(AGENCY, REASON),
      () => registry.connect(registrar).reinstateAgency(AGENCY, REASON),
      () => registry.connect(registrar).reinstateAgency(AGENCY, REASON),
      () => registry.connect(guardian).pause(REASON),
      () => registry.connect(unpauser).unpause(REASON),
      () => registry.connect(unpauser).unpause(REASON),
    ];
    return all[pick(all.length)]!();
  },
};

describe("the journal", () => {
  const world = useWorld();

  it("begins with a head that names chain and registry", async () => {
    const { manager } = world();
    const factory = await ethers.getContractFactory("CreditRegistry");
    const fresh = await factory.deploy(await manager.getAddress());
    const { count, head } = await fresh.journal();
    expect(count).to.equal(0);
    const abi = ethers.AbiCoder.defaultAbiCoder();
    const { chainId } = await ethers.provider.getNetwork();
    const words = [ethers.id("credit-anchor/journal/1"), chainId, await fresh.getAddress()];
    const hash = ethers.keccak256(abi.encode(["bytes32", "uint256", "address"], words));
    expect(head, "the first 28 bytes").to.equal(hash.slice(0, 58));
  });

  it("is not moved by calls that are refused or only ask", async () => {
    const { registry, stranger } = world();
    const before = await registry.journal();
    await expect(registry.connect(stranger).pause(REASON)).to.be.reverted;
    await registry.agency(AGENCY);
    expect(await registry.journal()).to.deep.equal(before);
  });

  for (const paused of [false, true])
    it(`begins to count again after 2^31 entries, and stops nobody, ${paused ? "paused" : "not paused"}`, async () => {
      const { registry, guardian, administrator, unpauser, stranger } = world();
      if (paused) await registry.connect(guardian).pause(REASON);
      const clean = await takeSnapshot();
      const address = await registry.getAddress();
      const { head } = await registry.journal();
      const slot = 1;
      const stored = await ethers.provider.getStorage(address, slot);
      expect(stored.endsWith(head.slice(2)), "head in the low bytes of slot 1").to.be.true;
      const last = (2 ** 32 - 2 + (paused ? 1 : 0)).toString(16);
      await setStorageAt(address, slot, "0x" + last + head.slice(2));
      expect((await registry.journal()).count).to.equal(2n ** 31n - 1n);
      await expect(registry.connect(administrator).nameAdministrator(AGENCY, stranger.address))
        .to.emit(registry, "AdministratorNamed")
        .withArgs(AGENCY, stranger.address, 2n ** 31n - 1n);
      expect((await registry.journal()).count).to.equal(0);
      expect((await registry.journal()).head).not.to.equal(head);
      expect(await registry.paused()).to.equal(paused);
      await expect(registry.connect(administrator).nameAdministrator(AGENCY, stranger.address))
        .to.emit(registry, "AdministratorNamed")
        .withArgs(AGENCY, stranger.address, 0);
      if (paused) await registry.connect(unpauser).unpause(REASON);
      await clean.restore();
    });

  it("counts two entries for a call that makes two changes", async () => {
    const here = world();
    const { count } = await here.registry.journal();
    const { key, commitment } = testRecord(here.domain, "direct");
    const previous = await previousOf(here.registry);
    await here.registry
      .connect(here.operator)
      .anchorRecord(AGENCY, TYPE, previous, key, 1, commitment, MANIFEST);
    expect((await here.registry.journal()).count).to.equal(count + 2n);
  });

  it("several changes in one block follow one another", async () => {
    const here = world();
    const { registry } = here;
    const { header } = await anchorBatch(here, 64);
    const as = registry.connect(here.operator);
    await ethers.provider.send("evm_setAutomine", [false]);
    const sent = [];
    for (let i = 0; i < 5; i++)
      sent.push(await as.withdraw(header, spans(i), REASON, EVIDENCE, { gasLimit: 200_000 }));
    await ethers.provider.send("evm_mine", []);
    await ethers.provider.send("evm_setAutomine", [true]);
    const blocks = await Promise.all(sent.map(async (each) => (await each.wait())!.blockNumber));
    expect(new Set(blocks).size).to.equal(1);
    await expectJournalReplays(registry);
  });

  it("is recomputed from the events after any sequence of calls", async function () {
    this.timeout(600_000);
    const runs = Math.max(5, Math.round(Number(process.env["PROPERTY_RUNS"] ?? 100) / 10));
    const clean = await takeSnapshot();
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.constantFrom(...Object.keys(calls)), fc.infiniteStream(fc.nat({ max: 1_000_000 }))),
          { minLength: 20, maxLength: 60 },
        ),
        async (sequence) => {
          await clean.restore();
          const { header } = await anchorBatch(world(), 70);
          const state: State = { world: world(), headers: [header], step: 0 };
          let accepted = 0;
          for (const [name, stream] of sequence) {
            state.step += 1;
            const pick = (count: number): number => (stream.next().value as number) % count;
            try {
              await calls[name]!(state, pick);
              accepted += 1;
            } catch (error) {
              // Refused, with one of the registry's own errors: nothing else may come back.
              if (!/reverted with (custom error|an unrecognized custom error)/.test(String(error)))
                throw error;
            }
          }
          const { registry } = state.world;
          const { count, head } = await registry.journal();
          expect({ count, head }).to.deep.equal(await replayJournal(registry));
          expect(accepted).to.be.greaterThan(0);
          for (const log of await ethers.provider.getLogs({
            address: await registry.getAddress(),
            fromBlock: 0,
          }))
            seen.add(registry.interface.parseLog(log)!.name);
        },
      ),
      { numRuns: runs },
    );
    expect(seen.size, "kinds of events that came up").to.be.greaterThan(12);
  });
});
