/** Renders the subset of CommonMark that the document's descriptions use: paragraphs, and code in backticks. */
import { html } from "hono/html";

/** Escaped HTML. */
export type Html = ReturnType<typeof html>;

/** Renders one line with code in backticks. */
export function renderLine(text: string): Html {
  const parts = text.split("`");
  return html`${parts.map((part, i) => i % 2 === 0 ? part : html`<code>${part}</code>`)}`;
}

/** Renders paragraphs, which are separated by empty lines. */
export function renderText(text = ""): Html {
  const paragraphs = text.split("\n\n").filter((paragraph) => paragraph !== "");
  return html`${paragraphs.map((paragraph) => html`<p>${renderLine(paragraph)}</p>`)}`;
}
