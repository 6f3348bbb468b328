import { CreditAnchorError } from "./errors";

/**
 * Reason codes of format 1: why something happened to a record or an agency. The registry stores any number up to
 * 65,535; these have a meaning, the others are the agency's own. A code is never given another meaning.
 */
export const reasons = {
  0: { name: "none", text: "no reason given" },
  1: { name: "correction", text: "the record did not say what the decision says" },
  2: { name: "amendment", text: "a later decision changed this one" },
  10: { name: "decision-revoked", text: "the decision was revoked" },
  11: { name: "decision-unlawful", text: "the decision was found unlawful" },
  12: { name: "decision-void", text: "the decision is void" },
  13: { name: "wrong-party", text: "the record was about somebody else" },
  14: { name: "no-basis", text: "the record should not have been collected or published" },
  15: { name: "duplicate", text: "the same decision is recorded elsewhere" },
  20: { name: "repair-granted", text: "credit repair was granted" },
  21: { name: "repair-ineffective", text: "credit repair was revoked: its conditions were not met" },
  30: { name: "objection", text: "somebody objects to the record" },
  31: { name: "objection-settled", text: "the objection was decided" },
  32: { name: "review-or-litigation", text: "administrative review or litigation is under way" },
  33: { name: "review-ended", text: "administrative review or litigation has ended" },
  34: { name: "court-order", text: "a court ordered it" },
  35: { name: "objection-kept", text: "the objection was decided: the record is right and stays" },
  36: {
    name: "objection-corrected",
    text: "the objection was decided: the record was wrong and is corrected",
  },
  37: { name: "objection-supplemented", text: "the objection was decided: what was missing is supplemented" },
  38: { name: "objection-withdrawn", text: "the objection was decided: the record is withdrawn" },
  39: {
    name: "objection-unestablished",
    text: "the objection was decided: it cannot be established who is right, a note is kept",
  },
  40: { name: "retention-ended", text: "the time for which it may be kept is over" },
  41: { name: "deletion-duty", text: "the law demands deletion" },
  50: { name: "key-compromised", text: "somebody else may hold a key" },
  51: { name: "rule-broken", text: "rules of the registry were not followed" },
  52: { name: "reorganised", text: "the body was merged, split or dissolved" },
  53: { name: "settled", text: "what led to it is settled" },
} as const;

const byCode: Readonly<Record<number, { readonly name: string; readonly text: string }>> = reasons;

/** Reasons with which the limit for a withdrawal begins: the decision is gone. */
export const QUASHED: readonly number[] = [10, 11, 12];

const LARGEST = 65_535;
const LONGEST_NAME = 40;

/** Name of a known reason; null for a code of an agency's own. */
export function reasonName(code: number): string | null {
  return byCode[code]?.name ?? null;
}

/** A reason code in words: `13 wrong-party: the record was about somebody else`. */
export function reasonText(code: number): string {
  const known = byCode[code];
  return known === undefined
    ? `${code} (a code of the agency's own)`
    : `${code} ${known.name}: ${known.text}`;
}

/**
 * `--reason` as a user writes it: a number, or the name of a known one.
 * @throws {CreditAnchorError} `reason.unknown` listing the names.
 */
export function parseReason(word: string): number {
  if (/^(0|[1-9][0-9]{0,4})$/.test(word) && Number(word) <= LARGEST) return Number(word);
  const found = Object.entries(byCode).find(([, { name }]) => name === word);
  if (found !== undefined) return Number(found[0]);
  const names = Object.entries(byCode).map(([code, { name }]) => `${code} ${name}`);
  const given = JSON.stringify(word.slice(0, LONGEST_NAME));
  const message = `--reason takes a number from 0 to 65535 or a known name, not ${given}`;
  throw new CreditAnchorError("reason.unknown", message, { hint: `known reasons: ${names.join(", ")}` });
}
