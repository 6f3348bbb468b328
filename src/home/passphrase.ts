import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { CreditAnchorError } from "../errors";
import type { Settings } from "./settings";

/** Where a passphrase comes from; tests give their own. */
export interface Access {
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Asks a person. Default: without echo on the terminal, if there is one. */
  readonly ask?: (question: string) => Promise<string>;
}

/**
 * The file that the home's own settings name, else `CREDIT_ANCHOR_PASSPHRASE`, else the file
 * `CREDIT_ANCHOR_PASSPHRASE_FILE`, else a prompt. A home that names its file comes first, so that a passphrase in the
 * environment, meant for another home, does not lock it.
 *
 * @throws CreditAnchorError `home.no-passphrase` when there is none of them.
 */
export async function findPassphrase(
  dir: string,
  settings: Pick<Settings, "passphraseFile">,
  access: Access = {},
): Promise<string> {
  if (settings.passphraseFile !== undefined) return readPassphrase(resolve(dir, settings.passphraseFile));
  const given = fromEnvironment("CREDIT_ANCHOR_PASSPHRASE", access);
  if (given !== undefined) return given;
  const answer = await askerOf(access)?.(`Passphrase of ${dir}: `);
  if (answer === undefined || answer === "")
    throw missing(`no passphrase for ${dir}`, "CREDIT_ANCHOR_PASSPHRASE");
  return answer;
}

/**
 * A passphrase to be: `CREDIT_ANCHOR_NEW_PASSPHRASE`, else the file `CREDIT_ANCHOR_NEW_PASSPHRASE_FILE`, else a prompt,
 * twice.
 *
 * @throws CreditAnchorError `home.no-passphrase`
 */
export async function findNewPassphrase(dir: string, access: Access = {}): Promise<string> {
  const given = fromEnvironment("CREDIT_ANCHOR_NEW_PASSPHRASE", access);
  if (given !== undefined) return given;
  const ask = askerOf(access);
  if (ask !== undefined) return askTwice(`New passphrase of ${dir}: `, ask);
  throw missing(`no new passphrase for ${dir}`, "CREDIT_ANCHOR_NEW_PASSPHRASE");
}

/**
 * What an agency's key travels with: `CREDIT_ANCHOR_TRANSPORT_PASSPHRASE`, else the file
 * `CREDIT_ANCHOR_TRANSPORT_PASSPHRASE_FILE`, else a prompt; a new one twice.
 *
 * @throws CreditAnchorError `home.no-passphrase`
 */
export async function findTransportPassphrase(
  file: string,
  which: "new" | "known",
  access: Access = {},
): Promise<string> {
  const given = fromEnvironment("CREDIT_ANCHOR_TRANSPORT_PASSPHRASE", access);
  if (given !== undefined) return given;
  const ask = askerOf(access);
  const question = `Transport passphrase of ${file}: `;
  const answer = await (which === "new" && ask !== undefined ? askTwice(question, ask) : ask?.(question));
  if (answer === undefined || answer === "")
    throw missing(`no transport passphrase for ${file}`, "CREDIT_ANCHOR_TRANSPORT_PASSPHRASE");
  return answer;
}

/** The variable, or the content of the file that the one with `_FILE` at its end names. */
function fromEnvironment(name: string, { env = process.env }: Access): string | undefined {
  const given = env[name];
  if (given !== undefined && given !== "") return given;
  const file = env[`${name}_FILE`];
  return file === undefined || file === "" ? undefined : readPassphrase(resolve(file));
}

function askerOf({ ask }: Access): Access["ask"] {
  return ask ?? (process.stdin.isTTY ? askOnTerminal : undefined);
}

function missing(what: string, name: string): CreditAnchorError {
  return new CreditAnchorError("home.no-passphrase", what, {
    hint: `set ${name} or ${name}_FILE, or run the command on a terminal`,
  });
}

/** A passphrase mistyped once would lose everything. @throws CreditAnchorError `home.no-passphrase` */
export async function askTwice(
  question: string,
  ask: (question: string) => Promise<string> = askOnTerminal,
): Promise<string> {
  const first = await ask(question);
  if (first === "") throw new CreditAnchorError("home.no-passphrase", "an empty passphrase protects nothing");
  if ((await ask("Once more: ")) !== first)
    throw new CreditAnchorError("home.no-passphrase", "the two passphrases differ; nothing was changed");
  return first;
}

/** The content without the line break at its end. */
function readPassphrase(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw new CreditAnchorError("home.no-passphrase", `the passphrase file ${file} cannot be read`, {
      cause,
    });
  }
  if (text === "") throw new CreditAnchorError("home.no-passphrase", `the passphrase file ${file} is empty`);
  return text;
}

/** Asks on stderr and reads one line from the terminal without showing it. */
export function askOnTerminal(question: string): Promise<string> {
  const { stdin, stderr } = process;
  return new Promise((resolveAnswer, reject) => {
    let answer = "";
    const finish = (error?: Error): void => {
      stdin.off("data", read);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write("\n");
      if (error === undefined) resolveAnswer(answer);
      else reject(error);
    };
    const read = (chunk: string): void => {
      for (const character of chunk) {
        if (character === "\r" || character === "\n" || character === "\u0004") return finish();
        if (character === "\u0003")
          return finish(new CreditAnchorError("home.no-passphrase", "interrupted at the passphrase prompt"));
        if (character === "\u007f" || character === "\b") answer = [...answer].slice(0, -1).join("");
        else answer += character;
      }
    };
    stderr.write(question);
    stdin.setRawMode(true);
    stdin.setEncoding("utf8");
    stdin.on("data", read);
    stdin.resume();
  });
}
