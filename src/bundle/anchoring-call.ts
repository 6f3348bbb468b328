import { concat, equalBytes, fromHex, toHex, utf8 } from "../bytes";
import { domain, leafHash, type Header } from "../commitment";
import type { Evidence } from "../evidence";
import type { Hashes } from "../hashes";
import { buildTree, treeRoot } from "../merkle";
import { createdAddress, signerOfBytes, typedDigest, word } from "./signature";
import type { SignedTransaction } from "./transaction";

/** What became of looking for an operator's signature over a batch. */
export type Authorship =
  /** The operator of the header signed a call that anchors exactly this batch. */
  | { readonly by: "transaction" | "relay" }
  /** It is a call of another contract, a wallet say: what it leads to is only known where it runs. */
  | { readonly by: "contract" }
  /** Signed by somebody else, or for another batch. */
  | { readonly by: "nobody"; readonly why: string };

const RELAYED = "RelayedCall(address operator,uint32 agencyId,bytes call,bytes32 nonce,uint64 deadline)";
const RELAY = "relay((address,uint32,bytes,bytes32,uint64),bytes)";

/**
 * Does a signed transaction show that the header's operator wanted this batch, manifest hash included? The call is
 * encoded again from the header and compared, so that nothing in it goes unread.
 */
export function authorshipOf(transaction: SignedTransaction, evidence: Evidence, hashes: Hashes): Authorship {
  const { registry, batch } = evidence;
  const nobody = (why: string): Authorship => ({ by: "nobody", why });
  if (transaction.chainId !== undefined && transaction.chainId !== BigInt(registry.chainId))
    return nobody("it is for another chain");
  if (transaction.to === registry.address) {
    if (!anchors(transaction.data, evidence, hashes)) return nobody("it anchors something else");
    return transaction.from === batch.operator
      ? { by: "transaction" }
      : nobody("another account than the batch's operator signed it");
  }
  const relay = createdAddress(fromHex(registry.address, 20), 1, hashes);
  if (transaction.to !== toHex(relay)) return { by: "contract" };
  const carried = readRelayed(transaction.data, hashes);
  if (carried === undefined) return nobody("it is no call that the relay carries");
  const { operator, agencyId, call, nonce, deadline, signature } = carried;
  if (toHex(operator.subarray(12)) !== batch.operator)
    return nobody("it carries the call of another operator");
  if (!anchors(call, evidence, hashes)) return nobody("the call that it carries anchors something else");
  const digest = typedDigest(
    { name: "credit-anchor relay", version: "1", chainId: registry.chainId, verifyingContract: relay },
    RELAYED,
    [operator, agencyId, hashes.keccak256(call), nonce, deadline],
    hashes,
  );
  try {
    if (signerOfBytes(digest, signature, hashes) === batch.operator) return { by: "relay" };
  } catch {
    // Not the signature of a key.
  }
  // An operator with code is asked by the relay; what its signature means only the chain knows.
  return { by: "contract" };
}

/** Is this the call that anchors the batch? */
function anchors(call: Uint8Array, evidence: Evidence, hashes: Hashes): boolean {
  const { batch } = evidence;
  const previous = new Uint8Array(32);
  previous.set(fromHex(batch.previous, 20));
  const place = [uint(batch.agencyId), uint(batch.typeId), previous];
  const root = fromHex(batch.root, 32);
  const manifest = fromHex(batch.manifestHash, 32);
  const same = (signature: string, ...words: readonly Uint8Array[]): boolean =>
    equalBytes(call, concat(selector(signature, hashes), ...words));
  if (
    same(
      "anchorRoot(uint32,uint32,bytes20,uint32,bytes32,bytes32)",
      ...place,
      uint(batch.size),
      root,
      manifest,
    )
  )
    return true;
  const leaves = call.slice(4 + 6 * 32);
  if (
    leaves.length === 32 * batch.size &&
    same(
      "anchorLeaves(uint32,uint32,bytes20,bytes32[],bytes32)",
      ...place,
      uint(5 * 32),
      manifest,
      uint(batch.size),
      leaves,
    )
  )
    return equalBytes(treeRoot(buildTree(leaves, hashes.keccak256)), root);
  const [key, version, commitment] = [3, 4, 5].map((i) => call.slice(4 + 32 * i, 4 + 32 * (i + 1)));
  return (
    batch.size === 1 &&
    call.length === 4 + 7 * 32 &&
    same(
      "anchorRecord(uint32,uint32,bytes20,bytes32,uint32,bytes32,bytes32)",
      ...place,
      key!,
      version!,
      commitment!,
      manifest,
    ) &&
    equalBytes(leafOfRecord(batch, evidence, key!, version!, commitment!, hashes), root)
  );
}

function leafOfRecord(
  { agencyId, typeId }: Header,
  { registry }: Evidence,
  key: Uint8Array,
  version: Uint8Array,
  commitment: Uint8Array,
  hashes: Hashes,
): Uint8Array {
  const place = { domain: domain(registry.chainId, registry.address, hashes), agencyId, typeId };
  const number = Number(BigInt(toHex(version)));
  return number >= 1 && number < 2 ** 32
    ? leafHash(place, key, number, commitment, hashes)
    : new Uint8Array(32);
}

interface Relayed {
  readonly operator: Uint8Array;
  readonly agencyId: Uint8Array;
  readonly call: Uint8Array;
  readonly nonce: Uint8Array;
  readonly deadline: Uint8Array;
  readonly signature: Uint8Array;
}

/** Takes a call of the relay apart, and puts it together again to see that it is encoded in the one way. */
function readRelayed(data: Uint8Array, hashes: Hashes): Relayed | undefined {
  const at = (offset: number): Uint8Array => data.slice(4 + offset, 4 + offset + 32);
  const lengthAt = (offset: number): number => Number(BigInt(`0x${toHex(at(offset)).slice(2) || "0"}`));
  const [operator, agencyId, , nonce, deadline] = [2, 3, 4, 5, 6].map((i) => at(32 * i)) as Uint8Array[];
  const callLength = lengthAt(7 * 32);
  if (!(callLength <= data.length)) return undefined;
  const call = data.slice(4 + 8 * 32, 4 + 8 * 32 + callLength);
  const after = 8 * 32 + padded(callLength);
  const signatureLength = lengthAt(after);
  if (!(signatureLength <= data.length)) return undefined;
  const signature = data.slice(4 + after + 32, 4 + after + 32 + signatureLength);
  const again = concat(
    selector(RELAY, hashes),
    uint(2 * 32),
    uint(after),
    operator!,
    agencyId!,
    uint(5 * 32),
    nonce!,
    deadline!,
    bytesOf(call),
    bytesOf(signature),
  );
  if (!equalBytes(again, data)) return undefined;
  return { operator: operator!, agencyId: agencyId!, call, nonce: nonce!, deadline: deadline!, signature };
}

/** Bytes of dynamic length as ABI encodings have them. */
function bytesOf(content: Uint8Array): Uint8Array {
  return concat(uint(content.length), content, new Uint8Array(padded(content.length) - content.length));
}

const padded = (length: number): number => 32 * Math.ceil(length / 32);

function uint(value: number): Uint8Array {
  return word(fromHex(`0x${value.toString(16).padStart(14, "0")}`));
}

function selector(signature: string, { keccak256 }: Hashes): Uint8Array {
  return keccak256(utf8(signature)).slice(0, 4);
}
