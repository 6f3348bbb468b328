import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Transaction } from "ethers";
import { type Home, openHome } from "../../src/home";
import { decodeSpans, indexesOf } from "../../src/positions";
import { statusesOf } from "../../src/registry-views";
import {
  type Behaviour,
  type FaultProxy,
  forward,
  type ProxiedCall,
  startAnvil,
  startProxy,
  type TestChain,
} from "../support/chains";
import { expectRun, type RunOptions, start } from "../support/cli";
import { permit, permits, removeFolders, rowsFile, temporaryFolder } from "../support/homes";
import { TYPE } from "../support/samples";
import {
  account,
  anchor,
  expectExactlyOnce,
  homeOf,
  planRows,
  startWorld,
  type World,
} from "../support/world";
import { registryInterface } from "../../src/interfaces";

/** Two batches, of which the first two records and the first one move: two calls of the registry. */
const BATCH = 3;
const MOVED = [
  [0, 0],
  [0, 1],
  [1, 0],
] as const;

/** Asks of the command what it does next, and kills it. */
type Decide = (call: ProxiedCall, kill: () => Promise<void>) => Promise<Behaviour | undefined>;

/** Calls of a function of the registry on their way: asked about, or sent. */
const isOf = (name: string, data: unknown): boolean =>
  registryInterface.parseTransaction({ data: String(data) })?.name === name;
const asksAbout = (name: string, { method, params }: ProxiedCall): boolean =>
  method === "eth_estimateGas" && isOf(name, (params[0] as { data: string }).data);
const sends = (name: string, { method, params }: ProxiedCall): boolean =>
  method === "eth_sendRawTransaction" && isOf(name, Transaction.from(String(params[0])).data);

/** Counts to the n-th time that something is so. */
function nth(n: number, isSo: (call: ProxiedCall) => boolean): (call: ProxiedCall) => boolean {
  let count = 0;
  return (call) => isSo(call) && ++count === n;
}

/** Where a command that makes two calls of one function is killed, told by what it asks the node for. */
const pointsOf = (name: string, estimates = 0): Readonly<Record<string, () => Decide>> => ({
  "before signing": () => {
    const isTime = nth(estimates + 1, (call) => asksAbout(name, call));
    return async (call, kill) => (isTime(call) && (await kill()), undefined);
  },
  "after signing": () => {
    const isTime = nth(1, (call) => sends(name, call));
    return async (call, kill) => (isTime(call) ? (await kill(), { kind: "drop" }) : undefined);
  },
  "after sending": () => {
    const isTime = nth(1, (call) => sends(name, call));
    return async (call, kill) =>
      isTime(call) ? { kind: "forward", change: async (hash) => (await kill(), hash) } : undefined;
  },
  "after mining": () => {
    let hash: string | undefined;
    return async (call, kill) => {
      if (sends(name, call)) hash ??= Transaction.from(String(call.params[0])).hash!;
      if (call.method !== "eth_getTransactionReceipt" || call.params[0] !== hash) return undefined;
      return { kind: "forward", change: async (receipt) => (receipt !== null && (await kill()), receipt) };
    };
  },
  "after signing the second": () => {
    const isTime = nth(2, (call) => sends(name, call));
    return async (call, kill) => (isTime(call) ? (await kill(), { kind: "drop" }) : undefined);
  },
});

/** Before anything is written: asked for when the records are found and looked at. */
const early: Readonly<Record<string, () => Decide>> = {
  "before anything is written": () => async (call, kill) =>
    void (call.method === "eth_getBlockByNumber" && (await kill())),
};

interface Case {
  readonly command: (files: Files, home: Home) => readonly string[];
  /** Commands that have to be done before. */
  readonly before?: (files: Files) => readonly (readonly string[])[];
  readonly env?: RunOptions["env"];
  readonly points: Readonly<Record<string, () => Decide>>;
  /** Status bytes of the three records afterwards. */
  readonly becomes: number;
  /** The event that says so of each of them, once; proposing an erasure changes none. */
  readonly event:
    "StatusChanged" | "RecordsSuperseded" | "MarksSet" | "MarksCleared" | "RecordsErased" | undefined;
  /** A step of an erasure, whose calls are not planned in the vault: both proposals are on the chain, and `resume` has nothing to do. */
  readonly erasing?: true;
  /** A move like the others, planned and sent by the same code: it is killed only. */
  readonly shared?: true;
  readonly more?: (home: Home) => void | Promise<void>;
}

interface Files {
  readonly keys: string;
  readonly corrected: string;
  readonly type: string;
  readonly evidence: string;
}

