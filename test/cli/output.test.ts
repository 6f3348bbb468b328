import { count, counted } from "../../src/counted";
import { expect } from "chai";
import { CreditAnchorError } from "../../src/errors";
import {
  asError,
  columns,
  durationForPeople,
  errorJson,
  errorLines,
  fenForPeople,
  printable,
  processIo,
  streamProgress,
  timeForPeople,
  toJson,
} from "../../src/cli/output";
import { valueForPeople } from "../../src/cli/values";

describe("what people read", () => {
  const hostile = "a\u001b]0;x\u0007\r\nb\u009b2J\u202ec\u2028d\u{e0041}e";
  const harmless = "a\ufffd]0;x\ufffd\ufffd\ufffdb\ufffd2J\ufffdc\ufffdd\ufffde";

  it("has no character that steers a terminal, and no line breaks but ours", () => {
    expect(printable([hostile, "行政处罚 – “é” ✗ 😀"])).to.equal(`${harmless}\n行政处罚 – “é” ✗ 😀\n`);
  });

  it("has none in notes and progress either", () => {
    const written: string[] = [];
    const write = process.stderr.write;
    process.stderr.write = ((text: string) => written.push(text) > 0) as typeof write;
    try {
      processIo({ json: false, quiet: false, debug: false }).note(hostile);
    } finally {
      process.stderr.write = write;
    }
    const terminal = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
    streamProgress(terminal).update(() => hostile);
    expect(written).to.deep.equal([`${harmless}\n`, `\r\u001b[K${harmless}`]);
  });

  it("has none in JSON, where they are escaped", () => {
    const text = toJson({ [hostile]: hostile });
    expect(text).not.to.match(/(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u);
    expect(JSON.parse(text)).to.deep.equal({ [hostile]: hostile });
  });

  for (const [fen, text] of [
    [0, "0.00 元"],
    [1, "0.01 元"],
    [99, "0.99 元"],
    [20_000, "200.00 元"],
    [123_456_789, "1,234,567.89 元"],
    [-5, "-0.05 元"],
    [9_007_199_254_740_993n, "90,071,992,547,409.93 元"],
  ] as const)
    it(`writes ${fen} fen as ${text}`, () => expect(fenForPeople(fen)).to.equal(text));

  it("writes times in UTC+8, and no time as a dash", () => {
    expect(timeForPeople(Date.UTC(2026, 3, 1, 1, 30) / 1000)).to.equal("2026-04-01 09:30:00 UTC+8");
    expect(timeForPeople(0)).to.equal("-");
    expect(timeForPeople(2n ** 64n - 1n)).to.equal("for ever");
    expect(timeForPeople(Number.MAX_SAFE_INTEGER)).to.equal("for ever");
  });

  it("writes durations and counts", () => {
    expect(durationForPeople(1_234)).to.equal("1.2 s");
    expect(durationForPeople(3_725_000)).to.equal("1 h 2 min 5 s");
    expect(count(1_234_567)).to.equal("1,234,567");
    expect(count(999)).to.equal("999");
    expect([0, 1, 1n, 1_234].map((value) => counted(value, "batch", "batches"))).to.deep.equal([
      "0 batches",
      "1 batch",
      "1 batch",
      "1,234 batches",
    ]);
    expect(counted(2, "record")).to.equal("2 records");
  });

  it("lines up columns that hold Chinese", () => {
    expect(
      columns([
        ["中文", "a"],
        ["b", "c"],
      ]),
    ).to.deep.equal(["中文  a", "b     c"]);
  });

  it("takes fields whose name ends in Fen for money, and lets no control character through", () => {
    expect(valueForPeople("fineFen", 20_000)).to.equal("200.00 元");
    expect(valueForPeople("count", 20_000)).to.equal("20000");
    expect(valueForPeople("validUntil", "2099-12-31")).to.equal("2099-12-31 (long-term)");
    expect(valueForPeople("name", "a\u001b[31mb\u202ec\n")).to.equal("a [31mb c ");
    expect(valueForPeople("list", ["a", 1])).to.equal('["a",1]');
  });
});

describe("what programs read", () => {
  it("writes a bigint as its digits", () => {
    expect(JSON.parse(toJson({ gas: 12345678901234567890n }))).to.deep.equal({ gas: "12345678901234567890" });
  });

  it("writes an error with code, message, hint and faults, and leaves out what there is not", () => {
    const faults = [{ path: "/a", code: "x", message: "is wrong" }];
    expect(errorJson(new CreditAnchorError("some.code", "words", { hint: "do this", faults }))).to.deep.equal(
      {
        error: { code: "some.code", message: "words", hint: "do this", faults },
      },
    );
    expect(errorJson(new CreditAnchorError("some.code", "words"))).to.deep.equal({
      error: { code: "some.code", message: "words" },
    });
  });
});

describe("errors for people", () => {
  it("are one line, the faults, and the way out", () => {
    const faults = [
      { path: "/a", code: "x", message: "is wrong" },
      { path: "", code: "y", message: "is missing" },
    ];
    expect(errorLines(new CreditAnchorError("c", "words", { hint: "do this", faults }))).to.deep.equal([
      "credit-anchor: words",
      "  /a: is wrong [x]",
      "  /: is missing [y]",
      "hint: do this",
    ]);
  });

  it("do not say the same twice when the only fault is the message", () => {
    const faults = [{ path: "/a", code: "x", message: "is wrong" }];
    expect(errorLines(new CreditAnchorError("c", "/a: is wrong", { faults }))).to.deep.equal([
      "credit-anchor: /a: is wrong",
    ]);
  });

  it("show the first twenty of many faults", () => {
    const faults = Array.from({ length: 25 }, (_, i) => ({ path: `/${i}`, code: "x", message: "m" }));
    const lines = errorLines(new CreditAnchorError("c", "words", { faults }));
    expect(lines).to.have.length(22);
    expect(lines.at(-1)).to.equal("  … and 5 more (all of them with --json)");
  });

  it("become `internal`, status 70, without the words of whatever was thrown", () => {
    const error = asError(new TypeError("a value of a record"));
    expect(error.code).to.equal("internal");
    expect(error.exitStatus).to.equal(70);
    expect(errorLines(error).join()).to.not.contain("a value of a record");
  });

  it("say in words what the system refused", () => {
    const thrown = Object.assign(new Error("x"), { code: "ENOENT", path: "/some/file" });
    expect(asError(thrown).message).to.equal("/some/file: no such file or folder");
    expect(asError(thrown).exitStatus).to.equal(64);
    expect(asError(Object.assign(new Error("x"), { code: "ENOSPC" })).exitStatus).to.equal(70);
  });
});

describe("progress", () => {
  function recorded(isTTY: boolean): { written: string[]; stream: Parameters<typeof streamProgress>[0] } {
    const written: string[] = [];
    return { written, stream: { write: (text) => written.push(text), isTTY, columns: 40 } };
  }

  it("is a plain line every five seconds where there is no terminal", () => {
    let now = 0;
    const { written, stream } = recorded(false);
    const progress = streamProgress(stream, () => now);
    for (; now <= 12_000; now += 100) progress.update(() => `at ${now}`);
    progress.end();
    expect(written).to.deep.equal(["at 5000\n", "at 10000\n"]);
  });

  it("rewrites one line of a terminal, cut to its width, and removes it at the end", () => {
    let now = 0;
    const { written, stream } = recorded(true);
    const progress = streamProgress(stream, () => now);
    progress.update(() => "x".repeat(60));
    now += 50;
    progress.update(() => "too early");
    progress.end();
    expect(written).to.deep.equal([`\r\u001b[K${"x".repeat(39)}`, "\r\u001b[K"]);
  });
});
