/**
 * What verbs work with: the home folder, the chain, the registry, each opened with one call and one clear error.
 */
import { keccak256 } from "ethers";
import { connectChain, type Chain } from "../chain";
import { CreditAnchorError } from "../errors";
import { openHome, type Home } from "../home";
import {
  agencyIdOf,
  openRegistry,
  readActing,
  registrySuccessor,
  readAgency,
  type Agency,
  type Registry,
} from "../registry-views";
import { usage } from "./options";
import type { Io } from "./output";

/** The home folder, opened. @throws {CreditAnchorError} `usage` when none is named, else `home.…`. */
export function requireHome(dir: string | undefined): Home {
  if (dir === undefined)
    throw usage(
      "no home folder is named",
      "give --home DIR or set CREDIT_ANCHOR_HOME; credit-anchor init makes one",
    );
  return openHome(dir);
}

/** The home folder if one is named. */
export function optionalHome(dir: string | undefined): Home | undefined {
  return dir === undefined ? undefined : openHome(dir);
}

/** A registry that the caller trusts, and the connection to its chain. */
export interface Connection {
  readonly chain: Chain;
  readonly registry: Registry;
  /** Keccak-256 of the contract's code that the caller's trust names, if it does. */
  readonly codeHash: string | undefined;
}

/**
 * Connects to the home's registry; `rpc` replaces the home's nodes.
 * @throws {CreditAnchorError} `usage` when home and options name none, `chain.…`, `registry.…`.
 */
export async function connect(
  home: Home,
  rpc: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const trusted = home.settings.registry;
  if (trusted === undefined)
    throw usage(
      `${home.dir} names no registry`,
      'add "registry" to its settings.json, or make a home with credit-anchor init --rpc URL --registry ADDRESS',
    );
  const chain = await connectNode(home, rpc, trusted.chainId, signal);
  const registry = await openRegistry(chain, trusted.address, trusted.deployedAtBlock);
  return { chain, registry, codeHash: trusted.codeHash };
}

/** Connects to the nodes of the options, else of the home. @throws {CreditAnchorError} `usage`, `chain.…`. */
export async function connectNode(
  home: Home | undefined,
  rpc: string | undefined,
  chainId: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Chain> {
  const urls = rpc === undefined ? (home?.settings.rpc ?? []) : [rpc];
  if (urls.length === 0) throw noNode();
  return connectChain({
    urls,
    ...(chainId === undefined ? {} : { chainId }),
    ...(signal === undefined ? {} : { signal }),
  });
}

export function noNode(): CreditAnchorError {
  return usage("no node is named", "give --rpc URL, such as --rpc http://127.0.0.1:8545");
}

/** Keccak-256 of a contract's code. */
export async function codeHashOf(chain: Chain, address: string): Promise<string> {
  return keccak256(await chain.code(address));
}

/**
 * The agency of this home as the registry knows it. Its id is learnt from the registry by its code and kept in the
 * settings.
 *
 * @throws {CreditAnchorError} `home.no-agency`, `agency.not-admitted`, `agency.other-key`.
 */
export async function ownAgency(home: Home, registry: Registry): Promise<Agency> {
  const own = home.settings.agency;
  if (own === undefined)
    throw new CreditAnchorError("home.no-agency", `${home.dir} is not the home of an agency`, {
      hint: "use the home folder of the agency; credit-anchor init --code CODE makes one",
    });
  // Asked every time: a home that was copied to another registry must not act under a stranger's id.
  const id = await agencyIdOf(registry, own.code);
  const agency = id === undefined ? undefined : await readAgency(registry, id);
  if (agency === undefined)
    throw new CreditAnchorError(
      "agency.not-admitted",
      `the registry has not admitted agency ${own.code} yet`,
      {
        hint: `send registration.json of ${home.dir} to the registrar, who runs: credit-anchor agency register registration.json`,
      },
    );
  if (own.keyCommitment !== undefined && own.keyCommitment !== agency.keyCommitment)
    throw new CreditAnchorError(
      "agency.other-key",
      `agency ${own.code} was admitted with another agency key than this home has`,
      { hint: "use the home folder whose registration was admitted, or a copy of it" },
    );
  if (own.id !== agency.id)
    await home.changeSettings((settings) => ({ ...settings, agency: { ...own, id: agency.id } }));
  return agency;
}

/** Says it when the registry named the one that comes after it: what is anchored here still counts. */
export async function noteRegistrySuccessor(io: Io, registry: Registry): Promise<void> {
  const successor = await registrySuccessor(registry);
  if (successor !== undefined)
    io.note(
      `warning: this registry named ${successor} as its successor: ask its governor from when on to anchor there, with homes of their own`,
    );
}

/** Says it when another agency's operators act for the home's own. */
export async function noteSuccession(io: Io, registry: Registry, agency: Agency): Promise<void> {
  const acting = await readActing(registry, agency);
  if (acting !== agency)
    io.note(
      `note: agency ${agency.id} of this home was succeeded by agency ${acting.id} (${acting.code}), whose operators act for it`,
    );
}
