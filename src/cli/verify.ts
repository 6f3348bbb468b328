import type { X509Certificate } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readExhibit, verifyExhibit, type AuthorityAnswer } from "../bundle";
import { connectChain, isSilence, type Chain } from "../chain";
import { CreditAnchorError, ExitStatus } from "../errors";
import { gatherTrusted } from "../facts";
import { loadFastHashes } from "../fast-hashes";
import type { Home } from "../home";
import type { Evidence } from "../receipt";
import { throwIfCancelled } from "../rpc";
import { authorityOf, certificatesOf } from "../timestamp-authority";
import {
  combine,
  dateInChina,
  toldOf,
  type Moment,
  type Policy,
  type Told,
  type TrustedRegistry,
  type Verdict,
} from "../verify";
import { connectNode, optionalHome } from "./context";
import { readBytes, readText } from "./files";
import { knownTypes, readTypeFile } from "./known-types";
import { namedTrust, type NamedRegistry } from "./named-registry";
import { address, flag, integer, list, text, url, usage } from "./options";
import { count, counted } from "../counted";
import { defineVerb } from "./verb";
import { momentText, report, summary } from "./verify-lines";

/** Files of a folder that are looked at. */
const LARGEST_FOLDER = 1_000_000;
const FILES_AT_ONCE = 500;
/** For up to so many files the events about each record are read without being asked for: that takes some requests. */
const HISTORY_FILES = 50;

