/**
 * Checks README.md and docs/*.md: `ts-node -T scripts/check-docs.ts [--write] [--offline]`.
 *
 * - ```sh        every command is run, in the order of the document, in a folder that looks like this one, beside a
 *                sandbox; each must exit 0, or with the status of a comment at its end: `# exits 3`, `# exits 0 or 3`. `npm run sandbox` is
 *                that sandbox; `penalties.csv` lies there; what another check runs anyway (`npm test`) is not run again.
 * - ```json F#P  is the value at JSON pointer P of the file F; "…" stands for what is left out.
 * - ```text      (or nothing) shows something that is no command. Any other block is a fault: nothing would check it.
 * - In `code`: verbs of credit-anchor, scripts of package.json and paths of this repository have to exist; so do the
 *   targets of links.
 * - Between `<!-- generated: NAME -->` and `<!-- /generated -->` stands a table made from the code; --write makes it.
 *
 * --offline leaves the commands out.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { RECONCILIATION_FAULTS } from "../src/audit";
import { ExitStatus } from "../src/errors";
import { loadPolicySet, type Policy, policyRef, type Rule } from "../src/policy";
import { periodText } from "../src/policy/period";
import { reasons } from "../src/reasons";
import { shippedHolidays } from "../src/policy/shipped";

const root = join(__dirname, __dirname.endsWith(join("dist", "scripts")) ? "../.." : "..");
const faults: string[] = [];

interface Block {
  readonly document: string;
  readonly line: number;
  readonly info: string;
  readonly text: string;
}

function documents(): string[] {
  const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  return ["README.md", ...docs.map((name) => join("docs", name))].filter((name) =>
    existsSync(join(root, name)),
  );
}

function blocksOf(document: string): Block[] {
  const blocks: Block[] = [];
  let open: { info: string; line: number; lines: string[] } | undefined;
  readFileSync(join(root, document), "utf8")
    .split("\n")
    .forEach((text, i) => {
      const fence = /^```(.*)$/.exec(text);
      if (fence === null) open?.lines.push(text);
      else if (open === undefined) open = { info: fence[1]!.trim(), line: i + 1, lines: [] };
      else {
        blocks.push({ document, line: open.line, info: open.info, text: open.lines.join("\n") });
        open = undefined;
      }
    });
  if (open !== undefined) faults.push(`${document}:${open.line}: a code block without an end`);
  return blocks;
}

const complain = ({ document, line }: { document: string; line: number }, what: string): void =>
  void faults.push(`${document}:${line}: ${what}`);

// ------------------------------------------------------------------ values

function atPointer(value: unknown, pointer: string): unknown {
  const names = pointer.split("/").slice(1);
  return names.reduce<unknown>((at, name) => {
    const key = name.replace(/~1/g, "/").replace(/~0/g, "~");
    return typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  }, value);
}

/** What is shown is so; `"…"` stands for members or elements left out, and a text may end in it. */
function shows(shown: unknown, real: unknown): boolean {
  if (typeof shown === "string" && shown.endsWith("…"))
    return shown === "…" || (typeof real === "string" && real.startsWith(shown.slice(0, -1)));
  if (Array.isArray(shown)) {
    if (!Array.isArray(real)) return false;
    const open = shown.at(-1) === "…";
    const list = open ? shown.slice(0, -1) : shown;
    return (open || list.length === real.length) && list.every((item, i) => shows(item, real[i]));
  }
  if (typeof shown !== "object" || shown === null || typeof real !== "object" || real === null)
    return isDeepStrictEqual(shown, real);
  const { "…": rest, ...members } = shown as Record<string, unknown>;
  const names = Object.keys(members);
  if (rest === undefined && names.length !== Object.keys(real).length) return false;
  return names.every(
    (name) => Object.hasOwn(real, name) && shows(members[name], (real as Record<string, unknown>)[name]),
  );
}

