import type {
  CallOptions,
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
import type { DownloadMember } from "./shared_downloads.ts";

/** Cached content of one image. Manifests are cached by digest, so they cannot become stale. */
export interface SourceMemory {
  readonly manifests: ManifestCache;
  /** Manifests that are being read. */
  readonly reading: Map<string, Promise<ManifestContent | undefined>>;
  /** Lists that were read, or are being read. */
  readonly referrers: Map<Digest, Promise<Descriptor[]>>;
}

export function createSourceMemory(): SourceMemory {
  return { manifests: new ManifestCache(), reading: new Map(), referrers: new Map() };
}

/** A source that reads each manifest and each list of referrers once for all destinations, and each blob for those of a group. */
export class RememberedSource extends DelegatedSource {
  readonly #memory: SourceMemory;
  readonly #downloads: DownloadMember;

  constructor(source: ContentSource, memory: SourceMemory, downloads: DownloadMember) {
    super(source);
    this.#memory = memory;
    this.#downloads = downloads;
  }

  override async fetchManifest(
    tagOrDigest: string,
    options?: FetchManifestOptions,
  ): Promise<ManifestContent | undefined> {
    const { manifests, reading } = this.#memory;
    const known = isDigest(tagOrDigest) ? manifests.get(tagOrDigest) : undefined;
    if (known) return known;
    const content = reading.get(tagOrDigest) ??
      super.fetchManifest(tagOrDigest, options).finally(() => reading.delete(tagOrDigest));
    reading.set(tagOrDigest, content);
    const read = await content;
    if (read) manifests.add(read);
    return read;
  }

  override checkPulls(digests: readonly Digest[]): void {
    super.checkPulls(digests.filter((digest) => !this.#memory.manifests.get(digest)));
  }

  override async listReferrers(subject: Digest, options?: ReferrersOptions): Promise<Descriptor[]> {
    const { referrers } = this.#memory;
    const known = referrers.get(subject);
    if (known) return await known;
    const list = super.listReferrers(subject, options);
    referrers.set(subject, list);
    list.catch(() => referrers.delete(subject));
    return await list;
  }

  override async openBlob(
    descriptor: Descriptor,
    options: CallOptions & { offset?: number } = {},
  ): Promise<Response> {
    const open = (options: CallOptions): Promise<Response> => super.openBlob(descriptor, options);
    if (options.offset) return await open(options);
    return await this.#downloads.openBlob(descriptor, open, options);
  }
}
