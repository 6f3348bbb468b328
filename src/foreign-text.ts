/**
 * Text that others wrote, in a file, an answer of a node or on the chain: made harmless in one way.
 */

/** Steers terminals, hides or reorders text, or is half a character; "line breaks" that are not ours. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** One line of text as people may see it; each character that is none for the eye becomes `instead`. */
export function printableText(text: string, instead = "\ufffd"): string {
  return text.replace(UNPRINTABLE, instead);
}

/**
 * A label of the chain (agency code, type name) as text: printable ASCII with zeros behind it. Anything else stays as it
 * is, in hex: the registry refuses it, and a node that invents it shows nobody a text.
 */
export function labelText(label: string): string {
  const [, text] = /^0x((?:2[1-9a-f]|[3-6][0-9a-f]|7[0-9a-e])*)(?:00)*$/i.exec(label) ?? [];
  if (text === undefined) return label;
  return text.replace(/../g, (code) => String.fromCharCode(parseInt(code, 16)));
}
