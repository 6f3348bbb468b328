/**
 * Checks that imports run one way: `ts-node -T scripts/check-imports.ts [FOLDER]`. Exits 1 and names every violation.
 *
 * The line from record to audit is pure up to verification: no Node, no network, no chain. Only a few modules may open
 * a connection or use one. No module imports itself through others.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

interface Import {
  /** Module below src/ without its ending, `typechain-types`, or the name of a package. */
  readonly target: string;
  /** Erased by the compiler. */
  readonly typeOnly: boolean;
}

/** The pure line, from what is imported by all to what imports all: a module imports its own row and rows above. */
const LINE: readonly { readonly name: string; readonly modules: readonly string[] }[] = [
  {
    name: "ground",
    modules: [
      "errors",
      "bytes",
      "hashes",
      "json",
      "positions",
      "reasons",
      "counted",
      "file-kinds",
      "shape",
      "foreign-text",
      "html",
      "time-words",
    ],
  },
  { name: "canonical", modules: ["canonical"] },
  { name: "commitment, merkle", modules: ["commitment", "merkle"] },
  { name: "signature", modules: ["bundle/rlp", "bundle/signature"] },
  { name: "record", modules: ["types/", "record", "record-values", "column-plan", "formats"] },
  { name: "policy", modules: ["policy/"] },
  { name: "batch", modules: ["batch"] },
  { name: "receipt", modules: ["evidence", "receipt"] },
  {
    name: "verify",
    modules: ["verdict", "verify-history", "verify-facts", "verify-evidence", "verify-told", "verify"],
  },
  { name: "checkpoint, sign-off", modules: ["checkpoint", "sign-off"] },
  { name: "bundle", modules: ["bundle", "bundle/"] },
];

/** Packages the pure line may use: they run in a browser with a strict content policy. */
const PURE_PACKAGES = ["@noble/hashes", "@noble/curves", "@cfworker/json-schema"];

/** What stands above the pure line, and what each may import besides that line and itself; types of anything. */
const ABOVE: Readonly<Record<string, readonly string[]>> = {
  interfaces: ["typechain-types"],
  threads: [],
  audit: [
    "chain",
    "rpc",
    "roles",
    "governance",
    "sign-off-log",
    "docket",
    "interfaces",
    "typechain-types",
    "threads",
    "vault",
    "fast-hashes",
  ],
  report: [],
  docket: ["vault"],
  rpc: [],
  chain: ["rpc"],
  fees: ["chain", "rpc"],
  networks: ["fees"],
  pages: ["rpc"],
  "fast-hashes": [],
  samples: [],
  input: [],
  vault: ["home/files"],
  home: ["vault", "fees", "fast-hashes"],
  ingest: ["input", "vault", "home/files", "fast-hashes", "threads"],
  registry: [
    "chain",
    "rpc",
    "fees",
    "roles",
    "sign-off-log",
    "contract-signature",
    "interfaces",
    "typechain-types",
  ],
  "sign-off-log": ["interfaces"],
  "contract-signature": ["chain", "rpc", "typechain-types"],
  "relay-file": ["registry"],
  facts: ["chain", "rpc", "registry", "history"],
  history: ["chain", "rpc", "registry", "interfaces"],
  bundling: ["chain", "rpc"],
  "timestamp-authority": [],
  reconcile: ["audit", "input", "ingest/rejected-rows", "vault"],
  anchoring: ["chain", "rpc", "fees", "registry", "interfaces", "vault", "fast-hashes"],
  roles: ["interfaces"],
  governance: ["chain", "rpc", "registry", "roles", "interfaces"],
  deployment: ["roles", "typechain-types"],
  deploy: [
    "chain",
    "rpc",
    "fees",
    "registry",
    "roles",
    "deployment",
    "audit/journal",
    "home/files",
    "interfaces",
    "typechain-types",
  ],
};

/** Modules that may open a connection by themselves; everybody else goes through them. */
const CONNECTING = ["rpc", "chain", "pages"];
const CONNECTIONS =
  /\bfetch\s*\(|\bnew\s+(WebSocket|XMLHttpRequest|JsonRpcProvider|WebSocketProvider|FetchRequest)\b|node:(http|https|http2|net|tls|dgram)\b/;

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return /\.tsx?$/.test(name) ? [path] : [];
  });
}

function importsOf(path: string, source: string): Import[] {
  const tree = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2022, true);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined)
      found.push({
        target: targetOf((node.moduleSpecifier as ts.StringLiteral).text, path, source),
        typeOnly: isTypeOnly(node),
      });
    if (ts.isCallExpression(node)) {
      const callee = node.expression;
      const loads =
        callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === "require");
      const [argument] = node.arguments;
      if (loads && argument !== undefined && ts.isStringLiteral(argument))
        found.push({ target: targetOf(argument.text, path, source), typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) {
    if (node.isTypeOnly) return true;
    const { exportClause } = node;
    return (
      exportClause !== undefined &&
      ts.isNamedExports(exportClause) &&
      exportClause.elements.every((item) => item.isTypeOnly)
    );
  }
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const { name, namedBindings } = clause;
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.length > 0 &&
    namedBindings.elements.every((item) => item.isTypeOnly)
  );
}

