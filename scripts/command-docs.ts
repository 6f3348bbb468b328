/**
 * Writes docs/commands.md from the help of the commands: `ts-node -T scripts/command-docs.ts [--check]`.
 * With --check it writes nothing and fails when the file is not what it would write.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildProgram, groups } from "../src/cli/program";
import type { Verb } from "../src/cli/verb";
import { loadVerbs } from "../src/cli/verbs";

const root = join(__dirname, __dirname.endsWith(join("dist", "scripts")) ? "../.." : "..");
const file = join(root, "docs", "commands.md");

/** What `credit-anchor WORDS --help` prints. */
function help(verbs: readonly Verb[], words: readonly string[]): string {
  let printed = "";
  const program = buildProgram(
    verbs,
    "",
    () => undefined,
    (text) => (printed += text),
  );
  let command = program;
  for (const word of words) command = command.commands.find((candidate) => candidate.name() === word)!;
  command.outputHelp();
  return printed.trimEnd();
}

/** The page. */
export function commandDocs(): string {
  const verbs = loadVerbs();
  const sections = verbs.flatMap(({ name }, i) => {
    const words = name.split(" ");
    // Headings of the groups that begin here: of `agency administrator name` there are two.
    const begun = words
      .map((_, count) => words.slice(0, count).join(" "))
      .filter((group) => group !== "" && !verbs[i - 1]?.name.startsWith(`${group} `));
    return [
      ...begun.flatMap((group) => [heading(group), "", `${capital(groups[group] ?? "")}.`, ""]),
      heading(name),
      "",
      "```text",
      help(verbs, words),
      "```",
      "",
    ];
  });
  return [
    "# Commands",
    "",
    "Generated from the commands' own help by `scripts/command-docs.ts`; a check compares it.",
    "",
    "```text",
    help(verbs, []),
    "```",
    "",
    ...sections,
  ].join("\n");
}

/** `## agency`, `### agency show`. */
function heading(name: string): string {
  return `${"#".repeat(1 + name.split(" ").length)} ${name}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function main(): number {
  const wanted = commandDocs();
  if (!process.argv.includes("--check")) {
    writeFileSync(file, wanted);
    return 0;
  }
  let found = "";
  try {
    found = readFileSync(file, "utf8");
  } catch {
    // Told below.
  }
  if (found === wanted) return 0;
  console.error(
    "docs/commands.md is not what the commands' help says; run: ts-node -T scripts/command-docs.ts",
  );
  return 1;
}

if (require.main === module) process.exit(main());
