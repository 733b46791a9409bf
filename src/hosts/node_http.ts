/** Sends requests by `node:http` and `node:https`, where `fetch` of Deno, Node or Bun is not sufficient. */
import { request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { HttpRequest, UploadRequest } from "../runtime.ts";
import { readBody } from "../streams/chunk_reader.ts";
import { toRequestError } from "./network_failure.ts";
import { agentFor } from "./node_agents.ts";
import { toWebResponse } from "./node_response.ts";
import { sendBody } from "./send_body.ts";

/** One request in progress. */
interface Exchange {
  readonly outgoing: ClientRequest;
  /** Settles once. An unawaited rejection is not reported as unhandled. */
  readonly response: Promise<Response>;
  /** Closes the connection. */
  destroy(): void;
}

/** Sends a request with a body in memory. Does not follow redirects or decode the response body. */
export async function sendOverNodeHttp(request: HttpRequest): Promise<Response> {
  request.signal?.throwIfAborted();
  const headers = new Headers(request.headers);
  const body = typeof request.body === "string"
    ? new TextEncoder().encode(request.body)
    : request.body;
  if (body) headers.set("content-length", `${body.byteLength}`);
  const exchange = begin(request, headers);
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

function begin(request: HttpRequest | UploadRequest, headers: Headers): Exchange {
  const { method, url, signal, tls } = request;
  const options = { method, headers: Object.fromEntries(headers), agent: agentFor(url, tls) };
  const outgoing = url.protocol === "https:"
    ? httpsRequest(url, options)
    : httpRequest(url, options);
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
    reject(toRequestError(error, request));
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  outgoing.on("response", (incoming: IncomingMessage) => {
    isAnswered = true;
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
