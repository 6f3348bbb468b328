import { useCallback, useEffect, useState } from "preact/hooks";
import { connectChain, type Chain } from "../src/chain";
import { CreditAnchorError } from "../src/errors";
import type { Trust } from "./trust";

/** The node that the reader chose, as far as it answers. It is only ever asked: the connection refuses all else. */
export type NodeState =
  | { readonly state: "none" }
  | { readonly state: "connecting" }
  | { readonly state: "ready"; readonly chain: Chain }
  | { readonly state: "failed"; readonly error: CreditAnchorError };

const SILENCE_MS = 15_000;

/** Connects, and makes sure that the node serves the chain of the trusted registry. */
export function connectTrusted({ rpc, chainId }: Trust, signal?: AbortSignal): Promise<Chain> {
  return connectChain({
    urls: [rpc],
    chainId,
    readOnly: true,
    retries: 1,
    timeoutMs: SILENCE_MS,
    ...(signal === undefined ? {} : { signal }),
  });
}

export function asError(error: unknown): CreditAnchorError {
  return error instanceof CreditAnchorError
    ? error
    : new CreditAnchorError("internal", "something went wrong that should not", { cause: error });
}

/** @returns The connection, and a way to try again. */
export function useNode(trust: Trust | undefined): [NodeState, () => void] {
  const [node, setNode] = useState<NodeState>({ state: "none" });
  const [attempt, setAttempt] = useState(0);
  const key = trust === undefined || trust.rpc === "" ? "" : `${trust.rpc} ${trust.chainId}`;
  useEffect(() => {
    if (trust === undefined || key === "") return setNode({ state: "none" });
    const stop = new AbortController();
    setNode({ state: "connecting" });
    connectTrusted(trust, stop.signal).then(
      (chain) => !stop.signal.aborted && setNode({ state: "ready", chain }),
      (error: unknown) => !stop.signal.aborted && setNode({ state: "failed", error: asError(error) }),
    );
    return () => stop.abort();
  }, [key, attempt]);
  return [node, useCallback(() => setAttempt((n) => n + 1), [])];
}
