import { CreditAnchorError } from "../errors";

/** A line may have so many bytes. */
export const MAX_LINE = 4 * 1024 * 1024;

/**
 * Cuts a stream of bytes after line feeds: every block but the last ends with one. A block is at least as large as what
 * the stream gives at a time, unless the file ends.
 *
 * @throws `input.line-too-long`
 */
export async function* wholeLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = [];
  let restLength = 0;
  for await (const chunk of source) {
    const end = chunk.lastIndexOf(0x0a) + 1;
    if (end === 0) {
      rest.push(chunk);
      restLength += chunk.length;
    } else {
      const head = chunk.subarray(0, end);
      yield restLength === 0 ? head : Buffer.concat([...rest, head]);
      rest = end === chunk.length ? [] : [chunk.subarray(end)];
      restLength = chunk.length - end;
    }
    if (restLength > MAX_LINE) {
      throw new CreditAnchorError("input.line-too-long", `a line has more than ${MAX_LINE} bytes`, {
        hint: "is it a text file with one record a line?",
      });
    }
  }
  if (restLength > 0) yield Buffer.concat(rest);
}
