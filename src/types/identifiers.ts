/**
 * Chinese public identifiers: what is well formed, as the standards say.
 *
 * A right check digit proves that a code is well formed, never that it belongs to the named subject. Every function
 * here takes the canonical form (ASCII, upper case, no spaces); {@link codeForm} makes it.
 */

/** The 31 symbols of a unified social credit code; a symbol's value is its index. GB 32100-2015, table 2. */
export const USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const USCC_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const USCC_SHAPE = /^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$/;

const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];
const ORGANISATION_SHAPE = /^[0-9A-Z]{8}[0-9X]$/;

const RESIDENT_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const RESIDENT_CHECKS = "10X98765432";
const RESIDENT_SHAPE = /^[0-9]{17}[0-9X]$/;
const RESIDENT_SHAPE_15 = /^[0-9]{15}$/;

/** Registering authorities (first character), GB 32100-2015 table 1 and its amendments. */
const USCC_AUTHORITIES = "123456789ANY";

/** Value of each symbol by character code, -1 for what is not a symbol: faster than indexOf in the hot path. */
const USCC_VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < USCC_ALPHABET.length; i++) USCC_VALUES[USCC_ALPHABET.charCodeAt(i)] = i;

/** What is wrong with an identifier: a stable code and words that do not quote it. */
export interface IdentifierFault {
  readonly code: string;
  readonly message: string;
}

/** Check character of the first 17 characters of a USCC: `(31 - Σ value·3^(i-1) mod 31) mod 31`, GB 32100-2015. */
export function usccCheckCharacter(body: string): string {
  let sum = 0;
  for (let i = 0; i < 17; i++) sum += (USCC_VALUES[body.charCodeAt(i)] ?? -1) * (USCC_WEIGHTS[i] as number);
  return USCC_ALPHABET[(31 - (sum % 31)) % 31] as string;
}

/** Check character of the first 8 characters of an organisation code: `11 - Σ mod 11`, 10 is X, 11 is 0, GB 11714-1997. */
export function organisationCheckCharacter(body: string): string {
  let sum = 0;
  for (let i = 0; i < 8; i++) {
    const code = body.charCodeAt(i);
    sum += (code <= 57 ? code - 48 : code - 55) * (ORGANISATION_WEIGHTS[i] as number);
  }
  const check = 11 - (sum % 11);
  return check === 10 ? "X" : check === 11 ? "0" : String(check);
}

/** Check character of the first 17 digits of a resident ID, GB 11643-1999 (ISO 7064 MOD 11-2). */
export function residentCheckCharacter(body: string): string {
  let sum = 0;
  for (let i = 0; i < 17; i++) sum += (body.charCodeAt(i) - 48) * (RESIDENT_WEIGHTS[i] as number);
  return RESIDENT_CHECKS[sum % 11] as string;
}

/**
 * Unified social credit code 统一社会信用代码, GB 32100-2015: alphabet, both check characters (its own, and that of
 * the organisation code at positions 9-17). Unknown divisions are not a fault: see {@link divisionWarning}.
 */
export function checkUscc(text: string): IdentifierFault | undefined {
  if (text.length !== 18) return { code: "uscc.length", message: "a USCC has 18 characters" };
  if (!USCC_SHAPE.test(text)) {
    return {
      code: "uscc.alphabet",
      message: "a USCC is made of digits and of capital letters except I, O, S, V, Z, with digits at 3 to 8",
    };
  }
  if (usccCheckCharacter(text) !== text[17]) {
    return {
      code: "uscc.check",
      message: "the last character of the USCC is not the check character of the others",
    };
  }
  if (organisationCheckCharacter(text.slice(8, 16)) !== text[16]) {
    return {
      code: "uscc.organisation-check",
      message:
        "the organisation code inside the USCC (9 to 17) has a wrong check character: probably mistyped",
    };
  }
  return undefined;
}

/** Organisation code 组织机构代码, GB 11714-1997: nine characters, the last a check character. A hyphen is dropped by {@link codeForm}. */
export function checkOrganisationCode(text: string): IdentifierFault | undefined {
  if (!ORGANISATION_SHAPE.test(text)) {
    return {
      code: "organisation-code.shape",
      message: "an organisation code has 8 digits or capital letters and a check character",
    };
  }
  if (organisationCheckCharacter(text) !== text[8]) {
    return {
      code: "organisation-code.check",
      message: "the check character of the organisation code is wrong",
    };
  }
  return undefined;
}

