import { randomBytes } from "node:crypto";
import { toHex } from "../bytes";
import type { Block, Chain } from "../chain";
import { keyCommitment } from "../commitment";
import { isCodeOf } from "../deploy/code";
import { CreditAnchorError, ExitStatus } from "../errors";
import { detectFeePolicy, suggestFees } from "../fees";
import type { Home } from "../home";
import { authorityOf, isPaused, openRegistry, registrySuccessor, type Registry } from "../registry-views";
import { RpcError } from "../rpc";
import { lookAtAgency } from "./doctor-agency";
import { attempt, type Finding, type Say } from "./findings";
import { codeHashOf, connectNode, requireHome } from "./context";
import { readDeployment, readRecordBeside } from "./deployment-file";
import { text, url } from "./options";
import { counted } from "../counted";
import { timeForPeople } from "./output";
import { defineVerb } from "./verb";

/** Clock of a chain and ours may differ by so many seconds without a word. */
const CLOCK_TOLERANCE = 900;
/** Gas of one batch by its root, roughly. */
const GAS_OF_A_BATCH = 70_000n;

export const doctorVerb = defineVerb({
  name: "doctor",
  summary: "look at everything anchoring depends on, and say what to do about what is wrong",
  about: "Sends nothing. Exit status 0 if all is well (warnings included), else 70.",
  options: {
    rpc: url("--rpc <url>", "node to look at; otherwise that of the home folder"),
    deployment: text("--deployment <file>", "deployment record to compare the contract with"),
  },
  examples: [
    "credit-anchor doctor --home agency",
    "credit-anchor doctor --home agency --deployment deployments/besu --json",
  ],
  run: async ({ options, home: dir, signal }) => {
    const home = requireHome(dir);
    const findings: Finding[] = [];
    const say = (check: string, result: Finding["result"], message: string, hint?: string): void => {
      findings.push({ check, result, message, ...(hint === undefined ? {} : { hint }) });
    };
    await look(home, options, signal, say);
    const problems = findings.filter(({ result }) => result === "problem").length;
    const warnings = findings.filter(({ result }) => result === "warning").length;
    return {
      json: { ok: problems === 0, problems, warnings, findings },
      text: [
        ...findings.flatMap(({ check, result, message, hint }) => [
          `${{ ok: "ok     ", warning: "warning", problem: "PROBLEM" }[result]}  ${check.padEnd(12)} ${message}`,
          ...(hint === undefined || result === "ok" ? [] : [`${" ".repeat(22)}→ ${hint}`]),
        ]),
        "",
        problems === 0
          ? `all is well${warnings === 0 ? "" : `, ${warnings} warning${warnings === 1 ? "" : "s"}`}`
          : `${problems} problem${problems === 1 ? "" : "s"}, ${warnings} warning${warnings === 1 ? "" : "s"}`,
      ],
      exitStatus: problems === 0 ? ExitStatus.ok : ExitStatus.internal,
    };
  },
});

async function look(
  home: Home,
  options: { readonly rpc: string | undefined; readonly deployment: string | undefined },
  signal: AbortSignal,
  say: Say,
): Promise<void> {
  const { settings } = home;
  say("home", "ok", `${home.dir}${settings.label === "" ? "" : `, ${settings.label}`}`);
  if (settings.trial === true)
    say(
      "home",
      "warning",
      "its passphrase lies in the folder and protects nothing",
      "for real records make a home without --trial",
    );
  await lookAtVault(home, say);
  await lookAtKeys(home, say);

  const chain = await attempt(say, "chain", () =>
    connectNode(home, options.rpc, settings.registry?.chainId, signal),
  );
  if (chain === undefined) return;
  say("chain", "ok", `node ${chain.node} serves chain ${chain.chainId}`);
  await attempt(say, "chain", () => lookAtChain(chain, say));

  if (settings.registry === undefined) {
    say(
      "registry",
      "problem",
      "the home names no registry",
      `put it into settings.json${snippet(options.deployment)}`,
    );
    return;
  }
  const { address, deployedAtBlock } = settings.registry;
  const registry = await attempt(say, "registry", () => openRegistry(chain, address, deployedAtBlock));
  if (registry === undefined) return;
  await attempt(say, "registry", () => lookAtRegistry(registry, home, options.deployment, say));
  await attempt(say, "agency", () => lookAtAgency(registry, home, say));
  await attempt(say, "fees", () => lookAtFees(chain, home, say));
}

/** The setting that a home made before its registry was deployed still needs. */
function snippet(deployment: string | undefined): string {
  if (deployment === undefined) return "; doctor --deployment FILE shows the lines";
  const { chainId, address, codeHash, blockNumber: deployedAtBlock } = readDeployment(deployment);
  const accessManager = readRecordBeside(deployment, "RegistryAuthority")?.address;
  const signOffs = readRecordBeside(deployment, "SignOffs")?.address;
  return `: "registry": ${JSON.stringify({ chainId, address, accessManager, codeHash, deployedAtBlock, signOffs })}`;
}

