import { concat, fromHex, toHex } from "./bytes";
import { uintBytes } from "./bundle/rlp";
import { signerOfBytes, typedDigest, word } from "./bundle/signature";
import { canonical } from "./canonical";
import type { Fault } from "./errors";
import { portableHashes, type Hashes } from "./hashes";
import { isObject, MAX_DEPTH, type JsonObject, type JsonValue } from "./json";
import {
  bytes,
  document,
  exactly,
  fault,
  hex,
  integer,
  malformedFile,
  object,
  parseFile,
  switchedOn,
  UINT53,
  type FileKind,
} from "./shape";

export const SIGNED_REPORT_FORMAT = "credit-anchor/signed-report";

/** What came of an audit, as `ISignOffs.Outcome` numbers it. */
export const outcomes = ["no difference", "not everything compared", "differences"] as const;

/** The same for people: whether an audit that could not compare everything found differences is what they ask first. */
export const outcomeTexts = [
  "no differences",
  "no differences; not everything could be compared",
  "differences",
] as const;

/** What of an audit's report a statement says, whatever else the report holds. */
export interface Audited {
  readonly registry: { readonly chainId: number; readonly address: string };
  readonly block: { readonly number: number; readonly hash: string; readonly time: number };
  readonly journal: { readonly length: number; readonly head: string };
  readonly roles: readonly {
    readonly authority: string;
    readonly journal: { readonly length: number; readonly head: string };
  }[];
  readonly differences: readonly unknown[];
  readonly notChecked: readonly unknown[];
}

/** What an auditor states on chain, see `ISignOffs.Statement`. Hex with `0x`. */
export interface Statement {
  readonly journalLength: number;
  /** 28 bytes. */
  readonly journalHead: string;
  /** 0, and a head of zeros: nothing is stated about roles. */
  readonly rolesLength: number;
  readonly rolesHead: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly reportHash: string;
  /** Index of {@link outcomes}. */
  readonly outcome: number;
}

/** An audit's report with the statement about it and the auditor's signature: docs/format.md. */
export interface SignedReport {
  readonly format: typeof SIGNED_REPORT_FORMAT;
  readonly formatVersion: 1;
  /** The contract where the statement is recorded; the signature names it. */
  readonly signOffs: string;
  readonly statement: Statement;
  readonly auditor: string;
  /** The auditor is a contract, and says itself whether a signature is its own (ERC-1271). Left out for a key. */
  readonly contract?: true;
  /** EIP-712. Of a key 65 bytes: r, s, v of 27 or 28; of a contract whatever it accepts. */
  readonly signature: string;
  readonly report: JsonObject;
}

const REPORT_TAG = 0x08;
const NO_HEAD = `0x${"00".repeat(32)}`;
const deep = { maxDepth: MAX_DEPTH + 12 };
const KIND: FileKind = {
  format: SIGNED_REPORT_FORMAT,
  code: "report",
  otherwise: "no signed report",
  hint: "audit --sign writes one; this was altered or cut off, or is another file",
  ...deep,
};

const STATEMENT = object({
  journalLength: integer(0, UINT53),
  journalHead: hex(28),
  rolesLength: integer(0, UINT53),
  rolesHead: hex(32),
  blockNumber: integer(0, UINT53),
  blockHash: hex(32),
  reportHash: hex(32),
  outcome: integer(0, outcomes.length - 1),
});
const SIGNED_REPORT = object(
  {
    format: exactly(SIGNED_REPORT_FORMAT, "report.format"),
    formatVersion: integer(1, 1),
    signOffs: hex(20),
    statement: STATEMENT,
    auditor: hex(20),
    contract: switchedOn,
    signature: bytes,
    report: document,
  },
  ["contract"],
);
/** What of a report is compared with its statement and with the chain. */
const REPORT = {
  registry: object({ chainId: integer(1, UINT53), address: hex(20) }),
  block: object({ number: integer(0, UINT53), hash: hex(32), time: integer(0, UINT53) }),
  journal: object({ length: integer(0, UINT53), head: hex(28) }),
};
const ROLES_JOURNAL = object({ length: integer(0, UINT53), head: hex(32) });

/** `H(0x08 ‖ JCS(report))` */
export function reportHash(report: JsonObject, hashes: Hashes = portableHashes): string {
  return toHex(hashes.keccak256(concat(Uint8Array.of(REPORT_TAG), canonical(report, deep))));
}

/**
 * What an audit's report lets its auditor state.
 *
 * @param authority That the registry obeys: its journal of roles is stated, if the report has it.
 */
export function statementOf(
  report: JsonObject,
  authority: string,
  hashes: Hashes = portableHashes,
): Statement {
  const { journal, block, roles, differences, notChecked } = audited(report);
  const own = roles.find((one) => one.authority === authority)?.journal;
  return {
    journalLength: journal.length,
    journalHead: journal.head,
    rolesLength: own?.length ?? 0,
    rolesHead: own?.head ?? NO_HEAD,
    blockNumber: block.number,
    blockHash: block.hash,
    reportHash: reportHash(report, hashes),
    outcome: differences.length > 0 ? 2 : notChecked.length > 0 ? 1 : 0,
  };
}

