/**
 * Proves that everything from a record to a verdict runs in a browser under a strict content policy: bundles it for
 * one, looks for what only Node has, and lets the bundle judge receipts of the corpus in a context that has next to
 * nothing but the language.
 */
import { createContext, Script } from "node:vm";
import { join } from "node:path";
import { build } from "esbuild";
import type { Case, Situation } from "../test/support/forgeries";
import { loadVectors, withChange } from "../test/support/vectors";

const SOURCE = process.cwd();
const MODULES = [
  "bytes",
  "hashes",
  "json",
  "canonical",
  "commitment",
  "merkle",
  "batch",
  "receipt",
  "verify",
  "bundle",
  "checkpoint",
  "sign-off",
  "record",
  "types",
  "policy",
  "report",
];

/** What must not be in the bundle, and why it would matter. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\brequire\s*\(/, "loads a module at run time"],
  [/["']node:/, "needs a module of Node"],
  [/\bBuffer\b/, "needs Node's Buffer"],
  [/\bprocess\s*\./, "needs Node's process"],
  [/\beval\s*\(/, "evaluates text: a strict content policy forbids it"],
  [/\bnew\s+Function\b/, "evaluates text: a strict content policy forbids it"],
  [/\bFunction\s*\(\s*["'`]/, "evaluates text: a strict content policy forbids it"],
  [/\b__dirname\b|\b__filename\b/, "needs a file system"],
  [/\bfetch\s*\(|\bXMLHttpRequest\b|\bWebSocket\b/, "touches a network"],
];

async function bundle(): Promise<string> {
  const contents = MODULES.map(
    (name) => `export * as ${name.replaceAll("-", "_")} from "./src/${name}";`,
  ).join("\n");
  const { outputFiles, warnings } = await build({
    stdin: { contents, resolveDir: SOURCE, loader: "ts" },
    bundle: true,
    write: false,
    platform: "browser",
    format: "iife",
    globalName: "creditAnchor",
    target: "es2022",
    legalComments: "none",
    logLevel: "silent",
  });
  if (warnings.length > 0) throw new Error(`esbuild warns: ${warnings.map(({ text }) => text).join("; ")}`);
  return outputFiles[0]!.text;
}

function findForbidden(code: string): string[] {
  const lines = code.split("\n");
  return FORBIDDEN.flatMap(([pattern, why]) =>
    lines
      .map((line, i) => ({ line: line.replace(/^\s*(\/\/|\*).*$/, ""), number: i + 1 }))
      .filter(({ line }) => pattern.test(line))
      .map(({ line, number }) => `line ${number} of the bundle ${why}: ${line.trim().slice(0, 100)}`),
  );
}

/** Judges every case of the corpus inside the bare context; returns the names of those judged otherwise. */
function judge(code: string): string[] {
  // No Buffer, process, TextEncoder, timers, console. URL alone, which every browser has: the schema library asks for it.
  const context = createContext(
    { URL },
    {
      codeGeneration: { strings: false, wasm: false },
    },
  );
  new Script(code, { filename: "bundle.js" }).runInContext(context);
  const call = new Script(`(text) => {
    const { types, ...request } = JSON.parse(text);
    const known = types.map((document) => creditAnchor.types.loadType(document));
    const evidence = JSON.stringify(request.evidence);
    return creditAnchor.verify.verify({ ...request, evidence, types: known }).exitStatus;
  }`).runInContext(context) as (text: string) => number;
  const { situation, cases } = loadVectors<{ situation: Situation; cases: Case[] }>("receipts");
  return cases
    .filter(({ changes, exitStatus }) => {
      const changed = changes.reduce(
        (from, { path, ...change }) => withChange(from, path, change),
        situation,
      );
      return call(JSON.stringify(changed)) !== exitStatus;
    })
    .map(({ name }) => `in a bare context the verdict differs: ${name}`);
}

async function main(): Promise<number> {
  const code = await bundle();
  const problems = [...findForbidden(code), ...judge(code)];
  for (const problem of problems) console.error(problem);
  const size = `${Math.round(code.length / 1024)} KiB in ${join("src", `{${MODULES.join(",")}}.ts`)}`;
  console.log(
    problems.length === 0
      ? `the pure part needs nothing but JavaScript (${size})`
      : "the pure part is not pure",
  );
  return problems.length === 0 ? 0 : 1;
}

void main().then((exitStatus) => {
  process.exitCode = exitStatus;
});
