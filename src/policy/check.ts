import { pointer } from "../bytes";
import { CreditAnchorError, type Fault } from "../errors";
import { isObject, type JsonObject } from "../json";
import { checkDate } from "../types/identifiers";

/** How far a statement about the law may be relied on: primary text read; secondary source; verify before relying on it. */
export const CERTAINTIES = ["sure", "likely", "unsure"] as const;
export type Certainty = (typeof CERTAINTIES)[number];

export type Path = readonly (string | number)[];

/** Reads a document member by member and notes everything that is wrong, each fault with its JSON pointer. */
export class Checker {
  readonly faults: Fault[] = [];

  constructor(private readonly prefix: string) {}

  fault(path: Path, code: string, message: string): undefined {
    this.faults.push({ path: pointer(path), code: `${this.prefix}.${code}`, message });
    return undefined;
  }

  /** An object that has no members but these. */
  object(value: unknown, path: Path, members: readonly string[]): JsonObject | undefined {
    if (!isObject(value)) return this.fault(path, "not-object", "must be an object");
    for (const name of Object.keys(value))
      if (!members.includes(name))
        this.fault([...path, name], "unknown-member", `unknown here: allowed are ${members.join(", ")}`);
    return value;
  }

  text(value: unknown, path: Path): string | undefined {
    if (typeof value === "string" && value.trim() !== "") return value;
    return this.fault(path, "not-text", "must be text that says something");
  }

  optionalText(value: unknown, path: Path): string | undefined {
    return value === undefined ? undefined : this.text(value, path);
  }

  matching(value: unknown, path: Path, form: RegExp, words: string): string | undefined {
    if (typeof value === "string" && form.test(value)) return value;
    return this.fault(path, "form", `must be ${words}`);
  }

  date(value: unknown, path: Path): string | undefined {
    const fault = typeof value === "string" ? checkDate(value) : { message: "a date is written YYYY-MM-DD" };
    return fault === undefined ? (value as string) : this.fault(path, "date", fault.message);
  }

  integer(value: unknown, path: Path, least: number, most: number): number | undefined {
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)
      return value as number;
    return this.fault(path, "number", `must be a whole number from ${least} to ${most}`);
  }

  oneOf<T extends string>(value: unknown, path: Path, words: readonly T[]): T | undefined {
    if (words.includes(value as T)) return value as T;
    return this.fault(path, "word", `must be one of: ${words.join(", ")}`);
  }

  list(value: unknown, path: Path, least = 0): readonly unknown[] {
    if (!Array.isArray(value)) return this.fault(path, "not-list", "must be a list") ?? [];
    if (value.length < least) this.fault(path, "empty", "must not be empty");
    return value as readonly unknown[];
  }

  texts(value: unknown, path: Path, least = 0): string[] {
    return this.list(value, path, least).flatMap((item, i) => this.text(item, [...path, i]) ?? []);
  }

  /** @throws `….invalid` with all faults, if there are any */
  expectNone(what: string, hint: string): void {
    if (this.faults.length > 0)
      throw new CreditAnchorError(`${this.prefix}.invalid`, `${what} cannot be used`, {
        faults: this.faults,
        hint,
      });
  }
}
