import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JsonRpcProvider, keccak256, toUtf8Bytes, type ContractTransactionResponse } from "ethers";
import type { AuditReport } from "../../src/audit";
import { auditRegistry, type AuditRequest } from "../../src/audit/gather";
import { encodeIndex, readIndex, type AuditIndex } from "../../src/audit/index-file";
import { connectChain } from "../../src/chain";
import { openIndex } from "../../src/cli/audit-index";
import type { Io } from "../../src/cli/output";
import { encodePositions } from "../../src/positions";
import { CreditRegistry__factory, type CreditRegistry } from "../../typechain-types";
import { forward, startAnvil, startProxy, type FaultProxy, type TestChain } from "../support/chains";
import { startChild } from "../support/children";
import { failure } from "../support/failure";
import { playStory, testAccounts, type Story } from "../support/story";
import { flip, type NodeLog } from "../support/tampering/node-cases";

const face = CreditRegistry__factory.createInterface();

describe("the index of an audit", function () {
  let node: TestChain;
  let proxy: FaultProxy;
  let story: Story;
  let provider: JsonRpcProvider;
  let alice: CreditRegistry;
  let snapshot: unknown;
  const folder = mkdtempSync(join(tmpdir(), "credit-anchor-index-"));

  before(async () => {
    node = await startAnvil();
    story = await playStory(node);
    proxy = await startProxy(node.url);
    provider = new JsonRpcProvider(node.url, undefined, {
      cacheTimeout: -1,
      staticNetwork: true,
      pollingInterval: 20,
    });
  });
  after(async () => {
    provider?.destroy();
    await proxy?.stop();
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    snapshot = await node.rpc("evm_snapshot");
    alice = CreditRegistry__factory.connect(story.address, testAccounts(provider)[2]!);
  });
  afterEach(async () => void (await node.rpc("evm_revert", snapshot)));

  interface Done {
    readonly report: AuditReport;
    /** What is kept for the next audit; absent if nothing is. */
    readonly index: AuditIndex | undefined;
    readonly asked: readonly { readonly method: string; readonly params: readonly unknown[] }[];
  }

  async function audited(
    index?: AuditIndex,
    options: Partial<AuditRequest> & { behave?: FaultProxy["behave"]; finality?: number } = {},
  ): Promise<Done> {
    const { behave = () => forward, finality = 0, ...more } = options;
    const asked: Done["asked"][number][] = [];
    proxy.behave = (call) => {
      asked.push({ method: call.method, params: call.params });
      return behave(call);
    };
    const chain = await connectChain({ urls: [proxy.url], retries: 0 });
    let kept: AuditIndex | undefined;
    const report = await auditRegistry({
      chain,
      registry: story.address,
      fromBlock: story.fromBlock,
      ...(index === undefined ? {} : { index }),
      keep: { finalityBlocks: finality, kept: (made) => (kept = made) },
      ...more,
    });
    // As the next audit reads it.
    const written = kept === undefined ? undefined : readIndex(Buffer.concat(encodeIndex(kept)), "index");
    return { report, index: written, asked };
  }

  const codes = ({ report }: Done): string[] => [...new Set(report.differences.map(({ code }) => code))];
  const times = ({ asked }: Done, method: string): number =>
    asked.filter((call) => call.method === method).length;
  /** Names of the views of the registry that were asked for. */
  const viewsOf = ({ asked }: Done): string[] =>
    asked
      .filter(({ method, params }) => method === "eth_call" && isOf(params[0], story.address))
      .map(({ params }) => face.parseTransaction(params[0] as { data: string })!.name);
  const isOf = (request: unknown, address: string): boolean =>
    [(request as { to?: string }).to, (request as { address?: string }).address].includes(address);
  const logsOf = async (address: string): Promise<number> =>
    ((await node.rpc("eth_getLogs", { address, fromBlock: "0x0", toBlock: "latest" })) as unknown[]).length;
  /** What is said of the registry, whoever was asked. */
  const said = ({ report }: Done) => ({ ...report, index: null });

  const GLOBAL = ["journal", "domain", "paused", "registrySuccessor", "relay", "agencyCount", "typeCount"];

  async function mined(call: Promise<ContractTransactionResponse>): Promise<void> {
    await (await call).wait();
  }
  async function anchorTwoLeaves(): Promise<void> {
    const leaves = [1, 2].map((n) => keccak256(toUtf8Bytes(`leaf ${n}`))).sort();
    const { lastBatch } = await alice.agency(1);
    await mined(alice.anchorLeaves(1, 1, lastBatch, leaves, keccak256("0x")));
  }
  /** Other blocks take the place of all since a snapshot. */
  async function reorganised(since: unknown, blocks: number): Promise<void> {
    await node.rpc("evm_revert", since);
    await node.rpc("evm_increaseTime", 77);
    await node.rpc("anvil_mine", `0x${blocks.toString(16)}`);
  }
  const compareFiles: AuditRequest["compare"] = (audit) => {
    for (const [id, leaves] of story.leaves) audit.leaves(id, leaves);
  };

  describe("when nothing is new", () => {
    it("lets the next audit ask for no event, no leaves and no answer but those about the registry as a whole", async () => {
      const first = await audited(undefined, { compare: compareFiles });
      expect(first.report.index).to.equal(null);
      expect(first.report.differences).to.deep.equal([]);
      const second = await audited(first.index);
      expect(times(second, "eth_getLogs")).to.equal(0);
      expect(times(second, "eth_getTransactionByHash")).to.equal(0);
      expect(viewsOf(second).sort()).to.deep.equal([...GLOBAL, "authority", "journal"].sort());
      expect(second.asked.length).to.be.lessThan(20);
      expect(said(second)).to.deep.equal(said(first));
    });

    it("is told of in the report: what was taken over, as of which block, and when that was written", async () => {
      const first = await audited(undefined, { compare: compareFiles });
      const { report } = await audited(first.index);
      expect(report.index).to.deep.equal({
        block: first.report.block,
        madeAt: first.index!.madeAt,
        unused: null,
        events: (await logsOf(story.address)) + (await logsOf(report.roles[0]!.authority)),
        views: first.report.coverage.views - GLOBAL.length - 1,
        // The two others are of one record each, and their event has its leaf.
        batches: 3,
        differences: 0,
      });
    });

    it("is the same after another audit, but for when it was written", async () => {
      const first = await audited();
      const { index } = await audited(first.index);
      expect({ ...index, madeAt: "" }).to.deep.equal({ ...first.index, madeAt: "" });
    });
  });

  describe("when something is new", () => {
    it("lets the next audit ask for the new logs, the things that they tell of, and new leaves", async () => {
      const first = await audited();
      const before = first.report.block.number;
      await anchorTwoLeaves();
      const second = await audited(first.index);
      expect(second.report.differences).to.deep.equal([]);
      for (const { method, params } of second.asked)
        if (method === "eth_getLogs")
          expect(Number((params[0] as { fromBlock: string }).fromBlock)).to.equal(before + 1);
      expect(times(second, "eth_getTransactionByHash")).to.equal(1);
      const asked = viewsOf(second);
      // Of the agency, of its new batch, and whether there is one more that no event told of.
      expect(asked.filter((name) => name === "headerHashOf").length).to.equal(2);
      expect(asked.filter((name) => name === "statusWord").length).to.equal(1);
      expect(asked.filter((name) => name === "recordType").length).to.equal(0);
      expect(asked.filter((name) => name === "agency").length).to.equal(1);
      const full = await audited();
      expect(said(second)).to.deep.equal(said(full));
    });

    it("lets a status be asked for again that was changed and changed back", async () => {
      const first = await audited();
      const [h0] = await headers();
      await mined(alice.setMarks(h0!, encodePositions([12]), 0x10, 4, keccak256("0x")));
      await mined(alice.clearMarks(h0!, encodePositions([12]), 0x10, 4, keccak256("0x")));
      const batch = 1n << 32n;
      const lying: FaultProxy["behave"] = ({ method, params }) =>
        method === "eth_call" &&
        (params[0] as { data: string }).data === face.encodeFunctionData("statusWord", [batch, 0])
          ? { kind: "forward", change: (result) => flip(String(result), 40) }
          : forward;
      expect(codes(await audited(first.index, { behave: lying }))).to.deep.equal(["view.differs"]);
    });

    async function headers() {
      const events = await story.registry.connect(alice.runner).queryFilter(alice.filters.BatchAnchored());
      return events.map(({ args }) => ({
        ...(args as unknown as { toObject(): object }).toObject(),
        format: 1,
        agencyId: args.batchId >> 32n,
        sequence: args.batchId & 0xffffffffn,
      })) as unknown as Parameters<CreditRegistry["setMarks"]>[0][];
    }

    it("reads the newest blocks again, which may still be reorganised", async () => {
      const before = await node.rpc("evm_snapshot");
      await anchorTwoLeaves();
      await node.rpc("anvil_mine", "0x2");
      const first = await audited(undefined, { finality: 3 });
      expect(first.index!.block.number).to.equal(first.report.block.number - 3);
      const second = await audited(first.index, { finality: 3 });
      expect(second.report.differences).to.deep.equal([]);
      expect(times(second, "eth_getLogs")).to.be.greaterThan(0);
      expect(said(second)).to.deep.equal(said(first));
      await reorganised(before, 4);
      const after = await audited(second.index, { finality: 3 });
      expect(after.report.index!.unused).to.equal(null);
      expect(said(after)).to.deep.equal(said(await audited()));
      expect(after.report.journal.length).to.equal(second.report.journal.length - 1);
    });

    it("finds an event that the node hides from now on", async () => {
      const first = await audited();
      await anchorTwoLeaves();
      const hiding: FaultProxy["behave"] = ({ method, params }) =>
        method === "eth_getLogs" && isOf(params[0], story.address) ? { kind: "result", result: [] } : forward;
      expect(codes(await audited(first.index, { behave: hiding }))).to.deep.equal(["view.differs"]);
    });
  });

  describe("after an audit that found something", () => {
    const lies: readonly (readonly [string, FaultProxy["behave"], readonly string[]])[] = [
      [
        "answers wrongly",
        ({ method, params }) =>
          method === "eth_call" &&
          (params[0] as { data: string }).data.startsWith(face.getFunction("recordType").selector)
            ? { kind: "forward", change: (result) => flip(String(result), 40) }
            : forward,
        ["view.differs"],
      ],
      [
        "alters leaves",
        ({ method }) =>
          method === "eth_getTransactionByHash"
            ? {
                kind: "forward",
                change: (result) => {
                  const transaction = result as { input: string };
                  // A digit of the last leaf, before what the relay's call ends with.
                  return { ...transaction, input: transaction.input.replace(/.(?=.{400}$)/, "7") };
                },
              }
            : forward,
        ["leaves.root", "leaves.order"],
      ],
      [
        "gives a log twice",
        ({ method, params }) =>
          method === "eth_getLogs" && isOf(params[0], story.address)
            ? { kind: "forward", change: (result) => twice(result as NodeLog[]) }
            : forward,
        ["log.repeated", "journal.repeated"],
      ],
    ];
    const twice = (logs: NodeLog[]): NodeLog[] => [...logs.slice(0, 9), logs[8]!, ...logs.slice(9)];

    for (const [name, behave, expected] of lies)
      it(`lets the next one say it again, though the node that ${name} does so no more`, async () => {
        const first = await audited(undefined, { behave });
        expect(
          codes(first).some((code) => expected.includes(code)),
          String(codes(first)),
        ).to.equal(true);
        const second = await audited(first.index);
        expect(second.report.differences).to.include.deep.members(first.report.differences);
        const third = await audited(second.index ?? first.index);
        expect(third.report.differences).to.deep.equal(second.report.differences);
      });

    it("reads everything again when the node tells another head now than its own events led to then", async () => {
      const first = await audited(undefined, { behave: lies[2]![1] });
      const second = await audited(first.index);
      expect(codes(second)).to.include("index.journal");
      expect(second.report.index!.unused).to.equal("journal");
    });

    it("asks again what was answered wrongly", async () => {
      const first = await audited(undefined, { behave: lies[0]![1] });
      const second = await audited(first.index);
      expect(viewsOf(second).filter((name) => name === "recordType").length).to.equal(2);
      expect(second.report.index!.differences).to.equal(2);
    });

    it("does not keep what the code that was expected, or the sign-offs that were named, differ in", async () => {
      const codeHash = `0x${"12".repeat(32)}`;
      const signOffs = { address: story.address.toLowerCase(), isCode: () => false };
      const first = await audited(undefined, { codeHash, signOffs });
      expect(codes(first)).to.include.members(["registry.code", "sign-off.code", "view.differs"]);
      expect(codes(await audited(first.index))).to.deep.equal([]);
    });

    it("does not keep that another node was a block behind, whatever counts as final", async () => {
      for (const finality of [0, 3]) {
        const behind = await startProxy(node.url);
        const newest = Number(await node.rpc("eth_blockNumber"));
        behind.behave = ({ method, params }) => {
          const asked =
            method === "eth_getBlockByNumber" ? params[0] : method === "eth_call" ? params[1] : "";
          return Number(asked) === newest ? { kind: "result", result: null } : forward;
        };
        const chain = await connectChain({ urls: [behind.url], retries: 0 });
        const first = await audited(undefined, { finality, witnesses: [chain] });
        await behind.stop();
        expect(codes(first)).to.include("witness.block");
        expect(codes(await audited(first.index, { finality }))).to.deep.equal([]);
      }
    });

    it("does not keep what only the files that were given differ in", async () => {
      const compare: AuditRequest["compare"] = (audit) =>
        audit.leaves(1n << 32n, new Uint8Array(32), "1-0.leaves");
      const first = await audited(undefined, { compare });
      expect(codes(first)).to.include("leaves.root");
      expect(codes(await audited(first.index))).to.deep.equal([]);
    });
  });

  describe("of a supersession whose successor no audit had found", () => {
    it("lets the leaves of earlier batches be read again, and only then", async () => {
      const first = await audited();
      // Batch 0 is there by its root alone: what its records were superseded by stands in batch 1.
      expect(first.index!.successors).to.have.lengthOf(4);
      const open = { ...first.index!, successors: first.index!.successors.slice(0, -1) };
      const second = await audited(open);
      expect(times(second, "eth_getTransactionByHash")).to.equal(1);
      expect(said(second)).to.deep.equal(said(first));
    });
  });

  describe("of a chain that is another one now", () => {
    it("is of no use after a reorganisation beyond finality: a difference, and everything is read again", async () => {
      const before = await node.rpc("evm_snapshot");
      await anchorTwoLeaves();
      const first = await audited();
      await reorganised(before, 2);
      const second = await audited(first.index);
      expect(codes(second)).to.deep.equal(["index.block"]);
      expect(second.report.index!.unused).to.equal("block");
      expect(second.report.index!.events).to.equal(0);
      expect(second.index, "stays as it is, so that it is found again").to.equal(undefined);
      expect(second.report.journal.length).to.equal(first.report.journal.length - 1);
    });

    it("is of no use when the chain is shorter", async () => {
      const before = await node.rpc("evm_snapshot");
      await anchorTwoLeaves();
      const first = await audited();
      await node.rpc("evm_revert", before);
      const second = await audited(first.index);
      expect(codes(second)).to.deep.equal(["index.block"]);
      expect(second.report.differences[0]!.message).to.contain("does not reach");
      expect(second.report.index!.unused).to.equal("block");
    });

    it("is of no use on another chain with the same chain id", async () => {
      const first = await audited();
      const other = await startAnvil("--timestamp", "1700000000");
      try {
        await other.rpc("anvil_mine", "0x100");
        const code = await node.rpc("eth_getCode", story.address, "latest");
        await other.rpc("anvil_setCode", story.address, code);
        const chain = await connectChain({ urls: [other.url], retries: 0 });
        const { differences, index } = await auditRegistry({
          chain,
          registry: story.address,
          fromBlock: story.fromBlock,
          index: first.index!,
        });
        expect(differences.map(({ code }) => code)).to.include("index.chain");
        expect(index!.unused).to.equal("chain");
      } finally {
        await other.stop();
      }
    });

    it("is of no use when the registry has other code, or the journal another head at its block", async () => {
      const { index } = await audited();
      const code = await audited({ ...index!, codeHash: keccak256("0x") });
      expect(codes(code)).to.deep.equal(["index.code"]);
      const head = await audited({ ...index!, journal: { ...index!.journal, length: 3 } });
      expect(codes(head)).to.deep.equal(["index.journal"]);
      expect(head.report.index!.unused).to.equal("journal");
    });

    it("is left alone by an audit that ends before its block", async () => {
      const { index, report } = await audited();
      const earlier = await audited(index, { toBlock: report.block.number - 5 });
      expect(earlier.report.differences).to.deep.equal([]);
      expect(earlier.report.index!.unused).to.equal("earlier");
      expect(earlier.index).to.equal(undefined);
    });
  });

  describe("as a file", () => {
    const noted: string[] = [];
    const io = { note: (line: string) => noted.push(line) } as unknown as Io;
    const place = (file: string, more: { rebuildIndex?: boolean } = {}) =>
      openIndex({
        options: { index: file, withoutIndex: false, rebuildIndex: more.rebuildIndex === true },
        home: undefined,
        registry: { chainId: story.chainId, address: story.address },
        fromBlock: story.fromBlock,
        io,
      })!;
    let made: AuditIndex;
    before(async () => (made = (await audited()).index!));

    async function written(name: string): Promise<string> {
      const file = join(folder, name);
      await place(file).write(made);
      return file;
    }

    it("is found damaged wherever it was changed or cut, and made anew when that is asked for", async () => {
      const file = await written("damaged.ndjson");
      const whole = readFileSync(file);
      for (let n = 1; n < 40; n++) {
        const at = Math.floor((whole.length / 40) * n) + n;
        const changed = Buffer.from(whole);
        changed[at]! ^= 1;
        for (const content of [changed, whole.subarray(0, at)]) {
          writeFileSync(file, content);
          const { code, hint } = await failure(() => place(file));
          expect(code).to.equal("audit.index-damaged");
          expect(hint).to.contain("--rebuild-index");
        }
      }
      await place(file, { rebuildIndex: true }).write(made);
      expect(readFileSync(file).equals(whole)).to.equal(true);
    });

    it("of a newer version, of another registry, or of another program is refused", async () => {
      const file = await written("other.ndjson");
      const text = readFileSync(file, "utf8");
      writeFileSync(file, text.replace('"formatVersion":1', '"formatVersion":2'));
      expect((await failure(() => place(file))).code).to.equal("audit.index-newer");
      const registry = { chainId: story.chainId, address: `0x${"11".repeat(20)}` };
      writeFileSync(file, Buffer.concat(encodeIndex({ ...made, registry })));
      expect((await failure(() => place(file))).code).to.equal("audit.index-other");
      writeFileSync(file, "somebody's notes");
      expect((await failure(() => place(file))).code).to.equal("audit.index-format");
      const refused = await failure(() => place(file, { rebuildIndex: true }));
      expect([refused.code, readFileSync(file, "utf8")]).to.deep.equal([
        "audit.index-format",
        "somebody's notes",
      ]);
    });

    it("loses nothing that either of two audits found that end at once", async () => {
      const file = join(folder, "two.ndjson");
      const difference = { code: "view.differs", message: "as seen by one", where: { view: "paused()" } };
      const [one, two] = [place(file), place(file)];
      const later = { ...made, block: { ...made.block, number: made.block.number + 1 } };
      await Promise.all([one.write({ ...later, differences: [difference] }), two.write(made)]);
      const { index } = place(file);
      expect(index!.differences).to.deep.equal([difference]);
      expect(index!.block.number).to.equal(later.block.number);
    });

    it("loses nothing of two processes that write it at once, again and again, without a home", async () => {
      const file = await written("processes.ndjson");
      const times = 25;
      const children = ["one", "two"].map((name) =>
        startChild("index-child.ts", [file, name, String(times), String(Date.now() + 4_000)]),
      );
      for (const child of children) expect(await child.ended, child.stderr()).to.equal(0);
      const { differences } = place(file).index!;
      expect(differences).to.have.lengthOf(2 * times);
      expect(readdirSync(folder).filter((name) => name.startsWith("processes"))).to.have.members([
        "processes.ndjson",
        "processes.ndjson.lock",
        "processes.ndjson.lock-lock",
      ]);
    });

    it("is the old one after a process was killed that wrote it, whose leftovers the next one removes", async () => {
      const file = await written("killed.ndjson");
      const whole = readFileSync(file);
      const script = `
        const { replaceFile } = require("./src/home/files");
        function* parts() { yield Buffer.alloc(1000); process.kill(process.pid, "SIGKILL"); yield Buffer.alloc(1000); }
        replaceFile(${JSON.stringify(file)}, parts());`;
      const child = spawnSync(process.execPath, ["-r", "ts-node/register/transpile-only", "-e", script]);
      expect(child.signal).to.equal("SIGKILL");
      const mine = (): string[] => readdirSync(folder).filter((name) => name.startsWith("killed"));
      expect(mine().filter((name) => !name.includes(".lock"))).to.have.lengthOf(2);
      expect(readFileSync(file).equals(whole)).to.equal(true);
      await place(file).write(made);
      expect(mine().filter((name) => !name.includes(".lock"))).to.deep.equal(["killed.ndjson"]);
    });

    it("holds nothing that is not on the chain, and may be read by its owner alone", async () => {
      const lines = readFileSync(await written("public.ndjson"), "utf8").split("\n");
      const { found } = JSON.parse(lines[0]!) as { found: object };
      expect(Object.keys(found).sort()).to.deep.equal(
        [
          ...["block", "codeHash", "differences", "fromBlock", "genesis", "journal", "madeAt", "proven"],
          ...["registry", "successors", "transactions", "withoutLeaves"],
        ].sort(),
      );
    });

    it("that cannot be written is no fault of the audit", async () => {
      noted.length = 0;
      const unlucky = place(join(folder, "below", "a-file.ndjson"));
      writeFileSync(join(folder, "below"), "");
      await unlucky.write(made);
      expect(noted).to.have.lengthOf(1);
      expect(noted[0]).to.contain("was not written");
    });
  });
});
