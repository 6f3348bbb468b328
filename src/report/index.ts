/** The report of an audit as files: for machines, and for people in two languages. Pure: made from the report alone. */
import type { AuditReport } from "../audit";
import { toHex, utf8 } from "../bytes";
import { portableHashes } from "../hashes";
import { reportJson } from "./json";
import { page } from "./page";
import { english } from "./words";
import { chinese } from "./words-chinese";

export { reportJson } from "./json";
export { PAGE_START } from "./page";

export const REPORT_FILES = { json: "report.json", zh: "report.zh.html", en: "report.en.html" } as const;

/** A file of a report. */
export interface ReportFile {
  readonly name: (typeof REPORT_FILES)[keyof typeof REPORT_FILES];
  readonly content: string;
}

/** SHA-256 of {@link reportJson}, in hex without `0x`: what `sha256sum report.json` prints. */
export function fileHash(json: string): string {
  return toHex(portableHashes.sha256(utf8(json))).slice(2);
}

/** @param version of this program */
export function reportFiles(report: AuditReport, version: string): ReportFile[] {
  const json = reportJson(report);
  const hash = fileHash(json);
  return [
    { name: REPORT_FILES.json, content: json },
    { name: REPORT_FILES.zh, content: page(report, { hash, version, other: REPORT_FILES.en }, chinese) },
    { name: REPORT_FILES.en, content: page(report, { hash, version, other: REPORT_FILES.zh }, english) },
  ];
}
