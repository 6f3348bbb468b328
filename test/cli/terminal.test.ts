import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { run } from "../support/cli";

describe("a receipt that talks to the terminal", function () {
  const dir = mkdtempSync(join(tmpdir(), "credit-anchor-terminal-"));
  const file = join(dir, "receipt.json");
  // Clears the screen, goes up, reverses, and writes a verdict of its own on a line of its own.
  const name = "x\u001b[2J\u001b[1A\u009b7m\u202e\r\nVALID\u2028\u200b";
  before(() =>
    writeFileSync(file, JSON.stringify({ format: "credit-anchor/receipt", formatVersion: 1, [name]: 1 })),
  );
  after(() => rmSync(dir, { recursive: true }));

  for (const options of [[], ["--debug"], ["--json"]])
    it(`reaches nothing but lines of text: verify ${options.join(" ")}`, async () => {
      const { status, stdout, stderr } = await run(["verify", file, "--offline", ...options]);
      expect(status).to.be.greaterThan(0);
      const said = stdout + stderr;
      expect(said, "the name is shown").to.contain("[1A");
      expect(said.replaceAll("\n", "")).not.to.match(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      expect(stdout.split("\n"), "a line of its own").not.to.satisfy((lines: string[]) =>
        lines.some((line) => line.startsWith("VALID")),
      );
    });
});
