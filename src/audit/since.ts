import type { Checkpoint } from "../checkpoint";
import type { AuditReport, Difference } from "../audit";

/** Whose word a checkpoint is: who was named to be believed, who held the role auditor then, or who audits now. */
export type Vouching = "named" | "auditor" | "own";

/** Who counts. */
export interface Believed {
  /** Nobody else, if named. */
  readonly signers: readonly string[] | undefined;
  /** Account of whoever audits. */
  readonly own: string | undefined;
}

/** What the audited chain has at a checkpoint's block. */
export interface ChainThen {
  /** Hash of the block with the checkpoint's number; undefined if there is none. */
  readonly hash: string | undefined;
  /** Which authority the registry obeyed, by its own events. Nobody else's roles make an auditor. */
  readonly authority: string | undefined;
}

/** What became of a checkpoint in an audit. */
export interface CheckpointReport extends Pick<Checkpoint, "block" | "journal" | "signer"> {
  /** Null: signed by nobody who counts. */
  readonly vouchedBy: Vouching | null;
  /** Whether the registry only grew from it: its heads are those of the first entries, its block is in the chain. */
  readonly contained: boolean;
  /** The signer is a contract: the block at which it was asked, and accepted the signature. Null: a key's signature. */
  readonly acceptedAt: number | null;
}

/**
 * Judges an audit that was given the heads of a checkpoint: whether its block is still in the chain, and whether its
 * signer counts. A checkpoint by somebody who does not count is no head obtained elsewhere.
 *
 * @param acceptedAt Block at which the signer, a contract, accepted the signature.
 */
export function sinceCheckpoint(
  report: AuditReport,
  checkpoint: Checkpoint,
  believed: Believed,
  { hash: found, authority }: ChainThen,
  acceptedAt: number | null = null,
): AuditReport {
  const { block, journal, signer } = checkpoint;
  const where = { block: block.number };
  const differences: Difference[] = [];
  if (found !== block.hash)
    differences.push({
      code: "checkpoint.block",
      message:
        found === undefined
          ? "the chain does not reach the checkpoint's block: the node is behind, or serves another chain"
          : "the checkpoint's block is no longer in the chain, or this is another one",
      where,
      expected: block.hash,
      ...(found === undefined ? {} : { found }),
    });
  const named = checkpoint.roles?.authority;
  if (named !== undefined && named !== authority)
    differences.push({
      code: "checkpoint.authority",
      message: "the checkpoint is about roles of an authority that the registry did not obey at its block",
      where,
      ...(authority === undefined ? {} : { expected: authority }),
      found: named,
    });
  const { signers } = believed;
  const vouchedBy = vouching(report, checkpoint, believed, authority);
  if (vouchedBy === null)
    differences.push({
      code: "checkpoint.signer",
      message:
        signers === undefined
          ? "the checkpoint's signer did not hold the role auditor then"
          : "the checkpoint is signed by somebody else than expected",
      where,
      ...(signers === undefined ? {} : { expected: signers.join(" or ") }),
      found: signer,
    });
  const ofRoles = report.roles.find((one) => one.authority === named);
  const contained =
    report.externalHead?.contained === true &&
    (named === undefined || (named === authority && ofRoles?.externalHead?.contained === true)) &&
    found === block.hash;
  return {
    ...report,
    singleSource:
      new Set(report.sources).size < 2 &&
      !(contained && vouchedBy !== null && journal.length === report.journal.length),
    checkpoint: { block, journal, signer, vouchedBy, contained, acceptedAt },
    differences: [...report.differences, ...differences],
  };
}

function vouching(
  { roles }: AuditReport,
  { signer, block }: Checkpoint,
  { signers, own }: Believed,
  obeyed: string | undefined,
): Vouching | null {
  if (signers !== undefined) return signers.includes(signer) ? "named" : null;
  const held = roles.some(
    ({ authority, tenures }) =>
      authority === obeyed &&
      tenures.some(
        ({ role, account, from, until }) =>
          role === "auditor" && account === signer && from <= block.time && (until ?? Infinity) > block.time,
      ),
  );
  if (held) return "auditor";
  return signer === own ? "own" : null;
}
