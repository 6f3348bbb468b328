import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { AuditReport } from "../audit";
import { CreditAnchorError } from "../errors";
import { REPORT_FILES, reportFiles } from "../report";
import { expectWritable, writeOwnFile } from "./files";
import type { Io } from "./output";
import { packageVersion } from "./version";

/**
 * Before the work: whether the report can go there.
 * @throws {CreditAnchorError} `file.…` when `dir` is a file, or holds something else under a name of the report.
 */
export function expectReportFolder(dir: string): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new CreditAnchorError("file.exists", `${dir} is a file, and a folder is needed`, {
      hint: "name another folder with --report",
    });
  for (const name of Object.values(REPORT_FILES)) expectWritable(join(dir, name));
}

/** Writes the report into a folder, which is made if there is none. An earlier report there is replaced. */
export function writeReport(dir: string, report: AuditReport, io: Io): void {
  expectReportFolder(dir);
  const replaced = Object.values(REPORT_FILES).some((name) => existsSync(join(dir, name)));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const { name, content } of reportFiles(report, packageVersion()))
    writeOwnFile(join(dir, name), content);
  io.note(
    `report in ${dir}: ${Object.values(REPORT_FILES).join(", ")}${replaced ? "; the earlier one was replaced" : ""}`,
  );
}
