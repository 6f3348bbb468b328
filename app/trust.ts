import { useCallback, useEffect, useState } from "preact/hooks";
import { recordFaults, isObject, type ContractRecord } from "../src/deploy/record-fields";

/**
 * Whom the reader believes: one registry on one chain, and the node that is asked about it. It comes from whoever
 * serves the pages, from a deployment record or from the reader's own hands; never from what is verified.
 */
export interface Trust {
  readonly rpc: string;
  readonly chainId: number;
  /** Lower-case `0x…`. */
  readonly registry: string;
  /** Keccak-256 of the registry's code; compared when known. */
  readonly codeHash?: string;
  /** Where auditors state what they found, if there is such a contract. */
  readonly signOffs?: string;
  /** No event of the registry lies before this block. */
  readonly fromBlock: number;
  /** Where it came from. */
  readonly source: "server" | "deployment" | "reader";
}

/** What somebody typed, not checked yet. */
export interface TrustDraft {
  readonly rpc: string;
  readonly chainId: string;
  readonly registry: string;
}

/** Which of the three inputs cannot be used. */
export function draftFaults({ rpc, chainId, registry }: TrustDraft): (keyof TrustDraft)[] {
  const faults: (keyof TrustDraft)[] = [];
  if (!isNodeAddress(rpc.trim())) faults.push("rpc");
  if (!/^[1-9][0-9]{0,15}$/.test(chainId.trim()) || !Number.isSafeInteger(Number(chainId)))
    faults.push("chainId");
  if (!/^0x[0-9a-fA-F]{40}$/.test(registry.trim())) faults.push("registry");
  return faults;
}

/** The draft as trust. What was known of the same registry before (its code, its first block) stays known. */
export function trustOf(draft: TrustDraft, before: Trust | undefined): Trust {
  const chainId = Number(draft.chainId);
  const registry = draft.registry.trim().toLowerCase();
  const rpc = draft.rpc.trim();
  if (before?.chainId === chainId && before.registry === registry) return { ...before, rpc };
  return { rpc, chainId, registry, fromBlock: 0, source: "reader" };
}

/** The trust that a deployment record gives, asked through `rpc`; undefined if it is no whole record of a registry. */
export function trustOfRecord(value: unknown, rpc: string): Trust | undefined {
  if (recordFaults(value, "CreditRegistry").length > 0) return undefined;
  const { chainId, address, codeHash, blockNumber } = value as ContractRecord;
  return { rpc, chainId, registry: address, codeHash, fromBlock: blockNumber, source: "deployment" };
}

function isNodeAddress(text: string): boolean {
  return /^https?:\/\/\S+$/.test(text) && URL.canParse(text);
}

/** Gone with the tab: an address of a node may hold a key. */
const KEPT = "credit-anchor.trust";

function kept(): Trust | undefined {
  try {
    return parseTrust(JSON.parse(sessionStorage.getItem(KEPT) ?? "null"));
  } catch {
    return undefined;
  }
}

function keep(trust: Trust | undefined): void {
  try {
    if (trust === undefined) sessionStorage.removeItem(KEPT);
    else sessionStorage.setItem(KEPT, JSON.stringify(trust));
  } catch {
    // The reader will be asked again.
  }
}

function parseTrust(value: unknown): Trust | undefined {
  if (!isObject(value)) return undefined;
  const { rpc, chainId, registry, codeHash, signOffs, fromBlock, source } = value;
  const isWhole =
    typeof rpc === "string" &&
    (rpc === "" || isNodeAddress(rpc)) &&
    Number.isSafeInteger(chainId) &&
    typeof registry === "string" &&
    /^0x[0-9a-f]{40}$/.test(registry) &&
    Number.isSafeInteger(fromBlock) &&
    (signOffs === undefined || (typeof signOffs === "string" && /^0x[0-9a-f]{40}$/.test(signOffs))) &&
    (codeHash === undefined || (typeof codeHash === "string" && /^0x[0-9a-f]{64}$/.test(codeHash)));
  if (!isWhole) return undefined;
  const known = source === "server" || source === "deployment" ? source : "reader";
  return { rpc, chainId, registry, codeHash, signOffs, fromBlock, source: known } as Trust;
}

/** What `credit-anchor serve` says beside the pages; other web servers may hold the same file. */
async function served(): Promise<Omit<State, "isKnown">> {
  const nothing = { trust: undefined, suggestedRpc: "" };
  try {
    const response = await fetch("./config.json", { cache: "no-store", redirect: "error" });
    if (!response.ok) return nothing;
    const value: unknown = await response.json();
    if (!isObject(value) || value["format"] !== "credit-anchor/pages" || value["formatVersion"] !== 1)
      return nothing;
    // `rpc` may be a path of the server that gave the pages.
    const rpc = typeof value["rpc"] === "string" ? new URL(value["rpc"], location.href).href : "";
    return { trust: parseTrust({ fromBlock: 0, ...value, rpc, source: "server" }), suggestedRpc: rpc };
  } catch {
    return nothing;
  }
}

interface State {
  /** False until it is known whether the server names a registry. */
  readonly isKnown: boolean;
  readonly trust: Trust | undefined;
  /** Node that the server names, perhaps without a registry. */
  readonly suggestedRpc: string;
}

export interface TrustState extends State {
  setTrust(trust: Trust | undefined): void;
}

export function useTrust(): TrustState {
  const [state, setState] = useState<State>({ isKnown: false, trust: undefined, suggestedRpc: "" });
  useEffect(() => {
    const ours = kept();
    void served().then(({ trust, suggestedRpc }) =>
      setState({ isKnown: true, trust: ours ?? trust, suggestedRpc }),
    );
  }, []);
  const setTrust = useCallback((trust: Trust | undefined) => {
    keep(trust);
    setState((before) => ({ ...before, isKnown: true, trust }));
  }, []);
  return { ...state, setTrust };
}
