import { pointer, refusal } from "./bytes";

/**
 * What this project's documents are made of. Numbers are integers with at most 53 bits; text has no half characters.
 *
 * An absent member is absent: never `undefined`.
 */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Containers within containers that a text or value may have: `[[]]` has two. */
export const MAX_DEPTH = 64;

/**
 * Reads JSON text, and refuses what could be read in two ways: a member named twice, numbers that are no integers or
 * have more than 53 bits, `-0`, half a surrogate pair, raw control characters, anything before or after the value.
 *
 * @param options.maxDepth containers within containers, at most
 * @throws `json.…` with the JSON pointer of the place; the message never quotes the text.
 */
export function parseJson(text: string, options: { maxDepth?: number } = {}): JsonValue {
  if (typeof text !== "string") throw refusal("json.not-text", "", "must be text");
  return new Parser(text, options.maxDepth ?? MAX_DEPTH).parse();
}

/** Sets a member so that `__proto__` is a name like every other. */
export function setMember(object: Record<string, JsonValue>, name: string, value: JsonValue): void {
  if (name === "__proto__")
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

/** Whether a value is an object with members, as opposed to null, a list or a plain value. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Recursive descent over code units; written for speed, because every input row passes here. */
class Parser {
  private at = 0;
  private depth = 0;
  /** Names and indexes from the root to the value being read, for error messages. */
  private readonly path: (string | number)[] = [];

  constructor(
    private readonly text: string,
    private readonly maxDepth: number,
  ) {}

  parse(): JsonValue {
    const value = this.value(this.skipSpace());
    this.skipSpace();
    if (this.at < this.text.length) throw this.refuse("json.trailing", "text goes on after the value");
    return value;
  }

  private refuse(code: string, message: string): Error {
    return refusal(code, pointer(this.path), `${message} (at character ${this.at + 1})`);
  }

  /** Skips white space; returns the next code unit, NaN at the end. */
  private skipSpace(): number {
    let unit = this.text.charCodeAt(this.at);
    while (unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09)
      unit = this.text.charCodeAt(++this.at);
    return unit;
  }

  private value(unit: number): JsonValue {
    if (unit === QUOTE) return this.string();
    if (unit === 0x7b) return this.object();
    if (unit === 0x5b) return this.array();
    if (unit === 0x2d || (unit >= 0x30 && unit <= 0x39)) return this.number(unit);
    if (unit === 0x6e) return this.word("null", null);
    if (unit === 0x74) return this.word("true", true);
    if (unit === 0x66) return this.word("false", false);
    throw this.unexpected();
  }

  private unexpected(): Error {
    if (this.at >= this.text.length) return this.refuse("json.incomplete", "text ends too early");
    return this.refuse("json.syntax", "is not JSON");
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) throw this.unexpected();
    this.at += word.length;
    return value;
  }

  private enter(): void {
    if (++this.depth > this.maxDepth)
      throw this.refuse("json.depth", `has more than ${this.maxDepth} levels of lists and objects`);
    this.at++;
  }

  private leave(): void {
    this.at++;
    this.depth--;
    this.path.length = this.depth;
  }

  private object(): JsonObject {
    this.enter();
    const object: Record<string, JsonValue> = {};
    let unit = this.skipSpace();
    while (unit !== 0x7d) {
      if (unit !== QUOTE) throw this.unexpected();
      this.path.length = this.depth - 1;
      const name = this.string();
      this.path.push(name);
      // No value is ever undefined, so the slow question is asked only of names that are inherited or there already.
      if (object[name] !== undefined && Object.hasOwn(object, name))
        throw this.refuse("json.duplicate-name", "is named twice in one object");
      if (this.skipSpace() !== 0x3a) throw this.unexpected();
      this.at++;
      setMember(object, name, this.value(this.skipSpace()));
      unit = this.skipSpace();
      if (unit === COMMA) {
        this.at++;
        unit = this.skipSpace();
        if (unit === 0x7d) throw this.unexpected();
      } else if (unit !== 0x7d) throw this.unexpected();
    }
    this.leave();
    return object;
  }

  private array(): JsonValue[] {
    this.enter();
    const array: JsonValue[] = [];
    let unit = this.skipSpace();
    while (unit !== 0x5d) {
      this.path[this.depth - 1] = array.length;
      array.push(this.value(unit));
      unit = this.skipSpace();
      if (unit === COMMA) {
        this.at++;
        unit = this.skipSpace();
        if (unit === 0x5d) throw this.unexpected();
      } else if (unit !== 0x5d) throw this.unexpected();
    }
    this.leave();
    return array;
  }

  private number(first: number): number {
    const text = this.text;
    const start = this.at;
    let unit = first;
    if (unit === 0x2d) unit = text.charCodeAt(++this.at);
    const digits = this.at;
    let value = 0;
    while (unit >= 0x30 && unit <= 0x39) {
      value = value * 10 + (unit - 0x30);
      unit = text.charCodeAt(++this.at);
    }
    const count = this.at - digits;
    if (count === 0) throw this.unexpected();
    if (count > 1 && text.charCodeAt(digits) === 0x30) throw this.refuse("json.syntax", "has a leading zero");
    if (unit === 0x2e || unit === 0x65 || unit === 0x45)
      throw this.refuse("json.not-integer", "is not an integer; decimals are written as text");
    // Sixteen digits add up exactly or to more than the limit; so do more, which never fall back below it.
    if (value > Number.MAX_SAFE_INTEGER)
      throw this.refuse("json.integer-too-large", "has more than 53 bits; write it as text");
    if (digits === start) return value;
    if (value === 0) throw this.refuse("json.negative-zero", "is -0");
    return -value;
  }

  private string(): string {
    const text = this.text;
    const start = ++this.at;
    let at = start;
    for (;;) {
      const unit = text.charCodeAt(at);
      if (unit === QUOTE) {
        this.at = at + 1;
        return text.slice(start, at);
      }
      if (unit === BACKSLASH) break;
      if (!(unit >= 0x20)) {
        this.at = at;
        throw this.controlOrEnd();
      }
      if (unit >= 0xd800 && unit <= 0xdfff) {
        this.at = at;
        this.surrogatePair();
        at = this.at;
      } else at++;
    }
    this.at = at;
    return this.escapedString(text.slice(start, at));
  }

  private controlOrEnd(): Error {
    if (this.at >= this.text.length) return this.unexpected();
    return this.refuse("json.control-character", "has a raw control character in a text");
  }

  /** Steps over a pair written as such. */
  private surrogatePair(): void {
    const code = this.text.codePointAt(this.at)!;
    if (code < 0x10000) throw this.loneSurrogate();
    this.at += 2;
  }

  private loneSurrogate(): Error {
    return this.refuse("json.lone-surrogate", "has half of a surrogate pair");
  }

  /** The rest of a string in which the first backslash was met. */
  private escapedString(head: string): string {
    const text = this.text;
    const parts = [head];
    let start = this.at;
    for (;;) {
      const unit = text.charCodeAt(this.at);
      if (unit === QUOTE) break;
      if (!(unit >= 0x20)) throw this.controlOrEnd();
      if (unit === BACKSLASH) {
        parts.push(text.slice(start, this.at), this.escape());
        start = this.at;
      } else if (unit >= 0xd800 && unit <= 0xdfff) this.surrogatePair();
      else this.at++;
    }
    parts.push(text.slice(start, this.at++));
    return parts.join("");
  }

  private escape(): string {
    const letter = this.text.charAt(this.at + 1);
    if (letter === "u") return this.unicodeEscape();
    const character = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (character === undefined) throw this.unexpected();
    this.at += 2;
    return character;
  }

  /** `\u` and four hexadecimal digits, or two of them that make one character. A pair half escaped and half raw is refused. */
  private unicodeEscape(): string {
    const unit = this.hexUnit();
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
    if (unit >= 0xdc00 || !this.text.startsWith("\\u", this.at)) throw this.loneSurrogate();
    const second = this.hexUnit();
    if (second < 0xdc00 || second > 0xdfff) throw this.loneSurrogate();
    return String.fromCharCode(unit, second);
  }

  private hexUnit(): number {
    const digits = this.text.slice(this.at + 2, this.at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.unexpected();
    this.at += 6;
    return parseInt(digits, 16);
  }
}
