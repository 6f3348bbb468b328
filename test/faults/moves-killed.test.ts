import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Transaction } from "ethers";
import { decodeSpans, indexesOf } from "../../src/positions";
import { registryInterface, statusesOf } from "../../src/registry-views";
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
import { expectRun, json, start } from "../support/cli";
import { permit, permits, removeFolders, temporaryFolder } from "../support/homes";
import { anchor, homeOf, planRows, startWorld, type World } from "../support/world";

/** Two calls: 256 and 44. */
const RECORDS = 300;

type Decide = (call: ProxiedCall, kill: () => Promise<void>) => Promise<Behaviour | undefined>;

const isRepair = (data: unknown): boolean =>
  registryInterface.parseTransaction({ data: String(data) })?.name === "repair";
const sent = ({ method, params }: ProxiedCall): boolean =>
  method === "eth_sendRawTransaction" && isRepair(Transaction.from(String(params[0])).data);

/** Where the command is killed, told by what it asks the node for. */
const points: Record<string, Decide> = {
  "before planning": async ({ method }, kill) => {
    if (method === "eth_getBlockByNumber") await kill();
    return undefined;
  },
  "after planning": async ({ method, params }, kill) => {
    if (method === "eth_estimateGas" && isRepair((params[0] as { data: string }).data)) await kill();
    return undefined;
  },
  "after signing": async (call, kill) => {
    if (!sent(call)) return undefined;
    await kill();
    return { kind: "drop" };
  },
  "after sending": async (call, kill) => {
    if (!sent(call)) return undefined;
    return { kind: "forward", change: async (hash) => (await kill(), hash) };
  },
  "after mining": async ({ method }, kill) => {
    if (method !== "eth_getTransactionReceipt") return undefined;
    return { kind: "forward", change: async (receipt) => (receipt !== null && (await kill()), receipt) };
  },
};

describe("a bulk move, killed", function () {
  this.timeout(90_000);
  let node: TestChain;
  let world: World;
  let proxy: FaultProxy;
  let home: Home;
  let command: string[];
  let snapshot: unknown;

  before(async () => {
    node = await startAnvil();
    world = await startWorld(node);
    proxy = await startProxy(node.url);
  });
  beforeEach(async () => {
    snapshot = await node.rpc("evm_snapshot");
    proxy.behave = () => forward;
    home = await homeOf(world, 0, proxy.url);
    const vault = await home.writeVault({ command: "test" });
    await planRows(world, vault, permits(0, RECORDS));
    await anchor(world, vault);
    await vault.close();
    const file = join(temporaryFolder(), "granted.ndjson");
    const keys = Array.from({ length: RECORDS }, (_, n) => {
      const { permitNumber, holderNumber } = permit(n);
      return JSON.stringify({ permitNumber, holderNumber });
    });
    writeFileSync(file, `${keys.join("\n")}\n`);
    command = ["repair", "--file", file, "--until", "anchored", "--home", home.dir];
  });
  afterEach(() => node.rpc("evm_revert", snapshot));
  after(async () => {
    removeFolders();
    await proxy.stop();
    await node.stop();
  });

  async function runAndKill(decide: Decide): Promise<void> {
    const { child, ended } = start(command);
    let killed = false;
    const kill = async (): Promise<void> => {
      killed = true;
      child.kill("SIGKILL");
      await ended;
    };
    proxy.behave = async (call) => {
      if (killed) return { kind: "drop" };
      return (await decide(call, kill)) ?? (killed ? { kind: "drop" } : forward);
    };
    const { status, stderr } = await ended;
    expect(killed, `it ended by itself: ${stderr}`).to.equal(true);
    expect(status).to.equal(null);
    proxy.behave = () => forward;
  }

  /** Every record is repaired, by exactly one event, and the vault knows it. */
  async function expectOnce(): Promise<void> {
    const all = Array.from({ length: RECORDS }, (_, i) => i);
    expect(new Set(await statusesOf(world.registry, world.agencyId, 0, all))).to.deep.equal(new Set([3]));
    const topics = [registryInterface.getEvent("StatusChanged").topicHash];
    const moved: number[] = [];
    for await (const page of world.chain.logs({
      address: world.registry.address,
      topics,
      fromBlock: 0,
      toBlock: await world.chain.blockNumber(),
    }))
      for (const log of page) {
        const { positions } = registryInterface.decodeEventLog("StatusChanged", log.data, [...log.topics]);
        moved.push(...indexesOf(decodeSpans(String(positions))));
      }
    expect(moved.sort((a, b) => a - b)).to.deep.equal(all);
    const vault = await home.readVault();
    const positions = [...vault.moves()].flatMap((move) => move.positions);
    expect(positions.sort((a, b) => a - b)).to.deep.equal(all);
    await vault.close();
  }

  for (const [name, decide] of Object.entries(points))
    it(`${name}: the same command finishes, nothing is done twice`, async () => {
      await runAndKill(decide);
      await expectRun(0, command);
      await expectOnce();
      expect(await json(command)).to.include({ repaired: 0, already: RECORDS });
    });

  it("is finished by resume as well", async () => {
    await runAndKill(points["after signing"]!);
    await expectRun(0, ["resume", "--until", "anchored", "--home", home.dir]);
    await expectOnce();
  });
});
