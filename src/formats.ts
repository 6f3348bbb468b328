import { printableText } from "./foreign-text";
import { isObject, type JsonValue } from "./json";
import type { RecordType } from "./types/record-type";

/** How numbers, times and values of records look in one language. */
export interface Formats {
  /** `12,345` */
  number(value: number): string;
  /** Seconds since 1970, as people in China read their clocks. */
  time(seconds: number): string;
  /** Seconds since 1970: the day in UTC+8. */
  day(seconds: number): string;
  /** `2026-04-01` written out. */
  date(text: string): string;
  /** A value of a record. Nothing in it can steer the page: control and direction characters become spaces. */
  value(name: string, value: JsonValue): string;
  /** What a field of a type is called; its name if the type is not known. */
  fieldTitle(name: string, type: RecordType | undefined): string;
  /** What a type is called; its name if the type is not known. */
  typeTitle(name: string, type: RecordType | undefined): string;
}

/** How sources write that there is no end. */
export const LONG_TERM = "2099-12-31";
const LAST = 253_370_764_800;
const ZONE = "Asia/Shanghai";
/** The unit at the end of a title of an amount: whatever a source counts in, values stand here in 元. */
const UNIT = /, in fen$|（万?元）$/;

/** Makes it when it is first wanted: tables of a language take 30 ms to load, and most commands need none. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function formatsOf(locale: string, texts: { longTerm: string; forever: string; chinese: boolean }): Formats {
  const numbers = once(() => new Intl.NumberFormat(locale));
  const times = once(
    () =>
      new Intl.DateTimeFormat(locale, {
        timeZone: ZONE,
        dateStyle: "long",
        timeStyle: "medium",
        hour12: false,
      } as Intl.DateTimeFormatOptions),
  );
  const days = once(() => new Intl.DateTimeFormat(locale, { timeZone: ZONE, dateStyle: "long" }));
  const day = (seconds: number): string => (seconds > LAST ? texts.forever : days().format(seconds * 1000));
  const date = (text: string): string => {
    if (text === LONG_TERM) return texts.longTerm;
    const seconds = Date.parse(`${text}T12:00:00+08:00`) / 1000;
    return Number.isNaN(seconds) ? text : day(seconds);
  };
  return {
    number: (value) => numbers().format(value),
    time: (seconds) => (seconds > LAST ? texts.forever : times().format(seconds * 1000)),
    day,
    date,
    value: (name, value) => {
      if (typeof value === "number")
        return name.endsWith("Fen") ? yuan(value, locale) : numbers().format(value);
      if (typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value)) return date(value);
      return valueText(value);
    },
    fieldTitle: (name, type) => {
      const field = type?.field(name);
      const chinese = field?.aliases.find((alias) => /\p{Script=Han}/u.test(alias.name))?.name;
      const title = field?.schema["title"];
      const found = texts.chinese ? (chinese ?? title) : title;
      return typeof found === "string" ? plain(found).replace(UNIT, "") : name;
    },
    typeTitle: (name, type) => {
      const { title, description } = type?.document ?? {};
      // The documents of types give their Chinese name first in the description: `行政处罚: …`.
      const chinese =
        typeof description === "string" ? /^(\p{Script=Han}+)/u.exec(description)?.[1] : undefined;
      const found = texts.chinese ? (chinese ?? title) : title;
      return typeof found === "string" ? plain(found) : name;
    },
  };
}

/** 2000000 fen -> `20,000.00 元`, exactly. */
function yuan(fen: number, locale: string): string {
  const whole = BigInt(fen);
  const positive = whole < 0n ? -whole : whole;
  const digits = new Intl.NumberFormat(locale).format(positive / 100n);
  return `${whole < 0n ? "-" : ""}${digits}.${String(positive % 100n).padStart(2, "0")} 元`;
}

/** Text of a file, a node or a record: somebody else's, and perhaps meant to mislead. */
export function plain(text: string): string {
  return printableText(text, " ");
}

/** A value of a record as it stands; lists and objects as JSON. */
export function valueText(value: JsonValue): string {
  if (typeof value === "string") return plain(value);
  return plain(isObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value));
}

/** `0x1234…abcd`, for the eye only. */
export function short(hex: string, head = 6, tail = 4): string {
  return hex.length <= 2 + head + tail + 1 ? hex : `${hex.slice(0, 2 + head)}…${hex.slice(-tail)}`;
}

export const formats: Readonly<Record<"zh" | "en", Formats>> = {
  zh: formatsOf("zh-CN", { longTerm: "长期", forever: "长期", chinese: true }),
  en: formatsOf("en-GB", { longTerm: "long-term", forever: "for ever", chinese: false }),
};
