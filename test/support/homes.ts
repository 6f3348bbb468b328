import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { loadFastHashes } from "../../src/fast-hashes";
import { createHome, type Home } from "../../src/home";
import { ingest, type IngestCounts, type IngestOptions, type IngestResult } from "../../src/ingest";
import { loadType } from "../../src/types";
import type { Mode, Plan } from "../../src/vault/vault";
import type { LmdbVault } from "../../src/vault/writer";
import { AGENCY_CODE, bytesOf, CHAIN_ID, REGISTRY, TYPE, TYPE_NAME } from "./samples";

/** Homes and rows for the tests of vault and ingest. Everything is invented. */

export const type = loadType(structuredClone(TYPE));
export const AGENCY_ID = 7;
export const TYPE_ID = 3;
export const agencyKey = Uint8Array.from(Buffer.from(bytesOf("agency key").slice(2), "hex"));

const folders: string[] = [];
/** A folder that {@link removeFolders} removes. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "credit-anchor-test-"));
  folders.push(folder);
  return folder;
}
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A trial home of the invented harbour office, in a folder of its own. */
export function harbourHome(dir = join(temporaryFolder(), "home")): Promise<Home> {
  return createHome(
    dir,
    {
      trial: true,
      privateKey: bytesOf("operator key"),
      agencyKey,
      settings: {
        label: "Harbour office (an example)",
        agency: { code: AGENCY_CODE, id: AGENCY_ID },
        registry: {
          chainId: CHAIN_ID,
          address: REGISTRY,
          accessManager: bytesOf("manager", 20),
          deployedAtBlock: 1,
        },
        types: {
          [TYPE_NAME]: { typeId: TYPE_ID, typeHash: `0x${Buffer.from(type.typeHash).toString("hex")}` },
        },
      },
    },
    { env: {} },
  );
}

export type Row = Record<string, unknown>;

/** Permit number `n` in the edition of a correction. */
export function permit(n: number, edition = 0): Row {
  return {
    agencyCode: AGENCY_CODE,
    permitNumber: `P-${n}`,
    holderName: `Beispielreederei Nummer ${n} 示例`,
    holderNumber: `H-${n % 1000}`,
    feeCents: 1000 + edition,
    conditions: ["pier 4 only"],
    remark: `Seemannsgarn ${n}`,
    validUntil: "2030-12-31",
  };
}

export const permits = (from: number, to: number, edition = 0): Row[] =>
  Array.from({ length: to - from }, (_, i) => permit(from + i, edition));

/** Writes rows as NDJSON. */
export function rowsFile(rows: readonly Row[], dir = temporaryFolder()): string {
  const file = join(dir, "rows.ndjson");
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
}

export async function ingestOptions(
  vault: LmdbVault,
  rows: readonly Row[] | string,
  more: Partial<IngestOptions> & { mode?: Mode } = {},
): Promise<IngestOptions> {
  const { mode = "root", ...options } = more;
  return {
    vault,
    target: {
      registry: { chainId: CHAIN_ID, address: REGISTRY },
      agencyId: AGENCY_ID,
      typeId: TYPE_ID,
      type,
      mode,
    },
    agencyKey,
    agencyCode: AGENCY_CODE,
    source: { system: "berths", collector: "test 1" },
    file: typeof rows === "string" ? rows : rowsFile(rows),
    rejectedFile: join(temporaryFolder(), "rejected.ndjson"),
    hashes: await loadFastHashes(),
    ...options,
  };
}

/** Ingests everything. */
export async function plan(
  vault: LmdbVault,
  rows: readonly Row[] | string,
  more: Parameters<typeof ingestOptions>[2] = {},
): Promise<{ plans: Plan[]; counts: IngestCounts; result: IngestResult }> {
  const run = ingest(await ingestOptions(vault, rows, more));
  const plans: Plan[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done === true) return { plans, counts: next.value.counts, result: next.value };
    plans.push(next.value);
  }
}

/** Every file below a folder, with its bytes. */
export function allFiles(dir: string): { name: string; mode: number; bytes: Buffer }[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((name) => ({ name, mode: statSync(name).mode & 0o777, bytes: readFileSync(name) }));
}
