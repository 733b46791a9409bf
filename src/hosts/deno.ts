import type { HttpRequest, Runtime, UploadRequest } from "../runtime.ts";
import { fetchOnce } from "./fetch_once.ts";
import { createNodeHash } from "./node_hash.ts";
import { sleep } from "./sleep.ts";

/** The runtime of Deno 2.9 and later. */
export function createDenoRuntime(): Runtime {
  return {
    name: "deno",
    passesUntouched: false,
    // Deno decodes nothing when the request has an Accept-Encoding of its own.
    givesRawBodies: true,
    fetch: send,
    upload,
    createHash: createNodeHash,
    now: () => Date.now(),
    random: () => Math.random(),
    sleep,
  };
}

/** Under the name that `crossdock/runtime` has on every host. */
export function createRuntime(): Promise<Runtime> {
  return Promise.resolve(createDenoRuntime());
}

async function send(request: HttpRequest): Promise<Response> {
  const { tls } = request;
  // Not by `Deno.createHttpClient`: rustls refuses a self-signed certificate that is its own CA (which is what
  // `openssl req -x509` makes) even when it is among `caCerts`, and the check cannot be left out.
  if (tls?.unverified || tls?.caCerts?.length) {
    return await (await import("./node_http.ts")).sendOverNodeHttp(request);
  }
  const headers = new Headers(request.headers);
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "identity");
  return await fetchOnce({ ...request, headers });
}

/**
 * By `node:http`, loaded only now. `fetch` drops the length of any body that it did not fetch itself, and goes on sending
 * one that it did after an early answer.
 */
async function upload(request: UploadRequest): Promise<Response> {
  return await (await import("./node_http.ts")).uploadOverNodeHttp(request);
}
