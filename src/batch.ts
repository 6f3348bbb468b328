import { expectBytes, expectInteger, isHex, refusal, toHex } from "./bytes";
import { manifestHash } from "./commitment";
import { portableHashes, type Hashes } from "./hashes";
import { isObject, type JsonObject } from "./json";
import { buildTree, firstOutOfOrder, treeRoot, type MerkleTree } from "./merkle";

const LEAF = 32;

/** Where the records of a batch came from: for auditors and courts, never published. */
export interface Provenance {
  /** The agency's code and the type as admitted on chain. */
  readonly agencyCode: string;
  readonly type: string;
  /** 32 bytes in hex. */
  readonly typeHash: string;
  readonly source: {
    /** The agency's own name for the system that gave the file. */
    readonly system: string;
    /** Tool and version that collected it. */
    readonly collector: string;
    /** Of the whole input file: 32 bytes in hex, and bytes. */
    readonly sha256: string;
    readonly bytes: number;
    /** Rows of the file that this batch covers, from 1, both included. */
    readonly firstRow: number;
    readonly lastRow: number;
  };
  /** Of those rows. */
  readonly counts: {
    readonly read: number;
    readonly accepted: number;
    readonly unchanged: number;
    readonly rejected: number;
  };
  /** ISO 8601 in UTC, with `Z`. */
  readonly times: { readonly started: string; readonly planned: string };
  /** Of a correction in mode direct: why the version before is superseded, which the chain does not carry there. */
  readonly supersession?: {
    readonly reason: number;
    /** 32 bytes in hex; zero without evidence. */
    readonly evidenceHash: string;
  };
}

/** A batch whose place in the agency's chain of batches is still open. */
export interface Batch {
  readonly size: number;
  readonly tree: MerkleTree;
  /** `order[i]` is the position, in the leaves given, of leaf `i` of the tree. */
  readonly order: Uint32Array;
  readonly root: Uint8Array;
  readonly manifest: JsonObject;
  readonly manifestHash: Uint8Array;
}

/**
 * A batch of the given leaves: sorted, as a tree, with its manifest.
 *
 * @param leaves 32 bytes each, one after the other, in any order.
 * @param random 32 random bytes of this manifest alone: they make its hash on chain say nothing.
 * @throws `merkle.empty`, `batch.duplicate-leaf`, `manifest.invalid`
 */
export function buildBatch(
  leaves: Uint8Array,
  provenance: Provenance,
  random: Uint8Array,
  hashes: Hashes = portableHashes,
): Batch {
  const sorted = sortLeaves(leaves);
  const tree = buildTree(sorted.leaves, hashes.keccak256);
  const manifest = makeManifest(provenance, tree.size, random);
  return {
    size: tree.size,
    tree,
    order: sorted.order,
    root: treeRoot(tree),
    manifest,
    manifestHash: manifestHash(manifest, hashes),
  };
}

/**
 * Leaves in strictly ascending order, copied, and where each one stood.
 * @throws `batch.duplicate-leaf` naming both positions, `merkle.empty`, `bytes.invalid`
 */
export function sortLeaves(leaves: Uint8Array): { leaves: Uint8Array; order: Uint32Array } {
  const order = sortedPositions(leaves);
  const sorted = new Uint8Array(leaves.length);
  order.forEach((position, i) => sorted.set(leafAt(leaves, position), LEAF * i));
  if (sorted.length > 0) {
    const twin = firstOutOfOrder(sorted);
    if (twin !== -1)
      throw refusal(
        "batch.duplicate-leaf",
        `leaves/${order[twin]!}`,
        `is the same version of the same record as leaf ${order[twin - 1]!}`,
      );
  }
  return { leaves: sorted, order };
}

function leafAt(leaves: Uint8Array, position: number): Uint8Array {
  return leaves.subarray(LEAF * position, LEAF * (position + 1));
}

/**
 * Numbers sort an order of magnitude faster than arrays: each one holds the first bits of a leaf above its position,
 * within the 53 bits of a number. Leaves that agree in those bits are put in order afterwards.
 */
