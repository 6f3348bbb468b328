import {
  authorityWarning,
  checkDate,
  checkDivision,
  checkOrganisationCode,
  checkResidentId,
  checkUscc,
  divisionWarning,
  type IdentifierFault,
} from "./identifiers";

/** Checks that a type document can ask for by name, on text fields. */
const CHECKS = {
  uscc: checkUscc,
  "organisation-code": checkOrganisationCode,
  "resident-id": checkResidentId,
  date: checkDate,
  division: checkDivision,
} as const;

export type CheckName = keyof typeof CHECKS;
export const CHECK_NAMES = Object.keys(CHECKS) as readonly CheckName[];

/** What is wrong with a text under a named check. */
export function checkNamed(name: CheckName, value: string): IdentifierFault | undefined {
  return CHECKS[name](value);
}

/** What is doubtful about a text that passed its check. */
export function warnNamed(name: CheckName, value: string): IdentifierFault | undefined {
  switch (name) {
    case "uscc":
      return authorityWarning(value) ?? divisionWarning(value.slice(2, 8));
    case "resident-id":
      if (value.length === 15) {
        return {
          code: "resident-id.old",
          message: "a resident ID of the form withdrawn in 2013, without a check digit",
        };
      }
      return divisionWarning(value.slice(0, 6));
    case "division":
      return divisionWarning(value);
    case "organisation-code":
    case "date":
      return undefined;
  }
}
