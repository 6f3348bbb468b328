import { gatherAnchoring } from "../bundling";
import {
  BUNDLE_FORMAT,
  bundleDigest,
  bundleText,
  coverPage,
  isBundleText,
  readBundle,
  sealDigest,
  timestampQuery,
  tokenOf,
  verifyBundle,
  type Bundle,
} from "../bundle";
import { toHex } from "../bytes";
import { manifestHash } from "../commitment";
import { CreditAnchorError } from "../errors";
import { loadFastHashes } from "../fast-hashes";
import type { Hashes } from "../hashes";
import type { Home } from "../home";
import { isObject, MAX_DEPTH, parseJson, type JsonObject } from "../json";
import { isShown, type Evidence } from "../receipt";
import { codeHashOf, connectNode, optionalHome, requireHome } from "./context";
import { readDeployment } from "./deployment-file";
import { readBytes, readText, writeNewFile, writeOwnFile } from "./files";
import { flag, list, text, url, usage } from "./options";
import { columns, jsonLines } from "./output";
import { expectEvidence, typeOf } from "./present";
import { defineVerb } from "./verb";
import { bundleLines } from "./verify-lines";
import { packageVersion } from "./version";

export const bundleVerb = defineVerb({
  name: "bundle",
  summary: "put everything that shows a record to a court into one file",
  about: `The bundle holds the receipt or presentation, the record type, the signed transaction, its receipt and block, the
hash of the registry's code, and, if they are given, the deployment record, checkpoints and auditors' signed reports, and
the manifest of the batch. It
shows no more fields than the receipt in it. The manifest comes from the home folder that anchored the batch, or
from --manifest, and is for auditors and courts only: --without-manifest leaves it out.

--sign has the home's key sign everything in the bundle. A time stamp comes afterwards: --timestamp-query writes
what an authority of RFC 3161 is asked (curl --data-binary @bundle.tsq -H 'Content-Type:
application/timestamp-query' URL), and --timestamp puts its answer into the bundle.`,
  arguments: [
    { name: "<file>", about: "receipt or presentation to start from, or a bundle to add a time stamp to" },
  ],
  options: {
    out: text("--out <file>", "where to write the bundle", "stdout"),
    cover: text("--cover <file>", "also write a page for people, in Chinese and English (HTML)"),
    rpc: url("--rpc <url>", "node to ask; otherwise that of the home folder"),
    deployment: text("--deployment <file>", "deployment record of the registry"),
    manifest: text("--manifest <file>", "manifest of the batch, from the agency"),
    checkpoint: list("--checkpoint <files>", "checkpoints of the registry, between commas"),
    signedReport: list("--signed-report <files>", "auditors' signed reports on the registry, between commas"),
    withoutManifest: flag("--without-manifest", "leave out the manifest, though the home has it"),
    type: text("--type <file>", "type document, for a type that is neither shipped nor in the home"),
    sign: flag("--sign", "sign the bundle with the key of the home"),
    timestampQuery: text("--timestamp-query <file>", "also write what a time-stamping authority is asked"),
    timestamp: text("--timestamp <file>", "put the authority's answer into a bundle"),
  },
  examples: [
    "credit-anchor bundle receipt.json --out bundle.json --cover bundle.html",
    "credit-anchor bundle presentation.json --rpc http://127.0.0.1:8545 --deployment deployments/production --out bundle.json",
    "credit-anchor bundle receipt.json --sign --out bundle.json --timestamp-query bundle.tsq",
    "credit-anchor bundle bundle.json --timestamp bundle.tsr --out stamped.json",
  ],
  run: async ({ args, options, home: homeDir, io, signal }) => {
    if (options.withoutManifest && options.manifest !== undefined)
      throw usage("--manifest and --without-manifest exclude each other");
    const file = args[0]!;
    const content = readText(file);
    const hashes = await loadFastHashes();
    let bundle: Bundle;
    if (isBundleText(content)) {
      expectNoneOf(options, MAKING, "goes with a receipt: a bundle is not made again");
      bundle = expectBundle(content, file);
      if (options.timestamp !== undefined) bundle = stamped(bundle, options.timestamp, hashes);
    } else {
      expectNoneOf(
        options,
        ["timestamp"],
        "goes with a bundle: make one, ask the authority, then add its answer",
      );
      bundle = await make(expectEvidence(file), options, { homeDir, signal, hashes });
    }
    const verdict = verifyBundle({ bundle, trust: [], policy: { today: "1970-01-01" } }, hashes);
    const wrong = [...verdict.checks, ...(verdict.bundle?.checks ?? [])].filter(
      ({ result }) => result === "failed",
    );
    if (wrong.length > 0)
      throw new CreditAnchorError(
        "bundle.false",
        `this does not fit together: ${wrong.map(({ name, message }) => `${name}: ${message}`).join("; ")}`,
        {
          hint: `check the file: credit-anchor verify ${file}; a checkpoint or a signed report has to be of the anchoring's block or a later one`,
        },
      );
    const digest = bundleDigest(bundle, hashes);
    const asked = options.timestampQuery;
    if (asked !== undefined) writeNewFile(asked, timestampQuery(digest));
    if (options.cover !== undefined) writeOwnFile(options.cover, coverPage(bundle, verdict, hashes), [file]);
    if (options.out === undefined || options.out === "-")
      return { json: bundle, text: jsonLines(bundleText(bundle)) };
    writeOwnFile(options.out, bundleText(bundle), [file]);
    const shown = bundle.evidence.record.fields.filter(isShown).map(({ name }) => name);
    if (bundle.manifest !== undefined)
      io.note("note: it holds the batch's manifest: for auditors and courts only");
    const also = [options.cover, asked].filter((one) => one !== undefined);
    return {
      json: { file: options.out, digest: toHex(digest), shown, also, checks: verdict.bundle!.checks },
      text: [
        ...[options.out, ...also].map((one) => `wrote ${one}`),
        ...bundleLines(verdict.bundle!.checks),
        ...columns([
          ["  shown", shown.join(", ") || "nothing"],
          ["  digest", `${toHex(digest)} (SHA-256, for a time stamp)`],
        ]),
      ],
    };
  },
});

