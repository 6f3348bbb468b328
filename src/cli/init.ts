import { counted } from "../counted";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Chain } from "../chain";
import type { ContractRecord } from "../deploy/record";
import { CreditAnchorError } from "../errors";
import { detectFeePolicy, feePolicies } from "../fees";
import { createHome, type Home, type NewHome, type RegistrySettings } from "../home";
import { openAgencyKeyFile } from "../home/agency-key-file";
import { askTwice, findPassphrase, findTransportPassphrase } from "../home/passphrase";
import { agencyIdOf, authorityOf, openRegistry, readAgency } from "../registry-views";
import { RpcError } from "../rpc";
import { checkNamed } from "../types/checks";
import { codeHashOf, connectNode } from "./context";
import { readDeployment, readRecordBeside } from "./deployment-file";
import { readText, writeOwnFile } from "./files";
import { address, choice, flag, integer, text, url, usage } from "./options";
import { registrationText, type Registration } from "./registration";
import { defineVerb } from "./verb";

export const initVerb = defineVerb({
  name: "init",
  summary: "make a home folder: keys, vault, settings, and a registration request for the registrar",
  about: `With --code it is the home of an agency; without, of somebody who anchors nothing (registrar, auditor, court).
The passphrase comes from CREDIT_ANCHOR_PASSPHRASE, CREDIT_ANCHOR_PASSPHRASE_FILE or the terminal. Nothing that
exists is overwritten. KEEP A COPY of the folder's keys/: without the agency key the agency cannot find or
continue its records.`,
  options: {
    code: text("--code <code>", "the agency's public code, in China its unified social credit code"),
    name: text("--name <label>", "whose home it is, for people"),
    rpc: url("--rpc <url>", "node of the chain"),
    registry: address("--registry <address>", "the registry, on the chain of the node"),
    deployment: text("--deployment <file>", "deployment record of the registry, instead of --registry"),
    administrator: address(
      "--administrator <address>",
      "who shall manage the agency's operators: an account whose key is kept elsewhere",
    ),
    fromBlock: integer(
      "--from-block <number>",
      "block of the registry's deployment, if the node cannot tell",
      {
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
      },
    ),
    finality: integer("--finality <blocks>", "blocks that must lie on top before a batch is final", {
      min: 0,
      max: 100_000,
      defaultsTo: "12; 0 on development chains",
    }),
    fees: choice("--fees <policy>", "how transactions are paid for", feePolicies, "auto"),
    join: text("--join <file>", "second home of an agency: the file of credit-anchor agency key export"),
    withoutKey: flag("--without-key", "make no operator's key: it comes from CREDIT_ANCHOR_PRIVATE_KEY"),
    importKey: flag("--import-key", "put the key of CREDIT_ANCHOR_PRIVATE_KEY into the home's keystore"),
    trial: flag("--trial", "for trying only: the passphrase lies in the folder and protects nothing"),
  },
  examples: [
    "credit-anchor init --home agency --code 11100000XN9900017Y --name 'Market regulator' \\",
    "    --rpc http://127.0.0.1:8545 --registry 0x5FbDB2315678afecb367f032d93F642f64180aa3",
    "credit-anchor init --home auditor --rpc http://127.0.0.1:8545 --deployment deployments/besu",
  ],
  run: async ({ options, home: dir, io, signal }) => {
    if (dir === undefined) throw usage("no home folder is named", "give --home DIR: the folder to make");
    refuseExisting(dir);
    if (options.deployment !== undefined && options.registry !== undefined)
      throw usage("--deployment and --registry exclude each other");
    if (options.withoutKey && options.importKey)
      throw usage("--without-key and --import-key exclude each other");
    if (options.code !== undefined) checkCode(options.code, (line) => io.note(line));
    const joined = options.join === undefined ? undefined : await readJoin(options.join, options);
    const code = joined?.code ?? options.code;
    const wanted =
      options.registry ??
      joined?.registry.address ??
      (options.deployment === undefined ? undefined : readDeployment(options.deployment).address);
    if (wanted !== undefined && options.rpc === undefined)
      throw usage("--rpc is missing", "give the node of the registry's chain: --rpc URL");

    const found = options.rpc === undefined ? undefined : await look(options.rpc, wanted, options, signal);
    if (joined !== undefined) await expectSame(joined, found!.registry!, options.rpc!, signal);
    const passphrase = options.trial ? undefined : await newPassphrase(dir);
    const settings: NewHome["settings"] = {
      label: options.name ?? code ?? "",
      rpc: options.rpc === undefined ? [] : [options.rpc],
      fees: { policy: options.fees ?? "auto" },
      ...(code === undefined ? {} : { agency: { code } }),
      ...(found?.registry === undefined ? {} : { registry: found.registry }),
      ...(options.finality === undefined && found?.isDevelopment !== true
        ? {}
        : { finalityBlocks: options.finality ?? 0 }),
    };
    const home = await createHome(dir, {
      settings,
      trial: options.trial,
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(joined === undefined ? {} : { agencyKey: joined.agencyKey }),
      ...keyOf(options),
    });
    const registration =
      options.code === undefined ? undefined : writeRegistration(home, options.code, options.administrator);
    return {
      json: {
        home: home.dir,
        signer: home.signerAddress() ?? null,
        finalityBlocks: home.settings.finalityBlocks,
        registry: home.settings.registry ?? null,
        joined: joined?.code ?? null,
        registration:
          registration === undefined ? null : { file: registration.file, ...registration.content },
      },
      text: [...story(home, registration, found), ...(joined === undefined ? [] : joinedStory(home, joined))],
    };
  },
});

