/**
 * What an agency brings to an audit besides its vault: leaves files, and the file its records came from.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { compareLeaves } from "../audit/leaves";
import type { Audit, AuditReport, Reconciliation } from "../audit";
import { CreditAnchorError } from "../errors";
import type { Hashes } from "../hashes";
import type { Home } from "../home";
import { rejectedRows } from "../ingest/rejected-rows";
import { openInput, rowReader } from "../input";
import { reconcile } from "../reconcile";
import type { VaultReader } from "../vault/vault";
import { nameType } from "./known-types";
import { usage } from "./options";
import { count, counted } from "../counted";
import { type Io } from "./output";

/** Compares every `.leaves` file of the folders, one at a time. @throws {CreditAnchorError} `file.…` */
export function leavesOfFolders(folders: readonly string[]): (audit: Audit) => void {
  const each = folders.map(leavesOfFolder);
  return (audit) => each.forEach((compare) => compare(audit));
}

function leavesOfFolder(folder: string): (audit: Audit) => void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CreditAnchorError("file.not-folder", `${folder} is no folder`, {
      hint: "an agency makes one with: credit-anchor leaves export --out leaves",
    });
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".leaves"))
    .sort();
  if (names.length === 0)
    throw new CreditAnchorError("file.none", `${folder} holds no .leaves file`, {
      hint: "an agency makes them with: credit-anchor leaves export --out leaves",
    });
  return (audit) => {
    for (const name of names) compareLeaves(audit, name, new Uint8Array(readFileSync(join(folder, name))));
  };
}

interface SourceRequest {
  readonly file: string;
  readonly typeName: string | undefined;
  readonly home: Home | undefined;
  readonly vault: VaultReader | undefined;
  readonly hashes: Hashes;
  readonly io: Io;
}

/** Compares a file of the agency's source; what is wrong goes to a file of the home, by row number. */
export async function sourceOf(request: SourceRequest): Promise<(audit: Audit) => Promise<void>> {
  const { file, typeName, home, vault, hashes, io } = request;
  if (typeName === undefined) throw usage("--source needs --type", "name the record type: --type cn.penalty");
  if (home?.settings.agency === undefined || vault === undefined)
    throw usage(
      "--source needs the home folder of the agency, with its vault",
      "give --home DIR or --vault DIR",
    );
  const type = nameType(typeName, home);
  const agencyKey = await home.agencyKey();
  const { code } = home.settings.agency;
  return async (audit) => {
    const input = await openInput(file);
    const faults = rejectedRows(home.rejectedFile(file));
    const progress = io.progress();
    try {
      const reader = rowReader(type, input.header, { issuerCode: code });
      await reconcile(audit, {
        ...{ file: basename(file), input, reader, type, vault, agencyKey, agencyCode: code, hashes },
        tell: (row) => faults.add([row]),
        onProgress: (rows) => progress.update(() => `audit: ${counted(rows, "row")} of the source`),
      });
    } finally {
      progress.end();
      faults.close();
      await input.close();
    }
    const told = faults.file();
    if (told !== undefined) io.note(`rows of the source that differ: ${told}`);
  };
}

/** What the comparison with the source came to, for people. */
export function sourceLines({ reconciliations }: AuditReport): string[] {
  return reconciliations.map(({ type, rows, same, faults }: Reconciliation) => {
    const wrong = Object.entries(faults).filter(([, number]) => number > 0);
    return `source     ${type}: ${counted(rows, "row")}, ${count(same)} as anchored${wrong
      .map(([kind, number]) => `, ${count(number)} ${kind}`)
      .join("")}`;
  });
}
