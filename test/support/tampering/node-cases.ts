import type { Interface } from "ethers";
import { CreditRegistry__factory, RegistryAuthority__factory } from "../../../typechain-types";
import { forward, type Behaviour, type FaultProxy, type ProxiedCall } from "../chains";

/** A log as a node gives it. */
export interface NodeLog {
  topics: string[];
  data: string;
  blockNumber: string;
  blockHash: string;
  transactionHash: string;
  logIndex: string;
  address: string;
  removed: boolean;
}

/** What the cases know of the honest chain behind the proxy. */
export interface Honest {
  readonly registry: string;
  readonly authority: string;
  /** Contract for sign-offs. */
  readonly signOffs: string;
  readonly fromBlock: number;
  readonly lastBlock: number;
  /** The registry's logs, in order. */
  readonly logs: readonly NodeLog[];
  /** Passes a request on to the honest node, from behind the lying one. */
  readonly ask: (method: string, ...params: unknown[]) => Promise<unknown>;
}

/** One way in which a node lies, fails or is slow. */
export interface NodeCase {
  /** As it stands in the documentation. */
  readonly what: string;
  /** Codes that the audit must report, or the one that it must stop with. */
  readonly finds: readonly string[];
  readonly behave: (honest: Honest) => FaultProxy["behave"];
}

const face: Interface = CreditRegistry__factory.createInterface();
const roleJournaled = RegistryAuthority__factory.createInterface().getEvent("RoleJournaled").topicHash;
export const isJournaled = (log: NodeLog): boolean =>
  face.parseLog(log)?.fragment.inputs.at(-1)?.name === "entry";
export const nameOf = (log: NodeLog): string => face.parseLog(log)!.name;

/** Another hex digit at one place. */
export function flip(text: string, at: number): string {
  return text.slice(0, at) + (parseInt(text[at]!, 16) ^ 1).toString(16) + text.slice(at + 1);
}
const hex = (value: number): string => `0x${value.toString(16)}`;

interface Filter {
  readonly address: string;
  readonly fromBlock: string;
  readonly toBlock: string;
}
const filterOf = ({ params }: ProxiedCall): Filter => params[0] as Filter;

/** Changes each list of logs of a contract. */
function withLogs(
  change: (logs: NodeLog[], honest: Honest, call: ProxiedCall) => NodeLog[] | Promise<NodeLog[]>,
  whose: (honest: Honest) => string = ({ registry }) => registry,
): NodeCase["behave"] {
  return (honest) =>
    (call): Behaviour =>
      call.method === "eth_getLogs" && filterOf(call).address.toLowerCase() === whose(honest)
        ? { kind: "forward", change: (result) => change(structuredClone(result) as NodeLog[], honest, call) }
        : forward;
}

/** Changes the answer of one method. */
function withAnswer(method: string, change: (answer: unknown) => unknown): NodeCase["behave"] {
  return () => (call) => (call.method === method ? { kind: "forward", change } : forward);
}

/** The code at one contract's address. */
function withCode(whose: (honest: Honest) => string, change: (code: unknown) => unknown): NodeCase["behave"] {
  return (honest) =>
    ({ method, params }) =>
      method === "eth_getCode" && String(params[0]).toLowerCase() === whose(honest)
        ? { kind: "forward", change }
        : forward;
}

/** Changes what one view of the registry answers. */
function withView(name: string, behaviour: Behaviour): NodeCase["behave"] {
  const selector = face.getFunction(name)!.selector;
  return ({ registry }) =>
    ({ method, params }) => {
      const call = params[0] as { to: string; data: string } | undefined;
      const isIt =
        method === "eth_call" && call!.to.toLowerCase() === registry && call!.data.startsWith(selector);
      return isIt ? behaviour : forward;
    };
}

const lastDigit = (answer: unknown): string => flip(answer as string, (answer as string).length - 1);
const middle = (logs: readonly NodeLog[]): number => Math.floor(logs.length / 2);
const without = (logs: readonly NodeLog[], at: number): NodeLog[] => logs.filter((_, i) => i !== at);
const edit =
  (at: (logs: readonly NodeLog[]) => number, change: (log: NodeLog) => void) =>
  (logs: NodeLog[]): NodeLog[] => {
    change(logs[at(logs)]!);
    return logs;
  };

