import type { CopyRequestInput } from "../copy/request.ts";
import { parseCopyRequest } from "../copy/request.ts";
import { digestBytes } from "../oci/digest.ts";
import { formatReference } from "../oci/reference.ts";

/**
 * Computes the id of a durable copy: a hash of the normalized request, in 64 hexadecimal digits. Equal requests in different
 * spellings are one copy. The hash covers every option, so that an ended copy can be restarted with its stored request. It
 * omits the source's tag, because the digest identifies the source.
 *
 * @param request its source has a digest
 */
export async function copyId(request: CopyRequestInput): Promise<string> {
  const { source, destination, platforms, input: _, ...options } = parseCopyRequest(request);
  const { tag: __, ...pinned } = source;
  const text = JSON.stringify([
    formatReference(pinned),
    formatReference(destination),
    platforms.map((platform) => JSON.stringify(Object.entries(platform).sort())).sort(),
    Object.entries(options).sort(),
  ]);
  const digest = await digestBytes(new TextEncoder().encode(text), "sha256");
  return digest.slice("sha256:".length);
}
