import { expect } from "chai";
import { HDNodeWallet, Wallet } from "ethers";
import { join } from "node:path";

import { anchorPending, type AnchoringOptions, type AnchoringSummary } from "../../src/anchoring";
import { toHex } from "../../src/bytes";
import { type Chain, type ChainSettings, connectChain, type Log } from "../../src/chain";
import { batchId, headerHash, keyCommitment } from "../../src/commitment";
import { deployRegistry } from "../../src/deployment";
import { createHome, type Home, type HomeSigner } from "../../src/home";
import { signerOf } from "../../src/home/signer";
import { decodeSpans, indexesOf } from "../../src/positions";
import { admitAgency, admitType, setOperator } from "../../src/registry-admin";
import { batchOf, openRegistry, type Registry } from "../../src/registry-views";
import type { Vault, VaultReader } from "../../src/vault/vault";
import type { LmdbVault } from "../../src/vault/writer";
import { type TestChain, testMnemonic } from "./chains";
import { agencyKey, plan, type Row, temporaryFolder, type } from "./homes";
import { AGENCY_CODE, TYPE_NAME } from "./samples";
import { registryInterface } from "../../src/interfaces";

/** A registry on a chain of its own, with one agency, its operators and one record type admitted. */
export interface World {
  readonly node: TestChain;
  readonly chain: Chain;
  readonly registry: Registry;
  readonly manager: string;
  readonly agencyId: number;
  readonly typeId: number;
  /** Deploys, and holds every role. */
  readonly ndrc: HomeSigner;
  readonly administrator: HomeSigner;
  /** Two operators of the agency, with both permissions. */
  readonly operators: readonly [HomeSigner, HomeSigner];
}

/** The n-th account of the development chains. */
export function account(n: number): HomeSigner & { readonly privateKey: string } {
  const { privateKey } = HDNodeWallet.fromPhrase(testMnemonic, "", `m/44'/60'/0'/0/${n}`);
  return { ...signerOf(privateKey), privateKey };
}

export const quick: Omit<ChainSettings, "urls"> = { retries: 3, backoffMs: 20, timeoutMs: 3_000, pollMs: 20 };

export async function startWorld(node: TestChain): Promise<World> {
  const chain = await connectChain({ ...quick, urls: [node.url] });
  const ndrc = account(0);
  const administrator = account(1);
  const { manager, registry: contract } = await deployRegistry(new Wallet(ndrc.privateKey, chain.provider), {
    grants: {
      registrar: [ndrc.address],
      guardian: [ndrc.address],
      unpauser: [ndrc.address],
      arbiter: [ndrc.address],
    },
  });
  const registry = await openRegistry(chain, await contract.getAddress());
  const { agencyId } = await admitAgency(
    { registry, signer: ndrc },
    {
      code: AGENCY_CODE,
      administrator: administrator.address,
      keyCommitment: toHex(keyCommitment(agencyKey)),
    },
  );
  const { typeId } = await admitType(
    { registry, signer: ndrc },
    { typeHash: toHex(type.typeHash), name: TYPE_NAME, personal: false },
  );
  const operators = [account(2), account(3)] as const;
  for (const { address } of operators)
    await setOperator(
      { registry, signer: administrator },
      { agencyId, account: address, permissions: 3, validFrom: 0, validUntil: 4_000_000_000 },
    );
  const managerAddress = (await manager.getAddress()).toLowerCase();
  return { node, chain, registry, manager: managerAddress, agencyId, typeId, ndrc, administrator, operators };
}

/** A home of the world's agency for one of its operators. */
export function homeOf(world: World, operator: 0 | 1 = 0, rpc = world.node.url): Promise<Home> {
  return createHome(
    join(temporaryFolder(), "home"),
    {
      trial: true,
      privateKey: account(2 + operator).privateKey,
      agencyKey,
      settings: {
        label: "Harbour office (an example)",
        agency: { code: AGENCY_CODE, id: world.agencyId },
        registry: {
          chainId: world.chain.chainId,
          address: world.registry.address,
          accessManager: world.manager,
          deployedAtBlock: 0,
        },
        rpc: [rpc],
        types: { [TYPE_NAME]: { typeId: world.typeId, typeHash: toHex(type.typeHash) } },
      },
    },
    { env: {} },
  );
}

type PlanOptions = Parameters<typeof plan>[2];

