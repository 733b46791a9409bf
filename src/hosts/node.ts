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
    givesRawBodies: true,
    // By `node:http` only: `fetch` takes more CPU time and memory, decodes bodies, and keeps a whole streamed body in memory for a
    // possible redirect.
    fetch: (request: HttpRequest) => sendRequest(request),
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
