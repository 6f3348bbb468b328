import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { longFlag } from "../../src/cli/options";
import { groups } from "../../src/cli/program";
import { loadVerbs, verbNames } from "../../src/cli/verbs";
import { expectRun, json, run } from "../support/cli";

const folder = join(__dirname, "..", "..", "src", "cli");
const verbs = loadVerbs();

/** Every verb that was promised. */
const PROMISED =
  `init passphrase:change doctor agency:register agency:show agency:list agency:suspend agency:reinstate agency:close agency:key:export agency:state
agency:administrator:name agency:administrator:accept agency:administrator:recover agency:succession:name agency:succession:accept
agency:succession:complete agency:succession:complete-without-consent operator:add operator:rotate operator:remove operator:compromised operator:void operator:list type:check type:admit type:list type:show anchor resume relay batches receipt present bundle verify serve
status correct withdraw repair dispute:open dispute:resolve mark:set mark:clear erase:propose erase:confirm due leaves:export audit checkpoint report:record report:verify watch
governance:roles governance:list governance:schedule governance:execute governance:cancel governance:pause governance:unpause`
    .split(/\s+/)
    .map((name) => name.replaceAll(":", " "));

/** What reads the options that name a record. */
const SELECTING = ["find-record", "references"];

/** Source of the files that a verb's family is in, and of what reads options for several verbs. */
function sourceOf(verb: string): string {
  const [first] = verb.split(" ");
  const source = readdirSync(folder)
    .filter((name) => name === `${first}.ts` || name.startsWith(`${first}-`))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
  const parts = {
    anchor: ["anchor", "sign-only"],
    "find-record": SELECTING,
    move: ["move", "record-options", "sign-only", ...SELECTING],
    "record-options": ["record-options", ...SELECTING],
    "sign-only": ["sign-only"],
  };
  const names = Object.entries(parts).flatMap(([name, files]) =>
    source.includes(`"./${name}"`) ? files : [],
  );
  const shared = [...new Set(names)].map((name) => readFileSync(join(folder, `${name}.ts`), "utf8"));
  return [source, ...shared].join("\n").replaceAll("selector.", "options.");
}

describe("help", function () {
  it("knows every verb that was promised, and no other", () => {
    expect(verbs.map(({ name }) => name)).to.deep.equal(verbNames);
    expect([...verbNames].sort()).to.deep.equal([...PROMISED].sort());
  });

  it("says of every family what it is about", () => {
    const families = verbs.flatMap(({ name }) => {
      const words = name.split(" ");
      return words.slice(1).map((_, i) => words.slice(0, i + 1).join(" "));
    });
    for (const family of families) expect(groups[family], family).to.be.a("string");
  });

  it("lists every verb and the exit statuses", async () => {
    const { stdout } = await expectRun(0, ["--help"]);
    for (const name of PROMISED) expect(stdout).to.match(new RegExp(`^  ${name.split(" ")[0]}\\b`, "m"));
    expect(stdout).to.contain("Exit statuses:");
  });

  for (const verb of verbs) {
    it(`of ${verb.name} names every option, argument and an example`, async () => {
      const { stdout } = await expectRun(0, [...verb.name.split(" "), "--help"]);
      for (const spec of Object.values(verb.options)) expect(stdout).to.contain(longFlag(spec.flags));
      for (const argument of verb.arguments ?? []) expect(stdout).to.contain(argument.about.slice(0, 20));
      for (const option of ["--home", "--json", "--help", "--quiet", "--debug"])
        expect(stdout).to.contain(option);
      expect(stdout).to.contain("Examples:\n  credit-anchor ");
      for (const line of verb.examples.filter((example) => example.startsWith("credit-anchor")))
        expect(line).to.match(new RegExp(`^credit-anchor ${verb.name}\\b`));
    });

    it(`of ${verb.name} declares what it reads and reads what it declares`, () => {
      const source = sourceOf(verb.name);
      for (const name of Object.keys(verb.options))
        expect(source, `reads --${name}`).to.contain(`options.${name}`);
      const family = verbs.filter(({ name }) => name.split(" ")[0] === verb.name.split(" ")[0]);
      const declared = new Set(family.flatMap(({ options }) => Object.keys(options)));
      const read = [...source.matchAll(/\boptions\.([a-zA-Z]+)/g)].map((match) => match[1]!);
      // Of the selector shared by several verbs.
      const shared = new Set(["key", "receipt", "batch", "index", "type"]);
      for (const name of read)
        if (!declared.has(name) && !shared.has(name))
          expect.fail(`${verb.name} reads ${name}, which is not declared`);
    });

    it(`of ${verb.name} uses only options in its examples that exist`, () => {
      const known = new Set([
        ...Object.values(verb.options).map(({ flags }) => longFlag(flags)),
        "--home",
        "--json",
      ]);
      for (const [option] of verb.examples.join("\n").matchAll(/(?<=\s)--[a-z-]+/g))
        expect(known).to.include(option);
    });
  }

  it("has a file for every verb or family of verbs", () => {
    for (const { name } of verbs) expect(existsSync(join(folder, `${name.split(" ")[0]}.ts`))).to.equal(true);
  });

  it("is printed by help VERB too, for families as well", async () => {
    const [byHelp, byOption] = await Promise.all([
      expectRun(0, ["help", "agency", "register"]),
      expectRun(0, ["agency", "register", "--help"]),
    ]);
    expect(byHelp.stdout).to.equal(byOption.stdout);
    expect((await expectRun(64, ["help", "agency", "registr"])).stderr).to.contain("there is no verb");
  });

  it("prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync(join(folder, "../../package.json"), "utf8")) as {
      version: string;
    };
    expect((await expectRun(0, ["--version"])).stdout).to.equal(`${version}\n`);
  });
});

