/** HTML in which text of others can only ever be text: whatever is put into a template is escaped, by construction. */

import { printableText } from "./foreign-text";

/** Markup of our own. Only {@link html}, {@link markup} and {@link join} make it. */
class Trusted {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type Html = Trusted;

export type Content = Html | string | number | false | undefined | readonly Content[];

/**
 * A template of markup. What is put in is escaped unless it is markup itself; lists are joined; `false` and
 * `undefined` are nothing. Indentation is the source's and left out. In attributes, quotes belong around what is put in.
 */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  const own = parts.map((part) => part.replace(/\n\s+/g, "\n"));
  let text = own[0]!;
  contents.forEach((content, i) => {
    if (own[i]!.endsWith("=")) throw new TypeError("an attribute without quotes");
    text += render(content) + own[i + 1]!;
  });
  return new Trusted(text);
}

/** Markup as it is. For constants of our own only: nothing that came from outside. */
export const markup = (text: string): Html => new Trusted(text);

export function join(contents: readonly Content[], between: Html): Html {
  return new Trusted(contents.map(render).join(between.toString()));
}

function render(content: Content): string {
  if (content === false || content === undefined) return "";
  if (content instanceof Trusted) return content.toString();
  if (typeof content === "object") return content.map(render).join("");
  return escaped(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return printableText(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
