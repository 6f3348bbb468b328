import { expect } from "chai";
import { ethers } from "hardhat";
import type { CreditRegistry } from "../../typechain-types";

/**
 * The journal as docs/format.md tells it, from the ABI and the logs alone: knows no event by name.
 *
 * @returns number of entries and head after the last one
 */
export async function replayJournal(registry: CreditRegistry): Promise<{ count: bigint; head: string }> {
  const abi = ethers.AbiCoder.defaultAbiCoder();
  const address = await registry.getAddress();
  const { chainId } = await ethers.provider.getNetwork();
  let count = 0n;
  let head = first28(
    ethers.keccak256(
      abi.encode(["bytes32", "uint256", "address"], [ethers.id("credit-anchor/journal/1"), chainId, address]),
    ),
  );
  for (const log of await ethers.provider.getLogs({ address, fromBlock: 0 })) {
    const event = registry.interface.parseLog(log);
    // The event with which a registry is born belongs to AccessManaged.
    if (event === null || event.name === "AuthorityUpdated") continue;
    const inputs = event.fragment.inputs;
    expect(inputs.at(-1)!.name, `last field of ${event.name}`).to.equal("entry");
    expect(event.args.at(-1), `number of ${event.name}`).to.equal(count);
    const { timestamp } = (await ethers.provider.getBlock(log.blockNumber))!;
    const seconds = timestamp > 100_000_000_000 ? Math.floor(timestamp / 1000) : timestamp;
    const entryHash = ethers.keccak256(
      abi.encode(
        ["bytes32", "uint64", "uint256", "uint256", ...inputs.slice(0, -1).map(({ type }) => type)],
        [event.topic, count, log.blockNumber, seconds, ...(event.args.slice(0, -1) as unknown[])],
      ),
    );
    head = first28(ethers.keccak256(abi.encode(["bytes28", "bytes32"], [head, entryHash])));
    count += 1n;
  }
  return { count, head };
}

/** Fails unless the registry's journal is what its events say. */
export async function expectJournalReplays(registry: CreditRegistry): Promise<void> {
  const { count, head } = await registry.journal();
  expect({ count, head }).to.deep.equal(await replayJournal(registry));
}

const first28 = (hash: string): string => hash.slice(0, 2 + 56);