describe("a wrong call", function () {
  const wrong: [string, string[], RegExp][] = [
    ["an unknown verb", ["verfy", "x"], /unknown command 'verfy'\nhint: did you mean verify\?/],
    [
      "an unknown option",
      ["verify", "x", "--ofline"],
      /unknown option '--ofline'\nhint: did you mean --offline\?/,
    ],
    ["no verb", [], /a verb is missing/],
    ["half a verb", ["agency"], /a verb is missing/],
    ["an unknown half", ["agency", "regster"], /unknown command 'regster'\nhint: did you mean register\?/],
    ["a missing argument", ["anchor"], /missing required argument 'file'/],
    ["one argument too many", ["batches", "x"], /too many arguments/],
    ["an option without its value", ["anchor", "x", "--type"], /argument missing/],
    ["an empty home", ["batches", "--home", ""], /--home is empty/],
    ["no home at all", ["batches"], /no home folder is named/],
  ];
  for (const [what, args, words] of wrong)
    it(`with ${what} is status 64, one line and a hint on stderr`, async () => {
      const { stdout, stderr } = await expectRun(64, args);
      expect(stdout).to.equal("");
      expect(stderr).to.match(words);
      expect(stderr).to.match(/^credit-anchor: /);
      expect(stderr).to.match(/^(hint: .*\n)?$/m);
      expect(stderr).to.not.contain("    at ");
    });

  it("is told as JSON on stdout with --json", async () => {
    const { error } = await json<{ error: { code: string; hint: string } }>(["batches"], { status: 64 });
    expect(error.code).to.equal("usage");
    expect(error.hint).to.contain("--home");
    const unknown = await json<{ error: { code: string } }>(["verfy"], { status: 64 });
    expect(unknown.error.code).to.equal("usage");
  });

  it("does not repeat the value of an unknown option", async () => {
    const { stdout, stderr } = await run(["anchor", "x", "--passphrase=very secret"]);
    expect(stdout + stderr).to.not.contain("very secret");
  });

  it("shows the stack only with --debug", async () => {
    const { stderr } = await expectRun(64, ["batches", "--debug"]);
    expect(stderr).to.contain("    at ");
  });
});
