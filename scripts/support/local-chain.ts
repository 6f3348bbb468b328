import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
// Hardhat offers its chain only together with a whole Hardhat environment: one chain a process, the configuration loaded
// through ts-node, found from the current folder. These inner modules give a chain of its own in a third of a second.
// package.json pins Hardhat's version, and the tests of the sandbox run through here.
import { resolveConfig } from "hardhat/internal/core/config/config-resolution";
import { createProvider } from "hardhat/internal/core/providers/construction";
import { JsonRpcHandler } from "hardhat/internal/hardhat-network/jsonrpc/handler";
import type { EIP1193Provider, EthereumProvider } from "hardhat/types";

import { compiler } from "../../src/deploy/compiler";
import { CreditAnchorError } from "../../src/errors";

export interface ServedChain {
  readonly url: string;
  readonly provider: EIP1193Provider;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/**
 * Serves a chain of this process as JSON-RPC on 127.0.0.1.
 *
 * @param port 0 takes a free one.
 * @throws {CreditAnchorError} `chain.port` when the port is taken or may not be used.
 */
export async function serveProvider(provider: EthereumProvider, port = 0): Promise<ServedChain> {
  const handler = new JsonRpcHandler(provider);
  const server = createServer((request, response) => void handler.handleHttp(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const reason =
        cause.code === "EADDRINUSE" ? "is in use by another program" : `cannot be used (${cause.code})`;
      reject(
        new CreditAnchorError("chain.port", `port ${port} ${reason}`, {
          hint: "choose another with --port N; --port 0 takes a free one",
          cause,
        }),
      );
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    provider,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Starts a chain that lives in this process: chain 31337, London, mines every transaction at once. */
export async function startLocalChain(port = 0): Promise<ServedChain> {
  const config = resolveConfig(__filename, {
    solidity: compiler.version,
    networks: { hardhat: { hardfork: "london", blockGasLimit: 100_000_000 } },
  });
  return serveProvider(await createProvider(config, "hardhat"), port);
}
