import { concat, getCreateAddress, keccak256, type Signer, toQuantity } from "ethers";

import { RegistryAuthority__factory } from "../../typechain-types/factories/contracts/RegistryAuthority__factory";
import { CreditRegistry__factory } from "../../typechain-types/factories/contracts/CreditRegistry__factory";
import type { Chain, Receipt } from "../chain";
import { type Deployment, isAdministrator, wiringSteps } from "../deployment";
import { CreditAnchorError } from "../errors";
import { type FeePolicy, suggestFees } from "../fees";
import { roleNames } from "../roles";
import { delay } from "../rpc";
import { checkRoles } from "./check-roles";
import { creationCode, encodeArguments, isCodeOf } from "./code";
import { contractHolders, delayOnChain, type Holder, type Profile, resolveProfile } from "./profile";
import {
  type CompilerInfo,
  contractNames,
  type ContractName,
  type ContractRecord,
  type DeploymentRecords,
  type PendingCreation,
  readPending,
  readRecord,
  removePending,
  removeRecords,
  writePending,
  writeRecord,
} from "./record";

export interface ResumableOptions {
  readonly chain: Chain;
  /** Pays and becomes administrator; connected to the chain. */
  readonly signer: Signer;
  /** `deployments/<network>`. */
  readonly folder: string;
  readonly profile: Profile;
  readonly compiler: CompilerInfo;
  readonly sourceCommit: string | null;
  readonly fees?: FeePolicy;
  /** Whether records of a chain that was started anew are dropped instead of refused. For throw-away chains. */
  readonly startOver?: boolean;
  /** Milliseconds to wait for one transaction. Default five minutes. */
  readonly timeoutMs?: number;
  /** Told what happens, one line each. */
  readonly log?: (line: string) => void;
}

export interface ResumableResult extends Required<DeploymentRecords> {
  /** Transactions sent by this run. */
  readonly sent: number;
}

interface Run extends Required<Omit<ResumableOptions, "fees">> {
  readonly fees: FeePolicy;
  readonly deployer: string;
  sent: number;
}

/**
 * Deploys and wires a registry, or what is missing of one, and writes down each step as soon as it is certain.
 *
 * It may be killed at any moment and run again: a contract creation is announced in `pending.json` (account and nonce
 * fix its address) before it is sent, so it happens once; wiring is compared with the chain. A run that finds everything
 * done sends nothing.
 *
 * @throws {CreditAnchorError} `deployment.no-contract`, `deployment.other-chain` for records of another chain id, `deployment.chain-reset` when
 * the chain does not hold what was recorded, `deployment.other-profile`, `deployment.other-deployer`,
 * `deployment.not-administrator`, `deployment.refused`, `deployment.failed`, `deployment.slow`; and what the chain throws.
 */
export async function deployResumably(options: ResumableOptions): Promise<ResumableResult> {
  const deployer = (await options.signer.getAddress()).toLowerCase();
  const run: Run = {
    fees: "auto",
    startOver: false,
    timeoutMs: 300_000,
    log: () => undefined,
    ...options,
    profile: resolveProfile(options.profile, deployer),
    deployer,
    sent: 0,
  };
  await checkClock(run);
  await checkContracts(run);
  await checkRecords(run);
  await waitUntilNothingIsUnderWay(run);
  await checkProfile(run);
  const manager = await ensureContract(run, "RegistryAuthority", [deployer]);
  // The second argument of every run is the manager of the first.
  const registry = await ensureContract(run, "CreditRegistry", [manager.address]);
  const signOffs = await ensureContract(run, "SignOffs", [registry.address]);
  await wire(run, manager, registry);
  return { manager, registry, signOffs, sent: run.sent };
}

// ------------------------------------------------------------------ does what was recorded belong to this chain?

async function checkClock({ chain, profile }: Run): Promise<void> {
  const head = await chain.block("latest");
  if (head === undefined) return;
  const unit = head.timestamp === head.time ? "seconds" : "milliseconds";
  if (unit !== profile.clockUnit && head.number > 0)
    throw new CreditAnchorError(
      "deployment.clock",
      `block times of this chain are ${unit}, profile ${profile.name} says ${profile.clockUnit}`,
      { hint: "delays would be a thousand times too short or too long: correct clockUnit in the profile" },
    );
}

