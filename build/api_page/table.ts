import { html } from "hono/html";
import type { Html } from "./text.ts";

/** Renders a table. The first cell of each row is its header. */
export function renderTable(
  columns: readonly string[],
  rows: readonly (readonly [head: unknown, ...cells: unknown[]])[],
): Html {
  return html`
    <table>
      <thead>
        <tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr>
      </thead>
      <tbody>${rows.map(([head, ...cells]) =>
        html`
          <tr>
            <th scope="row">${head}</th>
            ${cells.map((cell) => html`<td>${cell}</td>`)}
          </tr>
        `
      )}</tbody>
    </table>
  `;
}
