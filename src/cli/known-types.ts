/**
 * Record types that a command can name: those that come with the program, those the home keeps, and files.
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../bytes";
import { CreditAnchorError } from "../errors";
import type { Home } from "../home";
import { replaceFile } from "../home/files";
import { parseJson } from "../json";
import { typeIdOf, type Registry } from "../registry-views";
import { loadType, shippedTypes, type RecordType } from "../types";
import { readText } from "./files";

/** The type document in a file. @throws {CreditAnchorError} `file.…`, `json.…`, `type.invalid` with all faults. */
export function readTypeFile(file: string): RecordType {
  return loadType(readTypeDocument(file));
}

/** What the file holds, as JSON; whether it is a type is not looked at. */
export function readTypeDocument(file: string): unknown {
  const text = readText(file);
  try {
    return parseJson(text.replace(/^\ufeff/, ""));
  } catch (error) {
    if (!(error instanceof CreditAnchorError)) throw error;
    throw new CreditAnchorError(error.code, `${file} is not usable JSON: ${error.message}`, {
      faults: error.faults,
    });
  }
}

/** Folder of the type documents that a home keeps; each file is named by its hash. */
function typeFolder(home: Home): string {
  return join(home.dir, "types");
}

/** Keeps a type in the home, so that it can be named from now on. */
export async function keepType(home: Home, type: RecordType, typeId: number): Promise<void> {
  const typeHash = toHex(type.typeHash);
  if (!isShipped(type)) {
    mkdirSync(typeFolder(home), { recursive: true, mode: 0o700 });
    replaceFile(join(typeFolder(home), `${typeHash}.json`), `${JSON.stringify(type.document, null, 2)}\n`);
  }
  const known = home.settings.types[type.name];
  if (known?.typeId === typeId && known.typeHash === typeHash) return;
  await home.changeSettings((settings) => ({
    ...settings,
    types: { ...settings.types, [type.name]: { typeId, typeHash } },
  }));
}

/** Whether verifiers have this very type without being given it. */
export function isShipped(type: RecordType): boolean {
  const shipped = shippedTypes().get(type.name);
  return shipped !== undefined && toHex(shipped.typeHash) === toHex(type.typeHash);
}

/** All types at hand: shipped ones and those of the home. */
export function knownTypes(home: Home | undefined): RecordType[] {
  const types = [...shippedTypes().values()];
  if (home === undefined || !existsSync(typeFolder(home))) return types;
  for (const name of readdirSync(typeFolder(home)).sort())
    if (/^0x[0-9a-f]{64}\.json$/.test(name)) types.push(readTypeFile(join(typeFolder(home), name)));
  return types;
}

/**
 * The type that a user names: a name (the version the home uses, else the shipped one) or a file.
 * @throws {CreditAnchorError} `type.unknown` listing the names, or as {@link readTypeFile}.
 */
export function nameType(nameOrFile: string, home: Home | undefined): RecordType {
  if (/[/\\]|\.json$/.test(nameOrFile)) return readTypeFile(nameOrFile);
  const types = knownTypes(home);
  const used = home?.settings.types[nameOrFile]?.typeHash;
  const found =
    types.find((type) => type.name === nameOrFile && toHex(type.typeHash) === used) ??
    types.find((type) => type.name === nameOrFile);
  if (found !== undefined) return found;
  const names = [...new Set(types.map(({ name }) => name))];
  throw new CreditAnchorError(
    "type.unknown",
    `there is no record type ${nameOrFile}; there are: ${names.join(", ")}`,
    {
      hint: "name one of them, or give the file of a type document: --type FILE.json",
    },
  );
}

/**
 * Id of a type on the registry.
 * @param nameOrFile as the user named it, for the hint.
 * @throws {CreditAnchorError} `type.not-admitted`
 */
export async function admittedId(registry: Registry, type: RecordType, nameOrFile: string): Promise<number> {
  const id = await typeIdOf(registry, toHex(type.typeHash));
  if (id !== undefined) return id;
  throw new CreditAnchorError(
    "type.not-admitted",
    `the registry has not admitted record type ${type.name} (${toHex(type.typeHash)})`,
    {
      hint: `whoever runs the registry admits it with: credit-anchor type admit ${nameOrFile}`,
    },
  );
}
