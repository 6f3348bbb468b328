import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "..", "..");

/** Compiled scripts and command line, as people run them. */
export const dist = join(root, "dist");

function newest(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Math.max(
    ...files
      .filter((name) => /\.(tsx?|json|css|html)$/.test(name))
      .map((name) => statSync(join(folder, name)).mtimeMs),
  );
}

let isBuilt = false;

/** Builds `dist/` unless it is newer than every source. `npm test` has built it already. */
export function ensureBuilt(): void {
  if (isBuilt) return;
  isBuilt = true;
  const built = (file: string): number => statSync(join(dist, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const time = Math.min(built(".tsbuildinfo"), built(join("app", "index.html")));
  if (["app", "src", "scripts", "typechain-types"].every((folder) => newest(join(root, folder)) < time))
    return;
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", "build"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the build fails:\n${stdout}${stderr}`);
}
