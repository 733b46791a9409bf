import type {
  CallOptions,
  ContentSource,
  FetchManifestOptions,
  ManifestContent,
  ReferrersOptions,
} from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";

/** A source that passes all calls on to another one. Base class of sources that change some of the calls. */
export class DelegatedSource implements ContentSource {
  readonly name: string;
  readonly countsPulls: boolean;
  readonly #source: ContentSource;

  constructor(source: ContentSource) {
    this.name = source.name;
    this.countsPulls = source.countsPulls;
    this.#source = source;
  }

  get requests(): number {
    return this.#source.requests;
  }

  resolveManifest(tagOrDigest: string, options?: CallOptions): Promise<Descriptor | undefined> {
    return this.#source.resolveManifest(tagOrDigest, options);
  }

  fetchManifest(
    tagOrDigest: string,
    options?: FetchManifestOptions,
  ): Promise<ManifestContent | undefined> {
    return this.#source.fetchManifest(tagOrDigest, options);
  }

  checkPulls(digests: readonly Digest[]): void {
    this.#source.checkPulls?.(digests);
  }

  hasBlob(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    return this.#source.hasBlob(descriptor, options);
  }

  openBlob(descriptor: Descriptor, options?: CallOptions & { offset?: number }): Promise<Response> {
    return this.#source.openBlob(descriptor, options);
  }

  leaveMirror(descriptor: Descriptor, reason: string): boolean {
    return this.#source.leaveMirror?.(descriptor, reason) ?? false;
  }

  listReferrers(subject: Digest, options?: ReferrersOptions): Promise<Descriptor[]> {
    return this.#source.listReferrers(subject, options);
  }

  listTags(options?: CallOptions & { last?: string }): AsyncIterable<string[]> {
    return this.#source.listTags(options);
  }
}
