import { CreditAnchorError, type Fault } from "./errors";
import { describeCall, NO_NONCE, type RelayedAt, type SignedCall } from "./registry-relay";
import {
  bytes,
  exactly,
  hex,
  integer,
  list,
  malformedFile,
  object,
  parseFile,
  UINT32,
  UINT53,
  type FileKind,
} from "./shape";

/** A file of signed calls that anybody may send: `credit-anchor/relay`, version 1. Holds no secret. */
export interface RelayFile {
  readonly chainId: number;
  readonly registry: string;
  /** Address of the registry's relay, which the signatures name. */
  readonly relay: string;
  readonly calls: readonly FiledCall[];
}

/** With the place of its transaction once it was carried out. */
export interface FiledCall extends SignedCall {
  readonly transaction?: RelayedAt;
}

const FORMAT = "credit-anchor/relay";
/** A file is for one run of a sender. */
const MOST_CALLS = 1_000_000;
const KIND: FileKind = {
  format: FORMAT,
  code: "relay",
  otherwise: "no usable file of signed calls",
  hint: "it was altered or cut off: have it made anew with --sign-only",
};

export function relayFileText({ chainId, registry, relay, calls }: RelayFile): string {
  const content = {
    format: FORMAT,
    formatVersion: 1,
    registry: { chainId, address: registry },
    relay,
    calls: calls.map(({ operator, agencyId, call, nonce, deadline, signature, transaction }) => ({
      operator,
      agencyId,
      call,
      nonce,
      deadline,
      signature,
      ...(transaction === undefined ? {} : { transaction }),
    })),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/**
 * Reads a file of signed calls strictly: nothing unknown, and every call one that a relay carries, for the agency that is
 * named beside it. The chain decides about the signatures.
 *
 * @throws {CreditAnchorError} `relay.newer`, `relay.format` with every fault.
 */
export function parseRelayFile(text: string, file: string): RelayFile {
  const value = parseFile(text, file, KIND);
  const faults: Fault[] = [];
  FILE(value, "", faults);
  if (faults.length > 0) throw malformedFile(file, KIND, faults);
  const { registry, relay, calls } = value as unknown as {
    registry: { chainId: number; address: string };
    relay: string;
    calls: FiledCall[];
  };
  calls.forEach((call, index) => checkCall(call, `/calls/${index}`, faults));
  if (faults.length > 0) throw malformedFile(file, KIND, faults);
  return { chainId: registry.chainId, registry: registry.address, relay, calls };
}

/** What the shape does not say: that call, agency and nonce agree. */
function checkCall({ call, agencyId, nonce }: FiledCall, path: string, faults: Fault[]): void {
  const fault = (member: string, message: string): void => {
    faults.push({ path: `${path}/${member}`, code: "relay.format", message });
  };
  try {
    const described = describeCall(call);
    if (described.agencyId !== agencyId) fault("agencyId", "is not the agency of the call");
    if (described.anchors !== (nonce === NO_NONCE))
      fault("nonce", "must be zero for anchoring, and only then");
  } catch (error) {
    if (!(error instanceof CreditAnchorError)) throw error;
    fault("call", error.message);
  }
}

const CALL = object(
  {
    operator: hex(20),
    agencyId: integer(0, UINT32),
    call: bytes,
    nonce: hex(32),
    deadline: integer(0, UINT53),
    signature: bytes,
    transaction: object({ hash: hex(32), blockNumber: integer(0, UINT53), blockHash: hex(32) }),
  },
  ["transaction"],
);
const FILE = object({
  format: exactly(FORMAT, "relay.format"),
  formatVersion: integer(1, 1),
  registry: object({ chainId: integer(1, UINT53), address: hex(20) }),
  relay: hex(20),
  calls: list(CALL, 1, MOST_CALLS),
});