/** Plans rows for the world's registry. */
export async function planRows(world: World, vault: LmdbVault, rows: readonly Row[], more: PlanOptions = {}) {
  const target = {
    registry: { chainId: world.chain.chainId, address: world.registry.address },
    agencyId: world.agencyId,
    typeId: world.typeId,
    type,
    mode: more.mode ?? ("root" as const),
  };
  return plan(vault, rows, { ...more, target });
}

/** Patience of tests. */
export const hasty = { stuckMs: 2_500, giveUpMs: 20_000, finalityMs: 1_500 };

/** Anchors what the vault holds, in this process. */
export async function anchor(
  world: World,
  vault: Vault,
  more: Partial<AnchoringOptions> & { finalityBlocks?: number; operator?: 0 | 1 } = {},
): Promise<AnchoringSummary> {
  const { finalityBlocks = 0, operator = 0, ...options } = more;
  return anchorPending({
    vault,
    registry: world.registry,
    signer: world.operators[operator],
    ...options,
    settings: { agencyId: world.agencyId, finalityBlocks, patience: hasty, ...options.settings },
  });
}

/** The world's registry, asked through another address: a proxy. */
export async function registryThrough(
  world: World,
  url: string,
  more: Partial<ChainSettings> = {},
): Promise<Registry> {
  const chain = await connectChain({ ...quick, ...more, urls: [url] });
  return { ...world.registry, chain };
}

async function allLogs(world: World): Promise<Log[]> {
  const logs: Log[] = [];
  const toBlock = await world.chain.blockNumber();
  for await (const page of world.chain.logs({ address: world.registry.address, fromBlock: 0, toBlock }))
    logs.push(...page);
  return logs;
}

/**
 * The one thing that matters after every disaster: from the chain's events alone, every planned batch is anchored
 * exactly once and nothing else is, every earlier version is superseded exactly once by exactly its successor and
 * nothing else is, and the vaults know where everything is.
 */
export async function expectExactlyOnce(world: World, ...vaults: readonly VaultReader[]): Promise<void> {
  const logs = await allLogs(world);
  const batches = logs.map((log) => batchOf(world.registry, log)).filter((batch) => batch !== undefined);
  const anchored = batches.map((batch) => batch.header);
  const plans = vaults.flatMap((vault) => [...vault.plans()]);
  expect(anchored.map((header) => header.manifestHash).sort(), "batches on chain").to.deep.equal(
    plans.map((found) => found.manifestHash).sort(),
  );
  expect(anchored.map((header) => header.sequence)).to.deep.equal(anchored.map((_, i) => i));
  const superseded: string[] = [];
  const topic = registryInterface.getEvent("RecordsSuperseded").topicHash;
  for (const log of logs.filter(({ topics }) => topics[0] === topic)) {
    const fields = registryInterface.decodeEventLog("RecordsSuperseded", log.data, [...log.topics]);
    const successors = [...(fields.successors as string[])];
    for (const position of indexesOf(decodeSpans(String(fields.positions))))
      superseded.push(`${String(fields.batchId)} ${position} ${successors.shift()}`);
  }
  const direct = registryInterface.getEvent("RecordAnchored").topicHash;
  for (const log of logs.filter(({ topics }) => topics[0] === direct)) {
    const fields = registryInterface.decodeEventLog("RecordAnchored", log.data, [...log.topics]);
    const { root } = anchored[Number(BigInt(fields.batchId as bigint) & 0xffffffffn)]!;
    if (fields.superseded !== 0n) superseded.push(`${String(fields.superseded)} 0 ${root}`);
  }
  const expected: string[] = [];
  for (const vault of vaults)
    for (const { number, status, size, header, transaction } of vault.plans()) {
      expect(status, `batch ${number}`).to.equal("final");
      const onChain = anchored.find((found) => found.sequence === header!.sequence)!;
      expect(toHex(headerHash(header!)), `header of batch ${number}`).to.equal(toHex(headerHash(onChain)));
      const { transactionHash: hash, blockNumber, blockHash } = batches[header!.sequence]!;
      expect(transaction, `place of batch ${number}`).to.deep.equal({ hash, blockNumber, blockHash });
      for (let index = 0; index < size; index++) {
        const entry = vault.entry(number, index);
        if (entry.earlier === undefined) continue;
        const earlier = vault.plan(entry.earlier.plan).header!;
        const id = batchId(earlier.agencyId, earlier.sequence);
        expected.push(`${id} ${entry.earlier.index} ${toHex(entry.leaf)}`);
      }
    }
  expect(superseded.sort(), "supersessions on chain").to.deep.equal(expected.sort());
  for (const vault of vaults) expect(vault.unfinishedMoves(), "status moves left").to.deep.equal([]);
}
