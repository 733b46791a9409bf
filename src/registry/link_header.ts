/**
 * Reads the URL of the next page from `Link: <url>; rel="next"` (RFC 8288), relative to the current page. A registry behind a
 * proxy may return its internal host name. So only the path and query of the link are used, and tokens stay on this origin.
 *
 * @returns `undefined` on the last page, and for a link to the same page
 */
export function nextLink(header: string | null, base: URL): URL | undefined {
  for (
    const [, target = "", parameters = ""] of (header ?? "").matchAll(
      /<([^<>]{1,4096})>([^<]{0,512})/g,
    )
  ) {
    if (!/;\s*rel\s*=\s*"?next"?(?:[\s;,]|$)/i.test(parameters)) continue;
    const linked = URL.parse(target, base);
    if (!linked || !/^https?:$/.test(linked.protocol)) return undefined;
    // Set path and query separately: a path may begin with two slashes, which would name a host.
    const url = new URL(base);
    url.pathname = linked.pathname;
    url.search = linked.search;
    return url.href === base.href ? undefined : url;
  }
  return undefined;
}
