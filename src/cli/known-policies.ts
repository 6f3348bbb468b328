/**
 * Policies and holiday tables that a command judges by: those that come with the program, those in the folder
 * `policies` of the home, and files named on the command line, each before the ones above it.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CreditAnchorError } from "../errors";
import type { Home } from "../home";
import { loadPolicySet, type PolicySet } from "../policy";
import { readTypeDocument } from "./known-types";
import { notOneOf, text, words, type OptionSpec } from "./options";

type Folder = Pick<Home, "dir" | "settings">;

/** Option of every verb that judges by policies. */
export function policyOption(): OptionSpec<readonly string[]> {
  return words("--policy <files...>", "policies or holiday tables of your own (docs/policies.md)");
}

/** `--class`, of verbs by which a record's class is stated; it is kept, and counts from then on. */
export function classOption(): OptionSpec<string | undefined> {
  return text(
    "--class <name>",
    "class of the records before the law, such as minor, general, serious: kept with them",
  );
}

/** @throws {CreditAnchorError} `policy.class-unknown` for a class that no policy knows. */
export function statedClass({ policies }: PolicySet, name: string | undefined): string | undefined {
  const known = new Set(policies.flatMap(({ classes }) => classes.map((one) => one.name)));
  if (name === undefined || known.has(name)) return name;
  const { message, hint } = notOneOf("--class", name, [...known]);
  throw new CreditAnchorError("policy.class-unknown", message, { hint });
}

/**
 * @param files as named on the command line
 * @param authorities whose rules hold, instead of those that the home names
 * @throws {CreditAnchorError} `file.…`, `json.…`, `policy.…`, `holidays.invalid` with all faults and the file
 */
export function knownPolicies(
  home: Folder | undefined,
  files: readonly string[] = [],
  authorities: readonly string[] | undefined = home?.settings.authorities,
): PolicySet {
  const own = [...filesOfHome(home), ...files].map((name) => ({ name, document: readTypeDocument(name) }));
  return loadPolicySet({ files: own, ...(authorities === undefined ? {} : { authorities }) });
}

function filesOfHome(home: Folder | undefined): string[] {
  if (home === undefined) return [];
  const folder = join(home.dir, "policies");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(folder, name));
}