/** A report that {@link readSignedReport} let through, or that an audit made. */
export function audited(report: JsonObject): Audited {
  return report as unknown as Audited;
}

const TYPE =
  "Statement(uint64 journalLength,bytes28 journalHead,uint64 rolesLength,bytes32 rolesHead,uint64 blockNumber," +
  "bytes32 blockHash,bytes32 reportHash,uint8 outcome)";

/**
 * What an auditor signs, by EIP-712. The domain is "credit-anchor sign-offs", version "1", chain and the contract where
 * statements are recorded: good for one registry on one chain.
 */
export function statementDigest(
  chainId: number,
  signOffs: string,
  statement: Statement,
  hashes: Hashes = portableHashes,
): string {
  const uint = (value: number): Uint8Array => word(uintBytes(value));
  const journalHead = new Uint8Array(32);
  journalHead.set(fromHex(statement.journalHead, 28));
  const domain = {
    name: "credit-anchor sign-offs",
    version: "1",
    chainId,
    verifyingContract: fromHex(signOffs, 20),
  };
  return toHex(
    typedDigest(
      domain,
      TYPE,
      [
        uint(statement.journalLength),
        journalHead,
        uint(statement.rolesLength),
        fromHex(statement.rolesHead, 32),
        uint(statement.blockNumber),
        fromHex(statement.blockHash, 32),
        fromHex(statement.reportHash, 32),
        uint(statement.outcome),
      ],
      hashes,
    ),
  );
}

/** The file: JSON with members in the documented order, two spaces, a line feed at the end. */
export function signedReportText({
  signOffs,
  statement,
  auditor,
  contract,
  signature,
  report,
}: SignedReport): string {
  const ordered = {
    format: SIGNED_REPORT_FORMAT,
    formatVersion: 1,
    signOffs,
    statement: {
      journalLength: statement.journalLength,
      journalHead: statement.journalHead,
      rolesLength: statement.rolesLength,
      rolesHead: statement.rolesHead,
      blockNumber: statement.blockNumber,
      blockHash: statement.blockHash,
      reportHash: statement.reportHash,
      outcome: statement.outcome,
    },
    auditor,
    ...(contract === undefined ? {} : { contract }),
    signature,
    report,
  };
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

/**
 * Reads a signed report strictly. Whether it is true, and by whom, is another question.
 *
 * @param name Of the file, for messages.
 * @throws {CreditAnchorError} `report.newer`, `report.format` with every fault.
 */
export function readSignedReport(content: string, name: string): SignedReport {
  const value = parseFile(content, name, KIND);
  const faults: Fault[] = [];
  SIGNED_REPORT(value, "", faults);
  if (faults.length === 0) {
    const report = (value as JsonObject)["report"] as JsonObject;
    for (const [member, shape] of Object.entries(REPORT))
      shape(report[member] ?? null, `/report/${member}`, faults);
    for (const member of ["differences", "notChecked"])
      if (!Array.isArray(report[member])) faults.push(notAList(member));
    const { roles = null } = report;
    if (!Array.isArray(roles)) faults.push(notAList("roles"));
    else roles.forEach((one, index) => checkRoles(one, `/report/roles/${index}`, faults));
  }
  if (faults.length > 0) throw malformedFile(name, KIND, faults);
  return value as unknown as SignedReport;
}

function notAList(member: string): Fault {
  return fault(`/report/${member}`, "report.format", "must be a list");
}

/** Of one authority: only what is stated; the rest of a report is anybody's to add to. */
function checkRoles(value: JsonValue, path: string, faults: Fault[]): void {
  if (!isObject(value)) return void faults.push(fault(path, "report.format", "must be an object"));
  hex(20)(value["authority"] ?? null, `${path}/authority`, faults);
  ROLES_JOURNAL(value["journal"] ?? null, `${path}/journal`, faults);
}

/** Whose key signed a statement; undefined if the signature is nobody's. */
export function signerOfReport(signed: SignedReport, hashes: Hashes = portableHashes): string | undefined {
  const { registry } = audited(signed.report);
  try {
    const digest = statementDigest(registry.chainId, signed.signOffs, signed.statement, hashes);
    return signerOfBytes(fromHex(digest, 32), fromHex(signed.signature, 65), hashes);
  } catch {
    return undefined;
  }
}

/**
 * Whether a signed report is in itself one thing: its report the one that the statement names, and all else that is stated
 * (heads, lengths, block, outcome) what the report says. Which authority the registry obeys only the chain tells: the roles
 * stated may be those of any authority that the report has.
 */
export function compareStatement(
  { statement, report }: SignedReport,
  hashes: Hashes = portableHashes,
): { readonly isReport: boolean; readonly saysTheSame: boolean } {
  const { roles } = audited(report);
  const authority = roles.find(({ journal }) => journal.head === statement.rolesHead)?.authority ?? "";
  const said = statementOf(report, authority, hashes);
  const { reportHash } = statement;
  return {
    isReport: said.reportHash === reportHash,
    saysTheSame: sameStatement({ ...said, reportHash }, statement),
  };
}

/** Whether two statements are the same. */
export function sameStatement(a: Statement, b: Statement): boolean {
  return (Object.keys(a) as (keyof Statement)[]).every((name) => a[name] === b[name]);
}
