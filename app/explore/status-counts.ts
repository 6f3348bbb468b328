import type { BatchState } from "../../src/audit/state";

/** How many records of some batches have each status byte; records that never moved count as zero. */
export function statusCounts(batches: readonly Pick<BatchState, "header" | "words">[]): Map<number, number> {
  const counts = new Map<number, number>();
  let others = 0;
  for (const { header, words } of batches) {
    others += header.size;
    for (const word of words.values())
      for (const byte of word) {
        if (byte === 0) continue;
        counts.set(byte, (counts.get(byte) ?? 0) + 1);
        others--;
      }
  }
  if (others > 0) counts.set(0, others);
  return new Map([...counts].sort(([a], [b]) => a - b));
}

/** Positions of a batch's records by status byte, but for those that never moved. */
export function movedPositions({ words }: Pick<BatchState, "words">): Map<number, number[]> {
  const positions = new Map<number, number[]>();
  for (const [at, word] of [...words].sort(([a], [b]) => a - b))
    word.forEach((byte, lane) => {
      if (byte === 0) return;
      const list = positions.get(byte);
      if (list === undefined) positions.set(byte, [32 * at + lane]);
      else list.push(32 * at + lane);
    });
  return positions;
}

/** `0–5, 9, 12–13` */
export function ranges(positions: readonly number[], most = 40): string {
  const parts: string[] = [];
  for (let i = 0; i < positions.length;) {
    let end = i;
    while (positions[end + 1] === positions[end]! + 1) end++;
    parts.push(end === i ? `${positions[i]}` : `${positions[i]}–${positions[end]}`);
    i = end + 1;
  }
  return parts.length > most ? `${parts.slice(0, most).join(", ")}, …` : parts.join(", ");
}
