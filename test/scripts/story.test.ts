import { expect } from "chai";

import { type Ran, type Stage, StepFailed, Story } from "../../scripts/support/story";

const good: Ran = { status: 0, stdout: "anchored 3\nGENUINE AND IN FORCE\n", stderr: "" };

/** A stage on which every command does the same; remembers what was asked and said. */
function stage(
  ran: Ran,
  colour = false,
): Stage & { asked: string[][]; environments: object[]; said: string[] } {
  const asked: string[][] = [];
  const environments: object[] = [];
  const said: string[] = [];
  return {
    asked,
    environments,
    said,
    colour,
    run: (args, env = {}) => {
      asked.push([...args]);
      environments.push(env);
      return Promise.resolve(ran);
    },
    print: (line) => said.push(line),
  };
}

describe("the story that the demo tells", () => {
  it("exits with 0 when every step does what it should, and counts them", async () => {
    const on = stage(good);
    const story = new Story(on);
    const exit = await story.play(async () => {
      story.chapter("One");
      await story.command(["verify", "a b.json"], { says: ["GENUINE", /^anchored 3$/m], show: /^GEN/ });
      story.check("it holds", true);
    });
    expect(exit).to.equal(0);
    expect(story.steps).to.equal(2);
    expect(on.asked).to.deep.equal([["verify", "a b.json"]]);
    expect(on.said).to.deep.equal([
      "",
      "1. One",
      "$ credit-anchor verify 'a b.json'",
      "  GENUINE AND IN FORCE",
      "  ✓ it holds",
    ]);
  });

  const failing: [name: string, ran: Ran, act: (story: Story) => Promise<unknown>, why: string][] = [
    [
      "a command exits otherwise",
      { ...good, status: 1 },
      (story) => story.command(["verify"]),
      "should exit with 0, exited with 1",
    ],
    [
      "a command succeeds that should not",
      good,
      (story) => story.command(["verify"], { exit: 1 }),
      "should exit with 1, exited with 0",
    ],
    [
      "a command is killed",
      { ...good, status: null },
      (story) => story.command(["verify"]),
      "should exit with 0, exited with null",
    ],
    [
      "a word is missing",
      good,
      (story) => story.command(["verify"], { says: ["Superseded"] }),
      "should say Superseded",
    ],
    [
      "a pattern is missing",
      good,
      (story) => story.command(["verify"], { says: [/x{3}/] }),
      "should say /x{3}/",
    ],
    [
      "a check does not hold",
      good,
      async (story) => story.check("one is two", false),
      "should hold: one is two",
    ],
    ["an answer is no JSON", good, (story) => story.ask(["batches"]), "should answer with JSON"],
    [
      "an answer is an error",
      { ...good, status: 70, stdout: "{}" },
      (story) => story.ask(["batches"]),
      "should exit with 0, exited with 70",
    ],
    ["anything else goes wrong", good, () => Promise.reject(new Error("no space left")), "no space left"],
  ];
  for (const [name, ran, act, why] of failing)
    it(`exits with 1 when ${name}, says which step and why, and stops there`, async () => {
      const on = stage(ran);
      const story = new Story(on);
      let went = false;
      const exit = await story.play(async () => {
        story.check("first", true);
        await act(story);
        went = true;
      });
      expect(exit).to.equal(1);
      expect(went).to.equal(false);
      const text = on.said.join("\n");
      expect(text).to.contain("FAILED at step 2").and.to.contain(why);
    });

  it("shows the last words of a command that failed", async () => {
    const on = stage({ status: 70, stdout: "", stderr: "error: the chain is gone\n" });
    const story = new Story(on);
    await story.play(() => story.command(["audit"]).then(() => undefined));
    expect(on.said.join("\n")).to.contain("error: the chain is gone").and.to.contain("credit-anchor audit");
  });

  it("gives a command its environment, and prints no value of it", async () => {
    const on = stage(good);
    await new Story(on).command(["verify"], { env: { CREDIT_ANCHOR_PRIVATE_KEY: "0x5ec2e7" } });
    expect(on.environments).to.deep.equal([{ CREDIT_ANCHOR_PRIVATE_KEY: "0x5ec2e7" }]);
    expect(on.said).to.deep.equal(["$ CREDIT_ANCHOR_PRIVATE_KEY=… credit-anchor verify"]);
  });

  it("takes what a command says on stderr too", async () => {
    const on = stage({ status: 64, stdout: "", stderr: "credit-anchor: not yet\nhint: wait\n" });
    await new Story(on).command(["repair"], { exit: 64, says: [/not yet/], show: /^hint/ });
    expect(on.said.slice(1)).to.deep.equal(["  hint: wait", "  exit status 64, as it should be"]);
  });

  it("shows of a hash its first digits, of an address all", async () => {
    const [hash, account] = [`0x${"ab".repeat(32)}`, `0x${"cd".repeat(20)}`];
    const on = stage({ ...good, stdout: `${account} anchored (transaction ${hash})\n` });
    await new Story(on).command(["anchor"], { show: /./, says: [hash] });
    expect(on.said[1]).to.equal(`  ${account} anchored (transaction 0xabababab…)`);
  });

  it("folds a very long line between words, and leaves others alone", async () => {
    const long = Array.from({ length: 60 }, (_, i) => `word${i};`).join(" ");
    const on = stage({ ...good, stdout: `short\n${long}\n` });
    await new Story(on).command(["due"], { show: /./ });
    expect(on.said[1]).to.equal("  short");
    const folded = on.said.slice(2).map((line) => line.trim());
    expect(folded.length).to.be.greaterThan(2);
    expect(folded.every((line) => line.length <= 110)).to.equal(true);
    expect(folded.join(" ")).to.equal(long);
  });

  it("hands back what a command answered", async () => {
    const on = stage({ ...good, stdout: '[{"id":"7"}]' });
    expect(await new Story(on).ask(["batches"])).to.deep.equal([{ id: "7" }]);
    expect(on.asked).to.deep.equal([["batches", "--json"]]);
    expect(on.said).to.deep.equal([]);
  });

  it("is coloured only when asked", async () => {
    for (const colour of [true, false]) {
      const on = stage(good, colour);
      await new Story(on).command(["verify"], { show: /GENUINE/ });
      expect(on.said.some((line) => line.includes("\u001b["))).to.equal(colour);
    }
  });

  it("fails with an error of its own", async () => {
    const error = await new Story(stage(good)).command(["x"], { exit: 3 }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(StepFailed);
  });
});
