import { readFileSync } from "node:fs";
import { scrypt as nodeScrypt } from "node:crypto";
import { join } from "node:path";
import { decryptKeystoreJson, encryptKeystoreJson, scrypt, type TransactionLike, Wallet } from "ethers";

import { CreditAnchorError } from "../errors";

/** Signs for one account. Whoever holds the key otherwise (a hardware module) implements this. */
export interface HomeSigner {
  /** Lower-case `0x…`. */
  readonly address: string;
  /** @returns The raw signed transaction, `0x…`. */
  sign(transaction: TransactionLike): Promise<string>;
}

export const operatorFile = join("keys", "operator.json");

// ethers' own scrypt is JavaScript and takes seconds; this is the same function by OpenSSL.
scrypt.register(
  async (password, salt, N, r, p, length) =>
    new Promise((resolve, reject) =>
      nodeScrypt(
        password as Uint8Array,
        salt as Uint8Array,
        length,
        { N, r, p, maxmem: 256 * N * r },
        (error, key) => (error === null ? resolve(`0x${key.toString("hex")}`) : reject(error)),
      ),
    ),
);

/** @throws CreditAnchorError `signer.invalid-key`; the message does not repeat the key. */
export function signerOf(privateKey: string): HomeSigner {
  const wallet = walletOf(privateKey);
  return {
    address: wallet.address.toLowerCase(),
    sign: (transaction) => wallet.signTransaction(transaction),
  };
}

/** A JSON keystore (version 3) that other Ethereum tools read too. `n` is scrypt's cost. */
export async function encryptSigner(privateKey: string, passphrase: string, n: number): Promise<string> {
  const { address, privateKey: normal } = walletOf(privateKey);
  return encryptKeystoreJson({ address, privateKey: normal }, passphrase, { scrypt: { N: n, r: 8, p: 1 } });
}

/** Errors of ethers quote the key: none of them may leave this function. */
function walletOf(privateKey: string): Wallet {
  try {
    return new Wallet(privateKey.startsWith("0x") ? privateKey : `0x${privateKey}`);
  } catch {
    throw new CreditAnchorError("signer.invalid-key", "the private key is not 32 bytes of hex", {
      hint: "check CREDIT_ANCHOR_PRIVATE_KEY",
    });
  }
}

/** Address of a home's keystore; needs no passphrase. Undefined when the home has none. */
export function keystoreAddress(dir: string, file = operatorFile): string | undefined {
  const text = readKeystore(dir, file);
  if (text === undefined) return undefined;
  try {
    const { address } = JSON.parse(text) as { address: unknown };
    if (typeof address === "string" && /^(0x)?[0-9a-fA-F]{40}$/.test(address))
      return `0x${address.slice(-40).toLowerCase()}`;
  } catch {
    // Told below.
  }
  throw damaged(dir, file);
}

/**
 * @throws CreditAnchorError `signer.missing`, `signer.damaged`, `home.wrong-passphrase`
 */
export async function openKeystore(
  dir: string,
  passphrase: string,
  file = operatorFile,
): Promise<HomeSigner> {
  const text = readKeystore(dir, file);
  if (text === undefined)
    throw new CreditAnchorError("signer.missing", `${dir} has no ${file}`, {
      hint: "set CREDIT_ANCHOR_PRIVATE_KEY, or put a JSON keystore there",
    });
  let privateKey: string;
  try {
    ({ privateKey } = await decryptKeystoreJson(text, passphrase));
  } catch (cause) {
    // ethers' errors carry the arguments: they must not become a cause that somebody prints.
    if (cause instanceof Error && cause.message.includes("incorrect password"))
      throw new CreditAnchorError("home.wrong-passphrase", `the passphrase does not open ${join(dir, file)}`);
    throw damaged(dir, file);
  }
  return signerOf(privateKey);
}

function readKeystore(dir: string, file: string): string | undefined {
  try {
    return readFileSync(join(dir, file), "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CreditAnchorError("signer.unreadable", `${join(dir, file)} cannot be read`, { cause });
  }
}

function damaged(dir: string, file: string): CreditAnchorError {
  return new CreditAnchorError("signer.damaged", `${join(dir, file)} is not a JSON keystore`, {
    hint: "restore it from a copy",
  });
}
