import { expect } from "chai";
import type { JsonRpcProvider, NonceManager } from "ethers";
import type { AuditReport } from "../../src/audit";
import { auditRegistry } from "../../src/audit/gather";
import type { SignOffsPlace } from "../../src/audit/sign-offs";
import { connectChain } from "../../src/chain";
import { describe as describeReport } from "../../src/cli/audit";
import { deployRegistry, type Deployment } from "../../src/deployment";
import { roleIds } from "../../src/roles";
import type { ISignOffs, SignOffs } from "../../typechain-types";
import { forward, startAnvil, startProxy, type FaultProxy, type TestChain } from "../support/chains";
import { deploySignOffs, placeOf, statementNow } from "../support/sign-offs";
import { ownProvider, testAccounts } from "../support/story";

const WRONG = "12".repeat(32);

describe("audit: what auditors stated on chain", function () {
  let node: TestChain;
  let provider: JsonRpcProvider;
  let accounts: NonceManager[];
  let deployed: Deployment;
  let signOffs: SignOffs;
  let place: SignOffsPlace;

  before(async () => {
    node = await startAnvil();
    provider = ownProvider(node);
    accounts = testAccounts(provider);
    const [deployer, guardian] = accounts as [NonceManager, NonceManager];
    const auditor = await accounts[2]!.getAddress();
    deployed = await deployRegistry(deployer, {
      grants: { guardian: [await guardian.getAddress()], unpauser: [await guardian.getAddress()] },
    });
    const { registry, manager } = deployed;
    signOffs = (await deploySignOffs(registry)).connect(accounts[2]);
    await (await manager.grantRole(roleIds.auditor, auditor, 0)).wait();
    const { chainId } = await connectChain({ urls: [node.url] });
    place = await placeOf(signOffs, registry, chainId);
  });
  after(async () => {
    provider?.destroy();
    await node?.stop();
  });
  let snapshot: unknown;
  beforeEach(async () => (snapshot = await node.rpc("evm_snapshot")));
  afterEach(async () => {
    await node.rpc("evm_revert", snapshot);
    accounts.forEach((account) => account.reset());
  });

  async function stated(lies: Partial<ISignOffs.StatementStruct> = {}): Promise<void> {
    const statement = await statementNow(deployed.registry, deployed.manager, lies);
    await (await signOffs.signOff(statement)).wait();
  }

  /** The journal grows, and that of roles: what is stated from here on of less is of the past. */
  async function grow(): Promise<void> {
    const { registry, manager } = deployed;
    await (await registry.connect(accounts[1]).pause(1)).wait();
    await (await registry.connect(accounts[1]).unpause(1)).wait();
    await (await manager.grantRole(roleIds.arbiter, await accounts[3]!.getAddress(), 0)).wait();
  }

  async function audited(behave: FaultProxy["behave"] = () => forward): Promise<AuditReport> {
    const proxy = await startProxy(node.url);
    proxy.behave = behave;
    try {
      const chain = await connectChain({ urls: [proxy.url], retries: 0 });
      const registry = await deployed.registry.getAddress();
      return await auditRegistry({ chain, registry, fromBlock: 0, signOffs: place });
    } finally {
      await proxy.stop();
    }
  }

  const codes = ({ differences }: AuditReport): string[] => differences.map(({ code }) => code);

  it("compares each statement with the journals as replayed, and tells of it", async () => {
    await stated();
    await grow();
    await stated({ outcome: 1 });
    await stated({ rolesLength: 0, rolesHead: `0x${"00".repeat(32)}` });
    await deployed.manager.revokeRole(roleIds.auditor, await accounts[2]!.getAddress());
    const report = await audited();
    expect(codes(report)).to.deep.equal([]);
    expect(report.notChecked.map(({ code }) => code)).to.deep.equal(["registry.code"]);
    const { statements } = report.signOffs!;
    expect(statements.map(({ index, holds }) => [index, holds])).to.deep.equal([
      [0, true],
      [1, true],
      [2, true],
    ]);
    const lines = describeReport(report).join("\n");
    expect(lines).to.contain(`${place.address}: 3 statements of auditors`).and.to.contain(": holds");
    expect(lines).to.contain(", no differences; not everything could be compared, by");
  });

  it("says so when no contract for sign-offs is known", async () => {
    const chain = await connectChain({ urls: [node.url] });
    const registry = await deployed.registry.getAddress();
    const report = await auditRegistry({ chain, registry, fromBlock: 0 });
    expect(report.signOffs).to.equal(null);
    expect(report.notChecked.map(({ code }) => code)).to.include("sign-off.unknown");
  });

  describe("that is false, and that the contract could not know to be", () => {
    const lies: [string, () => Partial<ISignOffs.StatementStruct>, string][] = [
      [
        "a head that the journal never had",
        () => ({ journalLength: 1, journalHead: `0x${WRONG.slice(0, 56)}` }),
        "sign-off.head",
      ],
      [
        "a head of no entry that is not the first one",
        () => ({ journalLength: 0, journalHead: `0x${WRONG.slice(0, 56)}` }),
        "sign-off.head",
      ],
      [
        "a head that the journal of roles never had",
        () => ({ rolesLength: 3, rolesHead: `0x${WRONG}` }),
        "sign-off.roles",
      ],
    ];
    for (const [what, lie, code] of lies)
      it(what, async () => {
        await grow();
        await stated(lie());
        const report = await audited();
        expect(codes(report)).to.deep.equal([code]);
        const [{ where, expected, found }] = report.differences as [AuditReport["differences"][0]];
        const [statement] = report.signOffs!.statements;
        expect(where).to.include({ statement: 0, block: statement!.block, event: "SignedOff" });
        expect(where.transaction).to.equal(statement!.transaction);
        expect([expected, found].every((text) => /^\d+:0x/.test(text!))).to.equal(true);
        expect(statement!.holds).to.equal(false);
        expect(describeReport(report).join("\n")).to.contain("DOES NOT HOLD");
      });

    it("more entries than the journal had at the block that is named", async () => {
      const { number, hash } = (await provider.getBlock("latest"))!;
      await grow();
      await stated({ blockNumber: number, blockHash: hash! });
      expect(codes(await audited())).to.deep.equal(["sign-off.beyond", "sign-off.roles"]);
    });

    it("fewer entries than the journal had there, as whoever saw only its beginning states them", async () => {
      const beginning = await statementNow(deployed.registry, deployed.manager);
      const { journalLength, journalHead, rolesLength, rolesHead } = beginning;
      await grow();
      await stated({ journalLength, journalHead });
      await stated({ rolesLength, rolesHead });
      await stated();
      const report = await audited();
      expect(codes(report)).to.deep.equal(["sign-off.stale", "sign-off.stale"]);
      expect(report.signOffs!.statements.map(({ holds }) => holds)).to.deep.equal([false, false, true]);
    });

    it("a block that never was, when the chain remembers it no more", async () => {
      const { number } = (await provider.getBlock("latest"))!;
      const statement = await statementNow(deployed.registry, deployed.manager);
      await node.rpc("anvil_mine", "0x110");
      await (await signOffs.signOff({ ...statement, blockNumber: number, blockHash: `0x${WRONG}` })).wait();
      expect(codes(await audited())).to.deep.equal(["sign-off.block"]);
    });
  });

  it("names somebody who did not hold the role: here the node hides its grant", async () => {
    await stated();
    const topic = deployed.manager.interface.getEvent("RoleJournaled").topicHash;
    const report = await audited(({ method, params }) => {
      const { address } = (params[0] ?? {}) as { address?: string };
      return method === "eth_getLogs" && address !== place.address
        ? {
            kind: "forward",
            change: (logs) => {
              const all = logs as { topics: string[] }[];
              const entries = all.filter(({ topics }) => topics[0] === topic);
              return entries.length === 0 ? all : all.filter((log) => log !== entries.at(-1));
            },
          }
        : forward;
    });
    expect(codes(report)).to.include.members(["roles.head", "sign-off.role", "sign-off.roles"]);
  });

  it("names another contract at the address, and none", async () => {
    const real = place;
    try {
      for (const address of [
        (await deployed.manager.getAddress()).toLowerCase(),
        `0x${WRONG.slice(0, 40)}`,
      ]) {
        place = { ...real, address };
        expect(codes(await audited())).to.include.members(["sign-off.code", "view.differs"]);
      }
    } finally {
      place = real;
    }
  });
});
