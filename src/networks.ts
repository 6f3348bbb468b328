import { CreditAnchorError, type Fault } from "./errors";
import { feePolicies, type FeePolicy } from "./fees";

/** A network described by environment variables. */
export interface NetworkSettings {
  /** Lower case: `besu` for `BESU_RPC_URL`. */
  readonly name: string;
  readonly url: string;
  readonly chainId: number;
  /** Signs deployments; reading needs none. Never printed. */
  readonly privateKey: string | undefined;
  readonly gas: FeePolicy;
  /** Name of a file in deployments/profiles: who holds which role. */
  readonly profile: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `besu-test` and `besu_test` are both described by `BESU_TEST_…`. */
function prefixOf(network: string): string {
  return network.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}

/** Names of the networks that have a `NAME_RPC_URL`, complete or not. `localhost` is not among them. */
export function networkNames(environment: Environment): string[] {
  return Object.keys(environment)
    .map((key) => /^([A-Z][A-Z0-9_]*)_RPC_URL$/.exec(key)?.[1])
    .filter((prefix) => prefix !== undefined && prefix !== "LOCALHOST" && prefix !== "HARDHAT")
    .map((prefix) => prefix!.toLowerCase())
    .sort();
}

/**
 * Reads `NAME_RPC_URL`, `NAME_CHAIN_ID`, `NAME_PRIVATE_KEY`, `NAME_GAS` and `NAME_PROFILE`.
 *
 * @throws {CreditAnchorError} `network.settings` with every variable that is missing or malformed; its value is never
 * quoted, for URLs and keys are credentials.
 */
export function networkSettings(name: string, environment: Environment): NetworkSettings {
  const prefix = prefixOf(name);
  const faults: Fault[] = [];
  const read = (key: string): string | undefined => environment[`${prefix}_${key}`]?.trim() || undefined;
  const fault = (key: string, code: string, message: string): void => {
    faults.push({ path: `${prefix}_${key}`, code, message });
  };

  const url = read("RPC_URL");
  if (url === undefined)
    fault("RPC_URL", "missing", "is missing: the node's address, like http://127.0.0.1:8545");
  else if (!isHttpUrl(url)) fault("RPC_URL", "malformed", "is not an http:// or https:// address");

  const chainId = read("CHAIN_ID");
  if (chainId === undefined) fault("CHAIN_ID", "missing", "is missing: a deployment is for one chain only");
  else if (!/^[1-9][0-9]{0,14}$/.test(chainId))
    fault("CHAIN_ID", "malformed", "is not a positive whole number");

  const privateKey = read("PRIVATE_KEY");
  if (privateKey !== undefined && !isPrivateKey(privateKey))
    fault("PRIVATE_KEY", "malformed", "is not 32 bytes in hexadecimal (64 digits, with or without 0x)");

  const gas = read("GAS") ?? "auto";
  if (!(feePolicies as readonly string[]).includes(gas))
    fault("GAS", "malformed", `is none of ${feePolicies.join(", ")}`);

  const profile = read("PROFILE") ?? "local";
  if (!/^[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*$/.test(profile))
    fault("PROFILE", "malformed", "is not the name of a file in deployments/profiles (without .json)");

  if (faults.length > 0)
    throw new CreditAnchorError(
      "network.settings",
      `network ${name} is not described well:\n${faults.map((f) => `  ${f.path} ${f.message}`).join("\n")}`,
      { hint: "set them in .env or in the environment; .env.example describes them", faults },
    );
  return {
    name,
    url: url!,
    chainId: Number(chainId),
    privateKey: privateKey === undefined ? undefined : `0x${privateKey.replace(/^0x/, "").toLowerCase()}`,
    gas: gas as FeePolicy,
    profile,
  };
}

/** The profile that the environment names for a network, `NAME_PROFILE`; undefined if it names none. */
export function namedProfile(name: string, environment: Environment): string | undefined {
  return environment[`${prefixOf(name)}_PROFILE`]?.trim() || undefined;
}

/** Gas policy of a network that needs no description: `LOCALHOST_GAS`, else `auto`. */
export function localSettings(
  name: string,
  environment: Environment,
): Pick<NetworkSettings, "gas" | "profile"> {
  const described = {
    [`${prefixOf(name)}_RPC_URL`]: "http://127.0.0.1",
    [`${prefixOf(name)}_CHAIN_ID`]: "1",
  };
  const { gas, profile } = networkSettings(name, { ...environment, ...described });
  return { gas, profile };
}

/** A network of hardhat.config.ts. */
interface HardhatNetwork {
  url: string;
  chainId: number;
  accounts: string[];
}

/**
 * The networks of the environment for hardhat.config.ts. One that is described badly is an error only when it is the
 * chosen one: a variable that happens to end in `_RPC_URL` must not stop the tests.
 *
 * @param chosen Name of the network in use, if any.
 * @throws {CreditAnchorError} `network.settings` for the chosen network.
 */
export function hardhatNetworks(environment: Environment, chosen?: string): Record<string, HardhatNetwork> {
  const builtIn = chosen === undefined || chosen === "hardhat" || chosen === "localhost";
  const networks: Record<string, HardhatNetwork> = {};
  for (const name of networkNames(environment).filter((name) => prefixOf(name) !== prefixOf(chosen ?? ""))) {
    try {
      networks[name] = hardhatNetwork(networkSettings(name, environment));
    } catch {
      continue;
    }
  }
  if (!builtIn) networks[chosen] = hardhatNetwork(networkSettings(chosen, environment));
  return networks;
}

function hardhatNetwork(settings: NetworkSettings): HardhatNetwork {
  const { url, chainId, privateKey } = settings;
  return { url, chainId, accounts: privateKey === undefined ? [] : [privateKey] };
}

/** The network that Hardhat was told to use: `--network NAME` or `HARDHAT_NETWORK`. */
export function chosenNetwork(args: readonly string[], environment: Environment): string | undefined {
  const at = args.indexOf("--network");
  return (at >= 0 ? args[at + 1] : undefined) ?? (environment.HARDHAT_NETWORK || undefined);
}

function isHttpUrl(text: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

/** Not zero and below the order of secp256k1: anything else fails later, in words that may quote it. */
function isPrivateKey(text: string): boolean {
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(text)) return false;
  const value = BigInt(`0x${text.replace(/^0x/, "")}`);
  return value > 0n && value < 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
}
