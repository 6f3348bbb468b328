/**
 * Options as data: a verb declares them once, and parsing, types, help and `docs/commands.md` follow.
 */
import { CreditAnchorError } from "../errors";
import { isObject, parseJson, type JsonObject } from "../json";

/** One option. `T` is what the verb reads. */
export interface OptionSpec<T> {
  /** As commander writes it: `--batch-size <n>`, `--json`. */
  readonly flags: string;
  readonly about: string;
  /** Told in the help; the verb (or the code below it) applies it. */
  readonly defaultsTo?: string;
  /** @throws {CreditAnchorError} `usage` when the words are not what the option takes. */
  readonly parse: (raw: string | boolean | undefined, flag: string) => T;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec<unknown>>>;

/** What a verb that declares `S` reads. */
export type OptionValues<S extends OptionSpecs> = {
  readonly [K in keyof S]: S[K] extends OptionSpec<infer T> ? T : never;
};

/** The error of every wrong call. */
export function usage(message: string, hint?: string): CreditAnchorError {
  return new CreditAnchorError("usage", message, hint === undefined ? {} : { hint });
}

const QUOTED = 40;

/** What was given, for an error: never of options that may hold a secret or personal data. */
function quoted(given: string): string {
  return JSON.stringify(given.length > QUOTED ? `${given.slice(0, QUOTED)}…` : given);
}

/**
 * What every option of known words says to another word.
 * @param takes what it takes, if that is not one word alone
 */
export function notOneOf(
  option: string,
  given: string,
  words: readonly string[],
  takes = "one of",
): { readonly message: string; readonly hint: string } {
  return {
    message: `${option} takes ${takes}: ${words.join(", ")}; not ${quoted(given)}`,
    hint: "write it as it stands there; --help of the command tells what it is for",
  };
}

/** An option that a verb demands, and the words it takes. */
export function missing(option: string, words: readonly string[], why: string): CreditAnchorError {
  return usage(`${option} is missing`, `${why}, one of: ${words.join(", ")}`);
}

/** `--json`: given or not. */
export function flag(flags: string, about: string): OptionSpec<boolean> {
  return { flags, about, parse: (raw) => raw === true };
}

/** Any text that is not empty. */
export function text(flags: string, about: string, defaultsTo?: string): OptionSpec<string | undefined> {
  return withDefault(defaultsTo, {
    flags,
    about,
    parse: (raw, name) => {
      if (raw === undefined || typeof raw === "boolean") return undefined;
      if (raw === "") throw usage(`${name} is empty`);
      return raw;
    },
  });
}

/** A whole number between `min` and `max`, in decimal digits only. */
export function integer(
  flags: string,
  about: string,
  limits: { readonly min: number; readonly max: number; readonly defaultsTo?: string },
): OptionSpec<number | undefined> {
  return withDefault(limits.defaultsTo, {
    flags,
    about,
    parse: (raw, name) => {
      if (raw === undefined || typeof raw === "boolean") return undefined;
      const value = /^(0|[1-9][0-9]{0,15})$/.test(raw) ? Number(raw) : NaN;
      if (!(value >= limits.min && value <= limits.max))
        throw usage(
          `${name} takes a whole number from ${limits.min} to ${limits.max}, not ${quoted(raw)}`,
          "write it in decimal digits alone",
        );
      return value;
    },
  });
}

/** One of a few words. */
export function choice<const W extends string>(
  flags: string,
  about: string,
  words: readonly W[],
  defaultsTo?: W,
): OptionSpec<W | undefined> {
  return withDefault(defaultsTo, {
    flags,
    about: `${about} (${words.join(", ")})`,
    parse: (raw, name) => {
      if (raw === undefined || typeof raw === "boolean") return undefined;
      const word = words.find((candidate) => candidate === raw);
      if (word !== undefined) return word;
      const { message, hint } = notOneOf(name, raw, words);
      throw usage(message, hint);
    },
  });
}

/** Some of a few words, between commas. */
export function choices<const W extends string>(
  flags: string,
  about: string,
  words: readonly W[],
): OptionSpec<readonly W[] | undefined> {
  return {
    flags,
    about: `${about} (between commas: ${words.join(", ")})`,
    parse: (raw, name) => {
      if (raw === undefined || typeof raw === "boolean") return undefined;
      return raw.split(",").map((one) => {
        const word = words.find((candidate) => candidate === one.trim());
        if (word !== undefined) return word;
        const { message, hint } = notOneOf(name, one.trim(), words, "one or more, between commas, of");
        throw usage(message, hint);
      });
    },
  };
}

/** Words between commas, `a,b`; none of them empty. */
export function list(flags: string, about: string): OptionSpec<readonly string[] | undefined> {
  return {
    flags,
    about,
    parse: (raw, name) => {
      if (raw === undefined || typeof raw === "boolean") return undefined;
      const words = raw.split(",").map((word) => word.trim());
      if (words.some((word) => word === "")) throw usage(`${name} takes names between commas, such as a,b`);
      return words;
    },
  };
}

/** Several words, each an argument of its own, and the option perhaps more than once: `--leaves <folders...>`. */
export function words(flags: string, about: string): OptionSpec<readonly string[]> {
  return { flags, about, parse: (raw: unknown) => (Array.isArray(raw) ? (raw as string[]) : []) };
}

/** `0x` and 40 hexadecimal digits. Returned in lower case. */
export function address(flags: string, about: string): OptionSpec<string | undefined> {
  return {
    flags,
    about,
    parse: (raw, name) => {
      if (raw === undefined || typeof raw === "boolean") return undefined;
      return parseAddress(raw, name);
    },
  };
}

/** @throws {CreditAnchorError} `usage` unless `raw` is `0x` and 40 hexadecimal digits. */
export function parseAddress(raw: string, name: string): string {
  if (!/^0x[0-9a-fA-F]{40}$/.test(raw)) throw usage(`${name} takes an address: 0x and 40 hexadecimal digits`);
  return raw.toLowerCase();
}

/** An `http:` or `https:` address, of a node unless the example says otherwise. */
export function url(
  flags: string,
  about: string,
  example = "http://127.0.0.1:8545",
): OptionSpec<string | undefined> {
  return {
    flags,
    about,
    parse: (raw, name) => {
      if (raw === undefined || typeof raw === "boolean") return undefined;
      if (!/^https?:\/\/\S+$/.test(raw) || !URL.canParse(raw))
        throw usage(`${name} takes a URL such as ${example}`);
      return raw;
    },
  };
}

/**
 * A point in time in seconds since 1970: `2026-04-01` (midnight in UTC+8) or `2026-04-01T09:30:00Z` (with a zone).
 */
export function time(flags: string, about: string): OptionSpec<number | undefined> {
  return {
    flags,
    about,
    parse: (raw, name) => {
      if (raw === undefined || typeof raw === "boolean") return undefined;
      return parseTime(raw, name);
    },
  };
}

/** @throws {CreditAnchorError} `usage` unless `raw` is a calendar date or a full time with its zone. */
export function parseTime(raw: string, name: string): number {
  const complaint = `${name} takes a date such as 2026-04-01 (midnight, UTC+8) or a time such as 2026-04-01T09:30:00Z, not ${quoted(raw)}`;
  const date = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/.exec(raw);
  if (date === null) throw usage(complaint);
  const milliseconds = Date.parse(date[2] === undefined ? `${raw}T00:00:00+08:00` : raw);
  // Date.parse turns 2026-02-30 into a day of March.
  const day = Date.parse(`${date[1]}T00:00:00Z`);
  if (Number.isNaN(milliseconds) || Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date[1])
    throw usage(complaint);
  if (milliseconds < 0) throw usage(`${name} takes a time after 1970`);
  return Math.floor(milliseconds / 1000);
}

/** A calendar date in China. */
export function date(flags: string, about: string): OptionSpec<string | undefined> {
  return {
    flags,
    about,
    parse: (raw, name) => {
      if (raw === undefined || typeof raw === "boolean") return undefined;
      if (!/^\d{4}-\d{2}-\d{2}$/.test(raw))
        throw usage(`${name} takes a date such as 2026-04-01, not ${quoted(raw)}`);
      parseTime(raw, name);
      return raw;
    },
  };
}

/** `--batch-size <n>` is `batchSize` for the verb and `--batch-size` in messages. */
export function longFlag(flags: string): string {
  return /--[a-z0-9-]+/.exec(flags)![0];
}

function withDefault<T>(defaultsTo: string | undefined, spec: OptionSpec<T>): OptionSpec<T> {
  return defaultsTo === undefined ? spec : { ...spec, defaultsTo };
}

/** A JSON object, such as `{"documentNumber": "…"}`. Errors never quote it. */
export function jsonObject(flags: string, about: string): OptionSpec<JsonObject | undefined> {
  return {
    flags,
    about,
    parse: (raw, name) => {
      if (raw === undefined || typeof raw === "boolean") return undefined;
      const hint = `quote it for the shell: ${name} '{"documentNumber": "…"}'`;
      let value: unknown;
      try {
        value = parseJson(raw);
      } catch (error) {
        if (!(error instanceof CreditAnchorError)) throw error;
        throw usage(`${name} is not usable JSON: ${error.message}`, hint);
      }
      if (!isObject(value)) throw usage(`${name} takes a JSON object`, hint);
      return value;
    },
  };
}
