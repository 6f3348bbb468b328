import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  JsonRpcProvider,
  NonceManager,
  recoverAddress,
  SigningKey,
  toQuantity,
  TypedDataEncoder,
  Wallet,
} from "ethers";
import { readStand } from "../../src/audit/stand";
import { connectChain } from "../../src/chain";
import { type Checkpoint, checkpointDigest, checkpointText } from "../../src/checkpoint";
import { deployRegistry } from "../../src/deployment";
import { forward, rawRpc, startProxy } from "../support/chains";
import { expectRun, json } from "../support/cli";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

interface Report {
  readonly singleSource: boolean;
  readonly checkpoint: { readonly vouchedBy: string | null; readonly contained: boolean };
  readonly differences: readonly { readonly code: string }[];
}

describe("checkpoint, and audit --since", function () {
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-checkpoint-"));
  const at = (name: string): string => join(base, name);
  const stranger = Wallet.createRandom();
  let sandbox: SandboxProcess;
  let ndrc: string[];
  let taken: Checkpoint;

  before(async () => {
    sandbox = await startSandboxProcess(at("sandbox"));
    ndrc = ["--home", sandbox.ready.homes.ndrc];
    await expectRun(0, ["checkpoint", ...ndrc, "--out", at("c.json")]);
    taken = JSON.parse(readFileSync(at("c.json"), "utf8")) as Checkpoint;
    await expectRun(0, ["governance", "pause", "--reason", "rule-broken", ...ndrc]);
    await expectRun(0, ["governance", "unpause", "--reason", "settled", ...ndrc]);
  });
  after(async () => {
    await sandbox.stop();
    rmSync(base, { recursive: true, force: true });
  });

  const since = (file: string, ...more: string[]): string[] => ["audit", "--since", file, ...ndrc, ...more];
  const codes = (report: Report): string[] => report.differences.map(({ code }) => code);

  /** A file in which something else stands, as it is or signed anew by somebody. */
  function write(changes: Partial<Checkpoint>, by?: string): string {
    const changed = { ...taken, ...changes };
    const signed =
      by === undefined
        ? changed
        : {
            ...changed,
            signer: new Wallet(by).address.toLowerCase(),
            signature: new SigningKey(by).sign(checkpointDigest(changed)).serialized,
          };
    writeFileSync(at("changed.json"), checkpointText(signed));
    return at("changed.json");
  }

  it("holds where the registry stands, signed as the documented typed data", async () => {
    const { registry, block, journal, roles } = taken;
    expect(registry).to.deep.equal({ chainId: sandbox.ready.chainId, address: sandbox.ready.registry });
    const type = (name: string, kind: string): { name: string; type: string } => ({ name, type: kind });
    const digest = TypedDataEncoder.hash(
      {
        name: "credit-anchor checkpoint",
        version: "1",
        chainId: registry.chainId,
        verifyingContract: registry.address,
      },
      {
        Checkpoint: [
          type("journalLength", "uint64"),
          type("journalHead", "bytes28"),
          type("authority", "address"),
          type("rolesLength", "uint64"),
          type("rolesHead", "bytes32"),
          type("blockNumber", "uint64"),
          type("blockHash", "bytes32"),
          type("blockTime", "uint64"),
        ],
      },
      {
        journalLength: journal.length,
        journalHead: journal.head,
        authority: roles!.authority,
        rolesLength: roles!.length,
        rolesHead: roles!.head,
        blockNumber: block.number,
        blockHash: block.hash,
        blockTime: block.time,
      },
    );
    expect(checkpointDigest(taken)).to.equal(digest);
    expect(recoverAddress(digest, taken.signature).toLowerCase()).to.equal(taken.signer);
    expect(checkpointText(taken)).to.equal(readFileSync(at("c.json"), "utf8"));
    const printed = await json<Checkpoint>(["checkpoint", ...ndrc, "--block", String(block.number)]);
    expect(printed).to.deep.equal(taken);
  });

  it("proves that the registry only grew from it, by the word of an auditor", async () => {
    const { stdout } = await expectRun(0, since(at("c.json")));
    expect(stdout).to.contain("who held the role auditor then").and.to.contain("by 2 entries");
    expect(stdout).to.contain(`; a head obtained elsewhere vouches for the first ${taken.journal.length}`);
    const report = await json<Report>(since(at("c.json")));
    expect(report.checkpoint).to.include({ vouchedBy: "auditor", contained: true });
    expect(report.singleSource).to.equal(true);
  });

  it("leaves no single source where it is of all entries", async () => {
    await expectRun(0, ["checkpoint", ...ndrc, "--out", at("now.json")]);
    const report = await json<Report>(since(at("now.json")));
    expect(report.singleSource).to.equal(false);
  });

  it("names every altered value", async () => {
    const other = `0x${"12".repeat(32)}`;
    const changes: Partial<Checkpoint>[] = [
      { block: { ...taken.block, number: taken.block.number - 1 } },
      { block: { ...taken.block, hash: other } },
      { block: { ...taken.block, time: taken.block.time + 1 } },
      { journal: { ...taken.journal, length: taken.journal.length - 1 } },
      { journal: { ...taken.journal, head: other.slice(0, 58) } },
      { roles: { ...taken.roles!, authority: other.slice(0, 42) } },
      { roles: { ...taken.roles!, length: 1 } },
      { roles: { ...taken.roles!, head: other } },
      { registry: { ...taken.registry, chainId: 1 } },
      { registry: { ...taken.registry, address: other.slice(0, 42) } },
      { signer: stranger.address.toLowerCase() },
      { signature: `${taken.signature.slice(0, -2)}1d` },
    ];
    for (const change of changes) {
      const { error } = await json<{ error: { code: string } }>(since(write(change)), { status: 64 });
      expect(error.code, JSON.stringify(change)).to.equal("checkpoint.signature");
    }
  });

  it("names what is no checkpoint, cut off, or of a newer program", async () => {
    const whole = readFileSync(at("c.json"), "utf8");
    for (const [content, code] of [
      ["{}", "checkpoint.format"],
      [whole.slice(0, 100), "checkpoint.format"],
      [whole.replace('"signer"', '"more": 1, "signer"'), "checkpoint.format"],
      [whole.replace('"formatVersion": 1', '"formatVersion": 2'), "checkpoint.newer"],
    ] as const) {
      writeFileSync(at("changed.json"), content);
      const { error } = await json<{ error: { code: string } }>(since(at("changed.json")), { status: 64 });
      expect(error.code).to.equal(code);
    }
  });

  it("names another chain, another registry", async () => {
    const { registry } = taken;
    for (const [change, code] of [
      [{ registry: { ...registry, chainId: 1 } }, "checkpoint.other-chain"],
      [{ registry: { ...registry, address: sandbox.ready.accessManager } }, "checkpoint.other-registry"],
    ] as const) {
      const file = write(change, stranger.privateKey);
      const { error } = await json<{ error: { code: string } }>(since(file), { status: 64 });
      expect(error.code).to.equal(code);
    }
  });

  it("does not take the word of somebody who is no auditor, unless he is named", async () => {
    const file = write({}, stranger.privateKey);
    const report = await json<Report>(since(file), { status: 1 });
    expect(codes(report)).to.deep.equal(["checkpoint.signer"]);
    expect(report.checkpoint.vouchedBy).to.equal(null);
    const named = await json<Report>(since(file, "--signer", stranger.address));
    expect(named.checkpoint.vouchedBy).to.equal("named");
    const other = await json<Report>(since(at("c.json"), "--signer", stranger.address), { status: 1 });
    expect(codes(other)).to.deep.equal(["checkpoint.signer"]);
  });

  it("names a registry that did not grow from it", async () => {
    const { block, journal, roles } = taken;
    for (const [change, code] of [
      [{ journal: { ...journal, head: `0x${"12".repeat(28)}` } }, "head.differs"],
      [{ journal: { ...journal, length: journal.length + 1_000 } }, "head.beyond"],
      [{ roles: { ...roles!, head: `0x${"12".repeat(32)}` } }, "roles.differs"],
      [{ roles: { ...roles!, length: roles!.length + 1_000 } }, "roles.beyond"],
      [{ block: { ...block, hash: `0x${"12".repeat(32)}` } }, "checkpoint.block"],
      [{ block: { ...block, number: block.number + 1_000 } }, "checkpoint.block"],
    ] as const) {
      const file = write(change, stranger.privateKey);
      const report = await json<Report>(since(file, "--signer", stranger.address), { status: 1 });
      expect(codes(report)).to.deep.equal([code]);
      expect(report.checkpoint.contained).to.equal(false);
    }
  });

  it("finds a node that serves a shorter history consistently", async () => {
    await expectRun(0, ["checkpoint", ...ndrc, "--out", at("newest.json")]);
    const stale = await startProxy(sandbox.ready.rpcUrl);
    const last = taken.block.number;
    const latest = await rawRpc(sandbox.ready.rpcUrl, "eth_getBlockByNumber", [toQuantity(last), false]);
    stale.behave = ({ method, params }) => {
      if (method !== "eth_getBlockByNumber") return forward;
      if (params[0] === "latest") return { kind: "result", result: latest };
      return Number(params[0]) > last ? { kind: "result", result: null } : forward;
    };
    const report = await json<Report>(since(at("newest.json"), "--rpc", stale.url), { status: 1 });
    await stale.stop();
    expect(codes(report)).to.include.members(["head.beyond", "checkpoint.block"]);
  });

  interface Verified {
    readonly checks: readonly { readonly name: string; readonly result: string }[];
  }
  const results = ({ checks }: Verified): string[] => checks.map(({ name, result }) => `${name} ${result}`);
  const verify = (file: string, status: number, ...more: string[]): Promise<Verified> =>
    json<Verified>(["checkpoint", "--verify", file, ...more], { status });

  it("is verified with the role of its signer, which needs a chain", async () => {
    const { rpcUrl, homes, registry } = sandbox.ready;
    const node = ["--rpc", rpcUrl, "--registry", registry];
    const held = ["registry passed", "signature passed", "block passed", "journal passed", "role passed"];
    expect(results(await verify(at("c.json"), 0, ...node))).to.deep.equal(held);
    const alone = ["registry open", "signature passed", "role open"];
    expect(results(await verify(at("c.json"), 2))).to.deep.equal(alone);
    const { stdout } = await expectRun(2, ["checkpoint", "--verify", at("c.json")]);
    expect(stdout).to.match(/\?  role +not checked: needs a chain/);
    const file = write({}, stranger.privateKey);
    const none = await verify(file, 1, ...node);
    expect(results(none)).to.deep.equal([...held.slice(0, 4), "role failed"]);
    const named = await verify(file, 0, ...node, "--signer", stranger.address);
    expect(results(named)).to.deep.equal(held);
    await verify(at("c.json"), 1, ...node, "--signer", stranger.address);
    // As audit --since has it: a home believes its own key.
    const office = ["--home", homes["market-regulator"]];
    await expectRun(0, ["checkpoint", ...office, "--out", at("own.json")]);
    expect(results(await verify(at("own.json"), 0, ...office))).to.deep.equal(held);
    await verify(at("own.json"), 1, ...node);
  });

  it("is not believed about the registry of whoever signed it, who is auditor there by his own word", async () => {
    const { rpcUrl, chainId, registry } = sandbox.ready;
    const provider = new JsonRpcProvider(rpcUrl);
    const signer = new NonceManager(stranger.connect(provider));
    await rawRpc(rpcUrl, "hardhat_setBalance", [stranger.address, toQuantity(10n ** 20n)]);
    const own = await deployRegistry(signer, { grants: { auditor: [stranger.address] } });
    const address = (await own.registry.getAddress()).toLowerCase();
    const chain = await connectChain({ urls: [rpcUrl] });
    const stand = await chain.pinned((block) => readStand(chain, address, block), "latest");
    provider.destroy();
    const file = write(stand, stranger.privateKey);
    const others = ["signature passed", "block passed", "journal passed", "role passed"];
    const unnamed = await verify(file, 2, "--rpc", rpcUrl);
    expect(results(unnamed)).to.deep.equal(["registry open", ...others]);
    for (const trusted of [["--rpc", rpcUrl, "--registry", registry], ndrc]) {
      const found = await verify(file, 1, ...trusted);
      expect(results(found)).to.deep.equal(["registry failed", ...others]);
    }
    expect(stand.registry).to.deep.equal({ chainId, address });
    // Nor is he auditor of this registry because he is one by an authority of his own.
    await expectRun(0, ["checkpoint", ...ndrc, "--out", at("late.json")]);
    const late = JSON.parse(readFileSync(at("late.json"), "utf8")) as Checkpoint;
    const foreign = write({ ...late, roles: stand.roles }, stranger.privateKey);
    const report = await json<Report>(since(foreign), { status: 1 });
    expect(codes(report)).to.deep.equal(["checkpoint.authority", "checkpoint.signer"]);
    expect(report.checkpoint).to.include({ vouchedBy: null, contained: false });
  });

  it("is found altered with status 1, and what is no checkpoint with 64 and one complaint", async () => {
    const altered = write({ journal: { ...taken.journal, length: taken.journal.length - 1 } });
    const found = await verify(altered, 1, ...ndrc);
    expect(results(found)).to.include.members(["signature failed", "journal failed"]);
    await verify(altered, 1);
    for (const [format, words, hint] of [
      ["credit-anchor/receipt", "no checkpoint: it is a receipt", "credit-anchor verify"],
      ["credit-anchor/signed-report", "no checkpoint: it is a signed report", "report verify"],
      ["something", "/format must be credit-anchor/checkpoint", "altered"],
    ] as const) {
      writeFileSync(at("other.json"), JSON.stringify({ format, formatVersion: 1 }));
      const { stderr } = await expectRun(64, ["checkpoint", "--verify", at("other.json")]);
      expect(stderr.trim().split("\n")).to.have.lengthOf(2);
      expect(stderr).to.contain(words).and.to.contain(hint);
    }
    const { stderr } = await expectRun(64, ["report", "verify", at("c.json"), ...ndrc]);
    expect(stderr).to.contain("no signed report: it is a checkpoint").and.to.contain("checkpoint --verify");
    const bundle = await expectRun(64, ["bundle", at("c.json"), "--out", at("b.json"), ...ndrc]);
    expect(bundle.stderr).to.contain("is that of a checkpoint: credit-anchor checkpoint --verify");
  });

  it("is never written over another file", async () => {
    const before = readFileSync(at("c.json"), "utf8");
    const { stderr } = await expectRun(64, ["checkpoint", ...ndrc, "--out", at("c.json")]);
    expect(stderr)
      .to.contain(`${at("c.json")} exists`)
      .and.to.contain("hint: name a new file");
    expect(readFileSync(at("c.json"), "utf8")).to.equal(before);
  });
});
