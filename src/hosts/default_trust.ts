/** Which requests `fetch` can send with its own certificates. */
import type { TlsOptions } from "../runtime.ts";

/** More origins than one process uses. The limit bounds the memory of a server. */
const MAX_ORIGINS = 10_000;

const origins = new Map<string, boolean>();

/** Whether `fetch` accepted the certificate of a URL's origin. `undefined` before the first request. */
export function hasDefaultTrust(url: URL): boolean | undefined {
  return origins.get(url.origin);
}

export function setDefaultTrust(url: URL, isTrusted: boolean): void {
  if (url.protocol !== "https:" || origins.get(url.origin) === isTrusted) return;
  if (origins.size >= MAX_ORIGINS) origins.clear();
  origins.set(url.origin, isTrusted);
}

/** Whether connections are made differently from the host's default. */
export function isCustomTls(options: TlsOptions | undefined): options is TlsOptions {
  return options?.unverified === true || (options?.caCerts?.length ?? 0) > 0 ||
    options?.clientCertificate !== undefined;
}
