/**
 * The next page of a list: `Link: <url>; rel="next"`, RFC 8288. Resolved against the page it came with.
 *
 * @returns `undefined` on the last page, and for a link that leads to another origin: tokens do not follow it there
 */
export function nextLink(header: string | null, base: URL): URL | undefined {
  for (
    const [, target = "", parameters = ""] of (header ?? "").matchAll(
      /<([^<>]{1,4096})>([^<]{0,512})/g,
    )
  ) {
    if (!/;\s*rel\s*=\s*"?next"?(?:[\s;,]|$)/i.test(parameters)) continue;
    const url = URL.parse(target, base);
    return url && url.origin === base.origin ? url : undefined;
  }
  return undefined;
}
