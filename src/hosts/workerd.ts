import { CrossdockError } from "../errors.ts";
import type { HttpRequest, Runtime, UploadRequest } from "../runtime.ts";
import { fetchOnce } from "./fetch_once.ts";
import { sleep } from "./sleep.ts";
import { createDigestStreamHash } from "./workerd_hash.ts";
import { uploadOverFetch } from "./workerd_upload.ts";

/** What workerd's `fetch` knows besides the standard's options. */
const RAW_BODY = { encodeResponseBody: "manual" } as const;

/** The runtime of Cloudflare's workerd: Workers in production, and `wrangler dev`. */
export function createWorkerdRuntime(): Runtime {
  return {
    name: "workerd",
    passesUntouched: true,
    givesRawBodies: true,
    fetch: send,
    upload,
    createHash: createDigestStreamHash,
    now: () => Date.now(),
    random: () => Math.random(),
    sleep,
  };
}

/** Under the name that `crossdock/runtime` has on every host. */
export function createRuntime(): Promise<Runtime> {
  return Promise.resolve(createWorkerdRuntime());
}

async function send(request: HttpRequest): Promise<Response> {
  checkTls(request);
  return await fetchOnce(request, RAW_BODY);
}

async function upload(request: UploadRequest): Promise<Response> {
  checkTls(request);
  return await uploadOverFetch(request, RAW_BODY);
}

/** The network of a Worker judges certificates for all of them alike; an option that has no effect must not pass in silence. */
function checkTls({ tls, url }: Pick<HttpRequest, "tls" | "url">): void {
  if (!tls?.unverified && !tls?.caCerts?.length) return;
  throw new CrossdockError(
    "usage",
    `connect to ${url.host}: workerd trusts public certificate authorities only`,
    { hint: "leave out the CA certificates and tls unverified, or copy from another host" },
  );
}
