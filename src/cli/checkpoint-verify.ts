/**
 * `checkpoint --verify`: what a checkpoint is worth by itself, and with a chain.
 */
import { readStand } from "../audit/stand";
import { checkpointDigest, checkpointText, readCheckpoint, type Checkpoint } from "../checkpoint";
import type { Chain } from "../chain";
import { askContract, contractWords } from "../contract-signature";
import { RpcError } from "../rpc";
import { check, checkLines, statusOf, type Check } from "./checks";
import { counted } from "../counted";
import { timeForPeople } from "./output";
import type { Outcome } from "./verb";

/** @param chain Undefined: what the file alone tells. */
export async function verifyCheckpoint(
  content: string,
  file: string,
  chain: Chain | undefined,
): Promise<Outcome> {
  const checkpoint = readCheckpoint(content, file);
  const checks = [
    await checkSignature(checkpoint, chain),
    ...(chain === undefined ? [] : await checkStand(checkpoint, chain)),
  ];
  const { registry, block, journal, signer } = checkpoint;
  return {
    json: { file, ...checkpoint, checks },
    text: [
      `registry   ${registry.address} on chain ${registry.chainId}`,
      `block      ${block.number} (${block.hash}), ${timeForPeople(block.time)}`,
      `journal    ${counted(journal.length, "entry", "entries")}, head ${journal.head}`,
      `signed by  ${signer}${checkpoint.contract ? ", a contract" : ""}`,
      "",
      ...checkLines(checks),
    ],
    exitStatus: statusOf(checks),
  };
}

async function checkSignature(checkpoint: Checkpoint, chain: Chain | undefined): Promise<Check> {
  const { signer, signature, block, contract } = checkpoint;
  const name = "signature";
  // A key's was checked when the file was read.
  if (contract === undefined) return check(name, true, `by the key of ${signer}`, "");
  if (chain === undefined)
    return {
      name,
      result: "open",
      message: "of a contract: cannot be checked without a chain (--rpc)",
    };
  const answer = await askContract(chain, signer, checkpointDigest(checkpoint), signature, block.number);
  const words = contractWords(signer, answer);
  return check(name, answer.accepts, words, words);
}

/** Whether the node says the same of the block, and of what stood there. */
async function checkStand(checkpoint: Checkpoint, chain: Chain): Promise<Check[]> {
  const { registry, block } = checkpoint;
  if (registry.chainId !== chain.chainId)
    return [check("chain", false, "", `is ${registry.chainId}, and the node serves ${chain.chainId}`)];
  const found = await chain.block(block.number);
  const isThere = found?.hash === block.hash && found.time === block.time;
  const inChain = check(
    "block",
    isThere,
    `${block.number} is in the chain`,
    `${block.number} with this hash and time is not in the chain`,
  );
  if (!isThere) return [inChain];
  try {
    const stand = await readStand(chain, registry.address, found);
    const same = checkpointText({ ...checkpoint, roles: undefined, ...stand }) === checkpointText(checkpoint);
    return [
      inChain,
      check(
        "journal",
        same,
        "the registry stood so at that block, as the node says",
        "the node says that the registry stood otherwise at that block",
      ),
    ];
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const message = "the node keeps no state that old: audit --since proves it from the events";
    return [inChain, { name: "journal", result: "open", message }];
  }
}
