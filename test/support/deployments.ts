import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Signer, type TransactionRequest, type TransactionResponse, Wallet } from "ethers";

import { type Chain, connectChain } from "../../src/chain";
import { compiler } from "../../src/deploy/compiler";
import { type Profile, readProfile } from "../../src/deploy/profile";
import { deployResumably, type ResumableOptions, type ResumableResult } from "../../src/deploy/resumable";
import type { TestChain } from "./chains";

export const root = join(__dirname, "..", "..");

/** Everything is the deployer's. */
export const localProfile: Profile = readProfile(join(root, "deployments", "profiles", "local.json"));

/** Transactions of a deployment by the local profile: three contracts, labels, guardians, functions, grants. */
export const TRANSACTIONS = 30;

/** A deployer of its own on a test chain, with funds. */
export async function newDeployer(
  node: TestChain,
  method = "anvil_setBalance",
): Promise<{ chain: Chain; signer: Wallet }> {
  const chain = await connectChain({ urls: [node.url], pollMs: 5 });
  const signer = new Wallet(`0x${randomBytes(32).toString("hex")}`, chain.provider);
  await node.rpc(method, signer.address, "0x3635c9adc5dea00000");
  return { chain, signer };
}

type Given = Pick<ResumableOptions, "chain" | "signer" | "folder"> & Partial<ResumableOptions>;

/** Deploys as the tests want it unless told otherwise. */
export function deploy(options: Given): Promise<ResumableResult> {
  return deployResumably({
    profile: localProfile,
    compiler,
    sourceCommit: null,
    timeoutMs: 20_000,
    ...options,
  });
}

export class Crash extends Error {}

/** A signer that ends like a killed process at its transaction number `at`, before or after giving it to the node. */
export function crashing(signer: Wallet, at: number, when: "before" | "after"): Signer {
  let count = 0;
  const crash = new Wallet(signer.privateKey, signer.provider);
  crash.sendTransaction = async (request: TransactionRequest): Promise<TransactionResponse> => {
    const mine = count++ === at;
    if (mine && when === "before") throw new Crash("before sending");
    const response = await signer.sendTransaction(request);
    if (mine) throw new Crash("after sending");
    return response;
  };
  return crash;
}
