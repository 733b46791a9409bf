import type { ByteBudget } from "../byte_budget.ts";
import type { CallOptions, ContentSource, ManifestContent, ReferrersOptions } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";

/** A source whose manifests and lists of referrers count against a budget. Used by one plan, inspection or verification. */
export class BoundedSource implements ContentSource {
  readonly name: string;
  readonly countsPulls: boolean;
  readonly #source: ContentSource;
  readonly #budget: ByteBudget;

  constructor(source: ContentSource, budget: ByteBudget) {
    this.name = source.name;
    this.countsPulls = source.countsPulls;
    this.#source = source;
    this.#budget = budget;
  }

  get requests(): number {
    return this.#source.requests;
  }

  resolveManifest(tagOrDigest: string, options?: CallOptions): Promise<Descriptor | undefined> {
    return this.#source.resolveManifest(tagOrDigest, options);
  }

  /** @throws CrossdockError `limit` beyond the budget, and the errors of the source */
  async fetchManifest(
    tagOrDigest: string,
    options?: CallOptions,
  ): Promise<ManifestContent | undefined> {
    const content = await this.#source.fetchManifest(tagOrDigest, options);
    if (content) this.#budget.takeJson(content.bytes);
    return content;
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

  listReferrers(subject: Digest, options?: ReferrersOptions): Promise<Descriptor[]> {
    return this.#source.listReferrers(subject, { ...options, budget: this.#budget });
  }

  listTags(options?: CallOptions & { last?: string }): AsyncIterable<string[]> {
    return this.#source.listTags(options);
  }
}
