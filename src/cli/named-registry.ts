/**
 * The registry that a command believes: named by options or by the home, never by what is checked.
 */
import type { Home } from "../home";
import { readDeployment } from "./deployment-file";

export interface NamedRegistry {
  /** Undefined: whatever chain the node serves. */
  readonly chainId: number | undefined;
  readonly address: string;
  readonly codeHash?: string;
  readonly deployedAtBlock?: number;
}

/** @throws {CreditAnchorError} `file.…`, `deployment.…` */
export function namedTrust(
  options: { readonly registry: string | undefined; readonly deployment: string | undefined },
  home: Home | undefined,
): NamedRegistry | undefined {
  if (options.deployment !== undefined) {
    const { chainId, address, codeHash, blockNumber } = readDeployment(options.deployment);
    return { chainId, address, codeHash, deployedAtBlock: blockNumber };
  }
  const ofHome = home?.settings.registry;
  if (options.registry !== undefined)
    return options.registry === ofHome?.address ? ofHome : { chainId: undefined, address: options.registry };
  return ofHome;
}
