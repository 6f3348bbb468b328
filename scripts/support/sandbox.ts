import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { toQuantity, Wallet } from "ethers";

import { toHex } from "../../src/bytes";
import { type Chain, connectChain } from "../../src/chain";
import { compiler } from "../../src/deploy/compiler";
import { readProfile } from "../../src/deploy/profile";
import type { ContractRecord } from "../../src/deploy/record";
import { deployResumably } from "../../src/deploy/resumable";
import { CreditAnchorError } from "../../src/errors";
import { createHome, type Home, type NewHome } from "../../src/home";
import { replaceFile } from "../../src/home/files";
import { signerOf } from "../../src/home/signer";
import { type Actor, admitAgency, admitType, setOperator } from "../../src/registry-admin";
import { openRegistry } from "../../src/registry-views";
import { operatorPermission } from "../../src/roles";
import { sampleAgencies, writeSample } from "../../src/samples";
import { shippedTypes } from "../../src/types";
import { type ServedChain, startLocalChain } from "./local-chain";
import { projectRoot } from "./project";

export interface SandboxOptions {
  /** Port on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Folder for the homes: absent, empty, or with `fresh` that of an earlier sandbox. */
  readonly home: string;
  /** Replaces the homes of an earlier sandbox, whose chain is gone. */
  readonly fresh?: boolean;
  /** Writes files to try the commands with. */
  readonly samples?: boolean;
}

/** An operator without a home: its key signs in a home of its agency, as `CREDIT_ANCHOR_PRIVATE_KEY`. */
export interface SecondOperator {
  readonly address: string;
  readonly keyFile: string;
}

/** A running chain with everything deployed, and homes that work with it. */
export interface Sandbox {
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly registry: string;
  readonly accessManager: string;
  /** Folder of the homes. */
  readonly dir: string;
  /** Absolute folders by name: ndrc, market-regulator, tax, court. */
  readonly homes: Readonly<Record<string, string>>;
  /** Deployment records, for `verify --deployment`. */
  readonly deployment: string;
  /** Another operator of the market regulator: an erasure takes two. */
  readonly secondOperator: SecondOperator;
  /** Gives an account something to pay with. */
  fund(account: string): Promise<void>;
  stop(): Promise<void>;
}

const marker = "sandbox.json";
const deploymentFolder = "deployment";
const secondKeyFile = "second-operator.key";

/** Everything a sandbox may have made in its folder. */
const ownNames = [
  marker,
  deploymentFolder,
  secondKeyFile,
  "samples",
  ...sampleAgencies.map((agency) => agency.name),
];

/** 10,000 of the chain's coin, worth nothing. */
const FUNDS = toQuantity(10_000n * 10n ** 18n);

const TEN_YEARS = 10 * 365 * 86_400;

