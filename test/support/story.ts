import {
  HDNodeWallet,
  JsonRpcProvider,
  Mnemonic,
  NonceManager,
  encodeBytes32String,
  type ContractTransactionResponse,
  type Signer,
} from "ethers";
import { toHex } from "../../src/bytes";
import { domain, keyCommitment, leafHash, type Header } from "../../src/commitment";
import { deployRegistry } from "../../src/deployment";
import { encodePositions } from "../../src/positions";
import { portableHashes } from "../../src/hashes";
import { buildTree, treeRoot } from "../../src/merkle";
import { Relay__factory, type CreditRegistry } from "../../typechain-types";
import { testMnemonic, type TestChain } from "./chains";

/** A registry in which every event that exists has happened at least once. */
export interface Story {
  readonly address: string;
  readonly fromBlock: number;
  readonly chainId: number;
  /** Leaves of the batches of `anchorRoot`, which nobody can read from the chain. */
  readonly leaves: ReadonlyMap<bigint, Uint8Array>;
  readonly registry: CreditRegistry;
}

const NOTHING = `0x${"00".repeat(32)}`;
const bytes32 = (text: string): string => encodeBytes32String(text);
const digest = (text: string): Uint8Array => portableHashes.keccak256(new TextEncoder().encode(text));

/** Leaves of an agency that nobody else could have: made-up records, in ascending order. */
function someLeaves(
  place: { domain: Uint8Array; agencyId: number; typeId: number },
  name: string,
  count: number,
) {
  const leaves = Array.from({ length: count }, (_, i) =>
    leafHash(place, digest(`key ${name} ${i}`), 1, digest(`commitment ${name} ${i}`)),
  );
  leaves.sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1));
  return leaves;
}

function flat(leaves: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(leaves.length * 32);
  leaves.forEach((leaf, i) => bytes.set(leaf, 32 * i));
  return bytes;
}

/** Accounts 0 to 9 of the well-known mnemonic, on a chain that funds them. */
export function testAccounts(provider: JsonRpcProvider): NonceManager[] {
  return Array.from({ length: 10 }, (_, i) => {
    const wallet = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(testMnemonic), `m/44'/60'/0'/0/${i}`);
    return new NonceManager(wallet.connect(provider));
  });
}

/** ethers on a chain that mines at once: without a cache, for an answer of before would be waited on for ever. */
export function ownProvider(chain: TestChain): JsonRpcProvider {
  return new JsonRpcProvider(chain.url, undefined, {
    cacheTimeout: -1,
    staticNetwork: true,
    pollingInterval: 20,
  });
}

