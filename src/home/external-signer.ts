import { spawn } from "node:child_process";
import { recoverAddress, Signature } from "ethers";

import { CreditAnchorError } from "../errors";

/** A program that signs digests: for keys that live in a hardware module or a key service. */
export interface SignerCommand {
  /** Program and arguments; no shell reads them. `{digest}` in an argument stands for the digest. */
  readonly command: readonly [string, ...string[]];
  /** Of the key, lower-case `0x…`: what the program signs is compared with it. */
  readonly address: string;
  /** Default 60. */
  readonly timeoutSeconds?: number;
}

/** A program and its arguments. */
export function isCommand(value: unknown): value is SignerCommand["command"] {
  return (
    Array.isArray(value) &&
    value.every((word) => typeof word === "string") &&
    value[0] !== undefined &&
    value[0] !== ""
  );
}

/** Stands for the digest in an argument; a command without it reads the digest from stdin. */
export const DIGEST = "{digest}";

/** More than any signature: a program that says more says something else. */
const LARGEST_ANSWER = 4_096;
const DEFAULT_TIMEOUT = 60;
/** Order of secp256k1. */
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * Has a program sign 32 bytes. It gets them as `0x` and 64 digits on one line of stdin (or as an argument), answers on
 * stdout with a signature in hexadecimal, and ends with 0. The signature is `r ‖ s ‖ v`, `r ‖ s`, or DER; `s` may be
 * high. It counts if it recovers to the address: `v` is never believed. What the program writes to stderr is not shown,
 * for it may be secret.
 *
 * @throws CreditAnchorError `signer.command-missing`, `signer.command-failed`, `signer.timeout`, `signer.garbage`,
 * `signer.other-key`
 */
export async function signByCommand(
  { command, address, timeoutSeconds = DEFAULT_TIMEOUT }: SignerCommand,
  digest: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Signature> {
  const answer = await ask(command, digest, timeoutSeconds, env);
  const pair = parseSignature(answer.trim());
  if (pair === undefined)
    throw new CreditAnchorError(
      "signer.garbage",
      `${command[0]} answered with something else than a signature`,
      {
        hint: `expected is hexadecimal: 65 bytes r, s, v, or 64 bytes r, s, or DER; ${BY_HAND}`,
        exitStatus: 70,
      },
    );
  const signature = ([27, 28] as const)
    .map((v) => Signature.from({ ...pair, v }))
    .find((candidate) => recovers(digest, candidate, address));
  if (signature === undefined)
    throw new CreditAnchorError(
      "signer.other-key",
      `${command[0]} did not sign this with the key of ${address}`,
      {
        hint: "correct the signer's address in the settings, or which key the command uses; nothing was sent",
        exitStatus: 70,
      },
    );
  return signature;
}

const BY_HAND = "run it by hand with any 32 bytes to see what it says";

function ask(
  [program, ...args]: SignerCommand["command"],
  digest: string,
  timeoutSeconds: number,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const failed = (code: string, message: string, hint: string): CreditAnchorError =>
    new CreditAnchorError(code, message, { hint, exitStatus: 70 });
  return new Promise((resolve, reject) => {
    const byArgument = args.some((word) => word.includes(DIGEST));
    // A process group of its own: what the program started in turn ends with it.
    const child = spawn(
      program,
      args.map((word) => word.replaceAll(DIGEST, digest)),
      { stdio: ["pipe", "pipe", "ignore"], detached: true, env: withoutOurs(env) },
    );
    let answer = "";
    const settle = (error?: CreditAnchorError): void => {
      clearTimeout(timer);
      child.removeAllListeners().on("error", () => undefined);
      child.stdout.removeAllListeners().destroy();
      if (error === undefined) return resolve(answer);
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended.
      }
      reject(error);
    };
    const timer = setTimeout(
      () =>
        settle(
          failed(
            "signer.timeout",
            `${program} gave no signature within ${timeoutSeconds} s and was ended`,
            "is the device there and unlocked? signer.timeoutSeconds in settings.json gives it longer",
          ),
        ),
      timeoutSeconds * 1000,
    );
    child.on("error", (cause: NodeJS.ErrnoException) =>
      settle(
        failed(
          "signer.command-missing",
          `the signing command ${program} cannot be started (${cause.code ?? "unknown"})`,
          "give its whole path, and make it executable",
        ),
      ),
    );
    child.stdout.setEncoding("latin1").on("data", (part: string) => {
      answer += part;
      if (answer.length > LARGEST_ANSWER)
        settle(failed("signer.garbage", `${program} answered with something else than a signature`, BY_HAND));
    });
    child.on("close", (status, signal) =>
      settle(
        status === 0
          ? undefined
          : failed(
              "signer.command-failed",
              `the signing command ${program} ended ${signal === null ? `with status ${status}` : `by ${signal}`}`,
              BY_HAND,
            ),
      ),
    );
    // A program that does not read ends on its own terms.
    child.stdin.on("error", () => undefined);
    child.stdin.end(byArgument ? "" : `${digest}\n`);
  });
}

/** The program needs nothing that is meant for us, and some of that is secret. */
function withoutOurs(env: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("CREDIT_ANCHOR_")));
}

/** `r` and the low `s`; undefined if it is no signature. */
function parseSignature(answer: string): { r: string; s: string } | undefined {
  const hex = /^(?:0x)?((?:[0-9a-fA-F]{2})+)$/.exec(answer)?.[1]?.toLowerCase();
  if (hex === undefined) return undefined;
  const isPlain = hex.length === 128 || hex.length === 130;
  const [r, s] = isPlain ? [hex.slice(0, 64), hex.slice(64, 128)] : (fromDer(hex) ?? ["0", "0"]);
  const [x, y] = [BigInt(`0x${r}`), BigInt(`0x${s}`)];
  if (x === 0n || y === 0n || x >= N || y >= N) return undefined;
  return { r: word(x), s: word(y > N / 2n ? N - y : y) };
}

const word = (value: bigint): string => `0x${value.toString(16).padStart(64, "0")}`;

/** DER of two positive numbers and nothing else: `30 len 02 len r 02 len s`. */
function fromDer(hex: string): [string, string] | undefined {
  const bytes = Buffer.from(hex, "hex");
  if (bytes.length < 8 || bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2) return undefined;
  const number = (at: number): Buffer | undefined => {
    const length = bytes[at + 1];
    if (bytes[at] !== 0x02 || length === undefined || length === 0 || length > 33) return undefined;
    const value = bytes.subarray(at + 2, at + 2 + length);
    return value.length === length && value[0]! < 0x80 ? value : undefined;
  };
  const r = number(2);
  const s = r === undefined ? undefined : number(4 + r.length);
  if (r === undefined || s === undefined || 6 + r.length + s.length !== bytes.length) return undefined;
  return [r.toString("hex"), s.toString("hex")];
}

function recovers(digest: string, signature: Signature, address: string): boolean {
  try {
    return recoverAddress(digest, signature).toLowerCase() === address;
  } catch {
    return false;
  }
}
