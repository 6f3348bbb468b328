import { counted } from "../counted";
import { concat, getCreateAddress, keccak256 } from "ethers";

import { CreditRegistry__factory } from "../../typechain-types/factories/contracts/CreditRegistry__factory";
import { SignOffs__factory } from "../../typechain-types/factories/contracts/periphery/SignOffs__factory";
import { firstHead } from "../audit/journal";
import { toHex } from "../bytes";
import type { Chain } from "../chain";
import { portableHashes } from "../hashes";
import { compilerVersion, creationCode, encodeArguments, isCodeOf } from "./code";
import { checkRoles } from "./check-roles";
import { type Check, compare, isCallFailure } from "./comparison";
import { type Profile, resolveProfile } from "./profile";
import type { CompilerInfo, ContractRecord, DeploymentRecords } from "./record";

export type { Check } from "./comparison";

/** What a caller with the source or a reviewed profile at hand can add. */
export interface SourceKnowledge {
  /** Compiler as the project is configured now. */
  readonly compiler?: CompilerInfo;
  /** Whether a commit holds the contracts as this program knows them; undefined when that cannot be told. */
  readonly commitHasOurCode?: (commit: string) => boolean | undefined;
  /** Who is to hold which role today; otherwise who was to when it was deployed, as the record says. */
  readonly profile?: Profile;
}

/**
 * Compares everything that the records of a deployment say with the chain, and the code with the contracts that this
 * program was built with: chain, code, creating transactions, wiring, every holder of every role, start of the journal.
 *
 * @throws {CreditAnchorError} what the chain throws; a difference is an answer, never an error.
 */
export async function checkDeployment(
  chain: Chain,
  { manager, registry, signOffs }: DeploymentRecords,
  knowledge: SourceKnowledge = {},
): Promise<Check[]> {
  return [
    ...(await checkContract(chain, manager, [manager.deployer], knowledge)),
    ...(await checkContract(chain, registry, [manager.address], knowledge)),
    ...(await checkClock(chain, manager)),
    ...(await checkAuthority(chain, registry, manager)),
    ...(await checkRoles(chain, governed(manager, knowledge.profile), registry)),
    await checkJournalStart(chain, registry),
    ...(await checkSignOffs(chain, registry, signOffs, knowledge)),
  ];
}

/** The record, with the holders of today in the place of those of the deployment. */
function governed(manager: ContractRecord, profile: Profile | undefined): ContractRecord {
  if (profile === undefined) return manager;
  return { ...manager, governance: resolveProfile(profile, manager.deployer) };
}

async function checkContract(
  chain: Chain,
  record: ContractRecord,
  args: readonly string[],
  knowledge: SourceKnowledge,
): Promise<Check[]> {
  const named = (name: string): string => `${record.contract}: ${name}`;
  const code = await chain.code(record.address);
  const ours = isCodeOf({ ...record, chainId: chain.chainId }, code);
  return [
    compare(named("chain id"), record.chainId, chain.chainId),
    compare(named("code hash"), record.codeHash, code === "0x" ? "no code" : keccak256(code)),
    compare(named("code"), "that of this source", ours ? "that of this source" : "other code"),
    compare(named("arguments"), args, record.arguments),
    ...(await checkCreation(chain, record)),
    compare(named("compiler version"), record.compiler.version, compilerVersion(code)),
    ...(knowledge.compiler === undefined
      ? []
      : [compare(named("compiler settings"), sorted(record.compiler), sorted(knowledge.compiler))]),
    ...(knowledge.commitHasOurCode === undefined ? [] : [checkCommit(record, knowledge.commitHasOurCode)]),
  ];
}

