/**
 * Measures what the registry costs and writes `bench/gas.json`; with `--check` compares instead, and fails on any
 * difference and on any target that is exceeded.
 *
 * Gas is that of whole transactions, London rules, as the contracts are compiled for release. Accounts, order and block
 * times are fixed, so that the numbers are the same on every machine.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
// Declares `ethers` on Hardhat, for builds that do not see hardhat.config.ts. Types only: loaded before Hardhat, it fails.
import type {} from "@nomicfoundation/hardhat-ethers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import type { ContractTransactionResponse, EventLog } from "ethers";
import hre, { ethers } from "hardhat";
import { deployRegistry } from "../src/deployment";
import { encodePositions } from "../src/positions";
import { roleIds } from "../src/roles";
import {
  Relay__factory,
  type CreditRegistry,
  type ICreditRegistry,
  type RegistryAuthority,
  SignOffs__factory,
} from "../typechain-types";

const file = join(__dirname, "..", "bench", "gas.json");
const firstTime = 3_000_000_000;

interface Measure {
  readonly gas: number;
  /** Records of one call, where there are several. */
  readonly records?: number;
  readonly perRecord?: number;
  /** The most that the design allows: a call, or a record of a call with several. */
  readonly target?: number;
}

interface Snapshot {
  readonly compiler: string;
  readonly hardfork: string;
  /** Deployed bytes; the limit is 24,576. */
  readonly bytes: number;
  readonly gas: Readonly<Record<string, Measure>>;
}

const measures: Record<string, Measure> = {};
let clock = firstTime;

/** A signer whose transactions stand in blocks of known times: so hashes, and the zero bytes in them, are always the same. */
function ticking(signer: HardhatEthersSigner): HardhatEthersSigner {
  const sendTransaction = signer.sendTransaction.bind(signer);
  signer.sendTransaction = async (transaction) => {
    await ethers.provider.send("evm_setNextBlockTimestamp", [++clock]);
    return sendTransaction(transaction);
  };
  return signer;
}

async function send(call: () => Promise<ContractTransactionResponse>) {
  return (await (await call()).wait())!;
}

async function measure(
  name: string,
  call: () => Promise<ContractTransactionResponse>,
  { records, target }: { records?: number; target?: number } = {},
) {
  const receipt = await send(call);
  const gas = Number(receipt.gasUsed);
  measures[name] = {
    gas,
    ...(records === undefined ? {} : { records, perRecord: Math.ceil((10 * gas) / records) / 10 }),
    ...(target === undefined ? {} : { target }),
  };
  return receipt;
}

type Header = ICreditRegistry.HeaderStruct;

async function main(): Promise<void> {
  const [ndrc, administrator, operator, colleague, stranger, second, third] = (await ethers.getSigners()).map(
    ticking,
  );
  const ours = [ndrc!.address];
  const { registry, manager } = await deployRegistry(ndrc!, {
    grants: { registrar: ours, guardian: ours, unpauser: ours, arbiter: ours },
  });

  const code = ethers.encodeBytes32String("91110000000000001A");
  await measure("admitAgency", () => registry.admitAgency(code, administrator!.address, ethers.id("key")));
  const name = ethers.encodeBytes32String("test.type");
  await measure("admitType", () => registry.admitType(ethers.id("type"), name, false));
  for (const [label, account] of [
    ["setOperator", operator],
    ["", colleague],
  ] as const) {
    const call = () => registry.connect(administrator!).setOperator(1, account!.address, 3, 0, 4_000_000_000);
    await (label === "" ? send(call) : measure(label, call));
  }
  const as = registry.connect(operator!);
  await anchoring(as);
  const header = await anchorLarge(as);
  await statuses(registry, as, registry.connect(colleague!), header);
  await signOff(registry, manager, ndrc!);
  await scattered(as, header);
  await relayed(registry, operator!, stranger!, header);
  await succeeded(registry, header, { administrator: administrator!, next: [second!, third!] });
}

const previousOf = async (registry: CreditRegistry): Promise<string> => (await registry.agency(1)).lastBatch;
const leavesOf = (count: number, label: string): string[] =>
  Array.from({ length: count }, (_, i) => ethers.id(`${label} ${i}`)).sort();