async function lookAtVault(home: Home, say: Say): Promise<void> {
  await attempt(say, "vault", async () => {
    const vault = await home.readVault();
    try {
      const plans = [...vault.plans()];
      const records = plans.reduce((sum, { size }) => sum + size, 0);
      say("vault", "ok", `${counted(plans.length, "batch", "batches")}, ${counted(records, "record")}`);
      const open = plans.filter(({ status }) => status !== "final").length;
      const moves = vault.unfinishedMoves().length;
      if (open > 0 || moves > 0)
        say(
          "vault",
          "warning",
          `not finished: ${counted(open, "batch", "batches")}, ${counted(moves, "status move")}`,
          "credit-anchor resume finishes them",
        );
    } finally {
      await vault.close();
    }
  });
}

const WHERE_KEYS_ARE = {
  keystore: "the encrypted keystore of the home",
  environment: "the key of CREDIT_ANCHOR_PRIVATE_KEY",
  command: "an external command",
} as const;

/** Whether the command signs with the key it should; a random digest is nothing that anybody could use. */
async function trySigning(home: Home, say: Say): Promise<void> {
  await (await home.signer()).signDigest(toHex(new Uint8Array(randomBytes(32))));
  say("keys", "ok", "the external command signs, and with the right key");
}

async function lookAtKeys(home: Home, say: Say): Promise<void> {
  const signer = await attempt(say, "keys", async () => home.signerAddress());
  if (signer !== undefined) {
    say("keys", "ok", `signs as ${signer}, by ${WHERE_KEYS_ARE[home.signerKind()]}`);
    if (home.signerKind() === "command") await attempt(say, "keys", () => trySigning(home, say));
  } else if (home.settings.agency !== undefined)
    say(
      "keys",
      "warning",
      "the home has no signing key",
      "put a keystore at keys/operator.json, name a signer in settings.json, or set CREDIT_ANCHOR_PRIVATE_KEY",
    );
  const next =
    signer === undefined ? undefined : await attempt(say, "keys", async () => home.keystores().next);
  if (next !== undefined)
    say(
      "keys",
      "warning",
      `a change of keys is not finished: ${next} is to sign from now on`,
      "credit-anchor operator rotate finishes it",
    );
  try {
    const { agencyKey } = await home.keys();
    if (agencyKey === undefined) return say("keys", "ok", "the passphrase opens the home");
    const own = toHex(keyCommitment(agencyKey));
    if (own === home.settings.agency?.keyCommitment)
      say("keys", "ok", "the passphrase opens the agency key, and it is the committed one");
    else
      say(
        "keys",
        "problem",
        "the agency key is not the one that the settings commit to",
        "restore keys/ and settings.json of the same home",
      );
  } catch (error) {
    if (!(error instanceof CreditAnchorError)) throw error;
    const missing = error.code === "home.no-passphrase";
    say(
      "keys",
      missing ? "warning" : "problem",
      missing ? "not looked at: no passphrase" : error.message,
      error.hint,
    );
  }
}

/** Opcodes that tell the level of an EVM, oldest first: each piece of code ends normally only where they exist. */
const LEVELS: readonly (readonly [name: string, code: string])[] = [
  ["Istanbul", "0x46475050600080f3"],
  ["London", "0x4850600080f3"],
  ["Shanghai", "0x5f80f3"],
  ["Cancun", "0x60005c50600060006000" + "5e600080f3"],
];

async function lookAtChain(chain: Chain, say: Say): Promise<void> {
  const block = await chain.block("latest");
  if (block === undefined)
    return say("chain", "problem", "the node has no newest block", "is it still starting?");
  await lookAtLevel(chain, say);
  lookAtClock(block, say);
}

async function lookAtLevel(chain: Chain, say: Say): Promise<void> {
  let level: string | undefined;
  for (const [name, code] of LEVELS) {
    if (!(await runs(chain, code))) break;
    level = name;
  }
  // Post-merge chains have a random number where the others have a difficulty: far larger than any difficulty.
  const random = await result(chain, "0x4460005260206000f3");
  const isMerged = random !== undefined && BigInt(random) > 1n << 64n;
  if (level === "London" && isMerged) level = "Paris";
  if (level === undefined)
    say(
      "evm",
      "warning",
      "the node does not run code without an address: its level is unknown",
      "the registry needs Istanbul or newer",
    );
  else say("evm", "ok", `executes ${level}; the registry needs Istanbul`);
}

