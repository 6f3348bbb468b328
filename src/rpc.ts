import { printableText } from "./foreign-text";
import { CreditAnchorError } from "./errors";

/** One answer of a node that is a JSON-RPC error: what the node refused, and in which words. */
export class RpcError extends CreditAnchorError {
  /** JSON-RPC error code, for example -32000. */
  readonly rpcCode: number;
  /** The `data` of the error; of a reverted call the revert data somewhere inside. */
  readonly data: unknown;

  constructor(method: string, node: string, rpcCode: number, message: string, data: unknown) {
    super("chain.refused", `node ${node} refused ${method}: ${message} (code ${rpcCode})`, {
      exitStatus: 70,
    });
    this.rpcCode = rpcCode;
    this.data = data;
  }
}

export interface RpcSettings {
  /** Tried in turn: the first is used until it fails. May contain credentials, which are never shown. */
  readonly urls: readonly string[];
  /** Milliseconds before a request counts as lost. Default 20,000. */
  readonly timeoutMs?: number;
  /** How many more rounds over all URLs a repeatable request gets. Default 4. */
  readonly retries?: number;
  /** Milliseconds before the first retry; doubled at every further one, up to 5 s. Default 250. */
  readonly backoffMs?: number;
  /** Ends waiting and retrying. */
  readonly signal?: AbortSignal;
  /** Refuse to send anything but {@link READING} methods, whoever asks. */
  readonly readOnly?: boolean;
}

/** Methods that change nothing, nowhere. */
const READING: ReadonlySet<string> = new Set([
  "eth_blockNumber",
  "eth_call",
  "eth_chainId",
  "eth_getBlockByNumber",
  "eth_getCode",
  "eth_getLogs",
  "eth_getTransactionByHash",
  "eth_getTransactionReceipt",
]);

/** A JSON-RPC endpoint, or several that stand for one another. */
export interface Rpc {
  /** Host and port of the node in use, fit for messages: no path, no query, no credentials. */
  readonly node: string;
  /** @throws {RpcError} if the node refuses; {@link CreditAnchorError} `chain.*` if there is no usable answer. */
  send(method: string, params: readonly unknown[], options?: { retries?: number }): Promise<unknown>;
}

/** A failure of one attempt, before it is known whether another attempt may help. */
interface Failure {
  readonly code: "chain.unreachable" | "chain.silent" | "chain.http" | "chain.garbage";
  readonly message: string;
  /** Certain that the node never saw the request. */
  readonly unseen: boolean;
}

interface Endpoint {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly node: string;
}

/**
 * Whether a request may be sent again after an attempt whose fate is unknown. `eth_sendRawTransaction` may: the same
 * bytes are the same transaction. Methods that let the node sign or mine may not.
 */
function isRepeatable(method: string): boolean {
  return /^(eth_(?!sendTransaction$|sign)|net_|web3_|debug_)/.test(method);
}

