import { html, type Content, type Html } from "../html";

/** A column by what stands at its head. */
export type Column = string | { readonly numeric: string };

/** A column of numbers: they stand to the right. */
export const numeric = (name: string): Column => ({ numeric: name });

/** A table that may be wider than the page. Its rows are the caller's, each with a cell for every column. */
export function table(columns: readonly Column[], rows: Content, caption?: string): Html {
  return html`<div class="table">
    <table>
      ${
        caption !== undefined &&
        html`<caption>
          ${caption}
        </caption>`
      }
      <thead>
        <tr>
          ${columns.map((column) =>
            typeof column === "string"
              ? html`<th scope="col">${column}</th>`
              : html`<th scope="col" class="n">${column.numeric}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}
