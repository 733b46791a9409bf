import type {
  ContentSource,
  FetchManifestOptions,
  ManifestContent,
  ReferrersOptions,
} from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { isDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { DelegatedSource } from "./delegated_source.ts";
import { ManifestCache } from "./manifest_cache.ts";

/** Cached content of one image. Manifests are cached by digest, so they cannot become stale. */
export interface SourceMemory {
  readonly manifests: ManifestCache;
  readonly referrers: Map<Digest, Descriptor[]>;
}

export function createSourceMemory(): SourceMemory {
  return { manifests: new ManifestCache(), referrers: new Map() };
}

/** A source that reads each manifest and each list of referrers once for all destinations. */
export class RememberedSource extends DelegatedSource {
  readonly #memory: SourceMemory;

  constructor(source: ContentSource, memory: SourceMemory) {
    super(source);
    this.#memory = memory;
  }

  override async fetchManifest(
    tagOrDigest: string,
    options?: FetchManifestOptions,
  ): Promise<ManifestContent | undefined> {
    const { manifests } = this.#memory;
    const known = isDigest(tagOrDigest) ? manifests.get(tagOrDigest) : undefined;
    if (known) return known;
    const content = await super.fetchManifest(tagOrDigest, options);
    if (content) manifests.add(content);
    return content;
  }

  override checkPulls(digests: readonly Digest[]): void {
    super.checkPulls(digests.filter((digest) => !this.#memory.manifests.get(digest)));
  }

  override async listReferrers(subject: Digest, options?: ReferrersOptions): Promise<Descriptor[]> {
    const { referrers } = this.#memory;
    const list = referrers.get(subject) ?? await super.listReferrers(subject, options);
    referrers.set(subject, list);
    return list;
  }
}
