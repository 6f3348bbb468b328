import { createContext, type ComponentChildren, type JSX } from "preact";
import { useContext } from "preact/hooks";
import type { CreditAnchorError } from "../src/errors";
import type { NodeState } from "./node";
import type { TrustState } from "./trust";

/** What all pages share: whom the reader believes, and the node that is asked. */
export interface Shared extends TrustState {
  readonly node: NodeState;
  /** Why the node, which had answered, does not any more; undefined as long as it does. */
  readonly lost: CreditAnchorError | undefined;
  /** Whoever asked the node says how it went. */
  setLost(error: CreditAnchorError | undefined): void;
  /** Connects again. */
  retry(): void;
}

const Context = createContext<Shared | undefined>(undefined);

export function Pages({ value, children }: { value: Shared; children: ComponentChildren }): JSX.Element {
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function usePages(): Shared {
  return useContext(Context)!;
}