async function anchoring(as: CreditRegistry): Promise<void> {
  const [root, manifest] = [ethers.id("root"), ethers.id("manifest")];
  for (const which of ["first of an agency", "next"]) {
    const previous = await previousOf(as);
    await measure(`anchorRoot, ${which}`, () => as.anchorRoot(1, 1, previous, 1_000_000, root, manifest), {
      target: 70_000,
    });
  }
  for (const records of [1, 10, 100, 1_000, 5_000]) {
    const previous = await previousOf(as);
    const leaves = leavesOf(records, "leaf");
    await measure(
      `anchorLeaves, ${records}`,
      () => as.anchorLeaves(1, 1, previous, leaves, manifest),
      records === 1_000 ? { records, target: 1_400 } : { records },
    );
  }
  const key = ethers.id("record key");
  for (const [which, version, target] of [
    ["first version", 1, 95_000],
    ["second version", 2, 100_000],
    ["third version", 3, 100_000],
  ] as const) {
    const previous = await previousOf(as);
    const commitment = ethers.id(`commitment ${version}`);
    await measure(
      `anchorRecord, ${which}`,
      () => as.anchorRecord(1, 1, previous, key, version, commitment, manifest),
      { target },
    );
  }
}

/** Of the moves. */
const reason = 7;
const evidence = ethers.id("evidence");
const BULK = 256;

/**
 * 256 records a call, as the targets mean it: neighbours that fill eight words, which nobody has written or which are
 * written. Measured without a target: superseding (a successor each), the arbiter (asks the manager first), erasing (two
 * operators, two calls).
 */
async function statuses(
  ndrc: CreditRegistry,
  as: CreditRegistry,
  colleague: CreditRegistry,
  header: Header,
): Promise<void> {
  const records = BULK;
  const range = (first: number): number[] => Array.from({ length: records }, (_, i) => first + i);
  let next = 0;
  const fresh = (): string => encodePositions(range(records * next++));
  const untouched = { records, target: 900 };
  const written = { records, target: 350 };

  const a = fresh();
  await measure("256 repaired, untouched", () => as.repair(header, a, reason, evidence), untouched);
  await measure("256 repairs revoked, written", () => as.revokeRepair(header, a, reason, evidence), {
    records,
  });
  const b = fresh();
  await measure("256 withdrawn, untouched", () => as.withdraw(header, b, reason, evidence), untouched);
  const c = fresh();
  await measure("256 marked, untouched", () => as.setMarks(header, c, 16, reason, evidence), untouched);
  await measure("256 marked again, written", () => as.setMarks(header, c, 32, reason, evidence), written);
  await measure("256 marks cleared, written", () => as.clearMarks(header, c, 32, reason, evidence), written);
  await measure("256 repaired, written", () => as.repair(header, c, reason, evidence), written);
  await measure("256 withdrawn, written", () => as.withdraw(header, c, reason, evidence), written);
  const d = fresh();
  await measure(
    "256 marked by the arbiter, untouched",
    () => ndrc.arbiterSetMarks(header, d, 128, reason, evidence),
    { records },
  );
  await measure("erasure of 256 proposed", () => as.proposeErasure(header, d, reason, evidence), { records });
  await measure("256 erased, written", () => colleague.confirmErasure(header, d, reason, evidence), {
    records,
  });
  const e = fresh();
  const successors = leavesOf(records, "successor");
  await measure("256 superseded, untouched", () => as.supersede(header, e, successors, reason, evidence), {
    records,
  });
  const one = encodePositions([records * next++]);
  await measure("1 withdrawn, untouched", () => as.withdraw(header, one, reason, evidence));
  const f = fresh();
  await send(() => ndrc.arbiterSetMarks(header, f, 128 | 16, reason, evidence));
  await measure(
    "256 marks cleared by the arbiter, written",
    () => ndrc.arbiterClearMarks(header, f, 128, reason, evidence),
    { records },
  );
}

/** Measured without a target: an auditor signs off now and then. */
async function signOff(
  registry: CreditRegistry,
  manager: RegistryAuthority,
  auditor: HardhatEthersSigner,
): Promise<void> {
  await send(() => manager.grantRole(roleIds.auditor, auditor.address, 0));
  const made = new SignOffs__factory(auditor).deploy(await registry.getAddress());
  const signOffs = await (await made).waitForDeployment();
  const { count: journalLength, head: journalHead } = await registry.journal();
  const { count: rolesLength, head: rolesHead } = await manager.journal();
  // The hash of a block is another one each time this runs; of one so old the chain knows none, and any is taken.
  const { number: blockNumber } = (await ethers.provider.getBlock("latest"))!;
  await ethers.provider.send("hardhat_mine", ["0x101"]);
  clock = (await ethers.provider.getBlock("latest"))!.timestamp;
  await measure("signOff", () =>
    signOffs.signOff({
      journalLength,
      journalHead,
      rolesLength,
      rolesHead,
      blockNumber,
      blockHash: ethers.id("block"),
      reportHash: ethers.id("report"),
      outcome: 0,
    }),
  );
}

