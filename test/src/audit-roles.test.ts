import { expect } from "chai";
import { AbiCoder, id, keccak256, type JsonRpcProvider, type NonceManager } from "ethers";
import { startFindings, type Difference } from "../../src/audit/differences";
import type { RawLog } from "../../src/audit/events";
import { auditRegistry } from "../../src/audit/gather";
import { readRoles, type RestrictedAct, type RolesReport } from "../../src/audit/roles";
import { connectChain } from "../../src/chain";
import { describe as describeReport } from "../../src/cli/audit";
import { deployRegistry } from "../../src/deployment";
import { portableHashes } from "../../src/hashes";
import { administratorRoleId, type RestrictedFunction, roleIds, selectorsOf } from "../../src/roles";
import { RegistryAuthority__factory } from "../../typechain-types";
import { forward, startAnvil, startProxy, type TestChain } from "../support/chains";
import { ownProvider, testAccounts } from "../support/story";

const face = RegistryAuthority__factory.createInterface();
const coder = AbiCoder.defaultAbiCoder();
const authority = { chainId: 31337, address: `0x${"ee".repeat(20)}` };
const registry = `0x${"ab".repeat(20)}`;
const [ALICE, BOB] = [`0x${"a".repeat(40)}`, `0x${"b".repeat(40)}`];
const PUBLIC = 2n ** 64n - 1n;

type Entry = readonly [string, readonly string[], readonly unknown[]];
const grant = (role: bigint, account: string, delay = 0, grantDelay = 0): Entry => [
  "grantRole",
  ["uint64", "address", "uint32", "uint32"],
  [role, account, grantDelay, delay],
];
const revoke = (role: bigint, account: string): Entry => [
  "revokeRole",
  ["uint64", "address"],
  [role, account],
];
const functionRole = (selector: string, role: bigint, target = registry): Entry => [
  "setTargetFunctionRole",
  ["address", "bytes4", "uint64"],
  [target, selector, role],
];
const close = (closed: boolean): Entry => ["setTargetClosed", ["address", "bool"], [registry, closed]];

const blockOf = (number: number): { number: number; hash: string; time: number } => ({
  number,
  hash: id(`block ${number}`),
  time: 1000 + number,
});

/** Entry n stands in block 10 (n + 1), in seconds 1010 + 10 n. */
function logsOf(entries: readonly Entry[]): RawLog[] {
  return entries.map(([name, types, values], n) => {
    const act = face.getFunction(name as "grantRole").selector;
    const { topics, data } = face.encodeEventLog("RoleJournaled", [n, act, coder.encode(types, values)]);
    const number = 10 * (n + 1);
    return {
      address: authority.address,
      topics,
      data,
      blockNumber: number,
      blockHash: blockOf(number).hash,
      transactionHash: id(`transaction ${number}`),
      logIndex: 0,
      removed: false,
    };
  });
}

function act(name: RestrictedFunction, actor: string, blockNumber: number): RestrictedAct {
  return {
    functions: [name],
    actor,
    authority: authority.address,
    time: 1000 + blockNumber,
    log: { blockNumber, logIndex: 1, transactionHash: id(`transaction ${blockNumber}`) },
    where: { block: blockNumber },
  };
}

function decided(
  logs: readonly RawLog[],
  acts: readonly RestrictedAct[] = [],
  unit: 1 | 1000 = 1,
): { differences: Difference[]; codes: string[]; unchecked: string[]; report: RolesReport } {
  const findings = startFindings();
  const reader = readRoles(authority, registry, unit, findings, portableHashes);
  for (const log of logs) reader.read(log, blockOf(log.blockNumber));
  reader.check(acts);
  const { differences } = findings;
  return {
    differences,
    codes: differences.map(({ code }) => code),
    unchecked: findings.unchecked().map(({ code }) => code),
    report: reader.report(),
  };
}

