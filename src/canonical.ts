import { pointer, refusal, writeCodePoint } from "./bytes";
import { MAX_DEPTH } from "./json";

/** A canonical form may have so many bytes: a guard against values that share parts and unfold without end. */
export const MAX_CANONICAL_BYTES = 2 ** 24;

/**
 * The one byte string of a value: RFC 8785, for values with exactly one reading.
 *
 * Refused, with the JSON pointer of the place: undefined, functions, symbols, bigints, numbers that are no integers of
 * at most 53 bits, -0, half surrogate pairs, lists with holes or extra members, objects of a class (dates, maps, …),
 * members that are hidden, computed or named by symbols, cycles, more than 64 levels.
 *
 * @throws `canonical.…`; the message never quotes the value.
 */
export function canonical(value: unknown, options: { maxDepth?: number } = {}): Uint8Array {
  const writer = new CanonicalWriter(options.maxDepth);
  writer.value(value);
  return writer.bytes().slice();
}

/**
 * Writes canonical forms into one buffer that is used again and again: for the loops that hash millions of fields.
 * After a refusal the buffer holds a part of the value: {@link reset} before the next use.
 */
export class CanonicalWriter {
  private buffer = new Uint8Array(1024);
  private length = 0;
  private readonly path: (string | number)[] = [];

  constructor(private readonly maxDepth: number = MAX_DEPTH) {}

  /** Empties the buffer, and gives the memory of a giant back. */
  reset(): void {
    this.length = 0;
    this.path.length = 0;
    if (this.buffer.length > 2 ** 20) this.buffer = new Uint8Array(1024);
  }

  /** What was written: a view that the next write changes. */
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /** Appends bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Appends one byte as it is. */
  byte(byte: number): void {
    if (this.length === this.buffer.length) this.reserve(1);
    this.buffer[this.length++] = byte;
  }

  /** Appends the canonical form of a value. */
  value(value: unknown): void {
    if (typeof value === "string") this.string(value);
    else if (typeof value === "number") this.number(value);
    else if (value === null) this.ascii("null");
    else if (value === true) this.ascii("true");
    else if (value === false) this.ascii("false");
    else if (typeof value === "object") this.container(value as object);
    else throw this.refuse("canonical.no-json", `is ${describe(value)}, which JSON does not have`);
  }

  private refuse(code: string, message: string): Error {
    return refusal(code, pointer(this.path), message);
  }

  private reserve(room: number): void {
    const needed = this.length + room;
    if (needed <= this.buffer.length) return;
    if (needed > 6 * MAX_CANONICAL_BYTES) throw this.tooLarge();
    const larger = new Uint8Array(Math.max(needed, 2 * this.buffer.length));
    larger.set(this.bytes());
    this.buffer = larger;
  }

  private tooLarge(): Error {
    return this.refuse("canonical.too-large", `takes more than ${MAX_CANONICAL_BYTES} bytes`);
  }

  private ascii(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.buffer[this.length++] = text.charCodeAt(i);
  }

  private number(value: number): void {
    if (!Number.isSafeInteger(value)) {
      const what = Number.isInteger(value) ? "has more than 53 bits" : "is not an integer";
      throw this.refuse("canonical.not-integer", what);
    }
    if (Object.is(value, -0)) throw this.refuse("canonical.negative-zero", "is -0");
    this.ascii(String(value));
  }