function endpoint(text: string): Endpoint {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new CreditAnchorError("chain.url", "an address of a node (RPC URL) is not a URL", {
      hint: "write it like http://127.0.0.1:8545",
    });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new CreditAnchorError("chain.url", `the address of node ${url.host} starts with ${url.protocol}`, {
      hint: "only http: and https: are supported",
    });
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (url.username !== "" || url.password !== "") {
    headers.authorization = `Basic ${btoa(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`)}`;
    url.username = "";
    url.password = "";
  }
  return { url: url.href, headers, node: url.host };
}

/** Waits, or rejects at once with `cancelled` when the signal fires. */
export async function delay(ms: number, signal?: AbortSignal): Promise<void> {
  throwIfCancelled(signal);
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
  throwIfCancelled(signal);
}

/** @throws {CreditAnchorError} `cancelled` when the signal has fired. */
export function throwIfCancelled(signal?: AbortSignal): void {
  if (signal?.aborted) throw new CreditAnchorError("cancelled", "stopped on request", { exitStatus: 70 });
}

const hints: Record<Failure["code"], string> = {
  "chain.unreachable": "is the node running, and is its address (RPC URL) right?",
  "chain.silent":
    "the node may be overloaded or still starting: try again later, or raise the request timeout",
  "chain.http": "ask the operator of the node; a proxy or a missing access token answers like this",
  "chain.garbage": "does this address belong to an Ethereum JSON-RPC endpoint?",
};

/**
 * Opens a connection to one node or to several that stand for one another. Sends nothing yet.
 *
 * Requests that may be repeated are, with growing pauses, at each URL in turn; what the node refuses in JSON-RPC is
 * never repeated. Messages name the host of a node only: paths and queries of RPC URLs often are credentials.
 *
 * @throws {CreditAnchorError} `chain.url` if a URL is none.
 */
export function openRpc(settings: RpcSettings): Rpc {
  const endpoints = settings.urls.map(endpoint);
  if (endpoints.length === 0)
    throw new CreditAnchorError("chain.url", "no address of a node (RPC URL) is given", {
      hint: "set one in the settings, or with --rpc",
    });
  const timeoutMs = settings.timeoutMs ?? 20_000;
  let current = 0;
  let lastId = 0;

  async function send(method: string, params: readonly unknown[], options: { retries?: number } = {}) {
    if (settings.readOnly === true && !READING.has(method))
      throw new CreditAnchorError("chain.read-only", `${method} is not sent: this connection only reads`, {
        exitStatus: 70,
      });
    const rounds = 1 + (options.retries ?? settings.retries ?? 4);
    let pause = settings.backoffMs ?? 250;
    for (let round = 1; ; round++) {
      const failures: Failure[] = [];
      for (let i = 0; i < endpoints.length; i++) {
        throwIfCancelled(settings.signal);
        const target = endpoints[current % endpoints.length]!;
        const answer = await attempt(target, method, params, ++lastId, timeoutMs, settings.signal);
        if ("result" in answer) return answer.result;
        throwIfCancelled(settings.signal);
        failures.push(answer);
        current = (current + 1) % endpoints.length;
        if (!answer.unseen && !isRepeatable(method)) throw noAnswer(failures);
      }
      if (round >= rounds) throw noAnswer(failures);
      await delay(pause * (0.75 + Math.random() / 2), settings.signal);
      pause = Math.min(pause * 2, 5_000);
    }
  }

  return {
    get node() {
      return endpoints[current]!.node;
    },
    send,
  };
}

function noAnswer(failures: readonly Failure[]): CreditAnchorError {
  const code = failures[0]!.code;
  const message = failures.map((failure) => failure.message).join("; ");
  return new CreditAnchorError(code, message, { hint: hints[code], exitStatus: 70 });
}

/** One request to one node. @throws {RpcError} if the node refuses. */
async function attempt(
  target: Endpoint,
  method: string,
  params: readonly unknown[],
  id: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<{ result: unknown } | Failure> {
  const { node } = target;
  const timeout = AbortSignal.timeout(timeoutMs);
  let status: number;
  let text: string;
  try {
    const response = await fetch(target.url, {
      method: "POST",
      headers: target.headers,
      body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      redirect: "error",
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    if (timeout.aborted) {
      const message = `node ${node} did not answer ${method} within ${timeoutMs} ms`;
      return { code: "chain.silent", message, unseen: false };
    }
    const reason = systemReason(error);
    const unseen = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH/.test(reason);
    return { code: "chain.unreachable", message: `node ${node} cannot be reached (${reason})`, unseen };
  }
  const answer = parseAnswer(text);
  if (answer !== undefined && "error" in answer) {
    const { code, message, data } = answer.error;
    if (status === 429 || /rate limit|too many requests/i.test(message))
      return { code: "chain.http", message: `node ${node} limits the rate of requests`, unseen: true };
    throw new RpcError(method, node, code, message, data);
  }
  if (status < 200 || status > 299)
    return {
      code: "chain.http",
      message: `node ${node} answered ${method} with HTTP ${status}`,
      unseen: false,
    };
  if (answer === undefined || answer.id !== id)
    return {
      code: "chain.garbage",
      message: `node ${node} answered ${method} with something else`,
      unseen: false,
    };
  return { result: answer.result };
}

type Answer =
  { id: unknown; error: { code: number; message: string; data: unknown } } | { id: unknown; result: unknown };

function parseAnswer(text: string): Answer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { id, error, result } = value as Record<string, unknown>;
  if (typeof error === "object" && error !== null) {
    const { code, message, data } = error as Record<string, unknown>;
    return { id, error: { code: Number(code ?? 0), message: oneLine(message), data } };
  }
  return result === undefined ? undefined : { id, result };
}

/** Words of a node in one printable line: they end up on terminals and in logs. */
function oneLine(message: unknown): string {
  const text = typeof message === "string" && message !== "" ? message : "no reason given";
  const line = printableText(text, " ").replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** The system's error code when there is one: its message may quote the address with its credentials. */
function systemReason(error: unknown): string {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; depth++) {
    const code = (cause as { code?: unknown }).code;
    if (typeof code === "string" && code !== "") return code;
    if (cause instanceof AggregateError && cause.errors.length > 0) cause = cause.errors[0];
    else cause = cause.cause;
  }
  return "connection failed";
}
