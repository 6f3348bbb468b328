import type { FeeSettings } from "../fees";
import { defaultPatience, type Patience, type TransactionSigner } from "../registry";
import type { AnchoredBatch, Registry } from "../registry-views";
import type { TransactionPlace, Vault } from "../vault/vault";

export interface AnchoringSettings {
  readonly agencyId: number;
  /** Blocks that must lie on top of a batch before it is final; 0: none. */
  readonly finalityBlocks: number;
  readonly fees?: FeeSettings;
  readonly patience?: Partial<AnchoringPatience>;
  /** Anchor batches planned for mode `leaves` by their root: the way out when they do not fit into a block. */
  readonly rootOnly?: boolean;
  /** Addresses that the home signs with, or did, besides the signer's. */
  readonly keys?: readonly string[];
  /** Go on though keys of the home anchored batches that the vault does not have, and remember that it is so. */
  readonly acceptUnknown?: boolean;
}

export interface AnchoringPatience extends Patience {
  /** Milliseconds without a new block after which nobody waits for finality any more. Default 60,000. */
  readonly finalityMs: number;
}

/** What happens, for a progress line. Sequences are places in the agency's history. */
export type AnchoringProgress =
  | {
      readonly kind: "signed" | "sent" | "anchored" | "final" | "reopened";
      /** Number of the batch in the vault. */
      readonly plan: number;
      readonly sequence: number;
      /** Records in the batch. */
      readonly size: number;
    }
  | {
      readonly kind: "move-signed" | "move-sent" | "moved" | "move-final" | "move-reopened";
      /** Number of the status move in the vault. */
      readonly move: number;
      /** Records it moves. */
      readonly size: number;
    }
  /** Something unusual that was dealt with. */
  | { readonly kind: "notice"; readonly code: string; readonly message: string };

export interface AnchoringOptions {
  readonly vault: Vault;
  readonly registry: Registry;
  readonly signer: TransactionSigner;
  readonly settings: AnchoringSettings;
  /** `moves` leaves batches alone: for those status moves that a suspended agency may still make. Default `all`. */
  readonly what?: "all" | "moves";
  readonly onProgress?: (progress: AnchoringProgress) => void;
  readonly signal?: AbortSignal;
}

/** What a run came to. Work that was found done already counts. */
export interface AnchoringSummary {
  /** Batches that became anchored, and the records in them. */
  batches: number;
  records: number;
  /** Batches that became final. */
  final: number;
  /** Records whose status was moved. */
  moved: number;
  /** Batches that are anchored and not final yet. */
  awaitingFinality: number;
  /** Status moves that are mined and not final yet. */
  movesAwaitingFinality: number;
  /** Status moves that cannot be made now: the agency is suspended or the registry paused. */
  movesWaiting: number;
  notices: { readonly code: string; readonly message: string }[];
}

/** A status move that is mined and not final yet. */
export interface MinedMove {
  readonly id: number;
  readonly size: number;
  /** Without hash if the chain shows the move made, by a transaction we do not know: then a block that shows it. */
  readonly place: Omit<TransactionPlace, "hash"> & { readonly hash?: string };
}

/** One run of anchoring: what it was given, and what it knows of the chain. Everything here can be lost in a crash. */
export interface Session {
  readonly vault: Vault;
  readonly registry: Registry;
  readonly signer: TransactionSigner;
  readonly settings: AnchoringSettings;
  /** Of the home: what they anchored is in its vault, or something is wrong. */
  readonly keys: readonly string[];
  readonly patience: AnchoringPatience;
  readonly signal: AbortSignal | undefined;
  readonly what: "all" | "moves";
  readonly report: (progress: AnchoringProgress) => void;
  readonly summary: AnchoringSummary;
  /** The agency's `lastBatch` up to which its history was compared with the vault. */
  known: string | undefined;
  /** A `lastBatch` whose past cannot change any more and was compared. */
  floor: string | undefined;
  /** Ask the chain even about batches that the vault knows to be anchored: they may have moved to other blocks. */
  distrust: boolean;
  /** Batches of this agency that others anchored, by the `previous` their successor states. */
  readonly foreign: Map<string, AnchoredBatch>;
  /** All batches with lower numbers are anchored. */
  cursor: number;
  /** Batches that are anchored and not final, by sequence. */
  unfinal: number[];
  minedMoves: MinedMove[];
  /** Record types that were compared with the registry. */
  readonly checkedTypes: Set<number>;
  /** Status moves in trouble: since when (milliseconds), and how often they came to nothing. */
  readonly trouble: Map<number, { readonly since: number; attempts: number }>;
  gasFactor: number;
  /** How far it has come: compared with the chain, urgent moves made, found ready to anchor. */
  state: "new" | "begun" | "withdrawn" | "ready";
}

export function openSession(options: AnchoringOptions): Session {
  const summary: AnchoringSummary = {
    batches: 0,
    records: 0,
    final: 0,
    moved: 0,
    awaitingFinality: 0,
    movesAwaitingFinality: 0,
    movesWaiting: 0,
    notices: [],
  };
  return {
    vault: options.vault,
    registry: options.registry,
    signer: options.signer,
    settings: options.settings,
    keys: [options.signer.address.toLowerCase(), ...(options.settings.keys ?? [])],
    patience: { ...defaultPatience, finalityMs: 60_000, ...options.settings.patience },
    signal: options.signal,
    what: options.what ?? "all",
    report: (progress) => {
      if (progress.kind === "notice")
        summary.notices.push({ code: progress.code, message: progress.message });
      options.onProgress?.(progress);
    },
    summary,
    known: undefined,
    floor: undefined,
    distrust: false,
    foreign: new Map(),
    cursor: 0,
    unfinal: [],
    minedMoves: [],
    checkedTypes: new Set(),
    trouble: new Map(),
    gasFactor: 1,
    state: "new",
  };
}