/** @throws {CreditAnchorError} `usage` for what the file says already, else as {@link openAgencyKeyFile}. */
async function readJoin(
  file: string,
  options: Readonly<Record<"code" | "administrator" | "registry" | "deployment" | "rpc", string | undefined>>,
): Promise<Joined> {
  for (const name of ["code", "administrator", "registry", "deployment"] as const)
    if (options[name] !== undefined) throw usage(`--join and --${name} exclude each other: the file says it`);
  if (options.rpc === undefined)
    throw usage("--rpc is missing", "the registry is asked whether it knows the key: --rpc URL");
  return openAgencyKeyFile(file, readText(file), await findTransportPassphrase(file, "known"));
}

type Joined = Awaited<ReturnType<typeof openAgencyKeyFile>>;

/** The file's registry is the node's, and knows the agency by this very key. */
async function expectSame(
  joined: Joined,
  found: RegistrySettings,
  rpc: string,
  signal: AbortSignal,
): Promise<void> {
  const { chainId, accessManager, codeHash } = joined.registry;
  if (
    chainId !== found.chainId ||
    accessManager !== found.accessManager ||
    (codeHash !== undefined && codeHash !== found.codeHash)
  )
    throw new CreditAnchorError("join.other-registry", "the node's registry is not the one of the file", {
      hint: "name a node of the same chain: --rpc URL",
    });
  const registry = await openRegistry(await connectNode(undefined, rpc, chainId, signal), found.address);
  const id = await agencyIdOf(registry, joined.code);
  const agency = id === undefined ? undefined : await readAgency(registry, id);
  if (agency?.keyCommitment === joined.keyCommitment) return;
  throw new CreditAnchorError(
    "join.other-key",
    `the registry ${agency === undefined ? "has not admitted" : "admitted with another agency key"} agency ${joined.code}`,
    { hint: "a home that joins has the very key that the agency was admitted with: export it anew" },
  );
}

function joinedStory(home: Home, { code }: Joined): string[] {
  return [
    "",
    `A second home of agency ${code}, with its agency key and an operator's key of its own.`,
    "Let the administrator add the operator:",
    `  credit-anchor operator add ${home.signerAddress() ?? "ADDRESS"} --can anchor,status`,
    "Destroy the file of the key. The homes must not read in the same records.",
    `Keep a copy of ${join(home.dir, "keys")} in a safe place.`,
  ];
}

function refuseExisting(dir: string): void {
  const target = resolve(dir);
  if (!existsSync(target) || readdirSync(target).length === 0) return;
  const isHome = existsSync(join(target, "settings.json"));
  throw new CreditAnchorError(
    "home.exists",
    `${target} ${isHome ? "is a home folder already" : "is not empty"}`,
    {
      hint: isHome ? "nothing was changed; name another folder to make a second home" : "name a new folder",
    },
  );
}

/** What has the form of a unified social credit code should be one: it becomes the agency's name for ever. */
function checkCode(code: string, warn: (line: string) => void): void {
  if (!/^[\x21-\x7e]{1,31}$/.test(code))
    throw usage("--code takes 1 to 31 printable ASCII characters without spaces");
  if (!/^[0-9A-Z]{18}$/.test(code)) return;
  const fault = checkNamed("uscc", code);
  if (fault !== undefined)
    warn(`warning: the code has 18 characters and is no unified social credit code: ${fault.message}`);
}

interface Found {
  /** Whether an account needs money to send anything. */
  readonly asksForFees: boolean;
  readonly registry: RegistrySettings | undefined;
  readonly isDevelopment: boolean;
}

