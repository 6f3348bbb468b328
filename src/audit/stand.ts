import type { Block, Chain } from "../chain";
import type { CheckpointContent } from "../checkpoint";
import { RpcError } from "../rpc";
import { registryInterface, authorityInterface } from "../interfaces";

/** Where a registry and the roles over it stand at a block, as the node says. */
export async function readStand(chain: Chain, address: string, block: Block): Promise<CheckpointContent> {
  const call = async (to: string, data: string): Promise<string> => chain.call({ to, data }, block.number);
  const [length, head] = registryInterface.decodeFunctionResult(
    "journal",
    await call(address, registryInterface.encodeFunctionData("journal")),
  ) as unknown as [bigint, string];
  const [authority] = registryInterface.decodeFunctionResult(
    "authority",
    await call(address, registryInterface.encodeFunctionData("authority")),
  ) as unknown as [string];
  const roles = await rolesOf(authority.toLowerCase(), call);
  return {
    registry: { chainId: chain.chainId, address },
    block: { number: block.number, hash: block.hash, time: block.time },
    journal: { length: Number(length), head },
    ...(roles === undefined ? {} : { roles }),
  };
}

/** Undefined for an authority that keeps no journal. */
async function rolesOf(
  authority: string,
  call: (to: string, data: string) => Promise<string>,
): Promise<CheckpointContent["roles"]> {
  try {
    const answer = await call(authority, authorityInterface.encodeFunctionData("journal"));
    if (answer.length !== 2 + 2 * 64) return undefined;
    const [length, head] = authorityInterface.decodeFunctionResult("journal", answer) as unknown as [
      bigint,
      string,
    ];
    return { authority, length: Number(length), head };
  } catch (error) {
    if (error instanceof RpcError) return undefined;
    throw error;
  }
}