function sortedPositions(leaves: Uint8Array): Uint32Array {
  expectBytes(leaves, undefined, "leaves");
  if (leaves.length % LEAF !== 0) throw refusal("bytes.invalid", "leaves", "must be 32 bytes a leaf");
  const size = leaves.length / LEAF;
  const room = 2 ** Math.ceil(Math.log2(Math.max(size, 2)));
  const prefixes = Math.min(2 ** 48, 2 ** 53 / room);
  const keys = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let first = 0;
    for (let k = 0; k < 6; k++) first = first * 256 + leaves[LEAF * i + k]!;
    keys[i] = Math.floor(first / (2 ** 48 / prefixes)) * room + i;
  }
  keys.sort();
  const order = Uint32Array.from(keys, (key) => key % room);
  const prefix = (i: number): number => Math.floor(keys[i]! / room);
  for (let start = 0, end = 1; start < size; start = end++) {
    while (end < size && prefix(end) === prefix(start)) end++;
    if (end - start > 1) order.subarray(start, end).sort((a, b) => compareLeaves(leaves, a, b));
  }
  return order;
}

function compareLeaves(leaves: Uint8Array, a: number, b: number): number {
  for (let i = 0; i < LEAF; i++) {
    const difference = leaves[LEAF * a + i]! - leaves[LEAF * b + i]!;
    if (difference !== 0) return difference;
  }
  return a - b;
}

/**
 * The manifest document of a batch.
 * @throws `manifest.invalid` naming the member.
 */
export function makeManifest(provenance: Provenance, size: number, random: Uint8Array): JsonObject {
  for (const part of ["source", "counts", "times"] as const)
    if (!isObject(provenance) || !isObject(provenance[part]))
      throw refusal("manifest.invalid", `/${part}`, "must be an object");
  const { source, counts, times, supersession } = provenance;
  return {
    format: "credit-anchor/manifest",
    formatVersion: 1,
    agencyCode: text(provenance.agencyCode, "/agencyCode"),
    type: text(provenance.type, "/type"),
    typeHash: hash(provenance.typeHash, "/typeHash"),
    size: expectInteger(size, 1, 2 ** 32 - 1, "/size"),
    source: {
      system: text(source.system, "/source/system"),
      collector: text(source.collector, "/source/collector"),
      sha256: hash(source.sha256, "/source/sha256"),
      bytes: count(source.bytes, "/source/bytes"),
      firstRow: count(source.firstRow, "/source/firstRow"),
      lastRow: count(source.lastRow, "/source/lastRow"),
    },
    counts: {
      read: count(counts.read, "/counts/read"),
      accepted: count(counts.accepted, "/counts/accepted"),
      unchanged: count(counts.unchanged, "/counts/unchanged"),
      rejected: count(counts.rejected, "/counts/rejected"),
    },
    times: { started: time(times.started, "/times/started"), planned: time(times.planned, "/times/planned") },
    ...(supersession === undefined ? {} : { supersession: why(supersession) }),
    random: toHex(expectBytes(random, 32, "/random")),
  };
}

function why(value: NonNullable<Provenance["supersession"]>): JsonObject {
  if (!isObject(value)) throw refusal("manifest.invalid", "/supersession", "must be an object");
  return {
    reason: expectInteger(value.reason, 0, 0xffff, "/supersession/reason"),
    evidenceHash: hash(value.evidenceHash, "/supersession/evidenceHash"),
  };
}

function text(value: unknown, path: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw refusal("manifest.invalid", path, "must be text");
}

function hash(value: unknown, path: string): string {
  if (isHex(value, 32)) return value;
  throw refusal("manifest.invalid", path, "must be 32 bytes in lower-case hex with 0x in front");
}

function count(value: unknown, path: string): number {
  return expectInteger(value, 0, Number.MAX_SAFE_INTEGER, path);
}

function time(value: unknown, path: string): string {
  const shape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;
  if (typeof value === "string" && shape.test(value) && !Number.isNaN(Date.parse(value))) return value;
  throw refusal("manifest.invalid", path, "must be a time like 2026-01-31T08:00:00Z");
}
