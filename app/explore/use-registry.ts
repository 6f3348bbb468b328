import { useEffect, useState } from "preact/hooks";
import type { CreditAnchorError } from "../../src/errors";
import { asError, type NodeState } from "../node";
import type { Trust } from "../trust";
import { follow, type Follower, type Progress, type Rebuilt } from "./replay";

export interface RegistryView {
  readonly rebuilt: Rebuilt | undefined;
  readonly progress: Progress | undefined;
  /** The latest look at the chain failed; what was rebuilt before stays. */
  readonly error: CreditAnchorError | undefined;
}

/** Milliseconds between looks at the chain. */
const INTERVAL = 4_000;

/** What was read stays while the reader looks at other pages. */
let kept: { readonly key: string; readonly follower: Follower; rebuilt: Rebuilt | undefined } | undefined;

const NOTHING: RegistryView = { rebuilt: undefined, progress: undefined, error: undefined };

/** Rebuilds the trusted registry and follows it while somebody looks. */
export function useRegistry(trust: Trust | undefined, node: NodeState): RegistryView {
  const [view, setView] = useState(NOTHING);
  const chain = node.state === "ready" ? node.chain : undefined;
  const key = JSON.stringify(trust);
  useEffect(() => {
    if (trust === undefined || chain === undefined) return setView(NOTHING);
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      if (kept?.key !== key) kept = { key, follower: follow(chain, trust), rebuilt: undefined };
      const ours = kept;
      try {
        const found = await ours.follower.next(
          (progress) => void (!isOver && setView((old) => ({ ...old, progress }))),
        );
        if (found !== undefined) ours.rebuilt = found;
        if (!isOver) setView({ rebuilt: ours.rebuilt, progress: undefined, error: undefined });
      } catch (error) {
        // Half-read pages cannot be gone on with: the next look reads anew.
        if (kept === ours) kept = undefined;
        if (!isOver) setView((old) => ({ ...old, progress: undefined, error: asError(error) }));
      }
      if (!isOver) timer = setTimeout(() => void look(), INTERVAL);
    };
    setView({ ...NOTHING, rebuilt: kept?.key === key ? kept.rebuilt : undefined });
    void look();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key, chain]);
  return view;
}
