import type { CopyRequestInput } from "../copy/request.ts";
import { parseCopyRequest } from "../copy/request.ts";
import { digestBytes } from "../oci/digest.ts";
import { formatReference } from "../oci/reference.ts";

/**
 * Names a durable copy by what it does, in 64 hexadecimal digits: asked for twice, in whatever words, it is one copy. All
 * that it works with is in the name, so that one which ended may be begun again with what it was begun with; but for the
 * source's tag, which is only a name for the digest beside it.
 *
 * @param request its source is named by its digest
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
