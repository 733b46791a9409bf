/** The request log of `--verbose`: one line for each request to a registry, token server, storage or crossdock server. */
import { redactUrls } from "../redact_urls.ts";
import type { HttpRequest, Runtime, UploadRequest } from "../runtime.ts";
import { formatBytes, formatDuration } from "./output/format.ts";

/**
 * Logs the requests of a runtime, when their response arrives. A line has no query, user info or header, because these can contain
 * secrets. Its bytes are those of the request, and of the response where it declares them.
 */
export function withRequestLog(runtime: Runtime, print: (line: string) => void): Runtime {
  async function log(
    { method, url }: Pick<HttpRequest, "method" | "url">,
    sentBytes: number,
    send: () => Promise<Response>,
  ): Promise<Response> {
    const startedMs = runtime.now();
    const name = `${method} ${url.protocol}//${url.host}${url.pathname}`;
    const took = (): string => formatDuration(runtime.now() - startedMs);
    try {
      const response = await send();
      const receivedBytes = method === "HEAD"
        ? 0
        : Number(response.headers.get("content-length") ?? 0);
      const bytes = [
        ...(sentBytes > 0 ? [`sent ${formatBytes(sentBytes)}`] : []),
        ...(receivedBytes > 0 ? [`received ${formatBytes(receivedBytes)}`] : []),
      ];
      print(["request:", name, response.status, took(), ...bytes].join(" "));
      return response;
    } catch (error) {
      const reason = error instanceof Error ? redactUrls(error.message) : "failed";
      print(`request: ${name} no response ${took()}: ${reason}`);
      throw error;
    }
  }
  return {
    ...runtime,
    fetch: (request: HttpRequest) =>
      log(request, sizeOf(request.body), () => runtime.fetch(request)),
    upload: (request: UploadRequest) =>
      log(request, request.sizeBytes, () => runtime.upload(request)),
  };
}

function sizeOf(body: HttpRequest["body"]): number {
  if (body === undefined) return 0;
  return typeof body === "string" ? new TextEncoder().encode(body).length : body.byteLength;
}
