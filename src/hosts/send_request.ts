import { NetworkError } from "../errors.ts";
import type { HttpRequest } from "../runtime.ts";
import { hasDefaultTrust, isCustomTls, setDefaultTrust } from "./default_trust.ts";
import { hasProxySettings } from "./proxy_variables.ts";

/**
 * Sends a request on Deno or Bun: by `fetch`, and by `node:http` for what `fetch` of these hosts does not support or supports in
 * different ways: checked addresses, proxies, TLS options and CA certificates of the system. Node always uses `node:http`.
 *
 * @param fetchDefault sends a request that trusts only the certificates of the runtime
 */
export async function sendRequest(
  request: HttpRequest,
  fetchDefault: (request: HttpRequest) => Promise<Response> = sendTrustingDefault,
): Promise<Response> {
  const { url, tls, checked } = request;
  if (isCustomTls(tls) || hasDefaultTrust(url) === false || hasProxySettings()) {
    return await sendOverNodeHttp(request);
  }
  try {
    const response = await (checked ? sendTrustingDefault(request) : fetchDefault(request));
    setDefaultTrust(url, true);
    return response;
  } catch (error) {
    // The request was not sent yet, so it can be sent again.
    if (!(error instanceof NetworkError) || error.failure !== "certificate") throw error;
    const response = await sendOverNodeHttp(request);
    setDefaultTrust(url, false);
    return response;
  }
}

/** The host and port of the proxy for a URL. Implements {@linkcode Runtime.proxyOf}. */
export async function proxyOf(url: URL): Promise<string | undefined> {
  if (!hasProxySettings()) return undefined;
  return (await import("./proxy.ts")).proxyFor(url)?.url.host;
}

function sendTrustingDefault(request: HttpRequest): Promise<Response> {
  return sendOverNodeHttp(request, { isDefaultTrust: true });
}

/** Loads `node:http` only when needed: on Deno this saves memory. */
async function sendOverNodeHttp(
  request: HttpRequest,
  options: { readonly isDefaultTrust?: boolean } = {},
): Promise<Response> {
  return await (await import("./node_http.ts")).sendOverNodeHttp(
    request,
    options,
  );
}
