/**
 * What the chapters of the demo share.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Evidence } from "../../src/receipt";
import type { DemoCases } from "../support/demo-case";
import type { DemoFiles } from "../support/demo-files";
import type { Sandbox } from "../support/sandbox";
import type { Environment, Story } from "../support/story";

export interface Demo {
  readonly story: Story;
  /** Where its commands run. */
  readonly folder: string;
  readonly sandbox: Sandbox;
  readonly files: DemoFiles;
  readonly cases: DemoCases;
}

/** What `anchor` says that is worth a line. */
export const anchored = /^(nothing new|(new records|new versions|unchanged|superseded|rejected|gas) +[1-9])/;
/** What `verify` says: only its conclusion. */
export const verdict = /^ {2}(✗|GENUINE|NOT GENUINE|UNDECIDED)/;
/** What `verify` says: by whom, when, in force. */
export const status = /^ {2}(✓ (anchor|issuer|status)|✗|– issuer|GENUINE|NOT GENUINE|UNDECIDED)/;
/** What is worth more than a line of itself. */
export const everything = /\S/;

export const inHome = (name: string): string[] => ["--home", `homes/${name}`];
/** Whoever it is that wants to know: a court. */
export const asAnybody = inHome("court");
export const asRegulator = inHome("market-regulator");

export function readEvidenceFile(folder: string, file: string): Evidence {
  return JSON.parse(readFileSync(join(folder, file), "utf8")) as Evidence;
}

/** Signs with the key of a file in place of the home's. */
export function signingWith(keyFile: string): Environment {
  return { CREDIT_ANCHOR_PRIVATE_KEY: readFileSync(keyFile, "utf8").trim() };
}
