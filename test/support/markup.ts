/** A strict reader of the pages that this program writes: every element is closed, every attribute is quoted. */

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (Element | string)[];
}

const VOID = new Set(["meta", "br"]);
const TAG =
  /<(?:!--[^]*?--|!doctype html|(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z][a-zA-Z0-9:-]*="[^"<>]*")*)\s*(\/?))>/gy;

/** @throws when the text is no markup that a browser cannot read in two ways. */
export function readMarkup(text: string): Element {
  const root: Element = { name: "", attributes: {}, children: [] };
  const open = [root];
  for (let at = 0; at < text.length;) {
    const inside = open.at(-1)!;
    if (inside.name === "style") {
      const end = text.indexOf("</style>", at);
      inside.children.push(text.slice(at, end));
      at = end;
    }
    const start = text.indexOf("<", at);
    const words = text.slice(at, start < 0 ? undefined : start);
    if (words !== "") inside.children.push(unescaped(words));
    if (start < 0) break;
    TAG.lastIndex = start;
    const tag = TAG.exec(text);
    if (tag === null) throw new Error(`no tag: ${text.slice(start, start + 80)}`);
    at = TAG.lastIndex;
    const [, closing, name, attributes = "", empty] = tag;
    if (name === undefined) continue;
    if (closing === "/") {
      if (open.pop()!.name !== name) throw new Error(`</${name}> closes something else at ${start}`);
      continue;
    }
    const element: Element = { name, attributes: attributesOf(attributes), children: [] };
    open.at(-1)!.children.push(element);
    if (empty !== "/" && !VOID.has(name)) open.push(element);
  }
  if (open.length > 1) throw new Error(`<${open.at(-1)!.name}> is not closed`);
  return root;
}

export function* elements(element: Element): Generator<Element> {
  for (const child of element.children)
    if (typeof child !== "string") {
      yield child;
      yield* elements(child);
    }
}

/** What a reader sees, in one line. */
export function textOf(element: Element | string): string {
  const text = typeof element === "string" ? element : element.children.map(textOf).join("");
  return text.replace(/\s+/g, " ");
}

export function named(root: Element, name: string): Element[] {
  return [...elements(root)].filter((element) => element.name === name);
}

function attributesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([a-zA-Z][a-zA-Z0-9:-]*)="([^"]*)"/g)) {
    if (found[name!] !== undefined) throw new Error(`${name} twice in one tag`);
    found[name!] = unescaped(value!);
  }
  return found;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

function unescaped(text: string): string {
  const strange = /[<>]|&(?!amp;|lt;|gt;|quot;|#39;)/.exec(text);
  if (strange !== null) throw new Error(`not escaped: ${text.slice(strange.index, strange.index + 40)}`);
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]!);
}