export const verifyVerb = defineVerb({
  name: "verify",
  summary: "check receipts, presentations and bundles: genuine, anchored by whom and when, still in force",
  about: `Which registry to believe comes from --registry and --rpc, from --deployment, or from the home folder; never
from the file that is checked. A folder stands for the .json files in it. Of a bundle every piece of evidence is
checked too; what it does not hold is not checked.

Exit status: 1 a check failed; 2 nothing failed, but a required check (type, anchor, issuer, status)
could not be made, or a node named with --witness gave no answer; 3 genuine, but not in force; 0 genuine and in force.
Of several files the worst, in the order 1, 2, 3. Nodes that contradict each other are believed neither: that is an
error, 70.

--as-of tells what was true on a past day by the events up to then: status, standing of the agency, dates. Of a
record that was anchored later it says so, with exit status 3.
What is known today about a stolen key counts for past days too. --on only judges the record's dates by
another day.`,
  arguments: [{ name: "<files...>", about: "receipts, presentations, bundles, or folders of them" }],
  options: {
    rpc: url("--rpc <url>", "node to ask; otherwise that of the home folder"),
    registry: address("--registry <address>", "the registry you trust, on the chain of the node"),
    deployment: text("--deployment <file>", "deployment record of the registry you trust"),
    witness: list("--witness <urls>", "further nodes, between commas, that must say the same"),
    offline: flag("--offline", "ask no node: check only what the file itself can prove"),
    type: text("--type <file>", "type document, for a type that is neither shipped nor in the home"),
    on: text("--on <date>", "judge by this day, such as 2026-04-01", "today in UTC+8"),
    asOf: text(
      "--as-of <moment>",
      "what it was worth at the end of a past day in UTC+8, or at a block number",
    ),
    history: flag("--history", `read every record's history, also for more than ${HISTORY_FILES} files`),
    timestampCa: text(
      "--timestamp-ca <file>",
      "certificates (PEM) of authorities whose time stamps you trust",
    ),
    values: flag("--values", "also print the shown fields for people: dates, amounts in 元"),
    maxAge: integer("--max-age <seconds>", "refuse a node whose newest block is older than this", {
      min: 1,
      max: 1_000_000_000,
    }),
  },
  examples: [
    "credit-anchor verify receipt.json --home agency",
    "credit-anchor verify receipt.json --rpc http://127.0.0.1:8545 --registry 0x5FbD…0aa3",
    "credit-anchor verify receipts/ --json",
    "credit-anchor verify receipt.json --offline",
  ],
  run: async ({ args, options, home: homeDir, io, signal }) => {
    if (options.offline && options.rpc !== undefined) throw usage("--offline and --rpc exclude each other");
    if (options.offline && options.witness !== undefined)
      throw usage("--offline and --witness exclude each other");
    if (options.asOf !== undefined && (options.offline || options.on !== undefined))
      throw usage("--as-of excludes --offline and --on");
    const home = optionalHome(homeDir);
    const types = [...knownTypes(home), ...(options.type === undefined ? [] : [readTypeFile(options.type)])];
    const files = expand(args);
    const named = namedTrust({ registry: options.registry, deployment: options.deployment }, home);
    const sources =
      options.offline || named === undefined
        ? undefined
        : await connectAll(home, named, options.rpc, options.witness ?? [], signal);
    const trust = sources?.trust ?? (named === undefined ? [] : trustWithChain(named));
    const policy = await readPolicy(options, sources?.chains[0]);
    const withHistory = options.history || options.asOf !== undefined || files.length <= HISTORY_FILES;
    const fromBlock = named?.deployedAtBlock ?? 0;
    const authority = options.timestampCa === undefined ? undefined : readAuthority(options.timestampCa);
    const hashes = await loadFastHashes();
    const silent = sources?.silent ?? [];
    let chains = sources?.chains;
    const onSilent = (node: Chain, error: CreditAnchorError): void => {
      silent.push(error.message);
      const [first, ...others] = chains!;
      chains = [first, ...others.filter((other) => other !== node)];
    };
    const progress = io.progress();
    const verdicts: Verdict[] = [];
    const tales: (Told | undefined)[] = [];
    const lines: string[] = [];
    // Some hundreds at a time: a folder may hold tens of thousands.
    for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
      throwIfCancelled(signal);
      const exhibits = files.slice(at, at + FILES_AT_ONCE).map((file) => readExhibit(readText(file)));
      const evidence = exhibits.map((one) => one.evidence);
      const facts =
        sources === undefined || chains === undefined
          ? []
          : await gatherTrusted(chains, sources.trust[0], evidence, { withHistory, fromBlock, onSilent });
      evidence.forEach((one, i) => {
        const request = {
          types,
          facts: facts[i],
          trust: trust ?? trustAsSaid(named!, one),
          policy,
          authority,
        };
        const verdict = verifyExhibit(exhibits[i]!, request, hashes);
        const told = toldOf(verdict, facts[i], one, policy);
        lines.push(...report(files[at + i]!, verdict, one, types, options.values, told));
        verdicts.push(verdict);
        tales.push(told);
      });
      progress.update(() => `verified ${count(verdicts.length)} of ${counted(files.length, "file")}`);
    }
    progress.end();
    const combined = combine(verdicts);
    return {
      json: files.map((file, i) => ({
        file,
        ...verdicts[i]!,
        asOf: policy.asOf ?? null,
        told: tales[i] ?? null,
        silent,
        equivocatesWith: combined.equivocations.flatMap(([a, b]) =>
          a === i ? [files[b]!] : b === i ? [files[a]!] : [],
        ),
      })),
      text: [
        ...(policy.asOf === undefined ? [] : [momentText(policy.asOf), ""]),
        ...lines,
        ...combined.equivocations.map(
          ([a, b]) =>
            `✗ ${files[a]!} and ${files[b]!}: the agency anchored two contents as the same version of one record`,
        ),
        ...summary(verdicts),
        ...silent.map((message) => `not heard  ${message}`),
        ...(silent.length === 0 ? [] : [notAllHeard(silent.length, combined.exitStatus)]),
        ...(named === undefined && !options.offline ? [NO_TRUST] : []),
      ],
      // Who names a witness wants no verdict on one node's word because the other cannot be reached.
      exitStatus:
        silent.length > 0 && combined.exitStatus !== ExitStatus.failed
          ? ExitStatus.notChecked
          : combined.exitStatus,
    };
  },
});

function notAllHeard(silent: number, exitStatus: number): string {
  const what = `${counted(silent, "witness", "witnesses")} gave no answer`;
  return exitStatus === ExitStatus.failed
    ? what
    : `UNDECIDED: ${what}; name one that answers, or leave it out and believe the others`;
}

/** Looks at time stamps with the certificates of a file. */
function readAuthority(file: string): (token: Uint8Array) => AuthorityAnswer {
  let trusted: X509Certificate[];
  try {
    trusted = certificatesOf(readBytes(file));
  } catch (error) {
    if (error instanceof CreditAnchorError) throw error;
    throw new CreditAnchorError("timestamp.certificate", `${file} holds no certificate that can be read`);
  }
  return (token) => authorityOf(token, trusted);
}

