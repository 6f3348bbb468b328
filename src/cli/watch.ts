import { startWatching, type Sighting, type Watcher } from "../audit/watch";
import type { Chain } from "../chain";
import { CreditAnchorError, ExitStatus } from "../errors";
import { loadFastHashes } from "../fast-hashes";
import { delay } from "../rpc";
import { optionalHome } from "./context";
import { connectTrusted } from "./named-registry";
import { address, flag, integer, text, url, usage } from "./options";
import { count, counted } from "../counted";
import { printable, toJson } from "./output";
import { signOffsOf, signOffsOption } from "./sign-offs";
import { startWebhook } from "./webhook";
import { defineVerb } from "./verb";
import { sightingLine } from "./watch-lines";

export const watchVerb = defineVerb({
  name: "watch",
  summary:
    "follow the registry and tell what happens: batches, statuses, roles, acts that wait, sign-offs, what does not fit",
  about: `Replays the journal, then tells each new event as it comes, one line each: on the terminal, with --json as
NDJSON, and to a webhook. Acts of the authority that wait for the delay of their role are told when they are scheduled
and when they are cancelled; made, they are told as what they change. Tells too when the journal's head is not the one that its events lead to, when the chain was
reorganised, and when an agency has anchored nothing for long. Only ids and places, nothing of any record. Ends with
Ctrl-C.

A webhook that does not answer is tried again every few seconds. Exit status 70 if --once or --until ends with lines that it did
not take.`,
  options: {
    rpc: url("--rpc <url>", "node to follow; otherwise that of the home folder"),
    registry: address("--registry <address>", "the registry, on the chain of the node; otherwise the home's"),
    deployment: text("--deployment <file>", "deployment record of the registry"),
    ...signOffsOption,
    from: integer("--from <block>", "tell of what happened from this block on", {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      defaultsTo: "the next one",
    }),
    until: integer("--until <block>", "end after this block", { min: 0, max: Number.MAX_SAFE_INTEGER }),
    once: flag("--once", "look once and end"),
    silentAfter: text(
      "--silent-after <duration>",
      "tell of agencies without a batch for so long: 90d, 36h, 30m",
    ),
    webhook: url("--webhook <url>", "POST each line there too, in order", "https://alerts.example/anchor"),
    fromBlock: integer("--from-block <number>", "block of the registry's deployment, with --registry", {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    }),
  },
  examples: [
    "credit-anchor watch --home auditor",
    "credit-anchor watch --home auditor --silent-after 30d --webhook https://alerts.example/anchor --json",
    "credit-anchor watch --home auditor --from 1000 --once --json",
  ],
  run: async ({ options, home: dir, io, signal }) => {
    const silentAfter = options.silentAfter === undefined ? undefined : secondsOf(options.silentAfter);
    const home = optionalHome(dir);
    const { chain, registry } = await connectTrusted(
      {
        rpc: options.rpc,
        registry: options.registry,
        deployment: options.deployment,
        fromBlock: options.fromBlock,
      },
      home,
      signal,
    );
    const signOffs = await signOffsOf(
      registry,
      { signOffs: options.signOffs, deployment: options.deployment },
      home,
    ).catch((error: unknown) => {
      if (!(error instanceof CreditAnchorError) || error.code !== "sign-offs.unknown") throw error;
      io.note("note: no contract for sign-offs is known: none are told of");
      return undefined;
    });
    const watcher = startWatching({
      chain,
      registry: registry.address,
      deployedAt: registry.fromBlock,
      from: options.from ?? (await chain.blockNumber()) + 1,
      hashes: await loadFastHashes(),
      ...(silentAfter === undefined ? {} : { silentAfter }),
      ...(signOffs === undefined ? {} : { signOffs }),
    });
    const hook =
      options.webhook === undefined ? undefined : startWebhook(options.webhook, (line) => io.note(line));
    const counts = new Map<string, number>();
    const tell = (sighting: Sighting): void => {
      counts.set(sighting.event, (counts.get(sighting.event) ?? 0) + 1);
      const line = ndjson(sighting);
      process.stdout.write(io.json ? `${line}\n` : printable([sightingLine(sighting)]));
      hook?.send(line);
    };
    await follow(
      watcher,
      chain,
      { until: options.until, once: options.once },
      tell,
      (line) => io.note(line),
      signal,
    );
    const unsent = (await hook?.end()) ?? 0;
    const summary = { event: "summary", block: watcher.at, counts: Object.fromEntries(counts), unsent };
    const told = [...counts].map(([event, times]) => `${event} ${count(times)}`).join(", ") || "nothing";
    return {
      json: summary,
      line: true,
      text: [
        `up to block ${watcher.at}: ${told}`,
        ...(unsent === 0
          ? []
          : [
              `${counted(unsent, "line")} not taken by the webhook`,
              "hint: when it answers again, tell them once more with --from BLOCK",
            ]),
      ],
      // Whoever ends it by hand knows; a script has to learn it.
      exitStatus: unsent > 0 && !signal.aborted ? ExitStatus.internal : ExitStatus.ok,
    };
  },
});

async function follow(
  watcher: Watcher,
  chain: Chain,
  { until, once }: { readonly until: number | undefined; readonly once: boolean },
  tell: (sighting: Sighting) => void,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let failing = false;
  while (!signal.aborted) {
    try {
      (await watcher.look(until)).forEach(tell);
      if (failing) note("the node answers again");
      failing = false;
    } catch (error) {
      if (signal.aborted) return;
      const isOfNode = error instanceof CreditAnchorError && error.code.startsWith("chain.");
      if (!isOfNode || once) throw error;
      if (!failing) note(`${error.message}: trying again`);
      failing = true;
    }
    if (!failing && (once || (until !== undefined && watcher.at >= until))) return;
    await delay(Math.max(chain.pollMs, failing ? 2_000 : 0), signal).catch(() => undefined);
  }
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function secondsOf(word: string): number {
  const [, digits, unit] = /^([1-9][0-9]{0,5})([smhd])$/.exec(word) ?? [];
  if (digits === undefined) throw usage("--silent-after takes a duration such as 30d, 36h, 30m or 90s");
  return Number(digits) * UNITS[unit!]!;
}

function ndjson(value: unknown): string {
  // The escapes of terminals stay; the layout of a document goes.
  return JSON.stringify(JSON.parse(toJson(value)));
}
