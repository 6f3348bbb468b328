import { closeSync, fstatSync, openSync, readSync } from "node:fs";

// LMDB maps its file into memory and trusts it: a file that is none, or was cut, ends the process with a signal that no
// program can catch. So its first two pages are looked at before.

const MAGIC = 0xbeefc0de;
/** Of the page header in front of each of the two meta pages. */
const HEADER = 24;
const META = HEADER + 136;
/** Pages at the end that were allocated and freed in one transaction are never written. */
const SPARE_PAGES = 64n;

/**
 * For machines that store the lowest byte first, as LMDB writes numbers as the machine does.
 *
 * @returns What is wrong with a database file of LMDB, as far as its meta pages tell; undefined if nothing.
 * @throws What the file system throws.
 */
export function lmdbFault(file: string): string | undefined {
  const handle = openSync(file, "r");
  try {
    const length = BigInt(fstatSync(handle).size);
    const first = metaAt(handle, 0);
    if (first === undefined) return "it is no database";
    const second = metaAt(handle, first.pageSize);
    if (second === undefined) return "its second page is damaged";
    // The newer of the two counts.
    const { pageSize, roots, lastPage } = first.transaction > second.transaction ? first : second;
    const pages = length / BigInt(pageSize);
    if (lastPage >= pages + SPARE_PAGES || roots.some((page) => page !== NO_PAGE && page >= pages))
      return "it is shorter than it was";
    return undefined;
  } finally {
    closeSync(handle);
  }
}

const NO_PAGE = 0xffffffffffffffffn;

function metaAt(
  handle: number,
  position: number,
): { pageSize: number; roots: bigint[]; lastPage: bigint; transaction: bigint } | undefined {
  const meta = Buffer.alloc(META);
  if (readSync(handle, meta, 0, META, position) < META) return undefined;
  const at = HEADER;
  const pageSize = meta.readUInt32LE(at + 24);
  if (meta.readUInt32LE(at) !== MAGIC || pageSize < 512 || pageSize > 65536) return undefined;
  return {
    pageSize,
    roots: [meta.readBigUInt64LE(at + 64), meta.readBigUInt64LE(at + 112)],
    lastPage: meta.readBigUInt64LE(at + 120),
    transaction: meta.readBigUInt64LE(at + 128),
  };
}
