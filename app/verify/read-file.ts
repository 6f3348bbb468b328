import { BUNDLE_FORMAT, readExhibit, type Exhibit } from "../../src/bundle";
import { CHECKPOINT_FORMAT } from "../../src/checkpoint";
import { isObject } from "../../src/deploy/record-fields";
import { PRESENTATION_FORMAT, RECEIPT_FORMAT } from "../../src/evidence";
import { CreditAnchorError } from "../../src/errors";
import { parseJson } from "../../src/json";
import { SIGNED_REPORT_FORMAT } from "../../src/sign-off";
import { loadType, type RecordType } from "../../src/types/record-type";

/** A receipt of 255 fields with its type document inside stays far below; so does a bundle with many signed reports. */
export const LARGEST_FILE = 16 * 2 ** 20;

/** What a file turned out to be. */
export type Opened =
  /** A receipt, presentation or bundle, or what claims to be one. */
  | ({ readonly kind: "exhibit" } & Exhibit)
  | { readonly kind: "deployment"; readonly record: unknown }
  | { readonly kind: "type"; readonly type: RecordType }
  /** Nothing that can be checked here. */
  | { readonly kind: "other"; readonly problem: Problem; readonly detail?: string };

export type Problem =
  | "empty"
  | "too-large"
  | "unreadable"
  | "picture"
  | "pdf"
  | "archive"
  | "not-text"
  | "not-json"
  | "broken-json"
  | "other-json"
  | "other-format"
  | "checkpoint"
  | "signed-report"
  | "authority-record"
  | "broken-type";

/** First bytes of files that people take for a receipt: its scan, its print, its envelope. */
const SIGNATURES: readonly (readonly [Problem, readonly number[]])[] = [
  ["picture", [0x89, 0x50, 0x4e, 0x47]],
  ["picture", [0xff, 0xd8, 0xff]],
  ["picture", [0x47, 0x49, 0x46, 0x38]],
  ["picture", [0x52, 0x49, 0x46, 0x46]],
  ["pdf", [0x25, 0x50, 0x44, 0x46]],
  ["archive", [0x50, 0x4b, 0x03, 0x04]],
  ["archive", [0x1f, 0x8b]],
];

/** Finds out what a file is. Never throws; nothing of the file is sent anywhere. */
export async function openFile(file: Blob): Promise<Opened> {
  if (file.size === 0) return { kind: "other", problem: "empty" };
  if (file.size > LARGEST_FILE) return { kind: "other", problem: "too-large" };
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    return { kind: "other", problem: "unreadable" };
  }
  return openBytes(bytes);
}

/** The same for what was read. */
export function openBytes(bytes: Uint8Array): Opened {
  const signature = SIGNATURES.find(([, first]) => first.every((byte, i) => bytes[i] === byte));
  if (signature !== undefined) return { kind: "other", problem: signature[0] };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { kind: "other", problem: "not-text" };
  }
  if (text.trim() === "") return { kind: "other", problem: "empty" };
  return openText(text);
}

function openText(text: string): Opened {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "other", problem: /^\s*[{[]/.test(text) ? "broken-json" : "not-json" };
  }
  if (!isObject(value)) return { kind: "other", problem: "other-json" };
  const { format } = value;
  if (format === RECEIPT_FORMAT || format === PRESENTATION_FORMAT || format === BUNDLE_FORMAT)
    return { kind: "exhibit", ...readExhibit(text) };
  if (format === "credit-anchor/deployment")
    return value["contract"] === "RegistryAuthority"
      ? { kind: "other", problem: "authority-record" }
      : { kind: "deployment", record: value };
  if (format === CHECKPOINT_FORMAT) return { kind: "other", problem: "checkpoint" };
  if (format === SIGNED_REPORT_FORMAT) return { kind: "other", problem: "signed-report" };
  if (typeof format === "string" && format.startsWith("credit-anchor/"))
    return { kind: "other", problem: "other-format", detail: format.slice(0, 60) };
  if (isObject(value["properties"]) && "x-credit-anchor" in value) return openType(text);
  return { kind: "other", problem: "other-json" };
}

function openType(text: string): Opened {
  try {
    return { kind: "type", type: loadType(parseJson(text)) };
  } catch (error) {
    const detail = error instanceof CreditAnchorError ? error.faults[0] : undefined;
    return {
      kind: "other",
      problem: "broken-type",
      ...(detail === undefined ? {} : { detail: `${detail.path} ${detail.message}` }),
    };
  }
}
