/**
 * `audit --since`: a checkpoint from elsewhere, and what became of it.
 */
import type { Audit, AuditReport } from "../audit";
import { sinceCheckpoint, type ChainThen } from "../audit/since";
import { obeyedAt } from "../audit/state";
import type { Chain } from "../chain";
import { checkpointDigest, readCheckpoint, type Checkpoint } from "../checkpoint";
import { askContract, contractWords } from "../contract-signature";
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

/** A checkpoint whose signature is its signer's. */
export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** Block at which the signer, a contract, accepted the signature; null: a key's. */
  readonly acceptedAt: number | null;
}

/**
 * A checkpoint, its signature checked: where a contract signed, by asking it.
 *
 * @param name Of the file, for messages.
 * @throws {CreditAnchorError} `checkpoint.…`
 */
export async function checkedCheckpoint(
  content: string,
  name: string,
  chain: Chain,
): Promise<SignedCheckpoint> {
  const checkpoint = readCheckpoint(content, name);
  if (checkpoint.contract === undefined) return { checkpoint, acceptedAt: null };
  const { signer, signature, block } = checkpoint;
  const answer = await askContract(chain, signer, checkpointDigest(checkpoint), signature, block.number);
  if (answer.accepts) return { checkpoint, acceptedAt: answer.block };
  throw new CreditAnchorError("checkpoint.signature", `${name}: ${contractWords(signer, answer)}`, {
    hint: "it proves nothing to you: get it again from where its signer published it, or ask another node",
  });
}

/**
 * The checkpoint that is to be proved, if one is named.
 * @throws {CreditAnchorError} `checkpoint.…` for a file that is none, was altered, or is of another registry or chain.
 */
export async function sinceOf(
  { since, signer }: SinceValues,
  chain: Chain,
  registry: string,
  toBlock: number | undefined,
): Promise<SignedCheckpoint | undefined> {
  if (since === undefined) {
    if (signer !== undefined) throw usage("--signer goes with --since");
    return undefined;
  }
  const signed = await checkedCheckpoint(readText(since), since, chain);
  const { checkpoint } = signed;
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
  return signed;
}

/** What the chain that is audited has at the checkpoint's block, if a checkpoint is named; after all events. */
export async function chainAtCheckpoint(
  signed: SignedCheckpoint | undefined,
  { state }: Audit,
  chain: Chain,
): Promise<ChainThen | undefined> {
  if (signed === undefined) return undefined;
  const { number } = signed.checkpoint.block;
  const hash = (await chain.block(number))?.hash;
  return { hash, authority: obeyedAt(state.obeyed, { blockNumber: number, logIndex: Infinity }) };
}

/** The report with what became of the checkpoint. @param then what {@link chainAtCheckpoint} found. */
export function withCheckpoint(
  report: AuditReport,
  signed: SignedCheckpoint | undefined,
  then: ChainThen | undefined,
  { signer }: SinceValues,
  home: Home | undefined,
): AuditReport {
  if (signed === undefined || then === undefined) return report;
  const { checkpoint, acceptedAt } = signed;
  const signers = signer?.map((word) => parseAddress(word, "--signer"));
  return sinceCheckpoint(report, checkpoint, { signers, own: home?.signerAddress() }, then, acceptedAt);
}

const VOUCHING = {
  named: "who was named with --signer",
  auditor: "who held the role auditor then",
  own: "this home's own key",
} as const;

/** For people. */
export function sinceLines({ checkpoint, journal }: AuditReport): string[] {
  if (checkpoint === null) return [];
  const { block, journal: then, signer, vouchedBy, contained, acceptedAt } = checkpoint;
  const by = vouchedBy === null ? "who does not count" : VOUCHING[vouchedBy];
  return [
    `checkpoint block ${block.number}, ${timeForPeople(block.time)}, ${counted(then.length, "entry", "entries")}, by ${signer}, ${by}`,
    ...(acceptedAt === null
      ? []
      : [`           ${contractWords(signer, { accepts: true, absent: false, block: acceptedAt })}`]),
    contained
      ? `           the registry only grew from it: by ${counted(journal.length - then.length, "entry", "entries")}`
      : "           NOT contained in what the node tells",
  ];
}
