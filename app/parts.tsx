import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { CreditAnchorError } from "../src/errors";
import { short } from "./format";
import { useSettings } from "./settings";
import { byCode } from "./words";

/** A hash or address: short for the eye, whole where somebody points at it, and on paper. */
export function Hex({ value, whole = false }: { value: string; whole?: boolean }): JSX.Element {
  return (
    <code class={whole ? "hex hex-whole" : "hex"} title={value}>
      {whole ? (
        value
      ) : (
        <>
          <span class="hex-short">{short(value)}</span>
          <span class="hex-long">{value}</span>
        </>
      )}
    </code>
  );
}

/** A line of a list of facts. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What went wrong with a node, in the reader's language, and the program's own words below. */
export function ErrorText({ error }: { error: CreditAnchorError }): JSX.Element {
  const { words } = useSettings();
  return (
    <>
      <span>{byCode(words.errors, error.code) ?? words.errors.other}</span>{" "}
      <span class="quiet small" lang="en">
        {error.message}
      </span>
    </>
  );
}

/** Copies text to the clipboard, and says so. */
export function CopyButton({ text }: { text: string }): JSX.Element {
  const { words } = useSettings();
  const [done, setDone] = useState(false);
  const copy = (): void =>
    void navigator.clipboard?.writeText(text).then(
      () => setDone(true),
      () => setDone(false),
    );
  return (
    <button type="button" class="plain small" onClick={copy}>
      <span aria-live="polite">{done ? words.copy.done : words.copy.label}</span>
    </button>
  );
}

/** A table that scrolls by itself where it is too wide. A group and no region: a page may have many. */
export function Table({
  label,
  columns,
  children,
}: {
  label: string;
  columns: readonly string[];
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" key={column}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
