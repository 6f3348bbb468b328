import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

const root = join(__dirname, "..", "..");
/** Writes one file again and again: what two commands on one home do that start together. */
const script = `
  const { replaceFile } = require(${JSON.stringify(join(root, "src", "home", "files.ts"))});
  const [file, letter] = process.argv.slice(1);
  for (let i = 0; i < 400; i++) replaceFile(file, letter.repeat(5000));
`;

describe("one file of a home, written by two processes at once", function () {
  this.timeout(120_000);

  it("is whole at the end, neither fails, and nothing is left behind", async () => {
    const dir = mkdtempSync(join(tmpdir(), "two-writers-"));
    try {
      const file = join(dir, "types.json");
      const write = (letter: string): Promise<string> =>
        new Promise((resolve, reject) => {
          const args = ["-r", "ts-node/register/transpile-only", "-e", script, file, letter];
          const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
          let problem = "";
          child.stderr.on("data", (chunk: Buffer) => (problem += chunk.toString()));
          child.once("error", reject);
          child.once("close", (code) => resolve(code === 0 ? "" : problem || `exit status ${code}`));
        });
      expect(await Promise.all([write("a"), write("b")])).to.deep.equal(["", ""]);
      expect(readFileSync(file, "utf8")).to.match(/^(a{5000}|b{5000})$/);
      expect(readdirSync(dir)).to.deep.equal(["types.json"]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
