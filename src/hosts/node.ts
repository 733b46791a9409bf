import type { HttpRequest, Runtime, UploadRequest } from "../runtime.ts";
import { createNodeHash } from "./node_hash.ts";
import { uploadOverNodeHttp } from "./node_http.ts";
import { proxyOf, sendRequest } from "./send_request.ts";
import { sleep } from "./sleep.ts";

/** Creates the runtime for Node 24 and later. */
export function createNodeRuntime(): Runtime {
  return {
    name: "node",
    passesUntouched: false,
    // `fetch` decodes a body with a Content-Encoding but keeps the header.
    givesRawBodies: false,
    fetch: (request: HttpRequest) => sendRequest(request),
    // Not by `fetch`, which keeps a whole streamed body in memory for a possible redirect.
    upload: (request: UploadRequest) => uploadOverNodeHttp(request),
    proxyOf,
    createHash: createNodeHash,
    now: () => Date.now(),
    random: () => Math.random(),
    sleep,
  };
}

/** The export of `crossdock/runtime` on Node. */
export function createRuntime(): Promise<Runtime> {
  return Promise.resolve(createNodeRuntime());
}
