/**
 * `checkpoint --verify`: what a checkpoint is worth by itself, and with a chain.
 */
import type { Believed } from "../audit/since";
import { readStand } from "../audit/stand";
import {
  checkpointDigest,
  checkpointText,
  isOfItsKey,
  parseCheckpoint,
  type Checkpoint,
} from "../checkpoint";
import type { Chain } from "../chain";
import { askContract, contractWords } from "../contract-signature";
import { CreditAnchorError } from "../errors";
import { isAuditor } from "../registry-sign-offs";
import { openRegistry } from "../registry-views";
import { RpcError } from "../rpc";
import { check, checkLines, statusOf, type Check } from "./checks";
import { counted } from "../counted";
import type { NamedRegistry } from "./named-registry";
import { timeForPeople } from "./output";
import type { Outcome } from "./verb";

/**
 * @param trusted The registry to believe: the file's own may be anybody's, with an authority that makes him auditor.
 * @param chain Undefined: what the file alone tells.
 * @param believed Whose word counts, as `audit --since` has it.
 * @throws {CreditAnchorError} `checkpoint.newer`, `checkpoint.format` for what is no checkpoint at all.
 */
export async function verifyCheckpoint(
  content: string,
  file: string,
  trusted: NamedRegistry | undefined,
  chain: Chain | undefined,
  believed: Believed,
): Promise<Outcome> {
  const checkpoint = parseCheckpoint(content, file);
  const checks = [
    checkRegistry(checkpoint, trusted),
    await checkSignature(checkpoint, chain),
    ...(chain === undefined ? [] : await checkStand(checkpoint, chain)),
    await checkRole(checkpoint, chain, believed),
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

function checkRegistry({ registry }: Checkpoint, trusted: NamedRegistry | undefined): Check {
  const name = "registry";
  if (trusted === undefined)
    return {
      name,
      result: "open",
      message:
        "not checked: anybody can deploy one; name the one you trust (--registry, --deployment or --home)",
    };
  const { address, chainId = registry.chainId } = trusted;
  return check(
    name,
    registry.address === address && registry.chainId === chainId,
    "is the trusted one",
    `is ${registry.address} on chain ${registry.chainId}: not the trusted one, ${address} on chain ${chainId}`,
  );
}

async function checkSignature(checkpoint: Checkpoint, chain: Chain | undefined): Promise<Check> {
  const { signer, signature, block, contract } = checkpoint;
  const name = "signature";
  if (contract === undefined)
    return check(
      name,
      isOfItsKey(checkpoint),
      `by the key of ${signer}`,
      `is not that of ${signer} on what stands here: the checkpoint was altered, or forged`,
    );
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
  if ((await chain.code(registry.address)) === "0x")
    return [inChain, check("registry", false, "", `is ${registry.address}: the node has no contract there`)];
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

/** Whether the signer is one whose word counts: named, auditor at the checkpoint's block, or this home's own key. */
async function checkRole(
  { registry: { chainId, address }, block, signer }: Checkpoint,
  chain: Chain | undefined,
  { signers, own }: Believed,
): Promise<Check> {
  const name = "role";
  if (signers !== undefined)
    return check(
      name,
      signers.includes(signer),
      "the signer is who was named with --signer",
      `signed by somebody else than ${signers.join(" or ")}`,
    );
  if (chain === undefined) return { name, result: "open", message: "not checked: needs a chain (--rpc)" };
  if (chainId !== chain.chainId)
    return { name, result: "open", message: `not checked: the node serves chain ${chain.chainId}` };
  const passed = (message: string): Check => ({ name, result: "passed", message });
  try {
    if (await isAuditor(await openRegistry(chain, address), signer, block.number))
      return passed("the signer held the role auditor at that block");
  } catch (error) {
    if (!(error instanceof RpcError || error instanceof CreditAnchorError)) throw error;
    const message = "not checked: the node tells nothing of the roles at that block; audit --since does";
    if (signer !== own) return { name, result: "open", message };
  }
  return check(
    name,
    signer === own,
    "the signer is this home's own key",
    "the signer did not hold the role auditor at that block",
  );
}