/**
 * 256 records a call that are not the neighbours of eight words. What a move costs is the words it touches (about 22,000
 * gas for one that nobody has written, 5,000 for one that is) and its spans (about 1,200 gas each), hardly its records: the
 * targets hold for what fills its words, and these measures, which have none, say what other shapes cost.
 */
async function scattered(as: CreditRegistry, header: Header): Promise<void> {
  const shapes: readonly (readonly [name: string, first: number, index: (i: number) => number])[] = [
    ["neighbours from the middle of a word", 50_000, (i) => 16 + i],
    ["eight spans of 32, each over two words", 55_000, (i) => 16 + 96 * (i >> 5) + (i & 31)],
    ["every second leaf", 60_000, (i) => 2 * i],
    ["every eighth leaf", 70_000, (i) => 8 * i],
    ["each in a word of its own", 100_000, (i) => 977 * i],
  ];
  for (const [shape, first, index] of shapes) {
    // A multiple of 32, so that a shape begins where a word does.
    const start = 32 * Math.ceil(first / 32);
    const positions = encodePositions(Array.from({ length: BULK }, (_, i) => start + index(i)));
    const marks = () => as.setMarks(header, positions, 16, reason, evidence);
    await measure(`256 marked, ${shape}, untouched`, marks, { records: BULK });
    const withdrawal = () => as.withdraw(header, positions, reason, evidence);
    await measure(`256 withdrawn, ${shape}, written`, withdrawal, { records: BULK });
  }
}

/** Calls that an operator signed and a stranger sends. */
async function relayed(
  registry: CreditRegistry,
  operator: HardhatEthersSigner,
  stranger: HardhatEthersSigner,
  header: Header,
): Promise<void> {
  const relay = Relay__factory.connect(await registry.relay(), stranger);
  const { chainId } = await ethers.provider.getNetwork();
  const domain = {
    name: "credit-anchor relay",
    version: "1",
    chainId,
    verifyingContract: await relay.getAddress(),
  };
  const types = {
    RelayedCall: [
      { name: "operator", type: "address" },
      { name: "agencyId", type: "uint32" },
      { name: "call", type: "bytes" },
      { name: "nonce", type: "bytes32" },
      { name: "deadline", type: "uint64" },
    ],
  };
  const carry = async (
    name: string,
    call: string,
    nonce: string,
    options?: { records: number },
  ): Promise<void> => {
    const signed = { operator: operator.address, agencyId: 1, call, nonce, deadline: 4_000_000_000 };
    const signature = await operator.signTypedData(domain, types, signed);
    await measure(`relayed: ${name}`, () => relay.relay(signed, signature), options);
  };
  const [root, manifest] = [ethers.id("root"), ethers.id("manifest")];
  const { interface: calls } = registry;
  const anchor = async (): Promise<string> =>
    calls.encodeFunctionData("anchorRoot", [1, 1, await previousOf(registry), 1_000_000, root, manifest]);
  await carry("anchorRoot", await anchor(), ethers.ZeroHash);
  const leaves = leavesOf(1_000, "relayed leaf");
  const byLeaves = calls.encodeFunctionData("anchorLeaves", [
    1,
    1,
    await previousOf(registry),
    leaves,
    manifest,
  ]);
  await carry("anchorLeaves, 1000", byLeaves, ethers.ZeroHash, { records: 1_000 });
  const withdraw = (positions: string): string =>
    calls.encodeFunctionData("withdraw", [header, positions, reason, evidence]);
  await carry("1 withdrawn, untouched", withdraw(encodePositions([400_000])), ethers.id("nonce 1"));
  const many = encodePositions(Array.from({ length: BULK }, (_, i) => 400_032 + i));
  await carry("256 withdrawn, untouched", withdraw(many), ethers.id("nonce 2"), { records: BULK });
}

