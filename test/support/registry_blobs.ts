/** `/v2/<name>/blobs/<digest>` */

import { findDigestFault } from "../../src/oci/digest.ts";
import type { Call } from "./registry_call.ts";
import { methodNotAllowed } from "./registry_call.ts";
import { refusal } from "./registry_refusal.ts";
import type { Content } from "./registry_store.ts";

export function handleBlob(call: Call): Response {
  const fault = findDigestFault(call.reference);
  if (fault !== undefined) throw refusal(400, "DIGEST_INVALID", fault);
  const repository = call.store.find(call.name);
  const content = repository?.blobs.get(call.reference);
  if (repository === undefined || content === undefined) {
    throw refusal(404, "BLOB_UNKNOWN", "blob unknown to registry", {
      detail: { digest: call.reference },
    });
  }
  switch (call.method) {
    case "GET":
    case "HEAD":
      return getBlob(call, content);
    case "DELETE":
      if (call.options.deletable === false) return methodNotAllowed(call);
      repository.blobs.delete(call.reference);
      return new Response(null, { status: 202 });
    default:
      return methodNotAllowed(call);
  }
}

function getBlob(call: Call, content: Content): Response {
  const headers: Record<string, string> = {
    "accept-ranges": "bytes",
    "content-length": `${content.size}`,
    "content-type": "application/octet-stream",
    "docker-content-digest": call.reference,
  };
  if (call.method === "HEAD") return new Response(null, { headers });
  if (content.read === undefined) {
    throw refusal(501, "UNSUPPORTED", "the bytes of this blob were not kept");
  }
  const range = parseRange(call.headers.get("range"), content.size);
  if (range === undefined) return new Response(content.read(0, content.size), { headers });
  const [start, end] = range;
  headers["content-length"] = `${end - start}`;
  headers["content-range"] = `bytes ${start}-${end - 1}/${content.size}`;
  return new Response(content.read(start, end), { status: 206, headers });
}

/**
 * `bytes=first-last`, `bytes=first-` or `bytes=-count` as `[start, end)`. Undefined if the header is absent or has
 * another form, for example several ranges, which a server may ignore.
 */
function parseRange(header: string | null, size: number): [start: number, end: number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (start < end) return [start, end];
  throw refusal(416, "SIZE_INVALID", `no bytes in range ${header} of ${size}`, {
    headers: { "content-range": `bytes */${size}` },
  });
}
