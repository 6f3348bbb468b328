import { expect } from "chai";
import { keccak256, type Interface } from "ethers";
import { auditRegistry, type AuditRequest } from "../../src/audit/gather";
import type { AuditReport } from "../../src/audit";
import { connectChain } from "../../src/chain";
import { loadFastHashes } from "../../src/fast-hashes";
import { CreditRegistry__factory } from "../../typechain-types";
import {
  forward,
  startAnvil,
  startProxy,
  type Behaviour,
  type FaultProxy,
  type TestChain,
} from "../support/chains";
import { playStory, type Story } from "../support/story";
import { flip, isJournaled, nameOf, type NodeLog } from "../support/tampering/node-cases";

describe("an audit through a node that lies", function () {
  let node: TestChain;
  let proxy: FaultProxy;
  let story: Story;
  let logs: NodeLog[];
  let codeHash: string;
  const face: Interface = CreditRegistry__factory.createInterface();

  before(async () => {
    node = await startAnvil();
    story = await playStory(node);
    proxy = await startProxy(node.url);
    codeHash = keccak256((await node.rpc("eth_getCode", story.address, "latest")) as string);
    const filter = { address: story.address, fromBlock: "0x0", toBlock: "latest" };
    logs = (await node.rpc("eth_getLogs", filter)) as NodeLog[];
  });
  after(async () => {
    await proxy?.stop();
    await node?.stop();
  });

  async function audited(
    behave: FaultProxy["behave"],
    more: Partial<AuditRequest> = {},
  ): Promise<AuditReport> {
    proxy.behave = behave;
    const chain = await connectChain({ urls: [proxy.url], retries: 0 });
    const { address: registry, fromBlock } = story;
    return auditRegistry({ chain, registry, fromBlock, codeHash, hashes: await loadFastHashes(), ...more });
  }
  const honest = (more: Partial<AuditRequest> = {}): Promise<AuditReport> => audited(() => forward, more);
  const codes = (report: AuditReport): string[] => [...new Set(report.differences.map(({ code }) => code))];

  /** The node changes its list of logs. */
  const withLogs =
    (change: (logs: NodeLog[]) => NodeLog[]): FaultProxy["behave"] =>
    ({ method, params }): Behaviour =>
      method === "eth_getLogs" && (params as [{ address: string }])[0].address === story.address
        ? { kind: "forward", change: (result) => change(structuredClone(result) as NodeLog[]) }
        : forward;

  it("finds nothing when the node is honest, and covers every event, agency, batch and record", async () => {
    const report = await honest({
      compare: (audit) => {
        for (const [id, leaves] of story.leaves) audit.leaves(id, leaves);
      },
    });
    expect(report.differences).to.deep.equal([]);
    expect(report.journal.length).to.equal(logs.filter(isJournaled).length);
    expect(report.journal.head).to.equal(
      (await story.registry.journal.staticCall().catch(() => headOf())).head,
    );
    expect(report.coverage).to.deep.include({
      batches: 5,
      records: 50,
      batchesWithLeaves: 5,
      supersessions: 4,
    });
    expect(report.coverage.flaggedBatches).to.deep.equal([String((1n << 32n) + 3n)]);
    const counted = report.coverage.agencies.map(
      ({ agencyId, code, standing, batches, records, proven, types }) => [
        [agencyId, code, standing, batches, records, proven],
        types.map((type) => [type.typeId, type.name, type.batches, type.records, type.proven]),
      ],
    );
    expect(counted).to.deep.equal([
      [[1, "91110000TEST", "Active", 4, 47, 47], [[1, "test.licence", 4, 47, 47]]],
      [[2, "91120000TEST", "Closed", 1, 3, 3], [[2, "test.person", 1, 3, 3]]],
    ]);
    expect(report.singleSource).to.equal(true);
    expect(report.notChecked.map(({ code }) => code)).to.deep.equal(["sign-off.unknown"]);
  });

  async function headOf(): Promise<{ head: string }> {
    const data = face.encodeFunctionData("journal");
    const answer = (await node.rpc("eth_call", { to: story.address, data }, "latest")) as string;
    return { head: face.decodeFunctionResult("journal", answer)[1] as string };
  }

  it("played a story in which every event of the interface happened", () => {
    const happened = new Set(logs.map(nameOf));
    const all: string[] = [];
    face.forEachEvent(({ name }) => all.push(name));
    // Replacing the authority would take the registry away from the story's own roles.
    expect(all.filter((name) => !happened.has(name))).to.deep.equal(["AuthorityChanged"]);
  });

  it("finds each event that the node hides, whichever it is", async () => {
    for (const hidden of logs.filter(isJournaled)) {
      const found = codes(
        await audited(
          withLogs((all) =>
            all.filter(
              ({ logIndex, blockNumber }) =>
                logIndex !== hidden.logIndex || blockNumber !== hidden.blockNumber,
            ),
          ),
        ),
      );
      const isLast = hidden === logs.at(-1);
      expect(found, nameOf(hidden)).to.include("view.differs");
      if (!isLast) expect(found, nameOf(hidden)).to.include("journal.gap");
    }
  });

  it("finds each event of which the node changes one field", async () => {
    for (const [position, log] of logs.entries()) {
      if (!isJournaled(log)) continue;
      // The last hex digit of each topic, and of each word of the data.
      const places = [
        ...log.topics.slice(1).map((_, i) => ({ topic: i + 1, at: 65 })),
        ...Array.from({ length: (log.data.length - 2) / 64 }, (_, i) => ({ topic: 0, at: 65 + 64 * i })),
      ];
      const place = places[position % places.length]!;
      const report = await audited(
        withLogs((all) => {
          const victim = all[position]!;
          if (place.topic === 0) victim.data = flip(victim.data, place.at);
          else victim.topics[place.topic] = flip(victim.topics[place.topic]!, place.at);
          return all;
        }),
      );
      expect(codes(report), `${nameOf(log)} ${JSON.stringify(place)}`).to.include("view.differs");
      expect(report.differences.some(({ where }) => where.view === "journal()")).to.equal(true);
    }
  });

  it("finds an event given twice", async () => {
    const report = await audited(withLogs((all) => [...all.slice(0, 9), all[8]!, ...all.slice(9)]));
    expect(codes(report)).to.include.members(["log.repeated", "journal.repeated", "view.differs"]);
  });

  it("finds two events that changed places, also when their positions were made to fit", async () => {
    const swapped = await audited(
      withLogs((all) => [...all.slice(0, 9), all[10]!, all[9]!, ...all.slice(11)]),
    );
    expect(codes(swapped)).to.include.members(["log.order", "journal.gap", "journal.repeated"]);
    const fitted = await audited(
      withLogs((all) => {
        [all[9]!.data, all[10]!.data] = [all[10]!.data, all[9]!.data];
        [all[9]!.topics, all[10]!.topics] = [all[10]!.topics, all[9]!.topics];
        return all;
      }),
    );
    expect(codes(fitted)).to.include.members(["journal.gap", "journal.repeated", "view.differs"]);
  });

  it("finds an event that never happened, at the end or in between", async () => {
    const invented = (all: NodeLog[]): NodeLog => {
      const last = all.at(-1)!;
      const parsed = face.parseLog(last)!;
      const values = [...parsed.args.toArray().slice(0, -1), (parsed.args.at(-1) as bigint) + 1n];
      return { ...last, ...face.encodeEventLog(parsed.fragment, values), logIndex: "0x9" };
    };
    const atEnd = await audited(withLogs((all) => [...all, invented(all)]));
    expect(codes(atEnd)).to.include.members(["registry.successor", "view.differs"]);
    const between = await audited(
      withLogs((all) => [...all.slice(0, 12), { ...all[12]!, logIndex: "0x9" }, ...all.slice(12)]),
    );
    expect(codes(between)).to.include("journal.repeated");
  });

  it("finds a log of another contract, a withdrawn one, an unknown one, one of another block", async () => {
    const change = (edit: (log: NodeLog) => void): FaultProxy["behave"] =>
      withLogs((all) => {
        edit(all[11]!);
        return all;
      });
    expect(codes(await audited(change((log) => (log.address = `0x${"12".repeat(20)}`))))).to.include(
      "log.foreign",
    );
    expect(codes(await audited(change((log) => (log.removed = true))))).to.include("log.removed");
    expect(codes(await audited(change((log) => (log.topics[0] = flip(log.topics[0]!, 65)))))).to.include(
      "log.unknown",
    );
    expect(codes(await audited(change((log) => (log.blockHash = flip(log.blockHash, 65)))))).to.include(
      "log.block-hash",
    );
    expect(codes(await audited(change((log) => (log.blockNumber = "0xffffff"))))).to.include(
      "log.block-unknown",
    );
    expect(codes(await audited(change((log) => (log.data += "00".repeat(32)))))).to.include("log.malformed");
  });

  it("finds a block whose time the node shifts", async () => {
    const batch = logs.find((log) => nameOf(log) === "BatchAnchored")!;
    const report = await audited(({ method, params }) =>
      method === "eth_getBlockByNumber" && params[0] === batch.blockNumber
        ? {
            kind: "forward",
            change: (block) => {
              const { timestamp } = block as { timestamp: string };
              return { ...(block as object), timestamp: `0x${(Number(timestamp) + 1).toString(16)}` };
            },
          }
        : forward,
    );
    expect(codes(report)).to.include.members(["batch.time", "view.differs"]);
  });

  it("finds every single view in which the node lies", async () => {
    const asked: { to: string; data: string }[] = [];
    await audited(({ method, params }) => {
      if (method === "eth_call") asked.push(params[0] as { to: string; data: string });
      return forward;
    });
    const counts: Record<string, number> = {};
    for (const { data } of asked) {
      const { name } = face.getFunction(data.slice(0, 10))!;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    expect(counts).to.deep.equal({
      // The registry's, and that of its authority.
      journal: 2,
      domain: 1,
      paused: 1,
      registrySuccessor: 1,
      relay: 1,
      agencyCount: 1,
      typeCount: 1,
      authority: 1,
      recordType: 2,
      typeIdOf: 2,
      agency: 2,
      agencyIdOf: 2,
      actingAgency: 2,
      succession: 1,
      operator: 4,
      latest: 1,
      // Five batches, and for each agency the next one, which must not exist.
      headerHashOf: 7,
      // Both words of the batch whose leaves 35 and 39 moved too, and the first word of each other.
      statusWord: 6,
    });

    for (const { to, data } of asked.filter((call) => call.to === story.address)) {
      const isSame = (call: { to: string; data: string }): boolean => call.to === to && call.data === data;
      const report = await audited(({ method, params }) =>
        method === "eth_call" && isSame(params[0] as { to: string; data: string })
          ? { kind: "forward", change: (answer) => flip(answer as string, (answer as string).length - 1) }
          : forward,
      );
      const name = face.getFunction(data.slice(0, 10))!.name;
      expect(report.differences, name).to.have.lengthOf(1);
      expect(report.differences[0]!.code).to.equal("view.differs");
      expect(report.differences[0]!.where.view).to.match(new RegExp(`^${name}\\(`));
    }
  });

  it("finds a view that the node refuses to answer", async () => {
    const pausedData = face.encodeFunctionData("paused");
    const report = await audited(({ method, params }) =>
      method === "eth_call" && (params[0] as { data: string }).data === pausedData
        ? { kind: "error", code: 3, message: "execution reverted" }
        : forward,
    );
    expect(codes(report)).to.deep.equal(["view.differs"]);
  });

  it("finds what a node hides in events and views alike, with a head from elsewhere or another node", async () => {
    // The node lives in the past: everything it says fits together.
    const past = BigInt(logs.at(-1)!.blockNumber) - 2n;
    const lagging: FaultProxy["behave"] = async ({ method, params }) => {
      if (method === "eth_getBlockByNumber" && params[0] === "latest")
        return { kind: "result", result: await node.rpc(method, `0x${past.toString(16)}`, false) };
      return forward;
    };
    const alone = await audited(lagging);
    expect(alone.differences).to.deep.equal([]);
    expect(alone.singleSource).to.equal(true);

    const { length, head } = (await honest()).journal;
    const withHead = await audited(lagging, { externalHead: { length, head } });
    expect(codes(withHead)).to.deep.equal(["head.beyond"]);
    expect(withHead.singleSource, "the head does not agree").to.equal(true);

    const other = await connectChain({ urls: [node.url] });
    const forked: FaultProxy["behave"] = ({ method }) =>
      method === "eth_call"
        ? { kind: "forward", change: (answer) => flip(answer as string, (answer as string).length - 1) }
        : forward;
    expect(codes(await audited(forked, { witnesses: [other] }))).to.include("witness.journal");
    const two = await honest({ witnesses: [other] });
    expect(two.differences).to.deep.equal([]);
    expect(two.singleSource).to.equal(false);
    const twice = await honest({ witnesses: [await connectChain({ urls: [proxy.url] })] });
    expect(twice.singleSource, "a node is no witness of itself").to.equal(true);
  });

  it("accepts the head of any beginning of the journal, and no other", async () => {
    const now = (await honest()).journal;
    const good = await honest({ externalHead: now });
    expect(good.differences).to.deep.equal([]);
    expect(good.externalHead).to.deep.equal({ ...now, contained: true });
    const earlier = await honest({ toBlock: story.fromBlock + 9 });
    expect(earlier.journal.length).to.be.lessThan(now.length);
    expect((await honest({ externalHead: earlier.journal })).differences).to.deep.equal([]);
    const wrong = { length: now.length, head: flip(now.head, 49) };
    expect(codes(await honest({ externalHead: wrong }))).to.deep.equal(["head.differs"]);
    const shifted = { length: earlier.journal.length, head: now.head };
    expect(codes(await honest({ externalHead: shifted }))).to.deep.equal(["head.differs"]);
  });

  it("says which supersessions it could not follow when leaves are not at hand", async () => {
    const report = await honest();
    expect(report.differences).to.deep.equal([]);
    expect(report.notChecked.map(({ code }) => code)).to.deep.equal(["sign-off.unknown"]);
    const blind = await audited(({ method }) =>
      method === "eth_getTransactionByHash" ? { kind: "result", result: null } : forward,
    );
    expect(blind.notChecked.find(({ code }) => code === "successor.unknown")?.count).to.equal(3);
  });
});
