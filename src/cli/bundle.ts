import { gatherAnchoring } from "../bundling";
import { BUNDLE_FORMAT, bundleDigest, bundleText, sealDigest, verifyBundle, type Bundle } from "../bundle";
import { toHex } from "../bytes";
import { manifestHash } from "../commitment";
import { CreditAnchorError } from "../errors";
import { loadFastHashes } from "../fast-hashes";
import type { Home } from "../home";
import { isObject, parseJson, type JsonObject } from "../json";
import { isShown, type Evidence } from "../receipt";
import { codeHashOf, connectNode, optionalHome, requireHome } from "./context";
import { readDeployment } from "./deployment-file";
import { readText, writeOwnFile } from "./files";
import { flag, text, url, usage } from "./options";
import { columns, jsonLines } from "./output";
import { expectEvidence, typeOf } from "./present";
import { defineVerb } from "./verb";
import { bundleLines } from "./verify-lines";
import { packageVersion } from "./version";

export const bundleVerb = defineVerb({
  name: "bundle",
  summary: "put everything that shows a record to a court into one file",
  about: `The bundle holds the receipt or presentation, the record type, the signed transaction, its receipt and block, the
hash of the registry's code, and, if they are at hand, the deployment record and the manifest of the batch. It
shows no more fields than the receipt in it. The manifest comes from the home folder that anchored the batch, or
from --manifest, and is for auditors and courts only: --without-manifest leaves it out.

--sign has the home's key sign everything in the bundle.`,
  arguments: [{ name: "<receipt>", about: "receipt or presentation to start from" }],
  options: {
    out: text("--out <file>", "where to write the bundle", "stdout"),
    rpc: url("--rpc <url>", "node to ask; otherwise that of the home folder"),
    deployment: text("--deployment <file>", "deployment record of the registry"),
    manifest: text("--manifest <file>", "manifest of the batch, from the agency"),
    withoutManifest: flag("--without-manifest", "leave out the manifest, though the home has it"),
    type: text("--type <file>", "type document, for a type that is neither shipped nor in the home"),
    sign: flag("--sign", "sign the bundle with the key of the home"),
  },
  examples: [
    "credit-anchor bundle receipt.json --out bundle.json",
    "credit-anchor bundle presentation.json --rpc http://127.0.0.1:8545 --deployment deployments/production --out bundle.json",
    "credit-anchor bundle receipt.json --sign --out bundle.json",
  ],
  run: async ({ args, options, home: homeDir, io, signal }) => {
    if (options.withoutManifest && options.manifest !== undefined)
      throw usage("--manifest and --without-manifest exclude each other");
    const file = args[0]!;
    const evidence = expectEvidence(file);
    const home = options.sign ? requireHome(homeDir) : optionalHome(homeDir);
    const hashes = await loadFastHashes();
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
    };
    const bundle = options.sign ? await sealed(unsigned, home!, hashes) : unsigned;
    const content = bundleText(bundle);
    const verdict = verifyBundle({ bundle: content, trust: [], policy: { today: "1970-01-01" } }, hashes);
    const wrong = [...verdict.checks, ...(verdict.bundle?.checks ?? [])].filter(
      ({ result }) => result === "failed",
    );
    if (wrong.length > 0)
      throw new CreditAnchorError(
        "bundle.false",
        `this does not fit together: ${wrong.map(({ name, message }) => `${name}: ${message}`).join("; ")}`,
        { hint: `check the file: credit-anchor verify ${file}` },
      );
    const digest = toHex(bundleDigest(bundle, hashes));
    if (options.out === undefined || options.out === "-") return { json: bundle, text: jsonLines(content) };
    writeOwnFile(options.out, content, [file]);
    const shown = evidence.record.fields.filter(isShown).map(({ name }) => name);
    if (manifest !== undefined) io.note("note: it holds the batch's manifest: for auditors and courts only");
    return {
      json: { file: options.out, digest, shown, checks: verdict.bundle!.checks },
      text: [
        `wrote ${options.out}`,
        ...bundleLines(verdict.bundle!.checks),
        ...columns([
          ["  shown", shown.join(", ") || "nothing"],
          ["  digest", `${digest} (SHA-256, for a time stamp)`],
        ]),
      ],
    };
  },
});

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