function checkValue(block: Block): void {
  const [, file, pointer] = /^json (\S+?)#(\S*)$/.exec(block.info) ?? [];
  if (file === undefined)
    return complain(block, "a json block names no vectors: ```json test/vectors/FILE.json#/POINTER");
  if (!existsSync(join(root, file))) return complain(block, `there is no ${file}`);
  const real = atPointer(JSON.parse(readFileSync(join(root, file), "utf8")), pointer!);
  let shown: unknown;
  try {
    shown = JSON.parse(block.text);
  } catch {
    return complain(block, "is no JSON");
  }
  if (!shows(shown, real)) complain(block, `is not what ${file} has at ${pointer}`);
}

// ------------------------------------------------------------------ commands

interface Command {
  readonly block: Block;
  readonly text: string;
  readonly exits: readonly number[];
}

/** One command a line; a line that ends in `\` goes on in the next. */
function commandsOf(block: Block): Command[] {
  return block.text
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, text, exits] = /^(.*?)(?:\s+# exits (\d+(?: or \d+)*))?$/.exec(line)!;
      return { block, text: text!, exits: (exits ?? "0").split(" or ").map(Number) };
    });
}

/** Commands that another check runs: in which file, and the words that run it there. */
const RUN_ELSEWHERE: Readonly<Record<string, readonly [file: string, words: string]>> = {
  "npm ci": [".ci/run", "npm ci"],
  "npm test": ["scripts/check.ts", "npm test"],
  // The test reads what the demo prints; here only its status would count.
  "npm run demo": ["test/scripts/demo.test.ts", 'join(dist, "scripts", "demo.js")'],
};

/** What is left to run of a command; undefined when nothing is. */
function toRun({ block, text }: Command): string | undefined {
  if (/^npm run sandbox\b/.test(text)) return undefined;
  const parts = text.split(" && ").filter((part) => {
    const elsewhere = RUN_ELSEWHERE[part];
    if (elsewhere === undefined) return true;
    const [file, words] = elsewhere;
    if (!readFileSync(join(root, file), "utf8").includes(words))
      complain(block, `${file} does not run: ${part}`);
    return false;
  });
  return parts.length === 0 ? undefined : parts.join(" && ");
}

/** The sandbox, as the documents start it, and the sample file that they anchor. */
async function startSandbox(folder: string): Promise<ChildProcess> {
  const args = ["run", "--silent", "sandbox", "--", "--port", "0", "--json"];
  const child = spawn("npm", args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"], detached: true });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("close", (status) => reject(new Error(`the sandbox ended with ${status}`)));
  });
  copyFileSync(join(folder, "sandbox-homes/samples/penalties.csv"), join(folder, "penalties.csv"));
  return child;
}

/** A folder that looks like the clone, so that what the documents make does not stay. */
function folderLikeThis(): string {
  const folder = mkdtempSync(join(tmpdir(), "credit-anchor-docs-"));
  for (const name of readdirSync(root))
    if (!/^(\.git|sandbox-homes|demo-output)$/.test(name)) symlinkSync(join(root, name), join(folder, name));
  return folder;
}