/** The same object whatever the order of its keys. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

async function checkCreation(chain: Chain, record: ContractRecord): Promise<Check[]> {
  const named = (name: string): string => `${record.contract}: ${name}`;
  const [receipt, transaction, block] = await Promise.all([
    chain.receipt(record.transaction),
    chain.transaction(record.transaction),
    chain.block(record.blockNumber),
  ]);
  if (receipt === undefined || transaction === undefined)
    return [compare(named("transaction"), record.transaction, "no such transaction")];
  const created = getCreateAddress({ from: transaction.from, nonce: transaction.nonce }).toLowerCase();
  const input = concat([creationCode[record.contract], encodeArguments(record.arguments)]);
  return [
    compare(named("transaction"), "succeeded", receipt.succeeded ? "succeeded" : "failed"),
    compare(
      named("address"),
      record.address,
      transaction.to === undefined ? created : "no contract creation",
    ),
    compare(named("deployer"), record.deployer, transaction.from.toLowerCase()),
    compare(
      named("transaction's code"),
      "ours",
      transaction.input.toLowerCase() === input ? "ours" : "other",
    ),
    compare(named("block number"), record.blockNumber, receipt.blockNumber),
    compare(named("block hash"), record.blockHash, receipt.blockHash),
    compare(named("block on chain"), record.blockHash, block?.hash),
    compare(named("block time"), record.blockTime, block?.time),
  ];
}

function checkCommit(
  record: ContractRecord,
  commitHasOurCode: (commit: string) => boolean | undefined,
): Check {
  const name = `${record.contract}: source commit`;
  if (record.sourceCommit === null)
    return {
      name,
      holds: undefined,
      expected: "a commit",
      found: "deployed from a source that was not committed",
    };
  const holds = commitHasOurCode(record.sourceCommit);
  if (holds === undefined)
    return { name, holds, expected: record.sourceCommit, found: "this copy of the source has no history" };
  return compare(
    name,
    record.sourceCommit,
    holds ? record.sourceCommit : "no such commit here, or it has other contracts",
  );
}

async function checkClock(chain: Chain, manager: ContractRecord): Promise<Check[]> {
  const head = await chain.block("latest");
  const found = head === undefined || head.timestamp === head.time ? "seconds" : "milliseconds";
  return [compare("block times count", manager.governance?.clockUnit, found)];
}

async function checkAuthority(
  chain: Chain,
  registry: ContractRecord,
  manager: ContractRecord,
): Promise<Check[]> {
  if ((await chain.code(registry.address)) === "0x")
    return [compare("authority", manager.address, "no code")];
  const contract = CreditRegistry__factory.connect(registry.address, chain.provider);
  return [
    compare(
      "authority of the registry",
      manager.address,
      (await answer(() => contract.authority())).toLowerCase(),
    ),
  ];
}

/** What a view answers as text, or that it does not. A contract of another kind is a difference, not an error. */
async function answer(read: () => Promise<unknown>): Promise<string> {
  try {
    return String(await read());
  } catch (error) {
    if (isCallFailure(error)) return "no answer";
    throw error;
  }
}

/** The journal's head in the block of the deployment must be that of an empty journal. */
async function checkJournalStart(chain: Chain, registry: ContractRecord): Promise<Check> {
  const name = "journal starts empty";
  const expected = toHex(firstHead(chain.chainId, registry.address, portableHashes));
  const contract = CreditRegistry__factory.connect(registry.address, chain.provider);
  for (const blockTag of [registry.blockNumber, "latest"]) {
    try {
      // By position: the result is an array, whose own `length` hides the field of that name.
      const [length, head] = (await contract.journal({ blockTag })) as unknown as readonly [bigint, string];
      if (blockTag === "latest" && length > 0n) break;
      return compare(name, expected, length === 0n ? head : counted(length, "entry", "entries"));
    } catch (error) {
      if (!isCallFailure(error)) throw error;
    }
  }
  return {
    name,
    holds: undefined,
    expected,
    found: "the node keeps no state that old: audit the registry instead",
  };
}

/** Where auditors state what they found: about this registry, or nowhere. */
async function checkSignOffs(
  chain: Chain,
  registry: ContractRecord,
  record: ContractRecord | undefined,
  knowledge: SourceKnowledge,
): Promise<Check[]> {
  if (record === undefined)
    return [
      {
        name: "SignOffs",
        holds: undefined,
        expected: "a record",
        found: "none: auditors cannot sign off before deploying again has added the contract",
      },
    ];
  const contract = SignOffs__factory.connect(record.address, chain.provider);
  return [
    ...(await checkContract(chain, record, [registry.address], knowledge)),
    compare(
      "registry of the sign-offs",
      registry.address,
      (await answer(() => contract.registry())).toLowerCase(),
    ),
  ];
}
