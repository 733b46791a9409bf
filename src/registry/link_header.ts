/**
 * The next page of a list: `Link: <url>; rel="next"`, RFC 8288. Resolved against the page it came with.
 *
 * @returns `undefined` on the last page, for a link back to the same page, and for one to another origin: tokens do not follow it there
 */
export function nextLink(header: string | null, base: URL): URL | undefined {
  for (
    const [, target = "", parameters = ""] of (header ?? "").matchAll(
      /<([^<>]{1,4096})>([^<]{0,512})/g,
    )
  ) {
    if (!/;\s*rel\s*=\s*"?next"?(?:[\s;,]|$)/i.test(parameters)) continue;
    const url = URL.parse(target, base);
    if (!url) return undefined;
    // A proxy that ends TLS lets the registry behind it believe that it is spoken to in plain HTTP.
    if (url.protocol === "http:" && base.protocol === "https:" && url.hostname === base.hostname) {
      url.protocol = "https:";
      url.port = base.port;
    }
    return url.origin === base.origin && url.href !== base.href ? url : undefined;
  }
  return undefined;
}
