import { AbiCoder, getCreateAddress } from "ethers";

import { RegistryAuthority__factory, CreditRegistry__factory } from "../../typechain-types";
import { toHex } from "../bytes";
import { domain } from "../commitment";
import type { ContractName } from "./record";

/** What the compiler made of each contract: the code that a deployment sends, without constructor arguments. */
export const creationCode: Readonly<Record<ContractName, string>> = {
  RegistryAuthority: RegistryAuthority__factory.bytecode,
  CreditRegistry: CreditRegistry__factory.bytecode,
};

/** Both constructors take one address. */
export function encodeArguments(args: readonly string[]): string {
  return AbiCoder.defaultAbiCoder().encode(
    args.map(() => "address"),
    args,
  );
}

/**
 * Whether the code at an address is what the constructor in our creation code returns there.
 *
 * The compiler stores the runtime code inside the creation code, behind an INVALID instruction, with zeros where
 * the immutables go; the constructor writes the registry's domain and the address of its relay over them. So the found
 * code with both zeroed must lie there. The relay is the first contract that the registry created; only its
 * constructor, which is part of the creation code, creates any, so the relay's code is right when the registry's is. A code that is only the end of ours would pass: compare the creating transaction too.
 */
export function isCodeOf(contract: ContractName, code: string, chainId: number, address: string): boolean {
  const immutables = [
    toHex(domain(chainId, address)).slice(2),
    getCreateAddress({ from: address, nonce: 1 }).slice(2).toLowerCase().padStart(64, "0"),
  ];
  const template = immutables.reduce(
    (text, immutable) => text.replaceAll(immutable, "0".repeat(64)),
    code.slice(2).toLowerCase(),
  );
  if (
    contract === "CreditRegistry" &&
    !immutables.every((immutable) => code.toLowerCase().includes(immutable))
  )
    return false;
  const version = compilerVersion(code);
  return version !== undefined && creationCode[contract].toLowerCase().includes(`fe${template}`);
}

/** Version of the compiler as the metadata at the end of the code tells, for example `0.8.30`. */
export function compilerVersion(code: string): string | undefined {
  // CBOR: "solc" and three bytes, then the length of the metadata as two bytes.
  const found = /64736f6c6343([0-9a-f]{6})0033$/.exec(code.toLowerCase());
  if (found === null) return undefined;
  return [...found[1]!.matchAll(/../g)].map((byte) => parseInt(byte[0], 16)).join(".");
}
