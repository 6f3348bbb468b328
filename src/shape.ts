import { isHex, isInteger, pointer } from "./bytes";
import type { Fault } from "./errors";
import { isObject, type JsonValue } from "./json";

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
