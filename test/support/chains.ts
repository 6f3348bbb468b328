import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

/** A chain in a child process of its own. */
export interface TestChain {
  readonly url: string;
  readonly pid: number;
  /** Sends a request as it is, test methods of the node too (`evm_mine`, `anvil_reorg`). */
  rpc(method: string, ...params: unknown[]): Promise<unknown>;
  /** Ends exactly the process that was started. */
  stop(): Promise<void>;
}

/** The well-known mnemonic of development chains; both nodes fund its first twenty accounts. */
export const testMnemonic = "test test test test test test test test test test test junk";

const root = join(__dirname, "..", "..");
const running = new Set<ChildProcess>();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** A port nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts `hardhat node` with the project's own configuration: chain 31337, London, mines every transaction at once. */
export async function startHardhatNode(): Promise<TestChain> {
  const port = await freePort();
  const cli = join(root, "node_modules/hardhat/internal/cli/bootstrap.js");
  return startNode(process.execPath, [cli, "node", "--hostname", "127.0.0.1", "--port", String(port)], port);
}

/**
 * Starts anvil at London level. It mines by itself unless told otherwise: `--block-time 1`, `--no-mining`.
 * With automine it sometimes leaves pipelined transactions unmined: use a block time for more than one at once.
 */
export async function startAnvil(...options: string[]): Promise<TestChain> {
  const port = await freePort();
  const platform = `anvil-${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  const binary = join(root, "node_modules/@foundry-rs", platform, "bin", "anvil");
  if (!existsSync(binary))
    throw new Error("these tests need anvil, which is installed on Linux with an x64 processor only");
  const fork = options.includes("--hardfork") ? [] : ["--hardfork", "london"];
  return startNode(binary, ["--port", String(port), "--mnemonic", testMnemonic, ...fork, ...options], port);
}

async function startNode(command: string, args: string[], port: number): Promise<TestChain> {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  running.add(child);
  let complaint = "";
  child.stderr.on("data", (data: Buffer) => (complaint = (complaint + data.toString()).slice(-2_000)));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  void ended.then(() => running.delete(child));
  const url = `http://127.0.0.1:${port}`;
  const chain: TestChain = {
    url,
    pid: child.pid ?? 0,
    rpc: (method, ...params) => rawRpc(url, method, params),
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
  for (let waited = 0; ; waited += 50) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}: ${complaint}`);
    try {
      await chain.rpc("eth_chainId");
      return chain;
    } catch {
      if (waited > 60_000) {
        await chain.stop();
        throw new Error(`${command} did not start: ${complaint}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** One request, nothing around it. @throws Error with the node's message. */
export async function rawRpc(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error !== undefined) throw new Error(answer.error.message);
  return answer.result;
}

// ------------------------------------------------------------------ a node that misbehaves

export interface ProxiedCall {
  readonly method: string;
  readonly params: readonly unknown[];
  /** How often this method was asked for before, since `behave` was set. */
  readonly count: number;
}

/** What the proxy does with a call. */
export type Behaviour =
  /** Passes it on; `change` may alter the node's result before the caller sees it, or just look at it. */
  | { readonly kind: "forward"; readonly change?: (result: unknown) => unknown }
  /** Passes it on, then closes the connection without an answer. */
  | { readonly kind: "forward-then-drop" }
  /** Closes the connection; the node never hears of it. */
  | { readonly kind: "drop" }
  /** Never answers; the node never hears of it. */
  | { readonly kind: "swallow" }
  | { readonly kind: "http"; readonly status: number; readonly body?: string }
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "error"; readonly code: number; readonly message: string; readonly data?: unknown };

export interface FaultProxy {
  readonly url: string;
  /** Methods asked for so far, in order. */
  readonly calls: string[];
  /** Decides about each call; replace it at any time. Passes everything on at first. */
  behave: (call: ProxiedCall) => Behaviour | Promise<Behaviour>;
  stop(): Promise<void>;
}

export const forward: Behaviour = { kind: "forward" };

/** A JSON-RPC proxy in front of a node, in this process, that does as the test says. */
export async function startProxy(target: string): Promise<FaultProxy> {
  const counts = new Map<string, number>();
  let behave: FaultProxy["behave"] = () => forward;
  const calls: string[] = [];

  const server = createHttpServer((request, response) => {
    void (async () => {
      const text = await bodyOf(request);
      const { id, method, params } = JSON.parse(text) as { id: unknown; method: string; params: unknown[] };
      const count = counts.get(method) ?? 0;
      counts.set(method, count + 1);
      calls.push(method);
      const behaviour = await behave({ method, params, count });
      const answer = (content: object): void => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ jsonrpc: "2.0", id, ...content }));
      };
      switch (behaviour.kind) {
        case "swallow":
          return;
        case "drop":
          response.destroy();
          return;
        case "http":
          response.statusCode = behaviour.status;
          response.end(behaviour.body ?? "the proxy says no");
          return;
        case "result":
          return answer({ result: behaviour.result });
        case "error":
          return answer({
            error: { code: behaviour.code, message: behaviour.message, data: behaviour.data },
          });
        case "forward":
        case "forward-then-drop": {
          const headers = { "content-type": "application/json" };
          const real = await fetch(target, { method: "POST", headers, body: text });
          const { result, error } = (await real.json()) as { result?: unknown; error?: object };
          if (behaviour.kind === "forward-then-drop") response.destroy();
          else if (error !== undefined) answer({ error });
          else answer({ result: behaviour.change === undefined ? result : await behaviour.change(result) });
        }
      }
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    get behave() {
      return behave;
    },
    set behave(next) {
      behave = next;
      counts.clear();
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
