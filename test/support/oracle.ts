import { createHash, createHmac } from "node:crypto";
import { AbiCoder, keccak256, toUtf8Bytes } from "ethers";

/**
 * Format 1 once more, written from docs/format.md alone: short, slow, and without a line in common with `src/`.
 *
 * Everything is a hex text with `0x`, so that a wrong length shows; hashes come from ethers and Node.
 */

type Hex = string;
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const abi = AbiCoder.defaultAbiCoder();
const bytes = (hex: Hex): Buffer => Buffer.from(hex.slice(2), "hex");
const hexOf = (data: Uint8Array): Hex => "0x" + Buffer.from(data).toString("hex");
const join = (...parts: Hex[]): Hex => "0x" + parts.map((part) => part.slice(2)).join("");
const uint32 = (value: number): Hex => "0x" + value.toString(16).padStart(8, "0");
const textHex = (text: string): Hex => hexOf(toUtf8Bytes(text));

/** RFC 8785 by way of the engine's own JSON, with members in order. */
export function jcs(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(jcs).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${jcs(value[name]!)}`).join(",")}}`;
}

export const typeHash = (document: Json): Hex => keccak256(join("0x06", textHex(jcs(document))));
export const manifestHash = (manifest: Json): Hex => keccak256(join("0x04", textHex(jcs(manifest))));
export const keyCommitment = (agencyKey: Hex): Hex => keccak256(join("0x05", agencyKey));
export const evidenceHash = (random: Hex, sha256: Hex): Hex => keccak256(join("0x07", random, sha256));

export function salts(secret: Hex, count: number): Hex[] {
  const stream = createHash("shake256", { outputLength: 16 * count })
    .update("credit-anchor/v1/salts")
    .update(bytes(secret))
    .digest();
  return Array.from({ length: count }, (_, i) => hexOf(stream.subarray(16 * i, 16 * i + 16)));
}

export const fieldDigest = (salt: Hex, name: string, value: Json): Hex =>
  keccak256(join("0x03", salt, textHex(jcs([name, value]))));

export const commitment = (type: Hex, previous: Hex, digests: Hex[]): Hex =>
  keccak256(join("0x02", type, previous, ...digests));

/** Commitment to a whole record: absent fields are null. */
export function seal(
  type: Hex,
  names: string[],
  record: { [name: string]: Json },
  secret: Hex,
  previous: Hex,
): Hex {
  const ordered = [...names].sort();
  const all = salts(secret, ordered.length);
  const digests = ordered.map((name, i) => fieldDigest(all[i]!, name, name in record ? record[name]! : null));
  return commitment(type, previous, digests);
}

const BRACKETS = ["【】", "〖〗", "[]", "()", "〔〕", "〈〉", "《》", "{}"];

export function keyForm(text: string): string {
  let form = "";
  for (const character of text.normalize("NFC")) {
    const code = character.codePointAt(0)!;
    let plain = code >= 0xff01 && code <= 0xff5e ? String.fromCodePoint(code - 0xff01 + 0x21) : character;
    if (isWhiteSpace(code)) continue;
    const pair = BRACKETS.find((brackets) => brackets.includes(plain));
    if (pair !== undefined) plain = pair.indexOf(plain) === 0 ? "〔" : "〕";
    if (plain >= "a" && plain <= "z" && plain.length === 1) plain = plain.toUpperCase();
    form += plain;
  }
  return form.normalize("NFC");
}

/** White_Space of PropList.txt, Unicode 15.1, by number. */
function isWhiteSpace(code: number): boolean {
  if (code >= 0x9 && code <= 0xd) return true;
  if (code >= 0x2000 && code <= 0x200a) return true;
  return [0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000].includes(code);
}

export function recordKey(agencyKey: Hex, agencyCode: string, typeName: string, values: Json[]): Hex {
  const forms = values.map((value) => (typeof value === "string" ? keyForm(value) : value));
  const text = jcs(["credit-anchor/v1/key", agencyCode, typeName, ...forms]);
  return hexOf(createHmac("sha256", bytes(agencyKey)).update(text, "utf8").digest());
}

export const domain = (chainId: number, registry: Hex): Hex =>
  keccak256(
    abi.encode(
      ["bytes32", "uint256", "address"],
      [keccak256(toUtf8Bytes("credit-anchor/v1")), chainId, registry],
    ),
  );

export const leaf = (
  domainHash: Hex,
  agencyId: number,
  typeId: number,
  key: Hex,
  version: number,
  commitmentHash: Hex,
): Hex =>
  keccak256(join("0x00", domainHash, uint32(agencyId), uint32(typeId), key, uint32(version), commitmentHash));

export interface OracleHeader {
  format: number;
  agencyId: number;
  typeId: number;
  sequence: number;
  size: number;
  anchoredAt: number;
  operator: Hex;
  previous: Hex;
  root: Hex;
  manifestHash: Hex;
}