/** Acting for an agency that was succeeded: by its successor, and by the successor of that. */
async function succeeded(
  registry: CreditRegistry,
  header: Header,
  { administrator, next }: { administrator: HardhatEthersSigner; next: readonly HardhatEthersSigner[] },
): Promise<void> {
  const [root, manifest] = [ethers.id("root"), ethers.id("manifest")];
  let before = administrator;
  for (const [i, signer] of next.entries()) {
    const [agencyId, successor] = [i + 1, i + 2];
    const code = ethers.encodeBytes32String(`9111000000000000${successor}A`);
    const as = registry.connect(signer);
    await send(() => registry.admitAgency(code, signer.address, ethers.id("key")));
    await send(() => as.setOperator(successor, signer.address, 3, 0, 4_000_000_000));
    await send(() => registry.connect(before).nameSuccessor(agencyId, successor));
    await send(() => as.acceptSuccession(agencyId, successor));
    await send(() => registry.succeedAgency(agencyId, successor, reason));
    const previous = await previousOf(registry);
    const whose = i === 0 ? "for an agency with a successor" : "for an agency with a chain of two successors";
    await measure(`anchorRoot, ${whose}`, () => as.anchorRoot(1, 1, previous, 1_000_000, root, manifest));
    const one = encodePositions([500_000 + 32 * i]);
    await measure(`1 withdrawn, untouched, ${whose}`, () => as.withdraw(header, one, reason, evidence));
    before = signer;
  }
}

async function anchorLarge(as: CreditRegistry): Promise<Header> {
  const previous = await previousOf(as);
  const receipt = await send(() =>
    as.anchorRoot(1, 1, previous, 1_000_000, ethers.id("large"), ethers.id("manifest")),
  );
  const log = receipt.logs[0] as EventLog;
  const event = as.interface.decodeEventLog("BatchAnchored", log.data, log.topics);
  return {
    format: 1,
    agencyId: 1,
    typeId: event["typeId"] as bigint,
    sequence: (event["batchId"] as bigint) & 0xffffffffn,
    size: event["size"] as bigint,
    anchoredAt: event["anchoredAt"] as bigint,
    operator: event["operator"] as string,
    previous: event["previous"] as string,
    root: event["root"] as string,
    manifestHash: event["manifestHash"] as string,
  };
}

async function snapshot(): Promise<Snapshot> {
  await main();
  const { version, settings } = hre.config.solidity.compilers[0]!;
  const { optimizer, viaIR } = settings as { optimizer: { runs: number }; viaIR: boolean };
  const { deployedBytecode } = await hre.artifacts.readArtifact("CreditRegistry");
  return {
    compiler: `solc ${version}, optimizer runs ${optimizer.runs}${viaIR ? ", viaIR" : ""}`,
    hardfork: hre.config.networks.hardhat.hardfork,
    bytes: (deployedBytecode.length - 2) / 2,
    gas: Object.fromEntries(Object.entries(measures).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** What is wrong with the numbers themselves. */
function exceeded({ bytes, gas }: Snapshot): string[] {
  const faults = Object.entries(gas)
    .filter(([, { gas, perRecord, target }]) => target !== undefined && (perRecord ?? gas) > target)
    .map(([name, { gas, perRecord, target }]) => `${name}: ${perRecord ?? gas} where ${target} is allowed`);
  return bytes < 24_576 ? faults : [...faults, `the registry has ${bytes} bytes where 24,575 are allowed`];
}

/** Differences, line by line. */
function differences(before: string, after: string): string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const lines = Array.from({ length: Math.max(old.length, now.length) }, (_, i) => [
    old[i] ?? "",
    now[i] ?? "",
  ]);
  return lines
    .filter(([was, is]) => was !== is)
    .map(
      ([was, is]) => `bench/gas.json has ${was!.trim() || "nothing"}, measured ${is!.trim() || "nothing"}`,
    );
}

snapshot().then(
  (measured) => {
    const text = JSON.stringify(measured, null, 2) + "\n";
    const faults = exceeded(measured);
    if (process.argv.includes("--check")) faults.push(...differences(readFileSync(file, "utf8"), text));
    else writeFileSync(file, text);
    for (const fault of faults) console.error(fault);
    if (faults.length === 0) console.log(`${Object.keys(measured.gas).length} measures, all targets met`);
    process.exit(faults.length === 0 ? 0 : 1);
  },
  (error: unknown) => {
    console.error(error);
    process.exit(70);
  },
);
