import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openHome } from "../../src/home";
import { CreditRegistry__factory } from "../../typechain-types";
import { freePort, rawRpc, startProxy, type FaultProxy } from "../support/chains";
import { expectRun, json, start } from "../support/cli";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

/** What can be wrong with a call or its input: a clear error, the right status, and nothing lost. */
describe("bad input", function () {
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-bad-"));
  const at = (name: string): string => join(base, name);
  let sandbox: SandboxProcess;
  let agency: string;
  let proxy: FaultProxy;

  before(async () => {
    sandbox = await startSandboxProcess(at("sandbox"));
    agency = sandbox.ready.homes["market-regulator"];
    proxy = await startProxy(sandbox.ready.rpcUrl);
    const rows = readFileSync(join(sandbox.ready.dir, "samples", "penalties.csv"), "utf8").split("\n");
    writeFileSync(at("few.csv"), rows.slice(0, 30).join("\n") + "\n");
    writeFileSync(at("header.csv"), `UNKNOWN_COLUMN,${rows[0]!}\n`);
    writeFileSync(at("array.json"), "[{}, {}]");
    writeFileSync(at("empty.csv"), "");
    writeFileSync(at("text.txt"), "not JSON");
    writeFileSync(at("type.json"), JSON.stringify({ type: "object" }));
    writeFileSync(at("registration.json"), JSON.stringify({ format: "credit-anchor/registration" }));
    writeFileSync(at("binary"), Buffer.from([0, 1, 2, 255]));
    mkdirSync(at("folder"));
    await expectRun(0, ["anchor", at("few.csv"), "--type", "cn.penalty", "--home", agency]);
    await expectRun(0, [
      "receipt",
      "--batch",
      "4294967296",
      "--index",
      "0",
      "--out",
      at("r.json"),
      "--home",
      agency,
    ]);
  });
  after(async () => {
    await proxy.stop();
    await sandbox.stop("SIGKILL");
    rmSync(base, { recursive: true, force: true });
  });

  const anchor = (file: string, ...more: string[]): string[] => [
    "anchor",
    at(file),
    "--type",
    "cn.penalty",
    ...more,
  ];
  /** Name, words of the call, status, what it must say. The agency's home is added. */
  const table: [string, string[], number, RegExp][] = [
    ["a file that is not there", anchor("none.csv"), 64, /none\.csv: no such file/],
    ["a folder for a file", anchor("folder"), 64, /is a folder, and a file is needed/],
    ["an empty file", anchor("empty.csv"), 64, /the file is empty/],
    ["a JSON array", anchor("array.json"), 64, /one JSON array[^]*hint: .*NDJSON/],
    ["columns that fit no field", anchor("header.csv"), 64, /the columns do not fit the record type/],
    ["no type", ["anchor", at("few.csv")], 64, /--type is missing/],
    [
      "an unknown type",
      ["anchor", at("few.csv"), "--type", "cn.penal"],
      64,
      /no record type \S+; there are: cn\.licence, cn\.penalty/,
    ],
    [
      "a type file that is not there",
      ["anchor", at("few.csv"), "--type", at("no.json")],
      64,
      /no\.json: no such file/,
    ],
    [
      "a type file that is no type",
      ["anchor", at("few.csv"), "--type", at("type.json")],
      64,
      /the record type cannot be used/,
    ],
    [
      "a type that was not admitted",
      ["anchor", at("few.csv"), "--type", join(__dirname, "../../examples/types/procurement-award.json")],
      64,
      /has not admitted record type[^]*hint: .*credit-anchor type admit /,
    ],
    ...["0", "-1", "NaN", "1.5", "99999999999999999999", "1e3"].map(
      (size): [string, string[], number, RegExp] => [
        `batch size ${size}`,
        anchor("few.csv", `--batch-size=${size}`),
        64,
        /--batch-size takes a whole number from 1 to 1048576/,
      ],
    ),
    ["an unknown mode", anchor("few.csv", "--mode", "tree"), 64, /--mode takes one of: root, leaves, direct/],
    ["an unknown encoding", anchor("few.csv", "--encoding", "latin1"), 64, /--encoding takes one of: auto, /],
    [
      "a delimiter of two characters",
      anchor("few.csv", "--delimiter", ";;"),
      64,
      /a delimiter is one character/,
    ],
    ["a bad node", anchor("few.csv", "--rpc", "localhost:8545"), 64, /--rpc takes a URL/],
    ["a receipt of no record", ["receipt", "--out", at("x.json")], 64, /no record is named/],
    [
      "a receipt named twice",
      ["receipt", "--batch", "4294967296", "--index", "0", "--key", "{}"],
      64,
      /in more than one way/,
    ],
    [
      "a batch that is none",
      ["receipt", "--batch", "7", "--index", "0"],
      64,
      /a batch id is a decimal number/,
    ],
    [
      "a batch of nobody",
      ["receipt", "--batch", "4294968296", "--index", "0"],
      64,
      /the vault has no batch 4294968296/,
    ],
    [
      "an index beyond the batch",
      ["receipt", "--batch", "4294967296", "--index", "29"],
      64,
      /with index 0 to \d+/,
    ],
    ["an index that is none", ["receipt", "--batch", "4294967296", "--index", "-1"], 64, /--index/],
    ["a key that is no JSON", ["receipt", "--key", "documentNumber=1"], 64, /--key is not usable JSON/],
    [
      "a key of unknown fields",
      ["receipt", "--key", '{"size": 1}'],
      64,
      /not the natural key of a cn\.penalty/,
    ],
    ["all receipts without a folder", ["receipt", "--batch", "4294967296", "--all"], 64, /--all needs --out/],
    [
      "a field that does not exist",
      ["receipt", "--batch", "4294967296", "--index", "0", "--show", "salary"],
      64,
      /is no field of the record's type/,
    ],
    [
      "a file that is not ours in the way",
      ["receipt", "--batch", "4294967296", "--index", "0", "--out", "TEXT"],
      64,
      /exists and is not a file of credit-anchor/,
    ],
    [
      "a folder in the way",
      ["receipt", "--batch", "4294967296", "--index", "0", "--out", "FOLDER"],
      64,
      /is a folder, and a file name is needed/,
    ],
    [
      "a file for the folder of receipts",
      ["receipt", "--batch", "4294967296", "--all", "--out", "TEXT"],
      64,
      /is a file, and a folder is needed/,
    ],
    [
      "a folder that does not exist for a receipt",
      ["receipt", "--batch", "4294967296", "--index", "0", "--out", "NOWHERE"],
      64,
      /cannot be written \(ENOENT\)/,
    ],
    ["evidence that is not there", ["verify", "NONE"], 64, /no such file/],
    ["a folder without evidence", ["verify", "FOLDER"], 64, /holds no \.json file/],
    [
      "a presentation of garbage",
      ["present", "TEXT", "--show", "a"],
      64,
      /no receipt or presentation that can be used/,
    ],
    ["a presentation of nothing", ["present", "RECEIPT"], 64, /--show is missing/],
    [
      "a day that does not exist",
      ["verify", "RECEIPT", "--on", "2026-02-30"],
      64,
      /--on takes a calendar date/,
    ],
    [
      "offline with a node",
      ["verify", "RECEIPT", "--offline", "--rpc", "http://127.0.0.1:1"],
      64,
      /exclude each other/,
    ],
    ["no reason to withdraw", ["withdraw", "--receipt", "RECEIPT"], 64, /--reason is missing/],
    [
      "an unknown reason",
      ["withdraw", "--receipt", "RECEIPT", "--reason", "because"],
      64,
      /known reasons: 0 none, 1 correction/,
    ],
    [
      "a reason too large",
      ["withdraw", "--receipt", "RECEIPT", "--reason", "65536"],
      64,
      /a number from 0 to 65535/,
    ],
    [
      "evidence of a withdrawal that is not there",
      ["withdraw", "--receipt", "RECEIPT", "--reason", "10", "--evidence", "NONE"],
      64,
      /no such file/,
    ],
    [
      "a registration that is none",
      ["agency", "register", "REGISTRATION"],
      64,
      /\/code: must be 1 to 31[^]*\/keyCommitment/,
    ],
    ["an agency nobody knows", ["agency", "show", "99"], 64, /the registry has no such agency/],
    [
      "an operator that is no address",
      ["operator", "add", "0x12", "--can", "anchor"],
      64,
      /takes an address/,
    ],
    [
      "permissions nobody has",
      ["operator", "add", `0x${"1".repeat(40)}`, "--can", "anchor,delete"],
      64,
      /--can takes one or more, between commas, of: anchor, status; not/,
    ],
    [
      "a validity that ends before it begins",
      [
        "operator",
        "add",
        `0x${"1".repeat(40)}`,
        "--can",
        "anchor",
        "--from",
        "2030-01-02",
        "--until",
        "2030-01-01",
      ],
      64,
      /--until must lie after --from/,
    ],
    ["a head that is none", ["audit", "--head", "12"], 64, /--head takes the length and the hash/],
    ["a deployment record that is none", ["audit", "--deployment", "TEXT"], 64, /is not JSON/],
    ["a type that is no JSON", ["type", "check", "TEXT"], 64, /is not usable JSON/],
    ["a type with much wrong", ["type", "check", "TYPE"], 64, /no record type that can be used[^]*\[type\./],
    ["a type id nobody knows", ["type", "show", "99"], 64, /the registry has no record type 99/],
  ];
  const places: Record<string, string> = {
    TEXT: "text.txt",
    FOLDER: "folder",
    NONE: "none.json",
    NOWHERE: "nowhere/x.json",
    RECEIPT: "r.json",
    REGISTRATION: "registration.json",
    TYPE: "type.json",
  };
  for (const [what, words, status, says] of table)
    it(`${what}: status ${status}, in words`, async () => {
      const args = words.map((word) => (places[word] === undefined ? word : at(places[word])));
      const { stdout, stderr } = await expectRun(status, [...args, "--home", agency]);
      expect(stdout).to.equal("");
      expect(stderr).to.match(says);
      expect(stderr).to.match(/^credit-anchor: /);
      expect(stderr).to.not.contain("    at ");
    });

  it("leaves the file that was in the way as it was", () => {
    expect(readFileSync(at("text.txt"), "utf8")).to.equal("not JSON");
  });

  it("a home that is none, that is a file, or that cannot be read", async () => {
    for (const dir of ["folder", "text.txt", "nowhere"])
      expect((await expectRun(64, ["batches", "--home", at(dir)])).stderr).to.contain("is not a home folder");
    mkdirSync(at("broken"));
    writeFileSync(
      at("broken/settings.json"),
      '{"format": "credit-anchor/home", "formatVersion": 1, "rpc": "http://user:secret@x"}',
    );
    const { stderr } = await expectRun(64, ["batches", "--home", at("broken")]);
    expect(stderr).to.contain("/rpc expected a list");
    expect(stderr).to.not.contain("secret");
    writeFileSync(at("broken/settings.json"), '{"format": "credit-anchor/home", "formatVersion": 2}');
    expect((await expectRun(64, ["batches", "--home", at("broken")])).stderr).to.contain("is of version 2");
    if (process.getuid?.() !== 0) {
      copyFileSync(join(agency, "settings.json"), at("broken/settings.json"));
      chmodSync(at("broken/settings.json"), 0);
      expect((await expectRun(64, ["batches", "--home", at("broken")])).stderr).to.contain("cannot be read");
    }
  });

  it("a passphrase that is wrong, missing, or in a file that is not there", async () => {
    await expectRun(
      0,
      [
        "init",
        "--home",
        at("locked"),
        "--code",
        "LOCKED",
        "--rpc",
        sandbox.ready.rpcUrl,
        "--registry",
        sandbox.ready.registry,
      ],
      {
        env: { CREDIT_ANCHOR_PASSPHRASE: "right" },
      },
    );
    const request = at("locked/registration.json");
    await expectRun(0, ["agency", "register", request, "--home", sandbox.ready.homes.ndrc]);
    const args = ["operator", "add", `0x${"1".repeat(40)}`, "--can", "anchor", "--home", at("locked")];
    const wrong = await expectRun(64, args, { env: { CREDIT_ANCHOR_PASSPHRASE: "wrong-one" } });
    expect(wrong.stderr).to.contain("the passphrase does not open");
    expect(wrong.stderr).to.not.contain("wrong-one");
    expect((await expectRun(64, args)).stderr).to.contain("set CREDIT_ANCHOR_PASSPHRASE");
    const file = { CREDIT_ANCHOR_PASSPHRASE_FILE: at("none") };
    expect((await expectRun(64, args, { env: file })).stderr).to.contain("the passphrase file");
    const none = await expectRun(64, ["init", "--home", at("none-made"), "--code", "X"]);
    expect(none.stderr).to.contain("no passphrase for");
    await expectRun(64, ["batches", "--home", at("none-made")]);
  });

  it("a signing key that is none is not repeated", async () => {
    const { stderr } = await expectRun(64, anchor("few.csv", "--home", agency), {
      env: { CREDIT_ANCHOR_PRIVATE_KEY: "0x1234567890abcdef" },
    });
    expect(stderr).to.contain("the private key is not 32 bytes of hex");
    expect(stderr).to.not.contain("1234567890abcdef");
  });

  it("a node that is down, on another chain, of another kind, or without the registry", async () => {
    const down = `http://127.0.0.1:${await freePort()}`;
    const unreachable = await expectRun(70, ["agency", "list", "--rpc", down, "--home", agency]);
    expect(unreachable.stderr).to.contain("cannot be reached");
    proxy.behave = ({ method }) =>
      method === "eth_chainId" ? { kind: "result", result: "0x1" } : { kind: "forward" };
    const other = await expectRun(64, ["agency", "list", "--rpc", proxy.url, "--home", agency]);
    expect(other.stderr).to.contain("serves chain 1, expected is chain 31337");
    proxy.behave = ({ method }) =>
      method === "eth_getCode" ? { kind: "result", result: "0x" } : { kind: "forward" };
    const none = await expectRun(64, ["agency", "list", "--rpc", proxy.url, "--home", agency]);
    expect(none.stderr).to.contain("there is no CreditRegistry at").and.to.contain("no contract is there");
    proxy.behave = () => ({ kind: "forward" });
    const web = createServer((_request, response) => response.end("<html>"));
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const { port } = web.address() as AddressInfo;
    const garbage = await expectRun(70, [
      "agency",
      "list",
      "--rpc",
      `http://127.0.0.1:${port}`,
      "--home",
      agency,
    ]);
    expect(garbage.stderr).to.contain("answered eth_chainId with something else");
    web.close();
  });

  it("a contract that is no registry", async () => {
    const manager = sandbox.ready.accessManager;
    const { stderr } = await expectRun(64, [
      "status",
      "--batch",
      "4294967296",
      "--index",
      "0",
      "--rpc",
      sandbox.ready.rpcUrl,
      "--registry",
      manager,
    ]);
    expect(stderr).to.contain("the contract there is something else");
  });

  it("doctor tells a home of a chain that was reset from one that works", async () => {
    const code = await rawRpc(sandbox.ready.rpcUrl, "eth_getCode", [sandbox.ready.registry, "latest"]);
    await rawRpc(sandbox.ready.rpcUrl, "hardhat_setCode", [
      sandbox.ready.registry,
      CreditRegistry__factory.bytecode,
    ]);
    const report = await json<{ findings: { check: string; result: string }[] }>(
      ["doctor", "--home", agency],
      { status: 70 },
    );
    expect(report.findings.some(({ result }) => result === "problem")).to.equal(true);
    await rawRpc(sandbox.ready.rpcUrl, "hardhat_setCode", [sandbox.ready.registry, code]);
    await expectRun(0, ["doctor", "--home", agency]);
    const down = await json<{ findings: { check: string; result: string; hint?: string }[] }>(
      ["doctor", "--home", agency, "--rpc", `http://127.0.0.1:${await freePort()}`],
      { status: 70 },
    );
    expect(down.findings.at(-1)).to.include({ check: "chain", result: "problem" });
    expect(down.findings.at(-1)!.hint).to.contain("is the node running");
  });

  it("doctor writes the setting that a home made before its registry still needs", async () => {
    const { rpcUrl, deployment } = sandbox.ready;
    await expectRun(0, ["init", "--trial", "--home", at("early"), "--rpc", rpcUrl]);
    const early = ["doctor", "--home", at("early")];
    const report = await json<{ findings: { check: string; hint?: string }[] }>(
      [...early, "--deployment", deployment],
      { status: 70 },
    );
    const { check, hint } = report.findings.at(-1)!;
    expect(check).to.equal("registry");
    const setting = JSON.parse(`{${hint!.slice(hint!.indexOf('"registry"'))}}`) as object;
    const file = join(at("early"), "settings.json");
    const settings = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...settings, ...setting }));
    const again = await json<{ findings: { check: string; result: string }[] }>(early, { status: 70 });
    expect(again.findings.filter(({ check }) => check === "contract" || check === "registry")).to.have.length(
      2,
    );
    for (const { check, result } of again.findings)
      expect(result, check).to.equal(
        // The account is new, and this chain asks for fees; and a trial home is never as it should be.
        check === "balance" ? "problem" : check === "home" && result === "warning" ? "warning" : "ok",
      );
  });

  it("a home restored from an older copy anchors and moves nothing; doctor says why", async () => {
    const copy = at("older-copy");
    cpSync(agency, copy, { recursive: true });
    const rows = readFileSync(join(sandbox.ready.dir, "samples", "penalties.csv"), "utf8").split("\n");
    writeFileSync(at("more.csv"), `${[rows[0], ...rows.slice(40, 45)].join("\n")}\n`);
    await expectRun(0, ["anchor", at("more.csv"), "--type", "cn.penalty", "--home", agency]);
    const history = async (home: string, status: number): Promise<string[]> =>
      (
        await json<{ findings: { check: string; result: string }[] }>(["doctor", "--home", home], { status })
      ).findings.flatMap(({ check, result }) => (check === "history" ? [result] : []));
    expect(await history(copy, 70)).to.deep.equal(["problem"]);
    expect(await history(agency, 0)).to.deep.equal(["ok"]);

    const transactions = async (): Promise<unknown> =>
      rawRpc(sandbox.ready.rpcUrl, "eth_getTransactionCount", [openHome(copy).signerAddress()]);
    const before = await transactions();
    // Anchored since by the original: here it would be a first version once more.
    const again = ["anchor", at("more.csv"), "--type", "cn.penalty", "--home", copy];
    const withdraw = [
      "withdraw",
      "--batch",
      "4294967296",
      "--index",
      "0",
      "--reason",
      "duplicate",
      "--home",
      copy,
    ];
    const correct = ["correct", at("few.csv"), "--type", "cn.penalty", "--home", copy];
    const erase = ["erase", "propose", ...withdraw.slice(1)];
    for (const args of [again, correct, withdraw, erase]) {
      const { stderr } = await expectRun(64, args);
      expect(stderr).to.match(/lacks 1 batch .*nothing was sent\n.*--accept-unknown-batches/s);
    }
    expect(await transactions()).to.equal(before);
    const planned = await json<unknown[]>(["batches", "--home", copy]);
    expect(planned).to.have.length(1);

    // Somebody who knows better, once; afterwards the other one is the older copy.
    const snapshot = await rawRpc(sandbox.ready.rpcUrl, "evm_snapshot", []);
    await expectRun(0, [...again, "--accept-unknown-batches"]);
    await expectRun(0, again);
    expect(await history(copy, 0)).to.deep.equal(["ok"]);
    expect(await history(agency, 70)).to.deep.equal(["problem"]);
    await rawRpc(sandbox.ready.rpcUrl, "evm_revert", [snapshot]);
  });

  it("Ctrl-C: finishes the step, says how to go on, exits 130; the same command completes", async () => {
    const rows = join(sandbox.ready.dir, "samples", "penalties.csv");
    const args = ["anchor", rows, "--type", "cn.penalty", "--batch-size", "50", "--home", agency];
    const { child, ended } = start([...args, "--rpc", proxy.url]);
    let sent = 0;
    proxy.behave = ({ method }) => {
      if (method === "eth_sendRawTransaction" && ++sent === 3) child.kill("SIGINT");
      return { kind: "forward" };
    };
    const { status, stdout, stderr } = await ended;
    proxy.behave = () => ({ kind: "forward" });
    expect(status).to.equal(130);
    expect(stdout).to.equal("");
    expect(stderr).to.contain("stopping after this step").and.to.contain("credit-anchor: interrupted");
    expect(stderr).to.contain("run the same command again");
    await expectRun(0, args);
    const batches = await json<{ size: number; status: string }[]>(["batches", "--home", agency]);
    expect(batches.reduce((sum, { size }) => sum + size, 0)).to.equal(1_000);
    expect(batches.every(({ status: now }) => now === "final")).to.equal(true);
    await expectRun(0, ["audit", "--home", agency]);
  });

  it("a reader that stops reading is no error", async () => {
    const { child, ended } = start(["verify", at("r.json"), "--home", agency, "--json"]);
    child.stdout!.destroy();
    const { stderr } = await ended;
    expect(stderr).to.equal("");
  });
});
