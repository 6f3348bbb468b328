import type { Result } from "ethers";
import { outcomes, type Statement } from "./sign-off";
import { signOffsInterface } from "./interfaces";

export const signedOff = signOffsInterface.getEvent("SignedOff");

/** What an auditor stated, as its event tells. */
export interface SignOff {
  /** Of the statement, from 0. */
  readonly index: number;
  /** Address in lower case. */
  readonly auditor: string;
  readonly statement: Statement;
}

/** Undefined for a log that the contract could not have written: of another event, or in another encoding than its own. */
export function readSignOff(log: {
  readonly topics: readonly string[];
  readonly data: string;
}): SignOff | undefined {
  try {
    const values = signOffsInterface.decodeEventLog(signedOff, log.data, [...log.topics]);
    const encoded = signOffsInterface.encodeEventLog(signedOff, values.toArray());
    if (encoded.data !== log.data || encoded.topics.join() !== log.topics.join()) return undefined;
    const fields = (values.statement as Result).toObject();
    const numbers = [
      values.index,
      fields.journalLength,
      fields.rolesLength,
      fields.blockNumber,
      fields.outcome,
    ].map(Number) as [number, number, number, number, number];
    const [index, journalLength, rolesLength, blockNumber, outcome] = numbers;
    if (!numbers.every(Number.isSafeInteger) || outcome >= outcomes.length) return undefined;
    if (values.reportHash !== fields.reportHash) return undefined;
    return {
      index,
      auditor: String(values.auditor).toLowerCase(),
      statement: {
        journalLength,
        journalHead: String(fields.journalHead),
        rolesLength,
        rolesHead: String(fields.rolesHead),
        blockNumber,
        blockHash: String(fields.blockHash),
        reportHash: String(fields.reportHash),
        outcome,
      },
    };
  } catch {
    return undefined;
  }
}
