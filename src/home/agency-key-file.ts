import { isHex, toHex } from "../bytes";
import { keyCommitment } from "../commitment";
import { CreditAnchorError } from "../errors";
import { isObject, type JsonValue, parseJson } from "../json";
import { sealByPassphrase, type Sealed, unsealByPassphrase } from "./keys";
import type { RegistrySettings } from "./settings";

/** What goes with an agency's key from one home of it to another: public, and bound to the key by the passphrase. */
export interface AgencyKeyFile {
  readonly code: string;
  /** Of the key. */
  readonly keyCommitment: string;
  readonly registry: RegistrySettings;
}

const FORMAT = "credit-anchor/agency-key-file";

/** @returns Content of the file: the key closed with a passphrase that is for this journey only. `n` is scrypt's cost. */
export async function agencyKeyFileText(
  about: AgencyKeyFile,
  agencyKey: Uint8Array,
  passphrase: string,
  n: number,
): Promise<string> {
  const sealed = await sealByPassphrase(FORMAT, agencyKey, passphrase, n, boundTo(about));
  return `${JSON.stringify({ ...sealed, about }, null, 2)}\n`;
}

/**
 * @param name Of the file, for errors.
 * @throws CreditAnchorError `agency-key.invalid`, `agency-key.wrong-passphrase`; neither tells anything of the key.
 */
export async function openAgencyKeyFile(
  name: string,
  text: string,
  passphrase: string,
): Promise<AgencyKeyFile & { readonly agencyKey: Uint8Array }> {
  const { about, ...sealed } = parse(name, text);
  const agencyKey = await unsealByPassphrase(sealed, passphrase, () => invalid(name), boundTo(about));
  if (agencyKey === undefined)
    throw new CreditAnchorError(
      "agency-key.wrong-passphrase",
      `the transport passphrase does not open ${name}`,
      {
        hint: "it is the one that was given when the file was made; if it is certainly right, the file was changed on its way",
      },
    );
  if (toHex(keyCommitment(agencyKey)) !== about.keyCommitment) throw invalid(name);
  return { ...about, agencyKey };
}

/** Whose key it is, and for which registry, cannot be changed on the way. */
function boundTo({ code, keyCommitment: commitment, registry }: AgencyKeyFile): string {
  const { chainId, address, accessManager, codeHash, deployedAtBlock } = registry;
  return JSON.stringify([
    code,
    commitment,
    chainId,
    address,
    accessManager,
    codeHash ?? null,
    deployedAtBlock,
  ]);
}

function parse(name: string, text: string): Sealed & { readonly about: AgencyKeyFile } {
  let value: JsonValue | undefined;
  try {
    value = parseJson(text);
  } catch {
    throw invalid(name);
  }
  if (!isObject(value) || value["format"] !== FORMAT || value["formatVersion"] !== 1) throw invalid(name);
  const { about, kdf, nonce, ciphertext } = value;
  const hex = /^([0-9a-f]{2})+$/;
  const isSealed =
    isObject(kdf) &&
    typeof kdf["salt"] === "string" &&
    hex.test(String(nonce)) &&
    hex.test(String(ciphertext));
  const isAbout =
    isObject(about) &&
    typeof about["code"] === "string" &&
    isHex(about["keyCommitment"], 32) &&
    isObject(about["registry"]);
  if (!isSealed || !isAbout) throw invalid(name);
  return value as unknown as Sealed & { readonly about: AgencyKeyFile };
}

function invalid(name: string): CreditAnchorError {
  return new CreditAnchorError("agency-key.invalid", `${name} holds no agency key, or was damaged`, {
    hint: "credit-anchor agency key export makes such a file, in a home that has the key",
  });
}
