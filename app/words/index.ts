import { en } from "./en";
import { zh } from "./zh";

/** Every word that the pages say, in one language. The compiler refuses a language that lacks one. */
export type Words = typeof en;
export type Language = "zh" | "en";

export const words: Readonly<Record<Language, Words>> = { zh, en };

/** A sentence by its code; undefined for a code that these pages do not know. */
export function byCode(sentences: object, code: string | number): string | undefined {
  return Object.hasOwn(sentences, code) ? (sentences as Record<string, string>)[code] : undefined;
}