  private string(text: string): void {
    // Six bytes a code unit is the worst case: \u00xx.
    this.reserve(6 * text.length + 2);
    const buffer = this.buffer;
    let at = this.length;
    buffer[at++] = 0x22;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) {
        if (unit >= 0x20 && unit !== 0x22 && unit !== 0x5c) buffer[at++] = unit;
        else at = writeEscape(buffer, at, unit);
      } else if (unit < 0xd800 || unit > 0xdfff) at = writeCodePoint(buffer, at, unit);
      else {
        const code = text.codePointAt(i++)!;
        if (code < 0x10000) throw this.refuse("canonical.lone-surrogate", "has half of a surrogate pair");
        at = writeCodePoint(buffer, at, code);
      }
    }
    buffer[at++] = 0x22;
    this.length = at;
    if (at > MAX_CANONICAL_BYTES) throw this.tooLarge();
  }

  private container(value: object): void {
    if (this.path.length >= this.maxDepth)
      throw this.refuse(
        "canonical.depth",
        `has more than ${this.maxDepth} levels of lists and objects, or a cycle`,
      );
    let entries: readonly [string, unknown][];
    try {
      entries = Array.isArray(value) ? this.elements(value) : this.members(value);
    } catch (error) {
      throw this.readable(error);
    }
    if (Array.isArray(value)) this.array(entries);
    else this.object(entries);
  }

  /** A proxy may throw whatever it likes. */
  private readable(error: unknown): Error {
    if (error instanceof Error && error.name === "CreditAnchorError") return error;
    return this.refuse("canonical.unreadable", "cannot be read");
  }

  private array(elements: readonly [string, unknown][]): void {
    this.byte(0x5b);
    for (let i = 0; i < elements.length; i++) {
      if (i > 0) this.byte(0x2c);
      this.path.push(i);
      this.value(elements[i]![1]);
      this.path.pop();
    }
    this.byte(0x5d);
  }

  private object(members: readonly [string, unknown][]): void {
    this.byte(0x7b);
    let first = true;
    for (const [name, value] of members) {
      if (!first) this.byte(0x2c);
      first = false;
      this.path.push(name);
      this.string(name);
      this.byte(0x3a);
      this.value(value);
      this.path.pop();
    }
    this.byte(0x7d);
  }

  private elements(array: readonly unknown[]): [string, unknown][] {
    if (Object.getPrototypeOf(array) !== Array.prototype) throw this.notPlain();
    const names = Reflect.ownKeys(array);
    // The names of a plain list are its indexes in order, and then `length`.
    if (names.length !== array.length + 1)
      throw this.refuse("canonical.list", "is a list with holes or with extra members");
    return names.slice(0, -1).map((name) => this.member(array, name));
  }

  private members(object: object): [string, unknown][] {
    const prototype: unknown = Object.getPrototypeOf(object);
    if (prototype !== Object.prototype && prototype !== null) throw this.notPlain();
    const members = Reflect.ownKeys(object).map((name) => this.member(object, name));
    // RFC 8785 section 3.2.3: by UTF-16 code units, which is how JavaScript compares texts.
    return members.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Reads a member once, without running code of the object. */
  private member(object: object, name: string | symbol): [string, unknown] {
    if (typeof name === "symbol") throw this.refuse("canonical.member", "has a member named by a symbol");
    const property = Object.getOwnPropertyDescriptor(object, name);
    if (property === undefined || !property.enumerable || !("value" in property))
      throw this.refuse("canonical.member", "has a member that is hidden or computed");
    return [name, property.value];
  }

  private notPlain(): Error {
    return this.refuse("canonical.not-plain", "is an object of a class, not a plain object or list");
  }
}

function describe(value: unknown): string {
  return value === undefined ? "undefined" : `a ${typeof value}`;
}

const SHORT_ESCAPES = new Map([
  [0x08, 0x62],
  [0x09, 0x74],
  [0x0a, 0x6e],
  [0x0c, 0x66],
  [0x0d, 0x72],
  [0x22, 0x22],
  [0x5c, 0x5c],
]);
const HEX_DIGITS = "0123456789abcdef";

/** RFC 8785 section 3.2.2.2. */
function writeEscape(target: Uint8Array, offset: number, unit: number): number {
  let at = offset;
  target[at++] = 0x5c;
  const letter = SHORT_ESCAPES.get(unit);
  if (letter !== undefined) target[at++] = letter;
  else {
    for (const character of `u00${HEX_DIGITS[unit >> 4]!}${HEX_DIGITS[unit & 15]!}`)
      target[at++] = character.charCodeAt(0);
  }
  return at;
}
