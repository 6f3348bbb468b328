import { readFileSync } from "node:fs";
import { join } from "node:path";

import { CreditAnchorError, type Fault } from "../errors";
import { feePolicies, type FeeSettings } from "../fees";
import { isCommand, type SignerCommand } from "./external-signer";
import { replaceFile } from "./files";

/** The registry this home works with: its owner's trust, never taken from a receipt. */
export interface RegistrySettings {
  readonly chainId: number;
  /** Lower-case `0x…`, 20 bytes. */
  readonly address: string;
  readonly accessManager: string;
  /** Keccak-256 of the registry's code as it was when this home began to trust it; compared by `doctor` and `verify`. */
  readonly codeHash?: string;
  /** Logs are read from this block on. */
  readonly deployedAtBlock: number;
  /** Where auditors state what they found; absent if the deployment has no such contract. */
  readonly signOffs?: string;
}

/** The file `settings.json` of a home folder. Holds nothing secret; mode 0600 all the same, for URLs may. */
export interface Settings {
  readonly format: "credit-anchor/home";
  readonly formatVersion: 1;
  /** Whose home it is, for people. */
  readonly label: string;
  /** A home of a sandbox: its passphrase lies beside it and protects nothing. */
  readonly trial?: boolean;
  /** Absent in the home of somebody who anchors nothing (NDRC, auditor). */
  readonly agency?: {
    /** Public code of the agency, in China its USCC. */
    readonly code: string;
    /** From the registry, once admitted. */
    readonly id?: number;
    /** `H(0x05 ‖ agency key)`, lower-case hex; public. */
    readonly keyCommitment?: string;
  };
  readonly registry?: RegistrySettings;
  /** Nodes, the first preferred. May contain credentials: never print them whole. */
  readonly rpc: readonly string[];
  /** Blocks that must lie on top before a batch is final. */
  readonly finalityBlocks: number;
  /** How transactions are paid for: the network's rule, not a preference. */
  readonly fees: FeeSettings;
  /** Record types by name as the registry admitted them. */
  readonly types: Readonly<Record<string, { readonly typeId: number; readonly typeHash: string }>>;
  /** Whose policies its records are judged by, the first before the next (docs/policies.md); absent: those of the NDRC. */
  readonly authorities?: readonly string[];
  /** File with the passphrase, relative to the home folder. */
  readonly passphraseFile?: string;
  /** A program that signs instead of a keystore. */
  readonly signer?: SignerCommand;
}

export const defaultSettings: Settings = {
  format: "credit-anchor/home",
  formatVersion: 1,
  label: "",
  rpc: [],
  finalityBlocks: 12,
  fees: { policy: "auto" },
  types: {},
};

type Check = (value: unknown, path: string, faults: Fault[]) => void;

const fail = (faults: Fault[], path: string, code: string, message: string): void => {
  faults.push({ path: path === "" ? "/" : path, code, message });
};
const matching =
  (holds: (value: unknown) => boolean, expected: string): Check =>
  (value, path, faults) => {
    if (!holds(value)) fail(faults, path, "settings.invalid", `expected ${expected}`);
  };
const text = (pattern: RegExp, expected: string): Check =>
  matching((value) => typeof value === "string" && pattern.test(value), expected);