/** Who is to be a contract is one before anything is sent: an account of one key must not govern by mistake. */
async function checkContracts({ chain, profile }: Run): Promise<void> {
  for (const { account, role } of contractHolders(profile))
    if ((await chain.code(account)) === "0x")
      throw new CreditAnchorError(
        "deployment.no-contract",
        `profile ${profile.name} wants a contract as ${role}, and there is no code at ${account}`,
        { hint: "deploy the multisig first, on this chain, and compare its address with the profile" },
      );
}

async function checkRecords(run: Run): Promise<void> {
  const { chain, folder } = run;
  const records = contractNames.map((name) => readRecord(folder, name));
  const found = [...records, readPending(folder)].filter((item) => item !== undefined);
  const foreign = found.find((item) => item.chainId !== chain.chainId);
  if (foreign !== undefined)
    throw new CreditAnchorError(
      "deployment.other-chain",
      `${folder} records a deployment on chain ${foreign.chainId}, connected is chain ${chain.chainId}`,
      { hint: "give this chain a network name of its own, or correct the RPC URL" },
    );
  for (const record of records) {
    if (record === undefined || (await isStillThere(chain, record))) continue;
    if (!run.startOver)
      throw new CreditAnchorError(
        "deployment.chain-reset",
        `the chain does not hold what ${folder} records: ${record.contract} at ${record.address} in block ${record.blockNumber}`,
        {
          hint: `is the node fully synchronised? If the chain was really started anew, remove ${folder} and run again`,
        },
      );
    run.log("the chain was started anew: the old records are dropped");
    removeRecords(folder);
    return;
  }
}

/**
 * Another profile than the one deployed is right if the chain grants what it says already: roles were changed by acts of
 * their administrators, and the profile was amended after them. Deploying never changes the roles of what is deployed.
 */
async function checkProfile(run: Run): Promise<void> {
  const manager = readRecord(run.folder, "RegistryAuthority");
  if (manager?.governance === undefined || JSON.stringify(manager.governance) === JSON.stringify(run.profile))
    return;
  const registry = readRecord(run.folder, "CreditRegistry");
  if (registry !== undefined) {
    const checks = await checkRoles(run.chain, { ...manager, governance: run.profile }, registry);
    if (checks.every(({ holds }) => holds !== false)) return;
  }
  if (manager.deployer !== run.deployer) throw otherDeployer(manager.deployer, run);
  throw new CreditAnchorError(
    "deployment.other-profile",
    `${run.folder} was deployed with other holders of roles than profile ${run.profile.name} names, and the chain does not grant what it says`,
    {
      hint: "roles of a deployed registry change by acts of their administrators (credit-anchor governance): amend the profile after them",
    },
  );
}

async function isStillThere(chain: Chain, record: ContractRecord): Promise<boolean> {
  const block = await chain.block(record.blockNumber);
  if (block?.hash !== record.blockHash) return false;
  return keccak256(await chain.code(record.address)) === record.codeHash;
}

function otherDeployer(recorded: string, run: Run): CreditAnchorError {
  return new CreditAnchorError(
    "deployment.other-deployer",
    `${run.folder} was begun by ${recorded}, now ${run.deployer} signs`,
    { hint: "continue with the key that began" },
  );
}

/** A transaction of an earlier run may still wait to be mined; what it brings about must not be sent twice. */
async function waitUntilNothingIsUnderWay(run: Run): Promise<void> {
  const { chain, deployer } = run;
  const underWay = async (): Promise<boolean> =>
    (await chain.nonce(deployer, "pending")) > (await chain.nonce(deployer, "latest"));
  if (!(await underWay())) return;
  run.log("waiting for transactions that are under way already");
  const stop = Date.now() + run.timeoutMs;
  while (await underWay()) {
    if (Date.now() > stop) throw tooSlow("transactions of an earlier run");
    await delay(chain.pollMs);
  }
}

