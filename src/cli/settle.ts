/**
 * Finishing what the vault holds: shared by `anchor`, `resume`, `withdraw` and `receipt --wait`.
 */
import {
  anchorPending,
  type AnchoringOptions,
  type AnchoringProgress,
  type AnchoringSummary,
} from "../anchoring";
import { batchId } from "../commitment";
import type { Home } from "../home";
import type { Registry } from "../registry-views";
import type { Vault } from "../vault/vault";
import { noteSuccession, ownAgency } from "./context";
import { connectOrRead } from "./offline";
import { flag, type OptionSpec, type OptionValues } from "./options";
import { counted } from "../counted";
import { type Io, type Progress } from "./output";
import { notePlanned } from "./planned-moves";
import { signAndWrite, type SignedOutcome, signOnlyOf, type signOnlyOptions } from "./sign-only";

/** Waiting for another process with the same home: it may be anchoring millions. */
export const LONG_WAIT_MS = 24 * 60 * 60 * 1000;
/** A wait that a user would take for one moment. */
export const SHORT_WAIT_MS = 1_000;

export interface SettleOptions {
  readonly rpc: string | undefined;
  readonly io: Io;
  readonly signal: AbortSignal;
  /** Told to whoever is refused meanwhile. */
  readonly command: string;
  /** Wait until another process that uses the home has finished. */
  readonly waitForHome?: boolean;
  /** Return when batches are anchored, final or not. */
  readonly untilAnchored?: boolean;
  readonly rootOnly?: boolean;
  /** See {@link acceptUnknownOption}. */
  readonly acceptUnknown?: boolean;
  /** Sign what is left for others to send, and send nothing. */
  readonly signOnly?: OptionValues<typeof signOnlyOptions>;
  /** With {@link signOnly}: the file by which is signed, instead of a node. */
  readonly state?: string | undefined;
}

/** What was finished. */
export interface Settled {
  readonly summary: AnchoringSummary;
  /** Public ids of the batches that became anchored in this run. */
  readonly batchIds: readonly string[];
  /** Of the transactions of those batches. */
  readonly gas: bigint;
  /** With `--sign-only`. */
  readonly signed?: SignedOutcome | undefined;
}

/** Whether the vault holds anything that the chain has still to be told. */
export async function hasUnfinished(home: Home): Promise<boolean> {
  const vault = await home.readVault();
  try {
    return vault.unfinishedPlans().length > 0 || vault.unfinishedMoves().length > 0;
  } finally {
    await vault.close();
  }
}

/**
 * Brings everything that the vault holds onto the chain, and to finality. Nothing to do needs neither chain nor
 * passphrase.
 *
 * @returns undefined if there was nothing to do.
 */
export async function settle(home: Home, options: SettleOptions): Promise<Settled | undefined> {
  const { rpc, io, signal } = options;
  if (!(await hasUnfinished(home))) return undefined;
  const { signOnly: signing, state } = options;
  const { registry } = await connectOrRead(home, { rpc, state, signOnly: signing?.signOnly }, signal);
  const agency = await ownAgency(home, registry);
  await noteSuccession(io, registry, agency);
  const signer = await home.signer();
  const vault = await home.writeVault({
    command: options.command,
    waitMs: options.waitForHome === true ? LONG_WAIT_MS : SHORT_WAIT_MS,
  });
  notePlanned(io, vault);
  const progress = io.progress();
  const watcher = watchAnchoring(vault, progress, io);
  try {
    const untilAnchored = options.untilAnchored === true || state !== undefined;
    const settings = anchoringSettings(home, agency.id, { ...options, untilAnchored });
    const common = { vault, registry, settings, onProgress: watcher.onProgress, signal };
    const signOnly =
      options.signOnly === undefined ? undefined : await signOnlyOf(registry, signer, options.signOnly);
    const signed = signOnly === undefined ? undefined : await signAndWrite(common, signOnly);
    const summary = signed?.summary ?? (await anchorPending({ ...common, signer }));
    const gas = await gasOf(registry, watcher.transactions());
    return { summary, batchIds: watcher.batchIds(), gas, signed };
  } finally {
    progress.end();
    await vault.close();
  }
}