async function run(commands: readonly Command[]): Promise<void> {
  const folder = folderLikeThis();
  let sandbox: ChildProcess | undefined;
  try {
    sandbox = await startSandbox(folder);
    for (const command of commands) {
      const { block, exits } = command;
      const text = toRun(command);
      if (text === undefined) continue;
      const started = Date.now();
      const done = spawnSync("bash", ["-euo", "pipefail", "-c", text], {
        cwd: folder,
        encoding: "utf8",
        timeout: 300_000,
      });
      const isFine = done.status !== null && exits.includes(done.status);
      console.log(`${isFine ? "ok  " : "FAIL"} ${text} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
      if (isFine) continue;
      complain(
        block,
        `\`${text}\` exits ${done.status}, not ${exits.join(" or ")}:\n${(done.stdout + done.stderr).trimEnd().replace(/^/gm, "    ")}`,
      );
    }
  } finally {
    // Its own group: npx, node and whatever they started.
    if (sandbox?.pid !== undefined) process.kill(-sandbox.pid, "SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  }
}

// ------------------------------------------------------------------ names in the text

function checkNames(document: string): void {
  const scripts = (
    JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> }
  ).scripts;
  const verbs = new Set(
    readdirSync(join(root, "src/cli"))
      .flatMap((name) => [
        ...readFileSync(join(root, "src/cli", name), "utf8").matchAll(/\bname: "([a-z -]+)"/g),
      ])
      .map((match) => match[1]!),
  );
  let inBlock = false;
  readFileSync(join(root, document), "utf8")
    .split("\n")
    .forEach((text, i) => {
      if (text.startsWith("```")) inBlock = !inBlock;
      if (inBlock) return;
      const at = { document, line: i + 1 };
      for (const [, code] of text.matchAll(/`([^`]+)`/g)) {
        const script = /^npm run ([a-z-]+)/.exec(code!)?.[1];
        if (script !== undefined && scripts[script] === undefined)
          complain(at, `there is no npm script ${script}`);
        const verb = /^(?:npx )?credit-anchor ([a-z]+)/.exec(code!)?.[1];
        if (verb !== undefined && ![...verbs].some((name) => name === verb || name.startsWith(`${verb} `)))
          complain(at, `credit-anchor has no verb ${verb}`);
        const path = /^((?:src|scripts|test|docs|contracts|bench|deployments)\/[\w./-]+)$/.exec(code!)?.[1];
        if (path !== undefined && !existsSync(join(root, path))) complain(at, `there is no ${path}`);
      }
      for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g))
        if (!existsSync(join(root, document, "..", target!))) complain(at, `a link leads nowhere: ${target}`);
    });
}

// ------------------------------------------------------------------ tables from the code

const TABLES: Readonly<Record<string, () => string[]>> = {
  reasons: () => [
    "| Code | Name | Meaning |",
    "| ---: | --- | --- |",
    ...Object.entries(reasons).map(([code, { name, text }]) => `| ${code} | \`${name}\` | ${text} |`),
  ],
  "exit-statuses": () => [
    "| Status | Name |",
    "| ---: | --- |",
    ...Object.entries(ExitStatus).map(([name, status]) => `| ${status} | \`${name}\` |`),
  ],
  policies: () => [
    "| Policy | Authority | In force | Classes | Title |",
    "| --- | --- | --- | --- | --- |",
    ...loadPolicySet().policies.map(
      (policy) =>
        `| \`${policyRef(policy)}\` | \`${policy.authority}\` | ${policy.effectiveFrom ?? "…"} to ${policy.effectiveUntil ?? "…"} | ${policy.classes.map(({ name }) => `\`${name}\``).join(", ")} | ${policy.title} |`,
    ),
  ],
  "policy-rules": () => [
    "| Clock | Policy | Class or type | Period | Article | Certainty |",
    "| --- | --- | --- | --- | --- | --- |",
    ...loadPolicySet()
      .policies.flatMap((policy) => policy.rules.map((rule) => ({ policy, rule })))
      .sort((a, b) => (a.rule.code < b.rule.code ? -1 : a.rule.code > b.rule.code ? 1 : 0))
      .map(ruleRow),
  ],
  "policy-signs": () => [
    "| Policy | Fields | Words | Leave possible | Certainty |",
    "| --- | --- | --- | --- | --- |",
    ...loadPolicySet().policies.flatMap(signRows),
  ],
  holidays: () => [
    "| Year | Notice |",
    "| ---: | --- |",
    ...shippedHolidays.map((table) => {
      const { year, source } = table as { year: number; source: string };
      return `| ${year} | ${source} |`;
    }),
  ],
  "audit-differences": () => {
    const found = readdirSync(join(root, "src/audit")).flatMap((name) => codesIn(join("src/audit", name)));
    const ofSources = Object.keys(RECONCILIATION_FAULTS).map((kind) => `source.${kind}`);
    const codes = new Set([...found, ...codesIn("src/audit.ts"), ...ofSources]);
    const byGroup = new Map<string, string[]>();
    for (const code of [...codes].sort()) {
      const [group, rest] = [code.split(".")[0]!, code.split(".")[1]!];
      byGroup.set(group, [...(byGroup.get(group) ?? []), rest]);
    }
    return [
      "| About | Codes |",
      "| --- | --- |",
      ...[...byGroup].map(([group, rest]) => `| \`${group}.\` | ${rest.join(", ")} |`),
    ];
  },
};