const whole = (min: number, max: number): Check =>
  matching(
    (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
    `a whole number from ${min} to ${max}`,
  );
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An object with exactly these keys; those whose name ends in `?` may be absent. */
function object(shape: Record<string, Check>): Check {
  const known = new Map(
    Object.entries(shape).map(([name, check]) => [
      name.replace(/\?$/, ""),
      { check, optional: name.endsWith("?") },
    ]),
  );
  return (value, path, faults) => {
    if (!isObject(value)) return fail(faults, path, "settings.invalid", "expected an object");
    for (const name of Object.keys(value))
      if (!known.has(name))
        fail(
          faults,
          `${path}/${name}`,
          "settings.unknown",
          `unknown setting; known are ${[...known.keys()].join(", ")}`,
        );
    for (const [name, { check, optional }] of known) {
      if (Object.hasOwn(value, name)) check(value[name], `${path}/${name}`, faults);
      else if (!optional) fail(faults, `${path}/${name}`, "settings.missing", "is missing");
    }
  };
}
const record =
  (item: Check): Check =>
  (value, path, faults) => {
    if (!isObject(value)) return fail(faults, path, "settings.invalid", "expected an object");
    for (const [name, entry] of Object.entries(value)) item(entry, `${path}/${name}`, faults);
  };
const list =
  (item: Check): Check =>
  (value, path, faults) => {
    if (!Array.isArray(value)) return fail(faults, path, "settings.invalid", "expected a list");
    value.forEach((entry, index) => item(entry, `${path}/${index}`, faults));
  };

const address = text(/^0x[0-9a-f]{40}$/, "an address: 0x and 40 lower-case hex digits");
const hash = text(/^0x[0-9a-f]{64}$/, "a hash: 0x and 64 lower-case hex digits");
const flag = matching((value) => typeof value === "boolean", "true or false");
const wei = text(/^[0-9]{1,38}$/, "a decimal number of wei, as text");
const id = whole(1, 0xffffffff);
/** Read through a loop-back, an internal or a public node: http(s) and ws(s) only. */
const url = text(/^(https?|wss?):\/\/\S+$/, "a URL beginning with http://, https://, ws:// or wss://");

const settingsCheck = object({
  format: matching((value) => value === "credit-anchor/home", '"credit-anchor/home"'),
  formatVersion: matching((value) => value === 1, "1"),
  label: text(/^[^\p{Cc}]{0,200}$/u, "at most 200 characters on one line"),
  "trial?": flag,
  "agency?": object({
    code: text(/^[\x21-\x7e]{1,32}$/, "1 to 32 printable ASCII characters"),
    "id?": id,
    "keyCommitment?": hash,
  }),
  "registry?": object({
    chainId: whole(1, Number.MAX_SAFE_INTEGER),
    address,
    accessManager: address,
    "codeHash?": hash,
    deployedAtBlock: whole(0, Number.MAX_SAFE_INTEGER),
    "signOffs?": address,
  }),
  rpc: list(url),
  finalityBlocks: whole(0, 100_000),
  fees: object({
    "policy?": matching(
      (value) => (feePolicies as readonly unknown[]).includes(value),
      `one of ${feePolicies.join(", ")}`,
    ),
    "gasPriceWei?": wei,
    "maxFeePerGasWei?": wei,
    "maxPriorityFeePerGasWei?": wei,
  }),
  types: record(object({ typeId: id, typeHash: hash })),
  "authorities?": list(text(/^[a-z0-9-]{1,64}$/, "the name of an authority, such as samr")),
  "passphraseFile?": text(/^.+$/, "a file name"),
  "signer?": object({
    command: matching(isCommand, "a list of a program and its arguments"),
    address,
    "timeoutSeconds?": whole(1, 3_600),
  }),
});

/**
 * @param value Parsed `settings.json`.
 * @param file Its name, for errors.
 * @throws CreditAnchorError `home.newer` for a version this program does not know, `home.settings` with every fault.
 */
export function parseSettings(value: unknown, file: string): Settings {
  if (isObject(value) && typeof value.formatVersion === "number" && value.formatVersion > 1)
    throw new CreditAnchorError(
      "home.newer",
      `${file} is of version ${value.formatVersion}; this program knows 1`,
      {
        hint: "use the newer program that wrote it",
      },
    );
  const faults: Fault[] = [];
  settingsCheck(value, "", faults);
  if (faults.length > 0)
    throw new CreditAnchorError(
      "home.settings",
      `${file}: ${faults.map((fault) => `${fault.path} ${fault.message}`).join("; ")}`,
      { faults },
    );
  return value as Settings;
}

/** @throws CreditAnchorError `home.not-a-home` when the folder holds no settings, else as {@link parseSettings}. */
export function readSettings(dir: string): Settings {
  const file = join(dir, "settings.json");
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (cause) {
    throw new CreditAnchorError("home.not-a-home", `${dir} is not a home folder: ${file} cannot be read`, {
      hint: "name the folder with --home or CREDIT_ANCHOR_HOME, or make one with init",
      cause,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    // The parser's message quotes the text around the fault, and URLs may hold credentials.
    throw new CreditAnchorError("home.settings", `${file} is not JSON`, {
      hint: "restore or correct the file",
    });
  }
  return parseSettings(value, file);
}

/** Checks and replaces `settings.json`; on disk when it returns. */
export function writeSettings(dir: string, settings: Settings): void {
  const file = join(dir, "settings.json");
  replaceFile(file, `${JSON.stringify(parseSettings(settings, file), null, 2)}\n`);
}
