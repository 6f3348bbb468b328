import { fromHex, toHex } from "./bytes";
import { signerOfBytes, typedDigest, word } from "./bundle/signature";
import { CreditAnchorError, type Fault } from "./errors";
import { portableHashes, type Hashes } from "./hashes";
import {
  bytes,
  exactly,
  hex,
  integer,
  malformedFile,
  object,
  parseFile,
  switchedOn,
  UINT53,
  type FileKind,
} from "./shape";
import { uintBytes } from "./bundle/rlp";

export const CHECKPOINT_FORMAT = "credit-anchor/checkpoint";
const KIND: FileKind = {
  format: CHECKPOINT_FORMAT,
  code: "checkpoint",
  otherwise: "no checkpoint",
  hint: "it was altered or cut off, or is another file",
};

/** Where a registry stood at a block, as somebody signed it. Small, public, and to be kept by many: docs/format.md. */
export interface Checkpoint {
  readonly format: typeof CHECKPOINT_FORMAT;
  readonly formatVersion: 1;
  readonly registry: { readonly chainId: number; readonly address: string };
  readonly block: {
    readonly number: number;
    readonly hash: string;
    /** Seconds since 1970. */
    readonly time: number;
  };
  readonly journal: {
    /** Of all entries, as the registry counts them. */
    readonly length: number;
    /** 28 bytes. */
    readonly head: string;
  };
  /** The journal of roles of the authority that the registry obeyed; left out if it keeps none. */
  readonly roles?: { readonly authority: string; readonly length: number; readonly head: string };
  readonly signer: string;
  /**
   * The signer is a contract, and says itself whether a signature is its own (ERC-1271): only a chain tells. Left out for
   * the holder of a key.
   */
  readonly contract?: true;
  /** EIP-712. Of a key 65 bytes: r, s, v of 27 or 28; of a contract whatever it accepts. */
  readonly signature: string;
}

/** A checkpoint before it is signed. */
export type CheckpointContent = Pick<Checkpoint, "registry" | "block" | "journal" | "roles">;

const place = object({ chainId: integer(1, UINT53), address: hex(20) });
const CHECKPOINT = object(
  {
    format: exactly(CHECKPOINT_FORMAT, "checkpoint.format"),
    formatVersion: integer(1, 1),
    registry: place,
    block: object({ number: integer(0, UINT53), hash: hex(32), time: integer(0, UINT53) }),
    journal: object({ length: integer(0, UINT53), head: hex(28) }),
    roles: object({ authority: hex(20), length: integer(0, UINT53), head: hex(32) }),
    signer: hex(20),
    contract: switchedOn,
    signature: bytes,
  },
  ["roles", "contract"],
);

const TYPE =
  "Checkpoint(uint64 journalLength,bytes28 journalHead,address authority,uint64 rolesLength,bytes32 rolesHead," +
  "uint64 blockNumber,bytes32 blockHash,uint64 blockTime)";

/**
 * What the signer of a checkpoint signs, by EIP-712. Without a journal of roles its three members are zero. The domain is
 * "credit-anchor checkpoint", version "1", chain and registry: good for one registry on one chain.
 */
export function checkpointDigest(content: CheckpointContent, hashes: Hashes = portableHashes): string {
  const { registry, block, journal, roles } = content;
  const uint = (value: number): Uint8Array => word(uintBytes(value));
  const head = new Uint8Array(32);
  head.set(fromHex(journal.head, 28));
  return toHex(
    typedDigest(
      {
        name: "credit-anchor checkpoint",
        version: "1",
        chainId: registry.chainId,
        verifyingContract: fromHex(registry.address, 20),
      },
      TYPE,
      [
        uint(journal.length),
        head,
        roles === undefined ? new Uint8Array(32) : word(fromHex(roles.authority, 20)),
        uint(roles?.length ?? 0),
        roles === undefined ? new Uint8Array(32) : fromHex(roles.head, 32),
        uint(block.number),
        fromHex(block.hash, 32),
        uint(block.time),
      ],
      hashes,
    ),
  );
}

/** The file: JSON with members in the documented order, two spaces, a line feed at the end. */
export function checkpointText(checkpoint: Checkpoint): string {
  const { registry, block, journal, roles, signer, contract, signature } = checkpoint;
  const ordered = {
    format: CHECKPOINT_FORMAT,
    formatVersion: 1,
    registry: { chainId: registry.chainId, address: registry.address },
    block: { number: block.number, hash: block.hash, time: block.time },
    journal: { length: journal.length, head: journal.head },
    ...(roles === undefined
      ? {}
      : { roles: { authority: roles.authority, length: roles.length, head: roles.head } }),
    signer,
    ...(contract === undefined ? {} : { contract }),
    signature,
  };
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

/**
 * Reads a checkpoint's form strictly: nothing unknown. Whether it is what its signer signed is {@link isOfItsKey}.
 *
 * @param name Of the file, for messages.
 * @throws {CreditAnchorError} `checkpoint.newer`, `checkpoint.format` with every fault.
 */
export function parseCheckpoint(content: string, name: string): Checkpoint {
  const value = parseFile(content, name, KIND);
  const faults: Fault[] = [];
  CHECKPOINT(value, "", faults);
  if (faults.length > 0) throw malformedFile(name, KIND, faults);
  return value as unknown as Checkpoint;
}

/**
 * Reads a checkpoint strictly: nothing unknown, and signed by whom it names, exactly as it stands. If that is a contract
 * (`contract`), nobody has looked at the signature yet: the contract has to be asked.
 *
 * @param name Of the file, for messages.
 * @throws {CreditAnchorError} `checkpoint.newer`, `checkpoint.format` with every fault, `checkpoint.signature`.
 */
export function readCheckpoint(content: string, name: string, hashes: Hashes = portableHashes): Checkpoint {
  const checkpoint = parseCheckpoint(content, name);
  if (checkpoint.contract === undefined && !isOfItsKey(checkpoint, hashes))
    throw new CreditAnchorError(
      "checkpoint.signature",
      `${name} is not what ${checkpoint.signer} signed: the checkpoint was altered, or forged`,
      { hint: "it proves nothing: get it again from where its signer published it" },
    );
  return checkpoint;
}

/** Whether the key of the signer signed the checkpoint exactly as it stands. */
export function isOfItsKey(checkpoint: Checkpoint, hashes: Hashes = portableHashes): boolean {
  try {
    const digest = fromHex(checkpointDigest(checkpoint, hashes), 32);
    return signerOfBytes(digest, fromHex(checkpoint.signature, 65), hashes) === checkpoint.signer;
  } catch {
    return false;
  }
}
