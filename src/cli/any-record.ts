/**
 * Records of any agency, as the registry has them: by a receipt, or by batch and index.
 */
import { counted } from "../counted";
import { toHex } from "../bytes";
import { headerHash, parseBatchId, type Header } from "../commitment";
import { CreditAnchorError } from "../errors";
import type { Evidence } from "../receipt";
import { batchAt, headerHashOf, type Registry } from "../registry-views";
import { usage } from "./options";

/** Where a record is, and what a receipt says of it. */
export interface AnyPlace {
  readonly header: Header;
  readonly index: number;
  readonly blockNumber: number;
  readonly type?: string;
  readonly version?: number;
  /** Record key. */
  readonly key?: string;
  /** Where a home holds the record. */
  readonly leaf?: string;
}

/** @throws {CreditAnchorError} `receipt.other-registry`, `receipt.not-anchored` */
export async function placeOfReceipt(
  { batch, record, transaction, registry: named }: Evidence,
  registry: Registry,
): Promise<AnyPlace> {
  if (named.chainId !== registry.chain.chainId || named.address !== registry.address)
    throw new CreditAnchorError(
      "receipt.other-registry",
      "the receipt names another registry than the one you trust",
      { hint: "credit-anchor verify says what else is wrong with it" },
    );
  const stored = await headerHashOf(registry, batch.agencyId, batch.sequence);
  if (stored !== toHex(headerHash(batch)))
    throw new CreditAnchorError(
      "receipt.not-anchored",
      "the registry has no such batch as the receipt names",
      { hint: "credit-anchor verify says what is wrong with it" },
    );
  const { type, version, key, index } = record;
  return { header: batch, index, blockNumber: transaction.blockNumber, type, version, key };
}

/** What is wrong with an index that a batch does not have. */
export function beyond(id: string, index: number, size: number): string {
  return `batch ${id} has no record ${index}: it has ${counted(size, "record")}, with index 0 to ${size - 1}`;
}

/** @throws {CreditAnchorError} `batch.unknown`, `usage` */
export async function placeInBatch(id: string, index: number, registry: Registry): Promise<AnyPlace> {
  const { agencyId, sequence } = parseBatchId(id);
  const batch = await batchAt(registry, agencyId, sequence);
  if (batch === undefined)
    throw new CreditAnchorError("batch.unknown", `the registry has no batch ${id}`, {
      hint: "look at the id, of which the receipt or whoever gave it knows more; credit-anchor batches lists a home's",
    });
  if (index >= batch.header.size)
    throw usage(beyond(id, index, batch.header.size), "give the index that stands with the batch");
  return { header: batch.header, index, blockNumber: batch.blockNumber };
}
