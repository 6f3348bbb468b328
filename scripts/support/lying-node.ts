import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A node that serves another node's chain and keeps one event to itself. */
export interface LyingNode {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Passes everything on, but removes the events with this first topic from every answer.
 *
 * @param honest URL of the node behind it.
 */
export async function startLyingNode(honest: string, hiddenTopic: string): Promise<LyingNode> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      const headers = { "content-type": "application/json" };
      const answer = (await (await fetch(honest, { method: "POST", headers, body })).json()) as {
        result?: unknown;
      };
      const { method } = JSON.parse(body) as { method?: unknown };
      if (method === "eth_getLogs" && Array.isArray(answer.result))
        answer.result = (answer.result as { topics: string[] }[]).filter(
          ({ topics }) => topics[0] !== hiddenTopic,
        );
      response.writeHead(200, headers).end(JSON.stringify(answer));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
