import { type Result, type TransactionLike, Transaction } from "ethers";
import { toHex } from "./bytes";
import type { Log, Receipt } from "./chain";
import { CreditAnchorError } from "./errors";
import { type Fees, type FeeSettings, suggestFees } from "./fees";
import { explained, revertData } from "./registry-errors";
import { type Registry, type RegistryEvent, type RegistryFunction } from "./registry-views";
import { delay, RpcError } from "./rpc";
import { registryInterface } from "./interfaces";

/** Signs for one account; the key stays with whoever implements this. */
export interface TransactionSigner {
  /** Lower-case `0x…`. */
  readonly address: string;
  /** @returns The raw signed transaction, `0x…`. */
  sign(transaction: TransactionLike): Promise<string>;
}

/** A call of the registry, ready to be signed. */
export interface Call {
  readonly to: string;
  readonly data: string;
  /** In words, for messages: `suspend agency 3`. */
  readonly what: string;
}

/** A signed transaction: what has to be kept so that sending it again is sending the same. */
export interface Signed {
  readonly raw: string;
  readonly hash: string;
  readonly nonce: number;
  readonly from: string;
}

/** What became of an attempt to give a transaction to a node. */
export type Sending =
  /** The node has it, now or already. */
  | "accepted"
  /** Another transaction with this nonce was mined, or this one itself was. */
  | "nonce-spent"
  /** Transactions with lower nonces are missing. */
  | "nonce-gap"
  /** It pays too little for this node, or to replace another one with its nonce. */
  | "underpriced"
  /** It would revert, or (Hardhat) was mined and reverted. */
  | "reverted";

/** Milliseconds; see the fields. */
export interface Patience {
  /** A transaction that waits longer is replaced by one that pays more. Default 120,000. */
  readonly stuckMs: number;
  /** Waiting longer for one transaction ends with an error. Default 900,000. */
  readonly giveUpMs: number;
}

export const defaultPatience: Patience = { stuckMs: 120_000, giveUpMs: 900_000 };

export interface SendSettings {
  readonly fees?: FeeSettings;
  readonly patience?: Partial<Patience>;
  readonly signal?: AbortSignal;
}

/** A call of a function of the registry. */
export function registryCall(
  registry: Registry,
  name: RegistryFunction,
  args: readonly unknown[],
  what: string,
): Call {
  return {
    to: registry.address,
    data: registryInterface.encodeFunctionData(name as "agency", args as never),
    what,
  };
}

export interface SignOptions {
  readonly fees?: FeeSettings | undefined;
  /** Otherwise the account's next one, after everything the node knows to be waiting. */
  readonly nonce?: number;
  /** A transaction with the same nonce that this one has to outbid. */
  readonly replaces?: Signed;
  /** Multiplies the gas limit; default 1. For a chain whose estimates were too low. */
  readonly gasFactor?: number;
}

/**
 * Signs a call, without sending it. The node's estimate is a rehearsal: what would be refused is refused here, and costs
 * neither gas nor a nonce. The limit is the estimate and a fifth, because state may change before it is mined.
 *
 * @throws {RegistryRefusal} if the registry would refuse; {@link CreditAnchorError} `gas.too-much` if it does not fit
 * into a block, or `chain.*`.
 */
export async function signCall(
  registry: Registry,
  signer: TransactionSigner,
  call: Call,
  options: SignOptions = {},
): Promise<Signed> {
  const { chain } = registry;
  const gasLimit = await gasLimitOf(registry, signer, call, options.gasFactor ?? 1);
  const replaced = options.replaces === undefined ? undefined : feesOf(options.replaces);
  const fees = await suggestFees(chain, options.fees, replaced);
  const nonce = options.nonce ?? (await chain.nonce(signer.address, "pending"));
  const transaction = {
    ...fees,
    chainId: chain.chainId,
    to: call.to,
    data: call.data,
    value: 0n,
    gasLimit,
    nonce,
  };
  const raw = await signer.sign(transaction);
  const parsed = Transaction.from(raw);
  if (
    parsed.from?.toLowerCase() !== signer.address.toLowerCase() ||
    parsed.data !== call.data ||
    parsed.nonce !== nonce
  )
    throw new CreditAnchorError("signer.wrong", "the signer returned another transaction than it was given", {
      exitStatus: 70,
    });
  return { raw: raw.toLowerCase(), hash: parsed.hash!, nonce, from: signer.address.toLowerCase() };
}

