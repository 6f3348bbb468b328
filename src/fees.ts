import type { Chain } from "./chain";
import { CreditAnchorError } from "./errors";
import { RpcError } from "./rpc";

/**
 * How transactions are paid for. `auto` looks at the chain: `free` where the base fee is zero, `legacy` where there is
 * none, else `eip1559`.
 */
export type FeePolicy = "auto" | "free" | "legacy" | "eip1559";

export const feePolicies: readonly FeePolicy[] = ["auto", "free", "legacy", "eip1559"];

export interface FeeSettings {
  /** Default `auto`. */
  readonly policy?: FeePolicy;
  /** Fixed price of `legacy`, in wei, as decimal text. Otherwise the node's proposal. */
  readonly gasPriceWei?: string;
  /** Most that `eip1559` pays for a unit of gas, in wei, as decimal text. Otherwise twice the base fee and the tip. */
  readonly maxFeePerGasWei?: string;
  /** Tip of `eip1559`, in wei, as decimal text. Otherwise the node's proposal. */
  readonly maxPriorityFeePerGasWei?: string;
}

/** The part of a transaction that says what it pays. Type 0 is understood by every chain. */
export type Fees =
  | { readonly type: 0; readonly gasPrice: bigint }
  | { readonly type: 2; readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint };

/** Used when a node with EIP-1559 makes no proposal. */
const DEFAULT_TIP = 1_000_000_000n;

/** Which policy `auto` means on this chain, now. */
export async function detectFeePolicy(chain: Chain): Promise<Exclude<FeePolicy, "auto">> {
  const head = await chain.block("latest");
  if (head?.baseFeePerGas === 0n) return "free";
  return head?.baseFeePerGas === undefined ? "legacy" : "eip1559";
}

/**
 * Fees for the next transaction.
 *
 * @param replaced Fees of a transaction with the same nonce that is to be replaced: a node takes the replacement only
 * for a good tenth more.
 */
export async function suggestFees(chain: Chain, settings: FeeSettings = {}, replaced?: Fees): Promise<Fees> {
  const fees = await proposal(chain, settings);
  return replaced === undefined ? fees : outbid(fees, replaced);
}

async function proposal(chain: Chain, settings: FeeSettings): Promise<Fees> {
  const wanted = settings.policy ?? "auto";
  const policy = wanted === "auto" ? await detectFeePolicy(chain) : wanted;
  if (policy === "free") return { type: 0, gasPrice: 0n };
  if (policy === "legacy") return { type: 0, gasPrice: wei(settings.gasPriceWei) ?? (await gasPrice(chain)) };
  const tip = wei(settings.maxPriorityFeePerGasWei) ?? (await proposedTip(chain));
  const baseFee = (await chain.block("latest"))?.baseFeePerGas;
  if (baseFee === undefined)
    throw new CreditAnchorError(
      "chain.no-base-fee",
      "the settings ask for EIP-1559 fees, this chain has no base fee",
      {
        hint: "set the fee policy to auto or legacy",
      },
    );
  const maxFeePerGas = wei(settings.maxFeePerGasWei) ?? 2n * baseFee + tip;
  return { type: 2, maxFeePerGas, maxPriorityFeePerGas: tip < maxFeePerGas ? tip : maxFeePerGas };
}

function wei(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,38}$/.test(text))
    throw new CreditAnchorError(
      "settings.wei",
      "an amount of wei in the fee settings is not a decimal number",
    );
  return BigInt(text);
}

async function gasPrice(chain: Chain): Promise<bigint> {
  return BigInt((await chain.send("eth_gasPrice", [])) as string);
}

async function proposedTip(chain: Chain): Promise<bigint> {
  try {
    return BigInt((await chain.send("eth_maxPriorityFeePerGas", [])) as string);
  } catch (error) {
    if (error instanceof RpcError) return DEFAULT_TIP;
    throw error;
  }
}

/** At least an eighth more than before: nodes ask for a tenth. Free transactions stay free. */
function outbid(fees: Fees, replaced: Fees): Fees {
  const more = (now: bigint, before: bigint): bigint => {
    const least = before + (before + 7n) / 8n;
    return now > least ? now : least;
  };
  const beforeMax = replaced.type === 0 ? replaced.gasPrice : replaced.maxFeePerGas;
  if (fees.type === 0) return { type: 0, gasPrice: more(fees.gasPrice, beforeMax) };
  const beforeTip = replaced.type === 0 ? replaced.gasPrice : replaced.maxPriorityFeePerGas;
  return {
    type: 2,
    maxFeePerGas: more(fees.maxFeePerGas, beforeMax),
    maxPriorityFeePerGas: more(fees.maxPriorityFeePerGas, beforeTip),
  };
}
