import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Signer, Wallet } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types";

import { type Chain, connectChain } from "../../src/chain";
import { CreditAnchorError } from "../../src/errors";
import { type Profile, readProfile } from "../../src/deploy/profile";
import { localSettings, namedProfile, networkSettings, type NetworkSettings } from "../../src/networks";
import { serveProvider } from "./local-chain";

/** The network that Hardhat was started with, ready for the library. */
export interface ConnectedNetwork {
  readonly name: string;
  readonly chain: Chain;
  readonly settings: Pick<NetworkSettings, "gas" | "profile">;
  /** Whether the chain is one to throw away: its records are replaced when it was started anew. */
  readonly throwAway: boolean;
  /** @throws {CreditAnchorError} `network.no-key` when nothing can sign. */
  signer(): Promise<Signer>;
  close(): Promise<void>;
}

/** Connects to the network of `--network NAME`; the one inside this process is served on a local port. */
export async function connectNetwork(hre: HardhatRuntimeEnvironment): Promise<ConnectedNetwork> {
  const { name, config } = hre.network;
  if (name === "hardhat" || name === "localhost") {
    const server = name === "hardhat" ? await serveProvider(hre.network.provider) : undefined;
    const chain = await connectChain({
      urls: [server?.url ?? (config as { url: string }).url],
      pollMs: server === undefined ? 200 : 10,
    });
    return {
      name,
      chain,
      settings: localSettings(name, process.env),
      throwAway: true,
      signer: () => chain.provider.getSigner(0),
      close: async () => server?.close(),
    };
  }
  const settings = networkSettings(name, process.env);
  const chain = await connectChain({ urls: [settings.url], chainId: settings.chainId });
  return {
    name,
    chain,
    settings,
    throwAway: false,
    signer: async () => {
      if (settings.privateKey !== undefined) return new Wallet(settings.privateKey, chain.provider);
      const variable = `${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}_PRIVATE_KEY`;
      throw new CreditAnchorError(
        "network.no-key",
        `${variable} is missing: nothing can sign on network ${name}`,
        {
          hint: "set it in .env or in the environment",
        },
      );
    },
    close: async () => undefined,
  };
}

/** `deployments/` of the project. */
export function deploymentsFolder(hre: HardhatRuntimeEnvironment): string {
  return join(hre.config.paths.root, "deployments");
}

/** The reviewed profile that the environment names for the network: who is to hold which role today. */
export function reviewedProfile(hre: HardhatRuntimeEnvironment): Profile | undefined {
  const name = namedProfile(hre.network.name, process.env);
  return name === undefined
    ? undefined
    : readProfile(join(deploymentsFolder(hre), "profiles", `${name}.json`));
}

/** The commit that is checked out, or null: no repository, or contracts that differ from it. */
export function sourceCommit(root: string): string | null {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", root, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "contracts", "typechain-types", "package-lock.json");
    return changed === "" ? git("rev-parse", "HEAD") : null;
  } catch {
    return null;
  }
}

/** Whether a commit holds the contracts as they are now; undefined when this clone cannot tell. */
export function commitHasOurCode(root: string, commit: string): boolean | undefined {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", root, ...args], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
      stdio: ["ignore", "pipe", "ignore"],
    });
  try {
    if (git("rev-parse", "--is-shallow-repository").trim() !== "false") return undefined;
  } catch {
    return undefined;
  }
  const paths = ["contracts/CreditRegistry__factory.ts", "contracts/RegistryAuthority__factory.ts"];
  try {
    return paths.every((path) => {
      const file = `typechain-types/factories/${path}`;
      return (
        bytecodeIn(git("show", `${commit}:${file}`)) === bytecodeIn(readFileSync(join(root, file), "utf8"))
      );
    });
  } catch {
    return false;
  }
}

function bytecodeIn(factory: string): string | undefined {
  return /const _bytecode =\s*"(0x[0-9a-f]+)"/.exec(factory)?.[1];
}