const proposing = ({ keys, evidence }: Files): string[] => [
  ...["erase", "propose", "--file", keys, "--reason", "retention-ended", "--evidence", evidence],
];
const onlyProposal = ({ dir }: Home): string => {
  const proposals = readdirSync(join(dir, "erasures"));
  expect(proposals).to.have.length(1);
  return join(dir, "erasures", proposals[0]!);
};

const CASES: Readonly<Record<string, Case>> = {
  correct: {
    command: ({ corrected, type, evidence }) => [
      "correct",
      corrected,
      "--type",
      type,
      "--evidence",
      evidence,
    ],
    points: {
      ...Object.fromEntries(
        Object.entries(pointsOf("anchorRoot"))
          .filter(([point]) => point !== "after signing the second")
          .map(([point, decide]) => [`${point} the batch`, decide]),
      ),
      ...pointsOf("supersede"),
    },
    becomes: 1,
    event: "RecordsSuperseded",
  },
  repair: {
    command: ({ keys }) => ["repair", "--file", keys],
    points: { ...early, ...pointsOf("repair") },
    becomes: 3,
    event: "StatusChanged",
  },
  withdraw: {
    command: ({ keys, evidence }) => [
      ...["withdraw", "--file", keys, "--reason", "decision-void", "--evidence", evidence],
    ],
    points: { ...early, ...pointsOf("withdraw") },
    becomes: 2,
    event: "StatusChanged",
    shared: true,
  },
  "dispute open": {
    command: ({ keys }) => ["dispute", "open", "--file", keys],
    points: pointsOf("setMarks"),
    becomes: 16,
    event: "MarksSet",
    shared: true,
  },
  "dispute resolve": {
    before: ({ keys }) => [["dispute", "open", "--file", keys]],
    command: ({ keys }) => ["dispute", "resolve", "--file", keys, "--outcome", "keep"],
    points: pointsOf("clearMarks"),
    becomes: 0,
    event: "MarksCleared",
    shared: true,
  },
  "mark set": {
    command: ({ keys }) => [
      ...["mark", "set", "--file", keys, "--mark", "under-review", "--reason", "review-or-litigation"],
    ],
    points: pointsOf("setMarks"),
    becomes: 32,
    event: "MarksSet",
    shared: true,
  },
  "erase propose": {
    command: proposing,
    points: pointsOf("proposeErasure"),
    becomes: 0,
    event: undefined,
    erasing: true,
    more: (home) => void onlyProposal(home),
  },
  "erase confirm": {
    before: (files) => [proposing(files)],
    command: (_, home) => ["erase", "confirm", onlyProposal(home)],
    env: { CREDIT_ANCHOR_PRIVATE_KEY: account(3).privateKey },
    // It asks about both calls before it destroys anything, and about each again before it signs.
    points: {
      "before it destroys": pointsOf("confirmErasure", 1)["before signing"]!,
      ...pointsOf("confirmErasure", 2),
    },
    becomes: 8,
    event: "RecordsErased",
    erasing: true,
    more: async (home) => {
      const vault = await home.readVault();
      for (const [batch, index] of MOVED) expect(vault.isDestroyed(batch, index)).to.equal(true);
      expect(vault.isDestroyed(0, BATCH - 1)).to.equal(false);
      await vault.close();
      expect(JSON.parse(readFileSync(onlyProposal(home), "utf8"))).to.have.property("erasedAt");
    },
  },
};

