import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Contract } from "ethers";
import { ethers } from "hardhat";

/** A real multisig: Safe 1.4.1, from the builds of its package. */
export interface Safe {
  readonly address: string;
  /** Makes a call in the Safe's name, with the signatures of these owners. */
  execute(to: string, data: string, owners: readonly HardhatEthersSigner[]): Promise<unknown>;
  /** What ERC-1271 asks for: these owners' signatures on a digest. */
  sign(digest: string, owners: readonly HardhatEthersSigner[]): Promise<string>;
}

const root = dirname(require.resolve("@safe-global/safe-contracts/package.json"));

async function deployed(path: string): Promise<Contract> {
  const file = join(root, "build", "artifacts", "contracts", path);
  const { abi, bytecode } = JSON.parse(readFileSync(file, "utf8")) as { abi: never; bytecode: string };
  const [deployer] = await ethers.getSigners();
  const contract = await new ethers.ContractFactory(abi, bytecode, deployer).deploy();
  return (await contract.waitForDeployment()) as Contract;
}

/** A Safe of some owners, of whom so many have to agree. */
export async function deploySafe(owners: readonly HardhatEthersSigner[], threshold: number): Promise<Safe> {
  const singleton = await deployed("Safe.sol/Safe.json");
  const factory = await deployed("proxies/SafeProxyFactory.sol/SafeProxyFactory.json");
  const handler = await deployed(
    "handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler.json",
  );
  const zero = ethers.ZeroAddress;
  const setup = singleton.interface.encodeFunctionData("setup", [
    owners.map(({ address }) => address),
    threshold,
    zero,
    "0x",
    await handler.getAddress(),
    zero,
    0,
    zero,
  ]);
  const create = factory.getFunction("createProxyWithNonce");
  const args = [await singleton.getAddress(), setup, 0] as const;
  const address = (await create.staticCall(...args)) as string;
  await create(...args);
  const safe = singleton.attach(address) as Contract;
  const { chainId } = await ethers.provider.getNetwork();
  const domain = { chainId, verifyingContract: address };

  /** Signatures in ascending order of their owners, as Safe wants them. */
  async function signatures(
    signers: readonly HardhatEthersSigner[],
    types: Record<string, { name: string; type: string }[]>,
    value: Record<string, unknown>,
  ): Promise<string> {
    const sorted = [...signers].sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1));
    return ethers.concat(
      await Promise.all(sorted.map((signer) => signer.signTypedData(domain, types, value))),
    );
  }

  return {
    address,
    execute: async (to, data, signers) => {
      const transaction = {
        to,
        value: 0,
        data,
        operation: 0,
        safeTxGas: 0,
        baseGas: 0,
        gasPrice: 0,
        gasToken: zero,
        refundReceiver: zero,
        nonce: (await safe.getFunction("nonce")()) as bigint,
      };
      const field = (name: string, type: string): { name: string; type: string } => ({ name, type });
      const types = {
        SafeTx: [
          field("to", "address"),
          field("value", "uint256"),
          field("data", "bytes"),
          field("operation", "uint8"),
          field("safeTxGas", "uint256"),
          field("baseGas", "uint256"),
          field("gasPrice", "uint256"),
          field("gasToken", "address"),
          field("refundReceiver", "address"),
          field("nonce", "uint256"),
        ],
      };
      const signed = await signatures(signers, types, transaction);
      return safe.getFunction("execTransaction")(to, 0, data, 0, 0, 0, 0, zero, zero, signed);
    },
    sign: (digest, signers) =>
      signatures(signers, { SafeMessage: [{ name: "message", type: "bytes" }] }, { message: digest }),
  };
}
