/**
 * Runs the tests of test/contracts on instrumented contracts and fails unless every statement, function and branch of contracts/ was
 * run. A branch that cannot be is named, with the reason, in docs/coverage.md as `contracts/…sol:line`.
 *
 * Instrumenting replaces typings and artifacts, so it is done in a copy of the project that is thrown away.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

interface Range {
  readonly start: { readonly line: number };
}

/** What istanbul writes for a file. */
interface FileCoverage {
  readonly s: Record<string, number>;
  readonly f: Record<string, number>;
  readonly b: Record<string, number[]>;
  readonly statementMap: Record<string, Range>;
  readonly fnMap: Record<string, { readonly line: number }>;
  readonly branchMap: Record<string, { readonly line: number }>;
}

const root = join(__dirname, "..");
const needed = [
  ".solcover.js",
  "contracts",
  "deployments/profiles",
  "hardhat.config.ts",
  "package.json",
  "scripts/support",
  "src",
  "test/contracts",
  "test/support",
  "test/vectors",
  "tsconfig.json",
  "typechain-types",
];

/** These try every value of something, not one branch more: traced they take as long as all others together. */
const EXHAUSTIVE = ["journal", "merkle", "status-matrix"];

function measure(): Record<string, FileCoverage> {
  const copy = mkdtempSync(join(tmpdir(), "credit-anchor-coverage-"));
  try {
    for (const path of needed) cpSync(join(root, path), join(copy, path), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const args = ["hardhat", "coverage", "--testfiles", `test/contracts/!(${EXHAUSTIVE.join("|")}).test.ts`];
    const { status, stdout, stderr } = spawnSync("npx", args, {
      cwd: copy,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    if (status !== 0)
      throw new Error(`tests fail on the instrumented contracts:\n${(stdout + stderr).slice(-6_000)}`);
    const files = JSON.parse(readFileSync(join(copy, "coverage.json"), "utf8")) as Record<
      string,
      FileCoverage
    >;
    return Object.fromEntries(
      Object.entries(files).map(([file, found]) => [
        file.startsWith("/") ? relative(copy, file) : file,
        found,
      ]),
    );
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** `file:line` and what was not run there. */
function missing(files: Record<string, FileCoverage>): { place: string; what: string }[] {
  return Object.entries(files).flatMap(([file, found]) => [
    ...Object.entries(found.s)
      .filter(([, times]) => times === 0)
      .map(([id]) => ({ place: `${file}:${found.statementMap[id]!.start.line}`, what: "statement" })),
    ...Object.entries(found.f)
      .filter(([, times]) => times === 0)
      .map(([id]) => ({ place: `${file}:${found.fnMap[id]!.line}`, what: "function" })),
    ...Object.entries(found.b)
      .filter(([, times]) => times.includes(0))
      .map(([id]) => ({ place: `${file}:${found.branchMap[id]!.line}`, what: "branch" })),
  ]);
}

const files = measure();
const exceptions = existsSync(join(root, "docs/coverage.md"))
  ? readFileSync(join(root, "docs/coverage.md"), "utf8")
  : "";
const faults = missing(files).filter(({ place }) => !exceptions.includes(`\`${place}\``));
for (const { place, what } of faults) console.error(`${place}: ${what} is not run by any test`);
if (Object.keys(files).length === 0) console.error("nothing was measured");
else if (faults.length === 0)
  console.log(`every statement, function and branch of ${Object.keys(files).length} contracts is run`);
process.exit(faults.length === 0 && Object.keys(files).length > 0 ? 0 : 1);
