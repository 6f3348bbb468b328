import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const file = join(__dirname, "../../..", "docs/audit.md");

/** One row of a table of `docs/audit.md`: what was tampered with, and what came of it. */
export type Row = readonly [string, string];

const words = (text: string): string => text.replace(/\s+/g, " ").replace(/-{2,}/g, "--");

/**
 * Compares a table of the document with what tests saw, or writes it when WRITE_DOCS is set.
 *
 * @returns The table as it should stand and as it stands, cells not padded.
 */
export function tableOf(name: string, head: Row, rows: readonly Row[]): { seen: string; told: string } {
  const line = (cells: Row): string => `| ${cells.join(" | ")} |`;
  const table = [line(head), "| --- | --- |", ...rows.map(line)].join("\n");
  const [start, end] = [`<!-- seen: ${name} -->`, `<!-- /seen: ${name} -->`];
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`docs/audit.md has no place for ${name}`);
  const told = text.slice(from + start.length, to);
  if (process.env.WRITE_DOCS !== undefined && words(told) !== words(`\n${table}\n`))
    writeFileSync(file, `${text.slice(0, from + start.length)}\n\n${table}\n\n${text.slice(to)}`);
  return { seen: words(table).trim(), told: words(told).trim() };
}
