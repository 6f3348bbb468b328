import { expect } from "chai";
import { Wallet } from "ethers";
import { type Chain, connectChain } from "../../src/chain";
import { deployRegistry } from "../../src/deployment";
import { readAdministration } from "../../src/history";
import type { Call } from "../../src/registry";
import * as admin from "../../src/registry-admin";
import { cancelCall } from "../../src/registry-delayed";
import {
  openRegistry,
  readActing,
  readAgency,
  readOperator,
  readSuccession,
  type Registry,
  Standing,
} from "../../src/registry-views";
import { startAnvil, type TestChain } from "../support/chains";
import { failure } from "../support/failure";
import { bytesOf } from "../support/samples";
import { account, quick } from "../support/world";
import { registryInterface } from "../../src/interfaces";

type Account = ReturnType<typeof account>;

const DAY = 86_400;
const DELAY = 30 * DAY;

/** Lost keys and merged agencies where roles have the delays of production. */
describe("lost keys and successions that wait", function () {
  const [deployer, registrar, recoverer, guardian, stranger] = [0, 1, 2, 3, 4].map(account) as [
    Account,
    Account,
    Account,
    Account,
    Account,
  ];
  /** Administrators of agencies 1 to 3. */
  const administrators = [5, 6, 7].map(account) as [Account, Account, Account];
  let node: TestChain;
  let chain: Chain;
  let registry: Registry;
  let snapshot: unknown;

  const by = (signer: Account): admin.Actor => ({ registry, signer });
  const administratorOf = (agencyId: number): admin.Actor => by(administrators[agencyId - 1]!);
  const wait = async (seconds: number): Promise<void> => {
    await node.rpc("evm_increaseTime", seconds);
    await node.rpc("evm_mine");
  };
  const now = async (): Promise<number> => (await chain.block("latest"))!.time;
  const agency = async (id: number) => (await readAgency(registry, id))!;

  before(async () => {
    node = await startAnvil();
    chain = await connectChain({ ...quick, urls: [node.url] });
    const { registry: contract } = await deployRegistry(new Wallet(deployer.privateKey, chain.provider), {
      grants: {
        registrar: [deployer.address, { account: registrar.address, delay: DAY }],
        recoverer: [{ account: recoverer.address, delay: DELAY }],
        guardian: [guardian.address],
      },
    });
    registry = await openRegistry(chain, await contract.getAddress());
    for (const [i, { address }] of administrators.entries())
      await admin.admitAgency(by(deployer), {
        code: `9111000${i}TEST`,
        administrator: address,
        keyCommitment: bytesOf(`key ${i}`),
      });
  });
  beforeEach(async () => void (snapshot = await node.rpc("evm_snapshot")));
  afterEach(async () => void (await node.rpc("evm_revert", snapshot)));
  after(async () => node.stop());

  it("a lost administrator is replaced after the delay, and the lost key manages nothing any more", async () => {
    const next = account(8);
    const recover = (): Promise<admin.Done> => admin.recoverAdministrator(by(recoverer), 1, next.address, 50);
    await admin.nameAdministrator(administratorOf(1), 1, stranger.address);
    expect((await recover()).waitsUntil).to.be.closeTo((await now()) + DELAY, 5);
    await wait(DELAY - 60);
    expect(await recover()).to.include({ already: true });
    expect((await agency(1)).administrator).to.equal(administrators[0].address);
    await wait(60);
    expect(await recover())
      .to.include({ already: false })
      .and.to.not.have.property("waitsUntil");
    expect(await recover()).to.deep.equal({ already: true });
    expect(await agency(1)).to.deep.include({ administrator: next.address, pendingAdministrator: undefined });

    // Whoever was named by the lost key cannot take the agency back.
    expect((await failure(() => admin.acceptAdministration(by(stranger), 1))).code).to.equal(
      "registry.NotPendingAdministrator",
    );
    const operator = {
      agencyId: 1,
      account: stranger.address,
      permissions: 3,
      validFrom: 0,
      validUntil: 4e9,
    };
    expect((await failure(() => admin.setOperator(administratorOf(1), operator))).code).to.equal(
      "registry.NotAdministrator",
    );
    await admin.setOperator(by(next), operator);
    expect(
      (await readAdministration(registry, 1)).map((event) => [event.event, event.administrator]),
    ).to.deep.equal([
      ["AgencyAdmitted", administrators[0].address],
      ["AdministratorRecovered", next.address],
    ]);
  });

  it("a recovery that the agency objects to is cancelled by the guardian, and does not happen", async () => {
    await admin.recoverAdministrator(by(recoverer), 1, stranger.address, 50);
    const call: Call = {
      to: registry.address,
      data: registryInterface.encodeFunctionData("recoverAdministrator", [1, stranger.address, 50]),
      what: "recover",
    };
    await wait(DELAY / 2);
    await cancelCall(registry, guardian, recoverer.address, call);
    await wait(DELAY);
    expect(
      (await admin.recoverAdministrator(by(recoverer), 1, stranger.address, 50)).waitsUntil,
    ).to.be.greaterThan(await now());
    expect((await agency(1)).administrator).to.equal(administrators[0].address);
  });

  it("nobody but the recoverer recovers, not the registrar, not the guardian", async () => {
    for (const other of [registrar, guardian, stranger, administrators[0]])
      for (const act of [
        () => admin.recoverAdministrator(by(other), 1, stranger.address, 50),
        () => admin.succeedAgency(by(other), 1, 2, 52, "successor"),
      ])
        expect((await failure(act)).code).to.equal("registry.AccessManagedUnauthorized");
  });

  it("a succession with both consents waits for the registrar's delay only, and agencies do not wait", async () => {
    await admin.nameSuccessor(administratorOf(1), 1, 2);
    await admin.acceptSuccession(administratorOf(2), 1, 2);
    expect(await readSuccession(registry, 1, 2)).to.deep.equal({ named: true, accepted: true });
    const complete = (): Promise<admin.Done> => admin.succeedAgency(by(registrar), 1, 2, 52, "both");
    expect((await complete()).waitsUntil).to.be.closeTo((await now()) + DAY, 5);
    await wait(DAY);
    expect(await complete())
      .to.include({ already: false })
      .and.to.not.have.property("waitsUntil");
    expect(await complete()).to.deep.equal({ already: true });
    expect(await agency(1)).to.include({ standing: Standing.closed, successor: 2 });
    expect((await readActing(registry, await agency(1))).id).to.equal(2);
  });

  it("a consent that is taken back during the delay stops the succession", async () => {
    await admin.nameSuccessor(administratorOf(1), 1, 2);
    await admin.acceptSuccession(administratorOf(2), 1, 2);
    await admin.succeedAgency(by(registrar), 1, 2, 52, "both");
    await admin.nameSuccessor(administratorOf(1), 1, 0);
    expect(await readSuccession(registry, 1, 2)).to.include({ named: false });
    await wait(DAY);
    const error = await failure(() => admin.succeedAgency(by(registrar), 1, 2, 52, "both"));
    expect(error.code).to.equal("registry.SuccessorNotNamed");
    expect((await agency(1)).standing).to.equal(Standing.active);
  });

  it("the successor's consent that is taken back during the long delay stops the succession without the other's", async () => {
    const as = administratorOf(2);
    await admin.acceptSuccession(as, 1, 2);
    const without = (): Promise<admin.Done> => admin.succeedAgency(by(recoverer), 1, 2, 52, "successor");
    await without();
    expect(await admin.declineSucceeding(as, 1, 2)).to.include({ already: false });
    expect(await admin.declineSucceeding(as, 1, 2)).to.deep.equal({ already: true });
    expect(await readSuccession(registry, 1, 2)).to.include({ accepted: false });
    await wait(DELAY);
    expect((await failure(without)).code).to.equal("registry.SuccessionNotAccepted");
    expect((await agency(1)).standing).to.equal(Standing.active);
  });

  it("a dissolved agency is taken over without its consent, after the long delay; a closed one too", async () => {
    await admin.closeAgency(by(deployer), 1, 52);
    await admin.acceptSuccession(administratorOf(2), 1, 2);
    const without = (): Promise<admin.Done> => admin.succeedAgency(by(recoverer), 1, 2, 52, "successor");
    expect((await without()).waitsUntil).to.be.closeTo((await now()) + DELAY, 5);
    expect((await readActing(registry, await agency(1))).id).to.equal(1);
    await wait(DELAY);
    await without();
    expect((await readActing(registry, await agency(1))).id).to.equal(2);
  });

  it("the last of a chain of successors ends the keys of the first, and says since when they were stolen", async () => {
    const operator = {
      agencyId: 1,
      account: stranger.address,
      permissions: 3,
      validFrom: 0,
      validUntil: 4e9,
    };
    await admin.setOperator(administratorOf(1), operator);
    for (const [from, to] of [
      [1, 2],
      [2, 3],
    ] as const) {
      await admin.nameSuccessor(administratorOf(from), from, to);
      await admin.acceptSuccession(administratorOf(to), from, to);
      await admin.succeedAgency(by(deployer), from, to, 52, "both");
    }
    expect((await readActing(registry, await agency(1))).id).to.equal(3);
    const since = (await now()) - DAY;
    const declare = (id: number): Promise<admin.Done> =>
      admin.declareCompromised(administratorOf(id), 1, stranger.address, since);
    expect((await failure(() => declare(2))).code).to.equal("registry.NotAdministrator");
    await declare(3);
    expect(await readOperator(registry, 1, stranger.address)).to.include({
      revoked: true,
      compromisedSince: since,
    });
  });
});