export const headerHash = (h: OracleHeader): Hex =>
  keccak256(
    abi.encode(
      [
        "bytes32",
        "uint16",
        "uint32",
        "uint32",
        "uint32",
        "uint32",
        "uint64",
        "address",
        "bytes20",
        "bytes32",
        "bytes32",
      ],
      [
        keccak256(toUtf8Bytes("credit-anchor/header/1")),
        h.format,
        h.agencyId,
        h.typeId,
        h.sequence,
        h.size,
        h.anchoredAt,
        h.operator,
        h.previous,
        h.root,
        h.manifestHash,
      ],
    ),
  );

export const batchId = (agencyId: number, sequence: number): string =>
  ((BigInt(agencyId) << 32n) | BigInt(sequence)).toString();

export interface OracleRelayedCall {
  operator: Hex;
  agencyId: number;
  call: Hex;
  nonce: Hex;
  deadline: number;
}

const word = (value: number): Hex => "0x" + value.toString(16).padStart(64, "0");
const padded = (address: Hex): Hex => "0x" + address.slice(2).padStart(64, "0");
const textHash = (text: string): Hex => keccak256(toUtf8Bytes(text));

/** EIP-712, word for word. */
function typedDigest(name: string, chainId: number, contract: Hex, type: string, words: Hex[]): Hex {
  const separator = keccak256(
    join(
      textHash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
      textHash(name),
      textHash("1"),
      word(chainId),
      padded(contract),
    ),
  );
  return keccak256(join("0x1901", separator, keccak256(join(textHash(type), ...words))));
}

/** What an operator signs for the relay of a registry. */
export function relayDigest(chainId: number, relay: Hex, relayed: OracleRelayedCall): Hex {
  return typedDigest(
    "credit-anchor relay",
    chainId,
    relay,
    "RelayedCall(address operator,uint32 agencyId,bytes call,bytes32 nonce,uint64 deadline)",
    [
      padded(relayed.operator),
      word(relayed.agencyId),
      keccak256(relayed.call),
      relayed.nonce,
      word(relayed.deadline),
    ],
  );
}

export interface OracleCheckpoint {
  registry: { chainId: number; address: Hex };
  block: { number: number; hash: Hex; time: number };
  journal: { length: number; head: Hex };
  roles?: { authority: Hex; length: number; head: Hex };
}

const left = (head: Hex): Hex => head.padEnd(66, "0");
const ZERO_WORD = word(0);

/** What the signer of a checkpoint signs. */
export function checkpointDigest({ registry, block, journal, roles }: OracleCheckpoint): Hex {
  return typedDigest(
    "credit-anchor checkpoint",
    registry.chainId,
    registry.address,
    "Checkpoint(uint64 journalLength,bytes28 journalHead,address authority,uint64 rolesLength,bytes32 rolesHead,uint64 blockNumber,bytes32 blockHash,uint64 blockTime)",
    [
      word(journal.length),
      left(journal.head),
      roles === undefined ? ZERO_WORD : padded(roles.authority),
      word(roles?.length ?? 0),
      roles?.head ?? ZERO_WORD,
      word(block.number),
      block.hash,
      word(block.time),
    ],
  );
}

export interface OracleStatement {
  journalLength: number;
  journalHead: Hex;
  rolesLength: number;
  rolesHead: Hex;
  blockNumber: number;
  blockHash: Hex;
  reportHash: Hex;
  outcome: number;
}

export const reportHash = (report: Json): Hex => keccak256(join("0x08", hexOf(Buffer.from(jcs(report)))));

/** What an auditor signs. */
export function statementDigest(chainId: number, signOffs: Hex, statement: OracleStatement): Hex {
  return typedDigest(
    "credit-anchor sign-offs",
    chainId,
    signOffs,
    "Statement(uint64 journalLength,bytes28 journalHead,uint64 rolesLength,bytes32 rolesHead,uint64 blockNumber,bytes32 blockHash,bytes32 reportHash,uint8 outcome)",
    [
      word(statement.journalLength),
      left(statement.journalHead),
      word(statement.rolesLength),
      statement.rolesHead,
      word(statement.blockNumber),
      statement.blockHash,
      statement.reportHash,
      word(statement.outcome),
    ],
  );
}

type HashOf = (hex: Hex) => Hex;
const sha256: HashOf = (hex) => hexOf(createHash("sha256").update(bytes(hex)).digest());
export const digests = { keccak256: keccak256 as HashOf, sha256 };

/** RFC 9162 section 2.1.1, word for word: split at the largest power of two smaller than the number of leaves. */
export function treeRoot(leaves: Hex[], hash: HashOf = keccak256): Hex {
  if (leaves.length === 1) return leaves[0]!;
  const k = split(leaves.length);
  return hash(join("0x01", treeRoot(leaves.slice(0, k), hash), treeRoot(leaves.slice(k), hash)));
}

/** RFC 9162 section 2.1.3.1, word for word. */
export function treeProof(index: number, leaves: Hex[], hash: HashOf = keccak256): Hex[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  if (index < k) return [...treeProof(index, leaves.slice(0, k), hash), treeRoot(leaves.slice(k), hash)];
  return [...treeProof(index - k, leaves.slice(k), hash), treeRoot(leaves.slice(0, k), hash)];
}

function split(size: number): number {
  let k = 1;
  while (2 * k < size) k *= 2;
  return k;
}
