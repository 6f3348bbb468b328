import { expect } from "chai";
import { keccak256 } from "ethers";
import type { AuditReport } from "../../src/audit";
import { auditRegistry, type AuditRequest } from "../../src/audit/gather";
import { connectChain } from "../../src/chain";
import { CreditAnchorError } from "../../src/errors";
import { loadFastHashes } from "../../src/fast-hashes";
import { forward, startAnvil, startProxy, type FaultProxy, type TestChain } from "../support/chains";
import { RegistryAuthority__factory } from "../../typechain-types";
import type { SignOffsPlace } from "../../src/audit/sign-offs";
import { roleIds } from "../../src/roles";
import { deploySignOffs, placeOf, statementNow } from "../support/sign-offs";
import { ownProvider, playStory, testAccounts, type Story } from "../support/story";
import { tableOf, type Row } from "../support/tampering/document";
import { flip, nodeCases, stale, type Honest, type NodeLog } from "../support/tampering/node-cases";

/** What an audit came to: codes of its differences, of what it stopped with, and what was left open. */
interface Outcome {
  readonly found: readonly string[];
  readonly report: AuditReport | undefined;
  readonly failure?: CreditAnchorError;
}

describe("tampering: a node between auditor and chain", function () {
  let node: TestChain;
  let proxy: FaultProxy;
  let story: Story;
  let honest: Honest;
  let codeHash: string;
  let place: SignOffsPlace;
  let openAnyway: Set<string>;
  const rows: Row[] = [];

  before(async () => {
    node = await startAnvil();
    story = await playStory(node);
    proxy = await startProxy(node.url);
    const { address: registry, fromBlock } = story;
    const signOffs = await stateTwice();
    const filter = { address: registry, fromBlock: "0x0", toBlock: "latest" };
    honest = {
      registry,
      signOffs: signOffs.address,
      fromBlock,
      lastBlock: Number(await node.rpc("eth_blockNumber")),
      authority: (await story.registry.authority.staticCall().catch(() => authorityOf())).toLowerCase(),
      logs: (await node.rpc("eth_getLogs", filter)) as NodeLog[],
      ask: node.rpc,
    };
    place = signOffs;
    codeHash = keccak256((await node.rpc("eth_getCode", registry, "latest")) as string);
    const { report } = await audited(() => forward);
    expect(report!.differences).to.deep.equal([]);
    openAnyway = new Set(report!.notChecked.map(({ code }) => code));
  });
  after(async () => {
    await proxy?.stop();
    await node?.stop();
  });

  /** Two statements of an auditor, and two entries more. */
  async function stateTwice(): Promise<SignOffsPlace> {
    const provider = ownProvider(node);
    const [official, , , , , , auditor] = testAccounts(provider);
    const registry = story.registry.connect(official!);
    const manager = RegistryAuthority__factory.connect(await registry.authority(), official);
    const signOffs = (await deploySignOffs(registry)).connect(auditor!);
    await (await manager.grantRole(roleIds.auditor, await auditor!.getAddress(), 0)).wait();
    for (const outcome of [0, 1])
      await (await signOffs.signOff(await statementNow(registry, manager, { outcome }))).wait();
    await (await registry.pause(1)).wait();
    await (await registry.unpause(1)).wait();
    provider.destroy();
    return placeOf(signOffs, registry, story.chainId);
  }

  async function authorityOf(): Promise<string> {
    const face = story.registry.interface;
    const call = { to: story.address, data: face.encodeFunctionData("authority") };
    const answer = (await node.rpc("eth_call", call, "latest")) as string;
    return face.decodeFunctionResult("authority", answer)[0] as string;
  }

  async function audited(behave: FaultProxy["behave"], more: Partial<AuditRequest> = {}): Promise<Outcome> {
    proxy.behave = behave;
    try {
      const chain = await connectChain({
        urls: [proxy.url],
        chainId: story.chainId,
        retries: 5,
        backoffMs: 5,
        timeoutMs: 500,
      });
      const { address: registry, fromBlock } = story;
      const hashes = await loadFastHashes();
      const report = await auditRegistry({
        chain,
        registry,
        fromBlock,
        codeHash,
        hashes,
        signOffs: place,
        ...more,
      });
      return { found: [...new Set(report.differences.map(({ code }) => code))].sort(), report };
    } catch (error) {
      if (!(error instanceof CreditAnchorError)) throw error;
      return { found: [error.code], report: undefined, failure: error };
    }
  }

  const code = (name: string): string => `\`${name}\``;

  for (const { what, finds, behave } of nodeCases)
    it(`${what}: ${finds.length === 0 ? "audited nevertheless, no difference" : finds.join(", ")}`, async () => {
      const { found, report } = await audited(behave(honest));
      const open = (report?.notChecked ?? [])
        .map(({ code: name }) => name)
        .filter((name) => !openAnyway.has(name));
      const all = [...found, ...open.map((name) => `not checked: ${name}`)];
      expect(all).to.include.members([...finds]);
      if (finds.length === 0) expect(all).to.deep.equal([]);
      // What it must say, of everything that follows from it.
      const words = finds.map((name) => name.replace(/[a-z-]+\.[a-z-]+$/, code));
      rows.push([what, words.length === 0 ? "nothing is lost: audited whole" : words.join(", ")]);
    });

  it("lives in the past and fits together: said to be a single source, and found by anything from elsewhere", async () => {
    const alone = await audited(stale(honest));
    expect(alone.found).to.deep.equal([]);
    expect(alone.report!.singleSource).to.equal(true);
    const { length, head } = (await audited(() => forward)).report!.journal;
    const withHead = await audited(stale(honest), { externalHead: { length, head } });
    expect(withHead.found).to.deep.equal(["head.beyond"]);
    const wrong = await audited(() => forward, { externalHead: { length, head: flip(head, 49) } });
    expect(wrong.found).to.deep.equal(["head.differs"]);
    rows.push(
      ["leaves out the newest blocks, consistently", "no difference, _single source_"],
      ["the same, with a head from elsewhere", withHead.found.map(code).join(", ")],
      ["is asked beside a head from elsewhere that is not the registry's", wrong.found.map(code).join(", ")],
    );
  });

  it("answers otherwise than another party's node at the same block", async () => {
    const witness = await connectChain({ urls: [node.url] });
    const other: FaultProxy["behave"] = ({ method }) =>
      method === "eth_getBlockByNumber"
        ? { kind: "forward", change: (block) => ({ ...(block as object), hash: `0x${"77".repeat(32)}` }) }
        : forward;
    const { found } = await audited(other, { witnesses: [witness] });
    expect(found).to.include("witness.block");
    rows.push(["is on another branch of the chain than another party's node", code("witness.block")]);
    const two = await audited(() => forward, { witnesses: [witness] });
    expect(two.found).to.deep.equal([]);
    expect(two.report!.singleSource).to.equal(false);
  });

  describe("beside another party's node", () => {
    let other: FaultProxy;

    before(async () => {
      other = await startProxy(node.url);
    });
    after(() => other?.stop());

    /** Both nodes lie or fail each in its way. */
    async function beside(
      first: FaultProxy["behave"],
      second: FaultProxy["behave"],
      more: Partial<AuditRequest> = {},
    ): Promise<Outcome> {
      other.behave = second;
      const witness = await connectChain({ urls: [other.url], retries: 1, backoffMs: 5, timeoutMs: 300 });
      return audited(first, { ...more, witnesses: [witness] });
    }
    const caseOf = (what: string): FaultProxy["behave"] =>
      nodeCases.find((one) => one.what === what)!.behave(honest);

    it("names the node, the range and the block where one of them hides an event, and what each said", async () => {
      const hiding = caseOf("hides one event");
      const hidden = honest.logs[Math.floor(honest.logs.length / 2)]!;
      const place = { block: Number(hidden.blockNumber), transaction: hidden.transactionHash };
      const [first, second] = [await beside(() => forward, hiding), await beside(hiding, () => forward)];
      expect(first.found).to.deep.equal(["witness.logs"]);
      expect(second.found).to.include.members(["journal.gap", "view.differs", "witness.logs"]);
      for (const { report } of [first, second]) {
        const [found, ...more] = report!.differences.filter(({ code: name }) => name === "witness.logs");
        expect(more).to.deep.equal([]);
        expect(found!.where).to.include({ ...place, node: new URL(other.url).host });
        // Which of them lies nobody knows: nobody's word stands there as the expected one.
        expect([found!.expected, found!.found]).to.deep.equal([undefined, undefined]);
        expect(found!.said!.map(({ node }) => node)).to.deep.equal([
          new URL(proxy.url).host,
          new URL(other.url).host,
        ]);
        const [own, theirs] = found!.said!.map(({ value }) =>
          /^(\d+) logs of blocks (\d+) to (\d+), digest (0x[0-9a-f]{64})$/.exec(value)!,
        ) as [RegExpExecArray, RegExpExecArray];
        expect(Math.abs(Number(own[1]) - Number(theirs[1]))).to.equal(1);
        expect([own[2], own[3]]).to.deep.equal([theirs[2], theirs[3]]);
        expect(own[4]).to.not.equal(theirs[4]);
      }
      rows.push(["hides one event from one of two auditors' nodes", code("witness.logs")]);
    });

    it("tells the range in which logs of no journal differ: those of the authority", async () => {
      const { found } = await beside(() => forward, caseOf("alters a change of roles"));
      expect(found).to.deep.equal(["witness.logs"]);
    });

    it("comes to the same whether the other node answers for many blocks at once or for one", async () => {
      for (const what of ["answers for at most nine blocks at once", "answers for one block at once"]) {
        const { found, report } = await beside(() => forward, caseOf(what));
        expect(found).to.deep.equal([]);
        expect(report!.singleSource).to.equal(false);
      }
      const both = await beside(caseOf("answers for at most nine blocks at once"), caseOf("hides one event"));
      expect(both.found).to.deep.equal(["witness.logs"]);
    });

    it("goes on without a node that dies on the way, and says so", async () => {
      const { found, report } = await beside(
        () => forward,
        ({ method }) => (method === "eth_getLogs" ? { kind: "drop" } : forward),
      );
      expect(found).to.deep.equal([]);
      expect(report!.singleSource).to.equal(true);
      expect(report!.silent).to.have.lengthOf(1);
      expect(report!.silent[0]).to.contain(new URL(other.url).host);
      rows.push(["gives no answer, beside one that does", "no difference, _not heard_, _single source_"]);
    });

    /** From some request on a node gives no answer, in one way or another. */
    const dyingAt = (
      method: string,
      after: number,
      kind: "drop" | "swallow",
      until: FaultProxy["behave"] = () => forward,
    ): FaultProxy["behave"] => {
      let [seen, dead] = [0, false];
      return (call) => {
        dead ||= call.method === method && seen++ >= after;
        return dead ? { kind } : until(call);
      };
    };
    const heard = ({ report }: Outcome): unknown => [report!.sources, report!.singleSource];

    for (const [what, method, after] of [
      ["dies while events are read", "eth_getLogs", 1],
      ["dies while it is asked for answers", "eth_call", 12],
      ["dies while leaves are read", "eth_getTransactionByHash", 0],
    ] as const)
      it(`goes on with the other when the first ${what}, or goes silent`, async () => {
        for (const kind of ["drop", "swallow"] as const) {
          const outcome = await beside(dyingAt(method, after, kind), () => forward);
          expect(outcome.found).to.deep.equal([]);
          expect(heard(outcome)).to.deep.equal([[new URL(other.url).host], true]);
          expect(outcome.report!.silent).to.have.lengthOf(1);
          expect(outcome.report!.silent[0]).to.contain(`${new URL(other.url).host} was asked for everything`);
        }
        rows.push([`${what}, beside one that does not`, "no difference, _not heard_, _single source_"]);
      });

    it("tells what a node contradicted before it died, with the node, and counts nothing of it as agreement", async () => {
      const hiding = caseOf("hides one event");
      const outcome = await beside(dyingAt("eth_call", 12, "drop", hiding), () => forward);
      expect(outcome.found).to.include.members(["journal.gap", "witness.logs"]);
      expect(heard(outcome)).to.deep.equal([[new URL(other.url).host], true]);
      const gap = outcome.report!.differences.find(({ code: name }) => name === "journal.gap")!;
      expect(gap.where.node).to.equal(new URL(proxy.url).host);
      const said = outcome.report!.differences.find(({ code: name }) => name === "witness.logs")!;
      expect(said.said!.map(({ node }) => node)).to.include(new URL(proxy.url).host);
      rows.push(["hides one event, then dies", ["journal.gap", "witness.logs"].map(code).join(", ")]);
    });

    it("audits at the block at which the dead one was asked, and tells where the other has another one", async () => {
      const dying = dyingAt("eth_call", 12, "drop");
      const before = Number(await node.rpc("eth_blockNumber"));
      let mined = false;
      const later: FaultProxy["behave"] = async (call) => {
        if (!mined && call.method === "eth_call") mined = (await node.rpc("evm_mine")) !== undefined;
        return dying(call);
      };
      const { found, report } = await beside(later, () => forward);
      expect(found).to.deep.equal([]);
      expect(Number(await node.rpc("eth_blockNumber"))).to.be.greaterThan(before);
      expect(report!.block.number).to.equal(before);
      const past = stale(honest);
      const isAhead = ([tag]: readonly unknown[]): boolean => Number(tag) > honest.lastBlock - 2;
      const behind = await beside(dyingAt("eth_call", 12, "drop"), (call) =>
        call.method === "eth_getBlockByNumber" && isAhead(call.params)
          ? { kind: "result", result: null }
          : past(call),
      );
      expect(behind.report!.block.number).to.equal(honest.lastBlock - 2);
      expect(behind.found).to.include("witness.block");
      rows.push(["dies, and the next one is behind it", code("witness.block")]);
    });

    it("stops when both die, and names both", async () => {
      const { found, failure } = await beside(
        dyingAt("eth_getLogs", 1, "drop"),
        dyingAt("eth_getLogs", 2, "drop"),
      );
      expect(found).to.deep.equal(["chain.unreachable"]);
      for (const { url } of [proxy, other]) expect(failure!.message).to.contain(`node ${new URL(url).host} `);
      rows.push(["dies, and so do all others", code("chain.unreachable")]);
    });
  });

  // Behind all of the others: tests of a suite run before the suites in it.
  describe("docs/audit.md", () => {
    it("says what was seen here", function () {
      if (rows.length < nodeCases.length + 12) this.skip();
      const { seen, told } = tableOf("node", ["The node…", "The audit says"], rows);
      expect(told, "run with WRITE_DOCS=1").to.equal(seen);
    });
  });
});
