import { expect } from "chai";
import { Transaction } from "ethers";
import { anchorPending } from "../../src/anchoring";
import type { Home } from "../../src/home";
import {
  type Behaviour,
  type FaultProxy,
  forward,
  type ProxiedCall,
  startAnvil,
  startProxy,
  type TestChain,
} from "../support/chains";
import { bundled } from "../support/bundle";
import { startChild } from "../support/children";
import { permits, removeFolders } from "../support/homes";
import { anchor, expectExactlyOnce, homeOf, planRows, startWorld, type World } from "../support/world";
import { registryInterface } from "../../src/interfaces";

/** Corrections of what was anchored before, and new permits: four batches, the first two supersede. */
const work = {
  rows: [
    [5, 25, 1],
    [30, 50, 0],
  ],
  batchSize: 10,
  finalityBlocks: 0,
};

type Decide = (call: ProxiedCall, kill: () => Promise<void>) => Promise<Behaviour | undefined>;

const callOf = (raw: unknown): string =>
  registryInterface.parseTransaction({ data: Transaction.from(String(raw)).data })!.name;
const isMove = (data: unknown): boolean =>
  registryInterface.parseTransaction({ data: String(data) })?.name === "supersede";

/** Where the process is killed, told by what it asks the node for. */
const points: Record<string, Decide> = {
  "before planning": async ({ method }, kill) => {
    if (method === "eth_chainId") await kill();
    return undefined;
  },
  "after planning": async ({ method }, kill) => {
    if (method === "eth_estimateGas") await kill();
    return undefined;
  },
  "after signing": async ({ method }, kill) => {
    if (method !== "eth_sendRawTransaction") return undefined;
    await kill();
    return { kind: "drop" };
  },
  "after sending, before mining": async ({ method, count }, kill) => {
    if (method === "eth_estimateGas" && count === 0) await node.rpc("evm_setAutomine", false);
    if (method === "eth_getTransactionReceipt") await kill();
    return undefined;
  },
  "after mining": async ({ method }, kill) => {
    if (method !== "eth_getTransactionReceipt") return undefined;
    return { kind: "forward", change: async (receipt) => (receipt !== null && (await kill()), receipt) };
  },
  "between batches": async ({ method, count }, kill) => {
    if (method === "eth_estimateGas" && count === 1) await kill();
    return undefined;
  },
  "after signing a later batch": async ({ method, count }, kill) => {
    if (method !== "eth_sendRawTransaction" || count !== 2) return undefined;
    await kill();
    return { kind: "drop" };
  },
  "before signing a supersession": async ({ method, params }, kill) => {
    if (method === "eth_estimateGas" && isMove((params[0] as { data: string }).data)) await kill();
    return undefined;
  },
  "after signing a supersession": async ({ method, params }, kill) => {
    if (method !== "eth_sendRawTransaction" || callOf(params[0]) !== "supersede") return undefined;
    await kill();
    return { kind: "drop" };
  },
  "after sending a supersession": async ({ method, params }, kill) => {
    if (method !== "eth_sendRawTransaction" || callOf(params[0]) !== "supersede") return undefined;
    return { kind: "forward", change: async (hash) => (await kill(), hash) };
  },
  "between supersessions": async ({ method, params }, kill) => {
    if (method !== "eth_sendRawTransaction" || callOf(params[0]) !== "supersede") return undefined;
    if (++supersessions === 2) await kill();
    return undefined;
  },
};

let node: TestChain;
let supersessions = 0;
let script: string;

describe("anchoring, killed", function () {
  let world: World;
  let proxy: FaultProxy;
  let home: Home;
  let snapshot: unknown;

  before(async () => {
    script = bundled("anchor-child.ts");
    node = await startAnvil();
    world = await startWorld(node);
    proxy = await startProxy(node.url);
  });
  beforeEach(async () => {
    snapshot = await node.rpc("evm_snapshot");
    supersessions = 0;
    home = await homeOf(world, 0, proxy.url);
    const vault = await home.writeVault({ command: "test" });
    await planRows(world, vault, permits(0, 30), { batchSize: 10 });
    await anchor(world, vault);
    await vault.close();
  });
  afterEach(async () => {
    await node.rpc("evm_setAutomine", true);
    await node.rpc("evm_revert", snapshot);
  });
  after(async () => {
    removeFolders();
    await proxy.stop();
    await node.stop();
  });

  const start = () => startChild(script, [home.dir, JSON.stringify(work)]);

  async function runAndKill(decide: Decide): Promise<void> {
    const child = start();
    let killed = false;
    const kill = async (): Promise<void> => {
      killed = true;
      child.process.kill("SIGKILL");
      await child.ended;
    };
    proxy.behave = async (call) => {
      if (killed) return { kind: "drop" };
      return (await decide(call, kill)) ?? (killed ? { kind: "drop" } : forward);
    };
    expect(await child.ended, JSON.stringify(child.said.at(-1)) + child.stderr()).to.equal("SIGKILL");
    proxy.behave = () => forward;
    await node.rpc("evm_setAutomine", true);
  }

  async function finish(): Promise<void> {
    const child = start();
    expect(await child.ended, JSON.stringify(child.said.at(-1)) + child.stderr()).to.equal(0);
    const vault = await home.readVault();
    expect(
      [...vault.plans()].reduce((sum, plan) => sum + plan.size, 0),
      "records planned",
    ).to.equal(70);
    await expectExactlyOnce(world, vault);
    await vault.close();
  }

  for (const [name, decide] of Object.entries(points))
    it(`${name}: the next run of the same command finishes, nothing is lost and nothing doubled`, async () => {
      await runAndKill(decide);
      await finish();
    });

  it("again and again, at whatever request comes next: it gets there all the same", async () => {
    for (let round = 1; round <= 6; round++) {
      let calls = 0;
      // Each time a little later, and every other time after the node did as it was told.
      await runAndKill(async (_call, kill) => {
        if (++calls !== 4 + 7 * round) return undefined;
        if (round % 2 === 1) {
          await kill();
          return { kind: "drop" };
        }
        return { kind: "forward", change: async (result) => (await kill(), result) };
      });
    }
    await finish();
  });

  it("is continued without the input file, as resume does", async () => {
    await runAndKill(points["after signing"]!);
    const vault = await home.writeVault({ command: "resume", waitMs: 5_000 });
    await anchorPending({
      vault,
      registry: world.registry,
      signer: await home.signer(),
      settings: { agencyId: world.agencyId, finalityBlocks: 0 },
    });
    await expectExactlyOnce(world, vault);
    await vault.close();
  });
});
