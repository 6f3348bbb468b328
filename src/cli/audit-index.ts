/**
 * The index of an audit: what the next audit need not ask again.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { AuditReport } from "../audit";
import { encodeIndex, isIndex, readIndex, withEarlier, type AuditIndex } from "../audit/index-file";
import { count, counted } from "../counted";
import { CreditAnchorError } from "../errors";
import type { Home } from "../home";
import { replaceFile, temporaryEnding, writeError } from "../home/files";
import { english } from "../report/words";
import { aloneBeside } from "../vault/beside";
import { flag, text, usage, type OptionValues } from "./options";
import { timeForPeople, type Io } from "./output";

export const indexOptions = {
  index: text(
    "--index <file>",
    "what audits of this registry found up to a block: the next one asks only what is new",
    "in the home folder, audit-index/CHAIN-REGISTRY.ndjson; without home none",
  ),
  withoutIndex: flag("--without-index", "ask everything again, and leave the index as it is"),
  rebuildIndex: flag("--rebuild-index", "ask everything again, and write the index new"),
};

/** Larger files cannot be read whole. */
const LARGEST = 2 ** 31 - 1;

/** Where an audit takes over from, and keeps for the next. */
export interface IndexPlace {
  readonly index: AuditIndex | undefined;
  /** Writes what this audit found; says so when it cannot, for the audit is none the worse. */
  write(made: AuditIndex): Promise<void>;
}

interface IndexRequest {
  readonly options: OptionValues<typeof indexOptions>;
  readonly home: Home | undefined;
  readonly registry: { readonly chainId: number; readonly address: string };
  readonly fromBlock: number;
  readonly io: Io;
}

/**
 * The index that the options name, if they name one.
 * @throws {CreditAnchorError} `usage`, `audit.index-…` for a file that is none, is damaged, newer, or of another registry.
 */
export function openIndex({ options, home, registry, fromBlock, io }: IndexRequest): IndexPlace | undefined {
  const { index: named, withoutIndex, rebuildIndex } = options;
  if (withoutIndex && (rebuildIndex || named !== undefined))
    throw usage("--without-index excludes --index and --rebuild-index");
  const { chainId, address } = registry;
  const file =
    named ?? (home === undefined ? undefined : join(home.dir, "audit-index", `${chainId}-${address}.ndjson`));
  if (rebuildIndex && file === undefined)
    throw usage(
      "--rebuild-index needs an index",
      "name one with --index FILE, or a home folder with --home DIR",
    );
  if (withoutIndex || file === undefined) return undefined;
  const there = bytesOf(file);
  if (there !== undefined && rebuildIndex && !isIndex(there))
    throw new CreditAnchorError("audit.index-format", `${file} is no index of an audit`, {
      hint: "name another file, or remove it first",
    });
  const index = there === undefined || rebuildIndex ? undefined : readIndex(there, file);
  if (index !== undefined) expectSame(index, file, registry, fromBlock);
  return {
    index,
    write: async (made) => {
      const put = (): void => {
        removeLeftovers(file);
        // Another audit may have ended meanwhile: what it found is not to be lost.
        const now = bytesOf(file);
        const other = now === undefined || rebuildIndex ? undefined : readIndex(now, file);
        writeParts(file, encodeIndex(other === undefined ? made : merged(made, other)));
      };
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        // A file that was named may be used from several homes, or from none.
        await (home === undefined || named !== undefined ? aloneBeside(file, put) : home.alone(put));
      } catch (cause) {
        const error = writeError(file, cause);
        if (!(error instanceof CreditAnchorError)) throw error;
        io.note(`note: the index for the next audit was not written: ${error.message}`);
      }
    },
  };
}

function bytesOf(file: string): Uint8Array | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false }) && readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new CreditAnchorError("file.unreadable", `${file} cannot be read (${code})`, {
      hint: "name another file with --index, or audit with --without-index",
      cause,
    });
  }
}

function expectSame(
  index: AuditIndex,
  file: string,
  { chainId, address }: IndexRequest["registry"],
  fromBlock: number,
): void {
  const { registry } = index;
  if (registry.chainId === chainId && registry.address === address && index.fromBlock === fromBlock) return;
  throw new CreditAnchorError(
    "audit.index-other",
    `${file} is of registry ${registry.address} on chain ${registry.chainId} from block ${index.fromBlock} on, ` +
      `and ${address} on chain ${chainId} from block ${fromBlock} on is audited`,
    { hint: "name another file with --index, or audit with --without-index" },
  );
}

/** Of two audits that ended at once: what the one that came further found, and all differences. */
function merged(made: AuditIndex, other: AuditIndex): AuditIndex {
  const later = other.block.number > made.block.number ? other : made;
  return { ...later, differences: withEarlier(made.differences, other.differences) };
}

function writeParts(file: string, parts: readonly Uint8Array[]): void {
  if (parts.reduce((sum, { length }) => sum + length, 0) > LARGEST)
    throw new CreditAnchorError("audit.index-large", `${file} would be larger than 2 GiB`);
  replaceFile(file, parts);
}

/** Of audits that were killed while they wrote. Whoever writes in a home is alone, so nobody's work is lost. */
function removeLeftovers(file: string): void {
  const name = basename(file);
  for (const other of readdirSync(dirname(file)))
    if (other.startsWith(`${name}.`) && other.endsWith(temporaryEnding)) rmSync(join(dirname(file), other));
}

/** For people. */
export function indexLines({ index, coverage }: AuditReport): string[] {
  if (index === null) return [];
  const { block, madeAt, unused, events, views, batches, differences } = index;
  const found =
    differences === 0
      ? []
      : [
          `           ${counted(differences, "difference")} found by earlier audits and not by this one: said again by every audit,`,
          "           with exit status 1, until audit --rebuild-index forgets them; do that only if you know why they were found",
        ];
  const head = `index      as of block ${block.number}, ${timeForPeople(block.time)}, written ${madeAt}`;
  if (unused !== null)
    return [
      `${head}: NOT USED, everything was read again, because ${english.limits.unused[unused]}`,
      ...(unused === "block" || unused === "chain"
        ? ["           if the chain is the right one, audit --rebuild-index starts afresh from it"]
        : []),
      ...found,
    ];
  return [
    head,
    `           taken over, not asked again: ${counted(events, "event")}, ${count(views)} of ${counted(coverage.views, "answer")}, leaves of ${counted(batches, "batch", "batches")}`,
    ...found,
  ];
}
