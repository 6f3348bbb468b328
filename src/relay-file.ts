import { CreditAnchorError, type Fault } from "./errors";
import { isObject, type JsonValue } from "./json";
import { describeCall, NO_NONCE, type RelayedAt, type SignedCall } from "./registry-relay";
import { malformedFile, parseFile, type FileKind } from "./shape";

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
  members(fileShape, value, "", faults);
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

type Check = (value: JsonValue | undefined, path: string, faults: Fault[]) => void;

const holds =
  (test: (value: JsonValue | undefined) => boolean, expected: string): Check =>
  (value, path, faults) => {
    if (!test(value)) faults.push({ path, code: "relay.format", message: `must be ${expected}` });
  };
const text = (pattern: RegExp, expected: string): Check =>
  holds((value) => typeof value === "string" && pattern.test(value), expected);
const whole = (max: number): Check =>
  holds(
    (value) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max,
    "a whole number",
  );
const address = text(/^0x[0-9a-f]{40}$/, "an address: 0x and 40 lower-case hex digits");
const word = text(/^0x[0-9a-f]{64}$/, "32 bytes: 0x and 64 lower-case hex digits");
const bytes = text(/^0x([0-9a-f]{2})*$/, "bytes: 0x and lower-case hex digits");

/** An object with exactly these members; those whose name ends in `?` may be absent. */
function members(
  shape: Record<string, Check>,
  value: JsonValue | undefined,
  path: string,
  faults: Fault[],
): void {
  if (value === undefined || !isObject(value)) {
    faults.push({ path, code: "relay.format", message: "must be an object" });
    return;
  }
  for (const [key, check] of Object.entries(shape)) {
    const name = key.replace(/\?$/, "");
    if (Object.hasOwn(value, name)) check(value[name], `${path}/${name}`, faults);
    else if (name === key)
      faults.push({ path: `${path}/${name}`, code: "relay.format", message: "is missing" });
  }
  for (const name of Object.keys(value))
    if (!(name in shape) && !(`${name}?` in shape))
      faults.push({ path: `${path}/${name.slice(0, 40)}`, code: "relay.format", message: "is unknown" });
}

const transactionShape = { hash: word, blockNumber: whole(Number.MAX_SAFE_INTEGER), blockHash: word };
const callShape: Record<string, Check> = {
  operator: address,
  agencyId: whole(0xffffffff),
  call: bytes,
  nonce: word,
  deadline: whole(Number.MAX_SAFE_INTEGER),
  signature: bytes,
  "transaction?": (value, path, faults) => members(transactionShape, value, path, faults),
};
const fileShape: Record<string, Check> = {
  format: holds((value) => value === FORMAT, `"${FORMAT}"`),
  formatVersion: holds((value) => value === 1, "1"),
  registry: (value, path, faults) =>
    members({ chainId: whole(Number.MAX_SAFE_INTEGER), address }, value, path, faults),
  relay: address,
  calls: (value, path, faults) => {
    if (!Array.isArray(value) || value.length === 0)
      return void faults.push({ path, code: "relay.format", message: "must be a list that is not empty" });
    value.forEach((call: JsonValue, index) => members(callShape, call, `${path}/${index}`, faults));
  },
};
