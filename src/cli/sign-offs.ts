/**
 * The contract where auditors state what they found: which one belongs to a registry, and signing for it.
 */
import type { AuditReport } from "../audit";
import type { Chain } from "../chain";
import { isCodeOf } from "../deploy/code";
import { CreditAnchorError } from "../errors";
import type { Home, HomeSigner } from "../home";
import type { JsonObject } from "../json";
import {
  callOf,
  isAuditor,
  recordStatement,
  registryOfSignOffs,
  type RecordedStatement,
} from "../registry-sign-offs";
import { authorityOf, openRegistry, type Registry } from "../registry-views";
import {
  outcomeTexts,
  SIGNED_REPORT_FORMAT,
  signedReportText,
  statementDigest,
  statementOf,
  type SignedReport,
} from "../sign-off";
import { readRecordBeside } from "./deployment-file";
import { expectNewFile, writeEvidence } from "./files";
import { address, text, usage, type OptionValues } from "./options";
import { count } from "../counted";

export const signOffsOption = {
  signOffs: address(
    "--sign-offs <address>",
    "contract of the registry's sign-offs; otherwise that of the deployment record or the home",
  ),
};

export const signingOptions = {
  sign: text(
    "--sign <file>",
    "sign the report with the home's key, write it to a new file, and record the statement on chain: needs the role auditor",
  ),
  signOnly: text(
    "--sign-only <file>",
    "sign and write to a new file, send nothing: a multisig that holds the role sends the call that is printed",
  ),
  ...signOffsOption,
};

const REPORT = "a signed report";

type SigningValues = OptionValues<typeof signingOptions>;

/** Address of the contract for sign-offs, if option, deployment record or home tell; believed by nobody yet. */
export function knownSignOffs(
  registry: string,
  options: { readonly signOffs: string | undefined; readonly deployment: string | undefined },
  home: Home | undefined,
): string | undefined {
  const own = home?.settings.registry;
  return (
    options.signOffs ??
    (options.deployment === undefined
      ? undefined
      : readRecordBeside(options.deployment, "SignOffs")?.address) ??
    (own?.address === registry ? own.signOffs : undefined)
  );
}

/** Whether this is the code of a contract, at this address, where auditors of the registry sign off. */
export function isSignOffsCode(
  registry: { readonly chainId: number; readonly address: string },
  at: string,
  code: string,
): boolean {
  const { chainId, address: about } = registry;
  return isCodeOf({ contract: "SignOffs", chainId, address: at, arguments: [about] }, code);
}

/** Code and registry have to be right: another contract would take anybody's statements. */
export async function signOffsOf(
  registry: Registry,
  options: { readonly signOffs: string | undefined; readonly deployment: string | undefined },
  home: Home | undefined,
): Promise<string> {
  const found = knownSignOffs(registry.address, options, home);
  if (found === undefined)
    throw new CreditAnchorError(
      "sign-offs.unknown",
      "no contract is known where auditors of this registry sign off",
      {
        hint: "name it with --sign-offs or --deployment; deploying again adds it to a deployment that has none",
      },
    );
  const about = await registryOfSignOffs(registry, found);
  const { chain } = registry;
  const of = { chainId: chain.chainId, address: registry.address };
  if (about !== registry.address || !isSignOffsCode(of, found, await chain.code(found)))
    throw new CreditAnchorError(
      "sign-offs.other-contract",
      `the contract at ${found} is not where auditors of registry ${registry.address} sign off`,
      { hint: "compare the address with the deployment record: scripts/check-deployment.ts" },
    );
  return found;
}

/** Signs a report when the audit is over. */
export interface Signing {
  /** @param chain the node that was audited: the one that was looked at before may have fallen silent. */
  sign(
    report: AuditReport,
    chain: Chain,
  ): Promise<{ readonly json: unknown; readonly text: readonly string[] }>;
}

/**
 * Everything that signing needs, looked at before the audit begins; undefined if nothing is to be signed.
 *
 * @throws {CreditAnchorError} `registry.NotAuditor` for a key that does not hold the role, `sign-offs.…`, `signer.…`;
 *   `file.exists` for a file that is there already.
 */