function tooSlow(what: string): CreditAnchorError {
  return new CreditAnchorError("deployment.slow", `${what} not mined in time`, {
    hint: "does the chain make blocks, and does it accept the price of gas? Run again later: nothing is lost",
    exitStatus: 70,
  });
}

// ------------------------------------------------------------------ contracts

async function ensureContract(
  run: Run,
  contract: ContractName,
  args: readonly string[],
): Promise<ContractRecord> {
  const recorded = readRecord(run.folder, contract);
  if (recorded !== undefined) {
    run.log(`${contract} is at ${recorded.address}`);
    return recorded;
  }
  const pending = readPending(run.folder);
  const begun = pending?.contract === contract ? await resume(run, pending, args) : undefined;
  const { receipt, creation } = begun ?? (await create(run, contract, args));
  const record = await makeRecord(run, creation, receipt, args);
  writeRecord(run.folder, record);
  removePending(run.folder);
  run.log(`${contract} is at ${record.address}, deployed in block ${record.blockNumber}`);
  return record;
}

interface Created {
  readonly creation: PendingCreation;
  readonly receipt: Receipt;
}

/** What became of a creation that an earlier run announced; undefined if its nonce went to something else. */
async function resume(
  run: Run,
  pending: PendingCreation,
  args: readonly string[],
): Promise<Created | undefined> {
  if (pending.deployer !== run.deployer) throw otherDeployer(pending.deployer, run);
  if ((await run.chain.nonce(run.deployer, "latest")) <= pending.nonce) {
    // Never mined and, as nothing is under way, not known to this node: the same nonce makes it happen once at most.
    return send(run, pending, args);
  }
  if ((await run.chain.code(pending.address)) === "0x") return undefined;
  const hash = await findCreation(run.chain, pending);
  if (hash === undefined) return undefined;
  return { creation: pending, receipt: await mined(run, hash, `creation of ${pending.contract}`) };
}

async function findCreation(chain: Chain, pending: PendingCreation): Promise<string | undefined> {
  const last = await chain.blockNumber();
  for (let number = pending.afterBlock + 1; number <= last; number++) {
    const block = (await chain.send("eth_getBlockByNumber", [toQuantity(number), true])) as {
      transactions: { hash: string; from: string; nonce: string }[];
    } | null;
    const found = block?.transactions.find(
      (item) => item.from.toLowerCase() === pending.deployer && Number(item.nonce) === pending.nonce,
    );
    if (found !== undefined) return found.hash;
  }
  return undefined;
}

async function create(run: Run, contract: ContractName, args: readonly string[]): Promise<Created> {
  const { chain, deployer } = run;
  const afterBlock = await chain.blockNumber();
  const nonce = await chain.nonce(deployer, "pending");
  const address = getCreateAddress({ from: deployer, nonce }).toLowerCase();
  const pending = { contract, chainId: chain.chainId, deployer, nonce, address, afterBlock };
  writePending(run.folder, pending);
  return send(run, pending, args);
}

async function send(run: Run, creation: PendingCreation, args: readonly string[]): Promise<Created> {
  const what = `creation of ${creation.contract}`;
  run.log(`deploying ${creation.contract}`);
  const data = concat([creationCode[creation.contract], encodeArguments(args)]);
  const fees = await suggestFees(run.chain, { policy: run.fees });
  const hash = await sendOnce(run, what, async () => {
    const { nonce } = creation;
    return (await run.signer.sendTransaction({ data, nonce, ...fees })).hash;
  });
  const found = hash ?? (await findCreation(run.chain, creation));
  if (found === undefined) throw await refused(run, what, undefined);
  return { creation, receipt: await mined(run, found, what) };
}

/**
 * Sends one transaction.
 *
 * @returns Its hash; undefined if the node took a transaction and its answer was lost: then it is mined by now.
 */
async function sendOnce(run: Run, what: string, act: () => Promise<string>): Promise<string | undefined> {
  const before = await run.chain.nonce(run.deployer, "pending");
  try {
    const hash = await act();
    run.sent++;
    return hash;
  } catch (error) {
    const isOfChain =
      error instanceof CreditAnchorError || typeof (error as { code?: unknown }).code === "string";
    if (!isOfChain) throw error;
    if ((await run.chain.nonce(run.deployer, "pending")) === before) throw await refused(run, what, error);
    run.sent++;
    await waitUntilNothingIsUnderWay(run);
    return undefined;
  }
}