/**
 * Starts a chain in this process, deploys a registry, admits the shipped types and three agencies, and makes their homes
 * and that of the NDRC, which holds every role. All keys are made anew for each sandbox.
 *
 * @throws {CreditAnchorError} `chain.port`, `sandbox.folder`, `sandbox.exists`.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const dir = resolve(options.home);
  await refuseForeignFolder(dir, options.fresh === true);
  const served = await startLocalChain(options.port);
  try {
    if (options.fresh === true)
      for (const name of ownNames) rmSync(join(dir, name), { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    const sandbox = await fill(dir, served);
    if (options.samples === true) await writeSamples(join(dir, "samples"));
    return sandbox;
  } catch (error) {
    await served.close();
    throw error;
  }
}

async function refuseForeignFolder(dir: string, fresh: boolean): Promise<void> {
  if (!existsSync(dir)) return;
  const names = readdirSync(dir);
  if (names.length === 0) return;
  if (!names.includes(marker))
    throw new CreditAnchorError("sandbox.folder", `${dir} is not empty and not the folder of a sandbox`, {
      hint: "name another folder with --home DIR",
    });
  const pid = await runningIn(dir);
  if (pid !== undefined)
    throw new CreditAnchorError(
      "sandbox.exists",
      `${dir} belongs to a sandbox that is running (process ${pid})`,
      {
        hint: "use that one, stop it, or name another folder with --home DIR",
      },
    );
  if (!fresh)
    throw new CreditAnchorError(
      "sandbox.exists",
      `${dir} holds the homes of an earlier sandbox, whose chain is gone`,
      {
        hint: "start with --fresh to replace them, or name another folder with --home DIR",
      },
    );
}

/** Process of the sandbox that uses this folder now. Its number alone may be another program's by now. */
async function runningIn(dir: string): Promise<number | undefined> {
  let pid: unknown;
  try {
    const told = JSON.parse(readFileSync(join(dir, marker), "utf8")) as { pid: unknown; rpcUrl: unknown };
    ({ pid } = told);
    if (typeof pid !== "number" || typeof told.rpcUrl !== "string") return undefined;
    process.kill(pid, 0);
    await connectChain({ urls: [told.rpcUrl], retries: 0, timeoutMs: 2_000 });
    return pid;
  } catch (error) {
    // Silent and alive: it may be busy.
    return error instanceof CreditAnchorError && error.code === "chain.silent" ? (pid as number) : undefined;
  }
}

async function fill(dir: string, served: ServedChain): Promise<Sandbox> {
  const chain = await connectChain({ urls: [served.url], pollMs: 10 });
  const { chainId } = chain;
  const partial = {
    format: "credit-anchor/sandbox",
    formatVersion: 1,
    pid: process.pid,
    rpcUrl: served.url,
    chainId,
  };
  // First of all, so that a start that is interrupted can be replaced too.
  replaceFile(join(dir, marker), `${JSON.stringify(partial, null, 2)}\n`);

  const ndrcKey = `0x${randomBytes(32).toString("hex")}`;
  const ndrc = new Wallet(ndrcKey, chain.provider);
  await fund(chain, ndrc.address);
  const { manager, registry, signOffs } = await deployResumably({
    chain,
    signer: ndrc,
    folder: join(dir, deploymentFolder),
    profile: readProfile(join(projectRoot(), "deployments", "profiles", "local.json")),
    compiler,
    sourceCommit: null,
  });
  const homes = await makeHomes(dir, chain, { rpcUrl: served.url, manager, registry, signOffs, ndrcKey });
  const secondOperator = await addSecondOperator(dir, chain, homes.get("market-regulator")!);
  const sandbox = {
    rpcUrl: served.url,
    chainId,
    registry: registry.address,
    accessManager: manager.address,
    dir,
    homes: Object.fromEntries([...homes].map(([name, home]) => [name, home.dir])),
    deployment: join(dir, deploymentFolder),
    secondOperator,
  };
  replaceFile(join(dir, marker), `${JSON.stringify({ ...partial, ...sandbox }, null, 2)}\n`);
  return {
    ...sandbox,
    fund: (account) => fund(chain, account),
    stop: async () => {
      chain.provider.destroy();
      await served.close();
    },
  };
}

/** The files that the sandbox offers for a first try, by home. */
export const sampleFiles = {
  "market-regulator": { file: "penalties.csv", type: "cn.penalty" },
  tax: { file: "tax-penalties.ndjson", type: "cn.penalty" },
  court: { file: "licences.csv", type: "cn.licence" },
} as const;

async function writeSamples(folder: string): Promise<void> {
  mkdirSync(folder);
  for (const { name, code, title } of sampleAgencies) {
    if (name === "ndrc") continue;
    const { file, type } = sampleFiles[name as keyof typeof sampleFiles];
    await writeSample(join(folder, file), {
      type,
      rows: 1_000,
      agencyCode: code,
      agencyName: title,
      format: file.endsWith(".csv") ? "csv" : "ndjson",
      // In force when somebody tries them.
      year: new Date().getUTCFullYear() - 1,
    });
  }
}

