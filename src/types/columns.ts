/** Names under which a field may stand at the head of a column. */
import { keyForm } from "../commitment";
import type { Field } from "./record-type";

/** A field as one column gives it: `decimals` digits after the point become the field's own unit. */
export interface Column {
  readonly field: Field;
  /** 0: the value is in the field's own unit. */
  readonly decimals: number;
}

/**
 * Form in which names of columns are compared: that of natural keys. So `罚款金额（万元）`, `罚款金额(万元)` and `cf_wsh`,
 * `CF_WSH` meet.
 */
export function columnForm(name: string): string {
  return keyForm(name);
}

/** The known name nearest to an unknown one, if it is near enough to be a slip of the pen. */
export function nearestName(unknown: string, known: Iterable<string>): string | undefined {
  const wanted = columnForm(unknown).slice(0, 64);
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.floor(wanted.length / 3) + 1);
  for (const name of known) {
    const form = columnForm(name);
    if (Math.abs(form.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, form);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      }
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;
