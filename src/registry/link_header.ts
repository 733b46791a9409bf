/**
 * The next page of a list: `Link: <url>; rel="next"`, RFC 8288. Resolved against the page it came with. A registry behind a proxy
 * may tell the name that it has there: of a link to another origin the path and the query are taken, and tokens stay here.
 *
 * @returns `undefined` on the last page, and for a link back to the same page
 */
export function nextLink(header: string | null, base: URL): URL | undefined {
  for (
    const [, target = "", parameters = ""] of (header ?? "").matchAll(
      /<([^<>]{1,4096})>([^<]{0,512})/g,
    )
  ) {
    if (!/;\s*rel\s*=\s*"?next"?(?:[\s;,]|$)/i.test(parameters)) continue;
    const named = URL.parse(target, base);
    if (!named || !/^https?:$/.test(named.protocol)) return undefined;
    // Part by part: a path may begin with two slashes, which would name a host.
    const url = new URL(base);
    url.pathname = named.pathname;
    url.search = named.search;
    return url.href === base.href ? undefined : url;
  }
  return undefined;
}