/** A call of agency 1 that one account signs and another sends. */
async function relayed(
  sender: Signer,
  address: string,
  chainId: number,
  operator: Signer,
  call: string,
): Promise<ContractTransactionResponse> {
  const relay = Relay__factory.connect(address, sender);
  const value = {
    operator: await operator.getAddress(),
    agencyId: 1,
    call,
    nonce: NOTHING,
    deadline: 4_000_000_000,
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
  const domain = { name: "credit-anchor relay", version: "1", chainId, verifyingContract: address };
  return relay.relay(value, await operator.signTypedData(domain, types, value));
}

/** Plays the story on a fresh chain. */
export async function playStory(chain: TestChain): Promise<Story> {
  const provider = ownProvider(chain);
  const accounts = testAccounts(provider);
  const account = (i: number): Signer => accounts[i]!;
  const [ndrc, administrator] = [account(0), account(1)];
  const [alice, bob, carol, eve] = [account(2), account(3), account(4), account(5)];
  const official = await ndrc.getAddress();
  const addressOf = (signer: Signer): Promise<string> => signer.getAddress();
  const { registry } = await deployRegistry(ndrc, {
    grants: {
      registrar: [official],
      guardian: [official],
      unpauser: [official],
      arbiter: [official],
      recoverer: [official],
      governor: [official],
    },
  });
  const address = (await registry.getAddress()).toLowerCase();
  const fromBlock = (await registry.deploymentTransaction()!.wait())!.blockNumber;
  const chainId = Number((await provider.getNetwork()).chainId);
  const sent = async (transaction: Promise<{ wait(): Promise<unknown> }>): Promise<void> =>
    void (await (await transaction).wait());

  const by = (signer: Signer): CreditRegistry => registry.connect(signer);
  await sent(registry.admitType(NOTHING.replace(/00$/, "11"), bytes32("test.licence"), false));
  await sent(registry.admitType(NOTHING.replace(/00$/, "12"), bytes32("test.person"), true));
  await sent(
    registry.admitAgency(
      bytes32("91110000TEST"),
      await addressOf(administrator),
      keyCommitment(digest("key")),
    ),
  );
  await sent(
    registry.admitAgency(
      bytes32("91120000TEST"),
      await addressOf(administrator),
      keyCommitment(digest("other")),
    ),
  );
  const far = 2n ** 64n - 1n;
  for (const operator of [alice, bob])
    await sent(by(administrator).setOperator(1, await addressOf(operator), 3, 0, far));
  await sent(by(administrator).setOperator(1, await addressOf(carol), 3, 0, far));
  await sent(by(administrator).setOperator(2, await addressOf(eve), 3, 0, far));

  const leaves = new Map<bigint, Uint8Array>();
  const headers: Header[] = [];
  const place = { domain: domain(chainId, address), agencyId: 1, typeId: 1 };
  const previous = async (): Promise<string> => (await registry.agency(1)).lastBatch;
  const anchored = async (id: bigint): Promise<void> => {
    const found = await registry.queryFilter(registry.filters.BatchAnchored(id));
    const { typeId, operator, size, anchoredAt, root, manifestHash, previous: before } = found[0]!.args;
    headers.push({
      format: 1,
      agencyId: Number(id >> 32n),
      typeId: Number(typeId),
      sequence: Number(id & 0xffffffffn),
      size: Number(size),
      anchoredAt: Number(anchoredAt),
      operator,
      previous: before,
      root,
      manifestHash,
    });
  };
  const batch = (sequence: number): bigint => (1n << 32n) + BigInt(sequence);

  // 0: by root, of a size with two status words; 1: by leaves, signed by one and sent by another; 2 and 3: one record
  // directly, in two versions.
  const first = someLeaves(place, "first", 40);
  leaves.set(batch(0), flat(first));
  const root = toHex(treeRoot(buildTree(flat(first), portableHashes.keccak256)));
  await sent(by(alice).anchorRoot(1, 1, await previous(), 40, root, digest("manifest 0")));
  await anchored(batch(0));
  const second = someLeaves(place, "second", 5);
  const call = registry.interface.encodeFunctionData("anchorLeaves", [
    1,
    1,
    await previous(),
    second,
    digest("manifest 1"),
  ]);
  await sent(relayed(eve, await registry.relay(), chainId, bob, call));
  await anchored(batch(1));
  for (const version of [1, 2]) {
    await chain.rpc("evm_increaseTime", 60);
    await sent(
      by(carol).anchorRecord(
        1,
        1,
        await previous(),
        digest("direct"),
        version,
        digest(`v${version}`),
        digest("m"),
      ),
    );
    await anchored(batch(1 + version));
  }
  // Another agency anchors something of its own.
  const foreign = someLeaves({ ...place, agencyId: 2 }, "foreign", 3);
  leaves.set(2n << 32n, flat(foreign));
  const foreignRoot = toHex(treeRoot(buildTree(flat(foreign), portableHashes.keccak256)));
  await sent(by(eve).anchorRoot(2, 2, `0x${"00".repeat(20)}`, 3, foreignRoot, digest("manifest")));

  const evidence = digest("evidence");
  const [h0] = headers as [Header, Header];
  const at = (...indexes: number[]): string => encodePositions(indexes);
  await sent(by(alice).supersede(h0, at(0, 1, 35), [second[0]!, second[3]!, second[4]!], 1, evidence));
  await sent(by(alice).repair(h0, at(2, 3), 2, evidence));
  await sent(by(bob).revokeRepair(h0, at(3), 3, evidence));
  await sent(by(alice).setMarks(h0, at(4, 5), 0x30, 4, evidence));
  await sent(registry.arbiterSetMarks(h0, at(4), 0x80, 5, evidence));
  await sent(registry.arbiterClearMarks(h0, at(4), 0x80, 5, evidence));
  await sent(by(alice).clearMarks(h0, at(5), 0x10, 6, evidence));
  await sent(by(alice).proposeErasure(h0, at(6), 7, evidence));
  await sent(by(bob).confirmErasure(h0, at(6), 7, evidence));

  await sent(registry.suspendAgency(1, 8));
  await sent(by(alice).withdraw(h0, at(0, 7, 8, 9, 39), 9, evidence));
  await sent(registry.reinstateAgency(1, 8));
  await sent(registry.pause(10));
  await sent(by(bob).withdraw(h0, at(10), 9, evidence));
  await sent(registry.unpause(10));
  await sent(by(administrator).nameAdministrator(1, official));
  await sent(registry.acceptAdministration(1));
  await sent(registry.declareCompromised(1, await addressOf(carol), headers[3]!.anchoredAt));
  await sent(registry.revokeOperator(1, await addressOf(bob)));
  await sent(by(administrator).nameSuccessor(2, 1));
  await sent(registry.acceptSuccession(2, 1));
  await sent(registry.declineSucceeding(2, 1));
  await sent(registry.acceptSuccession(2, 1));
  await sent(registry.closeAgency(2, 11));
  await sent(registry.succeedWithoutConsent(2, 1, 12));
  await sent(registry.recoverAdministrator(1, await addressOf(administrator), 13));
  await sent(registry.nameRegistrySuccessor(await registry.authority()));
  provider.destroy();
  return { address, fromBlock, chainId, leaves, registry };
}
