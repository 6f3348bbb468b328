import { readStand } from "../audit/stand";
import { CHECKPOINT_FORMAT, checkpointDigest, checkpointText, type Checkpoint } from "../checkpoint";
import { CreditAnchorError } from "../errors";
import { connect, requireHome } from "./context";
import { writeOwnFile } from "./files";
import { integer, text, url } from "./options";
import { counted } from "../counted";
import { jsonLines, timeForPeople } from "./output";
import { defineVerb } from "./verb";

export const checkpointVerb = defineVerb({
  name: "checkpoint",
  summary: "sign where the registry stands now, in a small file to be published and kept anywhere",
  about: `Says which head the registry's journal and that of its roles have at a block, signed with the home's key. Whoever
keeps the file proves later, with audit --since, that the registry only grew from there. It is what the node says: run
audit first, and sign only what you found in order. It holds nothing secret and nothing of any record.`,
  options: {
    rpc: url("--rpc <url>", "node of the chain; otherwise that of the home folder"),
    out: text("--out <file>", "where to write it; otherwise on stdout"),
    block: integer("--block <number>", "the block at which it stands", {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      defaultsTo: "the newest that is final by the home's settings",
    }),
  },
  examples: [
    "credit-anchor checkpoint --home auditor --out checkpoint.json",
    "credit-anchor checkpoint --home auditor --block 1203 --json",
  ],
  run: async ({ options, home: dir, signal }) => {
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
    const signer = await home.signer();
    const content = await chain.pinned((block) => readStand(chain, registry.address, block), number);
    const checkpoint: Checkpoint = {
      format: CHECKPOINT_FORMAT,
      formatVersion: 1,
      ...content,
      signer: signer.address,
      signature: await signer.signDigest(checkpointDigest(content)),
    };
    const file = checkpointText(checkpoint);
    if (options.out === undefined || options.out === "-") return { json: checkpoint, text: jsonLines(file) };
    writeOwnFile(options.out, file);
    const { block, journal } = checkpoint;
    return {
      json: { file: options.out, ...checkpoint },
      text: [
        `wrote ${options.out}`,
        `block      ${block.number} (${block.hash}), ${timeForPeople(block.time)}`,
        `journal    ${counted(journal.length, "entry", "entries")}, head ${journal.head}`,
        `signed by  ${checkpoint.signer}`,
      ],
    };
  },
});
