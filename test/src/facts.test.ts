import { expect } from "chai";
import { keccak256 } from "ethers";
import { toHex } from "../../src/bytes";
import { connectChain } from "../../src/chain";
import { headerHash } from "../../src/commitment";
import { type FactsQuery, gatherFacts } from "../../src/facts";
import { closeAgency, declareCompromised } from "../../src/registry-admin";
import type { LmdbVault } from "../../src/vault/writer";
import { type FaultProxy, forward, startAnvil, startProxy, type TestChain } from "../support/chains";
import { failure } from "../support/failure";
import { permits, removeFolders } from "../support/homes";
import { AGENCY_CODE, bytesOf } from "../support/samples";
import { account, anchor, homeOf, planRows, quick, startWorld, type World } from "../support/world";
import { registryInterface } from "../../src/interfaces";

describe("facts for the verifier", function () {
  let node: TestChain;
  let proxy: FaultProxy;
  let world: World;
  let vault: LmdbVault;
  let query: FactsQuery;

  before(async () => {
    node = await startAnvil();
    proxy = await startProxy(node.url);
    world = await startWorld(node);
    vault = await (await homeOf(world)).writeVault({ command: "test" });
    await planRows(world, vault, permits(0, 10));
    await planRows(world, vault, permits(0, 2, 1));
    await anchor(world, vault);
    const { header, transaction } = vault.plan(0);
    query = {
      registry: { address: world.registry.address },
      batch: header!,
      record: { index: 0 },
      transaction: transaction!,
    };
  });
  beforeEach(() => {
    proxy.behave = () => forward;
  });
  after(async () => {
    await vault.close();
    removeFolders();
    await proxy.stop();
    await node.stop();
  });

  it("are everything that the chain knows about a receipt, at one block", async () => {
    const [fact] = await gatherFacts([world.chain], [query]);
    const head = (await world.chain.block("latest"))!;
    const { header, transaction } = vault.plan(0);
    const isSuperseded = [...Array(2).keys()].some((at) => vault.entry(1, at).earlier!.index === 0);
    expect(fact).to.deep.equal({
      chainId: 31337,
      registry: world.registry.address,
      registryCodePresent: true,
      registryCodeHash: keccak256(await world.chain.code(world.registry.address)),
      block: { number: head.number, hash: head.hash, time: head.time },
      headerHash: toHex(headerHash(header!)),
      statusByte: isSuperseded ? 1 : 0,
      agency: { code: AGENCY_CODE, standing: "Active" },
      operator: { ...fact!.operator!, permissions: 3, compromisedSince: 0, revoked: false },
      typeHash: vault.plan(0).typeHash,
      sources: 1,
      transaction: {
        blockNumber: transaction!.blockNumber,
        blockHash: transaction!.blockHash,
        anchoredBatch: true,
      },
    });
  });

  it("tell each record's own status", async () => {
    const queries = [...Array(10).keys()].map((index) => ({ ...query, record: { index } }));
    const superseded = [...Array(2).keys()].map((at) => vault.entry(1, at).earlier!.index);
    const facts = await gatherFacts([world.chain], queries);
    expect(facts.map((fact) => fact.statusByte)).to.deep.equal(
      [...Array(10).keys()].map((index) => (superseded.includes(index) ? 1 : 0)),
    );
  });

  it("are empty where there is nothing: no contract, batch, agency, operator, type or transaction", async () => {
    const nowhere = { ...query, registry: { address: account(9).address } };
    const batch = { agencyId: 9, typeId: 9, sequence: 9, size: 1, operator: account(9).address };
    const unknown = { ...query, batch, transaction: { hash: `0x${"11".repeat(32)}` } };
    const [empty, nothing] = await gatherFacts([world.chain], [nowhere, unknown]);
    expect(empty).to.deep.include({ registryCodePresent: false, headerHash: null, agency: null });
    expect(nothing).to.deep.include({
      headerHash: null,
      agency: null,
      operator: null,
      typeHash: null,
      statusByte: 0,
      transaction: null,
    });
  });

  it("tell a transaction that anchored another batch", async () => {
    const [fact] = await gatherFacts([world.chain], [{ ...query, transaction: vault.plan(1).transaction! }]);
    expect(fact!.transaction).to.deep.include({ anchoredBatch: false });
  });

  it("name a second node as a source when it says the same", async () => {
    const second = await connectChain({ ...quick, urls: [proxy.url] });
    const [fact] = await gatherFacts([world.chain, second], [query]);
    expect(fact!.sources).to.equal(2);
  });

  it("are given when one of two nodes has dropped the transaction from its index, whichever it is", async () => {
    const second = await connectChain({ ...quick, urls: [proxy.url] });
    proxy.behave = ({ method }) =>
      method === "eth_getTransactionReceipt" ? { kind: "forward", change: () => null } : forward;
    const [known] = await gatherFacts([world.chain, second], [query]);
    expect(known!.transaction).to.deep.include({ anchoredBatch: true });
    const [unknown] = await gatherFacts([second, world.chain], [query]);
    expect(unknown).to.deep.include({ sources: 2, transaction: null });
  });

  it("are not given when two nodes know the transaction in different blocks", async () => {
    const second = await connectChain({ ...quick, urls: [proxy.url] });
    const elsewhere = (receipt: unknown): unknown => ({ ...(receipt as object), blockHash: bytesOf("fork") });
    proxy.behave = ({ method }) =>
      method === "eth_getTransactionReceipt" ? { kind: "forward", change: elsewhere } : forward;
    expect((await failure(() => gatherFacts([world.chain, second], [query]))).code).to.equal(
      "chain.disagree",
    );
  });

  it("are not given when two nodes contradict each other", async () => {
    const second = await connectChain({ ...quick, urls: [proxy.url] });
    const { selector } = registryInterface.getFunction("statusWord");
    proxy.behave = ({ method, params }) => {
      const [request] = params as [{ data?: string }];
      const isStatus = method === "eth_call" && request.data!.startsWith(selector);
      return isStatus ? { kind: "forward", change: (data) => String(data).replace(/.$/, "4") } : forward;
    };
    expect((await failure(() => gatherFacts([world.chain, second], [query]))).code).to.equal(
      "chain.disagree",
    );
    proxy.behave = ({ method }) =>
      method === "eth_getBlockByNumber"
        ? { kind: "forward", change: (block) => ({ ...(block as object), hash: `0x${"22".repeat(32)}` }) }
        : forward;
    expect((await failure(() => gatherFacts([world.chain, second], [query]))).code).to.equal(
      "chain.disagree",
    );
  });

  it("are given without a further node that gives no answer, by those that do, and somebody hears of it", async () => {
    const dying = await startProxy(node.url);
    const [second, third] = [
      await connectChain({ ...quick, urls: [dying.url] }),
      await connectChain({ ...quick, urls: [proxy.url] }),
    ];
    for (const method of ["eth_blockNumber", "eth_call"]) {
      dying.behave = (call) => (call.method === method ? { kind: "drop" } : forward);
      const silent: string[] = [];
      const onSilent = ({ node }: { readonly node: string }): number => silent.push(node);
      const facts = await gatherFacts([world.chain, second, third], [query], { onSilent });
      expect(facts[0]!.sources, method).to.equal(2);
      expect(silent).to.deep.equal([new URL(dying.url).host]);
      const error = await failure(() => gatherFacts([world.chain, second, third], [query]));
      expect(error.code).to.equal("chain.unreachable");
    }
    await dying.stop();
  });

  it("tell the standing of the agency and of the key that signed", async () => {
    const { registry, ndrc, administrator, operators, agencyId } = world;
    await declareCompromised(
      { registry, signer: administrator },
      agencyId,
      operators[0].address,
      1_700_000_000,
    );
    await closeAgency({ registry, signer: ndrc }, agencyId, 1);
    const [fact] = await gatherFacts([world.chain], [query]);
    expect(fact!.agency!.standing).to.equal("Closed");
    expect(fact!.operator).to.deep.include({ revoked: true, compromisedSince: 1_700_000_000 });
  });
});
