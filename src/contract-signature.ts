import { IERC1271__factory } from "../typechain-types/factories/@openzeppelin/contracts/interfaces/IERC1271__factory";
import type { Chain } from "./chain";
import { RpcError } from "./rpc";

const face = IERC1271__factory.createInterface();
const ACCEPTED = `${face.getFunction("isValidSignature").selector}${"00".repeat(28)}`;

/** What a contract says of a signature that is to be its own. */
export interface ContractAnswer {
  readonly accepts: boolean;
  /** The block at which it was asked. */
  readonly block: number;
  /** There is no contract. */
  readonly absent: boolean;
}

/**
 * Asks a contract whether a signature is its own (ERC-1271): as it was at a block, and at the newest if the node keeps no
 * state that old, or if the contract was made later. A contract decides for itself, and may decide otherwise later.
 *
 * @param digest 32 bytes in hex.
 */
export async function askContract(
  chain: Chain,
  contract: string,
  digest: string,
  signature: string,
  block: number,
): Promise<ContractAnswer> {
  const newest = await chain.blockNumber();
  const asked = (await hasCode(chain, contract, block)) ? block : newest;
  if (asked === newest && !(await hasCode(chain, contract, newest)))
    return { accepts: false, block: newest, absent: true };
  try {
    const accepts = await acceptsSignature(chain, contract, digest, signature, asked);
    return { accepts, block: asked, absent: false };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { accepts: false, block: asked, absent: false };
  }
}

/**
 * The question of ERC-1271 itself, at a block or at the newest.
 *
 * @param digest 32 bytes in hex.
 * @throws what the node makes of a contract that reverts.
 */
export async function acceptsSignature(
  chain: Chain,
  contract: string,
  digest: string,
  signature: string,
  block?: number,
): Promise<boolean> {
  const data = face.encodeFunctionData("isValidSignature", [digest, signature]);
  return (await chain.call({ to: contract, data }, block)).toLowerCase() === ACCEPTED;
}

/** False also if the node cannot tell. */
async function hasCode(chain: Chain, address: string, block: number): Promise<boolean> {
  try {
    return (await chain.code(address, block)) !== "0x";
  } catch (error) {
    if (error instanceof RpcError) return false;
    throw error;
  }
}

/** For people: what a contract answered, and when it was asked. */
export function contractWords(contract: string, { accepts, absent, block }: ContractAnswer): string {
  if (absent) return `there is no contract at ${contract} (asked at block ${block})`;
  return `contract ${contract} ${accepts ? "accepts" : "does not accept"} the signature (ERC-1271, asked at block ${block})`;
}
