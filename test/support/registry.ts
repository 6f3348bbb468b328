import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import type { ContractTransactionResponse, Result } from "ethers";
import { ethers } from "hardhat";
import { deployRegistry } from "../../src/deployment";
import type { CreditRegistry, RegistryAuthority } from "../../typechain-types";
import { expectJournalReplays } from "./journal-replay";
import * as oracle from "./oracle";
import type { OracleHeader } from "./oracle";

/** One registry, two agencies, a type that is not personal and one that is, and somebody in every part. */
export interface World {
  manager: RegistryAuthority;
  registry: CreditRegistry;
  domain: string;
  deployer: HardhatEthersSigner;
  registrar: HardhatEthersSigner;
  guardian: HardhatEthersSigner;
  unpauser: HardhatEthersSigner;
  arbiter: HardhatEthersSigner;
  administrator: HardhatEthersSigner;
  /** May anchor and change statuses, like `colleague`. */
  operator: HardhatEthersSigner;
  colleague: HardhatEthersSigner;
  /** May anchor only. */
  anchorer: HardhatEthersSigner;
  /** May change statuses only. */
  clerk: HardhatEthersSigner;
  otherAdministrator: HardhatEthersSigner;
  otherOperator: HardhatEthersSigner;
  stranger: HardhatEthersSigner;
  recoverer: HardhatEthersSigner;
  governor: HardhatEthersSigner;
}

export const AGENCY = 1;
export const OTHER_AGENCY = 2;
/** What no agency has. */
export const NO_AGENCY = 3;
export const TYPE = 1;
export const PERSONAL_TYPE = 2;

export const Standing = { None: 0n, Active: 1n, Suspended: 2n, Closed: 3n } as const;
export const Status = { Active: 0, Superseded: 1, Withdrawn: 2, Repaired: 3 } as const;
export const ERASED = 8;
export const Mark = { Disputed: 16, UnderReview: 32, RepairPending: 64, Masked: 128 } as const;
export const Permission = { anchor: 1, status: 2, both: 3 } as const;

export const AGENCY_CODE = ethers.encodeBytes32String("91110000000000001A");
export const OTHER_CODE = ethers.encodeBytes32String("91110000000000002B");
export const KEY_COMMITMENT = ethers.id("key commitment");
export const MANIFEST = ethers.id("manifest");
export const EVIDENCE = ethers.id("evidence");
export const REASON = 7;
export const NO_BATCH = "0x" + "00".repeat(20);
export const ZERO = ethers.ZeroHash;
export const FAR_FUTURE = 4_000_000_000;

async function deployWorld(): Promise<World> {
  const [
    deployer,
    registrar,
    guardian,
    unpauser,
    arbiter,
    administrator,
    operator,
    colleague,
    anchorer,
    clerk,
    otherAdministrator,
    otherOperator,
    stranger,
    recoverer,
    governor,
  ] = (await ethers.getSigners()) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ];
  const { manager, registry } = await deployRegistry(deployer, {
    grants: {
      registrar: [registrar.address],
      guardian: [guardian.address],
      unpauser: [unpauser.address],
      arbiter: [arbiter.address],
      recoverer: [recoverer.address],
      governor: [governor.address],
    },
  });
  const asRegistrar = registry.connect(registrar);
  await asRegistrar.admitAgency(AGENCY_CODE, administrator.address, KEY_COMMITMENT);
  await asRegistrar.admitAgency(OTHER_CODE, otherAdministrator.address, KEY_COMMITMENT);
  await asRegistrar.admitType(ethers.id("open type"), ethers.encodeBytes32String("test.open"), false);
  await asRegistrar.admitType(ethers.id("personal type"), ethers.encodeBytes32String("test.personal"), true);
  const asAdministrator = registry.connect(administrator);
  for (const [account, permissions] of [
    [operator, Permission.both],
    [colleague, Permission.both],
    [anchorer, Permission.anchor],
    [clerk, Permission.status],
  ] as const)
    await asAdministrator.setOperator(AGENCY, account.address, permissions, 0, FAR_FUTURE);
  await registry
    .connect(otherAdministrator)
    .setOperator(OTHER_AGENCY, otherOperator.address, Permission.both, 0, FAR_FUTURE);
  const { chainId } = await ethers.provider.getNetwork();
  return {
    manager,
    registry,
    domain: oracle.domain(Number(chainId), await registry.getAddress()),
    deployer,
    registrar,
    guardian,
    unpauser,
    arbiter,
    administrator,
    operator,
    colleague,
    anchorer,
    clerk,
    otherAdministrator,
    otherOperator,
    stranger,
    recoverer,
    governor,
  };
}

