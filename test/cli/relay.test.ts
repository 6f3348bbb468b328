import { expect } from "chai";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ContractFactory, Wallet, ZeroHash } from "ethers";
import { createHome, openHome } from "../../src/home";
import { changeMarks, pauseRegistry, revokeOperator, setOperator } from "../../src/registry-admin";
import { readAgency, relayOf, statusesOf } from "../../src/registry-views";
import { relayDigest, type SignedCall } from "../../src/registry-relay";
import { signerOf } from "../../src/home/signer";
import { WalletMock__factory } from "../../typechain-types";
import { expectRun, json, type Ran, run } from "../support/cli";
import { startAnvil, type TestChain } from "../support/chains";
import { allFiles, permits, removeFolders, rowsFile, temporaryFolder } from "../support/homes";
import { AGENCY_CODE, TYPE, TYPE_NAME } from "../support/samples";
import { account, expectExactlyOnce, homeOf, startWorld, type World } from "../support/world";
import { registryInterface } from "../../src/interfaces";

interface FileOfCalls {
  registry: { chainId: number; address: string };
  relay: string;
  calls: (SignedCall & { transaction?: { hash: string } })[];
}

describe("signed calls and their relay", function () {
  let node: TestChain;
  let world: World;
  let snapshot: unknown;
  let agency: string;
  let relayer: string;
  let desk: string;
  let calls: string;

  before(async () => {
    node = await startAnvil();
    world = await startWorld(node);
  });
  beforeEach(async () => {
    snapshot = await node.rpc("evm_snapshot");
    // Two folders that share nothing: the agency's, whose key has no money, and somebody's who only pays.
    agency = (await homeOf(world)).dir;
    await node.rpc("anvil_setBalance", world.operators[0].address, "0x0");
    desk = temporaryFolder();
    relayer = join(desk, "relayer");
    await createHome(
      relayer,
      {
        trial: true,
        privateKey: account(7).privateKey,
        settings: {
          registry: {
            chainId: world.chain.chainId,
            address: world.registry.address,
            accessManager: world.manager,
            deployedAtBlock: 0,
          },
          rpc: [node.url],
          finalityBlocks: 0,
        },
      },
      { env: {} },
    );
    const home = openHome(agency, { env: {} });
    await home.changeSettings((was) => ({ ...was, finalityBlocks: 0 }));
    calls = join(desk, "calls.json");
  });
  afterEach(async () => {
    await node.rpc("evm_revert", snapshot);
  });
  after(async () => {
    removeFolders();
    await node.stop();
  });

  function typeFile(): string {
    const file = join(temporaryFolder(), `${TYPE_NAME}.json`);
    writeFileSync(file, JSON.stringify(TYPE));
    return file;
  }
  const sign = (...more: string[]): Promise<Ran> =>
    expectRun(0, [
      ...["anchor", rowsFile(permits(0, 5)), "--type", typeFile(), "--home", agency],
      ...["--sign-only", calls, ...more],
    ]);
  const relay = (): Promise<Ran> => run(["relay", calls, "--home", relayer]);
  const read = (): FileOfCalls => JSON.parse(readFileSync(calls, "utf8")) as FileOfCalls;
  const write = (file: FileOfCalls): void => writeFileSync(calls, JSON.stringify(file));
  const alter = (change: (file: FileOfCalls) => void): void => {
    const file = read();
    change(file);
    write(file);
  };
  const batchCount = async (): Promise<number> =>
    (await readAgency(world.registry, world.agencyId))!.batchCount;

  async function refusedBy(code: string, what = relay): Promise<string> {
    const { status, stderr } = await what();
    expect(`${status} ${stderr}`).to.match(/^64 /);
    expect(stderr).to.include(code);
    return stderr;
  }

  it("anchor and supersede for an operator that never sends anything", async () => {
    const before = allFiles(relayer).map(({ name }) => name);
    const { stdout } = await sign();
    expect(stdout).to.match(/signed a batch of 5 records in 1 call/);
    expect(await batchCount()).to.equal(0);
    const sent = await expectRun(0, ["relay", calls, "--home", relayer]);
    expect(sent.stderr).to.match(/anchor a batch of 5 records of type 1 for agency 1/);
    expect(allFiles(relayer).map(({ name }) => name)).to.deep.equal(before);
    expect(read().calls[0]!.transaction!.hash).to.match(/^0x[0-9a-f]{64}$/);

    const next = rowsFile(permits(0, 2, 1));
    await expectRun(0, ["anchor", next, "--type", typeFile(), "--home", agency, "--sign-only", calls]);
    await expectRun(0, ["relay", calls, "--home", relayer]);
    const resumed = await json<{ signed: { moved: number; records: number } }>([
      ...["resume", "--home", agency, "--sign-only", calls],
    ]);
    expect(resumed.signed).to.include({ moved: 2, records: 0 });
    await expectRun(0, ["relay", calls, "--home", relayer]);
    const done = await json<{ signed?: { calls: number } }>([
      "resume",
      "--home",
      agency,
      "--sign-only",
      calls,
    ]);
    expect(done.signed!.calls).to.equal(0);

    const vault = await openHome(agency, { env: {} }).readVault();
    try {
      await expectExactlyOnce(world, vault);
      const [header] = [...vault.plans()].map((plan) => plan.header!);
      expect(header!.operator).to.equal(world.operators[0].address);
      const hash = vault.plan(0).transaction!.hash;
      expect((await world.chain.transaction(hash))!.from).to.equal(account(7).address);
    } finally {
      await vault.close();
    }
    // Neither the receipt nor an audit can tell who sent it.
    const receipt = join(desk, "receipt.json");
    const place = ["--batch", String(2 ** 32 + 1), "--index", "0"];
    await expectRun(0, ["receipt", ...place, "--out", receipt, "--home", agency]);
    const { operator } = (JSON.parse(readFileSync(receipt, "utf8")) as { batch: { operator: string } }).batch;
    expect(operator).to.equal(world.operators[0].address);
    await expectRun(0, ["verify", receipt, "--type", typeFile(), "--home", relayer]);
    await expectRun(0, ["audit", "--home", agency]);
  });

  it("withdraw and mark, once however often they are signed", async () => {
    await sign();
    await expectRun(0, ["relay", calls, "--home", relayer]);
    await expectRun(0, ["resume", "--home", agency, "--sign-only", calls]);
    const batch = ["--batch", String(2 ** 32)];
    const mark = [
      "mark",
      "set",
      ...batch,
      "--index",
      "1",
      "--mark",
      "under-review",
      "--reason",
      "review-or-litigation",
    ];
    const withdraw = ["withdraw", ...batch, "--index", "0", "--reason", "wrong-party"];
    const only = ["--home", agency, "--sign-only", calls];
    await expectRun(0, [...mark, ...only]);
    const { stdout } = await expectRun(0, [...withdraw, ...only]);
    expect(stdout).to.match(/^signed, to withdraw record 0 of batch 4294967296/);
    const first = read();
    expect(first.calls).to.have.length(2);
    await expectRun(0, [...withdraw, ...only]);
    expect(
      read()
        .calls.map(({ nonce }) => nonce)
        .sort(),
    ).to.deep.equal(first.calls.map(({ nonce }) => nonce).sort());
    await expectRun(0, ["relay", calls, "--home", relayer]);
    expect(await statusesOf(world.registry, world.agencyId, 0, [0, 1, 2])).to.deep.equal([2, 32, 0]);
    // Replayed under a new signature of the same operator, with the same number.
    const replayed = { ...first.calls[0]!, deadline: first.calls[0]!.deadline + 1 };
    const signature = await world.operators[0].signDigest(
      relayDigest(world.chain.chainId, first.relay, replayed),
    );
    write({ ...first, calls: [{ ...replayed, signature }] });
    const { status, stdout: told } = await relay();
    expect(`${status} ${told}`).to.match(/^0 sent before/);
    const other = { ...replayed, call: first.calls[1]!.call };
    const again = await world.operators[0].signDigest(relayDigest(world.chain.chainId, first.relay, other));
    write({ ...first, calls: [{ ...other, signature: again }] });
    await refusedBy("NonceUsed");
    // Of several the others are told too.
    write({ ...first, calls: [first.calls[1]!, { ...other, signature: again }] });
    await refusedBy("1 of 2 calls were refused; 1 sent before");
    const done = await json<{ moved: number; signed: { calls: number } }>(["resume", ...only]);
    expect(done.moved).to.equal(2);
    expect(done.signed.calls).to.equal(0);
    const vault = await openHome(agency, { env: {} }).readVault();
    expect(vault.unfinishedMoves()).to.deep.equal([]);
    expect([...vault.moves()].every(({ transaction }) => transaction !== undefined)).to.equal(true);
    await vault.close();
  });

  it("are void once their operator took them back, and what was carried out stays", async () => {
    await sign();
    const anchoring = await run(["operator", "void", calls, "--home", agency]);
    expect(`${anchoring.status} ${anchoring.stderr}`).to.match(/^64 [^]*anchoring has no nonce/);
    await expectRun(0, ["relay", calls, "--home", relayer]);
    await expectRun(0, ["resume", "--home", agency, "--sign-only", calls]);
    const place = ["--batch", String(2 ** 32), "--index", "0", "--reason", "wrong-party"];
    await expectRun(0, ["withdraw", ...place, "--home", agency, "--sign-only", calls]);
    const stranger = await run(["operator", "void", calls, "--home", relayer]);
    expect(`${stranger.status} ${stranger.stderr}`).to.match(
      /^64 [^]*holds no call that 0x[0-9a-f]{40} signed/,
    );
    await node.rpc("anvil_setBalance", world.operators[0].address, "0x8ac7230489e80000");
    const taken = await expectRun(0, ["operator", "void", calls, "--home", agency]);
    expect(taken.stdout).to.match(
      /^void: withdraw record 0 of batch 4294967296 of agency 1: 13 .*\(transaction 0x/,
    );
    await refusedBy("NonceUsed");
    expect(await statusesOf(world.registry, world.agencyId, 0, [0])).to.deep.equal([0]);
    const again = await json<{ calls: { state: string }[] }>(["operator", "void", calls, "--home", agency]);
    expect(again.calls.map(({ state }) => state)).to.deep.equal(["cancelled before"]);
    await expectRun(0, ["resume", "--drop-moves", "--home", agency]);
    // What somebody has sent is not taken back.
    const other = ["--batch", String(2 ** 32), "--index", "1", "--reason", "wrong-party"];
    await expectRun(0, ["withdraw", ...other, "--home", agency, "--sign-only", calls]);
    await expectRun(0, ["relay", calls, "--home", relayer]);
    const late = await json<{ calls: { state: string }[] }>(["operator", "void", calls, "--home", agency], {
      status: 4,
    });
    expect(late.calls.map(({ state }) => state)).to.deep.equal(["carried out"]);
    expect(await statusesOf(world.registry, world.agencyId, 0, [1])).to.deep.equal([2]);
  });

  it("what was refused is not done by the next command; what was signed is, and can be forgotten instead", async () => {
    await sign();
    await expectRun(0, ["relay", calls, "--home", relayer]);
    await expectRun(0, ["resume", "--home", agency, "--sign-only", calls]);
    const deployer = new Wallet(account(8).privateKey, world.chain.provider);
    const factory = new ContractFactory(WalletMock__factory.abi, WalletMock__factory.bytecode, deployer);
    const contract = await factory.deploy(account(9).address);
    await contract.waitForDeployment();
    const wallet = (await contract.getAddress()).toLowerCase();
    await setOperator(
      { registry: world.registry, signer: world.administrator },
      { agencyId: world.agencyId, account: wallet, permissions: 3, validFrom: 0, validUntil: 4_000_000_000 },
    );
    const at = (index: number): string[] => ["--batch", String(2 ** 32), "--index", String(index)];
    const withdraw = (index: number): string[] => ["withdraw", ...at(index), "--reason", "decision-void"];
    const only = ["--home", agency, "--sign-only", calls];
    const mark = ["--mark", "under-review", "--reason", "review-or-litigation"];
    const send = async (words: readonly string[]): Promise<void> => {
      await expectRun(0, [...words, ...only]);
      await expectRun(0, ["relay", calls, "--home", relayer]);
    };
    rmSync(calls);
    // The wallet does not take this key for its own.
    await expectRun(64, [...withdraw(0), ...only, "--operator", wallet]);
    expect(existsSync(calls)).to.equal(false);
    await send(["mark", "set", ...at(1), ...mark]);
    expect(await statusesOf(world.registry, world.agencyId, 0, [0, 1])).to.deep.equal([0, 32]);
    // Signed, and the file thrown away: the next command says what it carries along.
    await expectRun(0, [...withdraw(2), ...only]);
    const { stderr } = await expectRun(0, ["mark", "set", ...at(3), "--dry-run", ...mark, "--home", agency]);
    expect(stderr).to.match(
      /note: an earlier command is finished first: withdraw record 2 of batch 4294967296: /,
    );
    expect(stderr).to.contain("credit-anchor resume --drop-moves");
    // No version of it can follow meanwhile.
    const anchoring = await expectRun(4, [
      ...["anchor", rowsFile(permits(0, 5)), "--type", typeFile()],
      ...only,
    ]);
    expect(anchoring.stderr).to.contain("note: an earlier command is finished first: withdraw record 2");
    const dropped = await json<{ dropped: unknown[] }>(["resume", "--drop-moves", "--home", agency]);
    expect(dropped.dropped).to.have.length(1);
    await send(["mark", "set", ...at(3), ...mark]);
    expect(await statusesOf(world.registry, world.agencyId, 0, [2, 3])).to.deep.equal([0, 32]);
    // One that the chain has already is not forgotten but finished.
    await expectRun(0, [...withdraw(2), ...only]);
    await expectRun(0, ["relay", calls, "--home", relayer]);
    const kept = await json<{ dropped: unknown[]; kept: number }>([
      "resume",
      "--drop-moves",
      "--home",
      agency,
    ]);
    expect(kept).to.deep.include({ dropped: [], kept: 1 });
    await expectRun(0, ["resume", "--home", agency, "--sign-only", calls]);
    expect(await statusesOf(world.registry, world.agencyId, 0, [2])).to.deep.equal([2]);
  });

  it("erase for two operators that never send anything: nothing is destroyed by the one, and not said before by the other", async () => {
    await sign();
    await expectRun(0, ["relay", calls, "--home", relayer]);
    await json(["resume", "--home", agency, "--sign-only", calls]);
    const place = ["--batch", String(2 ** 32), "--index", "1"];
    const statusByte = async (): Promise<number> =>
      (await statusesOf(world.registry, world.agencyId, 0, [1]))[0]!;
    const destroyed = async (): Promise<boolean> => {
      const vault = await openHome(agency, { env: {} }).readVault();
      try {
        return vault.isDestroyed(0, 1);
      } finally {
        await vault.close();
      }
    };
    const only = ["--sign-only", calls, "--home", agency];
    const propose = ["erase", "propose", ...place, "--reason", "deletion-duty", ...only];
    const proposed = await json<{ proposal: string; proposed: boolean; signed: { calls: number } }>(propose);
    expect(proposed).to.deep.include({ proposed: false });
    expect(proposed.signed.calls).to.equal(1);
    const { proposal } = proposed;
    const other = { CREDIT_ANCHOR_PRIVATE_KEY: account(3).privateKey };
    const confirm = ["erase", "confirm", proposal, ...only];
    // Not proposed on the chain yet: nothing is destroyed for a file that lies about.
    expect((await expectRun(64, confirm, { env: other })).stderr).to.include("ErasureNotProposed");
    expect(await destroyed()).to.equal(false);
    const told = await expectRun(0, ["relay", calls, "--home", relayer]);
    expect(told.stderr).to.include("propose to erase record 1 of batch 4294967296");
    expect(await json(propose)).to.include({ proposed: true, already: true, proposal });

    await node.rpc("anvil_setBalance", world.operators[1].address, "0x0");
    const same = await run(confirm);
    expect(`${same.status} ${same.stderr}`).to.match(/^64 .*SecondOperatorNeeded/s);
    const confirmed = await json<{ erased: boolean; final: boolean; signed: { calls: number } }>(confirm, {
      env: other,
    });
    expect(confirmed).to.deep.include({ erased: false, final: false });
    expect(confirmed.signed.calls).to.equal(1);
    expect(await destroyed()).to.equal(true);
    expect((await statusByte()) & 8).to.equal(0);
    // Signed again, it is the same: it counts once.
    await json(confirm, { env: other });
    await expectRun(0, ["relay", calls, "--home", relayer]);
    expect((await statusByte()) & 8).to.equal(8);
    expect(await json(confirm, { env: other })).to.deep.include({ erased: true, final: true });
  });

  it("anchor and supersede from a machine without a network, by what a node said elsewhere", async () => {
    const home = await homeOf(world, 0, "http://127.0.0.1:9");
    await home.changeSettings((was) => ({ ...was, finalityBlocks: 0 }));
    const state = join(desk, "state.json");
    const offline = ["--home", home.dir, "--sign-only", calls, "--state", state];
    const operator = world.operators[0].address;
    const learn = (who = operator): Promise<Ran> =>
      expectRun(0, ["agency", "state", state, "--agency", AGENCY_CODE, "--operator", who, "--home", relayer]);
    const anchor = (edition: number): string[] => {
      const rows = rowsFile(permits(0, 3, edition));
      return ["anchor", rows, "--type", typeFile(), ...offline];
    };
    const send = (): Promise<Ran> => expectRun(0, ["relay", calls, "--home", relayer]);
    interface Signed {
      readonly final: number;
      readonly signed: { readonly calls: number; readonly records: number; readonly moved: number };
    }
    await learn();
    expect((await json<Signed>(anchor(0))).signed).to.include({ calls: 1, records: 3 });
    await send();
    await learn();
    // The state tells that it was carried out; then the next one builds on it.
    expect(await json<Signed>(anchor(1))).to.deep.include({ final: 1 });
    await send();
    await learn();
    const moves = await json<Signed>(["resume", ...offline]);
    expect(moves.final).to.equal(1);
    expect(moves.signed).to.include({ calls: 1, records: 0, moved: 3 });
    // By a state that is older nothing is lost: the same is signed again, and counts once.
    expect((await json<Signed>(["resume", ...offline])).signed).to.include({ moved: 3 });
    await send();
    await learn();
    expect((await json<Signed>(["resume", ...offline])).signed.calls).to.equal(0);
    // A status moves in the same way: by what the home itself did with the record before.
    const place = ["--batch", String(2 ** 32 + 1), "--index", "0"];
    const withdraw = ["withdraw", ...place, "--reason", "decision-void", ...offline];
    expect((await json<Signed>(withdraw)).signed).to.include({ calls: 1, records: 0, moved: 1 });
    await send();
    expect(await statusesOf(world.registry, world.agencyId, 1, [0])).to.deep.equal([2]);
    await learn();
    expect(await json(withdraw)).to.include({ already: false });
    expect(await json(withdraw)).to.include({ already: true });
    const reader = await openHome(home.dir, { env: {} }).readVault();
    const { header } = reader.plan(1);
    await reader.close();
    // A mark that another home of the agency set is not known here, and is cleared all the same.
    const mark = { header: header!, indexes: [1], reason: 1, evidenceHash: ZeroHash };
    await changeMarks({ registry: world.registry, signer: world.operators[1] }, mark, 16, "set", "agency");
    await learn();
    const resolve = ["dispute", "resolve", ...place.with(3, "1"), "--outcome", "keep", ...offline];
    expect((await json<Signed>(resolve)).signed).to.include({ calls: 1, moved: 1 });
    await send();
    expect(await statusesOf(world.registry, world.agencyId, 1, [1])).to.deep.equal([0]);
    await learn();
    expect(await json(resolve)).to.include({ already: false });
    expect(await json(resolve)).to.include({ already: true });
    const vault = await openHome(home.dir, { env: {} }).readVault();
    try {
      await expectExactlyOnce(world, vault);
    } finally {
      await vault.close();
    }

    const refusedFor = async (expected: string, args: string[]): Promise<void> => {
      expect((await expectRun(64, args)).stderr).to.include(expected);
    };
    // Of another operator, of another registry, of nothing, and without anybody who would send it.
    await learn(account(9).address);
    await refusedFor("does not hold", anchor(2));
    await learn();
    const other = readFileSync(state, "utf8").replaceAll(world.registry.address, `0x${"12".repeat(20)}`);
    writeFileSync(state, other);
    await refusedFor("is of another registry", anchor(2));
    writeFileSync(state, "{}");
    await refusedFor("is no state of a registry", anchor(2));
    const sending = anchor(2).filter((word) => word !== "--sign-only" && word !== calls);
    await refusedFor("--state goes with --sign-only", sending);
  });

  it("tell what they do before anything is sent", async () => {
    await sign();
    const { stdout } = await expectRun(0, ["relay", calls, "--dry-run", "--home", relayer]);
    expect(stdout).to.include("would be accepted: anchor a batch of 5 records of type 1 for agency 1");
    expect(await batchCount()).to.equal(0);
  });

  it("are carried once, also when the answer to the first attempt was lost", async () => {
    await sign();
    const fresh = read();
    await expectRun(0, ["relay", calls, "--home", relayer]);
    const sent = read();
    write(fresh);
    const { stdout } = await expectRun(0, ["relay", calls, "--home", relayer]);
    expect(stdout).to.include("sent before");
    expect(await batchCount()).to.equal(1);
    // What the file says of a transaction is looked up: another one did not carry this call.
    await expectRun(0, [
      "anchor",
      rowsFile(permits(5, 6)),
      "--type",
      typeFile(),
      "--home",
      agency,
      "--sign-only",
      calls,
    ]);
    const { transaction } = sent.calls[0]!;
    alter((file) => (file.calls[0] = { ...file.calls[0]!, transaction: transaction! }));
    await expectRun(0, ["relay", calls, "--home", relayer]);
    expect(await batchCount()).to.equal(2);
  });

  /** The second anchoring call, with the `previous` of the first. */
  function onTopOf(first: string, second: string): string {
    const [earlier, later] = [first, second].map((data) =>
      registryInterface.decodeFunctionData("anchorRoot", data),
    );
    const args = later!.toArray();
    args[2] = earlier![2];
    return registryInterface.encodeFunctionData("anchorRoot", args as never);
  }

  describe("are refused", () => {
    it("when another batch took the place", async () => {
      await sign();
      const old = read();
      await expectRun(0, ["relay", calls, "--home", relayer]);
      await expectRun(0, [
        ...["anchor", rowsFile(permits(5, 8)), "--type", typeFile(), "--home", agency, "--sign-only", calls],
      ]);
      const { deadline, ...call } = read().calls[0]!;
      // Signed for the place that is taken.
      const forged = { ...call, call: onTopOf(old.calls[0]!.call, call.call), deadline: deadline + 1 };
      const signature = await world.operators[0].signDigest(
        relayDigest(world.chain.chainId, read().relay, forged),
      );
      write({ ...old, calls: [{ ...forged, signature }] });
      await refusedBy("StalePrevious");
    });

    it("on another chain, at another registry, through another relay", async () => {
      await sign();
      for (const change of [
        (file: FileOfCalls) => (file.registry.chainId = 5),
        (file: FileOfCalls) => (file.registry.address = account(5).address),
        (file: FileOfCalls) => (file.relay = account(5).address),
      ]) {
        const good = read();
        alter(change);
        await refusedBy("this is signed for registry".slice(8));
        write(good);
      }
      // And by the chain, had the file been made to look right.
      const { calls: list, relay: to } = read();
      for (const [chainId, contract] of [
        [5, to],
        [world.chain.chainId, account(5).address],
      ] as const) {
        const signature = await world.operators[0].signDigest(relayDigest(chainId, contract, list[0]!));
        alter((file) => (file.calls[0] = { ...file.calls[0]!, signature }));
        await refusedBy("InvalidSignature");
      }
    });

    it("after their deadline", async () => {
      const { time } = (await world.chain.block("latest"))!;
      await sign("--deadline", new Date((time + 3600) * 1000).toISOString().replace(/\.\d+/, ""));
      await node.rpc("evm_increaseTime", 7200);
      await node.rpc("evm_mine");
      await refusedBy("DeadlinePassed");
      expect(await batchCount()).to.equal(0);
    });

    it("altered in any way", async () => {
      await sign();
      const good = read();
      const changes: ((call: SignedCall) => SignedCall)[] = [
        (call) => ({ ...call, deadline: call.deadline + 1 }),
        (call) => ({ ...call, operator: world.operators[1].address }),
        (call) => ({ ...call, call: call.call.slice(0, -1) + (call.call.endsWith("0") ? "1" : "0") }),
        (call) => ({ ...call, signature: call.signature.replace(/..$/, "1d") }),
        // v as some signers spell it: the contracts take 27 and 28 only.
        (call) => ({ ...call, signature: call.signature.replace(/1b$/, "00").replace(/1c$/, "01") }),
      ];
      for (const change of changes) {
        write({ ...good, calls: [change(good.calls[0]!)] });
        expect(await refusedBy("InvalidSignature")).to.not.include("anchor a batch");
      }
      for (const [change, words] of [
        [(call: SignedCall) => ({ ...call, agencyId: 2 }), "is not the agency of the call"],
        [(call: SignedCall) => ({ ...call, nonce: `0x${"01".repeat(32)}` }), "must be zero for anchoring"],
        [(call: SignedCall) => ({ ...call, call: `${call.call}00` }), "no call that a relay carries"],
        [(call: SignedCall) => ({ ...call, note: 1 }), "does not belong here"],
      ] as const) {
        write({ ...good, calls: [change(good.calls[0]!)] });
        await refusedBy(words);
      }
      expect(await batchCount()).to.equal(0);
    });

    it("of a key that was revoked, and while the registry is paused", async () => {
      await sign();
      const administrator = { registry: world.registry, signer: world.administrator };
      const good = await node.rpc("evm_snapshot");
      await revokeOperator(administrator, world.agencyId, world.operators[0].address);
      await refusedBy("OperatorIsRevoked");
      await node.rpc("evm_revert", good);
      await pauseRegistry({ registry: world.registry, signer: world.ndrc }, 1);
      await refusedBy("RelayPaused");
    });

    it("in no other form than that of the file", async () => {
      await sign();
      const good = readFileSync(calls, "utf8");
      for (const [text, words] of [
        [good.slice(0, -20), "no usable file"],
        [good.replace('"formatVersion": 1', '"formatVersion": 2'), "version"],
        [good.replace("credit-anchor/relay", "credit-anchor/receipt"), "receipt"],
        [good.replace(/"signature": "0x/, '"signature": "'), "/calls/0/signature"],
      ] as const) {
        writeFileSync(calls, text);
        await refusedBy(words);
      }
    });
  });

  it("of a contract wallet count if the wallet says so", async () => {
    const deployer = new Wallet(account(8).privateKey, world.chain.provider);
    const factory = new ContractFactory(WalletMock__factory.abi, WalletMock__factory.bytecode, deployer);
    const contract = await factory.deploy(world.operators[0].address);
    await contract.waitForDeployment();
    const wallet = (await contract.getAddress()).toLowerCase();
    await setOperator(
      { registry: world.registry, signer: world.administrator },
      { agencyId: world.agencyId, account: wallet, permissions: 3, validFrom: 0, validUntil: 4_000_000_000 },
    );
    await sign("--operator", wallet);
    const stranger = signerOf(account(9).privateKey);
    const good = read();
    const signature = await stranger.signDigest(
      relayDigest(world.chain.chainId, await relayOf(world.registry), good.calls[0]!),
    );
    alter((file) => (file.calls[0] = { ...file.calls[0]!, signature }));
    await refusedBy("InvalidSignature");
    write(good);
    await expectRun(0, ["relay", calls, "--home", relayer]);
    await expectRun(0, ["resume", "--home", agency, "--sign-only", calls]);
    const vault = await openHome(agency, { env: {} }).readVault();
    expect(vault.plan(0).header!.operator).to.equal(wallet);
    await vault.close();
    expect(await statusesOf(world.registry, world.agencyId, 0, [0])).to.deep.equal([0]);
  });
});
