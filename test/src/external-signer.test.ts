import { expect } from "chai";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { computeAddress, recoverAddress, SigningKey, Transaction, TypedDataEncoder } from "ethers";

import { type SignerCommand } from "../../src/home/external-signer";
import { commandSigner, type HomeSigner, signerOf } from "../../src/home/signer";
import { openHome } from "../../src/home";
import { json } from "../support/cli";
import { failure } from "../support/failure";
import { harbourHome, removeFolders, temporaryFolder } from "../support/homes";
import { bytesOf } from "../support/samples";

const example = join(__dirname, "..", "..", "examples", "signers", "key-file.cjs");
const key = new SigningKey(bytesOf("key in the module"));
const address = computeAddress(key).toLowerCase();
const digest = bytesOf("what is signed");
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const word = (value: bigint): string => value.toString(16).padStart(64, "0");
/** A program of a few lines that the tests start for real. */
function program(body: string): [string, ...string[]] {
  return [process.execPath, "-e", body];
}
/** One that answers with this text. */
const saying = (text: string) => program(`process.stdin.resume(); console.log(${JSON.stringify(text)})`);

function signer(command: [string, ...string[]], more: Partial<SignerCommand> = {}): HomeSigner {
  return commandSigner({ command, address, timeoutSeconds: 20, ...more }, process.env);
}

function derOf(r: string, s: string): string {
  const number = (hex: string): string => {
    let bytes = hex.replace(/^(00)+/, "");
    if (parseInt(bytes.slice(0, 2), 16) > 0x7f) bytes = `00${bytes}`;
    return `02${(bytes.length / 2).toString(16).padStart(2, "0")}${bytes}`;
  };
  const body = number(r) + number(s);
  return `30${(body.length / 2).toString(16)}${body}`;
}