/**
 * Whether a call would be accepted now: nothing is signed or sent.
 * @throws as {@link signCall}
 */
export async function rehearse(
  registry: Registry,
  from: Pick<TransactionSigner, "address">,
  call: Call,
): Promise<void> {
  await gasLimitOf(registry, from, call, 1);
}

async function gasLimitOf(
  { chain }: Registry,
  signer: Pick<TransactionSigner, "address">,
  call: Call,
  factor: number,
): Promise<bigint> {
  const blockLimit = (await chain.block("latest"))?.gasLimit;
  let estimate: bigint;
  try {
    estimate = await chain.estimateGas({ from: signer.address, to: call.to, data: call.data });
  } catch (error) {
    if (error instanceof RpcError && revertData(error) === undefined && isTooMuchGas(error.message))
      throw tooMuchGas(call);
    throw explained(error, call.data);
  }
  if (blockLimit === undefined) return (estimate * BigInt(12 * factor)) / 10n;
  if (estimate > blockLimit) throw tooMuchGas(call);
  const limit = (estimate * BigInt(12 * factor)) / 10n;
  return limit < blockLimit ? limit : blockLimit;
}

function feesOf(signed: Signed): Fees {
  const { type, gasPrice, maxFeePerGas, maxPriorityFeePerGas } = Transaction.from(signed.raw);
  return type === 2
    ? { type: 2, maxFeePerGas: maxFeePerGas ?? 0n, maxPriorityFeePerGas: maxPriorityFeePerGas ?? 0n }
    : { type: 0, gasPrice: gasPrice ?? 0n };
}

/** Gas that a signed transaction may use. */
export function gasLimitIn(signed: Signed): bigint {
  return Transaction.from(signed.raw).gasLimit;
}

/** What a signed transaction calls, and with which arguments. */
export function dataOf(signed: Signed): string {
  return Transaction.from(signed.raw).data;
}

function isTooMuchGas(message: string): boolean {
  return /block gas limit|exceeds allowance|gas limit (is )?(too high|exceed)|exceeds .*gas (limit|cap)|intrinsic gas too high|out of gas|oversized data|max.* size/i.test(
    message,
  );
}

function tooMuchGas(call: Call): CreditAnchorError {
  return new CreditAnchorError(
    "gas.too-much",
    `${call.what} takes more gas than fits into a block of this chain`,
    {
      hint: "with --mode leaves use a smaller --batch-size; --mode root costs the same for any size",
    },
  );
}

/**
 * Gives a signed transaction to the node. Sending the same bytes twice is harmless.
 *
 * @throws {CreditAnchorError} `chain.funds`, `gas.too-much`, `chain.wrong-chain`, {@link RpcError} for a refusal that
 * nobody foresaw, or `chain.*` if there was no answer: then the transaction may or may not be under way.
 */
export async function broadcast(registry: Registry, signed: Signed, what: string): Promise<Sending> {
  const { chain } = registry;
  let hash: string;
  try {
    hash = await chain.broadcast(signed.raw);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const sending = refusedSending(error);
    if (sending !== undefined) return sending;
    throw await refusedForGood(registry, signed, what, error);
  }
  if (hash !== signed.hash)
    throw new CreditAnchorError(
      "chain.garbage",
      `node ${chain.node} answered with the hash of another transaction`,
      {
        hint: "use another node: this one cannot be trusted",
        exitStatus: 70,
      },
    );
  return "accepted";
}

