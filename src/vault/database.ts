import { createHash } from "node:crypto";
import { existsSync, statfsSync } from "node:fs";
import { endianness } from "node:os";
import { join } from "node:path";
import {
  type Database as LmdbDatabase,
  type DatabaseOptions,
  open as openLmdb,
  type RootDatabase,
  type RootDatabaseOptionsWithPath,
} from "lmdb";

import { CreditAnchorError } from "../errors";
import { writeError } from "../home/files";
import type { JsonObject } from "../json";
import { lmdbFault } from "./lmdb-file";
import type { Holder } from "./lock";
import { NONE } from "./layout";
import type { Hex, Move, Plan, Position } from "./vault";

/** How a plan is kept: with the id of its files. */
export interface StoredPlan extends Plan {
  readonly files: string;
}

/** Where the latest version of a record is. */
export interface StoredLatest extends Position {
  readonly ended: boolean;
  readonly direct: boolean;
}

/**
 * The database (LMDB): what changes, and what is searched. Records themselves are in files (batch-files.ts). Small on
 * purpose: its pages are mapped into memory.
 */
export interface Database {
  readonly path: string;
  readonly env: RootDatabase<unknown, string>;
  readonly holder: LmdbDatabase<Holder, string>;
  /** By the first 16 bytes of the record key, which is a keyed hash; the whole key stands in the batch file. */
  readonly latest: LmdbDatabase<Buffer, Buffer>;
  readonly plans: LmdbDatabase<StoredPlan, number>;
  /** Numbers of plans that are not final. */
  readonly openPlans: LmdbDatabase<number, number>;
  /** Plan of a sequence. */
  readonly sequences: LmdbDatabase<number, number>;
  readonly moves: LmdbDatabase<Move, number>;
  /** Ids of moves that are not done. */
  readonly openMoves: LmdbDatabase<number, number>;
  /** Type documents by hash. */
  readonly types: LmdbDatabase<JsonObject, Hex>;
}

/** Of address space, not of disk or memory: enough for a few hundred million records. */
const MAP_SIZE = 2 ** 36;
/** Since version 2 values carry a digest; those of version 1 do until they are written again. */
const FORMAT_VERSION = 2;
/** In {@link Database.env}, beside `formatVersion`: see {@link VaultReader.acceptedHistory}. */
export const ACCEPTED_HISTORY = "acceptedHistory";

/**
 * @param folder The vault's folder.
 * @throws CreditAnchorError `vault.missing`, `vault.damaged`, `vault.newer`, `home.unwritable`
 */
export function openDatabase(folder: string, options: { write: boolean; create?: boolean }): Database {
  const path = join(folder, "index");
  if (options.create !== true && !existsSync(join(path, "data.mdb")))
    throw new CreditAnchorError("vault.missing", `${folder} has no vault`, {
      hint: "restore the home folder from a copy, or name the right one",
    });
  checkFile(path);
  let env: Database["env"];
  let database: Database;
  const encoder = digestedValues(path);
  // LMDB's own types leave the encoder out.
  const named = (name: string): DatabaseOptions & { name: string } => ({ name, encoder }) as { name: string };
  try {
    // A commit is on disk when the call returns: no overlapping of sync and work.
    const settings: RootDatabaseOptionsWithPath & { permissionsMode: number } = {
      path,
      maxDbs: 16,
      mapSize: MAP_SIZE,
      overlappingSync: false,
      readOnly: !options.write,
      encoder,
      permissionsMode: 0o600,
    };
    env = openLmdb<unknown, string>(settings);
    database = {
      path,
      env,
      holder: env.openDB(named("holder")),
      latest: env.openDB({ name: "latest", encoding: "binary", keyEncoding: "binary" }),
      plans: env.openDB(named("plans")),
      openPlans: env.openDB(named("open-plans")),
      sequences: env.openDB(named("sequences")),
      moves: env.openDB(named("moves")),
      openMoves: env.openDB(named("open-moves")),
      types: env.openDB(named("types")),
    };
  } catch (cause) {
    throw openError(path, cause);
  }
  if (options.create === true) write(path, () => env.putSync("formatVersion", FORMAT_VERSION));
  const version = env.get("formatVersion");
  if (version === 1 && options.write) write(path, () => env.putSync("formatVersion", FORMAT_VERSION));
  if (version !== 1 && version !== FORMAT_VERSION) {
    void env.close();
    if (typeof version === "number" && version > FORMAT_VERSION)
      throw new CreditAnchorError(
        "vault.newer",
        `${path} is of version ${version}; this program knows ${FORMAT_VERSION}`,
      );
    throw new CreditAnchorError("vault.damaged", `${path} is not a vault`, { exitStatus: 70 });
  }
  // Readers that were killed would keep old pages from being used again.
  if (options.write) env.readerCheck();
  return database;
}

