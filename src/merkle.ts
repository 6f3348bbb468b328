import { equalBytes, expectBytes, expectInteger, refusal } from "./bytes";

/** The tree of RFC 9162 section 2.1, over leaves that are hashes already, in flat arrays of 32 bytes a node. */

const NODE = 32;
const MAX_SIZE = 2 ** 32 - 1;

/** Keccak-256 in this project; SHA-256 reproduces the trees of Certificate Transparency. */
export type Digest = (data: Uint8Array) => Uint8Array;

export interface MerkleTree {
  /** Number of leaves, from 1. */
  readonly size: number;
  /** From the leaves to the root; each level is its nodes one after the other, 32 bytes each. */
  readonly levels: readonly Uint8Array[];
}

/**
 * The whole tree. A node is `digest(0x01 ‖ left ‖ right)`; the last node of an odd level goes up unchanged, which is
 * the same tree as the recursive definition of the RFC.
 *
 * @param leaves 32 bytes each, one after the other; kept, not copied.
 * @throws `merkle.empty`, `bytes.invalid`
 */
export function buildTree(leaves: Uint8Array, digest: Digest): MerkleTree {
  const size = countLeaves(leaves);
  const levels = [leaves];
  const node = new Uint8Array(1 + 2 * NODE);
  node[0] = 1;
  let level = leaves;
  while (level.length > NODE) {
    const pairs = Math.floor(level.length / (2 * NODE));
    const odd = level.length > 2 * NODE * pairs;
    const above = new Uint8Array((pairs + (odd ? 1 : 0)) * NODE);
    for (let i = 0; i < pairs; i++) {
      node.set(level.subarray(2 * NODE * i, 2 * NODE * (i + 1)), 1);
      above.set(digest(node), NODE * i);
    }
    if (odd) above.set(level.subarray(2 * NODE * pairs), NODE * pairs);
    levels.push(above);
    level = above;
  }
  return { size, levels };
}

/** The root, a copy. */
export function treeRoot(tree: MerkleTree): Uint8Array {
  return tree.levels[tree.levels.length - 1]!.slice();
}

/** Leaf number `index`, a copy. */
export function treeLeaf(tree: MerkleTree, index: number): Uint8Array {
  expectInteger(index, 0, tree.size - 1, "index");
  return tree.levels[0]!.slice(NODE * index, NODE * (index + 1));
}

/**
 * The proof of a leaf: from its sibling up to the root's child.
 * @throws `integer.invalid` if there is no such leaf.
 */
export function treeProof(tree: MerkleTree, index: number): Uint8Array[] {
  expectInteger(index, 0, tree.size - 1, "index");
  const proof: Uint8Array[] = [];
  let at = index;
  for (const level of tree.levels.slice(0, -1)) {
    const sibling = at ^ 1;
    if (NODE * sibling < level.length) proof.push(level.slice(NODE * sibling, NODE * (sibling + 1)));
    at >>>= 1;
  }
  return proof;
}

/**
 * The root that a leaf and its proof lead to, or null when the proof has not exactly the length that index and size
 * demand. RFC 9162 section 2.1.3.2; the caller compares the root.
 *
 * @throws when the arguments are no such thing (`integer.invalid`, `bytes.invalid`): a proof that proves nothing throws not.
 */
export function rootOfProof(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  digest: Digest,
  step?: (sibling: Uint8Array, siblingIsLeft: boolean, parent: Uint8Array) => void,
): Uint8Array | null {
  expectBytes(leaf, NODE, "leaf");
  expectInteger(size, 0, MAX_SIZE, "size");
  expectInteger(index, 0, MAX_SIZE, "index");
  if (!Array.isArray(proof)) throw refusal("merkle.proof", "proof", "must be a list of hashes");
  if (index >= size) return null;
  const node = new Uint8Array(1 + 2 * NODE);
  node[0] = 1;
  let hash = leaf;
  let first = index;
  let last = size - 1;
  for (let i = 0; i < proof.length; i++) {
    const sibling = expectBytes(proof[i], NODE, `proof/${i}`);
    if (last === 0) return null;
    const isRight = (first & 1) === 1 || first === last;
    node.set(isRight ? sibling : hash, 1);
    node.set(isRight ? hash : sibling, 1 + NODE);
    hash = digest(node);
    step?.(sibling, isRight, hash);
    // A last node without a sibling goes up until it has one.
    while (isRight && (first & 1) === 0 && first !== 0) {
      first >>>= 1;
      last >>>= 1;
    }
    first >>>= 1;
    last >>>= 1;
  }
  return last === 0 ? hash.slice() : null;
}

/** Whether a proof shows that a leaf stands at `index` of the tree of that size and root. */
export function verifyProof(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
  digest: Digest,
): boolean {
  const found = rootOfProof(leaf, index, size, proof, digest);
  return found !== null && equalBytes(found, expectBytes(root, NODE, "root"));
}

/** How many hashes the proof of `index` in a tree of `size` has. */
export function proofLength(index: number, size: number): number {
  expectInteger(size, 1, MAX_SIZE, "size");
  let at = expectInteger(index, 0, size - 1, "index");
  let last = size - 1;
  let length = 0;
  while (last > 0) {
    if ((at & 1) === 1 || at < last) length++;
    at >>>= 1;
    last >>>= 1;
  }
  return length;
}

/** Index of the first leaf that is not greater than the one before it, or -1: leaves of a batch ascend strictly. */
export function firstOutOfOrder(leaves: Uint8Array): number {
  const size = countLeaves(leaves);
  for (let i = 1; i < size; i++) if (!ascends(leaves, i)) return i;
  return -1;
}

function ascends(leaves: Uint8Array, index: number): boolean {
  const at = NODE * index;
  for (let i = 0; i < NODE; i++) {
    const difference = leaves[at + i]! - leaves[at + i - NODE]!;
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function countLeaves(leaves: Uint8Array): number {
  expectBytes(leaves, undefined, "leaves");
  if (leaves.length === 0) throw refusal("merkle.empty", "leaves", "a tree needs at least one leaf");
  if (leaves.length % NODE !== 0) throw refusal("bytes.invalid", "leaves", "must be 32 bytes a leaf");
  return expectInteger(leaves.length / NODE, 1, MAX_SIZE, "leaves");
}
