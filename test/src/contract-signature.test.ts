import { expect } from "chai";
import { mine } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { Wallet } from "ethers";
import { ethers } from "hardhat";
import type { Bundle } from "../../src/bundle";
import { checkCheckpoints, checkSignOffs } from "../../src/bundle/statements";
import type { Chain } from "../../src/chain";
import { checkpointDigest, checkpointText, type Checkpoint } from "../../src/checkpoint";
import { verifyCheckpoint } from "../../src/cli/checkpoint-verify";
import { checkedCheckpoint } from "../../src/cli/since";
import { askContract } from "../../src/contract-signature";
import { portableHashes } from "../../src/hashes";
import type { JsonObject } from "../../src/json";
import { signerOf } from "../../src/home/signer";
import { isSignedBy, NO_NONCE, signForRelay } from "../../src/registry-relay";
import { RpcError } from "../../src/rpc";
import { SIGNED_REPORT_FORMAT, statementDigest, statementOf, type SignedReport } from "../../src/sign-off";
import { failure } from "../support/failure";
import { deploySafe, type Safe } from "../support/safe";

const REGISTRY = `0x${"ab".repeat(20)}`;

describe("signatures of contracts: a real multisig, two of three", () => {
  let owners: HardhatEthersSigner[];
  let safe: Safe;
  let signer: string;
  let made: number;
  let chain: Chain;

  before(async () => {
    owners = (await ethers.getSigners()).slice(10, 13);
    await mine(3);
    safe = await deploySafe(owners, 2);
    signer = safe.address.toLowerCase();
    made = await ethers.provider.getBlockNumber();
    await mine(2);
    const { provider } = ethers;
    const { chainId } = await provider.getNetwork();
    // What the questions need of a chain, over the node that runs inside.
    chain = {
      chainId: Number(chainId),
      blockNumber: () => provider.getBlockNumber(),
      code: (address: string, tag: number) => provider.getCode(address, tag),
      call: ({ to, data }: { to: string; data: string }, blockTag: number) =>
        provider.call({ to, data, blockTag }).catch((error: Error) => {
          throw new RpcError("eth_call", "in-process", 3, error.message, undefined);
        }),
    } as unknown as Chain;
  });

  async function checkpoint(by: readonly HardhatEthersSigner[], block = made): Promise<Checkpoint> {
    const content = {
      registry: { chainId: chain.chainId, address: REGISTRY },
      block: { number: block, hash: `0x${"34".repeat(32)}`, time: 1_780_000_000 },
      journal: { length: 9, head: `0x${"5d".repeat(28)}` },
    };
    const signature = await safe.sign(checkpointDigest(content), by);
    return {
      format: "credit-anchor/checkpoint",
      formatVersion: 1,
      ...content,
      signer,
      contract: true,
      signature,
    };
  }
  const pair = (): HardhatEthersSigner[] => owners.slice(0, 2);

  it("accepts what enough owners signed, asked at the checkpoint's block", async () => {
    const signed = await checkpoint(pair());
    const found = await checkedCheckpoint(checkpointText(signed), "x", chain);
    expect(found).to.deep.equal({ checkpoint: signed, acceptedAt: made });
  });

  it("is asked at the newest block where it was not there yet", async () => {
    const { acceptedAt } = await checkedCheckpoint(checkpointText(await checkpoint(pair(), 1)), "x", chain);
    expect(acceptedAt).to.equal(await ethers.provider.getBlockNumber());
  });

  it("refuses what one owner signed, what was altered, and a signer without a contract, and says which", async () => {
    const whole = await checkpoint(pair());
    const nobody = `0x${"77".repeat(20)}`;
    const cases: [Checkpoint, string][] = [
      [await checkpoint(owners.slice(0, 1)), "does not accept the signature (ERC-1271, asked at block"],
      [{ ...whole, journal: { ...whole.journal, length: 8 } }, "does not accept the signature"],
      [{ ...whole, signature: "0x" }, "does not accept the signature"],
      [{ ...whole, signer: nobody }, `there is no contract at ${nobody}`],
    ];
    for (const [changed, words] of cases) {
      const error = await failure(() => checkedCheckpoint(checkpointText(changed), "x", chain));
      expect(error).to.have.property("code", "checkpoint.signature");
      expect(error).to.have.property("message").that.contains(words);
    }
    const { contract, ...asKey } = whole;
    expect(contract).to.equal(true);
    const error = await failure(() => checkedCheckpoint(checkpointText(asKey), "x", chain));
    expect(error, "without the mark it is a key's").to.have.property("code", "checkpoint.signature");
  });

  it("of a call for the relay: an owner's key alone signs for a Safe that needs one, never for one that needs two", async () => {
    const wallet = Wallet.createRandom();
    const key = signerOf(wallet.privateKey);
    const owner = wallet as unknown as HardhatEthersSigner;
    const alone = (await deploySafe([owner], 1)).address.toLowerCase();
    const both = (await deploySafe([owner, owners[0]!], 2)).address.toLowerCase();
    const relay = `0x${"ef".repeat(20)}`;
    const registry = { chain, address: REGISTRY, fromBlock: 0 };
    const call = { agencyId: 1, call: "0x12345678", nonce: NO_NONCE, deadline: 2_000_000_000 };
    const signed = await signForRelay(registry, relay, key, { ...call, operator: alone });
    expect(await isSignedBy(registry, relay, signed)).to.equal(true);
    expect(await isSignedBy(registry, relay, { ...signed, deadline: signed.deadline + 1 })).to.equal(false);
    const error = await failure(() => signForRelay(registry, relay, key, { ...call, operator: both }));
    expect(error.code).to.equal("relay.wallet");
    expect(error.message).to.contain(
      `the wallet at ${both} does not accept the signature of key ${key.address}`,
    );
    expect(error.hint).to.contain("several owners cannot sign one call");
  });

  it("cannot be checked without a chain, and this is said: the file alone, and in a bundle", async () => {
    const signed = await checkpoint(pair());
    const alone = await verifyCheckpoint(checkpointText(signed), "x", undefined, undefined, {
      signers: undefined,
      own: undefined,
    });
    expect(alone.exitStatus).to.equal(2);
    expect(alone.text.join("\n")).to.contain("cannot be checked without a chain");
    const report = {
      format: "credit-anchor/audit",
      registry: signed.registry,
      block: signed.block,
      journal: signed.journal,
      roles: [],
      differences: [],
      notChecked: [],
    };
    const statement = statementOf(report, REGISTRY);
    const signOffs = `0x${"66".repeat(20)}`;
    const digest = statementDigest(chain.chainId, signOffs, statement);
    const signedReport: SignedReport = {
      format: SIGNED_REPORT_FORMAT,
      formatVersion: 1,
      signOffs,
      statement,
      auditor: signer,
      contract: true,
      signature: await safe.sign(digest, pair()),
      report,
    };
    const answer = await askContract(chain, signer, digest, signedReport.signature, made);
    expect(answer).to.deep.equal({ accepts: true, block: made, absent: false });
    const bundle = {
      evidence: { registry: signed.registry, transaction: { blockNumber: 1, blockHash: "0x" } },
      checkpoints: [signed as unknown as JsonObject],
      signedReports: [signedReport as unknown as JsonObject],
    } as unknown as Bundle;
    for (const result of [checkCheckpoints(bundle, portableHashes), checkSignOffs(bundle, portableHashes)]) {
      expect(result.result).to.equal("not-checked");
      expect(result.message).to.contain(signer).and.to.contain("without a chain");
    }
  });
});
