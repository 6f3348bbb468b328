/** What became of a command. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables of a command. Their values are never printed. */
export type Environment = Readonly<Record<string, string>>;

/** What a story needs of the world; tests give their own. */
export interface Stage {
  /** Runs `credit-anchor` with these words, and with these variables in its environment. */
  run(args: readonly string[], env?: Environment): Promise<Ran>;
  print(line: string): void;
  readonly colour: boolean;
}

export interface Expectation {
  /** Exit status that the command must have. Default 0. */
  readonly exit?: number;
  /** What it must say, on stdout or stderr, in words or as a pattern. */
  readonly says?: readonly (string | RegExp)[];
  /** Which lines of what it says are worth showing. Default none. */
  readonly show?: RegExp;
  readonly env?: Environment;
}

/** A step did not do what it should. The message says which and why. */
export class StepFailed extends Error {}

/** Tells a story of commands, checks each of them, and stops at the first that does not do what it should. */
export class Story {
  #chapters = 0;
  #steps = 0;

  constructor(readonly stage: Stage) {}

  /** Commands and checks so far, all of which did what they should. */
  get steps(): number {
    return this.#steps;
  }

  chapter(title: string): void {
    this.stage.print("");
    this.stage.print(this.#paint("1", `${++this.#chapters}. ${title}`));
  }

  tell(line: string): void {
    this.stage.print(line);
  }

  /** @throws {StepFailed} */
  async command(args: readonly string[], expected: Expectation = {}): Promise<Ran> {
    const { exit = 0, says = [], show, env = {} } = expected;
    const names = Object.keys(env).map((name) => `${name}=… `);
    const line = `${names.join("")}credit-anchor ${args.map(quoted).join(" ")}`;
    this.stage.print(this.#paint("36", `$ ${line}`));
    const ran = await this.stage.run(args, env);
    const said = `${ran.stdout}${ran.stderr}`;
    const complaint = (why: string): StepFailed => new StepFailed(`${line}\n${why}\n${tail(ran)}`);
    if (ran.status !== exit) throw complaint(`should exit with ${exit}, exited with ${ran.status}`);
    for (const part of says)
      if (typeof part === "string" ? !said.includes(part) : !part.test(said))
        throw complaint(`should say ${part}`);
    for (const text of said.split("\n").filter((text) => show?.test(text)))
      for (const [i, part] of folded(abbreviated(text.trim())).entries())
        this.stage.print(i === 0 ? `  ${this.#marked(part)}` : `      ${part}`);
    if (exit !== 0) this.stage.print(this.#paint("2", `  exit status ${exit}, as it should be`));
    this.#steps++;
    return ran;
  }

  /** Runs a command with --json, without a word. @throws {StepFailed} if it fails or answers with no JSON. */
  async ask<T>(args: readonly string[], exit = 0): Promise<T> {
    const ran = await this.stage.run([...args, "--json"]);
    const line = `credit-anchor ${args.map(quoted).join(" ")} --json`;
    if (ran.status !== exit)
      throw new StepFailed(`${line}\nshould exit with ${exit}, exited with ${ran.status}\n${tail(ran)}`);
    try {
      return JSON.parse(ran.stdout) as T;
    } catch {
      throw new StepFailed(`${line}\nshould answer with JSON\n${tail(ran)}`);
    }
  }

  /** @throws {StepFailed} unless it holds. */
  check(what: string, holds: boolean): void {
    if (!holds) throw new StepFailed(`should hold: ${what}`);
    this.stage.print(`  ${this.#marked(`✓ ${what}`)}`);
    this.#steps++;
  }

  /** Runs a whole story. @returns Exit status: 0 if every step did what it should, else 1. */
  async play(acts: (story: Story) => Promise<void>): Promise<0 | 1> {
    try {
      await acts(this);
      return 0;
    } catch (error) {
      const why = error instanceof StepFailed ? error.message : String((error as Error).stack ?? error);
      this.stage.print("");
      this.stage.print(this.#paint("31", `FAILED at step ${this.#steps + 1}:`));
      for (const line of why.split("\n")) this.stage.print(`  ${line}`);
      return 1;
    }
  }

  #paint(code: string, text: string): string {
    return this.stage.colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  #marked(text: string): string {
    if (/^✓|^GENUINE AND|^NO DIFFERENCES/.test(text)) return this.#paint("32", text);
    if (/^✗|^NOT GENUINE|DIFFERENCE/.test(text)) return this.#paint("31", text);
    return /^GENUINE, BUT/.test(text) ? this.#paint("33", text) : text;
  }
}

/** Hashes by their first digits; addresses stay whole. */
function abbreviated(text: string): string {
  return text.replace(/\b(0x[0-9a-f]{8})[0-9a-f]{48,}/g, "$1…");
}

const WIDE = 110;

/** A very long line, law with its arithmetic say, in several; one that is only long stays whole. */
function folded(text: string): string[] {
  if (text.length <= 2 * WIDE) return [text];
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length >= WIDE) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}

/** As one would type it into a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The last words of a command that did not do what it should. */
function tail({ stdout, stderr }: Ran): string {
  return `${stderr}${stdout}`.trim().split("\n").slice(-15).join("\n");
}