describe("audit of the journal of roles", () => {
  const [suspend] = selectorsOf("guardian");
  const ready: readonly Entry[] = [
    grant(administratorRoleId, ALICE),
    ...selectorsOf("guardian").map((selector) => functionRole(selector, roleIds.guardian)),
    grant(roleIds.guardian, ALICE, 60),
    revoke(roleIds.guardian, ALICE),
    grant(roleIds.guardian, BOB),
  ];

  it("tells who held which role from when to when", () => {
    const { report, codes } = decided(logsOf(ready));
    expect(codes).to.deep.equal([]);
    expect(report.tenures).to.deep.equal([
      { role: "guardian", account: ALICE, from: 1040, until: 1050, delay: 60 },
      { role: "administrator", account: ALICE, from: 1010, until: null, delay: 0 },
      { role: "guardian", account: BOB, from: 1060, until: null, delay: 0 },
    ]);
  });

  it("accepts who held the role then, and nobody before, after, or without it", () => {
    const at = (actor: string, block: number): string[] =>
      decided(logsOf(ready), [act("suspendAgency", actor, block)]).codes;
    expect(at(ALICE, 39), "before").to.deep.equal(["role.missing"]);
    expect(at(ALICE, 40), "in the block of the grant, after it").to.deep.equal(["role.delay"]);
    expect(at(ALICE, 49), "a role that has to announce what it does").to.deep.equal(["role.delay"]);
    expect(at(ALICE, 50), "revoked").to.deep.equal(["role.missing"]);
    expect(at(BOB, 59)).to.deep.equal(["role.missing"]);
    expect(at(BOB, 60), "in the block of the grant, after it").to.deep.equal([]);
    expect(at(BOB, 1_000), "after the last change").to.deep.equal([]);
  });

  it("names role and account where it was missing", () => {
    const [found] = decided(logsOf(ready), [act("suspendAgency", BOB, 45)]).differences;
    expect(found).to.deep.include({ expected: "guardian", found: BOB, where: { block: 45 } });
  });

  const decisions: [string, readonly Entry[], RestrictedAct, readonly string[]][] = [
    ["a function mapped to nothing is the administrator's", [grant(0n, ALICE)], act("pause", ALICE, 99), []],
    ["and nobody else's", [grant(0n, ALICE)], act("pause", BOB, 99), ["role.missing"]],
    [
      "a function that was mapped to another role",
      [...ready, functionRole(suspend!, roleIds.arbiter)],
      act("suspendAgency", BOB, 99),
      ["role.missing"],
    ],
    [
      "a mapping of another contract changes nothing",
      [...ready, functionRole(suspend!, roleIds.arbiter, BOB)],
      act("suspendAgency", BOB, 99),
      [],
    ],
    ["a function given to everybody", [functionRole(suspend!, PUBLIC)], act("suspendAgency", BOB, 99), []],
    ["a closed registry", [...ready, close(true)], act("suspendAgency", BOB, 99), ["role.missing"]],
    ["a registry opened again", [...ready, close(true), close(false)], act("suspendAgency", BOB, 199), []],
    [
      "a role whose grant had not begun",
      [...ready, grant(roleIds.guardian, ALICE, 0, 50)],
      act("suspendAgency", ALICE, 119),
      ["role.missing"],
    ],
    [
      "a role whose grant had begun",
      [...ready, grant(roleIds.guardian, ALICE, 0, 50)],
      act("suspendAgency", ALICE, 120),
      [],
    ],
  ];
  for (const [what, entries, question, expected] of decisions)
    it(what, () => expect(decided(logsOf(entries), [question]).codes).to.deep.equal(expected));

  it("accepts whichever of several functions the role may have called", () => {
    const both = { ...act("suspendAgency", BOB, 99), functions: ["unpause", "suspendAgency"] as const };
    expect(decided(logsOf(ready), [both]).codes).to.deep.equal([]);
  });

  it("leaves open what the authority executed for somebody", () => {
    const { codes, unchecked } = decided(logsOf(ready), [act("pause", authority.address, 99)]);
    expect([codes, unchecked]).to.deep.equal([[], ["role.executed"]]);
  });

  it("reads delays of a chain that counts milliseconds", () => {
    const { report } = decided(logsOf([grant(0n, ALICE, 60_000, 5_000)]), [], 1000);
    expect(report.tenures).to.deep.equal([
      { role: "administrator", account: ALICE, from: 1015, until: null, delay: 60 },
    ]);
  });

  it("a second grant changes the delay, not the beginning", () => {
    const { report } = decided(logsOf([grant(9n, ALICE), grant(9n, ALICE, 7)]));
    expect(report.tenures).to.deep.equal([
      { role: "role 9", account: ALICE, from: 1010, until: null, delay: 7 },
    ]);
  });

  it("sees that an entry is missing, comes again, or is none", () => {
    const logs = logsOf(ready);
    expect(decided(logs.filter((_, n) => n !== 2)).codes).to.include("roles.entry");
    expect(decided([...logs.slice(0, 2), ...logs.slice(1)]).codes).to.include("roles.entry");
    const broken = { ...logs[1]!, data: logs[1]!.data.slice(0, -64) };
    expect(decided([logs[0]!, broken]).codes).to.deep.equal(["roles.malformed"]);
    const [unknown] = logsOf([["labelRole", ["uint64"], [1]]]);
    expect(decided([unknown!]).codes).to.deep.equal(["roles.malformed"]);
    const [long] = logsOf([["revokeRole", ["uint64", "address", "uint64"], [1, ALICE, 0]]]);
    expect(decided([long!]).codes).to.deep.equal(["roles.malformed"]);
  });

  describe("on a chain", function () {
    let node: TestChain;
    let address: string;
    let manager: string;
    let provider: JsonRpcProvider;
    let accounts: NonceManager[] = [];

    before(async () => {
      node = await startAnvil();
      provider = ownProvider(node);
      accounts = testAccounts(provider);
      const [deployer, guardian, unpauser] = accounts as [NonceManager, NonceManager, NonceManager];
      const made = await deployRegistry(deployer, {
        grants: { guardian: [await guardian.getAddress()], unpauser: [await unpauser.getAddress()] },
      });
      address = (await made.registry.getAddress()).toLowerCase();
      manager = (await made.manager.getAddress()).toLowerCase();
      await (await made.registry.connect(guardian).pause(1)).wait();
      await (await made.manager.revokeRole(roleIds.guardian, await guardian.getAddress())).wait();
      await (await made.registry.connect(unpauser).unpause(1)).wait();
    });
    after(async () => {
      provider?.destroy();
      await node?.stop();
    });

    it("finds nothing, checks every actor, and tells the tenures", async () => {
      const chain = await connectChain({ urls: [node.url] });
      const report = await auditRegistry({ chain, registry: address, fromBlock: 0, witnesses: [chain] });
      expect(report.differences).to.deep.equal([]);
      expect(report.notChecked.map(({ code }) => code)).to.deep.equal(["registry.code", "sign-off.unknown"]);
      expect(report.roles).to.have.length(1);
      const [roles] = report.roles;
      expect(roles!.authority).to.equal(manager);
      const guardian = (await accounts[1]!.getAddress()).toLowerCase();
      const [past] = roles!.tenures;
      expect(past).to.include({ role: "guardian", account: guardian });
      expect(past!.until).to.be.a("number");
      expect(describeReport(report).join("\n"))
        .to.contain(`guardian ${guardian} from`)
        .and.to.contain(" until ");
    });

    it("finds every entry that the node hides", async () => {
      const proxy = await startProxy(node.url);
      try {
        const topic = face.getEvent("RoleJournaled").topicHash;
        const all = (await node.rpc("eth_getLogs", {
          address: manager,
          topics: [topic],
          fromBlock: "0x0",
          toBlock: "latest",
        })) as RawLog[];
        expect(all.length).to.be.greaterThan(20);
        for (const hidden of all) {
          const isHidden = ({ topics }: RawLog): boolean =>
            topics[0] === topic && topics[1] === hidden.topics[1];
          proxy.behave = ({ method }) =>
            method === "eth_getLogs"
              ? { kind: "forward", change: (logs) => (logs as RawLog[]).filter((log) => !isHidden(log)) }
              : forward;
          const chain = await connectChain({ urls: [proxy.url], retries: 0 });
          const report = await auditRegistry({ chain, registry: address, fromBlock: 0 });
          expect(report.differences.map(({ code }) => code)).to.include("roles.head");
        }
      } finally {
        await proxy.stop();
      }
    });

    it("says so when an authority keeps no journal", async () => {
      const proxy = await startProxy(node.url);
      const asked = keccak256(face.getFunction("journal").selector);
      proxy.behave = ({ method, params }) => {
        const [call] = (params ?? []) as [{ to?: string }];
        return method === "eth_call" && call?.to === manager
          ? { kind: "forward", change: () => asked }
          : forward;
      };
      try {
        const chain = await connectChain({ urls: [proxy.url], retries: 0 });
        const report = await auditRegistry({ chain, registry: address, fromBlock: 0 });
        expect(report.roles).to.deep.equal([]);
        expect(report.notChecked.map(({ code, count }) => [code, count])).to.deep.equal([
          ["registry.code", 1],
          ["sign-off.unknown", 1],
          ["role.journal", 2],
        ]);
      } finally {
        await proxy.stop();
      }
    });
  });
});
