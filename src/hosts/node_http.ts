/** Sends requests by `node:http` and `node:https`, where `fetch` of Deno, Node or Bun is not sufficient. */
import { request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIPv6 } from "node:net";
import type { LookupFunction } from "node:net";
import { NetworkError } from "../errors.ts";
import type { CheckedAddresses, HttpRequest, UploadRequest } from "../runtime.ts";
import { readBody } from "../streams/chunk_reader.ts";
import { hostCertificates } from "./host_certificates.ts";
import { toRequestError } from "./network_failure.ts";
import { agentFor } from "./node_agents.ts";
import { proxyFor } from "./proxy.ts";
import { toWebResponse } from "./node_response.ts";
import { sendBody } from "./send_body.ts";

/** A proxy sends this status for plain HTTP. For TLS the agent fails before the request. */
const PROXY_AUTHENTICATION_REQUIRED = 407;

/** One request in progress. */
interface Exchange {
  readonly outgoing: ClientRequest;
  /** Settles once. An unawaited rejection is not reported as unhandled. */
  readonly response: Promise<Response>;
  /** Closes the connection. */
  destroy(): void;
}

/**
 * Sends a request with a body in memory. Does not follow redirects or decode the response body.
 *
 * @param options.isDefaultTrust whether to trust only the certificates of the runtime. Default: as of earlier requests
 */
export async function sendOverNodeHttp(
  request: HttpRequest,
  options: { readonly isDefaultTrust?: boolean } = {},
): Promise<Response> {
  request.signal?.throwIfAborted();
  const headers = new Headers(request.headers);
  const body = typeof request.body === "string"
    ? new TextEncoder().encode(request.body)
    : request.body;
  if (body) headers.set("content-length", `${body.byteLength}`);
  const exchange = begin(request, headers, options);
  exchange.outgoing.end(body);
  return await exchange.response;
}

/** Uploads one streamed body of known length. Implements {@linkcode Runtime.upload}. */
export function uploadOverNodeHttp(request: UploadRequest): Promise<Response> {
  const { body, sizeBytes, signal } = request;
  const reader = body instanceof Response ? readBody(body) : body;
  return sendBody(reader, sizeBytes, () => {
    signal?.throwIfAborted();
    const headers = new Headers(request.headers);
    headers.set("content-length", `${sizeBytes}`);
    const { outgoing, response, destroy } = begin(request, headers);
    return {
      response,
      destroy,
      write: (chunk) =>
        new Promise((resolve) => {
          outgoing.write(chunk, (error) => {
            if (!error) resolve();
          });
        }),
      end: (chunk) => outgoing.end(chunk),
    };
  });
}

/** Adds to a certificate error that SSL_CERT_FILE or SSL_CERT_DIR cannot be read. */
function nameUnreadable(error: unknown): unknown {
  if (!(error instanceof NetworkError) || error.failure !== "certificate") return error;
  const { unreadable } = hostCertificates();
  if (unreadable.length === 0) return error;
  return new NetworkError(
    error.failure,
    `${error.message}, and ${unreadable.join(" and ")} cannot be read`,
    { cause: error.cause, hint: error.hint },
  );
}

/** Replaces the resolver of a connection. */
function toLookup({ addresses }: CheckedAddresses): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_name, { all }, callback) => {
    if (all) return callback(null, found);
    callback(null, found[0]?.address ?? "", found[0]?.family);
  };
}

function begin(
  request: HttpRequest | UploadRequest,
  headers: Headers,
  { isDefaultTrust }: { readonly isDefaultTrust?: boolean } = {},
): Exchange {
  const { method, url, signal, tls, checked } = request;
  const proxy = proxyFor(url);
  const options = {
    method,
    headers: Object.fromEntries(headers),
    agent: agentFor(url, { tls, proxy, isDefaultTrust }),
    // The agent passes these options to the connection. A proxy resolves the name itself.
    ...(checked && !proxy ? { checkedFor: checked.checkedFor, lookup: toLookup(checked) } : {}),
  };
  const outgoing = url.protocol === "https:"
    ? httpsRequest(url, options)
    : httpRequest(url, options);
  // Deno would send a request of a reused connection again, also after `destroy()`. The memory of its chunks is reused by then.
  outgoing.reusedSocket = false;
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  promise.catch(() => {});
  let isAnswered = false;
  const onAbort = (): void => {
    reject(signal?.reason);
    outgoing.destroy();
  };
  const release = (): void => signal?.removeEventListener("abort", onAbort);
  const fail = (error: unknown): void => {
    release();
    reject(nameUnreadable(toRequestError(error, { signal, url, proxy })));
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  outgoing.on("response", (incoming: IncomingMessage) => {
    isAnswered = true;
    if (proxy && incoming.statusCode === PROXY_AUTHENTICATION_REQUIRED) {
      fail(new Error("statusCode 407 from the proxy"));
      outgoing.destroy();
      return;
    }
    try {
      resolve(toWebResponse(incoming, { request, outgoing, onClose: release }));
    } catch (error) {
      fail(error);
      outgoing.destroy();
    }
  });
  outgoing.on("error", fail);
  // Some hosts report a lost connection only by this event.
  outgoing.on("close", () => {
    if (!isAnswered) fail(new Error("socket hang up"));
  });
  return {
    outgoing,
    response: promise,
    destroy(): void {
      release();
      outgoing.destroy();
    },
  };
}
