import { organisationCheckCharacter, usccCheckCharacter } from "../types/identifiers";

/**
 * Organisation codes of samples begin with XN (虚拟, virtual), a series that is not issued: every check digit is right,
 * and no organisation has the code.
 */
const SERIES = "XN";

/** An invented unified social credit code: `kind` is authority and category, like 91 for an enterprise. */
export function sampleUscc(kind: string, division: string, number: number): string {
  const body = SERIES + String(number).padStart(6, "0");
  const start = kind + division + body + organisationCheckCharacter(body);
  return start + usccCheckCharacter(start);
}

/** An invented organisation code. */
export function sampleOrganisationCode(number: number): string {
  const body = SERIES + String(number).padStart(6, "0");
  return body + organisationCheckCharacter(body);
}

/** Code of the invented agency number `n`, from 0 to 9999: a government organ registered centrally. */
export function sampleAgencyCode(n: number): string {
  return sampleUscc("11", "100000", 990_000 + n);
}

/** An agency that does not exist. */
export interface SampleAgency {
  /** Of its home folder in the sandbox. */
  readonly name: string;
  readonly code: string;
  readonly title: string;
  /** Whose rules it is judged by (docs/policies.md); the NDRC's if it says nothing. */
  readonly authorities?: readonly string[];
}

/** The agencies of sandbox and demo. */
export const sampleAgencies: readonly SampleAgency[] = [
  { name: "ndrc", code: sampleAgencyCode(0), title: "示例发展改革委（虚构）" },
  {
    name: "market-regulator",
    code: sampleAgencyCode(1),
    title: "示例市市场监督管理局（虚构）",
    authorities: ["samr", "ndrc", "shanghai"],
  },
  { name: "tax", code: sampleAgencyCode(2), title: "示例市税务局（虚构）" },
  { name: "court", code: sampleAgencyCode(3), title: "示例市中级人民法院（虚构）" },
];

/** The two examples that GB 11643-1999 itself prints: the only resident IDs a sample may hold. */
export const EXAMPLE_RESIDENT_IDS = ["11010519491231002X", "440524188001010014"] as const;