/** Nodes say the same in many words: Geth, Besu, GoQuorum, FISCO BCOS, Hardhat, anvil. */
function refusedSending(error: RpcError): Sending | undefined {
  const { message } = error;
  if (
    /already known|known transaction|already imported|already in (the )?(tx )?pool|already exists/i.test(
      message,
    )
  )
    return "accepted";
  if (
    /nonce.{0,20}too low|old ?nonce|nonce.{0,30}already (been )?used|invalid nonce|nonce check fail/i.test(
      message,
    )
  )
    return "nonce-spent";
  if (/nonce.{0,20}too high|nonce.{0,20}(gap|distant|too far)/i.test(message)) return "nonce-gap";
  if (
    /underpriced|fee ?too ?low|gas ?price.{0,40}(too low|below|less than|minimum)|less than block base fee|too low for the next block|max ?fee ?per ?gas.{0,60}(low|less)/i.test(
      message,
    )
  )
    return "underpriced";
  return revertData(error) === undefined ? undefined : "reverted";
}

async function refusedForGood(
  { chain }: Registry,
  signed: Signed,
  what: string,
  error: RpcError,
): Promise<CreditAnchorError> {
  if (
    /insufficient funds|not enough (funds|cash)|upfront.?cost|enough funds|insufficient balance/i.test(
      error.message,
    )
  ) {
    const { gasLimit, gasPrice, maxFeePerGas } = Transaction.from(signed.raw);
    const needed = gasLimit * (maxFeePerGas ?? gasPrice ?? 0n);
    const balance = await chain.balance(signed.from).catch(() => undefined);
    const has = balance === undefined ? "too little" : `${balance} wei`;
    return new CreditAnchorError(
      "chain.funds",
      `account ${signed.from} cannot pay for it: ${what} may cost ${needed} wei, it has ${has}`,
      {
        hint: "fund the account; on a network without fees set the fee policy to free. Nothing is lost: resume continues",
        exitStatus: 70,
      },
    );
  }
  if (isTooMuchGas(error.message)) return tooMuchGas({ to: "", data: "", what });
  if (/chain ?id/i.test(error.message)) {
    await chain.checkChainId();
  }
  return error;
}

/** What became of a transaction that a node had. */
export type Outcome =
  | { readonly kind: "mined"; readonly receipt: Receipt }
  /** Another transaction took its nonce: it will never be mined. */
  | { readonly kind: "replaced" }
  /** The node does not know it any more. */
  | { readonly kind: "forgotten" }
  /** It waits longer than it should. */
  | { readonly kind: "stuck" };

/** Milliseconds between the slower questions: is it still known, is its nonce spent? */
const SLOW_MS = 1_000;

/** Waits until a transaction is mined or something else became of it. */
export async function watch(
  registry: Registry,
  signed: Signed,
  settings: SendSettings = {},
): Promise<Outcome> {
  const { chain } = registry;
  const { stuckMs } = { ...defaultPatience, ...settings.patience };
  const started = Date.now();
  let slowAt = started + SLOW_MS;
  let unknown = 0;
  // Chains that mine on demand have it mined at once.
  let pause = 10;
  for (;;) {
    const receipt = await chain.receipt(signed.hash);
    if (receipt !== undefined) return { kind: "mined", receipt: checkedReceipt(signed, receipt) };
    const now = Date.now();
    if (now >= slowAt) {
      slowAt = now + SLOW_MS;
      if ((await chain.nonce(signed.from)) > signed.nonce) {
        const late = await chain.receipt(signed.hash);
        return late === undefined
          ? { kind: "replaced" }
          : { kind: "mined", receipt: checkedReceipt(signed, late) };
      }
      // Behind a load balancer one answer of "unknown" may come from a node that has not heard of it yet.
      unknown = (await chain.transaction(signed.hash)) === undefined ? unknown + 1 : 0;
      if (unknown >= 2) return { kind: "forgotten" };
      if (now - started > stuckMs) return { kind: "stuck" };
    }
    await delay(Math.min(pause, chain.pollMs, stuckMs), settings.signal);
    pause *= 2;
  }
}

function checkedReceipt(signed: Signed, receipt: Receipt): Receipt {
  if (receipt.transactionHash === signed.hash) return receipt;
  throw new CreditAnchorError("chain.garbage", "the node answered with the receipt of another transaction", {
    hint: "use another node: this one cannot be trusted",
    exitStatus: 70,
  });
}

/**
 * Sends one call and waits until it has been mined successfully: for acts that are done once, by hand, and that can be
 * asked for again without harm. Anchoring has a journal of its own, see anchoring.ts.
 *
 * @throws {RegistryRefusal} if the registry refuses; `chain.not-mined` if it was not mined in time; `chain.*`.
 */
