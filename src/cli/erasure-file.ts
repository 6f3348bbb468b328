/**
 * Erasures under way: what one operator proposed, as the other confirms it. Nothing in such a file is about people; it
 * stays in the home as the note of what was erased, by which chain and home can be compared.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isHex, isInteger } from "../bytes";
import { POSITIONS_PER_ERASURE } from "../anchoring";
import { CreditAnchorError } from "../errors";
import type { Home } from "../home";
import { replaceFile, temporaryEnding } from "../home/files";
import { isObject, parseJson, type JsonValue } from "../json";
import { readText } from "./files";
import { without } from "../vault/without";
import { largestId } from "./acts";

/** Leaves of one batch, in one call. */
export interface ErasurePlaces {
  /** Public id. */
  readonly batch: string;
  /** Strictly ascending, at most 256. */
  readonly indexes: readonly number[];
}

export interface Erasure {
  readonly registry: { readonly chainId: number; readonly address: string };
  readonly agencyId: number;
  /** Whether all versions of each record were meant: then none may be missing when it is confirmed. */
  readonly allVersions: boolean;
  readonly reason: number;
  readonly evidenceHash: string;
  readonly places: readonly ErasurePlaces[];
  /** Times of this machine, ISO 8601. */
  readonly proposedAt: string;
  /** Nothing of it can be read in this home from then on. */
  readonly destroyedAt?: string;
  /** The chain says Erased, and enough blocks lie on top. */
  readonly erasedAt?: string;
}

const FORMAT = "credit-anchor/erasure";

/** Names an erasure: by what is erased and why, so that the same proposal again is the same one. */
export function erasureId({
  registry,
  agencyId,
  allVersions,
  reason,
  evidenceHash,
  places,
}: Erasure): string {
  const what = [
    registry.chainId,
    registry.address,
    agencyId,
    allVersions,
    reason,
    evidenceHash,
    ...places.map(({ batch, indexes }) => [batch, ...indexes]),
  ];
  return createHash("sha256").update(JSON.stringify(what)).digest("hex").slice(0, 12);
}

/** Where a home keeps it. */
export function erasureFile({ dir }: Pick<Home, "dir">, erasure: Erasure): string {
  return join(dir, "erasures", `${erasureId(erasure)}.json`);
}

/** Keeps it in the home, whole or not at all. */
export function keepErasure(home: Pick<Home, "dir">, erasure: Erasure): void {
  mkdirSync(join(home.dir, "erasures"), { recursive: true, mode: 0o700 });
  const content = { format: FORMAT, formatVersion: 1, ...erasure };
  replaceFile(erasureFile(home, erasure), `${JSON.stringify(content, null, 2)}\n`);
}

/** All that the home keeps. */
export function keptErasures({ dir }: Pick<Home, "dir">): Erasure[] {
  const folder = join(dir, "erasures");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json") && !name.endsWith(temporaryEnding))
    .sort()
    .map((name) => readErasure(join(folder, name)));
}

/**
 * The one that a command names: by its id, or by a file from another home. What this home knows of it goes before.
 * @throws {CreditAnchorError} `erase.unknown`, `erasure.invalid`, `file.…`
 */
export function findErasure(home: Pick<Home, "dir">, idOrFile: string): Erasure {
  const inHome = join(home.dir, "erasures", `${idOrFile}.json`);
  if (/^[0-9a-f]{12}$/.test(idOrFile) && existsSync(inHome)) return readErasure(inHome);
  if (/^[0-9a-f]{12}$/.test(idOrFile) && !existsSync(idOrFile))
    throw new CreditAnchorError("erase.unknown", `this home has no proposal ${idOrFile}`, {
      hint: "bring the file from the home that proposed it (its folder erasures) and name that file",
    });
  const given = readErasure(idOrFile);
  const kept = erasureFile(home, given);
  if (existsSync(kept)) return readErasure(kept);
  return without(given, "destroyedAt", "erasedAt");
}

/** @throws {CreditAnchorError} `erasure.invalid`, `file.…` */
export function readErasure(file: string): Erasure {
  let value: JsonValue | undefined;
  try {
    value = parseJson(readText(file));
  } catch (error) {
    if (error instanceof CreditAnchorError && error.code.startsWith("file.")) throw error;
  }
  if (!isObject(value) || !isErasure(value))
    throw new CreditAnchorError("erasure.invalid", `${file} is no proposal of an erasure`, {
      hint: "credit-anchor erase propose writes one into the home, in its folder erasures",
    });
  return without(value, "format", "formatVersion") as unknown as Erasure;
}

function isErasure(value: Readonly<Record<string, JsonValue>>): boolean {
  const { registry, places } = value;
  const isTime = (time: JsonValue | undefined): boolean =>
    typeof time === "string" && !isNaN(Date.parse(time));
  return (
    value["format"] === FORMAT &&
    value["formatVersion"] === 1 &&
    isObject(registry) &&
    isInteger(registry["chainId"], 1, Number.MAX_SAFE_INTEGER) &&
    isHex(registry["address"], 20) &&
    isInteger(value["agencyId"], 1, largestId) &&
    typeof value["allVersions"] === "boolean" &&
    isInteger(value["reason"], 0, 65_535) &&
    isHex(value["evidenceHash"], 32) &&
    isTime(value["proposedAt"]) &&
    [value["destroyedAt"], value["erasedAt"]].every((time) => time === undefined || isTime(time)) &&
    Array.isArray(places) &&
    places.length > 0 &&
    places.every(isPlaces)
  );
}

function isPlaces(value: JsonValue): boolean {
  if (!isObject(value) || !Array.isArray(value["indexes"])) return false;
  const indexes = value["indexes"] as readonly JsonValue[];
  return (
    /^[1-9][0-9]{0,19}$/.test(String(value["batch"])) &&
    indexes.length > 0 &&
    indexes.length <= POSITIONS_PER_ERASURE &&
    indexes.every(
      (index, i) => isInteger(index, 0, largestId - 1) && (i === 0 || index > (indexes[i - 1] as number)),
    )
  );
}
