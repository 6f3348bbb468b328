import { expect } from "chai";
import { labelText, printableText } from "../../src/foreign-text";

describe("text that others wrote", () => {
  it("shows nothing that steers, hides, reorders or breaks the line", () => {
    for (const character of ["\u001b", "\n", "\u009b", "\u202e", "\u200b", "\u2028", "\u2029", "\ud800"]) {
      expect(printableText(`a${character}b`), character).to.equal("a\ufffdb");
      expect(printableText(`a${character}b`, " "), character).to.equal("a b");
    }
    expect(printableText("示例 😀 é")).to.equal("示例 😀 é");
  });

  it("reads labels of the chain, and leaves in hex what is none", () => {
    const label = (hex: string): string => `0x${hex.padEnd(64, "0")}`;
    expect(labelText(label("636e2e70656e616c7479"))).to.equal("cn.penalty");
    expect(labelText(label("7E21"))).to.equal("~!");
    for (const empty of ["0x", label("")]) expect(labelText(empty)).to.equal("");
    for (const none of [label("611b"), label("612062"), label("610062"), label("7f"), label("ff")])
      expect(labelText(none)).to.equal(none);
  });
});