/** What ethers says of a refusal quotes the whole transaction; the node's own words, or its short message, do not. */
async function refused(run: Run, what: string, cause: unknown): Promise<CreditAnchorError> {
  if (cause instanceof CreditAnchorError) return cause;
  const { shortMessage, info } = (cause ?? {}) as {
    shortMessage?: string;
    info?: { error?: { message?: string } };
  };
  const why = info?.error?.message ?? shortMessage ?? "the transaction is not to be found";
  const isPoor = (await run.chain.balance(run.deployer)) === 0n;
  return new CreditAnchorError("deployment.refused", `${what} was refused: ${why}`, {
    hint: isPoor
      ? `${run.deployer} has no funds to pay for gas; on a free-gas network set the gas policy to free`
      : "run again: it continues from here",
    exitStatus: 70,
    cause,
  });
}

async function mined(run: Run, hash: string, what: string): Promise<Receipt> {
  const stop = Date.now() + run.timeoutMs;
  for (;;) {
    const receipt = await run.chain.receipt(hash);
    if (receipt?.succeeded === false)
      throw new CreditAnchorError("deployment.failed", `${what} failed in transaction ${hash}`, {
        hint: "was there enough gas? Run again: it continues from here",
        exitStatus: 70,
      });
    if (receipt !== undefined) return receipt;
    if (Date.now() > stop) throw tooSlow(what);
    await delay(Math.min(run.chain.pollMs, 100));
  }
}

async function makeRecord(
  run: Run,
  { contract, address }: PendingCreation,
  receipt: Receipt,
  args: readonly string[],
): Promise<ContractRecord> {
  const { chain } = run;
  const code = await chain.code(address);
  if (!isCodeOf({ contract, chainId: chain.chainId, address, arguments: args }, code))
    throw new CreditAnchorError("deployment.failed", `the code at ${address} is not that of ${contract}`, {
      hint: `the contract was created from another version of the source: continue with that, or remove ${run.folder}`,
      exitStatus: 70,
    });
  const block = await chain.block(receipt.blockNumber);
  return {
    format: "credit-anchor/deployment",
    formatVersion: 1,
    contract,
    chainId: chain.chainId,
    address,
    codeHash: keccak256(code),
    arguments: args,
    deployer: run.deployer,
    transaction: receipt.transactionHash,
    blockNumber: receipt.blockNumber,
    blockHash: receipt.blockHash,
    blockTime: block!.time,
    compiler: run.compiler,
    sourceCommit: run.sourceCommit,
    ...(contract === "RegistryAuthority" ? { governance: run.profile } : {}),
  };
}

// ------------------------------------------------------------------ roles

async function wire(run: Run, manager: ContractRecord, registry: ContractRecord): Promise<void> {
  const { signer, profile } = run;
  const deployment: Deployment = {
    manager: RegistryAuthority__factory.connect(manager.address, signer),
    registry: CreditRegistry__factory.connect(registry.address, signer),
  };
  const onChain = ({ account, delay: seconds }: Holder): Holder => ({
    account,
    delay: delayOnChain(seconds, profile.clockUnit),
  });
  const grants = Object.fromEntries(roleNames.map((role) => [role, profile.roles[role].map(onChain)]));
  const administrators = profile.roles.administrator.map(onChain);
  for (const step of wiringSteps(deployment, { grants, administrators }, run.deployer)) {
    if (await step.isDone()) continue;
    if (!(await isAdministrator(deployment.manager, run.deployer)))
      throw new CreditAnchorError(
        "deployment.not-administrator",
        `"${step.name}" is not done, and ${run.deployer} is no administrator of the authority`,
        { hint: "an administrator has to do it" },
      );
    run.log(step.name);
    const fees = await suggestFees(run.chain, { policy: run.fees });
    const hash = await sendOnce(run, step.name, async () => (await step.send(fees)).hash);
    if (hash !== undefined) await mined(run, hash, step.name);
    else if (!(await step.isDone())) throw await refused(run, step.name, undefined);
  }
}
