import { expect } from "chai";
import { CreditAnchorError } from "../../src/errors";
import {
  address,
  choice,
  choices,
  flag,
  integer,
  jsonObject,
  list,
  longFlag,
  text,
  time,
  url,
  type OptionSpec,
} from "../../src/cli/options";
import { batchOption } from "../../src/cli/acts";
import { statedClass } from "../../src/cli/known-policies";
import type { PolicySet } from "../../src/policy";
import { parseReason } from "../../src/reasons";

/** The usage error of a value, or nothing. */
function complaint<T>(spec: OptionSpec<T>, raw: string): CreditAnchorError | undefined {
  try {
    spec.parse(raw, longFlag(spec.flags));
    return undefined;
  } catch (error) {
    if (error instanceof CreditAnchorError && error.code === "usage" && error.exitStatus === 64) return error;
    throw error;
  }
}

describe("options of the command line", () => {
  const size = integer("--batch-size <n>", "records", { min: 1, max: 1000 });

  it("takes whole numbers within the limits", () => {
    for (const [raw, value] of [
      ["1", 1],
      ["1000", 1000],
    ] as const)
      expect(size.parse(raw, "--batch-size")).to.equal(value);
    expect(size.parse(undefined, "--batch-size")).to.equal(undefined);
  });

  for (const raw of [
    "0",
    "-1",
    "1001",
    "1e2",
    "0x10",
    "01",
    "1.0",
    "NaN",
    "",
    " 1",
    "+1",
    "９",
    "99999999999999999999",
  ])
    it(`refuses ${JSON.stringify(raw)} as a number from 1 to 1000`, () => {
      expect(complaint(size, raw)?.message).to.equal(
        `--batch-size takes a whole number from 1 to 1000, not ${JSON.stringify(raw)}`,
      );
    });

  it("takes dates as midnight in UTC+8 and times with their zone", () => {
    const spec = time("--from <date>", "begin");
    expect(spec.parse("2026-04-01", "--from")).to.equal(Date.UTC(2026, 2, 31, 16) / 1000);
    expect(spec.parse("2026-04-01T00:00:00Z", "--from")).to.equal(Date.UTC(2026, 3, 1) / 1000);
    expect(spec.parse("2026-04-01T08:00+08:00", "--from")).to.equal(Date.UTC(2026, 3, 1) / 1000);
    expect(spec.parse("2024-02-29", "--from")).to.be.a("number");
  });

  for (const raw of [
    "2026-02-30",
    "2025-02-29",
    "2026-13-01",
    "2026-4-1",
    "2026-04-01T08:00:00",
    "tomorrow",
    "1714",
    "",
    "1960-01-01",
  ])
    it(`refuses ${JSON.stringify(raw)} as a date`, () => {
      expect(complaint(time("--from <date>", "begin"), raw)).to.not.equal(undefined);
    });

  it("takes one of a few words, lists, addresses and URLs", () => {
    expect(choice("--mode <m>", "mode", ["root", "leaves"]).parse("leaves", "--mode")).to.equal("leaves");
    expect(list("--show <fields>", "fields").parse("a, b", "--show")).to.deep.equal(["a", "b"]);
    const upper = `0x${"AB".repeat(20)}`;
    expect(address("--registry <a>", "a").parse(upper, "--registry")).to.equal(upper.toLowerCase());
    expect(url("--rpc <url>", "node").parse("http://[::1]:8545/x", "--rpc")).to.equal("http://[::1]:8545/x");
    expect(flag("--all", "all").parse(true, "--all")).to.equal(true);
    expect(flag("--all", "all").parse(undefined, "--all")).to.equal(false);
  });

  const bad: [string, OptionSpec<unknown>, string[]][] = [
    ["a word", choice("--mode <m>", "mode", ["root", "leaves"]), ["ROOT", "", "roots"]],
    ["a list", list("--show <f>", "fields"), ["", "a,", ",a", "a,,b"]],
    [
      "an address",
      address("--registry <a>", "a"),
      ["", "0x", `0x${"a".repeat(39)}`, `0x${"g".repeat(40)}`, "a".repeat(40)],
    ],
    [
      "a URL",
      url("--rpc <url>", "node"),
      ["", "127.0.0.1:8545", "ftp://x", "http://", "http://a b", "ws://x"],
    ],
    ["a text", text("--code <c>", "code"), [""]],
    [
      "an object",
      jsonObject("--key <json>", "key"),
      ["", "{", "[]", "null", "1", '"a"', '{"a":1,"a":2}', "{a:1}", '{"a":1.5}'],
    ],
  ];
  for (const [what, spec, values] of bad)
    for (const raw of values)
      it(`refuses ${JSON.stringify(raw)} as ${what}`, () => {
        expect(complaint(spec, raw)).to.not.equal(undefined);
      });

  it("names the option, the value, the words there are and the way out", () => {
    const marks = choices("--mark <marks>", "which", ["disputed", "masked"]);
    expect(marks.parse("masked, disputed", "--mark")).to.deep.equal(["masked", "disputed"]);
    expect(complaint(marks, "disputed,gone")!.message).to.equal(
      '--mark takes one or more, between commas, of: disputed, masked; not "gone"',
    );
    const { message, hint } = complaint(choice("--outcome <o>", "how", ["keep", "correct"]), "lose")!;
    expect(message).to.equal('--outcome takes one of: keep, correct; not "lose"');
    expect(hint).to.contain("--help");
    const batch = complaint(batchOption(), "99")!;
    expect(batch.message).to.contain("--batch: a batch id is a decimal number of 4294967296 or more");
    expect(batch.message).to.contain('not "99"');
    expect(batch.hint).to.contain("credit-anchor batches");
    expect(complaint(time("--from <d>", "f"), "2026-02-30")!.message).to.contain('not "2026-02-30"');
    expect(() => parseReason("because")).to.throw(
      '--reason takes a number from 0 to 65535 or a known name, not "because"',
    );
    const classes = { policies: [{ classes: [{ name: "minor" }] }] } as unknown as PolicySet;
    expect(() => statedClass(classes, "tiny")).to.throw('--class takes one of: minor; not "tiny"');
    expect(statedClass(classes, "minor")).to.equal("minor");
  });

  it("never quotes what a key holds", () => {
    const error = complaint(jsonObject("--key <json>", "key"), '{"partyIdNumber": secret-value}');
    expect(error!.message + error!.hint).to.not.contain("secret-value");
  });
});
