import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";

import type { Provenance } from "./batch";
import { toHex } from "./bytes";
import { domain } from "./commitment";
import { CreditAnchorError, type Fault } from "./errors";
import type { Hashes } from "./hashes";
import { type InputOptions, openInput, rowReader } from "./input";
import { type Decided, type IngestCounts, Planner } from "./ingest/planner";
import { poolSealing, type RowSealing, sealingHere } from "./ingest/pool";
import { rejectedRows } from "./ingest/rejected-rows";
import { RowSealer, type SealContext } from "./ingest/seal-rows";
import { MAX_ROWS } from "./vault/draft";
import type { Hex, Mode, Plan } from "./vault/vault";
import type { LmdbVault, PlanTarget } from "./vault/writer";

export type { IngestCounts } from "./ingest/planner";

/** Records in a batch unless the user says otherwise. */
export const defaultBatchSize: Readonly<Record<Mode, number>> = { root: 65_536, leaves: 1_000, direct: 1 };

/** Below this size of a file, starting threads takes longer than they save. */
const WORTH_THREADS = 2 * 2 ** 20;
/** More than this thread can feed only cost memory. */
const MOST_THREADS = 4;

export interface IngestOptions {
  readonly vault: LmdbVault;
  readonly target: PlanTarget;
  readonly agencyKey: Uint8Array;
  /** Code under which the agency was first admitted; records of another issuer are rejected. */
  readonly agencyCode: string;
  /** CSV or NDJSON, see {@link openInput}. */
  readonly file: string;
  readonly input?: InputOptions;
  /** The agency's own name for the system that gave the file, and the tool with its version: for the manifest. */
  readonly source: Pick<Provenance["source"], "system" | "collector">;
  readonly hashes: Hashes;
  /** Default {@link defaultBatchSize}; 1 in mode direct. */
  readonly batchSize?: number;
  /** Name of a file that does not exist; it is made if rows are rejected (`Home.rejectedFile`). */
  readonly rejectedFile: string;
  /** Rejects rows of records that the vault does not have (`known`), or that it has (`new`). */
  readonly only?: "known" | "new";
  /** Threads that check and seal; 0: none but this one. Default: one for each processor, four at most, for
   * files that are worth it. */
  readonly threads?: number;
  /** After every portion of rows. */
  readonly onProgress?: (counts: Readonly<IngestCounts>) => void;
}

export interface IngestResult {
  readonly counts: Readonly<IngestCounts>;
  /** How many rows have a warning of each code. */
  readonly warningCodes: Readonly<Record<string, number>>;
  /** New records by the date of their decision, `YYYY-MM-DD`, the earliest first; those without a date are left out. */
  readonly decidedOn: ReadonlyMap<string, Readonly<Decided>>;
  /** Doubts about the header of the file. */
  readonly headerWarnings: readonly Fault[];
  /** Where the rejected rows are told, with their faults; absent when there are none. */
  readonly rejectedFile?: string;
}

/**
 * Plans batches of the rows that are new or changed: yields each batch when it is on disk, returns the counts.
 *
 * What is yielded survives any crash; what is not is found again by reading the file again, because rows that the vault
 * has already are `unchanged`. A record that comes several times in one file becomes several versions, in that order,
 * and these too are found again when the same file is read again. A file of other bytes is compared with the latest
 * versions alone: an old file read after a newer one brings its contents back, as new versions.
 *
 * @throws CreditAnchorError `ingest.batch-size`, `ingest.personal-type`, `input.…`, and what the vault throws. Batches
 * that were yielded before stay planned.
 */
export async function* ingest(options: IngestOptions): AsyncGenerator<Plan, IngestResult> {
  const batchSize = checkedBatchSize(options);
  const { file, vault, target, agencyCode, hashes } = options;
  const digest = await digestOf(file);
  const input = await openInput(file, options.input);
  const rejected = rejectedRows(options.rejectedFile);
  const context = sealContext(options, digest.sha256);
  let sealing: RowSealing | undefined;
  try {
    const { header } = input;
    // Told here, before threads start, if the header does not fit the type.
    const reader = rowReader(target.type, header, { issuerCode: agencyCode });
    const sealer = new RowSealer(context);
    const threads =
      options.threads ?? (digest.bytes < WORTH_THREADS ? 0 : Math.min(availableParallelism(), MOST_THREADS));
    sealing =
      threads === 0 ? sealingHere(sealer, reader, vault) : poolSealing(context, header, vault, threads);
    const source = { ...options.source, ...digest };
    const planner = new Planner({ vault, target, agencyCode, source, batchSize, rejected, sealer, hashes });
    for await (const chunk of sealing.seal(input.rows())) {
      yield* planner.add(chunk);
      options.onProgress?.(planner.counts);
    }
    const read = input.digest();
    if (read.sha256 !== digest.sha256) throw changed(file);
    yield* planner.finish();
    const told = rejected.file();
    return {
      counts: planner.counts,
      warningCodes: planner.warningCodes,
      decidedOn: datesOf(planner.decidedOn),
      headerWarnings: reader.warnings,
      ...(told === undefined ? {} : { rejectedFile: told }),
    };
  } finally {
    rejected.close();
    await sealing?.close();
    await input.close();
  }
}

function checkedBatchSize({ batchSize, target }: IngestOptions): number {
  const size = batchSize ?? defaultBatchSize[target.mode];
  if (!Number.isInteger(size) || size < 1 || size > MAX_ROWS)
    throw new CreditAnchorError("ingest.batch-size", `a batch has 1 to ${MAX_ROWS} records`);
  if (target.mode === "direct" && size !== 1)
    throw new CreditAnchorError("ingest.batch-size", "in mode direct every record is a batch of its own");
  if (target.mode === "direct" && target.type.personal === true)
    throw new CreditAnchorError("ingest.personal-type", `${target.type.name} is about natural persons`, {
      hint: "anchor it in mode root or leaves",
    });
  return size;
}

function sealContext(
  { target, agencyKey, agencyCode, only, hashes }: IngestOptions,
  sha256: Hex,
): SealContext {
  const { registry, agencyId, typeId, type, mode } = target;
  const place = { domain: domain(registry.chainId, registry.address, hashes), agencyId, typeId };
  return { type, place, mode, agencyKey, agencyCode, sha256, only, hashes };
}

/** 20260401 as `2026-04-01`. */
function datesOf(days: ReadonlyMap<number, Decided>): Map<string, Decided> {
  const dates = [...days].filter(([day]) => day !== 0).sort(([a], [b]) => a - b);
  return new Map(dates.map(([day, decided]) => [String(day).replace(/(..)(..)$/, "-$1-$2"), decided]));
}

/** The manifest of the first batch names the digest of the whole file, so the file is read once for that alone. */
async function digestOf(file: string): Promise<{ sha256: Hex; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    if ((await stat(file)).isDirectory())
      throw new CreditAnchorError("input.not-file", `${file} is a directory`);
    for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (cause) {
    if (cause instanceof CreditAnchorError) throw cause;
    throw new CreditAnchorError(
      "input.not-found",
      `${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`,
      { cause, hint: "name a CSV or NDJSON file that is there and that you may read" },
    );
  }
  return { sha256: toHex(hash.digest()), bytes };
}

function changed(file: string): CreditAnchorError {
  return new CreditAnchorError("input.changed", `${file} was changed while it was read`, {
    hint: "nothing is lost: run the same command again when the file is complete",
  });
}