async function runs(chain: Chain, code: string): Promise<boolean> {
  return (await result(chain, code)) !== undefined;
}

/** What creation code returns, without creating anything. */
async function result(chain: Chain, code: string): Promise<string | undefined> {
  try {
    const returned = await chain.send("eth_call", [{ data: code }, "latest"]);
    return typeof returned === "string" ? (returned === "0x" ? "0x0" : returned) : undefined;
  } catch (error) {
    if (error instanceof RpcError) return undefined;
    throw error;
  }
}

function lookAtClock(block: Block, say: Say): void {
  const unit = block.timestamp === block.time ? "seconds" : "milliseconds";
  const ahead = block.time - Math.floor(Date.now() / 1000);
  const text = `block ${block.number} of ${timeForPeople(block.time)}; the chain counts ${unit}`;
  if (ahead > CLOCK_TOLERANCE)
    say(
      "clock",
      "warning",
      `${text}; ${ahead} s ahead of this machine`,
      "set this machine's clock, or ask the chain's operators",
    );
  else say("clock", "ok", text);
}

async function lookAtRegistry(
  registry: Registry,
  home: Home,
  deployment: string | undefined,
  say: Say,
): Promise<void> {
  const { chain, address } = registry;
  const trusted = home.settings.registry!;
  const codeHash = await codeHashOf(chain, address);
  const record = deployment === undefined ? undefined : readDeployment(deployment);
  if (record !== undefined && (record.chainId !== chain.chainId || record.address !== address))
    say(
      "contract",
      "problem",
      "the deployment record is of another registry than the home's",
      "compare the home's settings.json with the record",
    );
  else if (record !== undefined && record.codeHash !== codeHash)
    say(
      "contract",
      "problem",
      "the code is not that of the deployment record",
      "do not use this registry before the difference is explained",
    );
  else if (trusted.codeHash !== undefined && trusted.codeHash !== codeHash)
    say(
      "contract",
      "problem",
      "the code is not what it was when this home was made",
      "do not use this registry before the difference is explained",
    );
  else {
    const known =
      record !== undefined
        ? "as in the deployment record"
        : trusted.codeHash !== undefined
          ? "as when this home was made"
          : "nothing to compare it with";
    say("contract", "ok", `${address}, code ${codeHash.slice(0, 10)}…, ${known}`);
  }
  if (
    !isCodeOf(
      { contract: "CreditRegistry", chainId: chain.chainId, address, arguments: [] },
      await chain.code(address),
    )
  )
    say(
      "contract",
      "warning",
      "the code is not what this version of credit-anchor deploys",
      "an older or newer registry? scripts/check-deployment.ts compares it with its record",
    );
  const authority = await authorityOf(registry);
  if (authority !== trusted.accessManager)
    say(
      "contract",
      "problem",
      `the registry obeys authority ${authority}, the home expects ${trusted.accessManager}`,
      "ask the registry's governance; then correct settings.json",
    );
  const successor = await registrySuccessor(registry);
  if (successor !== undefined)
    say(
      "registry",
      "warning",
      `it named ${successor} as its successor, for ever`,
      "ask its governor from when on to anchor there; that needs homes of the new registry, receipts of this one stay good",
    );
  if (await isPaused(registry))
    say(
      "registry",
      "problem",
      "the registry is paused: nothing can be anchored",
      "wait until it is unpaused; withdrawing is possible",
    );
  else say("registry", "ok", "is not paused");
}

async function lookAtFees(chain: Chain, home: Home, say: Say): Promise<void> {
  const { fees } = home.settings;
  const wanted = fees.policy ?? "auto";
  const found = await detectFeePolicy(chain);
  const { type, ...amounts } = await suggestFees(chain, fees);
  const price = "gasPrice" in amounts ? amounts.gasPrice : amounts.maxFeePerGas;
  say(
    "fees",
    "ok",
    `policy ${wanted}${wanted === "auto" ? `, here ${found}` : ""}; at most ${price} wei for a unit of gas, type ${type} transactions`,
  );
  if (wanted === "free" && found !== "free")
    say(
      "fees",
      "warning",
      "the settings say free, the chain asks for fees",
      'set fees.policy to "auto" in settings.json',
    );
  const signer = home.signerAddress();
  if (signer === undefined || price === 0n) return;
  const balance = await chain.balance(signer);
  const batches = balance / (price * GAS_OF_A_BATCH);
  if (balance === 0n) say("balance", "problem", `${signer} has nothing to pay with`, "fund the account");
  else if (batches < 100n)
    say(
      "balance",
      "warning",
      `${balance} wei: enough for about ${counted(batches, "batch", "batches")}`,
      "fund the account soon",
    );
  else say("balance", "ok", `${balance} wei: enough for about ${counted(batches, "batch", "batches")}`);
}
