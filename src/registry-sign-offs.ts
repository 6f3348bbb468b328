import { counted } from "./counted";
import type { BlockTag, Log } from "./chain";
import { CreditAnchorError } from "./errors";
import { type Call, execute, type SendSettings, type TransactionSigner } from "./registry";
import { explained } from "./registry-errors";
import { authorityOf, type Registry } from "./registry-views";
import { roleIds } from "./roles";
import { sameStatement, type Statement } from "./sign-off";
import { readSignOff, signedOff, type SignOff } from "./sign-off-log";
import { authorityInterface, signOffsInterface } from "./interfaces";

/** A statement as the chain has it. */
export interface RecordedStatement extends SignOff {
  readonly transaction: string;
  readonly blockNumber: number;
  readonly blockHash: string;
}

/** The registry that a contract for sign-offs is about; undefined if it is no such contract. */
export async function registryOfSignOffs({ chain }: Registry, signOffs: string): Promise<string | undefined> {
  if ((await chain.code(signOffs)) === "0x") return undefined;
  try {
    const answer = await chain.call({ to: signOffs, data: signOffsInterface.encodeFunctionData("registry") });
    return String(signOffsInterface.decodeFunctionResult("registry", answer)[0]).toLowerCase();
  } catch {
    return undefined;
  }
}

/** Whether an account holds the role auditor of the authority that the registry obeys. */
export async function isAuditor(registry: Registry, account: string, tag?: BlockTag): Promise<boolean> {
  const authority = await authorityOf(registry, tag);
  const data = authorityInterface.encodeFunctionData("hasRole", [roleIds.auditor, account]);
  try {
    const answer = await registry.chain.call({ to: authority, data }, tag);
    return authorityInterface.decodeFunctionResult("hasRole", answer)[0] as boolean;
  } catch (error) {
    throw explained(error);
  }
}

/** The call that records a statement: by a holder of the role. */
export function callOf(signOffs: string, statement: Statement): Call {
  const data = signOffsInterface.encodeFunctionData("signOff", [statement]);
  return { to: signOffs, data, what: `sign off ${counted(statement.journalLength, "entry", "entries")}` };
}

/**
 * Records a statement on chain and pays for it. One that was recorded before by the same account is found, and not
 * recorded again.
 *
 * @throws {RegistryRefusal} if the contract refuses it; `registry.no-effect`, `chain.…`.
 */
export async function recordStatement(
  registry: Registry,
  signOffs: string,
  signer: TransactionSigner,
  statement: Statement,
  settings: SendSettings = {},
): Promise<{ readonly recorded: RecordedStatement; readonly already: boolean }> {
  const isThis = ({ auditor, statement: found }: RecordedStatement): boolean =>
    auditor === signer.address.toLowerCase() && sameStatement(found, statement);
  const earlier = (await findStatements(registry, signOffs, statement.reportHash)).find(isThis);
  if (earlier !== undefined) return { recorded: earlier, already: true };
  const receipt = await execute(registry, signer, callOf(signOffs, statement), settings);
  const recorded = receipt.logs.flatMap((log) => recordedIn(signOffs, log)).find(isThis);
  if (recorded === undefined)
    throw new CreditAnchorError(
      "registry.no-effect",
      `the receipt of transaction ${receipt.transactionHash} does not show that the contract recorded it`,
      { hint: "the node may be lying: ask another node", exitStatus: 70 },
    );
  return { recorded, already: false };
}

/** Statements in the order of the chain, those about one report or all. */
export async function findStatements(
  { chain, fromBlock }: Registry,
  signOffs: string,
  reportHash?: string,
): Promise<RecordedStatement[]> {
  const topics = [signedOff.topicHash, ...(reportHash === undefined ? [] : [null, null, reportHash])];
  const toBlock = await chain.blockNumber();
  const found: RecordedStatement[] = [];
  for await (const page of chain.logs({ address: signOffs, topics, fromBlock, toBlock }))
    found.push(...page.flatMap((log) => recordedIn(signOffs, log)));
  return found;
}

/** The statement of which a log of the contract tells; none for any other log. */
export function recordedIn(signOffs: string, log: Log): RecordedStatement[] {
  const found = log.address === signOffs ? readSignOff(log) : undefined;
  if (found === undefined) return [];
  const { transactionHash: transaction, blockNumber, blockHash } = log;
  return [{ ...found, transaction, blockNumber, blockHash }];
}
