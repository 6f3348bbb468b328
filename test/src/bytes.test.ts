import { expect } from "chai";
import * as bytes from "../../src/bytes";

const codeOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "no error";
};

describe("hex", () => {
  it("goes to bytes and back", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const hex = bytes.toHex(all);
    expect(hex).to.equal(`0x${Buffer.from(all).toString("hex")}`);
    expect(bytes.fromHex(hex)).to.deep.equal(all);
    expect(bytes.fromHex("0x")).to.deep.equal(new Uint8Array(0));
  });

  it("has one spelling: others are refused with their place", () => {
    for (const text of [
      "",
      "0",
      "0x0",
      "0X00",
      "00",
      "0xAB",
      "0xg0",
      "0x0g",
      "0x00 ",
      " 0x00",
      "0x0O",
      "0x٠٠",
    ])
      expect(
        codeOf(() => bytes.fromHex(text, undefined, "/a")),
        text,
      ).to.equal("hex.invalid");
    expect(() => bytes.fromHex("0x00", 2, "/a")).to.throw("/a: must be 2 bytes in lower-case hex");
    expect(bytes.isHex("0x00", 1)).to.equal(true);
    expect(bytes.isHex("0x00", 2)).to.equal(false);
    expect(bytes.isHex(new String("0x00"))).to.equal(false);
  });
});

describe("utf8", () => {
  it("is what Node makes of it, for code points of every length", () => {
    const text = "\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}某😀";
    expect(bytes.utf8(text)).to.deep.equal(new Uint8Array(Buffer.from(text, "utf8")));
  });

  it("refuses half characters wherever they stand", () => {
    for (const text of ["\ud800", "\udc00", "a\ud800b", "\udc00\ud800", "\ud800\ud800\udc00", "x\udfff"])
      expect(codeOf(() => bytes.utf8(text))).to.equal("text.lone-surrogate");
  });
});

describe("integers", () => {
  it("are written big-endian up to 53 bits", () => {
    const target = new Uint8Array(10);
    bytes.writeUint(target, 1, 8, Number.MAX_SAFE_INTEGER);
    expect(bytes.toHex(target)).to.equal("0x00001fffffffffffff00");
    bytes.writeUint(target, 0, 4, 0xffffffff);
    expect(bytes.toHex(target)).to.equal(
      "0xffffffffffffffffff00".replace("ffffffffffffffff", "ffffffffffffffff"),
    );
  });

  it("are integers within the bounds, and never -0 or of another kind", () => {
    expect(bytes.isInteger(0, 0, 1)).to.equal(true);
    for (const value of [-0, -1, 2, 0.5, NaN, Infinity, "1", 1n, null, undefined, true, new Number(1)])
      expect(bytes.isInteger(value, 0, 1), String(value)).to.equal(false);
  });
});

describe("compareBytes", () => {
  it("orders unsigned bytes, the shorter first", () => {
    const sorted = ["0x", "0x00", "0x0000", "0x01", "0x7f", "0x80", "0xff", "0xff00"].map((hex) =>
      bytes.fromHex(hex),
    );
    sorted.forEach((a, i) =>
      sorted.forEach((b, j) => {
        expect(Math.sign(bytes.compareBytes(a, b))).to.equal(Math.sign(i - j));
        expect(bytes.equalBytes(a, b)).to.equal(i === j);
      }),
    );
  });
});

describe("pointer", () => {
  it("escapes as RFC 6901 says", () => {
    expect(bytes.pointer([])).to.equal("");
    expect(bytes.pointer(["a/b", "m~n", 0, ""])).to.equal("/a~1b/m~0n/0/");
  });
});
