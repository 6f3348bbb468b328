import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { CreditAnchorError } from "./errors";
import { openRpc, RpcError, type Rpc } from "./rpc";

/** Whom the pages are to believe, unless their reader chooses otherwise. */
export interface PagesTrust {
  readonly chainId: number;
  /** Lower-case `0x…`. */
  readonly registry: string;
  readonly codeHash?: string;
  /** Where auditors state what they found. */
  readonly signOffs?: string;
  readonly fromBlock: number;
}

/** The pages' trust in a registry as settings and deployment records describe it. */
export function pagesTrust(
  chainId: number,
  registry: {
    readonly address: string;
    readonly codeHash?: string | undefined;
    readonly signOffs?: string | undefined;
    readonly deployedAtBlock?: number | undefined;
  },
): PagesTrust {
  const { address, codeHash, signOffs, deployedAtBlock } = registry;
  return {
    chainId,
    registry: address,
    ...(codeHash === undefined ? {} : { codeHash }),
    ...(signOffs === undefined ? {} : { signOffs }),
    fromBlock: deployedAtBlock ?? 0,
  };
}

export interface PagesOptions {
  /** Folder of the built pages: {@link builtPages}. */
  readonly folder: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly trust?: PagesTrust | undefined;
  /** Node that the pages ask; without it their reader names one. */
  readonly rpc?: string | undefined;
  /** Browsers ask this server, which asks the node: the node's address stays here. */
  readonly through?: boolean;
}

export interface ServedPages {
  readonly url: string;
  close(): Promise<void>;
}

/** The pages beside the compiled program, or in `dist` beside the sources. */
export function builtPages(): string {
  const places = [join(__dirname, "..", "app"), join(__dirname, "..", "dist", "app")];
  const found = places.find(
    (place) =>
      statSync(join(place, "index.html"), { throwIfNoEntry: false })?.isFile() === true && hasAssets(place),
  );
  if (found !== undefined) return found;
  throw new CreditAnchorError("pages.missing", "the pages are not built", { hint: "run: npm run build:app" });
}

function hasAssets(place: string): boolean {
  return statSync(join(place, "assets"), { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * What the pages may do: run their own scripts and styles, show their own pictures, ask nodes. Any node if their reader
 * chooses it, since nobody can know which before; the one that was named, or only this server, otherwise.
 */
export function contentPolicy(nodes: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${["'self'", ...nodes].join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const LARGEST_QUESTION = 64 * 1024;

/**
 * Serves the built pages, and what they are to believe, over HTTP.
 *
 * @throws {CreditAnchorError} `pages.port`, `chain.url`
 */
export async function servePages(options: PagesOptions): Promise<ServedPages> {
  const { folder, host, port, rpc, through = false } = options;
  const node =
    through && rpc !== undefined ? openRpc({ urls: [rpc], readOnly: true, retries: 1 }) : undefined;
  const nodes = rpc === undefined ? ["http:", "https:"] : through ? [] : [new URL(rpc).origin];
  const headers = {
    "content-security-policy": contentPolicy(nodes),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };
  const config = configText(options);

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const path = pathOf(request);
    if (node !== undefined && path === "/rpc") return void answer(node, request, response);
    if (request.method !== "GET" && request.method !== "HEAD")
      return end(response, 405, "only reading here", { allow: "GET, HEAD" });
    if (path === "/config.json")
      return end(response, 200, config, { "content-type": "application/json", "cache-control": "no-store" });
    sendFile(folder, path, request, response);
  });
  await listen(server, host, port);
  const { port: taken, address, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${taken}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function configText({ trust, rpc, through = false }: PagesOptions): string {
  const asked = rpc === undefined ? {} : { rpc: through ? "rpc" : rpc };
  return `${JSON.stringify({ format: "credit-anchor/pages", formatVersion: 1, ...trust, ...asked }, null, 2)}\n`;
}

function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new CreditAnchorError(
          "pages.port",
          cause.code === "EADDRINUSE"
            ? `port ${port} is in use by another program`
            : `cannot listen at ${host}, port ${port} (${cause.code})`,
          { hint: "choose another with --port N; --port 0 takes a free one", cause },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
}

function pathOf(request: IncomingMessage): string {
  try {
    return decodeURIComponent(new URL(request.url ?? "/", "http://pages.invalid").pathname);
  } catch {
    return "/";
  }
}

function end(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers }).end(text);
}

function sendFile(folder: string, path: string, request: IncomingMessage, response: ServerResponse): void {
  const name = normalize(path.endsWith("/") ? `${path}index.html` : path);
  const file = join(folder, name);
  const type = TYPES[extname(file)];
  const found = statSync(file, { throwIfNoEntry: false });
  // `normalize` leaves no `..` in a path that begins with `/`.
  if (type === undefined || !name.startsWith("/") || found?.isFile() !== true)
    return end(response, 404, "there is no such page");
  response.writeHead(200, {
    "content-type": type,
    "content-length": found.size,
    // Names of assets change with their content.
    "cache-control": name.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  });
  if (request.method === "HEAD") return void response.end();
  createReadStream(file)
    .on("error", () => response.destroy())
    .pipe(response);
}

/** Asks the node what a browser wants to know: nothing but reading, and only for pages that this server gave. */
async function answer(node: Rpc, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "POST") return end(response, 405, "ask with POST", { allow: "POST" });
  if (!isOwnPage(request)) return end(response, 403, "only the pages of this server may ask");
  let question: { id?: unknown; method?: unknown; params?: unknown };
  try {
    question = JSON.parse(await bodyOf(request)) as typeof question;
  } catch {
    return end(response, 400, "no JSON-RPC request");
  }
  const { id, method, params } = question ?? {};
  if (typeof method !== "string" || !Array.isArray(params)) return end(response, 400, "no JSON-RPC request");
  let said: Record<string, unknown>;
  try {
    said = { result: await node.send(method, params) };
  } catch (error) {
    if (error instanceof RpcError)
      said = { error: { code: error.rpcCode, message: error.message, data: error.data } };
    else if (error instanceof CreditAnchorError && error.code === "chain.read-only")
      said = { error: { code: -32601, message: error.message } };
    else
      return end(
        response,
        502,
        error instanceof CreditAnchorError ? error.message : "the node gave no answer",
      );
  }
  end(response, 200, JSON.stringify({ jsonrpc: "2.0", id, ...said }), {
    "content-type": "application/json",
    "cache-control": "no-store",
  });
}

/** Not another site's page, nor one under a name that only pretends to be this computer. */
function isOwnPage({ headers, socket }: IncomingMessage): boolean {
  const { origin = "", host = "", "content-type": type = "" } = headers;
  if (!type.startsWith("application/json") || !URL.canParse(origin) || new URL(origin).host !== host)
    return false;
  const isLocal = /^(127\.|::1$|::ffff:127\.)/.test(socket.localAddress ?? "");
  return !isLocal || /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST_QUESTION) throw new RangeError("too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
