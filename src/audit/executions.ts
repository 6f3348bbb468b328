import { AbiCoder, type Result } from "ethers";
import { fromHex, toHex } from "../bytes";
import type { Hashes } from "../hashes";
import type { Findings, Where } from "./differences";
import { decodeLog, eventShapes, MalformedLog, type RawLog } from "./events";
import { authorityInterface } from "../interfaces";

/** A call that somebody announced to the authority, to be made after the delay of its role. */
export interface Operation {
  readonly caller: string;
  readonly target: string;
  /** Four bytes of hex. */
  readonly selector: string;
  /** In seconds: when it was announced, and from when on it could be made. */
  readonly announcedAt: number;
  readonly readyAt: number;
  readonly log: RawLog;
}

/** A transaction as far as it tells who called the authority. */
export interface CallingTransaction {
  readonly from: string;
  readonly to: string | undefined;
  readonly input: string;
}

/** An announced call that was made. */
interface Execution {
  readonly operation: Operation;
  readonly log: RawLog;
  used: boolean;
}

/** What was announced to an authority and made: its own events, which are in no journal. */
export interface Executions {
  /** @returns An operation that was announced. */
  read(log: RawLog, time: number, where: Where): Operation | undefined;
  /**
   * The announced call that an event of its target came of: the last one made before, in its transaction.
   * @param caller who announced it; undefined: anybody.
   */
  madeBefore(
    log: Pick<RawLog, "transactionHash" | "logIndex">,
    target: string,
    selectors: readonly string[],
    caller: string | undefined,
  ): Operation | undefined;
}

const scheduled = authorityInterface.getEvent("OperationScheduled");
const executed = authorityInterface.getEvent("OperationExecuted");
const shapes = eventShapes([scheduled, executed]);
const coder = AbiCoder.defaultAbiCoder();

/** @param unit how many of the chain's units of time are a second. */
export function startExecutions(unit: 1 | 1000, findings: Findings, hashes: Hashes): Executions {
  const announced = new Map<string, Operation>();
  const made = new Map<string, Execution[]>();

  function announce(values: Announcement, log: RawLog, time: number, where: Where): Operation {
    const { operationId, nonce, schedule, caller, target, data } = values;
    const id = toHex(
      hashes.keccak256(fromHex(coder.encode(["address", "address", "bytes"], [caller, target, data]))),
    );
    if (id !== operationId)
      findings.differ("roles.operation", "an announced call under another's id", where, id, operationId);
    const readyAt = Math.floor(Number(schedule) / unit);
    const operation = { caller, target, selector: data.slice(0, 10), announcedAt: time, readyAt, log };
    announced.set(`${operationId} ${nonce}`, operation);
    return operation;
  }

  function execute({ operationId, nonce }: Announcement, log: RawLog, time: number, where: Where): void {
    const operation = announced.get(`${operationId} ${nonce}`);
    if (operation === undefined)
      return findings.differ("roles.operation", "a call was made that was never announced", where);
    if (time < operation.readyAt)
      findings.differ(
        "role.delay",
        "an announced call was made before its time",
        where,
        operation.readyAt,
        time,
      );
    const execution = { operation, log, used: false };
    made.set(log.transactionHash, [...(made.get(log.transactionHash) ?? []), execution]);
  }

  return {
    read: (log, time, where) => {
      try {
        const event = decodeLog(log, shapes);
        const values = event?.values as unknown as Announcement;
        if (event?.name === scheduled.name) return announce(values, log, time, where);
        if (event?.name === executed.name) execute(values, log, time, where);
      } catch (error) {
        if (!(error instanceof MalformedLog)) throw error;
        findings.differ("roles.malformed", error.message, where);
      }
      return undefined;
    },
    madeBefore: (log, target, selectors, caller) => {
      const found = (made.get(log.transactionHash) ?? []).findLast(
        ({ used, operation, log: { logIndex } }) =>
          !used &&
          logIndex < log.logIndex &&
          operation.target === target &&
          (caller === undefined || operation.caller === caller) &&
          selectors.includes(operation.selector),
      );
      if (found !== undefined) found.used = true;
      return found?.operation;
    },
  };
}

interface Announcement {
  readonly operationId: string;
  readonly nonce: number;
  readonly schedule: bigint;
  readonly caller: string;
  readonly target: string;
  readonly data: string;
}

/**
 * Who had the authority make a call that needed no announcement: the sender of the transaction, if it called the
 * authority itself. Undefined when another contract did: no event tells which.
 */
export function executorOf(
  transaction: CallingTransaction,
  authority: string,
  target: string,
  selectors: readonly string[],
): string | undefined {
  if (transaction.to?.toLowerCase() !== authority) return undefined;
  const isIt = ({ name, args }: Call): boolean =>
    name === "execute" &&
    String(args[0]).toLowerCase() === target &&
    selectors.includes(String(args[1]).slice(0, 10));
  return callsOf(transaction.input).some(isIt) ? transaction.from.toLowerCase() : undefined;
}

interface Call {
  readonly name: string;
  readonly args: Result;
}

/** The call, or those that the authority's `multicall` makes in one. */
function callsOf(input: string): Call[] {
  try {
    const call = authorityInterface.parseTransaction({ data: input });
    if (call === null) return [];
    return call.name === "multicall" ? (call.args[0] as string[]).flatMap(callsOf) : [call];
  } catch {
    return [];
  }
}
