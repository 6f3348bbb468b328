import { closeSync, fstatSync, fsyncSync, openSync, readdirSync, readSync, rmSync, writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

import { writeUint } from "../bytes";
import { CreditAnchorError } from "../errors";
import { replaceFile, writeError } from "../home/files";
import { earlierOf, type SortedBatch } from "./draft";
import {
  COMMITMENT_AT,
  FIXED,
  fixedAt,
  HASH,
  KEY_AT,
  LENGTH,
  NONE,
  NUMBERS,
  PREVIOUS_AT,
  SECRET_AT,
  VERSION,
} from "./layout";
import { cryptSecrets, secretsFileKey } from "./sealing";

// Two files a batch:
//
//   batches/00000007-<id>.batch    header ‖ leaves ‖ rows ‖ encrypted payloads, in the order of the leaves
//   secrets/00000007-<id>.secrets  header ‖ salt ‖ encrypted secrets, 32 bytes each, in the same order
//
// header: 8 bytes of format name, uint16 version, 2 zero bytes, uint32 plan, uint32 size, 12 bytes of id, uint64 length
// of the whole file, 24 zero bytes. row: key ‖ commitment ‖ previous ‖ uint32 version, offset and length of the payload,
// plan and index of the version before (4294967295: none). Integers are big-endian.
//
// A record is erased by writing zeros over its slot of the secrets, then over its payload, in place: so no second copy
// ever exists, and doing it again after a crash is the same. A slot of zeros means that the secret was destroyed.

const HEADER = 64;
const ROW = 3 * HASH + 4 * NUMBERS;
const ID = 12;
const SALT = 32;
const BATCH_MAGIC = "CA-BATCH";
const SECRETS_MAGIC = "CA-SECRT";

/** One version of a record as its batch file has it; the arrays are the caller's own. */
export interface StoredRow {
  readonly leaf: Uint8Array;
  readonly key: Uint8Array;
  readonly commitment: Uint8Array;
  readonly previous: Uint8Array;
  readonly version: number;
  readonly payloadOffset: number;
  readonly payloadLength: number;
  readonly earlierPlan: number;
  readonly earlierIndex: number;
}

export function batchPath(folder: string, plan: number, id: string): string {
  return join(folder, "batches", `${String(plan).padStart(8, "0")}-${id}.batch`);
}
export function secretsPath(folder: string, plan: number, id: string): string {
  return join(folder, "secrets", `${String(plan).padStart(8, "0")}-${id}.secrets`);
}

/**
 * Writes both files of a batch; on disk when it returns. They belong to nobody until the database names their id.
 * @returns The id, which makes the names of two processes differ in any case.
 */
export function writeBatchFiles(
  folder: string,
  plan: number,
  batch: SortedBatch,
  secretsKey: Uint8Array,
): string {
  const { rows, size, order, leaves } = batch;
  const id = randomBytes(ID);
  const table = new Uint8Array(size * ROW);
  const view = new DataView(table.buffer);
  const secrets = new Uint8Array(size * HASH);
  let payloadAt = 0;
  for (let index = 0; index < size; index++) {
    const row = order[index]!;
    const at = index * ROW;
    const from = row * FIXED;
    table.set(rows.fixed.subarray(from + KEY_AT, from + KEY_AT + HASH), at);
    table.set(rows.fixed.subarray(from + COMMITMENT_AT, from + COMMITMENT_AT + HASH), at + HASH);
    table.set(rows.fixed.subarray(from + PREVIOUS_AT, from + PREVIOUS_AT + HASH), at + 2 * HASH);
    const number = row * NUMBERS;
    const length = rows.numbers[number + LENGTH]!;
    const earlier = earlierOf(batch, row, plan);
    view.setUint32(at + 96, rows.numbers[number + VERSION]!);
    view.setUint32(at + 100, payloadAt);
    view.setUint32(at + 104, length);
    view.setUint32(at + 108, earlier?.plan ?? NONE);
    view.setUint32(at + 112, earlier?.index ?? 0);
    payloadAt += length;
    secrets.set(fixedAt(rows, row, SECRET_AT), index * HASH);
  }
  const salt = randomBytes(SALT);
  const wrapped = cryptSecrets(secretsFileKey(secretsKey, salt), 0, secrets);
  secrets.fill(0);
  const name = id.toString("hex");
  const header = (magic: string, length: number): Uint8Array => writeHeader(magic, plan, size, id, length);
  replaceFile(secretsPath(folder, plan, name), [
    header(SECRETS_MAGIC, HEADER + SALT + wrapped.length),
    salt,
    wrapped,
  ]);
  const parts = function* (): Generator<Uint8Array> {
    yield header(BATCH_MAGIC, HEADER + leaves.length + table.length + payloadAt);
    yield leaves;
    yield table;
    yield* inBlocks(batch);
  };
  replaceFile(batchPath(folder, plan, name), parts());
  return name;
}

const BLOCK = 2 ** 20;

/** The payloads in the order of the leaves, a block at a time: the draft holds them once already. */
function* inBlocks({ rows, order }: SortedBatch): Generator<Uint8Array> {
  const block = new Uint8Array(BLOCK);
  let filled = 0;
  for (const row of order) {
    const payload = rows.payload(row);
    if (filled + payload.length > BLOCK) {
      yield block.subarray(0, filled);
      filled = 0;
    }
    if (payload.length > BLOCK) yield payload;
    else {
      block.set(payload, filled);
      filled += payload.length;
    }
  }
  yield block.subarray(0, filled);
}

function writeHeader(magic: string, plan: number, size: number, id: Uint8Array, length: number): Uint8Array {
  const header = new Uint8Array(HEADER);
  header.set(Buffer.from(magic, "latin1"));
  writeUint(header, 8, 2, 1);
  writeUint(header, 12, 4, plan);
  writeUint(header, 16, 4, size);
  header.set(id, 20);
  writeUint(header, 32, 8, length);
  return header;
}

/** Removes files that no batch of the database names: a crash left them. @returns How many. */
export function removeOrphans(folder: string, idOf: (plan: number) => string | undefined): number {
  let removed = 0;
  for (const sub of ["batches", "secrets"]) {
    for (const name of readdirSync(join(folder, sub))) {
      const match = /^(\d{8,})-([0-9a-f]{24})\.(batch|secrets)$/.exec(name);
      if (match !== null && idOf(Number(match[1])) === match[2]) continue;
      // Whatever is not named like ours is somebody else's, and left alone.
      if (match === null && !/^\d{8,}-[0-9a-f]{24}\.(batch|secrets)(\.[0-9a-f]{12})?\.part$/.test(name))
        continue;
      rmSync(join(folder, sub, name));
      removed++;
    }
  }
  return removed;
}

/** The two files of one batch, open for reading. Every error names file and place, never content. */
export class BatchFiles {
  readonly #batch: OpenFile;
  readonly #secretsName: string;
  #secrets: OpenFile | undefined;
  #fileKey: Uint8Array | undefined;
  readonly #payloadsAt: number;

  constructor(
    folder: string,
    readonly plan: number,
    id: string,
    readonly size: number,
  ) {
    this.#secretsName = secretsPath(folder, plan, id);
    this.#batch = openChecked(batchPath(folder, plan, id), BATCH_MAGIC, plan, size, id);
    this.#payloadsAt = HEADER + size * (HASH + ROW);
    if (this.#batch.length < this.#payloadsAt)
      throw damaged(this.#batch.name, "it is too short for its records");
  }

  /** All leaves, 32 bytes each. */
  leaves(): Uint8Array {
    return this.#batch.read(HEADER, this.size * HASH);
  }

  row(index: number): StoredRow {
    const leaf = this.#batch.read(HEADER + index * HASH, HASH);
    const row = this.#batch.read(HEADER + this.size * HASH + index * ROW, ROW);
    const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
    if (view.getUint32(108) === NONE && view.getUint32(112) !== 0)
      throw this.damagedAt(index, "it names a place of no version before it");
    return {
      leaf,
      key: row.subarray(0, 32),
      commitment: row.subarray(32, 64),
      previous: row.subarray(64, 96),
      version: view.getUint32(96),
      payloadOffset: view.getUint32(100),
      payloadLength: view.getUint32(104),
      earlierPlan: view.getUint32(108),
      earlierIndex: view.getUint32(112),
    };
  }

  /** The encrypted payload of a row. */
  payload(row: StoredRow, index: number): Uint8Array {
    const at = this.#payloadsAt + row.payloadOffset;
    if (at + row.payloadLength > this.#batch.length)
      throw this.damagedAt(index, "its payload lies outside the file");
    return this.#batch.read(at, row.payloadLength);
  }

  /** The record secret; undefined when it was destroyed. */
  secret(index: number, secretsKey: Uint8Array): Uint8Array | undefined {
    this.#secrets ??= this.#openSecrets();
    this.#fileKey ??= secretsFileKey(secretsKey, this.#secrets.read(HEADER, SALT));
    const slot = this.#secrets.read(slotAt(index), HASH);
    return isZero(slot) ? undefined : cryptSecrets(this.#fileKey, index, slot);
  }

  /** Whether the secret of a record was destroyed. Needs no key. */
  isDestroyed(index: number): boolean {
    this.#secrets ??= this.#openSecrets();
    return isZero(this.#secrets.read(slotAt(index), HASH));
  }

  /**
   * Destroys secrets and payloads of records, for ever; on disk when it returns. Secrets first: from then on nothing can
   * be read, whatever happens next. Can be repeated.
   */
  destroy(indexes: readonly number[]): void {
    this.#secrets ??= this.#openSecrets();
    overwrite(
      this.#secrets.name,
      indexes.map((index) => ({ at: slotAt(index), length: HASH })),
    );
    overwrite(
      this.#batch.name,
      indexes.map((index) => {
        const row = this.row(index);
        const at = this.#payloadsAt + row.payloadOffset;
        if (at + row.payloadLength > this.#batch.length)
          throw this.damagedAt(index, "its payload lies outside the file");
        return { at, length: row.payloadLength };
      }),
    );
  }

  /** The error for a record of this batch that is not what was written. */
  damagedAt(index: number, what: string): CreditAnchorError {
    return damaged(this.#batch.name, `record ${index}: ${what}`);
  }

  close(): void {
    this.#batch.close();
    this.#secrets?.close();
  }

  #openSecrets(): OpenFile {
    const file = this.#secretsName;
    const id = file.slice(-"0123456789abcdef01234567.secrets".length, -".secrets".length);
    const opened = openChecked(file, SECRETS_MAGIC, this.plan, this.size, id);
    if (opened.length !== HEADER + SALT + this.size * HASH)
      throw damaged(file, "its length does not fit its records");
    return opened;
  }
}

/** Where the encrypted secret of a record stands in the file of secrets. */
function slotAt(index: number): number {
  return HEADER + SALT + index * HASH;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Writes zeros over places of a file. */
function overwrite(name: string, places: readonly { readonly at: number; readonly length: number }[]): void {
  try {
    const handle = openSync(name, "r+");
    try {
      for (const { at, length } of places) {
        const zeros = new Uint8Array(length);
        for (let done = 0; done < length;) done += writeSync(handle, zeros, done, length - done, at + done);
      }
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    throw writeError(name, cause);
  }
}

interface OpenFile {
  readonly name: string;
  readonly length: number;
  read(at: number, length: number): Uint8Array;
  close(): void;
}

function openChecked(name: string, magic: string, plan: number, size: number, id: string): OpenFile {
  let handle: number;
  try {
    handle = openSync(name, "r");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") throw damaged(name, "the file is gone");
    throw new CreditAnchorError("vault.unreadable", `${name} cannot be read`, { cause, exitStatus: 70 });
  }
  const file: OpenFile = {
    name,
    length: fstatSync(handle).size,
    read(at, length) {
      const bytes = new Uint8Array(length);
      for (let got = 0; got < length;) {
        const more = readSync(handle, bytes, got, length - got, at + got);
        if (more === 0) throw damaged(name, "it ends too early");
        got += more;
      }
      return bytes;
    },
    close: () => closeSync(handle),
  };
  try {
    checkHeader(file, magic, plan, size, id);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

function checkHeader(file: OpenFile, magic: string, plan: number, size: number, id: string): void {
  if (file.length < HEADER) throw damaged(file.name, "it ends too early");
  const header = file.read(0, HEADER);
  const view = new DataView(header.buffer);
  if (Buffer.from(header.subarray(0, 8)).toString("latin1") !== magic)
    throw damaged(file.name, "it is no such file");
  if (view.getUint16(8) !== 1)
    throw new CreditAnchorError(
      "vault.newer",
      `${file.name} is of version ${view.getUint16(8)}; this program knows 1`,
    );
  const same = Buffer.from(header.subarray(20, 20 + ID)).toString("hex") === id;
  if (view.getUint32(12) !== plan || view.getUint32(16) !== size || !same)
    throw damaged(file.name, "it belongs to another batch");
  if (Number(view.getBigUint64(32)) !== file.length)
    throw damaged(file.name, "it ends too early or too late");
  if (view.getUint16(10) !== 0 || !isZero(header.subarray(40)))
    throw damaged(file.name, "its header is not what was written");
}

function damaged(file: string, what: string): CreditAnchorError {
  return new CreditAnchorError("vault.damaged", `${file}: ${what}`, {
    hint: "restore the file from a copy of the home folder",
    exitStatus: 70,
  });
}
