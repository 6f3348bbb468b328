import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { openHome } from "../../src/home";
import { builtPages, pagesTrust, servePages } from "../../src/pages";
import type { Sandbox } from "./sandbox";

/** Files that a demo leaves, and what the pages say of them: the ones worth opening first. */
const WORTH_OPENING: readonly (readonly [string, string])[] = [
  ["receipts/licence.json", "genuine, in force"],
  ["receipts/presented.json", "the same with most fields hidden"],
  ["bundle.json", "everything about it for a court, in one file"],
  ["receipts/case-v1.json", "superseded: a long timeline"],
  ["receipts/night.json", "anchored with a stolen key: undecided"],
  ["forged", "forgeries, each caught by another check"],
];

/** The pages on a running chain. */
export interface Offer {
  readonly url: string;
  /** What to tell whoever wants to look. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

/**
 * Serves the pages on a sandbox's chain and registry, so that nothing is left to be filled in.
 *
 * @param folder Of a demo: its files are named as far as they are there.
 */
export async function offerPages(sandbox: Pick<Sandbox, "rpcUrl" | "homes">, folder: string): Promise<Offer> {
  const { registry } = openHome(sandbox.homes["ndrc"]!, { env: {} }).settings;
  const { url, close } = await servePages({
    folder: builtPages(),
    host: "127.0.0.1",
    port: 0,
    trust: pagesTrust(registry!.chainId, registry!),
    rpc: sandbox.rpcUrl,
  });
  const files = WORTH_OPENING.filter(([name]) => existsSync(join(folder, name)));
  return {
    url,
    lines: [
      `Pages on this chain: ${url}`,
      `  verify   ${url}#/verify   drop files from ${folder}:`,
      ...files.map(
        ([name, about]) => `    ${`${name}${isFolder(folder, name) ? "/" : ""}`.padEnd(24)} ${about}`,
      ),
      `  explore  ${url}#/explore`,
    ],
    close,
  };
}

function isFolder(folder: string, name: string): boolean {
  return readdirSync(folder, { withFileTypes: true }).some(
    (entry) => entry.name === name && entry.isDirectory(),
  );
}
