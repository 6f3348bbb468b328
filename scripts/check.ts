/**
 * Runs every check of the repository and counts: `npm run check [-- NAME…]`.
 *
 * A check is one command that exits 0 when it holds; a test run counts its tests. All checks run even when one fails,
 * and the last line says `N passed, N failed`.
 */
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";

interface Check {
  readonly name: string;
  /** What is wrong when it fails, and what to do about it. */
  readonly otherwise: string;
  readonly command: string;
}

const checks: readonly Check[] = [
  { name: "format", command: "prettier --check .", otherwise: "run: npm run format" },
  {
    name: "lint-contracts",
    command: "solhint --disc --noPoster --max-warnings 0 'contracts/**/*.sol'",
    otherwise: "mend what solhint names",
  },
  { name: "compile", command: "hardhat compile --force", otherwise: "mend the contracts" },
  {
    name: "typechain",
    command:
      'git diff --exit-code --stat -- typechain-types && test -z "$(git status --porcelain -- typechain-types)"',
    otherwise: "typechain-types/ is not what the contracts compile to: commit what `npm run compile` wrote",
  },
  {
    name: "types",
    command: "tsc -p . && tsc -p app && tsc -p tsconfig.build.json --noEmit --incremental false",
    otherwise: "mend the types",
  },
  {
    name: "imports",
    command: "ts-node -T scripts/check-imports.ts",
    otherwise: "imports run one way: docs/architecture.md",
  },
  {
    name: "pure",
    command: "ts-node -T scripts/check-pure.ts",
    otherwise: "the pure part needs nothing but JavaScript",
  },
  {
    name: "vectors",
    command: "ts-node -T scripts/vectors.ts --check",
    otherwise: "test/vectors/ is not what the oracle computes: run npm run vectors, and think",
  },
  {
    name: "gas",
    command: "node -r ts-node/register/transpile-only scripts/gas-snapshot.ts --check",
    otherwise: "gas is not what bench/gas.json says: run npm run gas, and read the difference",
  },
  { name: "lint", command: "eslint . --max-warnings 0", otherwise: "mend what eslint names" },
  { name: "tests", command: "npm test", otherwise: "mend the code, or the promise" },
  {
    name: "coverage",
    command: "ts-node -T scripts/check-coverage.ts",
    otherwise: "a branch of contracts/ is not tested, and docs/coverage.md does not say why",
  },
  {
    name: "bench",
    command: "node dist/bench/run.js --records 200 --no-write",
    otherwise: "the benchmarks do not run",
  },
  {
    name: "docs",
    command:
      "ts-node -T scripts/check-docs.ts && ts-node -T scripts/check-invariants.ts && ts-node -T scripts/command-docs.ts --check",
    otherwise: "documents say what is not so: mend them, or run npm run docs for what is generated",
  },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !checks.some((check) => check.name === name));
if (unknown.length > 0) {
  console.error(
    `no such check: ${unknown.join(", ")}; there are: ${checks.map((check) => check.name).join(", ")}`,
  );
  process.exit(64);
}

/** The commands of the installed packages come first. */
const path = [join(__dirname, "..", "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter);

let passed = 0;
let failed = 0;
const complaints: string[] = [];
for (const check of checks) {
  if (wanted.length > 0 && !wanted.includes(check.name)) continue;
  console.log(`\n== ${check.name}: ${check.command}`);
  const started = Date.now();
  const run = spawnSync("sh", ["-c", check.command], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, PATH: path, FORCE_COLOR: "0" },
  });
  process.stdout.write(run.stdout);
  const counted = [...run.stdout.matchAll(/^\s*(\d+) (passing|failing)\b/gm)];
  const count = (word: string): number =>
    counted.filter((match) => match[2] === word).reduce((sum, match) => sum + Number(match[1]), 0);
  const ok = run.status === 0;
  // A command that died before its tests ended has failed, whatever it counted.
  const failures = ok ? 0 : Math.max(1, count("failing"));
  passed += ok ? Math.max(1, count("passing")) : count("passing");
  failed += failures;
  if (!ok) complaints.push(`${check.name}: ${check.otherwise}`);
  console.log(
    `== ${check.name}: ${ok ? "holds" : "FAILS"} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  );
}

for (const complaint of complaints) console.log(`FAILS ${complaint}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