function ruleRow({ policy, rule }: { policy: Policy; rule: Rule }): string {
  const about = rule.class ?? rule.recordTypes?.join(", ") ?? "";
  const longer =
    rule.extension === undefined ? "" : `; ${periodText(rule.extension.period)} if ${rule.extension.when}`;
  const period = `${periodText(rule.period)} from _${rule.from}_${longer}`;
  const certainty = rule.note === undefined ? rule.certainty : `${rule.certainty}: ${rule.note}`;
  return `| \`${rule.code}\` | \`${policy.id}\` | ${about} | ${period} | ${rule.article} | ${certainty} |`;
}

/** Words with the same meaning in one row. */
function signRows(policy: Policy): string[] {
  return [...policy.signs.values()].flat().flatMap((sign) => {
    const byMeaning = new Map<string, string[]>();
    for (const [word, possible] of sign.words) {
      const meaning = possible.map((name) => `\`${name}\``).join(" or ");
      byMeaning.set(meaning, [...(byMeaning.get(meaning) ?? []), word]);
    }
    return [...byMeaning].map(
      ([meaning, words]) =>
        `| \`${policy.id}\` | ${sign.fields.join(", ")} ${sign.by} | ${words.join(", ")} | ${meaning} | ${sign.certainty} |`,
    );
  });
}

function codesIn(path: string): string[] {
  const text = readFileSync(join(root, path), "utf8");
  const direct = [...text.matchAll(/\b(?:differ|disagree)\(\s*([^,]*?(?:\?[^:]*:[^,]*)?),/g)].flatMap(
    (match) => [...match[1]!.matchAll(/"([a-z-]+\.[a-z-]+)"/g)],
  );
  const built = [...text.matchAll(/\bcode: "([a-z-]+\.[a-z-]+)",/g)];
  const returned = [...text.matchAll(/return "((?:vault)\.[a-z-]+)"|: "((?:vault)\.[a-z-]+)"/g)];
  return [
    ...[...direct, ...built].map((match) => match[1]!),
    ...returned.map((match) => (match[1] ?? match[2])!),
  ];
}

function checkTables(document: string, write: boolean): void {
  const path = join(root, document);
  const before = readFileSync(path, "utf8");
  const after = before.replace(
    /(<!-- generated: ([a-z-]+) -->\n)[\s\S]*?(<!-- \/generated -->)/g,
    (whole, start: string, name: string, end: string) => {
      const table = TABLES[name];
      if (table === undefined) {
        complain({ document, line: 1 }, `no table is called ${name}`);
        return whole;
      }
      return `${start}\n${table().join("\n")}\n\n${end}`;
    },
  );
  // Cells are padded by the formatter: only words count.
  const words = (text: string): string => text.replace(/[\s]+/g, " ").replace(/-{2,}/g, "--");
  if (words(before) === words(after)) return;
  if (write) writeFileSync(path, after);
  else
    complain(
      { document, line: 1 },
      "a generated table is out of date: ts-node -T scripts/check-docs.ts --write",
    );
}

async function main(): Promise<void> {
  const options = process.argv.slice(2);
  const commands: Command[] = [];
  for (const document of documents()) {
    checkTables(document, options.includes("--write"));
    checkNames(document);
    for (const block of blocksOf(document)) {
      if (block.info === "sh") commands.push(...commandsOf(block));
      else if (block.info === "json" || block.info.startsWith("json ")) checkValue(block);
      else if (block.info === "" && /^\s*(\$|npm|npx|node|credit-anchor) /m.test(block.text))
        complain(block, "commands stand in a block of no kind: write ```sh");
      else if (block.info !== "text" && block.info !== "")
        complain(block, `a block of kind "${block.info}" is not checked by anything`);
    }
  }
  if (commands.length > 0 && !options.includes("--offline")) await run(commands);
  for (const fault of faults) console.error(fault);
  const names = documents().map((name) => relative(".", name));
  console.log(`${names.join(", ")}: ${commands.length} commands, ${faults.length} faults`);
  process.exit(faults.length === 0 ? 0 : 1);
}

void main();