/**
 * Every test of the suite in its own fresh world. After each test the journal's head is recomputed from the events: a
 * change that is not journaled fails wherever it is tested.
 */
export function useWorld(): () => World {
  let world: World;
  beforeEach(async () => {
    world = await loadFixture(deployWorld);
  });
  afterEach(async () => expectJournalReplays(world.registry));
  return () => world;
}

/** What a view returned, by the names of its fields: to compare all of them at once. */
export function fields(result: object): Record<string, unknown> {
  return (result as Result).toObject();
}

/** Number of the next journal entry: the last argument of the next event. */
export async function nextEntry(registry: CreditRegistry): Promise<bigint> {
  return (await registry.journal()).count;
}

/** Seconds of the block that holds a transaction. */
export async function timeOf(transaction: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = (await (await transaction).wait())!;
  return (await receipt.getBlock()).timestamp;
}

/** Makes the next block's time known before it is there. */
export async function fixNextTime(delay = 10): Promise<number> {
  const next = (await time.latest()) + delay;
  await time.setNextBlockTimestamp(next);
  return next;
}

/** The `previous` that an agency's next batch must state. */
export async function previousOf(registry: CreditRegistry, agencyId: number = AGENCY): Promise<string> {
  return (await registry.agency(agencyId)).lastBatch;
}

/** The header of the batch that a transaction anchored, from its event. */
export async function headerOf(
  registry: CreditRegistry,
  transaction: Promise<ContractTransactionResponse>,
): Promise<OracleHeader> {
  const receipt = (await (await transaction).wait())!;
  const name = "BatchAnchored";
  const { topicHash } = registry.interface.getEvent(name);
  // By its topic: of a call through the relay the registry's events are not taken apart yet.
  const log = receipt.logs.find((each) => each.topics[0] === topicHash && each.address === registry.target);
  if (log === undefined) throw new Error("nothing was anchored");
  const event = registry.interface.decodeEventLog(name, log.data, log.topics);
  const id = event["batchId"] as bigint;
  return {
    format: 1,
    agencyId: Number(id >> 32n),
    typeId: Number(event["typeId"]),
    sequence: Number(id & 0xffffffffn),
    size: Number(event["size"]),
    anchoredAt: Number(event["anchoredAt"]),
    operator: event["operator"] as string,
    previous: event["previous"] as string,
    root: event["root"] as string,
    manifestHash: event["manifestHash"] as string,
  };
}

export const batchIdOf = (header: Pick<OracleHeader, "agencyId" | "sequence">): bigint =>
  (BigInt(header.agencyId) << 32n) | BigInt(header.sequence);

/** One version of an invented record. */
export interface TestRecord {
  key: string;
  version: number;
  commitment: string;
  leaf: string;
}

export function testRecord(
  domain: string,
  name: string,
  { agencyId = AGENCY, typeId = TYPE, version = 1 } = {},
): TestRecord {
  const key = ethers.id(`key of ${name}`);
  const commitment = ethers.id(`commitment of ${name} ${version}`);
  return { key, version, commitment, leaf: oracle.leaf(domain, agencyId, typeId, key, version, commitment) };
}

/** Records in the order of their leaves. */
export function testRecords(domain: string, count: number, options = {}): TestRecord[] {
  return Array.from({ length: count }, (_, i) => testRecord(domain, `record ${i}`, options)).sort((a, b) =>
    a.leaf < b.leaf ? -1 : 1,
  );
}

/** Anchors a batch of so many records by its root. */
export async function anchorBatch(
  { registry, domain, operator }: World,
  size: number,
): Promise<{ header: OracleHeader; records: TestRecord[]; leaves: string[] }> {
  const records = testRecords(domain, size);
  const leaves = records.map(({ leaf }) => leaf);
  const previous = await previousOf(registry);
  const anchored = registry
    .connect(operator)
    .anchorRoot(AGENCY, TYPE, previous, size, oracle.treeRoot(leaves), MANIFEST);
  return { header: await headerOf(registry, anchored), records, leaves };
}

/** Positions as the registry takes them: `[3, [5, 9]]` is leaf 3 and leaves 5 to 9. */
export function spans(...list: (number | readonly [number, number])[]): string {
  const uint32 = (value: number): string => value.toString(16).padStart(8, "0");
  return (
    "0x" + list.map((item) => (typeof item === "number" ? [item, item] : item).map(uint32).join("")).join("")
  );
}
