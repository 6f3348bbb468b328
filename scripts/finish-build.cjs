// Makes the command usable as `npx credit-anchor` in this folder: npm links the commands of packages it installs, but not
// those of the package it stands in.
const { chmodSync, rmSync, symlinkSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");
const command = join("dist", "src", "cli", "main.js");
chmodSync(join(root, command), 0o755);
if (process.platform !== "win32") {
  const link = join(root, "node_modules", ".bin", "credit-anchor");
  rmSync(link, { force: true });
  symlinkSync(join("..", "..", command), link);
}
