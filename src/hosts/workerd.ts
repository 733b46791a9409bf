import { CrossdockError } from "../errors.ts";
import type { HttpRequest, Runtime, UploadRequest } from "../runtime.ts";
import { fetchOnce } from "./fetch_once.ts";
import { sleep } from "./sleep.ts";
import { createDigestStreamHash } from "./workerd_hash.ts";
import { uploadOverFetch } from "./workerd_upload.ts";

/** Option of workerd's `fetch` that returns bodies without decoding them. */
const RAW_BODY = { encodeResponseBody: "manual" } as const;

/** Creates the runtime for Cloudflare's workerd: Workers in production, and `wrangler dev`. */
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

/** The export of `crossdock/runtime` on workerd. */
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

/** Rejects TLS options, because Workers have no setting for them and would ignore them. */
function checkTls({ tls, url }: Pick<HttpRequest, "tls" | "url">): void {
  if (!tls?.unverified && !tls?.caCerts?.length && !tls?.clientCertificate) return;
  throw new CrossdockError(
    "usage",
    `connect to ${url.host}: workerd trusts only public certificate authorities and sends no client certificate`,
    {
      hint:
        "leave out the certificates and the TLS mode unverified, or run crossdock on another host",
    },
  );
}
