/**
 * A process that writes an index of audits, for a test of two at once: `index-child.ts FILE NAME TIMES START`. Each time it
 * adds a difference of its own, from START on, in milliseconds since 1970.
 */
import { readFileSync } from "node:fs";
import { readIndex } from "../../src/audit/index-file";
import { openIndex } from "../../src/cli/audit-index";
import type { Io } from "../../src/cli/output";

async function main(file: string, name: string, times: number, start: number): Promise<void> {
  const made = readIndex(readFileSync(file), file);
  const place = openIndex({
    options: { index: file, withoutIndex: false, rebuildIndex: false },
    home: undefined,
    registry: made.registry,
    fromBlock: made.fromBlock,
    io: {
      note: (text: string) => {
        throw new Error(text);
      },
    } as unknown as Io,
  });
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, start - Date.now())));
  for (let n = 0; n < times; n++)
    await place!.write({
      ...made,
      differences: [{ code: "view.differs", message: "found", where: { view: `${name} ${n}` } }],
    });
}

const [file, name, times, start] = process.argv.slice(2) as [string, string, string, string];
void main(file, name, Number(times), Number(start));
