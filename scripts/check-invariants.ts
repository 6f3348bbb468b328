/**
 * Checks docs/invariants.md: `ts-node -T scripts/check-invariants.ts`. Every test that it names exists, and it names every
 * invariant of the property test. Exits 1 and says what is missing.
 *
 * A test is named as `FILE`: "TITLE"; the title, or the part of it that is the same in all cases, has to stand in the file
 * or in a file of test/support that it imports.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(__dirname, "..");
const DOCUMENT = "docs/invariants.md";
const PROPERTY_TEST = "test/properties/registry-state.test.ts";
const INVARIANTS = "test/support/model/invariants.ts";

/** A test with what it imports from test/support: titles may stand in either. */
function textOf(file: string, seen = new Set<string>()): string {
  if (seen.has(file)) return "";
  seen.add(file);
  const text = readFileSync(join(root, file), "utf8");
  const imported = [...text.matchAll(/from "(\.[^"]+)"/g)]
    .map((match) => join(dirname(file), `${match[1]!}.ts`))
    .filter((path) => path.startsWith(join("test", "support")) && existsSync(join(root, path)));
  return [text, ...imported.map((path) => textOf(path, seen))].join("\n");
}

const faults: string[] = [];
const named = new Map<string, Set<string>>();
let count = 0;
readFileSync(join(root, DOCUMENT), "utf8")
  .split("\n")
  .forEach((line, i) => {
    const [, file, title] = /^ +- `(test\/[^`]+)`: "(.+)"$/.exec(line) ?? [];
    if (file === undefined || title === undefined) {
      if (/^ +- /.test(line)) faults.push(`${DOCUMENT}:${i + 1}: names no test: - \`FILE\`: "TITLE"`);
      return;
    }
    count += 1;
    named.set(file, (named.get(file) ?? new Set()).add(title));
    if (!existsSync(join(root, file))) faults.push(`${DOCUMENT}:${i + 1}: there is no ${file}`);
    else if (!textOf(file).includes(title))
      faults.push(`${DOCUMENT}:${i + 1}: ${file} has no test "${title}"`);
  });

const titles = [...readFileSync(join(root, INVARIANTS), "utf8").matchAll(/\btitle:\s*"([^"]+)"/g)];
if (titles.length === 0) faults.push(`${INVARIANTS}: no invariants were found`);
for (const [, title] of titles)
  if (named.get(PROPERTY_TEST)?.has(title!) !== true)
    faults.push(`${DOCUMENT}: does not name "${title}", which ${PROPERTY_TEST} checks`);

for (const fault of faults) console.error(fault);
console.log(`${DOCUMENT}: ${count} tests named, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
