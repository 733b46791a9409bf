import type { HttpRequest, Runtime, UploadRequest } from "../runtime.ts";
import { fetchOnce } from "./fetch_once.ts";
import { createNodeHash } from "./node_hash.ts";
import { proxyOf, sendRequest } from "./send_request.ts";
import { sleep } from "./sleep.ts";

/** Creates the runtime for Deno 2.9 and later. */
export function createDenoRuntime(): Runtime {
  return {
    name: "deno",
    passesUntouched: false,
    // Deno does not decode a response if the request sets Accept-Encoding.
    givesRawBodies: true,
    fetch: send,
    upload,
    proxyOf,
    createHash: createNodeHash,
    now: () => Date.now(),
    random: () => Math.random(),
    sleep,
  };
}

/** The export of `crossdock/runtime` on Deno. */
export function createRuntime(): Promise<Runtime> {
  return Promise.resolve(createDenoRuntime());
}

async function send(request: HttpRequest): Promise<Response> {
  const headers = new Headers(request.headers);
  if (!headers.has("accept-encoding")) {
    headers.set("accept-encoding", "identity");
  }
  return await sendRequest({ ...request, headers }, fetchOnce);
}

/**
 * Uploads by `node:http`, which is loaded only when needed. `fetch` drops the length of any body that it did not fetch itself,
 * and it keeps sending a body that it did fetch after an early response.
 */
async function upload(request: UploadRequest): Promise<Response> {
  return await (await import("./node_http.ts")).uploadOverNodeHttp(request);
}
