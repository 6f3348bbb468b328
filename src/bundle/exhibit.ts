import { readEvidence, type Evidence } from "../evidence";
import { portableHashes, type Hashes } from "../hashes";
import { verify } from "../verify";
import type { Verdict } from "../verdict";
import { BUNDLE_FORMAT, readBundle, type Bundle } from "./file";
import { verifyBundle, type BundleVerdict, type VerifyBundleRequest } from "./verify";

/** A file that is to be verified: a receipt, a presentation, a bundle, or what claims to be one. */
export interface Exhibit {
  readonly text: string;
  readonly isBundle: boolean;
  /** Undefined: it is none, or not readable as one. */
  readonly bundle: Bundle | undefined;
  /** Of the record; undefined: not readable. */
  readonly evidence: Evidence | undefined;
}

/** Finds out which of them a text is. Never throws. */
export function readExhibit(text: string): Exhibit {
  const { evidence } = readEvidence(text);
  // Receipts come by the ten thousand: only what is none is looked at again.
  if (evidence !== undefined || !text.includes(BUNDLE_FORMAT))
    return { text, isBundle: false, bundle: undefined, evidence };
  const { bundle, faults } = readBundle(text);
  const isBundle = !faults.some(({ code }) => code === "bundle.not-bundle");
  return { text, isBundle, bundle, evidence: bundle?.evidence };
}

/** Verifies it as what it is: {@link verify}, {@link verifyBundle}. What was read without a fault is not read again. */
export function verifyExhibit(
  { text, isBundle, bundle, evidence }: Exhibit,
  request: Omit<VerifyBundleRequest, "bundle">,
  hashes: Hashes = portableHashes,
): Verdict | BundleVerdict {
  return isBundle
    ? verifyBundle({ ...request, bundle: bundle ?? text }, hashes)
    : verify({ ...request, evidence: evidence ?? text }, hashes);
}
