import type { CallOptions, ContentSource } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestBytes } from "../oci/digest.ts";

/**
 * The longest `data` that a step carries, in characters. Real ones have a few bytes, such as the empty config `{}`; a plan holds the
 * data of all its blobs.
 */
export const MAX_DATA_CHARACTERS = 64 * 1024;

/**
 * Opens a blob of the source. If the source does not return it, the content that its descriptor embeds replaces it: a tool may push
 * the empty config only in this form.
 *
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#embedded-content
 */
export async function openBlobOrData(
  source: ContentSource,
  descriptor: Descriptor,
  options: CallOptions,
): Promise<Response> {
  try {
    return await source.openBlob(descriptor, options);
  } catch (error) {
    if (!(error instanceof CrossdockError) || error.code === "aborted") throw error;
    const bytes = await decodeData(descriptor);
    if (bytes === undefined) throw error;
    return new Response(bytes);
  }
}

/** @returns `undefined` if there is no `data`, or if it does not match size and digest */
async function decodeData(
  { data, digest, size }: Descriptor,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (data === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const found = await digestBytes(bytes, digestAlgorithm(digest));
    return bytes.byteLength === size && found === digest ? bytes : undefined;
  } catch {
    return undefined;
  }
}
