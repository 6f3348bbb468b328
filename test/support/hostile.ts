/**
 * Values that break programs, for every argument of every public function. Each function must answer with a coded
 * refusal or a valid result: no other error, no hang, no wrong acceptance.
 */

/** Thrown by the values themselves when they are touched: it may come through, being the caller's own. */
export class HostileError extends Error {}

const refuse = (): never => {
  throw new HostileError("touched");
};

function cyclic(): unknown {
  const object: Record<string, unknown> = { a: [] };
  (object["a"] as unknown[]).push(object);
  return object;
}

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

function unfolding(): unknown {
  let value: unknown = ["x".repeat(10_000)];
  for (let i = 0; i < 50; i++) value = [value, value];
  return value;
}

/** Name and maker, so that no test meets what another one changed. */
export const HOSTILE: readonly (readonly [string, () => unknown])[] = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["true", () => true],
  ["0", () => 0],
  ["-0", () => -0],
  ["-1", () => -1],
  ["0.1", () => 0.1],
  ["NaN", () => NaN],
  ["Infinity", () => Infinity],
  ["-Infinity", () => -Infinity],
  ["1e400", () => 1e400],
  ["2^31", () => 2 ** 31],
  ["2^32", () => 2 ** 32],
  ["2^53", () => 2 ** 53],
  ["1e21", () => 1e21],
  ["a bigint", () => 10n ** 30n],
  ["a symbol", () => Symbol("x")],
  ["a function", () => () => 1],
  [
    "a class",
    () =>
      class A {
        a = 1;
      },
  ],
  ["a date", () => new Date(0)],
  ["an invalid date", () => new Date(NaN)],
  ["a map", () => new Map([["a", 1]])],
  ["a set", () => new Set([1])],
  ["a regular expression", () => /(a+)+$/],
  ["an error", () => new TypeError("x")],
  ["a promise", () => Promise.resolve(1)],
  ["a text object", () => new String("0x00")],
  ["a number object", () => new Number(1)],
  ["an empty text", () => ""],
  ["a space", () => " "],
  ["a NUL", () => "\0"],
  ["half a character", () => "\ud800"],
  ["halves in the wrong order", () => "\udc00\ud800"],
  ["text with a NUL inside", () => "a\0b"],
  ["__proto__", () => "__proto__"],
  ["constructor", () => "constructor"],
  ["0x", () => "0x"],
  ["upper-case hex", () => `0x${"AB".repeat(32)}`],
  ["hex without 0x", () => "ab".repeat(32)],
  ["hex of 31 bytes", () => `0x${"ab".repeat(31)}`],
  ["hex of 33 bytes", () => `0x${"ab".repeat(33)}`],
  ["hex of half a byte", () => `0x${"ab".repeat(31)}a`],
  ["ten megabytes of text", () => "好".repeat(3_400_000)],
  ["ten million opening brackets", () => "[".repeat(10_000_000)],
  ["an empty object", () => ({})],
  ["an empty list", () => []],
  ["a list of nothing", () => [undefined]],
  ["a list with holes", () => new Array(10)],
  ["a very long list with one element", () => Object.assign([], { length: 2 ** 32 - 1 })],
  ["a list with an extra member", () => Object.assign([1], { a: 1 })],
  ["an object that says it is a list", () => ({ length: 3, 0: 1, 1: 2, 2: 3 })],
  ["own __proto__", () => JSON.parse('{"__proto__":{"format":"credit-anchor/receipt"}}') as unknown],
  [
    "inherited members",
    () => Object.create({ format: "credit-anchor/receipt", formatVersion: 1 }) as unknown,
  ],
  ["no prototype", () => Object.create(null) as unknown],
  ["a cycle", cyclic],
  ["a thousand levels", () => nested(1000)],
  ["parts shared without end", unfolding],
  ["a throwing getter", () => Object.defineProperty({}, "format", { get: refuse, enumerable: true })],
  ["a throwing toString", () => ({ toString: refuse, valueOf: refuse, [Symbol.toPrimitive]: refuse })],
  ["a throwing toJSON", () => ({ toJSON: refuse })],
  [
    "a proxy that throws",
    () =>
      new Proxy(
        {},
        {
          get: refuse,
          has: refuse,
          ownKeys: refuse,
          getPrototypeOf: refuse,
          getOwnPropertyDescriptor: refuse,
        },
      ),
  ],
  ["a proxy of a list", () => new Proxy([1], { get: refuse, ownKeys: refuse })],
  ["a Buffer", () => Buffer.from("abc")],
  ["no bytes", () => new Uint8Array(0)],
  ["31 bytes", () => new Uint8Array(31)],
  ["33 bytes", () => new Uint8Array(33)],
  ["words for bytes", () => new Uint16Array(32)],
  ["an array buffer", () => new ArrayBuffer(32)],
  ["a data view", () => new DataView(new ArrayBuffer(32))],
];
