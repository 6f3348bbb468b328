/**
 * The verbs as a commander program: parsing, help, suggestions. No verb's work is done here.
 */
import type { CommanderError } from "commander";
import { Command, Option } from "commander";
import type { CreditAnchorError } from "../errors";
import { longFlag, usage, type OptionSpecs } from "./options";
import type { Verb } from "./verb";

/** One call, understood: which verb with what. */
export interface Parsed {
  readonly verb: Verb;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly globals: Globals;
}

export interface Globals {
  readonly home: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
}

/** Verbs that come in groups: `agency register` belongs to `agency`. */
export const groups: Readonly<Record<string, string>> = {
  agency: "agencies of the registry: admit, show, suspend, close, merge",
  "agency administrator": "who manages an agency's operators: hand over, recover",
  "agency key": "the key that makes an agency's record keys: export, for a second home",
  "agency succession": "one agency taking over another",
  governance: "what the NDRC's roles do: acts that wait, who holds which role, the pause",
  operator: "keys that act for an agency",
  erase: "erase records for ever: two operators",
  leaves: "leaves of batches for auditors: export",
  dispute: "objections to records: open, resolve with an outcome",
  mark: "marks beside the status of a record: set, clear",
  passphrase: "what opens the keys of a home: change",
  report: "reports of audits that somebody signed: check, record on chain",
  type: "record types: check, admit, show",
};

const globalOptions: readonly (readonly [flags: string, about: string])[] = [
  ["--home <dir>", "the home folder; otherwise CREDIT_ANCHOR_HOME"],
  ["--json", "print the result, or the error, as JSON"],
  ["--quiet", "nothing on stderr but errors"],
  ["--debug", "show the stack of an error (may show what the error quotes)"],
];

/** Adds the options every verb understands; they are also understood before the verb. */
function addGlobalOptions(command: Command): void {
  for (const [flags, about] of globalOptions)
    command.addOption(new Option(flags, about).helpGroup("Everywhere:"));
}

/**
 * Builds the program; `found` is called with the verb and its words once commander understood them.
 * `write` takes the help and the version.
 */
export function buildProgram(
  verbs: readonly Verb[],
  version: string,
  found: (parsed: Parsed) => void,
  write: (text: string) => void,
): Command {
  const program = new Command("credit-anchor");
  configure(program, write);
  program
    .description(
      "Anchors hashes of public credit records on an EVM chain: agencies anchor, correct and withdraw; anybody verifies.",
    )
    .usage("VERB [options]")
    .version(version, "--version", "print the version")
    .helpCommand(false);
  addGlobalOptions(program);
  program.addHelpText("after", `\n${overview}`);

  const parents = new Map<string, Command>([["", program]]);
  const parentOf = (words: readonly string[]): Command => {
    const name = words.join(" ");
    const known = parents.get(name);
    if (known !== undefined) return known;
    const parent = new Command(words.at(-1)).description(groups[name] ?? "").helpCommand(false);
    configure(parent, write);
    addGlobalOptions(parent);
    parents.set(name, parent);
    parentOf(words.slice(0, -1)).addCommand(parent);
    return parent;
  };
  for (const verb of verbs) {
    const words = verb.name.split(" ");
    parentOf(words.slice(0, -1)).addCommand(buildVerb(verb, words.at(-1)!, found, write));
  }
  program
    .command("help [verb...]")
    .description("print the help of a verb")
    .action((words: readonly string[]) => {
      let command = program;
      for (const word of words) {
        const next = command.commands.find((candidate) => candidate.name() === word);
        if (next === undefined)
          throw usage(`there is no verb ${words.join(" ")}`, "credit-anchor --help lists them");
        command = next;
      }
      command.outputHelp();
    });
  return program;
}

const overview = `Exit statuses: 0 done; 1 a check failed (verify, audit, report verify, checkpoint --verify); 2 a required check was not made;
3 the record is genuine but not in force; 4 some input rows were rejected; 64 wrong call or unusable input;
70 anything else; 130 interrupted.
credit-anchor help VERB shows options and examples of a verb.`;

function configure(command: Command, write: (text: string) => void): void {
  command
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined, outputError: () => undefined })
    .configureHelp({ helpWidth: 100 })
    .showSuggestionAfterError(true)
    .allowExcessArguments(false);
}

function buildVerb(
  verb: Verb,
  word: string,
  found: (parsed: Parsed) => void,
  write: (text: string) => void,
): Command {
  const command = new Command(word).summary(verb.summary);
  command.description([sentence(verb.summary), ...paragraphs(verb.about ?? "")].join("\n\n"));
  configure(command, write);
  for (const argument of verb.arguments ?? []) command.argument(argument.name, argument.about);
  for (const spec of Object.values(verb.options)) {
    const about = spec.defaultsTo === undefined ? spec.about : `${spec.about} (default: ${spec.defaultsTo})`;
    command.addOption(new Option(spec.flags, about));
  }
  addGlobalOptions(command);
  command.addHelpText("after", `\nExamples:\n${verb.examples.map((line) => `  ${line}`).join("\n")}`);
  command.action(() => {
    const raw = command.optsWithGlobals<Record<string, string | boolean | undefined>>();
    found({
      verb,
      args: command.processedArgs.flat().filter((word): word is string => typeof word === "string"),
      options: parseOptions(verb.options, raw),
      globals: readGlobals(raw),
    });
  });
  return command;
}

function parseOptions(
  specs: OptionSpecs,
  raw: Readonly<Record<string, string | boolean | undefined>>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs))
    values[name] = spec.parse(raw[name], longFlag(spec.flags));
  return values;
}

function readGlobals(raw: Readonly<Record<string, string | boolean | undefined>>): Globals {
  if (raw.home === "") throw usage("--home is empty");
  return {
    home: typeof raw.home === "string" ? raw.home : process.env.CREDIT_ANCHOR_HOME || undefined,
    json: raw.json === true,
    quiet: raw.quiet === true,
    debug: raw.debug === true,
  };
}

/** Lines of the source become paragraphs, wrapped by commander. */
function paragraphs(about: string): string[] {
  return about === "" ? [] : about.split("\n\n").map((paragraph) => paragraph.replaceAll("\n", " "));
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

/** What commander complains about, in our words; undefined when it only printed help or the version. */
export function commanderError(error: CommanderError): CreditAnchorError | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === "commander.help")
    return usage(
      "a verb is missing",
      "credit-anchor --help lists the verbs, credit-anchor help VERB explains one",
    );
  const [complaint, suggestion] = error.message.replace(/^error: /, "").split("\n") as [string, string?];
  // Never repeat a value given on the command line: it may be a secret or about a person.
  return usage(
    complaint.replace(/^unknown option '(--?[^'=]*)=[^']*'/, "unknown option '$1'"),
    suggestion === undefined
      ? "credit-anchor help VERB lists arguments and options"
      : suggestion.replace(/^\((.*)\)$/, "$1").replace(/^Did/, "did"),
  );
}
