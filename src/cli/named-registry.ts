/**
 * The registry that a command believes: named by options or by the home, never by what is checked.
 */
import type { Chain } from "../chain";
import type { Home } from "../home";
import { openRegistry, type Registry } from "../registry-views";
import { connectNode } from "./context";
import { readDeployment, readRecordBeside } from "./deployment-file";
import { usage } from "./options";

export interface NamedRegistry {
  /** Undefined: whatever chain the node serves. */
  readonly chainId: number | undefined;
  readonly address: string;
  readonly codeHash?: string;
  readonly deployedAtBlock?: number;
  /** Where auditors state what they found. */
  readonly signOffs?: string;
}

/** @throws {CreditAnchorError} `usage` for two that exclude each other, `file.…`, `deployment.…` */
export function namedTrust(
  options: { readonly registry: string | undefined; readonly deployment: string | undefined },
  home: Home | undefined,
): NamedRegistry | undefined {
  if (options.deployment !== undefined && options.registry !== undefined)
    throw usage("--deployment and --registry exclude each other");
  if (options.deployment !== undefined) {
    const { chainId, address, codeHash, blockNumber } = readDeployment(options.deployment);
    const signOffs = readRecordBeside(options.deployment, "SignOffs")?.address;
    return {
      chainId,
      address,
      codeHash,
      deployedAtBlock: blockNumber,
      ...(signOffs === undefined ? {} : { signOffs }),
    };
  }
  const ofHome = home?.settings.registry;
  if (options.registry !== undefined)
    return options.registry === ofHome?.address ? ofHome : { chainId: undefined, address: options.registry };
  return ofHome;
}

/** The same with the block from which its events are read. @throws {CreditAnchorError} `usage` if none is named. */
export function requireTrust(
  options: Parameters<typeof namedTrust>[0] & { readonly fromBlock: number | undefined },
  home: Home | undefined,
): {
  readonly chainId: number | undefined;
  readonly address: string;
  readonly codeHash: string | undefined;
  readonly fromBlock: number;
} {
  const named = namedTrust(options, home);
  if (named === undefined)
    throw usage(
      "no registry is named",
      "give --registry ADDRESS and --rpc URL, --deployment FILE, or --home DIR",
    );
  const { chainId, address, codeHash, deployedAtBlock = 0 } = named;
  return { chainId, address, codeHash, fromBlock: options.fromBlock ?? deployedAtBlock };
}

/**
 * Connects to the registry that {@link requireTrust} finds. @throws {CreditAnchorError} `usage`, `chain.…`, `registry.…`.
 */
export async function connectTrusted(
  options: Parameters<typeof requireTrust>[0] & { readonly rpc: string | undefined },
  home: Home | undefined,
  signal: AbortSignal | undefined,
): Promise<{ readonly chain: Chain; readonly registry: Registry }> {
  const trusted = requireTrust(options, home);
  const chain = await connectNode(home, options.rpc, trusted.chainId, signal);
  return { chain, registry: await openRegistry(chain, trusted.address, trusted.fromBlock) };
}
