import { expect } from "chai";
import { Wallet } from "ethers";
import { type Chain, connectChain } from "../../src/chain";
import { deployRegistry } from "../../src/deployment";
import type { Call } from "../../src/registry";
import { admitAgency, admitType, changeMarks, closeAgency, suspendAgency } from "../../src/registry-admin";
import { admissionOf, cancelCall, scheduleCall } from "../../src/registry-delayed";
import { openRegistry, readAgency, type Registry, Standing } from "../../src/registry-views";
import { startAnvil, type TestChain } from "../support/chains";
import { failure } from "../support/failure";
import { bytesOf } from "../support/samples";
import { account, quick } from "../support/world";
import { registryInterface } from "../../src/interfaces";

const DELAY = 3_600;
const WEEK = 7 * 86_400;

for (const unit of [1, 1000] as const)
  describe(`restricted calls that wait, on a chain that counts ${unit === 1 ? "seconds" : "milliseconds"}`, function () {
    let node: TestChain;
    let chain: Chain;
    let registry: Registry;
    let snapshot: unknown;
    const [deployer, registrar, guardian, stranger] = [0, 1, 2, 3].map(account) as [
      ReturnType<typeof account>,
      ReturnType<typeof account>,
      ReturnType<typeof account>,
      ReturnType<typeof account>,
    ];
    const by = (signer: ReturnType<typeof account>) => ({ registry, signer });
    const now = async (): Promise<number> => (await chain.block("latest"))!.time;
    const wait = async (seconds: number): Promise<void> => {
      const { timestamp } = (await chain.block("latest"))!;
      await node.rpc("evm_setNextBlockTimestamp", timestamp + seconds * unit);
      await node.rpc("evm_mine");
    };
    const standing = async (): Promise<number> => (await readAgency(registry, 1))!.standing;

    before(async () => {
      node = await startAnvil(...(unit === 1 ? [] : ["--timestamp", String(Date.now())]));
      if (unit === 1000) await node.rpc("anvil_setBlockTimestampInterval", 1000);
      chain = await connectChain({ ...quick, urls: [node.url] });
      const wallet = new Wallet(deployer.privateKey, chain.provider);
      const { registry: contract } = await deployRegistry(wallet, {
        grants: {
          registrar: [deployer.address, { account: registrar.address, delay: DELAY * unit }],
          guardian: [guardian.address],
          arbiter: [{ account: registrar.address, delay: DELAY * unit }],
        },
      });
      registry = await openRegistry(chain, await contract.getAddress());
      await admitAgency(by(deployer), {
        code: "91110000TEST",
        administrator: stranger.address,
        keyCommitment: bytesOf("key"),
      });
    });
    beforeEach(async () => void (snapshot = await node.rpc("evm_snapshot")));
    afterEach(async () => void (await node.rpc("evm_revert", snapshot)));
    after(async () => node.stop());

    it("are scheduled, then made by the caller itself when asked for again after the delay", async () => {
      const first = await closeAgency(by(registrar), 1, 51);
      expect(first).to.include({ already: false }).and.to.have.property("transaction");
      expect(first.waitsUntil).to.be.closeTo((await now()) + DELAY, 2);
      expect(await closeAgency(by(registrar), 1, 51)).to.deep.equal({
        already: true,
        waitsUntil: first.waitsUntil,
      });
      await wait(DELAY - 10);
      expect(await closeAgency(by(registrar), 1, 51)).to.include({ already: true });
      expect(await standing()).to.equal(Standing.active);
      await wait(10);
      const { already, transaction, waitsUntil } = await closeAgency(by(registrar), 1, 51);
      expect({ already, waitsUntil }).to.deep.equal({ already: false, waitsUntil: undefined });
      expect(await standing()).to.equal(Standing.closed);
      const [log] = (await chain.receipt(transaction!))!.logs.filter(
        ({ address }) => address === registry.address,
      );
      expect(registryInterface.parseLog({ topics: [...log!.topics], data: log!.data })!.args.actor).to.equal(
        new Wallet(registrar.privateKey).address,
      );
      expect(await closeAgency(by(registrar), 1, 51)).to.deep.equal({ already: true });
    });

    it("wait each by itself: another reason is another call", async () => {
      await closeAgency(by(registrar), 1, 51);
      await wait(DELAY);
      expect((await closeAgency(by(registrar), 1, 52)).waitsUntil).to.be.greaterThan(await now());
      expect(await standing()).to.equal(Standing.active);
    });

    it("are not made when the guardian cancelled them, and wait again from the beginning", async () => {
      const call: Call = {
        to: registry.address,
        data: registryInterface.encodeFunctionData("closeAgency", [1, 51]),
        what: "close agency 1",
      };
      await closeAgency(by(registrar), 1, 51);
      await failure(() => cancelCall(registry, stranger, registrar.address, call));
      expect(await admissionOf(registry, registrar.address, call)).to.include({ kind: "waiting" });
      await cancelCall(registry, guardian, registrar.address, call);
      await wait(DELAY);
      expect(await admissionOf(registry, registrar.address, call)).to.deep.equal({
        kind: "unscheduled",
        delay: DELAY,
      });
      expect((await closeAgency(by(registrar), 1, 51)).waitsUntil).to.be.closeTo((await now()) + DELAY, 2);
      expect(await standing()).to.equal(Standing.active);
    });

    it("can be asked about by anybody: at once, scheduled, ready, refused", async () => {
      const call = {
        to: registry.address,
        data: registryInterface.encodeFunctionData("closeAgency", [1, 0]),
        what: "close agency 1",
      };
      expect(await admissionOf(registry, deployer.address, call)).to.deep.equal({ kind: "now" });
      expect(await admissionOf(registry, stranger.address, call)).to.deep.equal({ kind: "refused" });
      const { from } = await scheduleCall(registry, registrar, call);
      expect(await admissionOf(registry, registrar.address, call)).to.deep.equal({ kind: "waiting", from });
      await wait(DELAY);
      expect(await admissionOf(registry, registrar.address, call)).to.deep.equal({ kind: "ready" });
    });

    it("of those without delay or without the role are as before", async () => {
      expect((await suspendAgency(by(guardian), 1, 1)).waitsUntil).to.equal(undefined);
      expect(await standing()).to.equal(Standing.suspended);
      const error = await failure(() => closeAgency(by(stranger), 1, 1));
      expect(error.code).to.equal("registry.AccessManagedUnauthorized");
    });

    it("that admit tell the id when it is there, and 0 before", async () => {
      const agency = { code: "91120000TEST", administrator: stranger.address, keyCommitment: bytesOf("k2") };
      const type = { typeHash: bytesOf("type"), name: "test.type", personal: false };
      expect((await admitAgency(by(registrar), agency)).agencyId).to.equal(0);
      expect((await admitType(by(registrar), type)).typeId).to.equal(0);
      await wait(DELAY);
      expect((await admitAgency(by(registrar), agency)).agencyId).to.equal(2);
      expect((await admitType(by(registrar), type)).typeId).to.equal(1);
    });

    it("of the arbiter wait where its role does, the agency's never", async () => {
      const header = {
        format: 1,
        agencyId: 1,
        typeId: 1,
        sequence: 0,
        size: 1,
        anchoredAt: 1,
        operator: stranger.address,
        previous: `0x${"00".repeat(20)}`,
        root: bytesOf("root"),
        manifestHash: bytesOf("manifest"),
      } as const;
      const places = { header, indexes: [0], reason: 30, evidenceHash: bytesOf("evidence") };
      expect((await changeMarks(by(registrar), places, 16, "set", "arbiter")).waitsUntil).to.be.greaterThan(
        0,
      );
      // No wait, hence the registry's own refusal of this invented batch.
      const error = await failure(() => changeMarks(by(stranger), places, 16, "set", "agency"));
      expect(error.code).to.equal("registry.UnknownBatch");
    });

    if (unit === 1)
      it("that nobody made within a week are scheduled anew", async () => {
        await closeAgency(by(registrar), 1, 51);
        await wait(DELAY + WEEK);
        expect((await closeAgency(by(registrar), 1, 51)).waitsUntil).to.be.closeTo((await now()) + DELAY, 2);
      });
  });
