import type { ManifestContent } from "../content.ts";
import type { Digest } from "../oci/digest.ts";

/** Manifests that are kept between planning and performing. Beyond 64 MiB they are read again instead. */
const MAX_CACHED_BYTES = 64 * 1024 * 1024;

/** Manifests that a plan has read, so that performing it does not read them once more. */
export class ManifestCache {
  readonly #contents = new Map<Digest, ManifestContent>();
  #bytes = 0;

  get(digest: Digest): ManifestContent | undefined {
    return this.#contents.get(digest);
  }

  add(content: ManifestContent): void {
    if (
      this.#contents.has(content.digest) ||
      this.#bytes + content.bytes.byteLength > MAX_CACHED_BYTES
    ) return;
    this.#bytes += content.bytes.byteLength;
    this.#contents.set(content.digest, content);
  }
}
