import { CrossdockError } from "../errors.ts";

/** URLs have up to 4 KiB. Hosts limit all headers of a response to 8 to 64 KiB. */
const MAX_HEADER_LENGTH = 16 * 1024;

/** A list may have empty elements, so commas may come first. */
const TARGET = /[\s,]*<([^<>]*)>/y;
const PARAMETER = /\s*;\s*(?:([^\s=;,"<>]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"<>]*)))?)?/y;
const SEPARATOR = /\s*(?:,|$)/y;

interface Link {
  readonly target: string;
  /** The values of `rel` in lower case. */
  readonly relations: readonly string[];
}

/**
 * Reads the URL of the next page from `Link: <url>; rel="next"` (RFC 8288), relative to the current page. A registry behind a
 * proxy may return its internal host name. So only the path and query of the link are used, and tokens stay on this origin.
 *
 * Some registries omit the angle brackets. Some return a link to the same page on an empty page after the last one.
 *
 * @returns `undefined` on the last page
 * @throws CrossdockError `registry` for a link that cannot be read or leads to the same page: the list would end early
 */
export function nextLink(
  header: string | null,
  base: URL,
  { isEmpty = false }: { isEmpty?: boolean } = {},
): URL | undefined {
  if (!header?.trim()) return undefined;
  const links = parseLinks(header);
  const next = links?.find(({ relations }) => relations.includes("next"));
  if (!next) {
    if (links?.every(({ relations }) => relations.length > 0)) return undefined;
    throw incompleteList(base, "its Link header cannot be read");
  }
  const linked = URL.parse(next.target, base);
  if (next.target === "" || !linked || !/^https?:$/.test(linked.protocol)) {
    throw incompleteList(base, "its Link to the next page is not an http(s) URL");
  }
  // Set path and query separately: a path may begin with two slashes, which would name a host.
  const url = new URL(base);
  url.pathname = linked.pathname;
  url.search = linked.search;
  if (url.href !== base.href) return url;
  if (isEmpty) return undefined;
  throw incompleteList(base, "a page links to itself as the next page");
}

/** The error for a list whose end is unknown. A truncated list must not pass as complete: prune would delete the rest. */
export function incompleteList({ host }: URL, reason: string, cause?: unknown): CrossdockError {
  return new CrossdockError("registry", `the list of ${host} may be incomplete: ${reason}`, {
    cause,
    hint: "check the registry's pagination, and any proxy in front of it",
  });
}

/** @returns `undefined` if the header does not match the grammar of RFC 8288 */
function parseLinks(header: string): Link[] | undefined {
  if (header.length > MAX_HEADER_LENGTH) return undefined;
  const text = header.includes("<") ? header : header.replace(/^\s*([^\s;]+)/, "<$1>");
  const links: Link[] = [];
  let position = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(text);
    if (found) position = pattern.lastIndex;
    return found;
  };
  while (position < text.length) {
    const target = match(TARGET)?.[1];
    if (target === undefined) return undefined;
    const relations: string[] = [];
    for (let found = match(PARAMETER); found; found = match(PARAMETER)) {
      const [, name, quoted, token] = found;
      if (name?.toLowerCase() !== "rel") continue;
      const values = (quoted ?? token ?? "").replace(/^'(.*)'$/, "$1");
      relations.push(...values.toLowerCase().split(/\s+/).filter(Boolean));
    }
    if (!match(SEPARATOR)) return undefined;
    links.push({ target: target.trim(), relations });
  }
  return links;
}
