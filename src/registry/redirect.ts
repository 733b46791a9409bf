import { CrossdockError } from "../errors.ts";
import type { Side } from "../errors.ts";

/** Blobs need one redirect, or two behind a CDN. The Fetch standard allows twenty. */
export const MAX_REDIRECTS = 5;

const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/** Whether a response is a redirect with a Location. */
export function isRedirect(response: Response): boolean {
  return REDIRECT_STATUSES.has(response.status) && response.headers.has("location");
}

/**
 * Whether a redirected request becomes a GET without a body. 307 and 308 keep the method.
 * https://fetch.spec.whatwg.org/#http-redirect-fetch
 */
export function becomesGet(status: number, method: string): boolean {
  if (status === 301 || status === 302) return method === "POST";
  return status === 303 && method !== "GET" && method !== "HEAD";
}

/**
 * Resolves a relative or absolute `Location` against the URL of its request. The query stays unchanged.
 *
 * If an https host returns an http Location on itself, that is a mistake of its proxy: the URL stays https. An http Location on
 * another host is rejected.
 *
 * @param side the side of the registry, for the error
 * @throws CrossdockError `registry` if it is not an http(s) URL, or leads from https to http on another host
 */
export function resolveLocation(
  location: string | null,
  from: URL,
  what: string,
  side: Side,
): URL {
  const url = location ? URL.parse(location, from) : null;
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new CrossdockError("registry", `${what}: ${from.host} returned no valid Location`, {
      side,
    });
  }
  if (url.protocol === "http:" && from.protocol === "https:") {
    if (url.hostname !== from.hostname) {
      throw new CrossdockError(
        "registry",
        `${what}: ${from.host} redirects from https to http://${url.host}`,
        {
          side,
          hint: "nothing was sent there; configure the registry's external URL with https",
        },
      );
    }
    url.protocol = "https:";
    url.port = from.port;
  }
  url.hash = "";
  return url;
}
