import { cloneElement, toChildArray, type ComponentChildren, type JSX, type VNode } from "preact";
import { useState } from "preact/hooks";
import type { CreditAnchorError } from "../src/errors";
import { short } from "../src/formats";
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

/**
 * A table of `<tr>` with `<td>`. On a phone each row of more than two columns stands as a list, each cell with the name
 * of its column; the roles keep it a table for who reads by ear. A group and no region: a page may have many.
 */
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
      <table role="table" class={columns.length > 2 ? "stacks" : undefined}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th scope="col" role="columnheader" key={column}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {(toChildArray(children) as VNode<{ children: ComponentChildren }>[]).map((row) =>
            cloneElement(row, { role: "row" }, labelled(row.props.children, columns)),
          )}
        </tbody>
      </table>
    </div>
  );
}

function labelled(cells: ComponentChildren, columns: readonly string[]): VNode[] {
  return (toChildArray(cells) as VNode[]).map((cell, i) =>
    cloneElement(cell, { role: "cell", "data-label": columns[i] }),
  );
}
