import { pointer, refusal, writeCodePoint } from "./bytes";
import { MAX_DEPTH } from "./json";

/** A canonical form may have so many bytes, docs/format.md: a guard against values that share parts and unfold without end. */
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
  return withWriter((writer) => {
    writer.value(value);
    return writer.bytes().slice();
  }, options.maxDepth);
}

/** Lends an empty writer that is used again and again: making one takes longer than a short value. */
export function withWriter<T>(use: (writer: CanonicalWriter) => T, maxDepth = MAX_DEPTH): T {
  // Nobody else has it while it is lent: reading a proxy may run code that comes here again.
  const writer = spare ?? new CanonicalWriter();
  spare = undefined;
  try {
    writer.reset(maxDepth);
    return use(writer);
  } finally {
    writer.reset();
    spare = writer;
  }
}
let spare: CanonicalWriter | undefined;

/**
 * Writes canonical forms into one buffer that is used again and again: for the loops that hash millions of fields.
 * After a refusal the buffer holds a part of the value: {@link reset} before the next use.
 */
export class CanonicalWriter {
  private buffer = new Uint8Array(1024);
  private length = 0;
  private readonly path: (string | number)[] = [];

  constructor(private maxDepth: number = MAX_DEPTH) {}

  /** Empties the buffer, and gives the memory of a giant back. */
  reset(maxDepth: number = this.maxDepth): void {
    this.maxDepth = maxDepth;
    this.length = 0;
    this.path.length = 0;
    if (this.buffer.length > 2 ** 20) this.buffer = new Uint8Array(1024);
  }

  /** What was written: a view that the next write changes. */
  bytes(): Uint8Array {
    return new Uint8Array(this.buffer.buffer, 0, this.length);
  }

  /** Appends bytes as they are. Meant for a few: a loop is faster there than `set` and `subarray`. */
  raw(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.limit(end - start);
    this.reserve(end - start);
    for (let i = start; i < end; i++) this.buffer[this.length++] = bytes[i]!;
  }

  /** Appends one byte as it is. */
  byte(byte: number): void {
    this.limit(1);
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
    const larger = new Uint8Array(Math.max(needed, 2 * this.buffer.length));
    larger.set(this.bytes());
    this.buffer = larger;
  }

  /** Refuses what would be too large after `more` bytes. */
  private limit(more: number): void {
    if (this.length + more > MAX_CANONICAL_BYTES)
      throw this.refuse("canonical.too-large", `takes more than ${MAX_CANONICAL_BYTES} bytes`);
  }

  private ascii(text: string): void {
    this.limit(text.length);
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
    // A byte a code unit is the best case; what it really takes is known at the end.
    this.limit(text.length + 2);
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
    this.limit(0);
  }

  private container(value: object): void {
    if (this.path.length >= this.maxDepth)
      throw this.refuse(
        "canonical.depth",
        `has more than ${this.maxDepth} levels of lists and objects, or a cycle`,
      );
    let isList: boolean;
    let names: readonly string[];
    try {
      isList = Array.isArray(value);
      names = isList ? this.indexes(value as unknown[]) : this.names(value);
    } catch (error) {
      throw this.readable(error);
    }
    this.byte(isList ? 0x5b : 0x7b);
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const member = this.member(value, name);
      if (i > 0) this.byte(0x2c);
      this.path.push(isList ? i : name);
      if (!isList) {
        this.string(name);
        this.byte(0x3a);
      }
      this.value(member);
      this.path.pop();
    }
    this.byte(isList ? 0x5d : 0x7d);
  }

  /** A proxy may throw whatever it likes. */
  private readable(error: unknown): Error {
    if (error instanceof Error && error.name === "CreditAnchorError") return error;
    return this.refuse("canonical.unreadable", "cannot be read");
  }

  private indexes(array: readonly unknown[]): readonly string[] {
    if (Object.getPrototypeOf(array) !== Array.prototype) throw this.notPlain();
    const names = Reflect.ownKeys(array);
    // The names of a plain list are its indexes in order, and then `length`.
    if (names.length !== array.length + 1)
      throw this.refuse("canonical.list", "is a list with holes or with extra members");
    names.pop();
    return this.texts(names);
  }

  private names(object: object): readonly string[] {
    const prototype: unknown = Object.getPrototypeOf(object);
    if (prototype !== Object.prototype && prototype !== null) throw this.notPlain();
    const names = this.texts(Reflect.ownKeys(object));
    // RFC 8785 section 3.2.3: by UTF-16 code units, which is how JavaScript compares texts.
    for (let i = 1; i < names.length; i++) if (names[i - 1]! > names[i]!) return names.sort();
    return names;
  }

  private texts(names: (string | symbol)[]): string[] {
    for (const name of names)
      if (typeof name === "symbol") throw this.refuse("canonical.member", "has a member named by a symbol");
    return names as string[];
  }

  /** Reads a member once, without running code of the object. */
  private member(object: object, name: string): unknown {
    let property: PropertyDescriptor | undefined;
    try {
      property = Object.getOwnPropertyDescriptor(object, name);
    } catch (error) {
      throw this.readable(error);
    }
    if (property === undefined || !property.enumerable || !("value" in property))
      throw this.refuse("canonical.member", "has a member that is hidden or computed");
    return property.value;
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
