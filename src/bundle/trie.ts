import { equalBytes, refusal } from "../bytes";
import { portableHashes, type Hashes } from "../hashes";
import { decodeRlp, encodeRlp, uintBytes, type RlpItem } from "./rlp";

/**
 * The Merkle Patricia tree over the transactions, or the receipts, of one block: keys are RLP of the position, its root
 * stands in the block's header. Nodes shorter than 32 bytes stand inside their parents.
 */

/** Nibbles of the key of position `index`. */
function keyOf(index: number): number[] {
  return nibblesOf(encodeRlp(uintBytes(index)));
}

function nibblesOf(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

/** Nibbles of a path with the flag that tells leaves from extensions. */
function pack(path: readonly number[], isLeaf: boolean): Uint8Array {
  const flag = isLeaf ? 2 : 0;
  const nibbles = path.length % 2 === 0 ? [flag, 0, ...path] : [flag + 1, ...path];
  return Uint8Array.from(
    { length: nibbles.length / 2 },
    (_, i) => nibbles[2 * i]! * 16 + nibbles[2 * i + 1]!,
  );
}

const EMPTY = new Uint8Array(0);

interface Entry {
  readonly key: readonly number[];
  readonly value: Uint8Array;
}

/** The node over entries that agree in their first `depth` nibbles, and the nodes on the way to one of them. */
function build(
  entries: readonly Entry[],
  depth: number,
  wanted: readonly number[],
  hashes: Hashes,
): { readonly node: RlpItem; readonly way: readonly Uint8Array[] } {
  const [first] = entries;
  if (first === undefined) return { node: EMPTY, way: [] };
  if (entries.length === 1) return onWay([pack(first.key.slice(depth), true), first.value], []);
  let common = depth;
  while (entries.every(({ key }) => key[common] !== undefined && key[common] === first.key[common])) common++;
  if (common > depth) {
    const below = build(entries, common, wanted, hashes);
    return onWay([pack(first.key.slice(depth, common), false), reference(below.node, hashes)], below.way);
  }
  let way: readonly Uint8Array[] = [];
  const children = Array.from({ length: 16 }, (_, nibble): RlpItem => {
    const below = build(
      entries.filter(({ key }) => key[depth] === nibble),
      depth + 1,
      wanted,
      hashes,
    );
    if (wanted[depth] === nibble) ({ way } = below);
    return reference(below.node, hashes);
  });
  // RLP of no position is the beginning of another's: no value ends in a branch.
  return onWay([...children, EMPTY], way);
}

function onWay(
  node: RlpItem,
  below: readonly Uint8Array[],
): { readonly node: RlpItem; readonly way: readonly Uint8Array[] } {
  const bytes = encodeRlp(node);
  return { node, way: bytes.length < 32 ? below : [bytes, ...below] };
}

function reference(node: RlpItem, hashes: Hashes): RlpItem {
  const bytes = encodeRlp(node);
  return node === EMPTY || bytes.length < 32 ? node : hashes.keccak256(bytes);
}

/** Root over all values of a block, and the nodes that lead to the one at `index`. */
export function proveInTrie(
  values: readonly Uint8Array[],
  index: number,
  hashes: Hashes = portableHashes,
): { readonly root: Uint8Array; readonly proof: readonly Uint8Array[] } {
  const entries = values.map((value, i) => ({ key: keyOf(i), value }));
  const { node, way } = build(entries, 0, keyOf(index), hashes);
  const bytes = encodeRlp(node);
  // The root has a hash however short it is.
  return { root: hashes.keccak256(bytes), proof: bytes.length < 32 ? [bytes, ...way] : way };
}

/**
 * The value at a position, by the nodes that lead to it; every node is needed and used.
 * @throws `trie.proof`, `rlp.invalid`
 */
export function valueInTrie(
  root: Uint8Array,
  index: number,
  proof: readonly Uint8Array[],
  hashes: Hashes = portableHashes,
): Uint8Array {
  const path = keyOf(index);
  let used = 0;
  const open = (child: RlpItem): readonly RlpItem[] => {
    if (!(child instanceof Uint8Array)) return child;
    const bytes = proof[used++];
    if (bytes === undefined || child.length !== 32 || !equalBytes(hashes.keccak256(bytes), child))
      throw broken();
    const node = decodeRlp(bytes);
    if (node instanceof Uint8Array) throw broken();
    return node;
  };
  let node = open(root);
  for (let at = 0; ;) {
    if (node.length === 17) {
      const nibble = path[at++];
      if (nibble === undefined) throw broken();
      node = open(node[nibble]!);
      continue;
    }
    const [packed, child] = node;
    if (node.length !== 2 || !(packed instanceof Uint8Array) || packed.length === 0) throw broken();
    const nibbles = nibblesOf(packed);
    const flag = nibbles[0]!;
    const part = nibbles.slice(flag % 2 === 1 ? 1 : 2);
    if (flag > 3 || part.some((nibble, i) => nibble !== path[at + i])) throw broken();
    at += part.length;
    if (flag < 2) {
      node = open(child!);
      continue;
    }
    if (at !== path.length || used !== proof.length || !(child instanceof Uint8Array)) throw broken();
    return child;
  }
}

function broken(): Error {
  return refusal("trie.proof", "", "the nodes do not lead from the root to this position");
}
