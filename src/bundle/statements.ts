import { counted } from "../counted";
import { readCheckpoint } from "../checkpoint";
import { CreditAnchorError } from "../errors";
import type { Hashes } from "../hashes";
import type { JsonObject } from "../json";
import { audited, compareStatement, outcomeTexts, readSignedReport, signerOfReport } from "../sign-off";
import { failed, notChecked, passed, type Check } from "../verdict";
import type { Bundle } from "./file";

/**
 * What others signed about the registry: checkpoints, and auditors' reports. Their signatures are checked, and that they are
 * about this registry at a block that is not before the anchoring; who the signers are, the verifier has to know.
 */
export function checkCheckpoints(bundle: Bundle, hashes: Hashes): Check<"checkpoints"> {
  const { checkpoints = [], evidence } = bundle;
  if (checkpoints.length === 0)
    return notChecked("checkpoints", "checkpoints.absent", "the bundle holds none");
  const wrong = (code: string, message: string): Check<"checkpoints"> =>
    failed("checkpoints", `checkpoints.${code}`, message);
  const told: string[] = [];
  let open: Check<"checkpoints"> | undefined;
  for (const document of checkpoints) {
    try {
      const checkpoint = readCheckpoint(textOf(document), "a checkpoint", hashes);
      const { registry, block, journal, signer } = checkpoint;
      const problem = misplaced("a checkpoint", evidence, registry, block);
      if (problem !== undefined) return wrong("other", problem);
      if (checkpoint.contract)
        open = notChecked("checkpoints", "checkpoints.contract", onlyOnChain("a checkpoint", signer));
      told.push(
        `${signer} signed that the journal had ${counted(journal.length, "entry", "entries")} at block ${block.number}`,
      );
    } catch (error) {
      const code = codeOf(error);
      if (code === "checkpoint.signature")
        return wrong("signature", "a checkpoint is not what its signer signed");
      if (!isNewer(code)) return wrong("unreadable", "something in place of a checkpoint is none");
      open = notChecked("checkpoints", "checkpoints.newer", NEWER);
    }
  }
  if (open !== undefined) return open;
  return passed("checkpoints", "checkpoints.signed", told.join("; "));
}

export function checkSignOffs(bundle: Bundle, hashes: Hashes): Check<"sign-offs"> {
  const { signedReports = [], evidence } = bundle;
  if (signedReports.length === 0) return notChecked("sign-offs", "sign-offs.absent", "the bundle holds none");
  const wrong = (code: string, message: string): Check<"sign-offs"> =>
    failed("sign-offs", `sign-offs.${code}`, message);
  const told: string[] = [];
  let open: Check<"sign-offs"> | undefined;
  for (const document of signedReports) {
    try {
      const signed = readSignedReport(textOf(document), "a report");
      const { registry, block } = audited(signed.report);
      if (signed.contract)
        open = notChecked("sign-offs", "sign-offs.contract", onlyOnChain("a report", signed.auditor));
      else if (signerOfReport(signed, hashes) !== signed.auditor)
        return wrong("signature", "a report is not what its auditor signed");
      const { statement } = signed;
      const { isReport, saysTheSame } = compareStatement(signed, hashes);
      if (!isReport)
        return wrong("report", "an auditor's statement is about another report than the one beside it");
      if (!saysTheSame)
        return wrong("statement", "an auditor's statement says something else than the report beside it");
      const problem = misplaced("a report", evidence, registry, block);
      if (problem !== undefined) return wrong("other", problem);
      told.push(
        `${signed.auditor} audited the registry up to block ${block.number}: ${outcomeTexts[statement.outcome]}`,
      );
    } catch (error) {
      if (!isNewer(codeOf(error)))
        return wrong("unreadable", "something in place of a report is no signed report");
      open = notChecked("sign-offs", "sign-offs.newer", NEWER);
    }
  }
  if (open !== undefined) return open;
  return passed("sign-offs", "sign-offs.signed", told.join("; "));
}

const NEWER = "one is of a newer format than this program knows: it cannot be checked here";

/** A defect of ours says nothing of a document: it is thrown again. */
function codeOf(error: unknown): string {
  if (!(error instanceof CreditAnchorError)) throw error;
  return error.code;
}

/** Written by a newer program: that is no forgery. */
const isNewer = (code: string): boolean => code.endsWith(".newer");

function onlyOnChain(what: string, signer: string): string {
  return `${what} names contract ${signer} as its signer: its signature cannot be checked without a chain`;
}

/** Why a statement says nothing about the anchoring; undefined if it may. */
function misplaced(
  what: string,
  { registry, transaction }: Bundle["evidence"],
  about: { readonly chainId: number; readonly address: string },
  block: { readonly number: number; readonly hash: string },
): string | undefined {
  if (about.chainId !== registry.chainId || about.address !== registry.address)
    return `${what} is about another registry`;
  if (block.number < transaction.blockNumber) return `${what} is of a block before the anchoring`;
  if (block.number === transaction.blockNumber && block.hash !== transaction.blockHash)
    return `${what} names another block of the number that the receipt names`;
  return undefined;
}

function textOf(document: JsonObject): string {
  return JSON.stringify(document);
}
