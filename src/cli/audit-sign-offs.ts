/**
 * What auditors stated on chain, as an audit finds it.
 */
import type { AuditReport, StatementReport } from "../audit";
import type { SignOffsPlace } from "../audit/sign-offs";
import type { Home } from "../home";
import { outcomeTexts } from "../sign-off";
import { count } from "../counted";
import { timeForPeople } from "./output";
import { isSignOffsCode, knownSignOffs } from "./sign-offs";

/** The latest ones; what does not hold is told among the differences. */
const STATEMENTS_SHOWN = 10;

/** Where auditors of the registry sign off, if option, deployment record or home tell. */
export function signOffsPlace(
  registry: { readonly chainId: number; readonly address: string },
  options: Parameters<typeof knownSignOffs>[1],
  home: Home | undefined,
): SignOffsPlace | undefined {
  const address = knownSignOffs(registry.address, options, home);
  if (address === undefined) return undefined;
  return { address, isCode: (code) => isSignOffsCode(registry, address, code) };
}

/** For people. */
export function signOffLines({ signOffs }: AuditReport): string[] {
  if (signOffs === null) return [];
  const { address, statements } = signOffs;
  const earlier = statements.length - STATEMENTS_SHOWN;
  return [
    `sign-offs  ${address}: ${count(statements.length)} ${statements.length === 1 ? "statement" : "statements"} of auditors`,
    ...(earlier > 0 ? [`           … ${count(earlier)} earlier (all of them with --json or --out)`] : []),
    ...statements.slice(-STATEMENTS_SHOWN).map(tell),
  ];
}

function tell({ index, auditor, statement, time, holds }: StatementReport): string {
  const { journalLength, blockNumber, outcome } = statement;
  const found = holds === null ? "not all of it could be compared" : holds ? "holds" : "DOES NOT HOLD";
  return `           ${index}: ${count(journalLength)} entries up to block ${blockNumber}, ${outcomeTexts[outcome]!}, by ${auditor}, ${timeForPeople(time)}: ${found}`;
}
