/**
 * `anchor --dry-run`: reads the file and compares it with the vault. Writes nothing but the file of rejected rows.
 */
import { equalBytes } from "../bytes";
import { canonical } from "../canonical";
import { recordKey } from "../commitment";
import { ExitStatus, type Fault } from "../errors";
import { loadFastHashes } from "../fast-hashes";
import type { Home } from "../home";
import { rejectedRows } from "../ingest/rejected-rows";
import { recordEnded } from "../ingest/seal-rows";
import { openInput, rowReader, type InputOptions } from "../input";
import { throwIfCancelled } from "../rpc";
import type { RecordType } from "../types";
import { commonFaults } from "./rejections";
import { count, counted } from "../counted";
import { columns, type Io } from "./output";
import type { Outcome } from "./verb";

export interface DryRun {
  readonly home: Home;
  readonly type: RecordType;
  readonly file: string;
  readonly input: InputOptions;
  readonly io: Io;
  readonly signal: AbortSignal;
  /** As `ingest` takes it. */
  readonly only?: "known" | "new" | undefined;
}

/** Rows are compared with the vault, not with each other: a record that the file has twice counts as it stands. */
export async function dryRun({
  home,
  type,
  file,
  input: options,
  io,
  signal,
  only,
}: DryRun): Promise<Outcome> {
  const agencyKey = await home.agencyKey();
  const { code } = home.settings.agency!;
  const hashes = await loadFastHashes();
  const input = await openInput(file, options);
  const vault = await home.readVault({ decrypt: true });
  const rejected = rejectedRows(home.rejectedFile(file));
  const counts = { read: 0, new: 0, newVersions: 0, unchanged: 0, rejected: 0 };
  const progress = io.progress();
  try {
    const reader = rowReader(type, input.header, { issuerCode: code });
    for (const warning of reader.warnings) io.note(`warning: ${warning.message}`);
    for await (const rows of input.rows()) {
      throwIfCancelled(signal);
      for (const row of rows) {
        counts.read++;
        const reject = (faults: readonly Fault[]): void => {
          counts.rejected++;
          rejected.add([{ row: row.row, faults }]);
        };
        const result = reader.read(row);
        if (!result.ok) {
          reject(result.faults);
          continue;
        }
        const { keyValues, values } = result.record;
        const latest = vault.latest(recordKey(agencyKey, code, type.name, keyValues, hashes));
        if (only !== undefined && (latest === undefined) === (only === "known")) {
          const code = `record.${latest === undefined ? "unknown" : "known"}`;
          const message = latest === undefined ? "is of no record of this home" : "its key is no new one";
          reject([{ path: "", code, message }]);
        } else if (latest === undefined) counts.new++;
        else if (latest.ended) reject([recordEnded]);
        else if (equalBytes(vault.read(latest.plan, latest.index).payload, canonical(values)))
          counts.unchanged++;
        else counts.newVersions++;
      }
      progress.update(() => `${counted(counts.read, "row")} read, ${count(counts.rejected)} rejected`);
    }
  } finally {
    progress.end();
    rejected.close();
    await vault.close();
    await input.close();
  }
  const told = rejected.file();
  return {
    json: {
      dryRun: true,
      ...counts,
      rejectedFile: told ?? null,
      format: input.format,
      encoding: input.encoding,
    },
    text: [
      "dry run: nothing was anchored; a record that the file has twice is counted twice",
      "",
      ...columns([
        ["file", `${input.format}, ${input.encoding}`],
        ["rows read", count(counts.read)],
        ["new records", count(counts.new)],
        ["new versions", count(counts.newVersions)],
        ["unchanged", count(counts.unchanged)],
        [
          "rejected",
          told === undefined ? count(counts.rejected) : `${count(counts.rejected)}, told in ${told}`,
        ],
      ]),
      ...(told === undefined ? [] : commonFaults(told)),
    ],
    exitStatus: counts.rejected === 0 ? ExitStatus.ok : ExitStatus.rowsRejected,
  };
}
