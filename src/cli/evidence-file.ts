/**
 * Documents that show why something happened to a record: of one only a hash with 32 random bytes goes on the chain.
 */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fromHex, toHex, ZERO_32 } from "../bytes";
import { evidenceHash } from "../commitment";
import type { Home } from "../home";
import { replaceFile } from "../home/files";
import { isObject, parseJson } from "../json";
import { expectFile, readText } from "./files";
import { text } from "./options";

/** `--evidence`. */
export function evidenceOption(): ReturnType<typeof text> {
  return text(
    "--evidence <file>",
    "the document that shows why; its hash with random bytes goes on the chain",
  );
}

/**
 * Keeps what proves later that this file is the evidence: its digest and the random bytes. The file stays where it is.
 *
 * @param options.again The same file again has the same hash: for calls that must be repeated byte for byte.
 * @returns Evidence hash; 32 zero bytes without a file.
 */
export async function keepEvidence(
  home: Pick<Home, "dir">,
  file: string | undefined,
  options: { readonly again?: boolean } = {},
): Promise<string> {
  if (file === undefined) return toHex(ZERO_32);
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(expectFile(file)) as AsyncIterable<Buffer>) digest.update(chunk);
  const sha256 = new Uint8Array(digest.digest());
  const folder = join(home.dir, "evidence");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const kept = options.again === true ? keptRandom(folder, toHex(sha256)) : undefined;
  const random = kept ?? new Uint8Array(randomBytes(32));
  const hash = toHex(evidenceHash(random, sha256));
  const content = {
    format: "credit-anchor/evidence",
    formatVersion: 1,
    evidenceHash: hash,
    random: toHex(random),
    sha256: toHex(sha256),
    fileName: basename(file),
  };
  replaceFile(join(folder, `${hash}.json`), `${JSON.stringify(content, null, 2)}\n`);
  return hash;
}

/** Random bytes that were kept with a file of this digest. */
function keptRandom(folder: string, sha256: string): Uint8Array | undefined {
  for (const name of readdirSync(folder)) {
    if (!/^0x[0-9a-f]{64}\.json$/.test(name)) continue;
    const kept = parseJson(readText(join(folder, name)));
    if (isObject(kept) && kept["sha256"] === sha256) return fromHex(String(kept["random"]), 32);
  }
  return undefined;
}
