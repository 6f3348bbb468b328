import { expect } from "chai";
import { Transaction } from "ethers";
import type { AnchoringProgress } from "../../src/anchoring";
import type { LmdbVault } from "../../src/vault/writer";
import {
  type Behaviour,
  type FaultProxy,
  forward,
  type ProxiedCall,
  startAnvil,
  startProxy,
  type TestChain,
} from "../support/chains";
import { failure } from "../support/failure";
import { permits, removeFolders } from "../support/homes";
import {
  anchor,
  expectExactlyOnce,
  hasty,
  homeOf,
  planRows,
  registryThrough,
  startWorld,
  type World,
} from "../support/world";

/** A node that is down, slow, wrong or dishonest while batches are anchored through it. */
describe("anchoring through a node in trouble", function () {
  let node: TestChain;
  let world: World;
  let proxy: FaultProxy;
  let vault: LmdbVault;
  let snapshot: unknown;

  before(async () => {
    node = await startAnvil();
    world = await startWorld(node);
    proxy = await startProxy(node.url);
  });
  beforeEach(async () => {
    snapshot = await node.rpc("evm_snapshot");
    proxy.behave = () => forward;
    vault = await (await homeOf(world)).writeVault({ command: "test" });
    await planRows(world, vault, permits(0, 20), { batchSize: 10 });
    await planRows(world, vault, permits(0, 5, 1));
  });
  afterEach(async () => {
    await vault.close();
    await node.rpc("evm_setAutomine", true);
    await node.rpc("evm_revert", snapshot);
  });
  after(async () => {
    removeFolders();
    await proxy.stop();
    await node.stop();
  });

  const through = async (more: Parameters<typeof anchor>[2] = {}) =>
    anchor(world, vault, { registry: await registryThrough(world, proxy.url), ...more });
  const directly = async () => {
    await anchor(world, vault);
    await expectExactlyOnce(world, vault);
  };
  const statuses = (): string[] => [...vault.plans()].map(({ status }) => status);

  const troubles: Record<string, Behaviour> = {
    "answers HTTP 503": { kind: "http", status: 503 },
    "answers garbage": { kind: "http", status: 200, body: "]]" },
    "closes the connection": { kind: "drop" },
    "does as it is told, then closes the connection": { kind: "forward-then-drop" },
  };
  for (const [name, behaviour] of Object.entries(troubles))
    it(`anchors everything once through a node that now and then ${name}`, async () => {
      let calls = 0;
      proxy.behave = () => (++calls % 3 === 0 ? behaviour : forward);
      expect(await through()).to.deep.include({ batches: 3, moved: 5 });
      await expectExactlyOnce(world, vault);
    });

  it("anchors everything once through a slow node", async () => {
    proxy.behave = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return forward;
    };
    await through();
    await expectExactlyOnce(world, vault);
  });

  for (const method of [
    "eth_chainId",
    "eth_call",
    "eth_estimateGas",
    "eth_getTransactionCount",
    "eth_sendRawTransaction",
    "eth_getTransactionReceipt",
  ])
    it(`reports a node that goes down at its first ${method}, and loses nothing`, async () => {
      const registry = await registryThrough(world, proxy.url, { retries: 1 });
      let down = false;
      proxy.behave = (call) => {
        down ||= call.method === method;
        return down ? { kind: "drop" } : forward;
      };
      const error = await failure(() => anchor(world, vault, { registry }));
      expect(error.code).to.equal("chain.unreachable");
      expect(error.exitStatus).to.equal(70);
      await directly();
    });

  it("finds its transaction when the answer to sending it was lost", async () => {
    const registry = await registryThrough(world, proxy.url, { retries: 0 });
    proxy.behave = ({ method }) =>
      method === "eth_sendRawTransaction" ? { kind: "forward-then-drop" } : forward;
    expect((await failure(() => anchor(world, vault, { registry }))).code).to.equal("chain.unreachable");
    expect(statuses()).to.deep.equal(["signed", "planned", "planned"]);
    await directly();
  });

  describe("a transaction", () => {
    it("that the node forgets is sent again, byte for byte", async () => {
      const sent: unknown[] = [];
      proxy.behave = async ({ method, params, count }) => {
        if (method !== "eth_sendRawTransaction") return forward;
        sent.push(params[0]);
        if (count > 0) return forward;
        await node.rpc("evm_setAutomine", false);
        return {
          kind: "forward",
          change: async (hash) => {
            await node.rpc("anvil_dropTransaction", hash);
            await node.rpc("evm_setAutomine", true);
            return hash;
          },
        };
      };
      await through();
      expect(sent[1]).to.equal(sent[0]);
      await expectExactlyOnce(world, vault);
    });

    it("that is never mined is outbid with the same nonce", async () => {
      const sent: Transaction[] = [];
      proxy.behave = async ({ method, params }) => {
        if (method !== "eth_sendRawTransaction") return forward;
        sent.push(Transaction.from(String(params[0])));
        await node.rpc("evm_setAutomine", sent.length > 1);
        return forward;
      };
      await through();
      expect(sent[1]!.nonce).to.equal(sent[0]!.nonce);
      expect(sent[1]!.maxFeePerGas! * 8n >= sent[0]!.maxFeePerGas! * 9n).to.equal(true);
      await expectExactlyOnce(world, vault);
    });

    it("that is outbid and mined all the same is recognised", async () => {
      let first: unknown;
      proxy.behave = async ({ method, params, count }) => {
        if (method !== "eth_sendRawTransaction") return forward;
        if (count === 0) first = params[0];
        if (count === 1) {
          // The node mines the first one while the second is on its way.
          await node.rpc("evm_setAutomine", true);
          await node.rpc("evm_mine");
          expect(params[0]).to.not.equal(first);
        }
        return forward;
      };
      await node.rpc("evm_setAutomine", false);
      await through();
      expect(vault.plan(0).transaction!.hash).to.equal(Transaction.from(String(first)).hash);
      await expectExactlyOnce(world, vault);
    });

    it("that is never mined at all is reported in the end, and the next run finishes", async () => {
      await node.rpc("evm_setAutomine", false);
      const settings = {
        agencyId: world.agencyId,
        finalityBlocks: 0,
        patience: { ...hasty, stuckMs: 100, giveUpMs: 1_500 },
      };
      const error = await failure(() => through({ settings }));
      expect(error.code).to.equal("chain.not-mined");
      await node.rpc("evm_setAutomine", true);
      await node.rpc("evm_mine");
      await directly();
    });

    it("whose nonce was taken by another transaction of the key is signed anew", async () => {
      const operator = world.operators[0];
      proxy.behave = async ({ method, count }) => {
        if (method !== "eth_sendRawTransaction" || count > 0) return forward;
        await useNonce();
        return forward;
      };
      const useNonce = async (): Promise<void> => {
        const { chain } = world;
        const nonce = await chain.nonce(operator.address);
        const fees = {
          type: 2,
          maxFeePerGas: 10n ** 11n,
          maxPriorityFeePerGas: 10n ** 9n,
          gasLimit: 21_000n,
        };
        await chain.broadcast(
          await operator.sign({ ...fees, chainId: chain.chainId, to: operator.address, nonce }),
        );
      };
      await through();
      await expectExactlyOnce(world, vault);
    });

    it("that is mined and reverts, because somebody was faster, is signed anew for the next place", async () => {
      const other = await (await homeOf(world, 1)).writeVault({ command: "test" });
      await planRows(world, other, permits(100, 105));
      proxy.behave = async ({ method, count }) => {
        if (method !== "eth_sendRawTransaction" || count > 0) return forward;
        await anchor(world, other, { operator: 1 });
        return forward;
      };
      const notices = (await through()).notices.map(({ code }) => code);
      expect(notices).to.deep.equal(["anchoring.reopened"]);
      await expectExactlyOnce(world, vault, other);
      await other.close();
    });

    it("for which the estimate was too low gets a higher limit", async () => {
      proxy.behave = ({ method, count }) =>
        method === "eth_estimateGas" && count === 0 ? { kind: "result", result: "0xc350" } : forward;
      await through();
      await expectExactlyOnce(world, vault);
    });

    it("for which the account cannot pay is reported with account and balance", async () => {
      const { address } = world.operators[0];
      await node.rpc("anvil_setBalance", address, "0x64");
      const error = await failure(() => through());
      expect(error.code).to.equal("chain.funds");
      expect(error.message).to.include(address).and.include("it has 100 wei");
      await node.rpc("anvil_setBalance", address, "0x0");
      expect((await failure(() => through())).code).to.equal("chain.funds");
      await node.rpc("anvil_setBalance", address, "0xde0b6b3a7640000");
      await directly();
    });
  });

  describe("refusals in the words of other nodes", () => {
    const refusals: [string, number][] = [
      ["already known", 0],
      ["Known transaction", 0],
      ["nonce too low", 0],
      ["Nonce too low", 0],
      ["transaction underpriced", 0],
      ["replacement transaction underpriced", 0],
      ["max fee per gas less than block base fee: address 0x…", 0],
      ["Gas price below configured minimum gas price", 0],
    ];
    for (const [message] of refusals)
      it(`understands: ${message}`, async () => {
        proxy.behave = ({ method, count }) =>
          method === "eth_sendRawTransaction" && count === 0
            ? { kind: "error", code: -32000, message }
            : forward;
        await through();
        await expectExactlyOnce(world, vault);
      });

    const final: [string, string, RegExp][] = [
      ["Upfront cost exceeds account balance", "chain.funds", /cannot pay/],
      ["exceeds block gas limit", "gas.too-much", /more gas than fits into a block/],
      ["only replay-protected frobnication allowed", "chain.refused", /frobnication/],
    ];
    for (const [message, code, words] of final)
      it(`reports: ${message}`, async () => {
        proxy.behave = ({ method }) =>
          method === "eth_sendRawTransaction" ? { kind: "error", code: -32000, message } : forward;
        const error = await failure(() => through());
        expect(error.code).to.equal(code);
        expect(error.message).to.match(words);
        await directly();
      });
  });

  it("advises smaller batches when the leaves do not fit into a block, and the root is a way out", async () => {
    const big = await (await homeOf(world, 1)).writeVault({ command: "test" });
    await planRows(world, big, permits(100, 400), { mode: "leaves", batchSize: 300 });
    const limit = (await world.chain.block("latest"))!.gasLimit;
    await node.rpc("evm_setBlockGasLimit", "0x30000");
    await node.rpc("evm_mine");
    const error = await failure(() => anchor(world, big, { operator: 1 }));
    expect(error.code).to.equal("gas.too-much");
    expect(error.hint).to.match(/--batch-size/);
    const settings = { agencyId: world.agencyId, finalityBlocks: 0, patience: hasty, rootOnly: true };
    await anchor(world, big, { operator: 1, settings });
    await anchor(world, vault);
    await expectExactlyOnce(world, big, vault);
    await node.rpc("evm_setBlockGasLimit", `0x${limit.toString(16)}`);
    await big.close();
  });

  describe("a node that lies", () => {
    const tamper =
      (method: string, change: (result: never) => unknown) =>
      (call: ProxiedCall): Behaviour =>
        call.method === method
          ? { kind: "forward", change: (result) => (result === null ? null : change(result as never)) }
          : forward;

    it("about its chain in the middle is noticed before anything is recorded", async () => {
      let id = "0x7a69";
      proxy.behave = ({ method }) => {
        if (method === "eth_sendRawTransaction") id = "0x1";
        return method === "eth_chainId" ? { kind: "result", result: id } : forward;
      };
      expect((await failure(() => through())).code).to.equal("chain.wrong-chain");
      expect(statuses()).to.deep.equal(["sent", "planned", "planned"]);
      await directly();
    });

    it("about an event's emitter, topic or arguments is not believed", async () => {
      type Receipts = { logs: { address: string; topics: string[]; data: string }[] };
      const flip = (hex: string, at: number): string =>
        hex.slice(0, at) + (hex[at] === "0" ? "1" : "0") + hex.slice(at + 1);
      const lies: ((receipt: Receipts) => unknown)[] = [
        (receipt) => ({ ...receipt, logs: [] }),
        (receipt) => ({
          ...receipt,
          logs: receipt.logs.map((log) => ({ ...log, address: flip(log.address, 9) })),
        }),
        ...[0, 1, 2, 3].map((topic) => (receipt: Receipts) => ({
          ...receipt,
          logs: receipt.logs.map((log) => ({
            ...log,
            topics: log.topics.map((text, i) => (i === topic ? flip(text, 65) : text)),
          })),
        })),
        // size, previous, root, manifestHash
        ...[65, 2 + 64 * 2, 2 + 64 * 3, 2 + 64 * 4].map((at) => (receipt: Receipts) => ({
          ...receipt,
          logs: receipt.logs.map((log) => ({ ...log, data: flip(log.data, at) })),
        })),
      ];
      for (const lie of lies) {
        proxy.behave = tamper("eth_getTransactionReceipt", lie);
        expect((await failure(() => through())).code, String(lie)).to.equal("registry.no-effect");
        expect(statuses()[0]).to.equal("sent");
        // What was mined is found in the history, so the next lie needs a clean start.
        await node.rpc("evm_revert", snapshot);
        snapshot = await node.rpc("evm_snapshot");
        vault.recordUnsigned(0);
      }
      await directly();
    });

    it("about the time of a batch is not believed: the hash of the header differs", async () => {
      type Receipts = { logs: { data: string }[] };
      proxy.behave = tamper("eth_getTransactionReceipt", (receipt: Receipts) => ({
        ...receipt,
        logs: receipt.logs.map((log) => ({
          ...log,
          data: `${log.data.slice(0, 129)}f${log.data.slice(130)}`,
        })),
      }));
      expect((await failure(() => through())).code).to.equal("registry.contradiction");
      expect(statuses()[0]).to.equal("sent");
      await directly();
    });

    it("about a transaction's hash is not believed", async () => {
      proxy.behave = tamper("eth_sendRawTransaction", () => `0x${"11".repeat(32)}`);
      expect((await failure(() => through())).code).to.equal("chain.garbage");
      await directly();
    });

    it("with the receipt of another transaction is not believed", async () => {
      proxy.behave = tamper("eth_getTransactionReceipt", (receipt: object) => ({
        ...receipt,
        transactionHash: `0x${"11".repeat(32)}`,
      }));
      expect((await failure(() => through())).code).to.equal("chain.garbage");
      await directly();
    });

    it("that hides the event of a batch it has the hash of is reported", async () => {
      const other = await (await homeOf(world, 1)).writeVault({ command: "test" });
      await planRows(world, other, permits(100, 105));
      await anchor(world, other, { operator: 1 });
      proxy.behave = tamper("eth_getLogs", () => []);
      expect((await failure(() => through())).code).to.equal("registry.no-event");
      await anchor(world, vault);
      await expectExactlyOnce(world, vault, other);
      await other.close();
    });

    it("about a status move is not believed", async () => {
      await anchor(world, vault, { what: "all", settings: { agencyId: world.agencyId, finalityBlocks: 0 } });
      await planRows(world, vault, permits(5, 8, 1));
      const moved: AnchoringProgress[] = [];
      let moves = false;
      proxy.behave = ({ method }) =>
        moves && method === "eth_getTransactionReceipt"
          ? {
              kind: "forward",
              change: (receipt) => (receipt === null ? null : { ...(receipt as object), logs: [] }),
            }
          : forward;
      const onProgress = (progress: AnchoringProgress): void => {
        moves ||= progress.kind === "move-signed";
        if (progress.kind === "moved") moved.push(progress);
      };
      expect((await failure(() => through({ onProgress }))).code).to.equal("registry.no-effect");
      expect(moved).to.deep.equal([]);
      await directly();
    });
  });
});