/** What the chain says: that the registry is there, since when, under which manager. */
async function look(
  rpc: string,
  wanted: string | undefined,
  options: { readonly deployment: string | undefined; readonly fromBlock: number | undefined },
  signal: AbortSignal,
): Promise<Found> {
  const record = options.deployment === undefined ? undefined : readDeployment(options.deployment);
  const chain = await connectNode(undefined, rpc, record?.chainId, signal);
  const isDevelopment = await isDevelopmentChain(chain);
  const asksForFees = (await detectFeePolicy(chain)) !== "free";
  if (wanted === undefined) return { registry: undefined, isDevelopment, asksForFees };
  const registry = await openRegistry(chain, wanted);
  const accessManager = await authorityOf(registry);
  const codeHash = await codeHashOf(chain, registry.address);
  if (record !== undefined && record.codeHash !== codeHash)
    throw new CreditAnchorError(
      "registry.other-code",
      "the contract at the registry's address is not the one of the deployment record",
      {
        hint: "do not use it before whoever deployed it has explained the difference",
      },
    );
  const beside = (contract: "RegistryAuthority" | "SignOffs"): ContractRecord | undefined =>
    options.deployment === undefined ? undefined : readRecordBeside(options.deployment, contract);
  const manager = beside("RegistryAuthority");
  if (manager !== undefined && manager.address !== accessManager)
    throw new CreditAnchorError(
      "registry.other-authority",
      "the registry obeys another authority than the deployment record says",
    );
  const signOffs = beside("SignOffs")?.address;
  const deployedAtBlock =
    options.fromBlock ?? record?.blockNumber ?? (await deploymentBlock(chain, registry.address));
  return {
    registry: {
      chainId: chain.chainId,
      address: registry.address,
      accessManager,
      codeHash,
      deployedAtBlock,
      ...(signOffs === undefined ? {} : { signOffs }),
    },
    isDevelopment,
    asksForFees,
  };
}

/** First block with code at the address; 0 when the node has forgotten the old states. */
async function deploymentBlock(chain: Chain, contract: string): Promise<number> {
  let low = 0;
  let high = await chain.blockNumber();
  try {
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await chain.code(contract, middle)) === "0x") low = middle + 1;
      else high = middle;
    }
    return low;
  } catch (error) {
    if (error instanceof RpcError) return 0;
    throw error;
  }
}

/** Chains that mine when asked to and never reorganise by themselves: waiting for more blocks would last for ever. */
async function isDevelopmentChain(chain: Chain): Promise<boolean> {
  try {
    const client = await chain.send("web3_clientVersion", []);
    return typeof client === "string" && /^(hardhatnetwork|anvil|ganache)/i.test(client);
  } catch (error) {
    if (error instanceof RpcError) return false;
    throw error;
  }
}

function keyOf(options: { readonly withoutKey: boolean; readonly importKey: boolean }): {
  privateKey?: string;
} {
  if (options.withoutKey) return {};
  if (!options.importKey) return { privateKey: "generate" };
  const given = process.env.CREDIT_ANCHOR_PRIVATE_KEY;
  if (given === undefined || given === "") throw usage("--import-key needs CREDIT_ANCHOR_PRIVATE_KEY");
  return { privateKey: given };
}

function newPassphrase(dir: string): Promise<string> {
  const ask = (): Promise<string> => askTwice(`New passphrase for ${dir}: `);
  return findPassphrase(dir, {}, process.stdin.isTTY ? { ask } : {});
}

function writeRegistration(
  home: Home,
  code: string,
  administrator: string | undefined,
): { file: string; content: Registration } {
  const who = administrator ?? home.signerAddress();
  if (who === undefined)
    throw usage(
      "the registration needs an administrator",
      "give --administrator ADDRESS, or let a key be made",
    );
  const { registry, agency } = home.settings;
  const content: Registration = {
    format: "credit-anchor/registration",
    formatVersion: 1,
    code,
    administrator: who,
    keyCommitment: agency!.keyCommitment!,
    ...(registry === undefined ? {} : { registry: { chainId: registry.chainId, address: registry.address } }),
  };
  const file = join(home.dir, "registration.json");
  writeOwnFile(file, registrationText(content));
  return { file, content };
}

function story(
  home: Home,
  registration: { file: string; content: Registration } | undefined,
  found: Found | undefined,
): string[] {
  const isDevelopment = found?.isDevelopment === true;
  const { registry, trial, finalityBlocks } = home.settings;
  const signer = home.signerAddress();
  return [
    `home           ${home.dir}`,
    ...(signer === undefined ? [] : [`signs as       ${signer}`]),
    ...(registry === undefined
      ? ["registry       none yet"]
      : [
          `registry       ${registry.address} on chain ${registry.chainId}, since block ${registry.deployedAtBlock}`,
        ]),
    `final after    ${counted(finalityBlocks, "block")}${isDevelopment && finalityBlocks === 0 ? " (a development chain)" : ""}`,
    ...(trial === true
      ? ["", "FOR TRYING ONLY: the passphrase lies in the folder and protects nothing."]
      : []),
    ...(registration === undefined
      ? []
      : [
          "",
          "Registration request, public values only:",
          `  code           ${registration.content.code}`,
          `  administrator  ${registration.content.administrator}`,
          `  key commitment ${registration.content.keyCommitment}`,
          `Send ${registration.file} to the registrar, who runs:`,
          "  credit-anchor agency register registration.json",
          "Then let the administrator add the operator:",
          `  credit-anchor operator add ${signer ?? "ADDRESS"} --can anchor,status --home ${home.dir}`,
          ...(found?.asksForFees === true && signer !== undefined
            ? [`This chain asks for fees: ${signer} needs something to pay with.`]
            : []),
          `Keep a copy of ${join(home.dir, "keys")} in a safe place.`,
        ]),
  ];
}
