import { expect } from "chai";
import { computeAddress, SigningKey } from "ethers";
import type { Bundle } from "../../src/bundle";
import { checkCheckpoints, checkSignOffs } from "../../src/bundle/statements";
import { type Checkpoint, checkpointDigest, checkpointText, readCheckpoint } from "../../src/checkpoint";
import { portableHashes } from "../../src/hashes";
import {
  audited,
  compareStatement,
  reportHash,
  SIGNED_REPORT_FORMAT,
  readSignedReport,
  type SignedReport,
  type Statement,
  signedReportText,
  signerOfReport,
  statementDigest,
  statementOf,
} from "../../src/sign-off";
import { failure } from "../support/failure";
import { loadVectors } from "../support/vectors";

interface Vectors {
  readonly checkpoints: readonly { readonly checkpoint: Checkpoint; readonly digest: string }[];
  readonly reports: readonly (Omit<SignedReport, "format" | "formatVersion"> & { readonly digest: string })[];
}

/** A bundle of which nothing is looked at but what others signed. */
function bundleOf(chainId: number, registry: string, more: object): Bundle {
  const transaction = { blockNumber: 0, blockHash: `0x${"00".repeat(32)}` };
  return {
    evidence: { registry: { chainId, address: registry }, transaction },
    ...more,
  } as unknown as Bundle;
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
      expect(compareStatement(signed)).to.deep.equal({ isReport: true, saysTheSame: true });
    }
  });

  /** The first of the vectors, with something else stated, signed anew by somebody. */
  function stated(changes: Partial<Statement>): SignedReport {
    const { report, signOffs, statement: known } = vectors.reports[0]!;
    const statement = { ...known, ...changes };
    const key = new SigningKey(`0x${"77".repeat(32)}`);
    const { chainId } = audited(report).registry;
    return {
      format: SIGNED_REPORT_FORMAT,
      formatVersion: 1,
      signOffs,
      statement,
      auditor: computeAddress(key).toLowerCase(),
      signature: key.sign(statementDigest(chainId, signOffs, statement)).serialized,
      report,
    };
  }

  it("a statement that contradicts its report is found in a bundle, whatever it is that differs", () => {
    const { registry } = audited(stated({}).report);
    const found = (signed: object): string => {
      const bundle = bundleOf(registry.chainId, registry.address, { signedReports: [signed] });
      return checkSignOffs(bundle, portableHashes).code;
    };
    const { statement } = stated({});
    expect(found(stated({}))).to.equal("sign-offs.signed");
    for (const lie of [
      { outcome: (statement.outcome + 1) % 3 },
      { rolesHead: `0x${"12".repeat(32)}`, rolesLength: 1 },
      { rolesLength: statement.rolesLength + 1 },
      { journalLength: statement.journalLength + 1 },
      { blockHash: `0x${"12".repeat(32)}` },
    ])
      expect(found(stated(lie)), JSON.stringify(lie)).to.equal("sign-offs.statement");
    expect(found(stated({ reportHash: `0x${"12".repeat(32)}` }))).to.equal("sign-offs.report");
    expect(found({ ...stated({}), formatVersion: 2 })).to.equal("sign-offs.newer");
    expect(found({ ...stated({}), more: 1 })).to.equal("sign-offs.unreadable");
  });

  it("a checkpoint of a newer format is not checked, and no forgery", () => {
    const { checkpoint } = vectors.checkpoints[0]!;
    const { chainId, address } = checkpoint.registry;
    const found = (one: object): string => {
      const { result, code } = checkCheckpoints(
        bundleOf(chainId, address, { checkpoints: [one] }),
        portableHashes,
      );
      return `${result} ${code}`;
    };
    expect(found(checkpoint)).to.equal("passed checkpoints.signed");
    expect(found({ ...checkpoint, formatVersion: 2 })).to.equal("not-checked checkpoints.newer");
    expect(found({ ...checkpoint, more: 1 })).to.equal("failed checkpoints.unreadable");
    const signer = `0x${"12".repeat(20)}`;
    expect(found({ ...checkpoint, signer })).to.equal("failed checkpoints.signature");
  });

  it("a report whose roles have another shape is no signed report, and the place is named", async () => {
    const signed = stated({});
    const authority = `0x${"12".repeat(20)}`;
    for (const [roles, place] of [
      [null, "/report/roles must be a list"],
      [[null], "/report/roles/0 must be an object"],
      [[{}], "/report/roles/0/authority"],
      [[{ authority }], "/report/roles/0/journal"],
      [[{ authority, journal: { length: 1, head: "0x12" } }], "/report/roles/0/journal/head"],
    ] as const) {
      const text = JSON.stringify({ ...signed, report: { ...signed.report, roles } });
      const error = await failure(() => readSignedReport(text, "x"));
      expect(error.code).to.equal("report.format");
      expect(error.message).to.contain(place);
    }
  });
});
