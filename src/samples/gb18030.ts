let table: ReadonlyMap<string, number> | undefined;

/** All characters of two bytes, found by decoding them. */
function twoByteCharacters(): ReadonlyMap<string, number> {
  if (table !== undefined) return table;
  const decoder = new TextDecoder("gb18030", { fatal: true });
  const characters = new Map<string, number>();
  for (let first = 0x81; first <= 0xfe; first++) {
    for (let second = 0x40; second <= 0xfe; second++) {
      if (second === 0x7f) continue;
      const character = decoder.decode(Uint8Array.of(first, second));
      // The ideographic space has two codes; the first is the one to write.
      if (!characters.has(character)) characters.set(character, first * 256 + second);
    }
  }
  return (table = characters);
}

/**
 * Text as GB18030, for characters of one or two bytes: enough for samples.
 * @throws RangeError for others.
 */
export function encodeGb18030(text: string): Uint8Array {
  const characters = twoByteCharacters();
  const bytes = new Uint8Array(2 * text.length);
  let at = 0;
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code < 0x80) {
      bytes[at++] = code;
      continue;
    }
    const pair = characters.get(character);
    if (pair === undefined) throw new RangeError("a character that takes four bytes");
    bytes[at++] = pair >> 8;
    bytes[at++] = pair & 0xff;
  }
  return bytes.subarray(0, at);
}
