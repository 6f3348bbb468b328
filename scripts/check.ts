/**
 * Runs every check of the repository and counts: `npm run check [-- NAME…]`.
 *
 * A check is one command that exits 0 when it holds; a test run counts its tests. All checks run even when one fails,
 * two at a time unless one says that it runs alone, and the last line says `N passed, N failed`. What a check prints
 * comes in one piece when it ends, if it does not run alone.
 */
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

interface Check {
  readonly name: string;
  /** What is wrong when it fails, and what to do about it. */
  readonly otherwise: string;
  readonly command: string;
  /** It writes what others read, or keeps all processors busy by itself. */
  readonly alone?: true;
}

const checks: readonly Check[] = [
  { name: "format", command: "prettier --check .", otherwise: "run: npm run format" },
  {
    name: "lint-contracts",
    command: "solhint --disc --noPoster --max-warnings 0 'contracts/**/*.sol'",
    otherwise: "mend what solhint names",
  },
  { name: "compile", command: "hardhat compile --force", otherwise: "mend the contracts", alone: true },
  {
    name: "typechain",
    command:
      'git diff --exit-code --stat -- typechain-types && test -z "$(git status --porcelain -- typechain-types)"',
    otherwise: "typechain-types/ is not what the contracts compile to: commit what `npm run compile` wrote",
  },
  {
    name: "types",
    command: "tsc -p . && tsc -p app",
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
  { name: "tests", command: "npm test", otherwise: "mend the code, or the promise", alone: true },
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

function run(check: Check): Promise<void> {
  const started = Date.now();
  const child = spawn("sh", ["-c", check.command], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH: path, FORCE_COLOR: "0" },
  });
  const alone = check.alone === true;
  const title = `\n== ${check.name}: ${check.command}\n`;
  if (alone) process.stdout.write(title);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (alone) process.stdout.write(text);
    });
  return new Promise((resolve) => {
    child.on("close", (status) => {
      const counted = [...output.matchAll(/^\s*(\d+) (passing|failing)\b/gm)];
      const count = (word: string): number =>
        counted.filter((match) => match[2] === word).reduce((sum, match) => sum + Number(match[1]), 0);
      const ok = status === 0;
      passed += ok ? Math.max(1, count("passing")) : count("passing");
      // A command that died before its tests ended has failed, whatever it counted.
      failed += ok ? 0 : Math.max(1, count("failing"));
      if (!ok) complaints.push(`${check.name}: ${check.otherwise}`);
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      if (!alone) process.stdout.write(`${title}${output}`);
      console.log(`== ${check.name}: ${ok ? "holds" : "FAILS"} (${seconds} s)`);
      resolve();
    });
  });
}

async function runAll(): Promise<void> {
  const running = new Set<Promise<void>>();
  for (const check of checks) {
    if (wanted.length > 0 && !wanted.includes(check.name)) continue;
    const others = check.alone === true ? 0 : 1;
    while (running.size > others) await Promise.race(running);
    const one = run(check).finally(() => running.delete(one));
    running.add(one);
    if (check.alone === true) await one;
  }
  await Promise.all(running);
}

void runAll().then(() => {
  for (const complaint of complaints) console.log(`FAILS ${complaint}`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
});
