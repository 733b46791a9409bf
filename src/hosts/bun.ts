import type { HttpRequest, Runtime, UploadRequest } from "../runtime.ts";
import { fetchOnce } from "./fetch_once.ts";
import { isCustomTls, toNodeTls } from "./node_agents.ts";
import { createNodeHash } from "./node_hash.ts";
import { uploadOverNodeHttp } from "./node_http.ts";
import { sleep } from "./sleep.ts";

/** The options of Bun's `fetch` beyond the standard. */
interface BunFetchOptions {
  decompress: false;
  tls?: ReturnType<typeof toNodeTls>;
}

/** Creates the runtime for Bun 1.4 and later. */
export function createBunRuntime(): Runtime {
  return {
    name: "bun",
    passesUntouched: false,
    givesRawBodies: true,
    fetch: send,
    // Not by `fetch`, which takes a third longer for a stream.
    upload: (request: UploadRequest) => uploadOverNodeHttp(request),
    createHash: createNodeHash,
    now: () => Date.now(),
    random: () => Math.random(),
    sleep,
  };
}

/** The export of `crossdock/runtime` on Bun. */
export function createRuntime(): Promise<Runtime> {
  return Promise.resolve(createBunRuntime());
}

async function send(request: HttpRequest): Promise<Response> {
  const extra: BunFetchOptions = { decompress: false };
  if (isCustomTls(request.tls)) extra.tls = toNodeTls(request.tls);
  return await fetchOnce(request, extra);
}
