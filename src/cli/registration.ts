/**
 * The file by which an agency asks to be admitted: public values only.
 */
import { CreditAnchorError, type Fault } from "../errors";
import { readText } from "./files";

export interface Registration {
  readonly format: "credit-anchor/registration";
  readonly formatVersion: 1;
  /** Public code of the agency, in China its USCC. */
  readonly code: string;
  /** Manages the agency's operators. */
  readonly administrator: string;
  /** `H(0x05 ‖ agency key)`. */
  readonly keyCommitment: string;
  /** The registry it is meant for, if the agency knew it. */
  readonly registry?: { readonly chainId: number; readonly address: string };
}

export function registrationText(registration: Registration): string {
  return `${JSON.stringify(registration, null, 2)}\n`;
}

const shapes: readonly (readonly [name: string, holds: (value: unknown) => boolean, expected: string])[] = [
  ["format", (value) => value === "credit-anchor/registration", 'must be "credit-anchor/registration"'],
  ["formatVersion", (value) => value === 1, "must be 1"],
  ["code", matches(/^[\x21-\x7e]{1,31}$/), "must be 1 to 31 printable ASCII characters"],
  ["administrator", matches(/^0x[0-9a-fA-F]{40}$/), "must be an address"],
  ["keyCommitment", matches(/^0x[0-9a-f]{64}$/), "must be 32 bytes in lower-case hex"],
];

function matches(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === "string" && pattern.test(value);
}

/** @throws {CreditAnchorError} `file.…`, `registration.invalid` with every fault. */
export function readRegistration(file: string): Registration {
  const text = readText(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CreditAnchorError("registration.invalid", `${file} is not JSON`);
  }
  const fields = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const faults: Fault[] = [];
  for (const [name, holds, message] of shapes)
    if (!holds(fields[name]))
      faults.push({ path: `/${name}`, code: name in fields ? "member.invalid" : "member.missing", message });
  const { registry } = fields;
  if (registry !== undefined) {
    const { chainId, address } = (registry ?? {}) as Record<string, unknown>;
    if (!Number.isSafeInteger(chainId) || !matches(/^0x[0-9a-fA-F]{40}$/)(address))
      faults.push({
        path: "/registry",
        code: "member.invalid",
        message: "must have a chain id and an address",
      });
  }
  if (faults.length > 0)
    throw new CreditAnchorError("registration.invalid", `${file} is no registration request`, {
      faults,
      hint: "credit-anchor init writes one into the agency's home: registration.json",
    });
  return { ...(value as Registration), administrator: (fields.administrator as string).toLowerCase() };
}
