import { readFileSync } from "node:fs";
import { join } from "node:path";

export const VECTORS_FOLDER = join(__dirname, "..", "vectors");

/** A file of the corpus. Read with the engine's parser: some vectors hold what ours refuses. */
export function loadVectors<T>(name: string): T {
  return JSON.parse(readFileSync(join(VECTORS_FOLDER, `${name}.json`), "utf8")) as T;
}

/** A copy with one place changed: a JSON pointer and the new value, or nothing to remove it. */
export function withChange<T>(value: T, path: string, change: { value?: unknown }): T {
  const copy = structuredClone(value) as unknown;
  const names = path
    .split("/")
    .slice(1)
    .map((name) => name.replace(/~1/g, "/").replace(/~0/g, "~"));
  const last = names.pop();
  if (last === undefined) return change.value as T;
  let parent = copy as Record<string, unknown>;
  for (const name of names) parent = parent[name] as Record<string, unknown>;
  if ("value" in change) parent[last] = change.value;
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else Reflect.deleteProperty(parent, last);
  return copy as T;
}
