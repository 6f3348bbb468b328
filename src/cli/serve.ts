import { CreditAnchorError } from "../errors";
import { builtPages, pagesTrust, servePages, type PagesTrust } from "../pages";
import { connectNode, optionalHome } from "./context";
import { namedTrust } from "./named-registry";
import { address, flag, integer, text, url, usage } from "./options";
import { defineVerb } from "./verb";

const PORT = 8480;

export const serveVerb = defineVerb({
  name: "serve",
  summary: "offer the pages that verify and explore in a browser",
  about: `Static pages, on this computer only unless --host says otherwise. Everything is computed in the browser; what is
opened there never leaves it, and no transaction is ever sent. Which registry the pages believe at first comes from
--registry and --rpc, from --deployment, or from the home folder. Their content policy allows questions to the
node of --rpc only; without --rpc the reader names a node, and any may be asked.

With --through the browser asks this server, which passes on questions and nothing else: for nodes that do not
let web pages ask, or whose address holds a key. Ctrl-C stops it.`,
  options: {
    rpc: url("--rpc <url>", "node that the pages ask; otherwise that of the home folder"),
    registry: address(
      "--registry <address>",
      "the registry that the pages believe, on the chain of the node",
    ),
    deployment: text("--deployment <file>", "deployment record of the registry that the pages believe"),
    port: integer("--port <n>", "port to listen at; 0 takes a free one", {
      min: 0,
      max: 65_535,
      defaultsTo: String(PORT),
    }),
    host: text("--host <address>", "address to listen at; 0.0.0.0 lets other computers in", "127.0.0.1"),
    through: flag("--through", "the browser asks this server, and this server asks the node"),
  },
  examples: [
    "credit-anchor serve --home agency",
    "credit-anchor serve --rpc http://127.0.0.1:8545 --registry 0x5FbD…0aa3",
    "credit-anchor serve --deployment deployments/mainnet --rpc https://node.example.org --through",
  ],
  run: async ({ options, home: homeDir, io, signal }) => {
    const home = optionalHome(homeDir);
    const rpc = options.rpc ?? home?.settings.rpc[0];
    if (options.through && rpc === undefined)
      throw usage("--through needs a node: give --rpc URL or --home DIR");
    const named = namedTrust({ registry: options.registry, deployment: options.deployment }, home);
    let trust: PagesTrust | undefined;
    if (named !== undefined) {
      const chainId = named.chainId ?? (await connectNode(home, rpc, undefined, signal)).chainId;
      trust = pagesTrust(chainId, named);
    }
    if (!options.through && rpc !== undefined && /^https?:\/\/[^/]*@/.test(rpc))
      throw new CreditAnchorError("pages.credentials", "the address of the node holds a name or password", {
        hint: "browsers do not ask such addresses: add --through, and it stays on this computer",
      });
    const served = await servePages({
      folder: builtPages(),
      host: options.host ?? "127.0.0.1",
      port: options.port ?? PORT,
      trust,
      rpc,
      through: options.through,
    });
    io.note(`pages at ${served.url}`);
    if (trust === undefined) io.note("note: no registry is named, so the reader of the pages names one");
    io.note("Ctrl-C stops it");
    // Not waited for: the pages are of use without a chain, but who offers them is to learn it before a reader does.
    if (rpc !== undefined)
      connectNode(home, rpc, undefined, signal).catch((error: unknown) => {
        if (!signal.aborted && error instanceof CreditAnchorError)
          io.note(`warning: ${error.message}: until it answers, the pages find no chain`);
      });
    await interrupted(signal);
    await served.close();
    return { json: { url: served.url }, text: [] };
  },
});

function interrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