/**
 * JSON, a line break, and a digest: LMDB gives back whatever the disk does, and a value with a flipped bit can be good
 * JSON. JSON as it is written here has no line break of its own.
 */
function digestedValues(path: string) {
  const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);
  return {
    encode: (value: unknown): Buffer => {
      const text = JSON.stringify(value);
      return Buffer.from(`${text}\n${digestOf(text)}`);
    },
    decode: (bytes: Buffer): unknown => {
      const [text = "", digest, ...more] = bytes.toString("utf8", 0, bytes.length).split("\n");
      if (more.length > 0 || (digest !== undefined && digest !== digestOf(text)))
        throw damagedDatabase(path, new Error("a value is not what was written"));
      try {
        return JSON.parse(text) as unknown;
      } catch (cause) {
        throw damagedDatabase(path, cause);
      }
    },
  };
}

function checkFile(path: string): void {
  const file = join(path, "data.mdb");
  if (endianness() !== "LE" || !existsSync(file)) return;
  let fault: string | undefined;
  try {
    fault = lmdbFault(file);
  } catch (cause) {
    throw new CreditAnchorError("vault.unreadable", `${file} cannot be read`, { cause, exitStatus: 70 });
  }
  if (fault !== undefined) throw damagedDatabase(path, new Error(fault));
}

/** Runs writes as one transaction: all of them are on disk when it returns, or none. */
export function transact<T>(database: Database, change: () => T): T {
  return write(database.path, () => database.env.transactionSync(change));
}

function write<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof CreditAnchorError) throw cause;
    throw databaseError(path, cause);
  }
}

function databaseError(path: string, cause: unknown): unknown {
  const text = cause instanceof Error ? cause.message : "";
  // LMDB calls a write that was cut short an input/output error.
  const full = /input\/output/i.test(text) && isNearlyFull(path);
  if (full || /no space|ENOSPC|quota|MDB_MAP_FULL|file too large/i.test(text))
    return writeError(path, Object.assign(new Error(text), { code: "ENOSPC", syscall: "write" }));
  if (/corrupt|MDB_INVALID|MDB_PAGE|not an LMDB/i.test(text)) return damagedDatabase(path, cause);
  return new CreditAnchorError("vault.database", `the database ${path} failed: ${text}`, {
    cause,
    exitStatus: 70,
  });
}

function isNearlyFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize < 4 * 2 ** 20;
  } catch {
    return false;
  }
}

function openError(path: string, cause: unknown): unknown {
  const text = cause instanceof Error ? cause.message : "";
  if (/invalid|corrupt|version|MDB_/i.test(text)) return damagedDatabase(path, cause);
  if (/permission|read-only|EACCES|EROFS/i.test(text))
    return writeError(path, Object.assign(new Error(text), { code: "EACCES", syscall: "open" }));
  return databaseError(path, cause);
}

function damagedDatabase(path: string, cause: unknown): CreditAnchorError {
  return new CreditAnchorError("vault.damaged", `the database ${path} is damaged`, {
    hint: "restore the home folder from a copy",
    cause,
    exitStatus: 70,
  });
}

const LATEST_KEY = 16;
const ENDED = 1;
const DIRECT = 2;

/** The key under which a record stands in {@link Database.latest}; a view. */
export function latestKey(key: Uint8Array): Buffer {
  return Buffer.from(key.buffer, key.byteOffset, LATEST_KEY);
}

/** uint32 plan ‖ uint32 index ‖ flags. `into` is reused by the caller. */
export function encodeLatest(value: StoredLatest, into: Buffer): Buffer {
  into.writeUInt32BE(value.plan, 0);
  into.writeUInt32BE(value.index, 4);
  into[8] = (value.ended ? ENDED : 0) | (value.direct ? DIRECT : 0);
  return into;
}

/** Where the latest version of a record is; undefined for a record this vault does not have. */
export function findLatest(database: Database, key: Uint8Array): StoredLatest | undefined {
  const value = database.latest.getBinaryFast(latestKey(key)) as Buffer | undefined;
  if (value === undefined) return undefined;
  const plan = value.readUInt32BE(0);
  const flags = value[8]!;
  if (plan === NONE) return undefined;
  return { plan, index: value.readUInt32BE(4), ended: (flags & ENDED) !== 0, direct: (flags & DIRECT) !== 0 };
}