interface Deployed {
  readonly rpcUrl: string;
  readonly manager: ContractRecord;
  readonly registry: ContractRecord;
  readonly signOffs: ContractRecord;
  readonly ndrcKey: string;
}

async function makeHomes(dir: string, chain: Chain, deployed: Deployed): Promise<Map<string, Home>> {
  const { manager, registry: record, signOffs, ndrcKey } = deployed;
  const registry = await openRegistry(chain, record.address, record.blockNumber);
  const ndrc: Actor = { registry, signer: signerOf(ndrcKey) };
  const settings: NewHome["settings"] = {
    registry: {
      chainId: chain.chainId,
      address: record.address,
      accessManager: manager.address,
      codeHash: record.codeHash,
      deployedAtBlock: record.blockNumber,
      signOffs: signOffs.address,
    },
    rpc: [deployed.rpcUrl],
    // This chain makes a block only when there is a transaction, and never takes one back.
    finalityBlocks: 0,
    types: await admitTypes(ndrc),
  };
  const homes = new Map<string, Home>();
  for (const { name, code, title, authorities } of sampleAgencies) {
    const own = { ...settings, label: title, ...(authorities === undefined ? {} : { authorities }) };
    const home = await createHome(
      join(dir, name),
      name === "ndrc"
        ? { trial: true, settings: own, privateKey: ndrcKey }
        : { trial: true, settings: { ...own, agency: { code } }, privateKey: "generate" },
      // What the environment says about another home has nothing to do with these.
      { env: {} },
    );
    if (name !== "ndrc") await register(ndrc, chain, home);
    homes.set(name, home);
  }
  return homes;
}

async function admitTypes(registrar: Actor): Promise<Record<string, { typeId: number; typeHash: string }>> {
  const types: Record<string, { typeId: number; typeHash: string }> = {};
  for (const type of shippedTypes().values()) {
    const { name, personal } = type;
    const typeHash = toHex(type.typeHash);
    const { typeId } = await admitType(registrar, { name, typeHash, personal: personal === true });
    types[name] = { typeId, typeHash };
  }
  return types;
}

/** Admits an agency; its home's key becomes administrator and operator. */
async function register(registrar: Actor, chain: Chain, home: Home): Promise<void> {
  const { code, keyCommitment } = home.settings.agency!;
  const signer = await home.signer();
  await fund(chain, signer.address);
  const administrator = signer.address;
  const { agencyId } = await admitAgency(registrar, { code, administrator, keyCommitment: keyCommitment! });
  await addOperator({ ...registrar, signer }, agencyId, signer.address);
  await home.changeSettings((was) => ({ ...was, agency: { ...was.agency!, id: agencyId } }));
}

async function addOperator(administrator: Actor, agencyId: number, account: string): Promise<void> {
  const { time } = (await administrator.registry.chain.block("latest"))!;
  const permissions = operatorPermission.anchor | operatorPermission.status;
  await setOperator(administrator, {
    agencyId,
    account,
    permissions,
    validFrom: 0,
    validUntil: time + TEN_YEARS,
  });
}

async function addSecondOperator(dir: string, chain: Chain, home: Home): Promise<SecondOperator> {
  const { agency, registry: own } = home.settings;
  const key = `0x${randomBytes(32).toString("hex")}`;
  const { address } = signerOf(key);
  await fund(chain, address);
  const registry = await openRegistry(chain, own!.address, own!.deployedAtBlock);
  await addOperator({ registry, signer: await home.signer() }, agency!.id!, address);
  const keyFile = join(dir, secondKeyFile);
  replaceFile(keyFile, `${key}\n`);
  return { address, keyFile };
}

async function fund(chain: Chain, account: string): Promise<void> {
  await chain.send("hardhat_setBalance", [account, FUNDS]);
}
