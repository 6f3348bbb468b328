import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openHome } from "../../src/home";
import { harbourHome, removeFolders } from "../support/homes";

const root = join(__dirname, "..", "..");
/** Writes one file again and again: what two commands on one home do that start together. */
const script = `
  const { replaceFile } = require(${JSON.stringify(join(root, "src", "home", "files.ts"))});
  const [file, letter] = process.argv.slice(1);
  for (let i = 0; i < 400; i++) replaceFile(file, letter.repeat(5000));
`;

/** Adds one record type after another to the settings, as commands do that use types for the first time. */
const adding = `
  const { openHome } = require(${JSON.stringify(join(root, "src", "home.ts"))});
  const [dir, letter] = process.argv.slice(1);
  (async () => {
    const home = openHome(dir, { env: {} });
    for (let i = 1; i <= 40; i++) {
      const admitted = { typeId: i, typeHash: "0x" + "ab".repeat(32) };
      await home.changeSettings((was) => ({ ...was, types: { ...was.types, [letter + "." + i]: admitted } }));
    }
  })().catch((error) => { console.error(error); process.exit(1); });
`;

/** Runs a script to its end. @returns what was wrong; nothing if it ended well. */
function runScript(code: string, ...words: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = ["-r", "ts-node/register/transpile-only", "-e", code, ...words];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    let problem = "";
    child.stderr.on("data", (chunk: Buffer) => (problem += chunk.toString()));
    child.once("error", reject);
    child.once("close", (status) => resolve(status === 0 ? "" : problem || `exit status ${status}`));
  });
}

describe("one file of a home, written by two processes at once", function () {
  after(removeFolders);

  it("is whole at the end, neither fails, and nothing is left behind", async () => {
    const dir = mkdtempSync(join(tmpdir(), "two-writers-"));
    try {
      const file = join(dir, "types.json");
      const writing = [runScript(script, file, "a"), runScript(script, file, "b")];
      expect(await Promise.all(writing)).to.deep.equal(["", ""]);
      expect(readFileSync(file, "utf8")).to.match(/^(a{5000}|b{5000})$/);
      expect(readdirSync(dir)).to.deep.equal(["types.json"]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it("keeps what both changed in the settings, also while a third holds the vault", async () => {
    const home = await harbourHome();
    const vault = await home.writeVault({ command: "test" });
    try {
      const adders = [runScript(adding, home.dir, "a"), runScript(adding, home.dir, "b")];
      expect(await Promise.all(adders)).to.deep.equal(["", ""]);
    } finally {
      await vault.close();
    }
    const added = Object.keys(openHome(home.dir).settings.types).filter((name) => /^[ab]\./.test(name));
    expect(added).to.have.length(80);
  });
});
