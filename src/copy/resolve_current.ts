import type { CallOptions, ContentSource } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { CrossdockError } from "../errors.ts";
import { isDigest } from "../oci/digest.ts";

export interface ResolveCurrentOptions extends CallOptions {
  readonly warn?: ((message: string) => void) | undefined;
}

/**
 * Resolves a name at a destination for a check that only saves work. A manifest that the registry gives no usable answer about is
 * copied as if it was missing: the uploads show whether the registry works.
 */
export async function resolveCurrent(
  target: ContentSource,
  tagOrDigest: string,
  { warn, signal }: ResolveCurrentOptions,
): Promise<Descriptor | undefined> {
  try {
    return await target.resolveManifest(tagOrDigest, { signal });
  } catch (error) {
    if (!isRejectedCheck(error)) throw error;
    const name = `${target.name}${isDigest(tagOrDigest) ? "@" : ":"}${tagOrDigest}`;
    warn?.(`copying without knowing whether ${name} is already there: ${error.message}`);
    return undefined;
  }
}

/** Whether the registry rejected this question. A wrong credential, a rate limit or a broken network concern every request. */
export function isRejectedCheck(error: unknown): error is CrossdockError {
  return error instanceof CrossdockError && (error.code === "registry" || error.code === "denied");
}
