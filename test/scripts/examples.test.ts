import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import { startAnvil } from "../support/chains";
import { root } from "../support/deployments";

const hardhat = join(root, "node_modules/hardhat/internal/cli/bootstrap.js");

function run(example: string, network: string, env: Record<string, string> = {}): Promise<string> {
  const args = [hardhat, "run", "--no-compile", join("scripts", "examples", example), "--network", network];
  return new Promise((resolve, reject) =>
    execFile(
      process.execPath,
      args,
      { cwd: root, env: { ...process.env, ...env } },
      (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(stdout + stderr))),
    ),
  );
}

describe("examples of the library", function () {
  it("anchors on the chain inside Hardhat", async () => {
    const text = await run("anchor.ts", "hardhat");
    expect(text).to.match(
      /^200 records anchored as batch 4294967296\nroot 0x[0-9a-f]{64}, transaction 0x[0-9a-f]{64}\n$/,
    );
  });

  it("anchors on a node that runs elsewhere", async () => {
    const node = await startAnvil();
    try {
      expect(await run("anchor.ts", "localhost", { LOCALHOST_RPC_URL: node.url })).to.match(
        /^200 records anchored/,
      );
    } finally {
      await node.stop();
    }
  });

  it("changes a status", async () => {
    const lines = (await run("change-status.ts", "hardhat")).trim().split("\n");
    expect(lines.slice(0, 3)).to.deep.equal([
      "record 3: Active, Disputed",
      "record 4: Active",
      "record 5: Active, Disputed",
    ]);
    expect(lines[3]).to.match(/^record 3: MarksSet by 0x[0-9a-f]{40} in block \d+$/);
  });

  it("verifies a receipt and a presentation, and catches a forgery", async () => {
    const lines = (await run("verify.ts", "hardhat")).trim().split("\n");
    expect(lines[0]).to.match(/^receipt: passed .*integrity inclusion anchor issuer status$/);
    expect(lines[1]).to.match(/^presentation: passed .*integrity inclusion anchor/);
    expect(lines[1]).not.to.contain("FAILED");
    expect(lines[2]).to.match(/^forged: .*FAILED integrity inclusion$/);
  });

  it("are short", () => {
    for (const name of ["anchor.ts", "change-status.ts", "verify.ts"]) {
      const lines = readFileSync(join(root, "scripts", "examples", name), "utf8").split("\n").length;
      expect(lines, name).to.be.at.most(61);
    }
  });
});
