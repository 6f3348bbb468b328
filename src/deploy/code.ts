import { AbiCoder, getCreateAddress } from "ethers";

import { RegistryAuthority__factory } from "../../typechain-types/factories/contracts/RegistryAuthority__factory";
import { CreditRegistry__factory } from "../../typechain-types/factories/contracts/CreditRegistry__factory";
import { SignOffs__factory } from "../../typechain-types/factories/contracts/periphery/SignOffs__factory";
import { toHex } from "../bytes";
import { domain } from "../commitment";
import type { ContractName, ContractRecord } from "./record";

/** What the compiler made of each contract: the code that a deployment sends, without constructor arguments. */
export const creationCode: Readonly<Record<ContractName, string>> = {
  RegistryAuthority: RegistryAuthority__factory.bytecode,
  CreditRegistry: CreditRegistry__factory.bytecode,
  SignOffs: SignOffs__factory.bytecode,
};

/** Every constructor takes one address. */
export function encodeArguments(args: readonly string[]): string {
  return AbiCoder.defaultAbiCoder().encode(
    args.map(() => "address"),
    args,
  );
}

/** A contract somewhere, as its record tells. */
export type Placed = Pick<ContractRecord, "contract" | "chainId" | "address" | "arguments">;

/**
 * Whether the code at an address is what the constructor in our creation code returns there.
 *
 * The compiler stores the runtime code inside the creation code, behind an INVALID instruction, with zeros where the
 * immutables go; the constructor writes them over the zeros. So the found code with them zeroed must lie there. A code
 * that is only the end of ours would pass: compare the creating transaction too.
 */
export function isCodeOf(placed: Placed, code: string): boolean {
  const found = code.slice(2).toLowerCase();
  const immutables = immutablesOf(placed);
  if (!immutables.every((immutable) => found.includes(immutable))) return false;
  const template = immutables.reduce((text, immutable) => text.replaceAll(immutable, "0".repeat(64)), found);
  const version = compilerVersion(code);
  return version !== undefined && creationCode[placed.contract].toLowerCase().includes(`fe${template}`);
}

/**
 * What the constructor computes, 64 hex digits each. The registry's relay is the first contract that it creates; only
 * its constructor, which is part of the creation code, creates any, so the relay's code is right when the registry's is.
 */
function immutablesOf({ contract, chainId, address, arguments: args }: Placed): string[] {
  const word = (value: string): string => value.slice(2).toLowerCase().padStart(64, "0");
  if (contract === "RegistryAuthority") return [];
  if (contract === "SignOffs") return args.map(word);
  return [toHex(domain(chainId, address)), getCreateAddress({ from: address, nonce: 1 })].map(word);
}

/** Version of the compiler as the metadata at the end of the code tells, for example `0.8.30`. */
export function compilerVersion(code: string): string | undefined {
  // CBOR: "solc" and three bytes, then the length of the metadata as two bytes.
  const found = /64736f6c6343([0-9a-f]{6})0033$/.exec(code.toLowerCase());
  if (found === null) return undefined;
  return [...found[1]!.matchAll(/../g)].map((byte) => parseInt(byte[0], 16)).join(".");
}
