import { isHex, isInteger, pointer } from "./bytes";
import { CreditAnchorError, type Fault } from "./errors";
import { kindOf } from "./file-kinds";
import { isObject, MAX_DEPTH, parseJson, type JsonValue } from "./json";

/** Which shape a document of this project must have: checks that are put together like the document itself. */

export function fault(path: string, code: string, message: string): Fault {
  return { path, code, message };
}

/** Adds to `faults` whatever is wrong with a value. */
export type Shape = (value: JsonValue, path: string, faults: Fault[]) => void;

export const hex =
  (bytes: number): Shape =>
  (value, path, faults) => {
    if (!isHex(value, bytes))
      faults.push(fault(path, "evidence.hex", `must be ${bytes} bytes in lower-case hex with 0x in front`));
  };

/** Bytes in hex, however many. */
export const bytes: Shape = (value, path, faults) => {
  if (typeof value !== "string" || !/^0x([0-9a-f]{2})*$/.test(value))
    faults.push(fault(path, "evidence.hex", "must be bytes in lower-case hex with 0x in front"));
};

/** What a file says of its kind. */
export const exactly =
  (expected: string, code: string): Shape =>
  (value, path, faults) => {
    if (value !== expected) faults.push(fault(path, code, `must be ${expected}`));
  };

/** A switch that is on; left out where it is off. */
export const switchedOn: Shape = (value, path, faults) => {
  if (value !== true) faults.push(fault(path, "evidence.switch", "must be true, or be left out"));
};

export const integer =
  (minimum: number, maximum: number): Shape =>
  (value, path, faults) => {
    if (!isInteger(value, minimum, maximum))
      faults.push(fault(path, "evidence.integer", `must be an integer from ${minimum} to ${maximum}`));
  };

export const text: Shape = (value, path, faults) => {
  if (typeof value !== "string" || value === "") faults.push(fault(path, "evidence.text", "must be text"));
};

export const list =
  (item: Shape, minimum: number, maximum: number): Shape =>
  (value, path, faults) => {
    if (!Array.isArray(value) || value.length < minimum || value.length > maximum)
      faults.push(fault(path, "evidence.list", `must be a list of ${minimum} to ${maximum}`));
    else value.forEach((element: JsonValue, i) => item(element, `${path}/${i}`, faults));
  };

/** An object with exactly these members, the optional ones perhaps. */
export const object = (members: Readonly<Record<string, Shape>>, optional: readonly string[] = []): Shape => {
  const checks = Object.entries(members);
  return (value, path, faults) => {
    if (!isObject(value)) return void faults.push(fault(path, "evidence.object", "must be an object"));
    for (const name of Object.keys(value))
      if (!Object.hasOwn(members, name))
        faults.push(fault(path + pointer([name]), "evidence.unknown-member", "does not belong here"));
    for (const [name, check] of checks) {
      const at = `${path}/${name}`;
      if (Object.hasOwn(value, name)) check(value[name]!, at, faults);
      else if (!optional.includes(name)) faults.push(fault(at, "evidence.missing-member", "is missing"));
    }
  };
};

export const anything: Shape = () => {};

export const document: Shape = (value, path, faults) => {
  if (!isObject(value)) faults.push(fault(path, "evidence.object", "must be an object"));
};

export const UINT32 = 2 ** 32 - 1;
export const UINT53 = Number.MAX_SAFE_INTEGER;

/** A kind of file of this project, of version 1. */
export interface FileKind {
  /** What it says of itself. */
  readonly format: string;
  /** Prefix of the codes of its errors. */
  readonly code: string;
  /** What a file is that is none: `no checkpoint`. */
  readonly otherwise: string;
  /** What to do about one. */
  readonly hint: string;
  readonly maxDepth?: number;
}

/**
 * The JSON of a file, whatever its shape.
 *
 * @param name Of the file, for messages.
 * @throws {CreditAnchorError} `<code>.newer`, `<code>.format`.
 */
export function parseFile(content: string, name: string, kind: FileKind): JsonValue {
  let value: JsonValue;
  try {
    value = parseJson(content, { maxDepth: kind.maxDepth ?? MAX_DEPTH });
  } catch (error) {
    if (!(error instanceof CreditAnchorError)) throw error;
    throw malformedFile(name, kind, [fault("", error.code, error.message)]);
  }
  const format = isObject(value) ? value["format"] : undefined;
  // Of another kind of file every member would be a fault, and none of them says what is wrong.
  if (format !== kind.format) {
    const other = kindOf(format);
    if (other === undefined)
      throw malformedFile(name, kind, [fault("/format", `${kind.code}.format`, `must be ${kind.format}`)]);
    throw new CreditAnchorError(`${kind.code}.format`, `${name} is ${kind.otherwise}: it is ${other.is}`, {
      hint: other.use,
    });
  }
  if (isObject(value) && Number(value["formatVersion"]) > 1)
    throw new CreditAnchorError(
      `${kind.code}.newer`,
      `${name} is of a version that this program does not know`,
      {
        hint: "use the newer program that wrote it",
      },
    );
  return value;
}

/** The error for a file that is none of its kind; the first fault stands in its message. */
export function malformedFile(name: string, kind: FileKind, faults: readonly Fault[]): CreditAnchorError {
  const [first] = faults;
  return new CreditAnchorError(
    `${kind.code}.format`,
    `${name} is ${kind.otherwise}: ${first!.path === "" ? "" : `${first!.path} `}${first!.message}`,
    { hint: kind.hint, faults },
  );
}