export async function signingOf(
  chain: Chain,
  trusted: { readonly address: string; readonly fromBlock: number },
  options: SigningValues & { readonly deployment: string | undefined },
  home: Home | undefined,
  signal: AbortSignal,
): Promise<Signing | undefined> {
  const { sign, signOnly } = options;
  const file = sign ?? signOnly;
  if (file === undefined) return undefined;
  if (sign !== undefined && signOnly !== undefined) throw usage("--sign and --sign-only exclude each other");
  expectNewFile(file, REPORT);
  if (home === undefined) throw usage("signing needs the home whose key signs", "give --home DIR");
  const before = await openRegistry(chain, trusted.address, trusted.fromBlock);
  const signOffs = await signOffsOf(before, options, home);
  const signer = await home.signer();
  if (sign !== undefined && !(await isAuditor(before, signer.address))) throw notAuditor(signer.address);
  return {
    sign: async (report, audited) => {
      const registry = await openRegistry(audited, trusted.address, trusted.fromBlock);
      const signed = await signedReport(registry, signOffs, signer, report);
      writeEvidence(file, signedReportText(signed), REPORT);
      const { statement } = signed;
      const shown = [
        "",
        `signed     ${file}`,
        `report     ${statement.reportHash}: ${outcomeTexts[statement.outcome]!}`,
        `signed by  ${signed.auditor}`,
      ];
      if (sign === undefined) {
        const { to, data } = callOf(signOffs, statement);
        return {
          json: { file, signOffs, statement, auditor: signed.auditor, call: { to, data } },
          text: [
            ...shown,
            "nothing was sent; whoever holds the role auditor sends this call:",
            `  to ${to}`,
            `  ${data}`,
          ],
        };
      }
      const settings = { fees: home.settings.fees, signal };
      const { recorded, already } = await recordStatement(
        registry,
        signOffs,
        signer,
        statement,
        settings,
      ).catch((error: unknown) => {
        throw notRecorded(file, home, options, error);
      });
      return {
        json: { file, signOffs, statement, auditor: signed.auditor, recorded, already },
        text: [...shown, recordedLine(recorded, already)],
      };
    },
  };
}

/** For people. */
export function recordedLine(
  { index, transaction, blockNumber, blockHash }: RecordedStatement,
  already: boolean,
): string {
  return `recorded   statement ${count(index)} in block ${blockNumber} (${blockHash}), transaction ${transaction}${already ? ", before" : ""}`;
}

/** The audit and its signature are not lost: they stand in the file, and only the last step is to be made again. */
function notRecorded(
  file: string,
  home: Home,
  {
    deployment,
    signOffs,
  }: { readonly deployment: string | undefined; readonly signOffs: string | undefined },
  cause: unknown,
): unknown {
  if (!(cause instanceof CreditAnchorError)) return cause;
  const place =
    deployment !== undefined
      ? ` --deployment ${deployment}`
      : signOffs !== undefined
        ? ` --sign-offs ${signOffs}`
        : "";
  return new CreditAnchorError(
    "sign-offs.not-recorded",
    `${file} is written and signed, but its statement was not recorded on chain: ${cause.message}`,
    {
      hint: `credit-anchor report record ${file} --home ${home.dir}${place} records it, and never twice`,
      exitStatus: 70,
      cause,
    },
  );
}

function notAuditor(account: string): CreditAnchorError {
  return new CreditAnchorError(
    "sign-offs.not-auditor",
    `${account} does not hold the role auditor: nothing was sent`,
    {
      hint: "credit-anchor governance roles shows who holds it; with --sign-only the report is signed all the same",
    },
  );
}

async function signedReport(
  registry: Registry,
  signOffs: string,
  signer: HomeSigner,
  audited: AuditReport,
): Promise<SignedReport> {
  // As the file holds it: without members that have no value.
  const report = JSON.parse(JSON.stringify(audited)) as JsonObject;
  const statement = statementOf(report, await authorityOf(registry));
  const digest = statementDigest(registry.chain.chainId, signOffs, statement);
  return {
    format: SIGNED_REPORT_FORMAT,
    formatVersion: 1,
    signOffs,
    statement,
    auditor: signer.address,
    signature: await signer.signDigest(digest),
    report,
  };
}
