import type { CallOptions, ContentSource, ManifestContent, ReferrersOptions } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { isDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
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
export class RememberedSource implements ContentSource {
  readonly name: string;
  readonly countsPulls: boolean;
  readonly #source: ContentSource;
  readonly #memory: SourceMemory;

  constructor(source: ContentSource, memory: SourceMemory) {
    this.name = source.name;
    this.countsPulls = source.countsPulls;
    this.#source = source;
    this.#memory = memory;
  }

  get requests(): number {
    return this.#source.requests;
  }

  resolveManifest(tagOrDigest: string, options?: CallOptions): Promise<Descriptor | undefined> {
    return this.#source.resolveManifest(tagOrDigest, options);
  }

  async fetchManifest(
    tagOrDigest: string,
    options?: CallOptions,
  ): Promise<ManifestContent | undefined> {
    const { manifests } = this.#memory;
    const known = isDigest(tagOrDigest) ? manifests.get(tagOrDigest) : undefined;
    if (known) return known;
    const content = await this.#source.fetchManifest(tagOrDigest, options);
    if (content) manifests.add(content);
    return content;
  }

  checkPulls(digests: readonly Digest[]): void {
    this.#source.checkPulls?.(digests.filter((digest) => !this.#memory.manifests.get(digest)));
  }

  hasBlob(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    return this.#source.hasBlob(descriptor, options);
  }

  openBlob(descriptor: Descriptor, options?: CallOptions & { offset?: number }): Promise<Response> {
    return this.#source.openBlob(descriptor, options);
  }

  async listReferrers(subject: Digest, options?: ReferrersOptions): Promise<Descriptor[]> {
    const { referrers } = this.#memory;
    const list = referrers.get(subject) ?? await this.#source.listReferrers(subject, options);
    referrers.set(subject, list);
    return list;
  }

  listTags(options?: CallOptions & { last?: string }): AsyncIterable<string[]> {
    return this.#source.listTags(options);
  }
}
