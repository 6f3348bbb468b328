import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scrypt } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { CreditAnchorError } from "../errors";

// The passphrase opens the master key (keys/master.json); everything else hangs on keys derived from that, so that a
// new passphrase rewrites one small file.

export const masterFile = join("keys", "master.json");
export const agencyFile = join("keys", "agency.json");

/** Cost of scrypt: about a third of a second and 128 MiB. */
export const scryptCost = 2 ** 17;
/** For homes that protect nothing. */
export const trialScryptCost = 2 ** 12;
/** Above this a damaged or hostile file would exhaust the memory. */
const maximalCost = 2 ** 20;

/** Something closed with a key. */
export interface Sealed {
  readonly format: string;
  readonly formatVersion: 1;
  readonly kdf?: {
    readonly name: "scrypt";
    readonly n: number;
    readonly r: number;
    readonly p: number;
    readonly salt: string;
  };
  readonly nonce: string;
  /** AES-256-GCM, the tag at the end; the format, and what it is bound to besides, is the associated data. */
  readonly ciphertext: string;
}

/** A key for one purpose. */
export function deriveKey(master: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(
    hkdfSync("sha256", master, new Uint8Array(0), `credit-anchor/home/v1/${purpose}`, 32),
  );
}

function seal(format: string, key: Uint8Array, content: Uint8Array, boundTo = ""): Sealed {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(format + boundTo));
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  return { format, formatVersion: 1, nonce: nonce.toString("hex"), ciphertext: ciphertext.toString("hex") };
}

/** Undefined when the key is not the one it was sealed with, or a byte differs. */
function unseal(sealed: Sealed, key: Uint8Array, boundTo = ""): Uint8Array | undefined {
  const ciphertext = Buffer.from(sealed.ciphertext, "hex");
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(sealed.nonce, "hex"))
      .setAAD(Buffer.from(sealed.format + boundTo))
      .setAuthTag(ciphertext.subarray(-16));
    return new Uint8Array(Buffer.concat([decipher.update(ciphertext.subarray(0, -16)), decipher.final()]));
  } catch {
    return undefined;
  }
}

function stretch(passphrase: string, n: number, r: number, p: number, salt: Buffer): Promise<Uint8Array> {
  return new Promise((resolve, reject) =>
    scrypt(passphrase.normalize("NFKC"), salt, 32, { N: n, r, p, maxmem: 256 * n * r }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    ),
  );
}

const masterFormat = "credit-anchor/master-key";
const agencyFormat = "credit-anchor/agency-key";

/** Closes something with a passphrase. `n` is scrypt's cost. */
export async function sealByPassphrase(
  format: string,
  content: Uint8Array,
  passphrase: string,
  n: number,
  boundTo = "",
): Promise<Sealed> {
  const salt = randomBytes(32);
  const kdf = { name: "scrypt", n, r: 8, p: 1, salt: salt.toString("hex") } as const;
  return { ...seal(format, await stretch(passphrase, kdf.n, kdf.r, kdf.p, salt), content, boundTo), kdf };
}

/** Undefined when the passphrase is another one, or a byte differs. @throws what `fault` makes, for costs out of bounds. */
export async function unsealByPassphrase(
  sealed: Sealed,
  passphrase: string,
  fault: () => CreditAnchorError,
  boundTo = "",
): Promise<Uint8Array | undefined> {
  const { kdf } = sealed;
  if (kdf === undefined || kdf.name !== "scrypt" || ![kdf.n, kdf.r, kdf.p].every(Number.isSafeInteger))
    throw fault();
  const isCost = kdf.n >= 2 && kdf.n <= maximalCost && (kdf.n & (kdf.n - 1)) === 0;
  if (!isCost || kdf.r < 1 || kdf.r > 16 || kdf.p < 1 || kdf.p > 4) throw fault();
  return unseal(
    sealed,
    await stretch(passphrase, kdf.n, kdf.r, kdf.p, Buffer.from(kdf.salt, "hex")),
    boundTo,
  );
}

/** @returns Content of `keys/master.json`. */
export async function sealMaster(master: Uint8Array, passphrase: string, n: number): Promise<string> {
  return `${JSON.stringify(await sealByPassphrase(masterFormat, master, passphrase, n), null, 2)}\n`;
}

/** @throws CreditAnchorError `home.wrong-passphrase`, `home.damaged-key` */
export async function openMaster(dir: string, passphrase: string): Promise<Uint8Array> {
  const file = join(dir, masterFile);
  const sealed = readSealed(file, masterFormat);
  const master = await unsealByPassphrase(sealed, passphrase, () => damaged(file));
  if (master === undefined)
    throw new CreditAnchorError("home.wrong-passphrase", `the passphrase does not open ${file}`, {
      hint: "check the passphrase; if it is certainly right, the file is damaged: restore it from a copy",
    });
  return master;
}

/** @returns Content of `keys/agency.json`. */
export function sealAgencyKey(master: Uint8Array, agencyKey: Uint8Array): string {
  return `${JSON.stringify(seal(agencyFormat, deriveKey(master, "agency-key"), agencyKey), null, 2)}\n`;
}

/** @throws CreditAnchorError `home.damaged-key` */
export function openAgencyKey(dir: string, master: Uint8Array): Uint8Array {
  const file = join(dir, agencyFile);
  const key = unseal(readSealed(file, agencyFormat), deriveKey(master, "agency-key"));
  if (key?.length !== 32) throw damaged(file);
  return key;
}

function readSealed(file: string, format: string): Sealed {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new CreditAnchorError("home.damaged-key", `${file} cannot be read`, { cause });
  }
  let value: Partial<Sealed> | null;
  try {
    value = JSON.parse(text) as Partial<Sealed> | null;
  } catch {
    throw damaged(file);
  }
  const hex = /^([0-9a-f]{2})+$/;
  if (value?.format !== format || typeof value.nonce !== "string" || typeof value.ciphertext !== "string")
    throw damaged(file);
  if (value.formatVersion !== 1)
    throw new CreditAnchorError("home.newer", `${file} is of a version this program does not know`);
  if (!hex.test(value.nonce) || !hex.test(value.ciphertext) || value.ciphertext.length < 34)
    throw damaged(file);
  if (
    value.kdf !== undefined &&
    (typeof value.kdf !== "object" || value.kdf === null || typeof value.kdf.salt !== "string")
  )
    throw damaged(file);
  return value as Sealed;
}

function damaged(file: string): CreditAnchorError {
  return new CreditAnchorError("home.damaged-key", `${file} is damaged`, { hint: "restore it from a copy" });
}
