/** Blocks next to which white space has no effect. */
const BLOCK =
  "html|head|meta|title|link|body|header|main|nav|section|article|div|figure|figcaption|pre|table|thead|tbody|tr|th|td|ul|li|p|h[1-6]";

const AROUND_BLOCK = new RegExp(`\\s*(</?(?:${BLOCK})(?: [^>]*)?>)\\s*`, "g");

/** End tags that the parser adds. https://html.spec.whatwg.org/multipage/syntax.html#optional-tags */
const OPTIONAL_END =
  /<\/(?:td|th|tr|li|thead|tbody)>|<\/p>(?=<(?:p|h\d|table|ul|figure|section|article|\/(?:section|article|nav|header|li)\b))/g;

/**
 * Removes what a browser does not need from HTML without scripts, in which no attribute contains `>`. The content of `<pre>` stays.
 */
export function minifyHtml(html: string): string {
  return html.split(/(?<=<pre\b[^>]*>)([^]*?)(?=<\/pre>)/).map((part, i) =>
    i % 2 === 1 ? unescapeQuotes(part) : unescapeQuotes(
      part.replace(/\s+/g, " ").replace(AROUND_BLOCK, "$1").replace(OPTIONAL_END, ""),
    )
  ).join("");
}

/** In text, quotes need no escape. */
function unescapeQuotes(html: string): string {
  return html.replace(
    /(^|>)([^<]+)/g,
    (_, before, text) => before + text.replaceAll("&quot;", '"').replaceAll("&#39;", "'"),
  );
}
