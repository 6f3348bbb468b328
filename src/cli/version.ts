import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Version of the package this file belongs to; it runs from src/ and from dist/. */
export function packageVersion(): string {
  for (let dir = __dirname; dir !== dirname(dir); dir = dirname(dir)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Record<
        string,
        unknown
      >;
      if (name === "credit-anchor" && typeof version === "string") return version;
    } catch {
      // No package.json here: look one folder up.
    }
  }
  return "unknown";
}
