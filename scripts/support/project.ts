import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of the project: this file runs from scripts/ and from dist/scripts/. */
export function projectRoot(): string {
  for (let dir = __dirname; dir !== dirname(dir); dir = dirname(dir))
    if (existsSync(join(dir, "package.json"))) return dir;
  throw new Error("package.json is not found");
}