const NO_TRUST =
  "no trusted registry is named: give --registry ADDRESS and --rpc URL, --deployment FILE, or --home DIR";

interface Sources {
  readonly chains: readonly [Chain, ...Chain[]];
  readonly trust: readonly [TrustedRegistry];
  /** What is said of witnesses that gave no answer. */
  readonly silent: string[];
}

async function connectAll(
  home: Home | undefined,
  named: NamedRegistry,
  rpc: string | undefined,
  witnesses: readonly string[],
  signal: AbortSignal,
): Promise<Sources> {
  const chain = await connectNode(home, rpc, named.chainId, signal);
  const { chainId } = chain;
  const others: Chain[] = [];
  const silent: string[] = [];
  for (const witness of witnesses)
    try {
      const other = await connectChain({ urls: [witness], chainId, signal });
      // One node named twice is one source.
      if (![chain, ...others].some(({ node }) => node === other.node)) others.push(other);
    } catch (error) {
      if (!isSilence(error)) throw error;
      silent.push(error.message);
    }
  return { chains: [chain, ...others], trust: [{ ...named, chainId }], silent };
}

async function readPolicy(
  options: {
    readonly on: string | undefined;
    readonly asOf: string | undefined;
    readonly maxAge: number | undefined;
  },
  chain: Chain | undefined,
): Promise<Policy> {
  const now = Math.floor(Date.now() / 1000);
  const { on, asOf } = options;
  const age = options.maxAge === undefined ? {} : { maximumAge: options.maxAge };
  if (asOf !== undefined) {
    const moment = await readMoment(asOf, now, chain);
    return { today: dateInChina(moment.time), now, asOf: moment, ...age };
  }
  if (on !== undefined && !isCalendarDate(on)) throw usage("--on takes a calendar date such as 2026-04-01");
  return { today: on ?? dateInChina(now), now, ...age };
}

function isCalendarDate(word: string): boolean {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(word) ? new Date(`${word}T00:00:00Z`) : new Date(NaN);
  return !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === word;
}

/** The last second of a day in UTC+8, or the time of a block. */
async function readMoment(word: string, now: number, chain: Chain | undefined): Promise<Moment> {
  if (/^(0|[1-9][0-9]{0,14})$/.test(word)) {
    const block = await chain?.block(Number(word));
    if (block === undefined)
      throw usage(chain === undefined ? "--as-of BLOCK needs a node" : `the node knows no block ${word}`);
    return { time: block.time, block: block.number };
  }
  if (!isCalendarDate(word))
    throw usage("--as-of takes a calendar date such as 2026-04-01, or a block number");
  const time = Date.parse(`${word}T23:59:59+08:00`) / 1000;
  if (word > dateInChina(now))
    throw usage("--as-of takes a past day: nobody knows what will become of a record");
  return { time };
}

/** Files as they were named; of folders the .json files in them, by name. */
function expand(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    if (statSync(word, { throwIfNoEntry: false })?.isDirectory() !== true) return [word];
    const names = readdirSync(word).filter((name) => name.endsWith(".json"));
    if (names.length === 0) throw new CreditAnchorError("file.none", `${word} holds no .json file`);
    if (names.length > LARGEST_FOLDER)
      throw new CreditAnchorError("file.too-many", `${word} holds more than ${LARGEST_FOLDER} files`);
    return names.sort(byNumber).map((name) => join(word, name));
  });
}

/** 2.json before 10.json. */
const byNumber = new Intl.Collator("en", { numeric: true }).compare;

function trustWithChain(named: NamedRegistry): TrustedRegistry[] | undefined {
  const { chainId } = named;
  return chainId === undefined ? undefined : [{ ...named, chainId }];
}

/**
 * Offline, with an address and no chain: the address is compared on whatever chain the file says. That can only make
 * the anchor fail; without a node it never passes.
 */
function trustAsSaid(named: NamedRegistry, evidence: Evidence | undefined): TrustedRegistry[] {
  return [{ ...named, chainId: evidence?.registry.chainId ?? 1 }];
}
