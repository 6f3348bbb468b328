import { CreditAnchorError, type Fault } from "../errors";
import { isObject } from "../json";
import { type Calendar, makeCalendar } from "./calendar";
import { HOLIDAYS_FORMAT, type HolidayTable, loadHolidays } from "./holidays";
import { loadPolicy, type Policy, policyRef } from "./policy";
import { shippedHolidays, shippedPolicies } from "./shipped";

/** Its rules hold whoever decides, after those of the other authorities. */
export const NATIONAL = "national";
/** Whose rules hold unless the agency says otherwise. */
export const DEFAULT_AUTHORITIES: readonly string[] = ["ndrc"];

/** A policy or holiday file of the user's own. */
export interface OwnFile {
  /** For messages. */
  readonly name: string;
  /** What {@link parseJson} made of it. */
  readonly document: unknown;
}

/** The policies and the calendar that an agency's records are judged under. */
export interface PolicySet {
  /** Whose rules hold: of two authorities that have a rule on the same matter, the first. `national` comes last. */
  readonly authorities: readonly string[];
  /** The user's own before the shipped ones. */
  readonly policies: readonly Policy[];
  readonly calendar: Calendar;
}

let shipped: { readonly policies: readonly Policy[]; readonly holidays: readonly HolidayTable[] } | undefined;

/**
 * The shipped policies and holiday tables with the user's own files: policies and years to add, and policies that
 * replace a shipped one of the same id by a version of their own.
 *
 * @throws `policy.invalid`, `holidays.invalid`, `policy.version-twice`, `policy.authority-unknown`
 */
export function loadPolicySet(
  options: { readonly authorities?: readonly string[]; readonly files?: readonly OwnFile[] } = {},
): PolicySet {
  shipped ??= {
    // Of several versions the highest comes first.
    policies: shippedPolicies.map((document) => loadPolicy(document)).sort((a, b) => b.version - a.version),
    holidays: shippedHolidays.map(loadHolidays),
  };
  const policies = [...shipped.policies];
  const ownHolidays: HolidayTable[] = [];
  for (const { name, document } of options.files ?? [])
    inFile(name, () => {
      if (isObject(document) && document["format"] === HOLIDAYS_FORMAT) {
        ownHolidays.push(loadHolidays(document));
        return;
      }
      const policy = loadPolicy(document, (ref) => policies.find((other) => policyRef(other) === ref));
      if (policies.some((other) => policyRef(other) === policyRef(policy)))
        throw new CreditAnchorError("policy.version-twice", `there is a ${policyRef(policy)} already`, {
          hint: "records remember the version they were judged under: give a changed policy a version of its own",
        });
      policies.unshift(policy);
    });
  const authorities = options.authorities ?? DEFAULT_AUTHORITIES;
  for (const authority of authorities)
    if (!policies.some((policy) => policy.authority === authority))
      throw new CreditAnchorError("policy.authority-unknown", "no policy is of one of the authorities", {
        hint: `known authorities: ${[...new Set(policies.map((policy) => policy.authority))].join(", ")}`,
      });
  // A shipped year can be replaced: notices have been changed within their year.
  const others = shipped.holidays.filter(({ year }) => !ownHolidays.some((own) => own.year === year));
  return {
    authorities: [...authorities.filter((name) => name !== NATIONAL), NATIONAL],
    policies,
    calendar: makeCalendar([...others, ...ownHolidays]),
  };
}

function inFile(name: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof CreditAnchorError)) throw error;
    throw new CreditAnchorError(error.code, `${name}: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      faults: error.faults.map((fault): Fault => ({ ...fault, path: `${name}${fault.path}` })),
    });
  }
}

/**
 * The policies of one authority in force on a date. Of one id the user's own version, else the highest one.
 * Empty: none was in force, or none is known.
 */
export function policiesOn(set: PolicySet, authority: string, date: string): Policy[] {
  const found = new Map<string, Policy>();
  for (const policy of set.policies) {
    const { effectiveFrom, effectiveUntil } = policy;
    if (policy.authority !== authority) continue;
    if (effectiveFrom !== undefined && date < effectiveFrom) continue;
    if (effectiveUntil !== undefined && date > effectiveUntil) continue;
    if (!found.has(policy.id)) found.set(policy.id, policy);
  }
  return [...found.values()];
}

/** A policy by what a record remembers of it. @throws `policy.version-missing` */
export function policyByRef(set: PolicySet, ref: string): Policy {
  const found = set.policies.find((policy) => policyRef(policy) === ref);
  if (found !== undefined) return found;
  throw new CreditAnchorError("policy.version-missing", `the policy ${ref} is not known here`, {
    hint: "records were judged under it: add the file of that version to your own policy files again",
  });
}