/** Of every verb that anchors or moves: the way out of `anchoring.unknown-batches`. */
export function acceptUnknownOption(): OptionSpec<boolean> {
  return flag(
    "--accept-unknown-batches",
    "go on though keys of this home anchored batches that it does not have: another home did so on purpose",
  );
}

/** The home's settings for one run. */
export function anchoringSettings(
  home: Home,
  agencyId: number,
  options: Pick<SettleOptions, "untilAnchored" | "rootOnly" | "acceptUnknown">,
): AnchoringOptions["settings"] {
  return {
    agencyId,
    finalityBlocks: home.settings.finalityBlocks,
    fees: home.settings.fees,
    keys: keysOf(home),
    acceptUnknown: options.acceptUnknown === true,
    ...(options.rootOnly === true ? { rootOnly: true } : {}),
    ...(options.untilAnchored === true ? { patience: { finalityMs: 0 } } : {}),
  };
}

/** Addresses of all keys that the home has, or had. */
function keysOf(home: Home): string[] {
  const { present, next, retired } = home.keystores();
  return [home.signerAddress(), present, next, ...retired].filter((key) => key !== undefined);
}

export interface Watcher {
  readonly onProgress: (progress: AnchoringProgress) => void;
  /** Records in batches that became anchored so far. */
  records(): number;
  batchIds(): string[];
  /** Hashes of their transactions. */
  transactions(): string[];
}

/** Keeps count of what is anchored, and says what is unusual. */
export function watchAnchoring(vault: Vault, progress: Progress, io: Io, line?: () => string): Watcher {
  const anchored = new Map<number, number>();
  const records = (): number => [...anchored.values()].reduce((sum, size) => sum + size, 0);
  const plans = () => [...anchored.keys()].map((number) => vault.plan(number));
  let moved = 0;
  let total = 0;
  return {
    onProgress: (event) => {
      if (event.kind === "notice") {
        progress.end();
        io.note(`note: ${event.message}`);
        return;
      }
      if (event.kind === "anchored") {
        anchored.set(event.plan, event.size);
        total += 1;
      }
      if (event.kind === "reopened") anchored.delete(event.plan);
      if (event.kind === "moved") moved += event.size;
      progress.update(
        line ??
          (() =>
            `${counted(records(), "record")} in ${counted(total, "batch", "batches")} anchored, ${counted(moved, "status", "statuses")} moved`),
      );
    },
    records,
    batchIds: () =>
      plans().flatMap(({ agencyId, slot }) => (slot === undefined ? [] : [batchId(agencyId, slot.sequence)])),
    transactions: () =>
      plans().flatMap(({ transaction }) => (transaction === undefined ? [] : [transaction.hash])),
  };
}

/** Gas that transactions used; what the node does not know any more counts as nothing. */
export async function gasOf({ chain }: Registry, hashes: readonly string[]): Promise<bigint> {
  let gas = 0n;
  for (const hash of hashes) gas += (await chain.receipt(hash))?.gasUsed ?? 0n;
  return gas;
}

/** The end of every summary: what waits for more blocks. */
export function waitingLines({
  awaitingFinality,
  movesAwaitingFinality,
  movesWaiting,
}: AnchoringSummary): string[] {
  return [
    ...(awaitingFinality === 0
      ? []
      : [
          `anchored and not final yet: ${counted(awaitingFinality, "batch", "batches")}; credit-anchor resume looks again`,
        ]),
    ...(movesAwaitingFinality === 0
      ? []
      : [`mined and not final yet: ${counted(movesAwaitingFinality, "status move")}`]),
    ...(movesWaiting === 0
      ? []
      : [
          `waiting until the agency is active and the registry not paused: ${counted(movesWaiting, "status move")}`,
        ]),
  ];
}
