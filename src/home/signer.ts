import { readFileSync } from "node:fs";
import { scrypt as nodeScrypt } from "node:crypto";
import { join } from "node:path";
import {
  decryptKeystoreJson,
  encryptKeystoreJson,
  scrypt,
  type Signature,
  SigningKey,
  Transaction,
  Wallet,
} from "ethers";

import { CreditAnchorError } from "../errors";
import type { TransactionSigner } from "../registry";
import type { DigestSigner } from "../registry-relay";
import { isCommand, type SignerCommand, signByCommand } from "./external-signer";

/** Where a home's key is: in its encrypted keystore, in the environment, or with a program that signs. */
export type SignerKind = "keystore" | "environment" | "command";

/** Signs transactions and digests for one account; all kinds of signers are this. */
export type HomeSigner = TransactionSigner & DigestSigner;

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
  const key = new SigningKey(wallet.privateKey);
  return signsBy(wallet.address.toLowerCase(), async (digest) => key.sign(digest));
}

/** A signer whose key a program holds. Nothing is started before something is signed. */
export function commandSigner(
  command: SignerCommand,
  env: Readonly<Record<string, string | undefined>>,
): HomeSigner {
  return signsBy(command.address, (digest) => signByCommand(command, digest, env));
}

/** Everything is signed as a digest, so that a transaction and typed data take one path for every kind of key. */
function signsBy(address: string, signature: (digest: string) => Promise<Signature>): HomeSigner {
  return {
    address,
    sign: async (content) => {
      const transaction = Transaction.from(content);
      transaction.signature = await signature(transaction.unsignedHash);
      return transaction.serialized;
    },
    signDigest: async (digest) => (await signature(digest)).serialized,
  };
}

/**
 * The signer that the environment names: a private key, or a command and the address of its key.
 *
 * @throws CreditAnchorError `signer.invalid-key`, `signer.settings`
 */
export function environmentSigner(
  env: Readonly<Record<string, string | undefined>>,
): { readonly kind: SignerKind; readonly signer: HomeSigner } | undefined {
  const [key, text, address] = ["PRIVATE_KEY", "SIGNER_COMMAND", "SIGNER_ADDRESS"].map(
    (name) => env[`CREDIT_ANCHOR_${name}`] ?? "",
  ) as [string, string, string];
  if (key !== "" && text !== "")
    throw new CreditAnchorError(
      "signer.settings",
      "CREDIT_ANCHOR_PRIVATE_KEY and CREDIT_ANCHOR_SIGNER_COMMAND are both set",
      { hint: "unset one of them" },
    );
  if (key !== "") return { kind: "environment", signer: signerOf(key) };
  if (text === "") return undefined;
  const command = wordsOf(text);
  if (!isCommand(command) || !/^0x[0-9a-fA-F]{40}$/.test(address))
    throw new CreditAnchorError(
      "signer.settings",
      "CREDIT_ANCHOR_SIGNER_COMMAND is no command, or CREDIT_ANCHOR_SIGNER_ADDRESS no address",
      {
        hint: 'the command is a path, or a JSON list: ["/opt/sign", "--key", "7"]; the address is 0x and 40 digits',
      },
    );
  return { kind: "command", signer: commandSigner({ command, address: address.toLowerCase() }, env) };
}

/** A JSON list as it is, anything else as one word. */
function wordsOf(text: string): unknown {
  if (!text.startsWith("[")) return [text];
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
  return signerOf(await openPrivateKey(dir, passphrase, file));
}

/** What a keystore holds; never print it. @throws as {@link openKeystore} */
export async function openPrivateKey(dir: string, passphrase: string, file: string): Promise<string> {
  const text = readKeystore(dir, file);
  if (text === undefined)
    throw new CreditAnchorError("signer.missing", `${dir} has no ${file}`, {
      hint: "set CREDIT_ANCHOR_PRIVATE_KEY, or put a JSON keystore there",
    });
  try {
    return (await decryptKeystoreJson(text, passphrase)).privateKey;
  } catch (cause) {
    // ethers' errors carry the arguments: they must not become a cause that somebody prints.
    if (cause instanceof Error && cause.message.includes("incorrect password"))
      throw new CreditAnchorError("home.wrong-passphrase", `the passphrase does not open ${join(dir, file)}`);
    throw damaged(dir, file);
  }
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