export async function execute(
  registry: Registry,
  signer: TransactionSigner,
  call: Call,
  settings: SendSettings = {},
): Promise<Receipt> {
  const patience = { ...defaultPatience, ...settings.patience };
  const deadline = Date.now() + patience.giveUpMs;
  let gasFactor = 1;
  let signed = await signCall(registry, signer, call, { fees: settings.fees });
  // One that was outbid can still be the one that is mined.
  const sent: Signed[] = [];
  for (let attempt = 1; Date.now() < deadline && attempt <= 20; attempt++) {
    sent.push(signed);
    const sending = await broadcast(registry, signed, call.what);
    const outcome = sending === "accepted" ? await watch(registry, signed, settings) : undefined;
    const receipt = outcome?.kind === "mined" ? outcome.receipt : await anyReceipt(registry, sent);
    if (receipt?.succeeded) return receipt;
    if (outcome?.kind === "forgotten") continue;
    const outbid = sending === "underpriced" || outcome?.kind === "stuck";
    if (receipt !== undefined && receipt.gasUsed >= gasLimitIn(signed)) gasFactor *= 2;
    if (attempt > 1) await delay(registry.chain.pollMs, settings.signal);
    // If it has come to nothing, rehearsing the next one tells why: state has changed since it was signed.
    const again = outbid ? { nonce: signed.nonce, replaces: signed } : { gasFactor };
    signed = await signCall(registry, signer, call, { fees: settings.fees, ...again });
  }
  throw notMined(call.what, signed.hash, patience.giveUpMs);
}

async function anyReceipt({ chain }: Registry, sent: readonly Signed[]): Promise<Receipt | undefined> {
  for (const signed of sent) {
    const receipt = await chain.receipt(signed.hash);
    if (receipt !== undefined) return checkedReceipt(signed, receipt);
  }
  return undefined;
}

export function notMined(what: string, hash: string, ms: number): CreditAnchorError {
  return new CreditAnchorError(
    "chain.not-mined",
    `${what} was not mined within ${Math.round(ms / 1000)} s (transaction ${hash})`,
    {
      hint: "the chain may have stopped making blocks, or asks for higher fees. Nothing is lost: run the command again",
      exitStatus: 70,
    },
  );
}

/**
 * The event in a receipt that says that a call did what it should: by emitting address, by topic and by every argument.
 *
 * @param expected By name: every argument of the event but `entry` and those in `learned`.
 * @throws {CreditAnchorError} `registry.no-effect` if the receipt has no such event.
 */
export function requireEvent(
  registry: Registry,
  receipt: Receipt,
  name: RegistryEvent,
  expected: Readonly<Record<string, unknown>>,
  learned: readonly string[] = [],
): Result {
  const event = registryInterface.getEvent(name as "BatchAnchored");
  const compared = event.inputs
    .map((input) => input.name)
    .filter((field) => field !== "entry" && !learned.includes(field));
  const missing = compared.find((field) => !Object.hasOwn(expected, field));
  if (missing !== undefined || compared.length !== Object.keys(expected).length)
    throw new TypeError(`event ${name}: expected arguments are ${compared.join(", ")}`);
  for (const log of receipt.logs) {
    const fields = decode(registry, log, event.topicHash, name);
    if (fields !== undefined && compared.every((field) => same(fields[field], expected[field])))
      return fields;
  }
  throw new CreditAnchorError(
    "registry.no-effect",
    `the receipt of transaction ${receipt.transactionHash} does not show that the registry did what it was told (${name})`,
    { hint: "the node may be lying: nothing was recorded; ask another node", exitStatus: 70 },
  );
}

function decode(registry: Registry, log: Log, topic: string, name: RegistryEvent): Result | undefined {
  if (log.address !== registry.address || log.topics[0] !== topic) return undefined;
  try {
    return registryInterface.decodeEventLog(name as "BatchAnchored", log.data, [...log.topics]);
  } catch {
    return undefined;
  }
}

function same(found: unknown, expected: unknown): boolean {
  return plain(found) === plain(expected);
}

function plain(value: unknown): string {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain).join();
  return String(value).toLowerCase();
}
