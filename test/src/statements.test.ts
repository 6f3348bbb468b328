import { expect } from "chai";
import { type Checkpoint, checkpointDigest, checkpointText, readCheckpoint } from "../../src/checkpoint";
import {
  reportHash,
  SIGNED_REPORT_FORMAT,
  readSignedReport,
  type SignedReport,
  signedReportText,
  signerOfReport,
  statementDigest,
  statementOf,
} from "../../src/sign-off";
import { loadVectors } from "../support/vectors";

interface Vectors {
  readonly checkpoints: readonly { readonly checkpoint: Checkpoint; readonly digest: string }[];
  readonly reports: readonly (Omit<SignedReport, "format" | "formatVersion"> & { readonly digest: string })[];
}

describe("what auditors sign", () => {
  const vectors = loadVectors<Vectors>("statements");

  it("checkpoints have the hash of the vectors, and are read as they are written", () => {
    expect(vectors.checkpoints).to.have.lengthOf(2);
    for (const { checkpoint, digest } of vectors.checkpoints) {
      expect(checkpointDigest(checkpoint)).to.equal(digest);
      expect(readCheckpoint(checkpointText(checkpoint), "x")).to.deep.equal(checkpoint);
    }
  });

  it("reports have the hash, the statement and the signer of the vectors", () => {
    expect(vectors.reports).to.have.lengthOf(3);
    for (const { digest, ...given } of vectors.reports) {
      const { report, statement, signOffs, auditor } = given;
      expect(reportHash(report)).to.equal(statement.reportHash);
      const { authority } = vectors.checkpoints[0]!.checkpoint.roles!;
      expect(statementOf(report, authority)).to.deep.equal(statement);
      const { chainId } = vectors.checkpoints[0]!.checkpoint.registry;
      expect(statementDigest(chainId, signOffs, statement)).to.equal(digest);
      const signed: SignedReport = { format: SIGNED_REPORT_FORMAT, formatVersion: 1, ...given };
      expect(signerOfReport(signed)).to.equal(auditor);
      expect(readSignedReport(signedReportText(signed), "x")).to.deep.equal(signed);
    }
  });
});
