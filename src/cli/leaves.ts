import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { encodeLeaves, leavesFileName } from "../audit/leaves";
import { toHex } from "../bytes";
import { CreditAnchorError } from "../errors";
import { loadFastHashes } from "../fast-hashes";
import { replaceFile } from "../home/files";
import { buildTree, treeRoot } from "../merkle";
import { throwIfCancelled } from "../rpc";
import type { Plan } from "../vault/vault";
import { batchOption } from "./acts";
import { requireHome } from "./context";
import { findBatch } from "./find-record";
import { text, usage } from "./options";
import { counted } from "../counted";
import { defineVerb } from "./verb";

export const leavesExportVerb = defineVerb({
  name: "leaves export",
  summary:
    "give an auditor the leaves of your batches: proof of how many records there are, of none what it says",
  about: `Writes one file a batch that is anchored. An auditor who has them proves size and order of every batch
(audit --leaves) and whether each successor exists. A leaf says nothing to whoever has not the record: give them to
auditors all the same, and publish none. Needs no passphrase.`,
  options: {
    out: text("--out <folder>", "folder for the files, made if it is not there"),
    batch: batchOption("only this batch", "all"),
  },
  examples: ["credit-anchor leaves export --out leaves --home agency"],
  run: async ({ options, home: dir, io, signal }) => {
    if (options.out === undefined)
      throw usage("--out is missing", "name a folder for the files: --out leaves");
    const out = options.out;
    if (statSync(out, { throwIfNoEntry: false })?.isDirectory() === false)
      throw new CreditAnchorError("file.not-folder", `${out} is a file, and a folder is needed`);
    const vault = await requireHome(dir).readVault();
    const { keccak256 } = await loadFastHashes();
    const progress = io.progress();
    let batches = 0;
    let records = 0;
    let notAnchored = 0;
    try {
      const plans: Iterable<Plan> =
        options.batch === undefined ? vault.plans() : [findBatch(vault, options.batch)];
      mkdirSync(out, { recursive: true, mode: 0o700 });
      for (const { number, header, root, registry } of plans) {
        throwIfCancelled(signal);
        if (header === undefined) {
          notAnchored++;
          continue;
        }
        const leaves = vault.leaves(number);
        if (toHex(treeRoot(buildTree(leaves, keccak256))) !== root)
          throw new CreditAnchorError(
            "vault.damaged",
            `the leaves of batch number ${number} lead to another root`,
            {
              hint: "run `credit-anchor audit`, and restore the vault from a copy",
              exitStatus: 70,
            },
          );
        replaceFile(join(out, leavesFileName(header)), encodeLeaves({ registry, ...header, leaves }));
        batches++;
        records += leaves.length / 32;
        progress.update(() => `leaves: ${counted(batches, "batch", "batches")}`);
      }
    } finally {
      progress.end();
      await vault.close();
    }
    return {
      json: { folder: out, batches, records, notAnchored },
      text: [
        `wrote the leaves of ${counted(batches, "batch", "batches")}, ${counted(records, "record")}, to ${out}`,
        ...(notAnchored === 0
          ? []
          : [
              `not anchored yet: ${counted(notAnchored, "batch", "batches")}; credit-anchor resume anchors what is planned`,
            ]),
      ],
    };
  },
});
