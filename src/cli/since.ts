/**
 * `audit --since`: a checkpoint from elsewhere, and what became of it.
 */
import type { AuditReport } from "../audit";
import { sinceCheckpoint } from "../audit/since";
import type { Chain } from "../chain";
import { readCheckpoint, type Checkpoint } from "../checkpoint";
import { CreditAnchorError } from "../errors";
import type { Home } from "../home";
import { readText } from "./files";
import { list, parseAddress, text, usage, type OptionValues } from "./options";
import { counted } from "../counted";
import { timeForPeople } from "./output";

export const sinceOptions = {
  since: text("--since <file>", "checkpoint: prove that the registry only grew from it"),
  signer: list(
    "--signer <addresses>",
    "with --since: who may have signed it, between commas; otherwise whoever held the role auditor then, or this home",
  ),
};

type SinceValues = OptionValues<typeof sinceOptions>;

/**
 * The checkpoint that is to be proved, if one is named.
 * @throws {CreditAnchorError} `checkpoint.…` for a file that is none, was altered, or is of another registry or chain.
 */
export function sinceOf(
  { since, signer }: SinceValues,
  chain: Chain,
  registry: string,
  toBlock: number | undefined,
): Checkpoint | undefined {
  if (since === undefined) {
    if (signer !== undefined) throw usage("--signer goes with --since");
    return undefined;
  }
  const checkpoint = readCheckpoint(readText(since), since);
  const { chainId, address } = checkpoint.registry;
  if (chainId !== chain.chainId)
    throw new CreditAnchorError(
      "checkpoint.other-chain",
      `${since} is about chain ${chainId}, and node ${chain.node} serves chain ${chain.chainId}`,
    );
  if (address !== registry)
    throw new CreditAnchorError(
      "checkpoint.other-registry",
      `${since} is about registry ${address}, and ${registry} is audited`,
    );
  if (toBlock !== undefined && toBlock < checkpoint.block.number)
    throw usage(`--to-block ends before block ${checkpoint.block.number} of the checkpoint`);
  return checkpoint;
}

/** The report with what became of the checkpoint. */
export async function withCheckpoint(
  report: AuditReport,
  checkpoint: Checkpoint | undefined,
  chain: Chain,
  { signer }: SinceValues,
  home: Home | undefined,
): Promise<AuditReport> {
  if (checkpoint === undefined) return report;
  const block = await chain.block(checkpoint.block.number);
  const signers = signer?.map((word) => parseAddress(word, "--signer"));
  return sinceCheckpoint(report, checkpoint, { signers, own: home?.signerAddress() }, block?.hash);
}

const VOUCHING = {
  named: "who was named with --signer",
  auditor: "who held the role auditor then",
  own: "this home's own key",
} as const;

/** For people. */
export function sinceLines({ checkpoint, journal }: AuditReport): string[] {
  if (checkpoint === null) return [];
  const { block, journal: then, signer, vouchedBy, contained } = checkpoint;
  const by = vouchedBy === null ? "who does not count" : VOUCHING[vouchedBy];
  return [
    `checkpoint block ${block.number}, ${timeForPeople(block.time)}, ${counted(then.length, "entry", "entries")}, by ${signer}, ${by}`,
    contained
      ? `           the registry only grew from it: by ${counted(journal.length - then.length, "entry", "entries")}`
      : "           NOT contained in what the node tells",
  ];
}