/** Changes the first statement of an auditor. */
const withStatement = (change: (log: NodeLog) => void): NodeCase["behave"] =>
  withLogs(
    edit(() => 0, change),
    ({ signOffs }) => signOffs,
  );

/** Refuses requests for logs of more blocks than this, as public nodes do. */
const limited =
  (most: number): NodeCase["behave"] =>
  () =>
  (call) => {
    if (call.method !== "eth_getLogs") return forward;
    const { fromBlock, toBlock } = filterOf(call);
    return Number(toBlock) - Number(fromBlock) < most
      ? forward
      : { kind: "error", code: -32005, message: "query exceeds range" };
  };

/** Gives logs in small pages, each in the way that `answer` says. */
const paged =
  (answer: (honest: Honest, call: ProxiedCall) => Behaviour | Promise<Behaviour>): NodeCase["behave"] =>
  (honest) =>
  async (call) => {
    const small = await limited(9)(honest)(call);
    return call.method !== "eth_getLogs" || small.kind === "error" ? small : answer(honest, call);
  };

/** Every case of the documentation, in its order. */
export const nodeCases: readonly NodeCase[] = [
  {
    what: "hides one event",
    finds: ["journal.gap", "view.differs"],
    behave: withLogs((logs) => without(logs, middle(logs))),
  },
  { what: "hides the last event", finds: ["view.differs"], behave: withLogs((logs) => logs.slice(0, -1)) },
  {
    what: "hides every event of one kind",
    finds: ["journal.gap", "view.differs"],
    behave: withLogs((logs) => logs.filter((log) => nameOf(log) !== "RecordsSuperseded")),
  },
  {
    what: "hides the first half of each page",
    finds: ["journal.gap", "view.differs"],
    behave: withLogs((logs) => logs.slice(middle(logs))),
  },
  {
    what: "cuts each page short",
    finds: ["view.differs"],
    behave: withLogs((logs) => logs.slice(0, middle(logs))),
  },
  { what: "has no events at all", finds: ["view.differs"], behave: withLogs(() => []) },
  {
    what: "gives one event twice",
    finds: ["log.repeated", "journal.repeated", "view.differs"],
    behave: withLogs((logs) => [...logs.slice(0, 9), logs[8]!, ...logs.slice(9)]),
  },
  {
    what: "swaps two events",
    finds: ["log.order", "journal.gap", "journal.repeated"],
    behave: withLogs((logs) => [...logs.slice(0, 9), logs[10]!, logs[9]!, ...logs.slice(11)]),
  },
  {
    what: "swaps two events and makes their positions fit",
    finds: ["journal.gap", "journal.repeated", "view.differs"],
    behave: withLogs((logs) => {
      [logs[9]!.data, logs[10]!.data] = [logs[10]!.data, logs[9]!.data];
      [logs[9]!.topics, logs[10]!.topics] = [logs[10]!.topics, logs[9]!.topics];
      return logs;
    }),
  },
  {
    what: "gives all events backwards",
    finds: ["log.order", "journal.gap"],
    behave: withLogs((logs) => logs.reverse()),
  },
  {
    what: "alters a batch's root",
    finds: ["view.differs"],
    behave: withLogs((logs) => {
      const batch = logs.find((log) => nameOf(log) === "BatchAnchored")!;
      const fields = face.parseLog(batch)!;
      const values = fields.args.toArray() as unknown[];
      const root = fields.fragment.inputs.findIndex(({ name }) => name === "root");
      values[root] = flip(values[root] as string, 65);
      Object.assign(batch, face.encodeEventLog(fields.fragment, values));
      return logs;
    }),
  },
  {
    what: "alters an indexed field of an event",
    finds: ["view.differs"],
    behave: withLogs(edit(middle, (log) => (log.topics[1] = flip(log.topics[1]!, 65)))),
  },
  {
    what: "invents an event at the end",
    finds: ["view.differs"],
    behave: withLogs((logs) => {
      const last = logs.findLast((log) => nameOf(log) === "RecordsSuperseded")!;
      const parsed = face.parseLog(last)!;
      const entry = logs.filter(isJournaled).length;
      const values = [...(parsed.args.toArray().slice(0, -1) as unknown[]), entry];
      const { blockNumber, blockHash, transactionHash } = logs.at(-1)!;
      const place = { blockNumber, blockHash, transactionHash, logIndex: "0x9" };
      return [...logs, { ...last, ...face.encodeEventLog(parsed.fragment, values), ...place }];
    }),
  },
  {
    what: "repeats an old event under a new position",
    finds: ["journal.repeated", "view.differs"],
    behave: withLogs((logs) => [...logs.slice(0, 12), { ...logs[12]!, logIndex: "0x9" }, ...logs.slice(12)]),
  },
  {
    what: "mixes in an event of another contract",
    finds: ["log.foreign"],
    behave: withLogs(
      edit(
        () => 11,
        (log) => (log.address = `0x${"12".repeat(20)}`),
      ),
    ),
  },
  {
    what: "gives an event as taken back by a reorganisation",
    finds: ["log.removed"],
    behave: withLogs(
      edit(
        () => 11,
        (log) => (log.removed = true),
      ),
    ),
  },
  {
    what: "gives an event of an unknown kind",
    finds: ["log.unknown"],
    behave: withLogs(
      edit(
        () => 11,
        (log) => (log.topics[0] = flip(log.topics[0]!, 65)),
      ),
    ),
  },
  {
    what: "appends bytes to an event",
    finds: ["log.malformed"],
    behave: withLogs(
      edit(
        () => 11,
        (log) => (log.data += "00".repeat(32)),
      ),
    ),
  },
  {
    what: "cuts an event's data",
    finds: ["log.malformed"],
    behave: withLogs(
      edit(
        () => 11,
        (log) => (log.data = log.data.slice(0, -64)),
      ),
    ),
  },
  {
    what: "puts an event into another block",
    finds: ["log.block-hash"],
    behave: withLogs(
      edit(
        () => 11,
        (log) => (log.blockHash = flip(log.blockHash, 65)),
      ),
    ),
  },
  {
    what: "puts an event into a block that does not exist",
    finds: ["log.block-unknown"],
    behave: withLogs(
      edit(
        () => 11,
        (log) => (log.blockNumber = "0xffffff"),
      ),
    ),
  },
  {
    what: "shifts the time of a block",
    finds: ["batch.time", "view.differs"],
    behave: ({ logs }) => {
      const batch = logs.find((log) => nameOf(log) === "BatchAnchored")!;
      return ({ method, params }) =>
        method === "eth_getBlockByNumber" && params[0] === batch.blockNumber
          ? {
              kind: "forward",
              change: (block) => {
                const { timestamp } = block as { timestamp: string };
                return { ...(block as object), timestamp: hex(Number(timestamp) + 1) };
              },
            }
          : forward;
    },
  },
  {
    what: "gives pages that overlap",
    finds: ["log.order", "journal.repeated"],
    behave: paged(async (honest, call) => {
      const { address, fromBlock, toBlock } = filterOf(call);
      const earlier = hex(Math.max(0, Number(fromBlock) - 2));
      const filter = { address, fromBlock: earlier, toBlock };
      return { kind: "result", result: await honest.ask("eth_getLogs", filter) };
    }),
  },
  {
    what: "leaves out the last block of each page",
    finds: ["journal.gap", "view.differs"],
    behave: paged((honest, call) => {
      const last = filterOf(call).toBlock;
      return {
        kind: "forward",
        change: (logs) => (logs as NodeLog[]).filter(({ blockNumber }) => blockNumber !== last),
      };
    }),
  },
  {
    what: "ignores from which block on it was asked",
    finds: ["log.repeated", "journal.repeated"],
    behave: paged(async (honest, call) => {
      const { address, toBlock } = filterOf(call);
      return {
        kind: "result",
        result: await honest.ask("eth_getLogs", { address, fromBlock: "0x0", toBlock }),
      };
    }),
  },
  { what: "answers for at most nine blocks at once", finds: [], behave: limited(9) },
  { what: "answers for one block at once", finds: [], behave: limited(1) },
  {
    what: "drops the connection at every fifth request",
    finds: [],
    behave: () => {
      let asked = 0;
      return () => (++asked % 5 === 0 ? { kind: "drop" } : forward);
    },
  },
  {
    what: "is overloaded at every fifth request (HTTP 503)",
    finds: [],
    behave: () => {
      let asked = 0;
      return () => (++asked % 5 === 0 ? { kind: "http", status: 503 } : forward);
    },
  },
  {
    what: "never answers when asked for events",
    finds: ["chain.silent"],
    behave: () => (call) => (call.method === "eth_getLogs" ? { kind: "swallow" } : forward),
  },
  {
    what: "answers with something else than events",
    finds: ["chain.garbage"],
    behave: withAnswer("eth_getLogs", () => "0x"),
  },
  {
    what: "lies about the head of the journal",
    finds: ["view.differs"],
    behave: withView("journal", { kind: "forward", change: lastDigit }),
  },
  {
    what: "lies about an agency",
    finds: ["view.differs"],
    behave: withView("agency", { kind: "forward", change: lastDigit }),
  },
  {
    what: "lies about the header of a batch",
    finds: ["view.differs"],
    behave: withView("headerHashOf", { kind: "forward", change: lastDigit }),
  },
  {
    what: "lies about the status of records",
    finds: ["view.differs"],
    behave: withView("statusWord", { kind: "forward", change: lastDigit }),
  },
  {
    what: "refuses to answer a view",
    finds: ["view.differs"],
    behave: withView("paused", { kind: "error", code: 3, message: "execution reverted" }),
  },
  {
    what: "has other code at the registry's address",
    finds: ["registry.code"],
    behave: withAnswer("eth_getCode", (code) => `${code as string}00`),
  },
  {
    what: "has no code at the registry's address",
    finds: ["audit.no-contract"],
    behave: withAnswer("eth_getCode", () => "0x"),
  },
  {
    what: "says that it serves another chain",
    finds: ["chain.wrong-chain"],
    behave: withAnswer("eth_chainId", () => "0x7a69f"),
  },
  {
    what: "hides a change of roles",
    finds: ["roles.entry", "roles.head"],
    behave: withLogs(
      (logs) => {
        const entries = logs.filter(({ topics }) => topics[0] === roleJournaled);
        return logs.filter((log) => log !== entries[middle(entries)]);
      },
      ({ authority }) => authority,
    ),
  },
  {
    what: "alters a change of roles",
    finds: ["roles.head"],
    behave: withLogs(
      (logs) => {
        const log = logs.findLast(({ topics }) => topics.length === 3 && topics[1] !== undefined)!;
        log.data = flip(log.data, log.data.length - 58);
        return logs;
      },
      ({ authority }) => authority,
    ),
  },
  {
    what: "hides a statement of an auditor",
    finds: ["sign-off.index", "view.differs"],
    behave: withLogs(
      (logs) => without(logs, 0),
      ({ signOffs }) => signOffs,
    ),
  },
  {
    what: "hides the last statement of an auditor",
    finds: ["view.differs"],
    behave: withLogs(
      (logs) => logs.slice(0, -1),
      ({ signOffs }) => signOffs,
    ),
  },
  {
    what: "alters the head that an auditor stated",
    finds: ["sign-off.head", "view.differs"],
    // Behind the word of the length.
    behave: withStatement((log) => (log.data = flip(log.data, 2 + 64 + 9))),
  },
  {
    what: "says that another than an auditor made a statement",
    finds: ["sign-off.role", "view.differs"],
    behave: withStatement((log) => (log.topics[2] = flip(log.topics[2]!, 65))),
  },
  {
    what: "has no code where auditors sign off",
    finds: ["sign-off.code"],
    behave: withCode(
      ({ signOffs }) => signOffs,
      () => "0x",
    ),
  },
  {
    what: "alters the leaves in an anchoring transaction",
    finds: ["leaves.root"],
    behave: () => (call) =>
      call.method === "eth_getTransactionByHash"
        ? {
            kind: "forward",
            change: (found) => {
              const transaction = found as { input: string };
              const selector = face.getFunction("anchorLeaves")!.selector.slice(2);
              const call = transaction.input.indexOf(selector);
              // Behind five words, where the list begins, how long it is: the end of its first leaf.
              return call < 0
                ? transaction
                : { ...transaction, input: flip(transaction.input, call + 8 + 7 * 64 - 1) };
            },
          }
        : forward,
  },
  {
    what: "hides the transactions that carry leaves",
    finds: ["not checked: successor.unknown"],
    behave: () => (call) =>
      call.method === "eth_getTransactionByHash" ? { kind: "result", result: null } : forward,
  },
];

/** A node that lives in the past: everything it says fits together. */
export const stale = ({ lastBlock, ask }: Honest): FaultProxy["behave"] => {
  return async ({ method, params }) =>
    method === "eth_getBlockByNumber" && params[0] === "latest"
      ? { kind: "result", result: await ask(method, hex(lastBlock - 2), false) }
      : forward;
};