/** Every command is a process that is killed where it hurts; then the same command finishes what was begun. */
describe("what becomes of a record, killed", function () {
  let node: TestChain;
  let world: World;
  let proxy: FaultProxy;
  let anchored: Home;
  let files: Files;
  let snapshot: unknown;

  before(async () => {
    node = await startAnvil();
    world = await startWorld(node);
    proxy = await startProxy(node.url);
    anchored = await homeOf(world, 0, proxy.url);
    const settings = join(anchored.dir, "settings.json");
    const chosen = JSON.parse(readFileSync(settings, "utf8")) as object;
    writeFileSync(settings, JSON.stringify({ ...chosen, finalityBlocks: 0 }));
    const vault = await anchored.writeVault({ command: "test" });
    await planRows(world, vault, permits(0, 2 * BATCH), { batchSize: BATCH });
    await anchor(world, vault);
    // In the order of the leaves: which permits the three records are.
    const [first, second] = [0, 1].map((plan) =>
      Array.from({ length: BATCH }, (_, i) => numberOf(vault.read(plan, i).payload)),
    ) as [number[], number[]];
    await vault.close();
    const numbers = [first[0]!, first[1]!, second[0]!];
    const evidence = join(temporaryFolder(), "evidence.txt");
    writeFileSync(evidence, "why");
    const type = join(temporaryFolder(), "type.json");
    writeFileSync(type, JSON.stringify(TYPE));
    files = {
      type,
      keys: rowsFile(
        numbers.map((n) => {
          const { permitNumber, holderNumber } = permit(n);
          return { permitNumber, holderNumber };
        }),
      ),
      corrected: rowsFile(numbers.map((n) => permit(n, 1))),
      evidence,
    };
  });
  after(async () => {
    removeFolders();
    await proxy.stop();
    await node.stop();
  });

  const numberOf = (payload: Uint8Array): number => {
    const { permitNumber } = JSON.parse(Buffer.from(payload).toString()) as { permitNumber: string };
    return Number(permitNumber.split("-")[1]);
  };
  const copyOf = (home: Home): Home => {
    const dir = join(temporaryFolder(), "home");
    cpSync(home.dir, dir, { recursive: true });
    return openHome(dir, { env: {} });
  };

  async function runAndKill(command: readonly string[], options: RunOptions, decide: Decide): Promise<void> {
    const { child, ended } = start(command, options);
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
    proxy.behave = () => forward;
    expect(killed, `it ended by itself: ${stderr}`).to.equal(true);
    expect(status).to.equal(null);
  }

  /** `batch index` of every position that the events of this name are about, and every proposal. */
  async function toldBy(name: NonNullable<Case["event"]> | "ErasureProposed"): Promise<string[]> {
    const told: string[] = [];
    for await (const page of world.chain.logs({
      address: world.registry.address,
      topics: [registryInterface.getEvent(name).topicHash],
      fromBlock: 0,
      toBlock: await world.chain.blockNumber(),
    }))
      for (const log of page) {
        const fields = registryInterface.decodeEventLog(name, log.data, [...log.topics]);
        const sequence = Number((fields.batchId as bigint) & 0xffffffffn);
        if (name === "ErasureProposed") told.push(`${sequence} ${String(fields.proposal)}`);
        else
          for (const index of indexesOf(decodeSpans(String(fields.positions))))
            told.push(`${sequence} ${index}`);
      }
    return told.sort();
  }

  /** On the chain it happened to each of the three records once and to nothing else, and the vault has nothing left to do. */
  async function expectOnce({ becomes, event, erasing, more }: Case, home: Home): Promise<void> {
    const of = (sequence: number): Promise<number[]> =>
      statusesOf(world.registry, world.agencyId, sequence, [0, 1, 2]);
    expect([await of(0), await of(1)]).to.deep.equal([
      [becomes, becomes, 0],
      [becomes, 0, 0],
    ]);
    const all = MOVED.map(([sequence, index]) => `${sequence} ${index}`);
    if (event !== undefined) expect(await toldBy(event), event).to.deep.equal(all);
    const proposals = await toldBy("ErasureProposed");
    expect(proposals).to.have.length(erasing ? 2 : 0);
    expect(new Set(proposals).size).to.equal(proposals.length);
    const vault = await home.readVault();
    await expectExactlyOnce(world, vault);
    await vault.close();
    await more?.(home);
  }
  for (const [name, item] of Object.entries(CASES))
    describe(name, () => {
      let ready: Home;
      let home: Home;
      let command: string[];
      const options: RunOptions = { ...(item.env === undefined ? {} : { env: item.env }) };
      let start: unknown;

      before(async () => {
        start = await node.rpc("evm_snapshot");
        ready = copyOf(anchored);
        for (const args of item.before?.(files) ?? []) await expectRun(0, [...args, "--home", ready.dir]);
      });
      beforeEach(async () => {
        snapshot = await node.rpc("evm_snapshot");
        home = copyOf(ready);
        command = [...item.command(files, home), "--home", home.dir];
      });
      afterEach(() => node.rpc("evm_revert", snapshot));
      after(() => node.rpc("evm_revert", start));

      for (const [point, decide] of Object.entries(item.points))
        it(`${point}: the same command finishes, nothing is lost or done twice`, async () => {
          await runAndKill(command, options, decide());
          await expectRun(0, command, options);
          await expectOnce(item, home);
        });

      if (item.shared !== true)
        it("after everything: the same command once more changes nothing", async () => {
          await expectRun(0, command, options);
          const block = await world.chain.blockNumber();
          await expectRun(0, command, options);
          expect(await world.chain.blockNumber()).to.equal(block);
          await expectOnce(item, home);
        });

      if (item.shared !== true && item.erasing !== true)
        it("is finished by resume as well", async () => {
          await runAndKill(command, options, Object.values(item.points).at(-1)!());
          await expectRun(0, ["resume", "--home", home.dir]);
          await expectOnce(item, home);
        });
    });
});
