import type { Words } from "./words";

/** 1234567 -> `1,234,567`. */
export function count(value: number | bigint | string): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Part of a whole; never 100 % for less than all, nor 0 % for something. */
export function share(part: number, whole: number): string {
  if (whole === 0) return "–";
  const percent = (part / whole) * 100;
  if (part > 0 && percent < 0.1) return "< 0.1 %";
  if (part < whole && percent > 99.9) return "> 99.9 %";
  return `${percent.toFixed(part === 0 || part === whole ? 0 : 1)} %`;
}

/** Seconds since 1970 as a moment in China. Zero is the registry's word for never. */
export function time(seconds: number, words: Words): string {
  const shown = clock(seconds, words);
  return /^\d/.test(shown) ? words.utc(shown) : shown;
}

/** The same without its zone, for columns whose head names it. */
export function clock(seconds: number, words: Words): string {
  if (seconds === 0) return words.never;
  if (isEndless(seconds)) return words.forEver;
  return new Date((seconds + 8 * 3_600) * 1_000).toISOString().slice(0, 19).replace("T", " ");
}

/** Later than every date: granted without an end. */
export function isEndless(seconds: number): boolean {
  return !(seconds < 253_370_764_800);
}

/** The agency and the number of a batch by its id. */
export function batchName(id: string, words: Words): string {
  if (!/^\d{1,20}$/.test(id)) return id;
  const number = BigInt(id);
  return words.batchName(String(number >> 32n), String(number & 0xffffffffn), id);
}

/** What the audit says in the middle of a line, as the beginning of one. */
export function asSentence(message: string): string {
  return `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`;
}
