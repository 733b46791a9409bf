/** The little of CommonMark that the document's descriptions use: paragraphs, and code in backticks. */
import { html } from "hono/html";

/** A piece of the page, escaped. */
export type Html = ReturnType<typeof html>;

/** One line with code in it. */
export function renderLine(text: string): Html {
  const parts = text.split("`");
  return html`${parts.map((part, i) => i % 2 === 0 ? part : html`<code>${part}</code>`)}`;
}

/** Paragraphs, which an empty line parts. */
export function renderText(text = ""): Html {
  const paragraphs = text.split("\n\n").filter((paragraph) => paragraph !== "");
  return html`${paragraphs.map((paragraph) => html`<p>${renderLine(paragraph)}</p>`)}`;
}