describe("external signer", function () {
  after(removeFolders);

  const { r, s, v, serialized } = key.sign(digest);
  const [plainR, plainS] = [r.slice(2), s.slice(2)];
  const highS = word(N - BigInt(s));
  const flipped = v === 27 ? "1c" : "1b";

  for (const [what, answer] of [
    ["r, s, v", serialized],
    ["r, s, v without 0x and in capitals", serialized.slice(2).toUpperCase()],
    ["r, s with v of 0 or 1", plainR + plainS + (v === 27 ? "00" : "01")],
    ["a v that is wrong: it is recovered", plainR + plainS + flipped],
    ["r, s alone", plainR + plainS],
    ["a high s", plainR + highS + flipped],
    ["DER", derOf(plainR, plainS)],
    ["DER with a high s", derOf(plainR, highS)],
  ] as const)
    it(`answers with ${what}`, async () => {
      expect(await signer(saying(answer)).signDigest(digest)).to.equal(serialized);
    });

  it("signs transactions and typed data like any other signer", async () => {
    const file = join(temporaryFolder(), "key");
    writeFileSync(file, key.privateKey, { mode: 0o600 });
    const external = signer([process.execPath, example, file]);
    const own = signerOf(key.privateKey);
    expect(external.address).to.equal(own.address);
    const transaction = {
      to: bytesOf("x", 20),
      nonce: 3,
      gasLimit: 21_000,
      gasPrice: 0,
      chainId: 5,
      type: 0,
    };
    const raw = await external.sign(transaction);
    expect(raw).to.equal(await own.sign(transaction));
    expect(Transaction.from(raw).from!.toLowerCase()).to.equal(address);
    const typed = TypedDataEncoder.hash(
      { name: "x", chainId: 5 },
      { A: [{ name: "n", type: "uint256" }] },
      { n: 7 },
    );
    expect(recoverAddress(typed, await external.signDigest(typed)).toLowerCase()).to.equal(address);
  });

  it("gets the digest as an argument where the command says so", async () => {
    const [node, ...words] = program(
      `const { SigningKey } = require("ethers"); console.log(new SigningKey(${JSON.stringify(key.privateKey)}).sign(process.argv[1]).serialized)`,
    );
    expect(await signer([node, ...words, "{digest}"]).signDigest(digest)).to.equal(serialized);
  });

  it("gets neither the passphrase nor another key of the environment", async () => {
    const env = { ...process.env, CREDIT_ANCHOR_PASSPHRASE: "a", CREDIT_ANCHOR_PRIVATE_KEY: "b", PIN: "c" };
    const file = join(temporaryFolder(), "env");
    const body = `require("fs").writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.env)); console.log("${serialized}")`;
    await commandSigner({ command: program(body), address }, env).signDigest(digest);
    const seen = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
    expect(seen.PIN).to.equal("c");
    expect(Object.keys(seen).filter((name) => name.startsWith("CREDIT_ANCHOR"))).to.deep.equal([]);
  });

  const secret = "PIN 4711";
  for (const [what, command, code] of [
    [
      "signs with another key",
      saying(new SigningKey(bytesOf("another")).sign(digest).serialized),
      "signer.other-key",
    ],
    ["signs something else", saying(key.sign(bytesOf("something else")).serialized), "signer.other-key"],
    ["answers with rubbish", saying(`-----BEGIN ${secret}-----`), "signer.garbage"],
    ["answers with nothing", program("process.stdin.resume()"), "signer.garbage"],
    ["answers with zeros", saying("00".repeat(65)), "signer.garbage"],
    ["answers with numbers that are none", saying("ff".repeat(64)), "signer.garbage"],
    ["answers with broken DER", saying(derOf(plainR, plainS).slice(0, -2)), "signer.garbage"],
    ["answers with DER and more", saying(`${derOf(plainR, plainS)}00`), "signer.garbage"],
    ["never stops talking", program(`for (;;) console.log("${secret}".repeat(100))`), "signer.garbage"],
    [
      "fails",
      program(`console.log("${secret}"); console.error("${secret}"); process.exit(3)`),
      "signer.command-failed",
    ],
    [
      "fails after a good answer",
      program(`console.log("${serialized}"); process.exitCode = 1`),
      "signer.command-failed",
    ],
    ["dies", program(`process.kill(process.pid, "SIGKILL")`), "signer.command-failed"],
    [
      "closes its stdin and fails",
      program(`process.stdin.destroy(); process.exit(1)`),
      "signer.command-failed",
    ],
    ["does not exist", [join(temporaryFolder(), "nothing"), secret], "signer.command-missing"],
    ["is no program", [__filename, secret], "signer.command-missing"],
  ] as [string, [string, ...string[]], string][])
    it(`that ${what} is refused, and its words are not repeated`, async () => {
      const error = await failure(() => signer(command).signDigest(digest));
      expect(error.code).to.equal(code);
      expect(error.exitStatus).to.equal(70);
      expect(error.hint).to.be.a("string");
      expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.to.include(secret);
    });

  it("that hangs is ended, with what it started", async () => {
    const file = join(temporaryFolder(), "alive");
    const body = `
      require("child_process").spawn(process.execPath, ["-e", \`setTimeout(() => require("fs").writeFileSync(${JSON.stringify(file)}, ""), 2500)\`], { stdio: "inherit" });
      setInterval(() => 0, 1000)`;
    const started = Date.now();
    const error = await failure(() => signer(program(body), { timeoutSeconds: 1 }).signDigest(digest));
    expect(error.code).to.equal("signer.timeout");
    expect(Date.now() - started).to.be.lessThan(2_400);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(existsSync(file), "the program's own child").to.equal(false);
  });

  describe("of a home", () => {
    it("comes from the settings or the environment, before the keystore", async () => {
      const home = await harbourHome();
      expect(home.signerKind()).to.equal("keystore");
      await home.changeSettings((was) => ({ ...was, signer: { command: saying(serialized), address } }));
      const open = (env: Record<string, string>) =>
        openHome(home.dir, { env: { PATH: process.env.PATH, ...env } });
      expect(open({}).signerKind()).to.equal("command");
      expect(open({}).signerAddress()).to.equal(address);
      expect(await (await open({}).signer()).signDigest(digest)).to.equal(serialized);
      const named = open({ CREDIT_ANCHOR_PRIVATE_KEY: bytesOf("own") });
      expect(named.signerKind()).to.equal("environment");
      const command = {
        CREDIT_ANCHOR_SIGNER_COMMAND: JSON.stringify(saying(serialized)),
        CREDIT_ANCHOR_SIGNER_ADDRESS: address.toUpperCase().replace("0X", "0x"),
      };
      await home.changeSettings((was) => ({
        ...was,
        signer: { command: ["/nowhere"], address: bytesOf("a", 20) },
      }));
      expect(await (await open(command).signer()).signDigest(digest)).to.equal(serialized);
      for (const env of [
        { ...command, CREDIT_ANCHOR_PRIVATE_KEY: bytesOf("own") },
        { ...command, CREDIT_ANCHOR_SIGNER_ADDRESS: "0x12" },
        { ...command, CREDIT_ANCHOR_SIGNER_COMMAND: "[7]" },
        { ...command, CREDIT_ANCHOR_SIGNER_COMMAND: "[" },
      ])
        expect((await failure(() => open(env).signerAddress())).code).to.equal("signer.settings");
    });

    it("is told by doctor, which has it sign", async () => {
      const home = await harbourHome();
      const file = join(temporaryFolder(), "key");
      writeFileSync(file, key.privateKey);
      type Told = { findings: { check: string; result: string; message: string; hint?: string }[] };
      const keys = async (command: [string, ...string[]]) => {
        await home.changeSettings((was) => ({ ...was, signer: { command, address } }));
        const { findings } = await json<Told>(["doctor", "--home", home.dir], { status: 70 });
        return findings.filter(({ check }) => check === "keys");
      };
      const good = await keys([process.execPath, example, file]);
      expect(good[0]!.message).to.equal(`signs as ${address}, by an external command`);
      expect(good[1]!).to.deep.include({ result: "ok" });
      const bad = await keys(saying("none"));
      expect(bad[1]!).to.deep.include({ result: "problem" });
      expect(bad[1]!.message).to.include("something else than a signature");
    });
  });
});