/**
 * Resident identity number 公民身份号码, GB 11643-1999: 18 characters with a real birth date and the check character, or
 * the older 15 digits (birth year 19xx, no check character).
 */
export function checkResidentId(text: string): IdentifierFault | undefined {
  if (text.length === 15) {
    if (!RESIDENT_SHAPE_15.test(text)) return { code: "resident-id.shape", message: "not 15 digits" };
    return isCalendarDate(
      1900 + Number(text.slice(6, 8)),
      Number(text.slice(8, 10)),
      Number(text.slice(10, 12)),
    )
      ? undefined
      : { code: "resident-id.date", message: "the birth date inside does not exist" };
  }
  if (!RESIDENT_SHAPE.test(text)) {
    return { code: "resident-id.shape", message: "a resident ID has 17 digits and a check character" };
  }
  const [year, month, day] = [
    Number(text.slice(6, 10)),
    Number(text.slice(10, 12)),
    Number(text.slice(12, 14)),
  ];
  if (year < 1800 || !isCalendarDate(year, month, day)) {
    return { code: "resident-id.date", message: "the birth date inside does not exist" };
  }
  if (residentCheckCharacter(text) !== text[17]) {
    return { code: "resident-id.check", message: "the check character of the resident ID is wrong" };
  }
  return undefined;
}

/** Whether a day exists in the Gregorian calendar. */
export function isCalendarDate(year: number, month: number, day: number): boolean {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
  if (day <= 28) return true;
  if (month === 2) return day === 29 && ((year % 4 === 0 && year % 100 !== 0) || year % 400 === 0);
  return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
}

/** `YYYY-MM-DD`, and the day exists. The only form of a date inside a record. */
export function checkDate(text: string): IdentifierFault | undefined {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) {
    return { code: "date.form", message: "a date is written YYYY-MM-DD" };
  }
  return isCalendarDate(Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10)))
    ? undefined
    : { code: "date.impossible", message: "this day does not exist in the calendar" };
}

/** Six digits. Whether the division exists is only a warning: codes are retired and reused over time. */
export function checkDivision(text: string): IdentifierFault | undefined {
  return /^[0-9]{6}$/.test(text)
    ? undefined
    : { code: "division.shape", message: "a division code of GB/T 2260 has six digits" };
}

/**
 * First two digits of the divisions of GB/T 2260, by province; 10 stands for bodies registered centrally (100000). The
 * whole table is not shipped on purpose: it changes every year, and valid codes name development zones and retired
 * counties that no one table has.
 */
const PROVINCES = new Set(
  (
    "10 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 " +
    // Residence permits of Hong Kong, Macao and Taiwan residents.
    "83"
  ).split(" "),
);

/** A warning when the first character of a USCC names no registering authority known today: more may be added. */
export function authorityWarning(uscc: string): IdentifierFault | undefined {
  return USCC_AUTHORITIES.includes(uscc[0] as string)
    ? undefined
    : {
        code: "uscc.authority",
        message: "the first character names no registering authority known to this program",
      };
}

/** A warning when the province of a division is unknown; `undefined` when it is known. Never a reason to reject. */
export function divisionWarning(division: string): IdentifierFault | undefined {
  return PROVINCES.has(division.slice(0, 2))
    ? undefined
    : { code: "division.unknown", message: "the first two digits of the division code name no province" };
}

/**
 * Canonical form of a code on its way in: full-width letters and digits to ASCII, spaces and hyphens dropped, upper
 * case. A code that is already canonical comes back unchanged.
 */
export function codeForm(text: string): string {
  if (/^[0-9A-Z]*$/.test(text)) return text;
  return halfWidth(text)
    .replace(/[\s\u200b\ufeff-]/g, "")
    .toUpperCase();
}

/** U+FF01..FF5E to ASCII and the ideographic space to a space. */
export function halfWidth(text: string): string {
  return text.replace(/[\uff01-\uff5e\u3000]/g, (c) =>
    c === "\u3000" ? " " : String.fromCharCode(c.charCodeAt(0) - 0xfee0),
  );
}
