import { expect } from "chai";
import { type ChainSettings, connectChain } from "../../src/chain";
import { CreditAnchorError } from "../../src/errors";
import { detectFeePolicy, suggestFees } from "../../src/fees";
import { RpcError } from "../../src/rpc";
import {
  type FaultProxy,
  forward,
  freePort,
  startAnvil,
  startProxy,
  type TestChain,
} from "../support/chains";
import { failure } from "../support/failure";

/** Emits an empty log for every call: PUSH1 0 PUSH1 0 LOG0. */
const emitter = "0x00000000000000000000000000000000000e0e0e";

describe("chain", () => {
  let anvil: TestChain;
  let proxy: FaultProxy;
  let settings: ChainSettings;

  before(async () => {
    anvil = await startAnvil();
    proxy = await startProxy(anvil.url);
    await anvil.rpc("anvil_setCode", emitter, "0x60006000a0");
  });
  beforeEach(() => {
    proxy.behave = () => forward;
    settings = { urls: [proxy.url], retries: 2, backoffMs: 5, timeoutMs: 1_000, pollMs: 20 };
  });
  after(async () => {
    await proxy.stop();
    await anvil.stop();
  });

  const failing = (change: Partial<ChainSettings> = {}): Promise<CreditAnchorError> =>
    failure(async () => (await connectChain({ ...settings, ...change })).blockNumber());

  describe("connecting", () => {
    it("learns the chain id from the node", async () => {
      expect((await connectChain(settings)).chainId).to.equal(31337);
    });

    it("refuses a node of another chain, and says which is which", async () => {
      const error = await failing({ chainId: 1 });
      expect(error.code).to.equal("chain.wrong-chain");
      expect(error.message).to.match(/serves chain 31337, expected is chain 1$/);
    });

    it("refuses an address that is no URL, or of another protocol, or none at all", async () => {
      for (const urls of [["127.0.0.1"], ["ws://127.0.0.1:1"], []])
        expect((await failing({ urls })).code).to.equal("chain.url");
    });

    it("says that nobody listens", async () => {
      const port = await freePort();
      const error = await failing({ urls: [`http://127.0.0.1:${port}`] });
      expect(error.code).to.equal("chain.unreachable");
      expect(error.message).to.equal(`node 127.0.0.1:${port} cannot be reached (ECONNREFUSED)`);
      expect(error.exitStatus).to.equal(70);
    });

    it("says that the node is silent", async () => {
      proxy.behave = () => ({ kind: "swallow" });
      const error = await failing({ timeoutMs: 30, retries: 1 });
      expect(error.code).to.equal("chain.silent");
      expect(error.message).to.match(/did not answer eth_chainId within 30 ms$/);
    });

    it("never shows the credentials in an address", async () => {
      const port = await freePort();
      const address = `http://maria:hunter2@127.0.0.1:${port}/v3/0123456789abcdef?token=s3cret`;
      const error = await failing({ urls: [address] });
      expect(JSON.stringify([error.message, error.hint, error.stack, error.cause])).not.to.match(
        /maria|hunter2|0123456789abcdef|s3cret/,
      );
    });

    it("sends the credentials in an address as basic authorization", async () => {
      const url = proxy.url.replace("//", "//maria:hunter2@");
      expect((await connectChain({ ...settings, urls: [url] })).chainId).to.equal(31337);
    });
  });

  describe("a node in trouble", () => {
    const troubles = {
      "answers HTTP 500": { kind: "http", status: 500 },
      "answers HTTP 429": { kind: "http", status: 429 },
      "answers a web page": { kind: "http", status: 200, body: "<html>hello</html>" },
      "answers without result and error": { kind: "http", status: 200, body: '{"jsonrpc":"2.0","id":1}' },
      "closes the connection": { kind: "drop" },
      "limits the rate": { kind: "error", code: -32005, message: "Too Many Requests" },
    } as const;
    for (const [name, behaviour] of Object.entries(troubles)) {
      it(`is asked again when it ${name}, and the answer then counts`, async () => {
        let attempts = 0;
        proxy.behave = () => (++attempts < 3 ? behaviour : forward);
        expect((await connectChain(settings)).chainId).to.equal(31337);
        expect(attempts).to.equal(3);
      });

      it(`is reported when it always ${name}`, async () => {
        proxy.behave = () => behaviour;
        const error = await failing({ retries: 1 });
        expect(error.code).to.match(/^chain\.(http|garbage|unreachable)$/);
        expect(error.message).to.match(/^node 127\.0\.0\.1:[0-9]+ /);
      });
    }

    it("is not asked again when it refuses, and its words are passed on", async () => {
      const chain = await connectChain(settings);
      proxy.behave = () => ({ kind: "error", code: -32000, message: "not\n today\u001b[31m" });
      const before = proxy.calls.length;
      const error = await failure(() => chain.blockNumber());
      expect(error).to.be.instanceOf(RpcError);
      expect(error.message).to.match(/refused eth_blockNumber: not today \[31m \(code -32000\)$/);
      expect(proxy.calls.length - before).to.equal(1);
    });

    it("is believed when it refuses with an HTTP error status", async () => {
      const chain = await connectChain(settings);
      const body = '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}';
      proxy.behave = () => ({ kind: "http", status: 400, body });
      expect(await failure(() => chain.blockNumber())).to.be.instanceOf(RpcError);
    });

    it("is replaced by the next address, for good while that one works", async () => {
      const dead = `http://127.0.0.1:${await freePort()}`;
      const chain = await connectChain({ ...settings, urls: [dead, proxy.url] });
      expect(await chain.blockNumber()).to.be.a("number");
      expect(chain.node).to.equal(new URL(proxy.url).host);
    });

    it("does not get a second request that could act twice", async () => {
      const chain = await connectChain(settings);
      proxy.behave = () => ({ kind: "drop" });
      const before = proxy.calls.length;
      await failure(() => chain.send("evm_mine", []));
      expect(proxy.calls.length - before).to.equal(1);
    });

    it("gets nothing but questions over a connection that only reads", async () => {
      const chain = await connectChain({ ...settings, readOnly: true });
      expect(await chain.blockNumber()).to.be.a("number");
      const asked: string[] = [];
      proxy.behave = (request) => {
        asked.push(request.method);
        return forward;
      };
      const refused = await failure(() => chain.broadcast("0x00"));
      expect(refused.code).to.equal("chain.read-only");
      expect((await failure(() => chain.send("evm_mine", []))).code).to.equal("chain.read-only");
      expect(asked).to.deep.equal([]);
    });

    it("is noticed when it serves another chain in the middle", async () => {
      const chain = await connectChain(settings);
      proxy.behave = () => ({ kind: "result", result: "0x1" });
      expect((await failure(() => chain.checkChainId())).code).to.equal("chain.wrong-chain");
    });

    it("is not believed when its answers have the wrong shape", async () => {
      const chain = await connectChain(settings);
      const hash = `0x${"11".repeat(32)}`;
      for (const result of [
        {},
        [],
        "0x",
        "latest",
        7,
        true,
        { number: "0x1" },
        `0x${"f".repeat(64)}`,
        [null],
      ]) {
        proxy.behave = () => ({ kind: "result", result });
        for (const read of [
          () => chain.blockNumber(),
          () => chain.block("latest"),
          () => chain.receipt(hash),
          () => chain.transaction(hash),
          () => chain.broadcast("0x00"),
        ]) {
          const error = await failure(async () => {
            const value = await read();
            // A lone 32-byte word is a well-formed transaction hash: all that can be asked of it here.
            if (value === `0x${"f".repeat(64)}`) throw new CreditAnchorError("chain.garbage", "");
          });
          expect(error.code, JSON.stringify(result)).to.equal("chain.garbage");
        }
      }
    });

    it("stops being asked when the caller gives up", async () => {
      const stop = new AbortController();
      proxy.behave = () => ({ kind: "swallow" });
      setTimeout(() => stop.abort(), 30);
      const started = Date.now();
      expect((await failing({ signal: stop.signal, timeoutMs: 20_000 })).code).to.equal("cancelled");
      expect(Date.now() - started).to.be.lessThan(2_000);
    });
  });

  describe("reading", () => {
    it("gives blocks with their time in seconds, on chains that count milliseconds too", async () => {
      const chain = await connectChain(settings);
      const block = (await chain.block("latest"))!;
      expect(block.time).to.equal(block.timestamp);
      proxy.behave = () => ({
        kind: "forward",
        change: (result) => ({ ...(result as object), timestamp: `0x${(1_780_000_000_123).toString(16)}` }),
      });
      expect((await chain.block("latest"))!.time).to.equal(1_780_000_000);
    });

    it("has no block from the future, no receipt and no transaction that never was", async () => {
      const chain = await connectChain(settings);
      const hash = `0x${"11".repeat(32)}`;
      expect(await chain.block(1_000_000)).to.equal(undefined);
      expect(await chain.receipt(hash)).to.equal(undefined);
      expect(await chain.transaction(hash)).to.equal(undefined);
    });

    it("reads again when the block it reads at is reorganised away", async () => {
      await anvil.rpc("anvil_mine", "0x2");
      const chain = await connectChain(settings);
      const seen: string[] = [];
      const value = await chain.pinned(async (block) => {
        seen.push(block.hash);
        if (seen.length === 1) await anvil.rpc("anvil_reorg", 1, []);
        return block.hash;
      });
      expect(seen).to.have.length(2);
      expect(value).to.equal(seen[1]);
      expect(seen[0]).not.to.equal(seen[1]);
    });

    it("gives up on a block that never stands still", async () => {
      const chain = await connectChain(settings);
      const change = (result: unknown): unknown => ({
        ...(result as object),
        hash: `0x${Math.random().toString(16).slice(2).padEnd(64, "0").slice(0, 64)}`,
      });
      proxy.behave = () => ({ kind: "forward", change });
      expect((await failure(() => chain.pinned(async () => 1))).code).to.equal("chain.unstable");
    });

    it("carries ethers on the same connection, without its caches", async () => {
      const { provider } = await connectChain(settings);
      const before = await provider.getBlockNumber();
      await anvil.rpc("evm_mine");
      expect(await provider.getBlockNumber()).to.equal(before + 1);
    });
  });

  describe("logs", () => {
    let first: number;
    let last: number;

    before(async () => {
      const [from] = (await anvil.rpc("eth_accounts")) as string[];
      first = Number(await anvil.rpc("eth_blockNumber")) + 1;
      for (let i = 0; i < 40; i++) await anvil.rpc("eth_sendTransaction", { from, to: emitter });
      last = Number(await anvil.rpc("eth_blockNumber"));
    });

    const allBlocks = async (change: Partial<ChainSettings>): Promise<number[]> => {
      const chain = await connectChain({ ...settings, ...change });
      const blocks: number[] = [];
      for await (const page of chain.logs({ address: emitter, fromBlock: 0, toBlock: last }))
        blocks.push(...page.map((log) => log.blockNumber));
      return blocks;
    };
    const expected = (): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

    it("come in order and complete, whatever the size of the pages", async () => {
      for (const logSpan of [1, 3, 7, 1_000]) expect(await allBlocks({ logSpan })).to.deep.equal(expected());
    });

    it("are asked for in smaller pages when the node refuses large ones", async () => {
      let most = 0;
      proxy.behave = ({ method, params }) => {
        if (method !== "eth_getLogs") return forward;
        const [{ fromBlock, toBlock }] = params as [{ fromBlock: string; toBlock: string }];
        const blocks = Number(toBlock) - Number(fromBlock) + 1;
        if (blocks > 5) return { kind: "error", code: -32005, message: "query returned more than 5 results" };
        most = Math.max(most, blocks);
        return forward;
      };
      expect(await allBlocks({})).to.deep.equal(expected());
      expect(most).to.be.within(2, 5);
    });

    it("are asked for in smaller pages when the node chokes on large ones", async () => {
      proxy.behave = ({ method, params }) => {
        const [filter] = params as [{ fromBlock: string; toBlock: string }];
        const wide = method === "eth_getLogs" && Number(filter.toBlock) - Number(filter.fromBlock) >= 16;
        return wide ? { kind: "http", status: 413 } : forward;
      };
      expect(await allBlocks({})).to.deep.equal(expected());
    });

    it("end with the node's refusal when it refuses a single block", async () => {
      const chain = await connectChain(settings);
      proxy.behave = ({ method }) =>
        method === "eth_getLogs" ? { kind: "error", code: -32000, message: "logs are pruned" } : forward;
      const error = await failure(async () => {
        for await (const page of chain.logs({ address: emitter, fromBlock: 0, toBlock: last })) void page;
      });
      expect(error.message).to.match(/logs are pruned/);
    });

    it("of another contract, another block or out of order are not believed", async () => {
      const chain = await connectChain(settings);
      const lies: ((logs: { address: string; blockNumber: string }[]) => unknown)[] = [
        (logs) => logs.map((log) => ({ ...log, address: `0x${"22".repeat(20)}` })),
        (logs) => logs.map((log) => ({ ...log, blockNumber: "0xffff" })),
        (logs) => [...logs].reverse(),
        (logs) => [logs[0], ...logs],
      ];
      for (const lie of lies) {
        proxy.behave = ({ method }) =>
          method === "eth_getLogs" ? { kind: "forward", change: (logs) => lie(logs as never) } : forward;
        const error = await failure(async () => {
          for await (const page of chain.logs({ address: emitter, fromBlock: first, toBlock: last }))
            void page;
        });
        expect(error.code).to.equal("chain.garbage");
      }
    });
  });

  describe("fees", () => {
    const withHead = (head: object, gasPrice = "0x7"): void => {
      proxy.behave = ({ method }) => {
        if (method === "eth_gasPrice") return { kind: "result", result: gasPrice };
        if (method !== "eth_getBlockByNumber") return forward;
        return { kind: "forward", change: (block) => ({ ...(block as object), ...head }) };
      };
    };

    it("are those of EIP-1559 where there is a base fee: twice it, and the tip", async () => {
      withHead({ baseFeePerGas: "0x64" });
      const chain = await connectChain(settings);
      const fees = await suggestFees(chain, { maxPriorityFeePerGasWei: "3" });
      expect(fees).to.deep.equal({ type: 2, maxFeePerGas: 203n, maxPriorityFeePerGas: 3n });
    });

    it("are nothing at all where the base fee is zero", async () => {
      withHead({ baseFeePerGas: "0x0" });
      const chain = await connectChain(settings);
      expect(await detectFeePolicy(chain)).to.equal("free");
      expect(await suggestFees(chain)).to.deep.equal({ type: 0, gasPrice: 0n });
    });

    it("are the node's price in a legacy transaction where there is no base fee", async () => {
      withHead({ baseFeePerGas: null });
      const chain = await connectChain(settings);
      expect(await suggestFees(chain)).to.deep.equal({ type: 0, gasPrice: 7n });
      expect(await suggestFees(chain, { gasPriceWei: "9" })).to.deep.equal({ type: 0, gasPrice: 9n });
      expect((await failure(() => suggestFees(chain, { policy: "eip1559" }))).code).to.equal(
        "chain.no-base-fee",
      );
    });

    it("follow the settings against the chain", async () => {
      const chain = await connectChain(settings);
      expect(await suggestFees(chain, { policy: "free" })).to.deep.equal({ type: 0, gasPrice: 0n });
      expect((await suggestFees(chain, { policy: "legacy" })).type).to.equal(0);
      expect(
        (await failure(() => suggestFees(chain, { policy: "legacy", gasPriceWei: "1e9" }))).code,
      ).to.equal("settings.wei");
    });

    it("outbid a waiting transaction by an eighth at least", async () => {
      withHead({ baseFeePerGas: "0x64" });
      const chain = await connectChain(settings);
      const waiting = { type: 2, maxFeePerGas: 801n, maxPriorityFeePerGas: 80n } as const;
      const fees = await suggestFees(chain, { maxPriorityFeePerGasWei: "3" }, waiting);
      expect(fees).to.deep.equal({ type: 2, maxFeePerGas: 902n, maxPriorityFeePerGas: 90n });
    });
  });
});
