import { CrossdockError } from "../errors.ts";

/** As the Fetch standard counts to twenty, and as no registry needs: blobs take one hop, two behind a CDN. */
export const MAX_REDIRECTS = 5;

const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/** Whether an answer sends us elsewhere. */
export function isRedirect(response: Response): boolean {
  return REDIRECT_STATUSES.has(response.status) && response.headers.has("location");
}

/**
 * Where a `Location` leads, as seen from the URL that gave it: relative or absolute, its query untouched.
 *
 * A Location in plain HTTP on the host that is being spoken to by TLS is a proxy's mistake and stays on TLS; on any other host
 * it is refused.
 *
 * @throws CrossdockError `registry` when it is no http(s) URL or would leave TLS
 */
export function resolveLocation(location: string | null, from: URL, what: string): URL {
  const url = location ? URL.parse(location, from) : null;
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new CrossdockError("registry", `${what}: ${from.host} gave no usable Location`);
  }
  if (url.protocol === "http:" && from.protocol === "https:") {
    if (url.hostname !== from.hostname) {
      throw new CrossdockError(
        "registry",
        `${what}: ${from.host} leads from https to http://${url.host}`,
        {
          hint: "nothing was sent there; the registry's configuration has to name https",
        },
      );
    }
    url.protocol = "https:";
    url.port = from.port;
  }
  url.hash = "";
  return url;
}