function targetOf(specifier: string, path: string, source: string): string {
  if (!specifier.startsWith(".")) return specifier;
  const absolute = resolve(dirname(path), specifier);
  const below = relative(source, absolute);
  if (below.startsWith("..")) return below.replace(/^(\.\.\/)+/, "").split("/")[0]!;
  const file = [absolute, `${absolute}.ts`, join(absolute, "index.ts")].find(
    (name) => existsSync(name) && statSync(name).isFile(),
  );
  return relative(source, file ?? absolute).replace(/\.ts$/, "");
}

/** Whether a module is (in) one of these: `types/` and `audit` name folders, `audit` its main module too. */
function isOneOf(module: string, names: readonly string[]): boolean {
  return names.some((name) => module === name || module.startsWith(name.endsWith("/") ? name : `${name}/`));
}

function groupOf(module: string): string {
  if (/^registry(-|$)/.test(module)) return "registry";
  return module.split("/")[0]!;
}

/** What the pages may use besides the pure line: they read a chain, and never a file, a key or a home. */
const FOR_PAGES = [
  "chain",
  "facts",
  "interfaces",
  "registry-views",
  "registry-sign-offs",
  "sign-off-log",
  "deploy/record-fields",
  "audit/apply",
  "audit/differences",
  "audit/events",
  "audit/journal",
  "audit/moves",
  "audit/state",
];
const PACKAGES_FOR_PAGES = ["preact"];

/** Everything that is wrong with the imports of the pages, in words. */
export function pageFaults(pages: string, source: string): string[] {
  const mayUse = (target: string): boolean =>
    rowOf(target) >= 0 ||
    isOneOf(target, FOR_PAGES) ||
    PACKAGES_FOR_PAGES.some((name) => target === name || target.startsWith(`${name}/`));
  return filesBelow(pages).flatMap((path) =>
    importsOf(path, source)
      .filter(
        ({ target, typeOnly }) =>
          // Modules outside the source folder are named by their first folder.
          target !== basename(pages) && !typeOnly && !mayUse(target),
      )
      .map(
        ({ target }) =>
          `app/${relative(pages, path)} imports ${target}: pages use the pure line, readers of a chain, preact`,
      ),
  );
}

const rowOf = (module: string): number => LINE.findIndex(({ modules }) => isOneOf(module, modules));

/** Everything that is wrong with the imports of a source folder, in words. */
export function importFaults(source: string): string[] {
  const graph = new Map<string, Import[]>();
  const faults: string[] = [];
  for (const path of filesBelow(source)) {
    const module = relative(source, path).replace(/\.ts$/, "");
    const imports = importsOf(path, source);
    graph.set(module, imports);
    for (const item of imports) {
      const fault = judge(module, item);
      if (fault !== undefined) faults.push(`src/${module}.ts imports ${item.target}: ${fault}`);
    }
    if (
      !isOneOf(module, CONNECTING) &&
      groupOf(module) !== "cli" &&
      CONNECTIONS.test(withoutComments(readFileSync(path, "utf8")))
    )
      faults.push(`src/${module}.ts opens a connection: only ${CONNECTING.join(" and ")} do`);
  }
  return [...faults, ...cycles(graph)];
}

function judge(module: string, { target, typeOnly }: Import): string | undefined {
  const row = rowOf(module);
  if (row >= 0) {
    const targetRow = rowOf(target);
    if (targetRow > row) return `imports run from ${LINE[targetRow]!.name} to ${LINE[row]!.name}, not back`;
    if (targetRow >= 0 || target.endsWith(".json")) return undefined;
    if (PURE_PACKAGES.some((name) => target === name || target.startsWith(`${name}/`))) return undefined;
    return "the line from record to verify is pure: no Node, no network, no chain";
  }
  const group = groupOf(module);
  if (group === "cli") return undefined;
  if (typeOnly || rowOf(target) >= 0)
    return groupOf(target) === "cli" ? "only the command line knows the command line" : undefined;
  const allowed = ABOVE[group];
  if (allowed === undefined) return "this module has no place in scripts/check-imports.ts: give it one";
  const isOurs =
    target === "typechain-types" || ABOVE[groupOf(target)] !== undefined || groupOf(target) === "cli";
  if (!isOurs || groupOf(target) === group) return undefined;
  return isOneOf(target, allowed) || allowed.includes(groupOf(target))
    ? undefined
    : `${group} may import ${allowed.join(", ") || "nothing of this kind"}`;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

/** Ways from a module to itself over imports that exist at run time. */
function cycles(graph: ReadonlyMap<string, readonly Import[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (module: string, path: readonly string[]): void => {
    const at = path.indexOf(module);
    if (at >= 0)
      return void found.push(
        `cycle: ${[...path.slice(at), module].map((name) => `src/${name}.ts`).join(" -> ")}`,
      );
    if (done.has(module)) return;
    for (const { target, typeOnly } of graph.get(module) ?? [])
      if (!typeOnly && graph.has(target)) walk(target, [...path, module]);
    done.add(module);
  };
  for (const module of graph.keys()) walk(module, []);
  return found;
}

if (require.main === module) {
  const source = resolve(process.argv[2] ?? join(__dirname, "..", "src"));
  const pages = join(source, "..", "app");
  const faults = [...importFaults(source), ...(existsSync(pages) ? pageFaults(pages, source) : [])];
  for (const fault of faults) console.error(fault);
  console.log(faults.length === 0 ? "imports run one way" : `${faults.length} imports run the wrong way`);
  process.exit(faults.length === 0 ? 0 : 1);
}
