import { CrossdockError } from "../errors.ts";
import type { HttpRequest, Runtime } from "../runtime.ts";
import { fetchOnce } from "./fetch_once.ts";
import type { Send } from "./fetch_once.ts";
import { sleep } from "./sleep.ts";
import { createDigestStreamHash } from "./workerd_hash.ts";
import { uploadOverFetch } from "./workerd_upload.ts";

/** Option of workerd's `fetch` that returns bodies without decoding them. */
const RAW_BODY = { encodeResponseBody: "manual" } as const;

/** A binding that reaches a private network: a VPC network or a VPC service. */
export interface NetworkBinding {
  fetch: Send;
}

/**
 * Creates the runtime for Cloudflare's workerd: Workers in production, and `wrangler dev`.
 *
 * @param findNetwork finds the binding for a URL of a private network. Default: all requests go to public addresses
 */
export function createWorkerdRuntime(
  findNetwork: (url: URL) => NetworkBinding | undefined = () => undefined,
): Runtime {
  async function send(request: HttpRequest, extra: object = {}): Promise<Response> {
    checkTls(request);
    const network = findNetwork(request.url);
    return await fetchOnce(
      request,
      { ...RAW_BODY, ...extra },
      network && ((url, init) => network.fetch(url, init)),
    );
  }

  return {
    name: "workerd",
    passesUntouched: true,
    givesRawBodies: true,
    fetch: (request) => send(request),
    upload: (request) =>
      uploadOverFetch(request, ({ body: _, ...rest }, body) => send(rest, { body })),
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
