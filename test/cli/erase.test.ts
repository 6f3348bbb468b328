import {
  cpSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
  closeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet } from "ethers";
import { recordSalts } from "../../src/commitment";
import { openHome } from "../../src/home";
import { sampleUscc } from "../../src/samples";
import { type FaultProxy, forward, rawRpc, startProxy } from "../support/chains";
import { expectRun, json, start } from "../support/cli";
import { allFiles } from "../support/homes";
import { NAMES, TYPE, TYPE_NAME } from "../support/samples";
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";

const PASSPHRASE = "correct horse";
const HASH = 32;
const HEADER = 64;
const ROW = 116;

/** Everything by which a version of a record could be told, and where it stands. */
interface Traces {
  readonly plan: number;
  readonly index: number;
  /** In one file of the vault each. */
  readonly sealed: Readonly<Record<"ciphertext" | "wrapped secret", Buffer>>;
  /** Nowhere at any time. */
  readonly open: Readonly<Record<string, Buffer>>;
}

/** Erasure by two operators, as they run it. Each test goes on where the one before stopped. */
describe("erase", function () {
  this.timeout(180_000);
  const base = mkdtempSync(join(tmpdir(), "credit-anchor-erase-"));
  const at = (name: string): string => join(base, name);
  const code = sampleUscc("11", "100000", 990_778);
  const second = Wallet.createRandom();
  const env = { CREDIT_ANCHOR_PASSPHRASE: PASSPHRASE };
  const otherKey = { ...env, CREDIT_ANCHOR_PRIVATE_KEY: second.privateKey };
  const own = ["--home", at("harbour")];
  let sandbox: SandboxProcess;
  let proxy: FaultProxy;

  const row = (n: number, edition = 0): Record<string, unknown> => ({
    agencyCode: code,
    permitNumber: `P-${n}`,
    holderName: `Beispielreederei Nummer ${n} 示例`,
    holderNumber: `Halter-${1000 + n}-${edition}`.slice(0, 11),
    feeCents: 100 + edition,
    remark: `Seemannsgarn ${n}, Fassung ${edition}`,
    validUntil: "2099-12-31",
  });
  const rows = (from: number, to: number, edition = 0): object[] =>
    Array.from({ length: to - from }, (_, i) => row(from + i, edition));
  const write = (name: string, content: readonly object[]): string => {
    writeFileSync(at(name), content.map((item) => `${JSON.stringify(item)}\n`).join(""));
    return at(name);
  };
  const keyOf = (n: number): string =>
    JSON.stringify({ permitNumber: `P-${n}`, holderNumber: row(n)["holderNumber"] });

  /** Reads what the vault has of all versions of a record, and the raw bytes of its files. */
  async function tracesOf(n: number, dir = at("harbour")): Promise<Traces[]> {
    const vault = await openHome(dir, { env }).readVault({ decrypt: true });
    try {
      const found: Traces[] = [];
      for (const { number, size } of vault.plans())
        for (let index = 0; index < size; index++) {
          if (vault.isDestroyed(number, index)) continue;
          const { secret, payload } = vault.read(number, index);
          const values = JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>;
          if (values["permitNumber"] !== `P-${n}`) continue;
          const [batch, secrets] = vault
            .contentFiles(number)
            .map((name) => readFileSync(join(dir, "vault", name)));
          const at = HEADER + size * HASH + index * ROW;
          const payloads = HEADER + size * (HASH + ROW);
          const from = payloads + batch!.readUInt32BE(at + 100);
          const salts = Buffer.from(recordSalts(secret, NAMES.length));
          found.push({
            plan: number,
            index,
            sealed: {
              ciphertext: batch!.subarray(from, from + batch!.readUInt32BE(at + 104)),
              "wrapped secret": secrets!.subarray(96 + 32 * index, 96 + 32 * index + 32),
            },
            open: {
              payload: Buffer.from(payload),
              secret: Buffer.from(secret),
              "secret in hex": Buffer.from(Buffer.from(secret).toString("hex")),
              "secret in base64": Buffer.from(Buffer.from(secret).toString("base64")),
              ...Object.fromEntries(
                NAMES.map((name, i) => [`salt of ${name}`, salts.subarray(16 * i, 16 * i + 16)]),
              ),
              ...Object.fromEntries(
                ["holderName", "holderNumber", "remark"].map((name) => [
                  name,
                  Buffer.from(String(values[name])),
                ]),
              ),
            },
          });
        }
      return found;
    } finally {
      await vault.close();
    }
  }

  /** Names of the files of a home in which these bytes are; parts of the ciphertext count too. */
  const filesWith = (bytes: Buffer, dir = at("harbour")): string[] =>
    allFiles(dir)
      .filter(
        (file) => file.bytes.includes(bytes.subarray(0, 32)) || file.bytes.includes(bytes.subarray(-16)),
      )
      .map(({ name }) => name.slice(dir.length + 1));

  function expectGone(traces: readonly Traces[], dir = at("harbour")): void {
    for (const { sealed, open } of traces)
      for (const [what, bytes] of Object.entries({ ...sealed, ...open }))
        expect(filesWith(bytes, dir), what).to.deep.equal([]);
  }

  function expectThere(traces: readonly Traces[], dir = at("harbour")): void {
    for (const { sealed, open } of traces) {
      const [ciphertext, wrapped] = [sealed.ciphertext, sealed["wrapped secret"]].map((bytes) =>
        filesWith(bytes, dir),
      );
      expect(ciphertext, "ciphertext").to.have.length(1);
      expect(ciphertext![0]).to.match(/^vault\/batches\/.*\.batch$/);
      expect(wrapped, "wrapped secret").to.have.length(1);
      expect(wrapped![0]).to.match(/^vault\/secrets\/.*\.secrets$/);
      for (const [what, bytes] of Object.entries(open)) expect(filesWith(bytes, dir), what).to.deep.equal([]);
    }
  }

  const propose = async (...selector: string[]): Promise<string> => {
    const { proposal } = await json<{ proposal: string }>(
      ["erase", "propose", ...selector, "--reason", "deletion-duty", ...own],
      { env },
    );
    return proposal;
  };

  const openProposals = async (): Promise<{ result: string; message: string; hint: string }[]> => {
    const { findings } = await json<{
      findings: { check: string; result: string; message: string; hint: string }[];
    }>(["doctor", ...own], { env });
    return findings.filter(({ check }) => check === "erasure");
  };

  before(async () => {
    sandbox = await startSandboxProcess(at("sandbox"));
    const ndrc = ["--home", sandbox.ready.homes.ndrc];
    const node = ["--rpc", sandbox.ready.rpcUrl, "--registry", sandbox.ready.registry];
    const { signer } = await json<{ signer: string }>(["init", ...own, "--code", code, ...node], { env });
    await json(["agency", "register", at("harbour/registration.json"), ...ndrc]);
    for (const account of [signer, second.address.toLowerCase()])
      await rawRpc(sandbox.ready.rpcUrl, "hardhat_setBalance", [account, "0x8ac7230489e80000"]);
    for (const account of [signer, second.address])
      await json(["operator", "add", account, "--can", "anchor,status", ...own], { env });
    writeFileSync(at("permit.json"), JSON.stringify(TYPE));
    await json(["type", "admit", at("permit.json"), ...ndrc]);
    const type = ["--type", at("permit.json"), "--batch-size", "8"];
    await json(["anchor", write("first.ndjson", rows(0, 20)), ...type, ...own], { env });
    const corrected = [{ ...row(3), feeCents: 777, remark: "Seemannsgarn, berichtigt" }];
    await json(["anchor", write("corrected.ndjson", corrected), ...type, ...own], { env });
    for (const n of [3, 4])
      await json(["receipt", "--key", keyOf(n), "--out", at(`r${n}.json`), ...own], { env });
    proxy = await startProxy(sandbox.ready.rpcUrl);
  });
  after(async () => {
    await proxy.stop();
    await sandbox.stop("SIGKILL");
    rmSync(base, { recursive: true, force: true });
  });

  it("a dry run of the proposal sends nothing and keeps nothing", async () => {
    const args = ["erase", "propose", "--key", keyOf(3), "--reason", "deletion-duty", "--dry-run", ...own];
    expect(await json(args, { env })).to.include({ versions: 2, dryRun: true, proposed: false });
    expect(allFiles(at("harbour")).filter(({ name }) => name.includes("erasures"))).to.deep.equal([]);
  });

  it("two operators erase all versions of a record: no byte of it remains in the home, and receipts say so", async () => {
    const traces = await tracesOf(3);
    const others = await tracesOf(5);
    expect(traces).to.have.length(2);
    expectThere(traces);
    writeFileSync(at("order.txt"), "Anordnung: Loeschung nach Paragraph 7");
    const args = ["--key", keyOf(3), "--evidence", at("order.txt")];
    const id = await propose(...args);
    expectThere(traces);
    expect(await propose(...args), "the same proposal again").to.equal(id);
    const open = await openProposals();
    // One of each version's batch.
    expect(open.map(({ result }) => result)).to.deep.equal(["warning", "warning"]);
    const proposer = openHome(at("harbour"), { env }).signerAddress()!;
    for (const { message, hint } of open) {
      expect(message).to.include(`${proposer} proposed to erase 1 version of records (`);
      expect(message).to.include("the law demands deletion");
      expect(message).to.match(/in batch \d+, 0 days ago/);
      expect(hint).to.include(`credit-anchor erase confirm ${id}`);
    }
    const alone = await expectRun(64, ["erase", "confirm", id, ...own], { env });
    expect(alone.stderr).to.contain("SecondOperatorNeeded");
    expectThere(traces);

    const dry = await json<{ copies: { file: string }[] }>(["erase", "confirm", id, "--dry-run", ...own], {
      env: otherKey,
    });
    expect(dry).to.include({ dryRun: true, erased: false });
    expectThere(traces);

    cpSync(at("harbour"), at("copy"), { recursive: true });
    const done = await json<{ copies: { file: string; since: string }[]; destroyedAt: string }>(
      ["erase", "confirm", id, ...own],
      { env: otherKey },
    );
    expect(done).to.include({ versions: 2, erased: true, final: true });
    expectGone(traces);
    expectThere(others);
    // What it says of copies is so: these files of the copy hold it, and no others.
    const inCopy = traces.flatMap(({ sealed }) =>
      Object.values(sealed).flatMap((bytes) => filesWith(bytes, at("copy"))),
    );
    expect(done.copies.map(({ file }) => file).sort()).to.deep.equal(inCopy.sort());
    for (const { since } of done.copies) expect(since < done.destroyedAt).to.equal(true);
    expect(filesWith(Buffer.from("Loeschung nach Paragraph 7")), "the evidence itself").to.deep.equal([]);

    const { stdout } = await expectRun(3, ["verify", at("r3.json"), "--home", sandbox.ready.homes.ndrc]);
    expect(stdout)
      .to.contain("NOT IN FORCE")
      .and.to.match(/✓ status +Erased, not in force/);
    expect(await json(["erase", "confirm", id, ...own], { env: otherKey })).to.include({
      erased: true,
      final: true,
    });
    expect(await json(["erase", "propose", "--key", keyOf(3), "--reason", "41", ...own], { env })).to.include(
      {
        proposed: false,
        alreadyErased: 2,
      },
    );
    expect(await openProposals()).to.deep.equal([]);
  });

  it("a row of an erased record that is read again is rejected, not anchored", async () => {
    const again = write("again.ndjson", [row(3), row(4)]);
    const dry = await json<{ rejectedFile: string }>(
      ["anchor", again, "--type", TYPE_NAME, "--dry-run", ...own],
      { env, status: 4 },
    );
    expect(dry).to.include({ unchanged: 1, rejected: 1 });
    expect(readFileSync(dry.rejectedFile, "utf8")).to.contain("record.ended");
    const summary = await json<{ rejectedFile: string }>(["anchor", again, "--type", TYPE_NAME, ...own], {
      env,
      status: 4,
    });
    expect(summary).to.include({ anchored: 0, unchanged: 1, rejected: 1 });
    expect(readFileSync(summary.rejectedFile, "utf8")).to.contain("record.ended");
    await expectRun(4, ["anchor", at("first.ndjson"), "--type", TYPE_NAME, ...own], { env });
    const missing = await expectRun(64, ["receipt", "--key", keyOf(3), ...own], { env });
    expect(missing.stderr).to.contain("was erased");
  });

  it("an audit with the vault accepts what was erased, and finds a copy that still has it", async () => {
    const report = await json<{ notChecked: { code: string; count: number }[] }>(["audit", ...own], { env });
    expect(report.notChecked.find(({ code: found }) => found === "vault.erased")?.count).to.equal(2);
    const copy = await json<{ differences: { code: string }[] }>(["audit", "--home", at("copy")], {
      env,
      status: 1,
    });
    expect(copy.differences.map(({ code: found }) => found)).to.deep.equal([
      "vault.not-erased",
      "vault.not-erased",
    ]);
  });

  it("a copy that comes back is emptied by the same command", async () => {
    const [kept] = allFiles(at("harbour/erasures"));
    await json(["erase", "confirm", kept!.name, "--home", at("copy")], { env: otherKey });
    await json(["audit", "--home", at("copy")], { env });
  });

  /** Runs a confirmation until the node is asked for something for the n-th time, and kills it there. */
  async function killedAt(
    id: string,
    method: string,
    kind: "swallow" | "forward-then-swallow",
  ): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      proxy.behave = async (call) => {
        if (call.method !== method) return forward;
        if (kind === "forward-then-swallow")
          await rawRpc(sandbox.ready.rpcUrl, call.method, [...call.params]);
        resolve();
        return { kind: "swallow" };
      };
    });
    const { child, ended } = start(["erase", "confirm", id, "--rpc", proxy.url, ...own], { env: otherKey });
    const first = await Promise.race([reached, ended]);
    if (first !== undefined) throw new Error(`ended before: ${first.stderr}`);
    child.kill("SIGKILL");
    await ended;
    proxy.behave = () => forward;
  }

  const isErasedOnChain = async (n: number): Promise<boolean> =>
    (await json<{ erased: boolean }>(["status", "--key", keyOf(n), ...own], { env })).erased;

  it("killed before anything is destroyed, nothing is; killed half-way, the same command finishes", async () => {
    const traces = await tracesOf(4);
    const id = await propose("--receipt", at("r4.json"));
    await killedAt(id, "eth_estimateGas", "swallow");
    expectThere(traces);

    // As a crash between the two files leaves it: the secret is gone, the content is not.
    const [{ plan, index, sealed }] = traces as [Traces];
    const secrets = allFiles(at("harbour/vault/secrets"))[plan]!;
    const handle = openSync(secrets.name, "r+");
    writeSync(handle, Buffer.alloc(32), 0, 32, 96 + 32 * index);
    closeSync(handle);
    expect(filesWith(sealed.ciphertext)).to.have.length(1);
    expect(filesWith(sealed["wrapped secret"])).to.have.length(0);
    const { stderr } = await expectRun(64, ["receipt", "--key", keyOf(4), ...own], { env });
    expect(stderr).to.contain("was erased");

    await killedAt(id, "eth_sendRawTransaction", "swallow");
    expectGone(traces);
    expect(await isErasedOnChain(4), "destroyed first").to.equal(false);
    const audit = await json<{ differences: { code: string }[] }>(["audit", ...own], { env, status: 1 });
    expect(audit.differences.map(({ code: found }) => found)).to.deep.equal(["vault.destroyed"]);

    await killedAt(id, "eth_sendRawTransaction", "forward-then-swallow");
    expect(await isErasedOnChain(4)).to.equal(true);
    expect(await json(["erase", "confirm", id, ...own], { env: otherKey })).to.include({
      erased: true,
      final: true,
    });
    await json(["audit", ...own], { env });
    expectGone(traces);
  });

  it("many at once from a file, of several batches; one wrong row, and nothing is proposed", async () => {
    const wrong = write("wrong.ndjson", [JSON.parse(keyOf(6)) as object, JSON.parse(keyOf(99)) as object]);
    const refused = await expectRun(64, ["erase", "propose", "--file", wrong, "--reason", "41", ...own], {
      env,
    });
    expect(refused.stderr).to.contain("row 2").and.to.not.contain("P-99");
    const traces = (await Promise.all([6, 7, 8, 9, 10, 11].map((n) => tracesOf(n)))).flat();
    const many = write(
      "many.ndjson",
      [6, 7, 8, 9, 10, 11].map((n) => JSON.parse(keyOf(n)) as object),
    );
    const id = await propose("--file", many);
    expect(await json(["erase", "confirm", id, ...own], { env: otherKey })).to.include({
      versions: 6,
      erased: true,
    });
    expectGone(traces);
    expectThere(await tracesOf(12));
  });

  it("one version only: the record goes on, and the erased content does not come back from the file it came from", async () => {
    const corrected = [{ ...row(12), feeCents: 778 }];
    await json(["receipt", "--key", keyOf(12), "--out", at("r12.json"), ...own], { env });
    await json(["anchor", write("c12.ndjson", corrected), "--type", TYPE_NAME, ...own], { env });
    const [first, latest] = await tracesOf(12);
    const id = await propose("--receipt", at("r12.json"), "--only-version");
    await json(["erase", "confirm", id, ...own], { env: otherKey });
    for (const bytes of Object.values(first!.sealed)) expect(filesWith(bytes)).to.deep.equal([]);
    for (const bytes of Object.values(latest!.sealed)) expect(filesWith(bytes)).to.have.length(1);
    const again = await json<{ rejectedFile: string }>(
      ["anchor", at("first.ndjson"), "--type", TYPE_NAME, ...own],
      {
        env,
        status: 4,
      },
    );
    expect(again).to.include({ anchored: 0 });
    expect(readFileSync(again.rejectedFile, "utf8")).to.contain("record.version-erased");
    const next = write("n12.ndjson", [{ ...row(12), feeCents: 779 }]);
    expect(await json(["anchor", next, "--type", TYPE_NAME, ...own], { env })).to.include({
      anchored: 1,
      newVersions: 1,
    });
  });

  it("a version that was added after the proposal stops the confirmation", async () => {
    const traces = await tracesOf(13);
    const id = await propose("--key", keyOf(13));
    cpSync(at("harbour"), at("older"), { recursive: true });
    await json(["anchor", write("c13.ndjson", [{ ...row(13), feeCents: 1 }]), "--type", TYPE_NAME, ...own], {
      env,
    });
    const { stderr } = await expectRun(64, ["erase", "confirm", id, ...own], { env: otherKey });
    expect(stderr).to.contain("propose the erasure again");
    expectThere(traces);
    const all = await propose("--key", keyOf(13));
    await json(["erase", "propose", "--key", keyOf(13), "--reason", "retention-ended", ...own], { env });
    expect(await openProposals()).to.have.length(4);
    expect(await json(["erase", "confirm", all, ...own], { env: otherKey })).to.include({ versions: 2 });
    // Those with another reason can never be confirmed now: their records are erased.
    expect(await openProposals()).to.deep.equal([]);
    // A copy from before the second version lacks its batch: what it does hold is destroyed all the same.
    expect(await tracesOf(13, at("older"))).to.have.length(1);
    const proposal = join(at("harbour/erasures"), `${all}.json`);
    const confirm = ["erase", "confirm", proposal, "--home", at("older"), "--accept-unknown-batches"];
    const { stderr: told } = await expectRun(0, confirm, { env: otherKey });
    expect(told).to.contain("is not in this copy of the home, and erased already");
    expect(await tracesOf(13, at("older"))).to.deep.equal([]);
  });

  it("doctor says of an open proposal when its proposer is no operator any more", async () => {
    await json(["erase", "propose", "--key", keyOf(14), "--reason", "41", ...own], { env: otherKey });
    const [before] = await openProposals();
    expect(before!.message).to.include(second.address.toLowerCase());
    expect(before!.hint).to.include("credit-anchor erase confirm ");
    await json(["operator", "remove", second.address, ...own], { env });
    const [after] = await openProposals();
    expect(after!.message).to.include("no operator any more");
    expect(after!.hint).to.include("nobody can confirm it");
  });
});
