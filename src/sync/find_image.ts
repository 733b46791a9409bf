/** Finds the image that a referrer belongs to, for an event that names only the referrer. */
import type { CallOptions, ContentSource } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { MAX_INDEX_DEPTH, parseManifest } from "../oci/manifest.ts";
import { isIndexMediaType } from "../oci/media_types.ts";

/** The manifest that referrers belong to: an image, or an index. */
export interface SubjectImage {
  readonly digest: Digest;
  readonly isIndex: boolean;
}

export interface FindImageOptions extends CallOptions {
  /** Whether the manifest may be the image itself. Default: only one with a `subject` leads to an image. */
  readonly mayBeImage?: boolean | undefined;
  /** Whether the image may be in another repository. Default: a subject that does not exist leads to no image. */
  readonly mayBeElsewhere?: boolean | undefined;
}

/**
 * Follows `subject` from a manifest to the image: a referrer may refer to another referrer. Reads each manifest of the chain once.
 *
 * @returns `undefined` if the manifest is no referrer, if its subject does not exist, and if the chain is longer than the one that a
 * copy follows
 * @throws CrossdockError `not_found` if the manifest itself does not exist, and the errors of reading it
 */
export async function findImage(
  digest: Digest,
  source: ContentSource,
  { mayBeImage, mayBeElsewhere, signal }: FindImageOptions = {},
): Promise<SubjectImage | undefined> {
  let next = digest;
  for (let depth = 0; depth <= MAX_INDEX_DEPTH; depth++) {
    const content = await source.fetchManifest(next, { signal });
    // Whether it is an index is unknown then.
    if (!content && depth > 0) return mayBeElsewhere ? { digest: next, isIndex: false } : undefined;
    if (!content) {
      throw new CrossdockError(
        "not_found",
        `manifest ${digest} is not found in ${source.name}`,
        {
          side: "source",
        },
      );
    }
    const { subject } = parseManifest(content.bytes, content.mediaType);
    if (!subject) {
      return depth === 0 && !mayBeImage
        ? undefined
        : { digest: next, isIndex: isIndexMediaType(content.mediaType) };
    }
    next = subject.digest;
  }
  return undefined;
}
