import { expect } from "chai";
import { AbiCoder, id, JsonRpcProvider, keccak256, type NonceManager } from "ethers";
import { type AuditReport } from "../../src/audit";
import { auditRegistry, type AuditRequest } from "../../src/audit/gather";
import type { RawLog } from "../../src/audit/events";
import { connectChain } from "../../src/chain";
import { deployManager, deployRegistry } from "../../src/deployment";
import { roleIds } from "../../src/roles";
import {
  CreditRegistry__factory,
  RegistryAuthority__factory,
  type CreditRegistry,
  type RegistryAuthority,
} from "../../typechain-types";
import { forward, startAnvil, startProxy, type TestChain } from "../support/chains";
import { testAccounts } from "../support/story";

const DAY = 86_400;
const registryFace = CreditRegistry__factory.createInterface();
const authorityFace = RegistryAuthority__factory.createInterface();
const pause = registryFace.encodeFunctionData("pause", [1]);
const unpause = registryFace.encodeFunctionData("unpause", [1]);
const scheduled = authorityFace.getEvent("OperationScheduled").topicHash;
const executed = authorityFace.getEvent("OperationExecuted").topicHash;

describe("audit of what the authority executed for somebody", function () {
  let node: TestChain;
  let provider: JsonRpcProvider;
  let deployer: NonceManager, guardian: NonceManager, unpauser: NonceManager, stranger: NonceManager;
  let registry: CreditRegistry;
  let manager: RegistryAuthority;
  let address: string;
  let snapshot: unknown;

  const addressOf = async (account: NonceManager): Promise<string> =>
    (await account.getAddress()).toLowerCase();
  const wait = async (seconds: number): Promise<void> => {
    await node.rpc("evm_increaseTime", seconds);
    await node.rpc("evm_mine");
  };
  /** Announces, waits, and makes a call as its role has to. */
  const announce = async (account: NonceManager, data: string): Promise<void> => {
    await (await manager.connect(account).schedule(address, data, 0)).wait();
    await wait(DAY);
  };

  before(async () => {
    node = await startAnvil();
    // Without a cache: on a chain that mines at once, an answer of before would be waited on for ever.
    provider = new JsonRpcProvider(node.url, undefined, {
      cacheTimeout: -1,
      staticNetwork: true,
      pollingInterval: 20,
    });
    [deployer, guardian, unpauser, stranger] = testAccounts(provider) as [
      NonceManager,
      NonceManager,
      NonceManager,
      NonceManager,
    ];
    ({ registry, manager } = await deployRegistry(deployer, {
      grants: {
        guardian: [await guardian.getAddress()],
        unpauser: [{ account: await unpauser.getAddress(), delay: DAY }],
      },
    }));
    address = (await registry.getAddress()).toLowerCase();
  });
  beforeEach(async () => {
    snapshot = await node.rpc("evm_snapshot");
  });
  afterEach(async () => {
    await node.rpc("evm_revert", snapshot);
    for (const account of [deployer, guardian, unpauser, stranger]) account.reset();
  });
  after(async () => {
    provider?.destroy();
    await node?.stop();
  });

  /** @param change of every list of logs that the node gives. */
  async function audited(
    change: (logs: RawLog[]) => RawLog[] = (logs) => logs,
    more: Partial<AuditRequest> = {},
  ): Promise<{ report: AuditReport; codes: string[]; unchecked: string[] }> {
    const proxy = await startProxy(node.url);
    proxy.behave = ({ method }) =>
      method === "eth_getLogs" ? { kind: "forward", change: (logs) => change(logs as RawLog[]) } : forward;
    try {
      const chain = await connectChain({ urls: [proxy.url], retries: 0 });
      const codeHash = keccak256(await chain.code(address));
      const report = await auditRegistry({ chain, registry: address, codeHash, fromBlock: 0, ...more });
      return {
        report,
        codes: report.differences.map(({ code }) => code),
        // This registry has no contract for sign-offs.
        unchecked: report.notChecked.map(({ code }) => code).filter((code) => code !== "sign-off.unknown"),
      };
    } finally {
      await proxy.stop();
    }
  }

  it("knows for whom, when the sender called the authority itself", async () => {
    await (await manager.connect(guardian).execute(address, pause)).wait();
    const { codes, unchecked } = await audited();
    expect([codes, unchecked]).to.deep.equal([[], []]);
  });

  it("knows for whom, when one transaction made several calls", async () => {
    const calls = [pause].map((data) => authorityFace.encodeFunctionData("execute", [address, data]));
    await (await manager.connect(guardian).multicall(calls)).wait();
    const { codes, unchecked } = await audited();
    expect([codes, unchecked]).to.deep.equal([[], []]);
  });

  it("asks the role of the sender", async () => {
    await (await manager.connect(guardian).execute(address, pause)).wait();
    const other = await addressOf(stranger);
    const proxy = await startProxy(node.url);
    proxy.behave = ({ method }) =>
      method === "eth_getTransactionByHash"
        ? { kind: "forward", change: (transaction) => ({ ...(transaction as object), from: other }) }
        : forward;
    try {
      const chain = await connectChain({ urls: [proxy.url], retries: 0 });
      const { differences } = await auditRegistry({ chain, registry: address, fromBlock: 0 });
      expect(differences.map(({ code, found }) => [code, found])).to.deep.equal([["role.missing", other]]);
    } finally {
      await proxy.stop();
    }
  });

  it("leaves open what another contract had it execute: no event tells which", async () => {
    // Another authority is a contract that can be told to call, as a multisig is.
    const between = await deployManager(deployer);
    await (await manager.grantRole(roleIds.guardian, await between.getAddress(), 0)).wait();
    const inner = authorityFace.encodeFunctionData("execute", [address, pause]);
    await (await between.execute(await manager.getAddress(), inner)).wait();
    const { codes, unchecked } = await audited();
    expect([codes, unchecked]).to.deep.equal([[], ["role.executed"]]);
  });

  it("knows for which contract, when it had to announce the call", async () => {
    const between = await deployManager(deployer);
    const name = (await between.getAddress()).toLowerCase();
    await (await manager.grantRole(roleIds.unpauser, name, DAY)).wait();
    await (await registry.connect(guardian).pause(1)).wait();
    const managerAddress = await manager.getAddress();
    const through = async (data: string): Promise<void> =>
      void (await (await between.execute(managerAddress, data)).wait());
    await through(authorityFace.encodeFunctionData("schedule", [address, unpause, 0]));
    await wait(DAY);
    await through(authorityFace.encodeFunctionData("execute", [address, unpause]));
    const { codes, unchecked } = await audited();
    expect([codes, unchecked]).to.deep.equal([[], []]);
    // Announced by somebody who never held the role: the log says so, and its id fits.
    const other = await addressOf(stranger);
    const coder = AbiCoder.defaultAbiCoder();
    const forged = await audited((logs) =>
      logs.map((log) => {
        if (log.topics[0] !== scheduled && log.topics[0] !== executed) return log;
        const operation = keccak256(coder.encode(["address", "address", "bytes"], [other, address, unpause]));
        const topics = [log.topics[0]!, operation, log.topics[2]!];
        return { ...log, topics, data: log.data.replaceAll(name.slice(2), other.slice(2)) };
      }),
    );
    expect(forged.report.differences.map(({ code, found }) => [code, found])).to.deep.equal([
      ["role.missing", other],
    ]);
  });

  it("checks that the delay had passed, for who called and for whom it was executed", async () => {
    for (const make of [
      async () => (await registry.connect(unpauser).unpause(1)).wait(),
      async () => (await manager.connect(unpauser).execute(address, unpause)).wait(),
    ]) {
      await (await registry.connect(guardian).pause(1)).wait();
      await announce(unpauser, unpause);
      await make();
    }
    const { codes, unchecked } = await audited();
    expect([codes, unchecked], "honest").to.deep.equal([[], []]);

    const hidden = await audited((logs) =>
      logs.filter(({ topics }) => topics[0] !== scheduled && topics[0] !== executed),
    );
    expect(hidden.codes, "not announced").to.deep.equal(["role.delay", "role.delay"]);

    const never = await audited((logs) => logs.filter(({ topics }) => topics[0] !== scheduled));
    expect(new Set(never.codes), "executed, and not announced").to.deep.equal(
      new Set(["roles.operation", "role.delay"]),
    );

    const changed = (by: number): Promise<{ codes: string[] }> =>
      audited((logs) =>
        logs.map((log) => {
          if (log.topics[0] !== scheduled) return log;
          const ready = BigInt(log.data.slice(0, 66)) + BigInt(by);
          return { ...log, data: `0x${ready.toString(16).padStart(64, "0")}${log.data.slice(66)}` };
        }),
      );
    expect((await changed(-1)).codes, "a second too soon").to.deep.equal(["role.delay", "role.delay"]);
    expect((await changed(2 * DAY)).codes, "made before its time").to.deep.equal([
      "role.delay",
      "role.delay",
    ]);

    const renamed = await audited((logs) =>
      logs.map((log) =>
        log.topics[0] === scheduled || log.topics[0] === executed
          ? { ...log, topics: [log.topics[0], id("another"), log.topics[2]!] }
          : log,
      ),
    );
    expect(renamed.codes, "another id").to.deep.equal(["roles.operation", "roles.operation"]);
  });

  it("knows that a delay made shorter holds only after the difference", async () => {
    await (await registry.connect(guardian).pause(1)).wait();
    // Still a day for who announces at once, although an hour was granted.
    await (await manager.grantRole(roleIds.unpauser, await unpauser.getAddress(), 3_600)).wait();
    await announce(unpauser, unpause);
    await (await registry.connect(unpauser).unpause(1)).wait();
    const [roles] = (await audited()).report.roles;
    expect(roles!.tenures.find(({ role }) => role === "unpauser")?.delay).to.equal(3_600);
    const sooner = await audited((logs) =>
      logs.map((log) => {
        if (log.topics[0] !== scheduled) return log;
        const ready = BigInt(log.data.slice(0, 66)) - 3_600n;
        return { ...log, data: `0x${ready.toString(16).padStart(64, "0")}${log.data.slice(66)}` };
      }),
    );
    expect(sooner.codes).to.deep.equal(["role.delay"]);
  });

  describe("a head of the journal of roles obtained elsewhere", () => {
    async function now(): Promise<{ length: number; head: string }> {
      const [length, head] = await manager.journal();
      return { length: Number(length), head };
    }

    it("agrees, now and after more entries", async () => {
      const rolesHead = await now();
      expect((await audited(undefined, { rolesHead })).codes).to.deep.equal([]);
      await (await manager.grantRole(roleIds.auditor, await stranger.getAddress(), 0)).wait();
      const { report } = await audited(undefined, { rolesHead });
      expect(report.differences).to.deep.equal([]);
      expect(report.roles[0]!.externalHead).to.deep.equal({ ...rolesHead, contained: true });
    });

    it("differs, and is of a longer journal", async () => {
      const { length, head } = await now();
      const other = { length: length - 1, head };
      expect((await audited(undefined, { rolesHead: other })).codes).to.deep.equal(["roles.differs"]);
      const longer = { length: length + 1, head };
      expect((await audited(undefined, { rolesHead: longer })).codes).to.deep.equal(["roles.beyond"]);
    });

    it("stands alone where no journal can be read", async () => {
      const rolesHead = await now();
      const logs = await audited((all) => all.filter(({ address: of }) => of === address), { rolesHead });
      expect(logs.codes).to.include("roles.beyond");
    });
  });
});
