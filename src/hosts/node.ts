import type { HttpRequest, Runtime, UploadRequest } from "../runtime.ts";
import { fetchOnce } from "./fetch_once.ts";
import { isCustomTls } from "./node_agents.ts";
import { createNodeHash } from "./node_hash.ts";
import { sendOverNodeHttp, uploadOverNodeHttp } from "./node_http.ts";
import { sleep } from "./sleep.ts";

/** The runtime of Node 24 and later. */
export function createNodeRuntime(): Runtime {
  return {
    name: "node",
    passesUntouched: false,
    // `fetch` decodes whatever has a Content-Encoding and keeps the header.
    givesRawBodies: false,
    fetch: (request: HttpRequest) =>
      isCustomTls(request.tls) ? sendOverNodeHttp(request) : fetchOnce(request),
    // Not by `fetch`: with a stream it keeps the whole body in memory for a redirect that may come.
    upload: (request: UploadRequest) => uploadOverNodeHttp(request),
    createHash: createNodeHash,
    now: () => Date.now(),
    random: () => Math.random(),
    sleep,
  };
}

/** Under the name that `crossdock/runtime` has on every host. */
export function createRuntime(): Promise<Runtime> {
  return Promise.resolve(createNodeRuntime());
}