/** Options that decide what goes into a bundle. */
const MAKING = [
  "rpc",
  "deployment",
  "manifest",
  "withoutManifest",
  "type",
  "sign",
  "checkpoint",
  "signedReport",
] as const;

interface Options {
  readonly rpc: string | undefined;
  readonly deployment: string | undefined;
  readonly manifest: string | undefined;
  readonly withoutManifest: boolean;
  readonly type: string | undefined;
  readonly sign: boolean;
  readonly checkpoint: readonly string[] | undefined;
  readonly signedReport: readonly string[] | undefined;
  readonly timestamp: string | undefined;
}

function expectNoneOf(options: Options, names: readonly (keyof Options)[], why: string): void {
  for (const name of names)
    if (options[name] !== undefined && options[name] !== false)
      throw usage(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${why}`);
}

async function make(
  evidence: Evidence,
  options: Options,
  { homeDir, signal, hashes }: { homeDir: string | undefined; signal: AbortSignal; hashes: Hashes },
): Promise<Bundle> {
  const home = options.sign ? requireHome(homeDir) : optionalHome(homeDir);
  const type = typeOf(evidence, homeDir, options.type);
  const manifest = options.withoutManifest
    ? undefined
    : options.manifest === undefined
      ? await manifestOf(home, evidence)
      : readManifest(options.manifest, evidence);
  const chain = await connectNode(home, options.rpc, evidence.registry.chainId, signal);
  const unsigned: Bundle = {
    format: BUNDLE_FORMAT,
    formatVersion: 1,
    tool: `credit-anchor ${packageVersion()}`,
    madeAt: Math.floor(Date.now() / 1000),
    evidence,
    ...(evidence.record.typeDocument === undefined ? { typeDocument: type.document } : {}),
    ...(manifest === undefined ? {} : { manifest }),
    anchoring: await gatherAnchoring(chain, evidence, hashes),
    codeHash: await codeHashOf(chain, evidence.registry.address),
    ...(options.deployment === undefined
      ? {}
      : { deployment: { ...readDeployment(options.deployment) } as unknown as JsonObject }),
    ...(options.checkpoint === undefined ? {} : { checkpoints: options.checkpoint.map(readObject) }),
    ...(options.signedReport === undefined ? {} : { signedReports: options.signedReport.map(readObject) }),
  };
  return options.sign ? sealed(unsigned, home!, hashes) : unsigned;
}

function expectBundle(content: string, file: string): Bundle {
  const { bundle, faults } = readBundle(content);
  if (bundle !== undefined) return bundle;
  throw new CreditAnchorError("bundle.invalid", `${file} is no bundle that can be used`, { faults });
}

/** With the authority's answer in it, if that is over this bundle. */
function stamped(bundle: Bundle, file: string, hashes: Hashes): Bundle {
  let token: Uint8Array;
  try {
    token = tokenOf(readBytes(file));
  } catch (error) {
    if (error instanceof CreditAnchorError && /^(file|timestamp)\./.test(error.code)) throw error;
    throw new CreditAnchorError("timestamp.invalid", `${file} is no answer of a time-stamping authority`, {
      hint: "it takes the answer to the request that --timestamp-query wrote, as the authority sent it (RFC 3161)",
    });
  }
  const result = { ...bundle, timestamp: toHex(token) };
  const { bundle: parts } = verifyBundle(
    { bundle: result, trust: [], policy: { today: "1970-01-01" } },
    hashes,
  );
  const check = parts?.checks.find(({ name }) => name === "time stamp");
  if (check?.result === "failed")
    throw new CreditAnchorError("timestamp.other", `${file}: ${check.message}`, {
      hint: "ask the authority with what --timestamp-query writes for this very bundle",
    });
  return result;
}

/** The manifest that the home's vault keeps of the receipt's batch, if it keeps that batch. */
async function manifestOf(home: Home | undefined, { batch }: Evidence): Promise<JsonObject | undefined> {
  if (home?.settings.agency === undefined) return undefined;
  const vault = await home.readVault();
  try {
    const plan = vault.planAt(batch.sequence);
    return plan?.manifestHash === batch.manifestHash ? plan.manifest : undefined;
  } finally {
    await vault.close();
  }
}

/** What the file holds; what it is worth is checked with the rest of the bundle. */
function readObject(file: string): JsonObject {
  const value = parseJson(readText(file), { maxDepth: MAX_DEPTH + 12 });
  if (isObject(value)) return value;
  throw new CreditAnchorError("bundle.statement", `${file} is no checkpoint and no signed report`);
}

function readManifest(file: string, { batch }: Evidence): JsonObject {
  const value = parseJson(readText(file));
  if (isObject(value) && toHex(manifestHash(value)) === batch.manifestHash) return value;
  throw new CreditAnchorError("bundle.manifest", `${file} is not the manifest of the receipt's batch`, {
    hint: "ask the agency that anchored it",
  });
}

async function sealed(bundle: Bundle, home: Home, hashes: Parameters<typeof sealDigest>[1]): Promise<Bundle> {
  const signer = await home.signer();
  const signature = await signer.signDigest(toHex(sealDigest(bundle, hashes)));
  return { ...bundle, seal: { signer: signer.address, signature } };
}
