import type { Audit, NotChecked } from "../audit";
import { fromHex, utf8 } from "../bytes";
import { canonical } from "../canonical";
import { batchId } from "../commitment";
import { isObject, parseJson } from "../json";

/** The leaves of one batch, to prove to an auditor how many records there are without showing any of them. */
export interface LeavesFile {
  readonly registry: { readonly chainId: number; readonly address: string };
  readonly agencyId: number;
  readonly sequence: number;
  /** 32 bytes each, in the order of the tree. */
  readonly leaves: Uint8Array;
}

const FORMAT = "credit-anchor/leaves";
/** A file was given to prove something, and proves nothing: whoever gave it has to know. */
const OTHER_REGISTRY = "leaves.other-registry";
/** The first line is short: a file without one is none of ours. */
const LONGEST_LINE = 512;
const LINE_FEED = 0x0a;

/** `1-17.leaves`: agency and sequence of the batch. */
export function leavesFileName({ agencyId, sequence }: Pick<LeavesFile, "agencyId" | "sequence">): string {
  return `${agencyId}-${sequence}.leaves`;
}

/** A line of canonical JSON that says of which batch, then the leaves. */
export function encodeLeaves({ registry, agencyId, sequence, leaves }: LeavesFile): Uint8Array[] {
  const head = {
    format: FORMAT,
    formatVersion: 1,
    batchId: batchId(agencyId, sequence),
    chainId: registry.chainId,
    registry: registry.address,
    size: leaves.length / 32,
  };
  return [canonical(head), utf8("\n"), leaves];
}

interface Head {
  readonly batchId: string;
  readonly chainId: number;
  readonly registry: string;
  readonly leaves: Uint8Array;
}

/** Undefined: no leaves file of this version, or not whole. */
function readLeaves(bytes: Uint8Array): Head | undefined {
  const end = bytes.subarray(0, LONGEST_LINE).indexOf(LINE_FEED);
  if (end < 0) return undefined;
  try {
    const head = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, end)));
    if (!isObject(head) || head["format"] !== FORMAT || head["formatVersion"] !== 1) return undefined;
    const { batchId: id, chainId, registry, size } = head;
    const leaves = bytes.subarray(end + 1);
    if (typeof id !== "string" || !/^[1-9][0-9]{0,19}$/.test(id) || typeof chainId !== "number")
      return undefined;
    if (typeof registry !== "string" || size !== leaves.length / 32 || Object.keys(head).length !== 6)
      return undefined;
    fromHex(registry, 20);
    return { batchId: id, chainId, registry, leaves };
  } catch {
    return undefined;
  }
}

/**
 * Compares a leaves file with the registry that an audit has rebuilt: root, size and order. What fits proves the records of
 * its batch. Reports through the audit, naming the file. One of another registry is no difference, for a folder may hold the
 * files of several; but what it was given for was not done, see {@link foreignLeaves}.
 */
export function compareLeaves(audit: Audit, file: string, bytes: Uint8Array): void {
  const { findings, state } = audit;
  const found = readLeaves(bytes);
  if (found === undefined)
    return findings.differ("leaves.file", "this is no leaves file, or not the whole of one", { file });
  if (found.chainId !== state.chainId || found.registry !== state.registry)
    return findings.notChecked(
      OTHER_REGISTRY,
      "leaves files of another registry: nothing was compared with them, and they prove nothing here",
    );
  const id = BigInt(found.batchId);
  if (!state.batches.has(id))
    return findings.differ("leaves.unknown-batch", "leaves of a batch that was never anchored", {
      file,
      batchId: found.batchId,
    });
  audit.leaves(id, found.leaves, file);
}

/** How many leaves files were of another registry: a check that was asked for and could not be made. */
export function foreignLeaves(notChecked: readonly NotChecked[]): number {
  return notChecked.find(({ code }) => code === OTHER_REGISTRY)?.count ?? 0;
}
