import { readStand } from "../audit/stand";
import { isHex } from "../bytes";
import type { Chain } from "../chain";
import {
  CHECKPOINT_FORMAT,
  checkpointDigest,
  checkpointText,
  type Checkpoint,
  type CheckpointContent,
} from "../checkpoint";
import { askContract, contractWords } from "../contract-signature";
import { CreditAnchorError } from "../errors";
import type { Home } from "../home";
import { verifyCheckpoint } from "./checkpoint-verify";
import { connect, connectNode, optionalHome, requireHome } from "./context";
import { expectNewFile, readText, writeEvidence } from "./files";
import { namedTrust } from "./named-registry";
import { address, integer, list, parseAddress, text, url, usage } from "./options";
import { counted } from "../counted";
import { jsonLines, timeForPeople } from "./output";
import { defineVerb } from "./verb";

export const checkpointVerb = defineVerb({
  name: "checkpoint",
  summary: "sign where the registry stands now, in a small file to be published and kept anywhere",
  about: `Says which head the registry's journal and that of its roles have at a block, signed with the home's key. Whoever
keeps the file proves later, with audit --since, that the registry only grew from there. It is what the node says: run
audit first, and sign only what you found in order. It holds nothing secret and nothing of any record.

A contract that is auditor (a multisig) signs too: --wallet prints the digest that its owners sign for a --block, and with their
--signature writes the file, once the contract accepts it (ERC-1271).

--verify FILE checks a checkpoint: its form and a key's signature without a chain; with a node also a contract's signature,
that the signer held the role auditor, and that the node says the same. The registry to believe comes from --registry,
--deployment or the home folder, never from the file. Whether the registry only grew from it is audit --since.

Exit status: 0 done or all holds, 1 something does not, 2 not all could be checked: no registry is named, without a chain
neither role nor a contract's signature, or the node keeps no state that old; 64 what is no checkpoint at all.`,
  options: {
    rpc: url("--rpc <url>", "node of the chain; otherwise that of the home folder"),
    out: text("--out <file>", "new file to write it to; otherwise on stdout"),
    block: integer("--block <number>", "the block at which it stands", {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      defaultsTo: "the newest that is final by the home's settings",
    }),
    wallet: address("--wallet <address>", "the signer is this contract, not the home's key"),
    signature: text("--signature <hex>", "with --wallet: what the contract accepts as its signature"),
    verify: text("--verify <file>", "check this checkpoint instead of making one"),
    registry: address(
      "--registry <address>",
      "with --verify: the registry you trust, on the chain of the node",
    ),
    deployment: text("--deployment <file>", "with --verify: deployment record of the registry you trust"),
    signer: list(
      "--signer <addresses>",
      "with --verify: who may have signed it, between commas; otherwise whoever held the role auditor then, or this home",
    ),
  },
  examples: [
    "credit-anchor checkpoint --home auditor --out checkpoint.json",
    "credit-anchor checkpoint --home auditor --block 1203 --json",
    "credit-anchor checkpoint --verify checkpoint.json --deployment deployments/besu --rpc http://127.0.0.1:8545",
  ],
  run: async ({ options, home: dir, signal }) => {
    if (options.verify !== undefined) {
      const own = optionalHome(dir);
      const trusted = namedTrust({ registry: options.registry, deployment: options.deployment }, own);
      const hasNode = options.rpc !== undefined || own !== undefined;
      return verifyCheckpoint(
        readText(options.verify),
        options.verify,
        trusted,
        hasNode ? await connectNode(own, options.rpc, trusted?.chainId, signal) : undefined,
        {
          signers: options.signer?.map((word) => parseAddress(word, "--signer")),
          own: own?.signerAddress(),
        },
      );
    }
    for (const name of ["signer", "registry", "deployment"] as const)
      if (options[name] !== undefined) throw usage(`--${name} goes with --verify`);
    const out = options.out === "-" ? undefined : options.out;
    // Before anything is asked or signed: a checkpoint is evidence, and no later one makes up for it.
    if (out !== undefined) expectNewFile(out, "a checkpoint");
    if (options.signature !== undefined && options.wallet === undefined)
      throw usage("--signature goes with --wallet");
    if (options.wallet !== undefined && options.block === undefined)
      throw usage("--wallet needs --block", "so that all owners sign the same, and the file says it");
    const home = requireHome(dir);
    const { chain, registry } = await connect(home, options.rpc, signal);
    const newest = await chain.blockNumber();
    const number = options.block ?? newest - home.settings.finalityBlocks;
    if (number > newest || number < registry.fromBlock)
      throw new CreditAnchorError(
        "checkpoint.block",
        `block ${number} ${number > newest ? "is not made yet" : "was made before the registry was there"}: the newest is ${newest}`,
        { hint: "wait, or name a block with --block" },
      );
    const content = await chain.pinned((block) => readStand(chain, registry.address, block), number);
    const digest = checkpointDigest(content);
    const { wallet, signature } = options;
    if (wallet !== undefined && signature === undefined)
      return {
        json: { ...content, signer: wallet, digest },
        text: [
          `block      ${content.block.number} (${content.block.hash}), ${timeForPeople(content.block.time)}`,
          `journal    ${counted(content.journal.length, "entry", "entries")}, head ${content.journal.head}`,
          `digest     ${digest}`,
          `nothing was written: what ${wallet} signs is this digest; then again with --signature and --out`,
        ],
      };
    const checkpoint: Checkpoint = {
      format: CHECKPOINT_FORMAT,
      formatVersion: 1,
      ...content,
      ...(wallet === undefined
        ? await byKey(home, digest)
        : await byWallet(chain, wallet, signature!, content)),
    };
    const file = checkpointText(checkpoint);
    if (out === undefined) return { json: checkpoint, text: jsonLines(file) };
    writeEvidence(out, file, "a checkpoint");
    const { block, journal } = checkpoint;
    return {
      json: { file: out, ...checkpoint },
      text: [
        `wrote ${out}`,
        `block      ${block.number} (${block.hash}), ${timeForPeople(block.time)}`,
        `journal    ${counted(journal.length, "entry", "entries")}, head ${journal.head}`,
        `signed by  ${checkpoint.signer}`,
      ],
    };
  },
});

type Signed = Pick<Checkpoint, "signer" | "contract" | "signature">;

async function byKey(home: Home, digest: string): Promise<Signed> {
  const signer = await home.signer();
  return { signer: signer.address, signature: await signer.signDigest(digest) };
}

/** @throws {CreditAnchorError} `checkpoint.signature` if the contract does not accept it. */
async function byWallet(
  chain: Chain,
  wallet: string,
  signature: string,
  content: CheckpointContent,
): Promise<Signed> {
  if (!isHex(signature)) throw usage("--signature takes bytes in lower-case hex with 0x in front");
  const answer = await askContract(chain, wallet, checkpointDigest(content), signature, content.block.number);
  if (!answer.accepts)
    throw new CreditAnchorError(
      "checkpoint.signature",
      `nothing was written: ${contractWords(wallet, answer)}`,
    );
  return { signer: wallet, contract: true, signature };
}
