/** The contracts on the chain inside this process, asked without any library in between: a step costs milliseconds. */
import hre, { ethers } from "hardhat";
import { interfaces } from "./world";

export interface Outcome {
  readonly blockNumber: number;
  /** What the transaction was refused with, as it came back; undefined if it was accepted. */
  readonly refused?: string;
  readonly logs: readonly { readonly address: string; readonly topics: string[]; readonly data: string }[];
}

const GAS = "0x5f5e100";
const hex = (value: number): string => "0x" + value.toString(16);

export const send = async <T = unknown>(method: string, ...params: unknown[]): Promise<T> =>
  (await hre.network.provider.request({ method, params })) as T;

/** Sends one transaction into a block of its own with this timestamp. */
export async function transact(
  from: string,
  { to, data }: { to: string; data: string },
  timestamp: number,
): Promise<Outcome> {
  await send("evm_setNextBlockTimestamp", hex(timestamp));
  // Half of all calls are refused, and finding the source lines of all those errors takes longer than the calls.
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    const hash = await send<string>("eth_sendTransaction", {
      from,
      to,
      data,
      gas: GAS,
      gasPrice: "0x2540be400",
    });
    const receipt = await send<{ blockNumber: string; logs: Outcome["logs"] }>(
      "eth_getTransactionReceipt",
      hash,
    );
    return { blockNumber: Number(receipt.blockNumber), logs: receipt.logs };
  } catch (error) {
    const { data } = error as { data?: string | { data: string } };
    const refused = typeof data === "object" ? data.data : data;
    if (typeof refused !== "string") throw error;
    return { blockNumber: 0, refused, logs: [] };
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** `bytes[]` as ABI-encoded, without its own offset: written by hand because it is long and asked at every step. */
export function encodeBytesList(items: readonly string[]): string {
  const parts: string[] = [];
  const offsets: string[] = [];
  let at = 32 * items.length;
  for (const item of items) {
    const length = (item.length - 2) / 2;
    offsets.push(pad(at));
    const padded = Math.ceil(length / 32) * 32;
    parts.push(pad(length), item.slice(2).padEnd(2 * padded, "0"));
    at += 32 + padded;
  }
  return pad(items.length) + offsets.join("") + parts.join("");
}

const pad = (value: number): string => value.toString(16).padStart(64, "0");

const ASK = ethers.id("ask(bytes[])").slice(0, 10);

/** What many views answer, as one ABI-encoded `bytes[]` with its offset. */
export async function askAll(viewBatch: string, questions: readonly string[]): Promise<string> {
  const data = ASK + pad(32) + encodeBytesList(questions);
  return send<string>("eth_call", { to: viewBatch, data, gas: GAS }, "latest");
}

export const expectedAnswer = (answers: readonly string[]): string =>
  "0x" + pad(32) + encodeBytesList(answers);

export function decodeAnswers(encoded: string): string[] {
  return [...(ethers.AbiCoder.defaultAbiCoder().decode(["bytes[]"], encoded)[0] as string[])];
}

/** An error of any of the contracts, in words. */
export function inWords(data: string): string {
  for (const of of [interfaces.registry, interfaces.relay, interfaces.authority]) {
    const found = of.parseError(data);
    if (found !== null) return `${found.name}(${found.args.join(", ")})`;
  }
  return data;
}
